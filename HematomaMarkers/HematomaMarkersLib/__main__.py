"""The command line of HematomaMarkers, which the Slicer module also starts as its worker: ``python -m HematomaMarkersLib``.

Nothing heavy is imported before it is needed: ``measure`` never loads a network, ``--help`` loads nothing.
"""

from __future__ import annotations

import sys

if __name__ == "__main__" and not (sys.flags.safe_path or __file__.startswith(sys.path[0])):
    del sys.path[0]  # the folder that Python was started in: what lies there is not ours to run

import argparse
import math
from pathlib import Path
from typing import NoReturn

from LesionReadingLib import arguments
from LesionReadingLib.command_line import run_command
from LesionReadingLib.errors import InputError
from LesionReadingLib.language import N_, _
from LesionReadingLib.presenting.options import add_page, chosen_page
from LesionReadingLib.reporting import Note
from LesionReadingLib.worker import leave

from .labels import LOCATIONS, MARKERS
from .model.preparation.steps import add_without, left_out


def main(given: list[str] | None = None) -> int:
    """Run one command of ``hematoma-markers`` and give its exit status."""
    return run_command(_parser, given)


def command() -> NoReturn:
    """Run one command as a process of its own."""
    leave(main())


def _parser() -> argparse.ArgumentParser:
    parser, commands = arguments.command_parser(
        "hematoma-markers", _("Intracerebral haemorrhage and its markers of growth on head CT. Not a medical device.")
    )

    analyze = commands.add_parser("analyze", help=_("find hematoma and markers in a head CT, measure them and write a report"))
    analyze.add_argument(
        "input",
        type=Path,
        help=_("DICOM file, folder, zip file or DICOMDIR; NRRD, NIfTI, MetaImage; or a folder of 8-bit pictures"),
    )
    arguments.add_output(analyze)
    _add_network(analyze)
    analyze.add_argument(
        "--prior", type=Path, metavar="INPUT", help=_("an earlier scan of the patient, or an earlier result folder")
    )
    _add_series(analyze)
    _add_scan(analyze)
    analyze.add_argument(
        "--upright", action="store_true", help=_("as the desktop shows it: without the gantry's tilt, slices at even distances")
    )
    analyze.set_defaults(run=_analyze)

    batch = commands.add_parser(
        "batch", help=_("analyze all head CTs below a folder, those of a patient compared; one table of all")
    )
    arguments.add_batch(batch, _("head CTs"))
    _add_network(batch)
    _add_scan(batch)
    batch.set_defaults(run=_batch, prior=None, series=None, prior_series=None, upright=False)

    measure = commands.add_parser("measure", help=_("measure a label map from anywhere; no network is needed"))
    measure.add_argument(
        "labelmap", type=Path, help=_(".seg.nrrd, NRRD, NIfTI, MetaImage or DICOM SEG; 1 hematoma, 2 in the ventricles")
    )
    measure.add_argument("--ct", type=Path, required=True, metavar="INPUT", help=_("the head CT to which the label map belongs"))
    arguments.add_output(measure)
    arguments.add_segments(measure, "hematoma")
    measure.add_argument("--prior", type=Path, metavar="DIR", help=_("an earlier result folder of the patient"))
    measure.add_argument(
        "--reading",
        type=Path,
        metavar="DIR",
        help=_("the result folder whose contour was corrected: what the network said is kept, and --prior may be the scan again"),
    )
    measure.add_argument(
        "--corrected", type=int, metavar="SLICES", help=_("on how many slices a reader has corrected that contour")
    )
    _add_series(measure)
    _add_scan(measure)
    measure.set_defaults(run=_measure, upright=False)

    arguments.add_agreement(commands, _agreement)

    phantom = commands.add_parser("phantom", help=_("draw a phantom patient and write it as DICOM, with its truth"))
    phantom.add_argument("folder", type=Path)
    phantom.add_argument("--seed", type=int, default=7, help=_("which phantom patient"))
    phantom.add_argument(
        "--marker",
        nargs="*",
        choices=MARKERS,
        metavar="MARKER",
        help=_("signs to draw: {listed}").format(listed=", ".join(MARKERS)),
    )
    phantom.add_argument("--volume", type=float, metavar="ML", help=_("of the hematoma"))
    phantom.add_argument("--location", choices=LOCATIONS)
    phantom.add_argument("--follow-up", type=float, metavar="ML", help=_("a second scan, six hours later, grown by this volume"))
    phantom.add_argument("--size", type=int, default=512, help=_("rows and columns of a slice in pixels"))
    phantom.add_argument("--slice-spacing", type=float, metavar="MM", help=_("the patient's own scanner decides by default"))
    phantom.add_argument("--tilt", type=float, metavar="DEGREES", help=_("of the gantry; likewise"))
    phantom.add_argument(
        "--wide",
        action="store_true",
        help=_("a head that is hard to read, as its seed has it: dense sinuses, calcifications, any position"),
    )
    phantom.add_argument("--whole-study", action="store_true", help=_("also scout, bone kernel, reformat and dose page"))
    phantom.set_defaults(run=_phantom)
    arguments.add_common(commands)
    return parser


def _add_network(parser: argparse.ArgumentParser) -> None:
    arguments.add_model(parser)
    add_without(parser)


def _add_series(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--series", metavar="NUMBER", help=_("series number or UID, where a folder holds several"))
    parser.add_argument("--prior-series", metavar="NUMBER", help=_("likewise, of the scan given as --prior"))


def _add_scan(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--window",
        nargs="+",
        metavar="HU",
        help=_("two ends in HU, or a name of the table: what the network sees, and what 8-bit pictures show; 0 80 by default"),
    )
    parser.add_argument("--slice-spacing", type=float, metavar="MM", help=_("distance of slices, for pictures, which state none"))
    parser.add_argument("--pixel-spacing", type=float, metavar="MM", help=_("in-plane spacing, likewise"))
    parser.add_argument("--patient-position", metavar="HFS", help=_("how the patient lay, for image files, which do not say"))
    parser.add_argument("--location", choices=LOCATIONS, help=_("of the hematoma, as you see it; used by the triage"))
    parser.add_argument(
        "--onset-to-ct", type=float, metavar="HOURS", help=_("from the first symptom to the scan, for the BAT score")
    )
    parser.add_argument("--triage", type=Path, metavar="FILE", help=_("TOML file with your own limits of the triage"))
    parser.add_argument(
        "--force",
        action="store_true",
        help=_("go on with contrast, other body parts, or a prior of another patient or a later date"),
    )
    add_page(parser)


def _run_options(chosen: argparse.Namespace):
    from .options import RunOptions

    network = {"model": chosen.model, "device": chosen.device, "without": left_out(chosen.without)} if "model" in chosen else {}
    return RunOptions(rules=chosen.triage, force=chosen.force, page=chosen_page(chosen), **network)


def _scan_options(chosen: argparse.Namespace):
    from .options import ScanOptions
    from .reading.scan import PATIENT_POSITIONS
    from .windows import window_of

    if chosen.patient_position not in (None, *PATIENT_POSITIONS):
        known = ", ".join(PATIENT_POSITIONS)
        raise InputError(
            _("There is no patient position {patient_position}; give one of {known} with --patient-position.").format(
                patient_position=chosen.patient_position, known=known
            )
        )
    if chosen.onset_to_ct is not None and not (math.isfinite(chosen.onset_to_ct) and chosen.onset_to_ct >= 0):
        raise InputError(
            _("An onset {onset_to_ct} hours before the scan cannot be; give 0 or more hours with --onset-to-ct.").format(
                onset_to_ct=chosen.onset_to_ct
            )
        )
    return ScanOptions(
        series=chosen.series,
        window=window_of(chosen.window) if chosen.window else None,
        slice_spacing_mm=chosen.slice_spacing,
        pixel_spacing_mm=chosen.pixel_spacing,
        patient_position=chosen.patient_position,
        location=chosen.location,
        onset_to_ct_hours=chosen.onset_to_ct,
        prior=chosen.prior,
        prior_series=chosen.prior_series,
        upright=chosen.upright,
    )


def _analyze(chosen: argparse.Namespace, report) -> None:
    from .commands import analyze

    analyze(chosen.input, chosen.output, report, run=_run_options(chosen), options=_scan_options(chosen))


def _batch(chosen: argparse.Namespace, report) -> None:
    from dataclasses import replace
    from functools import partial

    from LesionReadingLib.studies.batch.run import on_dask, one_by_one, run_batch

    from .batch import COLUMNS, TITLE, analyze_study, find_scans

    run, options = _run_options(chosen), _scan_options(chosen)
    work = partial(analyze_study, run=run, options=options)
    analyse = on_dask(work, chosen.dask, chosen.with_identity) if chosen.dask else one_by_one(work)
    given = {**vars(options), **vars(replace(run, device=""))}  # any device gives the same results
    settings = ", ".join(f"{name} {value}" for name, value in given.items() if value)
    studies = find_scans(chosen.folder, chosen.output)
    run_batch(
        studies, chosen.folder, chosen.output, analyse, report, columns=COLUMNS, title=TITLE, settings=settings, again=chosen.again
    )


def _measure(chosen: argparse.Namespace, report) -> None:
    from .commands import measure
    from .options import LabelMapOptions

    label_map = LabelMapOptions(segments=arguments.chosen_segments(chosen), reading=chosen.reading, corrected=chosen.corrected)
    options = {"run": _run_options(chosen), "options": _scan_options(chosen), "label_map": label_map}
    measure(chosen.labelmap, chosen.ct, chosen.output, report, **options)


def _agreement(chosen: argparse.Namespace, report) -> None:
    from LesionReadingLib.studies.agreement import write_worklist_agreements

    from .agreement import COMPARED

    write_worklist_agreements(chosen.folder, chosen.output, report, COMPARED, named=chosen.with_readers)


def _phantom(chosen: argparse.Namespace, report) -> None:
    from LesionReadingLib.output import finished_folder

    from .phantom.study import write_patient, write_wide_patient

    _check_phantom(chosen)
    with finished_folder(chosen.folder, 200 * chosen.size * chosen.size) as folder:
        report.log(_("Drawing phantom patient {seed}").format(seed=chosen.seed), Note.ABOUT)
        if chosen.wide:
            heads = write_wide_patient(folder, chosen.seed)
        else:
            heads = write_patient(
                folder,
                chosen.seed,
                growth_ml=chosen.follow_up,
                size=chosen.size,
                slice_mm=chosen.slice_spacing,
                tilt_deg=chosen.tilt,
                whole_study=chosen.whole_study,
                wanted=None if chosen.marker is None else frozenset(chosen.marker),
                volume_ml=chosen.volume,
                location=chosen.location,
            )
    report.result(
        str(chosen.folder),
        {"volumes_ml": N_("hematoma (mL)"), "markers": N_("signs"), "location": N_("location")},
        volumes_ml=[round(head.volume_ml, 2) for head in heads],
        markers=[marker for marker, there in heads[0].markers.items() if there],
        location=heads[0].location,
    )


def _check_phantom(chosen: argparse.Namespace) -> None:
    of_ordinary = (chosen.marker, chosen.volume, chosen.location, chosen.follow_up, chosen.slice_spacing, chosen.tilt)
    if chosen.wide and (chosen.whole_study or any(option is not None for option in of_ordinary)):
        raise InputError(_("Of a phantom of the wide range the seed decides all; leave the other options out or --wide."))
    limits = [
        ("--seed", chosen.seed, 0, 2**31 - 1),
        ("--size", chosen.size, 64, 1024),
        ("--volume", chosen.volume, 0.3, 100),
        ("--follow-up", chosen.follow_up, 0, 60),
        ("--slice-spacing", chosen.slice_spacing, 0.5, 15),
        ("--tilt", chosen.tilt, -30, 30),
    ]
    for name, value, low, high in limits:
        if value is not None and not low <= value <= high:
            raise InputError(
                _("A phantom's {name} is from {low:g} to {high:g}, not {value:g}; change it.").format(
                    name=name, low=low, high=high, value=value
                )
            )


if __name__ == "__main__":
    command()
