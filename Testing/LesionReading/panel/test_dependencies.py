"""The Python packages that the Libs need: asked for once, named, installed or told."""

from __future__ import annotations

import sys
import tomllib

import pytest
import slicer
import slicer.packaging
from LesionReadingLib.errors import InputError
from packaging.requirements import Requirement
from places import ROOT

REQUIREMENTS = ROOT / "LesionReading/Resources/lesion_reading_requirements.txt"


def test_slicer_is_asked_for_the_packages_of_the_project_without_its_own():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = {str(Requirement(text)) for text in project["dependencies"] if Requirement(text).name not in ("torch", "vtk")}
    lines = [line for line in REQUIREMENTS.read_text().splitlines() if line and not line.startswith("#")]
    assert {str(Requirement(line)) for line in lines} == wanted


def test_the_version_of_torch_is_the_projects():
    from LesionReadingPanel.dependencies import TORCH_VERSION

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert f"torch{TORCH_VERSION}" in project["dependencies"]


def test_what_fine_tuning_needs_besides_is_what_the_project_says_of_the_training():
    from LesionReadingPanel.dependencies import TRAINING_REQUIREMENTS

    training = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]["training"]
    assert set(TRAINING_REQUIREMENTS) <= set(training)


def test_packages_of_the_training_are_asked_for_when_something_is_to_be_learnt(a_desktop, a_slicer_without):
    from LesionReadingPanel.dependencies import ensureDependencies, ensureTraining

    a_slicer_without.add("monai")
    ensureDependencies("OCTCalcium")
    assert a_desktop.dialogs.shown == []
    a_desktop.dialogs.answer(False)
    with pytest.raises(InputError, match="start it again"):
        ensureTraining("OCTCalcium")
    assert "monai" in a_desktop.dialogs.shown[-1].text


def test_where_all_packages_are_there_nobody_is_asked(a_desktop):
    from LesionReadingPanel.dependencies import ensureDependencies

    ensureDependencies("OCTCalcium")
    assert a_desktop.dialogs.shown == []


@pytest.fixture
def a_slicer_without(monkeypatch):
    """Slicer's Python without some packages, as far as the installed lists tell."""
    import importlib.metadata

    known = importlib.metadata.version
    lacking = set()

    def version(name):
        if name in lacking:
            raise importlib.metadata.PackageNotFoundError(name)
        return known(name)

    monkeypatch.setattr(importlib.metadata, "version", version)
    return lacking


def test_without_torch_the_user_is_asked_first_and_may_say_no(a_desktop, a_slicer_without):
    from LesionReadingPanel.dependencies import ensureDependencies

    a_slicer_without.add("torch")
    a_desktop.dialogs.answer(False)
    with pytest.raises(InputError, match="press Apply again"):
        ensureDependencies("OCTCalcium")


def test_without_torch_and_without_its_extension_the_message_says_what_to_install(a_desktop, a_slicer_without, monkeypatch):

    from LesionReadingPanel.dependencies import ensureDependencies

    a_slicer_without.add("torch")
    monkeypatch.setitem(sys.modules, "PyTorchUtils", None)
    with pytest.raises(InputError, match="Extensions Manager"):
        ensureDependencies("OCTCalcium")


@pytest.mark.parametrize("package", ["torch", "highdicom"])
def test_without_a_network_the_message_says_so(a_desktop, a_slicer_without, package):
    from LesionReadingPanel.dependencies import ensureDependencies

    a_slicer_without.add(package)
    a_desktop.dialogs.answer(True)
    with pytest.raises(InputError, match="internet"):
        ensureDependencies("OCTCalcium")


def test_no_package_may_bring_another_torch_than_the_one_that_fits_the_graphics_card(a_desktop, a_slicer_without):
    from importlib.metadata import version

    from LesionReadingPanel.dependencies import ensureDependencies

    a_slicer_without.add("highdicom")
    a_desktop.dialogs.answer(True)
    with pytest.raises(InputError) as refused:
        ensureDependencies("OCTCalcium")
    assert refused.value.__cause__.output.split() == [f"torch=={version('torch')}"]


def test_on_an_intel_mac_the_message_does_not_blame_the_network(a_desktop, a_slicer_without, monkeypatch):
    import platform

    from LesionReadingPanel.dependencies import ensureDependencies

    a_slicer_without.add("torch")
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    with pytest.raises(InputError, match="Intel"):
        ensureDependencies("OCTCalcium")


def test_a_self_test_is_skipped_with_the_reason_where_packages_are_missing(a_desktop, a_slicer_without):
    import unittest

    a_slicer_without.add("highdicom")
    for module in ("OCTCalcium", "HematomaMarkers"):
        a_desktop.load_module(ROOT / module / f"{module}.py")
        tests = unittest.defaultTestLoader.loadTestsFromTestCase(getattr(sys.modules[module], f"{module}Test"))
        outcome = tests.run(unittest.TestResult())
        a_desktop.unload_module(module)
        assert len(outcome.skipped) == tests.countTestCases() > 0
        assert "Apply once" in outcome.skipped[0][1] and "highdicom" in outcome.skipped[0][1]


def test_packages_are_named_before_they_are_installed_and_no_is_an_answer(a_desktop, a_slicer_without):
    from LesionReadingPanel.dependencies import ensureDependencies

    a_slicer_without.add("highdicom")
    a_desktop.dialogs.answer(False)
    with pytest.raises(InputError, match="press Apply again"):
        ensureDependencies("OCTCalcium")
    assert "highdicom" in a_desktop.dialogs.shown[-1].text


@pytest.fixture
def a_slicer_with_gdcm(a_desktop, monkeypatch):
    """As an earlier version left it, on Linux; gives what the stand-in's Slicer lacks."""
    from desktop.modules import packages

    monkeypatch.setattr(packages, "missing_in_slicer", set())
    monkeypatch.setattr(sys, "platform", "linux")
    slicer.app.userSettings().clear()
    yield packages
    slicer.app.userSettings().clear()


def test_a_package_that_makes_slicer_crash_is_removed_where_the_user_agrees(a_desktop, a_slicer_with_gdcm):
    from LesionReadingPanel.dependencies import ensureDependencies

    a_desktop.dialogs.answer(True)
    ensureDependencies("OCTCalcium")
    assert "python-gdcm" in a_desktop.dialogs.shown[-1].text and "crash" in a_desktop.dialogs.shown[-1].text
    assert a_slicer_with_gdcm.missing_in_slicer == {"python-gdcm"}
    ensureDependencies("OCTCalcium")
    assert len(a_desktop.dialogs.shown) == 1


def test_it_stays_where_the_user_needs_it_and_nobody_is_asked_twice(a_desktop, a_slicer_with_gdcm):
    from LesionReadingPanel.dependencies import ensureDependencies

    a_desktop.dialogs.answer(False)
    ensureDependencies("OCTCalcium")
    ensureDependencies("HematomaMarkers")
    assert len(a_desktop.dialogs.shown) == 1
    assert a_slicer_with_gdcm.missing_in_slicer == set()


def test_a_removal_that_fails_is_told_with_what_to_type_and_stops_nothing(a_desktop, a_slicer_with_gdcm, monkeypatch):
    import subprocess

    from LesionReadingPanel.dependencies import ensureDependencies

    def fail(*_arguments):
        raise subprocess.CalledProcessError(1, "pip uninstall")

    monkeypatch.setattr(slicer.packaging, "pip_uninstall", fail)
    a_desktop.dialogs.answer(True, None)
    ensureDependencies("OCTCalcium")
    assert "pip_uninstall" in a_desktop.dialogs.shown[-1].text


@pytest.mark.parametrize("platform", ["win32", "darwin"])
def test_where_it_does_no_harm_nobody_is_asked(a_desktop, a_slicer_with_gdcm, monkeypatch, platform):
    from LesionReadingPanel.dependencies import ensureDependencies

    monkeypatch.setattr(sys, "platform", platform)
    ensureDependencies("OCTCalcium")
    assert a_desktop.dialogs.shown == []


def test_nothing_of_the_project_needs_the_package_that_makes_slicer_crash():
    assert "gdcm" not in REQUIREMENTS.read_text()
    for folder in ("LesionReading", "OCTCalcium", "HematomaMarkers", "training"):
        for path in (ROOT / folder).rglob("*.py"):
            assert not any(line.strip().startswith(("import gdcm", "from gdcm")) for line in path.read_text().splitlines()), path


def test_the_hidden_module_only_makes_its_packages_importable(a_desktop):
    assert a_desktop.load_module(ROOT / "LesionReading" / "LesionReading.py") is None
    assert slicer.app.moduleManager().module("LesionReading").hidden
    a_desktop.unload_module("LesionReading")
