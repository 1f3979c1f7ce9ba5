"""A head CT in memory, the same whether it came as DICOM or as an image file."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import numpy as np
from LesionReadingLib.geometry.grid import Grid
from LesionReadingLib.reading.dicom.source_frame import SourceFrame

from ..windows import BONE_HU

AIR_HU = -1024
"""What padding and everything outside the scanner's circle is set to."""

PIXEL_LIMITS_MM = (0.1, 5.0)
SLICE_LIMITS_MM = (0.1, 20.0)
"""What a head CT has: sides of pixels, distances of slices."""

_DOWN = {"S": (0.0, 1.0, 0.0), "P": (0.0, -1.0, 0.0), "DR": (-1.0, 0.0, 0.0), "DL": (1.0, 0.0, 0.0)}
PATIENT_POSITIONS = tuple(way + side for way in ("HF", "FF") for side in _DOWN)
"""Head or feet first; supine, prone, on the right or the left side (DICOM PS3.3 C.7.3.1.1.2)."""


@dataclass(frozen=True, eq=False)
class Scan:
    """A non-contrast head CT on its original voxels.

    Attributes:
        hounsfield: int16 (slices, rows, columns) in HU; padding is ``AIR_HU``.
        grid: where the voxels lie (LPS, mm), each slice with its own extent, and where spacing and positions came from.
        gravity: (3,) unit vector in LPS that points down while the patient was scanned, (0, 1, 0) for supine; None where not known.
        notes: sentences for the report: missing or repeated slices, tilt, uneven distances, what was left out.
        details: acquisition facts for the report, never who the patient is.
        patient_key: a digest of the patient's identity (``scan_facts``), for ``prior.same_patient``; None where not known.
        acquired: when the scan was made; None where not known.
        warnings: reasons to doubt that this is a non-contrast head CT; empty where there is none.
        is_brain_alone: whether the brain was cut out of its skull (skull-stripped); what surrounds it is ``AIR_HU``.
        sides_known: False where the head lies turned to what the file says of it, so that left and front are not where it says.
        frames: the DICOM picture that every slice is; empty for image files.
    """

    hounsfield: np.ndarray
    grid: Grid
    gravity: np.ndarray | None = None
    notes: tuple[str, ...] = ()
    details: dict[str, str] = field(default_factory=dict)
    patient_key: str | None = None
    acquired: datetime | None = None
    warnings: tuple[str, ...] = ()
    frames: tuple[SourceFrame, ...] = field(default=(), repr=False)
    is_brain_alone: bool = False
    sides_known: bool = True

    @property
    def is_cut_to_window(self) -> bool:
        """Whether nothing is as dense as bone: pictures hold a window of the densities, where bone and dense blood look alike."""
        return not self.is_brain_alone and bool(self.hounsfield.max() < BONE_HU)

    @property
    def files(self) -> tuple[Path, ...]:
        """The DICOM files in the order of the slices, once each; empty for image files."""
        return tuple(dict.fromkeys(frame.path for frame in self.frames))


def gravity_of(patient_position: str) -> np.ndarray | None:
    """(3,) LPS unit vector that points down, by one of ``PATIENT_POSITIONS``; None for any other text."""
    position = patient_position.strip().upper()
    return np.array(_DOWN[position[2:]]) if position in PATIENT_POSITIONS else None
