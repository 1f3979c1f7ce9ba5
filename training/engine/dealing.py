"""Patients (or slices) dealt to folds so that every class is spread as evenly as it can be, by a seed and never by a hash.

Iterative stratification: the rarest class is dealt first. Sechidis K et al. On the Stratification of Multi-label Data.
ECML PKDD 2011, LNCS 6913:145-158.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from LesionReadingLib.errors import InputError

from ..own_data.splits import TEST, TRAIN, VALIDATION, Split, Unit
from ..wording import how_many

SlicesOfCases = Mapping[int, Sequence[frozenset[str]]]
"""Number of a case -> the classes that each of its slices shows."""


@dataclass(frozen=True)
class Deal:
    """How a folder is dealt.

    Attributes:
        folds: how many. validation_fold: from 1, the one that is validated on now.
        test: names of test patients; None to deal them. test_share: of the units, where they are dealt; 0 for none.
        seed: of the dealing. by_slice: slices, not patients.
    """

    folds: int = 5
    validation_fold: int = 1
    test: frozenset[str] | None = None
    test_share: float = 0.2
    seed: int = 0
    by_slice: bool = False


def dealt(units: Mapping[Hashable, frozenset[str]], groups: int, seed: int) -> list[list[Hashable]]:
    """Deal units, each with its classes, to groups: every class as evenly as possible, and the units, too; the first ones first."""
    random = np.random.default_rng(seed)
    names = list(units)
    left = [names[place] for place in random.permutation(len(names))]
    found: list[list[Hashable]] = [[] for _ in range(groups)]
    counts = {name: sum(name in units[unit] for unit in left) for name in set().union(*units.values())}
    for name in [*sorted(counts, key=lambda name: (counts[name], name)), None]:
        for unit in [unit for unit in left if name is None or name in units[unit]]:
            with_it = [sum(name in units[other] for other in group) for group in found] if name else [0] * groups
            place = min(range(groups), key=lambda group: (with_it[group], len(found[group]), group))
            found[place].append(unit)
            left.remove(unit)
    return found


def make_split(slices: SlicesOfCases, patients: Mapping[int, str], deal: Deal) -> Split:
    """Deal the cases of a folder.

    Args:
        patients: number of a case -> name of its patient; one that is not named is a patient of its own.

    Raises:
        InputError: fewer patients than folds, or test patients that are not there.
    """
    units: dict[Unit, frozenset[str]] = {}
    for case, shown in sorted(slices.items()):
        for number, classes in enumerate(shown):
            unit = (case, number) if deal.by_slice else patients.get(case, str(case))
            units[unit] = units.get(unit, frozenset()) | classes
    test = _test_units(units, deal)
    rest = {unit: classes for unit, classes in units.items() if unit not in test}
    if len(rest) < deal.folds:
        what = "slice" if deal.by_slice else "patient"
        raise InputError(
            f"{how_many(len(rest), what)} cannot be dealt to {deal.folds} folds (for the test: {len(test)}); ask for fewer folds, "
            "or import more cases."
        )
    groups = dealt(rest, deal.folds, deal.seed)[::-1]  # fold 1 is validated on: where cases are scarce, others learn from them
    folds = {unit: number for number, group in enumerate(groups, start=1) for unit in group}
    parts = {unit: TEST if unit in test else VALIDATION if folds[unit] == deal.validation_fold else TRAIN for unit in units}
    return Split(parts, {unit: folds.get(unit) for unit in units}, dict(patients))


def _test_units(units: Mapping[Unit, frozenset[str]], deal: Deal) -> set[Unit]:
    if deal.test is not None:
        if unknown := sorted(deal.test - set(map(str, units))):
            raise InputError(f"There is no patient {unknown[0]} to test on; the patients stand in cases.csv.")
        return {unit for unit in units if str(unit) in deal.test}
    wanted = round(deal.test_share * len(units))
    if not wanted:
        return set()
    groups = max(round(1 / deal.test_share), 2)
    return set(min(dealt(units, groups, deal.seed)[::-1], key=lambda group: abs(len(group) - wanted)))
