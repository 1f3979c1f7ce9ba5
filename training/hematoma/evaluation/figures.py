"""From the results of patients to the figures of a model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from HematomaMarkersLib.labels import BLEND, FLUID_LEVEL, HYPODENSITY, IRREGULAR_MARGIN, MARKERS
from LesionReadingLib.errors import InputError

from ...reporting.scores import average_precision, bootstrapped, calibration, roc_auc, sensitivity_and_specificity
from .evaluate import PatientResult
from .finding import finding_figures
from .ranges import coverage

BANDS_ML = {"under 5 mL": (0.0, 5.0), "5 to 30 mL": (5.0, 30.0), "over 30 mL": (30.0, np.inf)}
FALSE_VOLUME_ML = 0.5
READERS_ERROR_ML = 5.8
"""Error of a volume between two readers; within it, a difference means nothing."""
NEAR_HEAT_MM = 5.0
NEAR_MISSES = {
    HYPODENSITY: {"faint hole", "leaking hole"},
    IRREGULAR_MARGIN: {"slightly uneven margin"},
    BLEND: {"faint split", "gradual split", "flat top"},
    FLUID_LEVEL: {"flat top", "faint split", "gradual split"},
}


def model_figures(results: Sequence[PatientResult]) -> dict[str, Any]:
    """All figures of ``tables.figures_tables``.

    Hematoma: over patients who have one, Dice of the original voxels; F score, IoU and Dice loss over all voxels of all patients.
    Markers: over patients with a hematoma whose markers were judged and are told, as enough of it was found; ``signs`` counts the
    judged ones who are left out, and the markers that these have: each is missed, as no one is told of it. A slice on which none
    was found counts as probability 0. No markers at all where none are judged and told. 95 % intervals are from resampled patients.
    No hematoma: the false volume in heads without one.

    Raises:
        InputError: no patient has a hematoma.
    """
    bleeding = [result for result in results if result.true_ml > 0]
    if not bleeding:
        raise InputError("None of these patients has a hematoma; evaluate more of them.")
    judged = [result for result in bleeding if result.judged]
    told = [result for result in judged if result.signs_told]
    return {
        "patients": [result.number for result in results],
        "hematoma": _hematoma(results, bleeding),
        "ventricular_blood": {"f_score": _f_score(np.sum([result.ivh_voxels for result in results], axis=0))},
        "volume": _volumes(bleeding),
        "finding": finding_figures(results),
        "without_hematoma": _false_volumes([result for result in results if result.true_ml == 0]),
        "signs": _signs(judged),
        "markers": {marker: _marker(number, marker, told) for number, marker in enumerate(MARKERS)} if told else {},
        "ranges": coverage(results),
        "heat": {marker: _heat([result.heat_mm[marker] for result in told if marker in result.heat_mm]) for marker in MARKERS},
    }


def _hematoma(results: Sequence[PatientResult], bleeding: Sequence[PatientResult]) -> dict[str, Any]:
    both, true, found = np.sum([result.voxels for result in results], axis=0).tolist()
    score = _f_score((both, true, found))
    of_band = {name: [result for result in bleeding if low <= result.true_ml < high] for name, (low, high) in BANDS_ML.items()}
    places = sorted({result.location for result in bleeding if result.location})
    return {
        "dice_loss": None if score is None else 1 - score,
        "iou": both / (true + found - both) if true + found else None,
        "f_score": score,
        "dice": _mean_dice(bleeding),
        "bands": {name: _mean_dice(some) for name, some in of_band.items()},
        "locations": {place: _mean_dice([result for result in bleeding if result.location == place]) for place in places},
        "missed": sum(result.voxels[2] == 0 for result in bleeding),
    }


def _mean_dice(results: Sequence[PatientResult]) -> dict[str, Any]:
    dice = np.array([_f_score(result.voxels) for result in results], float)
    if not len(dice):
        return {"patients": 0, "mean": None, "median": None, "low": None, "high": None}
    mean = bootstrapped(lambda values, _: float(values.mean()), dice, dice, np.array([_whose(result) for result in results]))
    return {"patients": len(dice), "mean": mean.value, "median": float(np.median(dice)), "low": mean.low, "high": mean.high}


def _volumes(bleeding: Sequence[PatientResult]) -> dict[str, Any]:
    errors = np.array([result.found_ml - result.true_ml for result in bleeding])
    if not len(errors):
        return {"patients": 0, "median_error_ml": None, "bias_ml": None, "within_readers_error": None}
    return {
        "patients": len(errors),
        "median_error_ml": float(np.median(np.abs(errors))),
        "bias_ml": float(errors.mean()),
        "within_readers_error": float((np.abs(errors) <= READERS_ERROR_ML).mean()),
    }


def _false_volumes(healthy: Sequence[PatientResult]) -> dict[str, Any]:
    false = np.array([result.found_ml + result.found_ivh_ml for result in healthy])
    share = float((false < FALSE_VOLUME_ML).mean()) if len(false) else None
    return {"patients": len(false), "share_below_half_ml": share, "largest_ml": float(false.max()) if len(false) else None}


def _signs(judged: Sequence[PatientResult]) -> dict[str, Any]:
    """In how many patients with a hematoma and judged markers these are told, and who is left out."""
    untold = [result for result in judged if not result.signs_told]
    return {
        "judged": len(judged),
        "told": len(judged) - len(untold),
        "not_found": sum(result.found_ml == 0 for result in untold),
        "found_too_small": sum(result.found_ml > 0 for result in untold),
        "untold_with_marker": {marker: sum(result.true[marker] for result in untold) for marker in MARKERS},
    }


def _marker(number: int, marker: str, told: Sequence[PatientResult]) -> dict[str, Any]:
    true = np.array([result.true[marker] for result in told], bool)
    found = np.array([result.probabilities[marker] or 0.0 for result in told])
    numbers = np.array([_whose(result) for result in told])
    called = np.array([_is_called(result, marker) for result in told], bool)
    near = true | np.array([bool(NEAR_MISSES[marker] & set(result.near_misses)) for result in told], bool)
    slices = [
        (_whose(result), truth[number], answer[number] or 0.0)
        for result in told
        for truth, answer in zip(result.slice_true, result.slice_probabilities, strict=True)
    ]
    of_patient, slice_true, slice_found = (np.array(column) for column in zip(*slices, strict=True))
    evidence = np.array([result.evidence[marker] for result in told], bool)
    return {
        "patients": len(true),
        "with_marker": int(true.sum()),
        "auc": _interval(roc_auc, found, true, numbers),
        "auc_against_near_misses": _interval(roc_auc, found[near], true[near], numbers[near]),
        "near_misses": int((near & ~true).sum()),
        "slice_auc": _interval(roc_auc, slice_found, slice_true.astype(bool), of_patient),
        "average_precision": _interval(average_precision, found, true, numbers),
        "calibration": asdict(calibration(found, true)),
        "threshold": told[0].thresholds[marker],
        "network": _rates(called, true),
        "evidence": _rates(evidence, true),
    }


def _whose(result: PatientResult) -> str:
    return result.patient or str(result.number)


def _interval(figure: Callable, found: np.ndarray, true: np.ndarray, patients: np.ndarray) -> dict[str, float | None]:
    return asdict(bootstrapped(figure, found, true, patients))


def _is_called(result: PatientResult, marker: str) -> bool:
    probability = result.probabilities[marker]
    return probability is not None and probability >= result.thresholds[marker]


def _rates(called: np.ndarray, true: np.ndarray) -> dict[str, float | None]:
    return dict(zip(("sensitivity", "specificity"), sensitivity_and_specificity(called, true), strict=True))


def _heat(distances_mm: Sequence[float | None]) -> dict[str, Any]:
    near = [distance is not None and distance <= NEAR_HEAT_MM for distance in distances_mm]
    return {"patients": len(near), "share_within_5_mm": float(np.mean(near)) if near else None}


def _f_score(voxels: Sequence[int]) -> float | None:
    both, true, found = voxels
    return float(2 * both / (true + found)) if true + found else None
