"""Learn from these: fine-tunes the chosen model on exported cases in the background, and tells what that gained.

The training's code lies beside the modules in a copy of the repository; an installed extension does not have it. The model that was
chosen stays as it is. The new one is only put beside it; whether it is used from then on is asked with the figures in view.
"""

from __future__ import annotations

from pathlib import Path

import LesionReadingLib
import qt
import slicer
import slicer.util
from LesionReadingLib.errors import InputError
from LesionReadingLib.model.bundle import described_bundle
from LesionReadingLib.studies.training_case import FACTS
from slicer.i18n import tr as _

from ..dependencies import ensureTraining
from ..model_selector import ModelSelector, userModelFolder
from ..running.worker_process import Outcome, WorkerProcess
from .study_on_view import StudyKind

REPOSITORY = Path(LesionReadingLib.__file__).parents[2]
TRAINING = "training"


class Learning:
    """Drives learnButton and learnLabel."""

    def __init__(self, ui, models: ModelSelector, module: str, kind: StudyKind) -> None:
        """models: whose choice is fine-tuned. module: its name, shown to the user. kind: what it does with studies."""
        self._ui, self._models, self._module, self._kind = ui, models, module, kind
        self.options: list[str] = []
        """More arguments of the command."""
        self._target: Path | None = None
        self._worker = WorkerProcess()
        ui.learnButton.connect("clicked(bool)", self._onButton)
        self._show("")
        if not (REPOSITORY / TRAINING / "__main__.py").is_file():
            ui.learnButton.enabled = False
            ui.learnButton.toolTip = _("Fine-tuning needs a copy of the repository: the installed extension has no training.")

    @property
    def running(self) -> bool:
        """Whether a model is being fine-tuned."""
        return self._worker.running

    def start(self, folder: Path) -> None:
        """Fine-tune the chosen model on the cases of a folder, after the user has agreed.

        Raises:
            InputError: the folder holds no exported case, there is no model, or packages are missing.
        """
        cases = sorted(path for path in [folder, *folder.iterdir()] if (path / FACTS).is_file())
        if not cases:
            raise InputError(_("The folder holds no exported case; choose the one that Export for training has written to."))
        name, _version = self._models.nameAndVersion()
        if not name:
            raise InputError(_("There is no model to begin with; add one first."))
        question = _(
            "Fine-tune the model {name} on {count} exported cases?\n\nEach case counts as another patient. It runs in the "
            "background on two processors of this computer, often for a quarter of an hour; nothing leaves the computer. The model "
            "stays as it is: a new one is made beside it, with figures of what it gained on cases that were left out."
        ).format(name=name, count=len(cases))
        if not slicer.util.confirmOkCancelDisplay(question):
            return
        ensureTraining(self._module)
        self._target = _freeName(userModelFolder(), f"{name}_adapted")
        self._target.parent.mkdir(parents=True, exist_ok=True)
        arguments = [*self._kind.adapt, self._models.currentModel(), *map(str, cases), "-o", str(self._target), *self.options]
        self._worker.start(TRAINING, arguments, self._onFinished, folder=REPOSITORY, onProgress=self._onProgress)
        self._show(_("Fine-tuning on {count} cases...").format(count=len(cases)))

    def stop(self) -> None:
        """Give up a fine-tuning that goes on; nothing of it stays."""
        self._worker.cancel()

    def _onButton(self, checked: bool = False) -> None:
        if self.running:
            self.stop()
            return
        folder = qt.QFileDialog.getExistingDirectory(slicer.util.mainWindow(), _("Choose the folder with the exported cases"))
        if folder:
            with slicer.util.tryWithErrorDisplay(_("Fine-tuning could not be started.")):
                self.start(Path(folder))

    def _onProgress(self, stage: str, done: int, total: int) -> None:
        self._show(_("Fine-tuning: {done} of {total} parts are done").format(done=done, total=total))

    def _onFinished(self, outcome: Outcome) -> None:
        if outcome.status != "done":
            self._show(outcome.message)
            return
        self._models.refresh()
        gain = self._kind.gainText(described_bundle(self._target, self._kind.task).metadata["eval_metrics"]["adapted"])
        self._show(gain)
        if slicer.util.confirmYesNoDisplay(gain + "\n\n" + _("Use the new model from now on?")):
            self._models.select(str(self._target))

    def _show(self, text: str) -> None:
        self._ui.learnLabel.text = text
        self._ui.learnLabel.visible = bool(text)
        self._ui.learnButton.text = _("Stop fine-tuning") if self.running else _("Learn from these...")


def _freeName(folder: Path, name: str) -> Path:
    """A folder of that name that is not there yet, numbered from the second on."""
    found, number = folder / name, 2
    while found.exists():
        found, number = folder / f"{name}_{number}", number + 1
    return found
