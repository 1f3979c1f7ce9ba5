"""A two-step model adapted to corrected cases: who learns, who is left out, what is measured, and what is said of it."""

from __future__ import annotations

import json
from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from LesionReadingLib.geometry.grid import even_grid
from LesionReadingLib.geometry.spacing import Spacing
from LesionReadingLib.model.bundle import LICENCE, find_bundle, write_bundle
from LesionReadingLib.model.prediction import load_network
from LesionReadingLib.studies.training_case import write_case
from OCTCalciumLib.labels import BACKGROUND, CALCIUM, LUMEN, TASK
from OCTCalciumLib.model.inference import NETWORKS, segment
from OCTCalciumLib.phantom.pullback import draw_pullback
from OCTCalciumLib.reading.read import open_pullback
from safetensors.torch import load_file
from torch.nn import ModuleList

from training.__main__ import main
from training.adaptation.folds import folds
from training.oct.adaptation.adapt import draw_phantoms, phantoms_of
from training.oct.adaptation.corrected import Corrected, corrected_views, patients_with_calcium, read_corrected
from training.oct.adaptation.gain import gain
from training.oct.bundle import write_card
from training.oct.data import load_patients
from training.oct.second_step.bundle import weights_file
from training.oct.second_step.views import REAL

PIXEL_MM, FRAME_MM = 0.05, 0.4
SHIPPED = "oct_calcium_two_step"
FEW = ["--steps", "2", "--batch", "2", "--processes", "1"]


def a_case(folder: Path, seed: int, **changed) -> Path:
    """Three frames of a phantom."""
    drawn = draw_pullback(seed, 3, 128, frame_mm=FRAME_MM)
    values = {
        "task": TASK,
        "image": drawn.frames,
        "labels": drawn.labels,
        "grid": even_grid(drawn.frames.shape, Spacing(PIXEL_MM, PIXEL_MM, FRAME_MM)),
        "reviewed": (),
        "markers": None,
    }
    return write_case(folder, **(values | changed))


@pytest.fixture(scope="module")
def cases(tmp_path_factory) -> list[Path]:
    """Two patients with calcium; of the first only the outer frames are reviewed."""
    folder = tmp_path_factory.mktemp("cases")
    return [a_case(folder / "TANAKA", 5, reviewed=(0, 2)), a_case(folder / "SUZUKI", 6)]


@pytest.fixture(scope="module")
def phantoms(tmp_path_factory) -> list[Path]:
    return draw_phantoms(tmp_path_factory.mktemp("phantoms"), 1, 1)


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Path:
    """The shipped model with its network for calcium twice."""
    shipped = find_bundle(SHIPPED, TASK)
    network = load_network(shipped, NETWORKS)
    network.calcium = ModuleList([network.calcium[0], deepcopy(network.calcium[0])])
    folder = tmp_path_factory.mktemp("models") / "two"
    arguments = {**shipped.network_arguments, "members": 2}
    write_bundle(
        folder,
        TASK,
        network_class="TwoStep",
        network_arguments=arguments,
        weights=weights_file(network),
        metadata=shipped.metadata,
        card="",
        licence="free for all",
    )
    return folder


@pytest.fixture(scope="module")
def adapted(cases, phantoms, model, tmp_path_factory):
    """The adapted bundle, the figures written with it."""
    folder = tmp_path_factory.mktemp("adapted")
    arguments = [model, *cases, "-o", folder / "ours", "--phantoms", *phantoms, "--json", folder / "figures.json"]
    assert main(["oct", "adapt", *map(str, arguments), *FEW]) == 0
    return find_bundle(folder / "ours", TASK), json.loads((folder / "figures.json").read_text())


def test_every_network_for_calcium_learns_and_the_first_step_stays_as_it_is(adapted, model):
    before, after = load_file(find_bundle(model, TASK).weights), load_file(adapted[0].weights)
    assert before.keys() == after.keys()
    for name, tensor in before.items():
        assert name.startswith("calcium") or tensor.equal(after[name]), name
    for member in (0, 1):
        learnt = f"calcium.{member}.classifier.weight"
        assert not before[learnt].equal(after[learnt])


def test_frames_are_judged_as_a_user_would_read_the_whole_pullback(adapted, cases, model):
    frames = adapted[1]["frames"]
    assert [(frame["patient"], frame["frame"]) for frame in frames] == [(1, 1), (1, 3), (2, 1), (2, 2), (2, 3)]
    found = segment(open_pullback(cases[0] / "image.nrrd"), find_bundle(model, TASK), "cpu", lambda done, total: None).labels
    truth = draw_pullback(5, 3, 128, frame_mm=FRAME_MM).labels
    for frame, number in zip(frames, (0, 2), strict=False):
        one, other = found[number] == CALCIUM, truth[number] == CALCIUM
        assert frame["before"]["dice"] == pytest.approx(2 * (one & other).sum() / (one.sum() + other.sum()))
    assert all(frame["after"]["true_pixels"] == frame["before"]["true_pixels"] for frame in frames)


def test_the_bundle_says_what_it_was_adapted_on_and_how_well_but_not_on_whom(adapted, model):
    bundle, _ = adapted
    card, metadata = (bundle.path / "docs/README.md").read_text(), bundle.metadata
    assert "Adapted to 5 frames of 2 patients" in metadata["data_source"] and metadata["data_source"] in card
    assert metadata["training"]["adapted_from"] == "two" and metadata["training"]["steps"] == 2
    figures = metadata["eval_metrics"]["adapted"]
    assert metadata["eval_metrics"].keys() == {"adapted"}
    assert f"| mean Dice of calcium | {figures['before']['dice']:.3f} | {figures['after']['dice']:.3f} |" in card
    assert "in the original's card are not those of this model" in card and "No real calcium was learnt" not in card
    text = card + json.dumps(metadata)
    assert "TANAKA" not in text and "SUZUKI" not in text
    assert (bundle.path / LICENCE).read_text() == "free for all"


def test_figures_of_adapting_stay_in_the_card_when_others_are_added(adapted, tmp_path):
    bundle, _ = adapted
    network, metadata = load_network(bundle, NETWORKS), bundle.metadata
    write_bundle(
        tmp_path / "copy",
        TASK,
        network_class="TwoStep",
        network_arguments=bundle.network_arguments,
        weights=weights_file(network),
        metadata=metadata,
        card=(bundle.path / "docs/README.md").read_text(),
        licence="",
    )
    frames = {"frames": [0], "source": "ours", "lumen_dice": 0.9, "smallest_lumen_dice": 0.8}
    figures = {"frames": frames | {"guidewire_found_share": 1.0, "false_calcium_share": 0.0}}
    again = write_card(tmp_path / "copy", figures)
    assert again.metadata["eval_metrics"].keys() == {"adapted", "frames"}
    card = (tmp_path / "copy/docs/README.md").read_text()
    assert "Before and after adapting" in card and "chosen for the original" in card


def test_with_one_patient_the_model_adapts_and_promises_no_gain(cases, phantoms, model, tmp_path, capsys):
    arguments = [model, "-o", tmp_path / "ours", "--same-patient", *cases, "--phantoms", *phantoms]
    assert main(["oct", "adapt", *map(str, arguments), *FEW]) == 0
    printed = capsys.readouterr().out
    assert "cannot be measured" in printed and "no gain is promised" in printed
    bundle = find_bundle(tmp_path / "ours", TASK)
    assert bundle.metadata["eval_metrics"]["adapted"]["after"] is None
    assert "| not measured |" in (bundle.path / "docs/README.md").read_text()
    assert "2 networks of 2 steps each" in printed  # nobody is left out


def bare(patient: int, calcium: bool) -> Corrected:
    labels = np.full((1, 4, 4), CALCIUM if calcium else BACKGROUND, np.uint8)
    return Corrected(patient, None, labels, (0,))


@pytest.mark.parametrize("count", [2, 5, 13])
def test_every_patient_is_left_out_once_and_calcium_is_always_left_to_learn(count):
    with_calcium = {max(1, count - 5), count}
    cases = [bare(number, number in with_calcium) for number in range(1, count + 1)]
    cases.append(bare(1, False))  # another case of the first
    groups = folds(patients_with_calcium(cases))
    assert sorted(number for group in groups for number in group) == list(range(1, count + 1))
    assert len(groups) == min(count, 5)
    assert not any(with_calcium <= set(group) for group in groups)


def test_nobody_is_left_out_where_one_patient_has_all_the_calcium():
    assert folds(patients_with_calcium([bare(1, True), bare(1, True), bare(2, False)])) == []


def a_frame(patient: int, true: int, before: float, after: float, arcs=(90.0, 80.0, 85.0)) -> dict:
    values = {"true_pixels": true, "true_arc_deg": arcs[0]}
    old, new = (values | {"dice": dice, "found_arc_deg": arc} for dice, arc in ((before, arcs[1]), (after, arcs[2])))
    return {"patient": patient, "frame": 1, "before": old, "after": new}


def test_what_is_said_of_a_gain_follows_from_the_figures():
    few = gain([a_frame(1, 9, 0.2, 0.5), a_frame(2, 9, 0.4, 0.5, (90, 20, 95)), a_frame(2, 0, 0, 0, (0, 40, 10))])
    assert few["before"]["dice"] == pytest.approx(0.3) and few["after"]["dice"] == pytest.approx(0.5)
    assert few["before"]["arc_error_deg"] == pytest.approx(40) and few["after"]["arc_error_deg"] == pytest.approx(5)
    assert (few["before"]["close_arcs"], few["after"]["close_arcs"]) == (1, 2)
    assert (few["before"]["false_calcium_share"], few["after"]["false_calcium_share"]) == (1, 0)
    assert few["before"]["patients"] == pytest.approx({"1": 0.2, "2": 0.4})
    assert "rose by 0.200" in few["judgement"] and "cannot promise" in few["judgement"]
    assert "further off" not in few["judgement"]
    farther = gain([a_frame(1, 9, 0.2, 0.5, (90, 80, 120)), a_frame(2, 9, 0.4, 0.5)])
    assert "further off than before (18 degrees, 10 before)" in farther["judgement"]
    many = gain([a_frame(patient, 9, 0.2, 0.5) for patient in range(1, 5) for _ in range(5)])
    assert "too few" not in many["judgement"]
    worse = gain([a_frame(1, 9, 0.5, 0.4), a_frame(2, 9, 0.5, 0.5)])
    assert "keep the original model" in worse["judgement"]


def test_a_case_without_a_lumen_is_seen_about_the_lumen_that_the_model_finds(tmp_path):
    drawn = draw_pullback(6, 3, 128, frame_mm=FRAME_MM)
    calcium = np.where(drawn.labels == CALCIUM, CALCIUM, BACKGROUND)
    bundle = find_bundle(SHIPPED, TASK)
    network = load_network(bundle, NETWORKS).float()
    both = []
    for name, labels in (("with", drawn.labels), ("without", calcium)):
        (case,) = read_corrected([[a_case(tmp_path / name, 6, labels=labels)]])
        found = segment(case.pullback, bundle, "cpu", lambda done, total: None).labels
        both.append(corrected_views(case, found, network, 2, np.random.default_rng(0)))
    assert len(both[0]) == len(both[1]) == 6 and (both[1].source == REAL).all()
    shares = [((views.labels == CALCIUM).mean(), (views.labels == LUMEN).mean()) for views in both]
    assert min(shares[1]) > 0 and shares[0] == pytest.approx(shares[1], rel=0.1)


def test_the_readers_calcium_lies_in_the_views_where_it_lies_in_the_frames(tmp_path):
    drawn = draw_pullback(6, 3, 128, frame_mm=FRAME_MM)
    marked = np.where(drawn.labels == CALCIUM, 230, 30).astype(np.uint8) + drawn.frames % 16  # few levels would be a label map
    (case,) = read_corrected([[a_case(tmp_path / "marked", 6, image=marked, reviewed=(1,))]])
    views = corrected_views(case, drawn.labels, None, 3, np.random.default_rng(0))
    calcium = views.labels == CALCIUM
    assert len(views) == 3 and calcium.any()
    assert views.grey[calcium].mean() > 220 and views.grey[~calcium].mean() < 60


def test_phantoms_mixed_in_are_neither_watched_nor_cases(phantoms, tmp_path):
    numbers = [patient.number for folder in phantoms for patient in load_patients(folder)]
    assert numbers == [1001, 1001]
    views = phantoms_of(phantoms, 0)
    assert set(views.source) == {0, 1}
    for name in ("patient-01001", "patient-01010", "patient-100003"):
        for ending in (".npy", ".json"):
            (tmp_path / f"{name}{ending}").write_bytes((phantoms[0] / f"patient-01001{ending}").read_bytes())
    assert len(phantoms_of([tmp_path], 0)) == (views.source == 0).sum()


def test_what_cannot_be_adapted_is_refused_in_one_sentence(cases, phantoms, model, tmp_path, capsys):
    head = a_case(tmp_path / "head", 5, task="hematoma-markers")
    none = a_case(tmp_path / "none", 5, labels=np.full((3, 128, 128), LUMEN))
    unlit = a_case(tmp_path / "unlit", 5, image=np.zeros((3, 128, 128), np.uint8), labels=np.full((3, 128, 128), CALCIUM))
    one_step = tmp_path / "one-step"
    described = replace(find_bundle(model, TASK), network_class="DeepLabV3Plus")
    write_bundle(
        one_step,
        TASK,
        network_class=described.network_class,
        network_arguments={},
        weights=described.weights.read_bytes(),
        metadata=described.metadata,
        card="",
        licence="",
    )
    new = tmp_path / "new"
    for arguments, message in (
        ([model, "-o", new], "no case to adapt to"),
        ([model, none, "-o", new], "holds calcium"),
        ([model, head, "-o", new], "not for oct-calcium"),
        ([model, cases[0], cases[1], cases[0], "-o", new], "show the same frames"),
        ([one_step, *cases, "-o", new], "no second step"),
        ([model, *cases, "-o", tmp_path], "is there already"),
        ([model, *cases, "-o", new, "--share", "0"], "at most 1"),
        ([model, *cases, "-o", new, "--phantoms", tmp_path / "nothing"], "no training patients"),
        ([model, unlit, "-o", new, "--phantoms", *phantoms], "behind no lumen"),
    ):
        assert main(["oct", "adapt", *map(str, arguments), *FEW]) == 2, message
        printed = capsys.readouterr().err
        assert message in printed and printed.count("\n") == 1
        assert not new.exists()
    with pytest.raises(SystemExit, match="2"):
        main(["oct", "adapt", *map(str, [model, *cases, "-o", new]), *FEW, "--share", "1.5"])
    assert "--share: 1.5 is no number from 0 to 1" in capsys.readouterr().err and not new.exists()
