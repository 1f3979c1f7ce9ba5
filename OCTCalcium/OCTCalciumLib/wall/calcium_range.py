"""How far calcium may reach: ranges of arc, area and volume from the second step's own scores.

A network's score falls from the middle of a deposit to its unclear ends. What it is sure of gives the low end of a range, what
it holds for possible the high end. How often such a range holds the truth is measured: ``python -m training oct evaluate``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy import ndimage

from ..labels import BACKGROUND, GUIDEWIRE
from ..measurement.deposits import WIDEST_GUIDEWIRE_DEG
from ..measurement.pullback import PullbackMeasurement
from ..vessel.arcs import BIN_COUNT, arc_deg, bridge
from .polar_view import ANGLES, DEPTH_MM, DEPTH_STEP_MM, PolarView
from .scores import WallScores

_EVERY_NEIGHBOUR = np.ones((3, 3), bool)
_RAY_OF_BIN = np.arange(BIN_COUNT) * ANGLES // BIN_COUNT


@dataclass(frozen=True)
class CalciumRange:
    """Of one frame, (low, high).

    Attributes:
        arc_deg: of the bridged arc in degrees, about the lumen's centroid. area_mm2: of calcium.
        scores: from which the range comes, as a page shows them; None where there is no page.
    """

    arc_deg: tuple[float, float]
    area_mm2: tuple[float, float]
    scores: WallScores | None = field(default=None, compare=False)


def calcium_range(view: PolarView, sure: np.ndarray, possible: np.ndarray) -> CalciumRange:
    """The range between two sets of a view's samples, booleans (ANGLES, DEPTHS) each: what is surely calcium, what may be."""
    wire = (view.labels == GUIDEWIRE).any(axis=1)
    ends = [samples & (view.labels == BACKGROUND) for samples in (sure, possible)]
    sample_mm2 = np.maximum(view.border_mm[:, None] + DEPTH_MM, 0) * (DEPTH_STEP_MM * 2 * np.pi / ANGLES)
    low, high = ((largest_arc_deg(samples, wire), float(sample_mm2[samples].sum())) for samples in ends)
    return CalciumRange((low[0], high[0]), (low[1], high[1]))


def largest_arc_deg(samples: np.ndarray, wire: np.ndarray) -> float:
    """The largest bridged arc in degrees of samples, booleans (ANGLES, DEPTHS), about a guidewire, booleans (ANGLES,)."""
    pieces, count = ndimage.label(samples, _EVERY_NEIGHBOUR)
    if not count:
        return 0.0
    joined = np.arange(count + 1)
    for shift in (-1, 0, 1):  # the first ray and the last are neighbours
        for one, other in zip(pieces[0], np.roll(pieces[-1], shift), strict=True):
            if one and other:
                joined[joined == joined[other]] = joined[one]
    ray, depth = np.nonzero(samples)
    rays = np.zeros((count + 1, ANGLES), bool)
    rays[joined[pieces[ray, depth]], ray] = True
    arcs = rays[rays.any(axis=1)][:, _RAY_OF_BIN]
    shadow = wire if wire.sum() * 360 / ANGLES <= WIDEST_GUIDEWIRE_DEG else np.zeros_like(wire)
    return max(arc_deg(arc) for arc in bridge(arcs, shadow[_RAY_OF_BIN])[1])


def arc_ranges_deg(measurement: PullbackMeasurement, ranges: Sequence[CalciumRange | None]) -> list[tuple[float, float] | None]:
    """Of each frame the range of its bridged arc, the measured one included; None where nothing was looked for."""
    return [
        None if found is None else _around(frame.arc_bridged_deg, found.arc_deg)
        for frame, found in zip(measurement.frames, ranges, strict=True)
    ]


def volume_range_mm3(measurement: PullbackMeasurement, ranges: Sequence[CalciumRange | None]) -> tuple[float, float] | None:
    """The range of calcium's volume, the measured one included; None while a spacing is unknown.

    The ends of all frames are added up: a network that marks too much in one frame of a patient does so in the others.
    """
    if measurement.volume_mm3 is None:
        return None
    areas = np.array([found.area_mm2 for found in ranges if found is not None]).reshape(-1, 2)
    return _around(measurement.volume_mm3, tuple(areas.sum(axis=0) * measurement.spacing.frame_mm))


def _around(value: float, ends: tuple[float, float]) -> tuple[float, float]:
    return float(min(value, ends[0])), float(max(value, ends[1]))
