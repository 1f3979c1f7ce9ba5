"""The CT and the earlier one beside each other, the heads laid over each other, both views at the same place."""

from __future__ import annotations

import numpy as np
import qt
import slicer
import slicer.util
import vtk
from HematomaMarkersLib.labels import MARKERS
from LesionReadingPanel.views import currentSlice, jumpToSlice
from LesionReadingScene.scene import result_json, result_node, result_of, results, set_result_node
from slicer.i18n import tr as _

from ..scan_results import GROWTH, KIND, PRIOR, PRIOR_SEGMENTATION, SEGMENTATION, VOLUME
from .heat_maps import heatOf

CURRENT_VIEW, PRIOR_VIEW = "Red", "Yellow"
ALIGNMENT = "alignment"
_RAS_OF_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])


def alignmentMatrix(transform: list) -> np.ndarray:
    """(4, 4) RAS matrix that brings the earlier scan to this one.

    Args:
        transform: (4, 4) LPS in mm, from a place in this scan to the same in the earlier one, as measurements.json has it.
    """
    return _RAS_OF_LPS @ np.linalg.inv(np.array(transform, float)) @ _RAS_OF_LPS


def alignPrior(result) -> None:
    """Put the earlier CT and its contours below a transform that lays its head over this CT's.

    The transform goes on top of any that the user has put above the earlier CT: the worker saw it at that place.
    """
    if result_node(result, ALIGNMENT) is not None:
        return
    prior = result_node(result, PRIOR)
    releasePrior(prior)
    name = _("{name} onto the later CT").format(name=prior.GetName())
    alignment = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLinearTransformNode", name)
    alignment.SetMatrixTransformToParent(slicer.util.vtkMatrixFromArray(alignmentMatrix(result_json(result, GROWTH)["transform"])))
    for node in (prior, result_node(result, PRIOR_SEGMENTATION), *_nodesOf(result_of(prior, KIND))):
        top = _topTransform(node)
        if top is not alignment:
            top.SetAndObserveTransformNodeID(alignment.GetID())
    set_result_node(result, ALIGNMENT, alignment)


def releasePrior(prior) -> None:
    """Take an earlier CT back to its own place, where the worker must see it."""
    for result in results(KIND):
        alignment = result_node(result, ALIGNMENT)
        if alignment is not None and result_node(result, PRIOR) is prior:
            slicer.mrmlScene.RemoveNode(alignment)
            set_result_node(result, ALIGNMENT, None)


def _nodesOf(result) -> list:
    """What lies on the voxels of a volume that was itself read."""
    if result is None:
        return []
    nodes = [result_node(result, SEGMENTATION), *(heatOf(result, marker) for marker in MARKERS)]
    return [node for node in nodes if node is not None]


def _topTransform(node):
    """The uppermost transform above a node; the node itself where there is none."""
    while node.GetParentTransformNode() is not None:
        node = node.GetParentTransformNode()
    return node


class SideBySide:
    """Shows a result's two scans beside each other and takes the views back afterwards."""

    def __init__(self) -> None:
        self._result = None
        self._layoutBefore = None
        self._linkedBefore: dict[str, bool] = {}
        self._planeBefore = vtk.vtkMatrix4x4()
        self._zoomsBefore: dict[str, tuple] = {}
        self._observed: list[tuple] = []
        self._following = False

    @property
    def shown(self) -> bool:
        """Whether the two scans are shown."""
        return self._result is not None

    def show(self, result) -> None:
        """Show them: the CT in the red view, the earlier one in the yellow one, slices of the CT in both."""
        self.hide()
        alignPrior(result)
        manager = slicer.app.layoutManager()
        self._result, self._layoutBefore = result, manager.layout
        self._linkedBefore = {name: bool(_composite(name).GetLinkedControl()) for name in (CURRENT_VIEW, PRIOR_VIEW)}
        self._planeBefore.DeepCopy(_sliceNode(PRIOR_VIEW).GetSliceToRAS())
        self._zoomsBefore = {name: _zoom(_sliceNode(name)) for name in (CURRENT_VIEW, PRIOR_VIEW)}
        manager.setLayout(slicer.vtkMRMLLayoutNode.SlicerLayoutSideBySideView)
        _background(CURRENT_VIEW, result_node(result, VOLUME))
        _background(PRIOR_VIEW, result_node(result, PRIOR))
        _onlyIn(result_node(result, SEGMENTATION), CURRENT_VIEW)
        _onlyIn(result_node(result, PRIOR_SEGMENTATION), PRIOR_VIEW)
        for name in (CURRENT_VIEW, PRIOR_VIEW):
            _composite(name).SetLinkedControl(True)
        red, yellow = (_sliceNode(name) for name in (CURRENT_VIEW, PRIOR_VIEW))
        for own, other in ((red, yellow), (yellow, red)):
            tag = own.AddObserver(vtk.vtkCommand.ModifiedEvent, lambda *_, own=own, other=other: self._follow(own, other))
            self._observed.append((own, tag))
        self._follow(red, yellow)
        self._fit()
        qt.QTimer.singleShot(0, self._fit)  # once more when the views have their new size

    def hide(self) -> None:
        """Return to the layout before; nothing where they are not shown."""
        for node, tag in self._observed:
            node.RemoveObserver(tag)
        self._observed = []
        if self._result is None:
            return
        result, self._result = self._result, None
        for name, linked in self._linkedBefore.items():
            _composite(name).SetLinkedControl(linked)
        _onlyIn(result_node(result, SEGMENTATION), None)
        _hideContour(result_node(result, PRIOR_SEGMENTATION))
        _sliceNode(PRIOR_VIEW).GetSliceToRAS().DeepCopy(self._planeBefore)
        _sliceNode(PRIOR_VIEW).UpdateMatrices()
        volume = result_node(result, VOLUME)
        if volume is not None:
            _background(PRIOR_VIEW, volume)
        slicer.app.layoutManager().setLayout(self._layoutBefore)
        self._zoomBack()
        qt.QTimer.singleShot(0, self._zoomBack)  # once more when the views have their old size

    def _zoomBack(self) -> None:
        if self._result is None:
            for name, zoom in self._zoomsBefore.items():
                _setZoom(_sliceNode(name), *zoom)

    def _fit(self) -> None:
        """Show all of the CT in its view, at the slice that is shown, and the earlier one at the same magnification."""
        volume = result_node(self._result, VOLUME) if self._result is not None else None
        if volume is None:
            return
        number = currentSlice(volume, CURRENT_VIEW)
        slicer.app.layoutManager().sliceWidget(CURRENT_VIEW).sliceLogic().FitSliceToBackground()
        _setZoom(_sliceNode(PRIOR_VIEW), *_zoom(_sliceNode(CURRENT_VIEW)))
        if number is not None:
            jumpToSlice(volume, number, CURRENT_VIEW)

    def _follow(self, own, other) -> None:
        """Show the place of one view in the other one; zooming is linked by Slicer itself."""
        if self._following:
            return
        self._following = True
        try:
            other.GetSliceToRAS().DeepCopy(own.GetSliceToRAS())
            other.UpdateMatrices()
        finally:
            self._following = False


def _background(viewName: str, volume) -> None:
    _composite(viewName).SetBackgroundVolumeID(volume.GetID())
    _composite(viewName).SetForegroundVolumeID(None)


def _composite(viewName: str):
    return slicer.app.layoutManager().sliceWidget(viewName).mrmlSliceCompositeNode()


def _sliceNode(viewName: str):
    return slicer.app.layoutManager().sliceWidget(viewName).mrmlSliceNode()


def _zoom(sliceNode) -> tuple[float, tuple[float, float, float]]:
    """How many mm a pixel of a slice view shows, and how far the view is panned."""
    return sliceNode.GetFieldOfView()[0] / max(sliceNode.GetDimensions()[0], 1), tuple(sliceNode.GetXYZOrigin())


def _setZoom(sliceNode, pixel_mm: float, panned: tuple[float, float, float]) -> None:
    columns, rows, _slices = sliceNode.GetDimensions()
    sliceNode.SetFieldOfView(pixel_mm * columns, pixel_mm * rows, sliceNode.GetFieldOfView()[2])
    sliceNode.SetXYZOrigin(*panned)


def _hideContour(segmentation) -> None:
    _onlyIn(segmentation, None)
    if segmentation is not None:
        segmentation.GetDisplayNode().SetVisibility(False)


def _onlyIn(segmentation, viewName: str | None) -> None:
    """Show a contour in one view only, or in all of them."""
    if segmentation is None:
        return
    display = segmentation.GetDisplayNode()
    display.RemoveAllViewNodeIDs()
    if viewName is not None:
        display.AddViewNodeID(_sliceNode(viewName).GetID())
        display.SetVisibility(True)
