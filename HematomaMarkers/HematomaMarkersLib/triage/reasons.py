"""The reasons of the decision, each certain or, where a volume lies within its error of measurement of the limit, open."""

from __future__ import annotations

from typing import TYPE_CHECKING

from LesionReadingLib.language import _
from LesionReadingLib.text.counting import shown

from ..measurement.markers.bat import Bat
from ..measurement.markers.network_result import NetworkResult, outside_slice, volume_range_ml
from ..measurement.volume import in_ml
from .reason import Reason, may_cross
from .rules import GROWTH_CRITERIA, Rules, reached
from .sign_reasons import reasons_from_signs

if TYPE_CHECKING:
    from ..growth.expansion import Growth
    from ..measurement.scan import ScanMeasurement


def reasons_to_refer(
    measurement: ScanMeasurement,
    network: NetworkResult | None,
    growth: Growth | None,
    rules: Rules,
    location: str | None,
    bat: Bat | None,
) -> list[Reason]:
    """All that speaks for referring now, certain or not; without certainty that there is a hematoma, none of its signs is."""
    if measurement.doubts:
        return []
    reasons = _ventricles(measurement, rules)
    # Where nothing is marked, scores that leave a hematoma possible tell nothing: of 51 such validation heads (seeds 500 to 699) 16
    # have them, of which 1 has a hematoma of 0.3 mL and more, as 3 of the other 35. The slice is among those to look at first.
    # Nor does an error of measurement, or a limit of 0 mL.
    if measurement.volume_ml == 0:
        return reasons
    is_there = reached(measurement.in_pieces_ml, measurement.least_ml, rules.small_error_ml)
    if is_there is None:
        return [*_presence(measurement, rules), *reasons]
    if may_cross(measurement.least_ml, network):
        return [_unsure_presence(measurement, network), *reasons]
    if not is_there:
        return [*_specks(measurement, rules), *reasons]
    return [
        *_volume(measurement, network, rules, location),
        *reasons,
        *_growth(growth, measurement, rules),
        *reasons_from_signs(measurement, network, rules, bat),
    ]


def _presence(measurement: ScanMeasurement, rules: Rules) -> list[Reason]:
    return [_open(_marked(measurement), rules.small_error_ml, measurement.abc2.slice)]


def _marked(measurement: ScanMeasurement) -> str:
    return _("{volume} marked as hematoma (it counts as one from {least:g} mL)").format(
        volume=in_ml(measurement.in_pieces_ml), least=measurement.least_ml
    )


def _unsure_presence(measurement: ScanMeasurement, network: NetworkResult) -> Reason:
    return _left_open(_marked(measurement), network, measurement.abc2.slice)


def _left_open(finding: str, network: NetworkResult, number: int | None) -> Reason:
    """That a volume may lie on either side of its limit, and the slice on which most is unsure."""
    low, high = volume_range_ml(network)
    number = number if network.sureness.slice is None else network.sureness.slice
    sentence = _(
        "{finding}: by the network's own scores {low:.1f} to {high:.1f} mL, so the limit may or may not be reached; check slice "
        "{number}."
    )
    return Reason(sentence.format(finding=finding, low=low, high=high, number=shown(number)), False, number)


def _specks(measurement: ScanMeasurement, rules: Rules) -> list[Reason]:
    """Much blood, all of it in specks: neither a hematoma nor nothing."""
    if measurement.specks_ml < measurement.least_ml + rules.small_error_ml:
        return []
    number = measurement.abc2.slice
    sentence = _("{volume} marked, all in specks too small to be told from noise: look at slice {number}.")
    return [Reason(sentence.format(volume=in_ml(measurement.specks_ml), number=shown(number)), False, number)]


def _volume(measurement: ScanMeasurement, network: NetworkResult | None, rules: Rules, location: str | None) -> list[Reason]:
    volume = in_ml(measurement.volume_ml)
    brainstem_ml = max(rules.brainstem_ml, measurement.least_ml)
    any_volume = _("any volume") if rules.brainstem_ml == 0 else _limit(rules.brainstem_ml)
    checks = [
        (True, _("Hematoma of {volume}").format(volume=volume), _limit(rules.volume_ml), rules.volume_ml, rules.volume_error_ml),
        (
            location == "cerebellum",
            _("Cerebellar hematoma of {volume}").format(volume=volume),
            _("limit {limit:g} mL, AHA/ASA 2022").format(limit=rules.cerebellum_ml),
            rules.cerebellum_ml,
            rules.cerebellum_error_ml,
        ),
        (
            location == "brainstem",
            _("Hematoma in the brainstem, {volume}").format(volume=volume),
            any_volume,
            brainstem_ml,
            rules.small_error_ml,
        ),
    ]
    found = []
    for applies, finding, limit, limit_ml, error_ml in checks:
        if not applies:
            continue
        if reached(measurement.volume_ml, limit_ml, error_ml) is not None and may_cross(limit_ml, network):
            finding = _("{finding} ({limit})").format(finding=finding, limit=limit)
            found.append(_left_open(finding, network, measurement.abc2.slice))
        else:
            found += _at_limit(measurement.volume_ml, limit_ml, error_ml, finding, limit, measurement.abc2.slice)
    return found


def _ventricles(measurement: ScanMeasurement, rules: Rules) -> list[Reason]:
    """Blood in the ventricles, where it touches one; else that it does not."""
    limit_ml, error_ml, number = rules.intraventricular_ml, rules.intraventricular_error_ml, measurement.ivh_slice
    reasons = []
    if measurement.counted_ivh_ml > 0:
        finding = _("Blood in the ventricles, {volume}").format(volume=in_ml(measurement.counted_ivh_ml))
        reasons = _at_limit(measurement.counted_ivh_ml, limit_ml, error_ml, finding, _limit(limit_ml), number)
    # What touches no ventricle decides nothing; it is asked about where it is no matter of measurement error.
    if not reasons and measurement.ivh_apart_ml > 0 and reached(measurement.ivh_apart_ml, limit_ml, error_ml):
        sentence = _("{what}: look at slice {number}.").format(what=_apart(measurement), number=shown(number))
        reasons = [Reason(sentence, False, number)]
    return reasons


def _at_limit(value_ml: float, limit_ml: float, error_ml: float, finding: str, limit: str, number: int | None) -> list[Reason]:
    """The reason where a volume reaches its limit; an uncertain one where the error leaves it open."""
    is_reached = reached(value_ml, limit_ml, error_ml)
    if is_reached is None:
        return [_open(_("{finding} ({limit})").format(finding=finding, limit=limit), error_ml, number)]
    return [Reason(_("{finding} ({limit}).").format(finding=finding, limit=limit), True, number)] if is_reached else []


def _limit(limit_ml: float) -> str:
    return _("limit {limit:g} mL").format(limit=limit_ml)


def _open(finding: str, error_ml: float, number: int | None) -> Reason:
    near = _(
        "{finding}: give or take a measurement error of {error:g} mL the limit may or may not be reached, so check slice {number}."
    )
    return Reason(near.format(finding=finding, error=error_ml, number=shown(number)), False, number)


def _growth(growth: Growth | None, measurement: ScanMeasurement, rules: Rules) -> list[Reason]:
    if growth is None:
        return []
    number = measurement.abc2.slice
    limits_ml = {name: limit for name, limit in growth.limits_ml.items() if name in rules.growth}
    reasons = []
    if limits_ml and growth.change_ml > rules.small_error_ml:  # less is what two looks at one scan differ by
        amount = in_ml(growth.change_ml)
        if growth.change_percent is not None:
            amount = _("{amount} ({percent:.0f} %)").format(amount=amount, percent=growth.change_percent)
        finding = _("Grew by {amount} since the earlier scan").format(amount=amount)
        criteria = _("limit {criteria}").format(criteria=_("; ").join(_(GROWTH_CRITERIA[name]) for name in limits_ml))
        reasons = _at_limit(growth.change_ml, min(limits_ml.values()), rules.growth_error_ml, finding, criteria, number)
    new = growth.new_ivh and measurement.counted_ivh_ml > 0
    if (
        "new_intraventricular" in rules.growth
        and new
        and reached(measurement.counted_ivh_ml, rules.intraventricular_ml, rules.intraventricular_error_ml)
    ):
        reasons.append(Reason(_("New blood in the ventricles since the earlier scan."), True, measurement.ivh_slice))
    return reasons


def outside_the_brain(network: NetworkResult | None) -> list[Reason]:
    """That there is blood which nothing here measures: someone has to look."""
    number = outside_slice(network)
    if number is None:
        return []
    sentence = _(
        "Blood outside the brain (subarachnoid, subdural or epidural) seems to be there; this program does not measure it: look at "
        "slice {number}."
    )
    return [Reason(sentence.format(number=shown(number)), False, number)]


def reason_to_watch(measurement: ScanMeasurement) -> Reason:
    """Why a hematoma is watched: there is no reason to refer."""
    return Reason(
        _("Hematoma of {volume} without any of the reasons to refer now. Repeat the scan if the patient worsens.").format(
            volume=in_ml(measurement.volume_ml)
        )
    )


def nothing(measurement: ScanMeasurement) -> list[Reason]:
    """What was marked where no hematoma counts."""
    if measurement.volume_ml == 0:
        return [Reason(_("Nothing was marked as hematoma.")), *left_out(measurement)]
    marked = _("Only {volume} was marked, too little to count as a hematoma (from {least:g} mL): slice {number}.").format(
        volume=in_ml(measurement.volume_ml), least=measurement.least_ml, number=shown(measurement.abc2.slice)
    )
    return [Reason(marked), *left_out(measurement)]


def left_out(measurement: ScanMeasurement) -> list[Reason]:
    """What was marked as ventricular blood and does not count."""
    if measurement.ivh_apart_ml == 0:
        return []
    sentence = _("{what}: it does not count (slice {number}).")
    return [Reason(sentence.format(what=_apart(measurement), number=shown(measurement.ivh_slice)))]


def _apart(measurement: ScanMeasurement) -> str:
    sentence = (
        _(
            "{volume} was marked as blood in the ventricles but touches no ventricle, as the falx, a sinus or the choroid plexus "
            "would"
        )
        if measurement.ventricles_seen
        else _("{volume} was marked as blood in the ventricles, but no ventricle can be seen on this scan")
    )
    return sentence.format(volume=in_ml(measurement.ivh_apart_ml))
