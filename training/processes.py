"""Independent work shared out to processes of one thread each."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import active_children, get_context, parent_process
from multiprocessing.connection import wait
from typing import TypeVar

from LesionReadingLib.errors import InputError

from .wording import how_many

Result = TypeVar("Result")


def in_processes(function: Callable[..., Result], *arguments: Iterable, processes: int) -> Iterator[Result]:
    """Give what a function makes of each item of ``arguments``, in order, as ``map`` does.

    Args:
        function: picklable, as its arguments and results are.
        processes: that work at once, each on one thread; one is this process, which needs no second start of the libraries. None
            of them outlives this process, or what it does with the results.

    Raises:
        InputError: one of them died, as a system does to what takes too much memory.
    """
    if processes == 1:
        yield from map(function, *arguments)
        return
    others = set(active_children())
    with _as_processes_start(), ProcessPoolExecutor(processes, get_context("spawn"), _end_with_parent) as pool:
        try:
            yield from pool.map(function, *arguments)
        except BrokenProcessPool as error:
            raise InputError(
                f"One of {how_many(processes, 'process')} was ended by the system, probably for lack of memory; "
                "take fewer --processes."
            ) from error
        except BaseException:
            for process in set(active_children()) - others:  # nobody waits for what they still work on
                process.kill()
            raise


def _end_with_parent() -> None:
    """Let this process end when the one that started it does, however that ends: a pool alone waits for work for ever."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal tells all processes; the first one ends the others
    threading.Thread(target=_exit_after, args=(parent_process().sentinel,), daemon=True).start()


def _exit_after(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)


@contextmanager
def _as_processes_start() -> Iterator[None]:
    """Processes that are started meanwhile run no Python of the current folder, and calculate in one thread each.

    As many threads as cores in each only wait for another.
    """
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "PYTHONSAFEPATH")
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(dict.fromkeys(names, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
