"""A reader's label map of a pullback with the numbers in which readers are compared."""

from __future__ import annotations

from pathlib import Path

from LesionReadingLib.studies.agreement import Compared, Reading

from .labels import CALCIUM, TASK
from .measurement.pullback import measure_pullback
from .segments import read_oct_label_map


def measured(file: Path) -> Reading:
    """Read and measure a label map.

    Raises:
        InputError: as ``read_oct_label_map``.
    """
    label_map = read_oct_label_map(file)
    measurement = measure_pullback(label_map.labels, label_map.spacing)
    return Reading(label_map.labels, measurement.volume_mm3, [frame.arc_bridged_deg for frame in measurement.frames])


COMPARED = Compared(TASK, measured, CALCIUM, "mm3", "frame")
