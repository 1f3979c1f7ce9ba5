"""Where the voxels of an image file (NRRD, NIfTI, MetaImage) lie, sheared ones too; coordinates are LPS in mm."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..errors import InputError
from ..geometry.grid import SliceGrid, even_grid
from ..language import _
from .headers.nifti_places import NIFTI_FIELDS, nifti_matrix

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


def image_place(image) -> tuple[tuple[float, ...], tuple[float, ...], tuple[float, ...]]:
    """Spacing (column, row, slice), origin and direction of a SimpleITK image or reader, of its first three axes.

    SimpleITK makes the axes of a sheared NIfTI file perpendicular, which moves the slices of a tilted gantry, and does not compare
    the two places that such a file may state: ``nifti_matrix`` does. A single slice (2D) has no slice spacing: two values.

    Raises:
        InputError: a NIfTI file that states two places, of which nothing tells the right one.
    """
    spacing, origin, direction = image.GetSpacing(), image.GetOrigin(), image.GetDirection()
    if len(origin) == 2:
        return spacing, (*origin, 0.0), (direction[0], direction[1], 0.0, direction[2], direction[3], 0.0, 0.0, 0.0, 1.0)
    axes = np.array(direction).reshape(len(origin), -1)[:3, :3]
    spacing, origin = spacing[:3], origin[:3]
    keys = [key for key in image.GetMetaDataKeys() if key.startswith(NIFTI_FIELDS)]
    library = np.eye(4)
    library[:3, :3], library[:3, 3] = axes * spacing, origin
    matrix = nifti_matrix({key: image.GetMetaData(key) for key in keys}, image.GetSize()[:3], library)
    if matrix is None:
        return spacing, origin, tuple(axes.ravel().tolist())
    lengths = np.linalg.norm(matrix[:3, :3], axis=0)
    return tuple(lengths.tolist()), tuple(matrix[:3, 3].tolist()), tuple((matrix[:3, :3] / lengths).ravel().tolist())


def image_grid(image, name: str, order: tuple[int, int, int] = (0, 1, 2)) -> SliceGrid:
    """The grid of a three-dimensional SimpleITK image or reader.

    Args:
        order: which of the image's axes (0 column, 1 row, 2 slice) become those of column, row and slice.

    Raises:
        InputError: rows and columns that are not perpendicular, or slices that lie in their own plane.
    """
    spacing, origin, direction = image_place(image)
    axes = np.array(direction).reshape(3, 3)[:, order]
    sizes, spacing = (tuple(values[axis] for axis in order) for values in (image.GetSize(), spacing))
    column_axis, row_axis, slice_axis = axes.T
    if abs(column_axis @ row_axis) > _SQUARE or abs(np.cross(column_axis, row_axis) @ slice_axis) < 0.5 or min(spacing) <= 0:
        raise InputError(
            _("{name} has voxels that are no slices of square-cornered pixels; resample it to a regular grid.").format(name=name)
        )
    return even_grid(sizes[::-1], spacing[::-1], np.array(origin), axes.ravel())


def axial_order(image) -> tuple[int, int, int]:
    """The axes of a three-dimensional image that run nearest to left-right, front-back and foot-head, as ``image_grid`` takes them.

    Those of an image whose slices are axial already keep their order.
    """
    towards = np.abs(np.array(image_place(image)[2]).reshape(3, 3))
    upwards = int(towards[2].argmax())
    if upwards == 2:
        return 0, 1, 2
    across, back = sorted({0, 1, 2} - {upwards}, key=lambda axis: towards[1, axis])
    return across, back, upwards
