"""The commands of ``oct-calcium``, each the way of the data from its input to a finished output folder."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from LesionReadingLib.errors import InputError
from LesionReadingLib.labels.unsure import UNSURE_SEG
from LesionReadingLib.language import N_, _
from LesionReadingLib.model.bundle import DEFAULT_MODELS
from LesionReadingLib.output import finished_folder
from LesionReadingLib.presenting.consequences import Consequences
from LesionReadingLib.process.freed import give_back_freed
from LesionReadingLib.reporting import Note, Reporter, Step

from .labels import TASK
from .measurement.pullback import PullbackMeasurement, measure_pullback
from .options import LabelMapOptions, PullbackOptions, RunOptions
from .presenting.first_screen import SHIPPED_CONSEQUENCES
from .presenting.measurements_json import to_json
from .wall.calcium_range import volume_range_mm3

if TYPE_CHECKING:
    from LesionReadingLib.labels.label_map import LabelMap

    from .reading.pullback import Pullback
    from .wall.calcium_range import CalciumRange

DEFAULT_MODEL = DEFAULT_MODELS[TASK]
_REPORT_BYTES = 30_000_000  # report, pictures and tables together; measured at most half of that


def analyze(source: Path, output: Path, report: Reporter, *, run: RunOptions, options: PullbackOptions) -> None:
    """Segment a pullback, measure it and write label map, numbers, tables, pictures and report into ``output``.

    Args:
        source: whatever ``read.open_pullback`` takes.

    Raises:
        InputError: input, model or output cannot be used; nothing is written then.
    """
    from .reading.read import open_pullback

    Consequences(SHIPPED_CONSEQUENCES, run.page.consequences)  # before anything slow begins
    pullback = open_pullback(source, options.pixel_spacing_mm, options.frame_spacing_mm, options.calibration)
    for note in pullback.notes:
        report.log(note)
    voxels = pullback.frame_count * pullback.rows * pullback.columns
    with finished_folder(output, _REPORT_BYTES + voxels // 20) as folder:
        from LesionReadingLib.labels.label_map import LabelMap
        from LesionReadingLib.model.bundle import find_bundle
        from LesionReadingLib.presenting.scroll import small

        from .model.inference import segment
        from .model.lumen_caution import with_lumen_caution
        from .reading.small_frames import SmallFrames
        from .wall.likeness import with_likeness_caution

        bundle = find_bundle(run.model or DEFAULT_MODEL, TASK)
        passing = SmallFrames(pullback, small).pullback if run.page.scroll else pullback
        found = segment(passing, bundle, run.device, partial(report.progress, Step.INFER, _("Segmenting")))
        give_back_freed()
        pullback = with_lumen_caution(replace(passing, notes=(*passing.notes, *found.notes)), found.labels)
        pullback = with_likeness_caution(pullback, found.labels)
        for note in found.notes:
            report.log(note)
        for caution in pullback.cautions:
            report.log(caution.sentence, Note.CAUTION)
        label_map = LabelMap(found.labels, pullback.grid)
        measurement = _measured_and_written(
            folder, label_map, report, run=run, pullback=pullback, model=bundle.summary(), ranges=found.ranges
        )
    report.result(str(output), HEADLINE_WORDS, **_headline(measurement, found.ranges))


def measure(
    source: Path,
    output: Path,
    report: Reporter,
    *,
    run: RunOptions,
    options: PullbackOptions,
    label_map: LabelMapOptions,
) -> None:
    """Measure a label map from anywhere (an annotator, a network, another program) and write what ``analyze`` writes.

    Args:
        options: of the label map, and of its pullback. label_map: how it came about.

    Raises:
        InputError: label map, pullback, bundle or output cannot be used; nothing is written then.
    """
    from .reading.read import check_typed, open_pullback
    from .segments import read_oct_label_map

    spacing_mm = options.pixel_spacing_mm, options.frame_spacing_mm
    check_typed(*spacing_mm)
    Consequences(SHIPPED_CONSEQUENCES, run.page.consequences)  # before anything slow begins
    pullback = open_pullback(label_map.pullback, *spacing_mm) if label_map.pullback else None
    read = read_oct_label_map(source, *spacing_mm, label_map.segments, pullback)
    for sentence in read.messages:
        report.log(sentence, Note.SEGMENT)
    for sentence in read.notes:
        report.log(sentence)
    model = _drawn_by(label_map.drawn_by, label_map.corrected, len(read.labels)) if label_map.drawn_by else None
    if model and pullback is not None:
        from .wall.likeness import with_likeness_caution

        pullback = with_likeness_caution(pullback, read.labels)
    with finished_folder(output, _REPORT_BYTES + read.labels.size // 20) as folder:
        measurement = _measured_and_written(folder, read, report, run=run, pullback=pullback, model=model)
    report.result(str(output), HEADLINE_WORDS, **_headline(measurement))


def write_phantom(
    folder: Path, report: Reporter, *, seed: int, frame_count: int, size: int, frame_spacing_mm: float, every_variety: bool
) -> None:
    """Draw the phantom patient ``seed`` and write it as conformant DICOM with its truth, or in every variety that readers meet."""
    from .phantom.dicom import write_every_variety, write_presentation, write_truth
    from .phantom.pullback import draw_pullback

    if not (0 <= seed < 2**31 and 1 <= frame_count <= 2000 and 64 <= size <= 2048 and 0.005 <= frame_spacing_mm <= 5):
        raise InputError(
            _("A phantom has a seed from 0, 1 to 2000 frames of 64 to 2048 pixels, 0.005 to 5 mm apart; change the number.")
        )
    with finished_folder(folder, 2 * frame_count * size * size * (14 if every_variety else 1)) as scratch:
        report.log(
            _("Drawing {frame_count} frames of phantom patient {seed}").format(frame_count=frame_count, seed=seed), Note.ABOUT
        )
        if every_variety:
            write_every_variety(scratch, seed, frame_count, size, frame_spacing_mm)
        else:
            pullback = draw_pullback(seed, frame_count, size, frame_spacing_mm)
            write_presentation(scratch / "presentation.dcm", pullback)
            write_truth(scratch / "truth.nrrd", pullback)
    report.result(str(folder))


def _measured_and_written(
    folder: Path,
    label_map: LabelMap,
    report: Reporter,
    *,
    run: RunOptions,
    pullback: Pullback | None,
    model: dict[str, Any] | None,
    ranges: Sequence[CalciumRange | None] | None = None,
) -> PullbackMeasurement:
    """Measure a label map and write everything about it into ``folder``.

    Args:
        ranges: how far calcium may reach in each frame by the model's scores; None where no model gave any.
    """
    from .presenting.cautions import all_cautions
    from .presenting.present import present
    from .presenting.scrolling import write_unsure
    from .segments import write_oct_label_map

    report.progress(Step.MEASURE, _("Measuring"), 0, 1)
    measurement = measure_pullback(label_map.labels, label_map.spacing, run.parameters)
    cautions = all_cautions(measurement, pullback, model)
    (folder / "measurements.json").write_text(json.dumps(to_json(measurement, cautions, ranges), indent=1))
    report.progress(Step.MEASURE, _("Measuring"), 1, 1)
    report.progress(Step.REPORT, _("Writing the report"), 0, 1)

    def label_map_written() -> tuple[str, ...]:
        notes = write_oct_label_map(folder, label_map, pullback, run.page.identity)[1]
        for note in notes:
            report.log(note)
        return notes

    def unsure_written() -> None:
        if pullback is not None and any(found and found.scores for found in ranges or ()):
            write_unsure(folder / UNSURE_SEG, label_map, pullback.pixel_aspect, ranges)

    shown = {"pullback": pullback, "model": model, "ranges": ranges}
    written = {"meanwhile": label_map_written, "afterwards": unsure_written}
    present(folder, label_map, measurement, page=run.page, log=partial(report.log, note=Note.PICTURE), **shown, **written)
    report.progress(Step.REPORT, _("Writing the report"), 1, 1)
    return measurement


def _drawn_by(name: str, corrected: int | None, frames: int) -> dict:
    """What the report says of the model whose contours may have been corrected since, in so many of the frames."""
    from LesionReadingLib.model.bundle import find_bundle

    contours = _("Drawn by this model; what was corrected since is measured as corrected")
    if corrected is not None:
        if not 0 <= corrected <= frames:
            raise InputError(
                _("{corrected} corrected frames cannot be among {frames}; correct --corrected.").format(
                    corrected=corrected, frames=frames
                )
            )
        contours = _("Drawn by this model; contours corrected by a reader on {corrected} of {frames} frames")
    return {**find_bundle(name, TASK).summary(), "contours": contours.format(corrected=corrected, frames=frames)}


HEADLINE_WORDS = {
    "volume_mm3": N_("calcium (mm3)"),
    "volume_range_mm3": N_("calcium, its range (mm3)"),
    "max_arc_deg": N_("largest arc (degrees)"),
    "held_arc_deg": N_("largest arc held over frames (degrees)"),
    "arc_over_180_length_mm": N_("length at 180 degrees or more (mm)"),
    "held_arc_over_180_length_mm": N_("length at 180 degrees or more, held over frames (mm)"),
}


def _headline(measurement: PullbackMeasurement, ranges=None) -> dict:
    """What the last line of a run says."""
    volume = {"volume_mm3": measurement.volume_mm3}
    if ranges is not None and measurement.volume_mm3 is not None:
        volume["volume_range_mm3"] = volume_range_mm3(measurement, ranges)
    return volume | {
        "max_arc_deg": measurement.max_arc_deg,
        "held_arc_deg": measurement.held_arc.value,
        "arc_over_180_length_mm": measurement.over_180_length_mm,
        "held_arc_over_180_length_mm": measurement.held_over_180_length_mm,
    }
