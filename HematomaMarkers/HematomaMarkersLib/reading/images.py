"""A head CT that is not DICOM: one NRRD, NIfTI or MetaImage volume, or a folder of 8-bit pictures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from LesionReadingLib.errors import InputError
from LesionReadingLib.geometry.grid import Grid, stacked_grid
from LesionReadingLib.geometry.spacing import TYPED
from LesionReadingLib.language import N_, _
from LesionReadingLib.reading.image_grids import axial_order, image_grid, states_spacing
from LesionReadingLib.reading.images import picture_pages, read_picture
from LesionReadingLib.reading.volume_files import image_reader, image_voxels

from .hounsfield import as_hounsfield
from .one_head import where_another_begins
from .scan import Scan

_AXIAL = 0.64  # cosine of 50 degrees
_COARSEST_MM = 4.5  # pixel of axial slices that are cut from others; sagittal and coronal reformats are often 5 mm thick
_UNIT_LIMITS_MM = (0.1, 20.0)  # a head CT's voxel; far beyond, the header counts in another unit


def read_volume(path: Path, window: tuple[float, float] | None = None) -> Scan:
    """Read one volume file, its voxels in their own order.

    Args:
        window: which HU 0 and 255 stand for, where the file holds an 8-bit picture.

    Raises:
        InputError: not readable, no stack of axial slices, without spacing, or without HU.
    """
    import SimpleITK as sitk

    reader = image_reader(path)
    size = reader.GetSize()
    if len(size) == 4 and size[3] == 1:
        reader.SetExtractSize([*size[:3], 0])
    elif len(size) != 3:
        raise InputError(
            _("{file} has {count} dimensions; a head CT has three (columns, rows, slices).").format(file=path.name, count=len(size))
        )
    if size[2] < 2:
        raise InputError(_("{file} holds a single slice; a head CT has many, give all of them.").format(file=path.name))
    if reader.GetNumberOfComponents() != 1 or "complex" in sitk.GetPixelIDValueAsString(reader.GetPixelID()):
        raise InputError(_("{file} holds several values per voxel and no HU; give the original CT.").format(file=path.name))
    if not states_spacing(path):
        raise InputError(_("{file} does not state the spacing of its voxels; save it with its spacing.").format(file=path.name))
    voxels = image_voxels(reader)
    order = axial_order(reader)
    grid = image_grid(reader, path.name, order, N_("header of the file"))
    _require_plausible(path, grid, order)
    voxels = voxels.transpose([2 - axis for axis in order[::-1]])
    return Scan(
        hounsfield=as_hounsfield(np.ascontiguousarray(voxels), window, path.name),
        grid=grid,
        notes=_orientation_notes(reader, order),
        details={N_("format"): "".join(path.suffixes[-2:] if path.suffix == ".gz" else [path.suffix]).lstrip(".").upper()},
    )


def read_pictures(
    paths: Sequence[Path],
    window: tuple[float, float] | None,
    slice_spacing_mm: float | None,
    pixel_spacing_mm: float | None,
) -> Scan:
    """Read a folder of pictures, one slice each, in natural order of their names (2 before 10).

    Pictures do not say where they lie: they are taken as hung for reading (the patient's left on the right of the picture, the face
    on top) and as numbered from the feet towards the head.

    Args:
        window: which HU black (0) and white (255) stand for.

    Raises:
        InputError: without window or spacing, colours, a single picture, or pictures that cannot be read.
    """
    folder = paths[0].parent.name
    given = {"--pixel-spacing MM": pixel_spacing_mm, "--slice-spacing MM": slice_spacing_mm}
    if missing := [option for option, value in given.items() if value is None]:
        raise InputError(
            _("The pictures in {folder} do not say how large they are; state it with {options}.").format(
                folder=folder, options=_(" and ").join(missing)
            )
        )
    pages, (rows, columns) = picture_pages(paths)
    if len(pages) < 2:
        raise InputError(
            _("The folder {folder} holds a single picture; a head CT has many slices, give all of them.").format(folder=folder)
        )
    values = np.stack([_grey(path, page) for path, page in pages])
    positions = np.arange(len(pages))[:, None] * np.array([0.0, 0.0, slice_spacing_mm])
    pixel_mm = (pixel_spacing_mm, pixel_spacing_mm)
    grid = stacked_grid((rows, columns), pixel_mm, np.array([0.0, 1, 0]), np.array([1.0, 0, 0]), positions, slice_spacing_mm, TYPED)
    return Scan(
        hounsfield=as_hounsfield(values, window, _("The folder {folder}").format(folder=folder)),
        grid=grid,
        notes=(
            _(
                "Picture files do not say how the patient lay: left and right, and the order from feet to head, "
                "are assumed to follow the radiological convention."
            ),
            _("HU outside of the stated window are lost in the pictures."),
        ),
        details={N_("format"): f"{paths[0].suffix.lstrip('.').upper()} pictures"},
        warnings=_several_heads(values),
    )


def _several_heads(pictures: np.ndarray) -> tuple[str, ...]:
    first = where_another_begins(pictures)
    if first is None:
        return ()
    return (
        _(
            "The pictures do not go through one head: number {number} in the order of their names does not go on where the one "
            "before it ends, as where pictures of several scans or patients lie in one folder or some are missing."
        ).format(number=first + 1),
    )


def _grey(path: Path, page: int) -> np.ndarray:
    values = read_picture(path, page)
    if values.ndim == 3:
        if np.ptp(values[..., :3], axis=2).max() > 0:
            raise InputError(
                _("{file} has colours and holds no HU; give grey pictures, or better the original CT.").format(file=path.name)
            )
        values = values[..., 0]
    if values.dtype != np.uint8:
        raise InputError(
            _("{file} has more than 8 bits per pixel, and nothing says how they become HU; give the original CT.").format(
                file=path.name
            )
        )
    return values


def _require_plausible(path: Path, grid: Grid, order: tuple[int, int, int]) -> None:
    sizes_mm = (grid.row_mm, grid.column_mm, grid.spacing.frame_mm)
    if not _UNIT_LIMITS_MM[0] <= min(sizes_mm) <= max(sizes_mm) <= _UNIT_LIMITS_MM[1]:
        listed = " x ".join(f"{size:.3g}" for size in sizes_mm)
        raise InputError(
            _("The voxels of {file} would be {listed} mm, which no head CT has; save it in millimetres.").format(
                file=path.name, listed=listed
            )
        )
    if abs(float(grid.normal[2])) < _AXIAL:
        raise InputError(
            _("The slices of {file} lie between axial, sagittal and coronal; give the axial slices.").format(file=path.name)
        )
    if order[2] != 2 and max(grid.row_mm, grid.column_mm) > _COARSEST_MM:
        kind = "sagittal" if order[0] == 2 else "coronal"
        raise InputError(
            _("The slices of {file} are {kind} and too far apart to be cut anew; give the axial slices.").format(
                file=path.name, kind=kind
            )
        )


def _orientation_notes(image, order: tuple[int, int, int]) -> tuple[str, ...]:
    keys = ("qform_code", "sform_code")
    notes = []
    if all(image.HasMetaDataKey(key) and image.GetMetaData(key) == "0" for key in keys):
        notes.append(_("The NIfTI header does not state an orientation; left and right may be swapped."))
    if order != (0, 1, 2):
        notes.append(_("The image is stored in slices that are not axial; its voxels were put in axial order, none was changed."))
    return tuple(notes)
