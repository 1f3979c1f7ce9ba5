"""Heads that a clinic's readers corrected, as ``adapt`` learns from them and is judged on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

import torch
from HematomaMarkersLib.labels import BACKGROUND, OUTSIDE_BRAIN
from HematomaMarkersLib.model.network import JointNetwork
from HematomaMarkersLib.model.preparation.prepare import network_input
from HematomaMarkersLib.model.preparation.steps import Steps
from LesionReadingLib.errors import InputError
from safetensors.torch import load_file, save_file

from ...drawing import HELD_OUT_SEEDS, VALIDATION_EVERY
from ...own_data.cases import CASE_NUMBERS
from ..data import add_case, begun_with, load_patients, preparation_steps
from ..slice_scores import VALIDATED_AT_ONCE
from ..slices import WINDOW_HU, Slices, joined, together


@dataclass(frozen=True)
class Corrected:
    """One head: number of its patient, from 1 in the order given, and of the case in the data folder; whether the slices to learn
    from hold any hematoma, and how many slices these are."""

    patient: int
    number: int
    has_hematoma: bool
    slices: int


def read_corrected(patients: Sequence[Sequence[Path]], data: Path, steps: Steps) -> list[Corrected]:
    """Prepare the cases of each patient into a new data folder.

    Raises:
        InputError: no case, one that cannot be used, the same scan twice, or a hematoma in none of them.
    """
    begun_with(data, steps)
    seen: dict[int, Path] = {}
    cases = []
    for patient, folders in enumerate(patients, start=1):
        for folder in folders:
            added = add_case(data, folder)
            if added.number in seen:
                raise InputError(f"The cases {seen[added.number]} and {folder} show the same scan; leave one of them out.")
            seen[added.number] = folder
            cases.append(Corrected(patient, added.number, added.classes["hematoma"] > 0, added.slices))
    if not cases:
        raise InputError("There is no case to adapt to; name folders that Export for training wrote.")
    if not any(case.has_hematoma for case in cases):
        raise InputError("No slice to learn from holds a hematoma, so there is nothing to adapt to; add heads with one.")
    return cases


def patients_with_hematoma(cases: Sequence[Corrected]) -> dict[int, bool]:
    """Number of each patient -> whether any of the slices to learn from holds a hematoma."""
    return {case.patient: any(each.has_hematoma for each in cases if each.patient == case.patient) for case in cases}


def corrected_slices(data: Path, network: JointNetwork) -> Slices:
    """All slices to learn from.

    No reader marks blood outside the brain; where a network that was taught to see it does, and the reader left the background, it
    stays so, or the network would forget it.
    """
    slices = joined(load_patients(data))
    return replace(slices, labels=torch.where(_seen_outside(slices, network), OUTSIDE_BRAIN, slices.labels))


def phantom_slices(folders: Sequence[Path], steps: Steps) -> Slices:
    """Slices of the phantoms of data folders, without those that are kept for validation and without cases.

    Raises:
        InputError: a folder was prepared in another way, or nothing is left.
    """
    for folder in folders:
        if preparation_steps(folder) != steps:
            raise InputError(f"{folder} holds phantoms prepared in another way than the model's; leave --phantoms out.")
    drawn = [patient for folder in folders for patient in load_patients(folder)]
    learnt = [patient for patient in drawn if _is_learnt(patient.number)]
    if not learnt:
        raise InputError("The data folders of --phantoms hold no phantoms to learn from (numbers from 1001 on); leave it out.")
    return together([joined([patient]) for patient in learnt])


def save_slices(file: Path, slices: Slices) -> None:
    """Write slices."""
    save_file({field.name: getattr(slices, field.name).contiguous() for field in fields(Slices)}, file)


def load_slices(file: Path) -> Slices:
    """Read what ``save_slices`` wrote."""
    return Slices(**load_file(file))


def without(slices: Slices, numbers: Sequence[int]) -> Slices:
    """The slices of all patients but some."""
    kept = ~torch.isin(slices.patients, torch.tensor(numbers, dtype=slices.patients.dtype))
    return Slices(**{field.name: getattr(slices, field.name)[kept] for field in fields(Slices)})


def _is_learnt(number: int) -> bool:
    return number not in HELD_OUT_SEEDS and number not in CASE_NUMBERS and number % VALIDATION_EVERY != 0


@torch.inference_mode()
def _seen_outside(slices: Slices, network: JointNetwork) -> torch.Tensor:
    """bool (slices, rows, columns), background of the reader's where the network sees blood outside the brain."""
    found = []
    for some, labels in zip(
        slices.hounsfield.split(VALIDATED_AT_ONCE["cpu"]), slices.labels.split(VALIDATED_AT_ONCE["cpu"]), strict=True
    ):
        scores = network.segmentation(network_input(some[:, None].float(), WINDOW_HU))
        found.append((scores.argmax(1) == OUTSIDE_BRAIN) & (labels == BACKGROUND))
    return torch.cat(found)
