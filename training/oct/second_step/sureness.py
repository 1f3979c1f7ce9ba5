"""Which probabilities make a deposit, and which a range: what each choice gives on patients that were never learnt from.

Everything is judged in the unrolled wall, samples weighed by their area: validation phantoms about their true lumens, real frames
about the lumens that the first step finds. The rule has few numbers to choose, so that few frames can choose them: of the choices
with calcium of more than 30 degrees in at most 5 % of the real frames without any, the one with the largest mean of the Dice in
real frames and the IoU in each kind of phantoms; of the ranges that hold the truth of 90 % of the validation frames with calcium
and of 90 % of the patients, the narrowest.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, product
from pathlib import Path

import numpy as np
import torch
from LesionReadingLib.model.prediction import Predictor
from OCTCalciumLib.labels import BACKGROUND, CALCIUM, GUIDEWIRE
from OCTCalciumLib.model.post_processing import post_processed
from OCTCalciumLib.model.preparation import Letterbox, network_input
from OCTCalciumLib.model.two_step import NEIGHBOURS, TwoStep, mean_probability, seen_walls
from OCTCalciumLib.reading.read import open_pullback
from OCTCalciumLib.wall.calcium_range import CalciumRange, calcium_range
from OCTCalciumLib.wall.polar_view import ANGLES, DEPTH_MM, PolarView, polar_view, sure_deposits, without_calcium

from ...reporting.markdown import markdown_table
from ..data import is_validation, load_patients
from ..evaluate import FALSE_CALCIUM_DEG
from ..real.frames import calcium_mask, pictures

SURENESS = tuple(product((0.5, 0.6, 0.7, 0.8, 0.9, 0.95), (0.15, 0.3, 0.5)))
SAMPLES = 150
ENDS = tuple(product((0.5, 0.7, 0.8, 0.9, 0.95, 0.98), (0.2, 0.1, 0.05, 0.02, 0.01, 0.005)))
MOST_FALSE, LEAST_HELD = 0.05, 0.9


@dataclass(frozen=True, eq=False)
class Seen:
    """A frame as the second step saw it.

    Attributes:
        kind: of phantoms (the name of their folder), or "real". patient: whose frame it is. view: where its samples lie.
        probability: float32 (ANGLES, DEPTHS). truth: booleans of that shape.
    """

    kind: str
    patient: str
    view: PolarView
    probability: np.ndarray
    truth: np.ndarray

    def area(self, samples: np.ndarray) -> float:
        """Area of samples in the view, weighed by their distance from its vertex."""
        return float(np.maximum(self.view.border_mm[:, None] + DEPTH_MM, 0)[samples].sum())

    def deposits(self, certain: float, likely: float) -> np.ndarray:
        """What would be called calcium."""
        return sure_deposits(self.probability, certain, likely, SAMPLES) & (self.view.labels == BACKGROUND)

    def ends(self, deposits: np.ndarray, inner: float, outer: float) -> CalciumRange:
        """What its range would be."""
        return calcium_range(self.view, deposits & (self.probability >= inner), deposits | (self.probability >= outer))

    @property
    def true_range(self) -> CalciumRange:
        """The true arc and area, both ends the same."""
        return calcium_range(self.view, self.truth, self.truth)


def seen_phantoms(network: TwoStep, folder: Path) -> Iterator[Seen]:
    """Every frame of the validation phantoms of a training folder."""
    for patient in load_patients(folder):
        if is_validation(patient):
            for grey, labels in zip(*(np.asarray(pixels) for pixels in patient.pixels), strict=True):
                view = polar_view(without_calcium(labels), patient.spacing_mm[0])
                if view is not None:
                    yield _seen(network, folder.name, str(patient.number), view, grey, labels == CALCIUM)


def seen_real(network: TwoStep, images: Path, masks: Path | None, pixel_mm: float, device: torch.device) -> Iterator[Seen]:
    """Every real frame of a folder; without calcium where there are no masks."""
    with Predictor(network.lumen, network_input, device) as predictor:
        for picture in pictures(images):
            pullback = open_pullback(picture, pixel_mm)
            box = Letterbox(pullback.rows, pullback.columns)
            truth = np.zeros((pullback.rows, pullback.columns), bool) if masks is None else calcium_mask(picture, masks)
            square = box.square(next(iter(pullback.read(0, 1))))
            labels = without_calcium(post_processed(next(iter(predictor.labels([square])))))
            view = polar_view(labels, pixel_mm * box.rows / box.inner_rows)
            if view is not None:
                true = box.square_labels(truth.astype(np.uint8)) > 0
                yield _seen(network, "real", picture.stem.rpartition("_")[0], view, square, true)


def among_neighbours(frames: Sequence[Seen]) -> list[Seen]:
    """The frames, those of a patient following each other, with the mean probability of ``NEIGHBOURS`` before and behind."""
    joined = []
    for _, of_patient in groupby(frames, lambda frame: (frame.kind, frame.patient)):
        shown = list(of_patient)
        for number, frame in enumerate(shown):
            near = shown[max(number - NEIGHBOURS, 0) : number + NEIGHBOURS + 1]
            joined.append(replace(frame, probability=np.mean([each.probability for each in near], axis=0)))
    return joined


@torch.inference_mode()
def _seen(network: TwoStep, kind: str, patient: str, view: PolarView, grey: np.ndarray, truth: np.ndarray) -> Seen:
    walls = torch.from_numpy(seen_walls(view, grey)[None])
    true = (view.sampled(truth.astype(np.uint8)) >= 0.5) & (view.labels != GUIDEWIRE)
    return Seen(kind, patient, view, mean_probability(network.calcium[:1], walls)[0].numpy(), true & (view.labels == BACKGROUND))


def judge_sureness(frames: Sequence[Seen], without: Sequence[Seen]) -> tuple[tuple[float, float], str]:
    """The choice of the rule, and a table of all: certain and likely probabilities.

    Args:
        frames: validation phantoms and real frames with calcium. without: real frames without any.
    """
    kinds = sorted({frame.kind for frame in frames}, key=lambda kind: (kind == "real", kind))
    rows, best = [], None
    for certain, likely in (each for each in SURENESS if each[0] >= each[1]):
        figures = [_agreement([frame for frame in frames if frame.kind == kind], certain, likely) for kind in kinds]
        false = float(np.mean([_total_deg(frame.deposits(certain, likely)) > FALSE_CALCIUM_DEG for frame in without] or [0]))
        if false <= MOST_FALSE and (best is None or np.mean(figures) > best[0]):
            best = (float(np.mean(figures)), (certain, likely))
        rows.append([f"{certain:g}", f"{likely:g}", *(f"{figure:.3f}" for figure in figures), f"{false:.1%}"])
    names = [f"Dice {kind}" if kind == "real" else f"IoU {kind}" for kind in kinds]
    return (best[1] if best else max(SURENESS)), markdown_table(["certain", "likely", *names, "false"], rows)


def judge_ends(frames: Sequence[Seen], certain: float, likely: float) -> tuple[tuple[float, float], str]:
    """The choice of the rule, and a table of all: the probabilities of a range's low and high end, on validation phantoms."""
    phantoms = [frame for frame in frames if frame.kind != "real"]
    deposits = [frame.deposits(certain, likely) for frame in phantoms]
    true = [frame.true_range for frame in phantoms]
    rows, choices = [], []
    for inner, outer in ENDS:
        found = [frame.ends(samples, inner, outer) for frame, samples in zip(phantoms, deposits, strict=True)]
        arcs = [(t.arc_deg[0], *f.arc_deg) for t, f in zip(true, found, strict=True) if t.arc_deg[0] or f.arc_deg[1]]
        volumes = _per_patient(phantoms, true, found)
        arcs_held, volumes_held = (float(np.mean([low <= value <= high for value, low, high in each])) for each in (arcs, volumes))
        width = float(np.mean([high - low for _, low, high in arcs]))
        choices.append((min(arcs_held, volumes_held, LEAST_HELD), -width, (inner, outer)))
        rows.append([f"{inner:g}", f"{outer:g}", f"{arcs_held:.0%}", f"{width:.0f}", f"{volumes_held:.0%}"])
    table = markdown_table(["inner", "outer", "arcs held", "mean width (degrees)", "patients' volumes held"], rows)
    return max(choices)[2], table


def _per_patient(frames: Sequence[Seen], true: Sequence[CalciumRange], found: Sequence[CalciumRange]) -> list[np.ndarray]:
    """True, lowest and highest area of each patient with calcium, over all frames; as good as volumes for frames evenly apart."""
    sums: dict[tuple[str, str], np.ndarray] = {}
    for frame, t, f in zip(frames, true, found, strict=True):
        patient = (frame.kind, frame.patient)
        sums[patient] = sums.get(patient, np.zeros(3)) + np.array([t.area_mm2[0], *f.area_mm2])
    return [each for each in sums.values() if each[0] > 0]


def _agreement(frames: Sequence[Seen], certain: float, likely: float) -> float:
    """IoU over all samples of phantoms; the mean Dice of real frames."""
    both, either, dice = 0.0, 0.0, []
    for frame in frames:
        found = frame.deposits(certain, likely)
        overlap, union = frame.area(found & frame.truth), frame.area(found | frame.truth)
        both, either = both + overlap, either + union
        dice.append(2 * overlap / max(overlap + union, 1e-9))
    return float(np.mean(dice)) if frames[0].kind == "real" else both / max(either, 1e-9)


def _total_deg(samples: np.ndarray) -> float:
    return float(samples.any(axis=1).sum() * 360 / ANGLES)
