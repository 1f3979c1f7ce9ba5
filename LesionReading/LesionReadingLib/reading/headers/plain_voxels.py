"""Label maps read without a library: mostly background, they take memory only where something is drawn, and one copy of it.

A library holds the voxels of a whole pullback two or three times before it gives them away.
"""

from __future__ import annotations

import gzip
import mmap
from contextlib import suppress
from math import prod
from pathlib import Path

import numpy as np

from .nrrd import nrrd_voxels

_PAGE = mmap.PAGESIZE
_CHUNK = 256 * _PAGE


def plain_nrrd_voxels(path: Path, shape: tuple[int, int, int]) -> np.ndarray | None:
    """The voxels of an NRRD file of unsigned bytes, raw or packed by gzip; None where they are packed otherwise.

    Args:
        path: a file whose header and size ``volume_files.image_reader`` has looked at.
        shape: (slices, rows, columns) of its voxels.
    """
    stored = nrrd_voxels(path)
    present = stored.file.stat().st_size - stored.start - stored.skipped
    if stored.size != prod(shape) or not (stored.packing == "gzip" or (stored.packing == "raw" and present == stored.size)):
        return None
    voxels = untouched_zeros(stored.size)
    with open(stored.file, "rb") as file:
        file.seek(stored.start)
        source = gzip.GzipFile(fileobj=file) if stored.packing == "gzip" else file
        source.read(stored.skipped)
        chunk = bytearray(_CHUNK)
        for first in range(0, stored.size, _CHUNK):
            count = min(_CHUNK, stored.size - first)
            _fill(source, memoryview(chunk)[:count])
            _write_pages(voxels[first : first + count], np.frombuffer(chunk, np.uint8, count))
    return voxels.reshape(shape)


def untouched_zeros(size: int) -> np.ndarray:
    """Zeros (size,) uint8 of which a page of memory is taken when something is written to it, and not before."""
    if not hasattr(mmap, "MAP_PRIVATE") or size == 0:  # Windows
        return np.zeros(size, np.uint8)
    pages = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    with suppress(AttributeError, OSError):
        pages.madvise(mmap.MADV_NOHUGEPAGE)  # a huge page has two whole frames
    return np.frombuffer(pages, np.uint8)


def _fill(source, target: memoryview) -> None:
    while len(target):
        count = source.readinto(target)
        if not count:
            raise EOFError
        target = target[count:]


def _write_pages(target: np.ndarray, values: np.ndarray) -> None:
    """Write values where they are not all zero, page by page; the last page may be cut."""
    whole = len(values) // _PAGE * _PAGE
    pages = values[:whole].reshape(-1, _PAGE)
    drawn = pages.max(axis=1) > 0
    target[:whole].reshape(-1, _PAGE)[drawn] = pages[drawn]
    if values[whole:].any():
        target[whole:] = values[whole:]
