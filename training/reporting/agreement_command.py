"""The command ``python -m training agreement A B``."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from LesionReadingLib.errors import InputError

from ..arguments import above_nothing
from ..files import read_json, reading

_BYTES = 2_000_000


def add_agreement(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``agreement``."""
    parser.add_argument("one", type=Path, metavar="A", help="folder with a label map, an exported case or a result for each case")
    parser.add_argument("other", type=Path, metavar="B", help="another reader's, or a model's, of the same names")
    parser.add_argument("--of", choices=("oct", "hematoma"), help="what they show; exported cases say it themselves")
    parser.add_argument("--labels", nargs="+", default=[], metavar="VALUE=CLASS", help="what values, colours or segments mean")
    parser.add_argument("--pixel-spacing", type=above_nothing, metavar="MM", help="where label maps do not say it")
    parser.add_argument("--frame-spacing", type=above_nothing, metavar="MM", help="likewise, between frames")
    parser.add_argument("-o", "--output", type=Path, metavar="DIR", help="for tables, figures and plots")
    parser.set_defaults(run=_agreement)


def _agreement(chosen: argparse.Namespace) -> None:
    from LesionReadingLib.output import finished_folder
    from LesionReadingLib.studies.agreement import TABLE, write_agreements

    from .agreement import agreement_figures, agreement_tables, compare, measured
    from .comparison import draw_pictures, write_evaluation

    read, value, name, unit, slices = (_of_oct if _task(chosen) == "oct" else _of_hematoma)(chosen)
    found = compare(chosen.one, chosen.other, read, value, name)
    figures = agreement_figures(found, unit)
    tables = agreement_tables(figures, (chosen.one.name, chosen.other.name))
    print(tables)
    if chosen.output:
        with finished_folder(chosen.output, _BYTES) as folder:
            write_evaluation(folder, figures, tables)
            write_agreements(folder / TABLE, found.rows, unit, slices)
            draw_pictures(folder, [], measured(found, unit))
        print(f"\nWritten to {chosen.output}.")


def _task(chosen: argparse.Namespace) -> str:
    from HematomaMarkersLib.labels import TASK as HEMATOMA_TASK
    from LesionReadingLib.studies.training_case import FACTS
    from OCTCalciumLib.labels import TASK as OCT_TASK

    if chosen.of:
        return chosen.of
    for file in sorted(chosen.one.glob(f"*/{FACTS}")):
        with reading(file):
            task = read_json(file)["task"]
        if task in (OCT_TASK, HEMATOMA_TASK):
            return "oct" if task == OCT_TASK else "hematoma"
    raise InputError("Label maps do not say what they show; say it with --of oct or --of hematoma.")


def _of_oct(chosen: argparse.Namespace) -> tuple[Callable, int, str, str, str]:
    from LesionReadingLib.studies.agreement import Reading
    from OCTCalciumLib.labels import CALCIUM, NAMES, TASK
    from OCTCalciumLib.measurement.pullback import measure_pullback
    from OCTCalciumLib.segments import SEGMENTS, checked_label_map

    from ..own_data.cases import open_case
    from ..own_data.masks import label_rule, read_mask
    from ..own_data.pairs import Mask
    from .agreement import ReadCase, is_exported

    rule = label_rule(chosen.labels, SEGMENTS)

    def read(path: Path) -> ReadCase:
        if is_exported(path):
            case = open_case(path, TASK, NAMES)
            labels, spacing = case.labels, case.grid.spacing
        else:
            placed = checked_label_map(read_mask(Mask(path), rule, SEGMENTS), path, chosen.pixel_spacing, chosen.frame_spacing)
            labels, spacing = placed.labels, placed.spacing
        found = measure_pullback(labels, spacing)
        return ReadCase(Reading(labels, found.volume_mm3, [frame.arc_bridged_deg for frame in found.frames]))

    return read, CALCIUM, NAMES[CALCIUM], "mm3", "frame"


def _of_hematoma(chosen: argparse.Namespace) -> tuple[Callable, int, str, str, str]:
    from HematomaMarkersLib.labels import HEMATOMA, NAMES, TASK
    from HematomaMarkersLib.segments import SEGMENTS
    from LesionReadingLib.labels.on_grid import label_grid
    from LesionReadingLib.labels.read import with_typed
    from LesionReadingLib.studies.agreement import Reading

    from ..own_data.cases import open_case
    from ..own_data.masks import label_rule, read_mask
    from ..own_data.pairs import Mask
    from .agreement import ReadCase, is_exported

    rule = label_rule(chosen.labels, SEGMENTS)

    def read(path: Path) -> ReadCase:
        signs = {}
        if is_exported(path):
            case = open_case(path, TASK, NAMES)
            signs = {name: seen for name, seen in (case.markers or {}).items() if seen is not None}
            labels, grid = case.labels, case.grid
        else:
            label_map = read_mask(Mask(path), rule, SEGMENTS)
            label_map = label_map.with_spacing(with_typed(label_map.spacing, chosen.pixel_spacing, chosen.frame_spacing))
            labels = label_map.labels
            grid = label_grid(label_map, path.name) if label_map.spacing.known else None
        volume = None if grid is None else float((labels == HEMATOMA).sum(axis=(1, 2)) @ grid.voxel_ml)
        return ReadCase(Reading(labels, volume), signs)

    return read, HEMATOMA, NAMES[HEMATOMA], "mL", "slice"
