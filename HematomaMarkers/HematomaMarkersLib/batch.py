"""Many head CTs at once: those below a folder, each with the patient's scan before it, and the row that each has in the table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

from LesionReadingLib.errors import InputError
from LesionReadingLib.language import N_, _, listed
from LesionReadingLib.reporting import Reporter
from LesionReadingLib.studies.batch.find import found_below, in_order
from LesionReadingLib.studies.batch.records import Study
from LesionReadingLib.text.counting import shown

from .commands import analyze
from .labels import MARKER_NAMES, MARKERS, PROBABILITY_NAMES
from .options import RunOptions, ScanOptions
from .reading.dicom.ct_series import CtSeries
from .reading.dicom.find_series import find_series
from .reading.dicom.scan_facts import acquired, patient_key
from .reading.dicom.series_choice import choose_series
from .triage.decision import TITLES

TITLE = N_("Intracerebral haemorrhage on head CT: all scans")


def find_scans(folder: Path, output: Path) -> list[Study]:
    """The head CTs below a folder: of every DICOM study the series to be read, every image file, every folder of pictures.

    Scans of one patient (Patient ID) are compared, each with the one before it in time.

    Raises:
        InputError: as ``found_below``.
    """
    found = found_below(folder, output)
    studies: dict[tuple[str, str], list] = {}
    for path, header in found.dicom:
        if header.get("Modality") == "CT":
            key = (str(header.get("PatientID", "")), str(header.get("StudyInstanceUID", "")))
            studies.setdefault(key, []).append((path, header))
    return in_order([*found.studies, *_with_priors([_chosen(members) for members in studies.values()])])


def analyze_study(
    source: Path,
    output: Path,
    report: Reporter,
    *,
    run: RunOptions,
    options: ScanOptions,
    **scans: Any,
) -> None:
    """``commands.analyze`` for one scan of a batch.

    Args:
        scans: which series is read, and the scan before it: fields of ``ScanOptions``.
    """
    analyze(source, output, report, run=run, options=replace(options, **scans))


def _chosen(members: Sequence) -> tuple[Study, CtSeries | None]:
    """The study of some DICOM files and the series of it that is read; None where that is not clear."""
    files = tuple(path for path, _header in members)
    try:
        series, _notes = choose_series(find_series(members)[0])
    except InputError as error:
        return Study(_common(files), files, problem=str(error)), None
    return Study(_common(files), files, {"series": sorted(series.uids)[0]}), series


def _with_priors(chosen: Sequence[tuple[Study, CtSeries | None]]) -> list[Study]:
    """The studies, those of one patient with the scan before them."""
    patients: dict[str, list[tuple[datetime, Study]]] = {}
    for study, series in chosen:
        key, moment = (patient_key(series.header), acquired(series.planes)) if series is not None else (None, None)
        if key is not None and moment is not None:
            patients.setdefault(key, []).append((moment, study))
    earlier: dict[int, Study] = {}
    for scans in patients.values():
        ordered = sorted(scans, key=lambda scan: scan[0])
        earlier |= {id(after): before for (then, before), (now, after) in pairwise(ordered) if then < now}
    return [_compared(study, earlier.get(id(study))) for study, _series in chosen]


def _compared(study: Study, before: Study | None) -> Study:
    if before is None:
        return study
    options = {**study.options, "prior": before.source, "prior_series": before.options["series"]}
    return Study(study.source, study.files, options)


def _common(files: Sequence[Path]) -> Path:
    """The folder in or below which all files lie."""
    parents = [set(file.parents) for file in files]
    return max(set.intersection(*parents), key=lambda folder: len(folder.parts))


def _open_signs(found: dict) -> str | None:
    """The signs whose range of the probability holds the network's threshold; None where nothing is known of ranges.

    In their place that none is judged, where the hematoma is too small to show them.
    """
    if found.get("has_hematoma") and not found.get("shows_signs", True):  # results from before do not tell it
        return _("not judged: hematoma under {least:g} mL").format(least=found["least_sign_ml"])
    ranges, thresholds = found.get("probability_ranges"), found.get("thresholds")
    if not ranges or not thresholds:
        return None
    names = [marker for marker in MARKERS if ranges[marker] and ranges[marker][0] < thresholds[marker] <= ranges[marker][1]]
    return listed(_(MARKER_NAMES[marker]).lower() for marker in names)


def _outside_blood(found: dict) -> str | None:
    """Where blood outside the brain is seen, which no other number of the row tells of."""
    outside = found.get("outside_blood")
    return _("suspected on slice {number}").format(number=shown(outside["slice"])) if outside and outside["seen"] else None


COLUMNS: Mapping[str, Callable[[dict], Any]] = {
    N_("decision"): lambda found: TITLES[found["triage"]["code"]] if found.get("triage") else None,
    N_("hematoma (mL)"): lambda found: found["volume_ml"],
    N_("hematoma, low end of its range (mL)"): lambda found: (found.get("volume_range_ml") or (None, None))[0],
    N_("hematoma, high end of its range (mL)"): lambda found: (found.get("volume_range_ml") or (None, None))[1],
    N_("in the ventricles (mL)"): lambda found: found["ivh_ml"],
    N_("blood outside the brain"): _outside_blood,
    **{
        header: lambda found, marker=marker: found["markers"][marker]["probability"] for marker, header in PROBABILITY_NAMES.items()
    },
    N_("signs that their ranges leave open"): lambda found: _open_signs(found),
    N_("change since the scan before (mL)"): lambda found: (found["growth"] or {}).get("change_ml"),
    N_("hours since the scan before"): lambda found: (found["growth"] or {}).get("hours"),
}
"""Header of the table -> its value of a scan's ``measurements.json``; None where there is none."""
