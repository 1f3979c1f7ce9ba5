"""Kinds of image files by their names, and PNG, TIFF, BMP and JPEG pictures as numbers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from .errors import InputError

PICTURE_SUFFIXES = (".png", ".tif", ".tiff", ".bmp", ".jpg", ".jpeg")
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
        InputError: pictures that cannot be read, or differ in size.
    """
    from PIL import Image

    pages: list[tuple[Path, int]] = []
    sizes = set()
    for path in sorted(paths, key=lambda path: natural_key(path.name)):
        try:
            with Image.open(path) as picture:
                sizes.add(picture.size)
                pages += [(path, page) for page in range(getattr(picture, "n_frames", 1))]
        except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
            raise InputError(f"{path.name} cannot be read as a picture; it may be damaged, export it again.") from error
    if len(sizes) != 1:
        listed = ", ".join(f"{columns} x {rows}" for columns, rows in sorted(sizes))
        raise InputError(f"The pictures differ in size ({listed} pixels); keep only the frames of one recording in the folder.")
    columns, rows = sizes.pop()
    return pages, (rows, columns)


def read_picture(path: Path, page: int) -> np.ndarray:
    """Stored values (rows, columns), or RGB (rows, columns, 3) where the picture has colours.

    Raises:
        InputError: the picture cannot be decoded.
    """
    from PIL import Image

    try:
        with Image.open(path) as picture:
            picture.seek(page)
            if picture.mode in ("P", "PA", "RGBA", "CMYK", "YCbCr", "LAB", "HSV", "RGBX"):
                return np.asarray(picture.convert("RGB"))
            if picture.mode == "LA":
                return np.asarray(picture.convert("L"))
            values = np.asarray(picture)
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        raise InputError(f"{path.name} cannot be read as a picture; it may be damaged, export it again.") from error
    return values.astype(np.uint8) * 255 if values.dtype == bool else values
