"""MONAI's layout of bundles: ``python -m monai.bundle run`` trains, infers and evaluates with them."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import monai.bundle
import numpy as np
import pytest
import torch
from drawn_training import write_patients
from LesionReadingLib.geometry.grid import even_grid
from LesionReadingLib.model.bundle import DEFAULT_MODELS, METADATA, WEIGHTS, find_bundle, load_bundle
from LesionReadingLib.model.weights import load_weights
from LesionReadingLib.studies import bundle_configs
from LesionReadingLib.studies.bundle_evaluation import case_dice
from LesionReadingLib.studies.training_case import write_case
from monai.bundle import ConfigParser
from OCTCalciumLib.labels import NAMES, TASK
from OCTCalciumLib.phantom.pullback import draw_pullback
from places import ROOT
from safetensors import safe_open

from training.__main__ import main
from training.oct.bundle import bundle_of_training
from training.oct.train import CHECKPOINT, FrameTask, Recipe, new_training
from training.reporting.monai_configs import configs_of

CPU = torch.device("cpu")
LIBS = [ROOT / each for each in ("LesionReading", "OCTCalcium", "HematomaMarkers")]


def monai_run(config: str, bundle: Path, *options: str, status: int = 0) -> str:
    """As a person runs it, in a process of its own: in a folder that knows neither bundle nor repository; give its last line.

    A package of that folder is called as the repository's own.
    """
    command = [sys.executable, "-m", "monai.bundle", "run", "--config_file", str(bundle / f"configs/{config}.json")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, LIBS)), "OMP_NUM_THREADS": "1"}
    with TemporaryDirectory() as folder:
        (Path(folder) / "training").mkdir()
        (Path(folder) / "training/__init__.py").write_text("raise SystemError('not the repository')")
        done = subprocess.run([*command, *options], env=environment, cwd=folder, capture_output=True, text=True, timeout=400)
    assert done.returncode == status, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr.splitlines()[-1]


def monai_status(config: str, bundle: Path, **options: Any) -> int:
    """The exit status of the same in this process, which has MONAI loaded already."""
    with pytest.raises(SystemExit) as left:
        monai.bundle.run(config_file=str(bundle / f"configs/{config}.json"), bundle_root=str(bundle), **options)
    return left.value.code


@pytest.fixture(scope="module")
def cases(tmp_path_factory) -> Path:
    """Two exported cases of three phantom frames each."""
    folder = tmp_path_factory.mktemp("cases")
    for seed in (5, 6):
        pullback = draw_pullback(seed, 3, 128, 0.5)
        grid = even_grid(pullback.frames.shape, pullback.spacing)
        write_case(folder / str(seed), TASK, pullback.frames, pullback.labels, grid, reviewed=[1, 2], markers=None)
    return folder


@pytest.fixture(scope="module")
def bundle(tmp_path_factory) -> Path:
    """The bundle of a training of the source study's three classes, a few steps long."""
    folder = tmp_path_factory.mktemp("training")
    data = "--patients 2 --first-seed 1010 --keep-frames 1 --processes 1"
    assert main(["oct", "make-data", str(folder / "data"), *data.split()]) == 0
    small = ("--preset", "seed", "width=4", "stages=[[1.0, 64]]", "batch=2", "precision=float32", "workers=0")
    assert main(["oct", "train", str(folder / "data"), str(folder / "run"), "--steps", "2", "--device", "cpu", *small]) == 0
    assert main(["oct", "bundle", str(folder / "run"), str(folder / "mine")]) == 0
    return folder / "mine"


def test_a_bundle_holds_monais_configs_and_the_checksum_of_its_weights(bundle):
    assert {each.name for each in (bundle / "configs").iterdir()} == {
        *("metadata.json", "train.json", "inference.json", "evaluate.json")
    }
    metadata = json.loads((bundle / METADATA).read_text())
    checksum = metadata["lesion_reading"]["weights_sha256"]
    assert checksum == hashlib.sha256((bundle / WEIGHTS).read_bytes()).hexdigest()
    network = ConfigParser(json.loads((bundle / "configs/inference.json").read_text())).get_parsed_content("network_def")
    with safe_open(bundle / WEIGHTS, "pt") as weights:
        assert set(weights.keys()) == set(network.state_dict())
    assert metadata["network_data_format"]["outputs"]["pred"]["num_channels"] == 3


def test_the_model_card_tells_what_it_was_trained_on_and_with(bundle):
    card, training = (bundle / "docs/README.md").read_text(), json.loads((bundle / METADATA).read_text())["training"]
    assert training["began_with"] == "random weights" and training["steps"] == 2 and training["augmentation"] == "variants"
    assert "random weights" in card and "Phantom pullbacks only" in card and "3 classes" in card and "3 lumen" not in card


def test_monai_trains_with_a_bundles_own_options(bundle, tmp_path, capfd):
    data = bundle.parent / "data"
    more = ("--more", "['--device', 'cpu', 'steps=1']", "--dataset_dir", str(data), "--output_dir", str(tmp_path / "again"))
    monai_run("train", bundle, *more)
    with safe_open(tmp_path / "again" / CHECKPOINT, "pt") as made:
        facts = json.loads(made.metadata()["facts"])
    assert (facts["step"], facts["options"]["width"], facts["options"]["classes"]) == (1, 4, 3)
    assert monai_status("train", bundle, more=["wdth=1"]) == 2
    assert "did you mean width" in capfd.readouterr().err


def test_monai_infers_with_a_bundle_what_the_module_would(bundle, cases, tmp_path):
    monai_run("inference", bundle, "--input", str(cases / "5/image.nrrd"), "--output_dir", str(tmp_path / "out"), "--device", "cpu")
    content = json.loads((tmp_path / "out/measurements.json").read_text())
    assert content["schema"] == "oct-calcium/1" and len(content["frames"]) == 3
    assert monai_status("inference", bundle, input=str(tmp_path / "nothing"), output_dir=str(tmp_path / "none")) == 2


def test_monai_evaluates_a_bundle_on_exported_cases(bundle, cases, tmp_path, capfd):
    monai_run("evaluate", bundle, "--dataset_dir", str(cases), "--output_dir", str(tmp_path), "--device", "cpu")
    content = json.loads((tmp_path / "evaluation.json").read_text())
    assert content["cases"].keys() == {"5", "6"} and content["mean_dice"].keys() == {"calcium", "guidewire", "lumen"}
    assert content["mean_dice"]["lumen"] == 0, "a network of three classes finds none"
    assert monai_status("evaluate", bundle, dataset_dir=str(tmp_path), output_dir=str(tmp_path / "none")) == 2
    assert "no case to evaluate with" in capfd.readouterr().err and not (tmp_path / "none").exists()


def test_monais_runs_look_into_the_bundle_where_nothing_else_is_said(bundle):
    for config, folder in (("train", "dataset"), ("inference", "input"), ("evaluate", "dataset")):
        assert str(bundle / folder) in monai_run(config, bundle, status=2)


def test_a_bundle_that_is_none_is_told_in_one_sentence(bundle, cases, tmp_path):
    line = monai_run("evaluate", bundle, "--bundle_root", str(tmp_path), "--dataset_dir", str(cases), status=2)
    assert str(tmp_path) in line


def test_without_the_repository_a_training_says_where_it_is_found(monkeypatch, tmp_path, capfd):
    monkeypatch.setattr(bundle_configs, "_REPOSITORY", tmp_path)
    with pytest.raises(SystemExit) as left:
        bundle_configs.train(lambda: main, [["oct", "train"]], [])
    assert left.value.code == 2 and "repository of LesionReading" in capfd.readouterr().err


def test_dice_is_twice_the_overlap_over_both():
    found, truth = np.array([[1, 1, 2, 0]]), np.array([[1, 2, 2, 2]])
    assert case_dice(found, truth, NAMES) == {"calcium": 2 / 3, "guidewire": 2 / 4, "lumen": None}


@pytest.mark.parametrize("task", sorted(DEFAULT_MODELS))
def test_the_shipped_bundles_hold_todays_configs(task):
    shipped = find_bundle(DEFAULT_MODELS[task], task)
    for name, config in configs_of(shipped).items():
        assert json.loads((shipped.path / f"configs/{name}.json").read_text()) == json.loads(json.dumps(config)), name
    network = ConfigParser(configs_of(shipped)["inference"]).get_parsed_content("network_def")
    assert load_weights(shipped.weights).keys() == network.state_dict().keys()


def test_the_shipped_hematoma_bundle_trains_again_with_its_own_options(tmp_path):
    data = write_patients(tmp_path, 12, 64)
    shipped = find_bundle("hematoma_markers_phantom", "hematoma-markers")
    more = "['--steps', '1', '--device', 'cpu', 'batch=2']"
    monai_run("train", shipped.path, "--more", more, "--dataset_dir", str(data), "--output_dir", str(tmp_path / "run"))
    assert {"segmentation.json", "markers.json"} <= {each.name for each in (tmp_path / "run").iterdir()}


def test_configs_can_be_written_beside_a_bundle_of_before(bundle, tmp_path):
    for file in (METADATA, WEIGHTS):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_bytes((bundle / file).read_bytes())
    assert main(["bundle-configs", str(tmp_path)]) == 0
    assert configs_of(load_bundle(tmp_path, TASK)).keys() == {"train", "inference", "evaluate"}
    assert (tmp_path / "configs/train.json").read_text() == (bundle / "configs/train.json").read_text()
    assert main(["bundle-configs", str(tmp_path / "docs")]) == 2


def test_a_bundle_of_four_classes_tells_of_the_lumen(tmp_path):
    recipe = Recipe(width=4, stages=((1.0, 64),))
    training = new_training(recipe, CPU)
    training.save(tmp_path / CHECKPOINT)
    assert FrameTask([], recipe, CPU).pictures == 0
    made = bundle_of_training(tmp_path, tmp_path / "mine", "nothing at all", "licence")
    assert "3 lumen" in made.metadata["label_classes"] and made.metadata["training"]["steps"] == 0
