"""Which offset to calcium's score to ship: what each would give on validation patients, which were never learnt from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from LesionReadingLib.geometry.spacing import Spacing
from LesionReadingLib.model.prediction import best_class
from OCTCalciumLib.labels import CALCIUM
from OCTCalciumLib.measurement.pullback import CONTINUOUS_ARC_DEG, measure_frame
from OCTCalciumLib.model.post_processing import post_processed
from OCTCalciumLib.model.preparation import network_input

from ..reporting.markdown import markdown_table
from .data import Patient

OFFSETS = (0.0, 0.5, 1.0, 1.5, 2.0)


@dataclass(frozen=True)
class OffsetFigures:
    """What one offset (added to calcium's score, a logit) gives.

    Attributes:
        iou: of calcium, over all pixels. arc_bias_deg, arc_sd_deg: of the bridged arc, found minus true, over frames with calcium.
        f1: of frames with a bridged arc of 180 degrees or more. Figures are nan where no frame counts.
    """

    offset: float
    iou: float
    arc_bias_deg: float
    arc_sd_deg: float
    f1: float


@torch.inference_mode()
def judge_offsets(
    network: torch.nn.Module, patients: Iterable[Patient], every: int, offsets: Sequence[float] = OFFSETS
) -> list[OffsetFigures]:
    """Figures of each offset on every ``every``-th frame of the patients; frames stand alone, so nothing is smoothed."""
    overlaps, arcs = {offset: [] for offset in offsets}, {offset: [] for offset in offsets}
    for patient in patients:
        for square, truth in zip(*(pixels[::every] for pixels in patient.pixels), strict=True):
            truth = np.array(truth)
            true_arc = _arc_deg(truth, patient)
            scores = network(network_input(torch.from_numpy(np.array(square)[None])))
            for offset in offsets:
                shifted = scores.clone()
                shifted[:, CALCIUM] += offset
                found = post_processed(best_class(shifted.numpy())[0])
                both, either = (found == CALCIUM) & (truth == CALCIUM), (found == CALCIUM) | (truth == CALCIUM)
                overlaps[offset].append((both.sum(), either.sum()))
                arcs[offset].append((true_arc, _arc_deg(found, patient)))
    return [_figures(offset, np.array(overlaps[offset]), np.array(arcs[offset])) for offset in offsets]


def offsets_table(figures: Sequence[OffsetFigures]) -> str:
    """The figures as a Markdown table."""
    head = ["offset", "IoU calcium", "bridged arc, bias and SD (degrees)", "frames of 180 degrees or more, F1"]
    rows = [
        [f"{each.offset:g}", f"{each.iou:.3f}", f"{each.arc_bias_deg:+.1f} +- {each.arc_sd_deg:.1f}", f"{each.f1:.3f}"]
        for each in figures
    ]
    return markdown_table(head, rows)


def _arc_deg(labels: np.ndarray, patient: Patient) -> float:
    return measure_frame(labels, Spacing(*patient.spacing_mm), 0).arc_bridged_deg


def _figures(offset: float, overlaps: np.ndarray, arcs: np.ndarray) -> OffsetFigures:
    both, either = overlaps.sum(axis=0)
    true, found = arcs.T
    differences = (found - true)[(true > 0) | (found > 0)]
    over = arcs >= CONTINUOUS_ARC_DEG
    with np.errstate(invalid="ignore"):
        f1 = 2 * over.all(axis=1).sum() / np.float64(over.sum())
        bias, spread = (differences.mean(), differences.std()) if len(differences) else (np.nan, np.nan)
        return OffsetFigures(offset, float(both / either), float(bias), float(spread), float(f1))
