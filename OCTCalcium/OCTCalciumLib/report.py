"""The report: one HTML file that says what matters first, then pictures, tables, definitions and where the spacing came from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from LesionReadingLib.report import ABSENT, Number, caution, environment, model_rows, picture_uri, plural, with_unit
from LesionReadingLib.spacing import Spacing

from .deposits import WIDEST_GUIDEWIRE_DEG
from .held import HELD_MM
from .labels import GUIDEWIRE_SHADOW_BEYOND_LUMEN_MM
from .lesions import FUJINO_2018, RULE_OF_FIVES_2019, SCORE_ARC_DEG, SCORE_LENGTH_MM, SCORE_THICKNESS_MM, Lesion
from .measurement import PullbackMeasurement
from .measurement_cautions import all_cautions, no_lumen_sentence
from .rendering import NOT_TO_SCALE

if TYPE_CHECKING:
    from .pullback import Pullback

TEMPLATES = Path(__file__).parent / "templates"

_FIELDS = {
    "volume_mm3": "Calcium volume",
    "over_180_length_mm": "Lengths and positions",
    "max_thickness_mm": "Calcium thickness",
    "minimum_lumen_area": "Minimum lumen area",
}


_MET = {True: "met", False: "not met", None: ABSENT}


def write_report(
    path: Path,
    measurement: PullbackMeasurement,
    pictures: Mapping[str, Path],
    missing_pictures: str | None,
    pullback: Pullback | None,
    model: Mapping[str, Any] | None,
    label_notes: Sequence[str] = (),
) -> None:
    """Write the report as one HTML file that needs nothing else.

    Args:
        path: the file.
        measurement: the numbers.
        pictures: name (as in ``presenting.PICTURES``) -> picture file; those that are there.
        missing_pictures: the sentence in the place of the three-dimensional pictures, or None where they are there.
        pullback: where the frames came from; None where only a label map was measured.
        model: what the bundle says of itself, with "contours" where they may have been corrected since; None where no network
            took part.
        label_notes: sentences on the label map and how it was placed.
    """
    template = environment(TEMPLATES).get_template("report.html")
    found = finding(measurement, by_network=model is not None)
    page = template.render(
        finding=found,
        cautions=[caution for caution in all_cautions(measurement, pullback, model) if caution.sentence not in found],
        numbers=numbers(measurement),
        pictures={name: picture_uri(file) for name, file in pictures.items()},
        missing_pictures=missing_pictures,
        not_to_scale=None if measurement.spacing.known else NOT_TO_SCALE,
        measurement=measurement,
        lesions=[_lesion_row(number, lesion, measurement) for number, lesion in enumerate(measurement.lesions, 1)],
        runs=[
            (
                _frames(run),
                _places(run, measurement.spacing),
                _mm(run.length_mm),
                _deg(run.max_arc_deg),
                "yes" if run.held else "no",
            )
            for run in measurement.runs
        ],
        sums=_sums(measurement),
        frames=[frame for frame in measurement.frames if frame.calcium_pixels],
        input_rows=_input_rows(measurement, pullback),
        notes=[*(pullback.notes if pullback else ()), *label_notes, *_cut(measurement)],
        missing=_missing(measurement),
        model_rows=model_rows(model) if model else [],
        caution=caution(model),
        sources={"score": FUJINO_2018, "fives": RULE_OF_FIVES_2019},
        limits={"arc": SCORE_ARC_DEG, "thickness": SCORE_THICKNESS_MM, "length": SCORE_LENGTH_MM},
        widest_wire=WIDEST_GUIDEWIRE_DEG,
        hold_mm=HELD_MM,
        shadow_mm=GUIDEWIRE_SHADOW_BEYOND_LUMEN_MM,
        mm=_mm,
        mm2=_mm2,
        deg=_deg,
    )
    path.write_text(page, encoding="utf-8")


def finding(measurement: PullbackMeasurement, by_network: bool = False) -> tuple[str, str]:
    """What a physician reads first: a sentence on the arc that neighbouring frames hold, and one on the 180 degrees.

    Args:
        by_network: whether a network drew the labels, which misses calcium.
    """
    if measurement.max_arc_frame is None:
        if measurement.lumen_frames == 0:
            return no_lumen_sentence(len(measurement.frames)), ""
        return "No calcium was found.", "That does not mean that there is none." if by_network else ""
    limit, held = measurement.parameters.continuous_arc_deg, measurement.held_arc
    if held.first_frame is None:
        only = f"Calcium reaches {measurement.max_arc_deg:.0f} degrees around {_centre(measurement)}"
        return f"{only} in frame {measurement.max_arc_frame}, and no {measurement.hold_frames} neighbouring frames hold any.", ""
    arc = f"Calcium reaches {held.value:.0f} degrees around {_centre(measurement)} ({_stretch(held)})."
    runs = [run for run in measurement.runs if run.held]
    if not runs:
        single = plural(len(measurement.runs), "short stretch", "es") if measurement.runs else ""
        if not single:
            return arc, f"No frame has {limit:g} degrees or more."
        return arc, f"{limit:g} degrees or more in {single} only, none of {measurement.hold_frames} frames."
    if measurement.over_180_length_mm is None:
        frames = sum(run.frame_count for run in runs)
        return arc, f"{limit:g} degrees or more in {plural(frames, 'frame')} (length not known)."
    longest = max(run.length_mm for run in runs)
    where = "in one stretch" if len(runs) == 1 else f"in {len(runs)} stretches, the longest {longest:.1f} mm"
    return arc, f"{limit:g} degrees or more over {measurement.held_over_180_length_mm:.1f} mm, {where}."


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
            f"At {limit}° or more",
            _mm(measurement.held_over_180_length_mm),
            f"{stretches}; {short} shorter not counted" if short else stretches,
        ),
        Number("Longest lesion", "none" if none_found else _mm(longest), lesion_count),
        Number("Calcium volume", with_unit(measurement.volume_mm3, "mm³", 1), "all calcium"),
        Number(
            "Maximum thickness",
            "none" if none_found else _mm(measurement.max_thickness_mm, 2),
            _frame_place(measurement.max_thickness_frame, spacing),
        ),
        Number("Calcium score", *score(measurement)),
        Number("Minimum lumen", _mm2(lumen[0] if lumen else None), f"{place}; " * bool(place) + looked_at),
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
        where += (
            f"; {single.calcium_score.total} if a single frame counts (lesion {number}, frame {single.calcium_score.angle_frame})"
        )
    return f"{worst.held.score} of 4", where + _seen_from(measurement)


def largest_arc(measurement: PullbackMeasurement) -> tuple[str, str]:
    """The largest arc that neighbouring frames hold, and its frames with the maximum of a single frame."""
    held = measurement.held_arc
    if measurement.max_arc_frame is None:
        return "none", ""
    single = f"single frame: {_deg(measurement.max_arc_deg)} in frame {measurement.max_arc_frame}"
    if held.first_frame is None:
        return _deg(0), single
    if measurement.hold_frames == 1:
        return _deg(held.value), _stretch(held) + _seen_from(measurement)
    return _deg(held.value), f"{_stretch(held)}; {single}{_seen_from(measurement)}"


def _centre(measurement: PullbackMeasurement) -> str:
    """What the arcs go around: the vessel, unless no frame says where its lumen is."""
    seen = any(frame.deposits and frame.vertex_open for frame in measurement.frames)
    return "the vessel" if seen else "the image centre"


def _seen_from(measurement: PullbackMeasurement) -> str:
    """A warning where angles of calcium are not seen from the lumen."""
    doubtful = any(frame.deposits and not frame.vertex_open for frame in measurement.frames)
    return "; seen from the image centre" if doubtful else ""


def _stretch(held) -> str:
    one = held.first_frame == held.last_frame
    return f"frame {held.first_frame}" if one else f"frames {held.first_frame} to {held.last_frame}"


def _lesion_row(number: int, lesion: Lesion, measurement: PullbackMeasurement) -> dict[str, str]:
    score, fives = lesion.calcium_score, lesion.rule_of_fives
    return {
        "number": str(number),
        "frames": _frames(lesion),
        "position": _places(lesion, measurement.spacing),
        "length": _mm(lesion.length_mm),
        "volume": with_unit(lesion.volume_mm3, "mm³", 1),
        "arc": _deg(lesion.max_arc_deg),
        "arc_frame": str(score.angle_frame),
        "thickness": _mm(lesion.max_thickness_mm, 2),
        "thickness_frame": "" if score.thickness_frame is None else str(score.thickness_frame),
        "score": ABSENT if score.total is None else f"{score.total} = {score.angle} + {score.thickness} + {score.length}",
        "held_score": ABSENT if lesion.held.score is None else str(lesion.held.score),
        "fives": _MET[fives.met],
    }


def _sums(measurement: PullbackMeasurement) -> list[str]:
    """Lesions of which deposits of one frame would reach the score's angle together, but none does alone."""
    return [
        f"Lesion {number}: its deposits of frame {lesion.summed_arc_frame} cover {lesion.summed_arc_deg:.0f} degrees together. "
        "They are not added up for the score; added up they would give 2 points more."
        for number, lesion in enumerate(measurement.lesions, 1)
        if lesion.max_arc_deg <= SCORE_ARC_DEG < lesion.summed_arc_deg
    ]


def _input_rows(measurement: PullbackMeasurement, pullback: Pullback | None) -> list[tuple[str, str]]:
    spacing = measurement.spacing
    rows = [("Frames", str(len(measurement.frames)))]
    if pullback:
        rows.append(("Frame size", f"{pullback.columns} x {pullback.rows} pixels"))
    in_plane = ABSENT
    if spacing.in_plane_known:
        same = spacing.row_mm == spacing.column_mm
        in_plane = f"{spacing.row_mm:.5g} mm" if same else f"{spacing.column_mm:.5g} x {spacing.row_mm:.5g} mm (column x row)"
        in_plane += f", from: {spacing.in_plane_source}"
    rows.append(("Pixel spacing", in_plane))
    rows.append(("Frame spacing", f"{spacing.frame_mm:.5g} mm, from: {spacing.frame_source}" if spacing.frame_mm else ABSENT))
    return rows + list(pullback.details.items() if pullback else [])


def _missing(measurement: PullbackMeasurement) -> list[tuple[str, str]]:
    """What is absent, and why; that there is no calcium to measure is said on top."""
    fields = {name: title for name, title in _FIELDS.items() if name in measurement.missing}
    if measurement.max_arc_frame is None and measurement.spacing.in_plane_known:
        fields.pop("max_thickness_mm", None)
    return [(title, measurement.missing[name]) for name, title in fields.items()]


def _cut(measurement: PullbackMeasurement) -> list[str]:
    """What there is to know of labels that leave the image."""
    sentences = []
    for name, what in (("calcium_cut", "the calcium"), ("lumen_cut", "the lumen")):
        count = sum(getattr(frame, name) for frame in measurement.frames)
        if count:
            sentences.append(f"In {plural(count, 'frame')} {what} touches the image border; its numbers there are lower bounds.")
    return sentences


def _frames(stretch) -> str:
    one = stretch.first_frame == stretch.last_frame
    return str(stretch.first_frame) if one else f"{stretch.first_frame} to {stretch.last_frame}"


def _places(stretch, spacing: Spacing) -> str:
    if spacing.frame_mm is None:
        return ABSENT
    return f"{stretch.first_frame * spacing.frame_mm:.1f} to {stretch.last_frame * spacing.frame_mm:.1f} mm"


def _frame_place(frame: int | None, spacing: Spacing) -> str:
    if frame is None:
        return ""
    return f"frame {frame}" if spacing.frame_mm is None else f"frame {frame}, {frame * spacing.frame_mm:.1f} mm"


def _mm(value: float | None, decimals: int = 1) -> str:
    return with_unit(value, "mm", decimals)


def _mm2(value: float | None) -> str:
    return with_unit(value, "mm²", 2)


def _deg(value: float) -> str:
    return f"{value:.0f}°"
