"""Phantom patients on disk: a DICOM study, its follow-up, and the truth about both."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
from LesionReadingLib.labels.seg_nrrd import write_seg_nrrd

from ..labels import BACKGROUND, OUTSIDE_BRAIN
from ..segments import SEGMENTS
from .dicom import Acquisition, write_series, write_study
from .patient import PhantomHead, draw_follow_up, draw_head
from .wide import draw_wide_head

FOLLOW_UP_HOURS = 6
_FIRST_SCAN = datetime(2024, 3, 1, 8, 30)


def write_patient(
    folder: Path,
    seed: int,
    *,
    growth_ml: float | None = None,
    size: int = 512,
    slice_mm: float | None = None,
    tilt_deg: float | None = None,
    whole_study: bool = False,
    **hematoma,
) -> list[PhantomHead]:
    """Draw a phantom patient and write ``first/`` (DICOM) and ``first_truth.seg.nrrd``; with growth ``follow_up/`` likewise.

    Args:
        growth_ml: by which the hematoma has grown six hours later; None for no second scan.
        size, slice_mm, tilt_deg: as in ``patient.draw_head``. hematoma: its ``wanted``, ``volume_ml`` and ``location``.
        whole_study: also scout, bone kernel, reformat and dose page, as a folder of an archive holds them.

    Returns:
        the heads that were written.
    """
    heads = {"first": draw_head(seed, size, slice_mm, tilt_deg, **hematoma)}
    if growth_ml is not None:
        heads["follow_up"] = draw_follow_up(seed, growth_ml, size, slice_mm, tilt_deg, **hematoma)
    for visit, (name, head) in enumerate(heads.items()):
        (write_study if whole_study else write_series)(folder / name, head.hounsfield, head.grid, acquisition_of(seed, visit))
        write_seg_nrrd(folder / f"{name}_truth.seg.nrrd", head.labels, head.grid, SEGMENTS)
    return list(heads.values())


def write_wide_patient(folder: Path, seed: int) -> list[PhantomHead]:
    """Draw a patient of the wide range and write ``first/`` (DICOM) and ``first_truth.seg.nrrd``, blood in the brain alone."""
    head = draw_wide_head(seed)
    write_series(folder / "first", head.hounsfield, head.grid, acquisition_of(seed, 0))
    labels = np.where(head.labels == OUTSIDE_BRAIN, BACKGROUND, head.labels).astype(np.uint8)
    write_seg_nrrd(folder / "first_truth.seg.nrrd", labels, head.grid, SEGMENTS)
    return [head]


def acquisition_of(seed: int, visit: int) -> Acquisition:
    """What the DICOM files of a phantom patient's first (0) or second (1) scan say of it."""
    return Acquisition(patient_id=f"phantom-{seed}", acquired=_FIRST_SCAN + visit * timedelta(hours=FOLLOW_UP_HOURS))
