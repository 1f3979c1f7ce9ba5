"""The first screen of a pullback's report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from LesionReadingLib.geometry.spacing import Spacing
from LesionReadingLib.language import N_, _, joined
from LesionReadingLib.model.bundle import figure_text, figures_of
from LesionReadingLib.presenting.consequences import Consequences
from LesionReadingLib.presenting.first_screen import FirstScreen, Meaning
from LesionReadingLib.text.counting import frames_in_words, shown_stretch

from ..measurement.pullback import PullbackMeasurement
from ..wall.calcium_range import CalciumRange, arc_ranges_deg, volume_range_mm3
from .cautions import REAL_FRAMES, model_cautions
from .headline import mm, stretch_of, worst_lesion
from .landing_zone import LandingZone, landing_zones, longest_run
from .look_first import look_first

Ranges = Sequence[CalciumRange | None]

SHIPPED_CONSEQUENCES = Path(__file__).parents[1] / "data" / "consequences.toml"
NOT_LOOKED_FOR = N_(
    "Lipid, thrombus, dissection, side branches and stent struts are not looked for. Calcium behind the guidewire and deeper than "
    "the light reaches is not seen."
)
_TWO_SIDED_95 = 1.96  # standard deviations on either side of the mean that hold 95 % of a normal distribution
_CIRCLE_DEG = 360


def first_screen(
    measurement: PullbackMeasurement,
    model: Mapping[str, Any] | None,
    *,
    consequences: Consequences | None = None,
    ranges: Ranges | None = None,
) -> FirstScreen:
    """Everything of the first screen.

    Args:
        model: what the bundle says of itself (``Bundle.summary``); None where no network took part.
        consequences: texts on what the findings may mean; the shipped ones where None.
        ranges: how far calcium may reach in each frame by the model's scores; None where no model gave any.
    """
    return FirstScreen(
        found=_landing(measurement),
        meanings=_meanings(measurement, consequences or Consequences(SHIPPED_CONSEQUENCES)),
        certainty=(*_arc_range(measurement, model, ranges), *_volume_range(measurement, model, ranges)),
        checks=look_first(measurement, ranges),
        not_looked_for=_(NOT_LOOKED_FOR),
        network=tuple(caution.sentence for caution in model_cautions(model)),
    )


def _meanings(measurement: PullbackMeasurement, texts: Consequences) -> tuple[Meaning, ...]:
    worst = worst_lesion(measurement)
    if worst is None:
        return (texts.of("no_calcium"),) if measurement.lumen_frames else ()
    score = worst.held.score
    name = "score_unknown" if score is None else "score_4" if score == 4 else "score_0_to_3"
    missing = _missing(measurement.spacing)
    scored = texts.of(name, score=score, missing=missing)
    met = [number for number, lesion in enumerate(measurement.lesions, 1) if lesion.held.rule_of_fives]
    if met:
        return scored, texts.of("rule_of_fives_met", lesion=", ".join(map(str, met)))
    unknown = any(lesion.held.rule_of_fives is None for lesion in measurement.lesions)
    return scored, texts.of("rule_of_fives_unknown" if unknown else "rule_of_fives_not_met", missing=missing)


def _missing(spacing: Spacing) -> str:
    """The spacings that are not known, in words."""
    names = {_("the pixel spacing"): spacing.in_plane_known, _("the frame spacing"): spacing.frame_mm is not None}
    return _(" and ").join(name for name, known in names.items() if not known)


def _arc_range(measurement: PullbackMeasurement, model: Mapping[str, Any] | None, ranges: Ranges | None) -> list[str]:
    held = measurement.held_arc
    if held.first_frame is None:
        return []
    arcs = [frame.arc_bridged_deg for frame in measurement.frames[held.first_frame : held.last_frame + 1]]
    over = _("Arc: {low:.0f} to {high:.0f} degrees over {frames}; {widest:.0f} degrees in the widest single frame.")
    if round(min(arcs)) == round(max(arcs)):
        over = _("Arc: {high:.0f} degrees over {frames}; {widest:.0f} degrees in the widest single frame.")
    spread = over.format(low=min(arcs), high=max(arcs), frames=stretch_of(held), widest=measurement.max_arc_deg)
    sentences = [spread] if len(measurement.frames) > 1 else []
    if model is None:
        return sentences
    unsure = _("In patients the error is not known, and how sure the network was of these pixels is not recorded.")
    ends = arc_ranges_deg(measurement, ranges)[held.first_frame : held.last_frame + 1] if ranges else []
    if known := [end for end in ends if end is not None]:
        low, high = min(low for low, _ in known), max(high for _, high in known)
        scores = _("By the network's own scores the arc there may lie between {low:.0f} and {high:.0f} degrees.")
        sentences.append(scores.format(low=low, high=high))
        unsure = _arcs_held(model)
    error = figures_of(model, "phantom").get("bridged_arc_deg")
    if not (isinstance(error, Mapping) and {"bias", "sd", "frames"} <= error.keys()):
        none = _("How far the network's arcs are off has not been measured, so no range can be given for its error.")
        return [*sentences, none]
    middle, half = held.value - error["bias"], _TWO_SIDED_95 * error["sd"]
    low, high = max(0.0, middle - half), min(_CIRCLE_DEG, middle + half)
    off = (
        _(
            "On phantoms the network's arcs were {bias:.0f} degrees too small on average (SD {sd:.0f}, {frames}): with that error "
            "the true arc lies between {low:.0f} and {high:.0f} degrees (95 %)."
        )
        if error["bias"] < 0
        else _(
            "On phantoms the network's arcs were {bias:.0f} degrees too large on average (SD {sd:.0f}, {frames}): with that error "
            "the true arc lies between {low:.0f} and {high:.0f} degrees (95 %)."
        )
    )
    sentence = off.format(bias=abs(error["bias"]), sd=error["sd"], frames=frames_in_words(error["frames"]), low=low, high=high)
    return [*sentences, joined(sentence, unsure)]


def _volume_range(measurement: PullbackMeasurement, model: Mapping[str, Any] | None, ranges: Ranges | None) -> list[str]:
    within = figure_text(model, "phantom", "volume_within_10_percent")
    if measurement.volume_mm3 is None or measurement.max_arc_frame is None:
        return []
    if ranges and (ends := volume_range_mm3(measurement, ranges)):
        sentence = _("Volume: by the network's own scores between {low:.1f} and {high:.1f} mm³.").format(low=ends[0], high=ends[1])
        held, count = (sum(each[name] for each in _in_range(model, "volumes_in_range")) for name in ("held", "count"))
        of_phantoms = _("Such a range held the true volume of {held} of {count} phantom pullbacks.").format(held=held, count=count)
        return [joined(sentence, of_phantoms if count else "")]
    if not within:
        return []
    sentence = _("Volume: on phantoms within 10 % of the truth in {count}; in patients the error is not known.")
    return [sentence.format(count=_(within))]


def _arcs_held(model: Mapping[str, Any]) -> str:
    shares = [100 * each["held"] / each["count"] for each in _in_range(model, "arcs_in_range")]
    if not shares:
        return _("In patients the error is not known, and how often the range of its scores holds the truth has not been measured.")
    percent = (
        f"{min(shares):.0f} %" if len(shares) == 1 else _("{low:.0f} to {high:.0f} %").format(low=min(shares), high=max(shares))
    )
    real = figures_of(model, REAL_FRAMES).get("arcs_in_range")
    if not (isinstance(real, Mapping) and {"held", "count"} <= real.keys()):
        phantoms = _("On phantoms the range of its scores held the true arc in {percent} of frames; in patients neither is known.")
        return phantoms.format(percent=percent)
    return _(
        "The range of its scores held the true arc in {percent} of frames of phantoms and in {held} of {count} real frames with "
        "calcium."
    ).format(percent=percent, held=real["held"], count=real["count"])


def _in_range(model: Mapping[str, Any] | None, name: str) -> list[Mapping[str, int]]:
    """How often the model's ranges held the truth on each kind of phantoms on which that was counted."""
    counted = (figures_of(model, kind).get(name) for kind in ("phantom", "wide"))
    return [each for each in counted if isinstance(each, Mapping) and {"held", "count"} <= each.keys() and each["count"]]


def _landing(measurement: PullbackMeasurement) -> tuple[str, ...]:
    run = longest_run(measurement)
    if run is None:
        return ()
    limit = f"{measurement.parameters.continuous_arc_deg:g}"
    stretch = _("Longest stretch of {limit} degrees or more: {frames}.").format(
        limit=limit, frames=_with_length(run.first_frame, run.last_frame, run.length_mm)
    )
    sides = zip(("first", "last"), landing_zones(measurement, run), strict=True)
    return stretch, *(_zone(side, zone) for side, zone in sides)


def _zone(side: str, zone: LandingZone | None) -> str:
    side = _("Landing zone towards the first frame") if side == "first" else _("Landing zone towards the last frame")
    if zone is None:
        return _("{side}: none, too few frames with a lumen are left.").format(side=side)
    away = frames_in_words(zone.gap_frames) if zone.gap_mm is None else mm(zone.gap_mm)
    kind = (
        _("free of calcium")
        if zone.free
        else _("nowhere free of calcium on this side, here at most {arc:.0f} degrees").format(arc=zone.max_arc_deg)
    )
    return _("{side}: {frames}, {place}; {kind}.").format(
        side=side,
        frames=_with_length(zone.first_frame, zone.last_frame, zone.length_mm),
        place=_("next to it") if zone.gap_frames == 0 else _("{distance} away").format(distance=away),
        kind=kind,
    )


def _with_length(first: int, last: int, length_mm: float | None) -> str:
    frames = shown_stretch("frame", first, last)
    return frames if length_mm is None else _("{frames} ({length})").format(frames=frames, length=mm(length_mm))
