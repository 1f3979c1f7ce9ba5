"""Slice views: a volume in its own planes, an overlay above it, a slice by its number."""

from collections.abc import Callable

import numpy as np
import slicer
import slicer.util
import vtk
from LesionReadingScene.scene import volume_grid

READING_VIEW = "Red"
SLICE_VIEWS = (READING_VIEW, "Green", "Yellow")  # of Slicer's usual layouts
_VIEW_ANGLE_DEG = 30.0  # of Slicer's cameras
_RAS_OF_LPS = np.array([-1.0, -1.0, 1.0])
_PRESETS = ("Sagittal", "Coronal", "Axial")  # the plane across the patient's left-right, front-back and feet-head axis


class Observation:
    """Somebody listens to an object until stop()."""

    def __init__(self, observed, event, callback: Callable[[], None]) -> None:
        """callback(): called after every such event."""
        self._observed = observed
        self._tag = observed.AddObserver(event, lambda caller, name: callback())

    def stop(self) -> None:
        """Listen no more, and keep nothing of the object."""
        if self._observed is not None:
            self._observed.RemoveObserver(self._tag)
        self._observed = None


def showVolume(volume) -> None:
    """Show a volume in all slice views, the usual three turned into its own planes: its slices in the reading view, across them
    in the others.

    Left and right, front and back hang as usual, however the volume is stored.

    Raises:
        InputError: it has no voxels, or lies below a transform that bends space.
    """
    across = int(np.argmax(np.abs(volume_grid(volume).normal)))
    presets = [_PRESETS[across], *(name for name in reversed(_PRESETS) if name != _PRESETS[across])]
    slicer.util.setSliceViewerLayers(background=volume, foreground=None, label=None)
    for name, preset in zip(SLICE_VIEWS, presets, strict=True):
        node = _sliceNode(name)
        node.SetOrientation(preset)
        node.RotateToVolumePlane(volume)
    slicer.util.resetSliceViews()
    jumpToSlice(volume, volume.GetImageData().GetDimensions()[2] // 2)


def showLoaded(volume) -> None:
    """Show a volume that was just loaded in the slice views, as Slicer's own readers do."""
    applicationLogic = slicer.app.applicationLogic()
    applicationLogic.GetSelectionNode().SetActiveVolumeID(volume.GetID())
    applicationLogic.PropagateVolumeSelection()


def showOverlay(volume, heat, opacity: float) -> None:
    """Lay another volume over one wherever that is shown, or nothing; opacity from 0 (not seen) to 1."""
    for name in slicer.app.layoutManager().sliceViewNames():
        composite = slicer.app.layoutManager().sliceWidget(name).mrmlSliceCompositeNode()
        if composite.GetBackgroundVolumeID() == volume.GetID():
            composite.SetForegroundVolumeID(heat.GetID() if heat is not None else None)
            composite.SetForegroundOpacity(opacity)


def jumpToSlice(volume, number: int, viewName: str = READING_VIEW) -> None:
    """Move a slice view along its normal to a slice of a volume, counted from 0; what is panned or zoomed stays."""
    grid = volume_grid(volume)
    lps = grid.lps_mm((number, (grid.rows - 1) / 2, (grid.columns - 1) / 2))
    _sliceNode(viewName).JumpSliceByOffsetting(-lps[0], -lps[1], lps[2])


def currentSlice(volume, viewName: str = READING_VIEW) -> int | None:
    """The slice of a volume that passes through the middle of a slice view; None where the view lies beside the volume."""
    grid = volume_grid(volume)
    to_ras = _sliceNode(viewName).GetSliceToRAS()
    lps = np.array([-to_ras.GetElement(0, 3), -to_ras.GetElement(1, 3), to_ras.GetElement(2, 3)])
    number = round(float(grid.indices(lps)[0]))
    return number if 0 <= number < grid.slice_count else None


def onSliceChanged(viewName: str, callback: Callable[[], None]) -> Observation:
    """Call back whenever a slice view was moved, panned, zoomed or turned, until stop() of what is given back."""
    return Observation(_sliceNode(viewName), vtk.vtkCommand.ModifiedEvent, callback)


def lookAt(middleLps: np.ndarray, viewer: np.ndarray, up: np.ndarray, reachMm: float, depthMm: float) -> None:
    """Turn all three-dimensional views towards a thing, so that it fills them.

    middleLps: (3,) middle of the thing, mm. viewer, up: (3,) unit vectors in LPS, from the thing to the viewer and upwards.
    reachMm: half of the thing's size across the line of sight. depthMm: how much of it lies before its middle.
    """
    distance = reachMm / np.tan(np.radians(_VIEW_ANGLE_DEG / 2)) + depthMm
    layoutManager = slicer.app.layoutManager()
    for number in range(layoutManager.threeDViewCount):
        camera = layoutManager.threeDWidget(number).threeDView().cameraNode()
        camera.SetFocalPoint(*(middleLps * _RAS_OF_LPS))
        camera.SetPosition(*((middleLps + viewer * distance) * _RAS_OF_LPS))
        camera.SetViewUp(*(up * _RAS_OF_LPS))
        camera.SetParallelScale(distance * np.tan(np.radians(_VIEW_ANGLE_DEG / 2)))
        camera.ResetClippingRange()


def _sliceNode(viewName: str):
    return slicer.app.layoutManager().sliceWidget(viewName).mrmlSliceNode()
