"""How far two readers, or a reader and a model, agree on label maps of the same cases: Dice, arc, volume, kappa of signs.

A folder of readings holds for each case a label map, a case of *Export for training*, or a folder of results with its
``segmentation.seg.nrrd``; readings of one case have the same name, by the rule of ``pairs``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from LesionReadingLib.errors import InputError
from LesionReadingLib.studies.agreement import Agreement, Reading, agreements
from LesionReadingLib.studies.training_case import FACTS

from ..own_data.pairs import key
from ..wording import how_many
from .comparison import Measured, differences, differences_table
from .markdown import markdown_table
from .scores import bootstrapped, cohens_kappa

RESULT = "segmentation.seg.nrrd"
_SHOWN = 5
_DIFFERENCE = "second minus first"


@dataclass(frozen=True)
class ReadCase:
    """A reading of a case: its labels, measured, and whether each sign was seen, of those that were judged."""

    reading: Reading
    signs: Mapping[str, bool] = field(default_factory=dict)


@dataclass(frozen=True)
class Compared:
    """Two readings of several cases.

    Attributes:
        names: of the cases. rows: whole cases and slices, as ``LesionReadingLib.studies.agreement`` tells them.
        signs: name -> what the first and the second say, pairwise.
    """

    names: tuple[str, ...]
    rows: tuple[Agreement, ...]
    signs: Mapping[str, tuple[tuple[bool, bool], ...]]


def files_of(folder: Path) -> dict[str, Path]:
    """The readings of a folder, by the names of their cases.

    Raises:
        InputError: no such folder, or two readings of one case.
    """
    if not folder.is_dir():
        raise InputError(f"There is no folder {folder}; name one with a label map for each case.")
    found: dict[str, Path] = {}
    for entry in sorted(folder.iterdir()):
        if entry.name.startswith(".") or entry.suffix.lower() in (".csv", ".json", ".txt"):
            continue
        name = key(entry.name)
        if name in found:
            raise InputError(f"{found[name].name} and {entry.name} in {folder} are one case by their names; leave one of them.")
        found[name] = entry / RESULT if (entry / RESULT).is_file() else entry
    return found


def is_exported(entry: Path) -> bool:
    """Whether a reading is a case of *Export for training*."""
    return (entry / FACTS).is_file()


def compare(one: Path, other: Path, read: Callable[[Path], ReadCase], value: int, value_name: str) -> Compared:
    """Compare the readings of two folders.

    Args:
        read: reads and measures one. value: label of what is compared. value_name: what it is called.

    Raises:
        InputError: no case in common, cases that only one has, or label maps of different sizes.
    """
    first, second = files_of(one), files_of(other)
    if alone := sorted(set(first) ^ set(second)):
        more = " and more" if len(alone) > _SHOWN else ""
        raise InputError(
            f"Only one of {one} and {other} has {', '.join(alone[:_SHOWN])}{more}; compare readings of the same cases."
        )
    if not first:
        raise InputError(f"{one} holds no label maps; name a folder with one for each case.")
    rows: list[Agreement] = []
    signs: dict[str, list[tuple[bool, bool]]] = {}
    for number, name in enumerate(first, start=1):
        a, b = read(first[name]), read(second[name])
        try:
            rows += agreements(number, (one.name, other.name), a.reading, b.reading, value)
        except InputError as error:
            raise InputError(f"{name}: {error}") from error
        shown = [(each.reading.labels == value).any(axis=(1, 2)) for each in (a, b)]
        signs.setdefault(f"{value_name} on a slice", []).extend(zip(*(each.tolist() for each in shown), strict=True))
        for sign in a.signs.keys() & b.signs.keys():
            signs.setdefault(sign, []).append((a.signs[sign], b.signs[sign]))
        if a.reading.arcs_deg is not None:
            wide = [[arc >= 180 for arc in each.reading.arcs_deg] for each in (a, b)]
            signs.setdefault("arc of 180 degrees or more", []).extend(zip(*wide, strict=True))
    return Compared(tuple(first), tuple(rows), {name: tuple(pairs) for name, pairs in signs.items()})


def measured(found: Compared, volume_unit: str) -> list[Measured]:
    """The quantities of the Bland-Altman plots: volumes of cases, arcs of the slices that either marked."""
    volumes = [row.volumes for row in found.rows if row.slice is None and None not in row.volumes]
    arcs = [row.arcs_deg for row in found.rows if row.slice is not None and None not in row.arcs_deg]
    kinds = (("volume", volume_unit, volumes), ("arc", "degrees", arcs))
    return [
        Measured(name, unit, *(tuple(each) for each in zip(*pairs, strict=True)), _DIFFERENCE)
        for name, unit, pairs in kinds
        if pairs
    ]


def agreement_figures(found: Compared, volume_unit: str) -> dict[str, Any]:
    """Mean Dice with its interval over cases, limits of agreement (second minus first), and kappa of every sign."""
    cases = [row for row in found.rows if row.slice is None]
    dice = np.array([row.dice for row in cases])
    interval = bootstrapped(lambda values, _: float(values.mean()), dice, dice, np.arange(len(dice)))
    kappas = {}
    for sign, pairs in found.signs.items():
        a, b = (np.array(each) for each in zip(*pairs, strict=True))
        kappas[sign] = {"kappa": cohens_kappa(a, b), "both": int((a & b).sum()), "differ": int((a != b).sum()), "count": len(a)}
    return {
        "kind": "agreement",
        "cases": len(cases),
        "dice": vars(interval),
        "dice_of_cases": {name: row.dice for name, row in zip(found.names, cases, strict=True)},
        "limits_of_agreement": {one.name: differences(one) for one in measured(found, volume_unit)},
        "signs": kappas,
    }


def agreement_tables(figures: Mapping[str, Any], readers: Sequence[str]) -> str:
    """The tables of ``agreement_figures``."""
    dice = figures["dice"]
    interval = "" if dice["low"] is None else f" ({dice['low']:.3f} to {dice['high']:.3f})"
    sentence = f"{how_many(figures['cases'], 'case')}, {readers[0]} and {readers[1]}. "
    sentence += f"Mean Dice (95 %): {dice['value']:.3f}{interval}."
    cases = markdown_table(["case", "Dice"], [[name, f"{value:.3f}"] for name, value in figures["dice_of_cases"].items()])
    rows = [
        [sign, "-" if one["kappa"] is None else f"{one['kappa']:.2f}", str(one["both"]), str(one["differ"]), str(one["count"])]
        for sign, one in figures["signs"].items()
    ]
    signs = markdown_table(["sign", "kappa", "both see it", "they differ", "of"], rows)
    limits = differences_table(figures["limits_of_agreement"], _DIFFERENCE)
    return "\n\n".join([sentence, cases, limits, signs])
