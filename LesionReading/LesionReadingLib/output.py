"""An output folder that is either complete or as it was: written on its own disk, then moved into place, all or nothing."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

from .cancelling import check, held, too_late
from .errors import InputError
from .scratch import Scratch, sweep

SCRATCH_PREFIX = ".lesionreading-"
IN_EVERY_RESULT = ("report.html", "measurements.json", "segmentation.seg.nrrd")
"""Files of every result: a folder of such a name is told before the work, not after it."""

_FULL = (errno.ENOSPC, errno.EDQUOT)
_NEXT_TO_NOTHING_BYTES = 1_000_000
_LONGEST_NAME = 80


@contextmanager
def finished_folder(target: Path, needed_bytes: int) -> Iterator[Path]:
    """Give a scratch folder; on success its files are moved into ``target``, otherwise nothing stays.

    The scratch lies in ``target`` where that exists (a mounted volume, a folder whose parent is not ours), else in the nearest
    folder above, so that it is on the same disk. Files of an earlier run that this run writes again are replaced; other files in
    ``target`` are left alone. Scratch of runs that were killed there is swept.

    Args:
        target: the folder that the person asked for; made if it is not there.
        needed_bytes: about how much will be written, so that a full disk is told before the work and not after it.

    Raises:
        InputError: the folder cannot be made or written, is a file, or the disk is too full.
    """
    with _refused(target):
        place = _place(target)
        _check_space(target, place, needed_bytes)
    scratch = None
    try:
        with held(), _refused(target):
            scratch = Scratch(place, SCRATCH_PREFIX)
            made, replaced = scratch.path / "made", scratch.path / "replaced"
            made.mkdir()
            replaced.mkdir()
        try:
            yield made
        except Exception as error:
            _explain(error, target, scratch.path)
            raise
        check()
        with held(), _refused(target):
            _settle(made, target, replaced)
            too_late()
    finally:
        if scratch is not None:
            scratch.close()


def _place(target: Path) -> Path:
    """The folder to write in until the results are whole: the target itself, or the nearest one above it that is there."""
    for place in (target, *target.absolute().parents):
        if place.is_dir():
            break
        if place.is_symlink():
            raise InputError(f"The output {target} leads over a link to nothing ({place.name}); name another folder.", "output")
        if os.path.lexists(place):
            what = "is a file, not a folder" if place == target else f"lies below a file ({place.name})"
            raise InputError(f"The output {target} {what}; name another folder.", "output")
    if place == target:
        for name in IN_EVERY_RESULT:
            if (target / name).is_dir():
                raise _is_a_folder(target / name)
        sweep(target.absolute().parent, SCRATCH_PREFIX)  # of a run that was killed before the target was there
    return place


def _check_space(target: Path, place: Path, needed_bytes: int) -> None:
    free = shutil.disk_usage(place).free
    if free < needed_bytes:
        raise InputError(
            f"The disk of {target} has {free / 1e6:.0f} MB free but about {needed_bytes / 1e6:.0f} MB are needed; "
            "free some space or name a folder on another disk.",
            "output",
        )


@contextmanager
def _refused(target: Path) -> Iterator[None]:
    """What the system says of an output folder, in one sentence."""
    try:
        yield
    except OSError as error:
        _explain(error, target, None)
        name = Path(error.filename2 or error.filename or "").name
        where = f" at {name}" if name and len(name) < _LONGEST_NAME and not name.startswith(SCRATCH_PREFIX) else ""
        reason = f"{error.strerror or error}{where}"
        raise InputError(f"The output folder {target} cannot be written ({reason}); name another folder.", "output") from error


def _explain(error: Exception, target: Path, scratch: Path | None) -> None:
    """Raise the sentence for an error that the output's disk explains; libraries tell a full disk in many ways, or not at all."""
    if isinstance(error, InputError):
        return
    is_full = isinstance(error, OSError) and error.errno in _FULL
    if scratch is not None:
        with suppress(OSError):
            is_full |= shutil.disk_usage(scratch).free < _NEXT_TO_NOTHING_BYTES
    if is_full:
        raise InputError(f"The disk of {target} is full; free some space or name a folder on another disk.", "output") from error
    if scratch is not None and isinstance(error, OSError) and str(error.filename or "").startswith(str(scratch)):
        raise InputError(
            f"The output folder {target} can no longer be written ({error.strerror}); name another folder.", "output"
        ) from error


def _settle(made: Path, target: Path, replaced: Path) -> None:
    """Move everything from ``made`` into ``target``, or nothing; what it replaces goes to ``replaced`` first."""
    undo: list[Callable[[], None]] = []
    try:
        for folder in reversed([folder for folder in target.absolute().parents if not folder.exists()]):
            folder.mkdir()
            undo.append(folder.rmdir)
        if not os.path.lexists(target):
            with suppress(OSError):  # some disks rename files only
                os.rename(made, target)
                return
            target.mkdir()
            undo.append(target.rmdir)
        for number, source in enumerate(sorted(made.rglob("*"))):
            _settle_one(source, target / source.relative_to(made), replaced / str(number), undo)
    except BaseException:
        for step in reversed(undo):
            with suppress(OSError):
                step()
        raise


def _settle_one(source: Path, destination: Path, replaced: Path, undo: list[Callable[[], None]]) -> None:
    if source.is_dir():
        if not destination.is_dir():
            destination.mkdir()
            undo.append(destination.rmdir)
        return
    if destination.is_dir():
        raise _is_a_folder(destination)
    if os.path.lexists(destination):
        _move(destination, replaced)
        undo.append(partial(_move, replaced, destination))
    _move(source, destination)
    undo.append(destination.unlink)


def _move(source: Path, destination: Path) -> None:
    """Move a file in one go; onto another disk by a copy beside its place, and never half of it."""
    try:
        os.replace(source, destination)
        return
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
    with Scratch(destination.parent, SCRATCH_PREFIX) as beside:
        copy = shutil.copy2(source, beside.path / "copy", follow_symlinks=False)
        os.rename(copy, destination)
    source.unlink()


def _is_a_folder(destination: Path) -> InputError:
    return InputError(
        f"The output folder {destination.parent} holds a folder named {destination.name}, where a file of that name is to be "
        "written; remove it or name another output folder.",
        "output",
    )
