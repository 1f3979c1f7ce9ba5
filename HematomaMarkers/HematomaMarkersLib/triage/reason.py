"""One reason of the decision, and whether the network's own scores leave a limit open."""

from __future__ import annotations

from dataclasses import dataclass

from ..measurement.markers.network_result import NetworkResult, volume_range_ml


@dataclass(frozen=True)
class Reason:
    """A sentence for the decision, whether it is certain, the slice that shows it, and the marker that it is; None where none."""

    sentence: str
    certain: bool = True
    slice: int | None = None
    marker: str | None = None


def may_cross(limit_ml: float, network: NetworkResult | None) -> bool:
    """Whether the network's own scores leave open on which side of a limit the volume of its contour lies."""
    ends = volume_range_ml(network)
    return ends is not None and ends[0] < limit_ml <= ends[1]
