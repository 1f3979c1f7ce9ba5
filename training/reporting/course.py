"""How figures came about: the command that prints them, and how long it took."""

from __future__ import annotations

import os
import shlex
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

_MINUTE_S = 60


def with_course(measure: Callable[[], dict[str, Any]], words: Sequence[str]) -> dict[str, Any]:
    """The figures that ``measure`` gives, with the command and its minutes, by the clock and of processors.

    Args:
        words: of the command, behind ``python -m training``; of paths the last part is kept, as folders are a person's own.
    """
    clock_s, processor_s = time.monotonic(), _processor_s()
    figures = measure()
    command = shlex.join(["python", "-m", "training", *(Path(word).name if os.sep in word else word for word in words)])
    minutes = {"minutes": (time.monotonic() - clock_s) / _MINUTE_S, "processor_minutes": (_processor_s() - processor_s) / _MINUTE_S}
    return {**figures, "course": {"command": command, **minutes}}


def course_line(figures: dict[str, Any]) -> str:
    """The command and its minutes in a sentence; empty where nobody noted them."""
    if "course" not in figures:
        return ""
    return "By `{command}`: {minutes:.1f} minutes, {processor_minutes:.1f} of processor time.".format(**figures["course"])


def _processor_s() -> float:
    """Seconds of processor time of this process and of those that it began and that have ended."""
    return sum(os.times()[:4])
