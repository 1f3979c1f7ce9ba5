"""The commands of ``hematoma-markers``, each the way of the data from its input to a finished output folder."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from LesionReadingLib.bundle import DEFAULT_MODELS
from LesionReadingLib.errors import UNLESS_FORCED, InputError
from LesionReadingLib.labels.seg_nrrd import write_seg_nrrd
from LesionReadingLib.language import _
from LesionReadingLib.output import finished_folder
from LesionReadingLib.presenting.consequences import Consequences
from LesionReadingLib.presenting.options import USUAL_PAGE, PageOptions
from LesionReadingLib.worker import JsonLines, Terminal

from .growth.expansion import NEW_IVH_ML, Growth, check_order, compare, growth_of_volumes
from .labels import MARKERS, TASK
from .measurement.markers.answers import network_says
from .measurement.measure import measure_scan
from .measurement.scan import ScanMeasurement
from .model.kept_reading import CONTOUR, MEASUREMENTS, PRIOR_CONTOUR, KeptReading, read_kept_reading, read_volumes
from .presenting.first_screen import SHIPPED_CONSEQUENCES
from .presenting.measurements_json import to_json
from .reading.scan import Scan, gravity_of
from .reading.straightening import straightened
from .triage.decision import Triage, in_words, triage
from .triage.decision import to_json as triage_json
from .triage.rules import Rules, read_rules

if TYPE_CHECKING:
    from .model.prediction import Prediction

DEFAULT_MODEL = DEFAULT_MODELS[TASK]
_REPORT_BYTES = 20_000_000  # report, pictures and tables together; measured at most half of that


@dataclass(frozen=True)
class Asked:
    """What the user adds to the scan itself.

    Attributes:
        series: number or UID, where a folder holds several series. window: lower and upper end in HU; None for the usual one.
        slice_spacing_mm, pixel_spacing_mm: for pictures, which state none.
        prior: an earlier scan, or the folder of an earlier result. prior_series: as ``series``, of the earlier scan.
        location: one of ``labels.LOCATIONS``.
        onset_to_ct_hours: from the first symptom to the scan. rules: file with the limits of the triage.
        force: go on with a scan that may be no plain head CT, and with an earlier scan of another patient or of a later date.
        page: how the report is written; with identity, segmentation.dcm names the patient, too.
        patient_position: as DICOM says it (``HFS``), for a scan that does not say how the patient lay.
        reading: the result folder of the reading whose contour was corrected.
        segments: name of a segment of the label map -> what it is, where its name does not say.
        corrected: on how many slices a reader has corrected the contour of ``reading``; None where that is not known.
        upright: analyze the scan as the desktop shows it, without tilt and with even distances (``straightening``).
    """

    series: str | None = None
    window: tuple[float, float] | None = None
    slice_spacing_mm: float | None = None
    pixel_spacing_mm: float | None = None
    prior: Path | None = None
    location: str | None = None
    onset_to_ct_hours: float | None = None
    rules: Path | None = None
    force: bool = False
    page: PageOptions = USUAL_PAGE
    patient_position: str | None = None
    reading: Path | None = None
    prior_series: str | None = None
    segments: Mapping[str, str] | None = None
    upright: bool = False
    corrected: int | None = None


def analyze(
    source: Path,
    output: Path,
    report: JsonLines | Terminal,
    asked: Asked,
    model: str | None = None,
    device: str = "auto",
    without: Collection[str] = (),
) -> None:
    """Find the hematoma and its markers, measure them, and write label map, heat maps, numbers, tables and report into ``output``.

    Args:
        source: whatever ``reading.open_scan`` takes. model: name or folder of a bundle, the shipped one by default.
        device: ``"auto"``, ``"cpu"`` or ``"cuda"``. without: steps of the preparation to leave out.

    Raises:
        InputError: input, model, rules or output cannot be used; nothing is written then.
    """
    from LesionReadingLib.bundle import find_bundle

    rules = read_rules(asked.rules)
    Consequences(SHIPPED_CONSEQUENCES, asked.page.consequences)  # before anything slow begins
    scan = _open(source, report, asked, asked.series)
    if asked.upright:
        straight = straightened(scan)
        scan = replace(scan, hounsfield=straight.hounsfield, grid=straight.grid, notes=scan.notes + straight.changes, frames=())
    earlier = _open_prior(asked, report, scan)
    with finished_folder(output, _REPORT_BYTES + 4 * scan.hounsfield.size) as folder:
        from .model.prediction import predict
        from .model.preparation.prepare import how_long
        from .segments import SEGMENTS, write_heat, write_label_map
        from .windows import DEFAULT, windows

        bundle = find_bundle(model or DEFAULT_MODEL, TASK)

        for one in (scan, earlier):
            if isinstance(one, Scan):
                report.log(how_long(one))

        notes: dict[str, None] = {}  # of both scans, each said once

        def read(one: Scan, stage: str) -> Prediction:
            window = asked.window or windows()[DEFAULT]
            found = predict(one, bundle, device, window, lambda done, total: report.progress(stage, done, total), without)
            notes.update(dict.fromkeys(found.notes))
            return found

        prediction = read(scan, _("Reading the scan"))
        prior = (earlier, read(earlier, _("Reading the earlier scan")).labels) if isinstance(earlier, Scan) else earlier
        scan = _noted(scan, notes, report)
        report.progress(_("Measuring"), 0, 1)
        measurement = measure_scan(scan, prediction.labels, least_ml=rules.below_ml)
        growth = _growth(prior, scan, prediction.labels, measurement, asked.force)
        report.progress(_("Measuring"), 1, 1)
        decided = triage(measurement, prediction, growth, rules, asked.location, asked.onset_to_ct_hours)
        scan = _noted(scan, write_label_map(folder, scan, prediction.labels, asked.page.identity)[1], report)
        if isinstance(earlier, Scan):
            write_seg_nrrd(folder / PRIOR_CONTOUR, prior[1], earlier.grid, SEGMENTS)
        for marker in prediction.probabilities:
            write_heat(folder / f"heat_{marker}.nrrd", scan, prediction.heat(marker))
        _finish(
            folder,
            scan,
            prediction.labels,
            measurement,
            prediction,
            growth,
            prior,
            decided,
            bundle.summary(),
            report,
            asked.page,
            rules,
        )
    report.result(str(output), **_headline(measurement, decided, prediction))


def measure(source: Path, ct: Path, output: Path, report: JsonLines | Terminal, asked: Asked) -> None:
    """Measure a label map from anywhere (annotator, network, another program) and write what ``analyze`` writes without a network.

    What a network said before the contour was corrected stands beside the numbers, where its result folder is given.

    Args:
        source: the label map, on the scan's voxels or not: it is placed by its geometry. ct: the scan.
        asked: its prior may be a scan where its reading is given and holds the contour of that scan.

    Raises:
        InputError: label map, scan, prior, reading, rules or output cannot be used; nothing is written then.
    """
    from .segments import place_label_map, write_label_map

    rules = read_rules(asked.rules)
    Consequences(SHIPPED_CONSEQUENCES, asked.page.consequences)  # before anything slow begins
    scan = _open(ct, report, asked, asked.series)
    placed = place_label_map(source, scan, asked.segments)
    for sentence in placed.told:
        report.log(sentence)
    scan, labels = _noted(scan, placed.notes, report), placed.labels
    kept = _kept(asked, scan, labels) if asked.reading else None
    prior = _measured_prior(asked, report, scan)
    with finished_folder(output, _REPORT_BYTES + scan.hounsfield.size // 4) as folder:
        report.progress(_("Measuring"), 0, 1)
        measurement = measure_scan(scan, labels, least_ml=rules.below_ml)
        growth = _growth(prior, scan, labels, measurement, asked.force)
        report.progress(_("Measuring"), 1, 1)
        decided = triage(measurement, kept, growth, rules, asked.location, asked.onset_to_ct_hours)
        scan = _noted(scan, write_label_map(folder, scan, labels, asked.page.identity)[1], report)
        _finish(
            folder, scan, labels, measurement, kept, growth, prior, decided, kept.model if kept else None, report, asked.page, rules
        )
    report.result(str(output), **_headline(measurement, decided, kept))


def _noted(scan: Scan, notes: Collection[str], report: JsonLines | Terminal) -> Scan:
    """The scan with more sentences for the report, told at once."""
    for sentence in notes:
        report.log(sentence)
    return replace(scan, notes=(*scan.notes, *notes))


def _kept(asked: Asked, scan: Scan, labels: np.ndarray) -> KeptReading:
    """What the network said; its own contour, where it is there, tells whether this one was corrected."""
    from .segments import read_hematoma_label_map

    own = asked.reading / CONTOUR
    is_own = own.exists() and np.array_equal(read_hematoma_label_map(own, scan), labels)
    return read_kept_reading(asked.reading, scan.hounsfield.shape, is_own, asked.corrected)


def _measured_prior(asked: Asked, report: JsonLines | Terminal, scan: Scan) -> tuple | None:
    """The earlier scan with the contour that the reading has of it, or the volumes in mL of an earlier result."""
    from .segments import read_hematoma_label_map

    if asked.reading is None:
        return read_volumes(asked.prior) if asked.prior else None
    prior = _open_prior(asked, report, scan)
    return (prior, read_hematoma_label_map(asked.reading / PRIOR_CONTOUR, prior)) if isinstance(prior, Scan) else prior


def _open(source: Path, report: JsonLines | Terminal, asked: Asked, series: str | None) -> Scan:
    from .reading.read import open_scan

    scan = open_scan(source, series, asked.window, asked.slice_spacing_mm, asked.pixel_spacing_mm)
    if scan.warnings and not asked.force:
        raise InputError(
            _("{listed} Give a head CT without contrast, or read this one all the same (--force).").format(
                listed=" ".join(scan.warnings)
            ),
            UNLESS_FORCED,
        )
    for sentence in (*scan.notes, *scan.warnings):
        report.log(sentence)
    if scan.gravity is None and asked.patient_position:
        return replace(scan, gravity=gravity_of(asked.patient_position))
    return scan


def _open_prior(asked: Asked, report: JsonLines | Terminal, scan: Scan) -> Scan | tuple[float, float] | None:
    """The earlier scan, or the volumes in mL of an earlier result; checked before anything slow begins."""
    if asked.prior is None:
        return None
    if (asked.prior / MEASUREMENTS).is_file():
        return read_volumes(asked.prior)
    report.log(_("The earlier scan:"))
    prior = _open(asked.prior, report, asked, asked.prior_series)
    if prior.files and prior.files == scan.files:
        raise InputError(_("The earlier scan and this one are the same; name the series of the earlier one with --prior-series."))
    check_order(prior, scan, asked.force)
    return prior


def _growth(
    prior: tuple[Scan, np.ndarray] | tuple[float, float] | None,
    scan: Scan,
    labels: np.ndarray,
    measurement: ScanMeasurement,
    force: bool,
) -> Growth | None:
    if prior is None:
        return None
    if isinstance(prior[0], Scan):
        growth = compare(prior, (scan, labels), force)
    else:
        growth = growth_of_volumes(*prior, measurement.volume_ml, measurement.ivh_ml)
    return replace(growth, new_ivh=growth.new_ivh and measurement.counted_ivh_ml >= NEW_IVH_ML)


def _finish(
    folder: Path,
    scan: Scan,
    labels: np.ndarray,
    measurement: ScanMeasurement,
    prediction: Prediction | KeptReading | None,
    growth: Growth | None,
    prior: tuple | None,
    decided: Triage,
    model: Mapping[str, Any] | None,
    report: JsonLines | Terminal,
    options: PageOptions,
    rules: Rules,
) -> None:
    """Write the numbers and everything for a reader."""
    from .presenting.present import present

    numbers = to_json(
        measurement,
        prediction.probabilities if prediction else None,
        growth,
        prediction.slice_probabilities if prediction else None,
    )
    numbers["thresholds"] = prediction.thresholds if prediction else None
    numbers["marker_slices"] = prediction.marker_slices if prediction else None
    numbers["outside_blood"] = prediction.outside.to_json() if prediction and prediction.outside else None
    numbers["model"] = model
    numbers["triage"] = triage_json(decided)
    numbers["location"] = decided.location
    numbers["spacing_source"] = scan.grid.spacing.in_plane_source
    (folder / MEASUREMENTS).write_text(json.dumps(numbers, indent=1), encoding="utf-8")
    report.progress(_("Writing the report"), 0, 1)
    earlier = prior if prior and isinstance(prior[0], Scan) else None
    present(folder, scan, labels, measurement, prediction, growth, earlier, decided, model, report.log, options, rules)
    report.progress(_("Writing the report"), 1, 1)


def _headline(measurement: ScanMeasurement, decided: Triage, prediction: Prediction | KeptReading | None) -> dict:
    """What the last line of a run says."""
    told = {
        "decision": in_words(decided.decision),
        "code": str(decided.decision),
        "reasons": list(decided.reasons),
        "volume_ml": round(measurement.volume_ml, 2),
        "ivh_ml": round(measurement.ivh_ml, 2),
    }
    if prediction:
        said = {marker: network_says(marker, measurement, prediction) for marker in MARKERS}
        told |= {marker: value and round(value, 3) for marker, value in said.items()}
    return told
