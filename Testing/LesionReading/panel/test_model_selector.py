"""The choice of a model: the shipped ones, those of the user, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import slicer
import slicer.packaging
from LesionReadingLib.errors import InputError
from LesionReadingLib.model.bundle import METADATA, WEIGHTS, load_bundle, write_bundle
from panel_ui import panel_widgets
from safetensors.numpy import save

TASK = "oct-calcium"


def _bundle(folder: Path, task: str = TASK, **metadata) -> Path:
    weights = save({"weight": np.arange(6, dtype=np.float32)})
    facts = {"description": "A line.", "eval_metrics": {"patients": {"dice": 0.8123, "auc": {"blend": 0.7}}}} | metadata
    write_bundle(
        folder,
        task,
        network_class="Line",
        network_arguments={"width": 3},
        weights=weights,
        metadata=facts,
        card="# card",
        licence="licence",
    )
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
    for fact in ("A line.", "patients", "Dice 0.812", "AUC blend 0.7"):
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


def test_the_metadata_of_a_bundle_may_lack_figures(a_selector, tmp_path):
    ui, selector, _ = a_selector
    folder = _bundle(tmp_path / "bare")
    metadata = json.loads((folder / METADATA).read_text())
    metadata["eval_metrics"] = "none yet"
    (folder / METADATA).write_text(json.dumps(metadata))
    selector.add(folder)
    assert ui.modelFactsLabel.text == "A line."
