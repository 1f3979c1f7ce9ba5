"""Writes the report of a result, as its labels are now, in a process of its own."""

import shutil
import tempfile
from pathlib import Path

import qt
from LesionReadingLib.scene import result_json
from LesionReadingPanel.model_selector import modelNamed
from LesionReadingPanel.worker_process import Outcome, WorkerProcess
from OCTCalciumLib.labels import TASK
from slicer.i18n import tr as _

from .pullback_results import MODEL, prepareReport

REPORT = "report.html"


class ReportWriting:
    """Drives reportButton; what happens is told in statusLabel and detailsText. The finished report is opened in the browser."""

    def __init__(self, ui) -> None:
        """ui: the widgets of the panel."""
        self._ui, self._folder = ui, None
        self._worker = WorkerProcess(self._onProgress, ui.detailsText.appendPlainText, self._onFinished)

    @property
    def running(self) -> bool:
        """Whether a report is being written."""
        return self._worker.running

    def start(self, result, output: Path) -> None:
        """Write the report, its tables and pictures into a folder.

        Raises:
            InputError: volume or segmentation cannot be used, or a report is being written already.
        """
        folder = Path(tempfile.mkdtemp(prefix="LesionReading-report-"))
        try:
            model = modelNamed(result_json(result, MODEL, ""), TASK)
            drawnBy = ["--drawn-by", model] if model else []
            self._worker.start("OCTCalciumLib", prepareReport(result, folder, output) + drawnBy)
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
