"""The numbers of a result node: measured on its segmentation in this process, beside what only the network could say.

What the worker found is put into the scene once (``loadReading``). All that is shown is measured from the segmentation node, so
that an edit, another location and a reopened scene take the same way.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import slicer
from HematomaMarkersLib.labels import MARKER_NAMES, MARKERS, TASK
from HematomaMarkersLib.measurement.markers.sureness import NOT_MEASURED
from HematomaMarkersLib.model.kept_reading import CONTOUR, MEASUREMENTS, PRIOR_CONTOUR
from HematomaMarkersLib.segments import SEGMENTS
from HematomaMarkersLib.segments import UNSURE as HEAD_UNSURE
from LesionReadingLib.errors import InputError
from LesionReadingLib.labels.unsure import UNSURE_SEG
from LesionReadingLib.language import _ as translatedByLib
from LesionReadingLib.text.counting import shown
from LesionReadingPanel.aside import aside
from LesionReadingPanel.unsure_overlay import loadUnsure, unsureOf
from LesionReadingScene.scene import (
    Copying,
    add_segmentation,
    corrected,
    directly,
    drawn,
    fill_table,
    labels_of,
    load_segmentation,
    make_result,
    result_json,
    result_node,
    reviewed,
    set_drawn,
    set_result_json,
    set_result_node,
    slice_digests,
)
from slicer.i18n import tr as _

from .ct_nodes import locationOf, onsetOf, scanOf
from .results.heat_maps import addHeatMaps, heatOf, readHeatMaps

if TYPE_CHECKING:
    from HematomaMarkersLib.growth.expansion import Growth
    from HematomaMarkersLib.measurement.markers.network_result import NetworkResult
    from HematomaMarkersLib.measurement.scan import ScanMeasurement
    from HematomaMarkersLib.triage.findings import Findings

KIND = "HematomaMarkers"
VOLUME, PRIOR, SEGMENTATION, PRIOR_SEGMENTATION = "volume", "prior", "segmentation", "priorSegmentation"
TABLE = "table"
NETWORK, GROWTH, WINDOW, EDITED = "network", "growth", "window", "edited"
FILL_OPACITY = 0.08
_FEW = 4  # edited slices; where there are more, measuring the whole scan is quicker


def loadReading(folder: Path, volume, prior, window: tuple[float, float]):
    """Put what the worker wrote into the scene, as the result of the volume that was read; an earlier result of it goes.

    Nothing is changed where the files cannot be read.

    Args:
        folder: as ``analyze`` wrote it. prior: volume node of the earlier scan, or None. window: in HU, as the worker was given it.

    Returns:
        the result node (vtkMRMLScriptedModuleNode).

    Raises:
        InputError: the label map does not lie on the voxels of the volume, or the volume was removed meanwhile.
    """
    found = json.loads((folder / MEASUREMENTS).read_text(encoding="utf-8"))
    heats = aside(lambda: readHeatMaps(folder))
    if not slicer.mrmlScene.IsNodePresent(volume):
        raise InputError(_("The CT was removed while it was analyzed; load it again."))
    result = _asResult(volume, _loadLabels(folder / CONTOUR, volume), window)
    set_drawn(result, slice_digests(labels_of(result_node(result, SEGMENTATION), volume, SEGMENTS)))
    set_result_json(result, NETWORK, _ofNetwork(found))
    addHeatMaps(heats, result, volume)
    loadUnsure(result, volume, folder / UNSURE_SEG, HEAD_UNSURE)
    if prior is not None and found["growth"]:
        set_result_node(result, PRIOR, prior)
        set_result_node(result, PRIOR_SEGMENTATION, _loadLabels(folder / PRIOR_CONTOUR, prior))
        set_result_json(result, GROWTH, found["growth"])
    return result


def startByHand(volume, window: tuple[float, float]):
    """Give a volume a result without any label, to be drawn and marked by a person; no network says anything.

    Args:
        window: in HU, for a volume of 8-bit pictures.

    Returns:
        the result node (vtkMRMLScriptedModuleNode).

    Raises:
        InputError: the volume holds no HU, or no spacing.
    """
    labels = np.zeros(scanOf(volume, window).hounsfield.shape, np.uint8)
    return _asResult(volume, add_segmentation(volume, _segmentationName(volume), SEGMENTS, labels), window)


def _asResult(volume, segmentation, window: tuple[float, float]):
    segmentation.GetDisplayNode().SetOpacity2DFill(FILL_OPACITY)  # the markers are read on the densities below
    segmentation.CreateClosedSurfaceRepresentation()  # the 3D view shows the hematoma, and edits of it
    result = make_result(volume, KIND)
    set_result_node(result, SEGMENTATION, segmentation)
    set_result_json(result, WINDOW, list(window))
    table = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLTableNode", _("{name} slices").format(name=volume.GetName()))
    set_result_node(result, TABLE, table)
    return result


class LiveMeasurement:
    """The measurement of a result, taken once and then slice by slice after every edit."""

    def __init__(self, result, measuring: Copying = directly) -> None:
        """Measure the segmentation of a result.

        Args:
            measuring: does the part that takes long and touches no node, for example in a thread.

        Raises:
            InputError: the volume or the segmentation is gone, or the volume cannot be measured.
        """
        from HematomaMarkersLib.triage.rules import read_rules

        self.result = result
        self._volume, segmentation = result_node(result, VOLUME), result_node(result, SEGMENTATION)
        self._scan = scanOf(self._volume, tuple(result_json(result, WINDOW)))
        self._rules = read_rules()
        labels = labels_of(segmentation, self._volume, SEGMENTS)
        self._measurement = measuring(lambda: self._measured(labels))
        if corrected(drawn(result), labels):  # an edit that was kept before lies over what the network drew
            self._tellEdited()

    def follow(self, slices: Collection[int], labels: np.ndarray) -> None:
        """Measure edited slices again.

        Args:
            slices: that have changed. labels: the whole label map (slices, rows, columns) as it is now.
        """
        from HematomaMarkersLib.measurement.measure import remeasure

        if len(slices) > _FEW:
            self._measurement = self._measured(labels)
        else:
            for number in slices:
                self._measurement = remeasure(self._measurement, self._scan, labels, number)
        if slices:
            self._tellEdited()

    def findings(self) -> Findings:
        """All that is shown, with the triage decided anew."""
        from HematomaMarkersLib.triage.findings import findings_of

        given = {"location": locationOf(self._volume), "onset_to_ct_hours": onsetOf(self._volume)}
        growth = _growth(self.result, self._measurement)
        return findings_of(self._measurement, networkResult(self.result), growth, self._rules, **given)

    def _measured(self, labels: np.ndarray) -> ScanMeasurement:
        from HematomaMarkersLib.measurement.measure import least_sign_ml_on, measure_scan

        rules = self._rules
        least_sign_ml = least_sign_ml_on(self._scan, rules.least_sign_ml, rules.least_sign_in_pictures_ml)
        return measure_scan(self._scan, labels, least_ml=rules.below_ml, least_sign_ml=least_sign_ml)

    def _tellEdited(self) -> None:
        if result_json(self.result, NETWORK) and not isEdited(self.result):
            set_result_json(self.result, EDITED, True)


def networkResult(result) -> NetworkResult | None:
    """What the network found, as the result keeps it; None where a person began without."""
    from HematomaMarkersLib.measurement.markers.network_result import NetworkResult
    from HematomaMarkersLib.measurement.markers.sureness import sureness_from_json
    from HematomaMarkersLib.measurement.outside_blood import outside_from_json

    kept = result_json(result, NETWORK)
    if not kept:
        return None
    sureness = sureness_from_json(kept, len(kept["slices"]), is_own=not isEdited(result))
    return NetworkResult(
        probabilities=kept["probabilities"],
        thresholds=kept["thresholds"],
        marker_slices=kept["marker_slices"],
        slice_probabilities=np.array(kept["slices"], float),
        heat=lambda marker: slicer.util.arrayFromVolume(heatOf(result, marker)),
        model=kept["model"],
        outside=outside_from_json(kept.get("outside_blood")),
        sureness=sureness,
        unsure=(lambda: labels_of(unsureOf(result), result_node(result, VOLUME), HEAD_UNSURE) > 0) if sureness else None,
    )


def isEdited(result) -> bool:
    """Whether the contour is no longer the network's own."""
    return result_json(result, EDITED, False)


def isWhole(result) -> bool:
    """Whether the nodes without which nothing can be measured are there."""
    return all(result_node(result, role) is not None for role in (VOLUME, SEGMENTATION))


def sliceOf(findings: Findings, marker: str) -> int | None:
    """The slice to show for a marker: where it was measured if it was found, else where the network sees it best."""
    from HematomaMarkersLib.measurement.markers.network_result import likeliest_slice

    evidence = findings.measurement.evidence[marker]
    likeliest = likeliest_slice(marker, findings.measurement, findings.network)
    return evidence.slice if evidence.found or likeliest is None else likeliest


def writeTable(result, findings: Findings) -> None:
    """Put the slices into the result's table node, for export and for other modules."""
    from HematomaMarkersLib.measurement.markers.network_result import slice_probabilities

    rows, done = findings.measurement.slices, reviewed(result)
    columns = {
        _("slice"): [shown(row.slice) for row in rows],
        _("hematoma (mm2)"): [row.area_mm2 for row in rows],
        _("in the ventricles (mm2)"): [row.ivh_area_mm2 for row in rows],
    }
    probabilities = [slice_probabilities(row.slice, findings.measurement, findings.network) for row in rows]
    for marker in MARKERS:
        name = translatedByLib(MARKER_NAMES[marker]).lower()
        columns[_("probability of {marker}").format(marker=name)] = np.array(
            [of_slice[marker] for of_slice in probabilities], float
        )
    columns[_("reviewed")] = [int(row.slice in done) for row in rows]
    fill_table(result_node(result, TABLE), columns)


def exportCase(result, folder: Path, reading: dict[str, bool | None]) -> Path:
    """Write the CT, the contour as it is now and the reader's judgement as a case for training, into a numbered folder.

    Args:
        reading: marker -> whether the reader saw it; None where it was not read.

    Returns:
        the folder of the case.
    """
    from LesionReadingLib.studies.training_case import new_case, write_case

    volume = result_node(result, VOLUME)
    labels = labels_of(result_node(result, SEGMENTATION), volume, SEGMENTS, aside)
    scan = scanOf(volume, tuple(result_json(result, WINDOW)))
    case, done = new_case(folder, "head"), sorted(reviewed(result))
    return aside(lambda: write_case(case, TASK, scan.hounsfield, labels, scan.grid, reviewed=done, markers=reading))


def _growth(result, measurement: ScanMeasurement) -> Growth | None:
    """The growth with the volumes of the contour as it is now; those of the earlier scan are the worker's."""
    kept = result_json(result, GROWTH)
    if not kept:
        return None
    from HematomaMarkersLib.growth.expansion import growth_of_volumes

    return growth_of_volumes(
        kept["prior_ml"], kept["prior_ivh_ml"], measurement.volume_ml, measurement.counted_ivh_ml, kept["hours"]
    )


def _loadLabels(path: Path, volume):
    segmentation = load_segmentation(path, volume, _segmentationName(volume), SEGMENTS)
    segmentation.GetDisplayNode().SetOpacity2DFill(FILL_OPACITY)
    return segmentation


def _segmentationName(volume) -> str:
    return _("{name} hematoma").format(name=volume.GetName())


def _ofNetwork(found: dict) -> dict:
    return {
        "probabilities": {marker: found["markers"][marker]["probability"] for marker in MARKERS},
        "thresholds": found["thresholds"],
        "marker_slices": found["marker_slices"],
        "slices": [[row["markers"][marker]["probability"] for marker in MARKERS] for row in found["slices"]],
        "outside_blood": found.get("outside_blood"),
        **{name: found.get(name) for name in NOT_MEASURED},
        "model": found["model"],
    }
