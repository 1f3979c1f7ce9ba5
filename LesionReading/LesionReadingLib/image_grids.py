"""Where the voxels of an image file (NRRD, NIfTI, MetaImage) lie, sheared ones too; coordinates are LPS in mm."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from .errors import InputError
from .slice_grid import SliceGrid, even_grid

_HEADER_BYTES = 1 << 16
_SQUARE = 1e-3  # cosine between rows and columns up to which they count as perpendicular


def states_spacing(path: Path) -> bool:
    """Whether an NRRD or MetaImage header has a line for the spacing; the library fills in 1 mm where it has none."""
    fields = {".nrrd": ("space directions:", "spacings:"), ".nhdr": ("space directions:", "spacings:")}
    fields |= dict.fromkeys((".mha", ".mhd"), ("ElementSpacing", "ElementSize"))
    if path.suffix.lower() not in fields:
        return True
    with open(path, "rb") as file:
        header = file.read(_HEADER_BYTES).decode("latin-1")
    return any(line.startswith(fields[path.suffix.lower()]) for line in header.splitlines())


def image_reader(path: Path, what: str):
    """A SimpleITK reader that has read the header of an image file, sheared NIfTI files too.

    Args:
        what: the file should hold, for the message.

    Raises:
        InputError: it cannot be read.
    """
    import SimpleITK as sitk

    os.environ["ITK_NIFTI_SFORM_PERMISSIVE"] = "ON"  # else the library refuses NIfTI files of a tilted gantry
    sitk.ProcessObject.SetGlobalWarningDisplay(False)  # standard error belongs to the one sentence of an error
    reader = sitk.ImageFileReader()
    reader.SetFileName(str(path))
    try:
        reader.ReadImageInformation()
    except RuntimeError as error:
        raise InputError(f"{path.name} cannot be read as {what}; check that it is whole.") from error
    return reader


def image_place(image) -> tuple[tuple[float, ...], tuple[float, ...], tuple[float, ...]]:
    """Spacing (column, row, slice), origin and direction of a SimpleITK image or reader, in three dimensions.

    SimpleITK makes the axes of a sheared NIfTI file perpendicular, which moves the slices of a tilted gantry; the file's own
    matrix (NIfTI-1, srow_x to srow_z) is taken instead. A single slice (2D) has no slice spacing: two values.
    """
    spacing, origin, direction = image.GetSpacing(), image.GetOrigin(), image.GetDirection()
    if len(origin) == 2:
        return spacing, (*origin, 0.0), (direction[0], direction[1], 0.0, direction[2], direction[3], 0.0, 0.0, 0.0, 1.0)
    if len(origin) == 3 and _is_straightened(image):
        matrix = np.array([image.GetMetaData(f"srow_{axis}").split() for axis in "xyz"], float)
        matrix[:2] *= -1  # NIfTI counts towards right and front, LPS towards left and back
        lengths = np.linalg.norm(matrix[:, :3], axis=0)
        return tuple(lengths.tolist()), tuple(matrix[:, 3].tolist()), tuple((matrix[:, :3] / lengths).ravel().tolist())
    return spacing, origin, direction


def image_grid(image, name: str) -> SliceGrid:
    """The grid of a three-dimensional SimpleITK image or reader.

    Raises:
        InputError: rows and columns that are not perpendicular, or slices that lie in their own plane.
    """
    spacing, origin, direction = image_place(image)
    column_axis, row_axis, slice_axis = np.array(direction).reshape(3, 3).T
    if abs(column_axis @ row_axis) > _SQUARE or abs(np.cross(column_axis, row_axis) @ slice_axis) < 0.5 or min(spacing) <= 0:
        raise InputError(f"{name} has voxels that are no slices of square-cornered pixels; resample it to a regular grid.")
    return even_grid(image.GetSize()[::-1], tuple(spacing[::-1]), np.array(origin), np.array(direction))


def _is_straightened(image) -> bool:
    keys = ("ITK_sform_corrected", "srow_x", "srow_y", "srow_z")
    return all(image.HasMetaDataKey(key) for key in keys) and image.GetMetaData(keys[0]) == "YES"
