"""A run that never outlives whoever started it: ``python -P -m LesionReadingLib.leash OCTCalciumLib analyze ...``.

The run leads a process group of its own and says so in its first line, ``{"type": "started", "group": number}``; the other lines
are those of ``worker``. Whoever started it holds the other end of its standard input. When that end is closed, on purpose or
because its holder died, the run is cancelled, and half a second later whatever is left of the group is killed, its children too.
"""

from __future__ import annotations

import sys

if __name__ == "__main__" and not (sys.flags.safe_path or __file__.startswith(sys.path[0])):
    del sys.path[0]  # the folder that Python was started in: what lies there is not ours to run

import os
import runpy
import signal
import subprocess
import threading
import time
from contextlib import suppress

from .process.guarded import killed_with_parent
from .reporting import ASKS_FOR_JSON_LINES

GRACE_S = 0.5
"""How long a cancelled run may take to clear up behind itself."""


def main(arguments: list[str]) -> None:
    """Run a package as ``python -m`` would, on a leash.

    Args:
        arguments: name of the package, then its arguments.
    """
    if hasattr(os, "setsid") and os.getpgrp() != os.getpid():  # an interactive shell makes every job a group of its own already
        os.setsid()
    print(f'{{"type": "started", "group": {os.getpid()}}}', flush=True)
    threading.Thread(target=_end_with_standard_input, daemon=True).start()
    os.environ[ASKS_FOR_JSON_LINES] = "1"
    sys.argv = list(arguments)
    runpy.run_module(arguments[0], run_name="__main__", alter_sys=True)


def end_group(group: int) -> None:
    """Kill a run and its children at once; nothing happens where they have ended already."""
    if hasattr(os, "killpg"):
        with suppress(ProcessLookupError, PermissionError):  # ended, or its number is somebody else's by now
            os.killpg(group, signal.SIGKILL)
    else:
        hidden = subprocess.CREATE_NO_WINDOW
        subprocess.run(["taskkill", "/T", "/F", "/PID", str(group)], capture_output=True, creationflags=hidden, check=False)


def end_with_parent() -> None:
    """Let this process end at once when its parent does, which holds the other end of its standard input and never writes."""
    killed_with_parent()
    threading.Thread(target=_exit_with_standard_input, daemon=True).start()


def _exit_with_standard_input() -> None:
    if _wait_for_end_of_standard_input():
        os._exit(1)


def _end_with_standard_input() -> None:
    if not _wait_for_end_of_standard_input():
        return
    if hasattr(os, "killpg"):
        os.killpg(0, signal.SIGTERM)
        time.sleep(GRACE_S)
    end_group(os.getpid())


def _wait_for_end_of_standard_input() -> bool:
    """False where there is no standard input, so that nobody holds the other end."""
    try:
        while os.read(0, 4096):
            pass
    except OSError:
        return False
    return True


if __name__ == "__main__":
    main(sys.argv[1:])
