"""A scan of any tilt and any distances on one upright, even grid, for programs that place a whole volume by one matrix.

* **Tilt**: every slice is moved along itself by whole pixels, to at most half a pixel from its true place. No value changes, so
  densities and volumes stay those of the scanner's own slices.
* **Changing distances**: slices are interpolated across the stack at the finest distance, so that no detail is lost. A slice of the
  scan that lies on the new grid keeps its values.
* An upright and even scan is given back as it is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from LesionReadingLib.geometry.grid import SAME_MM, Grid, stacked_grid
from LesionReadingLib.language import _

from .scan import AIR_HU, Scan

FINEST_MM = 0.5
"""Distances below this, of overlapping reconstructions, are not followed: no head CT resolves more."""

_ON_A_SLICE = 1e-3  # of the distance between two slices


@dataclass(frozen=True, eq=False)
class StraightScan:
    """A scan whose voxels one matrix with perpendicular axes places.

    Attributes:
        hounsfield: int16 (slices, rows, columns) in HU; ``AIR_HU`` where the scan does not reach.
        grid: upright and even.
        changes: sentences on what was done to the scanner's slices; empty where their voxels are untouched.
    """

    hounsfield: np.ndarray
    grid: Grid
    changes: tuple[str, ...]


def straightened(scan: Scan) -> StraightScan:
    """Bring a scan onto an upright and even grid; see the module. Rows, columns and slices keep their directions and order."""
    hounsfield, grid, changes = scan.hounsfield, scan.grid, []
    if np.abs(_shifts(grid) * (grid.row_mm, grid.column_mm)).max() > SAME_MM:
        hounsfield, grid = _upright(hounsfield, grid)
    if hounsfield is not scan.hounsfield:
        changes.append(
            _(
                "The gantry was tilted by {tilt_deg:.1f} degrees: every slice was moved along itself by whole "
                "pixels to its place; its values are those of the scanner."
            ).format(tilt_deg=_tilt_deg(scan.grid))
        )
    if not grid.is_even:
        steps_mm = np.abs(np.diff(grid.offsets_mm))
        hounsfield, grid = _even(hounsfield, grid)
        changes.append(
            _(
                "The distance between slices changes from {steps_mm_min:.4g} to {steps_mm_max:.4g} mm: they were "
                "interpolated every {extents_mm:.4g} mm, {slice_count} slices to {slice_count_2}."
            ).format(
                steps_mm_min=steps_mm.min(),
                steps_mm_max=steps_mm.max(),
                extents_mm=grid.extents_mm[0],
                slice_count=scan.grid.slice_count,
                slice_count_2=grid.slice_count,
            )
        )
    return StraightScan(hounsfield, grid, tuple(changes))


def _shifts(grid: Grid) -> np.ndarray:
    """(slices, 2) rows and columns by which each slice is moved along itself, seen from the first; fractions."""
    along = grid.positions_mm - grid.positions_mm[0]
    return np.stack([along @ grid.row_axis / grid.row_mm, along @ grid.column_axis / grid.column_mm], axis=1)


def _tilt_deg(grid: Grid) -> float:
    step = grid.step_mm
    return float(np.degrees(np.arccos(np.clip(abs(step @ grid.normal) / np.linalg.norm(step), 0, 1))))


def _upright(hounsfield: np.ndarray, grid: Grid) -> tuple[np.ndarray, Grid]:
    """The slices, each moved along itself by whole pixels, in a frame that holds all of them."""
    shifts = np.rint(_shifts(grid)).astype(int)
    heights_mm = grid.offsets_mm - grid.offsets_mm[0]
    if not shifts.any():
        return hounsfield, _stacked(grid, (grid.rows, grid.columns), grid.positions_mm[0], heights_mm)
    first = shifts.min(axis=0)
    rows, columns = np.array([grid.rows, grid.columns]) + np.ptp(shifts, axis=0)
    moved = np.full((grid.slice_count, rows, columns), AIR_HU, np.int16)
    for plane, stored, (row, column) in zip(moved, hounsfield, shifts - first, strict=True):
        plane[row : row + grid.rows, column : column + grid.columns] = stored
    corner = grid.positions_mm[0] + first[0] * grid.row_mm * grid.row_axis + first[1] * grid.column_mm * grid.column_axis
    return moved, _stacked(grid, (rows, columns), corner, heights_mm)


def _even(hounsfield: np.ndarray, grid: Grid) -> tuple[np.ndarray, Grid]:
    """The slices interpolated across the stack at equal distances, from the first to the last."""
    heights_mm = grid.offsets_mm - grid.offsets_mm[0]
    length_mm = abs(heights_mm[-1])
    finest_mm = max(float(np.abs(np.diff(heights_mm)).min()), FINEST_MM)
    count = max(int(np.ceil(length_mm / finest_mm - _ON_A_SLICE)), 1) + 1
    new_mm = np.linspace(0, heights_mm[-1], count)
    places = np.interp(np.abs(new_mm), np.abs(heights_mm), np.arange(grid.slice_count))
    filled = np.empty((count, *hounsfield.shape[1:]), np.int16)
    for plane, place in zip(filled, places, strict=True):
        below = int(np.clip(np.floor(place + _ON_A_SLICE), 0, grid.slice_count - 1))
        share = place - below
        if share < _ON_A_SLICE:
            plane[...] = hounsfield[below]
        else:
            plane[...] = np.rint(hounsfield[below] * np.float32(1 - share) + hounsfield[below + 1] * np.float32(share))
    return filled, _stacked(grid, (grid.rows, grid.columns), grid.positions_mm[0], new_mm)


def _stacked(grid: Grid, size: tuple[int, int], corner_mm: np.ndarray, heights_mm: np.ndarray) -> Grid:
    """Slices straight across from the first one's corner."""
    positions = corner_mm + np.asarray(heights_mm)[:, None] * grid.normal
    extent_mm = float(grid.extents_mm[0])
    source = grid.spacing.in_plane_source
    return stacked_grid(size, (grid.row_mm, grid.column_mm), grid.row_axis, grid.column_axis, positions, extent_mm, source)
