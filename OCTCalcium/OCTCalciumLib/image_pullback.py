"""A pullback that is not DICOM: a folder of PNG or TIFF pictures, or one NRRD, NIfTI or MetaImage volume."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path

import numpy as np
from LesionReadingLib.errors import InputError
from LesionReadingLib.grey import check_numbers, range_of
from LesionReadingLib.pictures import picture_pages, read_picture
from LesionReadingLib.spacing import UNKNOWN, Spacing

from .pullback import Pullback, sample_indices

_SAMPLES = 5


def picture_recording(paths: Sequence[Path]) -> Pullback:
    """Pictures of one folder in natural order (2 before 10), one frame each, or one TIFF of many pages.

    No spacing: resolution tags of pictures describe print or screen.

    Raises:
        InputError: pictures that cannot be read, or differ in size.
    """
    pages, (rows, columns) = picture_pages(paths)

    def stored(first: int, stop: int) -> Iterator[np.ndarray]:
        for path, page in pages[first:stop]:
            yield read_picture(path, page)

    return Pullback(
        frame_count=len(pages),
        rows=rows,
        columns=columns,
        spacing=Spacing(None, None, None),
        read=_to_uint8(stored, len(pages)),
        details={"format": f"{paths[0].suffix.lstrip('.').upper()} pictures"},
    )


def volume_recording(path: Path) -> Pullback:
    """One volume file; its slowest axis is the pullback. Spacing of exactly 1 mm in plane is what programs write that know none.

    Raises:
        InputError: the file cannot be read, or is not a stack of frames.
    """
    import SimpleITK as sitk

    reader = sitk.ImageFileReader()
    reader.SetFileName(str(path))
    try:
        reader.ReadImageInformation()
    except RuntimeError as error:
        raise InputError(f"{path.name} cannot be read as NRRD, NIfTI or MetaImage; it may be damaged, export it again.") from error
    if reader.GetDimension() not in (2, 3):
        raise InputError(f"{path.name} has {reader.GetDimension()} dimensions, a pullback has three (columns, rows, frames).")
    columns, rows, frame_count = (*reader.GetSize(), 1)[:3]

    @cache
    def volume() -> np.ndarray:
        # Most of these files are compressed as a whole and cannot be entered in the middle, so this one kind is held in memory.
        try:
            values = sitk.GetArrayFromImage(reader.Execute())
        except RuntimeError as error:
            raise InputError(
                f"The pixels of {path.name} cannot be read; the file may be cut off, copy or export it again."
            ) from error
        return values if reader.GetDimension() == 3 else values[np.newaxis]

    if np.prod(reader.GetSize()) == 0 or "complex" in sitk.GetPixelIDValueAsString(reader.GetPixelID()):
        raise InputError(f"{path.name} holds no grey or colour pixels; choose the file with the images.")
    components = reader.GetNumberOfComponents()
    if components not in (1, 3, 4):
        raise InputError(f"{path.name} has {components} values per pixel; a pullback has one (grey) or three (colour).")

    def stored(first: int, stop: int) -> Iterator[np.ndarray]:
        for frame in volume()[first:stop]:
            yield frame[..., :3] if frame.ndim == 3 else frame

    spacing, notes = _header_spacing(path, reader.GetSpacing())
    origin, direction = reader.GetOrigin(), reader.GetDirection()
    flat = reader.GetDimension() == 2
    return Pullback(
        frame_count=frame_count,
        rows=rows,
        columns=columns,
        spacing=spacing,
        read=_to_uint8(stored, frame_count),
        origin_mm=(*origin, 0.0) if flat else tuple(origin),
        direction=(direction[0], direction[1], 0.0, direction[2], direction[3], 0.0, 0.0, 0.0, 1.0) if flat else tuple(direction),
        notes=notes,
        details={"format": f"{path.suffixes[-1 if path.suffix != '.gz' else -2].lstrip('.').upper()} volume"},
    )


def _header_spacing(path: Path, stated: Sequence[float]) -> tuple[Spacing, tuple[str, ...]]:
    column_mm, row_mm, frame_mm = (*(float(value) for value in stated), None)[:3]
    source = f"header of {path.name}"
    if (row_mm, column_mm) != (1.0, 1.0):
        return Spacing(row_mm, column_mm, frame_mm, source, source if frame_mm is not None else UNKNOWN), ()
    note = (
        "The header states a pixel spacing of exactly 1 x 1 mm, which stands for 'not known'; "
        "type the right one with --pixel-spacing MM."
    )
    if frame_mm in (1.0, None):
        return Spacing(None, None, None), (note,)
    return Spacing(None, None, frame_mm, UNKNOWN, source), (note,)


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
