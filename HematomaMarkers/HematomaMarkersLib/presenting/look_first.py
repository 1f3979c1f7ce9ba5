"""Which slices to look at first: those that could change the decision, or on which network and measurement disagree."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import TYPE_CHECKING

from LesionReadingLib.language import _
from LesionReadingLib.presenting.first_screen import Check, in_order

from ..labels import MARKER_NAMES, MARKERS
from ..measurement.markers.network_result import likeliest_slice, marker_seen, volume_range_ml

if TYPE_CHECKING:
    from ..measurement.scan import ScanMeasurement
    from ..triage.decision import Triage
    from ..triage.findings import Findings

_UNDECIDED, _SIGN_DECIDES, _DISAGREE, _UNSURE, _LARGEST, _VENTRICLES = 5.0, 4.0, 3.0, 2.5, 2.0, 1.0


def look_first(findings: Findings) -> tuple[Check, ...]:
    """Slices by what they could change: the decision itself, a sign that it rests on, a sign in dispute, the volume.

    The heaviest of one slice is told.
    """
    measurement = findings.measurement
    places = (_undecided(findings.triage), _signs(findings), _unsure(findings), _largest(measurement), _ventricles(measurement))
    return in_order(chain.from_iterable(places))


def _undecided(decided: Triage) -> Iterator[Check]:
    for number in decided.look_at:
        yield Check(number, number, _("the decision hangs on what is seen here"), _UNDECIDED)


def _signs(findings: Findings) -> Iterator[Check]:
    measurement, network, decided = findings.measurement, findings.network, findings.triage
    for marker in MARKERS:
        by_network, by_measurement = marker_seen(marker, measurement, network)
        name = _(MARKER_NAMES[marker]).lower()
        likeliest = likeliest_slice(marker, measurement, network)
        measured = measurement.evidence[marker].slice
        number = likeliest if by_network and likeliest is not None else measured
        if number is None:
            continue
        if decided.only_marker == marker:
            yield Check(
                number, number, _("{name} is the only reason for the decision: is it there?").format(name=name), _SIGN_DECIDES
            )
        elif by_network is not None and by_network != by_measurement:
            why = (
                _("the network sees the sign {name} here, the measurement does not find it")
                if by_network
                else _("the measurement finds the sign {name} here, the network does not see it")
            )
            yield Check(number, number, why.format(name=name), _DISAGREE)


def _unsure(findings: Findings) -> Iterator[Check]:
    """The slice on which the network's scores leave most of the volume open."""
    ends, network = volume_range_ml(findings.network), findings.network
    if ends is not None and network.sureness.slice is not None:
        number = network.sureness.slice
        why = _("most of what the network is unsure of lies here: by its scores the volume is {low:.1f} to {high:.1f} mL")
        yield Check(number, number, why.format(low=ends[0], high=ends[1]), _UNSURE)


def _largest(measurement: ScanMeasurement) -> Iterator[Check]:
    if measurement.volume_ml > 0:
        number = measurement.abc2.slice
        yield Check(number, number, _("the largest area that was marked: does the contour follow the blood?"), _LARGEST)


def _ventricles(measurement: ScanMeasurement) -> Iterator[Check]:
    if measurement.ivh_slice is not None:
        why = _("most of what was marked as blood in the ventricles: choroid plexus and calcification look alike")
        yield Check(measurement.ivh_slice, measurement.ivh_slice, why, _VENTRICLES)
