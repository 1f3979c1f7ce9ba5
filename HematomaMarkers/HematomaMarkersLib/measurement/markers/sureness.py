"""How sure a network is: the ranges in which its own scores leave a hematoma's volume and the probability of each sign."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...labels import MARKERS

SHARE = 0.9
"""Of heads whose truth a range is meant to hold."""

COUNTED = "ranges"
"""Under this name a bundle's ``eval_metrics`` tell how often its ranges held the truth of held-out heads."""

Range = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class Sureness:
    """Of one scan, each range (low, high).

    Attributes:
        volume_ml: of the hematoma's volume; None where the contour was corrected since.
        probabilities: of each sign's probability; None where no slice shows a hematoma.
        slice: number in the scan of the slice on which most is unsure; None where nothing is.
    """

    volume_ml: Range | None
    probabilities: Mapping[str, Range | None]
    slice: int | None

    def to_json(self) -> dict[str, Any]:
        """Its entries of ``measurements.json``."""
        return {"volume_range_ml": self.volume_ml, "probability_ranges": dict(self.probabilities), "unsure_slice": self.slice}


NOT_MEASURED = {"volume_range_ml": None, "probability_ranges": None, "unsure_slice": None}
"""Entries of ``measurements.json`` where nothing is known of how sure the network was."""


def sureness_from_json(found: Mapping[str, Any], slice_count: int, *, is_own: bool = True) -> Sureness | None:
    """What ``to_json`` gave; None where there is none.

    Args:
        is_own: whether the contour is still the network's own; else nothing is said of its volume.

    Raises:
        KeyError, TypeError, ValueError: it is something else.
    """
    ranges = found.get("probability_ranges")
    if ranges is None:
        return None
    number, volume_ml = found["unsure_slice"], found["volume_range_ml"]
    if not (number is None or (isinstance(number, int) and 0 <= number < slice_count)):
        raise ValueError("no slice")
    volume_ml = None if volume_ml is None or not is_own else _range(volume_ml, 1e4)
    probabilities = {marker: None if ranges[marker] is None else _range(ranges[marker], 1.0) for marker in MARKERS}
    return Sureness(volume_ml=volume_ml, probabilities=probabilities, slice=number)


def _range(ends: Any, most: float) -> Range:
    low, high = map(float, ends)
    if not 0 <= low <= high <= most:
        raise ValueError("no range")
    return low, high
