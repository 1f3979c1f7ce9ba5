"""All that was found in a scan and decided on it: what report, tables, measurements.json and panel show."""

from __future__ import annotations

from dataclasses import dataclass

from ..growth.expansion import Growth
from ..measurement.markers.network_result import NetworkResult
from ..measurement.scan import ScanMeasurement
from .decision import Triage, triage
from .rules import Rules


@dataclass(frozen=True, eq=False)
class Findings:
    """What was found in a scan.

    Attributes:
        measurement: of the label map as it is. network: None where no network took part.
        growth: since an earlier scan; None where there is none. triage: decided on all of these.
    """

    measurement: ScanMeasurement
    network: NetworkResult | None
    growth: Growth | None
    triage: Triage


def findings_of(
    measurement: ScanMeasurement,
    network: NetworkResult | None,
    growth: Growth | None,
    rules: Rules,
    *,
    location: str | None = None,
    onset_to_ct_hours: float | None = None,
) -> Findings:
    """Decide by the rules; arguments and errors as of ``decision.triage``."""
    decided = triage(measurement, network, growth, rules, location=location, onset_to_ct_hours=onset_to_ct_hours)
    return Findings(measurement, network, growth, decided)
