"""SIGTERM ends a run at whatever moment it comes, and standard error holds one line, whatever libraries write there."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from commands import environment
from LesionReadingLib.errors import Cancelled

PREAMBLE = """
import os, signal, sys, time, warnings
from pathlib import Path
from LesionReadingLib.process.cancelling import held
from LesionReadingLib.output import finished_folder
from LesionReadingLib.worker import run_and_report

def asked():
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(0.05)
"""

LOST = {
    "in a step that mends what fails": """
try:
    asked()
except Exception:
    pass
""",
    "in a step that mends everything": """
try:
    asked()
except BaseException:
    pass
""",
    "where an object is thrown away": """
class Thrown:
    def __del__(self):
        asked()
Thrown()
""",
    "where a library gives another reason": """
try:
    asked()
except BaseException:
    raise ImportError("numpy.core.multiarray failed to import")
""",
    "while files are being moved": """
with held():
    asked()
    (folder / "still.txt").write_text("whole")
""",
    "while a library sorts": """
try:
    sorted([3, 1, 2], key=lambda value: asked())
except BaseException:
    pass
""",
    "twice": """
try:
    asked()
finally:
    asked()
""",
}


def a_job(moment: str, target: Path) -> str:
    inner = "\n".join(f"        {line}" for line in moment.strip().splitlines())
    return f"""{PREAMBLE}
def job(report):
    with finished_folder(Path({str(target)!r}), 0) as folder:
        (folder / "half.txt").write_text("half")
{inner}
    report.result("done")
sys.exit(run_and_report(job))
"""


def run(code: str) -> subprocess.CompletedProcess:
    environ = environment("OCTCalciumLib") | {"LESION_READING_JSON_LINES": "1"}
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environ, timeout=60)


@pytest.mark.parametrize("moment", LOST)
def test_a_run_that_is_asked_to_stop_stops(tmp_path, moment):
    done = run(a_job(LOST[moment], tmp_path / "results"))
    assert (done.returncode, done.stderr) == (130, "Cancelled; nothing was written.\n")
    assert json.loads(done.stdout.splitlines()[-1])["code"] == "cancelled"
    assert list(tmp_path.iterdir()) == []


def test_a_run_without_an_output_folder_stops_too():
    done = run(f"""{PREAMBLE}
def job(report):
    try:
        asked()
    except BaseException:
        pass
sys.exit(run_and_report(job))
""")
    assert (done.returncode, done.stderr) == (130, "Cancelled; nothing was written.\n")


def test_once_the_results_are_in_their_place_a_run_is_done_whatever_comes(tmp_path):
    code = a_job("pass", tmp_path / "results").replace('    report.result("done")', '    asked()\n    report.result("done")')
    done = run(code)
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "results" / "half.txt").read_text() == "half"


def test_a_signal_while_python_clears_up_behind_a_run_changes_nothing(tmp_path):
    clearing_up = "import atexit; atexit.register(asked)\n"
    code = a_job("pass", tmp_path / "results").replace("def job(report)", f"{clearing_up}def job(report)")
    done = run(
        code.replace("sys.exit(run_and_report(job))", "from LesionReadingLib.worker import leave; leave(run_and_report(job))")
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("after_s", [0.0, 0.02, 0.05, 0.1, 0.2, 0.4])
def test_a_signal_at_any_moment_of_a_run_that_mends_all_its_steps_is_not_lost(tmp_path, after_s):
    """As readers do that try one file after another: whatever fails is left out."""
    job = """
for number in range(2000):
    try:
        (folder / f"{number}.txt").write_text("x")
        time.sleep(0.005)
    except Exception:
        continue
    if number == 0:
        print("begun", flush=True)
"""
    code = a_job(job, tmp_path / "results")
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment("OCTCalciumLib"), text=True
    )
    assert process.stdout.readline() == "begun\n"
    time.sleep(after_s)
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (130, "Cancelled; nothing was written.\n")
    assert list(tmp_path.iterdir()) == []


def test_being_cancelled_is_no_exception_that_anybody_catches_by_the_way():
    assert not issubclass(Cancelled, Exception)


NOISE = f"""{PREAMBLE}
def noise():
    os.write(2, b"WARNING: In itkGDCMImageIO.cxx, line 42\\n")
    warnings.warn("invalid value for VR")
    print("OMP: Info #276", file=sys.stderr)
"""


@pytest.mark.parametrize(
    ("ending", "status", "line"),
    [
        ("", 0, ""),
        (
            "from LesionReadingLib.errors import InputError; raise InputError('The file is a poem; give a CT.')",
            2,
            "The file is a poem; ",
        ),
        ("1 / 0", 1, "This is a fault of LesionReading (ZeroDivisionError at worker.py"),
        ("raise MemoryError", 2, "The memory of this machine does not suffice"),
        ("raise RuntimeError('could not create a primitive')", 2, "The memory of this machine does not suffice"),
        ("raise ImportError('libtorch.so: failed to map segment from shared object')", 2, "The memory of this machine"),
    ],
)
def test_standard_error_is_ours_alone(ending, status, line):
    done = run(f"{NOISE}\ndef job(report):\n    noise()\n    {ending or 'pass'}\nsys.exit(run_and_report(job, False, True))")
    assert done.returncode == status
    assert done.stderr.startswith(line) and done.stderr.count("\n") == (status != 0)
    if status == 1:
        details = json.loads(done.stdout.splitlines()[-1])["details"]
        assert "itkGDCMImageIO" in details and "OMP: Info" in details and "invalid value" in details


def test_a_person_whose_output_goes_into_a_file_reads_plain_lines():
    environ = {name: value for name, value in environment("OCTCalciumLib").items() if name != "LESION_READING_JSON_LINES"}
    code = f"""{PREAMBLE}
def job(report):
    report.log("Two overlays removed.")
    for done in range(3):
        report.progress("infer", "Segmenting", done + 1, 3)
    report.progress("measure", "Measuring", 1, 1)
    report.result("here", {{"volume_mm3": "calcium (mm3)"}}, volume_mm3=1.5)
sys.exit(run_and_report(job, "--json-lines" in sys.argv))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environ)
    assert done.stdout.splitlines() == [
        "Two overlays removed.",
        "Segmenting: 3 to do",
        "Segmenting: 3 of 3",
        "Measuring",
        "calcium (mm3): 1.5",
        "Results are in here",
    ]
    asked = subprocess.run([sys.executable, "-c", code, "--json-lines"], capture_output=True, text=True, env=environ)
    assert [json.loads(line)["type"] for line in asked.stdout.splitlines()] == ["log", *["progress"] * 4, "result"]


@pytest.mark.parametrize("package", ["OCTCalciumLib", "HematomaMarkersLib"])
@pytest.mark.parametrize("asks", [[], ["--json-lines"]])
def test_both_commands_report_json_only_where_a_program_asks(package, asks, tmp_path, capsys, monkeypatch):
    from importlib import import_module

    monkeypatch.delenv("LESION_READING_JSON_LINES", raising=False)
    command = import_module(f"{package}.__main__").main
    missing = tmp_path / "missing"
    others = ["--ct", str(missing)] if package.startswith("Hema") else []
    assert command(["measure", str(missing), *others, "-o", str(tmp_path / "out"), *asks]) == 2
    out, err = capsys.readouterr()
    assert err.count("\n") == 1 and "missing" in err
    assert (json.loads(out)["code"] == "input") if asks else (out == "")


LEASHED = 'from LesionReadingLib.worker import run_and_report\nrun_and_report(lambda report: report.log("at work"))'
CHILD = """
import sys, time
sys.platform = {platform!r}
from LesionReadingLib.leash import end_with_parent
end_with_parent()
print("drawing", flush=True)
time.sleep(600)
"""
PARENT = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", sys.argv[1]], stdin=subprocess.PIPE)
print(child.pid, flush=True)
time.sleep(600)
"""


@pytest.mark.parametrize("is_leader", [True, False])
def test_a_run_on_a_leash_may_be_a_job_of_an_interactive_shell(tmp_path, is_leader):
    """A shell makes every job the leader of a process group before it starts it."""
    (tmp_path / "a_package.py").write_text(LEASHED)
    environ = environment("OCTCalciumLib")
    environ["PYTHONPATH"] += os.pathsep + str(tmp_path)
    how = {"process_group": 0} if is_leader else {}
    command = [sys.executable, "-P", "-m", "LesionReadingLib.leash", "a_package"]
    run = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environ, **how
    )
    started = json.loads(run.stdout.readline())
    assert started == {"type": "started", "group": run.pid}
    assert json.loads(run.stdout.readline()) == {"type": "log", "code": "note", "message": "at work"}
    assert run.wait(timeout=20) == 0
    run.stdin.close()


@pytest.mark.parametrize("platform", ["linux", "darwin"])
def test_a_child_dies_with_a_parent_that_is_killed(platform):
    """Linux tells the child itself; elsewhere the end of its standard input does."""
    environ, child = environment("OCTCalciumLib"), CHILD.format(platform=platform)
    parent = subprocess.Popen([sys.executable, "-c", PARENT, child], stdout=subprocess.PIPE, env=environ, text=True)
    number = int(parent.stdout.readline())
    assert parent.stdout.readline() == "drawing\n"
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    assert parent.stdout.read() == ""  # ends when the child, which has it too, has ended
    until = time.monotonic() + 20
    while _is_alive(number):
        assert time.monotonic() < until
        time.sleep(0.05)


def _is_alive(number: int) -> bool:
    """Whether a process runs; one that has ended and that nobody has asked for its status does not."""
    try:
        return Path(f"/proc/{number}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
