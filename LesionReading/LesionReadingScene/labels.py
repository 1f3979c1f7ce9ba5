"""Label maps in segmentation nodes: quick on long stacks, since nothing is resampled where the voxels are the volume's own.

A segmentation node keeps its binary label maps in layers, each cropped to what it holds; segments that do not overlap share one.
Arrays are uint8 (slices, rows, columns) on the voxels of the volume. Where segments overlap, the one of the lowest value is on top.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import slicer
import slicer.util
import vtk
from LesionReadingLib.errors import InputError
from LesionReadingLib.labels.label_map import Segment
from LesionReadingLib.labels.seg_nrrd import terminology_entry
from LesionReadingLib.language import _
from vtk.util.numpy_support import vtk_to_numpy

from .volumes import world_of

TERMINOLOGY_TAG = "TerminologyEntry"
BINARY = "Binary labelmap"  # no tr
_SAME_VOXELS = 0.02  # of a voxel: how far corners may lie apart where two grids count as one
_FILL_OPACITY = 0.35  # the image stays visible below
_OUTLINE_OPACITY = 1.0

Box = tuple[slice, slice, slice]


@dataclass(frozen=True, eq=False)
class Layer:
    """One label map that segments share, as far as it lies on the volume.

    Attributes:
        image: vtkOrientedImageData.
        box: which slices, rows and columns of the volume it covers.
        part: (slices, rows, columns) of the box, the node's own memory.
        values: for each value in ``part`` the value of ours, 0 for other segments; None where they are the same.
    """

    image: vtk.vtkObject
    box: Box
    part: np.ndarray
    values: np.ndarray | None

    def labels(self, part: np.ndarray) -> np.ndarray:
        """The values of ours for some of the layer's."""
        return part.astype(np.uint8, copy=False) if self.values is None else self.values[part]


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
    segmentation = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", name)
    segmentation.SetAndObserveTransformNodeID(volume.GetTransformNodeID())
    _complete(segmentation, volume, segments)
    replace_labels(segmentation, volume, labels, segments)
    return segmentation


def replace_labels(segmentation, volume, labels: np.ndarray, segments: Sequence[Segment]) -> None:
    """Give the segments of a segmentation node the label map, in one layer; other segments in the node stay as they are.

    Args:
        labels: (slices, rows, columns) of the volume, with the values of ``segments``.

    Raises:
        InputError: another size than the volume's.
    """
    shape = _shape(volume)
    if labels.shape != shape:
        raise InputError(
            _("The labels are {size} voxels but the volume is {size_2}; take those of this volume.").format(
                size=_size(labels.shape), size_2=_size(shape)
            )
        )
    image = _cropped_image(labels, volume)
    with _one_modification(segmentation):
        for segment in segments:
            held = _held_segment(segmentation, segment) or _add_segment(segmentation, segment)
            held.SetLabelValue(segment.value)
            held.AddRepresentation(BINARY, image)
        image.Modified()


def labels_of(segmentation, volume, segments: Sequence[Segment]) -> np.ndarray:
    """The label map of a segmentation node on the voxels of a volume: uint8 (slices, rows, columns).

    Raises:
        InputError: the volume, or the segmentation, lies below a transform that bends space.
    """
    layers = label_layers(segmentation, volume, segments)
    if layers is None:
        return _resampled(segmentation, volume, segments)
    labels = np.zeros(_shape(volume), np.uint8)
    for layer in layers:
        for target, part in zip(labels[layer.box], layer.part, strict=True):
            paint(target, layer.labels(part))
    return labels


def paint(target: np.ndarray, labels: np.ndarray) -> None:
    """Put a slice of labels on top of others, the lower value winning; 0 lets shine through."""
    # In uint8 one less than 0 is 255, so that background loses against every label.
    target[...] = np.minimum(target - np.uint8(1), labels - np.uint8(1)) + np.uint8(1)


def label_layers(segmentation, volume, segments: Sequence[Segment]) -> list[Layer] | None:
    """The layers of a segmentation node that hold one of the segments and any voxel of the volume.

    Returns:
        None where the voxels are not those of the volume, or there is no binary label map.

    Raises:
        InputError: volume or segmentation lie below a transform that bends space.
    """
    wanted = {segment_id: segment.value for segment in segments if (segment_id := segment_id_of(segmentation, segment))}
    images: dict[vtk.vtkObject, dict[int, int]] = {}
    for segment_id, held in _held_segments(segmentation):
        image = held.GetRepresentation(BINARY)
        if image is None and segment_id in wanted:
            return None
        if image is not None and not _is_empty(image):
            images.setdefault(image, {})[held.GetLabelValue()] = wanted.get(segment_id, 0)
    ours = [(image, values) for image, values in images.items() if any(values.values())]
    to_volume = _to_voxels(volume) @ world_of(segmentation)
    # Only a layer that has all of our values can be taken as it is: others may hold left-overs of a segment that moved out.
    own = {segment.value: segment.value for segment in segments}
    tables = [None if values == own else _table(values) for _, values in ours]
    layers = [_layer(image, table, to_volume, _shape(volume)) for (image, _), table in zip(ours, tables, strict=True)]
    return None if None in layers else [layer for layer in layers if layer.part.size]


def segment_id_of(segmentation, segment: Segment) -> str:
    """The ID in a segmentation node of what stands for a segment, found by its ID or its name; empty where there is none."""
    held = segmentation.GetSegmentation()
    return segment.name if held.GetSegment(segment.name) else held.GetSegmentIdBySegmentName(segment.name)


def _held_segment(segmentation, segment: Segment):
    """The vtkSegment that stands for a segment; None where there is none."""
    return segmentation.GetSegmentation().GetSegment(segment_id_of(segmentation, segment))


def _held_segments(segmentation) -> list[tuple[str, vtk.vtkObject]]:
    held = segmentation.GetSegmentation()
    ids = [held.GetNthSegmentID(number) for number in range(held.GetNumberOfSegments())]
    return [(segment_id, held.GetSegment(segment_id)) for segment_id in ids]


def _layer(image, values: np.ndarray | None, to_volume: np.ndarray, shape: tuple[int, int, int]) -> Layer | None:
    """The layer of an image; None where its voxels are not the volume's, moved by whole voxels at most."""
    to_voxels = to_volume @ _image_matrix(image)
    extent = np.array(image.GetExtent()).reshape(3, 2)
    shift = np.rint(to_voxels[:3, 3]).astype(int)
    corners = np.array(np.meshgrid(*extent, indexing="ij")).reshape(3, -1)
    moved = to_voxels[:3, :3] @ corners + to_voxels[:3, 3, None]
    if np.abs(moved - corners - shift[:, None]).max() > _SAME_VOXELS:
        return None
    first, last = ((extent[:, end] + shift)[::-1].tolist() for end in (0, 1))
    box = tuple(slice(max(low, 0), max(min(high + 1, size), 0)) for low, high, size in zip(first, last, shape, strict=True))
    inside = tuple(slice(one.start - low, max(one.stop - low, 0)) for one, low in zip(box, first, strict=True))
    stored = vtk_to_numpy(image.GetPointData().GetScalars()).reshape(image.GetDimensions()[::-1])
    return Layer(image, box, stored[inside], values)


def _table(values: dict[int, int]) -> np.ndarray:
    table = np.zeros(1 << 16, np.uint8)
    table[list(values)] = list(values.values())
    return table


def _resampled(segmentation, volume, segments: Sequence[Segment]) -> np.ndarray:
    """Labels at the nearest voxels, as Slicer exports them."""
    labels = np.zeros(_shape(volume), np.uint8)
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
    to_volume, shape = _to_voxels(volume), _shape(volume)
    images = {image for _, held in _held_segments(segmentation) if (image := held.GetRepresentation(BINARY))}
    for image in images:
        layer = None if _is_empty(image) else _layer(image, None, to_volume, shape)
        if not _is_empty(image) and (layer is None or layer.part.size != image.GetNumberOfPoints()):
            raise InputError(
                _("The segmentation {name} does not lie on the voxels of the volume; analyze this volume again.").format(name=name)
            )
    for image in images:
        image.SetImageToWorldMatrix(_volume_matrix(volume))
    segmentation.SetAndObserveTransformNodeID(volume.GetTransformNodeID())


def _complete(segmentation, volume, segments: Sequence[Segment]) -> None:
    """Every segment is there, named, coloured and coded, and the volume is the reference of the geometry."""
    for segment in segments:
        held = _held_segment(segmentation, segment) or _add_segment(segmentation, segment)
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


def _cropped_image(labels: np.ndarray, volume):
    """vtkOrientedImageData of what a label map holds, on the volume's matrix."""
    box = _used_box(labels)
    image = slicer.vtkOrientedImageData()
    image.SetImageToWorldMatrix(_volume_matrix(volume))
    image.SetExtent([edge for one in box[::-1] for edge in (one.start, one.stop - 1)])
    image.AllocateScalars(vtk.VTK_UNSIGNED_CHAR, 1)
    if image.GetNumberOfPoints():
        part = labels[box]
        vtk_to_numpy(image.GetPointData().GetScalars()).reshape(part.shape)[...] = part
    return image


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


def _shape(volume) -> tuple[int, int, int]:
    return volume.GetImageData().GetDimensions()[::-1]


def _volume_matrix(volume):
    matrix = vtk.vtkMatrix4x4()
    volume.GetIJKToRASMatrix(matrix)
    return matrix


def _to_voxels(volume) -> np.ndarray:
    """(4, 4) from RAS mm of the scene to (column, row, slice) of the volume."""
    return np.linalg.inv(world_of(volume) @ slicer.util.arrayFromVTKMatrix(_volume_matrix(volume)))


def _image_matrix(image) -> np.ndarray:
    matrix = vtk.vtkMatrix4x4()
    image.GetImageToWorldMatrix(matrix)
    return slicer.util.arrayFromVTKMatrix(matrix)


def _is_empty(image) -> bool:
    return image.GetNumberOfPoints() == 0 or image.GetPointData().GetScalars() is None


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
