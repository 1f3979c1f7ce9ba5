"""Options, weights and figures that no training can use are refused at the door, in one sentence."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
import torch
from drawn_training import write_patients
from LesionReadingLib.errors import InputError
from places import ROOT
from safetensors.torch import save_file

from training.__main__ import main
from training.engine.options import TrainingOptions
from training.engine.presets import chosen_options, preset_values
from training.engine.training import Training
from training.hematoma.gan.train import GANOptions
from training.hematoma.train_markers import Recipe as Markers
from training.hematoma.train_segmentation import CHECKPOINT as UNET_CHECKPOINT
from training.hematoma.train_segmentation import Recipe as UNet
from training.hematoma.train_segmentation import new_training as new_unet_training
from training.oct.bundle import PHANTOM_DATA, bundle_of_training
from training.oct.train import CHECKPOINT, Recipe, encoder_weights, new_training

CPU = torch.device("cpu")
OPTIONS = {"oct": {"": Recipe}, "hematoma": {"segmentation": UNet, "markers": Markers, "gan": GANOptions}}


@pytest.mark.parametrize(
    ("kind", "override"),
    [
        *((TrainingOptions, each) for each in ("batch=0", "rate=0", "rate=.inf", "rate=null", "average=2", "gradient_norm=0")),
        *(
            (TrainingOptions, each)
            for each in ("schedule=step", "optimizer=sgd", "precision=float8", "betas=[1, 2]", "betas=[0.9]")
        ),
        *((Recipe, each) for each in ("width=0", "classes=1", "classes=9", "loss=focal", "augmentation=none")),
        *((Recipe, f"stages={each}") for each in ("[]", "[1.0, 64]", "[[1.0, 3]]", "[[1.0, big]]", "[[0.5, 64]]", "[[1.0, 1024]]")),
        (Recipe, "stages=[[0.6, 64], [0.4, 96], [1.0, 128]]"),
        *((UNet, each) for each in ("width=0", "classes=7", "split=hash", "location=pons", "stages=[[1.0, 63]]")),
        *((Markers, each) for each in ("marker_width=0", "pooling=mean", "wavelet=daub", "mask=false", "location=pons")),
        *((GANOptions, each) for each in ("width=0", "noise=0", "side=512", "labels=swirl", "betas=[0.0, 2.0]")),
        *((UNet, each) for each in ("steps=0", "epochs=-1", "minutes=.nan")),
    ],
)
def test_a_value_that_no_training_can_use_is_refused_by_its_name(kind, override):
    with pytest.raises(InputError, match=f"^{override.partition('=')[0]} is ") as told:
        chosen_options({}, [override], kind)
    assert len(str(told.value)) < 300 and "\n" not in str(told.value)


def test_every_preset_is_one_that_can_be_used():
    for task, parts in OPTIONS.items():
        for name in ("seed", "best", "cpu"):
            values = preset_values(task, name)
            for part, kind in parts.items():
                chosen_options(values[part] if part else values, [], kind)


@pytest.mark.parametrize("content", ["segmentation: {}\nmarkers: {}", "gan: [1]", "gan: null"])
def test_a_preset_without_the_part_that_is_wanted_is_refused(tmp_path, capsys, content):
    (tmp_path / "own.yaml").write_text(content)
    assert main(["hematoma", "train-gan", str(tmp_path), str(tmp_path / "gan"), "--preset", str(tmp_path / "own.yaml")]) == 2
    assert "no part gan" in capsys.readouterr().err


def test_a_word_that_yaml_takes_for_a_truth_is_the_word():
    assert chosen_options({}, ["mask=true"], Markers)[0].mask == "true"


@pytest.mark.parametrize(
    "budget",
    [
        *(("--steps", each) for each in ("-5", "0", "0.5", "nan")),
        ("--minutes", "0"),
        ("--minutes", "nan"),
        ("--epochs", "-1"),
        ("--epochs", "inf"),
    ],
)
def test_a_budget_that_never_begins_or_ends_is_refused(tmp_path, capsys, budget):
    with pytest.raises(SystemExit) as left:
        main(["oct", "train", str(tmp_path), str(tmp_path / "run"), *budget])
    wanted = "no whole number from 1 on" if budget[0] == "--steps" else "no number above 0"
    assert left.value.code == 2 and f"{budget[1]} is {wanted}" in capsys.readouterr().err and not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    "command",
    [
        ("hematoma", "train", "DATA", "RUN", "--minutes", "nan", "1"),
        ("hematoma", "train", "DATA", "RUN", "--draw-minutes", "0"),
        ("hematoma", "train", "DATA", "RUN", "--width", "-1"),
        ("oct", "train-calcium", "RUN", "DATA", "--real-share", "1.5"),
        ("oct", "bundle-two-step", "RUN", "BUNDLE", "--likely", "nan"),
        ("oct", "bundle", "RUN", "BUNDLE", "--calcium-offset", "inf"),
        ("oct", "import", "IMAGES", "-o", "DATA", "--frame-spacing", "0"),
        ("oct", "real-views", "FILE", "IMAGES", "--pixel-spacing", "0.02", "--frames", "0", "2"),
        ("hematoma", "import", "IMAGES", "-o", "DATA", "--slice-spacing", "nan"),
        ("agreement", "A", "B", "--of", "oct", "-o", "DATA", "--pixel-spacing", "-0.1"),
    ],
)
def test_numbers_out_of_their_range_are_refused_before_anything_is_read(command, capsys):
    with pytest.raises(SystemExit) as left:
        main(list(command))
    assert left.value.code == 2 and re.search("is no (whole )?number", capsys.readouterr().err)


@pytest.mark.parametrize(
    "numbers",
    [
        *(("hematoma", one, value) for one, value in (("--patients", "0"), ("--processes", "0"), ("--first-seed", "-5"))),
        *(("oct", one, value) for one, value in (("--keep-frames", "0"), ("--frame-spacing", "nan"), ("--frame-spacing", "0"))),
    ],
)
def test_phantoms_that_cannot_be_drawn_are_refused(tmp_path, numbers):
    task, *option = numbers
    with pytest.raises(SystemExit) as left:
        main([task, "make-data", str(tmp_path / "data"), *option])
    assert left.value.code == 2 and not (tmp_path / "data").exists()


def a_training(folder: Path) -> Path:
    folder.mkdir()
    new_training(Recipe(width=4), CPU).save(folder / CHECKPOINT)
    return folder


def test_a_checkpoint_of_the_other_task_is_refused(tmp_path, capsys):
    new_unet_training(UNet(width=0.1), CPU).save(tmp_path / CHECKPOINT)
    assert main(["oct", "train", str(tmp_path), str(tmp_path), "--preset", "cpu"]) == 2
    assert "checkpoint of another network" in capsys.readouterr().err
    heads = write_patients(tmp_path, 3, 64)
    (a_training(tmp_path / "run") / CHECKPOINT).rename(tmp_path / "run" / UNET_CHECKPOINT)
    assert main(["hematoma", "train-segmentation", str(heads), str(tmp_path / "run"), "--preset", "cpu"]) == 2
    assert "checkpoint of another network" in capsys.readouterr().err


def test_weights_of_which_nothing_fits_are_not_taken_for_a_beginning(tmp_path, capsys):
    save_file({"head.weight": torch.ones(3, 3)}, tmp_path / "others.safetensors")
    (tmp_path / "picture.safetensors").write_bytes(b"\x89PNG\r\n\x1a\n" + b"x" * 99)
    for name, told in (("others", "No tensor of"), ("picture", "cannot be read"), ("missing", "cannot be read")):
        weights = tmp_path / f"{name}.safetensors"
        assert main(["oct", "train", str(tmp_path), str(tmp_path / "run"), "--preset", "cpu", "--weights", str(weights)]) == 2
        assert told in capsys.readouterr().err and not (tmp_path / "run" / CHECKPOINT).exists()
    save_file({"conv1.weight": torch.ones(4, 3, 7, 7)}, tmp_path / "resnet.safetensors")
    assert encoder_weights(tmp_path / "resnet.safetensors")["encoder.conv1.weight"].shape == (4, 1, 7, 7)


@pytest.mark.parametrize("figures", [{"hematoma": {}}, [1], {}, "text"])
def test_figures_of_something_else_enter_no_card(tmp_path, capsys, figures):
    bundle = bundle_of_training(a_training(tmp_path / "run"), tmp_path / "bundle", PHANTOM_DATA, "licence")
    card = (bundle.path / "docs/README.md").read_bytes()
    (tmp_path / "figures.json").write_text(json.dumps(figures))
    for option in ("--own", "--phantom", "--frames", "--real"):
        assert main(["oct", "card", str(bundle.path), option, str(tmp_path / "figures.json")]) == 2
        assert "figures.json does not hold" in capsys.readouterr().err
    assert (bundle.path / "docs/README.md").read_bytes() == card


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (("oct", "bundle-two-step", "RUN", "BUNDLE", "--inner", "0.1", "--outer", "0.9"), "--inner is 0.1 and --outer 0.9"),
        (("oct", "bundle-two-step", "RUN", "BUNDLE", "--certain", "0.1"), "--certain is 0.1 and --likely 0.15"),
        (
            ("oct", "bundle-two-step", "RUN", "BUNDLE", "--certain-alone", "0.2", "--likely-alone", "0.4"),
            "--certain-alone is 0.2 and --likely-alone 0.4",
        ),
        (("hematoma", "evaluate-slices", "hematoma_markers_phantom", "IMAGES", "MASKS", "--window", "80", "0"), "--window is 80 0"),
    ],
)
def test_numbers_in_the_wrong_order_are_refused_before_anything_is_read(command, told, capsys):
    assert main(list(command)) == 2
    assert told in capsys.readouterr().err


@pytest.mark.parametrize(
    ("task", "shipped", "options"),
    [
        ("oct", "oct_calcium_two_step", {"--phantom": "three_classes", "--real": "frames_with_calcium"}),
        ("hematoma", "hematoma_markers_phantom", {"--wide": "hematoma"}),
    ],
)
def test_figures_of_an_earlier_version_enter_no_card(tmp_path, capsys, task, shipped, options):
    """They lack what was not told then."""
    bundle = shutil.copytree(ROOT / "Resources/Models" / shipped, tmp_path / "bundle")
    before = {path: path.read_bytes() for path in bundle.rglob("*") if path.is_file()}
    for option, known in options.items():
        (tmp_path / "figures.json").write_text(json.dumps({known: {}}))
        assert main([task, "card", str(bundle), option, str(tmp_path / "figures.json")]) == 2
        told = capsys.readouterr().err
        assert f"are in {tmp_path / 'figures.json'}; evaluate again" in told and told.count("\n") == 1
    assert {path: path.read_bytes() for path in bundle.rglob("*") if path.is_file()} == before


def test_what_an_optimiser_is_given_is_what_was_written():
    options, _budget = chosen_options({"betas": [0.5, 0.9], "optimizer": "adam"}, ["rate=1e-3"], TrainingOptions)
    training = Training(torch.nn.ModuleDict({"network": torch.nn.Linear(1, 1)}), options, CPU)
    assert type(training.optimizer) is torch.optim.Adam and training.optimizer.defaults["betas"] == (0.5, 0.9)


def test_one_folder_does_not_hold_patients_with_and_without_preparation(tmp_path, capsys):
    arguments = ["hematoma", "make-data", str(tmp_path / "data"), "--patients", "1", "--processes", "1"]
    assert main([*arguments, "--unprepared", str(tmp_path / "other/../data")]) == 2
    assert "choose another folder for --unprepared" in capsys.readouterr().err and not list(tmp_path.rglob("*.npz"))


@pytest.mark.parametrize(
    ("asked", "able", "chosen"),
    [
        ("auto", torch.bfloat16, True),
        ("auto", torch.float32, False),
        ("bfloat16", torch.float32, True),
        ("float32", torch.bfloat16, False),
    ],
)
def test_a_processor_without_units_for_bfloat16_learns_in_float32(asked, able, chosen, monkeypatch):
    monkeypatch.setattr("training.engine.options.fastest_dtype", lambda device: able)
    with TrainingOptions(precision=asked).autocast(CPU):
        assert torch.is_autocast_enabled("cpu") == chosen
