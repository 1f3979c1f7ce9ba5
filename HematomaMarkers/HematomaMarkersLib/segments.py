"""The segments of a head CT's label map, as Slicer and DICOM name them, and label maps in and out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from LesionReadingLib.errors import InputError
from LesionReadingLib.geometry.grid import Grid
from LesionReadingLib.labels import write
from LesionReadingLib.labels.label_map import LabelMap, Segment
from LesionReadingLib.labels.on_grid import label_grid, on_grid
from LesionReadingLib.labels.read import read_label_map
from LesionReadingLib.labels.unsure import unsure_segments
from LesionReadingLib.language import _

from .labels import HEMATOMA, INTRAVENTRICULAR, NAMES
from .reading.scan import PIXEL_LIMITS_MM, SLICE_LIMITS_MM, Scan

# Types: DICOM CID 7159 (lesion segmentation types). Categories: CID 7150. Regions: CID 4 and SNOMED CT.
_ABNORMAL = ("SCT", "49755003", "Morphologically Abnormal Structure")
_BRAIN = ("SCT", "12738006", "Brain")
_HEMORRHAGE = ("SCT", "50960005", "Hemorrhage")

SEGMENTS = (
    Segment(
        HEMATOMA,
        NAMES[HEMATOMA],
        (0.90, 0.12, 0.10),
        _ABNORMAL,
        _HEMORRHAGE,
        _BRAIN,
    ),
    Segment(
        INTRAVENTRICULAR,
        NAMES[INTRAVENTRICULAR],
        (0.20, 0.55, 0.95),
        _ABNORMAL,
        _HEMORRHAGE,
        ("SCT", "35764002", "Brain ventricle"),
    ),
)

UNSURE = unsure_segments(_BRAIN)


def place_label_map(path: Path, scan: Scan, chosen: Mapping[str, str] | None = None) -> LabelMap:
    """Read a label map from anywhere onto the voxels of a scan, by geometry.

    Args:
        path: .seg.nrrd, NRRD, NIfTI, MetaImage, or DICOM SEG (or a folder with one).
        chosen: name of a segment -> name of the class, from the user.

    Raises:
        InputError: as ``labels.read.read_label_map``, no place in the patient, or another place than the scan's.
    """
    return placed_labels(read_label_map(path, SEGMENTS, chosen=chosen), path.name, scan)


def placed_labels(label_map: LabelMap, name: str, scan: Scan) -> LabelMap:
    """A label map of this module's values on the voxels of a scan, by geometry.

    Args:
        name: of its file, for messages.

    Raises:
        InputError: no place in the patient, or another place than the scan's.
    """
    _check_size(label_map, name)
    return on_grid(label_map, scan.grid, name, SEGMENTS)


def read_hematoma_label_map(path: Path, scan: Scan) -> np.ndarray:
    """The labels alone of ``place_label_map``: (slices, rows, columns) uint8."""
    return place_label_map(path, scan).labels


def read_placed_labels(path: Path) -> tuple[np.ndarray, Grid]:
    """Read a label map of which no scan is at hand: (slices, rows, columns) uint8 and where its voxels lie.

    Raises:
        InputError: as ``labels.read.read_label_map``, or no place in the patient.
    """
    label_map = read_label_map(path, SEGMENTS)
    _check_size(label_map, path.name)
    return label_map.labels, label_grid(label_map, path.name)


def _check_size(label_map: LabelMap, name: str) -> None:
    """Refuse voxels that no scan of a head has: they are in another unit."""
    spacing = label_map.spacing
    for what, value, (low, high) in (
        ("pixels", spacing.row_mm, PIXEL_LIMITS_MM),
        ("pixels", spacing.column_mm, PIXEL_LIMITS_MM),
        ("slices", label_map.grid.thickness_mm or spacing.frame_mm, SLICE_LIMITS_MM),
    ):
        if value is not None and not low <= value <= high:
            raise InputError(
                _(
                    "{name} states {what} of {value:.6g} mm, which cannot be right for a head CT ({low:g} to "
                    "{high:g} mm); save it with its spacing in mm."
                ).format(name=name, what=what, value=value, low=low, high=high)
            )


def write_label_map(folder: Path, scan: Scan, labels: np.ndarray, identity: bool = False) -> tuple[list[Path], tuple[str, ...]]:
    """Write a label map on the original voxels of a scan: ``segmentation.seg.nrrd``, and ``segmentation.dcm`` for a DICOM scan.

    Args:
        labels: (slices, rows, columns) of the values in ``labels``. identity: whether the DICOM file names the patient.

    Returns:
        the files written, and sentences for the report.
    """
    return write.write_label_map(folder, labels, scan.grid, SEGMENTS, scan.frames, identity)
