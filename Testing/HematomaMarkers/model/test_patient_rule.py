"""How the slices of a patient make one probability of each marker, and how a bundle keeps the rule."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from HematomaMarkersLib.labels import BLEND, IRREGULAR_MARGIN, MARKERS
from HematomaMarkersLib.model.patient_rule import (
    MarkerCalibration,
    PatientRule,
    marker_slices,
    patient_probabilities,
    rule_from_settings,
    with_margin,
)
from LesionReadingLib.errors import InputError

RULE = PatientRule({marker: MarkerCalibration() for marker in MARKERS})
LOGITS = np.array([[np.nan] * 4, [5, 0, 0, 0], [1, 2, -1, 0], [3, -2, 1, 0], [2, 0, 0, -4]], np.float32)
AREAS_CM2 = np.array([0.0, 0.4, 2.0, 0.5, 9.0])
SMOOTH = np.zeros(5)


@pytest.mark.parametrize(
    ("top", "expected"), [(1, [3, 2, 1, 0]), (2, [2.5, 1, 0.5, 0]), (3, [2, 0, 0, -4 / 3]), (9, [2, 0, 0, -4 / 3])]
)
def test_the_patients_logit_is_the_mean_of_the_highest_of_slices_with_enough_blood(top, expected):
    found = patient_probabilities(LOGITS, SMOOTH, AREAS_CM2, replace(RULE, top_slices=top))
    assert list(found) == list(MARKERS)
    np.testing.assert_allclose(list(found.values()), 1 / (1 + np.exp(-np.array(expected))), rtol=1e-5)


def test_scale_and_offset_are_the_markers_own():
    rule = replace(RULE, top_slices=1, markers={**RULE.markers, BLEND: MarkerCalibration(2.0, -1.0, 0.3)})
    found = patient_probabilities(LOGITS, SMOOTH, AREAS_CM2, rule)
    assert found[BLEND] == pytest.approx(1 / (1 + np.exp(-1)))
    assert found["hypodensity"] == pytest.approx(1 / (1 + np.exp(-3)))


def test_where_all_blood_is_small_all_slices_with_blood_count():
    assert patient_probabilities(LOGITS, SMOOTH, AREAS_CM2 / 100, replace(RULE, top_slices=1))["hypodensity"] == pytest.approx(
        1 / (1 + np.exp(-5))
    )


def test_the_slice_of_a_marker_is_that_of_its_highest_logit():
    assert marker_slices(LOGITS, AREAS_CM2, RULE) == {"hypodensity": 3, "irregular_margin": 2, "blend": 3, "fluid_level": 2}


def test_a_long_margin_on_the_largest_slice_speaks_for_an_irregular_one_alone():
    lengths = np.array([np.nan, 0.5, 0.02, 0.3, 0.1])
    rule = replace(RULE, top_slices=1, margin_weight=20.0)
    found, plain = (patient_probabilities(LOGITS, each, AREAS_CM2, rule) for each in (lengths, SMOOTH))
    assert found[IRREGULAR_MARGIN] == pytest.approx(1 / (1 + np.exp(-4)))  # 2, and 20 times 0.1
    assert {**found, IRREGULAR_MARGIN: None} == {**plain, IRREGULAR_MARGIN: None}
    of_slices = with_margin(LOGITS, lengths, rule)
    assert marker_slices(of_slices, AREAS_CM2, rule) == marker_slices(LOGITS, AREAS_CM2, rule) | {IRREGULAR_MARGIN: 3}
    np.testing.assert_allclose(of_slices[1:, MARKERS.index(IRREGULAR_MARGIN)], [10, 2.4, 4, 2], rtol=1e-6)


def test_without_hematoma_no_marker_has_a_probability():
    nowhere = np.full((3, 4), np.nan, np.float32)
    assert set(patient_probabilities(nowhere, np.zeros(3), np.zeros(3), RULE).values()) == {None}
    assert set(marker_slices(nowhere, np.zeros(3), RULE).values()) == {None}


def test_a_rule_is_kept_with_the_bundle():
    rule = PatientRule({**RULE.markers, BLEND: MarkerCalibration(1.5, 0.25, 0.4)}, 2, 1.0, 20.0)
    assert rule_from_settings({"markers": rule.to_settings()}, "") == rule
    earlier = {name: value for name, value in rule.to_settings().items() if name != "margin_weight"}
    assert rule_from_settings({"markers": earlier}, "") == replace(rule, margin_weight=0.0)


@pytest.mark.parametrize("weight", [-1, 1e9, float("nan"), None, "much"])
def test_a_rule_with_a_strange_weight_of_the_margin_is_refused(weight):
    with pytest.raises(InputError, match="how slices make a patient"):
        rule_from_settings({"markers": RULE.to_settings() | {"margin_weight": weight}}, "")
