"""The codes of the worker's lines, by which programs tell them apart: those that are sent are those that are documented."""

from __future__ import annotations

import ast
import json
from importlib import import_module

import pytest
from commands import documented_codes, undocumented
from LesionReadingLib.reporting import Note, Step
from places import ROOT

LIBS = ("LesionReading/LesionReadingLib", "OCTCalcium/OCTCalciumLib", "HematomaMarkers/HematomaMarkersLib")
PHANTOMS = {
    "OCTCalciumLib": ["--frames", "3", "--size", "128"],
    "HematomaMarkersLib": ["--size", "96", "--slice-spacing", "12", "--volume", "20"],
}
MEASURED = {
    "OCTCalciumLib": ["truth.nrrd", "--pullback", "presentation.dcm"],
    "HematomaMarkersLib": ["first_truth.seg.nrrd", "--ct", "first"],
}


@pytest.mark.parametrize("package", PHANTOMS)
def test_a_worker_sends_no_line_without_a_documented_code(package, tmp_path, capfd):
    command = import_module(f"{package}.__main__").main

    def lines_of(*arguments) -> list[dict]:
        command([*map(str, arguments), "--json-lines"])
        return [json.loads(line) for line in capfd.readouterr().out.splitlines()]

    drawn = lines_of("phantom", tmp_path / "phantom", *PHANTOMS[package])
    inputs = [word if word.startswith("--") else tmp_path / "phantom" / word for word in MEASURED[package]]
    measured = lines_of("measure", *inputs, "-o", tmp_path / "out", "--no-scroll")
    refused = lines_of("analyze", tmp_path / "nothing", "-o", tmp_path / "out")
    without_model = lines_of("batch", tmp_path / "phantom", "-o", tmp_path / "all", "--model", tmp_path / "nothing")
    assert undocumented([*drawn, *measured, *refused, *without_model]) == []
    assert [line["code"] for line in measured if line["type"] == "progress"] == ["measure", "measure", "report", "report"]
    assert [lines[-1]["type"] for lines in (drawn, measured, refused, without_model)] == ["result", "result", "error", "error"]
    assert {line["code"] for line in without_model if line["type"] == "log"} == {"about", "study"}


def test_every_code_of_progress_log_and_refusal_is_documented():
    known = documented_codes()
    assert known["progress"] == set(Step) and known["log"] == set(Note)
    sent = {code for lib in LIBS for path in (ROOT / lib).rglob("*.py") for code in _refusals(ast.parse(path.read_text()))}
    assert sent and sent <= known["error"]


def _refusals(tree: ast.Module) -> set[str]:
    """The codes of the ``InputError`` that a file raises, where they are written out."""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "InputError"]
    given = [call.args[1] for call in calls if len(call.args) > 1]
    return {code.value for code in given if isinstance(code, ast.Constant)}


def test_a_line_without_a_known_code_is_found():
    lines = [
        {"type": "log", "code": "note"},
        {"type": "log"},
        {"type": "log", "code": "infer"},
        {"type": "started", "code": "note"},
    ]
    assert undocumented(lines) == lines[1:]
