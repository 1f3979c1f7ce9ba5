"""An output folder that is either complete or as it was: written on its own disk, then moved into place, all or nothing.

Moving many files takes a moment in which a run can be killed. What it was about to do stands in a journal in its scratch folder, so
that the next run that looks there puts everything back; and until then no file of the old results lies beside one of the new.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from .errors import InputError
from .language import _
from .process.cancelling import check, held, too_late
from .process.scratch import Scratch, lock, sweep

SCRATCH_PREFIX = ".lesionreading-"
IN_EVERY_RESULT = ("report.html", "measurements.json", "segmentation.seg.nrrd")
"""Files of every result: a folder of such a name is told before the work, not after it."""

OF_SOME_RESULTS = ("segmentation.dcm", "calcium_surface.vtp")
"""Files of some results: one that lay beside a new result without being of it would be taken for the same patient's."""

_JOURNAL, _MADE, _REPLACED = "settling.json", "made", "replaced"
_FULL = (errno.ENOSPC, errno.EDQUOT)
_FAILING = (errno.EFBIG, errno.EROFS, errno.EIO, errno.ESTALE, errno.ENODEV, errno.ENXIO)
_NEXT_TO_NOTHING_BYTES = 1_000_000
_LONGEST_NAME = 80


@contextmanager
def finished_folder(target: Path, needed_bytes: int) -> Iterator[Path]:
    """Give a scratch folder; on success its files are moved into ``target``, otherwise nothing stays.

    The scratch lies in ``target`` where that exists (a mounted volume, a folder whose parent is not ours), else in the nearest
    folder above, so that it is on the same disk. Files of an earlier run that this run writes again are replaced, those
    ``OF_SOME_RESULTS`` go with the result that they belong to, and other files in ``target`` are left alone. What runs that were
    killed there left is put right and swept.

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
            scratch = Scratch(place, SCRATCH_PREFIX, _put_back)
            made = scratch.path / _MADE
            made.mkdir()
            (scratch.path / _REPLACED).mkdir()
        try:
            yield made
        except Exception as error:
            _explain(error, target, scratch.path)
            raise
        check()
        with held(), _refused(target):
            _settle(scratch.path, target)
            too_late()
    finally:
        if scratch is not None and (scratch.path / _JOURNAL).exists():
            scratch.leave()  # what was replaced is still in it
        elif scratch is not None:
            scratch.close()


def _place(target: Path) -> Path:
    """The folder to write in until the results are whole: the target itself, or the nearest one above it that is there."""
    for place in (target, *target.absolute().parents):
        if place.is_dir():
            break
        if place.is_symlink():
            raise InputError(
                _("The output {target} leads over a link to nothing ({name}); name another folder.").format(
                    target=target, name=place.name
                ),
                "output",
            )
        if os.path.lexists(place):
            what = _("is a file, not a folder") if place == target else _("lies below a file ({name})").format(name=place.name)
            raise InputError(_("The output {target} {what}; name another folder.").format(target=target, what=what), "output")
    if place == target:
        for name in IN_EVERY_RESULT:
            if (target / name).is_dir():
                raise _is_a_folder(target / name)
        mended(target.absolute().parent)  # of a run that was killed before the target was there
    return place


def _check_space(target: Path, place: Path, needed_bytes: int) -> None:
    free = shutil.disk_usage(place).free
    if free < needed_bytes:
        raise InputError(
            _(
                "The disk of {target} has {value:.0f} MB free but about {value_2:.0f} MB are needed; free some "
                "space or name a folder on another disk."
            ).format(target=target, value=free / 1000000.0, value_2=needed_bytes / 1000000.0),
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
        raise InputError(
            _("The output folder {target} cannot be written ({reason}); name another folder.").format(target=target, reason=reason),
            "output",
        ) from error


def _explain(error: Exception, target: Path, scratch: Path | None) -> None:
    """Raise the sentence for an error that the output's disk explains; libraries tell a full disk in many ways, or not at all."""
    if isinstance(error, InputError):
        return
    is_full = isinstance(error, OSError) and error.errno in _FULL
    if scratch is not None:
        with suppress(OSError):
            is_full |= shutil.disk_usage(scratch).free < _NEXT_TO_NOTHING_BYTES
    if is_full:
        raise InputError(
            _("The disk of {target} is full; free some space or name a folder on another disk.").format(target=target), "output"
        ) from error
    is_ours = isinstance(error, OSError) and (error.errno in _FAILING or str(error.filename or "").startswith(str(scratch)))
    if scratch is not None and is_ours:
        raise InputError(
            _("The output folder {target} can no longer be written ({strerror}); name another folder.").format(
                target=target, strerror=error.strerror
            ),
            "output",
        ) from error


def mended(folder: Path) -> None:
    """Put a result folder right in which a run was killed while it moved its files there."""
    sweep(folder, SCRATCH_PREFIX, _put_back)


def _settle(scratch: Path, target: Path) -> None:
    """Move everything that was made into ``target``, or nothing; first what it replaces goes out of the way."""
    made, new = scratch / _MADE, []
    try:
        for folder in reversed([folder for folder in target.absolute().parents if not folder.exists()]):
            with suppress(FileExistsError):  # by another run, meanwhile
                folder.mkdir()
                new.append(folder)
        if not os.path.lexists(target):
            with suppress(OSError):  # some disks rename files only
                os.rename(made, target)
                return
            with suppress(FileExistsError):
                target.mkdir()
                new.append(target)
        with _alone(target):
            _settle_files(scratch, target)
    except BaseException:
        for folder in reversed(new):
            with suppress(OSError):
                folder.rmdir()
        raise


def _settle_files(scratch: Path, target: Path) -> None:
    made = scratch / _MADE
    names = [path.relative_to(made) for path in sorted(made.rglob("*"))]
    folders, files = ([name for name in names if (made / name).is_dir() == wanted] for wanted in (True, False))
    for name in files:
        if (target / name).is_dir():
            raise _is_a_folder(target / name)
    gone = _of_the_old_result(target, files) if Path(IN_EVERY_RESULT[0]) in files else []
    journal = {
        "target": os.path.relpath(target.absolute(), scratch.parent.absolute()),
        "folders": [str(name) for name in folders if not (target / name).is_dir()],
        "files": [[str(name), os.path.lexists(target / name)] for name in [*files, *gone]],
    }
    _write_journal(scratch, journal)
    try:
        for name in journal["folders"]:
            (target / name).mkdir()
        replaced = [(number, name) for number, (name, was_there) in enumerate(journal["files"]) if was_there]
        for number, name in sorted(replaced, key=lambda pair: pair[1] not in IN_EVERY_RESULT):  # first the report,
            _move(target / name, scratch / _REPLACED / str(number))
        for name in sorted(files, key=lambda name: str(name) in IN_EVERY_RESULT):  # which comes last: where it is, all is
            _move(made / name, target / name)
    except BaseException:
        _put_back(scratch)
        raise
    (scratch / _JOURNAL).unlink()


def _of_the_old_result(target: Path, new: list[Path]) -> list[Path]:
    """The files that only the result has that is replaced."""
    old = [Path(name) for name in OF_SOME_RESULTS if os.path.lexists(target / name) and not (target / name).is_dir()]
    return [name for name in old if name not in new]


def _write_journal(scratch: Path, journal: dict) -> None:
    """It is there whole, and on the disk, before anything moves."""
    beside = scratch / f"{_JOURNAL}.new"
    with open(beside, "w", encoding="utf-8") as file:
        json.dump(journal, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(beside, scratch / _JOURNAL)


def _put_back(scratch: Path) -> None:
    """Undo what the journal of a scratch folder says was being done; nothing where there is none. Twice does no harm.

    Raises:
        OSError: something could not be put back; what was replaced is still in the scratch folder then.
    """
    if not os.path.lexists(scratch / _JOURNAL):
        return
    try:
        _undo(scratch, json.loads((scratch / _JOURNAL).read_text(encoding="utf-8")))
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise OSError(errno.EINVAL, f"{_JOURNAL} is none of ours") from error
    (scratch / _JOURNAL).unlink()


def _undo(scratch: Path, journal: dict) -> None:
    target = _below(scratch.parent, scratch.parent / journal["target"] / _JOURNAL).parent
    for number, (name, was_there) in reversed(list(enumerate(journal["files"]))):
        place, replaced = _below(target, target / name), scratch / _REPLACED / str(number)
        if not was_there:
            place.unlink(missing_ok=True)
        elif os.path.lexists(replaced):
            _move(replaced, place)
    for name in reversed(journal["folders"]):
        with suppress(OSError):
            _below(target, target / name).rmdir()


def _below(folder: Path, path: Path) -> Path:
    """The path, if its folder is in ``folder``: a journal that somebody else wrote must not reach anything outside.

    Raises:
        PermissionError: it is not.
    """
    if not path.parent.resolve().is_relative_to(folder.resolve()):
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM), str(path))
    return path


@contextmanager
def _alone(target: Path) -> Iterator[None]:
    """Let no other run move its files into the folder meanwhile: it waits. On disks without locks nobody waits."""
    handle = None
    with suppress(OSError):  # Windows opens no folders
        handle = os.open(target, os.O_RDONLY)
        lock(handle, wait=True)
    try:
        yield
    finally:
        if handle is not None:
            os.close(handle)


def _move(source: Path, destination: Path) -> None:
    """Move a file in one go; onto another disk by a copy beside its place, and never half of it."""
    try:
        os.replace(source, destination)
        return
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
    with Scratch(destination.parent, SCRATCH_PREFIX, _put_back) as beside:
        copy = shutil.copy2(source, beside.path / "copy", follow_symlinks=False)
        os.rename(copy, destination)
    source.unlink()


def _is_a_folder(destination: Path) -> InputError:
    return InputError(
        _(
            "The output folder {parent} holds a folder named {name}, where a file of that name is to be "
            "written; remove it or name another output folder."
        ).format(parent=destination.parent, name=destination.name),
        "output",
    )
