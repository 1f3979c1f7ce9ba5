"""Files of data folders and trainings, read: what is missing, was changed or is damaged is told in a sentence."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from LesionReadingLib.errors import InputError, is_out_of_memory
from LesionReadingLib.reading.images import MOST_PIXELS

_MOST_BYTES = 200_000_000  # of a text


@contextmanager
def reading(file: Path) -> Iterator[None]:
    """While inside, whatever goes wrong is the file's fault: libraries raise every kind of error on files that are not theirs.

    Raises:
        InputError: something went wrong.
    """
    if file.exists() and not file.is_file():  # a device or a pipe would never end
        raise InputError(f"{file} is no plain file; name another, or make it again.")
    try:
        yield
    except InputError:
        raise
    except Exception as error:
        if is_out_of_memory(error):
            raise
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "it was changed, damaged, or made by others"
        raise InputError(f"{file} cannot be read ({reason}); make it again, or take it away.") from error


def read_picture(file: Path, mode: str | None = None) -> np.ndarray:
    """The pixels of a picture (rows, columns), or (rows, columns, channels).

    Args:
        mode: of Pillow, into which it is turned; None for its own.

    Raises:
        InputError: there is none, or it is far larger than any frame or slice.
    """
    from PIL import Image

    with reading(file), Image.open(file) as picture:
        if picture.width * picture.height > MOST_PIXELS:
            raise ValueError("too large")
        return np.array(picture.convert(mode) if mode else picture)


def read_figures(file: Path, name: str) -> dict[str, Any]:
    """The figures that an evaluation wrote.

    Args:
        name: of one that those of this kind hold.

    Raises:
        InputError: the file is none, or holds other figures.
    """
    figures = read_json(file)
    if not isinstance(figures, dict) or name not in figures:
        raise InputError(f"{file} does not hold the figures that are wanted here; name the file that this evaluation wrote.")
    return figures


@contextmanager
def figures_from(*files: Path) -> Iterator[None]:
    """While inside, a figure that is missing, or is no such figure, is the files' fault: an earlier version did not write it.

    Raises:
        InputError: there was one.
    """
    try:
        yield
    except (LookupError, TypeError, AttributeError) as error:
        named = ", ".join(map(str, files))
        raise InputError(
            f"Not all figures that are wanted here are in {named}; evaluate again, and name what is written."
        ) from error


def read_text(file: Path) -> str:
    """A text in UTF-8.

    Raises:
        InputError: there is none, or it is far larger than any of ours.
    """
    with reading(file):
        if file.stat().st_size > _MOST_BYTES:
            raise ValueError("too large")
        return file.read_text(encoding="utf-8-sig")


def read_json(file: Path) -> Any:
    """The content of a JSON file.

    Raises:
        InputError: there is none.
    """
    text = read_text(file)
    with reading(file):
        return json.loads(text)


def read_rows(file: Path, delimiters: str = ",") -> tuple[list[str], list[dict[str, str]]]:
    """The columns of a CSV file and its rows, empty text where a row lacks a column; what it has too many is left out.

    Args:
        delimiters: one, or several of which the first line tells.

    Raises:
        InputError: there is none.
    """
    text = read_text(file)
    with reading(file):
        lines = text.splitlines(keepends=True)
        first = lines[0] if lines else ""
        delimiter = max(delimiters, key=first.count)
        reader = csv.DictReader(lines, delimiter=delimiter)
        rows = [{name: value or "" for name, value in row.items() if name is not None} for row in reader]
        return list(reader.fieldnames or ()), rows
