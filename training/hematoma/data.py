"""Patients on disk, one file each, as the network sees them: prepared slices with their truth. Phantoms, and exported cases.

``patient-01012.npz`` holds HU and labels on the network's grid, the markers of each slice and of the patient. A patient's file
appears complete or not at all, so a training may already read a folder that is still being filled.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from HematomaMarkersLib.labels import HEMATOMA, MARKERS, NAMES, OUTSIDE_NAME, TASK
from HematomaMarkersLib.model.preparation.prepare import prepare
from HematomaMarkersLib.model.preparation.steps import ALL_STEPS, Steps
from HematomaMarkersLib.phantom.patient import PhantomHead, draw_head
from HematomaMarkersLib.phantom.wide import SIZE, draw_wide_head
from HematomaMarkersLib.reading.images import read_volume
from HematomaMarkersLib.reading.scan import Scan
from LesionReadingLib.errors import InputError

from ..drawing import HELD_OUT_SEEDS, draw_missing, write_whole
from ..files import read_json, reading
from ..own_data.cases import Added, added, case_number, classes_shown, open_case
from ..own_data.splits import LEARNT_PARTS, Split, chosen_slices, read_split
from .evaluation.originals import Original, write_original

STEPS_FILE = "preparation.json"
RANGES = ("ordinary", "wide", "mixed")
"""Ranges of phantoms: of a mixed folder two of five patients are ordinary ones, three are of the wide range."""
ORDINARY_OF_FIVE = (1, 3)
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
    found = begun_with(folder, steps)
    if found != steps:
        raise InputError(f"{folder} holds patients prepared in another way ({json.dumps(asdict(found))}); choose another folder.")
    yield from draw_missing(seeds, partial(_path, folder), partial(_draw_patient, folder, steps, phantoms, most_slices), processes)


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
    _write_patient(folder, number, arrays, {"near_misses": (), "location": location, "judged": judged})
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


def begun_with(folder: Path, steps: Steps) -> Steps:
    """The steps of a training folder, which is begun with these where it is new."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / STEPS_FILE
    if not file.exists():
        file.write_text(json.dumps(asdict(steps)))
    return preparation_steps(folder)


def _write_patient(folder: Path, number: int, arrays: dict[str, np.ndarray], facts: dict[str, Any]) -> None:
    stored = np.array(json.dumps(facts))
    write_whole(_path(folder, number), lambda file: np.savez(file, **arrays, facts=stored))


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


def _path(folder: Path, number: int) -> Path:
    return folder / f"patient-{number:05d}.npz"
