"""How long the event loop was held."""

import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import Qt, QTimer

TICK_MS = 5


@dataclass
class Pause:
    """The longest time between two ticks of a 5 ms timer, in ms, and how many ticks there were."""

    longest_ms: float = 0.0
    ticks: int = 0


@contextmanager
def longest_pause():
    """Watches the event loop inside the ``with``; something in it must let the loop run (``desktop.wait_until``).

    The time for which this thread could have run but other processes had the processor is not counted: a busy machine is no fault
    of the program under test. Waiting for anything, a file or a process, is counted.
    """
    pause = Pause()
    last = _own_seconds()

    def tick():
        nonlocal last
        now = _own_seconds()
        pause.longest_ms = max(pause.longest_ms, 1000 * (now - last))
        pause.ticks += 1
        last = now

    timer = QTimer()
    timer.setTimerType(Qt.TimerType.PreciseTimer)
    timer.timeout.connect(tick)
    timer.start(TICK_MS)
    try:
        yield pause
    finally:
        timer.stop()
        tick()


def _own_seconds() -> float:
    """A clock that stands still while this thread waits for a processor (the second figure of Linux's schedstat, in ns)."""
    schedule = Path(f"/proc/self/task/{threading.get_native_id()}/schedstat")
    waited_ns = int(schedule.read_text().split()[1]) if schedule.exists() else 0
    return time.perf_counter() - waited_ns / 1e9
