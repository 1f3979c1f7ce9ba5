"""Editing a segmentation in a panel: edits are told once, slice by slice; undo too; the editor leaves nothing behind."""

from __future__ import annotations

import numpy as np
import pytest
import slicer
from drawn_volumes import OBLIQUE, a_volume, move, turned
from LesionReadingScene.scene import add_segmentation, labels_of, make_result, remove_result, replace_labels, set_result_node
from OCTCalciumLib.labels import CALCIUM, LUMEN
from OCTCalciumLib.segments import SEGMENTS
from panel_ui import panel_widgets


@pytest.fixture
def labels():
    drawn = np.zeros((5, 12, 16), np.uint8)
    drawn[1:4, 3:9, 4:12] = LUMEN
    return drawn


@pytest.fixture
def an_editor(a_desktop, labels):
    """A segmentation under the editor: widgets, editing, live labels, what they reported, segmentation, volume."""
    from LesionReadingPanel.editing.live_labels import LiveLabels
    from LesionReadingPanel.editing.segment_editing import SegmentEditing

    volume = a_volume(OBLIQUE)
    move(volume, turned(20, (1, 2, 3)))
    segmentation = add_segmentation(volume, "made", SEGMENTS, labels)
    ui = panel_widgets()
    editing = SegmentEditing(ui, "OCTCalcium")
    editing.start(segmentation, volume, "calcium")
    reported = []
    live = LiveLabels(segmentation, volume, SEGMENTS, lambda numbers, now: reported.append((numbers, now.copy())))
    a_desktop.process_events()
    reported.clear()
    yield ui, editing, live, reported, segmentation, volume
    live.stop()
    editing.stop()
    ui.segmentEditorWidget.setMRMLSegmentEditorNode(None)


def test_a_stroke_of_the_brush_is_told_once_with_its_slice(a_desktop, an_editor, labels):
    _, _, _, reported, segmentation, volume = an_editor
    a_desktop.paint(segmentation, "calcium", volume, (6, 5, 2), 1.0)
    a_desktop.process_events()
    assert [numbers for numbers, _ in reported] == [[2]]
    now = reported[0][1]
    assert now[2, 5, 6] == CALCIUM
    assert np.array_equal(np.delete(now, 2, 0), np.delete(labels, 2, 0))
    assert np.array_equal(now, labels_of(segmentation, volume, SEGMENTS))


def test_a_stroke_beyond_what_was_drawn_before_is_told(a_desktop, an_editor):
    _, _, _, reported, segmentation, volume = an_editor
    a_desktop.paint(segmentation, "calcium", volume, (14, 10, 4), 1.0)
    a_desktop.process_events()
    assert [numbers for numbers, _ in reported] == [[4]]
    assert reported[0][1][4, 10, 14] == CALCIUM


def test_several_strokes_in_one_turn_of_the_event_loop_are_told_together(a_desktop, an_editor):
    _, _, _, reported, segmentation, volume = an_editor
    for number in (0, 3):
        a_desktop.paint(segmentation, "calcium", volume, (6, 5, number), 1.0)
    a_desktop.process_events()
    assert [numbers for numbers, _ in reported] == [[0, 3]]


def test_undo_and_redo_are_told(a_desktop, an_editor, labels):
    ui, _, _, reported, segmentation, volume = an_editor
    a_desktop.paint(segmentation, "calcium", volume, (6, 5, 2), 1.0)
    a_desktop.process_events()
    painted = reported[-1][1]
    ui.segmentEditorWidget.undo()
    a_desktop.process_events()
    assert reported[-1][0] == [2]
    assert np.array_equal(reported[-1][1], labels)
    ui.segmentEditorWidget.redo()
    a_desktop.process_events()
    assert np.array_equal(reported[-1][1], painted)


def test_what_does_not_change_a_label_is_not_told(a_desktop, an_editor):
    _, _, _, reported, segmentation, _ = an_editor
    segmentation.GetSegmentation().GetSegment("calcium").SetColor(1, 0, 0)
    segmentation.GetSegmentation().GetSegment("calcium").SetName("Plaque")
    a_desktop.process_events()
    assert reported == []


def test_after_stop_nothing_is_told(a_desktop, an_editor):
    _, _, live, reported, segmentation, volume = an_editor
    a_desktop.paint(segmentation, "calcium", volume, (6, 5, 2), 1.0)
    live.stop()
    a_desktop.paint(segmentation, "calcium", volume, (6, 5, 3), 1.0)
    a_desktop.process_events()
    assert reported == []


def test_a_segmentation_that_is_removed_does_no_harm(a_desktop, an_editor):
    _, editing, _, reported, segmentation, volume = an_editor
    a_desktop.paint(segmentation, "calcium", volume, (6, 5, 2), 1.0)
    slicer.mrmlScene.RemoveNode(segmentation)
    slicer.mrmlScene.RemoveNode(volume)
    a_desktop.process_events()
    editing.stop()
    assert len(reported) <= 1


def test_a_segmentation_that_goes_with_its_result_is_no_edit(a_desktop, an_editor):
    """Else its slices would be told, and kept beside the data, as erased."""
    _, editing, _, reported, segmentation, volume = an_editor
    result = make_result(volume, "OCTCalcium")
    set_result_node(result, "segmentation", segmentation)
    remove_result(result)
    a_desktop.process_events()
    editing.stop()
    assert reported == []


def test_calcium_takes_the_place_of_visible_lumen_and_of_nothing_that_is_hidden(a_desktop, an_editor, labels):
    _, _, live, _, segmentation, volume = an_editor
    a_desktop.paint(segmentation, "calcium", volume, (6, 5, 2), 1.0)
    segmentation.GetDisplayNode().SetSegmentVisibility("calcium", False)
    a_desktop.paint(segmentation, "lumen", volume, (6, 5, 2), 4.0)
    a_desktop.process_events()
    assert live.labels[2, 5, 6] == CALCIUM
    segmentation.GetDisplayNode().SetSegmentVisibility("calcium", True)
    a_desktop.paint(segmentation, "lumen", volume, (6, 5, 2), 4.0)
    a_desktop.process_events()
    assert not (live.labels == CALCIUM).any()


def test_the_editor_offers_what_the_task_needs_and_no_more(an_editor):
    ui, *_ = an_editor
    editor = ui.segmentEditorWidget
    assert list(editor.effectNameOrder())[:3] == ["Paint", "Draw", "Erase"]
    assert not editor.unorderedEffectsVisible
    assert not editor.segmentationNodeSelectorVisible
    assert not editor.sourceVolumeNodeSelectorVisible
    assert editor.currentSegmentID() == "calcium"
    node = editor.mrmlSegmentEditorNode()
    assert node.GetSingletonTag() == "OCTCalcium"


def test_keys_belong_to_the_editor_only_while_its_tools_are_in_sight(an_editor):
    import slicer.util
    from qt import QShortcut

    ui, editing, *_ = an_editor

    def keys():
        return {shortcut.key.toString() for shortcut in slicer.util.mainWindow().findChildren(QShortcut)}

    assert "1" in keys()
    ui.segmentEditorWidget.setActiveEffectByName("Paint")
    ui.editButton.collapsed = True
    assert keys() == set()
    assert ui.segmentEditorWidget.activeEffect() is None
    ui.editButton.collapsed = False
    assert "1" in keys()
    editing.stop()
    assert keys() == set()
    ui.editButton.collapsed = True
    ui.editButton.collapsed = False
    assert keys() == set()


def test_the_module_keeps_one_editor_node(an_editor):
    ui, editing, _, _, segmentation, volume = an_editor
    node = ui.segmentEditorWidget.mrmlSegmentEditorNode()
    editing.stop()
    editing.start(segmentation, volume, "lumen")
    assert ui.segmentEditorWidget.mrmlSegmentEditorNode() is node
    nodes = slicer.util.getNodesByClass("vtkMRMLSegmentEditorNode")
    assert [other for other in nodes if other.GetSingletonTag() == "OCTCalcium"] == [node]


def test_after_stop_no_effect_is_active_and_nothing_can_be_edited(an_editor):
    ui, editing, _, _, _, _ = an_editor
    ui.segmentEditorWidget.setActiveEffectByName("Paint")
    editing.stop()
    assert not editing.started
    assert ui.segmentEditorWidget.activeEffect() is None
    assert ui.segmentEditorWidget.segmentationNode() is None
    assert not ui.segmentEditorWidget.enabled
    assert not ui.fillBetweenButton.enabled
    editing.stop()


def test_the_button_opens_slicers_own_fill_between_slices(an_editor):
    ui, *_ = an_editor
    ui.fillBetweenButton.click()
    assert ui.segmentEditorWidget.activeEffect().name == "Fill between slices"


def test_an_editor_node_that_was_saved_amid_painting_begins_without_an_effect(an_editor):
    ui, editing, _, _, segmentation, volume = an_editor
    node = ui.segmentEditorWidget.mrmlSegmentEditorNode()
    editing.stop()
    node.SetActiveEffectName("Paint")
    editing.start(segmentation, volume, "calcium")
    assert ui.segmentEditorWidget.activeEffect() is None


@pytest.mark.parametrize("savedByEarlierVersion", [False, True])
def test_a_scene_that_was_saved_amid_painting_is_opened_quietly(a_desktop, an_editor, tmp_path, savedByEarlierVersion):
    ui, editing, live, *_ = an_editor
    node = ui.segmentEditorWidget.mrmlSegmentEditorNode()
    ui.segmentEditorWidget.setActiveEffectByName("Paint")
    node.SetSaveWithScene(savedByEarlierVersion or node.GetSaveWithScene())
    assert slicer.util.saveScene(str(tmp_path / "amid.mrb"))
    live.stop()
    editing.stop()
    slicer.mrmlScene.Clear(0)
    slicer.util.loadScene(str(tmp_path / "amid.mrb"))
    a_desktop.process_events()
    assert ui.segmentEditorWidget.activeEffect() is None


def test_another_segmentation_can_follow_without_a_stop(a_desktop, an_editor, labels):
    ui, editing, _, _, _, volume = an_editor
    other = add_segmentation(volume, "other", SEGMENTS, labels)
    editing.start(other, volume, "lumen")
    assert ui.segmentEditorWidget.segmentationNode() is other


def test_replaced_labels_are_told_like_an_edit(a_desktop, an_editor, labels):
    _, _, _, reported, segmentation, volume = an_editor
    labels[4, 2, 2] = CALCIUM
    replace_labels(segmentation, volume, labels, SEGMENTS)
    a_desktop.process_events()
    assert [numbers for numbers, _ in reported] == [[4]]
