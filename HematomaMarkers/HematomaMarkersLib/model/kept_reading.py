"""What a network found in a scan, read back from its result folder, so that it stands beside a contour that people corrected."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from LesionReadingLib.errors import InputError
from LesionReadingLib.labels.unsure import UNSURE_SEG
from LesionReadingLib.language import N_, _
from LesionReadingLib.output import mended
from LesionReadingLib.reading.volume_files import image_reader
from LesionReadingLib.strict_json import read_json

from ..labels import MARKERS
from ..measurement.markers.network_result import NetworkResult
from ..measurement.markers.sureness import sureness_from_json
from ..measurement.outside_blood import outside_from_json

MEASUREMENTS = "measurements.json"
CONTOUR, PRIOR_CONTOUR = "segmentation.seg.nrrd", "prior_segmentation.seg.nrrd"
SCHEMA = "hematoma-markers/1"
_MOST_BYTES = 50_000_000
_LARGEST_ML = 5000.0  # of a head
CORRECTED = N_("Drawn by this model and corrected since; probabilities and heat maps are those of its own contour")


def read_kept_reading(folder: Path, shape: tuple[int, int, int], *, is_own: bool, corrected: int | None = None) -> NetworkResult:
    """Read what the network found in a scan from the folder that ``analyze`` wrote.

    Args:
        shape: of the scan (slices, rows, columns). is_own: whether the contour to be measured is still the network's own.
        corrected: on how many slices a reader has corrected it; None where that is not known.

    Raises:
        InputError: the folder holds no result of a reading, one of another scan, or one that was changed.
    """
    found = read_measurements(folder)
    if found is None or not found.get("model") or not found.get("thresholds"):
        raise InputError(
            _("{folder} is not the result folder of a reading by a network; name another with --reading.").format(folder=folder)
        )
    try:
        slices, model = found["slices"], dict(found["model"])
        if len(slices) != shape[0]:
            raise InputError(
                _("The reading in {folder} has {count} slices but the scan {shape}; name the reading of this scan.").format(
                    folder=folder, count=len(slices), shape=shape[0]
                )
            )
        probabilities = [[_share(row["markers"][marker]["probability"]) for marker in MARKERS] for row in slices]
        sureness = sureness_from_json(found, shape[0], is_own=is_own)
        return NetworkResult(
            probabilities={marker: _share(found["markers"][marker]["probability"]) for marker in MARKERS},
            thresholds={marker: float(_share(found["thresholds"][marker])) for marker in MARKERS},
            marker_slices={marker: _slice(found["marker_slices"][marker], shape[0]) for marker in MARKERS},
            slice_probabilities=np.array(probabilities, float),
            heat=partial(_read_heat, folder, shape),
            model=model if is_own else {**model, "contours": _corrected(corrected, shape[0])},
            outside=outside_from_json(found.get("outside_blood")),
            sureness=sureness,
            unsure=partial(_read_unsure, folder, shape) if sureness else None,
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(
            _(
                "The {measurements} in {folder} was changed or is damaged; name the folder of another reading with --reading."
            ).format(measurements=MEASUREMENTS, folder=folder)
        ) from error


def _read_heat(folder: Path, shape: tuple[int, int, int], marker: str) -> np.ndarray:
    return _read_voxels(folder / f"heat_{marker}.nrrd", shape)


def _read_unsure(folder: Path, shape: tuple[int, int, int]) -> np.ndarray:
    return _read_voxels(folder / UNSURE_SEG, shape) > 0


def _read_voxels(file: Path, shape: tuple[int, int, int]) -> np.ndarray:
    import SimpleITK as sitk

    try:
        voxels = sitk.GetArrayFromImage(image_reader(file).Execute())
    except (RuntimeError, InputError) as error:
        raise InputError(
            _("{file} cannot be read; name the whole result folder of the reading with --reading.").format(file=file)
        ) from error
    if voxels.shape != shape:
        raise InputError(
            _("{file} does not lie on the voxels of the scan; name the reading of this scan with --reading.").format(file=file)
        )
    return voxels


def _corrected(slices: int | None, count: int) -> str:
    if slices is None:
        return _(CORRECTED)
    sentence = _(
        "Drawn by this model; contours corrected by a reader on {slices} of {count} slices; probabilities and heat maps are those "
        "of its own contour"
    )
    return sentence.format(slices=slices, count=count)


def read_volumes(folder: Path) -> tuple[float, float]:
    """(hematoma, intraventricular blood) in mL of an earlier result.

    Raises:
        InputError: the folder holds no result, or none with volumes that a head can have.
    """
    found = read_measurements(folder)
    try:
        if found is not None:
            hematoma_ml, ventricles_ml = (_number(found[name]) for name in ("volume_ml", "ivh_ml"))
            if 0 <= hematoma_ml <= _LARGEST_ML and 0 <= ventricles_ml <= _LARGEST_ML:
                return hematoma_ml, ventricles_ml
    except (ValueError, KeyError, TypeError):
        pass
    raise InputError(
        _("{folder} is not the folder of an earlier result: it has no readable {measurements} of a head CT; name another.").format(
            folder=folder, measurements=MEASUREMENTS
        )
    )


def read_measurements(folder: Path) -> dict[str, Any] | None:
    """The content of a result folder's measurements.json; None where there is none that can be read."""
    mended(folder)
    try:
        found = read_json(folder / MEASUREMENTS, _MOST_BYTES)
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) and found.get("schema") == SCHEMA else None


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError("no number")
    return float(value)


def _share(value: Any) -> float | None:
    """A probability from 0 to 1, or None."""
    if value is not None and not 0 <= _number(value) <= 1:
        raise ValueError("no probability")
    return value


def _slice(value: Any, count: int) -> int | None:
    """The number of a slice, or None."""
    if value is not None and not (isinstance(value, int) and not isinstance(value, bool) and 0 <= value < count):
        raise ValueError("no slice")
    return value
