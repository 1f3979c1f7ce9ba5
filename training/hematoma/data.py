"""Phantom patients on disk, one file per patient, as the network sees them: prepared slices with their truth.

``patient-01012.npz`` holds HU and labels on the network's grid, the markers of each slice and of the patient. A patient's file
appears complete or not at all, so a training may already read a folder that is still being filled.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np
from HematomaMarkersLib.labels import MARKERS
from HematomaMarkersLib.phantom import PhantomHead, draw_head
from HematomaMarkersLib.preparation import Steps, prepare
from HematomaMarkersLib.scan import Scan
from LesionReadingLib.errors import InputError

from ..drawing import draw_missing, write_whole

STEPS_FILE = "preparation.json"


@dataclass(frozen=True, eq=False)
class Patient:
    """One patient of a training folder.

    Attributes:
        number: the phantom seed.
        hounsfield: int16 (slices, 256, 256) in HU, prepared.
        labels: uint8 (slices, 256, 256), values of ``HematomaMarkersLib.labels``.
        slice_markers: bool (slices, 4), in the order of ``MARKERS``. markers: bool (4,), of the patient.
        near_misses: what was drawn to look like a marker, by name. location: of the hematoma, None where there is none.
    """

    number: int
    hounsfield: np.ndarray
    labels: np.ndarray
    slice_markers: np.ndarray
    markers: np.ndarray
    near_misses: tuple[str, ...]
    location: str | None


def make_data(folder: Path, seeds: Sequence[int], steps: Steps, processes: int) -> Iterator[int]:
    """Draw phantom patients into ``folder``; those already there are left alone. Yields each seed when it is done.

    Args:
        steps: of the preparation; one folder holds patients prepared in one way.

    Raises:
        InputError: the folder holds patients that were prepared in another way.
    """
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / STEPS_FILE
    if not file.exists():
        file.write_text(json.dumps(asdict(steps)))
    if preparation_steps(folder) != steps:
        raise InputError(f"{folder} holds patients prepared in another way ({file.read_text()}); choose another folder.")
    yield from draw_missing(seeds, partial(_path, folder), partial(_draw_patient, folder, steps), processes)


def preparation_steps(folder: Path) -> Steps:
    """The steps with which a folder's patients were prepared.

    Raises:
        InputError: the folder is not one of ``make_data``.
    """
    if not (folder / STEPS_FILE).exists():
        raise InputError(f"{folder} holds no training patients; make some with: python -m training hematoma make-data {folder}")
    return Steps(**json.loads((folder / STEPS_FILE).read_text()))


def load_patients(folder: Path, location: str | None = None) -> list[Patient]:
    """Give the patients of a training folder, all in memory, in the order of their numbers.

    Args:
        location: where given, those whose hematoma lies there.

    Raises:
        InputError: the folder holds none.
    """
    patients = [
        patient for patient in map(_load_patient, sorted(folder.glob("patient-*.npz"))) if location in (None, patient.location)
    ]
    if not patients:
        kind = f"patients with a hematoma of the {location}" if location else "training patients"
        raise InputError(f"{folder} holds no {kind}; make some with: python -m training hematoma make-data {folder}")
    return patients


def patient_count(folder: Path) -> int:
    """How many patients a training folder holds by now."""
    return sum(1 for _ in folder.glob("patient-*.npz"))


def phantom_scan(head: PhantomHead) -> Scan:
    """A phantom as the scan that reading would give."""
    return Scan(head.hounsfield, head.grid, gravity=head.gravity, grid_source="phantom")


def _draw_patient(folder: Path, steps: Steps, seed: int) -> int:
    head = draw_head(seed)
    prepared = prepare(phantom_scan(head), steps)
    facts = {"near_misses": head.near_misses, "location": head.location}
    arrays = {
        "hounsfield": prepared.hounsfield,
        "labels": prepared.grid.labels_from_scan(head.labels),
        "slice_markers": head.slice_markers[prepared.slice_order],
        "markers": np.array([head.markers[name] for name in MARKERS]),
        "facts": np.array(json.dumps(facts)),
    }
    write_whole(_path(folder, seed), lambda file: np.savez(file, **arrays))
    return seed


def _load_patient(path: Path) -> Patient:
    with np.load(path) as file:
        arrays = {name: file[name] for name in file.files}
    facts = json.loads(str(arrays.pop("facts")))
    return Patient(int(path.stem.split("-")[1]), **arrays, near_misses=tuple(facts["near_misses"]), location=facts["location"])


def _path(folder: Path, seed: int) -> Path:
    return folder / f"patient-{seed:05d}.npz"
