"""The vessel for an interactive three-dimensional view: calcium as a closed, coloured surface inside a see-through wall.

The wall is a grey volume for volume rendering. Calcium is a surface: it has cleaner edges than a coloured volume, and it is
fluent on a machine without a graphics card.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.ndimage import gaussian_filter, maximum_filter

from ...measurement.pullback import PullbackMeasurement
from .stack import Scene, build_scene

if TYPE_CHECKING:
    from vtkmodules.vtkCommonDataModel import vtkPolyData

IN_PLANE_SAMPLES = 128  # rows and columns of the vessel: a turning view has to stay fluent
WALL_MM = 0.8
"""Tissue is shown so far beyond the lumen border, fading outwards: a vessel and not a block."""

_WALL_VOXELS = 8  # the same where not every spacing is known
_DARKEST = 0.3  # of the darkest tissue, so that the wall has no holes


@dataclass(frozen=True, eq=False)
class VesselScene:
    """What the view shows, with its place in voxels of the pullback.

    Attributes:
        calcium: surface with the point colours ``colour`` (red, green, blue; one below and one from 180 degrees on); x, y and z are
            column, row and frame of the pullback.
        wall: uint8 (frames, rows, columns), brightness of the tissue beside the lumen, 0 elsewhere.
        first: (row, column) of the wall's first voxel, in pixels of the pullback.
        step: distance of the wall's rows and columns, in pixels of the pullback.
    """

    calcium: vtkPolyData
    wall: np.ndarray
    first: tuple[float, float]
    step: int


def vessel_scene(labels: np.ndarray, measurement: PullbackMeasurement, frames: np.ndarray) -> VesselScene:
    """Build the vessel.

    Args:
        labels: (frames, rows, columns) uint8.
        measurement: of these labels.
        frames: the grey pullback (frames, rows, columns), any type.
    """
    from .views import calcium_surface, stacked

    scene, volumes = build_scene(labels, measurement, IN_PLANE_SAMPLES)
    stack = stacked(volumes, scene.step_mm, 0)
    surface = calcium_surface(stack)
    inside = (slice(1, -1),) * 3  # without the stack's margin
    other = 1 - stack.all_calcium[inside] / 255
    tissue = _DARKEST + (1 - _DARKEST) * _brightness(scene, frames)
    wall = (255 * _beside_lumen(scene, volumes["lumen"], stack.lumen[inside]) * other * tissue).astype(np.uint8)
    middle = (scene.shrink // 2) / 2
    first = (scene.first_row + middle, scene.first_column + middle)
    return VesselScene(_in_voxels(surface, scene, first), wall, first, scene.shrink)


def _in_voxels(surface: vtkPolyData, scene: Scene, first: tuple[float, float]) -> vtkPolyData:
    """A surface of the scene, whose points are in mm, with its points in columns, rows and frames of the pullback."""
    from vtkmodules.vtkCommonTransforms import vtkTransform
    from vtkmodules.vtkFiltersGeneral import vtkTransformFilter

    transform = vtkTransform()
    transform.Translate(first[1], first[0], 0)
    transform.Scale(scene.shrink / scene.step_mm[2], scene.shrink / scene.step_mm[1], 1 / scene.step_mm[0])
    placed = vtkTransformFilter()
    placed.SetInputData(surface)
    placed.SetTransform(transform)
    placed.Update()
    return placed.GetOutput()


def _brightness(scene: Scene, frames: np.ndarray) -> np.ndarray:
    """The frames on the scene's grid, from their median (0) to their brightest grey (1), float32."""
    reduced = np.stack([_reduced(scene, frame) for frame in frames])
    low, high = np.percentile(reduced[::4, ::4, ::4], (50, 99.5))
    soft = gaussian_filter(reduced, (0.5, 0.8, 0.8), output=np.float32, truncate=2)
    return np.clip((soft - low) / max(high - low, 1), 0, 1)


def _reduced(scene: Scene, frame: np.ndarray) -> np.ndarray:
    """A grey frame on the scene's grid, float32: one sample of every cell (noise is smoothed afterwards)."""
    rows, columns = (scene.shrink * size for size in scene.shape[1:])
    middle = scene.shrink // 2
    cut = frame[scene.first_row : scene.first_row + rows, scene.first_column : scene.first_column + columns]
    return cut[middle :: scene.shrink, middle :: scene.shrink].astype(np.float32)


def _beside_lumen(scene: Scene, lumen: np.ndarray, smoothed: np.ndarray) -> np.ndarray:
    """1 in the tissue beside the lumen (frames, rows, columns), fading to 0 outwards, 0 in the lumen.

    Args:
        lumen: 0 or 255. smoothed: the same with rounded corners.
    """
    reach = max(2, round(WALL_MM / scene.step_mm[1])) if scene.to_scale else _WALL_VOXELS
    half = reach // 2 | 1
    near = maximum_filter(lumen[:, ::2, ::2], size=(1, half, half)).repeat(2, axis=1).repeat(2, axis=2)
    near = gaussian_filter(
        near[:, : smoothed.shape[1], : smoothed.shape[2]], (0, reach / 4, reach / 4), output=np.float32, truncate=2
    )
    return np.clip((near - smoothed) / 255, 0, 1)
