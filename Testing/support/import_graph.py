"""Which files of the modules import which, read from their sources."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

from places import ROOT

MODULES = ("LesionReading", "OCTCalcium", "HematomaMarkers")


def own_files() -> dict[str, Path]:
    """Dotted name -> file, of every Python file of the modules."""
    return {name: path for module in MODULES for name, path in files_below(ROOT / module, ROOT / module)}


def files_below(folder: Path, start: Path) -> Iterator[tuple[str, Path]]:
    """Dotted name as seen from ``start``, and file, of every Python file in a folder."""
    for path in sorted(folder.rglob("*.py")):
        yield ".".join(path.relative_to(start).with_suffix("").parts).removesuffix(".__init__"), path


def imported_by(name: str, path: Path) -> Iterator[str]:
    """Dotted names that a file imports, in functions too; of ``from a import b`` both ``a`` and ``a.b``."""
    source = path.read_text(encoding="utf-8")
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
    for home, taken in names_taken_by(name, source, is_package=path.name == "__init__.py"):
        yield from (home, f"{home}.{taken}")


def names_taken_by(name: str, source: str, is_package: bool = False) -> Iterator[tuple[str, str]]:
    """(dotted name of a file or package, name taken from it) of every ``from a import b`` in a source, in functions too."""
    package = name.split(".") if is_package else name.split(".")[:-1]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            home = ".".join([*base, *([node.module] if node.module else [])])
            yield from ((home, alias.name) for alias in node.names)


def graph(files: Mapping[str, Path] | None = None) -> dict[str, set[str]]:
    """Dotted name of each file (own ones by default) -> those of the others that it imports."""
    files = own_files() if files is None else files
    return {name: {other for other in imported_by(name, path) if other in files} - {name} for name, path in files.items()}
