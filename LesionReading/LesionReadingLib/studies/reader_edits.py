"""What readers made of a study: each reader's labels in a folder of their own, beside what the model drew, which stays.

``edits/READER/edit.json`` names the file with the labels, so both change at once: labels are written under a new name first. What a
program in another place wrote under the same reader's name is left where it is.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ..errors import InputError
from ..language import _
from ..strict_json import read_json
from ..text.plain_text import plain
from .whole_file import write_whole

EDITS, EDIT = "edits", "edit.json"
SCHEMA = "lesion-reading-edit/1"
_MOST_BYTES = 10_000_000


@dataclass(frozen=True)
class Edit:
    """What a reader left of a study.

    Attributes:
        reader: the name as it was chosen. saved: local time, text. model: that drew the labels first; empty by hand.
        labels: file with the label map. reviewed: numbers of slices or frames, from 0, of ``count``.
        changed: numbers of those in which labels differ from what the model drew. exported: whether the study was exported.
    """

    reader: str
    saved: str
    model: str
    labels: Path
    reviewed: frozenset[int]
    count: int
    changed: frozenset[int]
    exported: bool


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
) -> Edit:
    """Keep what a reader made of a study; what the same program kept before goes once the new is whole.

    Args:
        study: folder of the study's results. write_labels(file): writes the label map, ``.seg.nrrd``. The others: see ``Edit``.

    Raises:
        InputError: nothing can be written there; what was kept before is still there.
    """
    folder = reader_folder(study, reader)
    labels = folder / f"labels_{secrets.token_hex(6)}.seg.nrrd"
    before = _named(folder)
    content = {
        **{"schema": SCHEMA, "reader": plain(reader), "saved": datetime.now().isoformat(timespec="seconds"), "model": model},
        **{"labels": labels.name, "reviewed": sorted(reviewed), "count": count, "changed": sorted(changed), "exported": exported},
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
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


def edit_of(study: Path, reader: str) -> Edit | None:
    """What a reader left of a study; None where there is nothing, or it is damaged."""
    return _read(reader_folder(study, reader))


def edits_of(study: Path) -> Iterator[Edit]:
    """What all readers left of a study, by name."""
    for folder in sorted((study / EDITS).glob("*")):
        found = _read(folder)
        if found is not None:
            yield found


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
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _named(folder: Path) -> Path | None:
    found = _read(folder)
    return found.labels if found is not None else None
