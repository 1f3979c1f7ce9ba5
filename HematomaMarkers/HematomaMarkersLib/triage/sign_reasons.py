"""Signs as reasons of the decision: each certain, or open where the network's error or the hematoma's size leaves it so."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from LesionReadingLib.language import _, joined
from LesionReadingLib.text.counting import shown

from ..labels import BLEND, HYPODENSITY, MARKER_NAMES, MARKERS
from ..measurement.markers.bat import BAT_BLEND, BAT_HYPODENSITY, Bat
from ..measurement.markers.network_result import NetworkResult, marker_seen, probability_range
from .reason import Reason, may_cross
from .rules import Rules

if TYPE_CHECKING:
    from ..measurement.scan import ScanMeasurement


def reasons_from_signs(measurement: ScanMeasurement, network: NetworkResult | None, rules: Rules, bat: Bat | None) -> list[Reason]:
    """The signs and the score made of them, all open where the network's own scores leave open whether the hematoma is large enough
    for any."""
    signs = [*_markers(measurement, network, rules), *_bat_reasons(bat, measurement, network, rules)]
    if not may_cross(measurement.least_sign_ml, network):
        return signs
    number = measurement.abc2.slice if network.sureness.slice is None else network.sureness.slice
    sentence = _("By the network's own scores the hematoma may be under {least:g} mL, too small for signs: check slice {number}.")
    small = sentence.format(least=measurement.least_sign_ml, number=shown(number))
    opened = {"certain": False, "slice": number}
    return [replace(sign, sentence=joined(sign.sentence, small), **opened) if sign.certain else sign for sign in signs]


def _markers(measurement: ScanMeasurement, network: NetworkResult | None, rules: Rules) -> list[Reason]:
    return [reason for marker in MARKERS for reason in _sign(marker, measurement, network, rules)]


def _sign(marker: str, measurement: ScanMeasurement, network: NetworkResult | None, rules: Rules) -> list[Reason]:
    """The reason that a sign is, where network or measurement see it; an open one where the network's error leaves it open."""
    by_network, by_measurement = marker_seen(marker, measurement, network)
    counts = by_measurement and marker in rules.evidence
    grounds = []
    if by_network is not None and marker in rules.network:
        probability, threshold = network.probabilities[marker], network.thresholds[marker]
        is_open = not counts and _leaves_open(marker, measurement, network, rules)
        if is_open or by_network:
            ground = _("network {percent:.0f} %, threshold {threshold:.0f} %")
            grounds.append(ground.format(percent=100 * probability, threshold=100 * threshold))
        if is_open:
            number = network.marker_slices.get(marker)
            where = measurement.abc2.slice if number is None else number
            error, ends = rules.probability_error, probability_range(marker, measurement, network)
            low, high = ends or (max(0.0, probability - error), min(1.0, probability + error))
            near = _("{sign} ({finding}): {low:.0f} to {high:.0f} %, so it may or may not be there; check slice {number}.").format(
                sign=_(MARKER_NAMES[marker]), finding=grounds[0], low=100 * low, high=100 * high, number=shown(where)
            )
            return [Reason(near, False, where, marker)]
    if counts:
        grounds.append(_("measured on the scan"))
    if not grounds:
        return []
    if by_network is not None and by_network != by_measurement:
        grounds.append(_("network and measurement disagree"))
    sentence = _("{finding} ({limit}).").format(finding=_(MARKER_NAMES[marker]), limit=_("; ").join(grounds))
    return [Reason(sentence, marker=marker)]


def _leaves_open(marker: str, measurement: ScanMeasurement, network: NetworkResult, rules: Rules) -> bool:
    """Whether a sign's probability lies within its error of the threshold, or its range on both sides of it."""
    probability, threshold = network.probabilities[marker], network.thresholds[marker]
    ends = probability_range(marker, measurement, network)
    return abs(probability - threshold) < rules.probability_error or (ends is not None and ends[0] < threshold <= ends[1])


def _bat_reasons(bat: Bat | None, measurement: ScanMeasurement, network: NetworkResult | None, rules: Rules) -> list[Reason]:
    """The score, open where it reaches its limit only by a sign that the network alone sees and is not sure of."""
    if bat is None or bat.score < rules.bat_score:
        return []
    doubted = [
        marker
        for marker, points in ((BLEND, bat.blend), (HYPODENSITY, bat.hypodensity))
        if points and not measurement.evidence[marker].found and _leaves_open(marker, measurement, network, rules)
    ]
    certain = bat.score - BAT_BLEND * (BLEND in doubted) - BAT_HYPODENSITY * (HYPODENSITY in doubted) >= rules.bat_score
    sentence = _("BAT score {score} of 5 (limit {limit:g}, Morotti 2018).").format(score=bat.score, limit=rules.bat_score)
    return [Reason(sentence, certain)]
