"""What a reader must know before the numbers: what was looked at, where an angle means little, what the network is worth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from LesionReadingLib.counting import shown, shown_list
from LesionReadingLib.report import plural

from .cautions import NO_LUMEN, Caution
from .deposits import WIDEST_GUIDEWIRE_DEG
from .frame_measurement import FrameMeasurement
from .measurement import PullbackMeasurement

if TYPE_CHECKING:
    from .pullback import Pullback

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
            "the image centre lies in calcium and cannot be the catheter: arcs and thickness there mean nothing.",
        ),
        VERTEX_DEEPEST: _of_frames(
            [frame for frame in calcium if frame.vertex_source == "deepest_lumen_point"],
            "calcium or the wall reaches the lumen's centroid: angles there are seen from the deepest point of the lumen.",
        ),
        SINGLE_FRAME_ARC: _spike(measurement),
        GUIDEWIRE_NOT_BRIDGED: _of_frames(
            [frame for frame in calcium if frame.bridging_refused],
            f"the guidewire's label holds the vertex or is wider than {WIDEST_GUIDEWIRE_DEG:g} degrees: it bridges no gap there.",
        ),
        SMALL_LUMEN: _of_frames(
            [measurement.frames[number] for number in measurement.small_lumens],
            "the lumen is far too small to hold the catheter: it is no minimum lumen area.",
        ),
        STRAYS: _strays(measurement),
    }
    return tuple(Caution(code, sentence) for code, sentence in sentences.items() if sentence)


def model_cautions(model: Mapping[str, Any] | None) -> tuple[Caution, ...]:
    """What the bundle says of itself (``Bundle.summary``): what it learnt from, and how much calcium it misses on patients."""
    if not model:
        return ()
    source, _, more = str(model.get("data_source") or "").partition(". ")
    learnt = f"It was trained on: {source.rstrip('.')}." if source else "The model does not say what it was trained on."
    learnt += " The model card tells more." if more else ""
    return Caution(MODEL_SOURCE, learnt), Caution(MODEL_MISSES, _missed((model.get("eval_metrics") or {}).get(REAL_FRAMES) or {}))


def _missed(figures: Mapping[str, Any]) -> str:
    """How the network did on real frames with calcium (``eval_metrics``, kind ``REAL_FRAMES``)."""
    count, missed = figures.get("frames_with_calcium"), figures.get("frames_missed")
    if not count:
        return "How much calcium it misses in patients has not been measured: calcium that is not marked may well be there."
    found = "" if missed is None else f"it marked some of the calcium in {count - missed} and none of it in {missed}; "
    return (
        f"On {count} real frames with calcium {found}its contours overlapped a reader's with a mean Dice of {figures['dice']:.2f} "
        "(1 is perfect). Calcium that is not marked may well be there."
    )


def no_lumen_sentence(frame_count: int) -> str:
    """What is said where there is no lumen at all."""
    return f"No lumen was found on any of the {plural(frame_count, 'frame')}, so nothing can be said of calcium."


def _no_lumen(measurement: PullbackMeasurement, calcium: bool) -> str:
    count, total = measurement.lumen_frames, len(measurement.frames)
    if count == total or (count == 0 and calcium):
        return ""
    if count == 0:
        return no_lumen_sentence(total)
    return f"A lumen was found on {count} of {total} frames; nothing can be said of calcium on the others."


def _image_centre(measurement: PullbackMeasurement, calcium: Sequence[FrameMeasurement]) -> str:
    lacking = [frame for frame in calcium if frame.vertex_source == "image_centre"]
    if not lacking:
        return ""
    who = "No frame has a lumen label" if measurement.lumen_frames == 0 else f"{_named(lacking)}: calcium, but no lumen label"
    return (
        f"{who}. Arcs, thickness, lesions and calcium score there are seen from the image centre, which may lie outside the lumen: "
        "they can be far too large or too small."
    )


def _spike(measurement: PullbackMeasurement) -> str:
    single, held, limit = measurement.max_arc_deg, measurement.held_arc.value, measurement.parameters.continuous_arc_deg
    if single - held < SPIKE_DEG and not held < limit <= single:
        return ""
    return (
        f"Frame {shown(measurement.max_arc_frame)} alone shows {single:.0f} degrees; no {measurement.hold_frames} neighbouring "
        f"frames all reach more than {held:.0f}: check this frame before you rely on it."
    )


def _strays(measurement: PullbackMeasurement) -> str:
    parts = []
    for label in ("calcium", "guidewire", "lumen"):
        count = sum(getattr(frame.strays, label) > 0 for frame in measurement.frames)
        if count:
            parts.append(f"{label} in {plural(count, 'frame')}")
    if not parts:
        return ""
    return f"Specks were left out, being too small to be what they stand for: {', '.join(parts)}. Calcium volume counts them."


def _of_frames(frames: Sequence[FrameMeasurement], sentence: str) -> str:
    return f"{_named(frames)}: {sentence}" if frames else ""


def _named(frames: Sequence[FrameMeasurement]) -> str:
    return shown_list("frame", [frame.frame for frame in frames]).capitalize()
