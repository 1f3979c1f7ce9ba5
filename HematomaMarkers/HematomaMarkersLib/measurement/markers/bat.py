"""The BAT score: how likely a hematoma is to grow, from the signs on the scan and the time since the first symptom."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...labels import BLEND, HYPODENSITY
from .network_result import NetworkResult, marker_seen

if TYPE_CHECKING:
    from ..scan import ScanMeasurement

BAT_BLEND, BAT_HYPODENSITY, BAT_EARLY = 1, 2, 2
BAT_HIGH_RISK = 3
BAT_EARLY_HOURS = 2.5
"""BAT score: Morotti A et al. Predicting intracerebral hemorrhage expansion with noncontrast CT. Stroke 2018;49:1163."""


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


def bat_of(measurement: ScanMeasurement, network: NetworkResult | None, onset_to_ct_hours: float | None) -> Bat:
    """The BAT score of a hematoma."""
    blend, hypodensity = (any(marker_seen(marker, measurement, network)) for marker in (BLEND, HYPODENSITY))
    return Bat(blend, hypodensity, onset_to_ct_hours)
