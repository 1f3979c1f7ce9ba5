"""One decision that a clinic can act on: refer now, watch, or no hematoma found, with its reasons and what is not known.

The limits come from a small TOML file that anyone can edit (``data/triage.toml``, which also names where each comes from).
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from LesionReadingLib.errors import InputError

from .labels import BLEND, HYPODENSITY, LOCATIONS, MARKER_NAMES, MARKERS

if TYPE_CHECKING:
    from .growth import Growth
    from .measurement import ScanMeasurement

SHIPPED_RULES = Path(__file__).parent / "data" / "triage.toml"
REFER_NOW, WATCH, NONE_FOUND = "refer now", "watch", "no hematoma found"

BAT_BLEND, BAT_HYPODENSITY, BAT_EARLY = 1, 2, 2
BAT_HIGH_RISK = 3
BAT_EARLY_HOURS = 2.5
"""BAT score: Morotti A et al. Predicting intracerebral hemorrhage expansion with noncontrast CT. Stroke 2018;49:1163."""

GROWTH_CRITERIA = {
    "seed_30_percent": "30 % or more",
    "6ml_or_33_percent": "6 mL or more, or 33 % or more",
    "new_intraventricular": "any new blood in the ventricles",
}
NOT_LOOKED_FOR = (
    "Small or old bleeds and bleeds of other kinds (subdural, epidural, subarachnoid) are not looked for: "
    "this does not rule out a bleed."
)


@dataclass(frozen=True)
class NetworkMarkers:
    """What a network said of the markers, as it was kept; a ``Prediction`` says it, too.

    Attributes:
        probabilities: of every marker in the patient; None where no slice shows a hematoma.
        thresholds: the probability from which each marker counts as found.
    """

    probabilities: Mapping[str, float | None]
    thresholds: Mapping[str, float]


@dataclass(frozen=True)
class Rules:
    """When to refer now; volumes in mL, each a limit at or above which the rule fires (``inf``: never).

    Attributes:
        volume_ml, intraventricular_ml: of the whole hematoma, of the blood in the ventricles.
        cerebellum_ml, brainstem_ml: of a hematoma whose location was chosen as such.
        growth: which of ``GROWTH_CRITERIA`` count. network, evidence: which markers count, by the network and by measurement.
        bat_score: lowest BAT score that fires.
        below_ml: a hematoma smaller than this counts as not found.
        source: where the rules came from, for the report.
    """

    volume_ml: float
    intraventricular_ml: float
    cerebellum_ml: float
    brainstem_ml: float
    growth: tuple[str, ...]
    network: tuple[str, ...]
    evidence: tuple[str, ...]
    bat_score: float
    below_ml: float
    source: str = "shipped rules"


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


@dataclass(frozen=True)
class Triage:
    """What to do, and why.

    Attributes:
        decision: ``REFER_NOW``, ``WATCH`` or ``NONE_FOUND``.
        reasons: one sentence each, with the limit of the rule that fired.
        rule: the whole rule in words. source: where its limits came from.
        location: as the user chose it; None where not known.
        bat: the BAT score; None where no hematoma was found.
        unknown: sentences: what was not given and could change the decision.
    """

    decision: str
    reasons: tuple[str, ...]
    rule: str
    source: str
    location: str | None
    bat: Bat | None
    unknown: tuple[str, ...]


def read_rules(path: Path | None = None) -> Rules:
    """The shipped rules, or those of a file laid over them.

    Raises:
        InputError: the file cannot be read, is not TOML, or holds a name or a value that is none of the rules'.
    """
    shipped = _laid_over(None, SHIPPED_RULES)
    return shipped if path is None else replace(_laid_over(shipped, path), source=path.name)


def triage(
    measurement: ScanMeasurement,
    prediction: NetworkMarkers | None,
    growth: Growth | None,
    rules: Rules,
    location: str | None = None,
    onset_to_ct_hours: float | None = None,
) -> Triage:
    """Decide by the rules.

    Args:
        measurement: of the hematoma. prediction: of the network, or what was kept of it; None where only a mask was measured.
        growth: since an earlier scan; None where there is none.
        location: one of ``labels.LOCATIONS`` as the user chose; None where not known.
        onset_to_ct_hours: from the first symptom to the scan, as the user gave it; None where not known.

    Raises:
        InputError: the location is none of ours, or the hours are negative or no number.
    """
    if location is not None and location not in LOCATIONS:
        raise InputError(f"The location {location} is not known; use {_listed(LOCATIONS)}.")
    if onset_to_ct_hours is not None and not onset_to_ct_hours >= 0:
        raise InputError(f"{onset_to_ct_hours:g} hours from onset to CT cannot be; give 0 or more, or leave it out.")
    found = measurement.volume_ml >= rules.below_ml
    bat = _bat(measurement, prediction, onset_to_ct_hours) if found else None
    reasons = _ventricles(measurement, rules)
    if found:
        reasons = [
            *_volume(measurement, rules, location),
            *reasons,
            *_growth(growth, rules),
            *_markers(measurement, prediction, rules),
            *_bat_reasons(bat, rules),
        ]
    if reasons:
        decision = REFER_NOW
    else:
        decision = WATCH if found else NONE_FOUND
        reasons = [_watched(measurement)] if found else _nothing(measurement, rules)
    unknown = _unknown(measurement, growth, rules, location, bat) if found else []
    return Triage(decision, tuple(reasons), rule_in_words(rules), rules.source, location, bat, tuple(unknown))


def to_json(decided: Triage) -> dict[str, Any]:
    """For ``measurements.json``."""
    bat = decided.bat and {
        "score": decided.bat.score,
        "blend": decided.bat.blend,
        "hypodensity": decided.bat.hypodensity,
        "onset_to_ct_hours": decided.bat.onset_to_ct_hours,
    }
    return {
        "decision": decided.decision,
        "reasons": list(decided.reasons),
        "rule": decided.rule,
        "source": decided.source,
        "location": decided.location,
        "bat": bat,
        "unknown": list(decided.unknown),
    }


def marker_seen(marker: str, measurement: ScanMeasurement, prediction: NetworkMarkers | None) -> tuple[bool | None, bool]:
    """Whether the network (None where it does not say) and the measurement see a marker."""
    probability = prediction.probabilities.get(marker) if prediction else None
    by_network = None if probability is None else bool(probability >= prediction.thresholds[marker])
    return by_network, bool(measurement.evidence[marker].found)


def rule_in_words(rules: Rules) -> str:
    """The whole rule as a sentence, without what is switched off."""
    limits = [
        ("hematoma of {} mL or more", rules.volume_ml),
        ("blood in the ventricles of {} mL or more", rules.intraventricular_ml),
        ("cerebellar hematoma of {} mL or more", rules.cerebellum_ml),
        ("brainstem hematoma" + (" of {} mL or more" if rules.brainstem_ml > 0 else ""), rules.brainstem_ml),
    ]
    parts = [text.format(f"{limit:g}") for text, limit in limits if math.isfinite(limit)]
    parts += [f"growth by {GROWTH_CRITERIA[criterion]}" for criterion in rules.growth if criterion != "new_intraventricular"]
    parts += [GROWTH_CRITERIA["new_intraventricular"]] if "new_intraventricular" in rules.growth else []
    if rules.network:
        parts.append(f"network at or above its threshold for {_names(rules.network)}")
    if rules.evidence:
        parts.append(f"measured {_names(rules.evidence)}")
    if math.isfinite(rules.bat_score):
        parts.append(f"BAT score of {rules.bat_score:g} or more")
    return (
        f"Refer now if any of these holds: {'; '.join(parts)}. Watch: a hematoma of {rules.below_ml:g} mL or more "
        f"and none of these. No hematoma found: less than {rules.below_ml:g} mL."
    )


def _volume(measurement: ScanMeasurement, rules: Rules, location: str | None) -> list[str]:
    volume = measurement.volume_ml
    reasons = []
    if volume >= rules.volume_ml:
        reasons.append(f"Hematoma of {_ml(volume)} (limit {rules.volume_ml:g} mL).")
    if location == "cerebellum" and volume >= rules.cerebellum_ml:
        reasons.append(f"Cerebellar hematoma of {_ml(volume)} (limit {rules.cerebellum_ml:g} mL, AHA/ASA 2022).")
    if location == "brainstem" and volume >= rules.brainstem_ml:
        limit = f"limit {rules.brainstem_ml:g} mL" if rules.brainstem_ml > 0 else "any volume"
        reasons.append(f"Hematoma in the brainstem, {_ml(volume)} ({limit}).")
    return reasons


def _ventricles(measurement: ScanMeasurement, rules: Rules) -> list[str]:
    if measurement.ivh_ml < rules.intraventricular_ml or measurement.ivh_ml == 0:
        return []
    return [f"Blood in the ventricles, {_ml(measurement.ivh_ml)} (limit {rules.intraventricular_ml:g} mL)."]


def _growth(growth: Growth | None, rules: Rules) -> list[str]:
    if growth is None:
        return []
    reasons = []
    grew = f"Grew by {_ml(growth.change_ml)}" + ("" if growth.change_percent is None else f" ({growth.change_percent:.0f} %)")
    doubt = ", which is within the error between two readers" if growth.within_error else ""
    met = {"seed_30_percent": growth.expanded_seed_30_percent, "6ml_or_33_percent": growth.expanded_6ml_or_33_percent}
    criteria = [GROWTH_CRITERIA[name] for name in rules.growth if met.get(name)]
    if criteria:
        reasons.append(f"{grew} since the earlier scan (limit {'; '.join(criteria)}){doubt}.")
    if "new_intraventricular" in rules.growth and growth.new_ivh:
        reasons.append("New blood in the ventricles since the earlier scan.")
    return reasons


def _markers(measurement: ScanMeasurement, prediction: NetworkMarkers | None, rules: Rules) -> list[str]:
    reasons = []
    for marker in MARKERS:
        by_network, by_measurement = marker_seen(marker, measurement, prediction)
        grounds = []
        if by_network and marker in rules.network:
            grounds.append(
                f"network {100 * prediction.probabilities[marker]:.0f} %, threshold {100 * prediction.thresholds[marker]:.0f} %"
            )
        if by_measurement and marker in rules.evidence:
            grounds.append("measured on the scan")
        if grounds:
            doubt = "; network and measurement disagree" if by_network is not None and by_network != by_measurement else ""
            reasons.append(f"{MARKER_NAMES[marker]} ({'; '.join(grounds)}{doubt}).")
    return reasons


def _bat(measurement: ScanMeasurement, prediction: NetworkMarkers | None, onset_to_ct_hours: float | None) -> Bat:
    blend, hypodensity = (any(marker_seen(marker, measurement, prediction)) for marker in (BLEND, HYPODENSITY))
    return Bat(blend, hypodensity, onset_to_ct_hours)


def _bat_reasons(bat: Bat, rules: Rules) -> list[str]:
    return [f"BAT score {bat.score} of 5 (limit {rules.bat_score:g}, Morotti 2018)."] if bat.score >= rules.bat_score else []


def _watched(measurement: ScanMeasurement) -> str:
    return (
        f"Hematoma of {_ml(measurement.volume_ml)} without any of the reasons to refer now. Repeat the scan if the patient worsens."
    )


def _nothing(measurement: ScanMeasurement, rules: Rules) -> list[str]:
    marked = "Nothing was marked as hematoma."
    if measurement.volume_ml > 0:
        marked = f"Only {measurement.volume_ml:.2f} mL was marked, below the limit of {rules.below_ml:g} mL: look at its contour."
    if measurement.ivh_ml > 0:
        marked += f" {measurement.ivh_ml:.2f} mL was marked as blood in the ventricles."
    return [marked, NOT_LOOKED_FOR]


def _unknown(measurement: ScanMeasurement, growth: Growth | None, rules: Rules, location: str | None, bat: Bat) -> list[str]:
    asked = []
    if not measurement.with_ct:
        asked.append("No scan was given with the contours: signs in the density (hypodensity, blend, fluid level) are not known.")
    if location is None:
        told = ["brainstem"] if measurement.volume_ml >= rules.brainstem_ml else []
        told += ["cerebellum"] if measurement.volume_ml >= rules.cerebellum_ml else []
        if told:
            asked.append(f"Location not given: in the {' or '.join(told)} this volume is a reason to refer now.")
    if bat.onset_to_ct_hours is None:
        asked.append(f"Onset to CT not known: ask. Under {BAT_EARLY_HOURS:g} h the BAT score is {bat.score + BAT_EARLY} of 5.")
    if growth is None:
        asked.append("No earlier scan was compared: growth is not known.")
    return asked


def _laid_over(shipped: Rules | None, path: Path) -> Rules:
    """The rules of a file; what it leaves out is as in ``shipped``, or an error where that is None."""
    given: dict[str, Any] = {}
    for section, content in _parsed(path).items():
        if section not in _SECTIONS or not isinstance(content, Mapping):
            raise InputError(f"{path}: there is no section [{section}] in triage rules; use {_listed(_SECTIONS)}.")
        for name, value in content.items():
            if name not in _SECTIONS[section]:
                raise InputError(f"{path}: [{section}] has no rule {name}; use {_listed(_SECTIONS[section])}.")
            given[name] = _checked(path, section, name, value)
    return Rules(**given) if shipped is None else replace(shipped, **given)


def _parsed(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"The triage rules {path} cannot be read ({error.strerror}); name a readable file.") from error
    except ValueError as error:  # tomllib.TOMLDecodeError and UnicodeDecodeError
        raise InputError(f"The triage rules {path} are not valid TOML: {error}; correct that place.") from error


def _checked(path: Path, section: str, name: str, value: Any) -> float | tuple[str, ...]:
    choices = _LISTS.get(name)
    if choices is not None:
        if not isinstance(value, list) or not all(entry in choices for entry in value):
            raise InputError(f"{path}: [{section}] {name} must be a list of {_listed(choices)}; it is {value!r}.")
        return tuple(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0:
        raise InputError(f"{path}: [{section}] {name} must be a number from 0 (inf switches it off); it is {value!r}.")
    if section == "no_hematoma_found" and math.isinf(value):
        raise InputError(f"{path}: [{section}] {name} must be finite, or no hematoma would ever be found.")
    return float(value)


_LISTS = {"growth": tuple(GROWTH_CRITERIA), "network": MARKERS, "evidence": MARKERS}
_SECTIONS = {
    "refer_now": tuple(field.name for field in fields(Rules) if field.name not in ("below_ml", "source")),
    "no_hematoma_found": ("below_ml",),
}


def _listed(names: Mapping[str, Any] | tuple[str, ...]) -> str:
    return ", ".join(names)


def _names(markers: tuple[str, ...]) -> str:
    return ", ".join(MARKER_NAMES[marker].lower() for marker in markers)


def _ml(volume_ml: float) -> str:
    return f"{volume_ml:.1f} mL"
