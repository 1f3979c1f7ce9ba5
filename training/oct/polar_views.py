"""Unrolled walls to learn calcium from: views of phantoms, and of real frames without calcium into which calcium is painted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from OCTCalciumLib.labels import BACKGROUND, CALCIUM, GUIDEWIRE
from OCTCalciumLib.polar_view import (
    ANGLES,
    DEPTH_STEP_MM,
    DEPTHS,
    FIRST_DEPTH_MM,
    PolarView,
    distance_to_catheter_mm,
    polar_view,
)
from scipy.ndimage import gaussian_filter, gaussian_filter1d

from .data import Patient

DEPTH_MM = (FIRST_DEPTH_MM + DEPTH_STEP_MM * np.arange(DEPTHS, dtype=np.float32))[None, :]
ANGLE_RAD = np.arange(ANGLES, dtype=np.float32) * np.float32(2 * np.pi / ANGLES)


@dataclass(frozen=True)
class Views:
    """Views of many frames; every array's first axis is the view.

    Attributes:
        grey: uint8 (views, ANGLES, DEPTHS). labels: uint8 of the same shape, the truth.
        catheter_mm: float16 of the same shape. real: booleans (views,), True where the frame is a real one without calcium.
    """

    grey: np.ndarray
    labels: np.ndarray
    catheter_mm: np.ndarray
    real: np.ndarray

    def __len__(self) -> int:
        return len(self.grey)


def phantom_views(patients: Iterable[Patient], random: np.random.Generator, copies: int) -> Views:
    """Views of every frame of phantom patients, about lumens and at pixel sizes as uncertain as a first step finds them.

    Args:
        copies: views of each frame; without any uncertainty where it is 0 (one view of each frame then).
    """
    found = []
    for patient in patients:
        for grey, truth in zip(*(np.asarray(pixels) for pixels in patient.pixels), strict=True):
            found += _views(grey, np.where(truth == CALCIUM, BACKGROUND, truth), truth, patient.spacing_mm[0], random, copies)
    return _stacked(found, real=False)


def real_views(frames: np.ndarray, labels: np.ndarray, pixel_mm: float, random: np.random.Generator, copies: int) -> Views:
    """Views of real frames that hold no calcium, uint8 (frames, rows, columns), with the first step's lumen and guidewire."""
    found = []
    for grey, label in zip(frames, labels, strict=True):
        clean = np.where(label == CALCIUM, BACKGROUND, label)
        found += _views(grey, clean, clean, pixel_mm, random, copies)
    return _stacked(found, real=True)


def painted(grey: np.ndarray, labels: np.ndarray, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Grey and labels (ANGLES, DEPTHS) of a real wall with one to three deposits drawn into it.

    Grey is taken as proportional to decibels: inside a deposit backscatter changes by a step and the attenuation that is not
    there gives grey back with depth, so that behind the deposit the wall is brighter than it was. Its grain is that of the
    wall's surface.
    """
    grey, labels = grey.astype(np.float32), labels.copy()
    tissue = (labels == BACKGROUND) & (grey >= 1) & ~(labels == GUIDEWIRE).any(axis=1, keepdims=True)
    if random.random() < 0.5:  # a wall in which light does not reach far, beside a deposit in which it does
        grey = np.where(tissue, np.clip(grey - random.uniform(0, 100) * np.maximum(DEPTH_MM, 0), 1, 255), grey)
    for _ in range(random.choice([1, 2, 3], p=[0.6, 0.3, 0.1])):
        inner, outer = _deposit_mm(random)
        inside = (inner <= DEPTH_MM) & (outer > DEPTH_MM)
        softness = (random.uniform(0.5, 3.0), random.uniform(0.4, 3.0))
        share = gaussian_filter(inside.astype(np.float32), softness, mode=("wrap", "nearest"))
        drawn = _deposit(grey, labels, share, inner, outer, random)
        grey = np.where(tissue, np.clip(drawn, 1, 255), grey)
        labels[tissue & inside] = CALCIUM
    return grey, labels


def _deposit(grey, labels, share, inner, outer, random: np.random.Generator) -> np.ndarray:
    """Grey of a wall with one deposit, of which every sample belongs to it by a share (all (ANGLES, DEPTHS), edges (ANGLES, 1))."""
    grey_per_db, step_db = random.uniform(4, 10), random.uniform(-11, 1.0)
    back_db_per_mm = random.uniform(0, 8) if step_db < -6 else random.uniform(6, 16)
    mean = gaussian_filter(grey, 2.0, mode=("wrap", "nearest"))
    surface = (DEPTH_MM[0] > 0.02) & (DEPTH_MM[0] < 0.42)
    grain = np.roll((grey - mean)[:, surface], random.integers(ANGLES), axis=0)
    grain = np.concatenate([grain, grain[:, ::-1]], axis=1)
    grain = np.tile(grain, (1, DEPTHS // grain.shape[1] + 1))[:, :DEPTHS]
    crossed_mm = np.clip(DEPTH_MM, inner, np.maximum(outer, inner)) - inner
    uneven_db = random.uniform(0, 2.5) * smooth(random, (random.uniform(2, 6), random.uniform(2, 6)))
    layers_db = random.choice([0.0, random.uniform(0, 2.5)]) * smooth(random, (12, 1.2))
    rays_db = random.uniform(0, 2.0) * smooth(random, (0.8, 20))
    level = mean + grey_per_db * (step_db + uneven_db + layers_db + rays_db + back_db_per_mm * crossed_mm)
    bright = max(float(np.percentile(grey[labels == BACKGROUND], 90)), 20.0)
    deposit = level + grain * np.clip(level / bright, 0.1, 1.0)
    behind = grey_per_db * back_db_per_mm * crossed_mm * random.uniform(0.3, 1.0) * (outer <= DEPTH_MM)
    lines_db = random.uniform(1, 5) * (random.random() < 0.3) * (np.abs(DEPTH_MM - outer) < 0.03) * (outer > inner)
    cap_db = random.choice([0.0, random.uniform(-2, 3)]) * ((DEPTH_MM > 0) & (inner > DEPTH_MM) & (outer > inner))
    flank = gaussian_filter(share, (random.uniform(4, 10), 4), mode=("wrap", "nearest")) * (1 - share) * (DEPTH_MM > 0.1)
    flanks_db = random.choice([0.0, random.uniform(0, 14)]) * flank * (outer.max() > DEPTH_MM)
    around = grey + behind + grey_per_db * (lines_db + cap_db + flanks_db)
    return share * deposit + (1 - share) * around


def smooth(random: np.random.Generator, sigma: tuple[float, float]) -> np.ndarray:
    """Smooth noise (ANGLES, DEPTHS), a ring along the angles, of standard deviation 1."""
    noise = gaussian_filter(random.standard_normal((ANGLES, DEPTHS), dtype=np.float32), sigma, mode=("wrap", "nearest"))
    return noise / max(float(noise.std()), 1e-6)


def _deposit_mm(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Depth of the inner and the outer edge, (ANGLES, 1) each; equal where there is no deposit."""
    half = np.exp(random.uniform(np.log(np.radians(9)), np.log(np.radians(150))))
    away = np.abs((ANGLE_RAD - random.uniform(0, 2 * np.pi) + np.pi) % (2 * np.pi) - np.pi) / half
    wave = gaussian_filter1d(random.standard_normal((2, ANGLES)), random.uniform(3, 12), axis=1, mode="wrap")
    wave /= wave.std(axis=1, keepdims=True)
    inner = (
        random.uniform(0.0, 0.45) * (1 + 0.25 * wave[0]) + random.choice([0, random.uniform(0.05, 0.5)]) * np.clip(away, 0, 1) ** 3
    )
    profile = np.clip(1 - away**2, 0, None) ** random.uniform(0.15, 0.9)
    thickness = random.uniform(0.25, 1.4) * profile * np.clip(1 + 0.2 * wave[1], 0.4, 2)
    inner = np.maximum(inner, 0)[:, None]
    return inner, np.minimum(inner + thickness[:, None], 2.0)


def _views(
    grey: np.ndarray, labels: np.ndarray, truth: np.ndarray, pixel_mm: float, random: np.random.Generator, copies: int
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    exact = copies == 0
    for _ in range(max(copies, 1)):
        view = polar_view(labels.astype(np.uint8), pixel_mm if exact else pixel_mm * np.exp(random.normal(0, 0.15)))
        if view is None:
            return
        if not exact:
            view = _shaken(view, random)
        rows, columns = (np.rint(place).astype(int) for place in view.places)
        inside = (rows >= 0) & (rows < truth.shape[0]) & (columns >= 0) & (columns < truth.shape[1])
        true = np.where(inside, truth[np.where(inside, rows, 0), np.where(inside, columns, 0)], BACKGROUND)
        yield np.rint(view.sampled(grey)).astype(np.uint8), true.astype(np.uint8), distance_to_catheter_mm(view).astype(np.float16)


def _shaken(view: PolarView, random: np.random.Generator) -> PolarView:
    """A view whose lumen border was found a little wrong."""
    wave = gaussian_filter1d(random.standard_normal(ANGLES), random.uniform(2, 10), mode="wrap")
    error = random.uniform(0, 0.04) * wave / wave.std() + random.normal(0, 0.02)
    return replace(view, border_mm=np.maximum(view.border_mm + error, 0.2).astype(np.float32))


def _stacked(found: list[tuple[np.ndarray, np.ndarray, np.ndarray]], real: bool) -> Views:
    grey, labels, catheter = (np.stack(arrays) for arrays in zip(*found, strict=True))
    return Views(grey, labels, catheter, np.full(len(grey), real))


def joined(*parts: Views) -> Views:
    """All views of several sets in one."""
    return Views(*(np.concatenate([getattr(part, name) for part in parts]) for name in ("grey", "labels", "catheter_mm", "real")))
