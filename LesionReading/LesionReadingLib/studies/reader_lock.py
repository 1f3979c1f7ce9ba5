"""A study is edited by one reader at a time: a small file with the reader's name beside it, on a disk that several people share.

The file is made so that only one can (exclusive creation, which NFS and SMB keep). While its owner works it is touched every
``BEAT_S`` seconds; one that was not for ``STALE_S`` was left by a crash, and another reader may take it over. Ages are told by the
disk's own clock, since clocks of two machines differ.
"""

from __future__ import annotations

import json
import os
import secrets
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ..errors import InputError
from ..language import _
from ..strict_json import read_json
from ..text.plain_text import plain

LOCK = "lock.json"
BEAT_S, STALE_S = 60.0, 600.0
_MOST_BYTES = 10_000


@dataclass(frozen=True)
class Holder:
    """Who edits a study: the name, since when (local time, text), and whether the lock was left by a crash."""

    reader: str
    since: str
    stale: bool
    token: str

    def is_of(self, reader: str) -> bool:
        """Whether the lock was taken under a reader's name."""
        return self.reader == plain(reader)


class Taken(InputError):
    """Somebody edits the study already.

    Attributes:
        holder: who does. may_be_taken_over: whether the one who asked may say that nobody does any more.
    """

    def __init__(self, holder: Holder, reader: str) -> None:
        """holder: who does. reader: who would like to."""
        own = _("This study is open under your name since {since}: in another window, or it was left by a crash.")
        left = _("This study is being edited by {reader} since {since} and was left by a crash; take it over if nobody is at it.")
        edited = _("This study is being edited by {reader} since {since}; choose another study.")
        sentence = own if holder.is_of(reader) else left if holder.stale else edited
        super().__init__(sentence.format(reader=holder.reader, since=holder.since))
        self.holder = holder
        self.may_be_taken_over = holder.stale or holder.is_of(reader)


@dataclass(frozen=True)
class Lock:
    """A lock of ours: its file, and the word by which we know it again."""

    file: Path
    token: str

    def beat(self) -> None:
        """Say that its owner still works."""
        if self.is_ours():
            os.utime(self.file)

    def is_ours(self) -> bool:
        """Whether nobody has taken it over, and the disk is there."""
        found = _content(self.file)
        return found is not None and found[2] == self.token

    def release(self) -> None:
        """Let others edit; nothing happens where the lock is no longer ours. Where the disk refuses, it is left to grow stale."""
        if self.is_ours():
            with suppress(OSError):
                self.file.unlink()


def holder_of(folder: Path) -> Holder | None:
    """Who edits the study of a folder; None where nobody does."""
    found = _content(folder / LOCK)
    if found is None:
        return None
    reader, since, token = found
    try:
        age_s = _now_there(folder) - (folder / LOCK).stat().st_mtime
    except OSError:
        return None
    return Holder(reader, since, age_s > STALE_S, token)


def take(folder: Path, reader: str) -> Lock:
    """Begin to edit the study of a folder, which is there.

    Raises:
        Taken: somebody edits it. InputError: the disk cannot be written.
    """
    lock = Lock(folder / LOCK, secrets.token_hex(8))
    since = datetime.now().strftime("%Y-%m-%d %H:%M")
    content = json.dumps({"reader": plain(reader), "since": since, "token": lock.token})
    whole = folder / f".{LOCK}.{lock.token}"
    try:
        whole.write_text(content, encoding="utf-8")
        try:
            os.link(whole, lock.file)  # whole at once, and only where there is none
        except FileExistsError:
            raise Taken(holder_of(folder) or Holder("somebody", since, False, ""), reader) from None
        except OSError:  # a disk without links
            _create(lock.file, content, folder, reader)
    except OSError as error:
        raise InputError(
            _("The study cannot be locked ({reason}); check that the folder is there and writable.").format(reason=error.strerror)
        ) from error
    finally:
        whole.unlink(missing_ok=True)
    return lock


def take_over(folder: Path, reader: str) -> Lock:
    """Begin to edit a study whose lock was left by a crash, or was taken under the same reader's name.

    Raises:
        Taken: it was not, or somebody else was quicker. InputError: as ``take``.
    """
    holder = holder_of(folder)
    if holder is not None:
        if not (holder.stale or holder.is_of(reader)):
            raise Taken(holder, reader)
        aside = folder / f".{LOCK}.{secrets.token_hex(8)}.stale"
        try:
            os.rename(folder / LOCK, aside)
        except OSError:
            return take(folder, reader)
        moved = _content(aside)
        if moved is not None and moved[2] != holder.token:  # somebody took it over a moment ago: give it back
            os.rename(aside, folder / LOCK)
            raise Taken(Holder(moved[0], moved[1], False, moved[2]), reader)
        aside.unlink(missing_ok=True)
    return take(folder, reader)


def _create(file: Path, content: str, folder: Path, reader: str) -> None:
    try:
        with open(file, "x", encoding="utf-8") as made:
            made.write(content)
    except FileExistsError:
        raise Taken(holder_of(folder) or Holder("somebody", "just now", False, ""), reader) from None


def _content(file: Path) -> tuple[str, str, str] | None:
    """Reader, since and token of a lock; a damaged one is somebody's all the same."""
    try:
        found = read_json(file, _MOST_BYTES)
        return plain(found["reader"]), plain(found["since"]), str(found["token"])
    except FileNotFoundError:
        return None
    except OSError:
        return None
    except (ValueError, KeyError, TypeError):
        return "somebody", "an unknown time", ""


def _now_there(folder: Path) -> float:
    """The time by the clock of the disk."""
    probe = folder / f".now.{secrets.token_hex(8)}"
    try:
        probe.touch()
        return probe.stat().st_mtime
    finally:
        probe.unlink(missing_ok=True)
