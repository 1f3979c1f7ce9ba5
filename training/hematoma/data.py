"""Patients on disk, one file each, as the network sees them: prepared slices with their truth. Phantoms, and exported cases.

``patient-01012.npz`` holds HU and labels on the network's grid, the markers of each slice and of the patient. A patient's file
appears complete or not at all, so a training may already read a folder that is still being filled.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from HematomaMarkersLib.labels import HEMATOMA, MARKERS, NAMES, OUTSIDE_NAME, TASK
from HematomaMarkersLib.model.preparation.prepare import prepare
from HematomaMarkersLib.model.preparation.steps import ALL_STEPS, Steps
from HematomaMarkersLib.reading.images import read_volume
from HematomaMarkersLib.reading.scan import Scan
from LesionReadingLib.errors import InputError

from ..files import read_json, reading
from ..own_data.cases import Added, added, case_number, classes_shown, open_case
from ..own_data.splits import LEARNT_PARTS, Split, chosen_slices, read_split
from ..writing import write_json, write_whole
from .evaluation.originals import Original, write_original

STEPS_FILE = "preparation.json"
_KINDS = {"hounsfield": "i", "labels": "u", "slice_markers": "b", "markers": "b", "inside": "b", "extents_mm": "f"}


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
        inside, extents_mm: as ``Prepared`` has them; None where not all slices were kept.
        part: what ``split.csv`` says that the slices are for; None where the folder has none.
    """

    number: int
    hounsfield: np.ndarray
    labels: np.ndarray
    slice_markers: np.ndarray
    markers: np.ndarray
    judged: bool
    near_misses: tuple[str, ...]
    location: str | None
    inside: np.ndarray | None = None
    extents_mm: np.ndarray | None = None
    part: str | None = None


def add_case(folder: Path, case_folder: Path, window: tuple[float, float] | None = None) -> Added:
    """Add an exported case to a training folder, prepared as its other patients.

    Args:
        window: which HU 0 and 255 stand for, where the case holds 8-bit pictures.

    Raises:
        InputError: it is no case of this task, or no head CT in HU.
    """
    case = open_case(case_folder, TASK, NAMES)
    if strange := set(case.markers or {}) - set(MARKERS):
        raise InputError(
            f"The case {case_folder} tells of other markers ({', '.join(sorted(strange))}) than {', '.join(MARKERS)}; "
            "export it again."
        )
    return add_scan(folder, read_volume(case.image_file, window), case.labels, case.learnt_slices, case.markers or {})


def add_scan(
    folder: Path,
    scan: Scan,
    labels: np.ndarray,
    learnt: Sequence[int],
    markers: Mapping[str, bool | None],
    location: str | None = None,
) -> Added:
    """Add a scan to a training folder, prepared as its other patients, and keep it on its own voxels for the evaluation.

    The reader judges a patient, not slices: a marker that is there counts as shown by every slice with hematoma.

    Args:
        labels: uint8 (slices, rows, columns) on the scan's voxels. learnt: numbers of the slices to learn from.
        markers: whether each is there; those that are None or left out were not judged. location: of the hematoma.
    """
    prepared = prepare(scan, begun_with(folder, ALL_STEPS))
    kept = np.isin(prepared.slice_order, learnt)
    shown = prepared.labels_from_scan(labels)[kept]
    seen = np.array([bool(markers.get(marker)) for marker in MARKERS])
    number = case_number(scan.hounsfield)
    arrays = {
        "hounsfield": prepared.hounsfield[kept],
        "labels": shown,
        "slice_markers": (shown == HEMATOMA).any(axis=(1, 2))[:, None] & seen,
        "markers": seen,
    }
    if kept.all():
        arrays |= {"inside": prepared.inside, "extents_mm": prepared.extents_mm}
    judged = all(markers.get(marker) is not None for marker in MARKERS)
    write_patient(folder, number, arrays, {"near_misses": (), "location": location, "judged": judged})
    write_original(folder, number, Original(scan, labels, tuple(prepared.slice_order[kept].tolist())))
    return added(number, prepared.hounsfield[kept], shown, NAMES)


def slice_classes(folder: Path) -> dict[int, list[frozenset[str]]]:
    """Number of every patient of a folder -> the classes and markers that each of its slices shows, as ``dealing`` takes them."""
    found = {}
    for patient in map(load_patient, patient_files(folder)):
        markers = [frozenset(np.array(MARKERS)[there].tolist()) for there in patient.slice_markers & patient.judged]
        shown = [classes_shown(labels, (*NAMES, OUTSIDE_NAME)) for labels in patient.labels]
        found[patient.number] = [one | other for one, other in zip(shown, markers, strict=True)]
    return found


def preparation_steps(folder: Path) -> Steps:
    """The steps with which a folder's patients were prepared.

    Raises:
        InputError: the folder is not one of ``make_data``.
    """
    if not (folder / STEPS_FILE).exists():
        raise InputError(f"{folder} holds no training patients; make some with: python -m training hematoma make-data {folder}")
    stated = read_json(folder / STEPS_FILE)
    with reading(folder / STEPS_FILE):
        return Steps(**stated)


def load_patients(folder: Path, location: str | None = None, parts: Sequence[str] = LEARNT_PARTS) -> list[Patient]:
    """Give the patients of a training folder, all in memory, in the order of their numbers.

    Args:
        location: where given, those whose hematoma lies there.
        parts: of ``split.csv``, where the folder has one. Where it deals slices, a patient comes once for each part.

    Raises:
        InputError: the folder holds none.
    """
    split = read_split(folder)
    loaded = (piece for path in patient_files(folder) for piece in pieces(load_patient(path), split, parts))
    patients = [patient for patient in loaded if location in (None, patient.location)]
    if not patients:
        kind = f"patients with a hematoma of the {location}" if location else "training patients"
        raise InputError(f"{folder} holds no {kind}; make some with: python -m training hematoma make-data {folder}")
    return patients


def pieces(patient: Patient, split: Split | None, parts: Sequence[str] = LEARNT_PARTS) -> list[Patient]:
    """A patient by the parts of a split; whole where there is none."""
    if split is None:
        return [patient]
    count = len(patient.labels)
    chosen = chosen_slices(split.parts_of(patient.number, count), parts)
    return [
        replace(patient, part=part)
        if len(numbers) == count
        else replace(
            patient,
            hounsfield=patient.hounsfield[numbers],
            labels=patient.labels[numbers],
            slice_markers=patient.slice_markers[numbers],
            inside=None,
            extents_mm=None,
            part=part,
        )
        for part, numbers in chosen.items()
    ]


def patient_files(folder: Path) -> list[Path]:
    """Files of the patients that a training folder holds by now, in the order of their numbers."""
    return sorted(folder.glob("patient-*.npz"))


def begun_with(folder: Path, steps: Steps) -> Steps:
    """The steps of a training folder, which is begun with these where it is new."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / STEPS_FILE
    if not file.exists():
        write_json(file, asdict(steps))
    return preparation_steps(folder)


def write_patient(folder: Path, number: int, arrays: dict[str, np.ndarray], facts: dict[str, Any]) -> None:
    """Write a patient's file: the arrays of ``Patient`` by name, and the rest as facts."""
    stored = np.array(json.dumps(facts))
    write_whole(patient_file(folder, number), lambda file: np.savez(file, **arrays, facts=stored))


def patient_number(path: Path) -> int:
    """The number of the patient of a file."""
    return int(path.stem.split("-")[1])


def load_patient(path: Path) -> Patient:
    """Read a patient's file.

    Raises:
        InputError: it cannot be read, or its arrays do not fit each other.
    """
    with reading(path):
        with np.load(path) as file:
            arrays = {name: file[name] for name in file.files}
        facts = json.loads(str(arrays.pop("facts")))
        facts["near_misses"] = tuple(facts["near_misses"])
        patient = Patient(patient_number(path), **arrays, **{"judged": True} | facts)
        whole, slices = patient.hounsfield.shape, len(patient.hounsfield)
        shapes = {"labels": whole, "slice_markers": (slices, len(MARKERS)), "markers": (len(MARKERS),), "inside": whole}
        shapes["extents_mm"] = (slices,)
        if len(whole) != 3 or any(np.shape(arrays[name]) != shape for name, shape in shapes.items() if name in arrays):
            raise ValueError("arrays of different sizes")
        if any(arrays[name].dtype.kind not in kinds for name, kinds in _KINDS.items() if name in arrays):
            raise ValueError("arrays of another kind")
    return patient


def patient_file(folder: Path, number: int) -> Path:
    """Where the patient of a number lies in a training folder."""
    return folder / f"patient-{number:05d}.npz"
