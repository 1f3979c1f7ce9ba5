"""Of which heads an evaluation counts signs: those in whom a reader is told of them, and who is left out is said."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from drawn_bleed import a_grid, a_head, a_network_result
from HematomaMarkersLib.labels import BLEND, HEMATOMA, IRREGULAR_MARGIN, MARKERS
from HematomaMarkersLib.model.prediction import Segmentation

from training.hematoma.evaluation import evaluate
from training.hematoma.evaluation.evaluate import PatientResult, Truth, compared
from training.hematoma.evaluation.figures import model_figures
from training.hematoma.evaluation.tables import figures_tables


def a_result(number: int, found_ml: float, probability: float | None, there: bool, **known) -> PatientResult:
    return PatientResult(
        number=number,
        location="putamen",
        near_misses=(),
        true_ml=4.0,
        found_ml=found_ml,
        true_ivh_ml=0.0,
        found_ivh_ml=0.0,
        voxels=(0, 100, 0),
        ivh_voxels=(0, 0, 0),
        true={**dict.fromkeys(MARKERS, False), BLEND: there},
        probabilities=dict.fromkeys(MARKERS, probability),
        thresholds=dict.fromkeys(MARKERS, 0.5),
        evidence=dict.fromkeys(MARKERS, False),
        slice_numbers=[1],
        slice_true=[[there] * 4],
        slice_probabilities=[[probability] * 4],
        heat_mm={BLEND: 1.0} if there else {},
        signs_told=found_ml >= 1.5,
        **known,
    )


RESULTS = [
    a_result(0, 4.0, 0.9, True),
    a_result(1, 4.0, 0.7, True),
    a_result(2, 4.0, 0.3, False),
    a_result(3, 1.2, 0.1, True),  # told, all four would be wrong
    a_result(4, 1.2, 0.95, False),
    a_result(5, 0.0, None, True),
    a_result(6, 4.0, 0.05, True, judged=False),
]


def test_signs_are_counted_over_the_heads_in_whom_they_are_told_and_the_others_are_named():
    figures = model_figures(RESULTS)
    assert figures["signs"] == {
        "judged": 6,
        "told": 3,
        "not_found": 1,
        "found_too_small": 2,
        "untold_with_marker": {**dict.fromkeys(MARKERS, 0), BLEND: 2},
    }
    blend = figures["markers"][BLEND]
    assert (blend["patients"], blend["with_marker"]) == (3, 2)
    assert blend["auc"]["value"] == blend["slice_auc"]["value"] == 1.0 and blend["network"] == {"sensitivity": 1, "specificity": 1}
    assert blend["calibration"]["brier"] == pytest.approx(np.mean(np.square([0.1, 0.3, 0.3])))
    assert sum(count for _said, _seen, count in blend["calibration"]["bins"]) == 3
    assert figures["heat"][BLEND]["patients"] == 2
    assert figures["hematoma"]["dice"]["patients"] == figures["volume"]["patients"] == 7  # of the hematoma all count


def test_the_tables_say_in_a_line_who_is_left_out():
    line = (
        "Markers are told, and counted, in 3 of 6 patients with a hematoma; 3 left out, as less than 1.5 mL of it is found, or "
        "than 5 mL on a scan cut to a window (2), or nothing (1). Markers that these have, all missed: hypodensity 0, irregular "
        "margin 0, blend sign 2, fluid level 0."
    )
    assert line in figures_tables(model_figures(RESULTS)).split("\n\n")
    assert "3 of 3 patients with a hematoma: enough of it is found in all." in figures_tables(model_figures(RESULTS[:3]))


def test_where_no_sign_is_told_or_nobody_judged_there_are_no_tables_of_signs():
    for some, line in ((RESULTS[3:6], "in 0 of 3 patients"), (RESULTS[6:], "of none of these patients were they judged")):
        figures = model_figures(some)
        assert figures["markers"] == {} and line in figures_tables(figures) and "Reliability" not in figures_tables(figures)


COMB_ML, LITTLE_ML = 1.3, 0.3


def a_slice_with_a_comb(pixels: int) -> np.ndarray:
    """Rows and columns of a slice of 200 x 200 mm with a hematoma of a very uneven margin, cut off after some pixels."""
    comb = np.zeros((200, 200), np.uint8)
    comb[90:94, 120:160] = comb[94:104, 120:160:4] = HEMATOMA
    comb.flat[np.flatnonzero(comb)[pixels:]] = 0
    return comb


@pytest.mark.parametrize(("part_ml", "irregular"), [(COMB_ML, True), (LITTLE_ML, False)])
@pytest.mark.parametrize("told", [True, False])
def test_signs_are_told_by_the_whole_hematoma_where_a_few_slices_are_judged(told, part_ml, irregular, monkeypatch):
    scan, labels = a_head(a_grid(pixel_mm=(1.0, 1.0), slice_mm=5.0), ventricles=False)
    judged = int(np.flatnonzero(labels.any(axis=(1, 2)))[0])
    labels[judged] = a_slice_with_a_comb(round(part_ml / 0.005))
    scan.hounsfield[labels > 0] = 62
    found = labels if told else np.where(np.arange(len(labels))[:, None, None] == judged, labels, 0).astype(np.uint8)
    network = a_network_result(scan, found, dict.fromkeys(MARKERS, 0.9), 0.5)
    segmentation = Segmentation(found, np.zeros(found.shape, bool), ())
    monkeypatch.setattr(evaluate, "predict", lambda *_: (segmentation, network))
    monkeypatch.setattr(evaluate, "find_bundle", lambda *_: None)
    facts = {"location": None, "near_misses": ()}
    truth = Truth(labels, dict.fromkeys(MARKERS, True), np.ones((len(labels), 4), bool), facts, [judged])
    result, _ = compared(1, scan, truth, None, "cpu")
    assert result.found_ml == pytest.approx(part_ml) and result.signs_told == told
    assert result.evidence[IRREGULAR_MARGIN] == (told and irregular)
    assert result.probabilities == dict.fromkeys(MARKERS, 0.9)  # kept, told or not
    whole, _ = compared(1, scan, replace(truth, judged=None), None, "cpu")
    assert whole.signs_told == told and (whole.found_ml > 10) == told


def test_on_a_scan_cut_to_a_window_signs_are_told_from_more_on(monkeypatch):
    scan, labels = a_head(a_grid(pixel_mm=(1.0, 1.0), slice_mm=5.0), ventricles=False)
    found = np.where(np.cumsum(labels).reshape(labels.shape) <= 800, labels, 0).astype(np.uint8)  # 4 mL
    skull = scan.hounsfield.copy()
    skull[:, :3] = 900
    network = a_network_result(scan, found, dict.fromkeys(MARKERS, 0.9), 0.5)
    monkeypatch.setattr(evaluate, "predict", lambda *_: (Segmentation(found, np.zeros(found.shape, bool), ()), network))
    monkeypatch.setattr(evaluate, "find_bundle", lambda *_: None)
    truth = Truth(labels, dict.fromkeys(MARKERS, True), np.ones((len(labels), 4), bool), {"location": None, "near_misses": ()})
    for hounsfield, told in ((skull, True), (skull.clip(0, 80), False)):
        result, _ = compared(1, replace(scan, hounsfield=hounsfield.astype(np.int16)), truth, None, "cpu")
        assert 3.5 < result.found_ml < 4.5 and result.signs_told == told
