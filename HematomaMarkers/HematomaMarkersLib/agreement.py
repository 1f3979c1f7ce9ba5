"""A reader's label map of a head CT with the volume in which readers are compared."""

from __future__ import annotations

from pathlib import Path

from LesionReadingLib.studies.agreement import Compared, Reading

from .labels import HEMATOMA, TASK
from .segments import read_placed_labels


def measured(file: Path) -> Reading:
    """Read a label map and count its hematoma.

    Raises:
        InputError: as ``read_placed_labels``.
    """
    labels, grid = read_placed_labels(file)
    return Reading(labels, float((labels == HEMATOMA).sum(axis=(1, 2)) @ grid.voxel_ml))


COMPARED = Compared(TASK, measured, HEMATOMA, "mL", "slice")
