"""The result of an analysed pullback as nodes of the scene; nothing here needs the panel."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import slicer
from LesionReadingLib.errors import InputError
from LesionReadingLib.geometry.spacing import TYPED
from LesionReadingLib.labels.label_map import LabelMap
from LesionReadingLib.labels.read import read_label_map
from LesionReadingLib.labels.unsure import UNSURE_SEG
from LesionReadingPanel.aside import aside
from LesionReadingPanel.model_selector import modelNamed
from LesionReadingPanel.unsure_overlay import loadUnsure
from LesionReadingScene import scene
from OCTCalciumLib.labels import TASK
from slicer.i18n import tr as _

from .pullback_nodes import UNKNOWN_PIXEL_MM
from .results.arc_plot import showNumbersInScene

KIND = "OCTCalcium"
SEGMENTATION_ROLE = "segmentation"
MODEL, EXPORTED, CAUTIONS, DOUBT = "model", "exportedTo", "cautions", "doubt"


def prepareRun(volume, model: str, folder: Path) -> list[str]:
    """Write a pullback into a temporary folder and give the arguments of the command line that analyses it.

    Raises:
        InputError: the volume cannot be used.
    """
    if not scene.has_spacing(volume, UNKNOWN_PIXEL_MM):
        raise InputError(_("The pullback does not state its spacing; type the distances between its pixels and frames first."))
    pullback = folder / "pullback.nrrd"
    scene.write_volume_node(volume, pullback, aside)
    chosen = ["--model", model] if model else []
    return ["analyze", str(pullback), "-o", str(folder / "out"), *chosen, *_typedSpacing(volume)]


@dataclass(frozen=True, eq=False)
class Run:
    """What a run has written.

    Attributes:
        folder: of the run. labels: what it drew. image: that for a segmentation node (``scene.label_image``).
        digests: of its frames (``scene.slice_digests``).
    """

    folder: Path
    labels: LabelMap
    image: object
    digests: Sequence[int]


def readRun(folder: Path) -> Run:
    """Read what a run has written below its folder; the scene is not touched, so a thread may do it.

    Raises:
        InputError: the segmentation cannot be read.
    """
    from OCTCalciumLib.segments import SEGMENTS

    file = folder / "out" / "segmentation.seg.nrrd"
    if not file.is_file():
        sentence = _("The segmentation {file} cannot be read; analyze the volume again.")
        raise InputError(sentence.format(file=file.name))
    labels = read_label_map(file, SEGMENTS)
    return Run(folder, labels, scene.label_image(labels.labels), scene.slice_digests(labels.labels))


def takeRun(folder: Path, volume, model: str):
    """Load what a run has written below its folder as the result of a volume (``putRun``)."""
    return putRun(aside(lambda: readRun(folder)), volume, model)


def putRun(run: Run, volume, model: str):
    """Take what a run has written as the result of a volume; an earlier result of it is replaced, once all is there.

    Args:
        model: folder of the bundle that the run used.

    Returns:
        The result node (vtkMRMLScriptedModuleNode); ``measure`` gives its numbers.

    Raises:
        InputError: the volume was removed, or the segmentation does not lie on its voxels; the scene is as it was.
    """
    from OCTCalciumLib.segments import SEGMENTS, UNSURE

    if not slicer.mrmlScene.IsNodePresent(volume):
        raise InputError(_("The pullback was removed while it was analyzed; load it again."))
    name = _("{pullback} calcium").format(pullback=volume.GetName())
    scene.placed_labels(run.labels, volume)
    segmentation = scene.add_label_image(volume, name, SEGMENTS, run.image)
    result = _asResult(volume, segmentation)
    scene.set_drawn(result, run.digests)
    loadUnsure(result, volume, run.folder / "out" / UNSURE_SEG, UNSURE)
    scene.set_result_json(result, MODEL, Path(model).name)
    cautions, doubt = _cautionsOfRun(run.folder / "out" / "measurements.json")
    scene.set_result_json(result, CAUTIONS, cautions)
    scene.set_result_json(result, DOUBT, doubt)
    return result


def startByHand(volume):
    """Give a volume a result without any label, to be drawn and marked by a person; no model takes part.

    Returns:
        The result node (vtkMRMLScriptedModuleNode).

    Raises:
        InputError: the volume has no voxels, no spacing, or lies below a transform that bends space.
    """
    from OCTCalciumLib.segments import SEGMENTS

    if not scene.has_spacing(volume, UNKNOWN_PIXEL_MM):
        raise InputError(_("The pullback does not state its spacing; type the distances between its pixels and frames first."))
    labels = np.zeros(scene.volume_array(volume).shape, np.uint8)
    name = _("{pullback} calcium").format(pullback=volume.GetName())
    return _asResult(volume, scene.add_segmentation(volume, name, SEGMENTS, labels))


def _asResult(volume, segmentation):
    """The result node of a volume with a segmentation of it, which is shown as everywhere in the panel."""
    display = segmentation.GetDisplayNode()
    display.SetSegmentOpacity2DFill("lumen", 0.0)  # the lumen is dark anyway; its outline tells enough
    display.SetVisibility3D(False)
    result = scene.make_result(volume, KIND)
    scene.set_result_node(result, SEGMENTATION_ROLE, segmentation)
    return result


def runCautions(result) -> list[str]:
    """What the run that made a result told a reader of its pullback and its model, a sentence each."""
    return scene.result_json(result, CAUTIONS, [])


def runDoubt(result) -> str:
    """The sentence that the pictures do not look like OCT, which stands in the place of any finding; empty where they do."""
    return scene.result_json(result, DOUBT, "")


def _cautionsOfRun(measurements: Path) -> tuple[list[str], str]:
    """The cautions of a run that do not come from its labels, which may be edited since; that of ``runDoubt`` apart."""
    from OCTCalciumLib.presenting.cautions import MEASUREMENT_CODES
    from OCTCalciumLib.reading.cautions import NOT_OCT

    cautions = json.loads(measurements.read_text())["cautions"] if measurements.exists() else []
    told = [caution["sentence"] for caution in cautions if caution["code"] not in {*MEASUREMENT_CODES, NOT_OCT}]
    return told, next((caution["sentence"] for caution in cautions if caution["code"] == NOT_OCT), "")


def prepareReport(result, folder: Path, output: Path) -> list[str]:
    """Write a result's labels and its pullback into a temporary folder and give the arguments that write their report.

    Args:
        output: where the report goes.

    Raises:
        InputError: as ``labelsOf``.
    """
    from LesionReadingLib.labels.seg_nrrd import write_seg_nrrd
    from OCTCalciumLib.segments import SEGMENTS

    labels, volume = labelsOf(result), volumeOf(result)
    grid = scene.volume_grid(volume).with_spacing(scene.volume_spacing(volume, UNKNOWN_PIXEL_MM))
    aside(lambda: write_seg_nrrd(folder / "segmentation.seg.nrrd", labels, grid, SEGMENTS))
    scene.write_volume_node(volume, folder / "pullback.nrrd", aside)
    files = [str(folder / "segmentation.seg.nrrd"), "-o", str(output), "--pullback", str(folder / "pullback.nrrd")]
    model = modelNamed(scene.result_json(result, MODEL, ""), TASK)
    changed = scene.corrected(scene.drawn(result), labels)
    drawn = ["--drawn-by", model] if model else []
    corrected = ["--corrected", str(len(changed))] if model and changed is not None else []
    return ["measure", *files, *drawn, *corrected, *_typedSpacing(volume)]


def _typedSpacing(volume) -> list[str]:
    """Options that let the report say that the user typed the spacing, where they can: they know square pixels only."""
    spacing = scene.volume_spacing(volume, UNKNOWN_PIXEL_MM)
    if spacing.in_plane_source != TYPED or not np.isclose(spacing.row_mm, spacing.column_mm, rtol=1e-6):
        return []
    return ["--pixel-spacing", f"{spacing.row_mm:.9g}", "--frame-spacing", f"{spacing.frame_mm:.9g}"]


def segmentationOf(result):
    """The segmentation node of a result; None where it was removed."""
    return scene.result_node(result, SEGMENTATION_ROLE)


def volumeOf(result):
    """The pullback's volume node of a result; None where it was removed."""
    return scene.result_node(result, "volume")


def labelsOf(result) -> np.ndarray:
    """The label map of a result: uint8 (frames, rows, columns).

    Raises:
        InputError: volume or segmentation are gone, or below a transform that bends space.
    """
    from OCTCalciumLib.segments import SEGMENTS

    volume, segmentation = volumeOf(result), segmentationOf(result)
    if volume is None or segmentation is None:
        raise InputError(_("The pullback or its segmentation was removed; analyze the pullback again."))
    return scene.labels_of(segmentation, volume, SEGMENTS, aside)


def measure(result, labels: np.ndarray | None = None):
    """Measure the segmentation of a result, without a network, and put the numbers into its table and chart nodes.

    Args:
        labels: of the result where they are known already.

    Returns:
        OCTCalciumLib.measurement.PullbackMeasurement.

    Raises:
        InputError: as ``labelsOf``.
    """
    from OCTCalciumLib.measurement.pullback import measure_pullback

    labels = labelsOf(result) if labels is None else labels
    measurement = measure_pullback(labels, scene.volume_spacing(volumeOf(result), UNKNOWN_PIXEL_MM))
    showNumbersInScene(result, measurement)
    return measurement


def exportCase(result, folder: Path) -> Path:
    """Write pullback, labels and which frames are reviewed as a case for training, into a numbered folder below ``folder``.

    A pullback exported there before is replaced.

    Raises:
        InputError: as ``labelsOf``, or the case cannot be written.
    """
    from LesionReadingLib.studies.training_case import new_case, write_case

    labels, volume = labelsOf(result), volumeOf(result)
    case = _exportedTo(result, folder) or new_case(folder, "pullback")
    frames, grid, reviewed = scene.volume_array(volume), scene.volume_grid(volume), scene.reviewed(result)
    aside(lambda: write_case(case, TASK, frames, labels, grid, reviewed=reviewed, markers=None))
    scene.set_result_json(result, EXPORTED, str(case))
    return case


def _exportedTo(result, folder: Path) -> Path | None:
    """The case below ``folder`` that a result was exported to before; None where there is none."""
    earlier = scene.result_json(result, EXPORTED)
    return Path(earlier) if earlier and Path(earlier).parent == folder and Path(earlier).exists() else None
