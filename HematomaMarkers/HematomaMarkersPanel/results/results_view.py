"""What was found, in words: the triage on top, its reasons, the volumes, and the growth."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from HematomaMarkersLib.colors import DECISION_COLORS
from LesionReadingLib.text.counting import shown
from slicer.i18n import tr as _

if TYPE_CHECKING:
    from HematomaMarkersLib.growth.expansion import Growth
    from HematomaMarkersLib.triage.decision import Triage
    from HematomaMarkersLib.triage.findings import Findings


def showFindings(ui, findings: Findings, edited: bool) -> None:
    """Show the triage, the volumes and the growth, and whether the contour is no longer the network's own."""
    from HematomaMarkersLib.measurement.markers.network_result import volume_range_ml
    from HematomaMarkersLib.measurement.volume import in_ml

    decided, measured = findings.triage, findings.measurement
    ui.triageLabel.text = triageText(decided)
    colour = DECISION_COLORS[decided.decision]
    ui.triageLabel.styleSheet = f"background: {colour}; color: #FFFFFF; padding: 4px; border-radius: 3px;"
    ui.reasonsLabel.text = reasonsText(decided)
    ui.reasonsLabel.toolTip = decided.rule
    notKnown = (*decided.unknown, *decided.limits)
    ui.limitsLabel.text = "\n".join(notKnown)
    ui.limitsButton.text = _("What is not known ({count})").format(count=len(notKnown))
    ui.limitsButton.visible = bool(notKnown)
    counted = markedText(measured.volume_ml, measured.volume_ml if measured.has_hematoma else 0.0)
    ui.volumeLabel.text = withRange(counted, volume_range_ml(findings.network))
    ui.abc2Label.text = in_ml(measured.abc2_ml)
    ui.ivhLabel.text = markedText(measured.ivh_ml, measured.counted_ivh_ml)
    ui.editedLabel.visible = edited
    ui.growthBox.visible = findings.growth is not None
    if findings.growth is not None:
        ui.growthLabel.text = growthText(findings.growth)
        ui.growthDefinitionsLabel.text = growthDefinitions(findings.growth)


def triageText(decided: Triage) -> str:
    """The decision in large letters."""
    texts = {
        "refer_now": _("Refer now"),
        "watch": _("Watch"),
        "watch_uncertain": _("Watch, uncertain"),
        "no_hematoma_found": _("No hematoma found"),
        "no_verdict": _("No verdict"),
    }
    if not decided.look_at:
        return texts[decided.decision]
    slices = ", ".join(str(shown(number)) for number in decided.look_at)
    return _("{decision}: look at slice {slices}").format(decision=texts[decided.decision], slices=slices)


def markedText(marked_ml: float, counted_ml: float) -> str:
    """A volume that counts; what was marked and does not is said."""
    from HematomaMarkersLib.measurement.volume import in_ml

    apart_ml = marked_ml - counted_ml
    if apart_ml <= 0:
        return in_ml(marked_ml)
    if counted_ml <= 0:
        return _("{marked} marked, does not count").format(marked=in_ml(marked_ml))
    return _("{counted} (and {apart} marked that does not count)").format(counted=in_ml(counted_ml), apart=in_ml(apart_ml))


def withRange(volume: str, ends: tuple[float, float] | None) -> str:
    """A volume with the range in which the network's own scores leave it; the volume alone where that is not known."""
    if ends is None:
        return volume
    return _("{volume} ({low:.1f} to {high:.1f})").format(volume=volume, low=ends[0], high=ends[1])


def reasonsText(decided: Triage) -> str:
    """The reasons as a list."""
    reasons = "".join(f"<li>{escape(reason)}</li>" for reason in decided.reasons)
    return f'<ul style="margin: 0 0 4px -24px;">{reasons}</ul>'


def growthText(growth: Growth) -> str:
    """Change in mL and percent since the earlier scan."""
    percent = "" if growth.change_percent is None else _(" ({percent:+.0f} %)").format(percent=growth.change_percent)
    now_ml = growth.prior_ml + growth.change_ml
    return _("{change:+.1f} mL{percent} since the earlier CT: {prior:.1f} to {now:.1f} mL").format(
        change=growth.change_ml, percent=percent, prior=growth.prior_ml, now=now_ml
    )


def growthDefinitions(growth: Growth) -> str:
    """Whether it is growth by each definition, and whether it may be an error of measurement."""
    from HematomaMarkersLib.growth.expansion import BETWEEN_READERS_ML, WITHIN_READER_ML

    sentences = [
        _("30 % or more: {answer}").format(answer=_yesNo(growth.expanded_seed_30_percent)),
        _("6 mL or more, or 33 % or more: {answer}").format(answer=_yesNo(growth.expanded_6ml_or_33_percent)),
        _("New blood in the ventricles: {answer}").format(answer=_yesNo(growth.new_ivh)),
    ]
    error = _("two readers differ by about {between:g} mL, one by {within:g} mL").format(
        between=BETWEEN_READERS_ML, within=WITHIN_READER_ML
    )
    within = (
        _("Within the error of measurement: {error}.") if growth.within_error else _("Beyond the error of measurement: {error}.")
    )
    return "<br>".join(
        [
            *map(escape, sentences),
            f"<b>{escape(within.format(error=error))}</b>" if growth.within_error else escape(within.format(error=error)),
        ]
    )


def _yesNo(value: bool) -> str:
    return _("yes") if value else _("no")
