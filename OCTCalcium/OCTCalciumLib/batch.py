"""Many pullbacks at once: those below a folder, and the row that each has in the table of a batch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from LesionReadingLib.language import N_
from LesionReadingLib.studies.batch.find import found_below, in_order
from LesionReadingLib.studies.batch.records import Study

from .reading.cautions import NOT_OCT

TITLE = N_("Coronary calcium in OCT: all pullbacks")
_SEGMENTATION = "SEG"


def find_pullbacks(folder: Path, output: Path) -> list[Study]:
    """The pullbacks below a folder: a DICOM file of many frames, DICOM files of one series, an image file, a folder of pictures.

    Raises:
        InputError: as ``found_below``.
    """
    found = found_below(folder, output)
    series: dict[str, list[Path]] = {}
    for path, header in found.dicom:
        if header.get("Modality") != _SEGMENTATION:
            alone = (header.get("NumberOfFrames") or 1) > 1
            series.setdefault(str(path) if alone else f"{path.parent} {header.get('SeriesInstanceUID')}", []).append(path)
    dicom = [Study(members[0], tuple(members)) for members in series.values()]
    return in_order([*found.studies, *dicom])


def _largest(values: list) -> Any:
    return max((value for value in values if value is not None), default=None)


COLUMNS: Mapping[str, Callable[[dict], Any]] = {
    N_("frames"): lambda found: len(found["frames"]),
    N_("calcium (mm3)"): lambda found: found["volume_mm3"],
    N_("largest arc (degrees)"): lambda found: found["max_arc_deg"],
    N_("largest arc held over frames (degrees)"): lambda found: (found["held_arc"] or {}).get("arc_deg"),
    N_("length at 180 degrees or more (mm)"): lambda found: found["arc_over_180"]["length_mm"],
    N_("length at 180 degrees or more, held over frames (mm)"): lambda found: found["arc_over_180"].get("held_length_mm"),
    N_("maximum thickness (mm)"): lambda found: found["max_thickness_mm"],
    N_("calcium score (0 to 4)"): lambda found: _largest([lesion["calcium_score"]["total"] for lesion in found["lesions"]]),
    N_("minimum lumen area (mm2)"): lambda found: (found["minimum_lumen_area"] or {}).get("area_mm2"),
    N_("looks like OCT"): lambda found: "no" if any(told["code"] == NOT_OCT for told in found["cautions"]) else "yes",
}
"""Header of the table -> its value of a pullback's ``measurements.json``; None where there is none."""
