"""Stacked label volumes and what VTK draws of them: surfaces, and volumes drawn by ray casting.

World axes are x = column, y = row, z = frame, in mm.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter
from vtkmodules.util.numpy_support import numpy_to_vtk, vtk_to_numpy
from vtkmodules.vtkCommonDataModel import vtkImageData, vtkPiecewiseFunction, vtkPolyData
from vtkmodules.vtkFiltersCore import vtkFlyingEdges3D
from vtkmodules.vtkRenderingCore import (
    vtkActor,
    vtkColorTransferFunction,
    vtkPolyDataMapper,
    vtkProp,
    vtkVolume,
    vtkVolumeProperty,
)
from vtkmodules.vtkRenderingVolume import vtkFixedPointVolumeRayCastMapper

from ...colors import rgb

SURFACE_LEVEL = 105.0  # of 255; below one half, so that thin calcium survives the smoothing
SMOOTHING = (0.7, 0.9, 0.9)  # standard deviation in voxels (frame, row, column)
SMOOTHED = 2  # voxels beyond which a voxel is not smoothed


@dataclass(frozen=True, eq=False)
class Stack:
    """Smoothed label volumes, float32 0 to 255 (frames, rows, columns), with a margin of one empty voxel all around.

    ``first_frame`` is the pullback's frame of the first slice inside the margin.
    """

    calcium: np.ndarray
    over_180: np.ndarray
    lumen: np.ndarray
    guidewire: np.ndarray
    step_mm: tuple[float, float, float]
    first_frame: int

    @property
    def all_calcium(self) -> np.ndarray:
        """Calcium of any arc, float32 0 to 255."""
        return np.clip(self.calcium + self.over_180, 0, 255)

    @property
    def bounds_mm(self) -> np.ndarray:
        """World bounds (x, y, z; lowest, highest), margin included."""
        low = np.array([-1, -1, self.first_frame - 1])
        return np.stack([low, low + self.calcium.shape[::-1] - np.ones(3)], axis=1) * np.array(self.step_mm[::-1])[:, None]


def stacked(volumes: dict[str, np.ndarray], step_mm: tuple[float, float, float], first_frame: int) -> Stack:
    """Volumes, of which the first slice is that frame of the pullback, with rounded voxel corners."""
    return Stack(**{name: softened(volume) for name, volume in volumes.items()}, step_mm=step_mm, first_frame=first_frame)


def softened(volume: np.ndarray) -> np.ndarray:
    """A volume with rounded voxel corners, float32, grown by one empty voxel all around; what is empty is not worked on."""
    soft = np.zeros(np.add(volume.shape, 2), np.float32)
    rows = volume.any(axis=2)
    filled = rows.any(axis=1), rows.any(axis=0), volume.any(axis=(0, 1))
    if rows.any():
        reach = [np.flatnonzero(places)[[0, -1]] + 1 for places in filled]
        box = tuple(slice(max(0, low - SMOOTHED), high + 1 + SMOOTHED) for low, high in reach)
        soft[1:-1, 1:-1, 1:-1] = volume
        soft[box] = gaussian_filter(soft[box], SMOOTHING, radius=SMOOTHED)
    return soft


def halved(volume: np.ndarray) -> np.ndarray:
    """Half as many rows and columns: enough for a view of the whole pullback, and four times as quick."""
    rows, columns = (size // 2 * 2 for size in volume.shape[1:])
    return volume[:, :rows:2, :columns:2] // 2 + volume[:, 1:rows:2, 1:columns:2] // 2


def image_of(stack: Stack, volume: np.ndarray) -> vtkImageData:
    """VTK image of a volume (frames, rows, columns[, components]) on the grid of the stack."""
    image = vtkImageData()
    image.SetDimensions(*volume.shape[2::-1])
    image.SetSpacing(*stack.step_mm[::-1])
    image.SetOrigin(-stack.step_mm[2], -stack.step_mm[1], (stack.first_frame - 1) * stack.step_mm[0])
    components = volume.shape[3] if volume.ndim == 4 else 1
    image.GetPointData().SetScalars(numpy_to_vtk(volume.reshape(-1, components), deep=True))
    return image


def surface_of(stack: Stack, volume: np.ndarray) -> vtkPolyData:
    """Closed surface around the filled part of a volume of the stack."""
    edges = vtkFlyingEdges3D()
    edges.SetInputData(image_of(stack, volume))
    edges.SetValue(0, SURFACE_LEVEL)
    edges.ComputeNormalsOn()
    edges.ComputeScalarsOff()
    edges.Update()
    return edges.GetOutput()


def calcium_surface(stack: Stack) -> vtkPolyData:
    """Surface of all calcium with the point array ``over_180`` (0 or 1), coloured by it."""
    surface = surface_of(stack, stack.calcium + stack.over_180)
    flags = over_180_at(stack, vtk_to_numpy(surface.GetPoints().GetData()) if surface.GetNumberOfPoints() else np.zeros((0, 3)))
    at_points = numpy_to_vtk(flags, deep=True)
    at_points.SetName("over_180")
    surface.GetPointData().AddArray(at_points)
    palette = np.array([np.multiply(rgb(name), 255) for name in ("calcium_under_180", "calcium_over_180")], np.uint8)
    colours = numpy_to_vtk(palette[flags], deep=True)
    colours.SetName("colour")
    surface.GetPointData().SetScalars(colours)
    return surface


def over_180_at(stack: Stack, points: np.ndarray) -> np.ndarray:
    """Whether points (n, 3), mm, lie on calcium of 180 degrees or more: uint8 (n,)."""
    index = (points[:, ::-1] / stack.step_mm - (stack.first_frame - 1, -1, -1)).round().astype(int)
    return (stack.over_180 > stack.calcium)[tuple(np.clip(index, 0, np.array(stack.calcium.shape) - 1).T)].astype(np.uint8)


def opaque(surface: vtkPolyData) -> vtkActor:
    """A surface in the colours of its points."""
    actor = _actor(surface)
    look = actor.GetProperty()
    look.SetAmbient(0.2)
    look.SetDiffuse(0.85)
    look.SetSpecular(0.1)
    look.SetSpecularPower(15)
    return actor


def shell(surface: vtkPolyData, colour: str, opacity: float) -> vtkActor:
    """A translucent surface of which only the far half is drawn, so that nothing veils what lies in front."""
    actor = _actor(surface)
    actor.GetMapper().ScalarVisibilityOff()
    look = actor.GetProperty()
    look.SetColor(*rgb(colour))
    look.SetOpacity(opacity)
    look.FrontfaceCullingOn()
    look.SetAmbient(0.35)
    return actor


def _actor(surface: vtkPolyData) -> vtkActor:
    mapper = vtkPolyDataMapper()
    mapper.SetInputData(surface)
    actor = vtkActor()
    actor.SetMapper(mapper)
    return actor


@dataclass(frozen=True, eq=False)
class Channel:
    """One volume (0 to 255) of a volume rendering.

    Attributes:
        volume: uint8 (frames, rows, columns) on the grid of the stack.
        dark, bright: colours of the values 0 and 255.
        opacities: (value, opacity) points, linear in between.
        lit: part of the light that comes from the lamp and shows relief; the rest is ambient.
    """

    volume: np.ndarray
    dark: tuple[float, float, float]
    bright: tuple[float, float, float]
    opacities: tuple[tuple[float, float], ...]
    lit: float


def volume_of(stack: Stack, channels: list[Channel]) -> vtkVolume:
    """Up to four volumes drawn together by ray casting, each in its own colour and opacity."""
    mapper = vtkFixedPointVolumeRayCastMapper()
    mapper.SetInputData(image_of(stack, np.stack([channel.volume for channel in channels], axis=3)))
    mapper.AutoAdjustSampleDistancesOff()
    mapper.SetSampleDistance(stack.step_mm[1] * 3)
    look = vtkVolumeProperty()
    look.IndependentComponentsOn()
    look.SetInterpolationTypeToLinear()
    for number, channel in enumerate(channels):
        opacity = vtkPiecewiseFunction()
        for value, part in channel.opacities:
            opacity.AddPoint(value, part)
        colour = vtkColorTransferFunction()
        colour.AddRGBPoint(0, *channel.dark)
        colour.AddRGBPoint(255, *channel.bright)
        look.SetColor(number, colour)
        look.SetScalarOpacity(number, opacity)
        look.SetScalarOpacityUnitDistance(number, stack.step_mm[1] * 2)
        look.ShadeOn(number)
        look.SetAmbient(number, 1 - channel.lit)
        look.SetDiffuse(number, 1.25 * channel.lit)
        look.SetSpecular(number, 0.0)
    volume = vtkVolume()
    volume.SetMapper(mapper)
    volume.SetProperty(look)
    return volume


def surfaces(stack: Stack, calcium: vtkPolyData) -> list[vtkProp]:
    """Calcium, as ``calcium_surface`` gives it, and guidewire."""
    return [opaque(calcium), shell(surface_of(stack, stack.guidewire), "guidewire", 0.5)]


def calcium_channels(stack: Stack) -> list[Channel]:
    """Calcium below and from 180 degrees on, solid; each voxel belongs to one of them, so that no slit shows where they meet."""
    total = stack.all_calcium.astype(np.uint8)
    over = stack.over_180 > stack.calcium
    return [_label(total * ~over, "calcium_under_180"), _label(total * over, "calcium_over_180")]


def _label(volume: np.ndarray, colour: str) -> Channel:
    return Channel(volume, rgb(colour), rgb(colour), ((75, 0.0), (150, 0.85), (255, 0.95)), lit=0.5)


def calcium_volume(stack: Stack) -> vtkVolume:
    """Volume rendering of the calcium alone."""
    return volume_of(stack, calcium_channels(stack))


def slices(stack: Stack, tissue: np.ndarray, cut_from: int) -> vtkVolume:
    """Volume rendering of the stacked grey slices, the half towards the viewer cut away, with the calcium coloured and whole.

    ``cut_from`` is the side of the viewer, 0 or 180 degrees; ``tissue`` is drawn from its median to its brightest grey.
    """
    low, high = np.percentile(tissue[::4, ::4, ::4], (50, 99.5))
    tissue = np.pad(tissue, 1).astype(np.float32)
    middle = tissue.shape[2] // 2
    tissue[:, :, slice(middle, None) if cut_from == 0 else slice(None, middle)] = 0
    tissue = np.clip((tissue - low) * (255 / max(high - low, 1)), 0, 255)
    tissue *= 1 - stack.all_calcium / 255
    grey = Channel(tissue.astype(np.uint8), (0.0, 0.0, 0.0), (1.0, 1.0, 1.0), ((25, 0.0), (255, 0.16)), lit=0.0)
    return volume_of(stack, [*calcium_channels(stack), grey])


def bounds_of(props: list[vtkProp], otherwise: np.ndarray) -> np.ndarray:
    """World bounds (x, y, z; lowest, highest) that hold all of ``props``; ``otherwise`` where they are empty."""
    bounds = np.array([prop.GetBounds() for prop in props]).reshape(-1, 3, 2)
    filled = bounds[bounds[:, 0, 0] <= bounds[:, 0, 1]]
    return np.stack([filled[:, :, 0].min(axis=0), filled[:, :, 1].max(axis=0)], axis=1) if len(filled) else otherwise
