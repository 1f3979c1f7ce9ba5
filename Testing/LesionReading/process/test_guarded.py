"""A run whose libraries end its process for lack of memory is told in one sentence, and can be cancelled as any other."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

RUN = """
import argparse, os, signal, sys, time
from LesionReadingLib.command_line import run_command
from LesionReadingLib.worker import leave

def work(chosen, report):
    print("working", os.getpid(), flush=True)
    {work}

parser = argparse.ArgumentParser()
parser.set_defaults(run=work, json_lines="--json" in sys.argv, with_identity=False, language="en")
leave(run_command(lambda: parser, []))
"""


def started(work: str, *arguments: str, limited: bool = True, temporary: Path | None = None) -> subprocess.Popen:
    def limit():
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if limited:
            resource.setrlimit(resource.RLIMIT_AS, (4_000_000_000,) * 2)

    return subprocess.Popen(
        [sys.executable, "-c", RUN.format(work=work), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=limit,
        env={name: value for name, value in os.environ.items() if not name.startswith("TORCHINDUCTOR")}
        | {"PYTHONPATH": os.pathsep.join(sys.path)}
        | ({"TMPDIR": str(temporary)} if temporary else {}),
    )


@pytest.mark.parametrize("number", ["SIGABRT", "SIGSEGV", "SIGBUS"])
def test_a_library_that_ends_the_process_for_lack_of_memory_is_told_in_a_sentence(number):
    out, err = (run := started(f"os.kill(os.getpid(), signal.{number})")).communicate(timeout=60)
    assert run.returncode == 2 and err == "The memory of this machine does not suffice; close other programs, then try again.\n"
    out, err = started(f"os.kill(os.getpid(), signal.{number})", "--json").communicate(timeout=60)
    assert json.loads(out.splitlines()[-1])["code"] == "memory"


@pytest.mark.parametrize(("work", "status"), [("pass", 0), ("1 / 0", 1), ("raise MemoryError", 2)])
def test_other_ends_come_through(work, status):
    run = started(work)
    _, err = run.communicate(timeout=60)
    assert run.returncode == status and err.count("\n") == (status > 0)


def test_without_a_limit_the_run_is_this_process():
    run = started("pass", limited=False)
    out, _ = run.communicate(timeout=60)
    assert out.split()[1] == str(run.pid)


def test_cancelling_reaches_the_run():
    run = started("time.sleep(60)")
    child = int(run.stdout.readline().split()[1])
    assert child != run.pid
    run.send_signal(signal.SIGTERM)
    _, err = run.communicate(timeout=60)
    assert run.returncode == 130 and err == "Cancelled; nothing was written.\n"


def test_a_killed_run_leaves_no_child():
    run = started("time.sleep(60)")
    child = int(run.stdout.readline().split()[1])
    run.kill()
    run.communicate(timeout=60)
    until = time.monotonic() + 10
    while os.path.exists(f"/proc/{child}") and time.monotonic() < until:
        time.sleep(0.02)
    assert not os.path.exists(f"/proc/{child}")


def test_libraries_leave_nothing_in_the_temporary_folder(tmp_path):
    run = started("import torch._dynamo", limited=False, temporary=tmp_path)
    _, err = run.communicate(timeout=120)
    assert run.returncode == 0, err
    assert list(tmp_path.iterdir()) == []
