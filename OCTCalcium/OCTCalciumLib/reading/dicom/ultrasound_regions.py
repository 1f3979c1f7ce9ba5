"""Which ultrasound region of a header is that of the picture, and its calibration (PS3.3 C.8.5.5)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from LesionReadingLib.language import _

from ..spacing_choice import InPlane

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_CENTIMETRES = 3  # (0018,6024) Physical Units X Direction, PS3.3 C.8.5.5.1.15
_HOLDS = 0.9  # of the box around the picture
_SOURCE = "DICOM (0018,6011) Ultrasound Region Calibration (0018,602C) (0018,602E) Physical Delta"


def region_candidates(header: Dataset, circle: tuple[float, float, float] | None) -> list[InPlane]:
    """The calibration of the region that holds the picture, or a doubted one; nothing where none is calibrated.

    Args:
        circle: row, column and radius (pixels) of the round picture; the middle of the picture, where none was found.
    """
    regions = _calibrated_regions(header)
    if not regions:
        return []
    rows, columns = int(header.get("Rows") or 0), int(header.get("Columns") or 0)
    fitting = [region for region in regions if _fits(region, rows, columns)]
    holding = [region for region in fitting if _holds(region, circle or (rows / 2, columns / 2, 0.0))]
    doubt = ""
    if not fitting:
        doubt = _(
            "for a region that reaches beyond the {columns} x {rows} pixels of the picture: it is that of a larger one"
        ).format(columns=columns, rows=rows)
    elif not holding:
        doubt = _("for a region that does not hold the cross-section")
    region = min(holding, key=_region_area) if circle and holding else max(holding or fitting or regions, key=_region_area)
    return [InPlane(10 * abs(float(region.PhysicalDeltaY)), 10 * abs(float(region.PhysicalDeltaX)), _SOURCE, doubt)]


def _calibrated_regions(header: Dataset) -> list[Dataset]:
    """The two-dimensional regions calibrated in centimetres."""
    return [
        region
        for region in header.get("SequenceOfUltrasoundRegions") or []
        if region.get("PhysicalUnitsXDirection") == region.get("PhysicalUnitsYDirection") == _CENTIMETRES
        and region.get("PhysicalDeltaX")
        and region.get("PhysicalDeltaY")
        and region.get("RegionSpatialFormat", 1) == 1
    ]


def _box(region: Dataset) -> tuple[float, float, float, float] | None:
    """First and last row, first and last column of a region; ``None`` where it states none, and so is the whole picture."""
    keywords = ("RegionLocationMinY0", "RegionLocationMaxY1", "RegionLocationMinX0", "RegionLocationMaxX1")
    values = [region.get(keyword) for keyword in keywords]
    return None if None in values else tuple(float(value) for value in values)


def _fits(region: Dataset, rows: int, columns: int) -> bool:
    """Whether a region lies in the picture; its last pixel may be counted as the one after it."""
    box = _box(region)
    return box is None or (box[1] <= rows and box[3] <= columns)


def _holds(region: Dataset, circle: tuple[float, float, float]) -> bool:
    """Whether a region holds most of the box around a circle (row, column, radius in columns); of radius 0, its middle."""
    box = _box(region)
    if box is None:
        return True
    row, column, column_radius = circle
    row_radius = column_radius * abs(float(region.PhysicalDeltaX) / float(region.PhysicalDeltaY))
    inside = 1.0
    for centre, radius, first, last in ((row, row_radius, box[0], box[1]), (column, column_radius, box[2], box[3])):
        covered = min(centre + radius, last + 1) - max(centre - radius, first)
        inside *= max(0.0, covered) / (2 * radius) if radius else float(covered >= 0)
    return inside >= _HOLDS


def _region_area(region: Dataset) -> float:
    box = _box(region)
    return math.inf if box is None else (box[1] - box[0]) * (box[3] - box[2])
