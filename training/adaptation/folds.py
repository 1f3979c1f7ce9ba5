"""Which patients are left out in turn, so that a gain is measured on patients that were not learnt from."""

from __future__ import annotations

from collections.abc import Mapping

MOST_FOLDS = 5
"""Patients are left out one at a time; of more than these, in so many groups, so that a command ends within minutes."""


def folds(has_lesion: Mapping[int, bool]) -> list[list[int]]:
    """Groups of patients to leave out in turn, each patient once; none where fewer than two have what is looked for.

    Patients with a lesion are dealt first, so that in every turn some of it is left to learn.

    Args:
        has_lesion: number of each patient -> whether any of the cases shows what the model looks for.
    """
    with_lesion = sorted(patient for patient, has in has_lesion.items() if has)
    if len(with_lesion) < 2:
        return []
    dealt = with_lesion + sorted(set(has_lesion) - set(with_lesion))
    return [dealt[first::MOST_FOLDS] for first in range(min(MOST_FOLDS, len(dealt)))]
