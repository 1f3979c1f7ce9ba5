"""The data goes one way: read, infer, label, measure, compare, decide, present. A step back to an earlier stage is a climb.

A command calls the stages; a stage does its own work. Two things are climbs:

* a command calls a function of an earlier stage than the one before,
* a stage calls a function of another stage.

Counted are functions that take or give voxels (arrays, scans, pullbacks, label maps). To ask a result for a number is no climb, nor
is a call of what all stages share: ``LesionReadingLib``, and the files and rooms of a Lib that are no stage. All this is read from
imports, annotations and the order of the calls in the source, so methods of values are not seen.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from itertools import pairwise

import pytest
from import_graph import names_taken_by, own_files

STAGES = {
    "OCTCalciumLib": ("reading", "model", "segments", "measurement", "presenting"),
    "HematomaMarkersLib": ("reading", "model", "segments", "measurement", "growth", "triage", "presenting"),
}
ALSO = {"wall": "model"}
"""Rooms that belong to a stage of another name."""

VOXELS = {"ndarray", "Scan", "Pullback", "LabelMap", "LabelledScan", "Case"}
MOST_CLIMBS = {"OCTCalciumLib": 2, "HematomaMarkersLib": 3}

ACROSS = {
    "OCTCalciumLib": {("wall.calcium_range", "measurement.arcs")},  # the range of an arc is bridged as the arc is
    "HematomaMarkersLib": {("growth.expansion", "reading.prior")},  # says once more what was doubted on opening the earlier scan
}
"""File of a stage -> file of another one that it hands voxels to."""


def stage_of(name: str) -> str | None:
    """The stage of a file by its dotted name; None where it is of none."""
    package, _, rest = name.partition(".")
    room = rest.split(".")[0]
    stage = ALSO.get(room, room)
    return stage if stage in STAGES.get(package, ()) else None


def with_voxels(tree: ast.Module) -> set[str]:
    """The functions of a file that take or give voxels by their annotations, and the classes that are made of some."""
    found = {node.name for node in tree.body if isinstance(node, ast.FunctionDef) and _names(node) & VOXELS}
    for made in (node for node in tree.body if isinstance(node, ast.ClassDef)):
        found |= {made.name for node in made.body if getattr(node, "name", "") == "__init__" and _names(node) & VOXELS}
    return found


def _names(function: ast.FunctionDef) -> set[str]:
    every = (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs)
    written = [argument.annotation for argument in every if argument.annotation] + [function.returns or ast.Constant(None)]
    parts = [part for annotation in written for part in ast.walk(annotation)]
    return {getattr(part, "id", "") or getattr(part, "attr", "") for part in parts}


def working(sources: Mapping[str, str], name: str) -> dict[str, str]:
    """What a file takes from the stages and that works on voxels: name -> the file that it is taken from."""
    found = {}
    for home, taken in names_taken_by(name, sources[name]):
        if home in sources and stage_of(home) and taken in with_voxels(ast.parse(sources[home])):
            found[taken] = home
        elif f"{home}.{taken}" in sources and stage_of(f"{home}.{taken}"):
            found[taken] = f"{home}.{taken}"  # a whole file: whatever is called of it
    return found


def handed_across(sources: Mapping[str, str], package: str) -> set[tuple[str, str]]:
    """(file of a stage, file of another stage that it hands voxels to), without the name of the package."""
    return {
        (name.partition(".")[2], home.partition(".")[2])
        for name in sources
        if name.startswith(f"{package}.") and stage_of(name)
        for home in working(sources, name).values()
        if stage_of(home) != stage_of(name)
    }


def way(sources: Mapping[str, str], package: str, command: str) -> list[str]:
    """The stages in the order in which a command of ``commands.py`` calls them, through its own functions, too."""
    name = f"{package}.commands"
    homes = working(sources, name)
    functions = {node.name: node for node in ast.walk(ast.parse(sources[name])) if isinstance(node, ast.FunctionDef)}

    def called(node: ast.AST) -> Iterator[str]:
        for child in ast.iter_child_nodes(node):
            if not isinstance(child, ast.FunctionDef):  # one inside another is followed where it is called
                yield from called(child)
        if isinstance(node, ast.Call):
            function = node.func.value if isinstance(node.func, ast.Attribute) else node.func
            known = getattr(function, "id", "")
            if known in functions:
                yield from called(functions[known])
            elif known in homes:
                yield stage_of(homes[known])

    return list(called(functions[command]))


def climbs(stages: list[str], order: tuple[str, ...]) -> int:
    """How often a way goes back to an earlier stage."""
    return sum(order.index(there) < order.index(here) for here, there in pairwise(stages))


def own_sources() -> dict[str, str]:
    return {name: path.read_text(encoding="utf-8") for name, path in own_files().items()}


@pytest.mark.parametrize("package", STAGES)
def test_stages_hand_voxels_to_no_other_stage_but_where_it_is_said_why(package):
    assert handed_across(own_sources(), package) == ACROSS[package]


@pytest.mark.parametrize("command", ["analyze", "measure"])
@pytest.mark.parametrize("package", STAGES)
def test_the_way_of_the_data_climbs_hardly_ever(package, command):
    stages = way(own_sources(), package, command)
    assert {"reading", "measurement", "presenting"} <= set(stages)
    assert climbs(stages, STAGES[package]) + len(ACROSS[package]) <= MOST_CLIMBS[package], stages


def test_climbs_are_found():
    sources = {
        "OCTCalciumLib.reading.read": "def read(path) -> Pullback: ...\ndef sides(count: int) -> int: ...",
        "OCTCalciumLib.model.network": """
from ..reading.read import read, sides
class Network:
    def __init__(self, grey: np.ndarray): ...
""",
        "OCTCalciumLib.commands": """
from .reading.read import read, sides
from .model.network import Network
def analyze(path):
    def again():
        return read(path)
    Network(read(path)).of(sides(1))
    if again():
        sides(2)
""",
    }
    assert handed_across(sources, "OCTCalciumLib") == {("model.network", "reading.read")}
    stages = way(sources, "OCTCalciumLib", "analyze")
    assert stages == ["reading", "model", "reading"]
    assert climbs(stages, STAGES["OCTCalciumLib"]) == 1
