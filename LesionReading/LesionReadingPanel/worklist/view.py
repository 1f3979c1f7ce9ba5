"""A folder of studies in a table: which are waiting, analysed, edited, reviewed, exported or failed; the next one by one key.

The next ones are analysed beside the editing. What a reader made of a study is kept beside the data before it is left, what changes
meanwhile a second later, and one that another reader edits is not opened (``LesionReadingLib.studies.worklist``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import qt
import slicer
import slicer.util
from LesionReadingLib.errors import InputError
from LesionReadingLib.studies import worklist as wl
from LesionReadingLib.studies.reader_lock import BEAT_S
from slicer.i18n import tr as _

from ..aside import aside
from ..views import jumpToSlice
from .agreement_view import AgreementView
from .autosaving import Autosaving
from .background_analysis import BackgroundAnalysis
from .holding import heldOn, lockedFor, missingDisk, noneWaits, prepareTable, stateCell
from .study_on_view import StudyKind, StudyOnView

_READER = "LesionReading/Reader"
_STATE_COLUMN = 1


class WorklistView:
    """Drives readerEdit, worklistFolderButton, worklistTable, openStudyButton, nextStudyButton, saveStudyButton,
    analyseAllButton, agreementButton and worklistLabel.

    Attributes:
        agreement: compares the readers of the list.
    """

    def __init__(self, ui, kind: StudyKind) -> None:
        """ui: the widgets of the panel. kind: what the module does with a study."""
        self._ui, self._kind = ui, kind
        self._items: list[wl.Item] = []
        self._states: list[wl.State] = []
        self._open: int | None = None
        self._lock, self._editor = None, ""  # the reader who opened the study on view
        self._isBusy = self._isReplaced = False
        self._view = StudyOnView(kind)
        self._autosaving = Autosaving(self._show)
        self.agreement = AgreementView(ui, kind, self._show, self._openAt)
        self._background = BackgroundAnalysis(kind, self._onAnalysed)
        self._beat = qt.QTimer()
        self._beat.setInterval(int(BEAT_S * 1000))
        self._beat.connect("timeout()", self._onBeat)
        ui.readerEdit.text = slicer.app.userSettings().value(_READER, "")
        ui.readerEdit.connect("editingFinished()", self._onReader)
        ui.worklistFolderButton.connect("clicked(bool)", self._onFolder)
        ui.openStudyButton.connect("clicked(bool)", lambda checked=False: self.open(ui.worklistTable.currentRow()))
        ui.worklistTable.connect("cellDoubleClicked(int,int)", lambda row, column: self.open(row))
        ui.worklistTable.connect("itemSelectionChanged()", self._enable)
        ui.nextStudyButton.connect("clicked(bool)", lambda checked=False: self.openNext())
        ui.saveStudyButton.connect("clicked(bool)", lambda checked=False: self.save())
        ui.analyseAllButton.connect("clicked(bool)", self._onAnalyseAll)
        ui.agreementButton.connect("clicked(bool)", self._onAgreement)
        self._show("")
        prepareTable(ui.worklistTable)
        self._enable()

    @property
    def reader(self) -> str:
        """The name that the reader has chosen; empty where none."""
        return self._ui.readerEdit.text.strip()

    @property
    def openItem(self) -> wl.Item | None:
        """The study that is on view from the list."""
        return self._items[self._open] if self._open is not None else None

    def show(self, folder: Path) -> None:
        """List the studies of a folder; where the study on view cannot be kept, the list stays as it is."""
        self.leave()
        if self._open is not None:
            return
        self._background.stop()
        self._items, self._folder = aside(lambda: wl.worklist(folder, self._kind.task, self._kind.find)), folder
        table = self._ui.worklistTable
        table.setRowCount(len(self._items))
        for row, item in enumerate(self._items):
            table.setItem(row, 0, qt.QTableWidgetItem(item.name))
        self.refresh()

    def refresh(self) -> None:
        """Read the states of all studies from the disk, which may be far away, and show them."""
        self._readStates()
        self._showStates()

    def _readStates(self) -> None:
        items, reader = self._items, self.reader
        states = aside(lambda: [wl.state_of(item, reader) for item in items]) if items else []
        if items is self._items:  # else another folder is shown by now
            self._states = states

    def _showStates(self) -> None:
        for row, state in enumerate(self._states):
            self._ui.worklistTable.setItem(row, _STATE_COLUMN, stateCell(state, row == self._open))
        self._enable()

    def openNext(self) -> None:
        """Keep what was made of the study on view, and open the next one to be read."""
        self.refresh()
        number = wl.next_item(self._items, self._states, self._open)
        if number is None:
            self._show(missingDisk(self._items) or noneWaits())
        else:
            self.open(number)

    def open(self, number: int) -> None:
        """Keep what was made of the study on view, and open another; -1 for none, as where no row is chosen."""
        if number in (self._open, -1) or self._isBusy:
            return
        if not self.reader:
            self._show(_("Type your name above first: others see by it who edits a study."))
            return
        item, reader = self._items[number], self.reader
        try:
            with self._busy():
                self._leave()
                lock = lockedFor(item, reader)
                if lock is None:
                    return
                try:
                    self._view.open(item, reader)
                    self._readStates()  # before it is open: timers run meanwhile
                except BaseException:
                    lock.release()
                    raise
                self._lock, self._open, self._editor = lock, number, reader
                self._autosaving.begin(self._view.followed(item, reader))
        except (InputError, OSError) as error:
            self._show(str(error))
            self.refresh()
            return
        self._beat.start()
        self._ui.worklistTable.selectRow(number)
        self._show(self._view.notice)
        self._showStates()

    def edited(self, result, numbers: Sequence[int], labels: np.ndarray) -> None:
        """Slices of a result have changed; of the study on view they are kept beside the data soon (``Autosaving``)."""
        self._autosaving.edited(result, numbers, labels)

    def resultReplaced(self, volume) -> None:
        """An analysis in the panel has drawn on a volume anew; of the study on view that is kept, and followed from now on."""
        if self._open is not None and volume is self._view.volume:
            self._isReplaced = True
            self.save()

    def save(self) -> bool:
        """Keep what was made of the study on view; gives whether it is kept."""
        if self._open is None or self._isBusy:
            return self._open is None
        try:
            with self._busy():
                self._keep()
        except InputError as error:
            self._show(str(error))
            return False
        self.refresh()
        return True

    def leave(self) -> None:
        """Keep what was made of the study on view and let others edit it; where it cannot be kept, that is told."""
        try:
            with self._busy():
                self._leave()
        except InputError as error:
            self._show(str(error))
        self.refresh()

    def stop(self) -> None:
        """Keep all, and analyse no further: the panel goes away. What cannot be kept stays in the scene, and is not tried again."""
        self._background.stop()
        self.agreement.stop()
        self.leave()
        self._autosaving.end()
        self._beat.stop()

    def showExported(self) -> None:
        """The study on view was exported for training."""
        self._view.exported = True
        self.save()

    @contextmanager
    def _busy(self) -> Iterator[None]:
        """A study is opened or kept, the event loop goes on meanwhile: nothing else is begun."""
        before, self._isBusy = self._isBusy, True
        try:
            yield
        finally:
            self._isBusy = before

    def _leave(self) -> None:
        if self._open is None:
            return
        if self._view.isWhole and not self._view.isUntouched():  # else what was kept last lies beside the data
            self._keep()
        while self._view.isWhole and self._autosaving.pending:  # changed while that was written
            self._keep()
        if self._open is None:  # the scene was closed meanwhile
            return
        self._autosaving.end()
        self._beat.stop()
        self._lock.release()
        self._lock = self._open = None
        self._view.close()

    def _keep(self) -> None:
        """Save the edit of the study on view.

        Raises:
            InputError: it cannot be; the study stays open.
        """
        taken, self._isReplaced = self._autosaving.take(), False
        try:
            self._view.save(self.openItem, self._editor)
        except BaseException:
            self._autosaving.giveBack(taken)
            raise
        if self._view.isWhole:
            self._autosaving.goOn(self._view.followed(self.openItem, self._editor))
            if self._isReplaced:
                return self._keep()
        if self._lock is not None:  # else left meanwhile, as when the scene was closed
            self._lock, text = heldOn(self._lock, self.openItem, self._editor)
            self._show(text)

    def _onBeat(self) -> None:
        if self._lock is not None:
            try:
                self._lock.beat()
            except OSError:
                self._show(_("The disk of the worklist does not answer; your edit is in the scene, save it when it is back."))

    def _onReader(self) -> None:
        slicer.app.userSettings().setValue(_READER, self.reader)
        self.refresh()

    def _onFolder(self, checked: bool = False) -> None:
        folder = qt.QFileDialog.getExistingDirectory(slicer.util.mainWindow(), _("Choose the folder with the studies"))
        if folder:
            with slicer.util.tryWithErrorDisplay(_("The worklist could not be read.")):
                self.show(Path(folder))

    def _onAnalyseAll(self, checked: bool = False) -> None:
        if checked:
            self.refresh()
            missing = missingDisk(self._items)
            self._show(missing)
            waiting = [] if missing else wl.waiting(self._items, self._states)
            self._background.start(waiting, self.reader or _("a reader without a name"))
        else:
            self._background.stop()
        self._enable()

    def _onAgreement(self, checked: bool = False) -> None:
        missing = missingDisk(self._items)
        self._show(missing)
        if not missing and self.save():  # what is on view counts as it is now
            try:
                self.agreement.start(self._folder, {item.folder.name: item.name for item in self._items})
            except InputError as error:
                self._show(str(error))

    def _openAt(self, code: str, number: int) -> None:
        """Open the study whose folder has this name, where it is in the list, at a slice."""
        row = next((row for row, item in enumerate(self._items) if item.folder.name == code), None)
        if row is None:
            return self._show(_("That study is not in the list any more."))
        self.open(row)
        if self._open == row:
            jumpToSlice(self._view.volume, number)

    def _onAnalysed(self) -> None:
        self.refresh()
        self._ui.analyseAllButton.checked = self._background.running

    def _show(self, text: str) -> None:
        self._ui.worklistLabel.text = text
        self._ui.worklistLabel.visible = bool(text)

    def _enable(self) -> None:
        ui, some = self._ui, bool(self._items)
        ui.openStudyButton.enabled = some and ui.worklistTable.currentRow() >= 0
        ui.saveStudyButton.enabled = self._open is not None
        for button in (ui.nextStudyButton, ui.analyseAllButton, ui.agreementButton):
            button.enabled = some
