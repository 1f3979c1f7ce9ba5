"""A panel whose results are corrected: with a report, a worklist, drawing by hand, and export for training."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import qt
import slicer
import slicer.util
from slicer.i18n import tr as _

from .running.report_writing import ReportWriting
from .widget import LesionReadingWidget
from .worklist.learning import Learning
from .worklist.view import WorklistView


class ResultWidget(LesionReadingWidget):
    """Drives reportButton, exportButton, byHandButton, the worklist and the learning; a module fills in the hooks.

    Attributes:
        report, worklist, learning: the shared parts of such a panel.
    """

    # Hooks

    def currentResult(self):
        """The result node of the input that is shown; None where there is none that is whole."""
        raise NotImplementedError

    def studyKind(self):
        """How studies of the worklist are found, read and shown (``worklist.study_on_view.StudyKind``)."""
        raise NotImplementedError

    def beginByHand(self) -> None:
        """Give the input that is shown a result without any label."""
        raise NotImplementedError

    def exportOptions(self) -> dict[str, Any]:
        """What the logic's ``exportCase`` is told beside the result."""
        return {}

    # Life cycle

    def setupPanel(self) -> None:
        self.report = ReportWriting(self.ui, self.moduleName, self.PACKAGE, self._prepareReport)
        kind = self._kind = self.studyKind()
        self.worklist = WorklistView(self.ui, kind)
        self.learning = Learning(self.ui, self.models, self.moduleName, kind)
        self.ui.exportButton.connect("clicked(bool)", self.onExportButton)
        self.ui.byHandButton.connect("clicked(bool)", self.onByHandButton)

    def cleanup(self) -> None:
        """Called when Slicer ends or the module is reloaded."""
        self.worklist.stop()
        self.learning.stop()
        self.report.cancel()
        super().cleanup()

    def onSceneStartClose(self, caller, event) -> None:
        """Called just before the scene is closed."""
        self.worklist.leave()  # while its nodes are there
        super().onSceneStartClose(caller, event)

    def modelOfResult(self) -> str:
        """The name of the model that drew the result that is shown; empty where none did."""
        result = self.currentResult()
        return self._kind.drawnBy(result) if result is not None else ""

    def takeResults(self, folder: Path) -> None:
        """Load what a run has written as the result of analysedVolume."""
        super().takeResults(folder)
        self.worklist.resultReplaced(self.analysedVolume)

    # Reactions

    def onExportButton(self, checked: bool = False) -> None:
        """Export the input and its labels for training."""
        folder = qt.QFileDialog.getExistingDirectory(slicer.util.mainWindow(), _("Choose a folder for the case"))
        if folder:
            with slicer.util.tryWithErrorDisplay(_("The case could not be exported."), waitCursor=True):
                case = self.logic.exportCase(self.currentResult(), Path(folder), **self.exportOptions())
                self.ui.statusLabel.text = _("Exported to {folder}").format(folder=case)
                self.worklist.showExported()

    def onByHandButton(self, checked: bool = False) -> None:
        """Begin a result without any label, for a person to draw."""
        with slicer.util.tryWithErrorDisplay(_("Drawing could not be begun.")):
            self.beginByHand()
            self.ui.inputButton.collapsed = True
            self.refresh()
            self.ui.editButton.collapsed = False

    def _checkCanApply(self, caller=None, event=None) -> None:
        super()._checkCanApply(caller, event)
        ready = self._shownInput is not None and self.spacing.placed and self.spacing.ready and not self.run.running
        self.ui.byHandButton.enabled = ready and self.currentResult() is None

    def _prepareReport(self, inputs: Path, output: Path) -> list[str]:
        return self.logic.prepareReport(self.currentResult(), inputs, output)
