"""A folder of studies to be read: which there are, and how far each is. All that is known lies in plain files beside the data.

``FOLDER/lesion_reading/TASK/CODE/`` belongs to a study: ``out/`` what the model drew, ``model.json`` which,
``failed.json`` why it could not, ``lock.json`` who edits it (``reader_lock``), ``edits/`` what readers made of it
(``reader_edits``). ``FOLDER/lesion_reading/disk.json`` tells this disk from another one in its place (``disk``). Nothing lists the
studies: two programs never write the same file.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import InputError
from ..language import _
from ..strict_json import read_json
from ..text.plain_text import plain
from .batch.records import Study
from .batch.run import BESIDE
from .disk import Disk
from .reader_edits import edit_of
from .reader_lock import holder_of
from .whole_file import write_whole

RESULT, FAILED, MODEL = "out", "failed.json", "model.json"
MEASUREMENTS, LABELS = "measurements.json", "segmentation.seg.nrrd"
_MOST_BYTES = 10_000

WAITING, ANALYSED, EDITED_BY, REVIEWED, EXPORTED, FAILED_STATE = "waiting", "analysed", "edited", "reviewed", "exported", "failed"


@dataclass(frozen=True)
class Item:
    """A study of a worklist: what it is, its name for the reader (its path in the folder), the folder of all about it, its disk."""

    study: Study
    name: str
    folder: Path
    disk: Disk

    @property
    def result(self) -> Path:
        """Where the analysis puts its results."""
        return self.folder / RESULT

    @property
    def is_analysed(self) -> bool:
        """Whether the analysis has put its results there; not where the disk does not answer."""
        return os.path.exists(self.result / MEASUREMENTS)


@dataclass(frozen=True)
class State:
    """How far a study is.

    Attributes:
        status: one of this module's words. reader: who edits it now, for ``EDITED_BY``; stale: the lock was left by a crash, or
            may have been: it is the same reader's.
        reviewed, count: slices or frames that this reader has reviewed. message: why it failed.
    """

    status: str
    reader: str = ""
    stale: bool = False
    reviewed: int = 0
    count: int = 0
    message: str = ""


def worklist(folder: Path, task: str, find: Callable[[Path, Path], list[Study]]) -> list[Item]:
    """The studies below a folder, in their order.

    Args:
        find(folder, output): the module's own search; what lies below the output is no study.

    Raises:
        InputError: as ``find``, or there is none.
    """
    beside = folder / BESIDE
    studies = find(folder, beside)
    none = _("No study was found in {folder}; name the folder that holds the studies, each in a file or folder.")
    if not studies:
        raise InputError(none.format(folder=folder))
    names, disk = [_name(study, folder) for study in studies], Disk.at(beside)
    return [Item(study, name, beside / task / _code(study, folder), disk) for study, name in zip(studies, names, strict=True)]


def state_of(item: Item, reader: str) -> State:
    """How far a study is, for a reader."""
    holder = holder_of(item.folder)
    if holder is not None:
        return State(EDITED_BY, holder.reader, holder.stale or holder.is_of(reader))
    edit = edit_of(item.folder, reader)
    if edit is not None:
        return State(EXPORTED if edit.exported else REVIEWED, reviewed=len(edit.reviewed), count=edit.count)
    if item.is_analysed:
        return State(ANALYSED)
    if item.study.problem:
        return State(FAILED_STATE, message=plain(item.study.problem))
    try:
        return State(FAILED_STATE, message=plain(read_json(item.folder / FAILED, _MOST_BYTES)["message"]))
    except (OSError, ValueError, KeyError, TypeError):
        return State(WAITING)


def is_there(item: Item) -> bool:
    """Whether the disk of a worklist is there, the same as when it was listed: the study itself, or what is kept of any."""
    return item.disk.is_there and (os.path.isdir(item.folder.parent) or any(map(os.path.exists, item.study.files)))


def check_there(item: Item) -> None:
    """Refuse to keep an edit in the place where a disk is missing: it would be told as kept, and be hidden once the disk is back.

    Raises:
        InputError: the disk is not there.
    """
    if not is_there(item):
        sentence = _(
            "The disk of the worklist is not there, or another one lies in its place; your edit is still in the scene and is kept "
            "once the disk is back."
        )
        raise InputError(sentence)


def make_folder(item: Item) -> None:
    """Make the folder of all about a study, where it is missing, on the disk of the worklist alone.

    Raises:
        InputError: the disk is not there, or cannot be written.
    """
    if not is_there(item):
        message = _("The disk of the worklist is not there, or another one lies in its place; connect it, or open {folder} again.")
        raise InputError(message.format(folder=item.disk.beside.parent))
    try:
        item.folder.mkdir(parents=True, exist_ok=True)
        item.disk.mark()
    except OSError as error:
        raise InputError(_("The folder of the study cannot be written; check that the disk is there.")) from error


def record_failure(item: Item, message: str) -> None:
    """Keep why a study could not be analysed.

    Raises:
        InputError: the disk cannot be written.
    """
    _keep(item.folder / FAILED, {"message": message})


def record_model(item: Item, model: str, version: str) -> None:
    """Keep which model analyses a study.

    Raises:
        InputError: as ``record_failure``.
    """
    _keep(item.folder / MODEL, {"model": model, "version": version})


def model_of(item: Item) -> tuple[str, str]:
    """Name and version of the model that has analysed a study; empty where that is not known, or none has."""
    if not item.is_analysed:
        return "", ""
    try:
        stored = read_json(item.folder / MODEL, _MOST_BYTES)
        return plain(stored["model"]), plain(stored["version"])
    except (OSError, ValueError, KeyError, TypeError):
        return "", ""


def map_of(item: Item) -> str:
    """Which label map a model has drawn of a study, by a digest of its file; empty where none has."""
    try:
        return hashlib.sha256((item.result / LABELS).read_bytes()).hexdigest()[:16]
    except OSError:
        return ""


def _keep(file: Path, content: dict) -> None:
    try:
        write_whole(file, json.dumps(content).encode())
    except OSError as error:
        message = _("{folder} cannot be written ({reason}); check that the disk is there.")
        raise InputError(message.format(folder=file.parent, reason=error.strerror)) from error


def next_item(items: Sequence[Item], states: Sequence[State], after: int | None) -> int | None:
    """Number of the next study to read: analysed or begun and not all reviewed, behind ``after`` and then from the start."""
    count, first = len(items), 0 if after is None else after + 1
    for number in (*range(first, count), *range(min(first, count))):
        state = states[number]
        unfinished = state.status == REVIEWED and state.reviewed < state.count
        if number != after and (state.status == ANALYSED or unfinished or (state.status == EDITED_BY and state.stale)):
            return number
    return None


def waiting(items: Sequence[Item], states: Sequence[State]) -> list[Item]:
    """The studies that wait for an analysis."""
    return [item for item, state in zip(items, states, strict=True) if state.status == WAITING]


def _name(study: Study, folder: Path) -> str:
    path = plain(os.path.relpath(study.source, folder))
    series = study.options.get("series")
    return path if path != "." else (plain(series) if series else plain(folder.name))


def _code(study: Study, folder: Path) -> str:
    """Known again in another session and on another machine: by the study's files, their places and sizes."""
    digest = hashlib.sha256(str(study.options.get("series", "")).encode())
    for file in sorted(study.files):
        size = file.stat().st_size if file.exists() else 0
        digest.update(f"{Path(os.path.relpath(file, folder)).as_posix()}\0{size}\0".encode(errors="surrogateescape"))
    return digest.hexdigest()[:16]
