"""Grids made of others, for tests."""

from __future__ import annotations

import numpy as np
from LesionReadingLib.geometry.grid import Grid, stacked_grid


def with_positions(grid: Grid, positions_mm: np.ndarray) -> Grid:
    """The pixels of a grid on slices at other places, (slices, 3) LPS."""
    pixel_mm, extent_mm = (grid.row_mm, grid.column_mm), float(grid.extents_mm[0])
    source = grid.spacing.in_plane_source
    return stacked_grid(grid.shape[1:], pixel_mm, grid.row_axis, grid.column_axis, positions_mm, extent_mm, source)


def some_slices(grid: Grid, which) -> Grid:
    """Some slices of a grid, by their numbers, a mask or a slice object."""
    return with_positions(grid, grid.positions_mm[which])


def moved(grid: Grid, by_mm) -> Grid:
    """A grid elsewhere in the patient."""
    return with_positions(grid, grid.positions_mm + by_mm)
