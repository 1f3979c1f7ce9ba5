"""Regions that a tool has found, put into a segmentation node slice by slice, as an effect of the segment editor would."""

from __future__ import annotations

import numpy as np
import slicer
import vtk
from LesionReadingLib.labels.label_map import Segment
from vtk.util.numpy_support import numpy_to_vtk

from .label_layers import segment_id_of

_ALL = np.uint8(255)  # more than the value of any segment in a layer that several share


def add_region(segmentation, volume, segment: Segment, number: int, region: np.ndarray) -> None:
    """Add the pixels of a region to a segment, which the node has; nothing else of it changes, and listeners are told.

    Args:
        number: of the slice. region: booleans (rows, columns) on the voxels of the volume, where no other segment lies.
    """
    if region.any():
        box = _box(region)
        _merge(segmentation, volume, segment, _image(volume, number, box, region[box] * _ALL), _logic().MODE_MERGE_MASK)


def remove_region(segmentation, volume, segment: Segment, number: int, region: np.ndarray) -> None:
    """Take the pixels of a region out of a segment; see ``add_region``."""
    if region.any():
        box = _box(region)
        _merge(segmentation, volume, segment, _image(volume, number, box, ~region[box] * _ALL), _logic().MODE_MERGE_MIN)


def _logic():
    return slicer.vtkSlicerSegmentationsModuleLogic


def _merge(segmentation, volume, segment: Segment, image, mode: int) -> None:
    _logic().SetBinaryLabelmapToSegment(image, segmentation, segment_id_of(segmentation, segment), mode, image.GetExtent())


def _box(region: np.ndarray) -> tuple[slice, slice]:
    rows, columns = (np.flatnonzero(region.any(axis=axis)) for axis in (1, 0))
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)


def _image(volume, number: int, box: tuple[slice, slice], part: np.ndarray):
    """A part of a slice as vtkOrientedImageData, in the place that the volume has below its transform."""
    image = slicer.vtkOrientedImageData()
    image.SetExtent(box[1].start, box[1].stop - 1, box[0].start, box[0].stop - 1, number, number)
    matrix = vtk.vtkMatrix4x4()
    volume.GetIJKToRASMatrix(matrix)
    image.SetGeometryFromImageToWorldMatrix(matrix)
    voxels = np.ascontiguousarray(part).ravel()
    image.GetPointData().SetScalars(numpy_to_vtk(voxels, deep=True, array_type=vtk.VTK_UNSIGNED_CHAR))
    return image
