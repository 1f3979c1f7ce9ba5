"""What label maps a segmentation node holds, seen on the voxels of a volume without a copy where they are the same voxels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import slicer
import slicer.util
import vtk
from LesionReadingLib.labels.label_map import Segment
from vtk.util.numpy_support import vtk_to_numpy

from .volumes import world_of

BINARY = "Binary labelmap"  # no tr
SAME_VOXELS = 0.02  # of a voxel: how far corners may lie apart where two grids count as one
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


def label_layers(segmentation, volume, segments: Sequence[Segment]) -> list[Layer] | None:
    """The layers of a segmentation node that hold one of the segments and any voxel of the volume.

    Returns:
        None where the voxels are not those of the volume, or there is no binary label map.

    Raises:
        InputError: volume or segmentation lie below a transform that bends space.
    """
    wanted = {segment_id: segment.value for segment in segments if (segment_id := segment_id_of(segmentation, segment))}
    images: dict[vtk.vtkObject, dict[int, int]] = {}
    for segment_id, held in held_segments(segmentation):
        image = held.GetRepresentation(BINARY)
        if image is None and segment_id in wanted:
            return None
        if image is not None and not is_empty(image):
            images.setdefault(image, {})[held.GetLabelValue()] = wanted.get(segment_id, 0)
    ours = [(image, values) for image, values in images.items() if any(values.values())]
    to_volume = to_voxels_of(volume) @ world_of(segmentation)
    # Only a layer that has all of our values can be taken as it is: others may hold left-overs of a segment that moved out.
    own = {segment.value: segment.value for segment in segments}
    tables = [None if values == own else _table(values) for _, values in ours]
    layers = [layer_of(image, table, to_volume, shape_of(volume)) for (image, _), table in zip(ours, tables, strict=True)]
    return None if None in layers else [layer for layer in layers if layer.part.size]


def segment_id_of(segmentation, segment: Segment) -> str:
    """The ID in a segmentation node of what stands for a segment, found by its ID or its name; empty where there is none."""
    held = segmentation.GetSegmentation()
    return segment.name if held.GetSegment(segment.name) else held.GetSegmentIdBySegmentName(segment.name)


def held_segment(segmentation, segment: Segment):
    """The vtkSegment that stands for a segment; None where there is none."""
    return segmentation.GetSegmentation().GetSegment(segment_id_of(segmentation, segment))


def held_segments(segmentation) -> list[tuple[str, vtk.vtkObject]]:
    """IDs and vtkSegments of a segmentation node, in its order."""
    held = segmentation.GetSegmentation()
    ids = [held.GetNthSegmentID(number) for number in range(held.GetNumberOfSegments())]
    return [(segment_id, held.GetSegment(segment_id)) for segment_id in ids]


def layer_of(image, values: np.ndarray | None, to_volume: np.ndarray, shape: tuple[int, int, int]) -> Layer | None:
    """The layer of an image; None where its voxels are not the volume's, moved by whole voxels at most."""
    to_voxels = to_volume @ _image_matrix(image)
    extent = np.array(image.GetExtent()).reshape(3, 2)
    shift = np.rint(to_voxels[:3, 3]).astype(int)
    corners = np.array(np.meshgrid(*extent, indexing="ij")).reshape(3, -1)
    moved = to_voxels[:3, :3] @ corners + to_voxels[:3, 3, None]
    if np.abs(moved - corners - shift[:, None]).max() > SAME_VOXELS:
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


def shape_of(volume) -> tuple[int, int, int]:
    """(slices, rows, columns) of a volume node."""
    return volume.GetImageData().GetDimensions()[::-1]


def volume_matrix(volume):
    """vtkMatrix4x4 from (column, row, slice) to RAS mm of a volume node, without its transforms."""
    matrix = vtk.vtkMatrix4x4()
    volume.GetIJKToRASMatrix(matrix)
    return matrix


def to_voxels_of(volume) -> np.ndarray:
    """(4, 4) from RAS mm of the scene to (column, row, slice) of the volume."""
    return np.linalg.inv(world_of(volume) @ slicer.util.arrayFromVTKMatrix(volume_matrix(volume)))


def _image_matrix(image) -> np.ndarray:
    matrix = vtk.vtkMatrix4x4()
    image.GetImageToWorldMatrix(matrix)
    return slicer.util.arrayFromVTKMatrix(matrix)


def is_empty(image) -> bool:
    """Whether a vtkOrientedImageData has no voxels."""
    return image.GetNumberOfPoints() == 0 or image.GetPointData().GetScalars() is None
