"""The output folder of runs that are killed or run beside each other: old and new results never mix, left-overs are swept."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from commands import environment
from LesionReadingLib import output
from LesionReadingLib.errors import InputError
from LesionReadingLib.output import finished_folder
from LesionReadingLib.process.scratch import Scratch, sweep
from result_folders import texts, write_results

WORKING = """
import sys, time
from pathlib import Path
from LesionReadingLib.output import finished_folder
with finished_folder(Path(sys.argv[1]), 0) as folder:
    (folder / "half.txt").write_text("half")
    print("working", flush=True)
    sys.stdin.read()
"""


def a_run_at_work(target: Path) -> subprocess.Popen:
    command = [sys.executable, "-c", WORKING, str(target)]
    run = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment("OCTCalciumLib"), text=True)
    assert run.stdout.readline() == "working\n"
    return run


@pytest.mark.parametrize("is_there", [False, True])
def test_what_a_killed_run_left_is_swept_by_the_next_and_what_works_is_not(tmp_path, is_there):
    target = tmp_path / "results"
    if is_there:
        target.mkdir()
    killed, working = a_run_at_work(target), a_run_at_work(target)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    place = target if is_there else tmp_path
    assert len(list(place.glob(".lesionreading-*"))) == 2
    write_results(target, a="new")
    (left,) = place.glob(".lesionreading-*")
    assert (left / "made" / "half.txt").read_text() == "half"
    working.communicate(timeout=20)
    assert working.returncode == 0
    assert texts(tmp_path) == {"results/a.txt": "new", "results/half.txt": "half"}


KILLED_WHILE_MOVING = """
import os, signal, sys
from pathlib import Path
from LesionReadingLib import output
left, real = int(sys.argv[2]), output._move
def move(source, destination):
    global left
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    left -= 1
    real(source, destination)
output._move = move
with output.finished_folder(Path(sys.argv[1]), 0) as folder:
    (folder / "deep").mkdir()
    for name in ("report.html", "measurements.json", "slices.csv", "new.csv", "deep/a.csv"):
        (folder / name).write_text("new")
"""

OLD = {"report.html": "old", "measurements.json": "old", "slices.csv": "old", "mine.txt": "mine"}

MOVES = 3 + 5


@pytest.mark.parametrize("moves", range(MOVES))
def test_a_run_that_is_killed_while_it_moves_its_files_never_mixes_them_with_older_ones(tmp_path, moves):
    """And whoever looks into the folder next finds the old results whole."""
    target = tmp_path / "results"
    target.mkdir()
    for name, text in OLD.items():
        (target / name).write_text(text)
    command = [sys.executable, "-c", KILLED_WHILE_MOVING, str(target), str(moves)]
    assert subprocess.run(command, env=environment("OCTCalciumLib")).returncode == -signal.SIGKILL
    seen = {name: text for name, text in texts(target).items() if not name.startswith(".lesionreading-")}
    assert not {"old", "new"} <= set(seen.values())
    assert not {"report.html", "measurements.json"} <= set(seen) or "old" in seen.values() or moves == MOVES
    output.mended(target)
    assert texts(target) == OLD and not (target / "deep").exists()


def test_a_run_that_is_not_killed_replaces_all_of_it(tmp_path):
    """The counterpart, so that the one above ends before its time."""
    write_results(tmp_path, report="old")
    command = [sys.executable, "-c", KILLED_WHILE_MOVING, str(tmp_path), "99"]
    assert subprocess.run(command, env=environment("OCTCalciumLib")).returncode == 0
    names = ("report.html", "measurements.json", "slices.csv", "new.csv", "deep/a.csv")
    assert texts(tmp_path) == dict.fromkeys(names, "new") | {"report.txt": "old"}


def results(target: Path, *names: str, text: str) -> None:
    with finished_folder(target, 0) as folder:
        for name in names:
            (folder / name).write_text(text)


def test_what_only_the_older_result_has_does_not_lie_beside_the_new_one(tmp_path):
    results(tmp_path / "out", "report.html", "segmentation.dcm", text="old")
    (tmp_path / "out" / "mine.txt").write_text("mine")
    results(tmp_path / "out", "report.html", text="new")
    assert texts(tmp_path / "out") == {"mine.txt": "mine", "report.html": "new"}


def test_what_only_the_older_result_has_stays_where_the_new_one_cannot_be_moved(tmp_path, monkeypatch):
    results(tmp_path / "out", "report.html", "segmentation.dcm", text="old")
    real = os.replace

    def refuse(source, destination):
        if Path(destination) == tmp_path / "out" / "report.html" and "made" in Path(source).parts:
            raise OSError(errno.EACCES, os.strerror(errno.EACCES), str(destination))
        real(source, destination)

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(InputError):
        results(tmp_path / "out", "report.html", text="new")
    assert texts(tmp_path / "out") == {"report.html": "old", "segmentation.dcm": "old"}


def test_files_beside_that_are_no_result_take_nothing_out(tmp_path):
    results(tmp_path / "out", "report.html", "segmentation.dcm", text="old")
    results(tmp_path / "out", "presentation.dcm", text="phantom")
    assert set(texts(tmp_path / "out")) == {"presentation.dcm", "report.html", "segmentation.dcm"}


def test_a_journal_of_somebody_else_reaches_nothing_outside_of_its_folder(tmp_path):
    for number, (target, name) in enumerate([("results", "../mine.txt"), ("..", "mine.txt"), ("results", "link/mine.txt")]):
        place = tmp_path / str(number) / "place"
        scratch = place / ".lesionreading-x"
        (scratch / "replaced").mkdir(parents=True)
        (place / "results").mkdir()
        (place / "results" / "link").symlink_to(tmp_path)
        for mine in (tmp_path / "mine.txt", place / "mine.txt", place.parent / "mine.txt"):
            mine.write_text("mine")
        (scratch / "owner").write_text("locked while a run works here\n")
        (scratch / "settling.json").write_text(f'{{"target": "{target}", "folders": [], "files": [["{name}", false]]}}')
        output.mended(place)
        assert scratch.exists() and texts(tmp_path / str(number))["place/mine.txt"] == "mine"
        assert (tmp_path / "mine.txt").exists() and (place.parent / "mine.txt").exists()


@pytest.mark.parametrize(
    "journal", ["", "[]", '{"target": 1}', '{"target": ".", "folders": 3, "files": [[]]}', "\ud83d", "[" * 9999]
)
def test_a_journal_that_is_none_ends_no_run_and_its_folder_stays(tmp_path, journal):
    scratch = tmp_path / ".lesionreading-x"
    scratch.mkdir()
    (scratch / "owner").write_text("locked while a run works here\n")
    (scratch / "settling.json").write_bytes(journal.encode("utf-8", "surrogatepass"))
    write_results(tmp_path, a="new")
    assert scratch.exists() and (tmp_path / "a.txt").read_text() == "new"


def test_what_could_not_be_put_back_is_kept_for_the_next_run(tmp_path, monkeypatch):
    """A disk that fails in the middle: nothing of the old results is thrown away."""
    write_results(tmp_path, a="old", b="old")
    real = output._move

    def move(source, destination):
        if destination.name == "b.txt":
            raise PermissionError(errno.EACCES, "Permission denied", str(destination))
        real(source, destination)

    monkeypatch.setattr(output, "_move", move)
    with pytest.raises(InputError):
        write_results(tmp_path, a="new", b="new")
    monkeypatch.undo()
    output.mended(tmp_path)
    assert texts(tmp_path) == {"a.txt": "old", "b.txt": "old"}


def test_two_runs_at_once_into_one_folder_leave_the_files_of_one(tmp_path):
    both = [
        subprocess.Popen([sys.executable, "-c", TOGETHER, str(tmp_path), name], env=environment("OCTCalciumLib"))
        for name in ("one", "two")
    ]
    assert [run.wait(timeout=60) for run in both] == [0, 0]
    assert len(texts(tmp_path)) == 40 and len(set(texts(tmp_path).values())) == 1


def test_a_folder_that_another_run_makes_meanwhile_is_written_all_the_same(tmp_path, monkeypatch):
    target = tmp_path / "deep" / "results"
    real = os.path.lexists

    def lexists(path):
        is_there = real(path)
        if Path(path) == target and not is_there:
            target.mkdir(parents=True, exist_ok=True)
            (target / "other.txt").write_text("other")
        return is_there

    with finished_folder(target, 0) as folder:
        (folder / "a.txt").write_text("new")
        monkeypatch.setattr(output.os.path, "lexists", lexists)
    assert texts(target) == {"a.txt": "new", "other.txt": "other"}


TOGETHER = """
import sys, time
from pathlib import Path
from LesionReadingLib import output
real = output._move
def move(source, destination):
    time.sleep(0.005)
    real(source, destination)
output._move = move
for _ in range(3):
    with output.finished_folder(Path(sys.argv[1]), 0) as folder:
        for number in range(40):
            (folder / f"{number}.txt").write_text(sys.argv[2])
"""


def test_folders_that_are_none_of_ours_are_never_swept(tmp_path):
    for name in ("other-1", ".lesionreading-full"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text("mine")
    (tmp_path / ".lesionreading-fresh").mkdir()
    (tmp_path / ".lesionreading-link").symlink_to(tmp_path / "other-1")
    (tmp_path / ".lesionreading-file").write_text("mine")
    old = tmp_path / ".lesionreading-empty"
    old.mkdir()
    os.utime(old, (time.time() - 3600,) * 2)
    sweep(tmp_path, ".lesionreading-")
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == [".lesionreading-file", ".lesionreading-fresh", ".lesionreading-full", ".lesionreading-link", "other-1"]


def test_a_scratch_folder_in_use_in_this_process_is_not_swept(tmp_path):
    with Scratch(tmp_path, "scratch-") as one, Scratch(tmp_path, "scratch-") as other:
        sweep(tmp_path, "scratch-")
        assert one.path.is_dir() and other.path.is_dir()
    assert list(tmp_path.iterdir()) == []
