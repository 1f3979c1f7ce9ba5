"""Writes the report of a result, as its labels are now, in a process of its own."""

from collections.abc import Callable
from pathlib import Path

import qt
import slicer.util
from LesionReadingLib.errors import InputError
from LesionReadingLib.process.scratch import Scratch
from slicer.i18n import tr as _

from ..dependencies import ensureDependencies
from .worker_process import Outcome, WorkerProcess

REPORT = "report.html"


class ReportWriting:
    """Drives reportButton; what happens is told in statusLabel and detailsText. The finished report is opened in the browser."""

    def __init__(self, ui, module: str, package: str, prepare: Callable[[Path, Path], list[str]]) -> None:
        """Take over the widgets of a panel.

        ui: the widgets of the panel. module: its name, shown to the user. package: the Lib whose command line writes reports.
        prepare(inputs, output): writes what the report is made from into the temporary folder ``inputs``, and gives the arguments
        of the command line that write the report into the folder ``output``.
        """
        self._ui, self._module, self._package, self._prepare = ui, module, package, prepare
        ui.reportButton.connect("clicked(bool)", lambda checked=False: self._ask())
        self._worker = WorkerProcess()

    @property
    def running(self) -> bool:
        """Whether a report is being written."""
        return self._worker.running

    def start(self, output: Path) -> None:
        """Write the report, its tables and pictures into a folder.

        Raises:
            InputError: a report is being written already. Whatever ``prepare`` raises.
        """
        if self.running:
            raise InputError(_("A report is being written already; wait for it."))
        self._scratch, self._output = Scratch(None, "LesionReading-report-"), output
        try:
            arguments = self._prepare(self._scratch.path, output)
            shown = {"onProgress": self._onProgress, "onLog": self._ui.detailsText.appendPlainText}
            self._worker.start(self._package, arguments, self._onFinished, **shown)
        except BaseException:
            self._scratch.close()
            raise
        self._ui.statusLabel.text = _("Writing the report...")

    def cancel(self) -> None:
        """Write no report, where one is being written."""
        self._worker.cancel()

    def _ask(self) -> None:
        folder = qt.QFileDialog.getExistingDirectory(slicer.util.mainWindow(), _("Choose a folder for the report"))
        if folder:
            with slicer.util.tryWithErrorDisplay(_("The report could not be written.")):
                ensureDependencies(self._module)  # the scene may have been read on another computer
                with slicer.util.WaitCursor():
                    self.start(Path(folder))

    def _onProgress(self, stage: str, done: int, total: int) -> None:
        self._ui.statusLabel.text = stage

    def _onFinished(self, outcome: Outcome) -> None:
        self._scratch.close()
        if outcome.details:
            self._ui.detailsText.appendPlainText(outcome.details)
        if outcome.status != "done":
            self._ui.statusLabel.text = outcome.message
            return
        self._ui.statusLabel.text = _("The report is in {folder}").format(folder=self._output)
        qt.QDesktopServices.openUrl(qt.QUrl.fromLocalFile(str(self._output / REPORT)))
