"""The output folder under bad luck: other disks, what stands in the way, full disks, killed runs. All or nothing, in a sentence."""

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
from LesionReadingLib.process import scratch
from LesionReadingLib.process.scratch import Scratch, sweep


def write_results(target: Path, **files: str) -> None:
    with finished_folder(target, 0) as folder:
        for name, text in files.items():
            (folder / f"{name}.txt").write_text(text)


def texts(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.fixture
def two_disks(tmp_path, monkeypatch):
    """Everything below the folder ``mounted`` lies on a disk of its own, onto which nothing can be renamed."""
    mounted = tmp_path / "mounted"
    mounted.mkdir()

    def disk_of(path) -> bool:
        return mounted in Path(path).absolute().parents

    for name in ("rename", "replace"):
        real = getattr(os, name)

        def rename(source, destination, real=real):
            if disk_of(source) != disk_of(destination):
                raise OSError(errno.EXDEV, os.strerror(errno.EXDEV), str(source), None, str(destination))
            real(source, destination)

        monkeypatch.setattr(os, name, rename)
    return mounted


def test_an_output_that_is_a_mount_point_is_written_on_its_own_disk(two_disks):
    (two_disks / "old.txt").write_text("old")
    with finished_folder(two_disks, 0) as folder:
        assert two_disks in folder.parents
        (folder / "old.txt").write_text("new")
    assert texts(two_disks) == {"old.txt": "new"}
    assert [path.name for path in two_disks.iterdir()] == ["old.txt"]


def test_a_mounted_folder_inside_the_output_is_written_too(two_disks):
    """A disk below the output: renaming onto it fails, so the files are copied beside their place there."""
    target = two_disks.parent
    (two_disks / "a.txt").write_text("old")
    with finished_folder(target, 0) as folder:
        (folder / "mounted").mkdir()
        (folder / "mounted" / "a.txt").write_text("new")
        (folder / "mounted" / "b.txt").write_text("new")
        (folder / "c.txt").write_text("new")
    assert texts(target) == {"c.txt": "new", "mounted/a.txt": "new", "mounted/b.txt": "new"}
    assert sorted(path.name for path in target.iterdir()) == ["c.txt", "mounted"]


@pytest.mark.parametrize("which", ["a", "b", "c"])
def test_a_file_that_cannot_be_moved_leaves_everything_as_it_was(tmp_path, monkeypatch, which):
    target = tmp_path / "results"
    write_results(target, a="old", b="old")
    real = output._move

    def move(source, destination):
        if destination == target / f"{which}.txt" and source.read_text() == "new":
            raise PermissionError(errno.EACCES, "Permission denied", str(destination))
        real(source, destination)

    monkeypatch.setattr(output, "_move", move)
    with pytest.raises(InputError, match=f"cannot be written.*{which}.txt") as caught:
        write_results(target, a="new", b="new", c="new")
    assert caught.value.code == "output"
    assert texts(target) == {"a.txt": "old", "b.txt": "old"}
    assert [path.name for path in tmp_path.iterdir()] == ["results"]


def test_a_disk_that_does_not_rename_folders_gets_a_new_folder_all_the_same(tmp_path, monkeypatch):
    def rename(source, destination):
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    monkeypatch.setattr(os, "rename", rename)
    write_results(tmp_path / "deep" / "results", a="new")
    assert texts(tmp_path) == {"deep/results/a.txt": "new"}


def test_a_folder_of_a_parent_that_is_not_ours_is_written(tmp_path, monkeypatch):
    """Nothing is made beside the folder: as root permissions alone would not stop it."""
    target = tmp_path / "mine"
    target.mkdir()
    made = []
    real = scratch.tempfile.mkdtemp
    monkeypatch.setattr(scratch.tempfile, "mkdtemp", lambda prefix, dir: made.append(Path(dir)) or real(prefix=prefix, dir=dir))
    write_results(target, a="new")
    assert made == [target] and texts(target) == {"a.txt": "new"}


def test_free_space_is_asked_of_the_disk_that_is_written(tmp_path, monkeypatch):
    target = tmp_path / "mounted"
    target.mkdir()
    asked = []
    real = output.shutil.disk_usage
    monkeypatch.setattr(output.shutil, "disk_usage", lambda place: asked.append(Path(place)) or real(place))
    write_results(target, a="new")
    write_results(tmp_path / "new" / "deep", a="new")
    assert asked == [target, tmp_path]


@pytest.mark.parametrize("name", output.IN_EVERY_RESULT)
def test_a_folder_in_place_of_a_result_is_told_before_the_work(tmp_path, name):
    (tmp_path / name).mkdir()
    with pytest.raises(InputError, match=name), finished_folder(tmp_path, 0):
        pytest.fail("the work was begun")


def test_a_folder_in_place_of_any_other_file_is_told_and_nothing_changes(tmp_path):
    (tmp_path / "b.txt").mkdir()
    (tmp_path / "a.txt").write_text("old")
    with pytest.raises(InputError, match=r"holds a folder named b\.txt"):
        write_results(tmp_path, a="new", b="new")
    assert texts(tmp_path) == {"a.txt": "old"}


def test_a_file_in_place_of_a_folder_is_told_and_nothing_changes(tmp_path):
    write_results(tmp_path, a="old", frames="a file")
    (tmp_path / "frames.txt").rename(tmp_path / "frames")
    with pytest.raises(InputError, match="frames"), finished_folder(tmp_path, 0) as folder:
        (folder / "a.txt").write_text("new")
        (folder / "frames").mkdir()
    assert texts(tmp_path) == {"a.txt": "old", "frames": "a file"}


def dangling(tmp_path: Path) -> Path:
    (tmp_path / "results").symlink_to(tmp_path / "gone")
    return tmp_path / "results"


def below_a_dangling_link(tmp_path: Path) -> Path:
    return dangling(tmp_path) / "deep"


def of_480_letters(tmp_path: Path) -> Path:
    return tmp_path / ("n" * 480)


def below_480_letters(tmp_path: Path) -> Path:
    return tmp_path / ("n" * 480) / "deep"


def a_pipe(tmp_path: Path) -> Path:
    os.mkfifo(tmp_path / "pipe")
    return tmp_path / "pipe"


def a_ring_of_links(tmp_path: Path) -> Path:
    (tmp_path / "one").symlink_to(tmp_path / "other")
    (tmp_path / "other").symlink_to(tmp_path / "one")
    return tmp_path / "one"


@pytest.mark.parametrize("place", [dangling, below_a_dangling_link, of_480_letters, below_480_letters, a_pipe, a_ring_of_links])
def test_an_output_that_cannot_be_is_told_in_one_sentence_before_the_work(tmp_path, place):
    target = place(tmp_path)
    before = sorted(path.name for path in tmp_path.iterdir())
    with pytest.raises(InputError, match="another folder") as caught, finished_folder(target, 0):
        pytest.fail("the work was begun")
    assert caught.value.code == "output" and "\n" not in str(caught.value)
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_a_link_to_a_folder_is_an_output_as_any_other(tmp_path):
    (tmp_path / "there").mkdir()
    (tmp_path / "results").symlink_to(tmp_path / "there")
    write_results(tmp_path / "results", a="new")
    assert texts(tmp_path / "there") == {"a.txt": "new"} and (tmp_path / "results").is_symlink()


def test_a_full_disk_is_told_whatever_a_library_calls_it(tmp_path, monkeypatch):
    """ITK and numpy tell a full disk without its number."""
    usage = output.shutil.disk_usage(tmp_path)
    with pytest.raises(InputError, match="is full"), finished_folder(tmp_path / "results", 0):
        monkeypatch.setattr(output.shutil, "disk_usage", lambda place: usage._replace(free=4096))
        raise RuntimeError("Write: error")
    assert list(tmp_path.iterdir()) == []


def test_a_new_folder_has_the_permissions_of_any_other(tmp_path):
    (tmp_path / "plain").mkdir()
    write_results(tmp_path / "results", a="new")
    assert (tmp_path / "results").stat().st_mode == (tmp_path / "plain").stat().st_mode


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
