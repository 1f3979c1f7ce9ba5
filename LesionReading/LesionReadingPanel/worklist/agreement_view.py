"""How far the readers of a worklist agree, with each other and with the model: compared in the background, shown in a window."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import qt
import slicer
import slicer.util
from LesionReadingLib.errors import InputError
from LesionReadingLib.process.scratch import Scratch
from LesionReadingLib.studies.agreement import MODEL, TABLE, Agreement, numbered, read_agreements, write_agreements
from LesionReadingLib.text.counting import shown
from slicer.i18n import tr as _

from ..aside import aside
from ..running.worker_process import Outcome, WorkerProcess
from .study_on_view import StudyKind

_SIZE = (800, 520)
_SPLIT = (2, 3)  # of the heights of both tables


class AgreementView:
    """Drives agreementButton.

    Attributes:
        window: the window with the tables; None until there was something to show.
    """

    def __init__(self, ui, kind: StudyKind, showMessage: Callable[[str], None], goTo: Callable[[str, int], None]) -> None:
        """Take over the button.

        showMessage(sentence): of what is being done, and of what cannot be. goTo(code, number): open the study whose folder has
        this name, at a slice.
        """
        self._ui, self._kind, self._showMessage, self._goTo = ui, kind, showMessage, goTo
        self._worker = WorkerProcess()
        self.window = None

    @property
    def running(self) -> bool:
        """Whether readers are being compared."""
        return self._worker.running

    def start(self, folder: Path, names: Mapping[str, str]) -> None:
        """Compare the readers of a worklist's folder, and show the window once they are.

        names: name of a study's own folder -> the name that the reader knows it by.

        Raises:
            InputError: they are being compared already.
        """
        self._names = names
        scratch = Scratch(None, "LesionReading-agreement-")
        output = scratch.path / "table"

        def finished(outcome: Outcome) -> None:
            try:
                self._onFinished(outcome, output / TABLE)
            finally:
                scratch.close()

        try:
            self._worker.start(self._kind.package, ["agreement", str(folder), "-o", str(output), "--with-readers"], finished)
        except BaseException:
            scratch.close()
            raise
        self._showMessage(_("Comparing the readers..."))

    def stop(self) -> None:
        """Compare no further, and close the window."""
        self._worker.cancel()
        if self.window is not None:
            self.window.close()

    def _onFinished(self, outcome: Outcome, table: Path) -> None:
        if outcome.status != "done":
            self._showMessage(outcome.message)
            return
        found = aside(lambda: read_agreements(table))
        self._showMessage("")
        if self.window is None:
            self.window = AgreementWindow(self._kind, self._goTo)
        studies = outcome.result["studies"]
        self.window.show(found, [(code, self._names.get(code, code)) for code in studies])


class AgreementWindow:
    """Two tables: every pair of readings of every study, and below the slices of the chosen pair."""

    def __init__(self, kind: StudyKind, goTo: Callable[[str, int], None]) -> None:
        """goTo(code, number): as of ``AgreementView``."""
        self._kind, self._goTo = kind, goTo
        self._found: Sequence[Agreement] = ()
        self._pairs: list[Agreement] = []
        self._slices: list[Agreement] = []
        self._codes: list[str] = []
        self.dialog = qt.QDialog(slicer.util.mainWindow())
        self.dialog.setWindowTitle(_("Agreement of readers"))
        self.dialog.resize(*_SIZE)
        self.pairTable, self.sliceTable = _table(), _table()
        self.namedCheckBox = qt.QCheckBox(_("Name the readers in the file"))
        self.namedCheckBox.setToolTip(_("Without, the table that is saved numbers them."))
        self.saveButton = qt.QPushButton(_("Save table..."))
        self.saveButton.setToolTip(_("Save both tables, of all studies, as one CSV file."))
        layout = qt.QVBoxLayout(self.dialog)
        layout.addWidget(qt.QLabel(_("Studies: choose a row to see its slices below")))
        layout.addWidget(self.pairTable, _SPLIT[0])
        layout.addWidget(qt.QLabel(_("Slices: double-click one to open the study there")))
        layout.addWidget(self.sliceTable, _SPLIT[1])
        layout.addWidget(self.namedCheckBox)
        layout.addWidget(self.saveButton)
        self.pairTable.connect(
            "currentCellChanged(int,int,int,int)", lambda row, column, rowBefore, columnBefore: self._showSlices(row)
        )
        self.sliceTable.connect("cellActivated(int,int)", self._onSlice)  # a double click, or Enter
        self.saveButton.connect("clicked(bool)", self._onSave)

    def show(self, found: Sequence[Agreement], names: Sequence[tuple[str, str]]) -> None:
        """Show what was found, worst agreement first. names: of each study in the order of their numbers, folder's and shown."""
        self._found = found
        self._pairs = sorted((row for row in found if row.slice is None), key=lambda row: row.dice)
        self._codes = [code for code, _name in names]
        arcs, unit = any(row.arcs_deg != (None, None) for row in found), self._kind.volumeUnit
        headers = [_("Study"), _("Reader A"), _("Reader B"), _("Dice"), _("Volume A\n{unit}"), _("Volume B\n{unit}")]
        headers += [_("Arc A\n°"), _("Arc B\n°")] if arcs else []
        rows = [
            [names[row.study - 1][1], *map(_reader, row.readers), _dice(row), *_pair(row.volumes, 1), *_pair(row.arcs_deg, 0)]
            for row in self._pairs
        ]
        _fill(self.pairTable, [header.format(unit=unit) for header in headers], rows)
        self.pairTable.setCurrentCell(0, 0)
        self._showSlices(0)
        self.dialog.show()
        self.dialog.activateWindow()

    def close(self) -> None:
        """Put the window away."""
        self.dialog.close()

    def _showSlices(self, row: int) -> None:
        if not 0 <= row < len(self._pairs):
            return
        pair = self._pairs[row]
        same = [one for one in self._found if (one.study, one.readers) == (pair.study, pair.readers) and one.slice is not None]
        self._slices = sorted(same, key=lambda one: one.dice)
        headers = [self._kind.sliceTitle, _("Dice"), _("Arc A\n°"), _("Arc B\n°")]
        rows = [[str(shown(one.slice)), _dice(one), *_pair(one.arcs_deg, 0)] for one in self._slices]
        arcs = any(one.arcs_deg != (None, None) for one in self._slices)
        _fill(self.sliceTable, headers if arcs else headers[:2], rows)

    def _onSlice(self, row: int, column: int) -> None:
        chosen = self._slices[row]
        self._goTo(self._codes[chosen.study - 1], chosen.slice)

    def _onSave(self, checked: bool = False) -> None:
        file = qt.QFileDialog.getSaveFileName(self.dialog, _("Save the table as"), TABLE, _("Tables (*.csv)"))
        if not file:
            return
        with slicer.util.tryWithErrorDisplay(_("The table could not be saved.")):
            found = self._found if self.namedCheckBox.checked else numbered(self._found)
            try:
                write_agreements(Path(file), found, self._kind.volumeUnit.replace("³", "3"), self._kind.sliceWord)
            except OSError as error:
                sentence = _("The table cannot be written ({reason}); choose another place.")
                raise InputError(sentence.format(reason=error.strerror)) from error


def _table():
    table = qt.QTableWidget()
    table.setEditTriggers(qt.QAbstractItemView.NoEditTriggers)
    table.setSelectionBehavior(qt.QAbstractItemView.SelectRows)
    table.setSelectionMode(qt.QAbstractItemView.SingleSelection)
    table.verticalHeader().setVisible(False)
    table.horizontalHeader().setSectionResizeMode(qt.QHeaderView.Stretch)
    return table


def _fill(table, headers: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    table.setColumnCount(len(headers))
    table.setHorizontalHeaderLabels(headers)
    table.setRowCount(len(rows))
    for number, row in enumerate(rows):
        for column, text in enumerate(row[: len(headers)]):
            cell = qt.QTableWidgetItem(text)
            cell.setToolTip(text)
            table.setItem(number, column, cell)


def _reader(name: str) -> str:
    return _("the model") if name == MODEL else name


def _dice(row: Agreement) -> str:
    return f"{row.dice:.2f}"


def _pair(values: Sequence[float | None], digits: int) -> list[str]:
    return ["" if value is None else f"{value:.{digits}f}" for value in values]
