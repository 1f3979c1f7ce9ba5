"""Independent work shared out to processes of one thread each."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from typing import TypeVar

Result = TypeVar("Result")


def in_processes(function: Callable[..., Result], *arguments: Iterable, processes: int) -> Iterator[Result]:
    """Give what a function makes of each item of ``arguments``, in order, as ``map`` does.

    Args:
        function: picklable, as its arguments and results are.
        processes: that work at once, each on one thread; one is this process, which needs no second start of the libraries.
    """
    if processes == 1:
        yield from map(function, *arguments)
        return
    with _one_thread_each(), ProcessPoolExecutor(processes, get_context("spawn")) as pool:
        yield from pool.map(function, *arguments)


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Processes that are started meanwhile calculate in one thread each: as many threads as cores in each only wait for another."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
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
