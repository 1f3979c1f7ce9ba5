"""The two-step model from phantom patients to a bundle and a label map, and its figures on frames with calcium masks."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from LesionReadingLib.errors import InputError
from LesionReadingLib.geometry.grid import even_grid
from LesionReadingLib.geometry.spacing import Spacing
from LesionReadingLib.model.bundle import find_bundle
from LesionReadingLib.model.prediction import load_network
from OCTCalciumLib.__main__ import main as oct_calcium
from OCTCalciumLib.labels import BACKGROUND, CALCIUM, GUIDEWIRE, LUMEN, TASK
from OCTCalciumLib.model.inference import NETWORKS, segment
from OCTCalciumLib.model.two_step import SEEN, Look, averaged, frames_for_size, mean_probability, seen_walls
from OCTCalciumLib.phantom.pullback import draw_pullback
from OCTCalciumLib.reading.pullback import Pullback
from OCTCalciumLib.wall.polar_view import ANGLES, CHANNELS, DEPTHS, polar_view, wall_channels
from PIL import Image

from training.__main__ import main
from training.oct.data import load_patients
from training.oct.second_step.augment import random_views
from training.oct.second_step.sureness import Seen, among_neighbours, judge_ends, judge_sureness
from training.oct.second_step.train import PolarRecipe, new_network, train_calcium
from training.oct.second_step.views import REAL, Views, joined, load_views, phantom_views

FIRST_STEP = "oct_calcium_two_step"


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    """Two phantom patients of the wide range; 1010 is for validation."""
    folder = tmp_path_factory.mktemp("wide")
    arguments = "--wide --patients 2 --first-seed 1010 --keep-frames 2 --pullback-frames 20 --frame-spacing 2 --processes 1"
    assert main(["oct", "make-data", str(folder), *arguments.split()]) == 0
    return folder


@pytest.fixture(scope="module")
def bundle(data, tmp_path_factory):
    """A two-step bundle after three steps of training that calls all of the wall calcium."""
    folder = tmp_path_factory.mktemp("two")
    assert main(["oct", "train-calcium", str(folder / "run"), str(data), "--steps", "3", "--batch", "2"]) == 0
    assert main(["oct", "bundle-two-step", str(folder / "run"), str(folder / "mine"), "--certain", "0", "--likely", "0"]) == 0
    return find_bundle(folder / "mine", TASK)


@pytest.fixture(scope="module")
def drawn():
    return draw_pullback(3, 20, 256, frame_mm=2.0, indices=[4, 9])


def pullback(drawn, spacing: Spacing) -> Pullback:
    return Pullback(even_grid(drawn.frames.shape, spacing), read=lambda first, stop: iter(drawn.frames[first:stop]))


def found(drawn, bundle, spacing: Spacing) -> np.ndarray:
    return segment(pullback(drawn, spacing), bundle, "cpu", lambda done, total: None).labels


def test_a_wide_patient_is_drawn_with_other_optics_and_the_same_seed_again(data):
    patient = load_patients(data)[1]
    kept = json.loads((data / "patient-01011.json").read_text())
    assert kept["wide"] and patient.number == 1011
    again = draw_pullback(1011, 20, 512, frame_mm=2.0, wide=True)
    assert any(np.array_equal(frame, patient.pixels[0, 0]) for frame in again.frames)
    assert not np.array_equal(
        draw_pullback(1011, 20, 64, 2.0, indices=[3]).frames, draw_pullback(1011, 20, 64, 2.0, indices=[3], wide=True).frames
    )


def test_wide_calcium_is_darker_and_brighter_than_ordinary_calcium_and_weakens_light_less():
    from OCTCalciumLib.phantom.pullback import plan_pullback

    plans = [plan_pullback(seed, 4, 2.0, wide=True).physics for seed in range(60)]
    share = [plan.backscatter["calcium"] / plan.backscatter["fibrous"] for plan in plans]
    assert min(share) < 0.12 and max(share) > 0.8
    assert all(plan.attenuation["calcium"] < 0.61 * plan.attenuation["fibrous"] for plan in plans)


def test_a_three_step_training_gives_a_bundle_of_bytes_that_keeps_the_first_steps_weights(bundle):
    assert bundle.network_class == "TwoStep" and bundle.weights.stat().st_size < 5e6
    whole, first = load_network(bundle, NETWORKS), load_network(find_bundle(FIRST_STEP, TASK), NETWORKS)
    for name, tensor in first.lumen.state_dict().items():
        kept, true = whole.lumen.state_dict()[name].float(), tensor.float()
        step = true.abs().flatten(1).amax(1).max() / 127 if true.dim() > 1 else 0
        assert torch.allclose(kept, true, rtol=2e-3, atol=max(float(step), 1e-4)), name


def test_lumen_and_guidewire_are_the_first_steps_and_calcium_lies_in_the_wall(bundle, drawn):
    labels, first = (found(drawn, each, drawn.spacing) for each in (bundle, find_bundle(FIRST_STEP, TASK)))
    for value in (LUMEN, GUIDEWIRE):
        both, either = ((labels == value) & (first == value)).sum(), ((labels == value) | (first == value)).sum()
        assert both / either > 0.99
    assert (labels == CALCIUM).sum() > 0.3 * (labels == LUMEN).sum()  # everywhere to 2.2 mm behind the border
    assert set(np.unique(labels)) <= {BACKGROUND, CALCIUM, GUIDEWIRE, LUMEN}


def test_calcium_is_looked_for_where_no_size_of_a_pixel_is_known(bundle, drawn):
    unknown = replace(drawn.spacing, row_mm=None, column_mm=None)
    assert (found(drawn, bundle, unknown) == CALCIUM).any(axis=(1, 2)).all()


def test_the_whole_command_writes_and_tells_how_far_calcium_may_reach(bundle, tmp_path, capfd):
    assert oct_calcium(["phantom", str(tmp_path / "p"), "--seed", "3", "--frames", "2", "--size", "256"]) == 0
    arguments = ["analyze", str(tmp_path / "p/presentation.dcm"), "-o", str(tmp_path / "r"), "--model", str(bundle.path)]
    assert oct_calcium(arguments) == 0
    written = json.loads((tmp_path / "r/measurements.json").read_text())
    low, high = written["volume_range_mm3"]
    assert low <= written["volume_mm3"] <= high and written["volume_mm3"] > 0
    for frame in written["frames"]:
        assert frame["arc_range_deg"][0] <= frame["arc_bridged_deg"] <= frame["arc_range_deg"][1] <= 360
    assert f"calcium, its range (mm3): {low:.3f}"[:-2] in capfd.readouterr().out
    page = (tmp_path / "r/report.html").read_text(encoding="utf-8")
    scroll = json.loads(re.search(r'id="study">(.*?)</script>', page)[1])
    assert scroll["ring"]["name"] in page and [len(ring) for ring in scroll["panes"][0]["rings"]] == [256, 256]


def test_a_second_step_that_gives_no_numbers_is_no_pullback_without_calcium(bundle, drawn, monkeypatch):
    network = load_network(bundle, NETWORKS)
    with torch.no_grad():
        list(network.calcium[0].parameters())[-1].fill_(float("inf"))
    monkeypatch.setattr("OCTCalciumLib.model.inference.load_network", lambda *_: network)
    with pytest.raises(InputError, match="no finite numbers"):
        found(drawn, bundle, drawn.spacing)


def test_a_pullback_without_lumen_has_no_calcium(bundle):
    black = Pullback(
        even_grid((2, 64, 64), Spacing(0.05, 0.05, 0.2)), lambda first, stop: iter(np.zeros((2, 64, 64), np.uint8)[first:stop])
    )
    assert not segment(black, bundle, "cpu", lambda done, total: None).labels.any()


VIEW = polar_view(np.where(np.hypot(*(np.mgrid[:128, :128] - 63.5)) < 30, LUMEN, BACKGROUND).astype(np.uint8), 0.05)


class FirstOfBatch(torch.nn.Module):
    """Calcium everywhere in the first frame of a batch, nowhere in the last of several."""

    def forward(self, walls: torch.Tensor) -> torch.Tensor:
        of_frame = torch.linspace(4, -20, len(walls) // SEEN).repeat_interleave(SEEN)
        return of_frame[:, None, None].expand(-1, ANGLES, DEPTHS)


class OneSided(torch.nn.Module):
    """Calcium in the first half of the angles, as far as the wall is grey there."""

    def forward(self, walls: torch.Tensor) -> torch.Tensor:
        scores = walls[:, 0].clone()
        scores[:, ANGLES // 2 :] -= 9
        return scores


def test_the_probability_of_a_wall_is_the_mean_of_both_ways_of_seeing_it():
    walls = torch.from_numpy(np.random.default_rng(0).random((3, SEEN, len(CHANNELS), ANGLES, DEPTHS), np.float32))
    found = mean_probability([OneSided()], walls)
    plain, mirrored = (torch.sigmoid(OneSided()(walls[:, way])) for way in range(SEEN))
    assert torch.allclose(found, (plain + mirrored[:, torch.arange(ANGLES - 1, -1, -1)]) / 2)
    assert torch.allclose(mean_probability([OneSided(), FirstOfBatch()], walls)[0, 0, 0], (found[0, 0, 0] + 0.982) / 2, atol=1e-3)


def test_a_wall_is_seen_as_it_is_and_mirrored_with_softened_grain():
    frame = np.random.default_rng(1).integers(40, 200, VIEW.shape).astype(np.float32)
    plain, softened = seen_walls(VIEW, frame)
    assert np.array_equal(plain, wall_channels(VIEW, VIEW.sampled(frame)))
    step, softer = (np.abs(np.diff(each[0][:, 10:50], axis=0)).mean() for each in (plain, softened))  # of scaled grey
    assert softer < 0.7 * step
    assert np.corrcoef(softened[0][::-1, 10:50].ravel(), plain[0][:, 10:50].ravel())[0, 1] > 0.4  # 0 the other way round
    kept = [CHANNELS.index(name) for name in ("depth", "distance to the catheter", "lumen")]
    assert np.array_equal(softened[kept][:, ::-1], plain[kept])


def looks(levels: list[float | None]) -> list[Look]:
    """Frames whose probability is the same everywhere; None for one without lumen."""
    flat = [None if level is None else np.full((ANGLES, DEPTHS), level, np.float32) for level in levels]
    views = [None if each is None else VIEW for each in flat]
    return [Look(np.full((2, 2), n, np.uint8), view, None, each) for n, (view, each) in enumerate(zip(views, flat, strict=True))]


@pytest.mark.parametrize(
    ("frame_mm", "alike", "expected"),
    [
        (0.2, [], [0.3, 0.45, 0.36, 0.225, 0.3]),  # two frames before and two behind
        (0.3, [], [0.45, 0.3, 0.3, 0.3, 0.45]),  # one
        (0.6, [], [0.9, 0.0, 0.0, 0.9, 0.0]),  # frames so far apart stand alone
        (None, [False, True, True, False, True], [0.3, 0.3, 0.3, 0.45, 0.45]),  # a jump between the third and the fourth
    ],
)
def test_neighbouring_frames_share_their_probability(frame_mm, alike, expected):
    frames = looks([0.9, 0.0, 0.0, 0.9, 0.0])
    found = list(averaged(iter(frames), frame_mm, alike))
    assert [look.labels[0, 0] for look in found] == [0, 1, 2, 3, 4]
    assert [float(look.probability[7, 50]) for look in found] == pytest.approx(expected, abs=1e-6)


def test_a_frame_without_lumen_gives_its_neighbours_nothing_and_takes_nothing():
    found = list(averaged(iter(looks([0.8, None, 0.4])), 0.2, []))
    assert found[1].probability is None
    assert float(found[0].probability[0, 0]) == float(found[2].probability[0, 0]) == pytest.approx(0.6)
    assert len(list(averaged(iter(looks([0.5])), None, [False]))) == 1 and not list(averaged(iter([]), 0.2, []))


@pytest.mark.parametrize(("count", "expected"), [(1, [0]), (2, [0, 1]), (9, list(range(9)))])
def test_few_frames_are_all_asked_for_their_size(count, expected):
    assert frames_for_size(count) == expected
    assert len(frames_for_size(375)) == 9


def test_calcium_and_grey_of_a_random_view_are_turned_together(data):
    views = phantom_views(load_patients(data), np.random.default_rng(0), 1)
    marked = Views(np.where(views.labels == CALCIUM, 250, 40).astype(np.uint8), views.labels, views.catheter_mm, views.source)
    with_calcium = [index for index in range(len(marked)) if (marked.labels[index] == CALCIUM).sum() > 300]
    only = marked.at(np.array(with_calcium[:1]))
    images, targets = random_views(joined(only), 6, np.random.default_rng(1), real_share=0.0, painted_share=0.0)
    for image, target in zip(images, targets, strict=True):
        assert image[0][target > 0].mean() > image[0][target == 0].mean() + 0.2


def test_the_same_seed_trains_the_same_weights_whoever_draws_the_batches(data, tmp_path):
    views, recipe = phantom_views(load_patients(data), np.random.default_rng(0), 1), PolarRecipe(steps=3, batch=2)
    trained = [
        train_calcium(new_network(recipe), views, tmp_path / str(processes), recipe, lambda line: None, processes=processes)
        for processes in (0, 2)
    ]
    first, again = (network.state_dict() for network in trained)
    assert all(torch.equal(first[name], again[name]) for name in first)
    other = train_calcium(new_network(recipe), views, tmp_path / "o", replace(recipe, seed=1), lambda line: None).state_dict()
    assert not torch.equal(first["classifier.weight"], other["classifier.weight"])


def test_real_frames_become_views_that_a_training_takes(data, drawn, tmp_path, capsys):
    for index, frame in enumerate(drawn.frames):
        Image.fromarray(frame).save(tmp_path / f"frame_{index}.png")
    arguments = ["--pixel-spacing", str(drawn.spacing.row_mm), "--frames", "2", "9", "--copies", "4"]
    assert main(["oct", "real-views", str(tmp_path / "real.npz"), str(tmp_path), *arguments]) == 0
    views = load_views(tmp_path / "real.npz")
    assert len(views) == 4 and (views.source == REAL).all() and not (views.labels == CALCIUM).any()
    real = ["--real", str(tmp_path / "real.npz"), "--processes", "2", "--steps", "1", "--batch", "2"]
    assert main(["oct", "train-calcium", str(tmp_path / "run"), str(data), *real]) == 0
    assert "views to learn from" in capsys.readouterr().out


def test_evaluate_real_tells_dice_arc_and_false_calcium_of_each_frame(bundle, drawn, tmp_path, capsys):
    for index, name in enumerate(("p_0", "q_0")):
        Image.fromarray(drawn.frames[index]).save(tmp_path / f"{name}.png")
        mask = np.zeros(drawn.frames[index].shape, np.uint8)
        if name == "p_0":
            mask[:, mask.shape[1] // 2 :] = 255
        Image.fromarray(mask).save(tmp_path / f"{name}_calcium.png")
    arguments = ["--pixel-spacing", str(drawn.spacing.row_mm), "--json", str(tmp_path / "figures.json")]
    assert main(["oct", "evaluate-real", str(bundle.path), str(tmp_path), str(tmp_path), *arguments]) == 0
    figures = json.loads((tmp_path / "figures.json").read_text())
    assert [frame["name"] for frame in figures["frames"]] == ["p_0", "q_0"]
    assert figures["false_calcium_share"] == 1.0 and figures["frames_without_calcium"] == 1
    assert 100 < figures["frames"][0]["true_arc_deg"] < 260 and figures["frames"][1]["found_arc_deg"] > 260
    assert 0 < figures["patients"]["p"] == figures["dice"] < 1
    low, high = figures["frames"][0]["arc_range_deg"]
    assert low <= figures["frames"][0]["found_arc_deg"] <= high
    assert figures["arcs_in_range"] == {"held": int(low <= figures["frames"][0]["true_arc_deg"] <= high), "count": 1}
    assert "q_0" in capsys.readouterr().out


def test_frames_of_a_patient_are_judged_with_their_neighbours():
    nothing = np.zeros((ANGLES, DEPTHS), bool)
    levels = [
        ("real", "a", 0.9),
        ("real", "a", 0.0),
        ("real", "a", 0.0),
        ("real", "a", 0.9),
        ("real", "b", 0.3),
        ("wide", "b", 0.6),
    ]
    frames = [Seen(kind, name, VIEW, np.full(nothing.shape, level), nothing) for kind, name, level in levels]
    found = [float(frame.probability[5, 5]) for frame in among_neighbours(frames)]
    assert found == pytest.approx([0.3, 0.45, 0.45, 0.3, 0.3, 0.6])


def test_sureness_prints_every_choice_and_the_rules_own(bundle, data, drawn, tmp_path, capsys):
    Image.fromarray(drawn.frames[0]).save(tmp_path / "p_0.png")
    Image.fromarray(np.full(drawn.frames[0].shape, 255, np.uint8)).save(tmp_path / "p_0_calcium.png")
    real = ["--real", str(tmp_path), "--real-pixel-spacing", str(drawn.spacing.row_mm)]
    assert main(["oct", "sureness", str(bundle.path), str(data), *real]) == 0
    printed = capsys.readouterr().out
    assert "IoU wide" in printed and "Dice real" in printed and "patients' volumes held" in printed
    chosen = dict(zip(*[iter(printed.splitlines()[-1].split())] * 2, strict=True))
    assert float(chosen["--certain"]) >= float(chosen["--likely"]) and float(chosen["--inner"]) > float(chosen["--outer"])


def test_the_rule_takes_the_best_choice_among_those_with_little_false_calcium():
    truth, wrong = np.zeros((2, ANGLES, DEPTHS), bool)
    truth[:60, 12:40], wrong[100:160, 12:40] = True, True
    seen = [Seen(kind, "p", VIEW, (0.75 * truth).astype(np.float32), truth) for kind in ("ordinary", "real")]
    without = [Seen("real", "q", VIEW, (score * wrong).astype(np.float32), np.zeros_like(truth)) for score in (0.65, 0.1)]
    (certain, likely), table = judge_sureness(seen, without)
    assert 0.65 < certain <= 0.75 and likely <= 0.5  # lower, half of the others would hold some; higher, nothing is found
    assert "50.0%" in table
    assert judge_sureness(seen, [])[0][0] == 0.5


def test_of_the_ranges_that_hold_the_truth_the_narrowest_is_taken():
    view = polar_view(np.where(np.hypot(*(np.mgrid[:128, :128] - 63.5)) < 30, LUMEN, BACKGROUND).astype(np.uint8), 0.05)
    truth, found = np.zeros((2, ANGLES, DEPTHS), bool)
    truth[:60, 12:40], found[:40, 12:40] = True, True
    probability = np.where(found, 0.99, np.where(truth, 0.06, 0.0)).astype(np.float32)  # its end is held for possible, not more
    (inner, outer), _ = judge_ends([Seen("ordinary", "p", view, probability, truth)], 0.6, 0.3)
    assert outer == 0.05 and inner == 0.98


def test_evaluate_real_asks_for_a_missing_mask_in_one_sentence(bundle, drawn, tmp_path, capsys):
    Image.fromarray(drawn.frames[0]).save(tmp_path / "p_0.png")
    assert main(["oct", "evaluate-real", str(bundle.path), str(tmp_path), str(tmp_path)]) == 2
    assert "p_0_calcium.png" in capsys.readouterr().err
