"""Label maps on the grid of a scan: where their voxels lie, and how they get from one grid to another."""

from __future__ import annotations

import numpy as np

from ..errors import InputError
from ..nrrd import grid_axes_mm
from ..slice_grid import SAME_MM, SliceGrid, even_grid, stacked_grid
from .label_map import LabelMap

_OUTSIDE = 0.02
"""So much of the labels may lie outside of the scan: a border that rounding moved, but not another scan."""
_SAME_AXES = 1e-3


def label_grid(label_map: LabelMap, name: str) -> SliceGrid:
    """Where the voxels of a label map lie.

    Args:
        name: of its file, for the message.

    Raises:
        InputError: it does not say how large its voxels are.
    """
    spacing = label_map.spacing
    if not spacing.known:
        raise InputError(f"{name} does not state the spacing of its voxels, so it has no place; save it with its geometry.")
    direction, size = np.array(label_map.direction), label_map.labels.shape
    steps_mm = (spacing.frame_mm, spacing.row_mm, spacing.column_mm)
    if label_map.positions_mm is None:
        return even_grid(size, steps_mm, np.array(label_map.origin_mm), direction)
    column_axis, row_axis, _ = direction.reshape(3, 3).T
    return stacked_grid(size[1:], steps_mm[1:], row_axis, column_axis, label_map.positions_mm, spacing.frame_mm)


def labels_on(label_map: LabelMap, grid: SliceGrid, name: str) -> np.ndarray:
    """A label map on the grid of a scan: (slices, rows, columns) uint8.

    Slices that lie in the very planes of the scan, all or some of them, in any order and cropped or not, are copied. So are those
    on the one matrix with which unevenly spaced slices are written (``nrrd.grid_axes_mm``). Any other grid is sampled at the
    nearest voxel, by geometry.

    Args:
        name: of its file, for the message.

    Raises:
        InputError: it does not say how large its voxels are, or its labels lie outside of the scan.
    """
    own = label_grid(label_map, name)
    placed = _copied(label_map.labels, own, grid)
    if placed is None and not grid.is_even and label_map.positions_mm is None:
        placed = _copied(label_map.labels, own, _with_mean_step(grid))
    if placed is None:
        placed = _sampled(label_map.labels, own, grid)
    _require_inside(label_map.labels, own, grid, placed, name)
    return placed


def _with_mean_step(grid: SliceGrid) -> SliceGrid:
    """The grid with one matrix by which files that know no other hold unevenly spaced slices."""
    positions = grid.positions_mm[0] + np.arange(grid.slice_count)[:, None] * grid_axes_mm(grid)[2]
    return stacked_grid((grid.rows, grid.columns), (grid.row_mm, grid.column_mm), grid.row_axis, grid.column_axis, positions, 0.0)


def _copied(labels: np.ndarray, own: SliceGrid, grid: SliceGrid) -> np.ndarray | None:
    """Labels moved by whole voxels, slice by slice; None where the voxels of the two grids do not coincide."""
    same_axes = max(np.abs(own.row_axis - grid.row_axis).max(), np.abs(own.column_axis - grid.column_axis).max()) < _SAME_AXES
    far_mm = max(own.rows * abs(own.row_mm - grid.row_mm), own.columns * abs(own.column_mm - grid.column_mm))
    if not same_axes or far_mm > SAME_MM:
        return None
    placed = np.zeros(grid.shape, np.uint8)
    for stored, position in zip(labels, own.positions_mm, strict=True):
        number = int(np.argmin(np.abs(grid.offsets_mm - position @ grid.normal)))
        across = position - grid.positions_mm[number]
        shift = np.array([across @ grid.row_axis / grid.row_mm, across @ grid.column_axis / grid.column_mm])
        whole = np.rint(shift).astype(int)
        apart_mm = max(abs(across @ grid.normal), *(np.abs(shift - whole) * (grid.row_mm, grid.column_mm)))
        if apart_mm < SAME_MM:
            _paste(stored, placed[number], *whole)
        elif stored.any():
            return None
    return placed


def _paste(stored: np.ndarray, target: np.ndarray, row: int, column: int) -> None:
    """Copy a picture to (row, column) of another; what lies outside is lost."""
    rows = slice(max(row, 0), max(min(row + stored.shape[0], target.shape[0]), 0))
    columns = slice(max(column, 0), max(min(column + stored.shape[1], target.shape[1]), 0))
    part = stored[max(-row, 0) :, max(-column, 0) :]
    seen = target[rows, columns]
    seen[...] = part[: seen.shape[0], : seen.shape[1]]


def _sampled(labels: np.ndarray, own: SliceGrid, grid: SliceGrid) -> np.ndarray:
    """The nearest label at the centre of every voxel of the scan; background beyond the label map."""
    placed = np.zeros(grid.shape, np.uint8)
    rows, columns = np.mgrid[: grid.rows, : grid.columns]
    for number in range(grid.slice_count):
        here = np.stack([np.full(rows.shape, number), rows, columns], axis=-1)
        nearest = np.rint(own.indices(grid.lps_mm(here))).astype(int)
        inside = ((nearest >= 0) & (nearest < own.shape)).all(axis=-1)
        placed[number][inside] = labels[tuple(nearest[inside].T)]
    return placed


def _require_inside(labels: np.ndarray, own: SliceGrid, grid: SliceGrid, placed: np.ndarray, name: str) -> None:
    marked = np.argwhere(labels)
    if not len(marked):
        return
    beyond = np.rint(grid.indices(own.lps_mm(marked)))
    outside = ((beyond < 0) | (beyond >= grid.shape)).any(axis=-1).mean()
    if outside > _OUTSIDE or not placed.any():
        raise InputError(
            f"{outside:.0%} of the labels of {name} lie outside of the scan; give the label map and the CT of the same scan."
        )
