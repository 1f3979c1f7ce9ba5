"""The slices of all training patients in memory: which are learnt and which watched, and the rare ones drawn often."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from HematomaMarkersLib.labels import HEMATOMA, INTRAVENTRICULAR
from LesionReadingLib.errors import InputError

from ..drawing import WATCHED_EVERY
from .data import Patient, load_patients, patient_count

SPLITS = ("patient", "random")
WATCHED_SHARE = 0.1
SMALL_PIXELS = 250
"""A hematoma of fewer pixels of 0.9 mm (2 cm2) is small: partial volume and thin poles, where most is missed."""
SHARES = {
    "small hematoma": 0.3,
    "larger hematoma": 0.25,
    "ventricular blood alone": 0.1,
    "no blood here": 0.15,
    "no blood anywhere": 0.2,
}
"""How often each kind of slice is learnt from. Those without blood teach calcified plexus, thick falx and the like."""


@dataclass(frozen=True, eq=False)
class Slices:
    """Slices of several patients.

    Attributes:
        hounsfield: int16 (slices, size, size) in HU. labels: uint8 of the same shape.
        markers: bool (slices, 4). patients: int64 (slices,), the patient's number.
        bleeds: bool (slices,), whether the patient has blood on any slice. judged: bool (slices,), whether the markers are known.
    """

    hounsfield: torch.Tensor
    labels: torch.Tensor
    markers: torch.Tensor
    patients: torch.Tensor
    bleeds: torch.Tensor
    judged: torch.Tensor

    def __len__(self) -> int:
        return len(self.patients)

    @property
    def with_hematoma(self) -> torch.Tensor:
        """bool (slices,), whether there is any hematoma on the slice."""
        return torch.stack([(labels == HEMATOMA).any() for labels in self.labels])


def joined(patients: Sequence[Patient]) -> Slices:
    """All slices of some patients."""
    counts = [len(patient.labels) for patient in patients]
    return Slices(
        torch.from_numpy(np.concatenate([patient.hounsfield for patient in patients])),
        torch.from_numpy(np.concatenate([patient.labels for patient in patients])),
        torch.from_numpy(np.concatenate([patient.slice_markers for patient in patients])),
        torch.from_numpy(np.repeat([patient.number for patient in patients], counts)),
        torch.from_numpy(np.repeat([bool(patient.labels.any()) for patient in patients], counts)),
        torch.from_numpy(np.repeat([patient.judged for patient in patients], counts)),
    )


def watched(slices: Slices, split: str, seed: int) -> torch.Tensor:
    """bool (slices,): which are only watched, never learnt from.

    Args:
        split: ``"patient"``: every tenth patient (those whose number ends in 0). ``"random"``: a tenth of each patient's slices, as
            the source study's leaky first split.

    Raises:
        InputError: nothing is left to learn from or to watch.
    """
    if split == "patient":
        which = slices.patients % WATCHED_EVERY == 0
    else:
        numbers, counts = slices.patients.unique_consecutive(return_counts=True)
        drawn = [np.random.default_rng([seed, n]).random(count) for n, count in zip(numbers.tolist(), counts.tolist(), strict=True)]
        which = torch.from_numpy(np.concatenate(drawn) < WATCHED_SHARE)
    if which.all() or not which.any():
        raise InputError("The training folder needs at least one patient whose number ends in 0, to watch, and one other.")
    return which


class Shelf:
    """The slices of a training folder that may still be filling.

    Args:
        data: folder of ``make_data``. location, split, seed: as in a recipe.

    Attributes:
        slices: all there are. learnt, watched: bool (slices,).
    """

    def __init__(self, data: Path, location: str | None, split: str, seed: int) -> None:
        self._data, self._location, self._split, self._seed = data, location, split, seed
        self._files = 0
        self.refresh()

    def refresh(self) -> bool:
        """Take in the patients that have appeared since; give whether there were any."""
        files = patient_count(self._data)
        if files == self._files and files:
            return False
        self._files = files
        self.slices = joined(load_patients(self._data, self._location))
        self.watched = watched(self.slices, self._split, self._seed)
        self.learnt = ~self.watched
        return True


def kinds(slices: Slices, which: torch.Tensor) -> dict[str, torch.Tensor]:
    """Numbers of the slices of each kind in ``SHARES``, among those of ``which``, bool (slices,)."""
    area = torch.stack([(labels == HEMATOMA).sum() for labels in slices.labels])
    ventricular = torch.stack([(labels == INTRAVENTRICULAR).any() for labels in slices.labels])
    none = (area == 0) & ~ventricular
    of_kind = {
        "small hematoma": (area > 0) & (area < SMALL_PIXELS),
        "larger hematoma": area >= SMALL_PIXELS,
        "ventricular blood alone": (area == 0) & ventricular,
        "no blood here": none & slices.bleeds,
        "no blood anywhere": none & ~slices.bleeds,
    }
    return {kind: (chosen & which).nonzero()[:, 0] for kind, chosen in of_kind.items()}


def balanced_numbers(of_kind: dict[str, torch.Tensor], count: int, random: torch.Generator) -> torch.Tensor:
    """Give ``count`` numbers of slices, int64, of kinds drawn by ``SHARES`` (those without a slice left out)."""
    shares = torch.tensor([share * bool(len(of_kind[kind])) for kind, share in SHARES.items()])
    numbers = list(of_kind.values())
    picked = [numbers[kind] for kind in torch.multinomial(shares, count, replacement=True, generator=random)]
    return torch.stack([of[torch.randint(len(of), (), generator=random)] for of in picked])
