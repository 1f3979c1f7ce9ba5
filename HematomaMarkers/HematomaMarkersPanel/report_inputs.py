"""What the report of a result is made from, for the command line: the contour as it is now, and what the network said."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from HematomaMarkersLib.labels import MARKERS
from HematomaMarkersLib.measurement.markers.sureness import NOT_MEASURED
from HematomaMarkersLib.model.kept_reading import CONTOUR, MEASUREMENTS, PRIOR_CONTOUR, SCHEMA
from HematomaMarkersLib.segments import SEGMENTS, UNSURE
from LesionReadingLib.errors import InputError
from LesionReadingLib.labels.seg_nrrd import write_seg_nrrd
from LesionReadingLib.labels.unsure import UNSURE_SEG
from LesionReadingPanel.aside import aside
from LesionReadingPanel.unsure_overlay import unsureOf
from LesionReadingScene.scene import corrected, drawn, labels_of, measured_grid, result_json, result_node, write_volume_node
from slicer.i18n import tr as _

from .ct_nodes import locationOf, onsetOf, patientPosition
from .results.growth_view import ALIGNMENT, alignPrior, releasePrior
from .results.heat_maps import heatOf
from .scan_results import GROWTH, NETWORK, PRIOR, PRIOR_SEGMENTATION, SEGMENTATION, VOLUME, WINDOW, isEdited

FORCE = "--force"


def prepareReport(result, folder: Path, output: Path) -> list[str]:
    """Write a result into a temporary folder and give the arguments that write its report.

    Args:
        output: where the report goes.

    Raises:
        InputError: volume, segmentation or a heat map are gone, or below a transform that bends space.
    """
    volume = result_node(result, VOLUME)
    write_volume_node(volume, folder / "ct.nrrd", aside)
    _writeContour(folder / CONTOUR, result_node(result, SEGMENTATION), volume)
    # What was doubted of the scan was settled before it was read.
    files = [str(folder / CONTOUR), "--ct", str(folder / "ct.nrrd"), "-o", str(output), *_reading(result, folder), FORCE]
    low, high = result_json(result, WINDOW)
    return ["measure", *files, "--window", f"{low:g}", f"{high:g}", *scanArguments(volume), *_prior(result, folder)]


def _reading(result, folder: Path) -> list[str]:
    """Arguments for what the network said; none where a person began without."""
    network = result_json(result, NETWORK)
    if not network:
        return []
    reading = folder / "reading"
    reading.mkdir()
    if not isEdited(result):
        shutil.copy(folder / CONTOUR, reading / CONTOUR)
    (reading / MEASUREMENTS).write_text(json.dumps(_networkMeasurements(network)), encoding="utf-8")
    for marker in MARKERS:
        if heatOf(result, marker) is None:
            raise InputError(_("A heat map of this result was removed; read the CT again."))
        write_volume_node(heatOf(result, marker), reading / f"heat_{marker}.nrrd", aside)
    if network.get("probability_ranges"):
        _writeUnsure(reading / UNSURE_SEG, result)
    labels = labels_of(result_node(result, SEGMENTATION), result_node(result, VOLUME), SEGMENTS)
    changed = corrected(drawn(result), labels)
    return ["--reading", str(reading), *(["--corrected", str(len(changed))] if changed is not None else [])]


def _writeUnsure(path: Path, result) -> None:
    volume, unsure = result_node(result, VOLUME), unsureOf(result)
    if unsure is None:
        raise InputError(_("Where the network is unsure was removed from this result; read the CT again."))
    write_seg_nrrd(path, labels_of(unsure, volume, UNSURE), measured_grid(volume), UNSURE)


def scanArguments(volume) -> list[str]:
    """Arguments of the command line: what the user, or DICOM, has told of a CT."""
    onset = onsetOf(volume)
    stated = {
        "--patient-position": patientPosition(volume),
        "--location": locationOf(volume),
        "--onset-to-ct": "" if onset is None else f"{onset:g}",
    }
    return [part for option, value in stated.items() if value for part in (option, value)]


def _prior(result, folder: Path) -> list[str]:
    """Arguments for the earlier scan: the scan itself, or its volumes where it was removed from the scene."""
    growth = result_json(result, GROWTH)
    if not growth:
        return []
    prior, contour = result_node(result, PRIOR), result_node(result, PRIOR_SEGMENTATION)
    if prior is None or contour is None:
        (folder / "prior").mkdir()
        volumes = {"schema": SCHEMA, "volume_ml": growth["prior_ml"], "ivh_ml": growth["prior_ivh_ml"]}
        (folder / "prior" / MEASUREMENTS).write_text(json.dumps(volumes), encoding="utf-8")
        return ["--prior", str(folder / "prior")]
    wasAligned = result_node(result, ALIGNMENT) is not None
    releasePrior(prior)  # the report tells how the head moved between the scans
    try:
        write_volume_node(prior, folder / "prior.nrrd")
        _writeContour(folder / "reading" / PRIOR_CONTOUR, contour, prior)
    finally:
        if wasAligned:
            alignPrior(result)
    return ["--prior", str(folder / "prior.nrrd")]


def _writeContour(path: Path, segmentation, volume) -> None:
    labels, grid = labels_of(segmentation, volume, SEGMENTS, aside), measured_grid(volume)
    aside(lambda: write_seg_nrrd(path, labels, grid, SEGMENTS))


def _networkMeasurements(network: dict) -> dict:
    """What a result keeps of the network, as a result folder has it."""
    return {
        "schema": SCHEMA,
        "model": network["model"],
        "thresholds": network["thresholds"],
        "marker_slices": network["marker_slices"],
        "outside_blood": network.get("outside_blood"),
        **{name: network.get(name) for name in NOT_MEASURED},
        "markers": {marker: {"probability": network["probabilities"][marker]} for marker in MARKERS},
        "slices": [
            {"markers": {marker: {"probability": value} for marker, value in zip(MARKERS, row, strict=True)}}
            for row in network["slices"]
        ],
    }
