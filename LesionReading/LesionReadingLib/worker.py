"""How a run talks to whoever started it: JSON lines on standard output, one sentence on standard error.

Every line is one object with a ``"type"``:

* ``{"type": "progress", "stage": str, "done": int, "total": int}``
* ``{"type": "log", "message": str}``
* ``{"type": "result", "folder": str, ...}`` (the last line of a run that ended well)
* ``{"type": "error", "code": str, "message": str, "details": str}`` (the last line of a run that did not)

The code is that of the ``InputError`` (``"input"`` where it names none), ``"cancelled"``, ``"missing-package"`` or ``"fault"``.

A person at a terminal sees a progress bar instead of the lines. Desktop, browser and command line read the same protocol.
Exit status: 0 done, 2 unusable input or arguments, 1 a fault of ours, 130 cancelled.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import traceback
from collections.abc import Callable

from .errors import Cancelled, InputError


class JsonLines:
    """Reports a run as JSON lines on standard output, for a program that reads along."""

    def progress(self, stage: str, done: int, total: int) -> None:
        self._write(type="progress", stage=stage, done=done, total=total)

    def log(self, message: str) -> None:
        self._write(type="log", message=message)

    def result(self, folder: str, **values) -> None:
        self._write(type="result", folder=folder, **values)

    def error(self, code: str, message: str, details: str = "") -> None:
        self._write(type="error", code=code, message=message, details=details)
        print(message, file=sys.stderr)

    def close(self) -> None:
        """Nothing is held open."""

    def _write(self, **line) -> None:
        print(json.dumps(line), flush=True)


class Terminal:
    """Reports a run to a person at a terminal: a bar that moves, and plain sentences."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        self._console = Console()
        self._bar = Progress(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=self._console
        )
        self._tasks: dict[str, int] = {}
        self._bar.start()

    def progress(self, stage: str, done: int, total: int) -> None:
        if stage not in self._tasks:
            self._tasks[stage] = self._bar.add_task(stage, total=total)
        self._bar.update(self._tasks[stage], completed=done, total=total)

    def log(self, message: str) -> None:
        self._console.print(message, markup=False, highlight=False)

    def result(self, folder: str, **values) -> None:
        self.close()
        for name, value in values.items():
            self._console.print(f"{name}: {value}", markup=False, highlight=False)
        self._console.print(f"Results are in {folder}", markup=False, highlight=False, soft_wrap=True)

    def error(self, code: str, message: str, details: str = "") -> None:
        self.close()
        print(details + message, file=sys.stderr)

    def close(self) -> None:
        self._bar.stop()


def reporter() -> JsonLines | Terminal:
    """A progress bar where a person watches, JSON lines where a program reads."""
    return Terminal() if sys.stdout.isatty() else JsonLines()


def run_and_report(job: Callable[[JsonLines | Terminal], None]) -> int:
    """Run ``job(reporter)`` and return the exit status that the protocol promises.

    SIGTERM and Ctrl-C end the job by an exception, so that ``with`` blocks remove half-written files.
    """
    report = reporter()
    previous = signal.signal(signal.SIGTERM, _cancel)
    try:
        job(report)
        return 0
    except InputError as error:
        report.error(error.code, _one_line(error))
        return 2
    except (Cancelled, KeyboardInterrupt):
        report.error("cancelled", "Cancelled; nothing was written.")
        return 130
    except BrokenPipeError:
        # Whoever read along is gone: nobody is left to tell, and the interpreter must not complain at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 130
    except ModuleNotFoundError as error:
        advice = (
            f"The Python package {error.name} is missing; install it (in Slicer: press Apply, which asks first), then try again."
        )
        report.error("missing-package", advice, traceback.format_exc())
        return 1
    except Exception as error:
        message = f"This is a fault of LesionReading ({type(error).__name__}): {_one_line(error)}"
        report.error("fault", message, traceback.format_exc())
        return 1
    finally:
        signal.signal(signal.SIGTERM, previous)
        report.close()


def _cancel(*_) -> None:
    raise Cancelled


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
