"""Everything that is measured on one slice of a scan, from its label map and, where there is one, the CT."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from LesionReadingLib.geometry.grid import Grid

from ...labels import HEMATOMA, INTRAVENTRICULAR
from ...reading.scan import Scan
from .holes import Hole, find_holes
from .margin import SliceMargin, measure_shape
from .region import RING_MM, Region, density_region
from .split import Split, find_split


@dataclass(frozen=True)
class SliceMeasurement:
    """The numbers of one slice.

    Attributes:
        slice: number, from 0. position_mm: along the normal, from the first slice. extent_mm: how much of the patient it stands
            for.
        area_mm2, ivh_area_mm2: of hematoma and of intraventricular blood. volume_ml, ivh_ml: of each.
        specks_ml: of the hematoma, in pieces too small to be told from noise (``margin.SPECK_MM2``).
        longest_mm, across_mm: longest diameter of the largest piece, and the longest across it (A and B of ABC/2).
        margin: None without hematoma.
        mean_hu: of the hematoma's pixels; None without hematoma or CT. ivh_mean_hu: of intraventricular blood, likewise.
        holes, split: what was found in its densities; none without CT.
        left_out_mm2: less dense blood that the mask left out and that was looked at, too.
        region: the densities as they were looked at; None without hematoma or CT.
    """

    slice: int
    position_mm: float
    extent_mm: float
    area_mm2: float
    ivh_area_mm2: float
    volume_ml: float
    ivh_ml: float
    specks_ml: float = 0.0
    longest_mm: float = 0.0
    across_mm: float = 0.0
    margin: SliceMargin | None = None
    mean_hu: float | None = None
    ivh_mean_hu: float | None = None
    holes: tuple[Hole, ...] = ()
    split: Split | None = None
    left_out_mm2: float = 0.0
    region: Region | None = field(default=None, repr=False, compare=False)


def measure_slice(scan: Scan | None, plane: np.ndarray, grid: Grid, number: int) -> SliceMeasurement:
    """Measure one slice.

    Args:
        scan: the CT; None where there is only a label map.
        plane: (rows, columns) labels of the slice. grid: where the scan's voxels lie. number: of the slice, from 0.
    """
    mask = plane == HEMATOMA
    pixels, ivh_pixels = np.count_nonzero(mask), np.count_nonzero(plane == INTRAVENTRICULAR)
    numbers = {
        "slice": number,
        "position_mm": float(abs(grid.offsets_mm[number] - grid.offsets_mm[0])),
        "extent_mm": float(grid.extents_mm[number]),
        "area_mm2": pixels * grid.pixel_mm2,
        "ivh_area_mm2": ivh_pixels * grid.pixel_mm2,
        "volume_ml": float(pixels * grid.voxel_ml[number]),
        "ivh_ml": float(ivh_pixels * grid.voxel_ml[number]),
    }
    if scan is not None and ivh_pixels:
        numbers["ivh_mean_hu"] = float(scan.hounsfield[number][plane == INTRAVENTRICULAR].mean())
    if not pixels:
        return SliceMeasurement(**numbers)
    box = _box(mask, (grid.row_mm, grid.column_mm))
    shape = measure_shape(mask[box], grid.row_mm, grid.column_mm)
    numbers |= {
        "specks_ml": shape.specks_mm2 * float(grid.extents_mm[number]) / 1000,
        "longest_mm": shape.longest_mm,
        "across_mm": shape.across_mm,
        "margin": shape.margin,
    }
    return SliceMeasurement(**numbers, **(_densities(scan, plane[box], grid, number, box) if scan else {}))


def slice_shift(grid: Grid, number: int, other: int) -> tuple[float, float]:
    """(rows, columns) to add to a pixel of slice ``number`` to be straight across from it on slice ``other``: 0 without a tilt."""
    between = grid.positions_mm[number] - grid.positions_mm[other]
    return float(between @ grid.row_axis / grid.row_mm), float(between @ grid.column_axis / grid.column_mm)


def _densities(scan: Scan, plane: np.ndarray, grid: Grid, number: int, box: tuple[slice, slice]) -> dict:
    hounsfield = scan.hounsfield[number][box]
    region = density_region(
        hounsfield,
        plane == HEMATOMA,
        plane == INTRAVENTRICULAR,
        (box[0].start, box[1].start),
        (grid.row_mm, grid.column_mm),
    )
    down, floor_mm = None, 0.0
    if scan.gravity is not None:
        down = np.array([scan.gravity @ grid.row_axis, scan.gravity @ grid.column_axis])
        floor_mm = -float(scan.gravity @ grid.positions_mm[number])
    return {
        "mean_hu": float(hounsfield[plane == HEMATOMA].mean()),
        "holes": find_holes(region),
        "split": find_split(region, down, floor_mm),
        "left_out_mm2": region.left_out_mm2,
        "region": region,
    }


def _box(mask: np.ndarray, pixel_mm: tuple[float, float]) -> tuple[slice, slice]:
    """The mask's box, ``RING_MM`` and a little larger where the slice allows it."""
    sides = []
    for axis, size_mm in zip((1, 0), pixel_mm, strict=True):
        places = np.flatnonzero(mask.any(axis=axis))
        margin = int(np.ceil((RING_MM + 2) / size_mm))
        sides.append(slice(max(int(places[0]) - margin, 0), min(int(places[-1]) + margin + 1, mask.shape[1 - axis])))
    return sides[0], sides[1]
