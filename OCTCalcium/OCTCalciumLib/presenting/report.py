"""The report: one HTML file that says what matters first, then pictures, tables, definitions and where the spacing came from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from LesionReadingLib.geometry.spacing import Spacing, source_in_words
from LesionReadingLib.language import N_, _
from LesionReadingLib.presenting.consequences import Consequences
from LesionReadingLib.presenting.report import absent, caution, environment, model_rows, picture_uri, with_unit
from LesionReadingLib.presenting.scroll import Scroll
from LesionReadingLib.presenting.study import HOW_CODED, Study, study_of
from LesionReadingLib.text.counting import frames_in_words, shown

from ..labels import GUIDEWIRE_SHADOW_BEYOND_LUMEN_MM
from ..measurement.deposits import WIDEST_GUIDEWIRE_DEG
from ..measurement.held import HELD_MM
from ..measurement.lesions import FUJINO_2018, RULE_OF_FIVES_2019, SCORE_ARC_DEG, SCORE_LENGTH_MM, SCORE_THICKNESS_MM, Lesion
from ..measurement.pullback import PullbackMeasurement
from ..measurement.runs import Run
from ..reading.cautions import NOT_OCT
from ..wall.calcium_range import CalciumRange
from .cautions import all_cautions
from .first_screen import first_screen
from .headline import deg, finding, mm, mm2, numbers
from .look_first import in_words
from .rendering.stack import NOT_TO_SCALE

if TYPE_CHECKING:
    from ..reading.pullback import Pullback

TEMPLATES = Path(__file__).parent / "templates"

_FIELDS = {
    "volume_mm3": N_("Calcium volume"),
    "over_180_length_mm": N_("Lengths and positions"),
    "max_thickness_mm": N_("Calcium thickness"),
    "minimum_lumen_area": N_("Minimum lumen area"),
}


_MET = {True: N_("met"), False: N_("not met"), None: N_("not known")}


def write_report(
    path: Path,
    measurement: PullbackMeasurement,
    pictures: Mapping[str, Path],
    *,
    missing_pictures: str | None = None,
    pullback: Pullback | None = None,
    model: Mapping[str, Any] | None = None,
    label_notes: Sequence[str] = (),
    study: Study | None = None,
    scroll: Scroll | None = None,
    mesh: str | None = None,
    consequences: Consequences | None = None,
    ranges: Sequence[CalciumRange | None] | None = None,
) -> None:
    """Write the report as one HTML file that needs nothing else.

    Args:
        path: the file.
        measurement: the numbers.
        pictures: name -> picture file; those that are there.
        missing_pictures: the sentence in the place of the three-dimensional pictures, or None where they are there.
        pullback: where the frames came from; None where only a label map was measured.
        model: what the bundle says of itself, with "contours" where they may have been corrected since; None where no network
            took part.
        label_notes: sentences on the label map and how it was placed.
        study: which study it is; told apart by its numbers where None.
        scroll: the frames to scroll through; None for a page that does not move. mesh: JSON of what is turned (``rendering.mesh``).
        consequences: what findings may mean; the shipped texts where None.
        ranges: how far calcium may reach in each frame by the model's scores; None where no model gave any.
    """
    screen = first_screen(measurement, model, consequences=consequences, ranges=ranges)
    found = finding(measurement, by_network=model is not None)
    for doubt in (told for told in (pullback.cautions if pullback else ()) if told.code == NOT_OCT):
        found, screen = (doubt.sentence, ""), replace(screen, meanings=())
    cautions = [caution for caution in all_cautions(measurement, pullback, None) if caution.sentence not in found]
    page = (
        environment(TEMPLATES)
        .get_template("report.html")
        .render(
            finding=found,
            cautions=cautions,
            screen=screen,
            stretch=lambda check: in_words(check).capitalize(),
            study=study or study_of((), np.array([frame.arc_bridged_deg for frame in measurement.frames])),
            how_coded=_(HOW_CODED),
            scroll=scroll,
            mesh=mesh,
            numbers=numbers(measurement),
            pictures={name: picture_uri(file) for name, file in pictures.items()},
            missing_pictures=missing_pictures,
            not_to_scale=None if measurement.spacing.known else _(NOT_TO_SCALE),
            measurement=measurement,
            lesions=[_lesion_row(number, lesion, measurement) for number, lesion in enumerate(measurement.lesions, 1)],
            runs=[_run_row(run, measurement) for run in measurement.runs],
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
            shown=shown,
            frames_in_words=frames_in_words,
            mm=mm,
            mm2=mm2,
            deg=deg,
        )
    )
    path.write_text(page, encoding="utf-8")


def _run_row(run: Run, measurement: PullbackMeasurement) -> tuple[str, ...]:
    held = _("yes") if run.held else _("no")
    return _frames(run), _places(run, measurement.spacing), mm(run.length_mm), deg(run.max_arc_deg), held


def _lesion_row(number: int, lesion: Lesion, measurement: PullbackMeasurement) -> dict[str, str]:
    score, fives = lesion.calcium_score, lesion.rule_of_fives
    return {
        "number": str(number),
        "frames": _frames(lesion),
        "position": _places(lesion, measurement.spacing),
        "length": mm(lesion.length_mm),
        "volume": with_unit(lesion.volume_mm3, "mm³", 1),
        "arc": deg(lesion.max_arc_deg),
        "arc_frame": str(shown(score.angle_frame)),
        "thickness": mm(lesion.max_thickness_mm, 2),
        "thickness_frame": "" if score.thickness_frame is None else str(shown(score.thickness_frame)),
        "score": absent() if score.total is None else f"{score.total} = {score.angle} + {score.thickness} + {score.length}",
        "held_score": absent() if lesion.held.score is None else str(lesion.held.score),
        "fives": _(_MET[fives.met]),
    }


def _sums(measurement: PullbackMeasurement) -> list[str]:
    """Lesions of which deposits of one frame would reach the score's angle together, but none does alone."""
    return [
        _(
            "Lesion {number}: its deposits in frame {frame} cover {arc:.0f} degrees together. They are not added up for the score; "
            "added up they would give 2 points more."
        ).format(number=number, frame=shown(lesion.summed_arc_frame), arc=lesion.summed_arc_deg)
        for number, lesion in enumerate(measurement.lesions, 1)
        if lesion.max_arc_deg <= SCORE_ARC_DEG < lesion.summed_arc_deg
    ]


def _input_rows(measurement: PullbackMeasurement, pullback: Pullback | None) -> list[tuple[str, str]]:
    spacing = measurement.spacing
    rows = [(_("Frames"), str(len(measurement.frames)))]
    if pullback:
        rows.append((_("Frame size"), _("{columns} x {rows} pixels").format(columns=pullback.columns, rows=pullback.rows)))
    in_plane, along = absent(), absent()
    if spacing.in_plane_known:
        same = spacing.row_mm == spacing.column_mm
        size = _("{column:.5g} x {row:.5g} mm (column x row)").format(column=spacing.column_mm, row=spacing.row_mm)
        size = f"{spacing.row_mm:.5g} mm" if same else size
        in_plane = _("{size}, from: {source}").format(size=size, source=source_in_words(spacing.in_plane_source))
    if spacing.frame_mm:
        along = _("{size}, from: {source}").format(size=f"{spacing.frame_mm:.5g} mm", source=source_in_words(spacing.frame_source))
    rows += [(_("Pixel spacing"), in_plane), (_("Frame spacing"), along)]
    return rows + [(_capital(_(title)), _(value)) for title, value in (pullback.details.items() if pullback else ())]


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _missing(measurement: PullbackMeasurement) -> list[tuple[str, str]]:
    """What is absent, and why; that there is no calcium to measure is said on top."""
    fields = {name: title for name, title in _FIELDS.items() if name in measurement.missing}
    if measurement.max_arc_frame is None and measurement.spacing.in_plane_known:
        fields.pop("max_thickness_mm", None)
    return [(_(title), measurement.missing[name]) for name, title in fields.items()]


def _cut(measurement: PullbackMeasurement) -> list[str]:
    """What there is to know of labels that leave the image."""
    sentences = []
    cut = {
        "calcium_cut": N_("In {frames} the calcium touches the image border; its numbers there are lower bounds."),
        "lumen_cut": N_("In {frames} the lumen touches the image border; its numbers there are lower bounds."),
    }
    for name, sentence in cut.items():
        count = sum(getattr(frame, name) for frame in measurement.frames)
        if count:
            sentences.append(_(sentence).format(frames=frames_in_words(count)))
    return sentences


def _frames(stretch) -> str:
    first, last = shown(stretch.first_frame), shown(stretch.last_frame)
    return str(first) if first == last else _("{first} to {last}").format(first=first, last=last)


def _places(stretch, spacing: Spacing) -> str:
    if spacing.frame_mm is None:
        return absent()
    first, last = stretch.first_frame * spacing.frame_mm, stretch.last_frame * spacing.frame_mm
    return _("{first} to {last}").format(first=f"{first:.1f}", last=mm(last))
