"""From phantom patients to a bundle: drawn, learnt in two stages, resumed, judged, written."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from drawn_training import write_patients
from HematomaMarkersLib.labels import HEMATOMA, MARKERS, TASK
from HematomaMarkersLib.model.network import JointNetwork
from HematomaMarkersLib.model.patient_rule import MarkerCalibration, PatientRule, rule_from_settings
from HematomaMarkersLib.model.prediction import NETWORKS
from HematomaMarkersLib.model.preparation.prepare import Steps
from HematomaMarkersLib.model.unet import HematomaUNet
from HematomaMarkersLib.phantom.patient import draw_head
from LesionReadingLib.errors import InputError
from LesionReadingLib.geometry.grid import even_grid
from LesionReadingLib.geometry.spacing import Spacing
from LesionReadingLib.model.bundle import find_bundle
from LesionReadingLib.model.prediction import load_network
from LesionReadingLib.model.weights import from_bytes, in_bytes

from training.__main__ import main
from training.engine.options import Budget
from training.engine.randomness import PictureRandom
from training.hematoma import phantoms
from training.hematoma.augment import hardened, marker_batch, roughened_masks, segmentation_batch
from training.hematoma.bundle.card import write_card, write_hard
from training.hematoma.bundle.write import PHANTOM_DATA, bundle_of_training, bundle_with_markers_of, limits
from training.hematoma.data import STEPS_FILE, load_patient, load_patients, patient_files, patient_number
from training.hematoma.evaluation.evaluate import PatientResult, distance_mm
from training.hematoma.evaluation.figures import model_figures
from training.hematoma.evaluation.rule import TOP_SLICES, fit_rule
from training.hematoma.phantoms import kept_slices
from training.hematoma.slices import SliceDataset, balanced_numbers, joined, kinds, validation_slices
from training.hematoma.train_markers import CHECKPOINT as MARKER_CHECKPOINT
from training.hematoma.train_markers import (
    MarkerTask,
    class_weights,
    corners,
    cut_out,
    train_markers,
    trained_network,
    varied_masks,
)
from training.hematoma.train_markers import Recipe as MarkerRecipe
from training.hematoma.train_markers import new_training as new_marker_training
from training.hematoma.train_segmentation import (
    CHECKPOINT,
    Recipe,
    SegmentationTask,
    first_weights,
    new_training,
    train_segmentation,
    trained_unet,
)

CPU = torch.device("cpu")
SIDE = 64
TINY = Recipe(width=0.1, batch=4, rate=0.01, stages=((1.0, SIDE),))
TINY_MARKERS = MarkerRecipe(batch=4, rate=0.01, marker_width=0.02)


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    """Six drawn patients of four slices, a bright disc on the middle two of all but the last; 1000 is for validation."""
    return write_patients(tmp_path_factory.mktemp("data"), 6, SIDE)


@pytest.fixture(scope="module")
def trained(data, tmp_path_factory) -> tuple[Path, list[float], list[float]]:
    """A training folder after both stages, and the losses of each."""
    folder = tmp_path_factory.mktemp("training")
    first = new_training(TINY, CPU)
    task = SegmentationTask(SliceDataset(data, None, "patient", 0), TINY, CPU, lambda line: None)
    losses = [float(first.learn(task.prepare(task.batch(step), step, 0.1), 0.1)) for step in range(15)]
    first.save(folder / CHECKPOINT)
    second, task = marker_training(folder, data)
    marker_losses = [float(second.learn(task.prepare(task.batch(step), step, 0.1), 0.1)) for step in range(15)]
    second.save(folder / MARKER_CHECKPOINT)
    return folder, losses, marker_losses


def marker_training(folder: Path, data: Path):
    """A new training of the second stage beside the U-Net of a folder, and its task."""
    slices = joined(load_patients(data))
    learnt = (slices.with_hematoma & (slices.patients != 1000)).nonzero()[:, 0]
    second = new_marker_training(TINY_MARKERS, trained_unet(folder)[0], TINY, torch.ones(4), CPU)
    return second, MarkerTask(slices, learnt, learnt, second.network, TINY_MARKERS, CPU)


def test_drawn_patients_are_those_of_the_phantom_prepared_for_the_network(tmp_path, monkeypatch):
    head, asked = draw_head(1003, 256), []  # at a quarter of the pixels, once
    monkeypatch.setattr(phantoms, "draw_head", lambda *which: asked.append(which) or head)
    arguments = ["hematoma", "make-data", str(tmp_path), "--patients", "1", "--first-seed", "1003", "--processes", "1"]
    assert main(arguments) == 0
    patient = load_patients(tmp_path)[0]
    assert asked == [(1003, 512)]
    assert patient.number == 1003 and patient.location == head.location and patient.near_misses == head.near_misses
    assert patient.hounsfield.shape == patient.labels.shape == (len(head.labels), 256, 256)
    areas_mm2 = (patient.labels == HEMATOMA).sum((1, 2)) * 0.9**2
    np.testing.assert_allclose(areas_mm2, (head.labels == HEMATOMA).sum((1, 2)) * head.grid.pixel_mm2, atol=15, rtol=0.05)
    np.testing.assert_array_equal(patient.slice_markers, head.slice_markers)
    written = (tmp_path / "patient-01003.npz").stat().st_mtime_ns
    assert main(arguments) == 0
    assert (tmp_path / "patient-01003.npz").stat().st_mtime_ns == written
    assert main([*arguments, "--without", "skull-removal"]) == 2
    plain = tmp_path / "plain"
    assert main([*arguments, "--unprepared", str(plain)]) == 0
    assert len(asked) == 2, "each patient is drawn once for both folders"
    assert not any(json.loads((plain / STEPS_FILE).read_text()).values()), "every step is left out"
    (unprepared,) = load_patients(plain)
    assert unprepared.hounsfield.shape == patient.hounsfield.shape and unprepared.location == patient.location
    assert (unprepared.hounsfield[:, 0, 0] < -900).all() and not patient.hounsfield[:, 0, 0].any(), "air about it, or removed"


def test_a_folder_without_patients_is_refused_in_one_line(tmp_path, capsys):
    assert main(["hematoma", "train-segmentation", str(tmp_path), str(tmp_path / "run"), "--minutes", "0.01"]) == 2
    assert "make-data" in capsys.readouterr().err


def test_patients_that_training_may_have_seen_are_not_held_out(capsys, data, tmp_path):
    assert main(["hematoma", "fit-rule", str(tmp_path), str(data), "--first-seed", "990"]) == 2
    assert "below" in capsys.readouterr().err


def test_patients_are_split_or_slices_at_random(data):
    slices = joined(load_patients(data))
    assert set(slices.patients[validation_slices(slices, "patient", 0)].tolist()) == {1000}
    validation = replace(load_patients(data)[1], number=500)
    slices = joined([*load_patients(data), validation])
    assert set(slices.patients[validation_slices(slices, "patient", 0)].tolist()) == {500}, (
        "those drawn for it, where there are any"
    )
    many = joined(load_patients(data) * 20)
    leaky = validation_slices(many, "random", 1)
    assert 0.02 < leaky.float().mean() < 0.25 and len(set(many.patients[leaky].tolist())) > 1


def test_slices_kept_to_learn_from_are_half_with_blood_where_there_is_as_much():
    labels = np.zeros((30, 8, 8), np.uint8)
    labels[4:20, 3, 3] = HEMATOMA
    kept = kept_slices(labels, 12, seed=1)
    assert len(kept) == 12 and labels[kept].any(axis=(1, 2)).sum() == 6 and (np.diff(kept) > 0).all()
    assert kept_slices(labels[:5], 12, 1).tolist() == [0, 1, 2, 3, 4]


def test_kinds_hold_every_slice_and_rare_ones_come_often(data):
    slices = joined(load_patients(data))
    of_kind = kinds(slices, slices.patients != 1000)
    assert {kind: len(numbers) for kind, numbers in of_kind.items()} == {
        "tiny hematoma": 0,
        "small hematoma": 0,
        "larger hematoma": 8,
        "hematoma of unjudged signs": 0,
        "ventricular blood alone": 0,
        "blood outside the brain alone": 0,
        "no blood here": 8,
        "no blood anywhere": 4,
    }
    numbers = balanced_numbers(of_kind, 2000, torch.Generator().manual_seed(0))
    assert slices.with_hematoma[numbers].float().mean() == pytest.approx(0.12 / (0.12 + 0.12 + 0.18), abs=0.05)


def test_steps_of_both_stages_lower_their_losses(trained):
    for losses in trained[1:]:
        assert np.mean(losses[-5:]) < 0.85 * np.mean(losses[:5])


def test_the_second_stage_leaves_the_unet_as_it_was_to_the_bit(trained):
    unet, joint = trained_unet(trained[0])[0].state_dict(), trained_network(trained[0])[0].segmentation.state_dict()
    assert unet.keys() == joint.keys()
    assert all(torch.equal(value, joint[name]) for name, value in unet.items())


def test_a_resumed_second_stage_is_where_it_was(trained, data):
    losses = []
    for _ in range(2):
        training, task = marker_training(trained[0], data)
        training.resume(trained[0] / MARKER_CHECKPOINT)
        assert training.step_count == 15
        losses.append([float(training.learn(task.prepare(task.batch(step), step, 0.5), 0.5)) for step in (15, 16)])
    assert losses[0] == losses[1]


def test_both_stages_run_by_the_clock_and_write_their_figures(data, tmp_path):
    lines: list[str] = []
    train_segmentation(data, tmp_path, TINY, Budget(0.01), CPU, log=lines.append)
    train_segmentation(data, tmp_path, TINY, Budget(0.01), CPU, log=lines.append)
    assert any("resumed" in line or "nothing left" in line for line in lines)
    assert not any("nan" in line for line in lines), "what there is none of has a dash"
    train_markers(data, tmp_path, TINY_MARKERS, Budget(steps=3), CPU, log=lines.append)
    figures = json.loads((tmp_path / "segmentation.json").read_text())
    assert figures["split"] == "patient" and figures["dice_loss"] == pytest.approx(1 - figures["f_score"])
    assert not figures["preparation"]["skull_removal"]
    assert set(json.loads((tmp_path / "markers.json").read_text())["auc"]) == set(MARKERS)
    assert main(["hematoma", "runs", str(tmp_path)]) == 0


def test_layers_that_the_markers_see_stay_as_they_are_to_the_bit(trained, data):
    recipe = replace(TINY, keep_markers=True)
    training = new_training(recipe, CPU)
    training.begin_with(first_weights(trained[0], recipe.classes), "discs")
    task = SegmentationTask(SliceDataset(data, None, "patient", 0), recipe, CPU, lambda line: None)
    training.module.train()
    training.learn(task.prepare(task.batch(0), 0, 0.5), 0.5)
    before, after = trained_unet(trained[0])[0], training.network
    seen = [torch.nn.ModuleList(network.encoder.seen_by_markers()).state_dict() for network in (before, after)]
    assert all(torch.equal(value, seen[1][name]) for name, value in seen[0].items())
    learnt = [network.decoder.state_dict() for network in (before, after)]
    assert not any(torch.equal(value, learnt[1][name]) for name, value in learnt[0].items() if name.endswith("conv.weight"))


def test_a_class_that_was_not_taught_begins_with_a_score_of_zero(trained):
    unet, _ = trained_unet(trained[0])
    wider = HematomaUNet(TINY.width, TINY.classes + 1)
    wider.load_state_dict(first_weights(trained[0], TINY.classes + 1))
    images = torch.rand(2, 1, SIDE, SIDE)
    with torch.inference_mode():
        scores, before = wider.eval()(images), unet(images)
    assert torch.allclose(scores[:, :-1], before, atol=1e-5) and not scores[:, -1].any()


def test_weights_of_markers_are_negatives_over_positives():
    markers = torch.tensor([[1, 1, 0, 0], [0, 1, 0, 0], [0, 1, 0, 1], [0, 0, 0, 1], [0, 1, 0, 1]], dtype=torch.bool)
    assert class_weights(markers).tolist() == pytest.approx([4 / 1, 1 / 4, 1.0, 2 / 3])


def test_a_segmentation_view_moves_labels_with_their_slices_and_keeps_blood_in_view():
    rows, columns = np.mgrid[:128, :128]
    disc = torch.from_numpy((rows - 40) ** 2 + (columns - 90) ** 2 < 15**2).repeat(12, 1, 1)
    hounsfield = torch.where(disc, 900, 100).to(torch.int16)
    images, targets = segmentation_batch(hounsfield, disc.to(torch.uint8), 64, PictureRandom(CPU, 1, 12))
    assert images.shape == targets.shape == (12, 1, 64, 64)
    bright = images > 500
    overlap = 2 * (bright & (targets > 0)).sum((1, 2, 3)) / (bright.sum((1, 2, 3)) + targets.sum((1, 2, 3)))
    assert (targets.sum((1, 2, 3)) > 50).all() and overlap.min() > 0.9


def test_hardened_brain_is_brighter_towards_the_bone_and_most_so_where_its_section_is_small():
    rows, columns = np.mgrid[:256, :256]
    away_mm = np.hypot(rows - 128, columns - 128) * 0.9
    discs = torch.from_numpy(np.stack([np.where(away_mm < radius, 30.0, 0.0) for radius in (25, 80)] * 32)[:, None]).float()
    brighter = (hardened(discs, PictureRandom(CPU, 1, len(discs))) - discs).numpy()[:, 0]
    border, middle = (away_mm < 80) & (away_mm > 76), away_mm < 40
    assert (brighter[discs[:, 0].numpy() == 0] == 0).all() and brighter.min() >= 0 and 25 < brighter.max() <= 48
    large, small = brighter[1::2], brighter[::2]
    bright = large[:, border].mean(axis=1) > 2
    assert 0.25 < bright.mean() < 0.75  # half of them
    assert (large[bright][:, border].mean(axis=1) > 5 * large[bright][:, middle].mean(axis=1)).all()
    assert small[:, away_mm < 5].max() > 3  # 20 mm and more from the bone


def test_a_marker_view_keeps_differences_of_density_and_does_not_turn_heads_over():
    upper_half_dark = torch.full((16, 64, 64), 60, dtype=torch.int16)
    upper_half_dark[:, :32] = 30
    images, _ = marker_batch(upper_half_dark, torch.ones(16, 64, 64, dtype=torch.uint8), PictureRandom(CPU, 2, 16))
    differences = images[:, 0, 50:, 20:44].mean((1, 2)) - images[:, 0, :14, 20:44].mean((1, 2))
    assert differences.min() > 30 * 0.88 and differences.max() < 30 * 1.12


def test_roughened_masks_grow_or_shrink_by_no_more_than_two_pixels():
    mask = torch.zeros(40, 1, 32, 32)
    mask[:, :, 10:20, 10:20] = 1
    sides = {float(area) ** 0.5 for area in roughened_masks(mask, PictureRandom(CPU, 0, 40)).sum((1, 2, 3))}
    assert sides == {6.0, 8.0, 10.0, 12.0, 14.0}


def test_a_found_mask_that_misses_the_hematoma_is_never_shown():
    true, found = torch.zeros(200, 1, 32, 32), torch.zeros(200, 1, 32, 32)
    true[:, :, 10:20, 10:20] = 1
    found[:, :, 24:30, 24:30] = 1
    shown = varied_masks(true, found, PictureRandom(CPU, 0, 200))
    assert shown[:, :, 24:30, 24:30].sum() == 0 and (shown.sum((1, 2, 3)) > 0).all()


def test_views_around_the_hematoma_are_cut_alike_at_every_stride():
    mask = torch.zeros(2, 1, 256, 256)
    mask[0, 0, 200:240, 30:50], mask[1, 0, 120:130, 120:130] = 1, 1
    coarse = torch.nn.functional.avg_pool2d(mask, 8)
    fine_cut, coarse_cut = cut_out([mask, coarse], corners(mask), 144)
    assert fine_cut.shape[-1] == 144 and coarse_cut.shape[-1] == 18
    assert fine_cut.sum((1, 2, 3)).tolist() == mask.sum((1, 2, 3)).tolist()
    assert torch.equal(torch.nn.functional.avg_pool2d(fine_cut, 8), coarse_cut)


def test_markers_of_a_cut_out_are_those_of_the_whole_slice():
    """Pooling looks at the hematoma and its margin alone, so what is cut away cannot change what is far inside."""
    torch.manual_seed(0)
    network = JointNetwork(width=0.1, marker_width=0.05).eval()
    images, mask = torch.rand(1, 1, 256, 256), torch.zeros(1, 1, 256, 256)
    mask[:, :, 118:138, 118:138] = 1
    with torch.inference_mode():
        features = network.segment(images)[1]
        whole = network.markers(images, features, mask)
        small, shown, *rest = cut_out([images, mask, *features[:4]], corners(mask), 144)
        np.testing.assert_allclose(network.markers(small, rest, shown), whole, atol=0.02)


def test_the_distance_of_a_voxel_to_a_mask_is_measured_in_mm():
    grid = even_grid((4, 10, 10), Spacing(0.5, 0.5, 5.0))
    mask = np.zeros((4, 10, 10), bool)
    mask[1, 2, 2] = True
    assert distance_mm(grid, (1, 2, 2), mask) == 0
    assert distance_mm(grid, (2, 2, 2), mask) == pytest.approx(5)
    assert distance_mm(grid, (1, 8, 10 - 1), mask) == pytest.approx(np.hypot(3, 3.5))


def test_figures_of_a_model_are_those_counted_by_hand():
    """Three patients with a hematoma (Dice 0.8, 1 and 0, the last one missed) and one without, in whom 2 mL are found."""
    results = [
        _result(0, 4.0, 6.0, (80, 100, 100), 0.9, True, heat_mm=3.0),
        replace(_result(1, 20.0, 20.0, (100, 100, 100), 0.2, False), heat_mm={"blend": 6.0, "hypodensity": None}),
        replace(_result(2, 40.0, 0.0, (0, 100, 0), None, True), signs_told=False),
        _result(3, 0.0, 2.0, (0, 0, 50), None, False),
    ]
    figures = model_figures(results)
    assert figures["hematoma"]["dice"]["mean"] == pytest.approx(0.6)
    assert [band["mean"] for band in figures["hematoma"]["bands"].values()] == pytest.approx([0.8, 1, 0])
    assert figures["hematoma"]["f_score"] == pytest.approx(2 * 180 / (300 + 250)) and figures["hematoma"]["missed"] == 1
    assert figures["hematoma"]["iou"] == pytest.approx(180 / 370)
    assert figures["volume"]["median_error_ml"] == 2 and figures["volume"]["within_readers_error"] == pytest.approx(2 / 3)
    assert figures["without_hematoma"] == {"patients": 1, "share_below_half_ml": 0.0, "largest_ml": 2.0}
    groups = figures["finding"]["groups"]
    assert {name: (group["patients"], group["found"]) for name, group in groups.items()} == {
        "all": (3, pytest.approx(2 / 3)),
        "3 to 10 mL": (1, 1.0),
        "10 to 30 mL": (1, 1.0),
        "over 30 mL": (1, 0.0),
    }
    assert groups["3 to 10 mL"]["dice"] == pytest.approx(0.8) and groups["3 to 10 mL"]["bias_percent"] == pytest.approx(50)
    assert groups["3 to 10 mL"]["bias_interval_percent"] == (None, None)  # of one patient nothing is resampled
    low, high = groups["all"]["found_interval"]  # 2 of 3 by Wilson's formula, z = 1.96
    assert (low, high) == pytest.approx((0.2077, 0.9385), abs=1e-4)
    without = figures["finding"]["without_blood"]
    assert (without["patients"], without["share_marked"], without["mean_ml"]) == (1, 1.0, 2.0)
    assert without["marked_interval"] == pytest.approx((0.2065, 1), abs=1e-4)  # 1 of 1: from 1 / (1 + 1.96 ** 2)
    blend = figures["markers"]["blend"]
    assert (blend["patients"], blend["with_marker"], blend["auc"]["value"]) == (2, 1, 1.0)  # of the missed one no sign is told
    assert blend["network"] == {"sensitivity": 1.0, "specificity": 1.0}
    assert blend["evidence"] == {"sensitivity": 1.0, "specificity": 0.0}
    assert figures["heat"]["blend"] == figures["heat"]["hypodensity"] == {"patients": 2, "share_within_5_mm": 0.5}
    assert figures["heat"]["fluid_level"] == {"patients": 1, "share_within_5_mm": 1.0}


def _result(number, true_ml, found_ml, voxels, probability, there, heat_mm=None) -> PatientResult:
    return PatientResult(
        number=number,
        location="putamen" if true_ml else None,
        near_misses=(),
        true_ml=true_ml,
        found_ml=found_ml,
        true_ivh_ml=0.0,
        found_ivh_ml=0.0,
        voxels=voxels,
        ivh_voxels=(0, 0, 0),
        true=dict.fromkeys(MARKERS, there),
        probabilities=dict.fromkeys(MARKERS, probability),
        thresholds=dict.fromkeys(MARKERS, 0.5),
        evidence=dict.fromkeys(MARKERS, true_ml > 0),
        slice_numbers=[1, 2],
        slice_true=[[there] * 4, [False] * 4],
        slice_probabilities=[[probability] * 4, [None] * 4],
        heat_mm={} if heat_mm is None else dict.fromkeys(MARKERS, heat_mm),
    )


def test_figures_and_their_tables_begin_with_the_command_that_gives_them(tmp_path, monkeypatch, capsys):
    results = [_result(number, 4.0, 6.0, (80, 100, 100), 0.9, number > 1) for number in range(4)]
    monkeypatch.setattr("training.hematoma.evaluation.evaluate.evaluate", lambda *_: iter(results))
    file = tmp_path / "wide.json"
    words = ["hematoma", "evaluate", "hematoma_markers_phantom", "--phantoms", "wide", "--patients", "4", "--json", str(file)]
    assert main(words) in (0, None)
    line = "By `python -m training hematoma evaluate hematoma_markers_phantom --phantoms wide --patients 4 --json wide.json`: "
    assert line in capsys.readouterr().out
    written = json.loads(file.read_text())
    assert written["course"]["command"] in line and [each["number"] for each in written["results"]] == [0, 1, 2, 3]


def test_a_bundle_holds_the_network_its_rule_and_its_preparation(trained, tmp_path):
    folder = trained[0]
    with pytest.raises(InputError, match="fit-rule"):
        bundle_of_training(folder, tmp_path / "mine", "drawn discs", "licence")
    rule = PatientRule({marker: MarkerCalibration(2.0, -1.0, 0.3) for marker in MARKERS}, 2, 1.0)
    settings = {"rule": rule.to_settings(), "mean_auc": {}, "preparation": asdict(Steps(skull_removal=False))}
    (folder / "rule.json").write_text(json.dumps(settings))
    bundle_of_training(folder, tmp_path / "mine", "drawn discs", "licence")
    figures = model_figures([_result(0, 4.0, 6.0, (80, 100, 100), 0.9, True), _result(3, 0.0, 0.0, (0, 0, 0), None, False)])
    write_card(tmp_path / "mine", json.loads(json.dumps(figures)))
    bundle = find_bundle(tmp_path / "mine", TASK)
    card = (tmp_path / "mine/docs/README.md").read_text()
    assert "drawn discs" in card and "phantoms alone" not in card and "phantoms alone" in limits(PHANTOM_DATA, 3)
    assert rule_from_settings(bundle.settings, "mine") == rule
    assert Steps(**bundle.settings["preparation"]) == Steps(skull_removal=False)
    assert bundle.metadata["eval_metrics"]["phantom"]["dice"] == pytest.approx(0.8)
    assert "| under 5 mL | 1 | 0.800 | 0.800 |" in card
    hard = model_figures(
        [
            _result(0, 0.5, 0.4, (0, 10, 9), 0.9, True),
            _result(1, 2.0, 1.0, (5, 10, 5), 0.9, True),
            _result(2, 0.0, 0.4, (0, 0, 4), None, False),
        ]
    )
    write_hard(tmp_path / "mine", json.loads(json.dumps(hard)))
    both = write_card(tmp_path / "mine", json.loads(json.dumps(figures)))  # written anew, the others stay
    assert both.metadata["eval_metrics"]["wide"] == {
        "patients": 3,
        "dice": pytest.approx(1 / 3),
        "bleeds_under_1_ml": {"found": 0, "count": 1},
        "bleeds_1_to_3_ml": {"found": 1, "count": 1},
        "bleeds_over_3_ml": {"found": 0, "count": 0},
        "marked_without_blood": {"found": 1, "count": 1},
        "referred_without_blood": {"found": 0, "count": 1},
    }
    card = (tmp_path / "mine/docs/README.md").read_text()
    assert card.index("hard to read") < card.index("References") and "| 1 to 3 mL | 1 | 1.000 (0.207 to 1.000) | 0.667 |" in card
    again = bundle_with_markers_of(folder, tmp_path / "mine", tmp_path / "again", "drawn discs", "licence")
    assert again.settings == bundle.settings and again.weights.read_bytes() == bundle.weights.read_bytes()
    shipped, kept = load_network(bundle, NETWORKS).state_dict(), from_bytes(in_bytes(trained_network(folder)[0].state_dict()))
    assert shipped.keys() == kept.keys() and all(
        torch.allclose(value.float(), kept[name].float(), rtol=1e-3, atol=1e-6) for name, value in shipped.items()
    )


def test_the_rule_of_a_bundle_is_fitted_anew_and_its_earlier_figures_go(trained, data, tmp_path, monkeypatch):
    def whole(file):
        patient = load_patient(file)
        return replace(patient, inside=patient.hounsfield > -500, extents_mm=np.full(len(patient.labels), 5.0))

    monkeypatch.setattr("training.hematoma.evaluation.rule.load_patient", whole)
    folder = trained[0]
    rule = PatientRule({marker: MarkerCalibration(2.0, -1.0, 0.3) for marker in MARKERS}, 99, 0.7)
    settings = {"rule": rule.to_settings(), "mean_auc": {}, "preparation": asdict(Steps())}
    (folder / "rule.json").write_text(json.dumps(settings))
    bundle = bundle_of_training(folder, tmp_path / "mine", "drawn discs", "licence")
    figures = model_figures([_result(0, 0.5, 0.4, (1, 10, 9), 0.9, True), _result(2, 0.0, 0.4, (0, 0, 4), None, False)])
    write_card(bundle.path, figures)
    write_hard(bundle.path, figures)
    fit_rule(bundle.path, data, [patient_number(file) for file in patient_files(data)], torch.device("cpu"), log=lambda text: None)
    fitted = find_bundle(bundle.path, TASK)
    assert rule_from_settings(fitted.settings, "mine").top_slices in TOP_SLICES
    assert fitted.metadata["eval_metrics"] == {} and fitted.weights.read_bytes() == bundle.weights.read_bytes()
    card = (bundle.path / "docs/README.md").read_text()
    assert "Figures" not in card and "## References" in card


def test_all_of_it_in_one_go_learns_both_stages_then_fits_the_rule(data, tmp_path, monkeypatch):
    """Patients are there already; drawing them and fitting the rule have tests of their own."""
    done: list[str] = []
    monkeypatch.setattr("training.hematoma.whole.make_data", lambda *given: iter(()))
    monkeypatch.setattr("training.hematoma.whole.fit_rule", lambda training, *given: done.append(training.name))
    small = "--steps 2 2 --batch 4 4 --width 0.1 --marker-width 0.02 --validation 1 --begin-with 1 --validate-every 1 --device cpu"
    folders = [str(data), str(tmp_path / "run"), "--carry", str(tmp_path / "carried")]
    assert main(["hematoma", "train", *folders, *small.split()]) == 0
    assert done == ["run"]
    assert {CHECKPOINT, MARKER_CHECKPOINT, "markers.json"} <= {file.name for file in (tmp_path / "carried").iterdir()}
    carried, _, recipe = trained_network(tmp_path / "carried")
    assert recipe.batch == 4 and carried.classes == 4


@pytest.mark.parametrize("content", ['{"rule": 3}', "[]", '{"rule": {}, "mean_auc": {}, "preparation": {}}'])
def test_a_rule_that_is_none_becomes_no_bundle(trained, tmp_path, capsys, content):
    for file in (CHECKPOINT, MARKER_CHECKPOINT):
        shutil.copy(trained[0] / file, tmp_path)
    (tmp_path / "rule.json").write_text(content)
    assert main(["hematoma", "bundle", str(tmp_path), str(tmp_path / "bundle")]) == 2
    assert capsys.readouterr().err.count("\n") == 1 and not (tmp_path / "bundle").exists()
