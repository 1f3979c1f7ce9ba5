"""The first screen of a head CT's report, below the decision and its reasons."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from LesionReadingLib.language import _, joined, listed
from LesionReadingLib.model.bundle import figures_of
from LesionReadingLib.presenting.consequences import Consequences
from LesionReadingLib.presenting.first_screen import FirstScreen, Meaning

from ..growth.expansion import BETWEEN_READERS_ML, WITHIN_READER_ML, Growth
from ..labels import MARKER_NAMES, MARKERS
from ..measurement.markers.bat import BAT_HIGH_RISK
from ..measurement.markers.network_result import marker_seen, probability_range, volume_range_ml
from ..measurement.markers.sureness import COUNTED, SHARE
from ..measurement.volume import in_ml
from ..triage.rules import Rules
from .look_first import look_first

if TYPE_CHECKING:
    from ..measurement.scan import ScanMeasurement
    from ..triage.decision import Triage
    from ..triage.findings import Findings

HARD_HEADS, FALSELY_MARKED, VOLUMES_IN_RANGE = "wide", "marked_without_blood", "volumes_in_range"
FOUND_BLEEDS = ("bleeds_under_1_ml", "bleeds_1_to_3_ml", "bleeds_over_3_ml")
"""Names in a bundle's ``eval_metrics``: the figures on hard phantom heads, in how many of those without blood some was marked, how
often ranges held the true volume, and how many bleeds were found, by size."""
LEAST_TOLD_ML = 0.05
SHIPPED_CONSEQUENCES = Path(__file__).parents[1] / "data" / "consequences.toml"


def first_screen(findings: Findings, rules: Rules, consequences: Consequences) -> FirstScreen:
    """Everything of the first screen.

    Args:
        rules: of the decision, with the errors of measurement. consequences: texts on what to do.
    """
    measurement, decided = findings.measurement, findings.triage
    model = findings.network.model if findings.network else None
    return FirstScreen(
        found=(),
        meanings=_meanings(measurement, decided, rules, consequences),
        certainty=(
            *_network_range(findings),
            *_how_often_found(measurement, model),
            *_sign_ranges(findings),
            *_volume_range(measurement, model, rules),
            *_ventricle_range(measurement, rules),
            *_growth_range(findings.growth),
            *_signs(findings),
        ),
        checks=look_first(findings),
        not_looked_for=joined(*decided.limits),
        network=_network(model),
    )


def signs_not_judged(measurement: ScanMeasurement) -> str:
    """That no sign is told of a hematoma that is too small to show one."""
    sentence = _("Signs: not judged, as they cannot be told on a hematoma under {least:g} mL.")
    return sentence.format(least=measurement.least_sign_ml)


def _meanings(measurement: ScanMeasurement, decided: Triage, rules: Rules, texts: Consequences) -> tuple[Meaning, ...]:
    meanings = [texts.of(str(decided.decision))]
    if not measurement.has_hematoma:
        return tuple(meanings)
    if decided.location == "cerebellum" and measurement.volume_ml >= rules.cerebellum_ml:
        meanings.append(texts.of("cerebellum"))
    if measurement.counted_ivh_ml >= rules.intraventricular_ml:
        meanings.append(texts.of("ventricles"))
    if decided.bat and decided.bat.score >= BAT_HIGH_RISK:
        meanings.append(texts.of("bat_high", score=decided.bat.score))
    return tuple(meanings)


def _network_range(findings: Findings) -> list[str]:
    """The range of the volume by the network's own scores, and how often such a range held the truth."""
    network = findings.network
    if network is None:
        return []
    if network.sureness is None:
        return [_("How sure the network was of volume and signs has not been measured for this model.")]
    ends = volume_range_ml(network)
    if ends is None:
        return [_("Volume: the contour was corrected, so the range of the network's own contour no longer holds.")]
    if ends[1] < LEAST_TOLD_ML:  # how often bleeds are missed tells more than that the network is sure of nothing
        return []
    sentence = _("Volume: {low:.1f} to {high:.1f} mL by the network's own scores ({share:.0f} % range).").format(
        low=ends[0], high=ends[1], share=100 * SHARE
    )
    return [joined(sentence, _volumes_held(network.model))]


def _how_often_found(measurement: ScanMeasurement, model: Mapping[str, Any] | None) -> list[str]:
    """Where nothing was marked, how many bleeds are found; else how often something is marked where there is no blood."""
    counted = {name: one for name, one in figures_of(model, HARD_HEADS).items() if _is_count(one, "found")}
    if not {*FOUND_BLEEDS, FALSELY_MARKED} <= counted.keys():
        return []
    if measurement.volume_ml:
        sentence = _(
            "On phantom heads that are hard to read, blood was marked in {found} of {count} that had none; "
            "in patients that is not known."
        )
        return [sentence.format(**counted[FALSELY_MARKED])]
    small, medium, large = (counted[name] for name in FOUND_BLEEDS)
    sentence = _(
        "On phantom heads that are hard to read, {small} of {smalls} bleeds under 1 mL were found, {medium} of {mediums} of 1 to "
        "3 mL and {large} of {larges} larger ones; in patients that is not known."
    ).format(
        small=small["found"],
        smalls=small["count"],
        medium=medium["found"],
        mediums=medium["count"],
        large=large["found"],
        larges=large["count"],
    )
    return [sentence]


def _volumes_held(model: Mapping[str, Any]) -> str:
    volume = _counted(model).get("volume")
    if not _is_count(volume, "held"):
        return _("How often such a range holds the truth has not been measured.")
    hard = figures_of(model, HARD_HEADS).get(VOLUMES_IN_RANGE)
    if not _is_count(hard, "held"):
        held = _("On phantoms such a range held the true volume in {held} of {count} heads; in patients that is not known.")
        return held.format(held=volume["held"], count=volume["count"])
    both = _(
        "On phantoms such a range held the true volume in {held} of {count} heads, and in {hard} of {hards} that are hard to read; "
        "in patients that is not known."
    )
    return both.format(held=volume["held"], count=volume["count"], hard=hard["held"], hards=hard["count"])


def _sign_ranges(findings: Findings) -> list[str]:
    """The range of each sign's probability; which of them leave the sign open, and how often they held the truth."""
    measurement, network = findings.measurement, findings.network
    ranges = {marker: probability_range(marker, measurement, network) for marker in MARKERS}
    if not all(ranges.values()):
        return []
    signs = listed(
        _sign_range(marker, *ends, is_open=ends[0] < network.thresholds[marker] <= ends[1]) for marker, ends in ranges.items()
    )
    sentence = _("Signs, {share:.0f} % ranges of the probability: {signs}.").format(share=100 * SHARE, signs=signs)
    shown = _counted(network.model).get("signs")
    counted = [one for one in shown.values() if _is_count(one, "held")] if isinstance(shown, Mapping) else []
    if not counted:
        return [sentence]
    shares = [100 * one["held"] / one["count"] for one in counted]
    held = _("On phantoms such ranges did not contradict the truth in {low:.0f} to {high:.0f} % of heads, by sign.")
    return [joined(sentence, held.format(low=min(shares), high=max(shares)))]


def _sign_range(marker: str, low: float, high: float, *, is_open: bool) -> str:
    text = _("{sign} {low:.0f} to {high:.0f} %")
    if is_open:
        text = _("{sign} {low:.0f} to {high:.0f} % (open)")
    elif round(100 * low) == round(100 * high):
        text = _("{sign} {high:.0f} %")
    return text.format(sign=_(MARKER_NAMES[marker]).lower(), low=100 * low, high=100 * high)


def _is_count(figure: Any, of: str) -> bool:
    """Whether a figure tells how many there were, and of how many of them something was so."""
    return isinstance(figure, Mapping) and {of, "count"} <= figure.keys() and figure["count"] != 0


def _counted(model: Mapping[str, Any]) -> Mapping[str, Any]:
    """How often the model's ranges held the truth of held-out heads."""
    return figures_of(model, COUNTED)


def _volume_range(measurement: ScanMeasurement, model: Mapping[str, Any] | None, rules: Rules) -> list[str]:
    if not measurement.has_hematoma:
        return []
    volume_ml = measurement.volume_ml
    low_ml, high_ml = max(0.0, volume_ml - BETWEEN_READERS_ML), volume_ml + BETWEEN_READERS_ML
    sentences = [
        _(
            "Hematoma {volume}: another reader may measure {low:.1f} to {high:.1f} mL (two readers differ by about {error:g} mL)."
        ).format(volume=in_ml(volume_ml), low=low_ml, high=high_ml, error=BETWEEN_READERS_ML)
    ]
    phantom = _phantom(model)
    if "median_volume_error_ml" in phantom and not _counted(model or {}):  # how often ranges held the truth tells more
        off = (
            _("On {count} phantom heads the network's volume was off by {error:.1f} mL in the median.")
            if "patients" in phantom
            else _("On phantoms the network's volume was off by {error:.1f} mL in the median.")
        ).format(count=phantom.get("patients"), error=phantom["median_volume_error_ml"])
        sentences.append(joined(off, _("Its error in patients is not known.")))
    return sentences


def _ventricle_range(measurement: ScanMeasurement, rules: Rules) -> list[str]:
    counted_ml, error_ml = measurement.counted_ivh_ml, rules.intraventricular_error_ml
    if counted_ml == 0 or error_ml == 0:
        return []
    low_ml, high_ml = max(0.0, counted_ml - error_ml), counted_ml + error_ml
    sentence = _("Ventricles {volume}: {low:.1f} to {high:.1f} mL (± {error:g} mL, measured on phantoms with little blood there).")
    return [sentence.format(volume=in_ml(counted_ml), low=low_ml, high=high_ml, error=error_ml)]


def _growth_range(growth: Growth | None) -> list[str]:
    if growth is None:
        return []
    low_ml, high_ml = growth.change_ml - BETWEEN_READERS_ML, growth.change_ml + BETWEEN_READERS_ML
    within = _("this may be no change at all") if growth.within_error else _("this is more than readers differ by")
    return [
        _(
            "Change {change:+.1f} mL: {low:+.1f} to {high:+.1f} mL given that two readers differ by about {two:g} mL (one reader "
            "by {one:g} mL); {within}."
        ).format(change=growth.change_ml, low=low_ml, high=high_ml, two=BETWEEN_READERS_ML, one=WITHIN_READER_ML, within=within)
    ]


def _signs(findings: Findings) -> list[str]:
    """How well the network tells the signs that it or the measurement sees; that none is judged where the hematoma is too small."""
    measurement, network = findings.measurement, findings.network
    if measurement.too_small_for_signs:
        return [signs_not_judged(measurement)]
    if network is None:
        return []
    auc = _phantom(network.model).get("auc")
    auc = auc if isinstance(auc, Mapping) else {}
    seen = [marker for marker in MARKERS if any(marker_seen(marker, measurement, network)) and marker in auc]
    if not seen:
        return []
    areas = listed(f"{_(MARKER_NAMES[marker]).lower()} {auc[marker]:.2f}" for marker in seen)
    sentence = _(
        "Signs: how well the network told them on phantoms (AUC; 1 is perfect, 0.5 is chance): {signs}. Not measured in patients."
    )
    return [sentence.format(signs=areas)]


def _network(model: Mapping[str, Any] | None) -> tuple[str, ...]:
    if not model:
        return ()
    source = model.get("data_source")
    learnt = _("It was trained on: {source}.").format(source=_(str(source)).rstrip(".。"))
    return (learnt if source else _("The model does not say what it was trained on."),)


def _phantom(model: Mapping[str, Any] | None) -> Mapping[str, Any]:
    return figures_of(model, "phantom")
