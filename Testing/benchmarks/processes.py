"""Seconds and peak memory of whole commands, run as processes."""

from __future__ import annotations

import os
import statistics
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_LIBRARIES = ("LesionReading", "OCTCalcium", "HematomaMarkers")


def timed_process(command: list[str], root: Path = ROOT) -> tuple[float, float]:
    """Wall seconds and peak memory (MB) of a process; what it prints is dropped, and a failing one ends the benchmark.

    Args:
        root: of the checkout whose libraries it uses.
    """
    path = os.pathsep.join(str(root / library) for library in _LIBRARIES)
    started = time.monotonic()
    process = os.posix_spawn(
        command[0],
        command,
        os.environ | {"PYTHONPATH": path},
        file_actions=[(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)],
    )
    _, status, usage = os.wait4(process, 0)
    if status:
        sys.exit(f"{command[:4]} ended with status {os.waitstatus_to_exitcode(status)}")
    return time.monotonic() - started, usage.ru_maxrss / 1024


def compare(ours: list[str], plain: list[str], repeats: int) -> None:
    """Run a whole command and a plain script in turn, and print seconds and memory of each pair, their median, and the ratio."""
    pairs = []
    for _ in range(repeats):
        pairs.append((timed_process(ours), timed_process(plain)))
        (our_seconds, our_mb), (plain_seconds, plain_mb) = pairs[-1]
        print(f"whole command {our_seconds:6.1f} s {our_mb:6.0f} MB    plain {plain_seconds:6.1f} s {plain_mb:6.0f} MB", flush=True)
    ratio = statistics.median(plain[0] / ours[0] for ours, plain in pairs)
    print(f"median: whole command {statistics.median(ours[0] for ours, _ in pairs):.1f} s, {ratio:.2f} x faster than plain")
