"""Keeps what changes in the study on view beside the data, a few slices at a time, so that a crash of Slicer loses nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import qt
import vtk
from LesionReadingLib.errors import InputError
from LesionReadingLib.studies.autosave import autosave
from LesionReadingLib.studies.worklist import Item, check_there
from LesionReadingScene import scene

from ..views import Observation

WAIT_MS, RETRY_MS = 1000, 10_000
_AT_ONCE = 2  # slices of one turn of the event loop


@dataclass(frozen=True)
class Followed:
    """A study that is followed.

    Attributes:
        item: the study. reader: who edits it. result: its node. shape: (slices, rows, columns) of its labels.
        drawn: what of a model's lies beneath (``worklist.map_of``).
    """

    item: Item
    reader: str
    result: object
    shape: tuple[int, int, int]
    drawn: str


class Autosaving:
    """Follows one result at a time; whoever shows it says what was edited."""

    def __init__(self, showMessage: Callable[[str], None]) -> None:
        """tell(sentence): called when slices cannot be kept, and with an empty sentence once they can again."""
        self._showMessage = showMessage
        self._followed: Followed | None = None
        self._observation: Observation | None = None
        self._pending: set[int] = set()
        self._marks = None  # reviewed and reading as they were kept
        self._waiting = self._failed = False
        self._timer = qt.QTimer()
        self._timer.setSingleShot(True)
        self._timer.connect("timeout()", self._onTimer)

    @property
    def pending(self) -> bool:
        """Whether anything has changed that is not kept yet."""
        return bool(self._pending) or (self._followed is not None and self._marksNow() != self._marks)

    def begin(self, followed: Followed) -> None:
        """Follow a result from now on, as it is kept beside the data; or go on with the same one upon another edit."""
        self.end()
        self._followed, self._failed = followed, False
        self._marks = self._marksNow()
        self._observation = Observation(followed.result, vtk.vtkCommand.ModifiedEvent, self._onModified)

    def edited(self, result, numbers: Sequence[int], labels: np.ndarray) -> None:
        """Slices of a result have changed. labels: (slices, rows, columns), which follows further edits."""
        if self._followed is not None and result is self._followed.result:
            self._labels = labels
            self._pending.update(numbers)
            self._wait(WAIT_MS)

    def take(self) -> frozenset[int]:
        """The slices that wait to be kept, and somebody else keeps with all else from now on."""
        taken, self._pending = frozenset(self._pending), set()
        self._marks = self._marksNow()
        return taken

    def giveBack(self, taken: frozenset[int]) -> None:
        """What was taken could not be kept; nothing happens where nothing is followed any more."""
        if self._followed is None:
            return
        self._pending |= taken
        self._marks = None
        self._wait(WAIT_MS)

    def goOn(self, followed: Followed) -> None:
        """What was taken is kept: what has changed since, and what will, builds on that."""
        since, marks = self._pending, self._marks
        self.begin(followed)
        self._pending, self._marks = since, marks
        if self.pending:
            self._wait(0)

    def end(self) -> None:
        """Follow nothing: all is kept, or goes with the study."""
        self._timer.stop()
        self._waiting = False
        if self._observation is not None:
            self._observation.stop()
        self._followed = self._observation = None
        self._pending = set()

    def _marksNow(self):
        result = self._followed.result
        return scene.reviewed(result), scene.reading(result)

    def _onModified(self) -> None:
        if self.pending:
            self._wait(WAIT_MS)

    def _wait(self, wait_ms: int) -> None:
        if not self._waiting:
            self._waiting = True
            self._timer.start(wait_ms)

    def _onTimer(self) -> None:
        self._waiting = False
        now, numbers = self._followed, sorted(self._pending)[:_AT_ONCE]
        marks = reviewed, reading = self._marksNow()
        slices = {number: self._labels[number] for number in numbers}
        try:
            check_there(now.item)
            kept = {"shape": now.shape, "reviewed": reviewed, "reading": reading, "drawn": now.drawn}
            autosave(now.item.folder, now.reader, slices, **kept)
        except InputError as error:
            self._failed = True
            self._showMessage(str(error))
            self._wait(RETRY_MS)
            return
        self._pending -= set(numbers)
        self._marks = marks
        if self._failed:
            self._failed = False
            self._showMessage("")
        if self.pending:
            self._wait(0)
