"""Threads that work for this one, and never leave it waiting where memory ends.

Python's own pool waits without end for a thread that ran out of memory before it began (github.com/python/cpython/issues/140746),
and for the result of work whose thread died. Here whoever waits for a result that nobody has begun works it out itself.
"""

from __future__ import annotations

import _thread
import time
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from queue import SimpleQueue
from typing import Generic, Self, TypeVar

from ..errors import is_out_of_memory

Result = TypeVar("Result")
Item = TypeVar("Item")

_PATIENCE_S = 1.0
"""How long threads may take to begin, before whoever waits does without them; and to end."""


class Work(Generic[Result]):
    """Something to be done once, by whoever comes first.

    Args:
        call: does it. is_served: whether there is a thread that will come to it.
    """

    def __init__(self, call: Callable[[], Result], is_served: Callable[[], bool]) -> None:
        self._call, self._is_served = call, is_served
        self._value: Result | None = None
        self._error: BaseException | None = None
        self._begun, self._open = _thread.allocate_lock(), _thread.allocate_lock()
        self._open.acquire()

    @property
    def is_done(self) -> bool:
        """Whether there is a result, or an error."""
        return not self._open.locked()

    def do(self) -> None:
        """Do it, if nobody has begun; what it raises is kept for ``result``."""
        if not self._begun.acquire(blocking=False):
            return
        try:
            self._value = self._call()
        except BaseException as error:
            self._error = error
            if is_out_of_memory(error):
                error.__traceback__ = None  # it holds on to all that had been calculated
        finally:
            self._open.release()

    def drop(self) -> None:
        """Let nobody begin it any more."""
        if self._begun.acquire(blocking=False):
            self._error = RuntimeError("dropped before it was begun")
            self._open.release()

    def wait(self) -> None:
        """Until it is done, by a thread or, where there is none, by this one."""
        while not self._open.acquire(timeout=_PATIENCE_S if self._is_served() else 0):
            if not self._is_served():
                self.do()
        self._open.release()

    def is_done_within(self, seconds: float) -> bool:
        """Whether there is a result, or an error; waits some time for it, and does it itself where no thread will come to it."""
        if self._open.acquire(timeout=seconds):
            self._open.release()
        elif not self._is_served():
            self.do()
        return self.is_done

    def result(self) -> Result:
        """What it gives, or the error that it ended with."""
        self.wait()
        if self._error is not None:
            error, self._error = self._error, None
            raise error
        return self._value


class Threads:
    """Threads that take work in the order in which it was submitted; use them in a ``with`` block, which waits for what was begun.

    Args:
        count: how many at most; they begin when there is work for them.
        prepare: called in each before its first work.
    """

    def __init__(self, count: int, prepare: Callable[[], None] | None = None) -> None:
        self._count, self._prepare = count, prepare
        self._queue: SimpleQueue[Work | None] = SimpleQueue()
        self._submitted: deque[Work] = deque()
        self._ends: list = []  # a lock for each thread, held until it ends
        self._serving: set[int] = set()
        self._is_late = False  # none began in time

    def submit(self, call: Callable[[], Result]) -> Work[Result]:
        """Have something done."""
        work = Work(call, self._is_served)
        while self._submitted and self._submitted[0].is_done:
            self._submitted.popleft()
        self._submitted.append(work)
        self._queue.put(work)
        if len(self._ends) < self._count:
            end = _thread.allocate_lock()
            end.acquire()
            self._ends.append(end)
            with suppress(RuntimeError, MemoryError):  # then others do it, or whoever waits for it
                _thread.start_new_thread(self._serve, (end,))
        return work

    def map(self, work: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
        """What some work gives for each item."""
        begun = [self.submit(partial(work, item)) for item in items]
        return [one.result() for one in begun]

    def close(self) -> None:
        """Drop what nobody has begun, and wait for what somebody has."""
        for work in self._submitted:
            work.drop()
        for _end in self._ends:
            self._queue.put(None)
        for work in self._submitted:
            work.wait()
        for end in self._ends if self._serving else ():
            end.acquire(timeout=_PATIENCE_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def _is_served(self) -> bool:
        """Whether there is a thread that will come to what was submitted."""
        until = time.monotonic() + _PATIENCE_S
        while not (self._serving or self._is_late):
            time.sleep(0.001)
            self._is_late = time.monotonic() > until
        return bool(self._serving)

    def _serve(self, end) -> None:
        try:
            self._serving.add(id(end))
            if self._prepare is not None:
                self._prepare()
            while (work := self._queue.get()) is not None:
                work.do()
                del work  # else its batch is kept until the next one
        except MemoryError:  # between two of them
            pass
        finally:
            self._serving.discard(id(end))
            end.release()
