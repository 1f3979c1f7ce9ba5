"""The segments of a head CT's label map, as Slicer and DICOM name them, and label maps and heat maps in and out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from LesionReadingLib.labels.label_map import Segment
from LesionReadingLib.labels.on_grid import label_grid, labels_on
from LesionReadingLib.labels.read import read_label_map
from LesionReadingLib.labels.seg_nrrd import write_grid_seg_nrrd
from LesionReadingLib.nrrd import write_volume
from LesionReadingLib.slice_grid import SliceGrid

from .labels import HEMATOMA, INTRAVENTRICULAR, NAMES
from .scan import Scan

# Types: DICOM CID 7159 (lesion segmentation types). Categories: CID 7150. Regions: CID 4 and SNOMED CT.
_ABNORMAL = ("SCT", "49755003", "Morphologically Abnormal Structure")
_HEMORRHAGE = ("SCT", "50960005", "Hemorrhage")
_OTHER_BLOOD = ("peri", "dural", "arachnoid", "edema", "oedema")  # beside the brain, or around the hematoma

SEGMENTS = (
    Segment(
        HEMATOMA,
        NAMES[HEMATOMA],
        ("hematoma", "haematoma", "hemorrhag", "haemorrhag", "bleed", "blood", "clot", "ich", "iph"),
        (0.90, 0.12, 0.10),
        _ABNORMAL,
        _HEMORRHAGE,
        ("SCT", "12738006", "Brain"),
        (*_OTHER_BLOOD, "ventric", "ivh"),
    ),
    Segment(
        INTRAVENTRICULAR,
        NAMES[INTRAVENTRICULAR],
        ("ventricular blood", "ventricular h", "ventricle blood", "ivh"),
        (0.20, 0.55, 0.95),
        _ABNORMAL,
        _HEMORRHAGE,
        ("SCT", "35764002", "Brain ventricle"),
        _OTHER_BLOOD,
    ),
)


def read_hematoma_label_map(path: Path, scan: Scan) -> np.ndarray:
    """Read a label map from anywhere onto the voxels of a scan, by geometry: (slices, rows, columns) uint8.

    Args:
        path: .seg.nrrd, NRRD, NIfTI, MetaImage, or DICOM SEG (or a folder with one).

    Raises:
        InputError: as ``labels.read.read_label_map``, no place in the patient, or another place than the scan's.
    """
    return labels_on(read_label_map(path, SEGMENTS), scan.grid, path.name)


def read_placed_labels(path: Path) -> tuple[np.ndarray, SliceGrid]:
    """Read a label map of which no scan is at hand: (slices, rows, columns) uint8 and where its voxels lie.

    Raises:
        InputError: as ``labels.read.read_label_map``, or no place in the patient.
    """
    label_map = read_label_map(path, SEGMENTS)
    return label_map.labels, label_grid(label_map, path.name)


def write_label_map(folder: Path, scan: Scan, labels: np.ndarray, identity: bool = False) -> list[Path]:
    """Write a label map on the original voxels of a scan: ``segmentation.seg.nrrd``, and ``segmentation.dcm`` for a DICOM scan.

    Args:
        labels: (slices, rows, columns) of the values in ``labels``. identity: whether the DICOM file names the patient.
    """
    written = [folder / "segmentation.seg.nrrd"]
    write_grid_seg_nrrd(written[0], labels, scan.grid, SEGMENTS, scan.grid_source)
    if scan.files:
        from .dicom_segmentation import write_segmentation

        written.append(write_segmentation(folder / "segmentation.dcm", scan, labels, identity))
    return written


def write_heat(path: Path, scan: Scan, heat: np.ndarray) -> None:
    """Write a heat map (slices, rows, columns) in [0, 1] as NRRD on the original voxels of a scan."""
    write_volume(path, np.asarray(heat, np.float32), scan.grid)
