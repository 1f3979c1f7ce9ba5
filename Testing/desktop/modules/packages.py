"""Python packages: ``slicer.packaging``, ``PyTorchUtils`` and the command PythonSlicer. Nothing is ever installed."""

import importlib.metadata
import importlib.util
import os
import subprocess
import sys
import types
from pathlib import Path

import slicer
from packaging.requirements import InvalidRequirement, Requirement

missing_in_slicer = {"python-gdcm"}
"""What the tests' Python has and a Slicer's has not."""


def load_requirements(path):
    lines = [line.strip() for line in Path(path).read_text(encoding="utf-8").splitlines()]
    return [Requirement(line) for line in lines if line and not line.startswith(("#", "-"))]


def pip_check(req):
    return all(_is_installed(requirement) for requirement in _requirements(req))


def pip_install(requirements, constraints=None, show_progress=True, requester=None):
    """There is no network: fails as pip then does. The error's output is what constrained it."""
    command = ["PythonSlicer", "-m", "pip", "install", *map(str, _requirements(requirements))]
    raise subprocess.CalledProcessError(1, command, output=Path(constraints).read_text() if constraints else "")


def pip_uninstall(requirements, blocking=True, logCallback=None, completedCallback=None):
    """Slicer lacks it from then on."""
    missing_in_slicer.update(requirement.name for requirement in _requirements(requirements))


def pip_ensure(
    requirements,
    constraints=None,
    skip_packages=None,
    prompt_install=True,
    prompt_restart=True,
    requester=None,
    skip_in_testing=True,
    show_progress=True,
):
    missing = [requirement for requirement in _requirements(requirements) if not _is_installed(requirement)]
    if not missing or (skip_in_testing and slicer.app.testingEnabled()):
        return
    names = ", ".join(map(str, missing))
    question = f"{len(missing)} Python packages need to be installed: {names}. Continue?"
    if prompt_install and not slicer.util.confirmOkCancelDisplay(question, f"{requester or ''} - Install Python Packages"):
        raise RuntimeError("User declined package installation")
    pip_install(missing, constraints=constraints, show_progress=show_progress, requester=requester)


def _requirements(given):
    if isinstance(given, list):
        return [Requirement(each) if isinstance(each, str) else each for each in given]
    if isinstance(given, Requirement):
        return [given]
    try:
        return [Requirement(given)]
    except InvalidRequirement:
        return [Requirement(each) for each in given.split()]


def _is_installed(requirement):
    if requirement.marker is not None and not requirement.marker.evaluate():
        return True
    if requirement.name in missing_in_slicer:
        return False
    try:
        return requirement.specifier.contains(importlib.metadata.version(requirement.name), prereleases=True)
    except importlib.metadata.PackageNotFoundError:
        return False


class PyTorchUtilsLogic:
    """Stands for PyTorchUtilsLogic (the PyTorch extension, PyTorchUtils/PyTorchUtils.py). It installs nothing."""

    @staticmethod
    def torchInstalled():
        return importlib.util.find_spec("torch") is not None

    def installTorch(
        self,
        askConfirmation=False,
        forceComputationBackend=None,
        torchVersionRequirement=None,
        torchvisionVersionRequirement=None,
    ):
        if askConfirmation and not slicer.util.confirmOkCancelDisplay("PyTorch will be downloaded and installed."):
            return None
        return pip_install("torch")


def put_python_slicer_on_path(folder):
    """Write the command PythonSlicer, which runs this Python, and let ``shutil.which`` find it as inside Slicer."""
    folder.mkdir(exist_ok=True)
    command = folder / "PythonSlicer"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n', encoding="utf-8")
    command.chmod(0o755)
    os.environ["PATH"] = f"{folder}{os.pathsep}{os.environ['PATH']}"


def make_packaging_module():
    """The module ``slicer.packaging``."""
    module = types.ModuleType("slicer.packaging")
    for function in (load_requirements, pip_check, pip_install, pip_uninstall, pip_ensure):
        setattr(module, function.__name__, function)
    return module


def make_torch_module():
    """The module ``PyTorchUtils``."""
    module = types.ModuleType("PyTorchUtils")
    module.PyTorchUtilsLogic = PyTorchUtilsLogic
    return module
