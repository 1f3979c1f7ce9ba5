"""Kinds of image files by their names, and PNG, TIFF, BMP and JPEG pictures as numbers."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..errors import InputError, is_out_of_memory
from ..language import _

if TYPE_CHECKING:
    from PIL import Image

PICTURE_SUFFIXES = (".png", ".tif", ".tiff", ".bmp", ".jpg", ".jpeg")
MOST_PIXELS = 1 << 26
"""Of one picture (8192 x 8192); small files can state far more and unpack to it."""

MOST_PAGES = 20_000
_FORMATS = ("PNG", "TIFF", "BMP", "JPEG")
VOLUME_SUFFIXES = (".nrrd", ".nhdr", ".nii", ".nii.gz", ".mha", ".mhd")


def natural_key(name: str) -> list:
    """Sorts ``frame2`` before ``frame10``."""
    return [(0, int(part), "") if part.isdigit() else (1, 0, part.lower()) for part in re.split(r"(\d+)", name) if part]


def is_picture(path: Path) -> bool:
    return path.name.lower().endswith(PICTURE_SUFFIXES)


def is_volume(path: Path) -> bool:
    return path.name.lower().endswith(VOLUME_SUFFIXES)


def picture_pages(paths: Sequence[Path]) -> tuple[list[tuple[Path, int]], tuple[int, int]]:
    """(file, page) of every picture in natural order (2 before 10), and their size (rows, columns).

    Raises:
        InputError: pictures that cannot be read, or differ in size or in the bits of a value.
    """
    pages: list[tuple[Path, int]] = []
    sizes, depths = set(), set()
    for path in sorted(paths, key=lambda path: natural_key(path.name)):
        with _opened(path) as picture:
            count = getattr(picture, "n_frames", 1)
            if len(pages) + count > MOST_PAGES:
                raise InputError(
                    _("{file} holds {count} pages, more than any recording has frames; export it again.").format(
                        file=path.name, count=count
                    )
                )
            for page in range(count):
                picture.seek(page)
                sizes.add(picture.size)
                depths.add(32 if picture.mode in ("I", "F") else 16 if picture.mode.startswith("I;16") else 8)
                pages.append((path, page))
    if len(sizes) != 1:
        listed = ", ".join(f"{columns} x {rows}" for columns, rows in sorted(sizes))
        raise InputError(
            _("The pictures differ in size ({listed} pixels); keep only the frames of one recording in the folder.").format(
                listed=listed
            )
        )
    if len(depths) > 1:  # one range of values for all would make those of few bits black
        listed = ", ".join(map(str, sorted(depths)))
        raise InputError(
            _("The pictures differ in the bits of a value ({listed}); export all frames of the recording alike.").format(
                listed=listed
            )
        )
    columns, rows = sizes.pop()
    return pages, (rows, columns)


def read_picture(path: Path, page: int) -> np.ndarray:
    """Stored values (rows, columns), or RGB (rows, columns, 3) where the picture has colours.

    Raises:
        InputError: the picture cannot be decoded.
    """
    with _opened(path) as picture:
        picture.seek(page)
        if picture.width * picture.height > MOST_PIXELS:
            raise _too_large(path, picture.size)
        if picture.mode in ("P", "PA", "RGBA", "CMYK", "YCbCr", "LAB", "HSV", "RGBX"):
            return np.asarray(picture.convert("RGB"))
        if picture.mode == "LA":
            return np.asarray(picture.convert("L"))
        values = np.asarray(picture)
        return values.astype(np.uint8) * 255 if values.dtype == bool else values


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    """A picture of one of the formats that its name may stand for, with a size that a frame can have."""
    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of Pillow, on sizes that are looked at here
            with Image.open(path, formats=_FORMATS) as picture:
                if picture.width * picture.height > MOST_PIXELS:
                    raise _too_large(path, picture.size)
                yield picture
    except (InputError, PermissionError):
        raise
    except Exception as error:  # Pillow raises many kinds of error on damaged files
        if is_out_of_memory(error):
            raise
        raise InputError(
            _("{file} cannot be read as a picture; it may be damaged, export it again.").format(file=path.name)
        ) from error


def _too_large(path: Path, size: tuple[int, int]) -> InputError:
    return InputError(
        _("{file} states {size} x {size_2} pixels, more than any frame has; export it again.").format(
            file=path.name, size=size[0], size_2=size[1]
        )
    )
