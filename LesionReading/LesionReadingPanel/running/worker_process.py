"""Runs a command of the Libs in its own process, so that neither a network nor a crash ever holds up Slicer.

Standard output and error go into files, and a timer reads what has grown. Nothing here waits, and no thread is needed: Python's
threads would stand still while Qt's loop runs.
"""

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import LesionReadingLib
import qt
from LesionReadingLib.errors import InputError
from LesionReadingLib.language import ASKS_FOR_LANGUAGE, language
from LesionReadingLib.leash import end_group
from LesionReadingLib.process.scratch import Scratch
from slicer.i18n import tr as _

READ_EVERY_MS = 100
CANCEL_WITHIN_MS = 800
_BYTES_AT_ONCE = 1 << 18
_ERROR_BYTES = 20_000
_ENDED_BY_A_SIGNAL = 128


@dataclass(frozen=True)
class Outcome:
    """How a run ended.

    Attributes:
        status: "done", "cancelled" or "failed".
        message: a sentence for the user; empty where it is done.
        code: of the worker's error line, for branching; empty where it told none.
        details: for whoever wants to know more, for example a traceback.
        result: what the last line of a run that is done says; "folder" is where its files are.
    """

    status: str
    message: str = ""
    details: str = ""
    code: str = ""
    result: dict = field(default_factory=dict)


class WorkerProcess:
    """One run at a time of a package of the Libs, told line by line."""

    def __init__(self) -> None:
        self._process = None
        self._timer = qt.QTimer()
        self._timer.setInterval(READ_EVERY_MS)
        self._timer.connect("timeout()", self._onTimeout)

    @property
    def running(self) -> bool:
        """Whether a run has not told its outcome yet."""
        return self._process is not None

    def start(
        self,
        package: str,
        arguments: list[str],
        onFinished: Callable[[Outcome], None],
        *,
        folder: Path | None = None,
        onProgress: Callable[[str, int, int], None] | None = None,
        onLog: Callable[[str], None] | None = None,
    ) -> None:
        """Start ``python -P -m package arguments``; ``package`` lies in ``folder``, or on Python's path where that is None.

        onProgress(stage, done, total) and onLog(lines) are called while the run goes on, onFinished(outcome) once at its end.

        Raises:
            InputError: a run goes on already, or Slicer's Python is not there.
        """
        if self.running:
            raise InputError(_("An analysis is running already; wait for it or cancel it."))
        python = shutil.which("PythonSlicer")
        if not python:
            raise InputError(_("Slicer's own Python (PythonSlicer) was not found; install Slicer again."))
        self._onFinished, self._onProgress, self._onLog = onFinished, onProgress, onLog
        self._folder = Scratch(None, "LesionReading-log-")
        output, errors = (self._folder.path / name for name in ("output", "errors"))
        self._group, self._cancelled, self._lastLine = None, False, {}
        self._process = qt.QProcess()
        self._process.setProcessEnvironment(_environment(folder or _folderOf(package)))
        self._process.setStandardOutputFile(str(output))
        self._process.setStandardErrorFile(str(errors))
        output.touch()
        self._lines = _GrowingLines(output)
        self._process.start(python, ["-P", "-m", "LesionReadingLib.leash", package, *arguments])
        self._timer.start()

    def cancel(self) -> None:
        """End the run and its children within a second; onFinished tells when it is over."""
        if not self.running or self._cancelled:
            return
        self._cancelled = True
        # The leash sees its standard input end and clears up.
        self._process.closeWriteChannel()
        process = self._process
        qt.QTimer.singleShot(CANCEL_WITHIN_MS, lambda: self._kill(process))

    def _kill(self, process) -> None:
        if process is not self._process:
            return
        if self._group is not None:
            end_group(self._group)
        process.kill()

    def _onTimeout(self) -> None:
        # Asked before reading: what an ended process has written is all there.
        ended = self._process.state() == qt.QProcess.NotRunning
        lines = self._lines.read()
        self._report(lines)
        # What is left to read waits for no more than the rest of the window does.
        self._timer.setInterval(0 if self._lines.more else READ_EVERY_MS)
        if self.running and ended and (self._cancelled or not self._lines.more):
            self._finish()

    def _report(self, lines: list[str]) -> None:
        """Report some lines, by their type; of many steps of progress only the last is shown."""
        progress, logs = None, []
        for line in map(_parsed, lines):
            kind = line.get("type")
            if kind == "progress":
                progress = line
            elif kind == "log":
                logs.append(line["message"])
            elif kind == "started":
                self._group = line["group"]
            elif kind in ("result", "error"):
                self._lastLine = line
        if self._cancelled:
            return
        if logs and self._onLog is not None:
            self._onLog("\n".join(logs))
        if progress is not None and self._onProgress is not None:
            self._onProgress(progress["stage"], progress["done"], progress["total"])

    def _finish(self) -> None:
        self._timer.stop()
        errors = _tail(self._folder.path / "errors")
        # Python itself ended it, before the run could say why; what a signal ended has crashed, or shells say 128 and more.
        self._gaveUp = self._process.exitStatus() == qt.QProcess.NormalExit and 0 < self._process.exitCode() < _ENDED_BY_A_SIGNAL
        outcome = self._outcome(errors)
        if outcome.status != "done" and self._group is not None:
            # A killed run leaves its children behind.
            end_group(self._group)
        self._folder.close()
        self._process = None
        self._onFinished(outcome)

    def _outcome(self, errors: str) -> Outcome:
        line = dict(self._lastLine)
        kind = line.pop("type", None)
        if self._cancelled:
            return Outcome("cancelled", _("Cancelled; the scene is as it was."))
        if kind == "result":
            return Outcome("done", result=line)
        if kind == "error":
            return Outcome("failed", line["message"], line["details"] or errors, line["code"])
        if self._group is None or self._gaveUp:
            return Outcome("failed", _("The analysis could not be started; the details say why."), errors)
        return Outcome(
            "failed",
            _("The analysis was ended from outside, most likely because memory ran out; close other programs and try again."),
            errors,
        )


class _GrowingLines:
    """Whole lines of a file that another process is still writing; a line without its end waits."""

    def __init__(self, path: Path) -> None:
        self._path, self._offset, self._begun = path, 0, b""
        self.more = True

    def read(self) -> list[str]:
        """Some of the lines that were not read yet; ``more`` tells whether there may be others."""
        with open(self._path, "rb") as file:
            file.seek(self._offset)
            read = file.read(_BYTES_AT_ONCE)
        self._offset += len(read)
        self.more = len(read) == _BYTES_AT_ONCE
        *whole, self._begun = (self._begun + read).split(b"\n")
        return [line.decode("utf-8", errors="replace") for line in whole]


def _environment(folder: Path | str):
    """Slicer's own environment, in which its Python finds the Libs as well."""
    environment = qt.QProcessEnvironment.systemEnvironment()
    # An empty entry would be the folder that Slicer was started in, and what lies there is not ours to run.
    others = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    folders = [str(folder), str(Path(LesionReadingLib.__file__).parents[1]), *others]
    environment.insert("PYTHONPATH", os.pathsep.join(folder for folder in folders if folder))
    environment.insert("PYTHONSAFEPATH", "1")  # the same as -P, for the run's own children
    environment.insert("PYTHONUTF8", "1")
    environment.insert(ASKS_FOR_LANGUAGE, language())
    return environment


def _folderOf(package: str) -> str:
    """The folder that has a package in it, without importing the package."""
    from importlib.util import find_spec

    found = find_spec(package)
    return str(Path(found.origin).parents[1]) if found is not None else ""


def _parsed(line: str) -> dict:
    """A line of the protocol; empty where some library has written another."""
    try:
        parsed = json.loads(line)
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}


def _tail(path: Path) -> str:
    if not path.exists():
        return ""
    with open(path, "rb") as file:
        file.seek(max(path.stat().st_size - _ERROR_BYTES, 0))
        return file.read().decode("utf-8", errors="replace").strip()
