"""Temporary folders that never outlive their run for long: what a killed run left behind, the next one sweeps.

Whoever works in a folder holds a lock on a file in it. The system lets go of the lock when the process ends, however it ends, so
the lock says whether anybody works there: across containers and users, and without mistaking a number of a process for another's.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

from .cancelling import held

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

_OWNER = "owner"
_JUST_MADE_S = 60.0


class Scratch:
    """A temporary folder of this process; use it in a ``with`` block or ``close`` it. Make it while cancelling is ``held``.

    Attributes:
        path: the folder; it holds a file ``owner``, and whatever else is put there.
    """

    def __init__(self, parent: Path | None, prefix: str, mend: Callable[[Path], None] | None = None) -> None:
        """Make the folder, and sweep what killed runs left beside it.

        Args:
            parent: where to make it; None for the system's temporary folder.
            prefix: of its name; only folders of this prefix are swept.
            mend: as for ``sweep``.

        Raises:
            OSError: it cannot be made.
        """
        parent = Path(tempfile.gettempdir()) if parent is None else parent
        sweep(parent, prefix, mend)
        self.path = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
        try:
            self._owner: int | None = _own(self.path / _OWNER)
        except OSError:
            shutil.rmtree(self.path, ignore_errors=True)
            raise

    def close(self) -> None:
        """Remove the folder with everything in it; twice does no harm."""
        with held():
            self.leave()
            shutil.rmtree(self.path, ignore_errors=True)

    def leave(self) -> None:
        """Let the next run have the folder, to mend and remove it."""
        if self._owner is not None:
            os.close(self._owner)
            self._owner = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_) -> None:
        self.close()


def sweep(parent: Path, prefix: str, mend: Callable[[Path], None] | None = None) -> None:
    """Remove the folders of that prefix in which no living process works; what cannot be judged or removed stays.

    Args:
        mend: is given such a folder first, to put right what the killed run was at; where that fails, the folder stays.
    """
    with suppress(OSError):
        for entry in list(os.scandir(parent)):
            if entry.name.startswith(prefix) and entry.is_dir(follow_symlinks=False):
                with suppress(OSError):
                    _sweep_one(Path(entry.path), mend)


def _sweep_one(folder: Path, mend: Callable[[Path], None] | None) -> None:
    with _abandoned(folder) as is_abandoned:
        if not is_abandoned:
            return
        if mend is not None:
            mend(folder)
        shutil.rmtree(folder, ignore_errors=True)
    shutil.rmtree(folder, ignore_errors=True)  # Windows removes no file that is open, as the owner's was


def _own(file: Path) -> int:
    """Make the owner's file and lock it; give its open handle. It says so only once it is locked."""
    handle = os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL)
    with suppress(OSError):  # on a disk without locks nobody can judge, so nobody sweeps
        lock(handle, wait=True)
    os.write(handle, b"locked while a run works here\n")
    return handle


@contextmanager
def _abandoned(folder: Path) -> Iterator[bool]:
    """Whether nobody works in a folder; while inside, nobody else sweeps it."""
    file = folder / _OWNER
    if hasattr(os, "getuid") and folder.lstat().st_uid != os.getuid():
        yield False
    elif file.is_symlink() or not file.is_file():
        # Killed before it could say whose it is, or not ours: only an empty folder goes.
        yield time.time() - folder.lstat().st_mtime > _JUST_MADE_S and not any(folder.iterdir())
    else:
        handle = os.open(file, os.O_RDWR)
        try:
            lock(handle, wait=False)
            yield os.fstat(handle).st_size > 0 or time.time() - os.fstat(handle).st_mtime > _JUST_MADE_S
        finally:
            os.close(handle)


def lock(handle: int, wait: bool) -> None:
    """Lock an open file.

    Raises:
        OSError: another process has it, or the disk knows no locks.
    """
    if fcntl is not None:
        fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    else:
        import msvcrt

        msvcrt.locking(handle, msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)
