"""How a run talks to whoever started it: on standard output, and in one sentence on standard error where it did not end well.

A person reads plain lines, at a terminal with a progress bar below them. A program asks for JSON lines, by ``--json-lines`` or by
the environment variable ``LESION_READING_JSON_LINES=1`` (which ``leash`` sets). Every line is one object with a ``"type"`` and a
``"code"``. Programs branch on these two and never on words, which are in the person's language:

* ``{"type": "progress", "code": str, "stage": str, "done": int, "total": int}``
* ``{"type": "log", "code": str, "message": str}``
* ``{"type": "result", "code": str, "folder": str, ...}`` (the last line of a run that ended well)
* ``{"type": "error", "code": str, "message": str, "details": str}`` (the last line of a run that did not)

======== ===================== ============================================================================================
type     code                  meaning
======== ===================== ============================================================================================
progress ``infer``             the network reads the frames or slices
progress ``infer_prior``       the same of the earlier scan
progress ``measure``           the label map is measured
progress ``report``            report, pictures and tables are written
progress ``studies``           studies of a batch that have ended
progress ``train``             a model is trained
log      ``note``              a sentence on how the input was read or the network worked; the report repeats it
log      ``caution``           a sentence on what makes the results doubtful; the report repeats it
log      ``segment``           what a segment of a label map was taken for, or why it was left out
log      ``picture``           a picture that could not be drawn, or not as it should be
log      ``about``             what the run is about to do, or how long it will take
log      ``study``             how a study of a batch ended
result   ``done``              done; a head CT that was read or measured has the code of its decision instead
result   ``refer_now``         ... likewise ``watch``, ``watch_uncertain``, ``no_hematoma_found``, ``no_verdict``
error    ``input``             the input or the arguments cannot be used
error    ``unless-forced``     the same, and --force overrules it
error    ``model``             the model, or the device it is to run on, cannot be used
error    ``output``            the output folder cannot be written
error    ``memory``            memory does not suffice
error    ``cancelled``         the run was cancelled
error    ``missing-package``   a Python package is not installed
error    ``fault``             a fault of ours; the details say where
======== ===================== ============================================================================================

Standard output may hold other lines, of libraries; standard error holds ours alone.
Exit status: 0 done, 2 unusable input or arguments or too little memory, 1 a fault of ours, 130 cancelled.
"""

from __future__ import annotations

import errno
import gc
import json
import os
import re
import signal
import sys
import time
import traceback
from collections.abc import Callable
from enum import StrEnum
from typing import NoReturn, Protocol

from .errors import Cancelled, InputError, is_out_of_memory
from .language import _
from .presenting.drawing import keep_strange_styles_out
from .process.cancelling import cancellable, check
from .process.quiet import hushed
from .text.identity import identity_is_shown, naming
from .text.plain_text import plain

ASKS_FOR_JSON_LINES = "LESION_READING_JSON_LINES"
LINE_EVERY_S = 10.0
_OF_THE_DISK = (errno.ENAMETOOLONG, errno.EACCES, errno.EPERM, errno.EIO, errno.ELOOP, getattr(errno, "ESTALE", errno.EIO))
_OURS = re.compile(r"(LesionReading|OCTCalcium|HematomaMarkers)Lib[/\\]")


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

    def result(self, folder: str, **values) -> None:
        """Where the results are, and the values that sum them up."""


class JsonLines:
    """Reports a run as JSON lines on standard output, for a program that reads along."""

    def progress(self, step: Step, stage: str, done: int, total: int) -> None:
        check()
        self._write(type="progress", code=step, stage=stage, done=done, total=total)

    def log(self, message: str, note: Note = Note.NOTE) -> None:
        check()
        self._write(type="log", code=note, message=plain(message))

    def result(self, folder: str, **values) -> None:
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

    def result(self, folder: str, **values) -> None:
        self.close()
        for name, value in values.items():
            self._print(f"{name}: {_for_people(value)}")
        self._print(_("Results are in {folder}").format(folder=folder))

    def error(self, code: str, message: str, details: str = "") -> None:
        self.close()
        print(details + message if identity_is_shown() else message, file=sys.stderr)

    def close(self) -> None:
        """Nothing is held open."""

    def _print(self, line: str) -> None:
        print(plain(line), flush=True)


def _for_people(value: object) -> object:
    """A result as a person reads it: three decimals of a number or a range, a list's items one behind the other."""
    if isinstance(value, tuple | list):
        shown = tuple(map(_for_people, value))
        return shown if isinstance(value, tuple) else " ".join(map(str, shown))
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


def run_and_report(job: Callable[[Reporter], None], json_lines: bool = False, with_identity: bool = False) -> int:
    """Run ``job(reporter)`` and return the exit status that the protocol promises.

    SIGTERM and Ctrl-C end the job by an exception, so that ``with`` blocks remove half-written files.

    Args:
        json_lines: whether a program asked for them.
        with_identity: whether the person asked for what may name the patient.
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a letter that the terminal does not know must not end a run
            stream.reconfigure(errors="backslashreplace")
    with naming(with_identity):
        return _run(job, reporter(json_lines))


def leave(status: int) -> NoReturn:
    """End this process with the status of its run; that cannot be cancelled any more while Python clears up."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    gc.freeze()  # else Python looks through everything once more for circles that nobody needs freed
    sys.exit(status)


def _run(job: Callable[[Reporter], None], report: JsonLines | Terminal) -> int:
    try:
        with cancellable(), hushed():
            keep_strange_styles_out()
            job(report)
        return 0
    except (Cancelled, KeyboardInterrupt) as end:
        report.error("cancelled", str(end) or _("Cancelled; nothing was written."))
        return 130
    except BrokenPipeError:
        # Whoever read along is gone: nobody is left to tell, and the interpreter must not complain at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 130
    except Exception as error:
        return _report_error(report, error)
    finally:
        report.close()


def _report_error(report: JsonLines | Terminal, error: Exception) -> int:
    """Report what ended a run; give its exit status."""
    if isinstance(error, InputError):
        report.error(error.code, plain(error))
        return 2
    if is_out_of_memory(error):
        report.error("memory", _("The memory of this machine does not suffice; close other programs, then try again."))
        return 2
    if isinstance(error, OSError) and error.errno in _OF_THE_DISK:  # from whichever step looks first at what was named
        advice = _("A file or folder that was named cannot be used ({strerror}); check its name, its permissions and its disk.")
        report.error("input", advice.format(strerror=error.strerror))
        return 2
    if isinstance(error, ModuleNotFoundError):
        advice = _(
            "The Python package {name} is missing; install it (in Slicer: press Apply, which asks first), then try again."
        ).format(name=error.name)
        report.error("missing-package", advice, _traceback(error))
        return 1
    detail = (
        f": {plain(error)}"
        if identity_is_shown()
        else _("; please report it, run again with --with-identity for all that is known of it")
    )
    report.error(
        "fault",
        _("This is a fault of LesionReading ({kind_and_place}){detail}").format(
            kind_and_place=_kind_and_place(error), detail=detail
        ),
        _traceback(error),
    )
    return 1


def _kind_and_place(error: BaseException) -> str:
    """The kind of an error, and the line of our code that it came from."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if _OURS.search(frame.filename)]
    return f"{type(error).__name__} at {os.path.basename(ours[-1].filename)}:{ours[-1].lineno}"


def _traceback(error: BaseException) -> str:
    """The lines of code that an error came through; what was said of it may repeat a header, so only where that may be told."""
    if identity_is_shown():
        return "".join(traceback.format_exception(error))
    text = ""
    while error is not None:
        lines = "".join(traceback.format_tb(error.__traceback__))
        text = f"Traceback (most recent call last):\n{lines}{type(error).__name__}\n{text}"
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return text
