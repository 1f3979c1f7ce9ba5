"""The record of a batch: its studies, and what is known of each, kept in ``batch.json`` beside their folders.

Studies are told from each other by a code that says nothing to anyone else: a digest of their files' names and sizes with a random
salt.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...errors import InputError
from ...language import N_, _
from ...strict_json import read_json
from ...text.identity import identity_is_shown

STATE, TABLE, PAGE = "batch.json", "studies.csv", "index.html"
SCHEMA = "lesion-reading-batch/1"
MOST_STATE_BYTES = 100_000_000
MOST_TRIES = 2
"""A study in whose middle the program ended twice is left out: most likely it ends the program."""
DONE, FAILED, WAITING = N_("done"), N_("failed"), N_("waiting")


@dataclass(frozen=True)
class Study:
    """What one analysis takes.

    Attributes:
        source: file or folder that the single command takes.
        files: all that belong to it.
        options: what else its analysis takes, as keyword arguments.
        problem: why it cannot be analysed, where that is known already.
    """

    source: Path
    files: tuple[Path, ...]
    options: Mapping[str, Any] = field(default_factory=dict)
    problem: str = ""


def opened(output: Path, settings: str) -> dict:
    """What is known of an output folder's batch; a new one where there is none.

    Raises:
        InputError: the folder cannot be used, or holds a damaged batch or one with other settings.
    """
    try:
        output.mkdir(parents=True, exist_ok=True)
        is_begun = (output / STATE).exists()
    except OSError as error:
        raise InputError(
            _("The output folder {output} cannot be used ({strerror}); name another folder.").format(
                output=output, strerror=error.strerror
            ),
            "output",
        ) from error
    asked = hashlib.sha256(settings.encode()).hexdigest()  # options name files, and those may name patients
    if not is_begun:
        return {"schema": SCHEMA, "salt": secrets.token_hex(16), "settings": asked, "studies": {}}
    try:
        state = read_json(output / STATE, MOST_STATE_BYTES)
        fits = state["schema"] == SCHEMA and isinstance(state["salt"], str) and "settings" in state
        fits = fits and all(_is_record(record) for record in state["studies"].values())
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        fits = False
    if not fits:
        raise InputError(
            _("{state} in the output folder {output} is damaged; name another folder.").format(state=STATE, output=output), "output"
        )
    if state["settings"] != asked:
        raise InputError(
            _("The output folder {output} holds a batch with other options; give the same options, or name another folder.").format(
                output=output
            ),
            "output",
        )
    return state


def _is_record(record: Any) -> bool:
    """Whether that is what is known of a study, with a folder below the output."""
    number = record["number"]
    counts = all(isinstance(value, int) and value >= 0 for value in (number, record["tries"]))
    texts = [record["study"], record.get("source", ""), record.get("code", ""), record.get("message", "")]
    has_ended = {"code", "message", "seconds"} <= record.keys() and isinstance(record["seconds"], int | float)
    is_sound = counts and record["folder"] == _folder(number) and all(isinstance(text, str) for text in texts)
    return is_sound and (record["status"] == WAITING or (record["status"] in (DONE, FAILED) and has_ended))


def _folder(number: int) -> str:
    return f"{number:03d}"


def recorded(state: dict, studies: Sequence[Study], folder: Path, again: bool) -> list[tuple[dict, Study]]:
    """Every study with what is known of it, in the order of their numbers, which a study keeps for good."""
    known, found = state["studies"], []
    for study in studies:
        code = _code(study, folder, state["salt"])
        number = max((record["number"] for record in known.values()), default=0) + 1
        new = {"study": code, "number": number, "folder": _folder(number), "status": WAITING, "tries": 0}
        record = known.setdefault(code, new)
        record.pop("source", None)
        if identity_is_shown():
            record["source"] = os.path.relpath(study.source, folder)
        if again and record["status"] == FAILED:
            record.update(status=WAITING, tries=0)
        if record["status"] == WAITING and record["tries"] >= MOST_TRIES:
            record.update(
                status=FAILED, code="ended", message=_("The program ended in the middle of this study, twice."), seconds=0.0
            )
        found.append((record, study))
    return sorted(found, key=lambda pair: pair[0]["number"])


def _code(study: Study, folder: Path, salt: str) -> str:
    digest = hashlib.sha256(salt.encode())
    for file in sorted(study.files):
        digest.update(f"{os.path.relpath(file, folder)}\0{file.stat().st_size}\0".encode(errors="surrogateescape"))
    digest.update(str(study.options.get("series", "")).encode())
    return digest.hexdigest()[:10]


def save(path: Path, text: str) -> None:
    """Write a text so that the file is whole at any moment.

    Raises:
        InputError: it cannot be written.
    """
    beside = path.with_name(f".{path.name}.part")
    try:
        beside.write_text(text, encoding="utf-8", newline="")
        os.replace(beside, path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        reason = _("{file} cannot be written ({strerror}); free some space or name another folder.").format(
            file=path.name, strerror=error.strerror
        )
        raise InputError(reason, "output") from error
