"""One decision that a clinic can act on: refer now, watch, or no hematoma found, with its reasons and what is not known.

No decision rests on a volume that lies nearer to its limit than its error of measurement, nor on blood that cannot be: then
the answer is to watch, uncertain, and to look at a slice, or that there is no verdict. Limits and errors come from
``rules``; what counts as a hematoma is the measurement's to say (``ScanMeasurement.has_hematoma``).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from LesionReadingLib.errors import InputError
from LesionReadingLib.language import N_, _
from LesionReadingLib.text.counting import shown_list

from ..labels import LOCATIONS
from ..measurement.markers.bat import BAT_EARLY, BAT_EARLY_HOURS, Bat, bat_of
from ..measurement.markers.network_result import NetworkResult
from .reason import Reason
from .reasons import left_out, nothing, outside_the_brain, reason_to_watch, reasons_to_refer
from .rules import Rules, listed, reached, rule_in_words

if TYPE_CHECKING:
    from ..growth.expansion import Growth
    from ..measurement.scan import ScanMeasurement


class Decision(StrEnum):
    """The code of a decision: programs branch on it, never on its words."""

    REFER_NOW = "refer_now"
    WATCH = "watch"
    UNCERTAIN = "watch_uncertain"
    NONE_FOUND = "no_hematoma_found"
    NO_VERDICT = "no_verdict"


TITLES = {
    Decision.REFER_NOW: N_("Refer now"),
    Decision.WATCH: N_("Watch"),
    Decision.UNCERTAIN: N_("Watch, uncertain"),
    Decision.NONE_FOUND: N_("No hematoma found"),
    Decision.NO_VERDICT: N_("No verdict"),
}

NOT_LOOKED_FOR = N_(
    "Only fresh blood in the brain and its ventricles is looked for. A small or old bleed may be missed, and subdural, epidural "
    "and subarachnoid blood is not looked for: bleeding other than that marked is not ruled out."
)
LOOKED_FOR_OUTSIDE = N_(
    "Only fresh blood is looked for, and only blood in the brain and its ventricles is measured. A small or old bleed may be "
    "missed. Subdural, epidural and subarachnoid blood is told where much of it is seen, and may be missed, too: bleeding other "
    "than that marked is not ruled out."
)


@dataclass(frozen=True)
class Triage:
    """What to do, and why.

    Attributes:
        decision: what is decided.
        reasons: one sentence each, with the limit of the rule that fired. look_at: slices to look at before anything is decided.
        rule: the whole rule in words. source: where its limits came from.
        location: as the user chose it; None where not known.
        bat: the BAT score; None where its signs are not judged.
        unknown: sentences: what was not given and could change the decision.
        limits: sentences: what no decision of ours can rule out.
        only_marker: the marker that is the only reason; None where there is another reason, too.
    """

    decision: Decision
    reasons: tuple[str, ...]
    look_at: tuple[int, ...]
    rule: str
    source: str
    location: str | None
    bat: Bat | None
    unknown: tuple[str, ...]
    limits: tuple[str, ...]
    only_marker: str | None = None

    @property
    def title(self) -> str:
        """The decision in words, with the slice to look at."""
        title = _(TITLES[self.decision])
        if not self.look_at:
            return title
        return _("{decision}: look at {slices}").format(decision=title, slices=shown_list("slice", self.look_at))


def triage(
    measurement: ScanMeasurement,
    network: NetworkResult | None,
    growth: Growth | None,
    rules: Rules,
    *,
    location: str | None = None,
    onset_to_ct_hours: float | None = None,
) -> Triage:
    """Decide by the rules.

    Args:
        measurement: of the hematoma. network: None where only a mask was measured.
        growth: since an earlier scan; None where there is none.
        location: one of ``labels.LOCATIONS`` as the user chose; None where not known.
        onset_to_ct_hours: from the first symptom to the scan, as the user gave it; None where not known.

    Raises:
        InputError: the location is none of ours, or the hours are negative or no number.
    """
    if location is not None and location not in LOCATIONS:
        raise InputError(_("The location {location} is not known; use {known}.").format(location=location, known=listed(LOCATIONS)))
    if onset_to_ct_hours is not None and not onset_to_ct_hours >= 0:
        raise InputError(
            _("{hours:g} hours from onset to CT cannot be; give 0 or more, or leave it out.").format(hours=onset_to_ct_hours)
        )
    bat = bat_of(measurement, network, onset_to_ct_hours) if measurement.shows_signs else None
    unknown = _unknown(measurement, growth, rules, location, bat) if measurement.has_hematoma else []
    outside = network.outside if network else None
    speaking = [*reasons_to_refer(measurement, network, growth, rules, location, bat), *outside_the_brain(network)]
    decision, reasons = _decided(measurement, speaking)
    limits = (_(NOT_LOOKED_FOR if outside is None else LOOKED_FOR_OUTSIDE),)
    uncertain = decision is Decision.UNCERTAIN
    look_at = sorted({reason.slice for reason in reasons if reason.slice is not None}) if uncertain else []
    return Triage(
        decision=decision,
        reasons=tuple(reason.sentence for reason in reasons),
        look_at=tuple(look_at),
        rule=rule_in_words(rules),
        source=rules.source,
        location=location,
        bat=bat,
        unknown=tuple(unknown),
        limits=limits,
        only_marker=reasons[0].marker if len(reasons) == 1 else None,
    )


def to_json(decided: Triage) -> dict[str, Any]:
    """For ``measurements.json``; ``code`` is for programs, ``decision`` says in words what to do."""
    bat = decided.bat and {
        "score": decided.bat.score,
        "blend": decided.bat.blend,
        "hypodensity": decided.bat.hypodensity,
        "onset_to_ct_hours": decided.bat.onset_to_ct_hours,
    }
    return {
        "code": str(decided.decision),
        "decision": in_words(decided.decision),
        "reasons": list(decided.reasons),
        "look_at_slices": list(decided.look_at),
        "rule": decided.rule,
        "source": decided.source,
        "location": decided.location,
        "bat": bat,
        "unknown": list(decided.unknown),
        "limits": list(decided.limits),
    }


def in_words(decision: Decision) -> str:
    """What to do, in lower case, as it is written to ``measurements.json``; an uncertain watch is a watch."""
    return TITLES[Decision.WATCH if decision is Decision.UNCERTAIN else decision].lower()


def _decided(measurement: ScanMeasurement, reasons: list[Reason]) -> tuple[Decision, list[Reason]]:
    """The decision, with the reasons that carry it first."""
    if measurement.doubts:
        return Decision.NO_VERDICT, [*(Reason(doubt) for doubt in measurement.doubts), *reasons]
    if any(reason.certain for reason in reasons):
        return Decision.REFER_NOW, sorted(reasons, key=lambda reason: not reason.certain)
    if reasons:
        return Decision.UNCERTAIN, reasons
    if measurement.has_hematoma:
        return Decision.WATCH, [reason_to_watch(measurement), *left_out(measurement)]
    return Decision.NONE_FOUND, nothing(measurement)


def _unknown(measurement: ScanMeasurement, growth: Growth | None, rules: Rules, location: str | None, bat: Bat | None) -> list[str]:
    unknown = []
    if measurement.shows_signs and not measurement.with_ct:
        unknown.append(
            _(
                "No scan was given with the contours, so the signs in the density (hypodensity, blend sign, fluid level) could not "
                "be assessed."
            )
        )
    if location is None:
        places = ["brainstem"] if measurement.volume_ml >= rules.brainstem_ml else []
        places += ["cerebellum"] if reached(measurement.volume_ml, rules.cerebellum_ml, rules.cerebellum_error_ml) else []
        if places:
            where = _(" or ").join(_(location) for location in places)
            sentence = _("The location was not given. In the {location} this volume alone is a reason to refer now.")
            unknown.append(sentence.format(location=where))
    if bat and bat.onset_to_ct_hours is None:
        unknown.append(
            _("The time from onset to CT is not known. If it was under {hours:g} h, the BAT score is {score} of 5.").format(
                hours=BAT_EARLY_HOURS, score=bat.score + BAT_EARLY
            )
        )
    if growth is None:
        unknown.append(_("No earlier scan was given, so growth could not be assessed."))
    return unknown
