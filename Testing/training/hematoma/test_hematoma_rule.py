"""How slices make a patient: the rule is chosen, calibrated and given its thresholds on patients of whom all is known."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from HematomaMarkersLib.labels import BLEND, HEMATOMA, IRREGULAR_MARGIN, MARKERS
from HematomaMarkersLib.model.inference import HeadReading
from HematomaMarkersLib.model.patient_rule import MarkerCalibration
from HematomaMarkersLib.model.preparation.grid import NETWORK_PIXEL_MM

from training.hematoma.data import Patient
from training.hematoma.evaluation import rule as fitting
from training.hematoma.evaluation.rule import (
    Answers,
    calibration,
    fit_own_rule,
    fit_rule,
    fitted_rule,
    patient_logits,
    validation_answers,
    youden_threshold,
)


def test_calibration_finds_the_scale_of_the_logits_and_youdens_threshold():
    random = np.random.default_rng(0)
    logits = random.normal(0, 2, 4000)
    true = random.random(4000) < 1 / (1 + np.exp(-(0.5 * logits + 1)))
    found = calibration(logits, true)
    assert found.scale == pytest.approx(0.5, abs=0.07) and found.offset == pytest.approx(1, abs=0.12)
    assert youden_threshold(np.array([0.1, 0.2, 0.6, 0.8]), np.array([False, False, True, True])) == pytest.approx(0.4)
    assert calibration(np.array([1.0, 2.0]), np.array([True, True])) == MarkerCalibration()


def test_the_rule_that_tells_patients_apart_is_chosen():
    """One slice of three is high in patients with a marker, two are middling in those without: only the highest slice tells."""
    patients = []
    for number in range(12):
        there = number % 2 == 0
        logits = np.array([4.0, -3, -3] if there else [1.0, 1, 1], np.float32) + number * 0.01
        patients.append(Answers(np.repeat(logits[:, None], 4, axis=1), np.zeros(3), np.full(3, 5.0), np.full(4, there), 7.5))
    rule, tried = fitted_rule(patients)
    assert rule.top_slices == 1 and tried["top 1, 0 cm2"] == 1.0 and tried["top 6, 0 cm2"] < 0.5
    assert rule.margin_weight == 0  # smooth margins, all of them


def test_a_margin_s_length_counts_where_it_tells_more_than_the_network():
    """The network's logits are noise; margins are 15 % longer than an ellipse's where they are irregular, 3 % elsewhere."""
    random = np.random.default_rng(5)
    patients = []
    for number in range(60):
        there = number % 3 == 0
        lengths = np.log(1.15 if there else 1.03) + random.normal(0, 0.02, 5)
        logits = random.normal(0, 1, (5, 4)).astype(np.float32)
        patients.append(Answers(logits, lengths, np.full(5, 5.0), np.full(4, there), 12.5))
    rule = fitted_rule(patients)[0]
    logits, there = patient_logits(patients, rule), np.array([patient.markers[0] for patient in patients])
    irregular = logits[:, MARKERS.index(IRREGULAR_MARGIN)]
    assert rule.margin_weight >= 10 and irregular[there].min() > irregular[~there].max()
    blend = logits[:, MARKERS.index(BLEND)]  # no other sign hears of it
    assert blend[there].min() < blend[~there].max()


def test_a_validation_patient_keeps_what_the_network_reads_of_it(monkeypatch):
    labels = np.zeros((3, 256, 256), np.uint8)
    labels[1:, 100:120, 100:120] = HEMATOMA
    areas, lengths = np.array([0.0, 4.0, 5.0]), np.array([np.nan, 0.1, 0.2])
    logits = np.arange(12, dtype=np.float32).reshape(3, 4)
    reading = HeadReading(labels, areas, logits, lengths, np.zeros((3, 4)), labels, labels > 0)
    monkeypatch.setattr("training.hematoma.evaluation.rule.read_head", lambda *_: reading)
    there = np.array([True, False, True, False])
    facts = {"judged": True, "near_misses": (), "location": None, "inside": labels > 0, "extents_mm": np.full(3, 5.0)}
    patient = Patient(500, np.full(labels.shape, 60, np.int16), labels, np.tile(there, (3, 1)), there, **facts)
    answers = validation_answers(None, patient, torch.device("cpu"))
    for kept, read in zip((answers.logits, answers.margin_lengths, answers.areas_cm2), (logits, lengths, areas), strict=True):
        np.testing.assert_array_equal(kept, read)
    assert (answers.markers == there).all()
    assert answers.found_ml == pytest.approx(2 * 20 * 20 * NETWORK_PIXEL_MM**2 * 5 / 1000)
    assert validation_answers(None, replace(patient, judged=False), torch.device("cpu")) is None


@pytest.fixture
def reading_all(monkeypatch):
    """Validation patients of whom a network answers as it is told: found volume in mL -> answer, in this order."""

    def read(*found_ml: float) -> list[Answers]:
        random = np.random.default_rng(7)
        answers = []
        for number, volume_ml in enumerate(found_ml):
            there = np.array([number % 2 == 0, False, number % 2 == 0, number % 2 == 0])
            logits = random.normal(np.where(there, 1.0, -1.0) * (1 if volume_ml >= 1.5 else -9), 0.5, (3, 4)).astype(np.float32)
            answers.append(Answers(logits, np.zeros(3), np.full(3, volume_ml), there, volume_ml))
        left = iter(answers)
        numbered = [Path(f"patient-{500 + number}.npz") for number in range(len(answers))]
        patients = [SimpleNamespace(inside=True) for _ in answers]
        for name, stand_in in (
            ("network_of", lambda place: None),
            ("patient_files", lambda data: numbered),
            ("load_patient", lambda file: None),
            ("load_patients", lambda data, parts: patients),
            ("validation_answers", lambda *_: next(left)),
            ("preparation_steps", lambda data: MarkerCalibration()),
        ):
            monkeypatch.setattr(fitting, name, stand_in)
        return answers

    return read


FOUND_ML = (1.5, 8.0, 1.49, 3.0, 0.0, 20.0)


@pytest.mark.parametrize("own", [False, True])
def test_the_rule_is_fitted_on_the_patients_in_whom_enough_is_found_for_signs_to_be_told(own, reading_all, tmp_path):
    answers, lines = reading_all(*FOUND_ML), []
    if own:
        fit_own_rule(tmp_path, tmp_path, torch.device("cpu"), log=lines.append)
    else:
        fit_rule(tmp_path, tmp_path, range(500, 506), torch.device("cpu"), log=lines.append)
    written = json.loads((tmp_path / "rule.json").read_text())
    large = [each for each in answers if each.found_ml >= 1.5]
    assert written["patients"] == len(large) == 4 and written["rule"] == fitted_rule(large)[0].to_settings()
    left_out, alike, fitted = lines
    assert left_out.startswith("2 of 6 validation patients with a hematoma left out: less than 1.5 mL of it is found")
    assert "nothing can be told of irregular_margin;" in alike and "rule of 4 validation patients" in fitted


@pytest.mark.parametrize("own", [False, True])
def test_where_no_patient_has_enough_found_the_rule_is_of_all_and_says_so(own, reading_all, tmp_path):
    answers, lines = reading_all(1.49, 0.0), []
    if own:
        fit_own_rule(tmp_path, tmp_path, torch.device("cpu"), log=lines.append)
    else:
        fit_rule(tmp_path, tmp_path, range(500, 506), torch.device("cpu"), log=lines.append)
    written = json.loads((tmp_path / "rule.json").read_text())
    assert written["patients"] == 2 and written["rule"] == fitted_rule(answers)[0].to_settings()
    assert lines[0].startswith("In none of 2 validation patients with a hematoma 1.5 mL or more is found")
