"""Imports run one way: from modules to panels, scene and Libs, and inside a Lib from what is shown to what is read. No circles."""

from __future__ import annotations

from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter

import pytest
from import_graph import files_below, graph, imported_by, own_files
from places import ROOT

PLAIN = ("language", "errors", "strict_json")
STEPS = {
    "LesionReadingLib": (
        PLAIN,
        ("geometry", "masks", "pieces", "process", "text"),
        ("reading", "arguments", "output", "reporting"),
        ("labels", "presenting", "model"),
        ("phantom", "worker"),
        ("command_line", "leash", "studies"),
    ),
    "OCTCalciumLib": (
        ("labels", "colors", "letterbox"),
        ("vessel",),
        ("reading",),
        ("segments", "measurement", "phantom"),
        ("wall", "agreement"),
        ("model", "marking"),
        ("presenting", "options"),
        ("commands", "batch"),
        ("__main__",),
        ("monai_bundle",),
    ),
    "HematomaMarkersLib": (
        ("labels", "colors", "windows", "brain", "outline"),
        ("reading", "marking"),
        ("segments", "measurement"),
        ("phantom", "growth", "agreement"),
        ("model", "triage"),
        ("presenting", "options"),
        ("commands",),
        ("batch",),
        ("__main__",),
        ("monai_bundle",),
    ),
}
"""Packages and files of each Lib, lowest step first. A file imports from its own package and from lower steps; those of ``PLAIN``
from each other, too."""

DRAWS = "OCTCalciumLib.presenting.rendering"
"""The package whose files run in a process of their own and draw with VTK."""


def circle(imports: Mapping[str, set[str]]) -> list[str]:
    """The files of a circle, in its order; empty where there is none."""
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        return error.args[1]
    return []


def steps_back(imports: Mapping[str, set[str]], package: str) -> list[tuple[str, str]]:
    """Imports inside a Lib that go to a higher step or to another package of the same step."""
    step = {name: number for number, names in enumerate(STEPS[package]) for name in names}
    back = []
    for name, others in imports.items():
        for other in (other for other in others if other.startswith(f"{package}.") and name.startswith(f"{package}.")):
            here, there = name.split(".")[1], other.split(".")[1]
            if here != there and not (step[there] < step[here] or {here, there} <= set(PLAIN)):
                back.append((name, other))
    return back


def test_no_files_import_each_other_in_a_circle():
    assert circle(graph()) == []
    assert circle(graph(dict(files_below(ROOT / "training", ROOT)))) == []


@pytest.mark.parametrize("package", STEPS)
def test_inside_a_lib_imports_go_down(package):
    assert steps_back(graph(), package) == []


def test_packages_import_downwards_and_the_two_modules_never_each_other():
    homes = {name.split(".")[0]: path.relative_to(ROOT).parts[0] for name, path in own_files().items()}
    for name, others in graph().items():
        here = name.split(".")[0]
        for there in {other.split(".")[0] for other in others} - {here}:
            assert _level(there) <= _level(here), (name, there)
            assert homes[there] in ("LesionReading", homes[here]), (name, there)


def test_nothing_of_the_modules_imports_trainings_or_tests():
    for name, path in own_files().items():
        assert not {"training", "Testing", "desktop"} & {found.split(".")[0] for found in imported_by(name, path)}, name


def test_libs_touch_neither_the_scene_nor_a_window():
    for name, path in own_files().items():
        found = {each.split(".")[0] for each in imported_by(name, path)}
        package = name.split(".")[0]
        if package.endswith("Lib"):
            assert not found & {"qt", "ctk", "slicer", "vtk"}, name
            assert "vtkmodules" not in found or name.startswith(DRAWS), name
        if package.endswith("Scene"):
            assert not found & {"qt", "ctk"}, name


def test_a_circle_and_a_step_back_are_found():
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"a"}}) != []
    assert steps_back({"OCTCalciumLib.reading.read": {"OCTCalciumLib.model.network"}}, "OCTCalciumLib")
    assert not steps_back({"OCTCalciumLib.model.network": {"OCTCalciumLib.reading.read"}}, "OCTCalciumLib")


def _level(package: str) -> int:
    """0 for Libs, 1 for the scene, 2 for panels, 3 for a module's own file."""
    return next((number for number, kind in enumerate(("Lib", "Scene", "Panel")) if package.endswith(kind)), 3)
