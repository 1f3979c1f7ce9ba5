"""What a reader has changed since an edit was last kept, slice by slice, so that a crash loses nothing.

``edits/READER/autosave/`` holds a file for each slice that was changed (``slice_00012.z``, its labels packed by zlib) and
``autosave.json``: on which label map it builds, which slices are reviewed, and how the reader judged the signs. Each file appears
whole or not at all, and every slice stands for itself. Once the edit is kept (``reader_edits.save_edit``) the folder goes.
"""

from __future__ import annotations

import json
import re
import shutil
import zlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

from ..errors import InputError
from ..language import _
from ..strict_json import read_json
from ..text.plain_text import plain
from .reader_edits import edit_of, make_reader_folder, reader_folder, reading_in
from .whole_file import write_whole

AUTOSAVE = "autosave"
SCHEMA = "lesion-reading-autosave/1"
_FACTS = "autosave.json"
_SLICE = re.compile(r"slice_(\d+)\.z")
_MOST_BYTES = 10_000_000
_FAST = 1  # zlib's level: a frame of 1024 x 1024 takes a few milliseconds


@dataclass(frozen=True, eq=False)
class Autosave:
    """What was changed and not kept.

    Attributes:
        saved: local time, text. slices: number, from 0 -> uint8 (rows, columns). reviewed: numbers of slices.
        reading, drawn: see ``reader_edits.Edit``.
    """

    saved: str
    slices: Mapping[int, np.ndarray]
    reviewed: frozenset[int]
    reading: Mapping[str, bool]
    drawn: str | None


def autosave(
    study: Path,
    reader: str,
    slices: Mapping[int, np.ndarray],
    *,
    shape: tuple[int, int, int],
    reviewed: Collection[int],
    reading: Mapping[str, bool] | None = None,
    drawn: str = "",
) -> None:
    """Keep some slices beside those of before, and which slices are reviewed and how the signs are judged now.

    Args:
        study: folder of the study's results, which is there. slices: number, from 0 -> uint8 (rows, columns), as they are now.
        shape: (slices, rows, columns) of the label map. The others: see ``reader_edits.Edit``.

    Raises:
        InputError: nothing can be written there; what was kept before is still there.
    """
    folder = reader_folder(study, reader) / AUTOSAVE
    saved = datetime.now().isoformat(timespec="seconds")
    facts = {"schema": SCHEMA, "saved": saved, "base": _base(study, reader), "size": list(shape), "reviewed": sorted(reviewed)}
    facts |= {"reading": dict(reading or {}), "drawn": drawn}
    try:
        make_reader_folder(study, reader)
        for number, labels in slices.items():
            packed = zlib.compress(np.ascontiguousarray(labels, np.uint8).tobytes(), _FAST)
            write_whole(folder / f"slice_{number:05d}.z", packed)
        write_whole(folder / _FACTS, json.dumps(facts).encode())
    except OSError as error:
        sentence = _(
            "The last strokes could not be kept ({reason}); they are in the scene and tried again, mend the disk meanwhile."
        )
        raise InputError(sentence.format(reason=error.strerror)) from error


def autosave_of(study: Path, reader: str, shape: tuple[int, int, int]) -> Autosave | None:
    """What a crash has left of a reader's edit; None where there is nothing, or it builds on another label map."""
    folder = reader_folder(study, reader) / AUTOSAVE
    try:
        record = read_json(folder / _FACTS, _MOST_BYTES)
        if record["base"] != _base(study, reader) or tuple(record["size"]) != shape:
            return None
        reviewed, saved = frozenset(map(int, record["reviewed"])), plain(record["saved"])
        reading, drawn = reading_in(record), plain(record["drawn"]) if "drawn" in record else None
        numbers = {int(match[1]): file for file in folder.iterdir() if (match := _SLICE.fullmatch(file.name))}
    except (OSError, ValueError, KeyError, TypeError):
        return None
    slices = {number: _slice(file, shape[1:]) for number, file in sorted(numbers.items()) if number < shape[0]}
    whole = {number: labels for number, labels in slices.items() if labels is not None}
    return Autosave(saved, whole, reviewed, reading, drawn)


def drop_autosave(study: Path, reader: str) -> None:
    """Forget what was changed: it is kept, or not wanted."""
    shutil.rmtree(reader_folder(study, reader) / AUTOSAVE, ignore_errors=True)


def _base(study: Path, reader: str) -> str:
    """The label map that the changes build on: the reader's own edit, or else what the model drew."""
    edit = edit_of(study, reader)
    return edit.labels.name if edit is not None else ""


def _slice(file: Path, shape: tuple[int, int]) -> np.ndarray | None:
    """The labels of a file; None where it is damaged."""
    unpacking = zlib.decompressobj()
    size = shape[0] * shape[1]
    try:
        content = unpacking.decompress(file.read_bytes(), size)
    except (OSError, zlib.error):
        return None
    return np.frombuffer(content, np.uint8).reshape(shape) if len(content) == size else None
