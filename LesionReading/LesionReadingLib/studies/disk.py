"""The disk of a worklist, known again: where a share went away its mount point is left, and an old list may lie in it."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ..strict_json import read_json
from .whole_file import write_whole

DISK = "disk.json"
_MOST_BYTES = 10_000


@dataclass(frozen=True)
class Disk:
    """A disk as it was when the studies on it were listed.

    Attributes:
        beside: folder of all that is kept beside the studies; it may not be there yet.
        device: the system's number of what is mounted there; a share that comes back may get another one.
        token: by which it is known again then, written with the first thing that is kept.
    """

    beside: Path
    device: int | None
    token: str

    @classmethod
    def at(cls, beside: Path) -> Disk:
        """The disk that is there now."""
        return cls(beside, _device(beside), _token(beside) or secrets.token_hex(8))

    @property
    def is_there(self) -> bool:
        """Whether it is this disk that lies there, not what lay below it, nor none."""
        now = _device(self.beside)
        return now is not None and (now == self.device or _token(self.beside) == self.token)

    def mark(self) -> None:
        """Write the token, where there is none.

        Raises:
            OSError: the disk cannot be written.
        """
        if not os.path.exists(self.beside / DISK):
            write_whole(self.beside / DISK, f'{{"token": "{self.token}"}}'.encode())


def _device(beside: Path) -> int | None:
    """That of the folder, or of the one in which it will be made; None where neither is there."""
    for folder in (beside, beside.parent):
        with suppress(OSError):
            return os.stat(folder).st_dev
    return None


def _token(beside: Path) -> str | None:
    try:
        return str(read_json(beside / DISK, _MOST_BYTES)["token"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
