"""Inputs: what a path holds, decided in one place for pullbacks, scans and label maps.

A path is a file, a folder, a zip file, a DICOMDIR file, or a symbolic link to one of these. Only names, links and the first bytes
are looked at here; whether a file is DICOM, and of which kind, the readers decide.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from ..errors import InputError
from ..language import _
from .archives import archive_kind, unpacked
from .dicom.dicomdir import files_of_dicomdir, is_dicomdir
from .images import is_picture, is_volume, natural_key

MOST_FILES = 200_000
"""A folder with more is no study; it was named by mistake."""

_DICOMDIR = "DICOMDIR"
_ZIPS_IN_ZIPS = 2
_NAMED = 5
_LONGEST_LINK = 1024  # bytes


@dataclass(frozen=True)
class InputFiles:
    """The files that a path holds, every kind in natural order of folders and names, none of them empty of meaning or hidden.

    Attributes:
        named: the path as the person named it.
        folder: where the files lie: the named folder, the one that a zip file was unpacked into, or the one of the named file. A
            folder that holds nothing but one folder stands for that one.
        is_folder: whether many files were named (a folder, a zip file, a DICOMDIR), not a single one.
        volumes: NRRD, NIfTI and MetaImage files in ``folder`` itself.
        pictures: PNG, TIFF, BMP and JPEG files in ``folder`` itself, as masks and thumbnails lie below it.
        others: all other files in ``folder`` and below it, which may be DICOM.
        deeper: volumes and pictures below ``folder``, which are not taken from there.
        notes: sentences on what could not be opened: links that lead nowhere, folders without permission.
    """

    named: Path
    folder: Path
    is_folder: bool
    volumes: tuple[Path, ...] = ()
    pictures: tuple[Path, ...] = ()
    others: tuple[Path, ...] = ()
    deeper: tuple[Path, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether there is no file at all."""
        return not (self.volumes or self.pictures or self.others or self.deeper)

    @property
    def folders_below(self) -> str:
        """The folders in which the images lie that are not taken, in words: ``"a, b and 3 more"``; empty where there are none."""
        found = list(dict.fromkeys(file.parent.name for file in self.deeper))
        return ", ".join(found[:_NAMED]) + (_(" and {value} more").format(value=len(found) - _NAMED) if len(found) > _NAMED else "")


def input_files(path: Path) -> InputFiles:
    """What a path holds.

    Links are followed, but for those to a folder that this one lies in; a file that several links name is there once (but every
    picture counts, as frames may be equal). Files and folders whose name begins with a dot are left out. A zip file is unpacked
    into a scratch folder that is removed when the process ends, so that its files can be read frame by frame until then.

    Args:
        path: file, folder, zip file or DICOMDIR file; or a link to one.

    Raises:
        InputError: nothing there, a link that leads nowhere, a file of 0 bytes, an archive that cannot or must not be unpacked,
            a DICOMDIR without its files, or far too many files.
        PermissionError: the path itself may not be read.
    """
    path = Path(path)
    if not _exists(path):
        if path.is_symlink():
            raise InputError(
                _("{path} is a link that leads nowhere; fetch the file that it stands for (as with datalad get).").format(path=path)
            )
        raise InputError(_("There is no file or folder {path}; check the path.").format(path=path))
    if path.is_dir():
        return _of_folder(path, path, 0)
    if path.stat().st_size == 0:
        raise InputError(_("{file} is empty (0 bytes); copy or export it again.").format(file=path.name))
    alone = InputFiles(path, path.parent, False)
    if is_volume(path):
        return replace(alone, volumes=(path,))
    if is_picture(path):
        return replace(alone, pictures=(path,))
    if archive_kind(path):
        return _of_folder(path, unpacked(path), 1)
    if begins_as_dicom(path) and is_dicomdir(path):
        found, notes = files_of_dicomdir(path, _listed(path.parent)[0])
        return InputFiles(path, path.parent, True, others=tuple(_once(found)), notes=notes)
    return replace(alone, others=(path,))


def files_below(folder: Path) -> list[Path]:
    """All files of some bytes in a folder and below it, once each, folder by folder in natural order.

    Links are followed, but for those to a folder that this one lies in; those that lead nowhere and folders that may
    not be opened are passed over, and so are names that begin with a dot.

    Raises:
        InputError: no such folder, or far too many files.
        PermissionError: the folder itself may not be read.
    """
    if not folder.is_dir():
        raise InputError(_("There is no folder {folder}; name the folder with the studies.").format(folder=folder))
    return _once(_listed(folder)[0])


def files_beside(path: Path) -> tuple[Path, ...]:
    """The other files in the folder of a file that may be DICOM, in natural order: where the rest of its series lies."""
    found, _rest = _listed(path.parent, below=False)
    own = os.path.realpath(path)
    return tuple(other for other in _once(found) if _may_be_dicom(other) and os.path.realpath(other) != own)


def _of_folder(named: Path, folder: Path, depth: int) -> InputFiles:
    """What a folder holds.

    Args:
        depth: in how many zip files it lay.
    """
    files, notes = _listed(folder, links_as_text=depth == 0)
    while files and not any(file.parent == folder for file in files) and len({_next_folder(file, folder) for file in files}) == 1:
        folder = _next_folder(files[0], folder)
    here = [file for file in files if file.parent == folder]
    volumes = _once(file for file in here if is_volume(file))
    pictures = [file for file in here if is_picture(file)]
    others = _once(file for file in files if _may_be_dicom(file))
    if not (volumes or pictures) and not any(begins_as_dicom(file) for file in others):
        packed = [file for file in others if archive_kind(file)]
        if len(packed) > 1:
            raise InputError(
                _("{named} holds {count} packed files; name one of them, or unpack them.").format(named=named, count=len(packed))
            )
        if packed and depth <= _ZIPS_IN_ZIPS:
            inner = _of_folder(named, unpacked(packed[0]), depth + 1)
            beside = tuple(file for file in others if file not in packed)
            return replace(inner, others=(*beside, *inner.others), notes=(*notes, *inner.notes))
    deeper = [file for file in files if file.parent != folder and not _may_be_dicom(file)]
    return InputFiles(named, folder, True, tuple(volumes), tuple(pictures), tuple(others), tuple(deeper), notes)


def _may_be_dicom(file: Path) -> bool:
    return not (is_volume(file) or is_picture(file) or file.name.upper() == _DICOMDIR)


def _next_folder(file: Path, folder: Path) -> Path:
    """The folder in ``folder`` in which a file lies, at any depth; its own where a link leads elsewhere."""
    inside = [parent for parent in file.parents if parent.parent == folder]
    return inside[0] if inside else file.parent


def _once(files: Iterable[Path]) -> list[Path]:
    """Without files that are the same behind their links; a file itself stands before a link to it."""
    chosen: dict[str, Path] = {}
    for file in files:
        real = os.path.realpath(file)
        if real not in chosen or (chosen[real].is_symlink() and not file.is_symlink()):
            chosen[real] = file
    return list(chosen.values())


def _listed(folder: Path, below: bool = True, links_as_text: bool = True) -> tuple[list[Path], tuple[str, ...]]:
    """Regular files with content in a folder, in it and below it, and what could not be opened, told in sentences.

    Args:
        links_as_text: follow links that git wrote as text files; not in what a stranger packed.
    """
    files: list[Path] = []
    lost = closed = 0
    seen = {str(above) for above in Path(os.path.realpath(folder)).parents}  # a link to one of these leads out of what was named
    waiting = [folder]
    while waiting:
        current = waiting.pop()
        real = os.path.realpath(current)
        if real in seen:
            continue
        seen.add(real)
        try:
            entries = sorted(os.scandir(current), key=lambda entry: natural_key(entry.name))
        except PermissionError:
            if current == folder:
                raise
            closed += 1
            continue
        inner = []
        for entry in entries:
            if entry.name.startswith(".") or entry.name == "__MACOSX":
                continue
            file = Path(current, entry.name)
            if not _exists(file):
                lost += entry.is_symlink()
            elif entry.is_dir():
                inner.append(file)
            elif entry.is_file() and entry.stat().st_size > 0:
                target = _named_by(file) if links_as_text and entry.stat().st_size <= _LONGEST_LINK else None
                if target is not None and target.is_dir():
                    inner.append(target)
                else:
                    files.append(target or file)
        if len(files) > MOST_FILES:
            raise InputError(
                _("The folder {folder} holds more than {most_files} files; name the folder of one study.").format(
                    folder=folder, most_files=MOST_FILES
                )
            )
        waiting += reversed(inner) if below else []
    notes = (
        [_("{lost} link(s) in the folder lead nowhere and were passed over; fetch what they stand for.").format(lost=lost)]
        if lost
        else []
    )
    notes += (
        [_("{closed} folder(s) could not be opened (permission denied) and were passed over.").format(closed=closed)]
        if closed
        else []
    )
    return files, tuple(notes)


def _named_by(file: Path) -> Path | None:
    """What a symbolic link leads to that git wrote as a text file, as it does where there are no links (Windows); else None."""
    try:
        text = file.read_text(encoding="utf-8")
        target = file.parent / text
        is_relative = "/" in text and "\n" not in text and not Path(text).is_absolute()
        return target if is_relative and target.exists() else None
    except (OSError, ValueError):
        return None


def _exists(path: Path) -> bool:
    try:
        path.stat()
    except PermissionError:
        raise
    except (OSError, ValueError):  # not there, links in a circle, a name that no file can have
        return False
    return True


def begins_as_dicom(path: Path) -> bool:
    """Whether a file begins as DICOM files should; some do not."""
    try:
        with path.open("rb") as file:
            return file.read(132)[128:] == b"DICM"
    except OSError:  # whoever reads it tells why it cannot be
        return False
