"""The segments of a pullback's label map, as Slicer and DICOM name them, and the door for label maps from anywhere."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from LesionReadingLib.errors import InputError
from LesionReadingLib.labels.label_map import LabelMap, Segment
from LesionReadingLib.labels.read import read_label_map
from LesionReadingLib.spacing import UNKNOWN

from .colors import rgb
from .labels import CALCIUM, GUIDEWIRE, LUMEN, NAMES

_CORONARY_ARTERY = ("SCT", "41801008", "Coronary artery")

# Types: DICOM CID 3817 (calcified plaque), CID 3411 (guide wire), CID 7156 (lumen of blood vessel). Categories: CID 7150.
SEGMENTS = (
    Segment(
        CALCIUM,
        NAMES[CALCIUM],
        ("calc", "kalk"),
        rgb("calcium"),
        ("SCT", "49755003", "Morphologically Abnormal Structure"),
        ("SCT", "29483008", "Calcified atheromatous plaque"),
        _CORONARY_ARTERY,
    ),
    Segment(
        GUIDEWIRE,
        NAMES[GUIDEWIRE],
        ("guide", "wire"),
        rgb("guidewire"),
        ("SCT", "260787004", "Physical object"),
        ("SCT", "272224001", "Guide wire"),
        _CORONARY_ARTERY,
    ),
    Segment(
        LUMEN,
        NAMES[LUMEN],
        ("lumen",),
        rgb("lumen"),
        ("SCT", "123037004", "Anatomical Structure"),
        ("SCT", "91747007", "Lumen of blood vessel"),
        _CORONARY_ARTERY,
    ),
)


def read_oct_label_map(path: Path, pixel_spacing_mm: float | None = None, frame_spacing_mm: float | None = None) -> LabelMap:
    """Read the label map of a pullback.

    A stated pixel of exactly 1 x 1 mm is what programs write that know none; here it counts as not known, as it does for pullbacks.

    Args:
        path: .seg.nrrd, NRRD, NIfTI, MetaImage, or DICOM SEG (or a folder with one).
        pixel_spacing_mm, frame_spacing_mm: typed by the user; they take precedence over the file's.

    Raises:
        InputError: as ``read_label_map``, or frames that are not evenly spaced.
    """
    label_map = read_label_map(path, SEGMENTS, pixel_spacing_mm, frame_spacing_mm)
    if label_map.positions_mm is not None:
        raise InputError(
            f"The frames of {path.name} are not evenly spaced; export the segmentation with one distance between frames."
        )
    spacing = label_map.spacing
    if pixel_spacing_mm is None and (spacing.row_mm, spacing.column_mm) == (1.0, 1.0):
        spacing = replace(spacing, row_mm=None, column_mm=None, in_plane_source=UNKNOWN)
        if frame_spacing_mm is None and spacing.frame_mm == 1.0:
            spacing = replace(spacing, frame_mm=None, frame_source=UNKNOWN)
    return replace(label_map, spacing=spacing)
