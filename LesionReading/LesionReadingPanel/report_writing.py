"""Writes the report of a result, as its labels are now, in a process of its own."""

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import qt
from slicer.i18n import tr as _

from .worker_process import Outcome, WorkerProcess

REPORT = "report.html"


class ReportWriting:
    """Drives reportButton; what happens is told in statusLabel and detailsText. The finished report is opened in the browser."""

    def __init__(self, ui, package: str) -> None:
        """ui: the widgets of the panel. package: the Lib whose command line writes reports."""
        self._ui, self._package, self._folder = ui, package, None
        self._worker = WorkerProcess(self._onProgress, ui.detailsText.appendPlainText, self._onFinished)

    @property
    def running(self) -> bool:
        """Whether a report is being written."""
        return self._worker.running

    def start(self, prepare: Callable[[Path], list[str]], output: Path) -> None:
        """Write the report, its tables and pictures into a folder.

        prepare(folder): writes what the report is made from into a temporary folder, and gives the arguments of the command line.
        output: where the report goes.

        Raises:
            InputError: a report is being written already. Whatever ``prepare`` raises.
        """
        folder = Path(tempfile.mkdtemp(prefix="LesionReading-report-"))
        try:
            self._worker.start(self._package, prepare(folder))
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        self._folder, self._output = folder, output
        self._ui.statusLabel.text = _("Writing the report...")

    def cancel(self) -> None:
        """Write no report, where one is being written."""
        self._worker.cancel()

    def _onProgress(self, stage: str, done: int, total: int) -> None:
        self._ui.statusLabel.text = stage

    def _onFinished(self, outcome: Outcome) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)
        if outcome.details:
            self._ui.detailsText.appendPlainText(outcome.details)
        if outcome.status != "done":
            self._ui.statusLabel.text = outcome.message
            return
        self._ui.statusLabel.text = _("The report is in {folder}").format(folder=self._output)
        qt.QDesktopServices.openUrl(qt.QUrl.fromLocalFile(str(self._output / REPORT)))
