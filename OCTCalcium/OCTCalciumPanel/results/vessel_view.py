"""The vessel in the three-dimensional views: the stacked frames as volume rendering, with the calcium in its colours inside."""

from collections.abc import Callable

import numpy as np
import qt
import slicer
import slicer.util
import vtk
from LesionReadingPanel.aside import aside
from LesionReadingPanel.views import lookAt
from LesionReadingScene.scene import volume_array, volume_grid
from slicer.i18n import tr as _

AFTER_EDIT_MS = 1200  # an edited vessel is built anew when the hand rests so long
_WALL_OPACITY = ((0, 0.0), (30, 0.0), (255, 0.025))  # (brightness, opacity per 0.1 mm)
_WALL_GREY = ((0, 0.5), (255, 1.0))  # (brightness, grey)
_OPACITY_DISTANCE_MM = 0.1
_VIEWER = np.array([1.0, -0.45, -0.75])  # from the vessel to the viewer, along columns, rows and frames: as in the report


class VesselView:
    """Two nodes that belong to the view, so they are neither listed nor saved: a grey volume and a model."""

    def __init__(self, source: Callable[[], tuple]) -> None:
        """source(): volume node, labels (frames, rows, columns) and PullbackMeasurement as they are now."""
        self._source = source
        self.wall = self.calcium = None
        self._begun: object | None = None  # of the vessel that is being built
        self._frames: list[tuple] = []  # view node, whether its box and its axis labels were shown before
        self._timer = qt.QTimer()
        self._timer.setSingleShot(True)
        self._timer.setInterval(AFTER_EDIT_MS)
        self._timer.connect("timeout()", self._build)

    @property
    def visible(self) -> bool:
        """Whether the vessel is shown."""
        return self.wall is not None

    def show(self) -> None:
        """Build the vessel and turn the three-dimensional views towards it."""
        if self._build():
            self._turnViews()

    def changed(self) -> None:
        """Follow an edit, after a while; many edits in a row are followed once."""
        if self.visible:
            self._timer.start()

    def hide(self) -> None:
        """Remove the vessel from the scene."""
        self._timer.stop()
        self._begun = None
        for node in (self.wall, self.calcium):
            if node is not None and slicer.mrmlScene.IsNodePresent(node):
                _removeWithDisplays(node)
        self.wall = self.calcium = None
        for viewNode, box, labels in self._frames:
            viewNode.SetBoxVisible(box)
            viewNode.SetAxisLabelsVisible(labels)
        self._frames = []

    def _build(self) -> bool:
        """Build the vessel as it is now, and tell whether it is shown: it may be hidden, or begun anew, while it is built."""
        from OCTCalciumLib.presenting.rendering.vessel_scene import vessel_scene

        volume, labels, measurement = self._source()
        frames, begun = volume_array(volume), object()
        self._begun = begun
        vessel = aside(lambda: vessel_scene(labels, measurement, frames))
        if self._begun is not begun or not slicer.mrmlScene.IsNodePresent(volume):
            return False
        isNew = self.wall is None or not slicer.mrmlScene.IsNodePresent(self.wall)
        if isNew:
            self.wall = _viewNode(slicer.vtkMRMLScalarVolumeNode(), _("Vessel wall (view)"))
            self.calcium = _viewNode(slicer.vtkMRMLModelNode(), _("Calcium (view)"))
        toRAS = vtk.vtkMatrix4x4()
        volume.GetIJKToRASMatrix(toRAS)
        slicer.util.updateVolumeFromArray(self.wall, vessel.wall)
        self.wall.SetIJKToRASMatrix(_wallMatrix(toRAS, vessel))
        self.calcium.SetAndObservePolyData(_placed(vessel.calcium, toRAS))
        for node in (self.wall, self.calcium):
            node.SetAndObserveTransformNodeID(volume.GetTransformNodeID())
        if isNew:  # only now: what is displayed must have its voxels
            _displayWall(self.wall)
            _displayCalcium(self.calcium)
        self.calcium.GetDisplayNode().SetActiveScalar("colour", vtk.vtkAssignAttribute.POINT_DATA)
        return True

    def _turnViews(self) -> None:
        """Look at the vessel so that the pullback runs from left to right and fills the view."""
        lookAt(*_sightOf(self.wall))
        layoutManager = slicer.app.layoutManager()
        for number in range(layoutManager.threeDViewCount):
            node = layoutManager.threeDWidget(number).threeDView().mrmlViewNode()
            if all(node is not framed for framed, _box, _labels in self._frames):
                self._frames.append((node, node.GetBoxVisible(), node.GetAxisLabelsVisible()))
            node.SetBoxVisible(False)  # of the whole image, around a vessel that is a small part of it
            node.SetAxisLabelsVisible(False)


def _sightOf(volume) -> tuple[np.ndarray, np.ndarray, np.ndarray, float, float]:
    """Where to look at a volume, and from where, as ``lookAt`` takes it."""
    grid = volume_grid(volume)
    size = np.array(grid.shape[::-1]) - 1.0
    units = np.array([grid.column_axis, grid.row_axis, grid.slice_axis])
    viewer = _VIEWER @ units / np.linalg.norm(_VIEWER)
    right = np.cross(-units[1], viewer)
    right /= np.linalg.norm(right)
    up = np.cross(viewer, right)
    corners = (np.indices((2, 2, 2)).reshape(3, -1).T - 0.5) * size @ grid.axes_mm()
    reach = max(np.abs(corners @ right).max(), np.abs(corners @ up).max())
    return grid.lps_mm(size[::-1] / 2), viewer, up, float(reach), float(np.abs(corners @ viewer).max() / 2)


def _displayWall(volume) -> None:
    logic = slicer.modules.volumerendering.logic()
    display = logic.CreateVolumeRenderingDisplayNode()
    display.UnRegister(logic)  # it was made for its caller to delete
    display = _viewNode(display, "")
    look = _viewNode(slicer.vtkMRMLVolumePropertyNode(), "")
    display.SetAndObserveVolumePropertyNodeID(look.GetID())
    opacity, grey = vtk.vtkPiecewiseFunction(), vtk.vtkColorTransferFunction()
    for value, part in _WALL_OPACITY:
        opacity.AddPoint(value, part)
    for value, level in _WALL_GREY:
        grey.AddRGBPoint(value, level, level, level)
    look.SetScalarOpacity(opacity)
    look.SetColor(grey)
    look.GetVolumeProperty().ShadeOff()
    look.GetVolumeProperty().SetInterpolationTypeToLinear()
    look.GetVolumeProperty().SetScalarOpacityUnitDistance(_OPACITY_DISTANCE_MM)
    volume.AddAndObserveDisplayNodeID(display.GetID())
    display.SetVisibility(True)


def _displayCalcium(model) -> None:
    display = _viewNode(slicer.vtkMRMLModelDisplayNode(), "")
    model.SetAndObserveDisplayNodeID(display.GetID())
    display.SetScalarVisibility(True)
    display.SetScalarRangeFlag(display.UseDirectMapping)
    display.SetBackfaceCulling(False)
    display.SetVisibility2D(False)
    display.SetAmbient(0.2)
    display.SetDiffuse(0.85)
    display.SetSpecular(0.1)
    display.SetPower(15)


def _viewNode(node, name: str):
    """Add a node that is only there to be looked at."""
    if name:
        node.SetName(name)
    node.SetHideFromEditors(True)
    node.SetSaveWithScene(False)
    node.SetUndoEnabled(False)
    return slicer.mrmlScene.AddNode(node)


def _wallMatrix(toRAS: vtk.vtkMatrix4x4, vessel) -> vtk.vtkMatrix4x4:
    """From voxels of the wall to RAS mm of the volume."""
    toVoxels = vtk.vtkMatrix4x4()
    for axis, first in enumerate(vessel.first[::-1]):
        toVoxels.SetElement(axis, axis, vessel.step)
        toVoxels.SetElement(axis, 3, first)
    matrix = vtk.vtkMatrix4x4()
    vtk.vtkMatrix4x4.Multiply4x4(toRAS, toVoxels, matrix)
    return matrix


def _placed(surface: vtk.vtkPolyData, toRAS: vtk.vtkMatrix4x4) -> vtk.vtkPolyData:
    """A surface whose points are voxels of the volume, in RAS mm of the volume."""
    transform = vtk.vtkTransform()
    transform.SetMatrix(toRAS)
    placed = vtk.vtkTransformPolyDataFilter()
    placed.SetInputData(surface)
    placed.SetTransform(transform)
    placed.Update()
    return placed.GetOutput()


def _removeWithDisplays(node) -> None:
    displays = [node.GetNthDisplayNode(number) for number in range(node.GetNumberOfDisplayNodes())]
    looks = [display.GetVolumePropertyNode() for display in displays if display.IsA("vtkMRMLVolumeRenderingDisplayNode")]
    for one in (node, *displays, *looks):
        if one is not None and slicer.mrmlScene.IsNodePresent(one):
            slicer.mrmlScene.RemoveNode(one)
