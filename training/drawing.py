"""Phantom patients drawn into a folder by several processes, each patient's file complete or not there at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from .processes import in_processes

HELD_OUT_SEEDS = range(1000)
"""Phantom patients that evaluation and the choice of thresholds may use; training draws those from 1000 on."""
VALIDATION_EVERY = 10
"""Every tenth patient is kept out of the learning, for validation: patients, never frames or slices, are what is split."""


def draw_missing(
    seeds: Sequence[int], files_of: Callable[[int], Sequence[Path]], draw: Callable[[int], int], processes: int
) -> Iterator[int]:
    """Call ``draw`` for every seed of whose files one is not there yet; yields each seed when it is done.

    Args:
        files_of: the files of a seed. draw: writes them and gives the seed back; must be picklable.
    """
    missing = [seed for seed in seeds if not all(file.exists() for file in files_of(seed))]
    yield from in_processes(draw, missing, processes=processes)
