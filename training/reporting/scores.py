"""Figures of answers that are right or wrong: AUC, average precision, calibration, shares, and how sure one may be of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from monai.metrics import compute_average_precision, compute_roc_auc
from scipy.stats import binomtest

BOOTSTRAPS = 1000
BINS = 10


@dataclass(frozen=True)
class Interval:
    """A figure with its 95 % interval; None where it cannot be told."""

    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Calibration:
    """How well probabilities agree with how often the marker is there.

    Attributes:
        brier: mean squared difference. ece: expected calibration error over ten bins of equal width.
        bins: (mean probability, share of positives, count) of every bin that holds anything.
    """

    brier: float
    ece: float
    bins: tuple[tuple[float, float, int], ...]


def roc_auc(found: np.ndarray, true: np.ndarray) -> float | None:
    """Area under the ROC curve of scores (n,) and truths bool (n,), ties half; None where all are of one kind."""
    true = np.asarray(true, bool)
    if true.all() or not true.any():
        return None
    return float(compute_roc_auc(torch.as_tensor(found), torch.as_tensor(true.astype(np.uint8))))


def average_precision(found: np.ndarray, true: np.ndarray) -> float | None:
    """Average precision of scores (n,) and truths bool (n,); None where there are no positives or nothing else."""
    true = np.asarray(true, bool)
    if true.all() or not true.any():
        return None
    return float(compute_average_precision(torch.as_tensor(found), torch.as_tensor(true)))


def bootstrapped(
    figure: Callable[[np.ndarray, np.ndarray], float | None], found: np.ndarray, true: np.ndarray, patients: np.ndarray
) -> Interval:
    """A figure of scores and truths (n,) with the 2.5 and 97.5 percentiles over resampled patients.

    Args:
        patients: (n,) whose answer each is; all answers of a patient are drawn together. The resampling is the same each time.
    """
    if not len(found):
        return Interval(None, None, None)
    random = np.random.default_rng(0)
    _, first = np.unique(patients, return_inverse=True)
    answers = [np.flatnonzero(first == patient) for patient in range(first.max() + 1)]
    values = []
    for _ in range(BOOTSTRAPS if len(answers) > 1 else 0):  # a single patient drawn again is no other
        chosen = np.concatenate([answers[patient] for patient in random.integers(len(answers), size=len(answers))])
        values.append(figure(found[chosen], true[chosen]))
    values = [value for value in values if value is not None]
    low, high = np.percentile(values, (2.5, 97.5)).tolist() if values else (None, None)
    return Interval(figure(found, true), low, high)


def share(count: int, of: int) -> Interval:
    """How many of some, with Wilson's interval (1927); of none nothing can be told."""
    if not of:
        return Interval(None, None, None)
    return Interval(count / of, *map(float, binomtest(count, of).proportion_ci(method="wilson")))


def calibration(probabilities: np.ndarray, true: np.ndarray) -> Calibration:
    """Calibration of probabilities (n,) against truths bool (n,)."""
    number = np.minimum((probabilities * BINS).astype(int), BINS - 1)
    bins = tuple(
        (float(probabilities[number == each].mean()), float(true[number == each].mean()), int((number == each).sum()))
        for each in np.unique(number)
    )
    ece = sum(abs(stated - seen) * count for stated, seen, count in bins) / len(true)
    return Calibration(float(np.mean((probabilities - true) ** 2)), float(ece), bins)


def sensitivity_and_specificity(called: np.ndarray, true: np.ndarray) -> tuple[float | None, float | None]:
    """Share of the true ones that are called, and of the others that are not, of bool (n,) each; None where there are none."""
    called, true = np.asarray(called, bool), np.asarray(true, bool)
    sensitivity = float(called[true].mean()) if true.any() else None
    specificity = float((~called)[~true].mean()) if (~true).any() else None
    return sensitivity, specificity


def cohens_kappa(one: np.ndarray, other: np.ndarray) -> float | None:
    """Agreement of two readers' yes and no, bool (n,) each, beyond chance; None where chance alone would agree always.

    Cohen J. A coefficient of agreement for nominal scales. Educ Psychol Meas 1960;20:37-46.
    """
    one, other = np.asarray(one, bool), np.asarray(other, bool)
    if not len(one):
        return None
    chance = one.mean() * other.mean() + (1 - one.mean()) * (1 - other.mean())
    return None if chance == 1 else float(((one == other).mean() - chance) / (1 - chance))
