"""Patients on disk, one file each, as the network sees them: prepared slices with their truth. Phantoms, and exported cases.

``patient-01012.npz`` holds HU and labels on the network's grid, the markers of each slice and of the patient. A patient's file
appears complete or not at all, so a training may already read a folder that is still being filled.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from HematomaMarkersLib.image_scan import read_volume
from HematomaMarkersLib.labels import HEMATOMA, MARKERS, NAMES, TASK
from HematomaMarkersLib.phantom import PhantomHead, draw_head
from HematomaMarkersLib.preparation import prepare
from HematomaMarkersLib.preparation_steps import ALL_STEPS, Steps
from HematomaMarkersLib.scan import Scan
from LesionReadingLib.errors import InputError

from ..cases import case_number, open_case
from ..drawing import draw_missing, write_whole

STEPS_FILE = "preparation.json"


@dataclass(frozen=True, eq=False)
class Patient:
    """One patient of a training folder.

    Attributes:
        number: the phantom seed, or from 100000 on, of a case.
        hounsfield: int16 (slices, 256, 256) in HU, prepared.
        labels: uint8 (slices, 256, 256), values of ``HematomaMarkersLib.labels``.
        slice_markers: bool (slices, 4), in the order of ``MARKERS``. markers: bool (4,), of the patient.
        judged: whether the markers are known; of a case, whether the reader judged them all.
        near_misses: what was drawn to look like a marker, by name.
        location: of the hematoma, None where there is none, or it is not known.
    """

    number: int
    hounsfield: np.ndarray
    labels: np.ndarray
    slice_markers: np.ndarray
    markers: np.ndarray
    judged: bool
    near_misses: tuple[str, ...]
    location: str | None


def make_data(folder: Path, seeds: Sequence[int], steps: Steps, processes: int) -> Iterator[int]:
    """Draw phantom patients into ``folder``; those already there are left alone. Yields each seed when it is done.

    Args:
        steps: of the preparation; one folder holds patients prepared in one way.

    Raises:
        InputError: the folder holds patients that were prepared in another way.
    """
    found = _begun_with(folder, steps)
    if found != steps:
        raise InputError(f"{folder} holds patients prepared in another way ({json.dumps(asdict(found))}); choose another folder.")
    yield from draw_missing(seeds, partial(_path, folder), partial(_draw_patient, folder, steps), processes)


def add_case(folder: Path, case_folder: Path, window: tuple[float, float] | None = None) -> int:
    """Add an exported case to a training folder, prepared as its other patients; give its number.

    The reader judges a patient, not slices: a marker that is there counts as shown by every slice with hematoma.

    Args:
        window: which HU 0 and 255 stand for, where the case holds 8-bit pictures.

    Raises:
        InputError: it is no case of this task, or no head CT in HU.
    """
    case = open_case(case_folder, TASK, NAMES)
    seen = dict.fromkeys(MARKERS) | (case.markers or {})
    if len(seen) > len(MARKERS):
        raise InputError(f"The case {case_folder} tells of other markers than {', '.join(MARKERS)}; export it again.")
    scan = read_volume(case.image_file, window)
    prepared = prepare(scan, _begun_with(folder, ALL_STEPS))
    learnt = np.isin(prepared.slice_order, case.learnt_slices)
    labels = prepared.labels_from_scan(case.labels)[learnt]
    markers = np.array([bool(there) for there in seen.values()])
    number = case_number(scan.hounsfield)
    arrays = {
        "hounsfield": prepared.hounsfield[learnt],
        "labels": labels,
        "slice_markers": (labels == HEMATOMA).any(axis=(1, 2))[:, None] & markers,
        "markers": markers,
    }
    _write_patient(folder, number, arrays, {"near_misses": (), "location": None, "judged": None not in seen.values()})
    return number


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
    arrays = {
        "hounsfield": prepared.hounsfield,
        "labels": prepared.labels_from_scan(head.labels),
        "slice_markers": head.slice_markers[prepared.slice_order],
        "markers": np.array([head.markers[name] for name in MARKERS]),
    }
    _write_patient(folder, seed, arrays, {"near_misses": head.near_misses, "location": head.location, "judged": True})
    return seed


def _begun_with(folder: Path, steps: Steps) -> Steps:
    """The steps of a training folder, which is begun with these where it is new."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / STEPS_FILE
    if not file.exists():
        file.write_text(json.dumps(asdict(steps)))
    return preparation_steps(folder)


def _write_patient(folder: Path, number: int, arrays: dict[str, np.ndarray], facts: dict[str, Any]) -> None:
    told = np.array(json.dumps(facts))
    write_whole(_path(folder, number), lambda file: np.savez(file, **arrays, facts=told))


def _load_patient(path: Path) -> Patient:
    with np.load(path) as file:
        arrays = {name: file[name] for name in file.files}
    facts = json.loads(str(arrays.pop("facts")))
    facts["near_misses"] = tuple(facts["near_misses"])
    return Patient(int(path.stem.split("-")[1]), **arrays, **{"judged": True} | facts)


def _path(folder: Path, number: int) -> Path:
    return folder / f"patient-{number:05d}.npz"
