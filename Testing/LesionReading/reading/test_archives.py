"""Zip files: as good as the folder that they hold, and never more than they state."""

from __future__ import annotations

import io
import os
import stat
import struct
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
from commands import environment
from LesionReadingLib.errors import InputError
from LesionReadingLib.reading import archives
from LesionReadingLib.reading.inputs import input_files
from PIL import Image
from stored_files import names, packed, touch


def test_a_zip_file_is_a_folder(tmp_path):
    path = packed(
        tmp_path / "study", {"study/1.png": b"a", "study/2.png": b"b", "__MACOSX/study/._1.png": b"c", "study/.DS_Store": b"d"}
    )
    found = input_files(path)
    assert found.is_folder and found.named == path
    assert [file.read_bytes() for file in found.pictures] == [b"a", b"b"] and not found.others
    assert input_files(path) == found


def test_a_zip_file_that_changed_is_unpacked_anew(tmp_path):
    first = input_files(packed(tmp_path / "a.zip", {"1.png": b"a"}))
    os.utime(packed(tmp_path / "a.zip", {"1.png": b"bb"}), (1, 1))
    assert input_files(tmp_path / "a.zip").pictures[0].read_bytes() == b"bb"
    assert first.pictures[0].read_bytes() == b"a"


def test_a_folder_with_a_zip_file_and_a_letter_is_its_zip_file(tmp_path):
    inner = packed(tmp_path / "inner.zip", {"a/IM1": b"1", "b/IM2": b"2"}).read_bytes()
    folder = tmp_path / "download"
    touch(folder / "README.txt")
    packed(folder / "outer.zip", {"inner.zip": inner})
    assert sorted(names(input_files(folder).others)) == ["IM1", "IM2", "README.txt"]
    packed(folder / "second.zip", {"IM1": b"1"})
    with pytest.raises(InputError, match="2 packed files"):
        input_files(folder)


@pytest.mark.parametrize("name", ["../out", "a/../../out", "/tmp/out", "..\\out", "C:\\out", "C:out"])
def test_a_zip_file_writes_nothing_outside_of_its_scratch_folder(tmp_path, monkeypatch, name):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("IM1", b"1")
        entry = zipfile.ZipInfo("x")
        entry.filename = name
        archive.writestr(entry, b"2")
    with pytest.raises(InputError, match="outside"):
        input_files(path)
    assert names(tmp_path.iterdir()) == ["a.zip"]


def test_a_link_in_a_zip_file_is_not_made(tmp_path):
    link = zipfile.ZipInfo("link")
    link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(link, "/etc")
        archive.writestr("IM1", b"1")
    assert names(input_files(tmp_path / "a.zip").others) == ["IM1"]


def test_a_zip_file_that_would_fill_the_disk_is_refused_at_once(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "FREE_OF_DOUBT_BYTES", 1 << 20)
    monkeypatch.setattr(archives, "_copied", None)  # nothing may be unpacked
    path = packed(tmp_path / "a.zip", {f"{number}": bytes(1 << 20) for number in range(8)})
    with pytest.raises(InputError, match="which no images do"):
        input_files(path)
    monkeypatch.setattr(archives, "MOST_ENTRIES", 7)
    with pytest.raises(InputError, match="8 files, more than any study"):
        input_files(path)


def test_an_entry_that_holds_more_than_it_states_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    path = packed(tmp_path / "a.zip", {"IM1": bytes(100_000)})
    content = bytearray(path.read_bytes())
    for place in (22, content.index(b"PK\x01\x02") + 24):  # uncompressed size in the local and the central header
        content[place : place + 4] = struct.pack("<L", 10)
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"unpacked|more than it states"):
        input_files(path)
    assert names(tmp_path.iterdir()) == ["a.zip"]


def test_no_more_is_written_than_there_is_space(tmp_path, monkeypatch):
    monkeypatch.setattr(archives.shutil, "disk_usage", lambda folder: shutil_usage(5))
    with pytest.raises(InputError, match="free some space"):
        input_files(packed(tmp_path / "a.zip", {"IM1": b"123456"}))


def shutil_usage(free: int):
    return type("Usage", (), {"free": free})


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-30])


def _wrong_bytes(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[60:90] = bytes(30)
    path.write_bytes(content)


def _with_password(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)


@pytest.mark.parametrize(("damage", "message"), [(_cut, "damaged"), (_wrong_bytes, "damaged"), (_with_password, "password")])
def test_a_zip_file_that_cannot_be_unpacked_is_told(tmp_path, monkeypatch, damage, message):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    path = packed(tmp_path / "a.zip", {"IM1": np.random.default_rng(1).bytes(500)})
    damage(path)
    with pytest.raises(InputError, match=message):
        input_files(path)
    assert names(tmp_path.iterdir()) == ["a.zip"]


def test_other_archives_are_to_be_unpacked_by_the_person(tmp_path):
    starts = {"a.rar": b"Rar!\x1a\x07", "a.7z": b"7z\xbc\xaf\x27\x1c", "a.tgz": b"\x1f\x8b\x08", "a.tar": bytes(257) + b"ustar"}
    for name, start in starts.items():
        (tmp_path / name).write_bytes(start + bytes(300))
        with pytest.raises(InputError, match="unpack it and name the folder"):
            input_files(tmp_path / name)


def test_two_files_of_one_name_in_a_zip_file_are_both_there(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("IM1", b"1")
        archive.writestr("IM1", b"2")
    assert sorted(file.read_bytes() for file in input_files(tmp_path / "a.zip").others) == [b"1", b"2"]


def test_what_was_unpacked_is_gone_when_the_process_ends(tmp_path):
    buffer = io.BytesIO()
    Image.new("L", (8, 8)).save(buffer, "PNG")
    path = packed(tmp_path / "a.zip", {"1.png": buffer.getvalue()})
    (tmp_path / "scratch").mkdir()
    script = (
        "import sys; from pathlib import Path; from LesionReadingLib.reading.inputs import input_files; "
        "print(input_files(Path(sys.argv[1])).pictures[0].exists()); raise KeyboardInterrupt"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(path)],
        env=environment("OCTCalciumLib") | {"TMPDIR": str(tmp_path / "scratch")},
        capture_output=True,
        text=True,
    )
    assert done.stdout == "True\n"
    assert not any((tmp_path / "scratch").iterdir())
