"""Files that appear complete or not at all: a command that is stopped, or whose disk is full, leaves what was there before."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from LesionReadingLib.errors import InputError


def write_whole(path: Path, write: Callable[[BinaryIO], None]) -> None:
    """Let ``write`` fill a file that appears at ``path`` only when it is complete.

    Raises:
        InputError: the disk takes no more; the file before it is as it was.
        OSError: there cannot be such a file.
    """
    part = path.with_name(f"{path.name}.part")
    try:
        with open(part, "wb") as file:
            write(file)
        os.replace(part, path)
    except OSError as error:
        with suppress(OSError):
            part.unlink()
        if error.filename:  # the place, not its space
            raise OSError(error.errno, error.strerror, str(path)) from error
        reason = error.strerror or error
        raise InputError(f"{path} could not be written ({reason}); make room, then start again.") from error


def write_text(path: Path, text: str) -> None:
    """Write a text in UTF-8, see ``write_whole``."""
    write_whole(path, lambda file: file.write(text.encode()))


def write_json(path: Path, value: Any) -> None:
    """Write a value as JSON, see ``write_whole``; a figure that is no number, as nobody could tell it, becomes null."""
    write_text(path, json.dumps(_told(value), indent=1, allow_nan=False))


def _told(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _told(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_told(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
