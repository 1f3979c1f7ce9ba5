"""The slices of all training patients in memory: which are for training and which for validation, and the rare ones drawn often."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import torch
from HematomaMarkersLib.labels import HEMATOMA, INTRAVENTRICULAR, OUTSIDE_BRAIN
from HematomaMarkersLib.windows import DEFAULT, windows
from LesionReadingLib.errors import InputError

from ..drawing import HELD_OUT_SEEDS, VALIDATION_EVERY
from ..own_data.cases import require_split
from ..own_data.splits import SPLIT_FILE, VALIDATION, read_split
from .data import Patient, load_patient, load_patients, patient_files, pieces

CPU = torch.device("cpu")
WINDOW_HU = windows()[DEFAULT]
SPLITS = ("patient", "random")
VALIDATION_SHARE = 0.1
SMALL_PIXELS = 250
"""A hematoma of fewer pixels of 0.9 mm (2 cm2) is small: partial volume and thin poles, where most is missed."""
TINY_PIXELS = 50
"""0.4 cm2: a bleed of less than 1 mL, or the last of a larger one."""
SHARES = {
    "tiny hematoma": 0.16,
    "small hematoma": 0.16,
    "larger hematoma": 0.12,
    "hematoma of unjudged signs": 0.08,
    "ventricular blood alone": 0.08,
    "blood outside the brain alone": 0.1,
    "no blood here": 0.12,
    "no blood anywhere": 0.18,
}
"""How often each kind of slice is learnt from. Those without blood teach calcified plexus, thick falx and the like; of phantoms,
those with contusions have unjudged signs."""


@dataclass(frozen=True, eq=False)
class Slices:
    """Slices of several patients.

    Attributes:
        hounsfield: int16 (slices, size, size) in HU. labels: uint8 of the same shape.
        markers: bool (slices, 4). patients: int64 (slices,), the patient's number.
        bleeds: bool (slices,), whether the patient has blood on any slice. judged: bool (slices,), whether the markers are known.
        validation: bool (slices,), whether ``split.csv`` keeps it for validation.
    """

    hounsfield: torch.Tensor
    labels: torch.Tensor
    markers: torch.Tensor
    patients: torch.Tensor
    bleeds: torch.Tensor
    judged: torch.Tensor
    validation: torch.Tensor

    def __len__(self) -> int:
        return len(self.patients)

    @property
    def with_hematoma(self) -> torch.Tensor:
        """bool (slices,), whether there is any hematoma on the slice."""
        return self.pixels_of(HEMATOMA) > 0

    def pixels_of(self, label: int) -> torch.Tensor:
        """int64 (slices,), how many pixels of each slice have a label; on the processor."""
        return torch.cat([(some == label).sum((1, 2)) for some in self.labels.split(512)]).cpu()


def joined(patients: Sequence[Patient], device: torch.device = CPU) -> Slices:
    """All slices of some patients; pictures and labels on a device, the rest on the processor."""
    counts = [len(patient.labels) for patient in patients]
    return Slices(
        torch.from_numpy(np.concatenate([patient.hounsfield for patient in patients])).to(device),
        torch.from_numpy(np.concatenate([patient.labels for patient in patients])).to(device),
        torch.from_numpy(np.concatenate([patient.slice_markers for patient in patients])),
        torch.from_numpy(np.repeat([patient.number for patient in patients], counts)),
        torch.from_numpy(np.repeat([bool(patient.labels.any()) for patient in patients], counts)),
        torch.from_numpy(np.repeat([patient.judged for patient in patients], counts)),
        torch.from_numpy(np.repeat([patient.part == VALIDATION for patient in patients], counts)),
    )


def together(parts: Sequence[Slices]) -> Slices:
    """Slices of several collections as one."""
    if len(parts) == 1:
        return parts[0]
    return Slices(**{field.name: torch.cat([getattr(part, field.name) for part in parts]) for field in fields(Slices)})


def validation_slices(slices: Slices, split: str, seed: int) -> torch.Tensor:
    """bool (slices,): which are for validation, never learnt from.

    Args:
        split: ``"patient"``: those with a number that no training draws, or where there are none every tenth patient (those whose
            number ends in 0). ``"random"``: a tenth of each patient's slices, as the source study's leaky first split.

    Raises:
        InputError: nothing is left to learn from or to validate on, or there are cases, which need a split of their own.
    """
    require_split(slices.patients.unique().tolist(), "hematoma")
    if split == "patient":
        which = slices.patients < HELD_OUT_SEEDS.stop
        if not which.any():
            which = slices.patients % VALIDATION_EVERY == 0
    else:
        numbers, counts = slices.patients.unique_consecutive(return_counts=True)
        drawn = [np.random.default_rng([seed, n]).random(count) for n, count in zip(numbers.tolist(), counts.tolist(), strict=True)]
        which = torch.from_numpy(np.concatenate(drawn) < VALIDATION_SHARE)
    if which.all() or not which.any():
        raise InputError("The training folder needs at least one patient whose number ends in 0, for validation, and one other.")
    return which


class SliceDataset:
    """The slices of a training folder that may still be filling.

    Args:
        data: folder of ``make_data``. location, split, seed: as in a recipe. device: where pictures and labels are kept.

    Attributes:
        slices: all there are, without those for the test. training, validation: bool (slices,).

    Raises:
        InputError: nothing to learn from or to validate on, or a random split of a folder that has one of its own.
    """

    def __init__(self, data: Path, location: str | None, split: str, seed: int, device: torch.device = CPU) -> None:
        self._data, self._location, self._split, self._seed, self._device = data, location, split, seed, device
        self._own_split = read_split(data)
        if self._own_split and split != SPLITS[0]:
            raise InputError(
                f"{data} has a {SPLIT_FILE} that says what is learnt from; leave split= out, or deal slices there: "
                "python -m training hematoma split DATA --split slice"
            )
        self._files: set[Path] = set()
        self._parts: list[Slices] = []
        if not self.refresh():
            load_patients(data, location)  # says what is missing

    def refresh(self) -> bool:
        """Take in the patients that have appeared since; give whether there were any."""
        new = sorted(set(patient_files(self._data)) - self._files)
        self._files.update(new)
        loaded = (piece for file in new for piece in pieces(load_patient(file), self._own_split))
        patients = [patient for patient in loaded if self._location in (None, patient.location)]
        if not patients:
            return False
        self._parts = [together([*self._parts, joined(patients, self._device)])]
        self.slices = self._parts[0]
        self.validation = self.slices.validation if self._own_split else validation_slices(self.slices, self._split, self._seed)
        if self.validation.all() or not self.validation.any():
            raise InputError(
                f"The {SPLIT_FILE} of {self._data} leaves nobody to learn from, or nobody to validate on; split it again."
            )
        self.training = ~self.validation
        return True


def kinds(slices: Slices, which: torch.Tensor) -> dict[str, torch.Tensor]:
    """Numbers of the slices of each kind in ``SHARES``, among those of ``which``, bool (slices,)."""
    area, outside = slices.pixels_of(HEMATOMA), slices.pixels_of(OUTSIDE_BRAIN) > 0
    ventricular = slices.pixels_of(INTRAVENTRICULAR) > 0
    none = (area == 0) & ~ventricular & ~outside
    of_kind = {
        "tiny hematoma": (area > 0) & (area < TINY_PIXELS),
        "small hematoma": (area >= TINY_PIXELS) & (area < SMALL_PIXELS),
        "larger hematoma": area >= SMALL_PIXELS,
        "hematoma of unjudged signs": (area > 0) & ~slices.judged,
        "ventricular blood alone": (area == 0) & ventricular,
        "blood outside the brain alone": (area == 0) & ~ventricular & outside,
        "no blood here": none & slices.bleeds,
        "no blood anywhere": none & ~slices.bleeds,
    }
    return {kind: (chosen & which).nonzero()[:, 0] for kind, chosen in of_kind.items()}


def balanced_numbers(of_kind: dict[str, torch.Tensor], count: int, random: torch.Generator) -> torch.Tensor:
    """Give ``count`` numbers of slices, int64, of kinds drawn by ``SHARES`` (those without a slice left out)."""
    shares = torch.tensor([share * bool(len(of_kind[kind])) for kind, share in SHARES.items()])
    numbers = list(of_kind.values())
    picked = torch.multinomial(shares, count, replacement=True, generator=random).bincount(minlength=len(shares)).tolist()
    return torch.cat(
        [of[torch.randint(len(of), (times,), generator=random)] for of, times in zip(numbers, picked, strict=True) if times]
    )
