"""The HematomaMarkers panel as its users click it, with the real worker and network on one small phantom patient."""

import os
import shutil
import signal
import time

import numpy as np
import pytest
import slicer
from drawn_volumes import add_array
from head_panel import GROWN_ML, apply_and_wait, choose, composite, keep_results, labels_in, shown_ml
from HematomaMarkersLib.growth.expansion import BETWEEN_READERS_ML
from HematomaMarkersLib.labels import BLEND, HEMATOMA, MARKERS
from HematomaMarkersLib.segments import SEGMENTS, UNSURE
from HematomaMarkersPanel import sample_data
from HematomaMarkersPanel.results.heat_maps import heatOf, hottestSlice
from HematomaMarkersPanel.scan_results import KIND, SEGMENTATION, TABLE, VOLUME, sliceOf
from LesionReadingLib.errors import UNLESS_FORCED, InputError
from LesionReadingLib.studies.training_case import read_case
from LesionReadingPanel.running.worker_process import Outcome
from LesionReadingPanel.unsure_overlay import unsureOf
from LesionReadingPanel.views import currentSlice
from LesionReadingScene.scene import labels_of, result_node, result_of, results, reviewed, volume_grid

TRUE_ML = 24.0

pytestmark = pytest.mark.usefixtures("small_heads")


def test_a_panel_without_a_ct_offers_nothing_that_needs_one(a_head_module):
    ui = a_head_module.ui
    assert not ui.forceButton.visible
    assert ui.editButton.collapsed and not ui.editButton.enabled
    assert not ui.applyButton.enabled and not ui.resultsButton.enabled


# The way from the sample to the result


def test_from_sample_to_results_the_window_never_stands_still(a_desktop, a_head_module, kept_head, sample):
    panel = a_head_module
    assert not panel.ui.applyButton.enabled
    first, later = sample(sample_data.FIRST), sample(sample_data.FOLLOW_UP)
    choose(panel, later, first)
    assert panel.ui.applyButton.enabled and panel.ui.priorOrderLabel.visible
    keep_results(panel, kept_head)
    stages = set()
    panel.ui.applyButton.click()
    panel.ui.inputSelector.setCurrentNode(first)  # the results go to the scan that was read all the same
    with a_desktop.longest_pause() as pause:
        a_desktop.wait_until(lambda: stages.add(panel.ui.statusLabel.text) or "Writing" in panel.ui.statusLabel.text, 120)
    a_desktop.wait_until(lambda: not panel.run.running, 60)
    assert {"Reading the scan", "Reading the earlier scan", "Measuring"} <= {stage.partition(":")[0] for stage in stages}
    assert pause.longest_ms < 100
    assert panel.ui.statusLabel.text == "Done."
    assert result_node(result_of(later, KIND), VOLUME) is later and result_of(first, KIND) is None
    assert not panel.ui.resultsButton.enabled
    panel.ui.inputSelector.setCurrentNode(later)
    assert panel.ui.resultsButton.enabled and shown_ml(panel) == pytest.approx(GROWN_ML, abs=BETWEEN_READERS_ML)


def test_after_a_run_the_input_is_a_line_and_the_numbers_are_in_sight(a_desktop, a_read_head, kept_head, tmp_path):
    from PySide6.QtCore import QPoint

    panel = a_read_head
    a_desktop.main_window.arrange(1500, 1000)
    panel.ui.inputButton.collapsed = False
    panel.analysedVolume, panel.analysedOptions = panel.later, {"prior": panel.first}
    shutil.copytree(kept_head, tmp_path / "run")
    panel._onDone(tmp_path / "run")
    panel._onEnded()
    a_desktop.process_events()
    assert panel.ui.inputButton.collapsed and panel.ui.inputSummaryLabel.visible
    for sentence in (panel.later.GetName(), "128 x 128 pixels", "7 mm apart", panel.ui.modelComboBox.currentText):
        assert sentence in panel.ui.inputSummaryLabel.text
    viewport = a_desktop.main_window.moduleSelector()._panel.viewport()
    for widget in (panel.ui.triageLabel, panel.ui.volumeLabel, panel.ui.growthLabel, panel.ui.hypodensityButton):
        assert widget.visible and widget.mapTo(viewport, QPoint(0, 0)).y() + widget.height <= viewport.height, widget.name
    assert panel.ui.limitsButton.visible and panel.ui.limitsButton.collapsed and "not" in panel.ui.limitsLabel.text


def test_volume_and_growth_are_those_of_the_drawn_patient(a_read_head):
    panel = a_read_head
    assert shown_ml(panel) == pytest.approx(GROWN_ML, abs=BETWEEN_READERS_ML)
    counted_ml = np.count_nonzero(labels_in(panel, panel.later) == HEMATOMA) * np.prod(panel.later.GetSpacing()) / 1000
    assert shown_ml(panel) == pytest.approx(counted_ml, abs=0.51)
    growth = panel.reading.findings.growth
    assert growth.prior_ml == pytest.approx(TRUE_ML, rel=0.15)
    assert growth.change_ml == pytest.approx(GROWN_ML - TRUE_ML, abs=BETWEEN_READERS_ML)
    assert growth.change_ml == pytest.approx(counted_ml - growth.prior_ml, abs=0.01)
    assert panel.ui.growthBox.visible and "30 % or more: yes" in panel.ui.growthDefinitionsLabel.text
    assert panel.ui.triageLabel.text == "Refer now"
    assert "Blend sign" in panel.ui.reasonsLabel.text
    assert not panel.ui.editedLabel.visible


def test_the_drawn_marker_is_seen_by_network_and_measurement_and_no_other_is(a_read_head):
    panel = a_read_head
    assert panel.ui.blendLabel.text.startswith("<b>Seen by network and measurement.</b>")
    assert "%" in panel.ui.blendButton.text and not panel.ui.blendButton.icon.isNull()
    network = panel.reading.findings.network
    assert [marker for marker in MARKERS if network.probabilities[marker] >= network.thresholds[marker]] == [BLEND]
    assert panel.ui.fluidLevelLabel.text.startswith("<b>Not seen.</b>")


def test_a_click_on_a_marker_shows_its_slice_and_its_heat(a_desktop, a_read_head):
    panel = a_read_head
    assert composite("Red").GetForegroundVolumeID() is None
    panel.ui.blendButton.click()
    result = result_of(panel.later, KIND)
    heat = heatOf(result, BLEND)
    number = sliceOf(panel.reading.findings, BLEND)
    assert currentSlice(panel.later) == number
    assert composite("Red").GetForegroundVolumeID() == heat.GetID()
    assert (labels_in(panel, panel.later)[hottestSlice(heat)] == HEMATOMA).any()
    panel.ui.opacitySlider.value = 0.25
    assert composite("Red").GetForegroundOpacity() == pytest.approx(0.25)
    panel.ui.overlayCheckBox.click()
    assert composite("Red").GetForegroundVolumeID() is None
    panel.ui.hypodensityButton.click()
    assert composite("Red").GetForegroundVolumeID() == heatOf(result, "hypodensity").GetID()
    assert panel.ui.hypodensityButton.checked and not panel.ui.blendButton.checked


def test_ranges_stand_beside_volume_and_signs_and_where_it_is_unsure_is_a_switch(a_desktop, a_read_head):
    panel = a_read_head
    sureness, node = panel.reading.findings.network.sureness, unsureOf(result_of(panel.later, KIND))
    low, high = sureness.volume_ml
    assert low <= shown_ml(panel) <= high
    assert f"{low:.1f} to {high:.1f})" in panel.ui.volumeLabel.text
    assert panel.parent.minimumSizeHint().width() <= 400  # px
    low, high = sureness.probabilities[BLEND]
    assert f"({100 * low:.0f} to {100 * high:.0f})" in panel.ui.blendButton.text
    assert panel.ui.unsureCheckBox.enabled and not panel.ui.unsureCheckBox.checked and panel.ui.unsureCheckBox.toolTip
    assert not node.GetDisplayNode().GetVisibility() and node.GetHideFromEditors()
    panel.ui.unsureCheckBox.click()
    assert node.GetDisplayNode().GetVisibility() and panel._parameterNode.showUnsure
    assert (panel.reading.findings.network.unsure() == (labels_of(node, panel.later, UNSURE) > 0)).all()
    panel.ui.inputSelector.setCurrentNode(panel.first)
    assert not node.GetDisplayNode().GetVisibility() and not panel.ui.unsureCheckBox.enabled


def test_heat_maps_lie_on_the_voxels_of_the_ct_and_in_no_selector(a_read_head):
    panel = a_read_head
    result = result_of(panel.later, KIND)
    for marker in MARKERS:
        heat = heatOf(result, marker)
        own, of_ct = volume_grid(heat), volume_grid(panel.later)
        np.testing.assert_allclose(own.axes_mm(), of_ct.axes_mm(), atol=1e-4)
        np.testing.assert_allclose(own.origin_mm, of_ct.origin_mm, atol=1e-4)
        assert slicer.util.arrayFromVolume(heat).shape == slicer.util.arrayFromVolume(panel.later).shape
        assert heat.GetHideFromEditors()
    assert panel.ui.inputSelector.nodeCount() == 2


def test_the_slice_table_jumps_and_follows(a_desktop, a_read_head):
    panel = a_read_head
    table, areas = panel.ui.sliceTable, [row.area_mm2 for row in panel.reading.findings.measurement.slices]
    assert table.rowCount == len(areas) and table.currentRow() == int(np.argmax(areas))
    assert table.item(table.currentRow(), 1).text() == f"{max(areas):.0f}"
    table.setCurrentCell(3, 0)
    assert currentSlice(panel.later) == 3
    panel.ui.nextButton.click()
    assert table.currentRow() == 4


# Editing


def test_a_stroke_moves_the_volume_by_what_was_painted_within_a_fifth_of_a_second(a_desktop, a_read_head):
    panel = a_read_head
    result = result_of(panel.later, KIND)
    segmentation, before = result_node(result, SEGMENTATION), labels_in(panel, panel.later)
    ml_before = panel.reading.findings.measurement.volume_ml
    number, row, column = np.argwhere(before == HEMATOMA)[len(np.argwhere(before == HEMATOMA)) // 2]
    a_desktop.paint(segmentation, SEGMENTS[0].name, panel.later, (int(column) + 12, int(row), int(number)), 9.0)
    started = time.process_time()
    a_desktop.process_events()
    assert time.process_time() - started < 0.2
    added = np.count_nonzero(labels_in(panel, panel.later) == HEMATOMA) - np.count_nonzero(before == HEMATOMA)
    voxel_ml = np.prod(panel.later.GetSpacing()) / 1000
    assert added > 5
    assert panel.reading.findings.measurement.volume_ml == pytest.approx(ml_before + added * voxel_ml)
    assert shown_ml(panel) == pytest.approx(ml_before + added * voxel_ml, abs=0.051)
    assert panel.reading.findings.growth.change_ml == pytest.approx(
        ml_before + added * voxel_ml - panel.reading.findings.growth.prior_ml
    )
    assert panel.ui.editedLabel.visible
    table = result_node(result, TABLE)
    assert float(table.GetCellText(int(number), 1)) == pytest.approx(
        panel.reading.findings.measurement.slices[number].area_mm2, rel=1e-4
    )


def test_the_3d_view_looks_at_the_hematoma_and_its_surface_follows_a_stroke(a_desktop, a_read_head):
    panel = a_read_head
    segmentation, labels = result_node(result_of(panel.later, KIND), SEGMENTATION), labels_in(panel, panel.later)
    places = np.argwhere(labels == HEMATOMA)
    middle_lps = volume_grid(panel.later).lps_mm(places.mean(axis=0))
    camera = slicer.app.layoutManager().threeDWidget(0).threeDView().cameraNode()
    assert np.linalg.norm(np.array(camera.GetFocalPoint()) * (-1, -1, 1) - middle_lps) < 10
    assert camera.GetPosition()[1] > camera.GetFocalPoint()[1] + 50  # from the front: RAS grows towards anterior

    def surface_bounds():
        surface = segmentation.GetClosedSurfaceInternalRepresentation(SEGMENTS[0].name)
        return np.array(surface.GetBounds())

    before = surface_bounds()
    number, row, _column = places[len(places) // 2]
    a_desktop.paint(segmentation, SEGMENTS[0].name, panel.later, (int(places[:, 2].max()), int(row), int(number)), 9.0)
    a_desktop.process_events()
    assert np.abs(surface_bounds() - before).max() > 4


def test_erasing_everything_says_that_nothing_is_marked(a_desktop, a_read_head):
    from LesionReadingScene.scene import replace_labels

    panel = a_read_head
    empty = np.zeros_like(labels_in(panel, panel.later))
    replace_labels(result_node(result_of(panel.later, KIND), SEGMENTATION), panel.later, empty, SEGMENTS)
    a_desktop.process_events()
    assert panel.ui.triageLabel.text == "No hematoma found"
    assert shown_ml(panel) == 0
    assert "Nothing was marked" in panel.ui.reasonsLabel.text


def test_where_the_hematoma_lies_changes_the_triage_at_once(a_read_head):
    panel = a_read_head
    panel.ui.locationComboBox.currentIndex = panel.ui.locationComboBox.findText("cerebellum")
    assert "Cerebellar hematoma" in panel.ui.reasonsLabel.text
    panel.ui.onsetSpinBox.value = 1.5
    assert "BAT score 3 of 5" in panel.ui.reasonsLabel.text
    panel.ui.locationComboBox.currentIndex = 0
    assert "Cerebellar" not in panel.ui.reasonsLabel.text


def test_reviewed_slices_are_counted_and_the_next_unreviewed_is_found(a_read_head):
    panel = a_read_head
    table = panel.ui.sliceTable
    table.setCurrentCell(2, 0)
    panel.ui.reviewedCheckBox.click()
    assert reviewed(result_of(panel.later, KIND)) == {2}
    assert table.item(2, 6).text() == "✓"
    table.setCurrentCell(1, 0)
    panel.ui.nextUnreviewedButton.click()
    assert currentSlice(panel.later) == 3
    assert result_node(result_of(panel.later, KIND), TABLE).GetCellText(2, 7) == "1"


def test_an_exported_case_holds_ct_contour_and_own_reading_and_nobodys_identity(a_desktop, a_read_head, tmp_path):
    panel = a_read_head
    panel.ui.sliceTable.setCurrentCell(5, 0)
    panel.ui.reviewedCheckBox.click()
    panel.ui.blendReading.currentIndex = 2
    panel.ui.fluidLevelReading.currentIndex = 1
    a_desktop.dialogs.answer(str(tmp_path), str(tmp_path))
    panel.ui.exportButton.click()
    panel.ui.exportButton.click()
    case = read_case(tmp_path / "head_001")
    np.testing.assert_array_equal(case.labels, labels_in(panel, panel.later))
    np.testing.assert_array_equal(case.image, slicer.util.arrayFromVolume(panel.later))
    assert case.reviewed == (5,) and case.task == "hematoma-markers"
    assert case.markers == {"hypodensity": None, "irregular_margin": None, "blend": True, "fluid_level": False}
    assert (tmp_path / "head_002").is_dir()
    text = (tmp_path / "head_001" / "case.json").read_text(encoding="utf-8")
    assert not any(word in text for word in ("Maboroshi", "幻影", "phantom-1012", "2024", panel.later.GetName()))


# What goes wrong


def a_noise(name="noise"):
    noise = np.random.default_rng(0).normal(0, 100, (6, 64, 64)).astype(np.int16)
    return add_array(noise, np.diag([3.0, 3.0, 6.0]), np.zeros(3), name, "test")


def test_what_is_no_head_is_refused_with_a_sentence_and_earlier_results_stay(a_desktop, a_read_head):
    panel = a_read_head
    noise = a_noise()
    choose(panel, noise)
    apply_and_wait(a_desktop, panel)
    assert "No brain was found" in panel.ui.statusLabel.text
    assert not panel.ui.forceButton.visible
    assert result_of(noise, KIND) is None and len(results(KIND)) == 1
    panel.ui.inputSelector.setCurrentNode(panel.later)
    assert shown_ml(panel) == pytest.approx(GROWN_ML, abs=BETWEEN_READERS_ML)


def test_a_run_that_is_cancelled_or_killed_leaves_everything_as_it_was(a_desktop, a_read_head):
    panel = a_read_head
    before = panel.ui.volumeLabel.text
    for end in ("cancel", "kill"):
        panel.ui.applyButton.click()
        a_desktop.wait_until(lambda: ":" in panel.ui.statusLabel.text, 60)
        if end == "cancel":
            panel.ui.cancelButton.click()
        else:
            os.killpg(panel.logic.worker._group, signal.SIGKILL)
        a_desktop.wait_until(lambda: not panel.run.running, 5)
        assert panel.ui.volumeLabel.text == before and panel.ui.applyButton.enabled
        assert len(results(KIND)) == 1
        assert ("Cancelled" if end == "cancel" else "memory") in panel.ui.statusLabel.text


def test_a_ct_with_contrast_is_read_only_when_asked_for_twice(a_desktop, a_head_module, sample):
    panel = a_head_module
    volume = sample(sample_data.FIRST)
    volume.SetAttribute("LesionReading.Doubts", "The series says that contrast agent was given; blood and contrast look alike.")
    choose(panel, volume)
    assert "contrast" in panel.ui.inputFactsLabel.text
    panel.ui.applyButton.click()
    assert not panel.run.running and panel.ui.forceButton.visible
    assert "contrast" in panel.ui.statusLabel.text and "--" not in panel.ui.statusLabel.text
    panel.ui.forceButton.click()
    assert panel.run.running
    panel.ui.cancelButton.click()
    a_desktop.wait_until(lambda: not panel.run.running, 5)


def test_insisting_is_offered_by_the_code_of_a_refusal_and_never_by_its_words(a_head_module):
    panel = a_head_module
    sentence = "The earlier scan is of another patient."
    for message, code, offered in ((sentence, UNLESS_FORCED, True), (f"{sentence} Use --force.", "input", False), ("", "", False)):
        panel.ui.forceButton.visible = False
        panel.run.outcome = Outcome("failed", message, code=code)
        panel._checkCanApply()
        assert panel.ui.forceButton.visible == offered
        assert not offered or panel.ui.statusLabel.text == message


def test_insisting_on_one_ct_says_nothing_of_the_next(a_desktop, a_head_module, sample, monkeypatch):
    panel = a_head_module
    volume = sample(sample_data.FIRST)
    volume.SetAttribute("LesionReading.Doubts", "The series says that contrast agent was given.")
    choose(panel, volume)
    panel.ui.applyButton.click()
    with monkeypatch.context() as offline:
        offline.setattr("importlib.metadata.version", lambda name: "0.1")  # everything is too old, and there is no network
        a_desktop.dialogs.answer(True, True)  # yes, install; and the error is read
        with pytest.raises(InputError):
            panel.onForceButton()
    panel.ui.applyButton.click()
    assert not panel.run.running and panel.ui.forceButton.visible


def test_deleting_the_ct_during_a_run_ends_it_quietly(a_desktop, a_head_module, sample):
    panel = a_head_module
    volume = sample(sample_data.FIRST)
    choose(panel, volume)
    panel.ui.applyButton.click()
    a_desktop.wait_until(lambda: panel.run.running)
    slicer.mrmlScene.RemoveNode(volume)
    a_desktop.wait_until(lambda: not panel.run.running, 5)
    assert results(KIND) == [] and not panel.ui.applyButton.enabled


# The panel itself


def test_the_panel_fits_350_pixels_and_every_widget_has_a_tool_tip(a_head_module):
    panel = a_head_module
    assert panel.parent.minimumSizeHint().width() <= 350
    named = {name: widget for name, widget in vars(panel.ui).items() if hasattr(widget, "toolTip") and not name.startswith("qt_")}
    silent = {name for name, widget in named.items() if not widget.toolTip}
    assert {name for name in silent if not name.endswith("lineedit")} <= {"HematomaMarkers", "numbersBox", "markersBox"}
    assert len(named) > 60


def test_the_self_test_passes(a_desktop, a_head_module):
    a_desktop.run_self_test("HematomaMarkers")


def test_deleting_a_read_ct_shows_no_heat_map_in_its_place(a_desktop, a_read_head):
    panel = a_read_head
    slicer.mrmlScene.RemoveNode(panel.later)
    slicer.mrmlScene.RemoveNode(panel.first)
    a_desktop.process_events()
    panel.initializeParameterNode()
    assert panel.ui.inputSelector.currentNode() is None and not panel.ui.applyButton.enabled
    assert not panel.ui.resultsButton.enabled
