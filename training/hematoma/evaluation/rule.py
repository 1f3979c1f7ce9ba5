"""How slices make a patient: the rule is chosen, calibrated and given its thresholds on validation patients.

Validation patients are phantoms that neither the training nor the evaluation draws.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np
import torch
from HematomaMarkersLib.labels import HEMATOMA, IRREGULAR_MARGIN, MARKERS, TASK
from HematomaMarkersLib.measurement.scan import LEAST_SIGN_ML
from HematomaMarkersLib.model.inference import read_head
from HematomaMarkersLib.model.network import JointNetwork
from HematomaMarkersLib.model.patient_rule import MarkerCalibration, PatientRule, patient_probabilities
from HematomaMarkersLib.model.prediction import NETWORKS
from HematomaMarkersLib.model.ranges import slices_ml
from LesionReadingLib.errors import InputError
from LesionReadingLib.model.bundle import METADATA, find_bundle
from LesionReadingLib.model.prediction import load_network
from scipy.optimize import minimize
from scipy.special import logit

from ...own_data.splits import VALIDATION
from ...processes import in_processes
from ...reporting.scores import roc_auc
from ...wording import how_many
from ...writing import write_json
from ..bundle.card import with_rule
from ..data import Patient, load_patient, load_patients, patient_files, patient_number, preparation_steps
from ..slices import WINDOW_HU
from ..train_markers import RULE_FILE, trained_network

TOP_SLICES = (1, 2, 3, 4, 6)
LEAST_AREAS_CM2 = (0.0, 0.5, 1.0)
MARGIN_WEIGHTS = (0.0, 2.5, 5.0, 10.0, 20.0, 40.0, 80.0)
"""Of the margin's length, a logarithm of some 0.02 to 0.2; the network's logits are of some units."""
SURE = 1e-7


@dataclass(frozen=True, eq=False)
class Answers:
    """What the network says of one validation patient with a hematoma.

    Attributes:
        logits: float32 (slices, 4), nan where no hematoma is found. margin_lengths, areas_cm2: (slices,) of the found hematoma, as
            ``HeadReading`` has them.
        markers: bool (4,), the truth. found_ml: volume of the found hematoma.
    """

    logits: np.ndarray
    margin_lengths: np.ndarray
    areas_cm2: np.ndarray
    markers: np.ndarray
    found_ml: float


def validation_answers(network: JointNetwork, patient: Patient, device: torch.device) -> Answers | None:
    """Let a network read a validation patient; None for one without a hematoma, or whose markers are not known."""
    if not patient.judged or not (patient.labels == HEMATOMA).any():
        return None
    image = (patient.hounsfield, patient.inside, patient.extents_mm)
    reading = read_head(network, *image, WINDOW_HU, device, lambda *_: None)
    found_ml = float(slices_ml(reading.labels == HEMATOMA, patient.extents_mm).sum())
    return Answers(reading.slice_logits, reading.margin_lengths, reading.areas_cm2, patient.markers, found_ml)


def fit_rule(place: Path, data: Path, seeds: Sequence[int], device: torch.device, processes: int = 1, log=print) -> None:
    """Write the rule of a training folder or a bundle, by the validation patients of these seeds in a data folder.

    Args:
        processes: patients at once, each on one thread, where the device is the processor.

    Raises:
        InputError: the folder holds none of them with a hematoma.
    """
    files = [file for file in patient_files(data) if patient_number(file) in seeds]
    if device.type == "cpu" and processes > 1:
        found = list(in_processes(partial(_answers_of_file, place), files, processes=processes))
    else:
        network = network_of(place)
        found = [validation_answers(network, load_patient(file), device) for file in files]
    answers = [each for each in found if each is not None]
    if not answers:
        raise InputError(f"{data} holds no validation patients with a hematoma; draw more with fit-rule --patients.")
    _write_rule(place, data, _large_enough(answers, log), log)


def fit_own_rule(place: Path, data: Path, device: torch.device, log=print) -> None:
    """Write the rule of a training folder or a bundle, by the own cases that ``split.csv`` keeps for validation.

    Cases of which only some slices were judged are left out, as a rule is about whole patients.

    Raises:
        InputError: none of them has a hematoma and judged markers.
    """
    network = network_of(place)
    patients = load_patients(data, parts=(VALIDATION,))
    whole = [patient for patient in patients if patient.inside is not None]
    answers = [each for patient in whole if (each := validation_answers(network, patient, device))]
    if not answers:
        raise InputError(
            f"None of {how_many(len(patients), 'validation case')} of {data} has a hematoma, all slices and all four markers "
            "judged; the rule is chosen on such cases, so import some."
        )
    _write_rule(place, data, _large_enough(answers, log), log)


def _large_enough(answers: Sequence[Answers], log) -> Sequence[Answers]:
    """Those of whose hematoma so much is found that signs are told: a rule for the others would never be asked. All where there is
    none, so that a first short training comes to its end, too."""
    large = [each for each in answers if each.found_ml >= LEAST_SIGN_ML]
    if not large:
        log(
            f"In none of {how_many(len(answers), 'validation patient')} with a hematoma {LEAST_SIGN_ML:g} mL or more is found, and "
            "on less no sign is told: the rule is fitted on what there is and says little; train the segmentation longer."
        )
        return answers
    if len(large) < len(answers):
        log(
            f"{len(answers) - len(large)} of {how_many(len(answers), 'validation patient')} with a hematoma left out: less than "
            f"{LEAST_SIGN_ML:g} mL of it is found, too little for signs to be told."
        )
    return large


def is_bundle(place: Path) -> bool:
    """Whether a folder holds a bundle, not a training."""
    return (place / METADATA).is_file()


def network_of(place: Path) -> JointNetwork:
    """The network of a training folder or a bundle, ready to predict."""
    return load_network(find_bundle(place, TASK), NETWORKS) if is_bundle(place) else trained_network(place)[0]


def _write_rule(place: Path, data: Path, answers: Sequence[Answers], log) -> None:
    true = np.array([each.markers for each in answers])
    alike = [marker for marker, column in zip(MARKERS, true.T, strict=True) if column.all() or not column.any()]
    if alike:
        log(
            f"On {how_many(len(answers), 'validation patient')} nothing can be told of {', '.join(alike)}; "
            "left uncalibrated, threshold 0.5."
        )
    rule, mean_auc = fitted_rule(answers)
    if is_bundle(place):
        with_rule(place, rule, mean_auc)
    else:
        steps = asdict(preparation_steps(data))
        written = {"rule": rule.to_settings(), "mean_auc": mean_auc, "patients": len(answers), "preparation": steps}
        write_json(place / RULE_FILE, written)
    log(f"rule of {how_many(len(answers), 'validation patient')} with a hematoma: {json.dumps(rule.to_settings())}")


def _answers_of_file(place: Path, file: Path) -> Answers | None:
    return validation_answers(network_of(place), load_patient(file), torch.device("cpu"))


def fitted_rule(patients: Sequence[Answers]) -> tuple[PatientRule, dict[str, Any]]:
    """Choose the rule with the largest mean AUC of the markers, then the weight of the margin's length with which irregular margins
    are told best, and give it calibrations and thresholds.

    Returns:
        The rule, and the mean AUC of every rule that was tried, by ``"top slices / least area"``.
    """
    tried = {(top, area): _mean_auc(patients, _plain(top, area)) for area in LEAST_AREAS_CM2 for top in TOP_SLICES}
    top, area = max(tried, key=lambda each: tried[each] or 0.0)
    weighted = (_calibrated(patients, replace(_plain(top, area), margin_weight=weight)) for weight in MARGIN_WEIGHTS)
    rule, _loss = min(weighted, key=itemgetter(1))
    return rule, {f"top {top}, {area:g} cm2": auc for (top, area), auc in tried.items()}


def _calibrated(patients: Sequence[Answers], rule: PatientRule) -> tuple[PatientRule, float]:
    """A rule with calibrations and thresholds, and how badly its probabilities of an irregular margin fit (log loss)."""
    logits = patient_logits(patients, rule)
    answered = ~np.isnan(logits).any(axis=1)
    true = np.array([patient.markers for patient in patients])[answered]
    calibrations = {marker: calibration(*of_marker) for marker, *of_marker in zip(MARKERS, logits[answered].T, true.T, strict=True)}
    found = replace(rule, markers=calibrations)
    number = MARKERS.index(IRREGULAR_MARGIN)
    scores = patient_logits(patients, found)[answered, number]
    return found, float(np.sum(np.logaddexp(0, scores) - true[:, number] * scores))


def calibration(logits: np.ndarray, true: np.ndarray) -> MarkerCalibration:
    """Platt's scale and offset for logits (n,) and truths bool (n,), and Youden's threshold; plain ones where all are of one kind.

    As Platt (1999) has it, the targets are drawn in a little, so that few patients do not make it too sure.
    """
    if true.all() or not true.any():  # of none, both
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
    probabilities = [patient_probabilities(patient.logits, patient.margin_lengths, patient.areas_cm2, rule) for patient in patients]
    values = np.array([[each[marker] for marker in MARKERS] for each in probabilities], float)  # None becomes nan
    return logit(values.clip(SURE, 1 - SURE))


def _mean_auc(patients: Sequence[Answers], rule: PatientRule) -> float | None:
    logits = np.nan_to_num(patient_logits(patients, rule), nan=-1e6)
    true = np.array([patient.markers for patient in patients])
    values = [roc_auc(logits[:, number], true[:, number]) for number in range(len(MARKERS))]
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None


def _plain(top_slices: int, least_area_cm2: float) -> PatientRule:
    return PatientRule(dict.fromkeys(MARKERS, MarkerCalibration()), top_slices, least_area_cm2)
