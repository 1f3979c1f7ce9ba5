"""Rooms of the panel before a run: the input's spacing, the model, the packages."""

from __future__ import annotations

import json
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
import slicer
import slicer.packaging
from drawn_volumes import ORIGIN, a_volume, add_array, numbered
from LesionReadingLib.bundle import METADATA, WEIGHTS, load_bundle, write_bundle
from LesionReadingLib.errors import InputError
from LesionReadingLib.geometry.spacing import TYPED, UNKNOWN
from LesionReadingScene.scene import set_slice_spacing_unknown, spacing_source
from packaging.requirements import Requirement
from panel_ui import panel_widgets
from places import ROOT
from safetensors.numpy import save

REQUIREMENTS = ROOT / "LesionReading/Resources/lesion_reading_requirements.txt"
TASK = "oct-calcium"


@pytest.fixture
def a_spacing_box(a_desktop):
    from LesionReadingPanel.spacing_box import SpacingBox

    ui, told = panel_widgets(), []
    return ui, SpacingBox(ui, "slices", lambda: told.append(True)), told


def test_a_volume_with_spacing_is_described_and_nothing_is_asked(a_spacing_box):
    ui, box, _ = a_spacing_box
    box.show(a_volume(source="DICOM (0028,0030) Pixel Spacing"))
    for fact in ("16 x 12", "5 slices", "0.75 x 0.5", "3 mm", "DICOM (0028,0030) Pixel Spacing"):
        assert fact in ui.inputFactsLabel.text
    assert ui.spacingBox.isHidden()
    assert box.ready


def test_spacing_that_is_not_known_is_asked_for_and_never_suggested(a_spacing_box):
    ui, box, told = a_spacing_box
    volume = add_array(numbered(), np.eye(3), ORIGIN, "pictures", UNKNOWN)
    box.show(volume)
    assert not ui.spacingBox.isHidden()
    assert not box.ready
    assert (ui.pixelSpacingSpinBox.value, ui.sliceSpacingSpinBox.value) == (0, 0)
    assert not ui.setSpacingButton.enabled
    ui.pixelSpacingSpinBox.value = 0.015
    assert not ui.setSpacingButton.enabled
    ui.sliceSpacingSpinBox.value = 0.2
    ui.setSpacingButton.click()
    assert volume.GetSpacing() == (0.015, 0.015, 0.2)
    assert spacing_source(volume) == TYPED
    assert told == [True]
    assert ui.spacingBox.isHidden()
    assert box.ready
    assert TYPED in ui.inputFactsLabel.text


def test_what_is_known_of_the_spacing_is_filled_in(a_spacing_box):
    ui, box, _ = a_spacing_box
    volume = add_array(numbered(), np.diag([0.02, 0.02, 1.0]), ORIGIN, "pullback", "DICOM")
    set_slice_spacing_unknown(volume)
    box.show(volume)
    assert ui.pixelSpacingSpinBox.value == pytest.approx(0.02)
    assert not ui.spacingBox.isHidden()


def test_an_unusable_volume_is_told_and_not_ready(a_spacing_box):
    ui, box, _ = a_spacing_box
    box.show(slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode"))
    assert "no voxels" in ui.inputFactsLabel.text
    assert not box.ready
    box.show(None)
    assert ui.inputFactsLabel.text == ""
    assert not box.ready


def _bundle(folder: Path, task: str = TASK, **metadata) -> Path:
    weights = save({"weight": np.arange(6, dtype=np.float32)})
    facts = {"description": "A line.", "eval_metrics": {"patients": {"dice": 0.8123, "auc": {"blend": 0.7}}}} | metadata
    write_bundle(folder, task, "Line", {"width": 3}, weights, facts, "# card", "licence")
    return folder


@pytest.fixture
def a_selector(a_desktop, tmp_path, monkeypatch):
    from LesionReadingPanel import model_selector

    users = tmp_path / "settings/LesionReading/Models"
    settings = tmp_path / "settings/Slicer.ini"
    shipped = _bundle(tmp_path / "shipped/a_shipped_model").parent
    monkeypatch.setattr(type(slicer.app), "slicerUserSettingsFilePath", property(lambda self: str(settings)))
    monkeypatch.setattr(model_selector, "model_folders", lambda: [shipped])
    ui = panel_widgets()
    return ui, model_selector.ModelSelector(ui, TASK), users


def test_shipped_models_of_the_task_are_offered_with_their_figures(a_selector):
    ui, selector, _ = a_selector
    assert ui.modelComboBox.count == 1
    assert selector.currentModel().endswith("a_shipped_model")
    assert ui.modelFactsLabel.text == "A line."
    for fact in ("A line.", "patients", "dice 0.812", "AUC blend 0.7"):
        assert fact in ui.modelFactsLabel.toolTip
    assert not ui.modelRemoveButton.enabled


def test_the_models_of_this_extension_are_found_by_both_tasks(a_desktop):
    from LesionReadingPanel.model_selector import ModelSelector

    for task, name in (("oct-calcium", "oct_calcium_two_step"), ("hematoma-markers", "hematoma_markers_phantom")):
        selector = ModelSelector(panel_widgets(), task)
        assert Path(selector.currentModel()).name == name
        load_bundle(Path(selector.currentModel()), task)


@pytest.mark.parametrize(
    ("shipped", "first"),
    [
        (["a_first", "the_default"], "the_default"),
        (["the_default", "z_last"], "the_default"),
        (["a_first", "b_second"], "a_first"),
    ],
)
def test_the_model_that_the_command_line_uses_is_the_one_chosen_at_first(a_selector, tmp_path, monkeypatch, shipped, first):
    from LesionReadingPanel import model_selector

    folder = tmp_path / "several"
    for name in shipped:
        _bundle(folder / name)
    monkeypatch.setattr(model_selector, "model_folders", lambda: [folder])
    monkeypatch.setitem(model_selector.DEFAULT_MODELS, TASK, "the_default")
    ui = panel_widgets()
    selector = model_selector.ModelSelector(ui, TASK)
    assert Path(selector.currentModel()).name == first
    assert ui.modelComboBox.count == len(shipped)


def test_a_model_is_added_to_the_users_own_and_chosen(a_desktop, a_selector, tmp_path):
    ui, selector, users = a_selector
    a_desktop.dialogs.answer(str(_bundle(tmp_path / "mine")))
    ui.modelAddButton.click()
    assert selector.currentModel() == str(users / "mine")
    assert "mine" in ui.modelComboBox.currentText
    assert sorted(path.name for path in users.iterdir()) == ["mine"]
    assert ui.modelRemoveButton.enabled
    ui.modelFolderButton.click()
    assert a_desktop.dialogs.opened[-1].endswith("LesionReading/Models/mine")


def test_a_folder_that_is_no_model_is_refused_in_words(a_desktop, a_selector, tmp_path):
    ui, _, users = a_selector
    (tmp_path / "poems").mkdir()
    a_desktop.dialogs.answer(str(tmp_path / "poems"), True)
    ui.modelAddButton.click()
    assert "is not a bundle" in a_desktop.dialogs.shown[-1].text
    assert ui.modelComboBox.count == 1
    assert not users.exists()


@pytest.mark.parametrize("damage", ["task", "weights"])
def test_a_model_of_another_task_or_with_altered_weights_is_not_copied(a_selector, tmp_path, damage):
    _, selector, users = a_selector
    folder = _bundle(tmp_path / "mine", "hematoma-markers" if damage == "task" else TASK)
    if damage == "weights":
        (folder / WEIGHTS).write_bytes((folder / WEIGHTS).read_bytes()[:-1])
    with pytest.raises(InputError):
        selector.add(folder)
    assert not users.exists() or not any(users.iterdir())


def test_a_second_model_of_one_name_is_refused(a_selector, tmp_path):
    _, selector, _ = a_selector
    selector.add(_bundle(tmp_path / "mine"))
    with pytest.raises(InputError, match="already"):
        selector.add(_bundle(tmp_path / "elsewhere/mine"))


def test_a_users_model_is_removed_only_after_a_yes(a_desktop, a_selector, tmp_path):
    ui, selector, users = a_selector
    selector.add(_bundle(tmp_path / "mine"))
    a_desktop.dialogs.answer(False)
    ui.modelRemoveButton.click()
    assert (users / "mine").is_dir()
    a_desktop.dialogs.answer(True)
    ui.modelRemoveButton.click()
    assert not (users / "mine").exists()
    assert selector.currentModel().endswith("a_shipped_model")
    assert (tmp_path / "mine").is_dir()


def test_a_damaged_model_among_the_users_own_is_left_out(a_selector, tmp_path):
    ui, selector, users = a_selector
    selector.add(_bundle(tmp_path / "mine"))
    (users / "mine" / METADATA).write_text("{")
    selector.refresh()
    assert ui.modelComboBox.count == 1


def test_a_new_look_at_the_models_reads_no_weights(a_selector, tmp_path, monkeypatch):
    """Qt's loop waits for it, and weights may lie on a slow disk; what a run uses is checked by the run."""
    ui, selector, users = a_selector
    selector.add(_bundle(tmp_path / "mine"))
    (users / "mine" / WEIGHTS).write_bytes((users / "mine" / WEIGHTS).read_bytes()[:-1] + b"x")
    monkeypatch.setattr("hashlib.file_digest", lambda *_: pytest.fail("the weights were hashed"))
    selector.refresh()
    assert ui.modelComboBox.count == 2
    monkeypatch.undo()
    with pytest.raises(InputError, match="altered"):
        load_bundle(users / "mine", TASK)


@pytest.mark.parametrize("source", ["Phantom pullbacks only.", "12 patients of our own.", "Frames of a\x1b[31m friend"])
def test_what_a_model_learnt_from_is_told_in_its_own_words(a_selector, tmp_path, source):
    ui, selector, _ = a_selector
    selector.add(_bundle(tmp_path / "mine", data_source=source))
    assert ui.modelFactsLabel.text == source.replace("\x1b[31m", "")
    assert f"Trained on: {ui.modelFactsLabel.text}" in ui.modelFactsLabel.toolTip
    assert ("hantom" in ui.modelFactsLabel.text) == source.startswith("Phantom")


def test_a_choice_survives_a_new_look_and_can_be_made_by_folder(a_selector, tmp_path):
    _, selector, users = a_selector
    selector.add(_bundle(tmp_path / "mine"))
    selector.refresh()
    assert selector.currentModel() == str(users / "mine")
    assert not selector.select("/nowhere")
    assert selector.currentModel() == str(users / "mine")


def test_without_any_model_a_sentence_says_so(a_desktop, monkeypatch, tmp_path):
    from LesionReadingPanel import model_selector

    monkeypatch.setattr(model_selector, "model_folders", lambda: [])
    monkeypatch.setattr(model_selector, "userModelFolder", lambda: tmp_path / "none")
    ui = panel_widgets()
    assert model_selector.ModelSelector(ui, TASK).currentModel() == ""
    assert "no model" in ui.modelFactsLabel.text
    assert not ui.modelFolderButton.enabled


def test_slicer_is_asked_for_the_packages_of_the_project_without_its_own():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = {str(Requirement(text)) for text in project["dependencies"] if Requirement(text).name not in ("torch", "vtk")}
    lines = [line for line in REQUIREMENTS.read_text().splitlines() if line and not line.startswith("#")]
    assert {str(Requirement(line)) for line in lines} == wanted


def test_the_version_of_torch_is_the_projects():
    from LesionReadingPanel.dependencies import TORCH_VERSION

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert f"torch{TORCH_VERSION}" in project["dependencies"]


def test_where_all_packages_are_there_nobody_is_asked(a_desktop):
    from LesionReadingPanel.dependencies import ensureDependencies

    ensureDependencies("OCTCalcium")
    assert a_desktop.dialogs.shown == []


@pytest.fixture
def a_slicer_without(monkeypatch):
    """Slicer's Python without some packages, as far as the installed lists tell."""
    import importlib.metadata

    known = importlib.metadata.version
    lacking = set()

    def version(name):
        if name in lacking:
            raise importlib.metadata.PackageNotFoundError(name)
        return known(name)

    monkeypatch.setattr(importlib.metadata, "version", version)
    return lacking


def test_without_torch_the_user_is_asked_first_and_may_say_no(a_desktop, a_slicer_without):
    from LesionReadingPanel.dependencies import ensureDependencies

    a_slicer_without.add("torch")
    a_desktop.dialogs.answer(False)
    with pytest.raises(InputError, match="press Apply again"):
        ensureDependencies("OCTCalcium")


def test_without_torch_and_without_its_extension_the_message_says_what_to_install(a_desktop, a_slicer_without, monkeypatch):

    from LesionReadingPanel.dependencies import ensureDependencies

    a_slicer_without.add("torch")
    monkeypatch.setitem(sys.modules, "PyTorchUtils", None)
    with pytest.raises(InputError, match="Extensions Manager"):
        ensureDependencies("OCTCalcium")


@pytest.mark.parametrize("package", ["torch", "monai"])
def test_without_a_network_the_message_says_so(a_desktop, a_slicer_without, package):
    from LesionReadingPanel.dependencies import ensureDependencies

    a_slicer_without.add(package)
    a_desktop.dialogs.answer(True)
    with pytest.raises(InputError, match="internet"):
        ensureDependencies("OCTCalcium")


def test_no_package_may_bring_another_torch_than_the_one_that_fits_the_graphics_card(a_desktop, a_slicer_without):
    from importlib.metadata import version

    from LesionReadingPanel.dependencies import ensureDependencies

    a_slicer_without.add("monai")
    a_desktop.dialogs.answer(True)
    with pytest.raises(InputError) as refused:
        ensureDependencies("OCTCalcium")
    assert refused.value.__cause__.output.split() == [f"torch=={version('torch')}"]


def test_on_an_intel_mac_the_message_does_not_blame_the_network(a_desktop, a_slicer_without, monkeypatch):
    import platform

    from LesionReadingPanel.dependencies import ensureDependencies

    a_slicer_without.add("torch")
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    with pytest.raises(InputError, match="Intel"):
        ensureDependencies("OCTCalcium")


def test_a_self_test_is_skipped_with_the_reason_where_packages_are_missing(a_desktop, a_slicer_without):
    import unittest

    a_slicer_without.add("monai")
    for module in ("OCTCalcium", "HematomaMarkers"):
        a_desktop.load_module(ROOT / module / f"{module}.py")
        tests = unittest.defaultTestLoader.loadTestsFromTestCase(getattr(sys.modules[module], f"{module}Test"))
        outcome = tests.run(unittest.TestResult())
        a_desktop.unload_module(module)
        assert len(outcome.skipped) == tests.countTestCases() > 0
        assert "Apply once" in outcome.skipped[0][1] and "monai" in outcome.skipped[0][1]


def test_packages_are_named_before_they_are_installed_and_no_is_an_answer(a_desktop, a_slicer_without):
    from LesionReadingPanel.dependencies import ensureDependencies

    a_slicer_without.add("monai")
    a_desktop.dialogs.answer(False)
    with pytest.raises(InputError, match="press Apply again"):
        ensureDependencies("OCTCalcium")
    assert "monai" in a_desktop.dialogs.shown[-1].text


@pytest.fixture
def a_slicer_with_gdcm(a_desktop, monkeypatch):
    """As an earlier version left it, on Linux; gives what the stand-in's Slicer lacks."""
    from desktop import packages

    monkeypatch.setattr(packages, "missing_in_slicer", set())
    monkeypatch.setattr(sys, "platform", "linux")
    slicer.app.userSettings().clear()
    yield packages
    slicer.app.userSettings().clear()


def test_a_package_that_makes_slicer_crash_is_removed_where_the_user_agrees(a_desktop, a_slicer_with_gdcm):
    from LesionReadingPanel.dependencies import ensureDependencies

    a_desktop.dialogs.answer(True)
    ensureDependencies("OCTCalcium")
    assert "python-gdcm" in a_desktop.dialogs.shown[-1].text and "crash" in a_desktop.dialogs.shown[-1].text
    assert a_slicer_with_gdcm.missing_in_slicer == {"python-gdcm"}
    ensureDependencies("OCTCalcium")
    assert len(a_desktop.dialogs.shown) == 1


def test_it_stays_where_the_user_needs_it_and_nobody_is_asked_twice(a_desktop, a_slicer_with_gdcm):
    from LesionReadingPanel.dependencies import ensureDependencies

    a_desktop.dialogs.answer(False)
    ensureDependencies("OCTCalcium")
    ensureDependencies("HematomaMarkers")
    assert len(a_desktop.dialogs.shown) == 1
    assert a_slicer_with_gdcm.missing_in_slicer == set()


def test_a_removal_that_fails_is_told_with_what_to_type_and_stops_nothing(a_desktop, a_slicer_with_gdcm, monkeypatch):
    import subprocess

    from LesionReadingPanel.dependencies import ensureDependencies

    def fail(*_arguments):
        raise subprocess.CalledProcessError(1, "pip uninstall")

    monkeypatch.setattr(slicer.packaging, "pip_uninstall", fail)
    a_desktop.dialogs.answer(True, None)
    ensureDependencies("OCTCalcium")
    assert "pip_uninstall" in a_desktop.dialogs.shown[-1].text


@pytest.mark.parametrize("platform", ["win32", "darwin"])
def test_where_it_does_no_harm_nobody_is_asked(a_desktop, a_slicer_with_gdcm, monkeypatch, platform):
    from LesionReadingPanel.dependencies import ensureDependencies

    monkeypatch.setattr(sys, "platform", platform)
    ensureDependencies("OCTCalcium")
    assert a_desktop.dialogs.shown == []


def test_nothing_of_the_project_needs_the_package_that_makes_slicer_crash():
    assert "gdcm" not in REQUIREMENTS.read_text()
    for folder in ("LesionReading", "OCTCalcium", "HematomaMarkers", "training"):
        for path in (ROOT / folder).rglob("*.py"):
            assert not any(line.strip().startswith(("import gdcm", "from gdcm")) for line in path.read_text().splitlines()), path


def test_the_metadata_of_a_bundle_may_lack_figures(a_selector, tmp_path):
    ui, selector, _ = a_selector
    folder = _bundle(tmp_path / "bare")
    metadata = json.loads((folder / METADATA).read_text())
    metadata["eval_metrics"] = "none yet"
    (folder / METADATA).write_text(json.dumps(metadata))
    selector.add(folder)
    assert ui.modelFactsLabel.text == "A line."


def test_the_hidden_module_only_makes_its_packages_importable(a_desktop):
    assert a_desktop.load_module(ROOT / "LesionReading" / "LesionReading.py") is None
    assert slicer.app.moduleManager().module("LesionReading").hidden
    a_desktop.unload_module("LesionReading")
