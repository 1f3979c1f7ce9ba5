"""Analyses the waiting studies of a worklist one after the other, each in a process of its own, while a person edits another."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence

import qt
from LesionReadingLib.errors import InputError
from LesionReadingLib.studies.reader_lock import BEAT_S, Taken, take, take_over
from LesionReadingLib.studies.worklist import Item, make_folder, record_failure, record_model
from slicer.i18n import tr as _

from ..running.worker_process import Outcome, WorkerProcess
from .study_on_view import StudyKind

_ANALYSIS = "analysis"  # its lock lies apart from the readers'


class BackgroundAnalysis:
    """One study at a time; a study that another machine analyses is passed over."""

    def __init__(self, kind: StudyKind, onEnded: Callable[[], None]) -> None:
        """onEnded(): called after every study, and when there is none left."""
        self._kind, self._onEnded = kind, onEnded
        self._waiting: list[Item] = []
        self._item = self._lock = None
        self._worker = WorkerProcess()
        self._beat = qt.QTimer()
        self._beat.setInterval(int(BEAT_S * 1000))
        self._beat.connect("timeout()", lambda: self._lock.beat() if self._lock is not None else None)

    @property
    def running(self) -> bool:
        """Whether a study is being analysed."""
        return self._worker.running

    def start(self, items: Sequence[Item], reader: str) -> None:
        """Analyse some studies in their order. reader: who wants it, told to others."""
        self._waiting, self._reader = list(items), reader
        if not self.running:
            self._next()

    def stop(self) -> None:
        """Analyse no further; the study in progress stays waiting."""
        self._waiting = []
        self._worker.cancel()

    def _next(self) -> None:
        while self._waiting:
            item = self._waiting.pop(0)
            if item.is_analysed:  # another machine was quicker
                continue
            try:
                self._lock = _locked(item, self._reader)
                arguments = self._kind.arguments(item.study, item.result)
                record_model(item, *self._kind.model())
                self._worker.start(self._kind.package, arguments, self._onFinished)
            except Taken:
                continue
            except InputError as error:
                self._release()
                _recordFailure(item, str(error))
                continue
            self._item = item
            self._beat.start()
            return
        self._onEnded()

    def _onFinished(self, outcome: Outcome) -> None:
        item, self._item = self._item, None
        self._beat.stop()
        self._release()
        if outcome.status == "failed":
            _recordFailure(item, outcome.message)
        self._onEnded()
        self._next()

    def _release(self) -> None:
        if self._lock is not None:
            self._lock.release()
        self._lock = None


def _locked(item: Item, reader: str):
    folder = item.folder / _ANALYSIS
    make_folder(item)
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise InputError(_("The folder of the study cannot be written; check that the disk is there.")) from error
    try:
        return take(folder, reader)
    except Taken as taken:
        if not taken.holder.stale:
            raise
        return take_over(folder, reader)


def _recordFailure(item: Item, message: str) -> None:
    with contextlib.suppress(InputError):  # a disk that is gone: there is nowhere to tell it
        make_folder(item)
        record_failure(item, message)
