"""Gets the Python packages that the Libs need, on the first Apply and not before, after asking the user."""

import importlib.metadata
import logging
import platform
import subprocess
import sys
import tempfile
from pathlib import Path

import slicer
import slicer.packaging
import slicer.util
from LesionReadingLib.errors import InputError
from slicer.i18n import tr as _

TORCH_VERSION = ">=2.6"
TRAINING_REQUIREMENTS = ("monai>=1.4", "pytorch-ignite>=0.5")
"""What fine-tuning needs besides; analysing does not."""
_HARMFUL = "python-gdcm"
_KEEP_HARMFUL = "LesionReading/KeepPythonGdcm"  # a setting: the user was asked once, and wants it
_REQUIREMENTS = Path(__file__).parents[1] / "Resources" / "lesion_reading_requirements.txt"


def missingPackages() -> list[str]:
    """What the Libs need, PyTorch among it, and Slicer's Python lacks; nothing is imported to find out."""
    wanted = [f"torch{TORCH_VERSION}", *map(str, slicer.packaging.load_requirements(_REQUIREMENTS))]
    return [requirement for requirement in wanted if not slicer.packaging.pip_check(requirement)]


def ensureDependencies(requester: str) -> None:
    """Install what is missing, and offer to remove what does harm; the user is asked before anything is changed.

    requester: name of the module, shown to the user.

    Raises:
        InputError: something is missing and was not installed; the message says what to do.
    """
    if slicer.app.testingEnabled():
        return
    _ensureTorch()
    try:
        _ensure(slicer.packaging.load_requirements(_REQUIREMENTS), requester)
    except subprocess.CalledProcessError as error:
        raise InputError(_offline()) from error
    except RuntimeError as error:
        # How pip_ensure tells that the user said no.
        raise InputError(_("Python packages are missing, and without them nothing can be analyzed; press Apply again.")) from error
    _offerToRemoveHarmful()


def ensureTraining(requester: str) -> None:
    """The same for what fine-tuning needs besides.

    Raises:
        InputError: as ``ensureDependencies``.
    """
    ensureDependencies(requester)
    try:
        _ensure(list(TRAINING_REQUIREMENTS), requester)
    except subprocess.CalledProcessError as error:
        raise InputError(_offline()) from error
    except RuntimeError as error:
        raise InputError(_("Fine-tuning needs Python packages that are missing; start it again to install them.")) from error


def _ensureTorch() -> None:
    # Asked of the installed packages: PyTorchUtils would import torch into Slicer to find out.
    if slicer.packaging.pip_check(f"torch{TORCH_VERSION}"):
        return
    if sys.platform == "darwin" and platform.machine() == "x86_64":
        raise InputError(_("PyTorch is no longer made for Macs with an Intel processor; use another computer."))
    try:
        import PyTorchUtils
    except ImportError as error:
        raise InputError(
            _("The PyTorch extension is missing; install it in the Extensions Manager, restart Slicer and press Apply again.")
        ) from error
    try:
        torch = PyTorchUtils.PyTorchUtilsLogic().installTorch(askConfirmation=True, torchVersionRequirement=TORCH_VERSION)
    except Exception as error:  # pip, the network and the installer of PyTorch fail in many ways
        logging.exception("PyTorch was not installed")
        raise InputError(_offline()) from error
    if torch is None:
        raise InputError(_("PyTorch is missing, and without it nothing can be analyzed; press Apply again to install it."))


def _ensure(requirements: list, requester: str) -> None:
    with tempfile.TemporaryDirectory(prefix="LesionReading-") as folder:
        # PyTorch was chosen to fit the graphics card: no package may bring another one.
        constraints = Path(folder) / "constraints.txt"
        constraints.write_text(f"torch=={importlib.metadata.version('torch')}\n", encoding="utf-8")
        slicer.packaging.pip_ensure(requirements, constraints=constraints, requester=requester)


def _offerToRemoveHarmful() -> None:
    """Earlier versions of LesionReading installed python-gdcm; why it is not used any more, reading/itk_decoder.py says."""
    settings = slicer.app.userSettings()
    if sys.platform != "linux" or settings.value(_KEEP_HARMFUL) or not slicer.packaging.pip_check(_HARMFUL):
        return
    question = _(
        "The Python package {name}, which an earlier version of LesionReading installed, makes Slicer crash when it is closed. "
        "LesionReading does not need it any more. Remove it? (Answer no if another extension of yours needs it.)"
    ).format(name=_HARMFUL)
    if not slicer.util.confirmYesNoDisplay(question):
        settings.setValue(_KEEP_HARMFUL, True)
        return
    try:
        slicer.packaging.pip_uninstall(_HARMFUL)
    except subprocess.CalledProcessError:
        logging.exception("python-gdcm was not removed")
        slicer.util.warningDisplay(
            _("{name} could not be removed; type in the Python console: {command}").format(
                name=_HARMFUL, command=f'slicer.packaging.pip_uninstall("{_HARMFUL}")'
            )
        )


def _offline() -> str:
    return _(
        "Python packages could not be installed; check that this computer is connected to the internet and try again. "
        "Slicer's log (Help > Report a Bug) has the details."
    )
