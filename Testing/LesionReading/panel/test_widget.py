"""The life of a panel: apply, cancel, close, reopen, leave and come back, whatever is in the middle of a run."""

from __future__ import annotations

import gc
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pytest
import slicer
import slicer.util
from drawn_volumes import ORIGIN, a_bend, a_volume, add_array, numbered
from LesionReadingLib.geometry.spacing import UNKNOWN
from LesionReadingScene.scene import result_json, result_of
from little_module import write_little_module

KIND = "LittleReader"
MEAN = float(numbered().mean())


@pytest.fixture
def a_panel(a_desktop, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "scratch"))
    (tmp_path / "scratch").mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    panel = a_desktop.load_module(write_little_module(tmp_path))
    yield panel
    panel.run.cancel()
    a_desktop.wait_until(lambda: not panel.run.running, 10)
    a_desktop.unload_module(KIND)
    sys.modules.pop("LittleReaderLib", None)


def _apply(panel, job="mean"):
    panel.job = job
    panel.ui.applyButton.click()
    assert panel.run.running


def _done(desktop, panel):
    desktop.wait_until(lambda: not panel.run.running, 30)
    desktop.process_events()


def _run(desktop, panel):
    _apply(panel)
    _done(desktop, panel)


def _scratch() -> list[str]:
    return [path.name for path in Path(tempfile.gettempdir()).iterdir()]


def _reopened(tmp_path):
    path = str(tmp_path / "scene.mrb")
    assert slicer.util.saveScene(path)
    slicer.mrmlScene.Clear(0)
    slicer.util.loadScene(path)


def test_without_an_input_there_is_nothing_to_apply(a_panel):
    assert not a_panel.ui.applyButton.enabled
    assert "input" in a_panel.ui.applyButton.toolTip
    assert not a_panel.ui.cancelButton.enabled
    assert a_panel.ui.progressBar.isHidden()


def test_the_first_volume_of_the_scene_is_selected_when_the_user_comes(a_desktop, a_panel):
    slicer.util.selectModule("")
    volume = a_volume()
    slicer.util.selectModule(KIND)
    assert a_panel.ui.inputSelector.currentNode() is volume
    assert a_panel.ui.applyButton.enabled
    assert "3 mm" in a_panel.ui.inputFactsLabel.text


def test_a_volume_that_gets_its_voxels_after_it_was_selected_can_be_applied(a_panel):
    volume = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode")
    a_panel.ui.inputSelector.setCurrentNode(volume)
    assert not a_panel.ui.applyButton.enabled
    volume.SetSpacing(0.5, 0.5, 3)
    slicer.util.updateVolumeFromArray(volume, numbered())
    assert a_panel.ui.applyButton.enabled
    assert "5 slices" in a_panel.ui.inputFactsLabel.text


def test_a_spacing_changed_elsewhere_is_shown_and_nothing_else_is_shown_anew(a_panel):
    volume = a_volume()
    a_panel.ui.inputSelector.setCurrentNode(volume)
    before = len(a_panel.shown)
    volume.SetName("renamed")
    volume.SetAttribute("some", "thing")
    assert len(a_panel.shown) == before
    volume.SetSpacing(0.5, 0.75, 4)
    assert "4 mm" in a_panel.ui.inputFactsLabel.text


def test_a_volume_bent_by_a_transform_is_told_until_the_transform_is_gone(a_desktop, a_panel):
    volume = a_volume()
    a_panel.ui.inputSelector.setCurrentNode(volume)
    volume.SetAndObserveTransformNodeID(a_bend().GetID())
    a_desktop.process_events()
    assert "harden" in a_panel.ui.inputFactsLabel.text
    assert not a_panel.ui.applyButton.enabled
    assert "harden" in a_panel.ui.applyButton.toolTip
    volume.SetAndObserveTransformNodeID(None)
    a_desktop.process_events()
    assert a_panel.ui.applyButton.enabled


def test_the_result_of_a_volume_that_was_bent_is_put_away_until_it_is_straight_again(a_desktop, a_panel):
    volume = a_volume()
    a_panel.ui.inputSelector.setCurrentNode(volume)
    _run(a_desktop, a_panel)
    volume.SetAndObserveTransformNodeID(a_bend().GetID())
    a_desktop.process_events()
    assert a_panel.shown[-1] is None
    volume.SetAndObserveTransformNodeID(None)
    a_desktop.process_events()
    assert a_panel.shown[-1] == MEAN


def test_a_removed_volume_leaves_the_memory_also_after_a_run(a_desktop, a_panel):
    volume = a_volume()
    a_panel.ui.inputSelector.setCurrentNode(volume)
    _run(a_desktop, a_panel)
    gone = []
    volume.AddObserver("DeleteEvent", lambda caller, event: gone.append(True))
    slicer.mrmlScene.RemoveNode(volume)
    del volume
    a_desktop.process_events()
    gc.collect()
    assert gone


def test_apply_runs_loads_shows_and_tidies_up(a_desktop, a_panel):
    volume = a_volume()
    a_panel.ui.inputSelector.setCurrentNode(volume)
    _apply(a_panel)
    assert not a_panel.ui.applyButton.enabled
    assert a_panel.ui.cancelButton.enabled
    _done(a_desktop, a_panel)
    assert result_json(result_of(volume, KIND), "mean") == MEAN
    assert a_panel.shown[-1] == MEAN
    assert a_panel.ui.applyButton.enabled
    assert not a_panel.ui.cancelButton.enabled
    assert _scratch() == []


def test_the_image_that_a_killed_slicer_left_behind_is_swept_by_the_next_run(a_desktop, a_panel):
    left = Path(tempfile.gettempdir()) / "LesionReading-run-of-yesterday"
    left.mkdir()
    (left / "owner").write_text("locked while a run works here")
    (left / "in.nrrd").write_text("a patient's image")
    a_panel.ui.inputSelector.setCurrentNode(a_volume())
    _run(a_desktop, a_panel)
    assert _scratch() == []


def test_results_are_those_of_the_volume_that_was_read_whatever_is_selected_by_now(a_desktop, a_panel):
    first = a_volume()
    second = add_array(numbered() + 1000, np.diag([0.5, 0.5, 2]), ORIGIN, "second", "DICOM")
    a_panel.ui.inputSelector.setCurrentNode(first)
    _apply(a_panel)
    a_panel.ui.inputSelector.setCurrentNode(second)
    _done(a_desktop, a_panel)
    assert result_json(result_of(first, KIND), "mean") == MEAN
    assert result_of(second, KIND) is None
    assert a_panel.shown[-1] is None
    _run(a_desktop, a_panel)
    assert a_panel.shown[-1] == MEAN + 1000
    a_panel.ui.inputSelector.setCurrentNode(first)
    assert a_panel.shown[-1] == MEAN


def test_cancel_ends_within_a_second_and_changes_nothing(a_desktop, a_panel):
    volume = a_volume()
    a_panel.ui.inputSelector.setCurrentNode(volume)
    _run(a_desktop, a_panel)
    _apply(a_panel, "endless")
    a_desktop.wait_until(lambda: "Reading" in a_panel.ui.statusLabel.text, 20)
    begun = time.monotonic()
    a_panel.ui.cancelButton.click()
    _done(a_desktop, a_panel)
    assert time.monotonic() - begun < 1.5
    assert a_panel.run.outcome.status == "cancelled"
    assert result_json(result_of(volume, KIND), "mean") == MEAN
    assert a_panel.ui.applyButton.enabled
    assert _scratch() == []


def test_a_refused_input_is_told_in_the_status_line(a_desktop, a_panel):
    a_panel.ui.inputSelector.setCurrentNode(a_volume())
    _apply(a_panel, "refuse")
    _done(a_desktop, a_panel)
    assert a_panel.ui.statusLabel.text == "This is a poem; give a CT."
    assert a_panel.ui.applyButton.enabled
    assert _scratch() == []


def test_results_that_cannot_be_loaded_are_told_and_the_earlier_ones_stay(a_desktop, a_panel):
    volume = a_volume()
    a_panel.ui.inputSelector.setCurrentNode(volume)
    _run(a_desktop, a_panel)
    a_desktop.dialogs.answer(True)
    _apply(a_panel, "garbage")
    _done(a_desktop, a_panel)
    assert "could not be shown" in a_desktop.dialogs.shown[-1].text
    assert result_json(result_of(volume, KIND), "mean") == MEAN
    assert a_panel.ui.applyButton.enabled
    assert _scratch() == []


def test_a_run_that_cannot_start_is_told_and_leaves_nothing(a_desktop, a_panel, monkeypatch, tmp_path):
    a_panel.ui.inputSelector.setCurrentNode(a_volume())
    monkeypatch.setenv("PATH", str(tmp_path))
    a_desktop.dialogs.answer(True)
    a_panel.ui.applyButton.click()
    assert "PythonSlicer" in a_desktop.dialogs.shown[-1].text
    assert a_panel.ui.applyButton.enabled
    assert _scratch() == []


def test_closing_the_scene_cancels_the_run(a_desktop, a_panel):
    a_panel.ui.inputSelector.setCurrentNode(a_volume())
    _apply(a_panel, "endless")
    slicer.mrmlScene.Clear(0)
    _done(a_desktop, a_panel)
    assert a_panel.run.outcome.status == "cancelled"
    assert a_panel.shown[-1] is None
    assert not a_panel.ui.applyButton.enabled


def test_removing_the_volume_that_is_read_cancels_the_run(a_desktop, a_panel):
    volume = a_volume()
    a_panel.ui.inputSelector.setCurrentNode(volume)
    _apply(a_panel, "endless")
    slicer.mrmlScene.RemoveNode(volume)
    _done(a_desktop, a_panel)
    assert a_panel.run.outcome.status == "cancelled"
    assert not a_panel.ui.applyButton.enabled


def test_removing_another_volume_does_not(a_desktop, a_panel):
    volume, other = a_volume(), a_volume()
    a_panel.ui.inputSelector.setCurrentNode(volume)
    _apply(a_panel)
    slicer.mrmlScene.RemoveNode(other)
    _done(a_desktop, a_panel)
    assert a_panel.run.outcome.status == "done"


def test_a_removed_volume_is_shown_no_more(a_desktop, a_panel):
    volume = a_volume()
    a_panel.ui.inputSelector.setCurrentNode(volume)
    _run(a_desktop, a_panel)
    slicer.mrmlScene.RemoveNode(volume)
    assert a_panel.shown[-1] is None
    assert a_panel.ui.inputFactsLabel.text == ""


def test_a_saved_scene_comes_back_with_input_model_and_results(a_desktop, a_panel, tmp_path):
    other, volume = a_volume(), a_volume()
    volume.SetName("mine")
    other.SetName("other")
    a_panel.ui.inputSelector.setCurrentNode(volume)
    _run(a_desktop, a_panel)
    _reopened(tmp_path)
    assert a_panel.ui.inputSelector.currentNode().GetName() == "mine"
    assert a_panel.shown[-1] == MEAN
    assert result_of(slicer.util.getNode("other"), KIND) is None
    assert "DICOM" in a_panel.ui.inputFactsLabel.text


def test_spacing_that_the_volume_lacks_has_to_be_typed_before_apply(a_desktop, a_panel):
    volume = add_array(numbered(), np.eye(3), ORIGIN, "pictures", UNKNOWN)
    a_panel.ui.inputSelector.setCurrentNode(volume)
    assert not a_panel.ui.applyButton.enabled
    assert "spacing" in a_panel.ui.applyButton.toolTip
    a_panel.ui.pixelSpacingSpinBox.value = 0.5
    a_panel.ui.sliceSpacingSpinBox.value = 3
    a_panel.ui.setSpacingButton.click()
    assert a_panel.ui.applyButton.enabled


def test_a_run_goes_on_while_another_module_is_open_and_is_shown_on_return(a_desktop, a_panel):
    volume = a_volume()
    a_panel.ui.inputSelector.setCurrentNode(volume)
    _apply(a_panel)
    stops = a_panel.stops
    slicer.util.selectModule("")
    assert a_panel.stops > stops
    before = len(a_panel.shown)
    _done(a_desktop, a_panel)
    assert result_json(result_of(volume, KIND), "mean") == MEAN
    assert len(a_panel.shown) == before
    slicer.util.selectModule(KIND)
    assert a_panel.shown[-1] == MEAN


def test_leaving_and_coming_back_does_not_show_the_same_input_anew(a_panel):
    """The user's place in the slices stays."""
    a_panel.ui.inputSelector.setCurrentNode(a_volume())
    before = len(a_panel.shown)
    slicer.util.selectModule("")
    slicer.util.selectModule(KIND)
    assert len(a_panel.shown) == before


def test_a_closed_scene_is_forgotten_while_another_module_is_open(a_desktop, a_panel):
    a_panel.ui.inputSelector.setCurrentNode(a_volume())
    slicer.util.selectModule("")
    slicer.mrmlScene.Clear(0)
    assert a_panel.shown[-1] is None
    slicer.util.selectModule(KIND)
    assert not a_panel.ui.applyButton.enabled


def test_a_volume_removed_while_another_module_is_open_is_shown_no_more(a_desktop, a_panel):
    volume = a_volume()
    a_panel.ui.inputSelector.setCurrentNode(volume)
    _run(a_desktop, a_panel)
    slicer.util.selectModule("")
    slicer.mrmlScene.RemoveNode(volume)
    assert a_panel.shown[-1] is None


def test_the_chosen_model_is_kept_with_the_scene(a_desktop, a_panel, monkeypatch, tmp_path):
    parameters = a_panel.logic.getParameterNode()
    a_panel.ui.inputSelector.setCurrentNode(a_volume())
    a_panel.ui.modelComboBox.addItem("x")
    a_panel.ui.modelComboBox.currentIndex = 1
    a_panel.ui.modelComboBox.currentIndex = 0
    assert parameters.model == a_panel.models.currentModel() != ""


def test_the_line_of_the_folded_input_follows_the_choice_of_a_model(a_desktop, a_panel, monkeypatch):
    """Learn from these, and the removal of a model, change the choice while Input is folded."""
    a_panel.ui.inputSelector.setCurrentNode(a_volume())
    a_panel.ui.inputButton.collapsed = True
    first = a_panel.ui.modelComboBox.currentText
    assert a_panel.ui.inputSummaryLabel.text.endswith(first)
    a_panel.ui.modelComboBox.addItem("another")
    a_panel.ui.modelComboBox.currentIndex = a_panel.ui.modelComboBox.count - 1
    assert a_panel.ui.inputSummaryLabel.text.endswith("another")
    monkeypatch.setattr(a_panel, "modelOfResult", lambda: "one of before")
    a_panel.ui.modelComboBox.currentIndex = 0
    assert a_panel.ui.inputSummaryLabel.text.endswith(f"drawn by one of before, Apply takes {first}")


def test_a_reload_of_the_module_ends_its_run(a_desktop, a_panel):
    a_panel.ui.inputSelector.setCurrentNode(a_volume())
    _apply(a_panel, "endless")
    a_panel.cleanup()
    _done(a_desktop, a_panel)
    assert a_panel.run.outcome.status == "cancelled"


def test_the_event_loop_is_not_held_while_a_run_goes_on(a_desktop, a_panel):
    a_panel.ui.inputSelector.setCurrentNode(a_volume())
    pauses = []
    for _ in range(3):
        _apply(a_panel)
        with a_desktop.longest_pause() as pause:
            a_desktop.wait_until(lambda: not a_panel.run.running, 30)
        pauses.append(pause.longest_ms)
    assert min(pauses) < 100
