"""Label maps in segmentation nodes: what goes in comes out, and edits are found in the slices where they were made."""

from __future__ import annotations

import json

import numpy as np
import pytest
import slicer
import slicer.util
import vtk
from drawn_volumes import GEOMETRIES, OBLIQUE, STRAIGHT, a_volume, add_array, move, turned
from LesionReadingLib.errors import InputError
from LesionReadingLib.labels.seg_nrrd import terminology_entry, write_seg_nrrd
from LesionReadingScene.scene import TrackedLabels, add_segmentation, labels_of, load_segmentation, replace_labels, volume_grid
from OCTCalciumLib.labels import CALCIUM, GUIDEWIRE, LUMEN
from OCTCalciumLib.segments import SEGMENTS
from vtk.util.numpy_support import vtk_to_numpy

NAMES = [segment.name for segment in SEGMENTS]
BINARY = "Binary labelmap"


@pytest.fixture
def some_labels():
    labels = np.zeros((5, 12, 16), np.uint8)
    labels[1:4, 3:9, 4:12] = LUMEN
    labels[2, 4:6, 5:7] = CALCIUM
    labels[3, 7, 8:11] = GUIDEWIRE
    return labels


def _loaded(tmp_path, volume, labels):
    path = tmp_path / "segmentation.seg.nrrd"
    write_seg_nrrd(path, labels, volume_grid(volume), SEGMENTS)
    return load_segmentation(path, volume, "loaded", SEGMENTS)


def _exported(segmentation, name, volume):
    """What Slicer's own logic makes of a segment on the voxels of a volume."""
    ids = vtk.vtkStringArray()
    ids.InsertNextValue(name)
    exported = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode")
    slicer.vtkSlicerSegmentationsModuleLogic.ExportSegmentsToLabelmapNode(segmentation, ids, exported, volume)
    return slicer.util.arrayFromVolume(exported) > 0


def _images(segmentation):
    held = segmentation.GetSegmentation()
    return [held.GetSegment(name).GetRepresentation(BINARY) for name in NAMES]


def _separate(segmentation, name, mask, volume):
    """Put a segment into a layer of its own, on the whole volume, as Slicer does where segments overlap."""
    matrix = vtk.vtkMatrix4x4()
    volume.GetIJKToRASMatrix(matrix)
    image = slicer.vtkOrientedImageData()
    image.SetImageToWorldMatrix(matrix)
    image.SetExtent(0, mask.shape[2] - 1, 0, mask.shape[1] - 1, 0, mask.shape[0] - 1)
    image.AllocateScalars(vtk.VTK_SHORT, 1)
    vtk_to_numpy(image.GetPointData().GetScalars()).reshape(mask.shape)[...] = mask
    held = segmentation.GetSegmentation().GetSegment(name)
    held.AddRepresentation(BINARY, image)
    held.SetLabelValue(1)
    image.Modified()
    return image


@pytest.mark.parametrize("directions", GEOMETRIES.values(), ids=GEOMETRIES)
@pytest.mark.parametrize("transformed", [False, True])
def test_a_segmentation_is_loaded_onto_the_voxels_it_was_made_on(a_desktop, tmp_path, some_labels, directions, transformed):
    volume = a_volume(directions)
    if transformed:
        move(volume, turned(33, (4, 5, 6)))
    segmentation = _loaded(tmp_path, volume, some_labels)
    assert np.array_equal(labels_of(segmentation, volume, SEGMENTS), some_labels)
    for segment in SEGMENTS:
        assert np.array_equal(_exported(segmentation, segment.name, volume), some_labels == segment.value)


def test_a_loaded_segmentation_moves_with_its_volume(a_desktop, tmp_path, some_labels):
    volume = a_volume(OBLIQUE)
    transform = move(volume, turned(33))
    segmentation = _loaded(tmp_path, volume, some_labels)
    transform.SetMatrixTransformToParent(slicer.util.vtkMatrixFromArray(turned(-70, (9, 9, 9))))
    assert np.array_equal(labels_of(segmentation, volume, SEGMENTS), some_labels)


def test_segments_have_names_order_colours_terminology_and_reference_geometry(a_desktop, tmp_path, some_labels):
    volume = a_volume()
    segmentation = _loaded(tmp_path, volume, some_labels)
    held = segmentation.GetSegmentation()
    assert [held.GetNthSegment(number).GetName() for number in range(held.GetNumberOfSegments())] == NAMES
    for segment in SEGMENTS:
        one = held.GetSegment(segment.name)
        assert one.GetColor() == pytest.approx(segment.color, abs=0.005)
        tag = vtk.reference("")
        assert one.GetTag("TerminologyEntry", tag)
        assert str(tag) == terminology_entry(segment)
    assert segmentation.GetNodeReference("referenceImageGeometryRef") is volume
    assert segmentation.GetDisplayNode().GetOpacity2DFill() < 0.5


@pytest.mark.parametrize("shape", [(5, 12, 16), (1, 12, 16)])
def test_an_empty_label_map_has_all_its_segments(a_desktop, tmp_path, shape):
    volume = a_volume(shape=shape)
    empty = np.zeros(shape, np.uint8)
    segmentation = _loaded(tmp_path, volume, empty)
    assert segmentation.GetSegmentation().GetNumberOfSegments() == 3
    assert np.array_equal(labels_of(segmentation, volume, SEGMENTS), empty)
    full = np.full(shape, CALCIUM, np.uint8)
    replace_labels(segmentation, volume, full, SEGMENTS)
    assert np.array_equal(labels_of(segmentation, volume, SEGMENTS), full)
    replace_labels(segmentation, volume, empty, SEGMENTS)
    assert np.array_equal(labels_of(segmentation, volume, SEGMENTS), empty)


def test_a_segment_that_is_missing_in_the_file_is_there_afterwards(a_desktop, tmp_path, some_labels):
    volume = a_volume()
    path = tmp_path / "segmentation.seg.nrrd"
    some_labels[some_labels == GUIDEWIRE] = 0
    write_seg_nrrd(path, some_labels, volume_grid(volume), [SEGMENTS[0], SEGMENTS[2]])
    segmentation = load_segmentation(path, volume, "loaded", SEGMENTS)
    held = segmentation.GetSegmentation()
    assert [held.GetNthSegmentID(number) for number in range(3)] == NAMES
    assert np.array_equal(labels_of(segmentation, volume, SEGMENTS), some_labels)


def test_a_segmentation_of_another_volume_is_refused_and_leaves_no_node(a_desktop, tmp_path, some_labels):
    path = tmp_path / "segmentation.seg.nrrd"
    write_seg_nrrd(path, some_labels, volume_grid(a_volume(OBLIQUE)), SEGMENTS)
    before = slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLSegmentationNode")
    with pytest.raises(InputError, match="does not lie on the voxels"):
        load_segmentation(path, a_volume(STRAIGHT), "loaded", SEGMENTS)
    assert slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLSegmentationNode") == before


def test_a_segmentation_that_is_not_there_is_told(a_desktop, tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        load_segmentation(tmp_path / "none.seg.nrrd", a_volume(), "loaded", SEGMENTS)


@pytest.mark.parametrize("directions", GEOMETRIES.values(), ids=GEOMETRIES)
def test_replaced_labels_are_what_slicer_itself_exports(a_desktop, some_labels, directions):
    volume = a_volume(directions)
    move(volume, turned(20))
    segmentation = add_segmentation(volume, "made", SEGMENTS, some_labels * 0)
    replace_labels(segmentation, volume, some_labels, SEGMENTS)
    assert np.array_equal(labels_of(segmentation, volume, SEGMENTS), some_labels)
    for segment in SEGMENTS:
        assert np.array_equal(_exported(segmentation, segment.name, volume), some_labels == segment.value)


def test_replaced_labels_leave_no_surface_of_the_earlier_ones(a_desktop, some_labels):
    volume = a_volume()
    segmentation = add_segmentation(volume, "made", SEGMENTS, some_labels)
    assert segmentation.CreateClosedSurfaceRepresentation()
    replace_labels(segmentation, volume, some_labels * 0, SEGMENTS)
    assert not segmentation.GetSegmentation().ContainsRepresentation("Closed surface")


def test_labels_of_another_size_are_refused(a_desktop, some_labels):
    volume = a_volume()
    segmentation = add_segmentation(volume, "made", SEGMENTS, some_labels)
    with pytest.raises(InputError, match="4 x 12 x 16 voxels"):
        replace_labels(segmentation, volume, some_labels[:4], SEGMENTS)


def test_segments_of_others_in_the_node_are_not_ours(a_desktop, some_labels):
    volume = a_volume()
    segmentation = add_segmentation(volume, "made", SEGMENTS, some_labels)
    other = slicer.vtkSegment()
    other.SetName("edema")
    other.SetLabelValue(7)
    other.AddRepresentation(BINARY, _images(segmentation)[0])
    segmentation.GetSegmentation().AddSegment(other, "edema")
    part = vtk_to_numpy(_images(segmentation)[0].GetPointData().GetScalars())
    part[part == LUMEN] = 7
    expected = np.where(some_labels == LUMEN, 0, some_labels)
    assert np.array_equal(labels_of(segmentation, volume, SEGMENTS), expected)


def test_where_segments_overlap_the_lower_value_is_on_top(a_desktop, some_labels):
    volume = a_volume()
    segmentation = add_segmentation(volume, "made", SEGMENTS, some_labels)
    wire = np.zeros(some_labels.shape, bool)
    wire[2:4, 5, 4:8] = True
    _separate(segmentation, "guidewire", wire, volume)
    expected = some_labels.copy()
    expected[expected == GUIDEWIRE] = 0  # that layer is no longer the wire's
    expected[wire & (some_labels != CALCIUM)] = GUIDEWIRE
    assert np.array_equal(labels_of(segmentation, volume, SEGMENTS), expected)


def test_a_removed_segment_counts_as_empty(a_desktop, some_labels):
    volume = a_volume()
    segmentation = add_segmentation(volume, "made", SEGMENTS, some_labels)
    segmentation.GetSegmentation().RemoveSegment("calcium")
    expected = np.where(some_labels == CALCIUM, 0, some_labels)
    assert np.array_equal(labels_of(segmentation, volume, SEGMENTS), expected)


def test_a_renamed_segment_is_still_known(a_desktop, some_labels):
    volume = a_volume()
    segmentation = add_segmentation(volume, "made", SEGMENTS, some_labels)
    segmentation.GetSegmentation().GetSegment("calcium").SetName("Plaque")
    assert np.array_equal(labels_of(segmentation, volume, SEGMENTS), some_labels)


def test_labels_on_another_grid_are_resampled(a_desktop, some_labels):
    """A segmentation drawn on twice as fine a volume of the same place."""
    from LesionReadingScene.scene import volume_grid

    volume = a_volume(OBLIQUE)
    axes_mm, origin_mm = volume_grid(volume).axes_mm(), volume_grid(volume).origin_mm
    fine = add_array(np.zeros((10, 24, 32), np.int16), axes_mm / 2, origin_mm - axes_mm.sum(axis=0) / 4, "fine", "the test")
    doubled = some_labels.repeat(2, 0).repeat(2, 1).repeat(2, 2)
    segmentation = add_segmentation(fine, "fine", SEGMENTS, doubled)
    assert np.array_equal(labels_of(segmentation, volume, SEGMENTS), some_labels)


def test_labels_that_come_to_lie_between_the_voxels_and_back_again_are_followed(a_desktop, some_labels):
    """As when a registration moves the segmentation alone."""
    volume = a_volume()
    segmentation = add_segmentation(volume, "made", SEGMENTS, some_labels)
    tracked = TrackedLabels(segmentation, volume, SEGMENTS)
    transform = move(segmentation, turned(0, (0, 0, 7.5)))  # two and a half slices upwards
    tracked.update()
    assert np.array_equal(tracked.labels, labels_of(segmentation, volume, SEGMENTS))
    assert not np.array_equal(tracked.labels, some_labels)
    transform.SetMatrixTransformToParent(slicer.util.vtkMatrixFromArray(np.eye(4)))
    assert tracked.update() != []
    assert np.array_equal(tracked.labels, some_labels)


def test_labels_beyond_the_volume_are_left_out(a_desktop, some_labels):
    from LesionReadingScene.scene import volume_grid

    volume = a_volume(OBLIQUE)
    axes_mm, origin_mm = volume_grid(volume).axes_mm(), volume_grid(volume).origin_mm
    cropped = add_array(np.zeros((2, 5, 6), np.int16), axes_mm, origin_mm + np.array([5, 4, 2]) @ axes_mm, "part", "the test")
    segmentation = add_segmentation(volume, "whole", SEGMENTS, some_labels)
    assert np.array_equal(labels_of(segmentation, cropped, SEGMENTS), some_labels[2:4, 4:9, 5:11])


def test_an_edit_is_found_in_its_slice_and_nowhere_else(a_desktop, some_labels):
    volume = a_volume()
    segmentation = add_segmentation(volume, "made", SEGMENTS, some_labels)
    tracked = TrackedLabels(segmentation, volume, SEGMENTS)
    assert tracked.update() == []
    image = _images(segmentation)[0]
    vtk_to_numpy(image.GetPointData().GetScalars()).reshape(3, 6, 8)[1, 0, 0] = CALCIUM
    image.Modified()
    changed = tracked.update()
    assert json.dumps(changed) == "[2]"  # plain numbers, that a result can keep
    some_labels[2, 3, 4] = CALCIUM
    assert np.array_equal(tracked.labels, some_labels)
    assert tracked.update() == []


def test_edits_beyond_what_was_covered_are_found_as_they_grow_and_shrink(a_desktop, some_labels):
    volume = a_volume()
    segmentation = add_segmentation(volume, "made", SEGMENTS, some_labels)
    tracked = TrackedLabels(segmentation, volume, SEGMENTS)
    grown = some_labels.copy()
    grown[0, 0, 15] = CALCIUM
    grown[4, 11, 0] = LUMEN
    replace_labels(segmentation, volume, grown, SEGMENTS)
    assert tracked.update() == [0, 4]
    assert np.array_equal(tracked.labels, grown)
    replace_labels(segmentation, volume, some_labels * 0, SEGMENTS)
    assert tracked.update() == [0, 1, 2, 3, 4]
    assert not tracked.labels.any()
    replace_labels(segmentation, volume, some_labels, SEGMENTS)
    assert tracked.update() == [1, 2, 3]
    assert np.array_equal(tracked.labels, some_labels)


def test_edits_in_a_layer_of_its_own_are_found(a_desktop, some_labels):
    volume = a_volume()
    segmentation = add_segmentation(volume, "made", SEGMENTS, some_labels)
    tracked = TrackedLabels(segmentation, volume, SEGMENTS)
    wire = np.zeros(some_labels.shape, bool)
    wire[0, 1, 2] = True
    image = _separate(segmentation, "guidewire", wire, volume)
    assert tracked.update() == [0, 3]
    vtk_to_numpy(image.GetPointData().GetScalars()).reshape(wire.shape)[4, 5, 6] = 1
    image.Modified()
    assert tracked.update() == [4]
    assert np.array_equal(tracked.labels, labels_of(segmentation, volume, SEGMENTS))


def test_tracked_labels_of_an_edit_are_those_of_a_fresh_look(a_desktop):
    """Many random edits, each a box of a random value, some of them beyond what was covered before."""
    random = np.random.default_rng(7)
    volume = a_volume(shape=(6, 20, 24))
    labels = np.zeros((6, 20, 24), np.uint8)
    segmentation = add_segmentation(volume, "made", SEGMENTS, labels)
    tracked = TrackedLabels(segmentation, volume, SEGMENTS)
    for _ in range(20):
        corner = random.integers((0, 0, 0), labels.shape)
        size = random.integers(1, (2, 9, 9))
        before = labels.copy()
        labels[tuple(slice(low, low + length) for low, length in zip(corner, size, strict=True))] = random.integers(0, 4)
        replace_labels(segmentation, volume, labels, SEGMENTS)
        assert tracked.update() == np.flatnonzero((before != labels).any(axis=(1, 2))).tolist()
        assert np.array_equal(tracked.labels, labels)


def test_an_edit_of_one_frame_of_a_long_pullback_is_found_in_a_tenth_of_a_second(a_desktop):
    """A long stack: 375 frames of 1024 x 1024 pixels, of which the segments cover a third."""
    import time

    frame = np.zeros((1024, 1024), np.uint8)
    frame[230:790, 280:740] = LUMEN
    labels = np.broadcast_to(frame, (375, 1024, 1024))
    volume = a_volume(shape=(1, 2, 2))
    volume.GetImageData().SetDimensions(1024, 1024, 375)
    volume.GetImageData().AllocateScalars(vtk.VTK_UNSIGNED_CHAR, 1)
    segmentation = add_segmentation(volume, "made", SEGMENTS, labels)
    tracked = TrackedLabels(segmentation, volume, SEGMENTS)
    image = _images(segmentation)[0]
    part = vtk_to_numpy(image.GetPointData().GetScalars()).reshape(375, 560, 460)
    taken = []
    for number in range(5):
        part[number, :9, :9] = CALCIUM
        image.Modified()
        begun = time.process_time()
        assert tracked.update() == [number]
        taken.append(time.process_time() - begun)
    assert np.median(taken) < 0.1
