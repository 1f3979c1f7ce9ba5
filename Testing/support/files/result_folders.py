"""Output folders with texts for results."""

from __future__ import annotations

from pathlib import Path

from LesionReadingLib.output import finished_folder


def write_results(target: Path, **files: str) -> None:
    with finished_folder(target, 0) as folder:
        for name, text in files.items():
            (folder / f"{name}.txt").write_text(text)


def texts(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in sorted(folder.rglob("*")) if path.is_file()}
