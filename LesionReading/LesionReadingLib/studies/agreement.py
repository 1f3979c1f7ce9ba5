"""How far readers of a worklist agree, with each other and with the model: Dice, volume and arc, by study and by slice."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path

import numpy as np

from ..errors import InputError
from ..language import N_, _
from ..output import finished_folder
from ..presenting.tables import write_table
from ..reporting import Reporter
from .batch.run import BESIDE
from .reader_edits import Edit, edits_of
from .worklist import MEASUREMENTS, RESULT

MODEL = "model"
TABLE = "agreement.csv"


@dataclass(frozen=True, eq=False)
class Reading:
    """One reader's labels of a study, measured.

    Attributes:
        labels: uint8 (slices, rows, columns). volume: of what is compared, in the module's unit; None without spacing.
        arcs_deg: (slices,) calcium's bridged arc; None in a module without arcs.
    """

    labels: np.ndarray
    volume: float | None
    arcs_deg: Sequence[float] | None = None


@dataclass(frozen=True)
class Compared:
    """What a module compares.

    Attributes:
        task: of the worklist. read(file): a label map, measured. value: label of what is compared.
        volume_unit: for the table's header. slices: what the module's slices are called.
    """

    task: str
    read: Callable[[Path], Reading]
    value: int
    volume_unit: str
    slices: str


@dataclass(frozen=True)
class Agreement:
    """Two readings of a study, or of one slice of it.

    Attributes:
        study: number of the study, from 1. readers: who. slice: from 0; None for the whole study.
        dice: 1 where both marked the same, nothing too. volumes, arcs_deg: of both; of the whole study the largest arcs.
    """

    study: int
    readers: tuple[str, str]
    slice: int | None
    dice: float
    volumes: tuple[float | None, float | None]
    arcs_deg: tuple[float | None, float | None]


def dice(one: np.ndarray, other: np.ndarray) -> float:
    """Of two masks; 1 where both are empty."""
    both = int(np.count_nonzero(one)) + int(np.count_nonzero(other))
    return 2 * int(np.count_nonzero(one & other)) / both if both else 1.0


def agreements(study: int, readers: tuple[str, str], one: Reading, other: Reading, value: int) -> Iterator[Agreement]:
    """The whole study first, then every slice on which one of both has marked anything.

    Args:
        value: label of what is compared.

    Raises:
        InputError: label maps of different sizes.
    """
    if one.labels.shape != other.labels.shape:
        raise InputError(_("Two label maps of study {study} differ in size; they are of different scans.").format(study=study))
    first, second = one.labels == value, other.labels == value
    widest = tuple(max(reading.arcs_deg, default=None) if reading.arcs_deg is not None else None for reading in (one, other))
    yield Agreement(study, readers, None, dice(first, second), (one.volume, other.volume), widest)
    for number in np.flatnonzero((first | second).any(axis=(1, 2))):
        arcs = tuple(reading.arcs_deg[number] if reading.arcs_deg is not None else None for reading in (one, other))
        yield Agreement(study, readers, int(number), dice(first[number], second[number]), (None, None), arcs)


def study_folders(folder: Path, task: str) -> list[Path]:
    """Folders of the studies of a worklist, in the order in which they are numbered from 1."""
    return sorted((folder / BESIDE / task).glob("*"))


def worklist_agreements(folder: Path, task: str, read: Callable[[Path], Reading], value: int, named: bool) -> Iterator[Agreement]:
    """Every pair of readings, the model's too, of every study of a worklist that has two.

    Args:
        read(file): a label map, measured. named: whether readers are told by their names, else by numbers.

    Raises:
        InputError: there is no study with two readings, or a label map cannot be read.
    """
    found, numbers = False, {}
    for number, study in enumerate(study_folders(folder, task), 1):
        edits = list(edits_of(study))
        readings = {edit.reader if named else _numbered(edit.reader, numbers): _read_edit(study, edit, read) for edit in edits}
        if (study / RESULT / MEASUREMENTS).exists():
            readings = {MODEL: read(study / RESULT / "segmentation.seg.nrrd"), **readings}
        for pair in combinations(readings, 2):
            found = True
            yield from agreements(number, pair, readings[pair[0]], readings[pair[1]], value)
    if not found:
        raise InputError(_("{folder} has no study with two readings; name the folder of a worklist.").format(folder=folder))


def _read_edit(study: Path, edit: Edit, read: Callable[[Path], Reading]) -> Reading:
    """A reader's label map, or the one that took its place since its name was read: the reader may be at work."""
    try:
        return read(edit.labels)
    except InputError:
        now = next((other for other in edits_of(study) if other.reader == edit.reader), edit)
        if now.labels == edit.labels:
            raise
        return read(now.labels)


def write_agreements(path: Path, found: Sequence[Agreement], volume_unit: str, slices: str) -> None:
    """Write the table.

    Args:
        volume_unit: for the header. slices: what the module's slices are called.
    """
    columns = {
        "study": lambda row: row.study,
        "reader A": lambda row: row.readers[0],
        "reader B": lambda row: row.readers[1],
        f"{slices} (from 0)": lambda row: row.slice,
        "Dice": lambda row: row.dice,
        f"volume A ({volume_unit})": lambda row: row.volumes[0],
        f"volume B ({volume_unit})": lambda row: row.volumes[1],
        "arc A (degrees)": lambda row: row.arcs_deg[0],
        "arc B (degrees)": lambda row: row.arcs_deg[1],
    }
    if all(row.arcs_deg == (None, None) for row in found):
        columns = {title: value for title, value in columns.items() if not title.startswith("arc")}
    write_table(path, columns, found)


def read_agreements(path: Path) -> list[Agreement]:
    """What ``write_agreements`` wrote, of either module."""
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))[1:]
    found = []
    for study, one, other, number, dice_, *numbers in rows:
        values = [float(text) if text else None for text in (*numbers, "", "")]
        place = int(number) if number else None
        found.append(Agreement(int(study), (one, other), place, float(dice_), (values[0], values[1]), (values[2], values[3])))
    return found


def numbered(found: Sequence[Agreement]) -> list[Agreement]:
    """The same without the readers' names: each has a number in their place; the model stays the model."""
    numbers: dict[str, int] = {}

    def name(reader: str) -> str:
        return reader if reader == MODEL else _numbered(reader, numbers)

    return [replace(row, readers=(name(row.readers[0]), name(row.readers[1]))) for row in found]


END_WORDS = {"pairs": N_("pairs compared"), "mean_dice": N_("mean Dice"), "studies": N_("studies by number")}


def write_worklist_agreements(folder: Path, output: Path, report: Reporter, compared: Compared, *, named: bool) -> None:
    """``worklist_agreements`` as the table ``agreement.csv`` in a folder; see there.

    The result line names the folders of the studies in the order of their numbers.
    """
    found = list(worklist_agreements(folder, compared.task, compared.read, compared.value, named))
    with finished_folder(output, 200 * len(found)) as scratch:
        write_agreements(scratch / TABLE, found, compared.volume_unit, compared.slices)
    whole = [row.dice for row in found if row.slice is None]
    studies = [study.name for study in study_folders(folder, compared.task)]
    report.result(str(output), END_WORDS, pairs=len(whole), mean_dice=float(np.mean(whole)), studies=studies)


def _numbered(reader: str, numbers: dict[str, int]) -> str:
    return f"reader {numbers.setdefault(reader, len(numbers) + 1)}"
