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
from HematomaMarkersLib.labels import HEMATOMA, MARKERS, NAMES, TASK
from HematomaMarkersLib.model.preparation.prepare import prepare
from HematomaMarkersLib.model.preparation.steps import ALL_STEPS, Steps
from HematomaMarkersLib.phantom.patient import PhantomHead, draw_head
from HematomaMarkersLib.phantom.wide import SIZE, draw_wide_head
from HematomaMarkersLib.reading.images import read_volume
from HematomaMarkersLib.reading.scan import Scan
from LesionReadingLib.errors import InputError

from ..cases import case_number, open_case
from ..drawing import HELD_OUT_SEEDS, draw_missing, write_whole

STEPS_FILE = "preparation.json"
RANGES = ("ordinary", "wide", "mixed")
"""Ranges of phantoms: of a mixed folder two of five patients are ordinary ones, three are of the wide range."""
ORDINARY_OF_FIVE = (1, 3)


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


def make_data(
    folder: Path, seeds: Sequence[int], steps: Steps, processes: int, phantoms: str = "ordinary", most_slices: int | None = None
) -> Iterator[int]:
    """Draw phantom patients into ``folder``; those already there are left alone. Yields each seed when it is done.

    Args:
        steps: of the preparation; one folder holds patients prepared in one way.
        phantoms: which range they are of, one of ``RANGES``.
        most_slices: kept of each patient to learn from, half of them with blood where there is as much; None for all.

    Raises:
        InputError: the folder holds patients that were prepared in another way.
    """
    found = _begun_with(folder, steps)
    if found != steps:
        raise InputError(f"{folder} holds patients prepared in another way ({json.dumps(asdict(found))}); choose another folder.")
    yield from draw_missing(seeds, partial(_path, folder), partial(_draw_patient, folder, steps, phantoms, most_slices), processes)


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
    patients = [patient for patient in map(load_patient, patient_files(folder)) if location in (None, patient.location)]
    if not patients:
        kind = f"patients with a hematoma of the {location}" if location else "training patients"
        raise InputError(f"{folder} holds no {kind}; make some with: python -m training hematoma make-data {folder}")
    return patients


def patient_files(folder: Path) -> list[Path]:
    """Files of the patients that a training folder holds by now, in the order of their numbers."""
    return sorted(folder.glob("patient-*.npz"))


def phantom_scan(head: PhantomHead) -> Scan:
    """A phantom as the scan that reading would give."""
    return Scan(head.hounsfield, head.grid, gravity=head.gravity)


def draw_of_range(seed: int, phantoms: str) -> PhantomHead:
    """Draw patient ``seed`` of a range: ordinary, wide, or of the mixed one's two parts."""
    wide = phantoms == "wide" or (phantoms == "mixed" and seed % 5 not in ORDINARY_OF_FIVE)
    return draw_wide_head(seed) if wide else draw_head(seed, SIZE if phantoms == "mixed" else 512)


def _draw_patient(folder: Path, steps: Steps, phantoms: str, most_slices: int | None, seed: int) -> int:
    head = draw_of_range(seed, phantoms)
    prepared = prepare(phantom_scan(head), steps)
    labels = prepared.labels_from_scan(head.labels)
    is_whole = most_slices is None or seed in HELD_OUT_SEEDS
    kept = slice(None) if is_whole else kept_slices(labels, most_slices, seed)
    arrays = {
        "hounsfield": prepared.hounsfield[kept],
        "labels": labels[kept],
        "slice_markers": head.slice_markers[prepared.slice_order][kept],
        "markers": np.array([head.markers[name] for name in MARKERS]),
    }
    if is_whole:
        arrays |= {"inside": prepared.inside, "extents_mm": prepared.extents_mm}
    # Contusions are hematoma too, and nobody judged their signs.
    facts = {"near_misses": head.near_misses, "location": head.location, "judged": "contusions" not in head.others}
    _write_patient(folder, seed, arrays, facts)
    return seed


def kept_slices(labels: np.ndarray, most: int, seed: int) -> np.ndarray:
    """Numbers of ``most`` slices, ascending: with blood and without, as nearly half and half as there are."""
    rng = np.random.default_rng([seed, 83])
    bleeds = labels.any(axis=(1, 2))
    with_blood, without = (rng.permutation(np.flatnonzero(which)) for which in (bleeds, ~bleeds))
    of_blood = min(len(with_blood), max(most // 2, most - len(without)))
    return np.sort(np.concatenate([with_blood[:of_blood], without[: most - of_blood]]))


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


def patient_number(path: Path) -> int:
    """The number of the patient of a file."""
    return int(path.stem.split("-")[1])


def load_patient(path: Path) -> Patient:
    """Read a patient's file."""
    with np.load(path) as file:
        arrays = {name: file[name] for name in file.files}
    facts = json.loads(str(arrays.pop("facts")))
    facts["near_misses"] = tuple(facts["near_misses"])
    return Patient(patient_number(path), **arrays, **{"judged": True} | facts)


def _path(folder: Path, number: int) -> Path:
    return folder / f"patient-{number:05d}.npz"
