"""A pullback that is not DICOM: a folder of PNG or TIFF pictures, or one NRRD, NIfTI or MetaImage volume."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
from LesionReadingLib.errors import InputError
from LesionReadingLib.geometry.grid import Grid, even_grid
from LesionReadingLib.geometry.spacing import UNKNOWN, Spacing
from LesionReadingLib.language import N_, _
from LesionReadingLib.reading.grey import check_numbers, range_of
from LesionReadingLib.reading.image_grids import stored_grid
from LesionReadingLib.reading.images import picture_pages, read_picture
from LesionReadingLib.reading.volume_files import image_and_voxels

from .picture_frames import FEW_LEVELS, frames_alone
from .pullback import Pullback, sample_indices
from .spacing_rule import in_mm, stated_unit_mm
from .volume_axes import check_axes, check_channels, check_colour

_SAMPLES = 5
HEADER = N_("header of the file")
"""The source of what a volume states; files are named after patients, and their names are written nowhere."""


def picture_recording(paths: Sequence[Path]) -> Pullback:
    """Pictures of one folder in natural order (2 before 10), one frame each, or one TIFF of many pages.

    No spacing: resolution tags of pictures describe print or screen. Masks that lie beside the frames are left out.

    Raises:
        InputError: pictures that cannot be read, that differ in size, or that are all masks.
    """
    paths, notes = frames_alone(paths)
    pages, (rows, columns) = picture_pages(paths)

    def stored(first: int, stop: int) -> Iterator[np.ndarray]:
        for path, page in pages[first:stop]:
            yield read_picture(path, page)

    return Pullback(
        grid=even_grid((len(pages), rows, columns), Spacing(None, None, None)),
        read=_to_uint8(stored, len(pages)),
        notes=notes,
        details={N_("format"): f"{paths[0].suffix.lstrip('.').upper()} pictures"},
    )


def volume_recording(path: Path) -> Pullback:
    """One volume file; its third axis is the pullback.

    Raises:
        InputError: the file cannot be read, or is not a stack of frames.
    """
    import SimpleITK as sitk

    reader, voxels = image_and_voxels(path)
    kind = reader.GetMetaData("NRRD_kinds[pixel]") if reader.HasMetaDataKey("NRRD_kinds[pixel]") else ""
    pixels = sitk.GetPixelIDValueAsString(reader.GetPixelID())
    if np.prod(reader.GetSize()) == 0 or "complex" in pixels:
        raise InputError(_("{file} holds no grey or colour pixels; choose the file with the images.").format(file=path.name))
    check_colour(reader.GetNumberOfComponents(), kind, "8-bit unsigned" in pixels, path.name)
    grid = _in_three_dimensions(reader, path.name)
    grid = grid.with_spacing(in_mm(grid.spacing, stated_unit_mm(path)))
    spacing = grid.spacing
    check_axes(grid.shape[::-1], (spacing.column_mm, spacing.row_mm, spacing.frame_mm), path.name)
    frame_count, rows, columns = grid.shape

    @cache
    def volume() -> np.ndarray:
        # Most of these files are compressed as a whole and cannot be entered in the middle, so this one kind is held in memory.
        values = voxels()
        return values.reshape(frame_count, rows, columns, *values.shape[reader.GetDimension() :])

    def stored(first: int, stop: int) -> Iterator[np.ndarray]:
        for frame in volume()[first:stop]:
            yield frame[..., :3] if frame.ndim == 3 else frame

    samples = [volume()[index] for index in sample_indices(frame_count, _SAMPLES)]
    check_channels(samples, kind, path.name)
    _require_no_label_map(samples, path.name)
    return Pullback(
        grid=grid,
        read=_to_uint8(stored, frame_count),
        details={N_("format"): f"{path.suffixes[-1 if path.suffix != '.gz' else -2].lstrip('.').upper()} volume"},
    )


def _require_no_label_map(samples: Sequence[np.ndarray], name: str) -> None:
    levels = np.unique(np.concatenate([np.unique(sample) for sample in samples]))
    if 1 < len(levels) <= FEW_LEVELS:
        raise InputError(
            _(
                "{name} holds {count} different values only, as label maps do, not the grey of OCT frames; "
                "choose the pullback (a label map is measured with: oct-calcium measure)."
            ).format(name=name, count=len(levels))
        )


def _in_three_dimensions(reader, name: str) -> Grid:
    """The grid of the frames; axes of one plane beyond the third are left out.

    Raises:
        InputError: more than three axes, or a NIfTI file that states two places.
    """
    size = list(reader.GetSize())
    if not 2 <= len(size) <= 4 or (len(size) == 4 and 1 not in size[2:]):
        raise InputError(
            _(
                "{name} has {count} dimensions of {listed}; a pullback has three (columns, rows, frames): export "
                "it as one grey volume."
            ).format(name=name, count=len(size), listed=" x ".join(map(str, size)))
        )
    # Four axes with one plane along the third are frames in time: how far apart they lie is not stated.
    frame_axis = 3 if len(size) == 4 and size[2] == 1 < size[3] else 2
    grid = stored_grid(reader)
    frame_mm = grid.spacing.frame_mm if frame_axis == 2 else None
    frames = size[frame_axis] if len(size) > 2 else 1
    spacing = Spacing(grid.row_mm, grid.column_mm, frame_mm, HEADER, HEADER if frame_mm is not None else UNKNOWN)
    return replace(grid, shape=(frames, *grid.shape[1:]), spacing=spacing)


def _to_uint8(stored: Callable[[int, int], Iterator[np.ndarray]], frame_count: int) -> Callable[[int, int], Iterator[np.ndarray]]:
    """8-bit frames as they are; deeper ones stretched over the range that some of them use."""
    samples = [next(stored(index, index + 1)) for index in sample_indices(frame_count, _SAMPLES)]
    if all(sample.dtype == np.uint8 for sample in samples):
        return stored
    low, high = range_of(samples)

    def read(first: int, stop: int) -> Iterator[np.ndarray]:
        for frame in stored(first, stop):
            scaled = (check_numbers(frame).astype(np.float32) - low) * (255 / (high - low))
            yield np.rint(np.clip(scaled, 0, 255)).astype(np.uint8)

    return read
