"""Which frames to look at first: those that could change the calcium score, or of which nothing is known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from LesionReadingLib.language import _
from LesionReadingLib.presenting.first_screen import Check, in_order
from LesionReadingLib.text.counting import shown_stretch

from ..measurement.lesions import SCORE_ARC_DEG, SCORE_LENGTH_MM, SCORE_THICKNESS_MM, Lesion
from ..measurement.pullback import PullbackMeasurement
from ..wall.calcium_range import CalciumRange, arc_ranges_deg
from .headline import worst_lesion

_ARC_POINTS, _OTHER_POINTS = 2.0, 1.0
_NO_LUMEN = 0.2  # nothing is known of these frames; less than a point that is measured


def look_first(measurement: PullbackMeasurement, ranges: Sequence[CalciumRange | None] | None = None) -> tuple[Check, ...]:
    """Frames by the points of the calcium score that they could change, those nearest to their limit first.

    Args:
        ranges: how far calcium may reach in each frame by the model's scores; None where no model gave any.
    """
    open_frames = _open(measurement, ranges) if ranges else ()
    return in_order((*_arcs(measurement), *open_frames, *_lesion(measurement), *_without_lumen(measurement)))


def _open(measurement: PullbackMeasurement, ranges: Sequence[CalciumRange | None]) -> Iterator[Check]:
    """The longest stretch whose arcs may lie on either side of the score's limit by the network's own scores."""
    ends = arc_ranges_deg(measurement, ranges)
    first, stop = _longest([end is not None and end[0] <= SCORE_ARC_DEG < end[1] for end in ends])
    if stop - first >= measurement.hold_frames:
        why = _("by the network's own scores the arc may lie on either side of {limit:g} degrees (2 points)")
        yield Check(first, stop - 1, why.format(limit=SCORE_ARC_DEG), _ARC_POINTS)


def _arcs(measurement: PullbackMeasurement) -> Iterator[Check]:
    held, widest = measurement.held_arc, measurement.max_arc_frame
    if widest is None:
        return
    limit = SCORE_ARC_DEG
    if held.value <= limit < measurement.max_arc_deg:
        why = _("one frame alone exceeds {limit:g} degrees: if it is right, the score rises by 2 points")
        yield Check(widest, widest, why.format(limit=limit), _ARC_POINTS)
    if held.first_frame is None:
        return
    stretch = measurement.frames[held.first_frame : held.last_frame + 1]
    unbridged = min(frame.arc_contiguous_deg for frame in stretch)
    if unbridged <= limit < held.value:
        why = _("the gap behind the guidewire counts as calcium; without it the arc is {arc:.0f} degrees and 2 points are lost")
        yield Check(held.first_frame, held.last_frame, why.format(arc=unbridged), _ARC_POINTS)
    why = _("largest arc, {arc:.0f} degrees: above {limit:g} it gives 2 points")
    weight = _ARC_POINTS * _nearness(held.value, limit)
    yield Check(held.first_frame, held.last_frame, why.format(arc=held.value, limit=limit), weight)


def _lesion(measurement: PullbackMeasurement) -> Iterator[Check]:
    """What decides the other points of the worst lesion."""
    lesion = worst_lesion(measurement)
    if lesion is None:
        return
    thickness, frame = lesion.max_thickness_mm, lesion.calcium_score.thickness_frame
    if thickness is not None:
        why = _("thickest calcium, {thickness:.2f} mm: above {limit:g} mm it gives 1 point")
        weight = _OTHER_POINTS * _nearness(thickness, SCORE_THICKNESS_MM)
        yield Check(frame, frame, why.format(thickness=thickness, limit=SCORE_THICKNESS_MM), weight)
    if lesion.length_mm is not None:
        yield _ends(lesion)


def _ends(lesion: Lesion) -> Check:
    why = _("the ends of a lesion of {length:.1f} mm: above {limit:g} mm it gives 1 point")
    weight = _OTHER_POINTS * _nearness(lesion.length_mm, SCORE_LENGTH_MM)
    return Check(lesion.first_frame, lesion.last_frame, why.format(length=lesion.length_mm, limit=SCORE_LENGTH_MM), weight)


def _without_lumen(measurement: PullbackMeasurement) -> Iterator[Check]:
    """The longest stretch of frames without a lumen."""
    small = set(measurement.small_lumens)
    first, stop = _longest([not frame.lumen_pixels or frame.frame in small for frame in measurement.frames])
    if stop > first:
        yield Check(first, stop - 1, _("no lumen was found here, so nothing is known of calcium"), _NO_LUMEN)


def _longest(marks: Sequence[bool]) -> tuple[int, int]:
    """First index of the longest stretch of marks and the index behind it; (0, 0) without any."""
    padded = np.array([False, *marks, False])
    edges = np.flatnonzero(padded[1:] != padded[:-1]).reshape(-1, 2)
    first, stop = max(edges, key=lambda edge: edge[1] - edge[0], default=(0, 0))
    return int(first), int(stop)


def _nearness(value: float, limit: float) -> float:
    """1 at the limit, falling to 0 at nothing and at twice the limit."""
    return max(0.0, 1 - abs(value - limit) / limit)


def in_words(check: Check) -> str:
    """``frames 9 to 16``."""
    return shown_stretch("frame", check.first, check.last)
