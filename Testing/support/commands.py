"""The command lines as processes of their own, as a person or the Slicer modules start them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from LesionReadingLib import worker
from places import ROOT


def environment(package: str) -> dict[str, str]:
    """The environment in which a module's Lib, for example ``"OCTCalciumLib"``, finds what it needs and nothing of the other's."""
    folders = (ROOT / "LesionReading", ROOT / package.removesuffix("Lib"))
    return os.environ | {"PYTHONPATH": os.pathsep.join(map(str, folders))}


def start(package: str, *arguments: Any) -> subprocess.Popen:
    """Start ``python -m package arguments`` as a program does, which reads JSON lines."""
    return subprocess.Popen(
        [sys.executable, "-m", package, *map(str, arguments), "--json-lines"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(package),
    )


def documented_codes() -> dict[str, set[str]]:
    """Type of line -> its codes, as the table in the docstring of ``worker`` has them."""
    codes: dict[str, set[str]] = {}
    for line in worker.__doc__.splitlines():
        kind, _, text = line.partition(" ")
        if kind in ("progress", "log", "result", "error"):
            codes.setdefault(kind, set()).update(re.findall(r"``([\w-]+)``", text))
    return codes


def undocumented(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those lines of a report that have no code, or one that the table does not know."""
    known = documented_codes()
    return [line for line in lines if line.get("code") not in known.get(line.get("type"), ())]


def analyzed(package: str, source: Path, output: Path) -> list[dict[str, Any]]:
    """Analyse an input into a folder and give the lines of the worker's report; on standard error it says nothing."""
    process = start(package, "analyze", source, "-o", output)
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0 and err == "", err
    return [json.loads(line) for line in out.splitlines()]


def measure_without_network(package: str, *arguments: Any) -> None:
    """Run ``measure`` in a process of its own, in which no network library may have been loaded in the end."""
    script = (
        f"import sys; from {package}.__main__ import main; status = main(sys.argv[1:]); "
        "assert 'torch' not in sys.modules; sys.exit(status)"
    )
    command = [sys.executable, "-c", script, "measure", *map(str, arguments)]
    done = subprocess.run(command, env=environment(package), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
