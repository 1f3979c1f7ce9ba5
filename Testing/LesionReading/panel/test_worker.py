"""The worker process as the panels run it: told line by line, ended whole, explained in words."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import pytest
from LesionReadingLib.errors import InputError
from LesionReadingPanel.running.worker_process import WorkerProcess
from places import ROOT

PREAMBLE = """
import json, os, subprocess, sys, time
from pathlib import Path
from LesionReadingLib.errors import InputError
from LesionReadingLib.output import finished_folder
from LesionReadingLib.worker import run_and_report
"""
CHILD = 'subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], stdin=subprocess.DEVNULL)'


@pytest.fixture
def a_launcher(tmp_path, monkeypatch):
    """PythonSlicer as Slicer has it: a launcher that starts Python as its child and waits."""
    folder = tmp_path / "bin"
    folder.mkdir()
    launcher = folder / "PythonSlicer"
    launcher.write_text(f'#!/bin/sh\n"{sys.executable}" "$@"\nexit $?\n')
    launcher.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)


class RecordedWorker:
    """A worker process and everything that it has reported."""

    def __init__(self):
        self.progress, self.logs, self.outcomes = [], [], []
        self.process = WorkerProcess()

    def start(self, package, arguments=()):
        callbacks = {"onProgress": lambda *step: self.progress.append(step), "onLog": self.logs.append}
        self.process.start(package, list(arguments), self.outcomes.append, **callbacks)

    def ended(self):
        return bool(self.outcomes)


@pytest.fixture
def a_worker(a_desktop, a_launcher, tmp_path, monkeypatch):
    """Give a function that starts a package with this main and waits for nothing."""
    monkeypatch.syspath_prepend(tmp_path)
    started = []

    def start(body, *arguments):
        package = tmp_path / f"a_package_{len(started)}"
        package.mkdir()
        (package / "__init__.py").touch()
        (package / "__main__.py").write_text(PREAMBLE + body)
        started.append(RecordedWorker())
        started[-1].start(package.name, [str(argument) for argument in arguments])
        return started[-1]

    yield start
    for one in started:
        one.process.cancel()
        a_desktop.wait_until(lambda one=one: not one.process.running, 10)


def _numbers(path: Path) -> list[int]:
    return [int(number) for number in path.read_text().split()] if path.exists() else []


def _is_alive(number: int) -> bool:
    """Whether a process runs; one that has ended and that nobody has asked for its status does not."""
    try:
        return Path(f"/proc/{number}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def _family(tmp_path) -> str:
    """A job that has a child, writes both numbers, and would go on for ever."""
    return f"""
def job(report):
    child = {CHILD}
    with finished_folder(Path({str(tmp_path / "results")!r}), 0) as scratch:
        (scratch / "half.txt").write_text("half")
        Path({str(tmp_path / "written")!r}).write_text(f"{{os.getpid()}} {{child.pid}}")
        os.rename({str(tmp_path / "written")!r}, {str(tmp_path / "numbers")!r})
        report.progress("infer", "Waiting", 0, 1)
        time.sleep(600)
sys.exit(run_and_report(job))
"""


def test_a_run_tells_its_progress_its_log_and_its_result(a_desktop, a_worker):
    one = a_worker("""
def job(report):
    report.log("first")
    for number in range(3):
        report.progress("infer", "Segmenting", number + 1, 3)
        time.sleep(0.15)
    report.result("/somewhere", volume_mm3=1.5)
sys.exit(run_and_report(job))
""")
    a_desktop.wait_until(one.ended, 20)
    assert [outcome.status for outcome in one.outcomes] == ["done"]
    assert one.outcomes[0].result == {"code": "done", "folder": "/somewhere", "volume_mm3": 1.5}
    assert one.progress[-1] == ("Segmenting", 3, 3)
    assert len(one.progress) > 1
    assert "first" in one.logs
    assert not one.process.running


def test_bad_input_is_the_one_sentence_of_the_run(a_desktop, a_worker):
    one = a_worker('def job(report):\n    raise InputError("The file is a poem; give a CT.")\nsys.exit(run_and_report(job))')
    a_desktop.wait_until(one.ended, 20)
    assert (one.outcomes[0].status, one.outcomes[0].message) == ("failed", "The file is a poem; give a CT.")


def test_an_outcome_carries_the_code_of_the_refusal(a_desktop, a_worker):
    refuse = 'def job(report):\n    raise InputError("Not this one.", "unless-forced")\nsys.exit(run_and_report(job))'
    one = a_worker(refuse)
    a_desktop.wait_until(one.ended, 20)
    assert one.outcomes[0].code == "unless-forced"


def test_a_fault_has_its_traceback_in_the_details_and_not_in_the_sentence(a_desktop, a_worker):
    one = a_worker("sys.exit(run_and_report(lambda report: 1 / 0))")
    a_desktop.wait_until(one.ended, 20)
    assert "fault of LesionReading" in one.outcomes[0].message
    assert "Traceback" not in one.outcomes[0].message
    assert "Traceback" in one.outcomes[0].details


def test_a_package_that_is_missing_is_named_with_what_to_do(a_desktop, a_worker):
    one = a_worker("""
def job(report):
    import a_package_that_nobody_has
sys.exit(run_and_report(job))
""")
    a_desktop.wait_until(one.ended, 20)
    assert "a_package_that_nobody_has is missing" in one.outcomes[0].message and "Apply" in one.outcomes[0].message
    assert "Traceback" in one.outcomes[0].details


def test_a_package_that_cannot_be_imported_is_told_with_the_reason_in_the_details(a_desktop, a_worker):
    one = a_worker("import a_module_that_nobody_has")
    a_desktop.wait_until(one.ended, 20)
    assert one.outcomes[0].status == "failed"
    assert "could not be started" in one.outcomes[0].message
    assert "a_module_that_nobody_has" in one.outcomes[0].details


def test_a_cancelled_run_ends_within_a_second_with_its_children_and_its_half_written_files(a_desktop, a_worker, tmp_path):
    one = a_worker(_family(tmp_path))
    a_desktop.wait_until(lambda: one.progress and (tmp_path / "numbers").exists(), 20)
    worker, child = _numbers(tmp_path / "numbers")
    assert _is_alive(worker)
    assert _is_alive(child)
    asked = time.monotonic()
    one.process.cancel()
    a_desktop.wait_until(one.ended, 5)
    assert time.monotonic() - asked < 1.5  # a second, and what a busy machine takes from it
    assert one.outcomes[0].status == "cancelled"
    a_desktop.wait_until(lambda: not _is_alive(worker) and not _is_alive(child), 2)
    assert not (tmp_path / "results").exists()
    assert not list(tmp_path.glob(".lesionreading-*"))


def test_a_run_that_does_not_listen_is_ended_all_the_same(a_desktop, a_worker, tmp_path):
    one = a_worker(f"""
import signal, threading
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = {CHILD}
Path({str(tmp_path / "written")!r}).write_text(f"{{os.getpid()}} {{child.pid}}")
os.rename({str(tmp_path / "written")!r}, {str(tmp_path / "numbers")!r})
time.sleep(600)
""")
    a_desktop.wait_until((tmp_path / "numbers").exists, 20)
    one.process.cancel()
    a_desktop.wait_until(one.ended, 5)
    a_desktop.wait_until(lambda: not any(map(_is_alive, _numbers(tmp_path / "numbers"))), 2)
    assert one.outcomes[0].status == "cancelled"


def test_a_run_cancelled_before_it_has_said_a_word_leaves_nothing_running(a_desktop, a_worker, tmp_path):
    one = a_worker(_family(tmp_path))
    one.process.cancel()
    a_desktop.wait_until(one.ended, 5)
    time.sleep(1)
    assert one.outcomes[0].status == "cancelled"
    assert not any(map(_is_alive, _numbers(tmp_path / "numbers")))


def test_a_killed_run_is_told_in_words_and_its_children_go(a_desktop, a_worker, tmp_path):
    one = a_worker(_family(tmp_path))
    a_desktop.wait_until((tmp_path / "numbers").exists, 20)
    worker, child = _numbers(tmp_path / "numbers")
    os.kill(worker, signal.SIGKILL)
    a_desktop.wait_until(one.ended, 5)
    assert one.outcomes[0].status == "failed"
    assert "memory" in one.outcomes[0].message
    a_desktop.wait_until(lambda: not _is_alive(child), 2)


def test_a_run_ends_with_whoever_started_it(a_desktop, a_launcher, tmp_path, monkeypatch):
    """Another process starts the run as Slicer would, and is killed."""
    import subprocess

    package = tmp_path / "a_package"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "__main__.py").write_text(PREAMBLE + _family(tmp_path))
    folders = [str(tmp_path), str(ROOT / "LesionReading")]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(folders))
    starting = """
import subprocess, sys, time
subprocess.Popen(["PythonSlicer", "-m", "LesionReadingLib.leash", "a_package"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
time.sleep(600)
"""
    slicer_stand_in = subprocess.Popen([sys.executable, "-c", starting])
    a_desktop.wait_until((tmp_path / "numbers").exists, 20)
    slicer_stand_in.kill()
    slicer_stand_in.wait()
    a_desktop.wait_until(lambda: not any(map(_is_alive, _numbers(tmp_path / "numbers"))), 5)


def test_megabytes_of_log_do_not_hold_the_event_loop(a_desktop, a_worker):
    import qt

    one = a_worker("""
def job(report):
    line = json.dumps({"type": "log", "message": "x" * 100})
    sys.stdout.write((line + chr(10)) * 150000)
    sys.stdout.write("a library's own words, in bits: ")
    sys.stdout.flush()
    time.sleep(0.3)
    print("and the rest")
    report.result("/somewhere")
sys.exit(run_and_report(job))
""")
    gaps, last = [], time.process_time()
    timer = qt.QTimer()
    timer.setInterval(5)

    def tick():
        nonlocal last
        now = time.process_time()
        gaps.append(now - last)
        last = now

    timer.connect("timeout()", tick)
    timer.start()
    a_desktop.wait_until(one.ended, 30)
    timer.stop()
    assert one.outcomes[0].status == "done"
    assert sum(text.count("\n") + 1 for text in one.logs) == 150000
    assert max(gaps) < 0.1  # processor time of this process, so that its neighbours do not count


def test_without_slicers_python_a_sentence_says_so(a_desktop, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InputError, match="PythonSlicer"):
        RecordedWorker().start("OCTCalciumLib")


def test_a_second_run_at_the_same_time_is_refused(a_desktop, a_worker):
    one = a_worker("time.sleep(600)")
    with pytest.raises(InputError, match="running already"):
        one.start("a_package_0")


def test_the_real_command_line_tells_a_file_that_is_no_pullback(a_desktop, a_launcher, tmp_path):
    (tmp_path / "poem.nrrd").write_text("roses are red")
    one = RecordedWorker()
    one.start("OCTCalciumLib", ["analyze", str(tmp_path / "poem.nrrd"), "-o", str(tmp_path / "out")])
    a_desktop.wait_until(one.ended, 40)
    assert one.outcomes[0].status == "failed"
    assert "poem.nrrd" in one.outcomes[0].message
    assert "Traceback" not in one.outcomes[0].message
