"""What readers made of a study: each reader's labels in a folder of their own, beside what the model drew, which stays.

``edits/READER/edit.json`` names the file with the labels, so both change at once: labels are written under a new name first. What a
program in another place wrote under the same reader's name is left where it is. ``earlier_edits/`` holds what a reader did not want
any more once a model had drawn the study anew.
"""

from __future__ import annotations

import json
import os
import re
import secrets
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ..errors import InputError
from ..language import _
from ..strict_json import read_json
from ..text.plain_text import plain
from .whole_file import write_whole

EDITS, EARLIER, EDIT = "edits", "earlier_edits", "edit.json"
SCHEMA = "lesion-reading-edit/1"
_MOST_BYTES = 10_000_000


@dataclass(frozen=True)
class Edit:
    """What a reader left of a study.

    Attributes:
        reader: the name as it was chosen. saved: local time, text. model: that drew the labels first; empty by hand.
        labels: file with the label map. reviewed: numbers of slices or frames, from 0, of ``count``.
        changed: numbers of those in which labels differ from what the model drew. exported: whether the study was exported.
        reading: sign -> whether the reader sees it; a sign that was not judged is left out.
        drawn: what of a model's lay beneath (``worklist.map_of``); None in an edit that does not tell.
    """

    reader: str
    saved: str
    model: str
    labels: Path
    reviewed: frozenset[int]
    count: int
    changed: frozenset[int]
    exported: bool
    reading: Mapping[str, bool]
    drawn: str | None


def save_edit(
    study: Path,
    reader: str,
    write_labels: Callable[[Path], None],
    *,
    model: str,
    reviewed: Collection[int],
    count: int,
    changed: Collection[int],
    exported: bool,
    reading: Mapping[str, bool] | None = None,
    drawn: str = "",
) -> Edit:
    """Keep what a reader made of a study; what the same program kept before goes once the new is whole.

    Args:
        study: folder of the study's results, which is there. write_labels(file): writes the label map, ``.seg.nrrd``.
        The others: see ``Edit``.

    Raises:
        InputError: nothing can be written there; what was kept before is still there.
    """
    folder = reader_folder(study, reader)
    labels = folder / f"labels_{secrets.token_hex(6)}.seg.nrrd"
    before = _named(folder)
    content = {
        **{"schema": SCHEMA, "reader": plain(reader), "saved": datetime.now().isoformat(timespec="seconds"), "model": model},
        **{"labels": labels.name, "reviewed": sorted(reviewed), "count": count, "changed": sorted(changed), "exported": exported},
        **{"reading": dict(reading or {}), "drawn": drawn},
    }
    try:
        make_reader_folder(study, reader)
        write_labels(labels)
        write_whole(folder / EDIT, json.dumps(content, indent=1).encode())
    except (OSError, InputError) as error:
        labels.unlink(missing_ok=True)
        reason = error.strerror if isinstance(error, OSError) else str(error)
        message = _("The edit could not be saved ({reason}) and is still in the scene; mend the disk, then save again.")
        raise InputError(message.format(reason=reason)) from error
    if before is not None:
        before.unlink(missing_ok=True)
    return _read(folder)


def reader_folder(study: Path, reader: str) -> Path:
    """Where all of a reader's lies; its name is made of letters and digits of the reader's, whatever the language."""
    return study / EDITS / (re.sub(r"[^\w-]+", "_", plain(reader)).strip("_")[:60] or "reader")


def make_reader_folder(study: Path, reader: str) -> Path:
    """``reader_folder``, made where it is missing.

    Raises:
        OSError: it cannot be made, or the study's own folder is not there: its disk may be gone.
    """
    folder = reader_folder(study, reader)
    folder.parent.mkdir(exist_ok=True)
    folder.mkdir(exist_ok=True)
    return folder


def edit_of(study: Path, reader: str) -> Edit | None:
    """What a reader left of a study; None where there is nothing, or it is damaged."""
    return _read(reader_folder(study, reader))


def has_damaged_edit(study: Path, reader: str) -> bool:
    """Whether a reader left something of a study that cannot be read."""
    folder = reader_folder(study, reader)
    return os.path.exists(folder / EDIT) and _read(folder) is None


def edits_of(study: Path) -> Iterator[Edit]:
    """What all readers left of a study, by name."""
    for folder in sorted((study / EDITS).glob("*")):
        found = _read(folder)
        if found is not None:
            yield found


def reading_in(stored: Mapping) -> dict[str, bool]:
    """The reader's judgement of signs in what was stored; a sign with another value than yes or no was not judged."""
    kept = stored.get("reading")
    return {sign: seen for sign, seen in kept.items() if isinstance(seen, bool)} if isinstance(kept, dict) else {}


def set_aside(study: Path, reader: str) -> Path | None:
    """Lay what a reader left of a study aside, where it stays and is not opened any more; gives its folder, None without any.

    Raises:
        InputError: nothing can be written there; what was left is still where it was.
    """
    folder = reader_folder(study, reader)
    if not folder.exists():
        return None
    aside = study / EARLIER / f"{folder.name}_{datetime.now():%Y%m%d_%H%M%S}_{secrets.token_hex(2)}"
    try:
        aside.parent.mkdir(exist_ok=True)
        folder.rename(aside)
    except OSError as error:
        message = _("The earlier edit could not be laid aside ({reason}); mend the disk, then open the study again.")
        raise InputError(message.format(reason=error.strerror)) from error
    return aside


def _read(folder: Path) -> Edit | None:
    try:
        stored = read_json(folder / EDIT, _MOST_BYTES)
        labels = folder / Path(str(stored["labels"])).name
        return Edit(
            plain(stored["reader"]),
            plain(stored["saved"]),
            plain(stored["model"]),
            labels,
            frozenset(map(int, stored["reviewed"])),
            int(stored["count"]),
            frozenset(map(int, stored["changed"])),
            bool(stored["exported"]),
            reading_in(stored),
            plain(stored["drawn"]) if "drawn" in stored else None,
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _named(folder: Path) -> Path | None:
    found = _read(folder)
    return found.labels if found is not None else None
