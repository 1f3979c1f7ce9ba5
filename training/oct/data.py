"""Patients on disk, one pair of files each, so that frames are drawn once and read at random while training: phantoms, and cases.

``patient-00012.npy`` is uint8 (2, frames, 512, 512): the grey frames and their label maps, letterboxed as for the network.
``patient-00012.json`` says how large its pixels are, and of a phantom how it was drawn. A patient's files appear complete or not at
all, so a training may already read a folder that is still being filled.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from LesionReadingLib.errors import InputError
from OCTCalciumLib.labels import NAMES, TASK
from OCTCalciumLib.model.preparation import NETWORK_SIZE, Letterbox
from OCTCalciumLib.phantom.pullback import draw_pullback

from ..cases import case_number, open_case
from ..drawing import WATCHED_EVERY, draw_missing, write_whole


@dataclass(frozen=True)
class Patient:
    """One patient of a training folder.

    Attributes:
        number: the phantom seed, or from 100000 on, of a case.
        pixels: uint8 (2, frames, size, size), grey and labels, mapped from the file.
        spacing_mm: distance between rows, columns (in network pixels) and frames.
    """

    number: int
    pixels: np.ndarray
    spacing_mm: tuple[float, float, float]


def make_data(
    folder: Path,
    seeds: Sequence[int],
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
    yield from draw_missing(seeds, partial(_path, folder), draw, processes)


def add_case(folder: Path, case_folder: Path) -> int:
    """Add an exported case to a training folder; give its number. Its frames are read as those of a pullback to segment.

    Raises:
        InputError: it is no case of this task, or its frames cannot be read.
    """
    from OCTCalciumLib.reading.read import open_pullback  # drawing and training need no reader of DICOM

    case = open_case(case_folder, TASK, NAMES)
    pullback = open_pullback(case.image_file)
    frames = np.stack(list(pullback.read(0, pullback.frame_count)))
    number, learnt = case_number(frames), case.learnt_slices
    box = Letterbox(*frames.shape[1:])
    row_mm, column_mm, frame_mm = case.grid.row_mm, case.grid.column_mm, case.grid.spacing.frame_mm
    spacing_mm = (row_mm * box.rows / box.inner_rows, column_mm * box.columns / box.inner_columns, frame_mm)
    folder.mkdir(parents=True, exist_ok=True)
    _write_patient(folder, number, frames[learnt], case.labels[learnt], {"spacing_mm": spacing_mm})
    return number


def load_patients(folder: Path) -> list[Patient]:
    """Give the patients of a training folder in the order of their numbers.

    Raises:
        InputError: the folder holds none.
    """
    paths = sorted(folder.glob("patient-*.npy"))
    if not paths:
        raise InputError(f"{folder} holds no training patients; make some with: python -m training oct make-data {folder}")
    return [_load_patient(path) for path in paths]


def is_watched(patient: Patient) -> bool:
    """Whether the patient is kept out of the learning."""
    return patient.number % WATCHED_EVERY == 0


def random_batch(patients: Sequence[Patient], count: int, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Give ``count`` frames and label maps, uint8 (count, size, size), each of a random patient."""
    chosen = [patients[index] for index in random.integers(len(patients), size=count)]
    pairs = [patient.pixels[:, random.integers(patient.pixels.shape[1])] for patient in chosen]
    squares, labels = zip(*pairs, strict=True)
    return np.stack(squares), np.stack(labels)


def _draw_patient(
    folder: Path, pullback_frames: int, frame_mm: float, keep_frames: int, shifted: bool, wide: bool, seed: int
) -> int:
    kept = np.random.default_rng([seed, 1]).permutation(pullback_frames)[:keep_frames]
    indices = sorted(kept.tolist())
    pullback = draw_pullback(seed, pullback_frames, NETWORK_SIZE, frame_mm, shifted, indices, wide)
    spacing = pullback.spacing
    facts = {"shifted": shifted, "wide": wide, "spacing_mm": (spacing.row_mm, spacing.column_mm, spacing.frame_mm)}
    _write_patient(folder, seed, pullback.frames, pullback.labels, facts)
    return seed


def _write_patient(folder: Path, number: int, frames: np.ndarray, labels: np.ndarray, facts: dict[str, Any]) -> None:
    box = Letterbox(*frames.shape[1:])
    pixels = np.stack([[box.square(frame) for frame in frames], [box.square_labels(frame) for frame in labels]])
    path = _path(folder, number)
    path.with_suffix(".json").write_text(json.dumps(facts))
    write_whole(path, lambda file: np.save(file, pixels))


def _load_patient(path: Path) -> Patient:
    facts = json.loads(path.with_suffix(".json").read_text())
    return Patient(int(path.stem.split("-")[1]), np.load(path, mmap_mode="r"), tuple(facts["spacing_mm"]))


def _path(folder: Path, number: int) -> Path:
    return folder / f"patient-{number:05d}.npy"
