"""Presets: what they hold, how single numbers are changed, and what an unknown one is answered; the source study's 21 variants."""

from __future__ import annotations

import argparse
import subprocess
import sys

import numpy as np
import pytest
import torch
from LesionReadingLib.errors import InputError

from training.__main__ import main
from training.engine.presets import budget_of_command, chosen_options, in_section, preset_values
from training.hematoma.train_markers import Recipe as MarkerRecipe
from training.hematoma.train_segmentation import Recipe as UNetRecipe
from training.oct.data import Patient
from training.oct.train import FrameTask, Recipe
from training.oct.variants import GAMMAS, VARIANTS, variants_of


def oct_preset(name: str, *overrides: str):
    return chosen_options(preset_values("oct", name), overrides, Recipe)


def test_the_seed_preset_is_the_source_studys():
    recipe, budget = oct_preset("seed")
    assert (recipe.batch, recipe.optimizer, recipe.rate, budget.epochs) == (6, "adam", 0.001, 259)
    assert (recipe.width, recipe.classes, recipe.window(0.0), recipe.augmentation) == (64, 3, 512, "variants")
    assert recipe.rate_at(0) == recipe.rate_at(0.99) == 0.001


def test_a_frame_has_exactly_21_variants_all_different():
    assert len(GAMMAS) == len(set(GAMMAS)) == 7 and 1.0 in GAMMAS and len(VARIANTS) == len(set(VARIANTS)) == 21
    random = np.random.default_rng(0)
    square, label = (torch.from_numpy(random.integers(1, high, (1, 16, 16)).astype(np.uint8)) for high in (255, 3))
    images, labels = variants_of(square.repeat(21, 1, 1), label.repeat(21, 1, 1), range(21))
    assert images.shape == labels.shape == (21, 1, 16, 16)
    assert len({image.numpy().tobytes() for image in images}) == 21
    assert len({target.numpy().tobytes() for target in labels}) == 3, "labels are mirrored, not corrected by gamma"
    for image, target, (gamma, axes) in zip(images, labels, VARIANTS, strict=True):
        expected = np.flip((square[0].numpy() / 255.0) ** gamma, axes)
        np.testing.assert_allclose(image[0], expected, atol=1e-6)
        np.testing.assert_array_equal(target[0], np.flip(label[0].numpy(), axes))


def test_211_frames_make_4431_pictures_and_an_epoch_shows_each_once():
    """A patient of 200 frames and one of 11, whose pixel says which frame it is."""
    patients = [
        Patient(number, np.stack([np.full((count, 1, 1), 0), np.zeros((count, 1, 1))]).astype(np.uint8), (1.0, 1.0, 1.0))
        for number, count in ((1, 200), (2, 11))
    ]
    patients[0].pixels[0, :, 0, 0] = np.arange(200)
    patients[1].pixels[0, :, 0, 0] = np.arange(200, 211)
    recipe, budget = oct_preset("seed")
    task = FrameTask(patients, recipe, torch.device("cpu"))
    assert task.pictures == 4431
    assert budget.in_steps(task.pictures, recipe.batch).steps == np.ceil(259 * 4431 / 6)
    seen = [
        pair
        for step in range(739)
        for frames, _, variants in [task.batch(step)]
        for pair in zip(frames.flatten().tolist(), variants.tolist(), strict=True)
    ][:4431]
    assert set(seen) == {(frame, variant) for frame in range(211) for variant in range(21)}


def test_lumen_is_background_in_the_source_studys_three_classes():
    pixels = np.stack([np.zeros((1, 2, 2)), [[[0, 1], [2, 3]]]]).astype(np.uint8)
    recipe, _ = oct_preset("seed", "batch=1")
    task = FrameTask([Patient(1, pixels, (1.0, 1.0, 1.0))], recipe, torch.device("cpu"))
    assert task.prepare(task.batch(0), 0, 0.0)[1].unique().tolist() == [0, 1, 2]


@pytest.mark.parametrize("name", ["seed", "best", "cpu"])
def test_every_preset_makes_options(name):
    assert oct_preset(name)[1].epochs or oct_preset(name)[1].steps > 0
    values = preset_values("hematoma", name)
    for section, kind in (("segmentation", UNetRecipe), ("markers", MarkerRecipe)):
        recipe, budget = chosen_options(values[section], [], kind)
        assert recipe.batch and budget.steps > 0


def test_the_best_presets_are_the_networks_of_the_shipped_bundles():
    recipe, _ = oct_preset("best")
    assert (recipe.width, recipe.classes) == (16, 4)
    values = preset_values("hematoma", "best")
    assert (values["segmentation"]["width"], values["markers"]["marker_width"], values["markers"]["mask"]) == (0.5, 0.25, "true")


def test_numbers_are_changed_one_by_one():
    recipe, budget = oct_preset("cpu", "batch=6", "rate=1e-4", "steps=7", "stages=[[0.5, 64], [1.0, 96]]", "schedule=constant")
    assert (recipe.batch, recipe.rate, budget.steps, recipe.schedule) == (6, 1e-4, 7, "constant")
    assert recipe.window(0.4) == 64 and recipe.window(0.6) == 96
    assert isinstance(hash(recipe), int)


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("bach=4", "no option bach (did you mean batch?)"),
        ("batch=four", "batch is a whole number from 0 on, not four"),
        ("rate=quick", "rate is a number, not quick"),
        ("stages=3", "stages is a list"),
        ("loss=2", "loss is a word"),
        ("rate=[1", "no value that can be read"),
    ],
)
def test_an_override_that_cannot_be_used_is_told_in_one_sentence(override, message):
    with pytest.raises(InputError) as caught:
        oct_preset("cpu", override)
    assert message in str(caught.value) and "\n" not in str(caught.value)


def test_the_command_line_tells_the_nearest_key_and_ends_with_status_2(tmp_path, capsys):
    assert main(["oct", "train", str(tmp_path), str(tmp_path / "run"), "widht=4"]) == 2
    assert "did you mean width?" in capsys.readouterr().err
    assert main(["oct", "train", str(tmp_path), str(tmp_path / "run"), "--preset", "seeds"]) == 2
    assert "did you mean seed?" in capsys.readouterr().err
    with pytest.raises(SystemExit) as left:
        main(["oct", "offsets", str(tmp_path), str(tmp_path), "width=4"])
    assert left.value.code == 2
    assert not (tmp_path / "run").exists()


def test_parts_of_a_preset_are_named():
    overrides = ["segmentation.width=0.1", "markers.batch=2", "segmentation.steps=3"]
    assert in_section(overrides, "segmentation", ("segmentation", "markers")) == ["width=0.1", "steps=3"]
    with pytest.raises(InputError, match=r"did you mean markers\?"):
        in_section(["marker.batch=2"], "markers", ("segmentation", "markers"))


def test_a_preset_of_ones_own_is_a_yaml_file(tmp_path):
    (tmp_path / "mine.yaml").write_text("width: 4\nsteps: 3\n")
    recipe, budget = chosen_options(preset_values("oct", str(tmp_path / "mine.yaml")), [], Recipe)
    assert (recipe.width, budget.steps) == (4, 3)
    (tmp_path / "bad.yaml").write_text("width: [4\n")
    with pytest.raises(InputError, match="cannot be read"):
        preset_values("oct", str(tmp_path / "bad.yaml"))


@pytest.mark.parametrize(
    "text",
    [
        "stages: &a [*a]",
        "a: &a [1, 1, 1, 1, 1, 1, 1, 1]\nb: &b [*a, *a, *a, *a, *a, *a, *a]\nbatch: [*b, *b, *b, *b]",
        "batch: " + "[" * 50_000,
        "batch: !!python/object/apply:os.system [true]",
        "batch: \x00",
    ],
)
def test_yaml_that_grows_without_end_or_is_none_is_refused(tmp_path, text):
    (tmp_path / "own.yaml").write_text(text)
    with pytest.raises(InputError, match=r"own\.yaml"):
        oct_preset(str(tmp_path / "own.yaml"))
    with pytest.raises(InputError):
        oct_preset("cpu", f"stages={text.partition(': ')[2]}")


def test_the_command_lines_budget_comes_before_the_presets():
    def budget(steps=None, epochs=None, minutes=None, of="cpu"):
        return budget_of_command(argparse.Namespace(steps=steps, epochs=epochs, minutes=minutes), oct_preset(of)[1])

    assert budget() == oct_preset("cpu")[1]
    assert budget(steps=7).steps == 7 and budget(epochs=2, of="cpu").epochs == 2
    assert budget(steps=7, of="seed").epochs is None
    both = budget(minutes=3)
    assert both.minutes == 3 and both.steps == 600


def test_adapting_needs_none_of_the_packages_of_training_and_a_typo_no_torch():
    """The panel adapts with what the modules install; a command line is answered at once."""
    code = f"import sys; sys.path[:0] = {sys.path!r}; sys.modules.update(dict.fromkeys({{names}}, None)); {{rest}}"
    steps = "import training.oct.adaptation.adapt, training.oct.second_step.bundle"
    adapting = code.format(names=["ignite", "yaml", "tensorboard"], rest=steps)
    parsing = code.format(names=["torch", "monai", "scipy"], rest="import training.__main__")
    for each in (adapting, parsing):
        subprocess.run([sys.executable, "-c", each], check=True, timeout=240)


def test_a_package_that_is_missing_is_named(tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "yaml", None)
    assert main(["oct", "train", str(tmp_path), str(tmp_path / "run")]) == 2
    assert "pip install -e '.[training]'" in capsys.readouterr().err
