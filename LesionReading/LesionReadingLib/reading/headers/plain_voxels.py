"""Voxels in memory of their own that is taken only where something is drawn: label maps are mostly background.

A library holds the voxels of a whole pullback two or three times before it gives them away.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterable
from contextlib import suppress

import numpy as np

_PAGE = mmap.PAGESIZE


def page_by_page(chunks: Iterable[bytes], skipped: int, size: int) -> np.ndarray:
    """Bytes (size,) uint8 that come in chunks; what comes before and behind them is dropped.

    Args:
        chunks: those of a whole number of pages save memory. skipped: bytes before the first that is kept.
    """
    kept, place = untouched_zeros(size), -skipped
    for chunk in chunks:
        part = np.frombuffer(chunk, np.uint8)[max(-place, 0) : max(size - place, 0)]
        first = max(place, 0)
        _write_pages(kept[first : first + len(part)], part)
        place += len(chunk)
    return kept


def untouched_zeros(size: int) -> np.ndarray:
    """Zeros (size,) uint8 of which a page of memory is taken when something is written to it, and not before."""
    if not hasattr(mmap, "MAP_PRIVATE") or size == 0:  # Windows
        return np.zeros(size, np.uint8)
    try:
        pages = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    except OSError as error:
        raise MemoryError from error
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
