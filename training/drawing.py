"""Phantom patients drawn into a folder by several processes, each patient's file complete or not there at all."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from .processes import in_processes

HELD_OUT_SEEDS = range(1000)
"""Phantom patients that evaluation and the choice of thresholds may use; training draws those from 1000 on."""
VALIDATION_EVERY = 10
"""Every tenth patient is kept out of the learning, for validation: patients, never frames or slices, are what is split."""


def draw_missing(seeds: Sequence[int], path_of: Callable[[int], Path], draw: Callable[[int], int], processes: int) -> Iterator[int]:
    """Call ``draw`` for every seed whose file is not there yet; yields each seed when it is done.

    Args:
        path_of: the file of a seed. draw: writes it and gives the seed back; must be picklable.
    """
    missing = [seed for seed in seeds if not path_of(seed).exists()]
    yield from in_processes(draw, missing, processes=processes)


def write_whole(path: Path, write: Callable[[BinaryIO], None]) -> None:
    """Let ``write`` fill a file that appears at ``path`` only when it is complete."""
    part = path.with_suffix(".part")
    with open(part, "wb") as file:
        write(file)
    os.replace(part, path)
