"""What lies about in a folder of studies: links, loops, pipes, empty and endless files, names that no terminal likes."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from random import Random

_NAMES = (
    "x\n2",
    "\x1b[31mx",
    "%n%s",
    "a" * 200,
    "é",
    "-o",
    " ",
    "x.dcm",
    "x.nrrd",
    "x.zip",
    "DICOMDIR",
    b"\xff\xfe.dcm",
    b"\xff.nrrd",
    "..x",
    "CON",
)
_FAR = ("/dev/zero", "/etc/passwd", "/proc/self/mem", "/nowhere", "..", ".", "../..", "x.png", "/")


def planted(random: Random, file: Path) -> str:
    """Plant one such thing in the folder of studies that a file lies in (three above it at most)."""
    root = next((parent for parent in file.parents if parent.name == "case"), file.parent)
    place = random.choice([root, file.parent])
    name = os.fsdecode(random.choice(_NAMES))
    while os.path.lexists(place / name):
        name += "_"
    what = random.choice([_link, _link, _loop, _pipe, _empty, _sparse, _twin, _hard, _deep, _folder, _git_link, _broken])
    return f"{what(random, file, place / name) or what.__name__} {name!r}"


def _link(random: Random, _file: Path, at: Path) -> str:
    target = random.choice(_FAR)
    at.symlink_to(target)
    return f"link to {target}"


def _loop(_random: Random, _file: Path, at: Path) -> None:
    other = at.with_name("other")
    at.symlink_to(other.name)
    if not os.path.lexists(other):
        other.symlink_to(at.name)


def _pipe(_random: Random, _file: Path, at: Path) -> None:
    os.mkfifo(at)


def _empty(_random: Random, _file: Path, at: Path) -> None:
    at.write_bytes(b"")


def _sparse(random: Random, _file: Path, at: Path) -> None:
    """As large as a disk and hardly there."""
    with open(at, "wb") as file:
        file.write(random.choice((b"", bytes(128) + b"DICM", b"NRRD0004\n", b"PK\3\4")))
        file.truncate(1 << 40)


def _twin(_random: Random, file: Path, at: Path) -> None:
    shutil.copy(file, at)


def _hard(_random: Random, file: Path, at: Path) -> None:
    os.link(file, at)


def _deep(_random: Random, file: Path, at: Path) -> None:
    """Seventy folders in each other."""
    folder = at.with_name("deep").joinpath(*["d"] * 70)
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(file, folder / "x")


def _folder(_random: Random, _file: Path, at: Path) -> None:
    at.mkdir()


def _git_link(random: Random, _file: Path, at: Path) -> None:
    """A link as git writes it where there are none."""
    at.write_text(random.choice(("../..", "./../a", "a/../..", "../case/b/presentation.dcm")))


def _broken(random: Random, file: Path, at: Path) -> None:
    content = file.read_bytes()
    at.write_bytes(content[: random.randrange(len(content)) + 1])
