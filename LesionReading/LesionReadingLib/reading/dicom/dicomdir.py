"""A DICOMDIR: the list of a disc's files (DICOM PS3.3 F.3), which may be cut off, or name files that were not copied with it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ...errors import InputError
from ...language import _

_STORAGE_CLASS = "1.2.840.10008.1.3.10"  # Media Storage Directory Storage
_OFFSETS = ("OffsetOfTheNextDirectoryRecord", "OffsetOfReferencedLowerLevelDirectoryEntity")


def is_dicomdir(path: Path) -> bool:
    """Whether a DICOM file is one."""
    from .stream import read_meta

    return read_meta(path).get("MediaStorageSOPClassUID") == _STORAGE_CLASS


def files_of_dicomdir(path: Path, beside: Sequence[Path]) -> tuple[list[Path], tuple[str, ...]]:
    """The files that a DICOMDIR lists, and a sentence on those that are not there.

    Args:
        beside: all files beside or below it; others are never opened.

    Raises:
        InputError: it is cut off, lists none, or none of those is there.
    """
    from .files import read_header

    header = read_header(path)
    records = [] if header is None else header.get("DirectoryRecordSequence") or []
    _require_whole(path, records)
    wanted = list(dict.fromkeys(_file_id(record) for record in records if record.get("ReferencedFileID")))
    if not wanted:
        raise InputError(_("{file} lists no files; name the folder with the images.").format(file=path.name))
    present = {_folded(file.relative_to(path.parent).as_posix()): file for file in beside}
    found = [present[name] for name in wanted if name in present]
    if not found:
        raise InputError(
            _("{file} lists {count} files, but none of them lies beside it; copy the whole disc and name it there.").format(
                file=path.name, count=len(wanted)
            )
        )
    if len(found) == len(wanted):
        return found, ()
    lost = _("{lost} of the {count} files that {file} lists are not there; what they show is missing.")
    return found, (lost.format(lost=len(wanted) - len(found), count=len(wanted), file=path.name),)


def _require_whole(path: Path, records: Sequence) -> None:
    """Refuse a file whose records point to others behind its end; a reader would give the records that are left."""
    size = path.stat().st_size
    if any(isinstance(offset := record.get(name), int) and offset >= size for record in records for name in _OFFSETS):
        raise InputError(
            _("{file} is cut off or was changed: it points to entries behind its end; name the folder with the images.").format(
                file=path.name
            )
        )


def _file_id(record) -> str:
    value = record.ReferencedFileID
    return _folded("/".join([value] if isinstance(value, str) else [str(part) for part in value]))


def _folded(name: str) -> str:
    """Discs are copied with names in small letters, with version numbers (``IM1;1``) or backslashes."""
    return name.replace("\\", "/").lower().split(";")[0].rstrip(".")
