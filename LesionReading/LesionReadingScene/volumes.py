"""Volume nodes as the Libs see them, and volumes of the Libs as nodes.

MRML counts in RAS, the Libs in LPS; the change happens here. Arrays are (slices, rows, columns), lengths are mm.
Linear transforms above a volume are applied; one that bends space is refused, since no matrix can stand for it.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import slicer
import slicer.util
import vtk
from LesionReadingLib.errors import InputError
from LesionReadingLib.geometry.grid import Grid, matrix_grid
from LesionReadingLib.geometry.nrrd import storable, write_nrrd
from LesionReadingLib.geometry.spacing import AS_LOADED, TYPED, UNKNOWN, Spacing
from LesionReadingLib.language import _
from vtk.util.numpy_support import get_vtk_array_type, vtk_to_numpy

from .copying import Copying, directly

SOURCE_ATTRIBUTE = "LesionReading.SpacingSource"
SLICE_SPACING_ATTRIBUTE = "LesionReading.SliceSpacing"  # "unknown" where a file states the pixels' spacing but not the slices'

_LPS_OF_RAS = np.diag([-1.0, -1.0, 1.0])
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601, as pictures with colours become grey everywhere
_PICTURES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff")
_UNKNOWN_MM = 1.0
_SQUARE = 1e-3  # cosine between rows and columns up to which they count as perpendicular


def volume_grid(volume) -> Grid:
    """Where the voxels of a volume node lie in the scene, linear parent transforms applied: the one way from a node to a grid.

    All its distances are those that the scene draws, whose sources tell which of them nobody states (``volume_spacing``): to look,
    to point and to draw, one needs a place for those, too. What measures takes ``measured_grid``.

    Raises:
        InputError: no voxels, or below a transform that bends space.
    """
    _require_voxels(volume)
    matrix = vtk.vtkMatrix4x4()
    volume.GetIJKToRASMatrix(matrix)
    world = world_of(volume) @ slicer.util.arrayFromVTKMatrix(matrix)
    shape = volume.GetImageData().GetDimensions()[::-1]
    return matrix_grid(shape, (_LPS_OF_RAS @ world[:3, :3]).T, _LPS_OF_RAS @ world[:3, 3], spacing_source(volume))


def world_of(node) -> np.ndarray:
    """(4, 4) matrix from a node's own coordinates to those of the scene, both RAS mm.

    Raises:
        InputError: below a transform that bends space.
    """
    transform = node.GetParentTransformNode()
    if transform is None:
        return np.eye(4)
    if not transform.IsTransformToWorldLinear():
        raise InputError(
            _(
                "The volume lies below a transform that bends space, as Slicer's own reader puts one above a "
                "tilted CT; load the series by LesionReading's reader (module DICOM, Advanced), or harden the "
                "transform (right-click on the volume in the module Data), then try again."
            )
        )
    matrix = vtk.vtkMatrix4x4()
    transform.GetMatrixTransformToWorld(matrix)
    return slicer.util.arrayFromVTKMatrix(matrix)


def volume_array(volume) -> np.ndarray:
    """The voxels of a volume node: (slices, rows, columns), the node's own memory, not to be changed; colours become luminance.

    Raises:
        InputError: no voxels, or several values per voxel that are no colours.
    """
    _require_voxels(volume)
    voxels = slicer.util.arrayFromVolume(volume)
    if voxels.ndim == 3:
        return voxels
    if voxels.shape[3] not in (3, 4):
        raise InputError(
            _("The volume has {shape} values per voxel; choose one with grey values or colours.").format(shape=voxels.shape[3])
        )
    grey = np.empty(voxels.shape[:3], voxels.dtype)
    for number, picture in enumerate(voxels):
        values = picture[..., :3] @ _LUMA
        grey[number] = np.rint(values) if grey.dtype.kind in "iu" else values
    return grey


def write_volume_node(volume, path: Path, copying: Copying = directly) -> None:
    """Write a volume node as NRRD with its own geometry, uncompressed, which is quicker.

    Args:
        copying: does the part that takes long and touches no node, for example in a thread.

    Raises:
        InputError: as ``volume_grid`` and ``volume_array``.
    """
    voxels, grid = volume_array(volume), volume_grid(volume)
    copying(lambda: write_nrrd(path, storable(voxels), grid, encoding="raw"))


def measured_grid(volume) -> Grid:
    """The grid of a volume node, for measuring on it.

    Raises:
        InputError: as ``volume_grid``, without spacing, or rows and columns that are not perpendicular.
    """
    grid = volume_grid(volume)
    if not has_spacing(volume):
        raise InputError(_("The volume does not state its spacing; type the distances between its pixels and slices first."))
    if abs(grid.column_axis @ grid.row_axis) > _SQUARE:
        raise InputError(_("The pixels of the volume are sheared by a transform; take the volume out of it, or resample it."))
    return grid


def volume_spacing(volume, unknown_pixel_mm: float | None = None) -> Spacing:
    """The distances between the voxels of a volume node, with linear transforms applied; None where it does not state them.

    Args:
        unknown_pixel_mm: as for ``spacing_source``.

    Raises:
        InputError: as ``volume_grid``.
    """
    drawn, source = volume_grid(volume).spacing, spacing_source(volume, unknown_pixel_mm)
    if volume.GetAttribute(SLICE_SPACING_ATTRIBUTE) == UNKNOWN:
        return Spacing(drawn.row_mm, drawn.column_mm, None, source, UNKNOWN)
    if source != UNKNOWN:
        return Spacing(drawn.row_mm, drawn.column_mm, drawn.frame_mm, source, source)
    if volume.GetSpacing()[2] == 1.0:
        return Spacing(None, None, None)
    return Spacing(None, None, drawn.frame_mm, UNKNOWN, AS_LOADED)


def spacing_source(volume, unknown_pixel_mm: float | None = None) -> str:
    """Where the spacing of a volume node came from; ``spacing.UNKNOWN`` where it has none.

    Args:
        unknown_pixel_mm: the distance of pixels that means "not known" in this kind of image where nobody says where it came
            from. Programs that know no spacing write 1 mm, which no OCT has; in CT it is a spacing like any other.
    """
    stated = volume.GetAttribute(SOURCE_ATTRIBUTE)
    if stated:
        return stated
    pixel_mm = volume.GetSpacing()[:2]
    if pixel_mm == (unknown_pixel_mm, unknown_pixel_mm) or (pixel_mm == (1.0, 1.0) and _is_picture(volume)):
        return UNKNOWN
    return "DICOM" if volume.GetAttribute("DICOM.instanceUIDs") else AS_LOADED


def has_spacing(volume, unknown_pixel_mm: float | None = None) -> bool:
    """Whether a volume node states its whole spacing, or somebody typed it; ``unknown_pixel_mm`` as for ``spacing_source``."""
    return spacing_source(volume, unknown_pixel_mm) != UNKNOWN and volume.GetAttribute(SLICE_SPACING_ATTRIBUTE) != UNKNOWN


def _is_picture(volume) -> bool:
    """Whether a volume node was loaded from a file of a kind that states no distances."""
    storage = volume.GetStorageNode()
    return storage is not None and Path(storage.GetFileName() or "").suffix.lower() in _PICTURES


def set_slice_spacing_unknown(volume) -> None:
    """Remember that a volume node's source states the distance of its pixels but not of its slices; the user has to type it."""
    volume.SetAttribute(SLICE_SPACING_ATTRIBUTE, UNKNOWN)


def set_typed_spacing(volume, pixel_mm: float, slice_mm: float) -> None:
    """Give a volume node the spacing that the user typed.

    Args:
        pixel_mm: distance between rows and between columns. slice_mm: distance between slices or frames.

    Raises:
        InputError: one of them is no length.
    """
    for name, length_mm in (("pixels", pixel_mm), ("slices", slice_mm)):
        if not (math.isfinite(length_mm) and length_mm > 0):
            raise InputError(
                _("A distance of {length_mm:g} mm between {name} cannot be; type a length above 0.").format(
                    length_mm=length_mm, name=name
                )
            )
    with slicer.util.NodeModify(volume):
        volume.SetSpacing(pixel_mm, pixel_mm, slice_mm)
        volume.SetAttribute(SOURCE_ATTRIBUTE, TYPED)
        volume.RemoveAttribute(SLICE_SPACING_ATTRIBUTE)


def new_image(shape: tuple[int, int, int], dtype) -> tuple[vtk.vtkImageData, np.ndarray]:
    """An image that is in no node yet, and its own memory to be filled, (slices, rows, columns); a thread may do both.

    What is filled there need not be copied while the window waits.
    """
    image = vtk.vtkImageData()
    image.SetDimensions(shape[::-1])
    image.AllocateScalars(get_vtk_array_type(dtype), 1)
    return image, vtk_to_numpy(image.GetPointData().GetScalars()).reshape(shape)


def add_image(image: vtk.vtkImageData, grid: Grid, name: str):
    """Add a volume node with display to the scene: the one way from a grid to a node.

    Distances that are not known are drawn as 1 mm and count as not known: those of the pixels by the source, that of the slices
    alone by an attribute of its own.

    Args:
        image: of ``new_image``, on ``grid``, whose slices one matrix places; the node takes it as it is.

    Returns:
        vtkMRMLScalarVolumeNode.
    """
    ijk_to_ras = np.eye(4)
    ijk_to_ras[:3, :3] = _LPS_OF_RAS @ grid.axes_mm(_UNKNOWN_MM).T
    ijk_to_ras[:3, 3] = _LPS_OF_RAS @ grid.origin_mm
    volume = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", name)
    volume.SetIJKToRASMatrix(slicer.util.vtkMatrixFromArray(ijk_to_ras))
    volume.SetAndObserveImageData(image)
    volume.CreateDefaultDisplayNodes()
    spacing = grid.spacing
    volume.SetAttribute(SOURCE_ATTRIBUTE, spacing.in_plane_source if spacing.in_plane_known else UNKNOWN)
    if spacing.in_plane_known and spacing.frame_mm is None:
        set_slice_spacing_unknown(volume)
    return volume


def add_volume(array: np.ndarray, grid: Grid, name: str):
    """As ``add_image``, with a copy of an array (slices, rows, columns)."""
    image, voxels = new_image(array.shape, array.dtype)
    voxels[...] = array
    return add_image(image, grid, name)


def _require_voxels(volume) -> None:
    image = volume.GetImageData()
    if image is None or image.GetPointData().GetScalars() is None or 0 in image.GetDimensions():
        raise InputError(_("The volume has no voxels; choose another one, or load it again."))
