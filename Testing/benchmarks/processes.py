"""Seconds and peak memory of whole commands, run as processes."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_LIBRARIES = ("LesionReading", "OCTCalcium", "HematomaMarkers")


def timed_process(command: list[str]) -> tuple[float, float]:
    """Wall seconds and peak memory (MB) of a process; what it prints is dropped, and a failing one ends the benchmark."""
    path = os.pathsep.join(str(ROOT / library) for library in _LIBRARIES)
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
