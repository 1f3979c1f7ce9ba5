"""Results of analysed volumes in the scene: they survive saving, never mix, and go without a trace."""

from __future__ import annotations

import numpy as np
import pytest
import slicer
import slicer.util
from drawn_volumes import a_volume
from LesionReadingScene.scene import (
    add_segmentation,
    fill_table,
    labels_of,
    make_result,
    next_unreviewed,
    remove_result,
    result_json,
    result_node,
    result_of,
    results,
    reviewed,
    set_result_json,
    set_result_node,
    set_reviewed,
)
from OCTCalciumLib.segments import SEGMENTS

KIND = "OCTCalcium"


def _reopened(tmp_path):
    """Save the scene as .mrb, close it and open it again."""
    path = str(tmp_path / "scene.mrb")
    assert slicer.mrmlScene.WriteToMRB(path)
    slicer.mrmlScene.Clear(0)
    assert slicer.mrmlScene.ReadFromMRB(path)


def _ids():
    return {slicer.mrmlScene.GetNthNode(number).GetID() for number in range(slicer.mrmlScene.GetNumberOfNodes())}


def test_a_volume_has_no_result_before_one_is_made(a_desktop):
    volume = a_volume()
    assert result_of(volume, KIND) is None
    assert result_of(None, KIND) is None
    result = make_result(volume, KIND)
    assert result_of(volume, KIND) is result
    assert result_of(volume, "HematomaMarkers") is None


def test_results_of_two_volumes_do_not_mix(a_desktop):
    first, second = a_volume(), a_volume()
    for number, volume in enumerate((first, second)):
        set_result_json(make_result(volume, KIND), "volume_mm3", number)
    assert result_json(result_of(first, KIND), "volume_mm3") == 0
    assert result_json(result_of(second, KIND), "volume_mm3") == 1
    remove_result(result_of(first, KIND))
    assert result_of(first, KIND) is None
    assert result_json(result_of(second, KIND), "volume_mm3") == 1


def test_a_second_result_of_a_volume_takes_the_place_of_the_first(a_desktop):
    volume = a_volume()
    earlier = make_result(volume, KIND)
    table = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLTableNode")
    set_result_node(earlier, "table", table)
    later = make_result(volume, KIND)
    assert results(KIND) == [later]
    assert not slicer.mrmlScene.IsNodePresent(table)


def test_a_removed_result_takes_what_was_made_for_it_and_leaves_what_the_user_brought(a_desktop):
    volume, prior = a_volume(), a_volume()
    before = _ids()
    result = make_result(volume, KIND)
    set_result_node(result, "prior", prior)
    labels = np.zeros((5, 12, 16), np.uint8)
    labels[2, 3:5, 3:5] = 1
    set_result_node(result, "segmentation", add_segmentation(volume, "made", SEGMENTS, labels))
    set_result_node(result, "table", slicer.mrmlScene.AddNewNodeByClass("vtkMRMLTableNode"))
    set_result_node(result, "heat", a_volume())
    remove_result(result)
    left = {node for node in _ids() - before if "Terminology" not in node and "ColorTable" not in node}
    assert not left
    assert slicer.mrmlScene.IsNodePresent(volume)
    assert slicer.mrmlScene.IsNodePresent(prior)


def test_a_removed_segmentation_gives_its_label_map_away_at_once(a_desktop):
    """Left to itself it ends by cutting every segment out of the label map that they share: a quarter of a second of a pullback."""
    volume = a_volume()
    result = make_result(volume, KIND)
    labels = np.zeros((5, 12, 16), np.uint8)
    labels[2, 3:5, 3:5] = 1
    segmentation = add_segmentation(volume, "made", SEGMENTS, labels)
    set_result_node(result, "segmentation", segmentation)
    remove_result(result)
    held = [segmentation.GetSegmentation().GetNthSegment(number) for number in range(len(SEGMENTS))]
    assert len(held) == 3 and not any(segment.GetRepresentation("Binary labelmap") for segment in held)


def test_values_and_nodes_of_a_result_are_kept(a_desktop):
    result = make_result(a_volume(), KIND)
    value = {"probability": 0.25, "frames": [1, 2, None], "name": 'a "quoted" <text> & ümlaut; 100 %'}
    set_result_json(result, "network", value)
    assert result_json(result, "network") == value
    assert result_json(result, "nothing") is None
    assert result_json(result, "nothing", []) == []
    table = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLTableNode")
    set_result_node(result, "table", table)
    assert result_node(result, "table") is table
    slicer.mrmlScene.RemoveNode(table)
    assert result_node(result, "table") is None
    set_result_node(result, "table", None)
    remove_result(result)


def test_a_result_outlives_its_volume_without_harm(a_desktop):
    volume = a_volume()
    result = make_result(volume, KIND)
    set_result_json(result, "volume_mm3", 1)
    slicer.mrmlScene.RemoveNode(volume)
    assert result_of(a_volume(), KIND) is None
    assert result_node(result, "volume") is None
    remove_result(result)
    assert results(KIND) == []


def test_everything_survives_a_saved_scene(a_desktop, tmp_path):
    labels = np.zeros((5, 12, 16), np.uint8)
    labels[1:4, 3:9, 4:12] = 3
    labels[2, 4:6, 5:7] = 1
    value = {"name": 'a "quoted" <text> & ümlaut; 100 %', "runs": [{"first_frame": 3}], "none": None}
    for number in range(2):
        volume = a_volume()
        volume.SetName(f"volume {number}")
        result = make_result(volume, KIND)
        set_result_json(result, "found", {**value, "number": number})
        set_result_node(result, "segmentation", add_segmentation(volume, "made", SEGMENTS, np.roll(labels, number, axis=2)))
        table = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLTableNode")
        fill_table(table, {"frame": [1, 2], "area": [0.5, None]})
        set_result_node(result, "table", table)
        set_reviewed(result, [number], True)
        set_reviewed(result, [4], True)
    _reopened(tmp_path)
    for number in range(2):
        volume = slicer.util.getNode(f"volume {number}")
        result = result_of(volume, KIND)
        assert result_json(result, "found") == {**value, "number": number}
        assert reviewed(result) == {number, 4}
        assert np.array_equal(labels_of(result_node(result, "segmentation"), volume, SEGMENTS), np.roll(labels, number, axis=2))
        table = result_node(result, "table").GetTable()
        assert table.GetValueByName(1, "frame").ToInt() == 2
        assert np.isnan(table.GetValueByName(1, "area").ToDouble())


def test_reviewed_slices_are_marked_and_unmarked(a_desktop):
    result = make_result(a_volume(), KIND)
    assert reviewed(result) == set()
    set_reviewed(result, [3], True)
    set_reviewed(result, [1], True)
    set_reviewed(result, [3], False)
    set_reviewed(result, [7], False)
    assert reviewed(result) == {1}


@pytest.mark.parametrize(
    ("done", "after", "found"),
    [((), 0, 1), ((1, 2), 0, 3), ((3, 4), 2, 0), ((0, 1, 3, 4), 2, 2), ((0, 1, 2, 3, 4), 2, None), ((), 4, 0)],
)
def test_the_next_unreviewed_slice_comes_behind_or_from_the_start(a_desktop, done, after, found):
    result = make_result(a_volume(), KIND)
    for number in done:
        set_reviewed(result, [number], True)
    assert next_unreviewed(result, after, 5) == found


def test_a_table_holds_numbers_texts_and_gaps(a_desktop):
    table = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLTableNode")
    fill_table(table, {"frame": [1, 2, 3], "area": [0.5, None, 2], "note": ["a", None, "c"], "sure": [True, False, True]})
    fill_table(table, {"frame": np.arange(2), "area": [0.5, None], "note": ["a", None]})
    values = table.GetTable()
    assert [values.GetColumn(number).GetName() for number in range(3)] == ["frame", "area", "note"]
    assert values.GetNumberOfRows() == 2
    assert values.GetValueByName(1, "frame").ToInt() == 1
    assert values.GetColumnByName("frame").IsA("vtkIntArray")
    assert np.isnan(values.GetValueByName(1, "area").ToDouble())
    assert values.GetValueByName(0, "note").ToString() == "a"
    assert values.GetValueByName(1, "note").ToString() == ""


def test_a_table_without_rows_is_possible(a_desktop):
    table = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLTableNode")
    fill_table(table, {"frame": [], "area": []})
    assert table.GetTable().GetNumberOfRows() == 0
    assert table.GetTable().GetNumberOfColumns() == 2
