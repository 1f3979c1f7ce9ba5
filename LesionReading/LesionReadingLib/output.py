"""An output folder that is either complete or absent: written beside, then renamed."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .errors import InputError


@contextmanager
def finished_folder(target: Path, needed_bytes: int) -> Iterator[Path]:
    """Give a scratch folder beside ``target``; on success its files are moved into ``target``, otherwise nothing stays.

    Files of an earlier run that this run writes again are replaced; other files in ``target`` are left alone.

    Args:
        target: the folder that the person asked for; made if it is not there.
        needed_bytes: about how much will be written, so that a full disk is told before the work and not after it.

    Raises:
        InputError: the folder cannot be made or written, is a file, or the disk is too full.
    """
    parent = _existing_parent(target)
    if target.exists() and not target.is_dir():
        raise InputError(f"The output {target} is a file, not a folder; name another folder.")
    if not os.access(target if target.exists() else parent, os.W_OK):
        raise InputError(f"The output folder {target} cannot be written; name another folder.")
    free = shutil.disk_usage(parent).free
    if free < needed_bytes:
        raise InputError(
            f"The disk of {target} has {free / 1e6:.0f} MB free but about {needed_bytes / 1e6:.0f} MB are needed; "
            "free some space or name a folder on another disk."
        )
    try:
        scratch = Path(tempfile.mkdtemp(prefix=".lesionreading-", dir=parent))
    except OSError as error:
        raise InputError(f"The output folder {target} cannot be written ({error.strerror}); name another folder.") from error
    try:
        yield scratch
        target.mkdir(parents=True, exist_ok=True)
        for made in scratch.iterdir():
            _move(made, target / made.name)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise InputError(f"The disk of {target} is full; free some space or name a folder on another disk.") from error
        raise
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _move(made: Path, target: Path) -> None:
    if made.is_dir() and target.is_dir():
        for inner in made.iterdir():
            _move(inner, target / inner.name)
    else:
        os.replace(made, target)


def _existing_parent(target: Path) -> Path:
    parent = target.absolute().parent
    while not parent.exists():
        parent = parent.parent
    return parent
