"""How slices make a patient: the rule is chosen, calibrated and given its thresholds on validation patients.

Validation patients are phantoms that neither the training nor the evaluation draws.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import torch
from HematomaMarkersLib.labels import MARKERS
from HematomaMarkersLib.patient_rule import MarkerCalibration, PatientRule, patient_probabilities
from HematomaMarkersLib.phantom import draw_head
from HematomaMarkersLib.preparation import Steps, prepare
from HematomaMarkersLib.segmentation import read_head
from scipy.optimize import minimize
from scipy.special import logit

from .data import phantom_scan
from .scores import roc_auc
from .train_markers import trained_network
from .train_segmentation import WINDOW_HU

RULE_FILE = "rule.json"
TOP_SLICES = (1, 2, 3, 4, 6)
LEAST_AREAS_CM2 = (0.0, 0.5, 1.0)
SURE = 1e-7


@dataclass(frozen=True, eq=False)
class Answers:
    """What the network says of one validation patient with a hematoma.

    Attributes:
        logits: float32 (slices, 4), nan where no hematoma is found. areas_cm2: (slices,) of the found hematoma.
        markers: bool (4,), the truth.
    """

    logits: np.ndarray
    areas_cm2: np.ndarray
    markers: np.ndarray


def validation_answers(training: Path, steps: Steps, seeds: Sequence[int], processes: int) -> Iterator[Answers]:
    """Draw validation patients and let the network of a training folder read them; those without a hematoma are passed over."""
    with ProcessPoolExecutor(processes, get_context("spawn"), torch.set_num_threads, (1,)) as pool:
        yield from (answers for answers in pool.map(partial(_answers, training, steps), seeds) if answers is not None)


def fitted_rule(patients: Sequence[Answers]) -> tuple[PatientRule, dict[str, Any]]:
    """Choose the rule with the largest mean AUC of the markers, and give it calibrations and thresholds.

    Returns:
        The rule, and the mean AUC of every rule that was tried, by ``"top slices / least area"``.
    """
    tried = {(top, area): _mean_auc(patients, _plain(top, area)) for area in LEAST_AREAS_CM2 for top in TOP_SLICES}
    top, area = max(tried, key=tried.get)
    logits = patient_logits(patients, _plain(top, area))
    answered = ~np.isnan(logits).any(axis=1)
    true = np.array([patient.markers for patient in patients])
    calibrations = {marker: calibration(logits[answered, number], true[answered, number]) for number, marker in enumerate(MARKERS)}
    return PatientRule(calibrations, top, area), {f"top {top}, {area:g} cm2": auc for (top, area), auc in tried.items()}


def calibration(logits: np.ndarray, true: np.ndarray) -> MarkerCalibration:
    """Platt's scale and offset for logits (n,) and truths bool (n,), and Youden's threshold; plain ones where all are of one kind.

    As Platt (1999) has it, the targets are drawn in a little, so that few patients do not make it too sure.
    """
    if true.all() or not true.any():
        return MarkerCalibration()
    positives, negatives = true.sum(), (~true).sum()
    targets = np.where(true, (positives + 1) / (positives + 2), 1 / (negatives + 2))

    def loss(parameters: np.ndarray) -> float:
        scores = parameters[0] * logits + parameters[1]
        return float(np.mean(np.logaddexp(0, scores) - targets * scores))

    found = minimize(loss, (1.0, 0.0), method="Nelder-Mead").x
    scale, offset = max(float(found[0]), 1e-3), float(found[1])
    return MarkerCalibration(scale, offset, youden_threshold(1 / (1 + np.exp(-(scale * logits + offset))), true))


def youden_threshold(probabilities: np.ndarray, true: np.ndarray) -> float:
    """The probability half-way between two patients at which sensitivity + specificity is largest (Youden 1950)."""
    known = np.unique(probabilities)
    candidates = np.concatenate([[known[0] / 2], (known[1:] + known[:-1]) / 2])
    called = probabilities[None] >= candidates[:, None]
    gain = called[:, true].mean(axis=1) - called[:, ~true].mean(axis=1)
    return float(candidates[gain.argmax()])


def patient_logits(patients: Sequence[Answers], rule: PatientRule) -> np.ndarray:
    """(patients, 4) logits of the probabilities that a rule gives; nan where the network found no hematoma."""
    probabilities = [patient_probabilities(patient.logits, patient.areas_cm2, rule) for patient in patients]
    values = np.array([[each[marker] for marker in MARKERS] for each in probabilities], float)  # None becomes nan
    return logit(values.clip(SURE, 1 - SURE))


def _mean_auc(patients: Sequence[Answers], rule: PatientRule) -> float:
    logits = np.nan_to_num(patient_logits(patients, rule), nan=-1e6)
    true = np.array([patient.markers for patient in patients])
    values = [roc_auc(logits[:, number], true[:, number]) for number in range(len(MARKERS))]
    return float(np.mean([value for value in values if value is not None]))


def _plain(top_slices: int, least_area_cm2: float) -> PatientRule:
    return PatientRule(dict.fromkeys(MARKERS, MarkerCalibration()), top_slices, least_area_cm2)


def _answers(training: Path, steps: Steps, seed: int) -> Answers | None:
    head = draw_head(seed)
    if head.location is None:
        return None
    prepared = prepare(phantom_scan(head), steps)
    network = trained_network(training)[0]
    reading = read_head(
        network, prepared.hounsfield, prepared.inside, prepared.extents_mm, WINDOW_HU, torch.device("cpu"), lambda *_: None
    )
    markers = np.array([head.markers[marker] for marker in MARKERS])
    return Answers(reading.slice_logits, reading.areas_cm2, markers)
