"""What a network found in a scan, and how it is laid beside the measurement."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ...labels import MARKERS
from .sureness import Range, Sureness

if TYPE_CHECKING:
    from ..outside_blood import OutsideBlood
    from ..scan import ScanMeasurement


@dataclass(frozen=True, eq=False, kw_only=True)
class NetworkResult:
    """What a network found in a scan, beside its label map: just now, or read again from a result folder or a scene.

    It is of the network's own contour, whatever was corrected since. Slices are numbered as in the scan.

    Attributes:
        probabilities: of every marker in the patient, calibrated; None where no slice shows a hematoma.
        thresholds: the probability from which each marker counts as found.
        marker_slices: the slice on which each marker is likeliest; None where no slice shows a hematoma.
        slice_probabilities: float (slices, 4), calibrated; nan where the slice shows no hematoma.
        outside: blood outside the brain; None where the network was not trained to find it.
        sureness: ranges of volume and probabilities by the network's own scores; None where they were not fitted for this model.
        unsure: where it is unsure, bool (slices, rows, columns) on the scan's voxels; raises as ``heat``. None without sureness.
        heat: marker -> what speaks for it (Grad-CAM), slice by slice, float32 (rows, columns) in [0, 1] on the scan's voxels.
            Raises InputError where it was kept in a file that cannot be read.
        model: what the bundle says of itself (``Bundle.summary``); with "contours" where they were corrected since.
    """

    probabilities: Mapping[str, float | None]
    thresholds: Mapping[str, float]
    marker_slices: Mapping[str, int | None]
    slice_probabilities: np.ndarray
    heat: Callable[[str], Sequence[np.ndarray]]
    model: Mapping[str, Any]
    outside: OutsideBlood | None = None
    sureness: Sureness | None = None
    unsure: Callable[[], np.ndarray] | None = None


def network_probability(marker: str, measurement: ScanMeasurement, network: NetworkResult | None) -> float | None:
    """The network's probability of a marker; None where no network took part or signs are not judged."""
    return network.probabilities.get(marker) if network and measurement.shows_signs else None


def probability_range(marker: str, measurement: ScanMeasurement, network: NetworkResult | None) -> Range | None:
    """The range of ``network_probability``; None where it is not known."""
    if network is None or network.sureness is None or not measurement.shows_signs:
        return None
    return network.sureness.probabilities[marker]


def likeliest_slice(marker: str, measurement: ScanMeasurement, network: NetworkResult | None) -> int | None:
    """The slice on which the network rates a marker likeliest; None where it tells no probability."""
    return network.marker_slices.get(marker) if network and measurement.shows_signs else None


def slice_probabilities(number: int, measurement: ScanMeasurement, network: NetworkResult | None) -> dict[str, float | None]:
    """The network's probability of every marker on a slice of the scan; None where it tells none."""
    if network is None or not measurement.shows_signs:
        return dict.fromkeys(MARKERS)
    known = zip(MARKERS, network.slice_probabilities[number], strict=True)
    return {marker: None if np.isnan(probability) else float(probability) for marker, probability in known}


def outside_slice(network: NetworkResult | None) -> int | None:
    """The slice with most blood outside the brain; None where too little is seen to be told."""
    return network.outside.slice if network and network.outside and network.outside.is_seen else None


def volume_range_ml(network: NetworkResult | None) -> Range | None:
    """The range of the volume of the network's own contour, in mL; None where it is not known or the contour was corrected."""
    return network.sureness.volume_ml if network and network.sureness else None


def marker_seen(marker: str, measurement: ScanMeasurement, network: NetworkResult | None) -> tuple[bool | None, bool]:
    """Whether the network (None where it gives no probability) and the measurement see a marker."""
    probability = network_probability(marker, measurement, network)
    by_network = None if probability is None else bool(probability >= network.thresholds[marker])
    return by_network, bool(measurement.evidence[marker].found)
