"""What network and measurement say of the markers, and the BAT score that follows; nothing where no hematoma counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ...labels import BLEND, HYPODENSITY

if TYPE_CHECKING:
    from ..outside_blood import OutsideBlood
    from ..scan import ScanMeasurement

BAT_BLEND, BAT_HYPODENSITY, BAT_EARLY = 1, 2, 2
BAT_HIGH_RISK = 3
BAT_EARLY_HOURS = 2.5
"""BAT score: Morotti A et al. Predicting intracerebral hemorrhage expansion with noncontrast CT. Stroke 2018;49:1163."""


@dataclass(frozen=True)
class NetworkMarkers:
    """What a network said of the markers, as it was kept; a ``Prediction`` says it, too.

    Attributes:
        probabilities: of every marker in the patient; None where no slice shows a hematoma.
        thresholds: the probability from which each marker counts as found.
        outside: blood outside the brain; None where the network was not taught to see it.
        marker_slices: where the network saw each marker best; None, or left out, where nowhere.
    """

    probabilities: Mapping[str, float | None]
    thresholds: Mapping[str, float]
    outside: OutsideBlood | None = None
    marker_slices: Mapping[str, int | None] = field(default_factory=dict)


@dataclass(frozen=True)
class Bat:
    """The BAT score as far as it is known.

    Attributes:
        blend, hypodensity: whether the network or the measurement sees the marker.
        onset_to_ct_hours: as given; None where not known, so that the score may be 2 higher.
    """

    blend: bool
    hypodensity: bool
    onset_to_ct_hours: float | None

    @property
    def early(self) -> bool:
        """Whether the onset to CT is known to be under 2.5 h."""
        return self.onset_to_ct_hours is not None and self.onset_to_ct_hours < BAT_EARLY_HOURS

    @property
    def score(self) -> int:
        """Points that are certain: blend 1, hypodensity 2, onset to CT under 2.5 h 2."""
        return BAT_BLEND * self.blend + BAT_HYPODENSITY * self.hypodensity + BAT_EARLY * self.early


def network_says(marker: str, measurement: ScanMeasurement, prediction: NetworkMarkers | None) -> float | None:
    """The network's probability of a marker; None where it says nothing or no hematoma counts."""
    return prediction.probabilities.get(marker) if prediction and measurement.has_hematoma else None


def marker_seen(marker: str, measurement: ScanMeasurement, prediction: NetworkMarkers | None) -> tuple[bool | None, bool]:
    """Whether the network (None where it does not say) and the measurement see a marker."""
    probability = network_says(marker, measurement, prediction)
    by_network = None if probability is None else bool(probability >= prediction.thresholds[marker])
    return by_network, bool(measurement.evidence[marker].found)


def bat_of(measurement: ScanMeasurement, prediction: NetworkMarkers | None, onset_to_ct_hours: float | None) -> Bat:
    """The BAT score of a hematoma."""
    blend, hypodensity = (any(marker_seen(marker, measurement, prediction)) for marker in (BLEND, HYPODENSITY))
    return Bat(blend, hypodensity, onset_to_ct_hours)
