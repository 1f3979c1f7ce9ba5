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
from training.oct.evaluate import (
    Compared,
    agreement,
    class_figures,
    closed_lumen_mask,
    confusion_matrix,
    evaluate,
    iou_intervals,
    without_lumen,
)
from training.oct.tables import phantom_tables
from training.reporting.cards import sections
from training.reporting.course import course_line, with_course

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


def test_the_interval_of_an_overlap_resamples_patients_not_cases():
    """One all right and one all wrong, of equal size: a quarter of the resamplings hold either twice."""
    right, wrong = np.zeros((4, 4), int), np.zeros((4, 4), int)
    right[1, 1] = wrong[1, 0] = 10
    results = [Compared(number, counts, None, None, None, None) for number, counts in enumerate((right, wrong))]
    assert iou_intervals(results, ["a", "b"])["calcium"] == (0.0, 1.0)
    assert iou_intervals(results, ["a", "a"])["calcium"] == (None, None), "two cases of one patient"


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


def test_a_single_frame_has_no_spread(model):
    truth = vessel(90, 20, 128)[None]
    patient = Patient(7, np.stack([truth * 60, truth]), (0.02, 0.02, 0.5))
    table = phantom_tables(evaluate(load_bundle(model, TASK), [patient], "cpu", shifted=False))
    (row,) = [line for line in table.splitlines() if line.startswith("| bridged arc, bias")]
    assert row.endswith("| 1 frame |") and "+-" not in row


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
    card = (model / "docs/README.md").read_text()
    assert "lumen Dice" in card and "By `python -m training oct evaluate-frames model images masks --json frames.json`: " in card
    assert "lumen_dice" in load_bundle(model, TASK).summary()["eval_metrics"]["frames"]


REAL = {
    "frames": [
        {"name": "p_0", "dice": 0.5, "true_pixels": 9, "true_arc_deg": 40.0, "found_arc_deg": 50.0, "arc_range_deg": [30.0, 60.0]}
    ],
    **{"pixel_mm": 0.02, "pullbacks": False, "dice": 0.5, "patients": {"p": 0.5}, "frames_with_calcium": 1, "close_arcs": 1},
    **{"arcs_in_range": {"held": 1, "count": 1}, "frames_without_calcium": 0, "false_calcium_share": None},
}


def test_figures_stay_in_the_card_until_others_of_their_kind_come(model, tmp_path):
    card = model / "docs/README.md"
    truth = vessel(90, 20, 128)[None]
    figures = evaluate(
        load_bundle(model, TASK), [Patient(7, np.stack([truth * 60, truth]), (0.02, 0.02, 0.5))], "cpu", shifted=True
    )
    (tmp_path / "shifted.json").write_text(json.dumps(figures))
    (tmp_path / "real.json").write_text(json.dumps(REAL))
    assert main(["oct", "card", str(model), "--shifted", str(tmp_path / "shifted.json")]) == 0
    shifted = sections(card.read_text())["Figures on phantoms with shifted physics"]
    assert main(["oct", "card", str(model), "--real", str(tmp_path / "real.json")]) == 0
    found = sections(card.read_text())
    assert found["Figures on phantoms with shifted physics"] == shifted and "(seeds 7 to 7)" in shifted
    assert load_bundle(model, TASK).metadata["eval_metrics"].keys() == {"shifted", "real"}
    once = card.read_bytes()
    (tmp_path / "real.json").write_text(json.dumps(REAL | {"dice": 0.25}))
    assert main(["oct", "card", str(model), "--real", str(tmp_path / "real.json")]) == 0
    assert b"| mean Dice of calcium | 0.500 |" in once and "| mean Dice of calcium | 0.250 |" in card.read_text()
    assert card.read_text().count("Figures on real frames with calcium") == 1


def test_the_card_tells_how_the_same_frames_were_read_otherwise(model, tmp_path):
    without = {"dice": None, "patients": {}, "frames_with_calcium": 0, "close_arcs": 0, "frames_without_calcium": 40}
    for name, other in {
        "real": {},
        "small": {"pixel_mm": 0.018, "pullbacks": True, "dice": 0.4, "patients": {"p": 0.4}, "close_arcs": 0},
        "aside": {"pixel_mm": None, **without, "false_calcium_share": 0.025},
    }.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(REAL | other))
    files = [str(tmp_path / f"{name}.json") for name in ("real", "small", "aside")]
    assert main(["oct", "card", str(model), "--real", *files]) == 0
    text = sections((model / "docs/README.md").read_text())["Figures on real frames with calcium"]
    assert "| 0.018 | as neighbours | 1 | 0.400 | p 0.400 | 0 of 1 | 0 | - |" in text
    assert "| - | each alone | 0 | - | - | - | 40 | 2% |" in text
    assert "| mean Dice of calcium | 0.500 |" in text
    assert "small" not in json.dumps(load_bundle(model, TASK).metadata["eval_metrics"])


def test_figures_tell_their_command_without_folders_and_its_minutes():
    figures = with_course(lambda: {"dice": 0.5}, ["oct", "evaluate", "/home/somebody/my models/MINE", "--patients", "2"])
    assert figures["dice"] == 0.5 and figures["course"]["minutes"] >= 0 and figures["course"]["processor_minutes"] >= 0
    figures["course"] |= {"minutes": 61.24, "processor_minutes": 100.06}
    assert course_line(figures) == (
        "By `python -m training oct evaluate MINE --patients 2`: 61.2 minutes, 100.1 of processor time."
    )
    assert course_line({"dice": 0.5}) == ""


def test_a_picture_without_mask_is_named(model, tmp_path, capsys):
    (tmp_path / "images").mkdir()
    Image.fromarray(np.full((64, 64), 9, np.uint8)).save(tmp_path / "images/lonely.png")
    assert main(["oct", "evaluate-frames", str(model), str(tmp_path / "images"), str(tmp_path)]) == 2
    assert "lonely" in capsys.readouterr().err


def test_patients_that_may_have_been_learnt_are_not_evaluated(model, capsys):
    assert main(["oct", "evaluate", str(model), "--first-seed", "995", "--patients", "10"]) == 2
    assert "may have been learnt" in capsys.readouterr().err
