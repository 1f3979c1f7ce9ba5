"""Label maps on the grid of a scan: where their voxels lie, and how they get from one grid to another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ..errors import InputError
from ..nrrd import grid_axes_mm
from ..slice_grid import SAME_MM, SliceGrid, even_grid, stacked_grid
from .label_map import LabelMap, Segment

_OUTSIDE = 0.02
"""So much of the labels may lie outside of the scan: a border that rounding moved, but not another scan."""

_NEAR = 0.25
"""Of a voxel: planes and pixels nearer than that are the scan's own, rounded by a program."""

_ROUNDED_SPACING = 5e-3
"""Relative: pixels of a picture of the scan's own size that differ less are the scan's own."""

_NEIGHBOUR = 1.5
"""Of the stated thickness: a frame farther away than that is no neighbour."""

_TOLD_CHANGE = 0.01
_PIECES = 2  # per voxel of the scan and axis, in which a voxel of the label map is cut for averaging
_MOST_PIECES = 40


def label_grid(label_map: LabelMap, name: str) -> SliceGrid:
    """Where the voxels of a label map lie; a frame without neighbours stands for its stated thickness.

    Args:
        name: of its file, for the message.

    Raises:
        InputError: it does not say how large its voxels are.
    """
    spacing, single = label_map.spacing, len(label_map.labels) == 1
    frame_mm = spacing.frame_mm or (label_map.thickness_mm if single else None)
    if not spacing.in_plane_known or frame_mm is None:
        raise InputError(f"{name} does not state the spacing of its voxels, so it has no place; save it with its geometry.")
    direction, size = np.array(label_map.direction), label_map.labels.shape
    steps_mm = (frame_mm, spacing.row_mm, spacing.column_mm)
    if label_map.positions_mm is None:
        grid = even_grid(size, steps_mm, np.array(label_map.origin_mm), direction)
    else:
        column_axis, row_axis, _ = direction.reshape(3, 3).T
        grid = stacked_grid(size[1:], steps_mm[1:], row_axis, column_axis, label_map.positions_mm, frame_mm)
    return replace(grid, extents_mm=_reach_mm(grid, label_map.thickness_mm).sum(axis=1))


def labels_on(
    label_map: LabelMap, grid: SliceGrid, name: str, segments: Sequence[Segment] = ()
) -> tuple[np.ndarray, tuple[str, ...]]:
    """A label map on the grid of a scan.

    Slices that lie in the planes of the scan, but for rounding, all or some of them, in any order and cropped or not, are copied.
    So are those on the one matrix with which unevenly spaced slices are written (``nrrd.grid_axes_mm``). Any other grid is
    averaged: a voxel of the scan has the label that fills at least half of it.

    Args:
        name: of its file, for the message. segments: what the values are called in notes.

    Returns:
        (slices, rows, columns) uint8, and a sentence for each class whose volume changes by more than 1 %.

    Raises:
        InputError: it does not say how large its voxels are, or its labels lie outside of the scan.
    """
    own = label_grid(label_map, name)
    placed = _copied(label_map.labels, own, grid)
    if placed is None and not grid.is_even and label_map.positions_mm is None:
        placed = _copied(label_map.labels, own, _with_mean_step(grid))
    if placed is None:
        placed = _averaged(label_map.labels, own, _reach_mm(own, label_map.thickness_mm), grid)
    _require_inside(label_map.labels, own, grid, placed, name)
    return placed, _changes(label_map.labels, own, placed, grid, segments)


def _reach_mm(grid: SliceGrid, thickness_mm: float | None) -> np.ndarray:
    """(slices, 2) how far each slice reaches along the normal, backwards and forwards: half-way to its neighbour, else half its
    thickness."""
    if grid.slice_count == 1:
        return np.full((1, 2), (thickness_mm or grid.extents_mm[0]) / 2)
    gaps = np.abs(np.diff(grid.offsets_mm))
    if thickness_mm:
        gaps = np.where(gaps <= _NEIGHBOUR * thickness_mm, gaps, thickness_mm)
    halves = gaps / 2
    return np.stack([np.concatenate([halves[:1], halves]), np.concatenate([halves, halves[-1:]])], axis=1)


def _with_mean_step(grid: SliceGrid) -> SliceGrid:
    """The grid with one matrix by which files that know no other hold unevenly spaced slices."""
    positions = grid.positions_mm[0] + np.arange(grid.slice_count)[:, None] * grid_axes_mm(grid)[2]
    return stacked_grid((grid.rows, grid.columns), (grid.row_mm, grid.column_mm), grid.row_axis, grid.column_axis, positions, 0.0)


def _copied(labels: np.ndarray, own: SliceGrid, grid: SliceGrid) -> np.ndarray | None:
    """Labels moved by whole voxels, slice by slice; None where the voxels of the two grids do not coincide."""
    away_mm = np.abs(grid.offsets_mm - (own.positions_mm @ grid.normal)[:, None])
    targets = away_mm.argmin(axis=1)
    inside = away_mm.min(axis=1) < grid.extents_mm[targets] / 2
    if len(set(targets[inside])) < inside.sum():  # slices of the label map share one of the scan's
        return None
    placed = np.zeros(grid.shape, np.uint8)
    for number, one in enumerate(labels):
        if one.any():
            shift = _shift(own, number, grid, targets[number])
            if shift is None:
                return None
            _paste(one, placed[targets[number]], *shift)
    return placed


def _shift(own: SliceGrid, number: int, grid: SliceGrid, target: np.integer) -> tuple[int, int] | None:
    """By how many rows and columns a slice is moved on one of the scan's; None where its pixels are not the scan's."""
    corners = np.array([(number, row, column) for row in (0, own.rows - 1) for column in (0, own.columns - 1)], float)
    across = own.lps_mm(corners) - grid.positions_mm[target]
    apart_mm = np.abs(across @ grid.normal).max()
    near_mm = max(SAME_MM, _NEAR * min(grid.extents_mm[target], own.extents_mm[number]))
    at = np.stack([across @ grid.row_axis / grid.row_mm, across @ grid.column_axis / grid.column_mm], axis=-1)
    shifts = at - corners[:, 1:]
    whole = np.rint(shifts[0])
    same_picture = (own.rows, own.columns) == (grid.rows, grid.columns) and not whole.any()
    allowed = np.maximum(_NEAR, _ROUNDED_SPACING * corners[:, 1:]) if same_picture else _NEAR
    if apart_mm > near_mm or (np.abs(shifts - whole) > allowed).any():
        return None
    return int(whole[0]), int(whole[1])


def _paste(stored: np.ndarray, target: np.ndarray, row: int, column: int) -> None:
    """Copy a picture to (row, column) of another; what lies outside is lost."""
    rows = slice(max(row, 0), max(min(row + stored.shape[0], target.shape[0]), 0))
    columns = slice(max(column, 0), max(min(column + stored.shape[1], target.shape[1]), 0))
    part = stored[max(-row, 0) :, max(-column, 0) :]
    seen = target[rows, columns]
    seen[...] = part[: seen.shape[0], : seen.shape[1]]


def _averaged(labels: np.ndarray, own: SliceGrid, reach_mm: np.ndarray, grid: SliceGrid) -> np.ndarray:
    """The label that fills at least half of each voxel of the scan.

    Every labelled voxel is cut into pieces finer than the scan's voxels, and the volume of each goes to the voxel that it lies in.
    """
    placed = np.zeros(grid.shape, np.uint8)
    values = [int(value) for value in np.unique(labels) if value]
    if not values:
        return placed
    box = _box(labels, own, reach_mm, grid)
    shape = tuple(one.stop - one.start for one in box)
    filled = np.zeros((len(values), int(np.prod(shape))), np.float32)
    for number, one in enumerate(labels):
        for place, value in enumerate(values):
            pixels = np.argwhere(one == value)
            if len(pixels):
                _fill(filled[place], box, pixels, own, number, reach_mm[number], grid)
    filled /= np.repeat(grid.voxel_ml[box[0]], shape[1] * shape[2]).astype(np.float32)
    labelled = np.array(values, np.uint8)[filled.argmax(axis=0)]
    placed[box] = np.where(filled.sum(axis=0) >= 0.5, labelled, 0).reshape(shape)
    return placed


def _box(labels: np.ndarray, own: SliceGrid, reach_mm: np.ndarray, grid: SliceGrid) -> tuple[slice, slice, slice]:
    """The part of the scan that labels can reach."""
    margin_mm = np.array([reach_mm.sum(axis=1).max(), own.row_mm, own.column_mm]).max()
    margin = np.ceil(margin_mm / np.array([grid.extents_mm.min(), grid.row_mm, grid.column_mm])) + 1
    at = grid.indices(own.lps_mm(np.argwhere(labels)))
    first = np.clip(np.floor(at.min(axis=0) - margin), 0, grid.shape).astype(int)
    stop = np.clip(np.ceil(at.max(axis=0) + margin) + 1, first, grid.shape).astype(int)
    return tuple(slice(int(a), int(b)) for a, b in zip(first, stop, strict=True))


def _fill(
    filled: np.ndarray,
    box: tuple[slice, slice, slice],
    pixels: np.ndarray,
    own: SliceGrid,
    number: int,
    reach_mm: np.ndarray,
    grid: SliceGrid,
) -> None:
    """Add the volume in mL of pixels (n, 2) of one slice to the scan's voxels in a box."""
    corner, shape = [one.start for one in box], [one.stop - one.start for one in box]
    axes_mm = np.array([own.normal * reach_mm.sum(), own.row_axis * own.row_mm, own.column_axis * own.column_mm])
    counts = [_piece_count(axis, grid) for axis in axes_mm]
    places = [(np.arange(count) + 0.5) / count - 0.5 for count in counts]
    step = own.step_mm / abs(own.step_mm @ own.normal)  # along the slices' stack, leaning where the gantry does
    depths = (places[0] + 0.5) * reach_mm.sum() - reach_mm[0]
    volume = np.float32(own.pixel_mm2 * reach_mm.sum() / 1000 / np.prod(counts))
    for depth in depths:
        for row in places[1]:
            for column in places[2]:
                at = np.concatenate([np.full((len(pixels), 1), float(number)), np.add(pixels, (row, column))], axis=1)
                index = np.rint(grid.indices(own.lps_mm(at) + depth * step)).astype(int) - corner
                index = index[((index >= 0) & (index < shape)).all(axis=1)]
                if len(index):
                    flat = np.ravel_multi_index(tuple(index.T), shape)
                    first = flat.min()
                    sums = np.bincount(flat - first)
                    filled[first : first + len(sums)] += volume * sums.astype(np.float32)


def _piece_count(axis_mm: np.ndarray, grid: SliceGrid) -> int:
    """Into how many pieces an edge of a voxel is cut, by the finest of the scan's edges along it."""
    along = np.abs(
        [
            axis_mm @ grid.normal / grid.extents_mm.min(),
            axis_mm @ grid.row_axis / grid.row_mm,
            axis_mm @ grid.column_axis / grid.column_mm,
        ]
    )
    return int(np.clip(np.ceil(_PIECES * along.max() - 1e-6), 1, _MOST_PIECES))


def _require_inside(labels: np.ndarray, own: SliceGrid, grid: SliceGrid, placed: np.ndarray, name: str) -> None:
    marked = np.argwhere(labels)
    if not len(marked):
        return
    beyond = np.rint(grid.indices(own.lps_mm(marked)))
    outside = ((beyond < 0) | (beyond >= grid.shape)).any(axis=-1).mean()
    if outside > _OUTSIDE:
        raise InputError(
            f"{outside:.0%} of the labels of {name} lie outside of the scan; give the label map and the CT of the same scan."
        )
    if not placed.any():
        raise InputError(f"The labels of {name} are too thin for the voxels of the scan; draw them on the slices of this scan.")


def _changes(
    labels: np.ndarray, own: SliceGrid, placed: np.ndarray, grid: SliceGrid, segments: Sequence[Segment]
) -> tuple[str, ...]:
    """What placing did to the volume of each class, where that is more than 1 %."""
    notes = []
    for segment in segments:
        before, after = (
            float((marked.sum(axis=(1, 2)) * where.voxel_ml).sum())
            for marked, where in ((labels == segment.value, own), (placed == segment.value, grid))
        )
        if before and abs(after - before) > _TOLD_CHANGE * before:
            notes.append(
                f"The {segment.name} is {before:.2f} mL on the voxels of the label map and {after:.2f} mL on those of the scan "
                f"({(after - before) / before:+.1%}); the latter is measured."
            )
    return tuple(notes)
