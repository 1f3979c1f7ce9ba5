"""What is known of the cases of a data folder beside their pixels: ``cases.csv``, and the table that a person gives for it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path

from LesionReadingLib.errors import InputError
from LesionReadingLib.presenting.tables import write_table

from ..files import read_rows

CASES_FILE = "cases.csv"
SPACINGS = ("pixel_spacing_mm", "frame_spacing_mm", "slice_spacing_mm")
_LARGEST_MM = 100.0
_YES, _NO = {"1", "yes", "y", "true", "+"}, {"0", "no", "n", "false", "-"}


@dataclass(frozen=True)
class CaseFacts:
    """A line of ``cases.csv``.

    Attributes:
        case: its number in the data folder. name: of its image. patient: whose it is; cases of one patient stay on one side.
        institution, location: where it was made, and where the lesion lies; empty where nobody said.
        slices: how many are learnt from. classes: how many of them show each class.
    """

    case: int
    name: str
    patient: str
    institution: str = ""
    location: str = ""
    slices: int = 0
    classes: str = ""


@dataclass(frozen=True)
class TableRow:
    """What a person's table says of a case; nothing where it says nothing.

    Attributes:
        patient, institution, location, split: as written. spacings_mm: column of ``SPACINGS`` -> mm.
        markers: name -> whether it is there, of those that were judged.
    """

    patient: str | None = None
    institution: str = ""
    location: str = ""
    split: str = ""
    spacings_mm: Mapping[str, float] = field(default_factory=dict)
    markers: Mapping[str, bool] = field(default_factory=dict)


def read_cases(folder: Path) -> list[CaseFacts]:
    """The lines of a data folder's ``cases.csv``; none where there is no such file.

    Raises:
        InputError: a file that was changed beyond reading.
    """
    file = folder / CASES_FILE
    if not file.exists():
        return []
    columns, rows = read_rows(file)
    if "case" not in columns:
        raise InputError(f"{file} has no column named case; import the cases again.")
    names = [each.name for each in fields(CaseFacts)]
    try:
        found = [CaseFacts(**{name: row[name] for name in names if name in row}) for row in rows]
        return [replace(each, case=int(each.case), slices=int(each.slices or 0)) for each in found]
    except (TypeError, ValueError) as error:
        raise InputError(f"{file} lacks a column or a number that import wrote; import the cases again.") from error


def write_cases(folder: Path, cases: Iterable[CaseFacts]) -> None:
    """Write ``cases.csv``, by the numbers of the cases."""
    columns = {each.name: (lambda case, name=each.name: getattr(case, name)) for each in fields(CaseFacts)}
    write_table(folder / CASES_FILE, columns, sorted(cases, key=lambda case: case.case))


def patient_names(folder: Path) -> dict[int, str]:
    """Number of a case -> name of its patient, of the cases of ``cases.csv``; a phantom's name is its number."""
    return {case.case: case.patient for case in read_cases(folder)}


def read_table(file: Path, markers: Iterable[str] = ()) -> tuple[dict[str, TableRow], list[str]]:
    """Read a person's table of cases: a CSV with a column ``case`` (the name of the image, with its ending or without).

    Args:
        markers: names of further columns, answered with yes or no (1 or 0), or left empty where nobody judged.

    Returns:
        Name of the image -> its line; and the names of columns that are not known, which are left out.

    Raises:
        InputError: no such file or column, a case twice, or an answer or a number that is none.
    """
    try:
        rows = [{name.strip().lower(): value.strip() for name, value in row.items()} for row in read_rows(file, ",;\t")[1]]
    except InputError as error:
        raise InputError(f"{file} cannot be read as a table; save it as CSV in UTF-8.") from error
    if not rows or "case" not in rows[0]:
        raise InputError(f"{file} has no column named case; give one with the names of the images.")
    known = {"case", "patient", "institution", "location", "split", *SPACINGS, *markers}
    table: dict[str, TableRow] = {}
    for line, row in enumerate(rows, start=2):
        if row["case"] in table:
            raise InputError(f"Line {line} of {file} names the case {row['case']} a second time; leave one line of it.")
        table[row["case"]] = TableRow(
            row.get("patient") or None,
            row.get("institution", ""),
            row.get("location", ""),
            row.get("split", "").lower(),
            {name: _number(file, line, name, row[name]) for name in SPACINGS if row.get(name)},
            {name: _answer(file, line, name, row[name]) for name in markers if row.get(name)},
        )
    return table, sorted(set(rows[0]) - known - {""})


def _number(file: Path, line: int, name: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value <= _LARGEST_MM:
        raise InputError(f"Line {line} of {file} says {text!r} for {name}; give millimetres, or leave it empty.")
    return value


def _answer(file: Path, line: int, name: str, text: str) -> bool:
    if text.lower() not in _YES | _NO:
        raise InputError(f"Line {line} of {file} says {text!r} for {name}; give yes or no, or leave it empty.")
    return text.lower() in _YES
