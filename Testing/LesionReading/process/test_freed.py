"""Freed memory goes back to the system, as Linux itself counts it."""

from __future__ import annotations

import os
from pathlib import Path

from LesionReadingLib.process.freed import give_back_freed

PIECE_BYTES, PIECES = 64_000, 2_000  # too small for a mapping of its own, as most of what a network frees


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_what_was_freed_before_something_that_stays_is_given_back():
    pieces = [bytes([1]) * PIECE_BYTES for _ in range(PIECES)]
    stays = pieces[-1]
    full = resident_bytes()
    del pieces
    give_back_freed()
    assert full - resident_bytes() > 0.8 * PIECE_BYTES * PIECES and stays[0] == 1
