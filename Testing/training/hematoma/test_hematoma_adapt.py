"""A head model adapted to corrected heads: what learns and what stays, who is left out, what is measured and said of it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from drawn_head import head_on, slices
from drawn_training import write_patients
from exported_cases import a_head_case
from HematomaMarkersLib.labels import HEMATOMA, MARKERS, OUTSIDE_BRAIN, TASK
from HematomaMarkersLib.model.network import JointNetwork
from HematomaMarkersLib.model.patient_rule import MarkerCalibration, PatientRule
from HematomaMarkersLib.model.prediction import NETWORKS, predict
from HematomaMarkersLib.model.preparation.steps import ALL_STEPS
from HematomaMarkersLib.reading.images import read_volume
from LesionReadingLib.model.bundle import LICENCE, Bundle, find_bundle, write_bundle
from LesionReadingLib.model.prediction import load_network
from LesionReadingLib.model.weights import SCALE, in_bytes
from LesionReadingLib.studies.training_case import read_case, write_case
from safetensors.torch import load_file, save

from training.__main__ import main
from training.hematoma.adaptation.corrected import corrected_slices, phantom_slices, read_corrected, without
from training.hematoma.adaptation.gain import gain, gain_table
from training.hematoma.bundle.card import write_card
from training.hematoma.data import STEPS_FILE

FEW = ["--steps", "2", "--batch", "2", "--share", "0.5", "--processes", "1", "--rate", "0.01"]
GRID = slices([14.0] * 9)
SHIPPED = "hematoma_markers_phantom"


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Path:
    """A tiny network of the shipped one's kind that has learnt nothing, as a bundle with the shipped one's rule and ranges."""
    shipped = find_bundle(SHIPPED, TASK)
    arguments = {**shipped.network_arguments, "width": 0.1, "marker_width": 0.02}
    torch.manual_seed(0)
    network = JointNetwork(**arguments)
    network.segmentation.segmentation_head[0].bias.data = torch.tensor([0.0, 0.3, 0.0, 0.0])  # hematoma here and there
    folder = tmp_path_factory.mktemp("models") / "tiny"
    write_bundle(
        folder,
        TASK,
        network_class="JointNetwork",
        network_arguments=arguments,
        weights=save(in_bytes(network.state_dict())),
        metadata=shipped.metadata,
        card="",
        licence="free for all",
        settings={**shipped.settings, "markers": PatientRule({marker: MarkerCalibration() for marker in MARKERS}).to_settings()},
    )
    return folder


@pytest.fixture(scope="module")
def phantoms(tmp_path_factory) -> Path:
    """Four drawn patients with discs, 1001 to 1003 to learn from."""
    folder = write_patients(tmp_path_factory.mktemp("phantoms"), 4, 256)
    (folder / STEPS_FILE).write_text("{}")
    return folder


@pytest.fixture(scope="module")
def cases(tmp_path_factory) -> list[Path]:
    """Two heads with a bleed of two patients, of the first only some slices reviewed, and one head without blood."""
    folder = tmp_path_factory.mktemp("cases")
    grid = GRID
    healthy = write_case(folder / "SUZUKI", TASK, head_on(grid), np.zeros(grid.shape, np.uint8), grid, reviewed=(), markers=None)
    return [
        a_head_case(folder / "TANAKA", reviewed=range(3, 8), grid=GRID),
        a_head_case(folder / "SATO", brain_hu=34, grid=GRID),
        healthy,
    ]


@pytest.fixture(scope="module")
def adapted(cases, phantoms, model, tmp_path_factory) -> tuple[Bundle, dict]:
    """The adapted bundle, and the figures written with it."""
    folder = tmp_path_factory.mktemp("adapted")
    arguments = [model, *cases, "-o", folder / "ours", "--phantoms", phantoms, "--json", folder / "figures.json"]
    assert main(["hematoma", "adapt", *map(str, arguments), *FEW]) == 0
    return find_bundle(folder / "ours", TASK), json.loads((folder / "figures.json").read_text())


def test_decoder_learns_and_what_the_markers_see_stays_to_the_byte(adapted, model):
    before, after = load_file(find_bundle(model, TASK).weights), load_file(adapted[0].weights)
    assert before.keys() == after.keys()
    network = load_network(find_bundle(model, TASK), NETWORKS)
    seen = {
        id(value)
        for module in network.segmentation.encoder.seen_by_markers()
        for value in module.state_dict(keep_vars=True).values()
    }
    kept = {name for name, value in network.state_dict(keep_vars=True).items() if id(value) in seen or name.startswith("markers.")}
    assert len(kept) > 300
    assert all(before[name].equal(after[name]) for name in kept)
    scales = [name + SCALE for name in kept if name + SCALE in before]
    assert len(scales) > 50 and all(torch.allclose(before[name], after[name], rtol=1e-6, atol=0) for name in scales)
    learnt = [name for name in before if name.endswith("conv.weight") and ".decoder." in name]
    assert learnt and not any(before[name].equal(after[name]) for name in learnt)
    assert all(before[name].dtype == after[name].dtype for name in before)


def test_rule_and_preparation_stay_and_ranges_of_other_scores_go(adapted, model):
    before = find_bundle(model, TASK).settings
    assert "ranges" in before
    assert adapted[0].settings == {name: value for name, value in before.items() if name != "ranges"}


def test_heads_are_judged_as_a_user_would_read_them_on_the_slices_that_were_looked_at(adapted, cases, model):
    heads = adapted[1]["heads"]
    assert [head["patient"] for head in heads] == [1, 2, 3]
    case = read_case(cases[0])
    found, _network = predict(read_volume(case.image_file), find_bundle(model, TASK), "cpu", (0.0, 80.0), lambda done, total: None)
    one, other = (labels[3:8] == HEMATOMA for labels in (found.labels, case.labels))
    assert heads[0]["before"]["dice"] == pytest.approx(2 * (one & other).sum() / (one.sum() + other.sum()))
    assert heads[0]["before"]["true_ml"] == pytest.approx(other.sum(axis=(1, 2)) @ case.grid.voxel_ml[3:8])
    assert heads[2]["before"]["dice"] is None and heads[2]["before"]["blood_ml"] == 0
    assert all(head["after"]["true_ml"] == head["before"]["true_ml"] for head in heads)


def test_the_bundle_says_what_it_was_adapted_on_and_how_well_but_not_on_whom(adapted, model):
    bundle, _ = adapted
    card, metadata = (bundle.path / "docs/README.md").read_text(), bundle.metadata
    assert "Adapted to 25 slices of 3 heads of 3 patients" in metadata["data_source"] and metadata["data_source"] in card
    assert metadata["training"]["adapted_from"] == "tiny" and metadata["training"]["segmentation"]["steps"] == 2
    figures = metadata["eval_metrics"]["adapted"]
    assert metadata["eval_metrics"].keys() == {"adapted"}
    assert f"| mean Dice of the hematoma | {figures['before']['dice']:.3f} | {figures['after']['dice']:.3f} |" in card
    assert "are not those of this model" in card and figures["judgement"] in card
    text = card + json.dumps(metadata)
    assert not any(name in text for name in ("TANAKA", "SATO", "SUZUKI"))
    assert (bundle.path / LICENCE).read_text() == "free for all"


def test_with_one_patient_the_model_adapts_and_promises_no_gain(cases, phantoms, model, tmp_path, capsys):
    arguments = [model, cases[2], "-o", tmp_path / "ours", "--same-patient", *cases[:2], "--phantoms", phantoms]
    assert main(["hematoma", "adapt", *map(str, arguments), *FEW]) == 0
    printed = capsys.readouterr().out
    assert "cannot be measured" in printed and "no gain is promised" in printed and "1 network of 2 steps" in printed
    assert find_bundle(tmp_path / "ours", TASK).metadata["eval_metrics"]["adapted"]["after"] is None


def test_blood_outside_the_brain_that_no_reader_marks_is_not_unlearnt(cases, model, tmp_path):
    read_corrected([[cases[1]]], tmp_path / "cases", ALL_STEPS)
    network = load_network(find_bundle(model, TASK), NETWORKS).float()
    network.segmentation.segmentation_head[0].weight.data.zero_()
    network.segmentation.segmentation_head[0].bias.data = torch.tensor([0.0, 0.0, 0.0, 1.0])  # all of it lies outside
    labels = corrected_slices(tmp_path / "cases", network).labels
    assert set(labels.unique().tolist()) == {HEMATOMA, OUTSIDE_BRAIN}
    network.segmentation.segmentation_head[0].bias.data = torch.tensor([1.0, 0.0, 0.0, 0.0])
    assert not (corrected_slices(tmp_path / "cases", network).labels == OUTSIDE_BRAIN).any()


def test_a_patient_who_is_left_out_is_not_learnt_from(cases, model, tmp_path):
    found = read_corrected([[each] for each in cases], tmp_path / "cases", ALL_STEPS)
    every = corrected_slices(tmp_path / "cases", load_network(find_bundle(model, TASK), NETWORKS).float())
    rest = without(every, [found[0].number])
    assert len(every) == 25 and len(rest) == 20 and found[0].number not in rest.patients


def test_phantoms_mixed_in_are_neither_watched_nor_cases(phantoms, cases, tmp_path):
    assert set(phantom_slices([phantoms], ALL_STEPS).patients.tolist()) == {1001, 1002, 1003}


def a_head(patient: int, true_ml: float, before: tuple[float, float], after: tuple[float, float]) -> dict:
    def side(dice: float, found_ml: float) -> dict:
        known = {
            "dice": dice if true_ml else None,
            "true_ml": true_ml,
            "found_ml": found_ml,
            "is_missed": bool(true_ml and not dice),
        }
        return {**known, "blood_ml": true_ml, "found_blood_ml": found_ml}

    return {"patient": patient, "before": side(*before), "after": side(*after)}


def test_what_is_said_of_a_gain_follows_from_the_figures():
    few = gain([a_head(1, 20, (0.4, 12), (0.8, 19)), a_head(2, 10, (0.6, 14), (0.7, 11)), a_head(3, 0, (0, 4), (0, 1))])
    assert few["before"]["dice"] == pytest.approx(0.5) and few["after"]["dice"] == pytest.approx(0.75)
    assert few["before"]["volume_error_ml"] == pytest.approx(6) and few["after"]["volume_error_ml"] == pytest.approx(1)
    assert (few["before"]["false_ml"], few["after"]["false_ml"]) == (4, 1)
    assert "rose by 0.250" in few["judgement"] and "2 heads with hematoma of 2 patients cannot promise" in few["judgement"]
    assert "But" not in few["judgement"] and "| 6.0 | 1.0 |" in gain_table(few)
    worse = gain([a_head(1, 20, (0.4, 19), (0.9, 12)), a_head(2, 10, (0.2, 9), (0.0, 0)), a_head(3, 0, (0, 1), (0, 4))])
    assert "it missed 1 hematoma, 0 before" in worse["judgement"]
    assert "volumes were further off than before (9.0 mL, 1.0 before)" in worse["judgement"]
    assert "more was marked than before (4.0 mL, 1.0 before)" in worse["judgement"]
    assert "keep the original model" in gain([a_head(1, 20, (0.4, 19), (0.3, 19)), a_head(2, 9, (0.5, 9), (0.5, 9))])["judgement"]
    assert "too few" not in gain([a_head(number, 20, (0.4, 19), (0.5, 19)) for number in range(10)])["judgement"]


def test_figures_of_adapting_stay_in_the_card_when_others_are_added(adapted, monkeypatch):
    bundle, _ = adapted
    monkeypatch.setattr("training.hematoma.bundle.card.figures_tables", lambda figures: "many figures")
    monkeypatch.setattr("training.hematoma.bundle.card.headline", lambda figures: {"dice": 0.5})
    again = write_card(bundle.path, {"held": "ours"})
    assert again.metadata["eval_metrics"].keys() == {"own", "adapted"}
    card = (bundle.path / "docs/README.md").read_text()
    assert "Before and after adapting" in card and "many figures" in card


def test_what_cannot_be_adapted_is_refused_in_one_sentence(cases, phantoms, model, tmp_path, capsys):
    case = read_case(cases[1])
    values = {"grid": case.grid, "reviewed": (), "markers": None}
    other = write_case(tmp_path / "other", "oct-calcium", case.image, case.labels, **values)
    strange = tmp_path / "strange"
    strange.mkdir()
    (strange / "patient-01001.npz").write_bytes((phantoms / "patient-01001.npz").read_bytes())
    (strange / STEPS_FILE).write_text(json.dumps({"skull_removal": False}))
    new = tmp_path / "new"
    for arguments, message in (
        ([model, "-o", new], "no case to adapt to"),
        ([model, cases[2], "-o", new], "holds a hematoma"),
        ([model, other, "-o", new], "not for hematoma-markers"),
        ([model, cases[0], cases[1], cases[0], "-o", new], "show the same scan"),
        ([model, *cases, "-o", tmp_path], "is there already"),
        ([model, *cases, "-o", new, "--share", "0"], "at most 1"),
        ([model, *cases, "-o", new, "--phantoms", tmp_path / "nothing"], "no training patients"),
        ([model, *cases, "-o", new, "--phantoms", strange], "in another way"),
    ):
        assert main(["hematoma", "adapt", *FEW, *map(str, arguments)]) == 2, message
        printed = capsys.readouterr().err
        assert message in printed and printed.count("\n") == 1
        assert not new.exists()
