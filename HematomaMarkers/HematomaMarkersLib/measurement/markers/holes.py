"""Low density enclosed in a hematoma: holes and swirls.

Strictly enclosed means that every way from the low part to the hematoma's edge leads over denser blood. The height of the
lowest such way above the hole is its **wall**; filling the density like a landscape with water (SimpleITK's grey-scale fill
hole) gives it for every low part at once. A hole that leaks out has next to no wall, however dark it is. Holes are looked for
slice by slice and their walls then lowered to those in space, because a channel to the outside may run in the next slice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import SimpleITK as sitk
from LesionReadingLib.masks import eroded, grown
from scipy import ndimage

from .region import Region, border_mm

BASIN_HU = 4.0
"""A shallower dip is noise or texture and not looked at."""

SMALLEST_MM2 = 6.0
LEAST_DENSE_PERCENT = 10
_SURROUNDINGS_MM = (1.5, 6.0)
_MIDDLE_MM = 0.7
_COARSE_MM = 0.9  # between the points at which walls in space are looked at; the density was averaged over more than that


@dataclass(frozen=True)
class Hole:
    """An enclosed part of low density on one slice.

    Attributes:
        difference_hu: how much less dense its middle is than the blood around it (medians, without the border between them).
        wall_hu: how much denser the lowest place of its wall is than its own lowest place. slice_wall_hu: seen on this slice alone.
        ordinary_wall_hu: the same of the least dense tenth of the blood around it: what its wall would be without a leak.
        area_mm2: at half its depth.
        roundness: 4 pi area / perimeter^2, 1 for a disc (the perimeter by the pixels' sides, corrected for their stairs).
        sharpness_hu_per_mm: mean steepness of the density at its border.
        pixels: flat indices of the dip in the region's box.
    """

    difference_hu: float
    wall_hu: float
    slice_wall_hu: float
    ordinary_wall_hu: float
    area_mm2: float
    roundness: float
    sharpness_hu_per_mm: float
    pixels: np.ndarray = field(repr=False, compare=False)

    @property
    def enclosure(self) -> float:
        """The wall as a share of the ordinary one, 0 (leaks out) to 1 (as dense as blood around it, all the way round)."""
        return float(np.clip(self.wall_hu / self.ordinary_wall_hu, 0, 1)) if self.ordinary_wall_hu > 0 else 1.0


def find_holes(region: Region) -> tuple[Hole, ...]:
    """All enclosed low parts of a slice."""
    if not region.core.any():
        return ()
    depth = filled_hu(region) - region.smooth_hu
    basins, count = ndimage.label((depth >= BASIN_HU) & region.blood)
    found = (_hole(region, depth, basins, number) for number in range(1, count + 1))
    return tuple(hole for hole in found if hole)


def filled_hu(region: Region) -> np.ndarray:
    """(rows, columns) averaged density with every enclosed low part raised to the lowest place of its wall."""
    if not region.blood.any():
        return region.smooth_hu
    outside = float(region.smooth_hu[region.blood].min()) - 1
    image = np.where(region.blood, region.smooth_hu, outside)
    return np.where(region.blood, _filled(np.pad(image, 1, constant_values=outside))[1:-1, 1:-1], 0).astype(np.float32)


def walls_in_space(
    regions: Sequence[Region], holes: Sequence[Sequence[Hole]], shifts: Sequence[tuple[float, float]]
) -> list[tuple[Hole, ...]]:
    """The holes of neighbouring slices with their walls in space.

    From slice to slice a way leads only through blood that goes on beyond both, so that brain which a thick slice averages into
    the end of a hematoma does not count as a leak.

    Args:
        regions: of neighbouring slices. holes: of each. shifts: (rows, columns) by which each slice's pixels lie farther along
            the slice.
    """
    if not regions:
        return []
    steps = [max(1, round(_COARSE_MM / size)) for size in regions[0].pixel_mm]
    starts = np.array([np.add(region.corner, np.round(shift)) for region, shift in zip(regions, shifts, strict=True)], int)
    first = starts.min(axis=0)
    starts -= first
    size = (starts + [region.blood.shape for region in regions]).max(axis=0)
    outside = min(float(region.smooth_hu.min(where=region.blood, initial=0)) for region in regions) - 1
    density = np.full((len(regions), *size), outside, np.float32)
    blood = np.zeros(density.shape, bool)
    for number, (region, (row, column)) in enumerate(zip(regions, starts, strict=True)):
        box = (number, slice(row, row + region.blood.shape[0]), slice(column, column + region.blood.shape[1]))
        density[box][region.blood] = region.smooth_hu[region.blood]
        blood[box] = region.blood
    coarse = (slice(None), slice(None, None, steps[0]), slice(None, None, steps[1]))
    depth = _filled_stack(density[coarse], blood[coarse], outside) - density[coarse]
    lowered = []
    for number, (region, own) in enumerate(zip(regions, holes, strict=True)):
        lowered.append(tuple(_with_wall(hole, depth[number], region, starts[number], steps) for hole in own))
    return lowered


def _with_wall(hole: Hole, depth: np.ndarray, region: Region, start: np.ndarray, steps: list[int]) -> Hole:
    rows, columns = np.unravel_index(hole.pixels, region.blood.shape)
    wall = depth[(rows + start[0]) // steps[0], (columns + start[1]) // steps[1]].max()
    return replace(hole, wall_hu=min(hole.slice_wall_hu, float(wall)))


def _filled_stack(density: np.ndarray, blood: np.ndarray, outside: float) -> np.ndarray:
    """``density`` filled in space; between two slices stands a layer that lets through only where blood goes on beyond both."""
    count = len(density)
    closed = float(density.max()) + 1
    layers = np.full((2 * count + 1, *density.shape[1:]), closed, np.float32)
    layers[1::2] = density
    goes_on = blood[:-3] & blood[1:-2] & blood[2:-1] & blood[3:]
    layers[4:-3:2][goes_on] = np.maximum(density[2:-1], density[1:-2])[goes_on]
    edge = np.pad(layers, ((0, 0), (1, 1), (1, 1)), constant_values=closed)
    for side in (edge[1::2, 0], edge[1::2, -1], edge[1::2, :, 0], edge[1::2, :, -1]):
        side[...] = outside
    return _filled(edge)[1::2, 1:-1, 1:-1]


def _filled(image: np.ndarray) -> np.ndarray:
    return sitk.GetArrayFromImage(sitk.GrayscaleFillhole(sitk.GetImageFromArray(image)))


def _hole(region: Region, depth: np.ndarray, basins: np.ndarray, number: int) -> Hole | None:
    basin = basins == number
    if basin.sum() * region.pixel_mm2 < SMALLEST_MM2 or not (basin & region.core).any():
        return None
    nearest, farthest = _SURROUNDINGS_MM
    around = grown(basin, farthest, region.pixel_mm) & ~grown(basin, nearest, region.pixel_mm) & region.core & (basins == 0)
    if around.sum() * region.pixel_mm2 < SMALLEST_MM2:
        return None
    lowest_hu, surroundings_hu = region.smooth_hu[basin].min(), float(np.median(region.smooth_hu[around]))
    part = basin & (region.smooth_hu < (surroundings_hu + lowest_hu) / 2)
    area_mm2 = float(part.sum() * region.pixel_mm2)
    if area_mm2 < SMALLEST_MM2:
        return None
    middle = eroded(part, _MIDDLE_MM, region.pixel_mm)
    perimeter_mm = sum(border_mm(part, region.blood, region.pixel_mm)) * np.pi / 4
    edge = part & ~ndimage.binary_erosion(part)
    wall_hu = float(depth[basin].max())
    return Hole(
        difference_hu=surroundings_hu - float(np.median(region.smooth_hu[middle if middle.any() else part])),
        wall_hu=wall_hu,
        slice_wall_hu=wall_hu,
        ordinary_wall_hu=float(np.percentile(region.smooth_hu[around], LEAST_DENSE_PERCENT) - lowest_hu),
        area_mm2=area_mm2,
        roundness=min(1.0, 4 * np.pi * area_mm2 / perimeter_mm**2),
        sharpness_hu_per_mm=float(region.gradient_hu_per_mm()[edge].mean()),
        pixels=np.flatnonzero(basin),
    )
