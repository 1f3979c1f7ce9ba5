"""How long the event loop was held."""

import os
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
    with _own_clock() as own_seconds:
        last = own_seconds()

        def tick():
            nonlocal last
            now = own_seconds()
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


@contextmanager
def _own_clock():
    """A clock that stands still while this thread waits for a processor (the second figure of Linux's schedstat, in ns).

    The file stays open: whoever opens one lets go of Python's lock several times, and waits for it as often while other threads
    work, which would be held against the program under test.
    """
    schedule = Path(f"/proc/self/task/{threading.get_native_id()}/schedstat")
    if not schedule.exists():
        yield time.perf_counter
        return
    with open(schedule, "rb", buffering=0) as file:
        yield lambda: time.perf_counter() - int(os.pread(file.fileno(), 100, 0).split()[1]) / 1e9
