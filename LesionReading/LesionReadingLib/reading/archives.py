"""Unpacking zip files that come from anywhere: nothing is written outside of the scratch folder, and never more than is sane.

Names with ``..``, absolute ones and links are not followed (CWE-22); count, stated and real sizes are bounded (CWE-409).
"""

from __future__ import annotations

import atexit
import shutil
import stat
import zipfile
import zlib
from functools import cache
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from ..errors import InputError
from ..language import _
from ..process.cancelling import held
from ..process.scratch import Scratch

MOST_ENTRIES = 100_000
MOST_BYTES = 32 << 30
"""Of everything unpacked; the largest studies of a head or a vessel have a few GB."""

PLAUSIBLE_RATIO = 250
FREE_OF_DOUBT_BYTES = 1 << 30
"""Up to here any ratio is taken, as empty pictures pack well; beyond, more than ``PLAUSIBLE_RATIO`` is no image data."""

_PREFIX, _FILES = "lesionreading-zip-", "files"
_CHUNK = 1 << 20
_LONGEST_NAME = 200
_MAGIC = {
    b"PK\x03\x04": "zip",
    b"PK\x05\x06": "zip",
    b"Rar!": "RAR",
    b"7z\xbc\xaf": "7-Zip",
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ": "xz",
}


def archive_kind(path: Path) -> str:
    """``"zip"`` or the name of another kind of archive, by the first bytes of a file; empty for anything else."""
    try:
        with path.open("rb") as file:
            start = file.read(262)
    except OSError:
        return ""
    if start[257:262] == b"ustar":
        return "tar"
    return next((kind for magic, kind in _MAGIC.items() if start.startswith(magic)), "")


def unpacked(path: Path) -> Path:
    """The scratch folder with the files of a zip file; it is removed when the process ends.

    A file that was unpacked before in this process, and has not changed, is not unpacked again.

    Raises:
        InputError: an archive of another kind, damaged, with a password, unsafe, too large, or no space for it.
    """
    kind = archive_kind(path)
    if kind != "zip":
        raise InputError(
            _("{file} is packed ({kind}), which is not unpacked here; unpack it and name the folder.").format(
                file=path.name, kind=kind
            )
        )
    status = path.stat()
    return _scratch(path.resolve(), status.st_mtime_ns, status.st_size).path / _FILES


@cache  # what was unpacked is kept until the process ends, as its files are read when they are needed
def _scratch(path: Path, _changed: int, _size: int) -> Scratch:
    with held():
        scratch = Scratch(None, _PREFIX)
        atexit.register(scratch.close)
    try:
        (scratch.path / _FILES).mkdir()
        _unpack(path, scratch.path / _FILES)
    except BaseException:
        scratch.close()
        raise
    return scratch


def _unpack(path: Path, folder: Path) -> None:
    damaged = InputError(
        _("{file} cannot be unpacked; it may be damaged, copy it again or unpack it yourself.").format(file=path.name)
    )
    try:
        with zipfile.ZipFile(path) as archive:
            entries = [entry for entry in archive.infolist() if _is_wanted(entry)]
            _check(path, entries, folder)
            left = MOST_BYTES
            for number, entry in enumerate(entries):
                target = _target(folder, entry, number)
                with archive.open(entry) as packed, target.open("xb") as file:
                    left -= _copied(packed, file, min(left, entry.file_size), path)
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError) as error:
        raise damaged from error
    except NotImplementedError as error:
        raise InputError(
            _("{file} is packed in a way that is not unpacked here; unpack it and name the folder.").format(file=path.name)
        ) from error
    except RuntimeError as error:  # zipfile's word for a password
        raise InputError(_("{file} is protected by a password; unpack it and name the folder.").format(file=path.name)) from error
    except OSError as error:
        raise InputError(
            _("{file} cannot be unpacked ({strerror}); unpack it yourself and name the folder.").format(
                file=path.name, strerror=error.strerror
            )
        ) from error


def _is_wanted(entry: zipfile.ZipInfo) -> bool:
    """Whether an entry is a file that may be an image: no folder, no link, nothing hidden."""
    parts = _parts(entry)
    is_link = stat.S_ISLNK(entry.external_attr >> 16)
    hidden = any(part.startswith(".") and part not in (".", "..") for part in parts)
    return bool(parts) and not (entry.is_dir() or is_link or hidden or "__MACOSX" in parts)


def _parts(entry: zipfile.ZipInfo) -> tuple[str, ...]:
    """Folders and name of an entry; some programs write backslashes."""
    return PurePosixPath(entry.filename.replace("\\", "/")).parts


def _check(path: Path, entries: list[zipfile.ZipInfo], folder: Path) -> None:
    """Refuse before anything is written."""
    if len(entries) > MOST_ENTRIES:
        raise InputError(
            _("{file} holds {count} files, more than any study; unpack it and name one study.").format(
                file=path.name, count=len(entries)
            )
        )
    for entry in entries:
        parts = _parts(entry)
        if parts[0] == "/" or ".." in parts or parts[0][1:2] == ":":
            raise InputError(
                _("{file} holds a file that would be unpacked outside of its folder; it is not safe to open.").format(
                    file=path.name
                )
            )
    stated = sum(entry.file_size for entry in entries)
    packed = max(path.stat().st_size, 1)
    if stated > MOST_BYTES or (stated > FREE_OF_DOUBT_BYTES and stated / packed > PLAUSIBLE_RATIO):
        raise InputError(
            _("{file} would unpack to {value:.0f} GB from {value_2:.1f} MB, which no images do; it is not opened.").format(
                file=path.name, value=stated / 1000000000.0, value_2=packed / 1000000.0
            )
        )
    free = shutil.disk_usage(folder).free
    if stated > free:
        raise InputError(
            _(
                "{file} needs {value:.1f} GB to unpack, but {parents} has {value_2:.1f} GB free; free some "
                "space, or unpack it elsewhere and name the folder."
            ).format(file=path.name, value=stated / 1000000000.0, parents=folder.parents[1], value_2=free / 1000000000.0)
        )


def _target(folder: Path, entry: zipfile.ZipInfo, number: int) -> Path:
    """Where an entry is written, its folders made; a name that is taken or too long gets the number of the entry."""
    parts = [part if len(part.encode()) <= _LONGEST_NAME else f"{number:06d}{Path(part).suffix[:20]}" for part in _parts(entry)]
    target = folder.joinpath(*parts)
    target.parent.mkdir(parents=True, exist_ok=True)
    return target.with_name(f"{target.stem}_{number}{target.suffix}") if target.exists() else target


def _copied(packed: BinaryIO, file: BinaryIO, most: int, path: Path) -> int:
    """Bytes copied from one stream to the other; an entry that holds more than it states is refused."""
    count = 0
    while chunk := packed.read(_CHUNK):
        count += len(chunk)
        if count > most:
            raise InputError(_("{file} holds more than it states; it is not safe to open.").format(file=path.name))
        file.write(chunk)
    return count
