"""Calcium marked in the panel: without any network, by two clicks, dragged, taken back, and carried from frame to frame."""

from __future__ import annotations

import numpy as np
import pytest
import slicer
from drawn_volumes import add_array
from drawn_wall import PIXEL_MM, a_wall, dice, point
from LesionReadingLib.geometry.spacing import TYPED
from LesionReadingPanel.views import currentSlice, jumpToSlice
from oct_panel import result_in
from OCTCalciumLib.labels import CALCIUM, GUIDEWIRE, LUMEN

FRAMES = 6
BEGIN, END = 200, 260
ORIGIN = np.array([5.0, -7.0, 11.0])
STEPS_MM = np.array([PIXEL_MM, PIXEL_MM, 0.2])


@pytest.fixture
def walls():
    """(grey, labels) of frames whose deposit moves by two degrees a frame."""
    return [a_wall(BEGIN + 2 * number, END + 2 * number, seed=number) for number in range(FRAMES)]


@pytest.fixture
def by_hand(a_desktop, an_oct_module, walls):
    """The panel with a pullback that no network has read, its tools open, on frame 1."""
    panel = an_oct_module
    volume = add_array(np.stack([grey for grey, _ in walls]), np.diag(STEPS_MM), ORIGIN, "a pullback", TYPED)
    panel.ui.inputSelector.setCurrentNode(volume)
    panel.ui.byHandButton.click()
    panel.volume = volume
    jumpToSlice(volume, 1)
    a_desktop.process_events()
    return panel


def click(panel, angle_deg, frame=1, depth_mm=0.45):
    """As a click on the reading view places a point of the tool that asks for one."""
    row, column = point(angle_deg, depth_mm)
    x, y, z = ORIGIN + np.array([column, row, frame]) * STEPS_MM
    node_id = slicer.app.applicationLogic().GetSelectionNode().GetActivePlaceNodeID()
    slicer.mrmlScene.GetNodeByID(node_id).AddControlPointWorld(-x, -y, z)


def drag(panel, number, angle_deg, depth_mm, frame=1):
    row, column = point(angle_deg, depth_mm)
    x, y, z = ORIGIN + np.array([column, row, frame]) * STEPS_MM
    node = points(panel)
    node.SetNthControlPointPositionWorld(number, -x, -y, z)
    node.InvokeEvent(slicer.vtkMRMLMarkupsNode.PointEndInteractionEvent)


def points(panel):
    return panel.results._marking._points.node


def calcium(desktop, panel, frame=1):
    desktop.process_events()
    return panel.results._live.labels[frame] == CALCIUM


def mark(desktop, panel, begin=BEGIN + 2, end=END + 2):
    panel.ui.markButton.click()
    click(panel, begin)
    click(panel, end)
    desktop.process_events()


def test_a_deposit_is_marked_by_two_clicks_where_no_network_has_run(a_desktop, by_hand, walls):
    assert "hand" in by_hand.ui.modelUsedLabel.text
    mark(a_desktop, by_hand)
    assert dice(calcium(a_desktop, by_hand), walls[1][1] == CALCIUM) > 0.9
    measured = by_hand.results.measurement.frames[1]
    assert measured.arc_bridged_deg == pytest.approx(END - BEGIN, abs=5)
    # The lumen was found on the way, so that angles are seen from its centre.
    assert measured.lumen_area_mm2 == pytest.approx(np.pi * 1.3**2, rel=0.05)
    interaction = slicer.app.applicationLogic().GetInteractionNode()
    assert interaction.GetCurrentInteractionMode() == interaction.ViewTransform


def test_the_wall_is_looked_for_before_the_clicks_and_anew_only_where_the_frame_has_changed(a_desktop, by_hand, monkeypatch):
    from OCTCalciumLib.marking import deposit

    looked, wall_of = [], deposit.wall_of
    monkeypatch.setattr(deposit, "wall_of", lambda labels, *others: looked.append(labels) or wall_of(labels, *others))
    by_hand.ui.markButton.click()
    assert len(looked) == 1
    click(by_hand, BEGIN + 2)
    click(by_hand, END + 2)
    a_desktop.process_events()
    assert len(looked) == 1 and calcium(a_desktop, by_hand).any()
    by_hand.ui.markButton.click()
    assert len(looked) == 2 and looked[1].any()
    jumpToSlice(by_hand.volume, 3)
    click(by_hand, BEGIN + 6, frame=3)
    click(by_hand, END + 6, frame=3)
    assert len(looked) == 3 and not looked[2].any()


def test_one_undo_takes_a_mark_back_and_redo_brings_it(a_desktop, by_hand):
    mark(a_desktop, by_hand)
    marked = calcium(a_desktop, by_hand).copy()
    by_hand.ui.segmentEditorWidget.undo()
    assert not calcium(a_desktop, by_hand).any()
    by_hand.ui.segmentEditorWidget.redo()
    assert np.array_equal(calcium(a_desktop, by_hand), marked)


def test_a_dragged_handle_moves_its_border_and_the_others_stay(a_desktop, by_hand):
    mark(a_desktop, by_hand)
    before = calcium(a_desktop, by_hand).copy()
    middle = (BEGIN + END) / 2 + 2
    drag(by_hand, 5, middle, 0.95)  # the outer handle in the middle
    after = calcium(a_desktop, by_hand)
    row, column = (round(place) for place in point(middle, 0.85))
    assert after[row, column] and not before[row, column]
    row, column = (round(place) for place in point(BEGIN + 8, 0.85))
    assert not after[row, column]


def test_dragged_ends_shorten_the_deposit_and_what_was_marked_before_goes(a_desktop, by_hand):
    mark(a_desktop, by_hand)
    drag(by_hand, 1, 235, 0.45)
    a_desktop.process_events()
    assert by_hand.results.measurement.frames[1].arc_bridged_deg == pytest.approx(235 - BEGIN - 2, abs=5)


def test_the_other_way_round_is_one_key(a_desktop, by_hand):
    mark(a_desktop, by_hand)
    by_hand.ui.otherWayButton.click()
    a_desktop.process_events()
    assert by_hand.results.measurement.frames[1].arc_bridged_deg > 250


def test_a_deposit_is_carried_on_frame_by_frame_by_one_key(a_desktop, by_hand, walls):
    mark(a_desktop, by_hand)
    for frame in range(2, FRAMES):
        assert by_hand.ui.carryButton.enabled
        by_hand.ui.carryButton.click()
        assert currentSlice(by_hand.volume) == frame
        assert dice(calcium(a_desktop, by_hand, frame), walls[frame][1] == CALCIUM) > 0.85
    assert not by_hand.ui.carryButton.enabled
    by_hand.ui.segmentEditorWidget.undo()
    assert not calcium(a_desktop, by_hand, FRAMES - 1).any() and calcium(a_desktop, by_hand, FRAMES - 2).any()


def test_what_is_labelled_already_stays(a_desktop, by_hand):
    mark(a_desktop, by_hand)
    first = by_hand.results._live.labels[1].copy()
    mark(a_desktop, by_hand, 100, 140)
    now = by_hand.results._live.labels[1]
    assert np.array_equal(now[first > 0], first[first > 0])


def test_a_guidewire_that_a_person_has_painted_stays_where_no_lumen_is_labelled_yet(a_desktop, by_hand):
    row, column = point((BEGIN + END) / 2 + 2)
    a_desktop.paint(by_hand.results.segmentation, "guidewire", by_hand.volume, (round(column), round(row), 1), 0.1)
    a_desktop.process_events()
    painted = by_hand.results._live.labels[1] == GUIDEWIRE
    mark(a_desktop, by_hand)
    labels = by_hand.results._live.labels[1]
    assert painted.any() and (labels[painted] == GUIDEWIRE).all() and (labels == CALCIUM).any()


def test_after_another_edit_of_the_frame_a_handle_does_not_undo_it(a_desktop, by_hand):
    mark(a_desktop, by_hand)
    segmentation = by_hand.results.segmentation
    a_desktop.paint(segmentation, "calcium", by_hand.volume, (20, 20, 1), 0.2)
    a_desktop.process_events()
    painted = calcium(a_desktop, by_hand).copy()
    drag(by_hand, 5, 232, 0.95)
    assert np.array_equal(calcium(a_desktop, by_hand), painted)
    assert "edited since" in by_hand.ui.markLabel.text


def test_handles_go_with_the_tools_and_nothing_of_them_stays_in_the_scene(a_desktop, by_hand):
    mark(a_desktop, by_hand)
    assert points(by_hand) is not None
    by_hand.ui.editButton.collapsed = True
    assert not [node for node in slicer.util.getNodesByClass("vtkMRMLMarkupsFiducialNode")]
    assert calcium(a_desktop, by_hand).any()


def test_the_keys_of_the_tool_work_only_while_edit_is_open(by_hand):
    ui = by_hand.ui
    keys = {button.shortcut.toString(): button for button in (ui.markButton, ui.carryButton, ui.otherWayButton)}
    assert set(keys) == {"C", "Shift+C", "X"}
    assert all(button.visible for button in keys.values())
    ui.editButton.collapsed = True
    assert not any(button.visible for button in keys.values())


def test_by_hand_is_offered_only_where_nothing_was_read_yet(a_desktop, by_hand):
    assert not by_hand.ui.byHandButton.enabled
    assert result_in(by_hand) is not None
    assert by_hand.results.measurement.lumen_frames == 0
    assert (by_hand.results._live.labels == LUMEN).sum() == 0


def test_with_the_vessel_beside_it_the_frame_is_seen_whole(a_desktop, by_hand):
    jumpToSlice(by_hand.volume, 3)
    a_desktop.main_window.arrange(1500, 1000)
    node = slicer.app.layoutManager().sliceWidget("Red").mrmlSliceNode()
    for checked in (True, False):
        by_hand.ui.renderingCheckBox.checked = checked
        a_desktop.process_events()
        width_mm, height_mm, _ = node.GetFieldOfView()
        assert min(width_mm, height_mm) >= 320 * PIXEL_MM * 0.95, checked
        assert currentSlice(by_hand.volume) == 3


def test_the_bar_offers_to_check_first_what_the_report_names(a_desktop, by_hand):
    from OCTCalciumLib.presenting.look_first import look_first

    mark(a_desktop, by_hand)
    checks = look_first(by_hand.results.measurement)
    jumpToSlice(by_hand.volume, checks[0].first)
    a_desktop.process_events()
    assert checks[0].why in by_hand.ui.reviewLabel.text
