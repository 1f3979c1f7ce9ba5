"""The command ``split``, which both tasks have."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path

from LesionReadingLib.errors import InputError

from ..arguments import finite, positive, whole
from ..files import read_text
from ..wording import how_many
from .case_table import CASES_FILE, patient_names
from .cases import CASE_NUMBERS
from .splits import PARTS, SPLIT_FILE, TRAIN, Split, read_split, with_validation_fold, write_split

FEW = 10
"""With fewer patients of a kind in a part, a figure over them says little."""


def add_split(parser: argparse.ArgumentParser, slice_classes: Callable[[Path], dict], main_class: str) -> None:
    """Add the arguments of ``split``.

    Args:
        slice_classes: gives the classes of every slice of a data folder, as ``dealing.SlicesOfCases``.
        main_class: what the task is about; somebody with it must be learnt from.
    """
    parser.add_argument("data", type=Path, help="data folder, of import or make-data")
    parser.add_argument("--folds", type=positive, metavar="K", help="deal what is not for the test to so many folds; 5 by default")
    parser.add_argument(
        "--fold", type=positive, default=1, help="the one to validate on; without --folds, of the split that is there"
    )
    parser.add_argument(
        "--split", choices=("patient", "slice"), default="patient", help="slice: as a study that leaks, to compare with"
    )
    parser.add_argument("--test", nargs="+", metavar="PATIENT", help="patients for the test, or a file with one a line")
    parser.add_argument("--test-share", type=finite, default=0.2, help="where no --test is given; 0 for none")
    parser.add_argument("--seed", type=whole, default=0)
    parser.set_defaults(run=partial(_split, slice_classes, main_class))


def _split(slice_classes: Callable[[Path], dict], main_class: str, chosen: argparse.Namespace) -> None:
    from ..engine.dealing import Deal, make_split

    slices = slice_classes(chosen.data)
    if not slices:
        raise InputError(f"{chosen.data} holds no cases; import some first.")
    names = patient_names(chosen.data)
    if unknown := [number for number in slices if number in CASE_NUMBERS and number not in names]:
        raise InputError(
            f"{CASES_FILE} of {chosen.data} does not say whose case {unknown[0]} is, so that one patient could be on both sides; "
            "import the cases again."
        )
    there = read_split(chosen.data)
    if there and chosen.folds is None and chosen.test is None and chosen.fold > 1:
        split = with_validation_fold(there, chosen.fold)
    else:
        folds = chosen.folds or 5
        if folds < 2 or not chosen.fold <= folds or not 0 <= chosen.test_share < 1:
            raise InputError("There are 2 folds or more, --fold is one of them, and --test-share lies from 0 to less than 1.")
        test = None if chosen.test is None else frozenset(_named(chosen.test))
        deal = Deal(folds, chosen.fold, test, chosen.test_share, chosen.seed, chosen.split == "slice")
        split = make_split(slices, names, deal)
    counts = part_counts(split, slices)
    absent = [name for name, of_parts in counts.items() if not of_parts[TRAIN]]
    if main_class in absent or main_class not in counts:
        raise InputError(f"Nobody with {main_class} would be learnt from; import more cases with it, or deal by another --seed.")
    write_split(chosen.data, split)
    what = "slice" if split.by_slice else "patient"
    for part in PARTS:
        shown = ", ".join(f"{of_parts[part]} with {name}" for name, of_parts in counts.items() if name)
        print(f"{part}: {how_many(counts[''][part], what)}, {shown}")
    if split.by_slice:
        print("Slices of one patient are on both sides: figures are flattered, and compare only with those of studies that did so.")
    if absent:
        print(f"Nobody with {' or '.join(absent)} is learnt from: a model cannot learn it from these.")
    if warning := too_few(counts, what):
        print(warning)
    print(f"Written to {chosen.data / SPLIT_FILE}; it may be edited.")


def part_counts(split: Split, slices: dict) -> dict[str, Counter]:
    """Of every class, and of ``""`` for all, how many patients (or slices) each part has of it."""
    shown: dict = {}
    for case, classes in slices.items():
        for number, one in enumerate(classes):
            unit = (case, number) if split.by_slice else split.patients.get(case, str(case))
            shown[unit] = shown.get(unit, frozenset()) | one
    names = sorted(set().union(*shown.values()))
    return {name: Counter(split.parts[unit] for unit, has in shown.items() if not name or name in has) for name in ["", *names]}


def too_few(counts: dict[str, Counter], what: str) -> str | None:
    """One sentence on what a validation or a test on so few cannot tell; None where there are enough."""
    everybody = counts[""]
    differing = {name: of_parts for name, of_parts in counts.items() if name and of_parts.total() < everybody.total()}
    alike = [
        f"{name} in the {part}"
        for name, of_parts in differing.items()
        for part in PARTS[1:]
        if everybody[part] and of_parts[part] in (0, everybody[part])
    ]
    small = [f"{how_many(everybody[part], what)} for the {part}" for part in PARTS[1:] if 0 < everybody[part] < FEW]
    warnings = [f"intervals will be wide ({', '.join(small)})"] if small else []
    warnings += [f"no AUC, sensitivity or specificity can be told where all or none show it ({', '.join(alike)})"] if alike else []
    return f"Few cases: {'; '.join(warnings)}." if warnings else None


def _named(words: list[str]) -> list[str]:
    """Names of patients, or those that a file lists."""
    if len(words) == 1 and Path(words[0]).is_file():
        return [line.strip() for line in read_text(Path(words[0])).splitlines() if line.strip()]
    return words
