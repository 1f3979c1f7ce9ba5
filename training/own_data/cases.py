"""Cases as patients of a training folder, beside the phantoms: their numbers, and what is told of them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from LesionReadingLib.errors import InputError
from LesionReadingLib.labels.label_map import whole_labels
from LesionReadingLib.studies.training_case import TrainingCase, read_case

from ..files import read_json
from ..wording import how_many
from ..writing import write_json

CASE_NUMBERS = range(100_000, 1_000_000_000)
"""Numbers of patients that are cases; phantom seeds stay below."""

_LEARNT = "learnt.json"  # in a training folder


@dataclass(frozen=True)
class Added:
    """A case that was added to a training folder.

    Attributes:
        number: its number. slices: how many are learnt from. classes: name -> how many of those show it.
        digests: of every slice that shows a class, from its pixels: the same in two cases is the same picture.
        notes: what placing its masks on the image's voxels did.
    """

    number: int
    slices: int
    classes: Mapping[str, int]
    digests: frozenset[bytes]
    notes: tuple[str, ...] = ()


def added(number: int, images: np.ndarray, labels: np.ndarray, names: Sequence[str]) -> Added:
    """What is told of a case with these slices, both (slices, rows, columns).

    Args:
        names: what its label values 0, 1, 2 ... mean.
    """
    shown = [classes_shown(each, names) for each in labels]
    digests = [_digest(image) for image, classes in zip(images, shown, strict=True) if classes]
    counts = {name: sum(name in classes for classes in shown) for name in names[1:]}
    return Added(number, len(labels), counts, frozenset(digests))


def classes_shown(labels: np.ndarray, names: Sequence[str]) -> frozenset[str]:
    """The classes, background left out, of a label map whose values 0, 1, 2 ... have these names."""
    present = np.bincount(np.asarray(labels).ravel(), minlength=len(names))
    return frozenset(name for name, count in zip(names[1:], present[1:], strict=False) if count)


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

    A scan that is imported again gets the same number: it replaces itself, and stays on its side of the split.
    """
    return CASE_NUMBERS.start + int.from_bytes(_digest(image)[:8], "big") % len(CASE_NUMBERS)


def _digest(image: np.ndarray) -> bytes:
    return hashlib.sha256(np.ascontiguousarray(image).tobytes()).digest()


def require_split(numbers: Sequence[int], task: str) -> None:
    """Refuse cases of a folder without a split: their numbers come from their pixels and must not deal them.

    Raises:
        InputError: a number is that of a case.
    """
    if any(number in CASE_NUMBERS for number in numbers):
        raise InputError(
            f"The data folder holds own cases but no split.csv; say first what each is for: python -m training {task} split DATA"
        )


def note_learnt(training: Path, numbers: Sequence[int]) -> None:
    """Keep in a training folder, beside those of before, the numbers of the patients that it learns from."""
    file = training / _LEARNT
    before = read_json(file) if file.exists() else []
    write_json(file, sorted({*before, *numbers}))


def learnt_from(training: Path, phantoms_alone: str, phantom: str) -> str | None:
    """What a training folder has learnt from, in a sentence; None where it does not say.

    Args:
        phantoms_alone: the sentence where there were no cases. phantom: what one of its phantoms is.
    """
    if not (training / _LEARNT).exists():
        return None
    numbers = read_json(training / _LEARNT)
    cases = sum(number in CASE_NUMBERS for number in numbers)
    if not cases:
        return phantoms_alone
    drawn = f"{how_many(len(numbers) - cases, phantom)} and " if len(numbers) > cases else ""
    return f"{drawn}{how_many(cases, 'case')} of its user."
