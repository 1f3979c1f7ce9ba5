"""The worker protocol: JSON lines a program can follow, exit statuses, and nothing half-written."""

import errno
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from LesionReadingLib.errors import InputError
from LesionReadingLib.output import finished_folder
from LesionReadingLib.worker import run_and_report
from places import ROOT

PREAMBLE = """
import sys
from pathlib import Path
from LesionReadingLib.errors import Cancelled, InputError
from LesionReadingLib.output import finished_folder
from LesionReadingLib.reporting import Step
from LesionReadingLib.worker import run_and_report
"""


def run(job: str, **options) -> subprocess.CompletedProcess:
    asking = _environment() | {"LESION_READING_JSON_LINES": "1"}
    return subprocess.run([sys.executable, "-c", PREAMBLE + job], capture_output=True, text=True, env=asking, **options)


def _environment():
    return os.environ | {"PYTHONPATH": str(ROOT / "LesionReading")}


def test_a_job_that_ends_well_reports_its_progress_and_its_result():
    done = run(
        """
def job(report):
    report.progress(Step.INFER, "reading", 1, 2)
    report.log("two overlays removed")
    report.result("results", volume_mm3=1.5)
sys.exit(run_and_report(job))
"""
    )
    assert done.returncode == 0
    assert [json.loads(line) for line in done.stdout.splitlines()] == [
        {"type": "progress", "code": "infer", "stage": "reading", "done": 1, "total": 2},
        {"type": "log", "code": "note", "message": "two overlays removed"},
        {"type": "result", "code": "done", "folder": "results", "volume_mm3": 1.5},
    ]
    assert done.stderr == ""


def test_unusable_input_is_one_line_and_status_2():
    done = run(
        """
def job(report):
    raise InputError("There is no file scan.dcm;\\n check the path.")
sys.exit(run_and_report(job))
"""
    )
    assert done.returncode == 2
    assert done.stderr == "There is no file scan.dcm; check the path.\n"
    assert json.loads(done.stdout.splitlines()[-1]) == {
        "type": "error",
        "code": "input",
        "message": "There is no file scan.dcm; check the path.",
        "details": "",
    }


def test_a_refusal_of_a_kind_carries_its_code():
    done = run('sys.exit(run_and_report(lambda report: (_ for _ in ()).throw(InputError("Contrast was given.", "contrast"))))')
    assert (done.returncode, json.loads(done.stdout.splitlines()[-1])["code"]) == (2, "contrast")


@pytest.mark.parametrize("name", ["ENAMETOOLONG", "EACCES", "EIO", "ELOOP"])
def test_what_the_disk_refuses_is_told_in_a_sentence_without_the_name(name, capsys):
    def job(report):
        raise OSError(getattr(errno, name), os.strerror(getattr(errno, name)), "/clinic/YAMADA^TARO")

    assert run_and_report(job) == 2
    printed = capsys.readouterr().err
    assert printed.count("\n") == 1 and "check its name" in printed and "YAMADA" not in printed


def test_a_fault_of_ours_is_status_1_and_keeps_its_details_for_the_report():
    done = run("sys.exit(run_and_report(lambda report: 1 / 0))")
    assert done.returncode == 1
    assert "ZeroDivisionError" in done.stderr
    assert "Traceback" not in done.stderr
    line = json.loads(done.stdout.splitlines()[-1])
    assert line["code"] == "fault" and "Traceback" in line["details"]


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_a_cancelled_job_is_status_130_and_leaves_nothing(tmp_path, ending):
    job = f"""
import signal, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # tests that run in a shell's background would ignore it
def job(report):
    with finished_folder(Path({str(tmp_path / "results")!r}), 0) as scratch:
        (scratch / "half.txt").write_text("half")
        report.log("writing")
        time.sleep(60)
sys.exit(run_and_report(job))
"""
    process = subprocess.Popen([sys.executable, "-c", PREAMBLE + job], stdout=subprocess.PIPE, env=_environment(), text=True)
    assert "writing" in process.stdout.readline()
    asked = time.monotonic()
    process.send_signal(ending)
    assert process.wait(timeout=10) == 130
    assert time.monotonic() - asked < 5
    assert list(tmp_path.iterdir()) == []


def test_a_finished_folder_appears_whole_and_keeps_files_of_others(tmp_path):
    target = tmp_path / "results"
    target.mkdir()
    (target / "notes.txt").write_text("mine")
    (target / "report.html").write_text("old")
    with finished_folder(target, 0) as scratch:
        (scratch / "report.html").write_text("new")
        assert (target / "report.html").read_text() == "old"
    assert (target / "report.html").read_text() == "new"
    assert (target / "notes.txt").read_text() == "mine"
    assert list(tmp_path.iterdir()) == [target]


def test_a_folder_inside_the_results_is_replaced_file_by_file(tmp_path):
    (tmp_path / "results" / "frames").mkdir(parents=True)
    (tmp_path / "results" / "frames" / "mine.txt").write_text("mine")
    with finished_folder(tmp_path / "results", 0) as scratch:
        (scratch / "frames").mkdir()
        (scratch / "frames" / "1.txt").write_text("new")
    assert sorted(path.name for path in (tmp_path / "results" / "frames").iterdir()) == ["1.txt", "mine.txt"]


def test_a_job_that_fails_leaves_earlier_results_as_they_were(tmp_path):
    target = tmp_path / "results"
    target.mkdir()
    (target / "report.html").write_text("old")
    with pytest.raises(ZeroDivisionError), finished_folder(target, 0) as scratch:
        (scratch / "report.html").write_text("new")
        raise ZeroDivisionError
    assert (target / "report.html").read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_an_output_that_is_a_file_is_refused(tmp_path):
    (tmp_path / "results").write_text("a file")
    with pytest.raises(InputError, match="is a file"), finished_folder(tmp_path / "results", 0):
        pass


def test_an_output_below_a_file_is_refused(tmp_path):
    (tmp_path / "results").write_text("a file")
    with pytest.raises(InputError, match="results"), finished_folder(tmp_path / "results" / "deep", 0):
        pass


def test_an_output_that_cannot_be_written_is_refused():
    """The kernel's process folder takes no files, whoever asks; permissions alone would not stop root."""
    with pytest.raises(InputError, match="cannot be written"), finished_folder(_unwritable(), 0):
        pass


def test_a_disk_too_full_is_told_before_the_work(tmp_path):
    with pytest.raises(InputError, match="MB free but about"), finished_folder(tmp_path / "results", 10**18):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_fills_up_is_told_and_nothing_stays(tmp_path):
    """The kernel's /dev/full answers every write as a full disk does."""
    with pytest.raises(InputError, match="is full"), finished_folder(tmp_path / "results", 0), open("/dev/full", "w") as full:
        full.write("x")
    assert list(tmp_path.iterdir()) == []


def _unwritable():
    return Path("/proc/lesionreading/results")
