"""Figures of an evaluation, against counting by hand and against geometry."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from LesionReadingLib.geometry.spacing import Spacing
from LesionReadingLib.model.bundle import load_bundle
from OCTCalciumLib.labels import TASK
from OCTCalciumLib.measurement.pullback import measure_pullback
from PIL import Image
from untrained_model import untrained_oct_model, vessel

from training.__main__ import main
from training.oct.data import Patient
from training.oct.evaluate import agreement, class_figures, closed_lumen_mask, confusion_matrix, evaluate, without_lumen
from training.oct.tables import phantom_tables

SPACING = Spacing(0.02, 0.02, 0.5, "test", "test")


def test_pixels_are_counted_by_true_and_found_class():
    truth = np.array([[[0, 0, 1], [1, 2, 3]]], np.uint8)
    found = np.array([[[0, 1, 1], [3, 2, 3]]], np.uint8)
    counted = np.zeros((4, 4), int)
    for true, label in zip(truth.ravel(), found.ravel(), strict=True):
        counted[true, label] += 1
    np.testing.assert_array_equal(confusion_matrix(truth, found), counted)


def test_accuracy_is_recall_and_iou_is_overlap_over_union():
    figures = class_figures(np.array([[90, 10], [5, 15]]), ["rest", "calcium"])
    assert figures["calcium"] == {"accuracy": 15 / 20, "iou": 15 / 30}
    assert figures["rest"] == {"accuracy": 90 / 100, "iou": 90 / 105}


def test_a_class_that_never_occurs_has_no_figures():
    assert class_figures(np.array([[7, 0], [0, 0]]), ["rest", "calcium"])["calcium"] == {"accuracy": None, "iou": None}


def test_lumen_taken_for_background_is_no_fault_among_three_classes():
    truth, found = np.array([[[3, 0, 1, 3]]], np.uint8), np.array([[[0, 3, 1, 1]]], np.uint8)
    merged = without_lumen(confusion_matrix(truth, found))
    np.testing.assert_array_equal(merged, [[2, 1, 0], [0, 1, 0], [0, 0, 0]])


def test_agreement_is_found_minus_true():
    truth = np.stack([vessel(90), vessel(170), vessel(200), vessel(0)])
    found = np.stack([vessel(100), vessel(190), vessel(195), vessel(0)])
    figures = agreement([(measure_pullback(truth, SPACING), measure_pullback(found, SPACING))])
    differences = np.array([10, 20, -5])
    assert figures["bridged_arc_deg"]["frames"] == 3
    assert figures["bridged_arc_deg"]["bias"] == pytest.approx(differences.mean(), abs=2)
    assert figures["bridged_arc_deg"]["sd"] == pytest.approx(differences.std(), abs=2)
    assert figures["volume_error_percent"] == [pytest.approx(100 * 25 / 460, abs=0.5)]
    assert figures["frames_over_180"] == {"true": 1, "found": 2, "f1": pytest.approx(2 / 3)}
    assert figures["max_thickness_mm"]["bias"] == pytest.approx(0, abs=0.01)


def test_frames_without_any_calcium_do_not_flatter_the_arc():
    truth, found = np.stack([vessel(0)] * 9 + [vessel(90)]), np.stack([vessel(0)] * 9 + [vessel(0)])
    figures = agreement([(measure_pullback(truth, SPACING), measure_pullback(found, SPACING))])
    assert figures["bridged_arc_deg"]["frames"] == 1
    assert figures["bridged_arc_deg"]["bias"] == pytest.approx(-90, abs=2)
    assert figures["volume_error_percent"] == [-100]


def test_pullbacks_without_calcium_are_no_division_by_zero():
    truth = measure_pullback(np.stack([vessel(0)]), SPACING)
    figures = agreement([(truth, truth)])
    assert figures["bridged_arc_deg"] == {"bias": None, "sd": None, "frames": 0}
    assert figures["volume_error_percent"] == [] and figures["frames_over_180"]["f1"] is None


def test_the_closed_lumen_holds_what_the_wire_hides():
    whole = vessel(0) == 3
    closed = closed_lumen_mask(vessel(0, wire_deg=40))
    assert 2 * (closed & whole).sum() / (closed.sum() + whole.sum()) > 0.99


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """An untrained network as a bundle."""
    return untrained_oct_model(tmp_path / "model")


def test_evaluation_covers_every_pixel_and_its_tables_show_every_class(model):
    truth = np.stack([vessel(90, 20, 128), vessel(200, 20, 128)])
    patient = Patient(7, np.stack([truth * 60, truth]), (0.02, 0.02, 0.5))
    figures = evaluate(load_bundle(model, TASK), [patient], "cpu", shifted=False)
    assert np.sum(figures["confusion"]) == truth.size and figures["frames"] == 2 and figures["patients"] == [7]
    np.testing.assert_array_equal(np.sum(figures["confusion"], axis=1), np.bincount(truth.ravel(), minlength=4))
    tables = phantom_tables(json.loads(json.dumps(figures)))
    assert tables.count("| accuracy |") == 2 and "F1" in tables
    assert all(name in tables for name in ("background", "calcium", "guidewire", "lumen"))


def test_real_frames_are_judged_and_the_card_tells_it(model, tmp_path, capsys):
    for folder in ("images", "masks"):
        (tmp_path / folder).mkdir()
    for name in ("a_1", "a_2"):
        labels = vessel(0, 20)
        grey = np.where(labels == 0, 120, 5) + np.random.default_rng(len(name)).integers(0, 40, labels.shape)
        Image.fromarray(grey.astype(np.uint8)).save(tmp_path / f"images/{name}.png")
        mask = np.zeros((*labels.shape, 3), np.uint8)
        mask[vessel(0) == 3, 0] = 255
        mask[:20, :, 1] = 255
        Image.fromarray(mask).save(tmp_path / f"masks/{name}.tiff")
    figures = tmp_path / "frames.json"
    assert (
        main(["oct", "evaluate-frames", str(model), str(tmp_path / "images"), str(tmp_path / "masks"), "--json", str(figures)]) == 0
    )
    assert "lumen Dice" in capsys.readouterr().out
    assert [frame["name"] for frame in json.loads(figures.read_text())["frames"]] == ["a_1", "a_2"]
    assert main(["oct", "card", str(model), "--frames", str(figures), "--frames-source", "my own pullback"]) == 0
    assert "my own pullback" in (model / "docs" / "README.md").read_text()
    assert "lumen Dice" in (model / "docs/README.md").read_text()
    assert "lumen_dice" in load_bundle(model, TASK).summary()["eval_metrics"]["frames"]


def test_a_picture_without_mask_is_named(model, tmp_path, capsys):
    (tmp_path / "images").mkdir()
    Image.fromarray(np.full((64, 64), 9, np.uint8)).save(tmp_path / "images/lonely.png")
    assert main(["oct", "evaluate-frames", str(model), str(tmp_path / "images"), str(tmp_path)]) == 2
    assert "lonely" in capsys.readouterr().err


def test_patients_that_may_have_been_learnt_are_not_evaluated(model, capsys):
    assert main(["oct", "evaluate", str(model), "--first-seed", "995", "--patients", "10"]) == 2
    assert "may have been learnt" in capsys.readouterr().err
