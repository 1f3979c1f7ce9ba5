"""The reasons of the decision, each certain or, where a volume lies within its error of measurement of the limit, open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from LesionReadingLib.counting import shown

from .labels import MARKER_NAMES, MARKERS
from .marker_answers import Bat, NetworkMarkers, marker_seen
from .triage_rules import GROWTH_CRITERIA, Rules, reached
from .volume import in_ml

if TYPE_CHECKING:
    from .growth import Growth
    from .outside_blood import OutsideBlood
    from .scan_measurement import ScanMeasurement


@dataclass(frozen=True)
class Reason:
    """A sentence for the decision, whether it is certain, and the slice that shows it (None: no slice in particular)."""

    sentence: str
    certain: bool = True
    slice: int | None = None


def reasons_to_refer(
    measurement: ScanMeasurement,
    prediction: NetworkMarkers | None,
    growth: Growth | None,
    rules: Rules,
    location: str | None,
    bat: Bat | None,
) -> list[Reason]:
    """All that speaks for referring now, certain or not; without certainty that there is a hematoma, none of its signs is."""
    if measurement.doubts:
        return []
    reasons = _ventricles(measurement, rules)
    is_there = reached(measurement.in_pieces_ml, measurement.least_ml, rules.small_error_ml)
    if is_there is None:
        return [*_presence(measurement, rules), *reasons]
    if not is_there:
        return [*_specks(measurement, rules), *reasons]
    return [
        *_volume(measurement, rules, location),
        *reasons,
        *_growth(growth, measurement, rules),
        *_markers(measurement, prediction, rules),
        *_bat_reasons(bat, measurement, rules),
    ]


def _presence(measurement: ScanMeasurement, rules: Rules) -> list[Reason]:
    said = f"{in_ml(measurement.in_pieces_ml)} marked as hematoma (it counts as one from {measurement.least_ml:g} mL)"
    return [_open(said, rules.small_error_ml, measurement.abc2.slice)]


def _specks(measurement: ScanMeasurement, rules: Rules) -> list[Reason]:
    """Much blood, all of it in specks: neither a hematoma nor nothing."""
    if measurement.specks_ml < measurement.least_ml + rules.small_error_ml:
        return []
    number = measurement.abc2.slice
    said = f"{in_ml(measurement.specks_ml)} marked, all in specks too small to be told from noise: look at slice {shown(number)}."
    return [Reason(said, False, number)]


def _volume(measurement: ScanMeasurement, rules: Rules, location: str | None) -> list[Reason]:
    told = in_ml(measurement.volume_ml)
    brainstem_ml = max(rules.brainstem_ml, measurement.least_ml)
    any_volume = "any volume" if rules.brainstem_ml == 0 else f"limit {rules.brainstem_ml:g} mL"
    checks = [
        (True, f"Hematoma of {told}", f"limit {rules.volume_ml:g} mL", rules.volume_ml, rules.volume_error_ml),
        (
            location == "cerebellum",
            f"Cerebellar hematoma of {told}",
            f"limit {rules.cerebellum_ml:g} mL, AHA/ASA 2022",
            rules.cerebellum_ml,
            rules.cerebellum_error_ml,
        ),
        (location == "brainstem", f"Hematoma in the brainstem, {told}", any_volume, brainstem_ml, rules.small_error_ml),
    ]
    found = []
    for applies, said, limit, limit_ml, error_ml in checks:
        if applies:
            found += _at_limit(measurement.volume_ml, limit_ml, error_ml, said, limit, measurement.abc2.slice)
    return found


def _ventricles(measurement: ScanMeasurement, rules: Rules) -> list[Reason]:
    """Blood in the ventricles, where it touches one; else that it does not."""
    limit_ml, error_ml, number = rules.intraventricular_ml, rules.intraventricular_error_ml, measurement.ivh_slice
    reasons = []
    if measurement.counted_ivh_ml > 0:
        said = f"Blood in the ventricles, {in_ml(measurement.counted_ivh_ml)}"
        reasons = _at_limit(measurement.counted_ivh_ml, limit_ml, error_ml, said, f"limit {limit_ml:g} mL", number)
    # What touches no ventricle decides nothing; it is asked about where it is no matter of measurement error.
    if not reasons and measurement.ivh_apart_ml > 0 and reached(measurement.ivh_apart_ml, limit_ml, error_ml):
        reasons = [Reason(f"{_apart(measurement)}: look at slice {shown(number)}.", False, number)]
    return reasons


def _at_limit(value_ml: float, limit_ml: float, error_ml: float, said: str, limit: str, number: int | None) -> list[Reason]:
    """The reason where a volume reaches its limit; an uncertain one where the error leaves it open."""
    is_reached = reached(value_ml, limit_ml, error_ml)
    if is_reached is None:
        return [_open(f"{said} ({limit})", error_ml, number)]
    return [Reason(f"{said} ({limit}).", True, number)] if is_reached else []


def _open(said: str, error_ml: float, number: int | None) -> Reason:
    near = f"give or take a measurement error of {error_ml:g} mL the limit may or may not be reached"
    return Reason(f"{said}: {near}, so check slice {shown(number)}.", False, number)


def _growth(growth: Growth | None, measurement: ScanMeasurement, rules: Rules) -> list[Reason]:
    if growth is None:
        return []
    number = measurement.abc2.slice
    limits_ml = {name: limit for name, limit in growth.limits_ml.items() if name in rules.growth}
    reasons = []
    if limits_ml and growth.change_ml > rules.small_error_ml:  # less is what two looks at one scan differ by
        grew = f"Grew by {in_ml(growth.change_ml)}" + ("" if growth.change_percent is None else f" ({growth.change_percent:.0f} %)")
        criteria = "; ".join(GROWTH_CRITERIA[name] for name in limits_ml)
        said = f"{grew} since the earlier scan"
        reasons = _at_limit(growth.change_ml, min(limits_ml.values()), rules.growth_error_ml, said, f"limit {criteria}", number)
    new = growth.new_ivh and measurement.counted_ivh_ml > 0
    if (
        "new_intraventricular" in rules.growth
        and new
        and reached(measurement.counted_ivh_ml, rules.intraventricular_ml, rules.intraventricular_error_ml)
    ):
        reasons.append(Reason("New blood in the ventricles since the earlier scan.", True, measurement.ivh_slice))
    return reasons


def _markers(measurement: ScanMeasurement, prediction: NetworkMarkers | None, rules: Rules) -> list[Reason]:
    """The signs; on a small hematoma none of them counts."""
    if measurement.volume_ml < rules.least_sign_ml:
        return []
    return [reason for marker in MARKERS for reason in _sign(marker, measurement, prediction, rules)]


def _sign(marker: str, measurement: ScanMeasurement, prediction: NetworkMarkers | None, rules: Rules) -> list[Reason]:
    by_network, by_measurement = marker_seen(marker, measurement, prediction)
    by_network = by_network if marker in rules.network else None
    counts = by_measurement and marker in rules.evidence
    said = ""
    if by_network is not None:
        probability, threshold = prediction.probabilities[marker], prediction.thresholds[marker]
        said = f"network {100 * probability:.0f} %, threshold {100 * threshold:.0f} %"
        if not counts and abs(probability - threshold) < rules.probability_error:
            number = prediction.marker_slices.get(marker)
            where = measurement.abc2.slice if number is None else number
            near = f"give or take {100 * rules.probability_error:g} % it may or may not be there, so check slice {shown(where)}"
            return [Reason(f"{MARKER_NAMES[marker]} ({said}): {near}.", False, where)]
    grounds = [said] * bool(by_network) + ["measured on the scan"] * counts
    if not grounds:
        return []
    doubt = "; network and measurement disagree" if by_network is not None and by_network != by_measurement else ""
    return [Reason(f"{MARKER_NAMES[marker]} ({'; '.join(grounds)}{doubt}).")]


def _bat_reasons(bat: Bat | None, measurement: ScanMeasurement, rules: Rules) -> list[Reason]:
    if bat is None or bat.score < rules.bat_score or measurement.volume_ml < rules.least_sign_ml:
        return []
    return [Reason(f"BAT score {bat.score} of 5 (limit {rules.bat_score:g}, Morotti 2018).")]


def outside_the_brain(outside: OutsideBlood | None) -> list[Reason]:
    """That there is blood which nothing here measures: someone has to look."""
    if outside is None or not outside.is_seen:
        return []
    said = "Blood outside the brain (subarachnoid, subdural or epidural) seems to be there; this program does not measure it"
    return [Reason(f"{said}: look at slice {shown(outside.slice)}.", False, outside.slice)]


def watched(measurement: ScanMeasurement) -> Reason:
    """Why a hematoma is watched: there is no reason to refer."""
    return Reason(
        f"Hematoma of {in_ml(measurement.volume_ml)} without any of the reasons to refer now. "
        "Repeat the scan if the patient worsens."
    )


def nothing(measurement: ScanMeasurement) -> list[Reason]:
    """What was marked where no hematoma counts."""
    if measurement.volume_ml == 0:
        return [Reason("Nothing was marked as hematoma."), *left_out(measurement)]
    marked = f"Only {in_ml(measurement.volume_ml)} was marked, too little to count as a hematoma (from {measurement.least_ml:g} mL)"
    return [Reason(f"{marked}: slice {shown(measurement.abc2.slice)}."), *left_out(measurement)]


def left_out(measurement: ScanMeasurement) -> list[Reason]:
    """What was marked as ventricular blood and does not count."""
    if measurement.ivh_apart_ml == 0:
        return []
    return [Reason(f"{_apart(measurement)}: it does not count (slice {shown(measurement.ivh_slice)}).")]


def _apart(measurement: ScanMeasurement) -> str:
    marked = f"{in_ml(measurement.ivh_apart_ml)} was marked as blood in the ventricles"
    if not measurement.ventricles_seen:
        return f"{marked}, but no ventricle can be seen on this scan"
    return f"{marked} but touches no ventricle, as the falx, a sinus or the choroid plexus would"
