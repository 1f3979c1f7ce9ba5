"""A hematoma marked in the panel by one click, without any network: slice by slice, with numbers, in one step of undo."""

from __future__ import annotations

import numpy as np
import pytest
import slicer
from drawn_ball import PIXEL_MM, a_head
from drawn_volumes import add_array
from HematomaMarkersLib.labels import HEMATOMA
from HematomaMarkersLib.segments import SEGMENTS
from HematomaMarkersPanel.scan_results import KIND, SEGMENTATION
from LesionReadingPanel.views import jumpToSlice
from LesionReadingScene.scene import labels_of, result_node, result_of

ORIGIN = np.array([-60.0, -60.0, 20.0])
STEPS_MM = np.array([PIXEL_MM, PIXEL_MM, 5.0])


@pytest.fixture
def by_hand(a_desktop, a_head_module):
    """The panel with a head that no network has read, its tools open."""
    panel = a_head_module
    hounsfield, panel.truth, _ = a_head()
    panel.volume = add_array(hounsfield, np.diag(STEPS_MM), ORIGIN, "a head", "DICOM")
    panel.ui.inputSelector.setCurrentNode(panel.volume)
    panel.ui.byHandButton.click()
    a_desktop.process_events()
    return panel


def click(panel, number, row, column):
    panel.ui.markButton.click()
    x, y, z = ORIGIN + np.array([column, row, number]) * STEPS_MM
    node_id = slicer.app.applicationLogic().GetSelectionNode().GetActivePlaceNodeID()
    slicer.mrmlScene.GetNodeByID(node_id).AddControlPointWorld(-x, -y, z)


def hematoma(panel):
    segmentation = result_node(result_of(panel.volume, KIND), SEGMENTATION)
    return labels_of(segmentation, panel.volume, SEGMENTS) == HEMATOMA


def test_one_click_marks_a_hematoma_where_no_network_has_run_and_one_undo_takes_it_back(a_desktop, by_hand):
    click(by_hand, 4, 60, 88)
    a_desktop.wait_until(lambda: "Marked on 7 slices" in by_hand.ui.markLabel.text, 10)
    found, truth = hematoma(by_hand), by_hand.truth
    assert 2 * (found & truth).sum() / (found.sum() + truth.sum()) > 0.9
    a_desktop.process_events()
    assert float(by_hand.ui.volumeLabel.text.split()[0]) == pytest.approx(found.sum() * 5 / 1000, abs=0.1)
    by_hand.ui.segmentEditorWidget.undo()
    assert not hematoma(by_hand).any()


def test_a_click_on_brain_is_answered_in_a_sentence_and_marks_nothing(a_desktop, by_hand):
    click(by_hand, 4, 60, 20)
    a_desktop.wait_until(lambda: "no acute blood" in by_hand.ui.markLabel.text, 10)
    assert not hematoma(by_hand).any()
    assert not by_hand.ui.markButton.checked


def test_without_a_network_nothing_is_said_of_probabilities(a_desktop, by_hand):
    click(by_hand, 4, 60, 88)
    a_desktop.wait_until(lambda: "Marked" in by_hand.ui.markLabel.text, 10)
    a_desktop.process_events()
    assert "%" not in by_hand.ui.blendButton.text
    assert by_hand.reading.findings.network is None
    assert not by_hand.ui.byHandButton.enabled


def test_the_report_of_what_was_drawn_by_hand_names_no_model(a_desktop, by_hand, tmp_path):
    click(by_hand, 4, 60, 88)
    a_desktop.wait_until(lambda: "Marked" in by_hand.ui.markLabel.text, 10)
    arguments = by_hand._prepareReport(tmp_path, tmp_path / "out")
    assert arguments[0] == "measure" and "--reading" not in arguments


def test_the_bar_tells_why_a_slice_is_looked_at_first_as_long_as_the_findings_say_so(a_desktop, by_hand):
    click(by_hand, 4, 60, 88)
    a_desktop.wait_until(lambda: "Marked on 7 slices" in by_hand.ui.markLabel.text, 10)
    a_desktop.process_events()
    check = by_hand.reading.checks()[0]
    jumpToSlice(by_hand.volume, check.first)
    a_desktop.process_events()
    assert check.why in by_hand.ui.reviewLabel.text
    by_hand.ui.segmentEditorWidget.undo()
    a_desktop.process_events()
    assert not by_hand.reading.checks() and check.why not in by_hand.ui.reviewLabel.text
