"""Chooses the model: bundles that come with the extension and those that the user has added."""

import os
import shutil
import tempfile
from pathlib import Path

import qt
import slicer
import slicer.util
from LesionReadingLib.errors import InputError
from LesionReadingLib.model.bundle import DEFAULT_MODELS, METADATA, Bundle, described_bundle, load_bundle, model_folders
from LesionReadingLib.presenting.report import model_rows
from LesionReadingLib.text.plain_text import plain
from slicer.i18n import tr as _


def userModelFolder() -> Path:
    """Where the user's own bundles are kept: beside Slicer's settings, so that an update of the extension leaves them alone."""
    return Path(os.path.dirname(slicer.app.slicerUserSettingsFilePath)) / "LesionReading" / "Models"


def modelNamed(name: str, task: str) -> str:
    """Folder of the bundle of that name, shipped or the user's; empty where there is none any more."""
    return next((str(bundle.path) for bundle in _bundles(task) if bundle.name == name), "")


class ModelSelector:
    """Drives modelComboBox with a task's bundles, modelFactsLabel, modelAddButton, modelFolderButton and modelRemoveButton."""

    def __init__(self, ui, task: str) -> None:
        """task: the module's, for example "oct-calcium"; only bundles made for it are shown."""
        self._ui, self._task = ui, task
        self._bundles: list[Bundle] = []
        ui.modelComboBox.connect("currentIndexChanged(int)", self._showFacts)
        ui.modelAddButton.connect("clicked(bool)", self._onAdd)
        ui.modelFolderButton.connect("clicked(bool)", self._onOpenFolder)
        ui.modelRemoveButton.connect("clicked(bool)", self._onRemove)
        self.refresh()

    def currentModel(self) -> str:
        """Folder of the chosen bundle; empty where there is none."""
        bundle = self._current()
        return str(bundle.path) if bundle is not None else ""

    def nameAndVersion(self) -> tuple[str, str]:
        """Of the chosen bundle; empty where there is none."""
        bundle = self._current()
        return (bundle.name, plain(str(bundle.metadata.get("version", "")))) if bundle is not None else ("", "")

    def select(self, path: str) -> bool:
        """Choose the bundle in a folder, and tell whether it is there."""
        paths = [str(bundle.path) for bundle in self._bundles]
        if path in paths:
            self._ui.modelComboBox.currentIndex = paths.index(path)
        return path in paths

    def refresh(self) -> None:
        """Look for bundles anew, keeping the choice where it is still there."""
        chosen = self.currentModel()
        self._bundles = _bundles(self._task)
        box = self._ui.modelComboBox
        wasBlocked = box.blockSignals(True)
        box.clear()
        for bundle in self._bundles:
            box.addItem(_("{name} (yours)").format(name=bundle.name) if _isUsers(bundle) else bundle.name)
        box.blockSignals(wasBlocked)
        self.select(chosen)
        self._showFacts()

    def add(self, folder: Path) -> None:
        """Check a bundle, copy it to the user's models and choose it.

        Raises:
            InputError: it is no bundle of the task, or one of that name is there already.
        """
        bundle = described_bundle(folder, self._task)
        target = userModelFolder() / bundle.name
        if target.exists():
            raise InputError(_("You have a model named {name} already; remove it first.").format(name=bundle.name))
        target.parent.mkdir(parents=True, exist_ok=True)
        # Copied beside and then renamed, so that half a model is never offered.
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".") as scratch:
            copied = Path(shutil.copytree(folder, Path(scratch) / bundle.name))
            load_bundle(copied, self._task)
            copied.rename(target)
        self.refresh()
        self.select(str(target))

    def _current(self) -> Bundle | None:
        index = self._ui.modelComboBox.currentIndex
        return self._bundles[index] if 0 <= index < len(self._bundles) else None

    def _showFacts(self, index: int = 0) -> None:
        bundle = self._current()
        self._ui.modelFactsLabel.text = _origin(bundle) if bundle is not None else _("There is no model; add a bundle.")
        self._ui.modelFactsLabel.toolTip = self._ui.modelComboBox.toolTip = _facts(bundle) if bundle is not None else ""
        self._ui.modelFolderButton.enabled = bundle is not None
        self._ui.modelRemoveButton.enabled = bundle is not None and _isUsers(bundle)

    def _onAdd(self, checked: bool = False) -> None:
        folder = qt.QFileDialog.getExistingDirectory(slicer.util.mainWindow(), _("Choose the folder of a model (MONAI bundle)"))
        if folder:
            with slicer.util.tryWithErrorDisplay(_("The model could not be added.")):
                self.add(Path(folder))

    def _onOpenFolder(self, checked: bool = False) -> None:
        qt.QDesktopServices.openUrl(qt.QUrl.fromLocalFile(self.currentModel()))

    def _onRemove(self, checked: bool = False) -> None:
        bundle = self._current()
        question = _("Remove the model {name} from this computer?").format(name=bundle.name)
        if slicer.util.confirmOkCancelDisplay(question):
            with slicer.util.tryWithErrorDisplay(_("The model could not be removed.")):
                shutil.rmtree(bundle.path)
            self.refresh()


def _bundles(task: str) -> list[Bundle]:
    """The usable bundles of a task: the default one, the others that come with the extension, then the user's."""
    shipped = [bundle for folder in model_folders() for bundle in _bundlesIn(folder, task)]
    shipped.sort(key=lambda bundle: bundle.name != DEFAULT_MODELS.get(task))
    return [*shipped, *_bundlesIn(userModelFolder(), task)]


def _bundlesIn(folder: Path, task: str) -> list[Bundle]:
    """The bundles of a task, by name; one that is none, or has no weights, is left out.

    The weights are not read here: this is called at every refresh, and Qt's loop must not wait for a disk. A run checks them.
    """
    found = []
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        if (path / METADATA).is_file() and not path.name.startswith("."):
            try:
                found.append(described_bundle(path, task))
            except InputError:
                continue
    return found


def _isUsers(bundle: Bundle) -> bool:
    return userModelFolder() in bundle.path.parents


def _origin(bundle: Bundle) -> str:
    """What a reader must know before believing a model: what it learnt from, in its own words."""
    return plain(bundle.metadata.get("data_source") or bundle.metadata.get("description") or bundle.name)


def _facts(bundle: Bundle) -> str:
    """Everything that a bundle says of itself, its test figures too, a line each."""
    return "\n".join(plain(f"{title}: {text}") for title, text in model_rows(bundle.summary()))
