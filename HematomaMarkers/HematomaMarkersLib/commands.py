"""The commands of ``hematoma-markers``, each the way of the data from its input to a finished output folder."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from LesionReadingLib.errors import UNLESS_FORCED, InputError
from LesionReadingLib.geometry.nrrd import write_nrrd
from LesionReadingLib.labels.seg_nrrd import write_seg_nrrd
from LesionReadingLib.labels.unsure import UNSURE_SEG
from LesionReadingLib.language import N_, _
from LesionReadingLib.model.bundle import DEFAULT_MODELS
from LesionReadingLib.output import finished_folder
from LesionReadingLib.presenting.consequences import Consequences
from LesionReadingLib.process.freed import give_back_freed
from LesionReadingLib.reporting import Note, Reporter, Step

from .growth.expansion import NEW_IVH_ML, Growth, compare, growth_of_volumes
from .labels import MARKERS, PROBABILITY_NAMES, TASK
from .measurement.markers.network_result import NetworkResult, network_probability, volume_range_ml
from .measurement.measure import least_sign_ml_on, measure_scan
from .measurement.scan import ScanMeasurement
from .model.kept_reading import CONTOUR, MEASUREMENTS, PRIOR_CONTOUR, read_kept_reading, read_volumes
from .options import LabelMapOptions, RunOptions, ScanOptions
from .presenting.case import Case
from .presenting.first_screen import SHIPPED_CONSEQUENCES, signs_not_judged
from .presenting.measurements_json import findings_json
from .reading.prior import check_order
from .reading.scan import Scan, gravity_of
from .reading.upright import straightened
from .triage.decision import in_words
from .triage.findings import Findings, findings_of
from .triage.rules import Rules, read_rules

DEFAULT_MODEL = DEFAULT_MODELS[TASK]
_REPORT_BYTES = 20_000_000  # report, pictures and tables together; measured at most half of that

LabelledScan = tuple[Scan, np.ndarray]
"""A scan and its labels, uint8 (slices, rows, columns)."""

Volumes = tuple[float, float]
"""mL of hematoma and of blood in the ventricles, where of an earlier scan nothing else is known."""


def analyze(source: Path, output: Path, report: Reporter, *, run: RunOptions, options: ScanOptions) -> None:
    """Find the hematoma and its markers, measure them, and write label map, heat maps, numbers, tables and report into ``output``.

    Args:
        source: whatever ``read.open_scan`` takes.

    Raises:
        InputError: input, model, rules or output cannot be used; nothing is written then.
    """
    from LesionReadingLib.model.bundle import find_bundle

    rules = read_rules(run.rules)
    Consequences(SHIPPED_CONSEQUENCES, run.page.consequences)  # before anything slow begins
    scan = _open(source, report, options, options.series, run.force)
    if options.upright:
        straight = straightened(scan)
        scan = replace(scan, hounsfield=straight.hounsfield, grid=straight.grid, notes=scan.notes + straight.changes, frames=())
    earlier = _open_prior(scan, report, options, run.force)
    with finished_folder(output, _REPORT_BYTES + 4 * scan.hounsfield.size) as folder:
        from .model.prediction import Segmentation, predict
        from .model.preparation.prepare import how_long
        from .segments import SEGMENTS, UNSURE, write_label_map
        from .windows import DEFAULT, windows

        bundle = find_bundle(run.model or DEFAULT_MODEL, TASK)

        for one in (scan, earlier):
            if isinstance(one, Scan):
                report.log(how_long(one), Note.ABOUT)

        notes: dict[str, None] = {}  # of both scans, each said once

        def inferred(one: Scan, step: Step, stage: str) -> tuple[Segmentation, NetworkResult]:
            window = options.window or windows()[DEFAULT]
            progress = partial(report.progress, step, stage)
            segmentation, network = predict(one, bundle, run.device, window, progress, without=run.without)
            give_back_freed()
            notes.update(dict.fromkeys(segmentation.notes))
            return segmentation, network

        segmentation, network = inferred(scan, Step.INFER, _("Reading the scan"))
        prior = earlier
        if isinstance(earlier, Scan):
            prior = earlier, inferred(earlier, Step.INFER_PRIOR, _("Reading the earlier scan"))[0].labels
        scan, labels = _noted(scan, notes, report), segmentation.labels
        findings = _measured(scan, labels, network, prior, rules, report, options=options, force=run.force)
        give_back_freed()
        scan = _noted(scan, write_label_map(folder, scan, labels, run.page.identity)[1], report)
        give_back_freed()
        if isinstance(earlier, Scan):
            write_seg_nrrd(folder / PRIOR_CONTOUR, prior[1], earlier.grid, SEGMENTS)
        for marker in MARKERS:
            write_nrrd(folder / f"heat_{marker}.nrrd", network.heat(marker), scan.grid)
        if network.unsure:
            write_seg_nrrd(folder / UNSURE_SEG, network.unsure().view(np.uint8), scan.grid, UNSURE)
        _write(folder, Case(scan, labels, findings, _with_scan(prior)), rules, run, report)
    report.result(str(output), HEADLINE_WORDS, **_headline(findings))


def measure(
    source: Path,
    ct: Path,
    output: Path,
    report: Reporter,
    *,
    run: RunOptions,
    options: ScanOptions,
    label_map: LabelMapOptions,
) -> None:
    """Measure a label map from anywhere (annotator, network, another program) and write what ``analyze`` writes without a network.

    What a network found before the contour was corrected stands beside the numbers, where its result folder is given.

    Args:
        source: the label map, on the scan's voxels or not: it is placed by its geometry. ct: the scan.
        options: its prior may be a scan where the label map's reading is given and holds the contour of that scan.

    Raises:
        InputError: label map, scan, prior, reading, rules or output cannot be used; nothing is written then.
    """
    from .segments import place_label_map, write_label_map

    rules = read_rules(run.rules)
    Consequences(SHIPPED_CONSEQUENCES, run.page.consequences)  # before anything slow begins
    scan = _open(ct, report, options, options.series, run.force)
    placed = place_label_map(source, scan, label_map.segments)
    for sentence in placed.messages:
        report.log(sentence, Note.SEGMENT)
    scan, labels = _noted(scan, placed.notes, report), placed.labels
    network = _kept(label_map, scan, labels) if label_map.reading else None
    prior = _measured_prior(scan, report, label_map.reading, options, run.force)
    with finished_folder(output, _REPORT_BYTES + scan.hounsfield.size // 4) as folder:
        findings = _measured(scan, labels, network, prior, rules, report, options=options, force=run.force)
        scan = _noted(scan, write_label_map(folder, scan, labels, run.page.identity)[1], report)
        _write(folder, Case(scan, labels, findings, _with_scan(prior)), rules, run, report)
    report.result(str(output), HEADLINE_WORDS, **_headline(findings))


def _noted(scan: Scan, notes: Collection[str], report: Reporter) -> Scan:
    """The scan with more sentences for the report, reported at once."""
    for sentence in notes:
        report.log(sentence)
    return replace(scan, notes=(*scan.notes, *notes))


def _kept(label_map: LabelMapOptions, scan: Scan, labels: np.ndarray) -> NetworkResult:
    """What the network found; its own contour, where it is there, tells whether this one was corrected."""
    from .segments import read_hematoma_label_map

    own = label_map.reading / CONTOUR
    is_own = own.exists() and np.array_equal(read_hematoma_label_map(own, scan), labels)
    return read_kept_reading(label_map.reading, scan.hounsfield.shape, is_own=is_own, corrected=label_map.corrected)


def _measured_prior(
    scan: Scan, report: Reporter, reading: Path | None, options: ScanOptions, force: bool
) -> LabelledScan | Volumes | None:
    """The earlier scan with the contour that the reading has of it, or the volumes of an earlier result."""
    from .segments import read_hematoma_label_map

    if reading is None:
        return read_volumes(options.prior) if options.prior else None
    prior = _open_prior(scan, report, options, force)
    return (prior, read_hematoma_label_map(reading / PRIOR_CONTOUR, prior)) if isinstance(prior, Scan) else prior


def _open(source: Path, report: Reporter, options: ScanOptions, series: str | None, force: bool) -> Scan:
    from .reading.read import open_scan

    scan = open_scan(source, series, options.window, options.slice_spacing_mm, options.pixel_spacing_mm)
    if scan.warnings and not force:
        raise InputError(
            _("{listed} Give a head CT without contrast, or read this one all the same (--force).").format(
                listed=" ".join(scan.warnings)
            ),
            UNLESS_FORCED,
        )
    for sentence in scan.notes:
        report.log(sentence)
    for sentence in scan.warnings:
        report.log(sentence, Note.CAUTION)
    if scan.gravity is None and options.patient_position:
        return replace(scan, gravity=gravity_of(options.patient_position))
    return scan


def _open_prior(scan: Scan, report: Reporter, options: ScanOptions, force: bool) -> Scan | Volumes | None:
    """The earlier scan, or the volumes of an earlier result; checked before anything slow begins."""
    if options.prior is None:
        return None
    if (options.prior / MEASUREMENTS).is_file():
        return read_volumes(options.prior)
    report.log(_("The earlier scan:"), Note.ABOUT)
    prior = _open(options.prior, report, options, options.prior_series, force)
    if prior.files and prior.files == scan.files:
        raise InputError(_("The earlier scan and this one are the same; name the series of the earlier one with --prior-series."))
    check_order(prior, scan, force)
    return prior


def _measured(
    scan: Scan,
    labels: np.ndarray,
    network: NetworkResult | None,
    prior: LabelledScan | Volumes | None,
    rules: Rules,
    report: Reporter,
    *,
    options: ScanOptions,
    force: bool,
) -> Findings:
    """Measure the labels, compare them with the earlier scan, and decide."""
    report.progress(Step.MEASURE, _("Measuring"), 0, 1)
    least_sign_ml = least_sign_ml_on(scan, rules.least_sign_ml, rules.least_sign_in_pictures_ml)
    measurement = measure_scan(scan, labels, least_ml=rules.below_ml, least_sign_ml=least_sign_ml)
    growth = _growth(prior, (scan, labels), measurement, force)
    report.progress(Step.MEASURE, _("Measuring"), 1, 1)
    if measurement.too_small_for_signs:
        report.log(signs_not_judged(measurement))
    given = {"location": options.location, "onset_to_ct_hours": options.onset_to_ct_hours}
    return findings_of(measurement, network, growth, rules, **given)


def _growth(prior: LabelledScan | Volumes | None, now: LabelledScan, measurement: ScanMeasurement, force: bool) -> Growth | None:
    if prior is None:
        return None
    if _with_scan(prior):
        growth = compare(prior, now, force)
    else:
        growth = growth_of_volumes(*prior, measurement.volume_ml, measurement.ivh_ml)
    return replace(growth, new_ivh=growth.new_ivh and measurement.counted_ivh_ml >= NEW_IVH_ML)


def _with_scan(prior: LabelledScan | Volumes | None) -> LabelledScan | None:
    return prior if prior and isinstance(prior[0], Scan) else None


def _write(folder: Path, case: Case, rules: Rules, run: RunOptions, report: Reporter) -> None:
    """Write the numbers and everything for a reader."""
    from .presenting.present import present

    numbers = findings_json(case.findings, case.scan.grid.spacing.in_plane_source)
    (folder / MEASUREMENTS).write_text(json.dumps(numbers, indent=1), encoding="utf-8")
    report.progress(Step.REPORT, _("Writing the report"), 0, 1)
    present(folder, case, rules, page=run.page, log=lambda sentence: report.log(sentence, Note.PICTURE))
    report.progress(Step.REPORT, _("Writing the report"), 1, 1)


HEADLINE_WORDS = {
    "decision": N_("decision"),
    "reasons": N_("because"),
    "volume_ml": N_("hematoma (mL)"),
    "volume_range_ml": N_("hematoma, its range (mL)"),
    "ivh_ml": N_("in the ventricles (mL)"),
    **PROBABILITY_NAMES,
}


def _headline(findings: Findings) -> dict:
    """What the last line of a run says."""
    measurement, decided, network = findings.measurement, findings.triage, findings.network
    headline = {
        "decision": in_words(decided.decision),
        "code": str(decided.decision),
        "reasons": list(decided.reasons),
        "volume_ml": round(measurement.volume_ml, 2),
        "ivh_ml": round(measurement.ivh_ml, 2),
        "volume_range_ml": volume_range_ml(network),
    }
    if network and not measurement.too_small_for_signs:
        probabilities = {marker: network_probability(marker, measurement, network) for marker in MARKERS}
        headline |= {marker: value and round(value, 3) for marker, value in probabilities.items()}
    return headline
