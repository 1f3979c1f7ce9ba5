"""Cases that a clinic's readers corrected, as ``adapt`` learns from them and is judged on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from LesionReadingLib.errors import InputError
from OCTCalciumLib.labels import CALCIUM, LUMEN, NAMES, TASK
from OCTCalciumLib.letterbox import Letterbox
from OCTCalciumLib.model.two_step import TwoStep, frames_for_size, usual_pixel_mm
from OCTCalciumLib.reading.pullback import Pullback
from OCTCalciumLib.reading.read import open_pullback
from OCTCalciumLib.wall.polar_view import without_calcium
from torch import device

from ...own_data.cases import case_number, open_case
from ..data import Patient
from ..second_step.views import REAL, Views, phantom_views


@dataclass(frozen=True, eq=False)
class Corrected:
    """One case.

    Attributes:
        patient: number of its patient, from 1 in the order in which the cases were given.
        pullback: all of its frames, as a user would open them.
        labels: uint8 (frames, rows, columns), the reader's. frames: numbers of those to learn from and to judge, from 0.
    """

    patient: int
    pullback: Pullback
    labels: np.ndarray
    frames: tuple[int, ...]

    @property
    def has_calcium(self) -> bool:
        """Whether any of its frames to learn from holds calcium."""
        return bool((self.labels[list(self.frames)] == CALCIUM).any())


def read_corrected(patients: Sequence[Sequence[Path]]) -> list[Corrected]:
    """Read the cases of each patient.

    Raises:
        InputError: no case, one that cannot be used, the same frames twice, or calcium in none of them.
    """
    seen: dict[int, Path] = {}
    cases = []
    for patient, folders in enumerate(patients, start=1):
        for folder in folders:
            case = open_case(folder, TASK, NAMES)
            pullback = open_pullback(case.image_file)
            number = case_number(np.stack(list(pullback.read(0, pullback.frame_count))))
            if number in seen:
                raise InputError(f"The cases {seen[number]} and {folder} show the same frames; leave one of them out.")
            seen[number] = folder
            cases.append(Corrected(patient, pullback, case.labels, tuple(case.learnt_slices)))
    if not cases:
        raise InputError("There is no case to adapt to; name folders that Export for training wrote.")
    if not any(case.has_calcium for case in cases):
        raise InputError("No frame to learn from holds calcium, so there is nothing to adapt to; add cases with calcium.")
    return cases


def patients_with_calcium(cases: Sequence[Corrected]) -> dict[int, bool]:
    """Number of each patient -> whether any frame to learn from holds calcium."""
    return {case.patient: any(each.has_calcium for each in cases if each.patient == case.patient) for case in cases}


def corrected_views(case: Corrected, found: np.ndarray, network: TwoStep, copies: int, random: np.random.Generator) -> Views:
    """Views of the frames of a case with the reader's labels, about the reader's lumen.

    Args:
        found: uint8 (frames, rows, columns), the model's labels: their lumen and guidewire count where the reader left no lumen.
        network: finds how large a pixel is where the case does not say. copies: views of each frame, each a little uncertain.
    """
    pullback, chosen = case.pullback, list(case.frames)
    box = Letterbox(pullback.rows, pullback.columns, aspect=pullback.pixel_aspect)
    labels = [_with_lumen(case.labels[frame], found[frame]) for frame in chosen]
    pixels = np.stack([[_square(case, box, frame) for frame in chosen], [box.square_labels(each) for each in labels]])
    pixel_mm = _pixel_mm(case, box, network)
    return phantom_views([Patient(case.patient, pixels, (pixel_mm, pixel_mm, 1.0))] if pixel_mm else [], random, copies, REAL)


def _with_lumen(truth: np.ndarray, found: np.ndarray) -> np.ndarray:
    return truth if (truth == LUMEN).any() else np.where(truth == CALCIUM, truth, without_calcium(found))


def _square(case: Corrected, box: Letterbox, frame: int) -> np.ndarray:
    return box.square(next(iter(case.pullback.read(frame, frame + 1))))


def _pixel_mm(case: Corrected, box: Letterbox, network: TwoStep) -> float | None:
    """Side of a pixel of the squares (mm), as ``segment`` would take it."""
    row_mm = case.pullback.spacing.row_mm
    if row_mm is not None:
        return row_mm * box.rows / box.inner_rows
    some = [_square(case, box, frame) for frame in frames_for_size(case.pullback.frame_count)]
    return usual_pixel_mm(network, some, device("cpu"))
