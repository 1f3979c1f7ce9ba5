"""Do phantoms look like real frames: the same statistics of both, and a sheet of real frames beside the phantoms most like them.

Statistics are taken in the unrolled wall. Grey is told over the wall's brightness (90th percentile of the first 0.35 mm), so that
neither gain nor window counts, but for the three percentiles of the picture itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from OCTCalciumLib.labels import BACKGROUND, CALCIUM, GUIDEWIRE, LUMEN
from OCTCalciumLib.wall.calcium_range import largest_arc_deg
from OCTCalciumLib.wall.polar_view import DEPTH_MM, DEPTH_STEP_MM, PolarView, polar_view, without_calcium
from PIL import Image
from scipy.ndimage import maximum_filter, uniform_filter

from ...reporting.markdown import markdown_table
from ..data import load_patients

DEPTHS_MM = (0.3, 0.6, 0.9, 1.2, 1.5)
LEAST_SAMPLES = 30
NEAREST = 3
GRAIN_WINDOW = 9


@dataclass(frozen=True, eq=False)
class Looked:
    """A frame whose statistics were taken.

    Attributes:
        name: of the picture or phantom. square: uint8 (rows, columns), for the sheet. statistics: name -> value, nan where there is
            too little to tell.
    """

    name: str
    square: np.ndarray
    statistics: dict[str, float]


def looked_at(name: str, square: np.ndarray, labels: np.ndarray, pixel_mm: float) -> Looked | None:
    """Take the statistics of a frame, uint8 (rows, columns), with its true labels; None where no lumen is labelled."""
    view = polar_view(without_calcium(labels), pixel_mm)
    if view is None:
        return None
    calcium = view.sampled((labels == CALCIUM).astype(np.uint8)) >= 0.5
    return Looked(name, square, _statistics(view, view.sampled(square), calcium))


def looked_at_phantoms(folder: Path, every: int = 1) -> Iterator[Looked]:
    """Every ``every``-th frame with calcium of the patients of a training folder."""
    for patient in load_patients(folder):
        squares, labels = (np.asarray(pixels[::every]) for pixels in patient.pixels)
        for number, (square, label) in enumerate(zip(squares, labels, strict=True)):
            if (label == CALCIUM).any():
                found = looked_at(f"{patient.number}-{number * every}", square, label, patient.spacing_mm[0])
                if found is not None:
                    yield found


def realism_table(real: Sequence[Looked], phantoms: Sequence[Looked]) -> str:
    """Of every statistic the real frames' values beside the phantoms' 5th and 95th percentile, and how many lie between."""
    rows = []
    for name in real[0].statistics:
        values = np.array([frame.statistics[name] for frame in real])
        drawn = np.array([frame.statistics[name] for frame in phantoms])
        values, drawn = values[np.isfinite(values)], drawn[np.isfinite(drawn)]
        if not values.size or not drawn.size:
            continue
        low, high = np.percentile(drawn, [5, 95])
        inside = int(((low <= values) & (values <= high)).sum())
        rows.append([name, f"{values.min():.2f} to {values.max():.2f}", f"{low:.2f} to {high:.2f}", f"{inside} of {values.size}"])
    return markdown_table(["statistic", "real frames", "phantoms, 5th to 95th percentile", "inside"], rows)


def realism_sheet(real: Sequence[Looked], phantoms: Sequence[Looked]) -> Image.Image:
    """A row for each real frame: itself, then the phantoms whose statistics are nearest to its own."""
    every = np.array([list(frame.statistics.values()) for frame in phantoms])
    measured = np.isfinite(every).any(axis=0)
    drawn = every[:, measured]
    spread = np.nanstd(drawn, axis=0) + 1e-9
    rows = []
    for frame in real:
        own = np.array(list(frame.statistics.values()))[measured]
        both = np.isfinite(drawn) & np.isfinite(own)
        away = np.where(both, ((drawn - own) / spread) ** 2, 0).sum(axis=1) / np.maximum(both.sum(axis=1), 1)
        nearest = [phantoms[index].square for index in np.argsort(away)[:NEAREST]]
        rows.append(np.concatenate([_small(square) for square in (frame.square, *nearest)], axis=1))
    return Image.fromarray(np.concatenate(rows))


def _small(square: np.ndarray) -> np.ndarray:
    return np.asarray(Image.fromarray(square).resize((256, 256), Image.Resampling.BILINEAR))


def _statistics(view: PolarView, grey: np.ndarray, calcium: np.ndarray) -> dict[str, float]:
    depth = np.broadcast_to(DEPTH_MM, grey.shape)
    wire = (view.labels == GUIDEWIRE).any(axis=1, keepdims=True)
    seen = (grey >= 1) & ~wire
    tissue, wall = seen & (view.labels == BACKGROUND), seen & (view.labels == BACKGROUND) & ~calcium
    bright = max(_percentile(grey, tissue & (depth >= 0) & (depth < 0.35), 90), 1.0)
    found = {f"grey, percentile {share}": _percentile(grey, seen, share) for share in (10, 50, 98)}
    found["lumen over wall"] = _percentile(grey, seen & (view.labels == LUMEN), 50) / bright
    for mm in DEPTHS_MM:
        there = np.abs(depth - mm) < 0.05
        rest, deposit = _percentile(grey, wall & there, 50), _percentile(grey, tissue & calcium & there, 50)
        found[f"wall at {mm} mm"] = rest / bright
        found[f"calcium over wall at {mm} mm"] = deposit / max(rest, 1.0)
    away = ~maximum_filter(calcium, GRAIN_WINDOW, mode=("wrap", "nearest")) & (depth > 0.12) & (depth < 0.4)
    found |= _grain(grey, wall & away, bright) | _shape(view, calcium & tissue, depth)
    found["side edges over wall"] = _side_edges(grey, calcium, tissue) / bright
    return found


def _percentile(values: np.ndarray, where: np.ndarray, share: float) -> float:
    return float(np.percentile(values[where], share)) if np.count_nonzero(where) >= LEAST_SAMPLES else float("nan")


def _grain(grey: np.ndarray, where: np.ndarray, bright: float) -> dict[str, float]:
    """How strong the wall's grain is, and how alike neighbouring samples are around the vessel and along the depth.

    ``where`` keeps half a window away from every border, whose step would count as grain.
    """
    grain = grey - uniform_filter(grey, GRAIN_WINDOW, mode=("wrap", "nearest"))
    around, along = where & np.roll(where, 1, axis=0), where & np.roll(where, 1, axis=1)
    if np.count_nonzero(around & along) < LEAST_SAMPLES:
        return dict.fromkeys(("grain", "grain alike around", "grain alike in depth"), float("nan"))
    with np.errstate(invalid="ignore", divide="ignore"):  # a wall of one grey has no grain to be alike
        return {
            "grain": float(grain[where].std() / bright),
            "grain alike around": float(np.corrcoef(grain[around], np.roll(grain, 1, axis=0)[around])[0, 1]),
            "grain alike in depth": float(np.corrcoef(grain[along], np.roll(grain, 1, axis=1)[along])[0, 1]),
        }


def _shape(view: PolarView, calcium: np.ndarray, depth: np.ndarray) -> dict[str, float]:
    rays = calcium.any(axis=1)
    inner = np.where(calcium, depth, np.inf).min(axis=1)[rays]
    thick = calcium.sum(axis=1)[rays] * DEPTH_STEP_MM
    return {
        "arc (degrees)": largest_arc_deg(calcium, (view.labels == GUIDEWIRE).any(axis=1)),
        "depth of calcium (mm)": float(np.median(inner)) if rays.any() else float("nan"),
        "thickness of calcium (mm)": float(np.percentile(thick, 90)) if rays.any() else float("nan"),
    }


def _side_edges(grey: np.ndarray, calcium: np.ndarray, tissue: np.ndarray) -> float:
    """Median step of grey across the sides of deposits: four samples inside against four samples outside."""
    mean = uniform_filter(grey, (3, 5), mode=("wrap", "nearest"))
    steps = []
    for turn in (3, -3):
        edge = calcium & ~np.roll(calcium, -turn // 3, axis=0) & tissue & np.roll(tissue, -turn, axis=0)
        inside, outside = np.roll(mean, turn, axis=0)[edge], np.roll(mean, -turn, axis=0)[edge]
        steps.append(np.abs(inside - outside))
    steps = np.concatenate(steps)
    return float(np.median(steps)) if steps.size >= LEAST_SAMPLES else float("nan")
