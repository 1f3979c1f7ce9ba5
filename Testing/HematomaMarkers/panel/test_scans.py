"""HematomaMarkers' panel with both scans of a patient: growth side by side, saved scenes, reports of what is shown."""

import json

import numpy as np
import pytest
import slicer
from head_panel import GROWN_ML, composite, shown_ml
from HematomaMarkersLib.growth.expansion import BETWEEN_READERS_ML
from HematomaMarkersLib.labels import BLEND, HEMATOMA
from HematomaMarkersLib.segments import SEGMENTS
from HematomaMarkersPanel.results.growth_view import ALIGNMENT
from HematomaMarkersPanel.results.heat_maps import heatOf
from HematomaMarkersPanel.scan_results import KIND, PRIOR_SEGMENTATION, SEGMENTATION
from LesionReadingLib.errors import InputError
from LesionReadingScene.scene import labels_of, result_node, result_of, reviewed, volume_grid

# Growth


def test_side_by_side_shows_one_place_of_the_head_in_both_views(a_desktop, a_read_head):
    panel = a_read_head
    composite("Red").SetLinkedControl(True)
    plane_before = _array(slicer.app.layoutManager().sliceWidget("Yellow").mrmlSliceNode().GetSliceToRAS())[:3, :3]
    panel.ui.sideBySideButton.click()
    assert slicer.app.layoutManager().layout == slicer.vtkMRMLLayoutNode.SlicerLayoutSideBySideView
    assert composite("Red").GetBackgroundVolumeID() == panel.later.GetID()
    assert composite("Yellow").GetBackgroundVolumeID() == panel.first.GetID()
    result = result_of(panel.later, KIND)
    earlier, now = (result_node(result, role) for role in (PRIOR_SEGMENTATION, SEGMENTATION))
    middles = [_middle(segmentation, volume) for segmentation, volume in ((earlier, panel.first), (now, panel.later))]
    assert np.linalg.norm(middles[0] - middles[1]) < 4.0  # the same bleed, grown by a third
    panel.ui.sliceTable.setCurrentCell(6, 0)
    red, yellow = (slicer.app.layoutManager().sliceWidget(name).mrmlSliceNode() for name in ("Red", "Yellow"))
    np.testing.assert_allclose(_array(yellow.GetSliceToRAS()), _array(red.GetSliceToRAS()), atol=1e-6)
    assert earlier.GetDisplayNode().GetVisibility()
    panel.ui.sideBySideButton.click()
    assert slicer.app.layoutManager().layout == slicer.vtkMRMLLayoutNode.SlicerLayoutFourUpView
    assert composite("Yellow").GetBackgroundVolumeID() == panel.later.GetID()
    np.testing.assert_allclose(_array(yellow.GetSliceToRAS())[:3, :3], plane_before, atol=1e-6)
    assert composite("Red").GetLinkedControl() and not composite("Yellow").GetLinkedControl()


def test_after_side_by_side_nothing_of_the_earlier_scan_stays_and_the_zoom_is_as_before(a_desktop, a_read_head):
    panel, nodes = a_read_head, {name: slicer.app.layoutManager().sliceWidget(name).mrmlSliceNode() for name in ("Red", "Yellow")}
    for number, node in enumerate(nodes.values(), 1):
        a_desktop.process_events()
        fov = node.GetFieldOfView()
        node.SetFieldOfView(fov[0] / (1 + number), fov[1] / (1 + number), fov[2])
        node.SetXYZOrigin(7.0 * number, -3.0, 0.0)
    before = {name: (node.GetFieldOfView(), node.GetXYZOrigin()) for name, node in nodes.items()}
    result = result_of(panel.later, KIND)
    earlier, now = (result_node(result, role).GetDisplayNode() for role in (PRIOR_SEGMENTATION, SEGMENTATION))
    for _ in range(2):
        panel.ui.sideBySideButton.click()
        a_desktop.process_events()
        assert earlier.GetVisibility() and earlier.IsDisplayableInView(nodes["Yellow"].GetID())
        assert not earlier.IsDisplayableInView(nodes["Red"].GetID()) and not now.IsDisplayableInView(nodes["Yellow"].GetID())
        panel.ui.sideBySideButton.click()
        a_desktop.process_events()
        assert not earlier.GetVisibility()
        assert now.GetVisibility() and now.IsDisplayableInView(nodes["Yellow"].GetID())
        for name, node in nodes.items():
            np.testing.assert_allclose(node.GetFieldOfView(), before[name][0], rtol=0.01)
            np.testing.assert_allclose(node.GetXYZOrigin(), before[name][1])


def test_the_earlier_scan_is_written_for_the_worker_at_its_own_place(a_read_head, tmp_path):
    panel = a_read_head
    own_place = volume_grid(panel.first).origin_mm
    panel.ui.sideBySideButton.click()
    assert np.linalg.norm(volume_grid(panel.first).origin_mm - own_place) > 5  # the phantom lay elsewhere on the table
    panel.logic.prepareRun(panel.later, tmp_path, prior=panel.first)
    np.testing.assert_allclose(volume_grid(panel.first).origin_mm, own_place, atol=1e-3)
    assert result_node(result_of(panel.later, KIND), ALIGNMENT) is None


def _array(matrix):
    return slicer.util.arrayFromVTKMatrix(matrix)


def _middle(segmentation, volume):
    """LPS of the middle of the hematoma."""
    places = np.argwhere(labels_of(segmentation, volume, SEGMENTS) == HEMATOMA)
    return volume_grid(volume).lps_mm(places.mean(axis=0))


# Scenes


def test_a_saved_scene_comes_back_whole(a_desktop, a_read_head, tmp_path):
    panel = a_read_head
    panel.ui.locationComboBox.currentIndex = panel.ui.locationComboBox.findText("putamen")
    panel.ui.sliceTable.setCurrentCell(4, 0)
    panel.ui.reviewedCheckBox.click()
    panel.ui.blendReading.currentIndex = 2
    panel.ui.windowHighSpinBox.value = 60
    a_desktop.paint(result_node(result_of(panel.later, KIND), SEGMENTATION), SEGMENTS[0].name, panel.later, (64, 64, 9), 8.0)
    a_desktop.process_events()
    before = (panel.ui.volumeLabel.text, panel.ui.reasonsLabel.text, panel.ui.growthLabel.text, panel.ui.blendButton.text)
    name = panel.later.GetName()
    heat = slicer.util.arrayFromVolume(heatOf(result_of(panel.later, KIND), BLEND)).copy()
    assert slicer.util.saveScene(str(tmp_path / "head.mrb"))
    slicer.mrmlScene.Clear(0)
    a_desktop.process_events()
    assert not panel.ui.resultsButton.enabled and not panel.ui.applyButton.enabled
    slicer.util.loadScene(str(tmp_path / "head.mrb"))
    a_desktop.process_events()
    later = slicer.util.getNode(name)
    assert panel.ui.inputSelector.currentNode() is later
    assert (panel.ui.volumeLabel.text, panel.ui.reasonsLabel.text, panel.ui.growthLabel.text, panel.ui.blendButton.text) == before
    assert panel.ui.editedLabel.visible and panel.ui.locationComboBox.currentText == "putamen"
    assert reviewed(result_of(later, KIND)) == {4} and panel.ui.blendReading.currentIndex == 2
    assert panel.ui.windowHighSpinBox.value == 60 and panel.ui.windowComboBox.currentText.startswith("narrow")
    np.testing.assert_allclose(slicer.util.arrayFromVolume(heatOf(result_of(later, KIND), BLEND)), heat, atol=1e-6)
    panel.ui.blendButton.click()
    assert composite("Red").GetForegroundVolumeID() == heatOf(result_of(later, KIND), BLEND).GetID()


def test_two_scans_of_one_scene_do_not_mix(a_desktop, a_read_head):
    panel = a_read_head
    panel.ui.inputSelector.setCurrentNode(panel.first)
    assert not panel.ui.resultsButton.enabled and not panel.ui.editButton.enabled
    panel.ui.locationComboBox.currentIndex = 1
    panel.ui.inputSelector.setCurrentNode(panel.later)
    assert panel.ui.locationComboBox.currentIndex == 0
    assert shown_ml(panel) == pytest.approx(GROWN_ML, abs=BETWEEN_READERS_ML)


# Reports


def saved_report(desktop, panel, folder) -> tuple[str, dict]:
    """The page and the numbers of the report that the panel writes."""
    desktop.dialogs.answer(str(folder))
    panel.ui.reportButton.click()
    desktop.wait_until(lambda: not panel.report.running, 90)
    assert panel.ui.statusLabel.text == f"The report is in {folder}", panel.ui.statusLabel.text
    found = json.loads((folder / "measurements.json").read_text(encoding="utf-8"))
    return (folder / "report.html").read_text(encoding="utf-8"), found


def test_the_report_of_a_reading_says_what_the_panel_says(a_desktop, a_read_head, tmp_path):
    panel = a_read_head
    panel.ui.sideBySideButton.click()
    page, found = saved_report(a_desktop, panel, tmp_path / "report")
    assert panel.ui.triageLabel.text in page and panel.ui.volumeLabel.text.split(" (")[0] in page and "corrected" not in page
    assert f"{found['growth']['change_ml']:+.1f} mL" in panel.ui.growthLabel.text
    assert (tmp_path / "report" / "growth_earlier.png").exists()
    assert result_node(result_of(panel.later, KIND), ALIGNMENT) is not None  # both scans still lie over each other
    assert a_desktop.dialogs.opened == [f"file://{tmp_path / 'report' / 'report.html'}"]


def test_the_report_follows_a_corrected_contour_and_what_was_told_since(a_desktop, a_read_head, tmp_path):
    panel = a_read_head
    read_ml, blend = shown_ml(panel), panel.ui.blendButton.text
    panel.ui.locationComboBox.currentIndex = panel.ui.locationComboBox.findText("cerebellum")
    a_desktop.paint(result_node(result_of(panel.later, KIND), SEGMENTATION), SEGMENTS[0].name, panel.later, (64, 64, 9), 8.0)
    a_desktop.process_events()
    slicer.mrmlScene.RemoveNode(panel.first)
    page, found = saved_report(a_desktop, panel, tmp_path / "report")
    assert shown_ml(panel) > read_ml and found["volume_ml"] == pytest.approx(shown_ml(panel), abs=0.05)
    assert found["triage"]["location"] == "cerebellum" and any("Cerebellar" in reason for reason in found["triage"]["reasons"])
    assert "may have been corrected" in page and "corrected by a reader on 1 of 24 slices" in found["model"]["contours"]
    assert f"{100 * found['markers']['blend']['probability']:.0f} %" in blend
    assert f"{found['growth']['change_ml']:+.1f} mL" in panel.ui.growthLabel.text


def test_without_its_heat_maps_a_result_has_no_report_but_a_sentence(a_desktop, a_read_head, tmp_path):
    slicer.mrmlScene.RemoveNode(heatOf(result_of(a_read_head.later, KIND), BLEND))
    a_desktop.dialogs.answer(str(tmp_path / "report"), True)
    with pytest.raises(InputError, match="heat map"):
        a_read_head.report._ask()
    assert "heat map" in a_desktop.dialogs.shown[-1].text and not (tmp_path / "report").exists()
