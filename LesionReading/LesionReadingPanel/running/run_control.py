"""The Apply and Cancel buttons: start a run of the Libs, show how far it is, say how it ended."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import slicer.util
from slicer.i18n import tr as _

from ..logic import LesionReadingLogic
from .worker_process import Outcome

_LOG_LINES = 2000


class RunControl:
    """One run at a time, shown in applyButton, cancelButton, progressBar, statusLabel, detailsButton and detailsText."""

    def __init__(
        self,
        ui,
        logic: LesionReadingLogic,
        onDone: Callable[[Path], None],
        onEnded: Callable[[], None] | None = None,
    ) -> None:
        """
        ui: the widgets of the module's panel. logic: of the module, which runs the command line.
        onDone(folder): called with the folder of a run when it is done; it is removed afterwards.
        onEnded(): called after every run, whatever its end.
        """
        self._ui, self._logic, self._onDone, self._onEnded = ui, logic, onDone, onEnded
        self.outcome: Outcome | None = None
        """How the last run ended; None before."""
        ui.detailsText.setMaximumBlockCount(_LOG_LINES)
        ui.cancelButton.connect("clicked(bool)", lambda checked=False: self.cancel())
        self._showRunning(False)

    @property
    def running(self) -> bool:
        """Whether a run is going on."""
        return self._logic.running

    def start(self, volume, **options: Any) -> None:
        """Read a volume node; options as of the module's ``prepareRun``.

        Raises:
            InputError: it cannot be started.
        """
        shown = {"onProgress": self._showProgress, "onLog": self._showLog}
        self._logic.run(volume, self._onFinished, **shown, **options)
        self._ui.detailsText.setPlainText("")
        self._showRunning(True)
        self._ui.statusLabel.text = _("Starting...")
        self._ui.progressBar.setRange(0, 0)

    def cancel(self) -> None:
        """Cancel the run, if there is one; it has ended within a second."""
        if self.running:
            self._ui.statusLabel.text = _("Cancelling...")
            self._ui.cancelButton.enabled = False
            self._logic.cancel()

    def forget(self) -> None:
        """Say no more how the last run ended: it was of another input, or of a scene that is closed."""
        if not self.running:
            self._ui.statusLabel.text = ""

    def _onFinished(self, outcome: Outcome, folder: Path) -> None:
        self.outcome = outcome
        self._showRunning(False)
        self._ui.statusLabel.text = outcome.message or _("Done.")
        if outcome.details:
            self._ui.detailsText.appendPlainText(outcome.details)
        try:
            if outcome.status == "done":
                self._takeResults(folder)
            else:
                logging.info(f"Analysis {outcome.status}: {outcome.message}")
        finally:
            if self._onEnded is not None:
                self._onEnded()

    def _takeResults(self, folder: Path) -> None:
        with slicer.util.tryWithErrorDisplay(_("The results could not be shown."), waitCursor=True):
            try:
                self._onDone(folder)
            except Exception as error:
                self._ui.statusLabel.text = _("The results could not be shown: {reason}").format(reason=error)
                raise

    def _showRunning(self, running: bool) -> None:
        self._ui.applyButton.enabled = not running
        self._ui.cancelButton.enabled = running
        self._ui.progressBar.visible = running

    def _showProgress(self, stage: str, done: int, total: int) -> None:
        self._ui.progressBar.setRange(0, total)
        self._ui.progressBar.value = done
        self._ui.statusLabel.text = _("{stage}: {done} of {total}").format(stage=stage, done=done, total=total)

    def _showLog(self, lines: str) -> None:
        self._ui.detailsText.appendPlainText(lines)
