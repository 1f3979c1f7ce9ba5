"""What a physician reads first of a pullback: the finding in two sentences, and the numbers on top; report and panel share them."""

from __future__ import annotations

from LesionReadingLib.counting import shown, shown_stretch
from LesionReadingLib.report import ABSENT, Number, plural, with_unit
from LesionReadingLib.spacing import Spacing

from .held import HeldMaximum
from .lesions import Lesion
from .measurement import PullbackMeasurement
from .measurement_cautions import no_lumen_sentence


def finding(measurement: PullbackMeasurement, by_network: bool = False) -> tuple[str, str]:
    """A sentence on the arc that neighbouring frames hold, and one on the 180 degrees.

    Args:
        by_network: whether a network drew the labels, which misses calcium.
    """
    if measurement.max_arc_frame is None:
        if measurement.lumen_frames == 0:
            return no_lumen_sentence(len(measurement.frames)), ""
        return "No calcium was found.", "That does not exclude calcium." if by_network else ""
    held = measurement.held_arc
    centre = "the vessel" if _seen_from_lumen(measurement) else "the image centre"
    if held.first_frame is None:
        return (
            f"Calcium reaches {measurement.max_arc_deg:.0f} degrees around {centre} in frame {shown(measurement.max_arc_frame)}; "
            f"no {measurement.hold_frames} neighbouring frames all show calcium.",
            "",
        )
    return f"Calcium reaches {held.value:.0f} degrees around {centre} ({stretch_of(held)}).", _over_180(measurement)


def _over_180(measurement: PullbackMeasurement) -> str:
    limit = f"{measurement.parameters.continuous_arc_deg:g}"
    runs = [run for run in measurement.runs if run.held]
    if not measurement.runs:
        return f"No frame reaches {limit} degrees."
    if not runs:
        short = plural(len(measurement.runs), "short stretch", "es")
        return f"It covers {limit} degrees or more only in {short} of fewer than {measurement.hold_frames} frames."
    if measurement.over_180_length_mm is None:
        frames = plural(sum(run.frame_count for run in runs), "frame")
        return f"It covers {limit} degrees or more in {frames}; the length is not known."
    length = f"{measurement.held_over_180_length_mm:.1f} mm"
    if len(runs) == 1:
        return f"It covers {limit} degrees or more over a length of {length}."
    longest = max(run.length_mm for run in runs)
    return f"It covers {limit} degrees or more over {length} in all: {len(runs)} stretches, the longest of {longest:.1f} mm."


def numbers(measurement: PullbackMeasurement) -> list[Number]:
    """The numbers on top of the report."""
    spacing, lumen = measurement.spacing, measurement.minimum_lumen_area
    none_found = measurement.max_arc_frame is None
    longest = max((lesion.length_mm for lesion in measurement.lesions if lesion.length_mm is not None), default=None)
    limit = f"{measurement.parameters.continuous_arc_deg:g}"
    lesion_count = plural(len(measurement.lesions), "lesion")
    looked_at = f"lumen on {measurement.lumen_frames} of {plural(len(measurement.frames), 'frame')}"
    place = _frame_place(lumen[1] if lumen else None, spacing)
    short = sum(not run.held for run in measurement.runs)
    stretches = plural(len(measurement.runs) - short, "stretch", "es")
    return [
        Number("Largest arc", *largest_arc(measurement)),
        Number(
            f"Length at {limit}° or more",
            mm(measurement.held_over_180_length_mm),
            f"{stretches}; {short} shorter not counted" if short else stretches,
        ),
        Number("Longest lesion", "none" if none_found else mm(longest), lesion_count),
        Number("Calcium volume", with_unit(measurement.volume_mm3, "mm³", 1), "all calcium"),
        Number(
            "Maximum thickness",
            "none" if none_found else mm(measurement.max_thickness_mm, 2),
            _frame_place(measurement.max_thickness_frame, spacing),
        ),
        Number("Calcium score", *score(measurement)),
        Number("Minimum lumen area", mm2(lumen[0] if lumen else None), f"{place}; " * bool(place) + looked_at),
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
        return "none", "no lesion"
    if worst.held.score is None:
        return ABSENT, ""
    where = f"highest: lesion {measurement.lesions.index(worst) + 1}"
    single = max(measurement.lesions, key=lambda lesion: lesion.calcium_score.total)
    if single.calcium_score.total > worst.held.score:
        number = measurement.lesions.index(single) + 1
        where += f"; lesion {number}: {single.calcium_score.total} if single frames count"
    return f"{worst.held.score} of 4", where + _centre_warning(measurement, worst)


def largest_arc(measurement: PullbackMeasurement) -> tuple[str, str]:
    """The largest arc that neighbouring frames hold, and its frames with the maximum of a single frame."""
    held = measurement.held_arc
    if measurement.max_arc_frame is None:
        return "none", ""
    single = f"single frame: {deg(measurement.max_arc_deg)} in frame {shown(measurement.max_arc_frame)}"
    if held.first_frame is None:
        return deg(0), single
    if measurement.hold_frames == 1:
        return deg(held.value), stretch_of(held) + _centre_warning(measurement, held)
    return deg(held.value), f"{stretch_of(held)}; {single}{_centre_warning(measurement, held)}"


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


def _seen_from_lumen(measurement: PullbackMeasurement) -> bool:
    """Whether any frame with calcium says where its lumen is."""
    return any(frame.deposits and frame.vertex_open for frame in measurement.frames)


def _centre_warning(measurement: PullbackMeasurement, stretch) -> str:
    """A warning where a stretch of frames has calcium whose angles are not seen from the lumen."""
    frames = measurement.frames[stretch.first_frame : stretch.last_frame + 1]
    return "; seen from the image centre" if any(frame.deposits and not frame.vertex_open for frame in frames) else ""


def _frame_place(frame: int | None, spacing: Spacing) -> str:
    if frame is None:
        return ""
    at = f"frame {shown(frame)}"
    return at if spacing.frame_mm is None else f"{at}, {frame * spacing.frame_mm:.1f} mm"
