"""The source study's experiments in one go each: its tables, and hematomas drawn by a conditional SNGAN."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from drawn_training import write_patients
from HematomaMarkersLib.labels import HEMATOMA, MARKERS
from LesionReadingLib.errors import InputError
from PIL import Image
from torch import nn

from training.__main__ import main
from training.hematoma.data import load_patients
from training.hematoma.gan.likeness import frechet_distance
from training.hematoma.gan.network import SNGAN, ConditionalBatchNorm2d
from training.hematoma.gan.samples import balanced_labels, drawn_slices
from training.hematoma.gan.train import GANOptions, HingeLoss, draw, hematoma_crops, trained_gan
from training.hematoma.slices import SliceDataset, joined
from training.hematoma.studies.ablation_tables import ablation_tables
from training.hematoma.studies.ablations import unprepared_copy

CPU = torch.device("cpu")
SIDE = 64
SMALL = (
    *("segmentation.width=0.1", "segmentation.batch=4", "segmentation.steps=3", "segmentation.stages=[[1.0, 64]]"),
    *("markers.marker_width=0.02", "markers.batch=4", "markers.steps=3"),
)
SMALL_GAN = ("gan.side=32", "gan.width=4", "gan.noise=8", "gan.batch=4", "gan.steps=3")


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    """Twenty-two drawn patients, hypodensity in every second one; 1000, 1010 and 1020 are for validation."""
    return write_patients(tmp_path_factory.mktemp("data"), 22, SIDE)


def mean_pictures(network: nn.Module, label: torch.Tensor) -> torch.Tensor:
    return draw(network, label.repeat(64, 1), 3, CPU).mean(0)


def test_all_of_the_studys_experiments_are_one_command_that_goes_on_where_it_stopped(data, tmp_path, capsys):
    arguments = ["hematoma", "ablations", str(data), str(tmp_path / "out"), "--unprepared", str(data), "--device", "cpu", *SMALL]
    assert main(arguments) == 0
    table = (tmp_path / "out/ablations.md").read_text()
    for cells in ("| 0.1609 |", "| 0.8904 |", "| 0.684 |", "| 0.732 |"):
        assert cells in table, "the study's figures stand beside"
    figures = json.loads((tmp_path / "out/ablations.json").read_text())
    segmentations = {"random_split", "patient_split", "patient_split_prepared"}
    classifiers = {"vgg16", "weighted_vgg16", "wavelet_vgg16", "weighted_wavelet_vgg16", "weighted_wavelet_vgg16_with_mask"}
    assert figures.keys() == segmentations | classifiers | {"tuned_putamen"}, "nobody bleeds elsewhere"
    assert figures["random_split"]["split"] == "random" and figures["vgg16"]["pooling"] == "max"
    assert [figures[name]["mask"] for name in sorted(classifiers)].count("true") == 1
    assert f"{figures['patient_split']['iou']:.4f}" in table and "min of processor time" in table
    assert figures["patient_split"]["patients"] == 3 and figures["patient_split"]["slices"] == 12
    assert "6 slices of 3 validation patients: hypodensity on 6" in table
    capsys.readouterr()
    (tmp_path / "out/wavelet_vgg16/markers.json").unlink()
    written = {file: file.stat().st_mtime_ns for file in (tmp_path / "out").glob("*/*.safetensors")}
    assert main(arguments) == 0
    printed = capsys.readouterr().out
    begun = [line.split()[1].rstrip(":") for line in printed.splitlines() if line.startswith("--- ")]
    assert begun == ["tuned_thalamus", "tuned_subcortical", "wavelet_vgg16"], "two locations that nobody bleeds at, and the one"
    assert json.loads((tmp_path / "out/ablations.json").read_text()) == figures
    for file, before in written.items():
        assert file.stat().st_mtime_ns == before or file.parent.name == "wavelet_vgg16"
    options = json.loads((tmp_path / "out/options.json").read_text())
    assert options["segmentation"]["classes"] == 2, "hematoma and all else, as in the study"
    assert main([*arguments, "markers.batch=8"]) == 2
    assert "other options" in capsys.readouterr().err


def test_cases_cannot_be_drawn_without_preparation(data, tmp_path, capsys):
    cases = write_patients(tmp_path, 3, SIDE)
    (cases / "patient-01001.npz").rename(cases / "patient-100001.npz")
    assert main(["hematoma", "ablations", str(cases), str(tmp_path / "out"), *SMALL]) == 2
    assert "--unprepared" in capsys.readouterr().err


def test_patients_without_preparation_have_had_no_step_of_it(data, tmp_path):
    for file in data.glob("patient-*.npz"):
        shutil.copy(file, tmp_path)  # none is left to draw
    unprepared_copy(data, tmp_path, "ordinary", None, 1)
    steps = json.loads((tmp_path / "preparation.json").read_text())
    assert steps.keys() >= {"skull_removal", "noise_removal", "centring", "straightening"} and not any(steps.values())


def test_a_training_that_knows_hematoma_alone_becomes_no_model(data, tmp_path, capsys):
    run = tmp_path / "run"
    for stage, small in (("segmentation", ("width=0.1", "classes=2", "stages=[[1.0, 64]]")), ("markers", ("marker_width=0.02",))):
        assert main(["hematoma", f"train-{stage}", str(data), str(run), "--steps", "1", "--device", "cpu", "batch=4", *small]) == 0
    (run / "rule.json").write_text("{}")
    for command in (["bundle", str(run), str(tmp_path / "bundle")], ["fit-rule", str(run), str(data), "--patients", "1"]):
        assert main(["hematoma", *command]) == 2
        assert "taught hematoma alone" in capsys.readouterr().err
    assert not (tmp_path / "bundle").exists() and not list(data.glob("patient-005*")), "nobody was drawn for it"


def test_two_folders_of_other_patients_are_not_compared(data, tmp_path, capsys):
    others = write_patients(tmp_path, 21, SIDE)
    arguments = ["hematoma", "ablations", str(data), str(tmp_path / "out"), "--unprepared", str(others), *SMALL]
    assert main(arguments) == 2
    assert "1021 is in one alone" in capsys.readouterr().err and not list((tmp_path / "out").glob("*/*.safetensors"))


def test_an_sngan_of_one_marker_is_refused_before_anything_is_learnt(data, tmp_path, capsys):
    assert main(["hematoma", "gan-experiment", str(data), str(tmp_path), *SMALL, *SMALL_GAN, "gan.labels=hypodensity"]) == 2
    assert "labels=all" in capsys.readouterr().err and not list(tmp_path.glob("*/*.safetensors"))


def test_experiments_that_are_missing_leave_dashes_in_the_tables():
    table = ablation_tables({}, "command")
    assert "| VGG16 | - | 0.692 | - | 0.337 | - | 0.524 |" in table
    assert "| patient split | - | - | 0.1609 | - | 0.7573 | - | 0.8390 |" in table
    assert "| putamen | - | - | 0.9094 | - | 0.8904 | - |" in table


def test_the_discriminators_layers_stretch_nothing():
    """Spectral normalisation: the largest singular value of every weight comes to 1."""
    network = SNGAN(16, 8, 2, 4).train()
    for _ in range(100):
        network.discriminator(torch.rand(2, 2, 16, 16), torch.eye(2))
    layers = [layer for layer in network.discriminator.modules() if isinstance(layer, nn.Conv2d | nn.Linear)]
    assert len(layers) == 3 * 3 + 2
    for layer in layers:
        assert torch.linalg.matrix_norm(layer.weight.flatten(1), 2).item() == pytest.approx(1, abs=0.02)


def test_the_label_enters_by_projection_and_by_conditional_batch_norms():
    network = SNGAN(16, 8, 2, 4).eval()
    pictures = torch.rand(3, 2, 16, 16)
    with_first, with_second, with_both = (
        network.discriminator(pictures, torch.tensor([label]).repeat(3, 1)) for label in ([1.0, 0.0], [0.0, 1.0], [1.0, 1.0])
    )
    none = network.discriminator(pictures, torch.zeros(3, 2))
    assert torch.allclose(with_both - none, (with_first - none) + (with_second - none), atol=1e-5), "linear in the label"
    norm = ConditionalBatchNorm2d(3, 2).train()
    nn.init.normal_(norm.scale.weight)
    nn.init.normal_(norm.shift.weight)
    features = torch.rand(8, 3, 5, 5)
    normal = (features - features.mean((0, 2, 3), keepdim=True)) / features.var((0, 2, 3), keepdim=True, correction=0).sqrt()
    labels = torch.eye(2).repeat(4, 1)
    expected = normal * (1 + labels @ norm.scale.weight.T)[..., None, None] + (labels @ norm.shift.weight.T)[..., None, None]
    assert torch.allclose(norm(features, labels), expected, atol=1e-3)


def test_each_network_learns_from_its_own_loss_alone():
    loss = HingeLoss(GANOptions(side=16, width=4, noise=4, labels="hypodensity"))
    real, labels, noise = torch.rand(4, 2, 16, 16), torch.eye(2).repeat(2, 1), torch.randn(4, 4)
    loss(real, labels, noise).backward()
    scores = loss.network.discriminator
    assert all(parameter.requires_grad for parameter in scores.parameters())
    found = {name: parameter.grad.clone() for name, parameter in scores.named_parameters()}
    loss.zero_grad()
    torch.nn.functional.relu(1 - scores(real, labels)).mean().backward()
    assert all(parameter.grad is None for parameter in loss.network.generator.parameters())
    assert all(grad.abs().sum() > 0 for name, grad in found.items() if "original" in name)


def test_pictures_that_are_alike_lie_near_and_others_far():
    random = torch.Generator().manual_seed(0)
    disc = ((torch.arange(32) - 16)[:, None] ** 2 + (torch.arange(32) - 16) ** 2 < 64).float() * 2 - 1

    def pictures(grain: float) -> torch.Tensor:
        density = 0.5 + grain * torch.randn(200, 1, 32, 32, generator=random)
        return torch.cat([density, disc.repeat(200, 1, 1, 1)], dim=1)

    same, other = pictures(0.1), pictures(0.3)
    assert frechet_distance(same, same) == pytest.approx(0, abs=1e-6)
    assert frechet_distance(same, pictures(0.1)) < 1 < 20 < frechet_distance(same, other)


def test_crops_hold_the_hematoma_in_their_middle(data):
    slices = joined(load_patients(data)[:3])
    numbers = slices.with_hematoma.nonzero()[:, 0]
    crops = hematoma_crops(slices, numbers, 32)
    assert crops.shape == (6, 2, 32, 32) and crops.min() >= -1 and crops.max() <= 1
    areas = (crops[:, 1] > 0).sum((1, 2))
    assert torch.equal(areas, (slices.labels[numbers] == HEMATOMA).sum((1, 2)))
    assert crops[0, 0][crops[0, 1] > 0].median() == pytest.approx(65 / 80 * 2 - 1, abs=0.05)


@pytest.fixture(scope="module")
def gan(data, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("gan")
    small = ("side=32", "width=8", "noise=8", "batch=8", "labels=hypodensity", "rate=0.002", "average=0.9", "validate_every=6")
    assert (
        main(["hematoma", "train-gan", str(data), str(folder), "--preset", "cpu", "--steps", "60", "--device", "cpu", *small]) == 0
    )
    return folder


def test_an_sngan_keeps_pictures_and_a_distance_while_it_learns(gan):
    figures = json.loads((gan / "gan.json").read_text())
    assert figures["best_distance"] > 0 and "Haar" in figures["features"] and figures["hematomas"] == 36
    grids = sorted((gan / "grids").iterdir())
    assert len(grids) >= 10 and Image.open(grids[-1]).size == (8 * 32, 3 * 32)
    assert "Frechet distance" in (gan / "log.txt").read_text()


def test_samples_of_each_class_are_written_as_pictures(gan, tmp_path, capsys):
    assert main(["hematoma", "draw-samples", str(gan), str(tmp_path), "--per-class", "5", "--device", "cpu"]) == 0
    printed = capsys.readouterr().out
    assert {each.name for each in tmp_path.iterdir()} == {"hypodensity", "no_hypodensity"}
    for folder in tmp_path.iterdir():
        files = sorted(folder.iterdir())
        assert f"{folder.name}: {len(files) // 2} of 5" in printed
        assert all(Image.open(file).size == (32, 32) for file in files)
    first, again = (draw(trained_gan(gan)[0], torch.eye(2), 5, CPU) for _ in range(2))
    assert torch.equal(first, again)


def test_drawn_slices_hold_what_was_asked_for_in_the_middle_of_nothing():
    options = GANOptions(side=32, width=4, noise=8)
    labels = balanced_labels(torch.tensor([[True, False, True, False], [False, True, False, False]]), "hypodensity", 10, 0)
    assert labels[:5].tolist() == [[1, 0, 1, 0]] * 5 and labels[5:].tolist() == [[0, 1, 0, 0]] * 5
    network = SNGAN(32, 4, 4, 8)
    network.generator.exit.bias.data = torch.tensor([0.5, 9.0])  # hematoma everywhere
    network.generator.exit.weight.data.zero_()
    slices = drawn_slices(network, options, labels, 0, CPU, 64)
    assert slices.labels.shape == (10, 64, 64) and torch.equal(slices.markers, labels.bool())
    assert (slices.labels[:, 16:48, 16:48] == HEMATOMA).all() and slices.labels.sum() == 10 * 32 * 32
    assert (slices.hounsfield[:, 16:48, 16:48] == round((np.tanh(0.5) + 1) * 40)).all()
    assert (slices.patients < 0).all() and slices.judged.all()
    with pytest.raises(InputError, match="labels=all"):
        drawn_slices(network, GANOptions(labels="blend"), labels, 0, CPU)
    with pytest.raises(InputError, match="alike in blend"):
        balanced_labels(torch.zeros(3, len(MARKERS), dtype=torch.bool), "blend", 4, 0)


def test_the_studys_experiment_with_drawn_hematomas_is_one_command(data, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("training.hematoma.gan.samples.LEAST_PIXELS", 1)
    arguments = ["hematoma", "gan-experiment", str(data), str(tmp_path), "--device", "cpu", *SMALL, *SMALL_GAN]
    assert main(arguments) == 0
    figures, table = json.loads((tmp_path / "samples.json").read_text()), (tmp_path / "samples.md").read_text()
    assert figures["auc"].keys() == {"without", "with"} and "| 0.702 |" in table and "| 0.721 |" in table
    learnt = [(tmp_path / "log.txt").read_text().split("learnt from: ")[turn].split()[0] for turn in (1, 2)]
    assert int(learnt[0]) == 36 < int(learnt[1]) <= 72
    capsys.readouterr()
    assert main(arguments) == 0
    assert not [line for line in capsys.readouterr().out.splitlines() if line.startswith("--- ")]


@pytest.mark.parametrize(
    ("override", "message"),
    [("side=48", "power of 2"), ("labels=swirl", "choose one of all, hypodensity"), ("wdth=3", "did you mean width?")],
)
def test_options_of_an_sngan_that_cannot_be_used_are_told(data, tmp_path, capsys, override, message):
    assert main(["hematoma", "train-gan", str(data), str(tmp_path), "--preset", "cpu", "--device", "cpu", override]) == 2
    assert message in capsys.readouterr().err


def test_a_shelf_without_two_kinds_teaches_no_sngan(tmp_path, capsys):
    data = write_patients(tmp_path, 4, SIDE)
    for number in (1000, 1002):
        (data / f"patient-{number:05d}.npz").unlink()
    (data / "patient-01001.npz").rename(data / "patient-00501.npz")
    assert len(SliceDataset(data, None, "patient", 0).slices) == 8
    assert main(["hematoma", "train-gan", str(data), str(tmp_path / "gan"), "--preset", "cpu", "--device", "cpu"]) == 2
    assert "one kind" in capsys.readouterr().err
