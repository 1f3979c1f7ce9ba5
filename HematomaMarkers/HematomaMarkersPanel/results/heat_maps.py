"""The heat maps of the markers as hidden volumes of a result, with a colour table that leaves cold places clear."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import slicer
import slicer.util
import vtk
from HematomaMarkersLib.labels import MARKER_NAMES, MARKERS
from LesionReadingLib.language import _ as translatedByLib
from LesionReadingLib.reading.volume_files import image_reader
from LesionReadingScene.scene import new_image, result_node, set_result_node
from slicer.i18n import tr as _

COLORS = "heatColors"
COLDEST = 0.15
"""Heat below this share of the hottest voxel is not shown: the CT stays readable where nothing speaks for the marker."""

_INFERNO = np.array(
    [
        (0.001, 0.000, 0.014),
        (0.129, 0.047, 0.291),
        (0.342, 0.062, 0.429),
        (0.541, 0.135, 0.415),
        (0.736, 0.216, 0.330),
        (0.894, 0.353, 0.194),
        (0.978, 0.558, 0.035),
        (0.975, 0.798, 0.206),
        (0.988, 0.998, 0.645),
    ]
)
"""RGB of the colour map inferno at equal steps (van der Walt and Smith 2015), as the report draws it."""

_COLOR_COUNT = 256


def heatRole(marker: str) -> str:
    """Under which role a result refers to the heat map of a marker."""
    return f"heat_{marker}"


def readHeatMaps(folder: Path) -> dict[str, vtk.vtkImageData]:
    """The heat maps that the worker wrote, marker -> image; the scene is not touched, so a thread may do it."""
    import SimpleITK as sitk

    images = {}
    for marker in MARKERS:
        values = sitk.GetArrayFromImage(image_reader(folder / f"heat_{marker}.nrrd").Execute())
        images[marker], voxels = new_image(values.shape, values.dtype)
        voxels[...] = values
    return images


def addHeatMaps(images: Mapping[str, vtk.vtkImageData], result, volume) -> None:
    """Add heat maps, on the voxels of the volume that was read, as hidden volumes of the result."""
    colors = _addColors()
    set_result_node(result, COLORS, colors)
    for marker in MARKERS:
        name = _("{volume} heat of {marker}").format(volume=volume.GetName(), marker=translatedByLib(MARKER_NAMES[marker]).lower())
        heat = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", name)
        heat.CopyOrientation(volume)
        heat.SetAndObserveImageData(images[marker])
        heat.CreateDefaultDisplayNodes()
        heat.SetAndObserveTransformNodeID(volume.GetTransformNodeID())
        heat.HideFromEditorsOn()
        _show(heat.GetDisplayNode(), colors)
        set_result_node(result, heatRole(marker), heat)


def heatOf(result, marker: str):
    """The heat map (vtkMRMLScalarVolumeNode) of a marker; None where there is none."""
    return result_node(result, heatRole(marker))


def hottestSlice(heat) -> int | None:
    """The slice with the hottest voxel, from 0; None where nothing is hot."""
    values = slicer.util.arrayFromVolume(heat)
    return int(values.reshape(len(values), -1).max(axis=1).argmax()) if values.any() else None


def _show(display, colors) -> None:
    display.SetAndObserveColorNodeID(colors.GetID())
    display.SetAutoWindowLevel(False)
    display.SetWindowLevelMinMax(0.0, 1.0)
    display.SetThreshold(COLDEST, 1.0)
    display.SetApplyThreshold(True)
    display.SetInterpolate(True)


def _addColors():
    """A colour table node of inferno, hidden, saved with the scene."""
    colors = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLColorTableNode", _("Heat map"))
    colors.SetTypeToUser()
    colors.SetNumberOfColors(_COLOR_COUNT)
    places = np.linspace(0, len(_INFERNO) - 1, _COLOR_COUNT)
    for number, rgb in enumerate(zip(*(np.interp(places, range(len(_INFERNO)), part) for part in _INFERNO.T), strict=True)):
        colors.SetColor(number, f"{number / (_COLOR_COUNT - 1):.2f}", *map(float, rgb), 1.0)
    colors.HideFromEditorsOn()
    return colors
