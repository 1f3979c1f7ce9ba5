"""The numbers of a result node: measured on its segmentation in this process, beside what only the network could say.

What the worker found is put into the scene once (``loadReading``). All that is shown is measured from the segmentation node, so
that an edit, another location and a reopened scene take the same way.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import slicer
from HematomaMarkersLib.labels import MARKER_NAMES, MARKERS
from HematomaMarkersLib.model.kept_reading import CONTOUR, MEASUREMENTS, PRIOR_CONTOUR
from HematomaMarkersLib.segments import SEGMENTS
from LesionReadingLib.counting import shown
from LesionReadingLib.language import _ as toldByLib
from LesionReadingScene.scene import (
    add_segmentation,
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
)
from slicer.i18n import tr as _

from .ct_nodes import locationOf, onsetOf, scanOf
from .heat_maps import loadHeatMaps

if TYPE_CHECKING:
    from HematomaMarkersLib.growth.expansion import Growth
    from HematomaMarkersLib.measurement.markers.answers import NetworkMarkers
    from HematomaMarkersLib.measurement.scan import ScanMeasurement
    from HematomaMarkersLib.triage.decision import Triage

KIND = "HematomaMarkers"
VOLUME, PRIOR, SEGMENTATION, PRIOR_SEGMENTATION = "volume", "prior", "segmentation", "priorSegmentation"
TABLE = "table"
NETWORK, GROWTH, WINDOW, EDITED = "network", "growth", "window", "edited"
FILL_OPACITY = 0.08
_FEW = 4  # edited slices; where there are more, measuring the whole scan is quicker


@dataclass(frozen=True, eq=False)
class Numbers:
    """What the panel shows of a result.

    Attributes:
        measurement: of the segmentation as it is now. growth: since the earlier scan; None where there is none.
        network: probabilities and thresholds of the model's own contour; None where a person began without.
        triage: decided on all of these.
        slice_probabilities: float (slices, 4) by the network, nan where it saw no hematoma.
        marker_slices: where the network saw each marker best.
        edited: whether the contour is no longer the model's own.
    """

    measurement: ScanMeasurement
    growth: Growth | None
    network: NetworkMarkers | None
    triage: Triage
    slice_probabilities: np.ndarray
    marker_slices: dict[str, int | None]
    edited: bool


def loadReading(folder: Path, volume, prior, window: tuple[float, float]):
    """Put what the worker wrote into the scene, as the result of the volume that was read; an earlier result of it goes.

    Nothing is changed where the files cannot be read.

    Args:
        folder: as ``analyze`` wrote it. prior: volume node of the earlier scan, or None. window: in HU, as the worker was given it.

    Returns:
        the result node (vtkMRMLScriptedModuleNode).

    Raises:
        InputError: the label map does not lie on the voxels of the volume.
    """
    found = json.loads((folder / MEASUREMENTS).read_text(encoding="utf-8"))
    result = _asResult(volume, _loadLabels(folder / CONTOUR, volume), window)
    set_drawn(result, labels_of(result_node(result, SEGMENTATION), volume, SEGMENTS))
    set_result_json(result, NETWORK, _ofNetwork(found))
    loadHeatMaps(folder, result, volume)
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


class LiveNumbers:
    """The numbers of a result, measured once and then slice by slice after every edit."""

    def __init__(self, result) -> None:
        """Measure the segmentation of a result.

        Raises:
            InputError: the volume or the segmentation is gone, or the volume cannot be measured.
        """
        from HematomaMarkersLib.measurement.measure import measure_scan
        from HematomaMarkersLib.triage.rules import read_rules

        self.result = result
        self._volume, segmentation = result_node(result, VOLUME), result_node(result, SEGMENTATION)
        self._scan = scanOf(self._volume, tuple(result_json(result, WINDOW)))
        self._network = result_json(result, NETWORK)
        self._rules = read_rules()
        self._measurement = measure_scan(self._scan, labels_of(segmentation, self._volume, SEGMENTS), least_ml=self._rules.below_ml)

    def follow(self, slices: Collection[int], labels: np.ndarray) -> None:
        """Measure edited slices again.

        Args:
            slices: that have changed. labels: the whole label map (slices, rows, columns) as it is now.
        """
        from HematomaMarkersLib.measurement.measure import measure_scan, remeasure

        if len(slices) > _FEW:
            self._measurement = measure_scan(self._scan, labels, least_ml=self._rules.below_ml)
        else:
            for number in slices:
                self._measurement = remeasure(self._measurement, self._scan, labels, number)
        if slices and self._network and not result_json(self.result, EDITED, False):
            set_result_json(self.result, EDITED, True)

    def numbers(self) -> Numbers:
        """All that is shown, with the triage decided anew."""
        from HematomaMarkersLib.measurement.markers.answers import NetworkMarkers
        from HematomaMarkersLib.measurement.outside_blood import outside_from_json
        from HematomaMarkersLib.triage.decision import triage

        said, unknown = self._network, [[None] * len(MARKERS)] * len(self._measurement.slices)
        network = None
        if said:
            outside = outside_from_json(said.get("outside_blood"))
            network = NetworkMarkers(said["probabilities"], said["thresholds"], outside, said["marker_slices"])
        growth = _growth(self.result, self._measurement)
        return Numbers(
            measurement=self._measurement,
            growth=growth,
            network=network,
            triage=triage(self._measurement, network, growth, self._rules, locationOf(self._volume), onsetOf(self._volume)),
            slice_probabilities=np.array(said["slices"] if said else unknown, float),
            marker_slices=said["marker_slices"] if said else {},
            edited=result_json(self.result, EDITED, False),
        )


def isWhole(result) -> bool:
    """Whether the nodes without which nothing can be measured are there."""
    return all(result_node(result, role) is not None for role in (VOLUME, SEGMENTATION))


def sliceOf(numbers: Numbers, marker: str) -> int | None:
    """The slice to show for a marker: where it was measured if it was found, else where the network sees it best."""
    evidence = numbers.measurement.evidence[marker]
    by_network = numbers.marker_slices.get(marker)
    return evidence.slice if evidence.found or by_network is None else by_network


def writeTable(result, numbers: Numbers) -> None:
    """Put the slices into the result's table node, for export and for other modules."""
    rows, done = numbers.measurement.slices, reviewed(result)
    columns = {
        _("slice"): [shown(row.slice) for row in rows],
        _("hematoma (mm2)"): [row.area_mm2 for row in rows],
        _("in the ventricles (mm2)"): [row.ivh_area_mm2 for row in rows],
    }
    for number, marker in enumerate(MARKERS):
        columns[_("probability of {marker}").format(marker=toldByLib(MARKER_NAMES[marker]).lower())] = numbers.slice_probabilities[
            :, number
        ]
    columns[_("reviewed")] = [int(row.slice in done) for row in rows]
    fill_table(result_node(result, TABLE), columns)


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
        "model": found["model"],
    }
