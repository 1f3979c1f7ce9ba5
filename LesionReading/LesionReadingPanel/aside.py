"""Long work beside the window, which goes on drawing; clicks and keys wait until it is done, so that nothing changes under it."""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import qt
import slicer
from LesionReadingLib.process.threads import Threads

Result = TypeVar("Result")

_TURN_S = 0.02
"""For which the window waits for the work at a time. Slicer holds Python's lock while its window waits for events, so that a thread
would stand still without this."""


def aside(work: Callable[[], Result]) -> Result:
    """What some work gives, done in a thread; it must not touch the scene or a widget. What it raises is raised here.

    Timers and observers may be called meanwhile: whoever holds nodes looks afterwards whether they are still those to be shown.
    """
    slicer.app.setOverrideCursor(qt.QCursor(qt.Qt.WaitCursor))
    try:
        with _withoutCollecting(), Threads(1) as threads:
            begun = threads.submit(work)
            while not begun.is_done_within(_TURN_S):
                turn()
            turn()  # else what follows holds the window together with the last wait
            return begun.result()
    finally:
        slicer.app.restoreOverrideCursor()


def turn() -> None:
    """Let the window draw and timers run between two parts of a long work; clicks and keys wait."""
    slicer.app.processEvents(qt.QEventLoop.ExcludeUserInputEvents)


@contextmanager
def _withoutCollecting() -> Iterator[None]:
    """No cyclic garbage is collected: whichever thread is running would do it, and widgets may end in the window's alone."""
    wasEnabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if wasEnabled:
            gc.enable()
