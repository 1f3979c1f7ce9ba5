"""What a reader must know before the numbers: what was looked at, where an angle means little, what the network is worth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from LesionReadingLib.language import N_, _, joined, listed, ngettext
from LesionReadingLib.model.bundle import figures_of
from LesionReadingLib.text.counting import frames_in_words, shown, shown_list

from ..measurement.deposits import WIDEST_GUIDEWIRE_DEG
from ..measurement.frame import FrameMeasurement
from ..measurement.pullback import PullbackMeasurement
from ..reading.cautions import NO_LUMEN, Caution

if TYPE_CHECKING:
    from ..reading.pullback import Pullback

VERTEX_IMAGE_CENTRE = "vertex_image_centre"
"""Frames with calcium but without lumen: their angles are seen from the image centre."""
VERTEX_IN_CALCIUM = "vertex_in_calcium"
"""The catheter, asked for as the vertex, lies in calcium."""
VERTEX_DEEPEST = "vertex_deepest_lumen_point"
"""The lumen's centroid is not in the open lumen: angles are seen from its deepest point."""
GUIDEWIRE_NOT_BRIDGED = "guidewire_not_bridged"
"""The guidewire's label has no direction and bridges nothing."""
SINGLE_FRAME_ARC = "single_frame_arc"
"""One frame alone shows a much larger arc than its neighbours hold."""
SMALL_LUMEN = "small_lumen"
"""Lumens too small to be one are no minimum lumen area."""
STRAYS = "strays"
"""Specks were left out of the numbers."""
MODEL_SOURCE = "model_source"
"""What the network learnt from."""
MODEL_MISSES = "model_misses"
"""How much calcium the network misses on patients."""

MEASUREMENT_CODES = {NO_LUMEN, VERTEX_IMAGE_CENTRE, VERTEX_IN_CALCIUM, VERTEX_DEEPEST, GUIDEWIRE_NOT_BRIDGED, SINGLE_FRAME_ARC}
MEASUREMENT_CODES |= {SMALL_LUMEN, STRAYS}

SPIKE_DEG = 45.0
"""One frame's arc is told as a spike where it exceeds what neighbours hold by this much, or alone reaches the continuous arc."""

REAL_FRAMES = "real"
"""Kind of figures in a bundle's ``eval_metrics``: on real frames whose calcium was drawn by hand."""


def all_cautions(
    measurement: PullbackMeasurement, pullback: Pullback | None, model: Mapping[str, Any] | None
) -> tuple[Caution, ...]:
    """Every caution of a run, one of each code: of the measurement, of the reading, of the model (``Bundle.summary``)."""
    found = (*measurement_cautions(measurement), *(pullback.cautions if pullback else ()), *model_cautions(model))
    return tuple({caution.code: caution for caution in reversed(found)}.values())[::-1]


def measurement_cautions(measurement: PullbackMeasurement) -> tuple[Caution, ...]:
    """What the labels themselves give reason to doubt."""
    calcium = [frame for frame in measurement.frames if frame.deposits]
    sentences = {
        VERTEX_IMAGE_CENTRE: _image_centre(measurement, calcium),
        NO_LUMEN: _no_lumen(measurement, bool(calcium)),
        VERTEX_IN_CALCIUM: _of_frames(
            [frame for frame in calcium if frame.vertex_source == "catheter" and not frame.vertex_open],
            _("the image centre lies in calcium and cannot be the catheter: arcs and thickness there mean nothing."),
        ),
        VERTEX_DEEPEST: _of_frames(
            [frame for frame in calcium if frame.vertex_source == "deepest_lumen_point"],
            _("calcium or the wall reaches the lumen's centroid: angles there are seen from the deepest point of the lumen."),
        ),
        SINGLE_FRAME_ARC: _spike(measurement),
        GUIDEWIRE_NOT_BRIDGED: _of_frames(
            [frame for frame in calcium if frame.bridging_refused],
            _("the guidewire's label holds the vertex or is wider than {limit:g} degrees: it bridges no gap there.").format(
                limit=WIDEST_GUIDEWIRE_DEG
            ),
        ),
        SMALL_LUMEN: _of_frames(
            [measurement.frames[number] for number in measurement.small_lumens],
            _("the lumen is far too small to hold the catheter: it is no minimum lumen area."),
        ),
        STRAYS: _strays(measurement),
    }
    return tuple(Caution(code, sentence) for code, sentence in sentences.items() if sentence)


def model_cautions(model: Mapping[str, Any] | None) -> tuple[Caution, ...]:
    """What the bundle says of itself (``Bundle.summary``): what it learnt from, and how much calcium it misses on patients."""
    if not model:
        return ()
    source, _stop, more = str(model.get("data_source") or "").partition(". ")
    learnt = (
        _("It was trained on: {source}.").format(source=_(source.rstrip(".")))
        if source
        else _("The model does not say what it was trained on.")
    )
    learnt = joined(learnt, _("The model card tells more.") if more else "")
    return Caution(MODEL_SOURCE, learnt), Caution(MODEL_MISSES, _missed(figures_of(model, REAL_FRAMES)))


def _missed(figures: Mapping[str, Any]) -> str:
    """How the network did on real frames with calcium (``eval_metrics``, kind ``REAL_FRAMES``)."""
    count, missed = figures.get("frames_with_calcium"), figures.get("frames_missed")
    if not count or "dice" not in figures:
        return _("How much calcium it misses in patients has not been measured: calcium that is not marked may well be there.")
    overlapped = (
        _("On {count} real frames with calcium its contours overlapped a reader's with a mean Dice of {dice:.2f} (1 is perfect).")
        if missed is None
        else _(
            "On {count} real frames with calcium it marked some of the calcium in each; its contours overlapped a reader's with a "
            "mean Dice of {dice:.2f} (1 is perfect)."
        )
        if missed == 0
        else _(
            "On {count} real frames with calcium it marked some of the calcium in {some} and none of it in {missed}; its contours "
            "overlapped a reader's with a mean Dice of {dice:.2f} (1 is perfect)."
        )
    )
    sentence = overlapped.format(count=count, some=count - (missed or 0), missed=missed, dice=figures["dice"])
    return joined(sentence, _("Calcium that is not marked may well be there."))


def no_lumen_sentence(frame_count: int) -> str:
    """What is said where there is no lumen at all."""
    return ngettext(
        "No lumen was found on the only frame, so nothing can be said of calcium.",
        "No lumen was found on any of the {count} frames, so nothing can be said of calcium.",
        frame_count,
    ).format(count=frame_count)


def _no_lumen(measurement: PullbackMeasurement, calcium: bool) -> str:
    count, total = measurement.lumen_frames, len(measurement.frames)
    if count == total or (count == 0 and calcium):
        return ""
    if count == 0:
        return no_lumen_sentence(total)
    some = _("A lumen was found on {count} of {total} frames; nothing can be said of calcium on the others.")
    return some.format(count=count, total=total)


def _image_centre(measurement: PullbackMeasurement, calcium: Sequence[FrameMeasurement]) -> str:
    lacking = [frame for frame in calcium if frame.vertex_source == "image_centre"]
    if not lacking:
        return ""
    who = (
        _("No frame has a lumen label.")
        if measurement.lumen_frames == 0
        else _("{frames}: calcium, but no lumen label.").format(frames=_named(lacking))
    )
    why = _(
        "Arcs, thickness, lesions and calcium score there are seen from the image centre, which may lie outside the lumen: they "
        "can be far too large or too small."
    )
    return joined(who, why)


def _spike(measurement: PullbackMeasurement) -> str:
    single, held, limit = measurement.max_arc_deg, measurement.held_arc.value, measurement.parameters.continuous_arc_deg
    if single - held < SPIKE_DEG and not held < limit <= single:
        return ""
    return _(
        "Frame {frame} alone shows {single:.0f} degrees; no {hold} neighbouring frames all reach more than {held:.0f}: check this "
        "frame before you rely on it."
    ).format(frame=shown(measurement.max_arc_frame), single=single, hold=measurement.hold_frames, held=held)


def _strays(measurement: PullbackMeasurement) -> str:
    parts = []
    for label in (N_("calcium"), N_("guidewire"), N_("lumen")):
        count = sum(getattr(frame.strays, label) > 0 for frame in measurement.frames)
        if count:
            parts.append(_("{label} in {frames}").format(label=_(label), frames=frames_in_words(count)))
    if not parts:
        return ""
    sentence = _("Specks were left out, being too small to be what they stand for: {labels}. Calcium volume counts them.")
    return sentence.format(labels=listed(parts))


def _of_frames(frames: Sequence[FrameMeasurement], sentence: str) -> str:
    return _("{frames}: {what}").format(frames=_named(frames), what=sentence) if frames else ""


def _named(frames: Sequence[FrameMeasurement]) -> str:
    return shown_list("frame", [frame.frame for frame in frames]).capitalize()
