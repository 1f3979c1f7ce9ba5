"""Volumes of bytes read without a library: checked and unpacked in one pass, into memory that zeros take none of.

A label map is mostly background, and a library holds the voxels of a whole pullback two or three times before it gives them away.
"""

from __future__ import annotations

import mmap
from contextlib import suppress
from pathlib import Path

import numpy as np

from .stored_voxels import StoredVoxels, checked_chunks

_PAGE = mmap.PAGESIZE


def plain_voxels(path: Path, stored: StoredVoxels) -> np.ndarray | None:
    """The bytes of an image's voxels, (bytes,) uint8, raw or packed by gzip; None where they lie otherwise and are only checked.

    Args:
        path: of the image, for the sentence. stored: where its header says that they lie.

    Raises:
        InputError: as ``stored_voxels.check_stored``.
    """
    chunks = checked_chunks(path, stored)
    present = stored.file.stat().st_size - stored.start - stored.skipped
    if not (stored.packing == "gzip" or (stored.packing == "raw" and present == stored.size)):
        for _chunk in chunks:
            pass
        return None
    voxels, place = untouched_zeros(stored.size), -stored.skipped
    for chunk in chunks:
        values = np.frombuffer(chunk, np.uint8)[max(-place, 0) : max(stored.size - place, 0)]
        first = max(place, 0)
        _write_pages(voxels[first : first + len(values)], values)
        place += len(chunk)
    return voxels


def untouched_zeros(size: int) -> np.ndarray:
    """Zeros (size,) uint8 of which a page of memory is taken when something is written to it, and not before."""
    if not hasattr(mmap, "MAP_PRIVATE") or size == 0:  # Windows
        return np.zeros(size, np.uint8)
    pages = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    with suppress(AttributeError, OSError):
        pages.madvise(mmap.MADV_NOHUGEPAGE)  # a huge page has two whole frames
    return np.frombuffer(pages, np.uint8)


def _write_pages(target: np.ndarray, values: np.ndarray) -> None:
    """Write values where they are not all zero, page by page; the last page may be cut."""
    whole = len(values) // _PAGE * _PAGE
    pages = values[:whole].reshape(-1, _PAGE)
    drawn = pages.max(axis=1) > 0
    target[:whole].reshape(-1, _PAGE)[drawn] = pages[drawn]
    if values[whole:].any():
        target[whole:] = values[whole:]
