"""A run whose libraries may end their process for lack of memory: that is told in a sentence all the same.

PyTorch, oneDNN and OpenMP call ``abort`` or read what they were not given where memory ends, and nothing can be caught then. Where
the address space is limited (``ulimit -v``, as schedulers of clusters set it), the run is a child of a process that waits for it.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable

from ..language import _

_PR_SET_PDEATHSIG = 1  # prctl(2)
_FOR_LACK_OF_MEMORY = ("SIGABRT", "SIGSEGV", "SIGBUS")


def guarded(main: Callable[[], int], report: Callable[[str], None]) -> int:
    """Run ``main`` and give its exit status: here, or where the address space is limited in a child.

    Args:
        report: is given a sentence where the child was ended for lack of memory; the status is 2 then.
    """
    if not _is_limited():
        return main()
    child = os.fork()
    if child == 0:
        killed_with_parent()
        return main()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, _frame: os.kill(child, number))
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status >= 0:
        return status
    if signal.Signals(-status).name in _FOR_LACK_OF_MEMORY:
        report(_("The memory of this machine does not suffice; close other programs, then try again."))
        return 2
    signal.signal(-status, signal.SIG_DFL)
    os.kill(os.getpid(), -status)
    return 1


def killed_with_parent() -> None:
    """Let the system kill this process when its parent ends, also while a library holds Python's lock; on Linux alone."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _is_limited() -> bool:
    if not hasattr(os, "fork") or sys.platform == "darwin":  # its libraries do not survive a fork
        return False
    import resource

    return resource.getrlimit(resource.RLIMIT_AS)[0] != resource.RLIM_INFINITY
