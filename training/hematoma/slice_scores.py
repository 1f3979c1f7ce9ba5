"""What networks find on slices, and how good that is: overlap of blood, AUC of markers, intervals over resampled patients."""

from __future__ import annotations

import numpy as np
import torch
from HematomaMarkersLib.labels import HEMATOMA, INTRAVENTRICULAR, MARKERS, OUTSIDE_BRAIN
from HematomaMarkersLib.model.network import JointNetwork
from HematomaMarkersLib.model.preparation.prepare import network_input
from torch import nn

from ..engine.options import TrainingOptions
from ..reporting.scores import bootstrapped, roc_auc
from .slices import SMALL_PIXELS, WINDOW_HU, Slices

VALIDATED_AT_ONCE = {"cpu": 16, "cuda": 128}
CLASSES = OUTSIDE_BRAIN + 1


@torch.inference_mode()
def slice_confusions(network: nn.Module, slices: Slices, numbers: torch.Tensor, device: torch.device) -> np.ndarray:
    """Pixels by (true class, found class) of each slice of these numbers, int64 (slices, 4, 4)."""
    network.eval()
    counts = []
    for some in numbers.split(VALIDATED_AT_ONCE[device.type]):
        images = network_input(slices.hounsfield[some].to(device)[:, None].float(), WINDOW_HU)
        with TrainingOptions().autocast(device):
            found = network(images.to(memory_format=torch.channels_last)).argmax(1)
        place = torch.arange(len(some), device=device)[:, None, None]
        pairs = (place * CLASSES + slices.labels[some].to(device).long()) * CLASSES + found
        counts.append(torch.bincount(pairs.flatten(), minlength=len(some) * CLASSES**2).reshape(-1, CLASSES, CLASSES).cpu())
    return torch.cat(counts).numpy()


def overlap(confusions: np.ndarray) -> dict[str, float]:
    """Dice loss, IoU and F score of the hematoma (and the latter on slices with little of it), F score of the other kinds of blood,
    over all pixels of slices as ``slice_confusions`` gives them; nan where there is none of it.
    """
    area = confusions[:, HEMATOMA].sum(1)
    f_scores, of_small = _f_scores(confusions), _f_scores(confusions[(area > 0) & (area < SMALL_PIXELS)])
    counts = confusions.sum(0)
    with np.errstate(invalid="ignore"):
        iou = counts[HEMATOMA, HEMATOMA] / (counts[HEMATOMA].sum() + counts[:, HEMATOMA].sum() - counts[HEMATOMA, HEMATOMA])
    return {
        "dice_loss": 1 - f_scores[HEMATOMA],
        "iou": float(iou),
        "f_score": f_scores[HEMATOMA],
        "small_f_score": of_small[HEMATOMA],
        "ventricular_f_score": f_scores[INTRAVENTRICULAR],
        "outside_f_score": f_scores[OUTSIDE_BRAIN],
    }


def f_score_interval(confusions: np.ndarray, patients: torch.Tensor) -> tuple[float | None, float | None]:
    """95 % interval of the hematoma's F score over slices (slices, 4, 4) of these patients (slices,)."""
    found = bootstrapped(lambda some, _: _f_scores(some)[HEMATOMA], confusions, confusions, patients.numpy())
    return found.low, found.high


def gain_interval(before: np.ndarray, after: np.ndarray, patients: torch.Tensor) -> tuple[float | None, float | None]:
    """95 % interval of what the hematoma's F score gains from one network to another on the same slices (slices, 4, 4)."""

    def gain(one: np.ndarray, other: np.ndarray) -> float:
        return _f_scores(other)[HEMATOMA] - _f_scores(one)[HEMATOMA]

    found = bootstrapped(gain, before, after, patients.numpy())
    return found.low, found.high


def _f_scores(confusions: np.ndarray) -> list[float]:
    counts = confusions.sum(0)
    with np.errstate(invalid="ignore"):
        return (2 * np.diag(counts) / (counts.sum(0) + counts.sum(1))).tolist()


@torch.inference_mode()
def marker_logits(network: JointNetwork, slices: Slices, numbers: torch.Tensor, device: torch.device) -> np.ndarray:
    """The markers' logits on the slices of these numbers, with found masks, float32 (slices, 4)."""
    network.eval()
    logits = []
    for some in numbers.split(VALIDATED_AT_ONCE[device.type]):
        images = network_input(slices.hounsfield[some].to(device)[:, None].float(), WINDOW_HU)
        with TrainingOptions().autocast(device):
            logits.append(network(images.to(memory_format=torch.channels_last))[1].float().cpu())
    return torch.cat(logits).numpy()


def marker_auc(found: np.ndarray, true: np.ndarray) -> dict[str, float | None]:
    """AUC of each marker, of logits and bool (slices, 4); None where all slices are of one kind."""
    return {marker: roc_auc(found[:, number], true[:, number]) for number, marker in enumerate(MARKERS)}


def auc_intervals(found: np.ndarray, true: np.ndarray, patients: np.ndarray) -> dict[str, tuple[float | None, float | None]]:
    """95 % interval of each marker's AUC over slices of these patients (slices,)."""
    intervals = {}
    for number, marker in enumerate(MARKERS):
        interval = bootstrapped(roc_auc, found[:, number], true[:, number], patients)
        intervals[marker] = (interval.low, interval.high)
    return intervals
