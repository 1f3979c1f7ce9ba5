"""A run that is asked to stop: SIGTERM and Ctrl-C become ``Cancelled``, which no step can swallow for good.

An exception out of a signal may come at any line, also where Python or a library drops it (finalisers, callbacks from C, an
import that fails for another stated reason). So what was asked for is remembered, and asked for again at every report.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from ..errors import Cancelled


@dataclass
class _Wish:
    cancelled: bool = False
    held: int = 0
    too_late: bool = False


_wish = _Wish()


@contextmanager
def cancellable() -> Iterator[None]:
    """While inside, SIGTERM and Ctrl-C raise ``Cancelled`` in the main thread; elsewhere than there, nothing changes.

    An error that follows from being cancelled comes out as ``Cancelled`` too.
    """
    _forget()
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    # An ignored Ctrl-C stays ignored: shells start what runs in their background so.
    wanted = [signal.SIGTERM] + [signal.SIGINT] * (signal.getsignal(signal.SIGINT) is signal.default_int_handler)
    previous = {number: signal.signal(number, _ask) for number in wanted}
    try:
        yield
        check()
    except Exception as error:
        if _wish.cancelled and not _wish.too_late:
            raise Cancelled from error
        raise
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
        _forget()


def check() -> None:
    """Raise ``Cancelled`` where the run was asked to stop, whatever became of that so far."""
    if _wish.cancelled and not (_wish.held or _wish.too_late):
        raise Cancelled


@contextmanager
def held() -> Iterator[None]:
    """A step that must not be torn apart (files moved, scratch removed): what is asked for meanwhile waits for its end."""
    _wish.held += 1
    try:
        yield
    finally:
        _wish.held -= 1
    check()


def too_late() -> None:
    """The results are where they belong: from now on the run is done, whatever is asked for."""
    _wish.too_late = True


def go_on() -> None:
    """More results are to follow in this run: what was asked for since the last ones were there counts again."""
    _wish.too_late = False
    check()


def _forget() -> None:
    _wish.cancelled, _wish.held, _wish.too_late = False, 0, False


def _ask(*_) -> None:
    _wish.cancelled = True
    check()
