"""Gets the Python packages that the Libs need, on the first Apply and not before, after asking the user."""

import logging
import subprocess
from pathlib import Path

import slicer
import slicer.packaging
from LesionReadingLib.errors import InputError
from slicer.i18n import tr as _

TORCH_VERSION = ">=2.6"
_REQUIREMENTS = Path(__file__).parents[1] / "Resources" / "lesion_reading_requirements.txt"


def ensureDependencies(requester: str) -> None:
    """Install what is missing; the user is asked before anything is downloaded.

    requester: name of the module, shown to the user.

    Raises:
        InputError: something is missing and was not installed; the message says what to do.
    """
    if slicer.app.testingEnabled():
        return
    _ensureTorch()
    try:
        slicer.packaging.pip_ensure(slicer.packaging.load_requirements(_REQUIREMENTS), requester=requester)
    except subprocess.CalledProcessError as error:
        raise InputError(_offline()) from error
    except RuntimeError as error:
        # How pip_ensure tells that the user said no.
        raise InputError(_("Python packages are missing, and without them nothing can be analyzed; press Apply again.")) from error


def _ensureTorch() -> None:
    # Asked of the installed packages: PyTorchUtils would import torch into Slicer to find out.
    if slicer.packaging.pip_check(f"torch{TORCH_VERSION}"):
        return
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


def _offline() -> str:
    return _(
        "Python packages could not be installed; connect this computer to the internet and press Apply again. "
        "Slicer's log (Help > Report a Bug) has the details."
    )
