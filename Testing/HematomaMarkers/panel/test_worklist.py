"""A worklist of head CTs: a tilted one is analysed beside the panel, and its result lies right on the upright CT of the desktop."""

from __future__ import annotations

import shutil

import numpy as np
from drawn_head import head_on, slices
from HematomaMarkersLib.phantom.study import write_patient
from HematomaMarkersLib.segments import SEGMENTS
from HematomaMarkersPanel.results.marker_rows import ABSENT, NOT_READ, PRESENT
from HematomaMarkersPanel.scan_results import KIND, SEGMENTATION, isEdited
from LesionReadingLib.geometry.nrrd import write_nrrd
from LesionReadingLib.studies.autosave import autosave_of
from LesionReadingLib.studies.reader_edits import edit_of
from LesionReadingScene.scene import add_region, labels_of, result_node, result_of, volume_array


def test_a_tilted_head_is_analysed_beside_and_opened_where_it_lies(a_desktop, a_head_module, tmp_path):
    panel = a_head_module
    hematoma = {"wanted": frozenset({"blend"}), "volume_ml": 24.0, "location": "putamen"}
    write_patient(tmp_path / "study", 1012, size=128, slice_mm=9.0, tilt_deg=14.0, **hematoma)
    panel.ui.readerEdit.text = "Anna"
    panel.worklist.show(tmp_path)
    panel.ui.analyseAllButton.click()
    a_desktop.wait_until(lambda: not panel.worklist._background.running, 120)
    assert panel.ui.worklistTable.item(0, 1).text() == "analysed"
    panel.ui.nextStudyButton.click()
    a_desktop.process_events()
    volume = panel.ui.inputSelector.currentNode()
    labels = labels_of(result_node(result_of(volume, KIND), SEGMENTATION), volume, SEGMENTS)
    assert 40 < np.median(volume_array(volume)[labels == 1]) < 80  # blood, in the CT as it is shown
    assert panel.ui.resultsButton.enabled and panel.reading.findings.network is not None
    panel.worklist.leave()
    assert panel.ui.worklistTable.item(0, 1).text() == "analysed"  # nothing was made of it
    panel.worklist.open(0)
    panel.ui.reviewedCheckBox.click()
    panel.worklist.leave()
    assert panel.ui.worklistTable.item(0, 1).text() == f"reviewed 1 of {len(labels)}"


def test_strokes_on_a_head_are_kept_beside_the_data_as_they_are_made(a_desktop, a_head_module, tmp_path):
    panel, grid = a_head_module, slices([14.0] * 9)
    (tmp_path / "study").mkdir()
    write_nrrd(tmp_path / "study" / "head.nrrd", head_on(grid), grid)
    panel.ui.readerEdit.text = "Anna"
    panel.worklist.show(tmp_path)
    panel.worklist.open(0)
    a_desktop.process_events()
    item, volume = panel.worklist.openItem, panel.ui.inputSelector.currentNode()
    region = np.zeros(grid.shape[1:], bool)
    region[20:30, 30:34] = True
    add_region(result_node(result_of(volume, KIND), SEGMENTATION), volume, SEGMENTS[0], 4, region)
    a_desktop.wait_until(lambda: autosave_of(item.folder, "Anna", grid.shape) is not None, 60)
    left = autosave_of(item.folder, "Anna", grid.shape)
    assert list(left.slices) == [4]
    np.testing.assert_array_equal(left.slices[4] == SEGMENTS[0].value, region)
    panel.worklist.leave()
    assert edit_of(item.folder, "Anna").count == len(head_on(grid)) and autosave_of(item.folder, "Anna", grid.shape) is None


def test_the_readers_own_judgement_of_signs_is_there_again_after_a_crash_and_on_return(a_desktop, two_heads, tmp_path):
    panel, grid = two_heads
    panel.worklist.open(0)
    item = panel.worklist.openItem
    panel.ui.blendReading.currentIndex = PRESENT
    panel.ui.fluidLevelReading.currentIndex = ABSENT
    a_desktop.wait_until(lambda: not panel.worklist._autosaving.pending, 60)
    assert autosave_of(item.folder, "Anna", grid.shape).reading == {"blend": True, "fluid_level": False}
    left = tmp_path / "left"
    shutil.copytree(item.folder, left)
    panel.worklist.open(1)
    judged = [getattr(panel.ui, f"{name}Reading").currentIndex for name in ("blend", "fluidLevel", "hypodensity")]
    assert judged == [NOT_READ] * 3  # those of another patient do not stay
    assert edit_of(item.folder, "Anna").reading == {"blend": True, "fluid_level": False}
    shutil.rmtree(item.folder)
    left.rename(item.folder)
    a_desktop.dialogs.answer(True)  # to take over what the crash has left
    for _again in ("after the crash", "on return"):
        panel.worklist.leave()
        panel.worklist.open(0)
        judged = [getattr(panel.ui, f"{name}Reading").currentIndex for name in ("blend", "fluidLevel", "hypodensity")]
        assert judged == [PRESENT, ABSENT, NOT_READ]


def test_an_edit_that_is_opened_again_is_not_taken_for_the_networks_own_contour(a_desktop, a_head_module, tmp_path):
    panel = a_head_module
    write_patient(tmp_path / "study", 1012, size=128, slice_mm=9.0, wanted=frozenset({"blend"}), volume_ml=24.0)
    panel.ui.readerEdit.text = "Anna"
    panel.worklist.show(tmp_path)
    panel.ui.analyseAllButton.click()
    a_desktop.wait_until(lambda: not panel.worklist._background.running, 120)
    panel.worklist.open(0)
    volume = panel.ui.inputSelector.currentNode()
    assert not isEdited(result_of(volume, KIND))
    region = np.zeros(volume_array(volume).shape[1:], bool)
    region[60:64, 60:64] = True
    add_region(result_node(result_of(volume, KIND), SEGMENTATION), volume, SEGMENTS[0], 1, region)
    panel.worklist.leave()
    panel.worklist.open(0)
    assert isEdited(result_of(panel.ui.inputSelector.currentNode(), KIND))
