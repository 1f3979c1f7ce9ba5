"""Which cases a model learns from, is chosen on, and is judged on: a file in the data folder, ``split.csv``.

By patient (the rule) it has a line for every patient: ``patient, fold, split``; by slice (for the source studies' comparison alone)
one for every slice of every case: ``case, slice, fold, split``, slices from 0 as they stand in the case's file. ``split`` is train,
validation or test; ``fold`` (from 1) is empty where a test patient belongs to none. The file may be edited by hand.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from LesionReadingLib.errors import InputError

from ..files import read_rows
from ..writing import write_text
from .case_table import patient_names

SPLIT_FILE = "split.csv"
TRAIN, VALIDATION, TEST = PARTS = ("train", "validation", "test")
LEARNT_PARTS = (TRAIN, VALIDATION)
_BY_PATIENT, _BY_SLICE = ("patient", "fold", "split"), ("case", "slice", "fold", "split")

Unit = str | tuple[int, int]
"""What is dealt: a patient's name, or the number of a case and of one of its slices."""


@dataclass(frozen=True)
class Split:
    """A split of a data folder.

    Attributes:
        parts: of every unit, one of ``PARTS``. folds: of every unit, from 1; None of one that belongs to no fold.
        patients: number of a case -> name of its patient.
    """

    parts: Mapping[Unit, str]
    folds: Mapping[Unit, int | None]
    patients: Mapping[int, str]

    @property
    def by_slice(self) -> bool:
        """Whether slices were dealt, not patients."""
        return any(isinstance(unit, tuple) for unit in self.parts)

    def parts_of(self, case: int, slices: int) -> list[str]:
        """The part of every slice of a case.

        Raises:
            InputError: the file does not name the case's patient, or all of its slices.
        """
        if self.by_slice:
            found = [self.parts.get((case, number)) for number in range(slices)]
        else:
            found = [self.parts.get(self.patients.get(case, str(case)))] * slices
        if None in found:
            name = f"case {case}" if self.by_slice else f"patient {self.patients.get(case, case)}"
            raise InputError(f"{SPLIT_FILE} does not say what {name} is for; split the folder again: python -m training TASK split")
        return found


def read_split(folder: Path) -> Split | None:
    """The split of a data folder; None where it has no ``split.csv``.

    Raises:
        InputError: a file that is no split, or that puts one patient on two sides.
    """
    file = folder / SPLIT_FILE
    if not file.exists():
        return None
    names, rows = read_rows(file)
    columns = set(names)
    by_slice = {"case", "slice", "split"} <= columns
    if not rows or not (by_slice or {"patient", "split"} <= columns):
        raise InputError(f"{file} has no lines with the columns {', '.join(_BY_PATIENT)}; split the folder again.")
    parts: dict[Unit, str] = {}
    folds: dict[Unit, int | None] = {}
    for line, row in enumerate(rows, start=2):
        try:
            unit = (int(row["case"]), int(row["slice"])) if by_slice else row["patient"].strip()
            fold = int(row["fold"]) if row.get("fold", "").strip() else None
        except ValueError as error:
            raise InputError(f"Line {line} of {file} names no case, slice or fold by whole numbers; mend it.") from error
        part = row["split"].strip().lower()
        if part not in PARTS:
            raise InputError(f"Line {line} of {file} says {part!r}, which is none of {', '.join(PARTS)}; mend it.")
        if parts.setdefault(unit, part) != part:
            raise InputError(f"{file} puts {unit} on two sides, {parts[unit]} and {part}; a patient belongs to one.")
        folds[unit] = fold
    return Split(parts, folds, patient_names(folder))


def write_split(folder: Path, split: Split) -> None:
    """Write the split of a data folder, whole or not at all."""
    columns = _BY_SLICE if split.by_slice else _BY_PATIENT
    lines = [",".join(columns)]
    for unit, part in split.parts.items():
        named = [str(each) for each in unit] if isinstance(unit, tuple) else [_quoted(unit)]
        fold = split.folds.get(unit)
        lines.append(",".join([*named, "" if fold is None else str(fold), part]))
    text = "\n".join(lines) + "\n"
    write_text(folder / SPLIT_FILE, text)


def with_validation_fold(split: Split, fold: int) -> Split:
    """The same folds with another one for validation.

    Raises:
        InputError: there is no such fold.
    """
    known = sorted({each for each in split.folds.values() if each is not None})
    if fold not in known:
        raise InputError(f"There is no fold {fold} to validate on; the folds of {SPLIT_FILE} are {_listed(known) or 'none'}.")
    parts = {
        unit: part if split.folds.get(unit) is None else VALIDATION if split.folds[unit] == fold else TRAIN
        for unit, part in split.parts.items()
    }
    return Split(parts, split.folds, split.patients)


def chosen_slices(parts: Sequence[str], wanted: Iterable[str]) -> dict[str, list[int]]:
    """Of the parts of a case's slices those wanted: part -> numbers of its slices; parts without any are left out."""
    found = {part: [number for number, each in enumerate(parts) if each == part] for part in wanted}
    return {part: numbers for part, numbers in found.items() if numbers}


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if set(text) & set(',"\n') else text


def _listed(values: Iterable[object]) -> str:
    return ", ".join(map(str, values))
