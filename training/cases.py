"""Exported cases (``LesionReadingLib.studies.training_case``) as patients of a training folder, beside the phantoms."""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from LesionReadingLib.errors import InputError
from LesionReadingLib.labels.label_map import whole_labels
from LesionReadingLib.studies.training_case import TrainingCase, read_case

from .drawing import WATCHED_EVERY

CASE_NUMBERS = range(100_000, 1_000_000_000)
"""Numbers of patients that are cases; phantom seeds stay below."""

_LEARNT = "learnt.json"  # in a training folder


def add_cases_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what every ``add-cases`` takes: the training folder and the cases."""
    parser.add_argument("data", type=Path, help="folder of make-data; made if it is not there")
    parser.add_argument("cases", type=Path, nargs="+", metavar="CASE", help="folder of Export for training")


def add_cases(folders: Sequence[Path], add: Callable[[Path], int]) -> None:
    """Add one case after another and tell the number of each.

    Args:
        add: writes the patient of a case folder and gives its number.
    """
    for folder in folders:
        number = add(folder)
        print(f"{folder}: patient {number}, {'watched' if number % WATCHED_EVERY == 0 else 'learnt from'}", flush=True)


def open_case(folder: Path, task: str, names: Sequence[str]) -> TrainingCase:
    """Read a case of one task.

    Args:
        names: what its label values 0, 1, 2 ... mean.

    Raises:
        InputError: no case, one of another task, or with other label values.
    """
    case = read_case(folder)
    if case.task != task:
        raise InputError(f"The case {folder} was exported for {case.task}, not for {task}; add it to the other training.")
    whole_labels(case.labels, names)
    return case


def case_number(image: np.ndarray) -> int:
    """The patient's number of a case, from what its image shows.

    A scan that is exported again gets the same number: it replaces itself and stays on its side of the split.
    """
    digest = hashlib.sha256(np.ascontiguousarray(image).tobytes()).digest()
    return CASE_NUMBERS.start + int.from_bytes(digest[:8], "big") % len(CASE_NUMBERS)


def note_learnt(training: Path, numbers: Sequence[int]) -> None:
    """Keep in a training folder, beside those of before, the numbers of the patients that it learns from."""
    file = training / _LEARNT
    before = json.loads(file.read_text()) if file.exists() else []
    file.write_text(json.dumps(sorted({*before, *numbers})))


def learnt_from(training: Path, phantoms_alone: str, phantoms: str) -> str | None:
    """What a training folder has learnt from, in a sentence; None where it does not say.

    Args:
        phantoms_alone: the sentence where there were no cases. phantoms: what its phantoms are, in the plural.
    """
    if not (training / _LEARNT).exists():
        return None
    numbers = json.loads((training / _LEARNT).read_text())
    cases = sum(number in CASE_NUMBERS for number in numbers)
    return f"{len(numbers) - cases} {phantoms} and {cases} cases exported by its user." if cases else phantoms_alone
