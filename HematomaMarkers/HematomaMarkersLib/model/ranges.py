"""How sure a network is, from its own scores: ranges of the hematoma's volume and of each sign's probability.

What the network marks with a large probability gives the low end of the volume's range, what it holds for possible the high end.
Both are then moved apart, and the ends of a sign's range away from its probability, by numbers that were fitted on validation heads
so that the ranges hold the truth of nine in ten of them (conformalised: Romano et al., Conformalized Quantile Regression, 2019).
These numbers belong to a bundle (``python -m training hematoma fit-ranges``), and so does how often its ranges held the truth of
heads that nothing was fitted on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from LesionReadingLib.errors import InputError
from LesionReadingLib.language import _

from ..labels import HEMATOMA, MARKERS
from ..measurement.markers.sureness import Range
from .inference import HeadReading, can_be_blood
from .preparation.grid import NETWORK_PIXEL_MM

LITTLE_ML = 1.0
"""Volumes are compared by log(mL + this): of little blood the difference counts, of much the ratio."""

_FULL = 255  # of a score
_MOST_MOVED = 100.0
_SURE = 1e-9


@dataclass(frozen=True)
class FittedRanges:
    """The fitted numbers of a network.

    Attributes:
        inner, outer: probability of hematoma from which a marked voxel is sure, and any voxel possible.
        volume: how far either end of the volume's range is moved out, in log(mL + LITTLE_ML); below 0, moved in.
        logits: marker -> how far either end of its range lies from the logit of its probability.
        heads: on how many validation heads this was fitted.
    """

    inner: float
    outer: float
    volume: float
    logits: Mapping[str, float]
    heads: int

    def to_settings(self) -> dict[str, Any]:
        """As JSON, for a bundle's settings under ``"ranges"``."""
        return asdict(self)


def ranges_from_settings(settings: Mapping[str, Any], bundle_name: str) -> FittedRanges | None:
    """Give the fitted numbers of a bundle's settings; None where nobody fitted any.

    Raises:
        InputError: they are damaged.
    """
    own = settings.get("ranges")
    if own is None:
        return None
    try:
        logits = {marker: float(own["logits"][marker]) for marker in MARKERS}
        fitted = FittedRanges(float(own["inner"]), float(own["outer"]), float(own["volume"]), logits, int(own["heads"]))
        widened = abs(fitted.volume) < _MOST_MOVED and all(0 <= one < _MOST_MOVED for one in logits.values())
        if not (0 < fitted.outer <= fitted.inner < 1 and widened):
            raise ValueError("out of range")
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(
            _(
                "The ranges of the model {bundle_name} cannot be used (lesion_reading.ranges in its metadata); fit them again or "
                "choose another model."
            ).format(bundle_name=bundle_name),
            "model",
        ) from error
    return fitted


def sure_and_possible(
    reading: HeadReading, hounsfield: np.ndarray, extents_mm: np.ndarray, inner: float, outer: float
) -> tuple[np.ndarray, np.ndarray]:
    """Where there surely is hematoma, and where it is possible, bool (slices, 256, 256) each, on the network's grid.

    Args:
        hounsfield, extents_mm: of the prepared head, as ``read_head`` takes them.
    """
    marked = reading.labels == HEMATOMA
    possible = can_be_blood(marked | (reading.scores >= _FULL * outer), hounsfield, extents_mm)
    return marked & (reading.scores >= _FULL * inner), possible | marked


def slices_ml(mask: np.ndarray, extents_mm: np.ndarray) -> np.ndarray:
    """(slices,) volume in mL of a mask, bool (slices, 256, 256), on the network's grid."""
    return mask.sum(axis=(1, 2)) * extents_mm * NETWORK_PIXEL_MM**2 / 1000


def volume_range_ml(ends_ml: Range, measured_ml: float, by: float) -> Range:
    """The range of a volume around what was measured, its ends moved out; nothing possible stays nothing.

    Args:
        ends_ml: of what is sure, and of what is possible. by: as ``FittedRanges.volume``.
    """
    low, high = ends_ml
    if high > 0:
        low, high = _moved(low, -by), _moved(high, by)
    return float(min(low, measured_ml)), float(max(high, measured_ml))


def probability_range(probability: float, by: float) -> Range:
    """The range of a probability whose logit may be off by so much."""
    kept = min(max(probability, _SURE), 1 - _SURE)
    logit = np.log(kept) - np.log1p(-kept)
    low, high = (1 / (1 + np.exp(-(logit + way * by))) for way in (-1, 1))
    return float(low), float(high)


def _moved(volume_ml: float, by: float) -> float:
    return max(0.0, float((volume_ml + LITTLE_ML) * np.exp(by)) - LITTLE_ML)
