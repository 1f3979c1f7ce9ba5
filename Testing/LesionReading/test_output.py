"""The output folder under bad luck: other disks, what stands in the way, full disks, killed runs. All or nothing, in a sentence."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from LesionReadingLib import output
from LesionReadingLib.errors import InputError
from LesionReadingLib.output import finished_folder
from LesionReadingLib.process import scratch
from result_folders import texts, write_results


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
