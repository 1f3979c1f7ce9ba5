"""How long the event loop was held."""

import time
from contextlib import contextmanager
from dataclasses import dataclass

from PySide6.QtCore import Qt, QTimer

TICK_MS = 5


@dataclass
class Pause:
    """The longest time between two ticks of a 5 ms timer, in ms, and how many ticks there were."""

    longest_ms: float = 0.0
    ticks: int = 0


@contextmanager
def longest_pause():
    """Watches the event loop inside the ``with``; something in it must let the loop run (``desktop.wait_until``)."""
    pause = Pause()
    last = time.perf_counter()

    def tick():
        nonlocal last
        now = time.perf_counter()
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
