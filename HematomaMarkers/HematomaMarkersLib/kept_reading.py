"""What a network said of a scan, read back from its result folder, so that it stands beside a contour that people corrected."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from LesionReadingLib.errors import InputError
from LesionReadingLib.output import mended
from LesionReadingLib.reading.volume_files import image_reader

from .labels import MARKERS

MEASUREMENTS = "measurements.json"
CONTOUR, PRIOR_CONTOUR = "segmentation.seg.nrrd", "prior_segmentation.seg.nrrd"
SCHEMA = "hematoma-markers/1"
CORRECTED = "Drawn by this model and corrected since; probabilities and heat maps are those of its own contour"


@dataclass(frozen=True, eq=False)
class KeptReading:
    """What a ``prediction.Prediction`` said, without its label map. Slices are numbered as in the scan.

    Attributes:
        slice_probabilities: float (slices, 4), calibrated; nan where the network saw no hematoma.
        probabilities, thresholds, marker_slices: of every marker, as in ``Prediction``.
        model: what the bundle said of itself; with "contours" where they were corrected since.
    """

    slice_probabilities: np.ndarray
    probabilities: Mapping[str, float | None]
    thresholds: Mapping[str, float]
    marker_slices: Mapping[str, int | None]
    model: Mapping[str, Any]
    _folder: Path
    _shape: tuple[int, int, int]

    def heat(self, marker: str) -> np.ndarray:
        """Give what speaks for a marker (Grad-CAM), float32 (slices, rows, columns) in [0, 1] on the scan's voxels.

        Raises:
            InputError: its file is not there, cannot be read, or lies on other voxels.
        """
        import SimpleITK as sitk

        file = self._folder / f"heat_{marker}.nrrd"
        try:
            heat = sitk.GetArrayFromImage(image_reader(file).Execute())
        except (RuntimeError, InputError) as error:
            raise InputError(f"{file} cannot be read; name the whole result folder of the reading with --reading.") from error
        if heat.shape != self._shape:
            raise InputError(f"{file} does not lie on the voxels of the scan; name the reading of this scan with --reading.")
        return heat


def read_kept_reading(folder: Path, shape: tuple[int, int, int], is_own: bool) -> KeptReading:
    """Read what the network said of a scan from the folder that ``analyze`` wrote.

    Args:
        shape: of the scan (slices, rows, columns). is_own: whether the contour to be measured is still the network's own.

    Raises:
        InputError: the folder holds no result of a reading, or one of another scan.
    """
    found = read_measurements(folder)
    if found is None or not found.get("model") or not found.get("thresholds"):
        raise InputError(f"{folder} is not the result folder of a reading by a network; name another with --reading.")
    if len(found["slices"]) != shape[0]:
        raise InputError(
            f"The reading in {folder} has {len(found['slices'])} slices but the scan {shape[0]}; name the reading of this scan."
        )
    rows = [[row["markers"][marker]["probability"] for marker in MARKERS] for row in found["slices"]]
    return KeptReading(
        np.array(rows, float),
        {marker: found["markers"][marker]["probability"] for marker in MARKERS},
        found["thresholds"],
        found["marker_slices"],
        found["model"] if is_own else {**found["model"], "contours": CORRECTED},
        folder,
        shape,
    )


def read_measurements(folder: Path) -> dict[str, Any] | None:
    """The content of a result folder's measurements.json; None where there is none that can be read."""
    mended(folder)
    try:
        found = json.loads((folder / MEASUREMENTS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) and found.get("schema") == SCHEMA else None
