"""A run that never outlives whoever started it: ``python -m LesionReadingLib.leash OCTCalciumLib analyze ...``.

The run becomes the leader of a process group of its own and says so in its first line, ``{"type": "started", "group": number}``.
Whoever started it holds the other end of its standard input. When that end is closed, on purpose or because its holder died, the
run is cancelled, and half a second later whatever is left of the group is killed, its children too.
"""

from __future__ import annotations

import json
import os
import runpy
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress

GRACE_S = 0.5
"""How long a cancelled run may take to clear up behind itself."""


def main(arguments: list[str]) -> None:
    """Run a package as ``python -m`` would, on a leash.

    Args:
        arguments: name of the package, then its arguments.
    """
    if hasattr(os, "setsid"):
        os.setsid()
    print(json.dumps({"type": "started", "group": os.getpid()}), flush=True)
    threading.Thread(target=_end_with_standard_input, daemon=True).start()
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


def _end_with_standard_input() -> None:
    try:
        while os.read(0, 4096):
            pass
    except OSError:
        return  # there is no standard input, so nobody holds the other end
    if hasattr(os, "killpg"):
        os.killpg(0, signal.SIGTERM)
        time.sleep(GRACE_S)
    end_group(os.getpid())


if __name__ == "__main__":
    main(sys.argv[1:])
