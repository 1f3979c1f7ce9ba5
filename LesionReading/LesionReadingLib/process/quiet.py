"""What libraries write to standard error (ITK, OpenMP, warnings) kept away from the one line that is told there."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

STANDARD_ERROR = 2
_MOST_BYTES = 4000


@contextmanager
def hushed() -> Iterator[None]:
    """While inside, standard error goes to a nameless file; an exception carries its last lines along as a note.

    The file descriptor itself is turned round, because libraries in C write there without asking Python.
    """
    try:
        before = os.dup(STANDARD_ERROR)
    except OSError:  # there is none, as under pythonw
        yield
        return
    with _nameless_file() as kept:
        _flush()
        os.dup2(kept.fileno(), STANDARD_ERROR)
        try:
            yield
        except Exception as error:
            _flush()
            if chatter := _tail(kept):
                error.add_note(f"Libraries said on standard error:\n{chatter}")
            raise
        finally:
            _flush()
            os.dup2(before, STANDARD_ERROR)
            os.close(before)


def _nameless_file() -> BinaryIO:
    try:
        return tempfile.TemporaryFile()
    except OSError:  # no temporary folder, or a full disk
        return open(os.devnull, "r+b")


def _tail(kept: BinaryIO) -> str:
    end = os.lseek(kept.fileno(), 0, os.SEEK_END)
    os.lseek(kept.fileno(), max(0, end - _MOST_BYTES), os.SEEK_SET)
    return os.read(kept.fileno(), _MOST_BYTES).decode("utf-8", errors="replace").strip()


def _flush() -> None:
    if sys.stderr is not None:
        sys.stderr.flush()
