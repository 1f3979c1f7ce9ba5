"""To whom a run reports: a program that reads JSON lines, or a person at a terminal or with a file. ``worker`` has the protocol."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Protocol

from .language import _
from .process.cancelling import check
from .text.identity import identity_is_shown
from .text.plain_text import plain

ASKS_FOR_JSON_LINES = "LESION_READING_JSON_LINES"
LINE_EVERY_S = 10.0
NO_WORDS: Mapping[str, str] = MappingProxyType({})


class Step(StrEnum):
    """Codes of progress."""

    INFER = "infer"
    INFER_PRIOR = "infer_prior"
    MEASURE = "measure"
    REPORT = "report"
    STUDIES = "studies"
    TRAIN = "train"


class Note(StrEnum):
    """Codes of what is logged."""

    NOTE = "note"
    CAUTION = "caution"
    SEGMENT = "segment"
    PICTURE = "picture"
    ABOUT = "about"
    STUDY = "study"


class Reporter(Protocol):
    """What a command reports to while it runs."""

    def progress(self, step: Step, stage: str, done: int, total: int) -> None:
        """How far a step is; ``stage`` names it in words."""

    def log(self, message: str, note: Note = Note.NOTE) -> None:
        """A sentence for the person."""

    def result(self, folder: str, words: Mapping[str, str] = NO_WORDS, **values) -> None:
        """Where the results are, and the values that sum them up.

        Args:
            words: name of a value -> what a person reads before it, not yet translated; the others are for programs alone.
        """


class JsonLines:
    """Reports a run as JSON lines on standard output, for a program that reads along."""

    def progress(self, step: Step, stage: str, done: int, total: int) -> None:
        check()
        self._write(type="progress", code=step, stage=stage, done=done, total=total)

    def log(self, message: str, note: Note = Note.NOTE) -> None:
        check()
        self._write(type="log", code=note, message=plain(message))

    def result(self, folder: str, words: Mapping[str, str] = NO_WORDS, **values) -> None:
        self._write(**{"type": "result", "code": "done", "folder": folder} | values)

    def error(self, code: str, message: str, details: str = "") -> None:
        self._write(type="error", code=code, message=message, details=details)
        print(message, file=sys.stderr)

    def close(self) -> None:
        """Nothing is held open."""

    def _write(self, **line) -> None:
        print(json.dumps(line), flush=True)


class Terminal:
    """Reports a run to a person in plain lines, as they are kept in a file; of a long stage a line now and then."""

    def __init__(self) -> None:
        self._stage, self._reported_s = "", 0.0

    def progress(self, step: Step, stage: str, done: int, total: int) -> None:
        check()
        now = time.monotonic()
        if stage != self._stage:
            self._stage, self._reported_s = stage, now
            self._print(_("{stage}: {total} to do").format(stage=stage, total=total) if total > 1 else stage)
        elif total > 1 and (done == total or now - self._reported_s >= LINE_EVERY_S):
            self._reported_s = now
            self._print(_("{stage}: {done} of {total}").format(stage=stage, done=done, total=total))

    def log(self, message: str, note: Note = Note.NOTE) -> None:
        check()
        self._print(message)

    def result(self, folder: str, words: Mapping[str, str] = NO_WORDS, **values) -> None:
        self.close()
        for name, word in words.items():
            if name in values:
                self._print(_("{name}: {value}").format(name=_(word), value=_for_people(values[name])))
        self._print(_("Results are in {folder}").format(folder=folder))

    def error(self, code: str, message: str, details: str = "") -> None:
        self.close()
        print(details + message if identity_is_shown() else message, file=sys.stderr)

    def close(self) -> None:
        """Nothing is held open."""

    def _print(self, line: str) -> None:
        print(plain(line), flush=True)


def _for_people(value: object) -> object:
    """A result as a person reads it: three decimals of a number or of a range (low, high), a list's items one behind the other."""
    if value is None:
        return _("not known")
    if isinstance(value, tuple):
        return _("{low} to {high}").format(low=_for_people(value[0]), high=_for_people(value[1]))
    if isinstance(value, list):
        return " ".join(str(_for_people(one)) for one in value) or _("none")
    return round(value, 3) if isinstance(value, float) else value


class ProgressTerminal(Terminal):
    """Reports a run to a person who watches: plain lines, and a bar that moves below them."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        super().__init__()
        self._console = Console()
        columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        self._bar = Progress(*columns, console=self._console)
        self._tasks: dict[str, int] = {}
        self._bar.start()

    def progress(self, step: Step, stage: str, done: int, total: int) -> None:
        check()
        if stage not in self._tasks:
            self._tasks[stage] = self._bar.add_task(stage, total=total)
        self._bar.update(self._tasks[stage], completed=done, total=total)

    def close(self) -> None:
        self._bar.stop()

    def _print(self, line: str) -> None:
        self._console.print(plain(line), markup=False, highlight=False, soft_wrap=True)


def reporter(json_lines: bool = False) -> JsonLines | Terminal:
    """JSON lines where a program asks for them, a progress bar where a person watches, else plain lines."""
    if json_lines or os.environ.get(ASKS_FOR_JSON_LINES) == "1":
        return JsonLines()
    return ProgressTerminal() if sys.stdout.isatty() else Terminal()
