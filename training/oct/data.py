"""Patients on disk, one pair of files each, so that frames are drawn once and read at random while training: phantoms, and cases.

Where the folder has a ``split.csv``, it says which frames are for training and which for validation; those for the test are not
given to a training.

``patient-00012.npy`` is uint8 (2, frames, 512, 512): the grey frames and their label maps, letterboxed as for the network.
``patient-00012.json`` says how large its pixels are, and of a phantom how it was drawn. A patient's files appear complete or not at
all, so a training may already read a folder that is still being filled.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
from LesionReadingLib.errors import InputError
from OCTCalciumLib.labels import NAMES, TASK
from OCTCalciumLib.letterbox import NETWORK_SIZE, Letterbox
from OCTCalciumLib.phantom.pullback import draw_pullback
from OCTCalciumLib.reading.pullback import Pullback

from ..drawing import VALIDATION_EVERY, draw_missing
from ..files import read_json, reading
from ..own_data.cases import Added, added, case_number, classes_shown, open_case, require_split
from ..own_data.splits import LEARNT_PARTS, VALIDATION, Split, chosen_slices, read_split
from ..writing import write_json, write_whole

_LARGEST_MM = 100.0


@dataclass(frozen=True)
class Patient:
    """One patient of a training folder.

    Attributes:
        number: the phantom seed, or from 100000 on, of a case.
        pixels: uint8 (2, frames, size, size), grey and labels, mapped from the file.
        spacing_mm: distance between rows, columns (in network pixels) and frames; None between frames where that is not known.
        part: what ``split.csv`` says that the frames are for; None where the folder has none.
    """

    number: int
    pixels: np.ndarray
    spacing_mm: tuple[float, float, float | None]
    part: str | None = None


def make_data(
    folder: Path,
    seeds: Sequence[int],
    *,
    pullback_frames: int,
    frame_mm: float,
    keep_frames: int,
    shifted: bool,
    processes: int,
    wide: bool = False,
) -> Iterator[int]:
    """Draw phantom patients into ``folder``; those already there are left alone. Yields each seed when it is done.

    Args:
        pullback_frames: frames of each whole pullback, ``frame_mm`` mm apart.
        keep_frames: how many of them are drawn, chosen at random where fewer than ``pullback_frames``.
        shifted, wide: the range of phantoms, see ``phantom.draw_pullback``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    draw = partial(_draw_patient, folder, pullback_frames, frame_mm, keep_frames, shifted, wide)
    yield from draw_missing(seeds, lambda seed: [_path(folder, seed)], draw, processes)


def add_case(folder: Path, case_folder: Path) -> Added:
    """Add an exported case to a training folder. Its frames are read as those of a pullback to segment.

    Raises:
        InputError: it is no case of this task, or its frames cannot be read.
    """
    from OCTCalciumLib.reading.read import open_pullback  # drawing and training need no reader of DICOM

    case = open_case(case_folder, TASK, NAMES)
    return add_pullback(folder, open_pullback(case.image_file), case.labels, case.learnt_slices)


def add_pullback(folder: Path, pullback: Pullback, labels: np.ndarray, learnt: Sequence[int]) -> Added:
    """Add a pullback to a training folder.

    Args:
        pullback: with its pixel spacing. labels: uint8 (frames, rows, columns). learnt: numbers of the frames to learn from.

    Raises:
        InputError: its pixel spacing is not known, or its frames show nothing.
    """
    if not pullback.spacing.in_plane_known:
        raise InputError("it does not say how large its pixels are; state it with --pixel-spacing MM, or case by case in a table.")
    frames = np.stack(list(pullback.read(0, pullback.frame_count)))
    if frames.min() == frames.max():
        raise InputError("its frames show nothing, all pixels are of one grey; leave it out.")
    number, spacing = case_number(frames), pullback.spacing
    box = Letterbox(*frames.shape[1:], aspect=pullback.pixel_aspect)
    frame_mm = spacing.frame_mm if len(learnt) == len(frames) else None
    spacing_mm = (spacing.row_mm * box.rows / box.inner_rows, spacing.column_mm * box.columns / box.inner_columns, frame_mm)
    folder.mkdir(parents=True, exist_ok=True)
    _write_patient(folder, number, frames[learnt], labels[learnt], {"spacing_mm": spacing_mm}, box)
    return added(number, frames[learnt], labels[learnt], NAMES)


def slice_classes(folder: Path) -> dict[int, list[frozenset[str]]]:
    """Number of every patient of a folder -> the classes that each of its frames shows, as ``dealing`` takes them."""
    patients = map(_load_patient, sorted(folder.glob("patient-*.npy")))
    return {patient.number: [classes_shown(labels, NAMES) for labels in patient.pixels[1]] for patient in patients}


def load_patients(folder: Path, parts: Sequence[str] = LEARNT_PARTS) -> list[Patient]:
    """Give the patients of a training folder in the order of their numbers.

    Args:
        parts: of ``split.csv``, where the folder has one. Where it deals frames, a patient comes once for each part.

    Raises:
        InputError: the folder holds none, or none for these parts.
    """
    paths = sorted(folder.glob("patient-*.npy"))
    if not paths:
        raise InputError(f"{folder} holds no training patients; make some with: python -m training oct make-data {folder}")
    split = read_split(folder)
    if split is None:
        return [_load_patient(path) for path in paths]
    found = [piece for path in paths for piece in _pieces(path, split, tuple(parts))]
    if not found:
        raise InputError(f"The split of {folder} has nobody for {' or '.join(parts)}; split it again: python -m training oct split")
    return found


def is_validation(patient: Patient) -> bool:
    """Whether the patient is kept out of the learning: by the split; of phantoms, which need none, every tenth.

    Raises:
        InputError: a case without a split.
    """
    if patient.part is None:
        require_split([patient.number], "oct")
        return patient.number % VALIDATION_EVERY == 0
    return patient.part == VALIDATION


def _draw_patient(
    folder: Path, pullback_frames: int, frame_mm: float, keep_frames: int, shifted: bool, wide: bool, seed: int
) -> int:
    kept = np.random.default_rng([seed, 1]).permutation(pullback_frames)[:keep_frames]
    indices = sorted(kept.tolist())
    pullback = draw_pullback(seed, pullback_frames, NETWORK_SIZE, frame_mm, shifted, indices, wide)
    spacing = pullback.spacing
    facts = {"shifted": shifted, "wide": wide, "spacing_mm": (spacing.row_mm, spacing.column_mm, spacing.frame_mm)}
    _write_patient(folder, seed, pullback.frames, pullback.labels, facts, Letterbox(*pullback.frames.shape[1:]))
    return seed


def _write_patient(
    folder: Path, number: int, frames: np.ndarray, labels: np.ndarray, facts: dict[str, Any], box: Letterbox
) -> None:
    pixels = np.stack([[box.square(frame) for frame in frames], [box.square_labels(frame) for frame in labels]])
    path = _path(folder, number)
    write_json(path.with_suffix(".json"), facts)
    write_whole(path, lambda file: np.save(file, pixels))


def _load_patient(path: Path) -> Patient:
    facts = read_json(path.with_suffix(".json"))
    with reading(path.with_suffix(".json")):
        row_mm, column_mm, frame_mm = facts["spacing_mm"]
        if not all(0 < mm <= _LARGEST_MM for mm in (row_mm, column_mm, 1.0 if frame_mm is None else frame_mm)):
            raise ValueError("no spacing")
    with reading(path):
        pixels = np.load(path, mmap_mode="r")
        if pixels.dtype != np.uint8 or pixels.ndim != 4 or len(pixels) != 2 or not pixels.size:
            raise ValueError("no frames with their labels")
        return Patient(int(path.stem.split("-")[1]), pixels, (row_mm, column_mm, frame_mm))


def _pieces(path: Path, split: Split, parts: tuple[str, ...]) -> Iterator[Patient]:
    """A patient by the parts of a split, its frames still mapped where all of them are for one."""
    patient = _load_patient(path)
    frames = patient.pixels.shape[1]
    for part, numbers in chosen_slices(split.parts_of(patient.number, frames), parts).items():
        if len(numbers) == frames:
            yield replace(patient, part=part)
        else:
            row_mm, column_mm, _frame_mm = patient.spacing_mm
            yield replace(patient, pixels=_frames(path, tuple(numbers)), spacing_mm=(row_mm, column_mm, None), part=part)


@cache  # trainings load a folder again and again, as it may be filling
def _frames(path: Path, numbers: tuple[int, ...]) -> np.ndarray:
    return np.load(path, mmap_mode="r")[:, list(numbers)]


def _path(folder: Path, number: int) -> Path:
    return folder / f"patient-{number:05d}.npy"
