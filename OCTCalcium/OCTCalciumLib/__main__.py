"""The command line of OCTCalcium, which the Slicer module also starts as its worker: ``python -m OCTCalciumLib``.

Nothing heavy is imported before it is needed: ``measure`` never loads a network, ``--help`` loads nothing.
"""

from __future__ import annotations

import sys

if __name__ == "__main__" and not (sys.flags.safe_path or __file__.startswith(sys.path[0])):
    del sys.path[0]  # the folder that Python was started in: what lies there is not ours to run

import argparse
from pathlib import Path
from typing import NoReturn

from LesionReadingLib import arguments
from LesionReadingLib.command_line import run_command
from LesionReadingLib.errors import InputError
from LesionReadingLib.language import _
from LesionReadingLib.presenting.options import add_page, chosen_page
from LesionReadingLib.worker import leave


def main(given: list[str] | None = None) -> int:
    """Run one command of ``oct-calcium`` and give its exit status."""
    return run_command(_parser, given)


def command() -> NoReturn:
    """Run one command as a process of its own."""
    leave(main())


def _parser() -> argparse.ArgumentParser:
    parser, commands = arguments.command_parser("oct-calcium", _("Calcium in coronary OCT pullbacks. Not a medical device."))

    analyze = commands.add_parser("analyze", help=_("segment a pullback, measure its calcium and write a report"))
    analyze.add_argument("input", type=Path, help=_("DICOM file or folder, folder of PNG or TIFF, NRRD, NIfTI or MetaImage"))
    arguments.add_output(analyze)
    _add_analysing(analyze)
    analyze.set_defaults(run=_analyze)

    batch = commands.add_parser("batch", help=_("analyze all pullbacks below a folder, with one table of all"))
    arguments.add_batch(batch, _("pullbacks"))
    _add_analysing(batch)
    batch.set_defaults(run=_batch)

    measure = commands.add_parser("measure", help=_("measure a label map from anywhere; no network is needed"))
    measure.add_argument(
        "labelmap", type=Path, help=_(".seg.nrrd, NRRD, NIfTI, MetaImage or DICOM SEG; 1 calcium, 2 wire, 3 lumen")
    )
    arguments.add_output(measure)
    arguments.add_segments(measure, "calcium")
    measure.add_argument("--pullback", type=Path, help=_("the pullback that the labels were drawn on, to show it in the pictures"))
    measure.add_argument("--corrected", type=int, metavar="FRAMES", help=_("in how many frames a reader has corrected them since"))
    measure.add_argument("--drawn-by", metavar="BUNDLE", help=_("the model that drew the labels at first; the report names it"))
    _add_measuring(measure)
    measure.set_defaults(run=_measure)

    arguments.add_agreement(commands, _agreement)

    phantom = commands.add_parser("phantom", help=_("draw a phantom pullback and write it as DICOM, with its truth"))
    phantom.add_argument("folder", type=Path)
    phantom.add_argument("--seed", type=int, default=11, help=_("which phantom patient"))
    phantom.add_argument("--frames", type=int, default=140)
    phantom.add_argument("--size", type=int, default=512, help=_("rows and columns of a frame in pixels"))
    phantom.add_argument("--frame-spacing", type=float, default=0.2, metavar="MM")
    phantom.add_argument("--every-variety", action="store_true", help=_("also legacy, compressed and single-frame files"))
    phantom.set_defaults(run=_phantom)
    arguments.add_common(commands)
    return parser


def _add_analysing(parser: argparse.ArgumentParser) -> None:
    arguments.add_model(parser)
    parser.add_argument("--calibration", type=float, default=1.0, metavar="FACTOR", help=_("multiplies the in-plane spacing"))
    _add_measuring(parser)


def _add_measuring(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--pixel-spacing", type=float, metavar="MM", help=_("in-plane spacing, where the input lacks it or is wrong")
    )
    parser.add_argument("--frame-spacing", type=float, metavar="MM", help=_("distance between frames, likewise"))
    parser.add_argument("--lesion-gap", type=int, default=2, metavar="FRAMES", help=_("frames without calcium inside a lesion"))
    parser.add_argument("--vertex", choices=("lumen", "catheter"), default="lumen", help=_("where angles are measured from"))
    add_page(parser)


def _analyze(chosen: argparse.Namespace, report) -> None:
    from .commands import analyze

    analyze(chosen.input, chosen.output, report, run=_run_options(chosen), options=_pullback_options(chosen))


def _batch(chosen: argparse.Namespace, report) -> None:
    from functools import partial

    from LesionReadingLib.studies.batch.run import on_dask, one_by_one, run_batch

    from .batch import COLUMNS, TITLE, find_pullbacks
    from .commands import analyze
    from .reading.read import check_typed

    run, options = _run_options(chosen), _pullback_options(chosen)
    check_typed(chosen.pixel_spacing, chosen.frame_spacing, chosen.calibration)
    work = partial(analyze, run=run, options=options)
    analyse = on_dask(work, chosen.dask, chosen.with_identity) if chosen.dask else one_by_one(work)
    studies = find_pullbacks(chosen.folder, chosen.output)
    given = {**vars(run), **vars(options)}
    settings = ", ".join(f"{name} {value}" for name, value in given.items() if name != "device" and value is not None)
    run_batch(
        studies, chosen.folder, chosen.output, analyse, report, columns=COLUMNS, title=TITLE, settings=settings, again=chosen.again
    )


def _run_options(chosen: argparse.Namespace):
    from .options import RunOptions

    network = {"model": chosen.model, "device": chosen.device} if "model" in chosen else {}
    return RunOptions(parameters=_parameters(chosen), page=chosen_page(chosen), **network)


def _pullback_options(chosen: argparse.Namespace):
    from .options import PullbackOptions

    calibration = {"calibration": chosen.calibration} if "calibration" in chosen else {}
    return PullbackOptions(pixel_spacing_mm=chosen.pixel_spacing, frame_spacing_mm=chosen.frame_spacing, **calibration)


def _measure(chosen: argparse.Namespace, report) -> None:
    from .commands import measure
    from .options import LabelMapOptions

    label_map = LabelMapOptions(
        segments=arguments.chosen_segments(chosen), pullback=chosen.pullback, drawn_by=chosen.drawn_by, corrected=chosen.corrected
    )
    options = {"run": _run_options(chosen), "options": _pullback_options(chosen), "label_map": label_map}
    measure(chosen.labelmap, chosen.output, report, **options)


def _parameters(chosen: argparse.Namespace):
    from .measurement.pullback import Parameters

    if not 0 <= chosen.lesion_gap <= 100:
        raise InputError(
            _("The lesion gap of {lesion_gap} frames is not between 0 and 100; change --lesion-gap.").format(
                lesion_gap=chosen.lesion_gap
            )
        )
    return Parameters(vertex=chosen.vertex, lesion_gap_frames=chosen.lesion_gap)


def _agreement(chosen: argparse.Namespace, report) -> None:
    from LesionReadingLib.studies.agreement import write_worklist_agreements

    from .agreement import COMPARED

    write_worklist_agreements(chosen.folder, chosen.output, report, COMPARED, named=chosen.with_readers)


def _phantom(chosen: argparse.Namespace, report) -> None:
    from .commands import write_phantom

    write_phantom(
        chosen.folder,
        report,
        seed=chosen.seed,
        frame_count=chosen.frames,
        size=chosen.size,
        frame_spacing_mm=chosen.frame_spacing,
        every_variety=chosen.every_variety,
    )


if __name__ == "__main__":
    command()
