"""Label maps in segmentation nodes: quick on long stacks, since nothing is resampled where the voxels are the volume's own.

A segmentation node keeps its binary label maps in layers, each cropped to what it holds; segments that do not overlap share one.
Arrays are uint8 (slices, rows, columns) on the voxels of the volume. Where segments overlap, the one of the lowest value is on top.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import slicer
import slicer.util
import vtk
from LesionReadingLib.errors import InputError
from LesionReadingLib.labels.label_map import LabelMap, Segment
from LesionReadingLib.labels.seg_nrrd import terminology_entry
from LesionReadingLib.language import _
from vtk.util.numpy_support import vtk_to_numpy

from .copying import Copying, directly
from .label_layers import (
    BINARY,
    SAME_VOXELS,
    Box,
    Layer,
    held_segment,
    held_segments,
    is_empty,
    label_layers,
    layer_of,
    segment_id_of,
    shape_of,
    to_voxels_of,
    volume_matrix,
)
from .volumes import volume_grid

TERMINOLOGY_TAG = "TerminologyEntry"
_FILL_OPACITY = 0.35  # the image stays visible below
_OUTLINE_OPACITY = 1.0
_UNKNOWN_MM = 1.0  # as files and nodes that must have a distance have one that is not known


def load_segmentation(path: Path, volume, name: str, segments: Sequence[Segment]):
    """Load a segmentation that was made on the voxels of a volume, as a node that stays with the volume.

    The node lies below the volume's transform, if any, and has the volume's geometry to the last digit.

    Args:
        path: .seg.nrrd. segments: all of which are there afterwards, in this order, empty ones too.

    Returns:
        vtkMRMLSegmentationNode.

    Raises:
        InputError: it cannot be read, or does not lie on the voxels of the volume.
    """
    segmentation = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", name)
    try:
        storage = slicer.vtkMRMLSegmentationStorageNode()
        storage.SetFileName(str(path))
        if not path.is_file() or not storage.ReadData(segmentation):
            raise InputError(_("The segmentation {file} cannot be read; analyze the volume again.").format(file=path.name))
        _take_place(segmentation, volume, path.name)
        _complete(segmentation, volume, segments)
    except BaseException:
        slicer.mrmlScene.RemoveNode(segmentation)
        raise
    return segmentation


def add_segmentation(volume, name: str, segments: Sequence[Segment], labels: np.ndarray):
    """Add a segmentation node (vtkMRMLSegmentationNode) with a label map on the voxels of a volume."""
    return add_label_image(volume, name, segments, label_image(labels))


def add_label_image(volume, name: str, segments: Sequence[Segment], image):
    """As ``add_segmentation``, with the labels as ``label_image`` has given them; they have the size of the volume."""
    segmentation = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", name)
    segmentation.SetAndObserveTransformNodeID(volume.GetTransformNodeID())
    _complete(segmentation, volume, segments)
    put_label_image(segmentation, volume, image, segments)
    return segmentation


def replace_labels(segmentation, volume, labels: np.ndarray, segments: Sequence[Segment]) -> None:
    """Give the segments of a segmentation node the label map, in one layer; other segments in the node stay as they are.

    Args:
        labels: (slices, rows, columns) of the volume, with the values of ``segments``.

    Raises:
        InputError: another size than the volume's.
    """
    shape = shape_of(volume)
    if labels.shape != shape:
        raise InputError(
            _("The labels are {size} voxels but the volume is {size_2}; take those of this volume.").format(
                size=_size(labels.shape), size_2=_size(shape)
            )
        )
    put_label_image(segmentation, volume, label_image(labels), segments)


def put_label_image(segmentation, volume, image, segments: Sequence[Segment]) -> None:
    """As ``replace_labels``, with the labels as ``label_image`` has given them; they have the size of the volume."""
    image.SetImageToWorldMatrix(volume_matrix(volume))
    with _one_modification(segmentation):
        for segment in segments:
            held = held_segment(segmentation, segment) or _add_segment(segmentation, segment)
            held.SetLabelValue(segment.value)
            held.AddRepresentation(BINARY, image)
        image.Modified()


def label_image(labels: np.ndarray):
    """vtkOrientedImageData of what a label map (slices, rows, columns) holds, in no place yet; a thread may make it."""
    box = _used_box(labels)
    image = slicer.vtkOrientedImageData()
    image.SetExtent([edge for one in box[::-1] for edge in (one.start, one.stop - 1)])
    image.AllocateScalars(vtk.VTK_UNSIGNED_CHAR, 1)
    if image.GetNumberOfPoints():
        part = labels[box]
        vtk_to_numpy(image.GetPointData().GetScalars()).reshape(part.shape)[...] = part
    return image


def labels_of(segmentation, volume, segments: Sequence[Segment], copying: Copying = directly) -> np.ndarray:
    """The label map of a segmentation node on the voxels of a volume: uint8 (slices, rows, columns).

    Args:
        copying: does the part that takes long and touches no node, for example in a thread.

    Raises:
        InputError: the volume, or the segmentation, lies below a transform that bends space.
    """
    layers = label_layers(segmentation, volume, segments)
    if layers is None:
        return _resampled(segmentation, volume, segments)
    shape = shape_of(volume)
    return copying(lambda: laid(layers, shape))


def laid(layers: Sequence[Layer], shape: tuple[int, int, int]) -> np.ndarray:
    """The label map (slices, rows, columns) that layers make together."""
    labels = np.zeros(shape, np.uint8)
    for number, layer in enumerate(layers):
        for target, part in zip(labels[layer.box], layer.part, strict=True):
            if number:
                paint(target, layer.labels(part))
            else:  # nothing lies below
                target[...] = layer.labels(part)
    return labels


def placed_labels(label_map: LabelMap, volume) -> np.ndarray:
    """The labels of a file, uint8 (slices, rows, columns), which lie on the voxels of a volume in its place.

    Raises:
        InputError: they do not.
    """
    grid, shape = label_map.grid, shape_of(volume)
    if label_map.labels.shape == shape:
        ends = np.array([(0, 0, 0), np.array(shape) - 1])
        places = grid.origin_mm + ends[:, ::-1] @ grid.axes_mm(_UNKNOWN_MM)
        if np.abs(volume_grid(volume).indices(places) - ends).max() < SAME_VOXELS:
            return label_map.labels
    raise InputError(_("The segmentation does not lie on the voxels of the volume; analyze this volume again."))


def paint(target: np.ndarray, labels: np.ndarray) -> None:
    """Put a slice of labels on top of others, the lower value winning; 0 lets shine through."""
    # In uint8 one less than 0 is 255, so that background loses against every label.
    target[...] = np.minimum(target - np.uint8(1), labels - np.uint8(1)) + np.uint8(1)


def _resampled(segmentation, volume, segments: Sequence[Segment]) -> np.ndarray:
    """Labels at the nearest voxels, as Slicer exports them."""
    labels = np.zeros(shape_of(volume), np.uint8)
    for segment in segments:
        segment_id = segment_id_of(segmentation, segment)
        if not segment_id:
            continue
        ids = vtk.vtkStringArray()
        ids.InsertNextValue(segment_id)
        exported = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode")
        try:
            logic = slicer.vtkSlicerSegmentationsModuleLogic
            if logic.ExportSegmentsToLabelmapNode(segmentation, ids, exported, volume):
                mask = slicer.util.arrayFromVolume(exported) > 0
                for target, part in zip(labels, mask, strict=True):
                    paint(target, part * np.uint8(segment.value))
        finally:
            _remove_exported(exported)
    return labels


def _remove_exported(volume) -> None:
    display = volume.GetDisplayNode()
    if display is not None and display.GetColorNode() is not None:
        slicer.mrmlScene.RemoveNode(display.GetColorNode())
    slicer.mrmlScene.RemoveNode(volume)


def _take_place(segmentation, volume, name: str) -> None:
    """Put the segmentation of a file below the volume's transform and on the volume's own matrix."""
    to_volume, shape = to_voxels_of(volume), shape_of(volume)
    images = {image for _, held in held_segments(segmentation) if (image := held.GetRepresentation(BINARY))}
    for image in images:
        layer = None if is_empty(image) else layer_of(image, None, to_volume, shape)
        if not is_empty(image) and (layer is None or layer.part.size != image.GetNumberOfPoints()):
            raise InputError(
                _("The segmentation {name} does not lie on the voxels of the volume; analyze this volume again.").format(name=name)
            )
    for image in images:
        image.SetImageToWorldMatrix(volume_matrix(volume))
    segmentation.SetAndObserveTransformNodeID(volume.GetTransformNodeID())


def _complete(segmentation, volume, segments: Sequence[Segment]) -> None:
    """Every segment is there, named, coloured and coded, and the volume is the reference of the geometry."""
    for segment in segments:
        held = held_segment(segmentation, segment) or _add_segment(segmentation, segment)
        held.SetColor(*segment.color)
        held.SetTag(TERMINOLOGY_TAG, terminology_entry(segment))
    segmentation.GetSegmentation().ReorderSegments([segment_id_of(segmentation, segment) for segment in segments])
    segmentation.SetReferenceImageGeometryParameterFromVolumeNode(volume)
    segmentation.CreateDefaultDisplayNodes()
    display = segmentation.GetDisplayNode()
    display.SetOpacity2DFill(_FILL_OPACITY)
    display.SetOpacity2DOutline(_OUTLINE_OPACITY)


def _add_segment(segmentation, segment: Segment):
    held = slicer.vtkSegment()
    held.SetName(segment.name)
    held.SetColor(*segment.color)
    held.SetLabelValue(segment.value)
    held.SetTag(TERMINOLOGY_TAG, terminology_entry(segment))
    empty = slicer.vtkOrientedImageData()
    empty.SetExtent(0, -1, 0, -1, 0, -1)
    empty.AllocateScalars(vtk.VTK_UNSIGNED_CHAR, 1)
    held.AddRepresentation(BINARY, empty)
    segmentation.GetSegmentation().AddSegment(held, segment.name)
    return held


def _used_box(labels: np.ndarray) -> Box:
    """The smallest box around all that is labelled; empty at 0 where nothing is."""
    _count, rows, columns = labels.shape
    in_row, in_column, in_slice = np.zeros(rows, bool), np.zeros(columns, bool), np.zeros(len(labels), bool)
    for number, one in enumerate(labels):
        marks = one != 0
        in_slice[number] = marks.any()
        if in_slice[number]:
            in_row |= marks.any(axis=1)
            in_column |= marks.any(axis=0)
    ends = [np.flatnonzero(marks) for marks in (in_slice, in_row, in_column)]
    return tuple(slice(int(found[0]), int(found[-1]) + 1) if found.size else slice(0, 0) for found in ends)


def _size(shape: Sequence[int]) -> str:
    return " x ".join(map(str, shape))


@contextmanager
def _one_modification(segmentation) -> Iterator[None]:
    """Listeners hear of several changes to a node once."""
    was = segmentation.StartModify()
    try:
        yield
    finally:
        segmentation.EndModify(was)
