"""Work shared out to processes: none of them outlives the command that started them, however that ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from multiprocessing import active_children
from pathlib import Path

import pytest
from LesionReadingLib.errors import InputError
from places import ROOT

from training.processes import in_processes

MARK = "LESION_READING_TEST_OF_PROCESSES"
WORKING = """
import signal, time
from training.processes import in_processes
signal.signal(signal.SIGINT, signal.default_int_handler)  # tests that run in a shell's background would ignore it
list(in_processes(time.sleep, [90, 90], processes=2))
"""


def marked(mark: str) -> list[int]:
    """The processes that carry a mark in their environment."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if f"{MARK}={mark}\0".encode() in (folder / "environ").read_bytes():
                found.append(int(folder.name))
        except OSError:
            continue
    return found


def wait_until(true) -> bool:
    until = time.monotonic() + 30
    while not true() and time.monotonic() < until:
        time.sleep(0.05)
    return true()


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("wait_s", [0.1, 1.5], ids=["while they start", "while they work"])
def test_no_worker_outlives_a_command_that_is_ended(ending: signal.Signals, wait_s: float, tmp_path: Path) -> None:
    environment = os.environ | {MARK: str(tmp_path), "PYTHONPATH": os.environ.get("PYTHONPATH", "") + os.pathsep + str(ROOT)}
    command = subprocess.Popen([sys.executable, "-c", WORKING], env=environment, cwd=ROOT, stderr=subprocess.DEVNULL)
    assert wait_until(lambda: len(marked(str(tmp_path))) >= 4), "two workers and the process that keeps track of them"
    time.sleep(wait_s)
    command.send_signal(ending)
    command.wait(30)
    assert wait_until(lambda: not marked(str(tmp_path)))


def test_no_worker_goes_on_where_the_results_are_no_longer_wanted() -> None:
    results = in_processes(time.sleep, [0, 90], processes=2)
    next(results)
    begin = time.monotonic()
    results.close()
    assert not active_children() and time.monotonic() - begin < 60


def test_a_worker_that_the_system_ends_is_told_in_a_sentence() -> None:
    with pytest.raises(InputError, match="ended by the system"):
        list(in_processes(os._exit, [9], processes=2))
