"""What a physician reads first of a pullback: the finding in two sentences, and the numbers on top; report and panel share them."""

from __future__ import annotations

from LesionReadingLib.geometry.spacing import Spacing
from LesionReadingLib.language import _, listed, ngettext
from LesionReadingLib.presenting.report import Number, absent, with_unit
from LesionReadingLib.text.counting import frames_in_words, shown, shown_stretch

from ..measurement.held import HeldMaximum
from ..measurement.lesions import Lesion
from ..measurement.pullback import PullbackMeasurement
from .cautions import no_lumen_sentence


def finding(measurement: PullbackMeasurement, by_network: bool = False) -> tuple[str, str]:
    """A sentence on the arc that neighbouring frames hold, and one on the 180 degrees.

    Args:
        by_network: whether a network drew the labels, which misses calcium.
    """
    if measurement.max_arc_frame is None:
        if _nothing_seen(measurement):
            return no_lumen_sentence(len(measurement.frames)), ""
        return _("No calcium was found."), _("That does not exclude calcium.") if by_network else ""
    held, from_lumen = measurement.held_arc, _seen_from_lumen(measurement)
    if held.first_frame is None:
        sentence = (
            _(
                "Calcium reaches {arc:.0f} degrees around the vessel in frame {frame}; no {hold} neighbouring frames all show "
                "calcium."
            )
            if from_lumen
            else _(
                "Calcium reaches {arc:.0f} degrees around the image centre in frame {frame}; no {hold} neighbouring frames all "
                "show calcium."
            )
        )
        frame = shown(measurement.max_arc_frame)
        return sentence.format(arc=measurement.max_arc_deg, frame=frame, hold=measurement.hold_frames), ""
    sentence = (
        _("Calcium reaches {arc:.0f} degrees around the vessel ({frames}).")
        if from_lumen
        else _("Calcium reaches {arc:.0f} degrees around the image centre ({frames}).")
    )
    return sentence.format(arc=held.value, frames=stretch_of(held)), _over_180(measurement)


def _over_180(measurement: PullbackMeasurement) -> str:
    limit = f"{measurement.parameters.continuous_arc_deg:g}"
    runs = [run for run in measurement.runs if run.held]
    if not measurement.runs:
        return _("No frame reaches {limit} degrees.").format(limit=limit)
    if not runs:
        count = len(measurement.runs)
        return ngettext(
            "It covers {limit} degrees or more only in {count} short stretch of fewer than {hold} frames.",
            "It covers {limit} degrees or more only in {count} short stretches of fewer than {hold} frames.",
            count,
        ).format(limit=limit, count=count, hold=measurement.hold_frames)
    if measurement.over_180_length_mm is None:
        frames = frames_in_words(sum(run.frame_count for run in runs))
        return _("It covers {limit} degrees or more in {frames}; the length is not known.").format(limit=limit, frames=frames)
    length = mm(measurement.held_over_180_length_mm)
    if len(runs) == 1:
        return _("It covers {limit} degrees or more over a length of {length}.").format(limit=limit, length=length)
    longest = max(run.length_mm for run in runs)
    return _("It covers {limit} degrees or more over {length} in all: {count} stretches, the longest of {longest}.").format(
        limit=limit, length=length, count=len(runs), longest=mm(longest)
    )


def numbers(measurement: PullbackMeasurement) -> list[Number]:
    """The numbers on top of the report."""
    spacing, lumen = measurement.spacing, measurement.minimum_lumen_area
    none_found = measurement.max_arc_frame is None
    unseen = _nothing_seen(measurement)
    longest = max((lesion.length_mm for lesion in measurement.lesions if lesion.length_mm is not None), default=None)
    limit = f"{measurement.parameters.continuous_arc_deg:g}"
    lesion_count = ngettext("{count} lesion", "{count} lesions", len(measurement.lesions)).format(count=len(measurement.lesions))
    frames = frames_in_words(len(measurement.frames))
    looked_at = _("lumen on {count} of {frames}").format(count=measurement.lumen_frames, frames=frames)
    place = frame_place(lumen[1] if lumen else None, spacing)
    short = sum(not run.held for run in measurement.runs)
    long = len(measurement.runs) - short
    stretches = ngettext("{count} stretch", "{count} stretches", long).format(count=long)
    return [
        Number(_("Largest arc"), *largest_arc(measurement)),
        Number(
            _("Length at {limit}° or more").format(limit=limit),
            absent() if unseen else mm(measurement.held_over_180_length_mm),
            _("{stretches}; {count} shorter not counted").format(stretches=stretches, count=short) if short else stretches,
        ),
        Number(_("Longest lesion"), _none(measurement) if none_found else mm(longest), lesion_count),
        Number(_("Calcium volume"), with_unit(None if unseen else measurement.volume_mm3, "mm³", 1), _("all calcium")),
        Number(
            _("Maximum thickness"),
            _none(measurement) if none_found else mm(measurement.max_thickness_mm, 2),
            frame_place(measurement.max_thickness_frame, spacing),
        ),
        Number(_("Calcium score"), *score(measurement)),
        Number(_("Minimum lumen area"), mm2(lumen[0] if lumen else None), _("; ").join(filter(None, (place, looked_at)))),
    ]


def worst_lesion(measurement: PullbackMeasurement) -> Lesion | None:
    """The lesion with the highest calcium score that neighbouring frames hold, among equals the one with the largest arc."""
    return max(
        measurement.lesions, key=lambda lesion: (lesion.held.score or 0, lesion.held.arc_deg, lesion.max_arc_deg), default=None
    )


def score(measurement: PullbackMeasurement) -> tuple[str, str]:
    """The highest calcium score that neighbouring frames hold, and its lesion with what single frames would add."""
    worst = worst_lesion(measurement)
    if worst is None:
        return _none(measurement), _("no lesion")
    if worst.held.score is None:
        return absent(), ""
    where = _("highest: lesion {number}").format(number=measurement.lesions.index(worst) + 1)
    single = max(measurement.lesions, key=lambda lesion: lesion.calcium_score.total)
    if single.calcium_score.total > worst.held.score:
        number = measurement.lesions.index(single) + 1
        where += _("; ") + _("lesion {number}: {score} if single frames count").format(
            number=number, score=single.calcium_score.total
        )
    return _("{score} of 4").format(score=worst.held.score), where + _centre_warning(measurement, worst)


def largest_arc(measurement: PullbackMeasurement) -> tuple[str, str]:
    """The largest arc that neighbouring frames hold, and its frames with the maximum of a single frame; else that maximum."""
    held = measurement.held_arc
    if measurement.max_arc_frame is None:
        return _none(measurement), ""
    frame = shown(measurement.max_arc_frame)
    if held.first_frame is None:
        alone = _("in frame {frame} alone; no {hold} neighbouring frames all show calcium")
        return deg(measurement.max_arc_deg), alone.format(frame=frame, hold=measurement.hold_frames)
    single = _("single frame: {arc} in frame {frame}").format(arc=deg(measurement.max_arc_deg), frame=frame)
    if measurement.hold_frames == 1:
        return deg(held.value), stretch_of(held) + _centre_warning(measurement, held)
    return deg(held.value), _("; ").join((stretch_of(held), single)) + _centre_warning(measurement, held)


def stretch_of(held: HeldMaximum) -> str:
    """``frames 9 to 11``."""
    return shown_stretch("frame", held.first_frame, held.last_frame)


def mm(value: float | None, decimals: int = 1) -> str:
    """A length with its unit."""
    return with_unit(value, "mm", decimals)


def mm2(value: float | None) -> str:
    """An area with its unit."""
    return with_unit(value, "mm²", 2)


def deg(value: float) -> str:
    """An angle with its unit."""
    return f"{value:.0f}°"


def _nothing_seen(measurement: PullbackMeasurement) -> bool:
    """Whether there is neither calcium nor a lumen, so that nothing can be said of calcium."""
    return measurement.max_arc_frame is None and measurement.lumen_frames == 0


def _none(measurement: PullbackMeasurement) -> str:
    return absent() if _nothing_seen(measurement) else _("none")


def _seen_from_lumen(measurement: PullbackMeasurement) -> bool:
    """Whether any frame with calcium says where its lumen is."""
    return any(frame.deposits and frame.vertex_open for frame in measurement.frames)


def _centre_warning(measurement: PullbackMeasurement, stretch) -> str:
    """A warning where a stretch of frames has calcium whose angles are not seen from the lumen."""
    frames = measurement.frames[stretch.first_frame : stretch.last_frame + 1]
    return _("; ") + _("seen from the image centre") if any(frame.deposits and not frame.vertex_open for frame in frames) else ""


def frame_place(frame: int | None, spacing: Spacing) -> str:
    """``frame 9, 1.8 mm``, or nothing for no frame."""
    if frame is None:
        return ""
    at = shown_stretch("frame", frame, frame)
    return at if spacing.frame_mm is None else listed((at, mm(frame * spacing.frame_mm)))
