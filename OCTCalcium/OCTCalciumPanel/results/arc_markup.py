"""The arc of calcium drawn on the frame on view, with its degrees."""

import numpy as np
import slicer
import vtk
from LesionReadingScene.scene import volume_grid
from slicer.i18n import tr as _

BEYOND_CALCIUM = 1.15  # the two arms end a little outside the calcium
FULL_CIRCLE_DEG = 359.99  # start and end of a closed ring would fall together and read 0
_TEXT_SCALE, _GLYPH_SCALE = 3.4, 1.2
_LINE_THICKNESS = 0.6  # of a glyph; thinner lines break up where the graphics card does not smooth them, as by default in Slicer


class ArcMarkup:
    """A locked angle in the slice views (vtkMRMLMarkupsAngleNode). It belongs to the view, so it is not saved with the scene."""

    def __init__(self) -> None:
        self.node = None

    def show(self, volume, frame, labels: np.ndarray) -> None:
        """Draw the bridged arc of a frame; nothing where it has no calcium.

        Args:
            volume: the pullback's node. frame: its FrameMeasurement. labels: (rows, columns) of that frame.

        Raises:
            InputError: as ``volume_grid``.
        """
        if frame.bridged_start_deg is None:
            self.hide()
            return
        grid = volume_grid(volume)
        points, rotationAxis = _arcPoints(frame, grid, _outerRadius(frame, labels, grid))
        node = self._visibleNode()
        wasModifying = node.StartModify()
        node.SetOrientationRotationAxis(*rotationAxis)
        node.SetControlPointPositionsWorld(points)
        for number in range(3):
            node.SetNthControlPointLocked(number, True)
        node.EndModify(wasModifying)

    def hide(self) -> None:
        """Take the arc off the views."""
        if self.node is not None:
            self.node.SetDisplayVisibility(False)

    def forget(self) -> None:
        """Remove the node, if the scene still has it."""
        if self.node is not None and slicer.mrmlScene.IsNodePresent(self.node):
            slicer.mrmlScene.RemoveNode(self.node)  # and its display node with it
        self.node = None

    def _visibleNode(self):
        if self.node is None or not slicer.mrmlScene.IsNodePresent(self.node):
            self.node = _makeNode()
        self.node.SetDisplayVisibility(True)
        return self.node


def _makeNode():
    from OCTCalciumLib.colors import rgb

    node = slicer.vtkMRMLMarkupsAngleNode()
    node.SetName(_("Arc"))
    node.SetHideFromEditors(True)
    node.SetSaveWithScene(False)
    node.SetUndoEnabled(False)
    selection = slicer.app.applicationLogic().GetSelectionNode()
    placed = selection.GetActivePlaceNodeID()
    node = slicer.mrmlScene.AddNode(node)
    selection.SetActivePlaceNodeID(placed)  # Slicer has taken the arc for what the user wants to place points of
    node.CreateDefaultDisplayNodes()
    node.SetAngleMeasurementModeToOrientedPositive()
    node.SetLocked(True)
    node.GetMeasurement("angle").SetPrintFormat("%.0f°")
    display = node.GetDisplayNode()
    display.SetSaveWithScene(False)
    display.SetUndoEnabled(False)
    display.SetSelectedColor(*rgb("paper"))
    display.SetColor(*rgb("paper"))
    display.SetPointLabelsVisibility(False)
    display.SetPropertiesLabelVisibility(True)
    display.SetTextScale(_TEXT_SCALE)
    display.SetGlyphScale(_GLYPH_SCALE)
    display.SetLineThickness(_LINE_THICKNESS)
    display.SetVisibility3D(False)
    display.SetOccludedVisibility(False)
    return node


def _arcPoints(frame, grid, radius_mm: float):
    """Start, vertex and end of the arc in RAS mm (vtkPoints), and the axis (RAS) around which angles grow from start to end."""
    column, row = grid.column_axis, grid.row_axis
    vertex = grid.lps_mm((frame.frame, *frame.vertex))
    start = frame.bridged_start_deg
    angles = np.radians([start, start + min(frame.arc_bridged_deg, FULL_CIRCLE_DEG)])
    arms = [vertex + radius_mm * (np.cos(angle) * column + np.sin(angle) * row) for angle in angles]
    points = vtk.vtkPoints()
    for place in (arms[0], vertex, arms[1]):
        points.InsertNextPoint(-place[0], -place[1], place[2])
    axis = np.cross(column, row)
    return points, (-axis[0], -axis[1], axis[2])


def _outerRadius(frame, labels: np.ndarray, grid) -> float:
    """How far from the vertex the arms reach, in mm."""
    from OCTCalciumLib.labels import CALCIUM

    rows, columns = np.nonzero(labels == CALCIUM)
    distances = np.hypot((rows - frame.vertex[0]) * grid.row_mm, (columns - frame.vertex[1]) * grid.column_mm)
    return BEYOND_CALCIUM * float(distances.max())
