"""Keeps what changes in the study on view beside the data, a few slices at a time, so that a crash of Slicer loses nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import qt
import vtk
from LesionReadingLib.errors import InputError
from LesionReadingLib.studies.autosave import autosave
from LesionReadingScene import scene

from ..views import Observation

WAIT_MS, RETRY_MS = 1000, 10_000
_AT_ONCE = 2  # slices of one turn of the event loop


class Autosaving:
    """Follows one result at a time; whoever shows it says what was edited."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        """tell(sentence): called when slices cannot be kept, and with an empty sentence once they can again."""
        self._tell = tell
        self._result = self._observation = None
        self._pending: set[int] = set()
        self._waiting = False
        self._timer = qt.QTimer()
        self._timer.setSingleShot(True)
        self._timer.connect("timeout()", self._onTimer)

    @property
    def pending(self) -> bool:
        """Whether anything has changed that is not kept yet."""
        return bool(self._pending) or (self._result is not None and scene.reviewed(self._result) != self._reviewed)

    def begin(self, study: Path, reader: str, result, shape: tuple[int, int, int]) -> None:
        """Follow a result from now on. study: folder of all about it. shape: (slices, rows, columns) of its labels."""
        self.end()
        self._study, self._reader, self._result, self._shape = study, reader, result, shape
        self._reviewed, self._failed = scene.reviewed(result), False
        self._observation = Observation(result, vtk.vtkCommand.ModifiedEvent, self._onModified)

    def edited(self, result, numbers: Sequence[int], labels: np.ndarray) -> None:
        """Slices of a result have changed. labels: (slices, rows, columns), which follows further edits."""
        if result is self._result and result is not None:
            self._labels = labels
            self._pending.update(numbers)
            self._wait(WAIT_MS)

    def end(self) -> None:
        """Follow nothing: all is kept, or goes with the study."""
        self._timer.stop()
        self._waiting = False
        if self._observation is not None:
            self._observation.stop()
        self._result = self._observation = None
        self._pending.clear()

    def _onModified(self) -> None:
        if self.pending:
            self._wait(WAIT_MS)

    def _wait(self, wait_ms: int) -> None:
        if not self._waiting:
            self._waiting = True
            self._timer.start(wait_ms)

    def _onTimer(self) -> None:
        self._waiting = False
        numbers, reviewed = sorted(self._pending)[:_AT_ONCE], scene.reviewed(self._result)
        slices = {number: self._labels[number] for number in numbers}
        try:
            autosave(self._study, self._reader, slices, shape=self._shape, reviewed=reviewed)
        except InputError as error:
            self._failed = True
            self._tell(str(error))
            self._wait(RETRY_MS)
            return
        self._pending -= set(numbers)
        self._reviewed = reviewed
        if self._failed:
            self._failed = False
            self._tell("")
        if self.pending:
            self._wait(0)
