"""Draws the three-dimensional views off-screen: ``python -m OCTCalciumLib.presenting.rendering.views FOLDER`` (see ``stack``).

World axes are x = column, y = row, z = frame, in mm. All views are parallel projections, so one scale holds everywhere in a view.
"""

from __future__ import annotations

from LesionReadingLib.leash import end_with_parent

if __name__ == "__main__":
    end_with_parent()  # before the libraries are loaded, which takes a while

import json
import sys
from itertools import product
from pathlib import Path

import numpy as np
import vtkmodules.vtkRenderingOpenGL2
import vtkmodules.vtkRenderingVolumeOpenGL2  # noqa: F401  VTK finds its drawing classes by these two imports
from vtkmodules.util.numpy_support import vtk_to_numpy
from vtkmodules.vtkCommonDataModel import vtkPolyData
from vtkmodules.vtkCommonMath import vtkMatrix4x4
from vtkmodules.vtkCommonTransforms import vtkTransform
from vtkmodules.vtkFiltersGeneral import vtkTransformFilter
from vtkmodules.vtkIOXML import vtkXMLPolyDataWriter
from vtkmodules.vtkRenderingCore import (
    vtkCamera,
    vtkLight,
    vtkProp,
    vtkRenderer,
    vtkRenderWindow,
    vtkWindowToImageFilter,
)

from ...colors import rgb
from .mesh import page_mesh
from .process import MESH
from .volumes import bounds_of, calcium_surface, calcium_volume, halved, shell, slices, stacked, surface_of, surfaces

SIDE_VIEW_WIDTH, SIDE_VIEW_MOST_HEIGHT = 1650, 420  # pixels
CLOSE_UP_SIZE = (820, 560)  # pixels

# Directions to the viewer and upwards (x = column, y = row, z = frame); in all of them the pullback runs from left to right.
FROM_0_DEG = ((1, 0, 0), (0, -1, 0))
FROM_180_DEG = ((-1, 0, 0), (0, 1, 0))
OBLIQUE_FROM_0_DEG = ((1, -0.45, -0.75), (0, -1, 0))
OBLIQUE_FROM_180_DEG = ((-1, 0.45, -0.75), (0, 1, 0))


class Studio:
    """One off-screen window in which the views are taken one after the other.

    What lies behind (the lumen) is a layer of its own: it is seen through, so it must not tint the calcium on its far side.
    """

    def __init__(self) -> None:
        self._window = vtkRenderWindow()
        self._window.SetOffScreenRendering(1)
        self._window.SetMultiSamples(4)
        self._window.SetNumberOfLayers(2)

    def take(
        self,
        props: list[vtkProp],
        behind: list[vtkProp],
        towards: tuple,
        size: tuple[int, int],
        bounds_mm: np.ndarray,
        background: str,
    ) -> tuple[np.ndarray, float]:
        """Picture (height, width, 3) uint8 of ``props`` over ``behind`` that holds ``bounds_mm`` (3, 2), and its mm per pixel."""
        viewer, up = (np.array(vector, float) for vector in towards)
        viewer /= np.linalg.norm(viewer)
        up -= viewer * (viewer @ up)
        up /= np.linalg.norm(up)
        centre = bounds_mm.mean(axis=1)
        corners = np.array(list(product(*bounds_mm))) - centre
        mm_per_pixel = max(np.ptp(corners @ np.cross(up, viewer)) / size[0], np.ptp(corners @ up) / size[1])
        camera = vtkCamera()
        camera.ParallelProjectionOn()
        camera.SetFocalPoint(*centre)
        camera.SetPosition(*(centre + viewer * np.ptp(bounds_mm, axis=1).max() * 2))
        camera.SetViewUp(*up)
        camera.SetParallelScale(mm_per_pixel * size[1] / 2)
        camera.SetClippingRange(0.1, np.ptp(bounds_mm, axis=1).sum() * 4)
        self._window.SetSize(*size)
        layers = [self._layer(behind, camera, 0), self._layer(props, camera, 1)]
        layers[0].SetBackground(*rgb(background))
        self._window.Render()
        grab = vtkWindowToImageFilter()
        grab.SetInput(self._window)
        grab.ReadFrontBufferOff()
        grab.ShouldRerenderOff()
        grab.Update()
        for layer in layers:
            self._window.RemoveRenderer(layer)
        pixels = vtk_to_numpy(grab.GetOutput().GetPointData().GetScalars()).reshape(size[1], size[0], 3)[::-1]
        return pixels.copy(), float(mm_per_pixel)

    def _layer(self, props: list[vtkProp], camera: vtkCamera, number: int) -> vtkRenderer:
        renderer = vtkRenderer()
        renderer.SetLayer(number)
        renderer.SetActiveCamera(camera)
        lamp = vtkLight()
        lamp.SetLightTypeToHeadlight()
        lamp.SetAmbientColor(1, 1, 1)  # VTK's ray caster multiplies the ambient part of a volume by it; the default is black
        renderer.AddLight(lamp)
        for prop in props:
            renderer.AddViewProp(prop)
        self._window.AddRenderer(renderer)
        return renderer


def side_view_size(bounds_mm: np.ndarray) -> tuple[int, int]:
    """Width and height in pixels of a view along the whole pullback."""
    height = SIDE_VIEW_WIDTH * np.ptp(bounds_mm[1]) / np.ptp(bounds_mm[2])
    return SIDE_VIEW_WIDTH, int(min(height, SIDE_VIEW_MOST_HEIGHT))


def draw(folder: Path) -> None:
    """Read the scene from ``folder`` and write its views there, ``views.json`` last."""
    facts = json.loads((folder / "scene.json").read_text())
    frame_mm, row_mm, column_mm = facts["step_mm"]
    first, stop = facts["close_up"]
    halves, close_up = {}, {}
    for name in ("calcium", "over_180", "lumen", "guidewire"):  # one by one, as all four are over 100 MB
        volume = np.load(folder / f"{name}.npy")
        halves[name], close_up[name] = halved(volume), volume[first:stop].copy()
    del volume
    whole = stacked(halves, (frame_mm, 2 * row_mm, 2 * column_mm), 0)
    near = stacked(close_up, (frame_mm, row_mm, column_mm), first)
    tissue = np.load(folder / "tissue.npy") if (folder / "tissue.npy").exists() else None
    whole_calcium = calcium_surface(whole)
    near_surfaces, whole_surfaces = surfaces(near, calcium_surface(near)), surfaces(whole, whole_calcium)
    near_border, whole_border = (surface_of(stack, stack.lumen) for stack in (near, whole))
    near_lumen, whole_lumen = ([shell(border, "lumen", 0.16)] for border in (near_border, whole_border))
    if facts["mesh"] and whole_calcium.GetNumberOfCells():
        (folder / MESH).write_text(json.dumps(page_mesh(whole, whole_calcium, whole_border)))
    near_volume = calcium_volume(near) if tissue is None else None
    near_mm = bounds_of(near_surfaces + near_lumen, near.bounds_mm)
    side = side_view_size(whole.bounds_mm)

    studio = Studio()
    views = {"volume_side": studio.take([calcium_volume(whole)], whole_lumen, FROM_0_DEG, side, whole.bounds_mm, "paper")}
    for viewer, along, oblique in ((0, FROM_0_DEG, OBLIQUE_FROM_0_DEG), (180, FROM_180_DEG, OBLIQUE_FROM_180_DEG)):
        views[f"side_{viewer}"] = studio.take(whole_surfaces, whole_lumen, along, side, whole.bounds_mm, "paper")
        views[f"near_{viewer}"] = studio.take(near_surfaces, near_lumen, oblique, CLOSE_UP_SIZE, near_mm, "paper")
        if tissue is None:
            volume = studio.take([near_volume], near_lumen, oblique, CLOSE_UP_SIZE, near_mm, "paper")
        else:
            volume = studio.take([slices(near, tissue, viewer)], [], oblique, CLOSE_UP_SIZE, near_mm, "night")
        views[f"volume_near_{viewer}"] = volume
    for name, (pixels, _) in views.items():
        np.save(folder / f"{name}.npy", pixels)
    if facts["surface"]:
        write_surface(whole_calcium, **facts["surface"])
    (folder / "views.json").write_text(json.dumps({name: scale for name, (_, scale) in views.items()}))


def write_surface(surface: vtkPolyData, file: str, origin_mm: list[float], direction: list[float]) -> None:
    """Save a surface with its array ``over_180`` in patient coordinates (LPS, mm), as Slicer reads it."""
    placing = vtkMatrix4x4()
    for row in range(3):
        for column in range(3):
            placing.SetElement(row, column, direction[3 * row + column])
        placing.SetElement(row, 3, origin_mm[row])
    bare = vtkPolyData()
    bare.SetPoints(surface.GetPoints())
    bare.SetPolys(surface.GetPolys())
    bare.GetPointData().AddArray(surface.GetPointData().GetArray("over_180"))
    transform = vtkTransform()
    transform.SetMatrix(placing)
    placed = vtkTransformFilter()
    placed.SetInputData(bare)
    placed.SetTransform(transform)
    writer = vtkXMLPolyDataWriter()
    writer.SetInputConnection(placed.GetOutputPort())
    writer.SetFileName(file)
    if not writer.Write():
        raise OSError("the calcium surface could not be written")


if __name__ == "__main__":
    draw(Path(sys.argv[1]))
