"""Where the voxels of an image file (NRRD, NIfTI, MetaImage) lie, sheared ones too; coordinates are LPS in mm."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..errors import InputError
from ..geometry.grid import Grid, even_grid, matrix_grid
from ..geometry.spacing import UNKNOWN, Spacing
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


def stored_grid(image, source: str = UNKNOWN) -> Grid:
    """The grid of the first three axes of a SimpleITK image or reader, as stored; axes that are perpendicular or not.

    SimpleITK makes the axes of a sheared NIfTI file perpendicular, which moves the slices of a tilted gantry, and does not compare
    the two places that such a file may state: ``nifti_matrix`` does. A single slice (2D) has no distance of slices.

    Args:
        source: of its distances.

    Raises:
        InputError: a NIfTI file that states two places, of which nothing tells the right one.
    """
    spacing, origin, size = image.GetSpacing(), image.GetOrigin(), image.GetSize()
    if len(size) == 2:
        axes = np.eye(3)
        axes[:2, :2] = np.array(image.GetDirection()).reshape(2, 2)
        return even_grid((1, *size[::-1]), Spacing(*spacing[::-1], None, source), (*origin, 0.0), axes.ravel())
    axes = np.array(image.GetDirection()).reshape(len(size), -1)[:3, :3]
    library = np.eye(4)
    library[:3, :3], library[:3, 3] = axes * spacing[:3], origin[:3]
    keys = [key for key in image.GetMetaDataKeys() if key.startswith(NIFTI_FIELDS)]
    matrix = nifti_matrix({key: image.GetMetaData(key) for key in keys}, size[:3], library)
    if matrix is not None:
        return matrix_grid(size[2::-1], matrix[:3, :3].T, matrix[:3, 3], source)
    column_mm, row_mm, slice_mm = spacing[:3]
    return even_grid(size[2::-1], Spacing(row_mm, column_mm, slice_mm, source, source), origin[:3], axes.ravel())


def image_grid(image, name: str, order: tuple[int, int, int] = (0, 1, 2), source: str = UNKNOWN) -> Grid:
    """The grid of a three-dimensional SimpleITK image or reader as slices of perpendicular rows and columns.

    Args:
        order: which of the image's axes (0 column, 1 row, 2 slice) become those of column, row and slice.
        source: of its distances.

    Raises:
        InputError: rows and columns that are not perpendicular, or slices that lie in their own plane.
    """
    stored = stored_grid(image)
    axes = np.array(stored.direction).reshape(3, 3)[:, order]
    sizes = tuple(stored.shape[::-1][axis] for axis in order)
    distances = (stored.spacing.column_mm, stored.spacing.row_mm, stored.spacing.frame_mm)
    column_mm, row_mm, slice_mm = (distances[axis] for axis in order)
    column_axis, row_axis, slice_axis = axes.T
    if abs(column_axis @ row_axis) > _SQUARE or abs(np.cross(column_axis, row_axis) @ slice_axis) < 0.5 or min(distances) <= 0:
        raise InputError(
            _("{name} has voxels that are no slices of square-cornered pixels; resample it to a regular grid.").format(name=name)
        )
    return even_grid(sizes[::-1], Spacing(row_mm, column_mm, slice_mm, source, source), stored.origin_mm, axes.ravel())


def axial_order(image) -> tuple[int, int, int]:
    """The axes of a three-dimensional image that run nearest to left-right, front-back and foot-head, as ``image_grid`` takes them.

    Those of an image whose slices are axial already keep their order.
    """
    towards = np.abs(np.array(stored_grid(image).direction).reshape(3, 3))
    upwards = int(towards[2].argmax())
    if upwards == 2:
        return 0, 1, 2
    across, back = sorted({0, 1, 2} - {upwards}, key=lambda axis: towards[1, axis])
    return across, back, upwards
