"""What the commands of both trainings share."""

from __future__ import annotations

import argparse
import math
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from LesionReadingLib.errors import InputError

from .drawing import HELD_OUT_SEEDS
from .writing import write_json

SEVERAL = "several"
"""Code of a refusal of several lines, one for each thing that is wrong."""


def positive(text: str) -> int:
    """A whole number from 1 on, as argparse's ``type``."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is no whole number from 1 on")
    return int(text)


def whole(text: str) -> int:
    """A whole number from 0 on, as argparse's ``type``."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text} is no whole number from 0 on")
    return int(text)


def above_nothing(text: str) -> float:
    """A number above 0, as argparse's ``type``."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"{text} is no number above 0")
    return value


def share(text: str) -> float:
    """A share or a probability, from 0 to 1, as argparse's ``type``."""
    value = finite(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"{text} is no number from 0 to 1")
    return value


def finite(text: str) -> float:
    """A number, as argparse's ``type``: neither infinite nor none."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise argparse.ArgumentTypeError(f"{text} is no number")
    return value


def require_order(chosen: argparse.Namespace, *pairs: tuple[str, str]) -> None:
    """Refuse options of which the first of a pair is below the second; one that is not given is below nothing.

    Raises:
        InputError: one is.
    """
    for high, low in pairs:
        values = [getattr(chosen, name.replace("-", "_")) for name in (high, low)]
        if None not in values and values[0] < values[1]:
            raise InputError(f"--{high} is {values[0]:g} and --{low} {values[1]:g}; the first is not below the second.")


def add_device(parser: argparse.ArgumentParser) -> None:
    """Add ``--device``."""
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")


def add_phantoms(parser: argparse.ArgumentParser, patients: int) -> None:
    """Add what every ``make-data`` takes: the folder, which phantom patients, and how many processes draw them."""
    parser.add_argument("folder", type=Path)
    parser.add_argument("--patients", type=positive, default=patients)
    parser.add_argument("--first-seed", type=whole, default=HELD_OUT_SEEDS.stop, help="those below 1000 are kept for `evaluate`")
    parser.add_argument("--processes", type=positive, default=2)


def phantom_seeds(chosen: argparse.Namespace) -> range:
    """The phantom patients of ``--first-seed`` and ``--patients``."""
    return range(chosen.first_seed, chosen.first_seed + chosen.patients)


def held_out_seeds(chosen: argparse.Namespace) -> range:
    """The same, kept from learning.

    Raises:
        InputError: some of them may have been learnt.
    """
    seeds = phantom_seeds(chosen)
    if seeds.stop > HELD_OUT_SEEDS.stop:
        raise InputError(f"Phantom patients from {HELD_OUT_SEEDS.stop} on may have been learnt; choose seeds below.")
    return seeds


@contextmanager
def log_to(folder: Path) -> Iterator[Callable[[str], None]]:
    """Give a function that prints a line and keeps it in the folder's ``log.txt``; of several processes the first one's alone."""
    if os.environ.get("RANK", "0") != "0":
        yield lambda line: None
        return
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "log.txt", "a") as kept:

        def log(line: str) -> None:
            print(line, flush=True)
            print(line, file=kept, flush=True)

        yield log


def write_figures(file: Path | None, figures: dict[str, Any]) -> None:
    """Write figures, if a file was asked for."""
    if file:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_json(file, figures)
