"""How often the ranges of arc and volume that a model gives hold the truth, and how wide they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from OCTCalciumLib.measurement.pullback import PullbackMeasurement
from OCTCalciumLib.wall.calcium_range import CalciumRange, arc_ranges_deg, volume_range_mm3

from ...wording import how_many

Ranges = Sequence[CalciumRange | None]


def range_coverage(found: Sequence[tuple[PullbackMeasurement, PullbackMeasurement, Ranges | None]]) -> dict[str, Any] | None:
    """Coverage over pullbacks, each with what is true, what was found and its ranges; None of a model without ranges.

    Returns:
        Arcs over frames in which there is calcium or may be some: their number, share whose true bridged arc lies in the range,
        mean width (degrees). Volumes over pullbacks with calcium: their number, how many true volumes lie in the range, mean width
        as a share of the true volume, and per pullback the range (mm3).
    """
    if any(ranges is None for _, _, ranges in found):
        return None
    arcs = [
        (frame.arc_bridged_deg, *ends)
        for true, measured, ranges in found
        for frame, ends in zip(true.frames, arc_ranges_deg(measured, ranges), strict=True)
        if ends is not None and (frame.arc_bridged_deg or ends[1])
    ]
    volumes = [
        (true.volume_mm3, *ends)
        for true, measured, ranges in found
        if true.volume_mm3 and (ends := volume_range_mm3(measured, ranges)) is not None
    ]
    return {"arc": _coverage(arcs, False), "volume": _coverage(volumes, True), "volume_ranges_mm3": [ends for _, *ends in volumes]}


def coverage_rows(coverage: dict[str, Any] | None) -> list[list[str]]:
    """Rows of a table: measurement, result, over what."""
    if not coverage:
        return []
    arc, volume = coverage["arc"], coverage["volume"]
    rows = []
    if arc["count"]:
        over = f"{how_many(arc['count'], 'frame')}, mean width {arc['width']:.0f} degrees"
        rows.append(["true bridged arc in the model's range", f"{arc['held']:.0%}", over])
    if volume["count"]:
        over = f"{how_many(volume['count'], 'pullback')}, mean width {volume['width']:.0%} of the volume"
        rows.append(["true volume in the model's range", f"{volume['held']:.0%}", over])
    return rows


def _coverage(values: Sequence[tuple[float, float, float]], as_share: bool) -> dict[str, Any]:
    """Of (true, low, high) each."""
    if not values:
        return {"count": 0, "held": None, "width": None}
    true, low, high = np.array(values, float).T
    width = (high - low) / true if as_share else high - low
    return {"count": len(values), "held": float(np.mean((low <= true) & (true <= high))), "width": float(np.mean(width))}
