"""Points that a person places on the reading view: a tool asks for some, and they stay as handles until it lets go."""

from collections.abc import Callable, Sequence

import numpy as np
import slicer
import vtk
from LesionReadingScene.scene import volume_grid

from ..views import Observation


class PointPlacing:
    """A few points of a tool (vtkMRMLMarkupsFiducialNode), which belong to the view and are not saved with the scene."""

    def __init__(self, name: str, onMoved: Callable[[int], None]) -> None:
        """onMoved(number): a handle was dragged and let go."""
        self._name, self._onMoved = name, onMoved
        self._node = self._onPlaced = self._shown = None
        self._observations: list[Observation] = []

    @property
    def placing(self) -> bool:
        """Whether points are being asked for."""
        return self._onPlaced is not None

    @property
    def node(self):
        """The node while points are placed or stay as handles; else None."""
        return self._node

    def ask(self, count: int, onPlaced: Callable[[], None]) -> None:
        """Let the user place so many points; each click sets one, then onPlaced() is called."""
        self.forget()
        self._node = _makeNode(self._name)
        self._count, self._onPlaced = count, onPlaced
        events = slicer.vtkMRMLMarkupsNode
        self._observations = [
            Observation(self._node, events.PointPositionDefinedEvent, self._onDefined),
            Observation(self._node, events.PointEndInteractionEvent, self._onEndInteraction),
        ]
        selection, interaction = _placeNodes()
        selection.SetReferenceActivePlaceNodeClassName("vtkMRMLMarkupsFiducialNode")
        selection.SetActivePlaceNodeID(self._node.GetID())
        interaction.SetPlaceModePersistence(1)
        interaction.SetCurrentInteractionMode(interaction.Place)

    def voxels(self, volume) -> np.ndarray:
        """(points, 3) row, column and slice of the points on a volume, between voxels too."""
        slices, rows, columns = volume_grid(volume).indices(self._ras() * [-1.0, -1.0, 1.0]).T
        return np.stack([rows, columns, slices], axis=1)

    def show(self, volume, voxels: Sequence[Sequence[float]]) -> None:
        """Put the points, all handles now, to (row, column, slice) of a volume."""
        grid = volume_grid(volume)
        points = vtk.vtkPoints()
        for row, column, number in voxels:
            place = grid.lps_mm((number, row, column))
            points.InsertNextPoint(-place[0], -place[1], place[2])
        self._node.SetControlPointPositionsWorld(points)
        self._shown = self._ras()

    def forget(self) -> None:
        """Ask no more, and remove the points."""
        self._stopPlacing()
        for observation in self._observations:
            observation.stop()
        self._observations = []
        if self._node is not None and slicer.mrmlScene.IsNodePresent(self._node):
            slicer.mrmlScene.RemoveNode(self._node)
        self._node = self._shown = None

    def _onDefined(self) -> None:
        if self._onPlaced is None or self._node.GetNumberOfDefinedControlPoints() < self._count:
            return
        placed = self._onPlaced
        self._stopPlacing()
        placed()

    def _onEndInteraction(self) -> None:
        if self._onPlaced is None and self._shown is not None:
            moved_mm = np.linalg.norm(self._ras() - self._shown, axis=1)
            if moved_mm.max() > 0:
                self._onMoved(int(moved_mm.argmax()))

    def _ras(self) -> np.ndarray:
        """(points, 3) where the points lie in the scene, RAS mm."""
        count = self._node.GetNumberOfControlPoints()
        return np.array([self._node.GetNthControlPointPositionWorld(number) for number in range(count)])

    def _stopPlacing(self) -> None:
        if self._onPlaced is None:
            return
        self._onPlaced = None
        selection, interaction = _placeNodes()
        interaction.SetPlaceModePersistence(0)
        interaction.SetCurrentInteractionMode(interaction.ViewTransform)
        if selection.GetActivePlaceNodeID() == self._node.GetID():
            selection.SetActivePlaceNodeID(None)


def _placeNodes():
    logic = slicer.app.applicationLogic()
    return logic.GetSelectionNode(), logic.GetInteractionNode()


def _makeNode(name: str):
    node = slicer.vtkMRMLMarkupsFiducialNode()
    node.SetName(name)
    node.SetHideFromEditors(True)
    node.SetSaveWithScene(False)
    node.SetUndoEnabled(False)
    node = slicer.mrmlScene.AddNode(node)
    node.CreateDefaultDisplayNodes()
    display = node.GetDisplayNode()
    display.SetSaveWithScene(False)
    display.SetPointLabelsVisibility(False)
    display.SetVisibility3D(False)
    display.SetGlyphScale(1.5)
    return node
