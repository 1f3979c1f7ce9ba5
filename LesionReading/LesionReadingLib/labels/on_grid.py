"""Label maps on the grid of a scan: where their voxels lie, and how they get from one grid to another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ..errors import InputError
from ..geometry.grid import SAME_MM, Grid
from ..language import _
from .label_map import LabelMap, Segment, pixels_by_slice

_OUTSIDE = 0.02
"""So much of the labels may lie outside of the scan: a border that rounding moved, but not another scan."""

_NEAR = 0.25
"""Of a voxel: planes and pixels nearer than that are the scan's own, rounded by a program."""

_ROUNDED_SPACING = 5e-3
"""Relative: pixels of a picture of the scan's own size that differ less are the scan's own."""

_NOTABLE_CHANGE = 0.01
_LIMITS = (0.3, 0.7)
_MOST_LIMITS = 40
_ROUNDING_MM = 1e-6


def label_grid(label_map: LabelMap, name: str) -> Grid:
    """Where the voxels of a label map lie; a frame without neighbours stands for its stated thickness.

    Args:
        name: of its file, for the message.

    Raises:
        InputError: it does not say how large its voxels are.
    """
    grid = label_map.grid
    if grid.slice_count == 1 and grid.spacing.frame_mm is None:
        grid = grid.with_spacing(replace(grid.spacing, frame_mm=grid.thickness_mm))
    if not grid.spacing.known:
        raise InputError(
            _("{name} does not state the spacing of its voxels, so it has no place; save it with its geometry.").format(name=name)
        )
    return grid


def on_grid(label_map: LabelMap, grid: Grid, name: str, segments: Sequence[Segment] = ()) -> LabelMap:
    """A label map on the grid of a scan.

    Slices that lie in the planes of the scan, but for rounding, all or some of them, in any order and cropped or not, are copied.
    So are those on the one matrix with which unevenly spaced slices are written (``Grid.axes_mm``). Any other grid is
    averaged: a voxel of the scan has the label that fills about half of it or more, so that the volume stays the same.

    Args:
        name: of its file, for the message. segments: what the values are called in notes.

    Returns:
        it there, with a note for each class whose volume changes by more than 1 %.

    Raises:
        InputError: it does not say how large its voxels are, or its labels lie outside of the scan.
    """
    own = label_grid(label_map, name)
    placed = _on_its_voxels(label_map.labels, own, grid)
    if placed is None:
        placed = _averaged(label_map.labels, own, grid)
    _require_inside(label_map.labels, own, grid, placed, name)
    notes = _changes(label_map.labels, own, placed, grid, segments)
    return replace(label_map, labels=placed, grid=grid, notes=(*label_map.notes, *notes))


def lies_on_voxels_of(label_map: LabelMap, grid: Grid, name: str) -> bool:
    """Whether the labels lie on voxels of the scan, so that ``on_grid`` copies them; a mask of another scan hardly ever does.

    Args:
        name: of its file, for the message.

    Raises:
        InputError: it does not say how large its voxels are.
    """
    return _on_its_voxels(label_map.labels, label_grid(label_map, name), grid) is not None


def _on_its_voxels(labels: np.ndarray, own: Grid, grid: Grid) -> np.ndarray | None:
    placed = _copied(labels, own, grid)
    if placed is None and not grid.is_even and own.stated_positions_mm is None:
        placed = _copied(labels, own, _with_mean_step(grid))
    return placed


def _with_mean_step(grid: Grid) -> Grid:
    """The grid with one matrix by which files that know no other hold unevenly spaced slices."""
    return replace(grid, stated_positions_mm=None)


def _copied(labels: np.ndarray, own: Grid, grid: Grid) -> np.ndarray | None:
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


def _shift(own: Grid, number: int, grid: Grid, target: np.integer) -> tuple[int, int] | None:
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


def _averaged(labels: np.ndarray, own: Grid, grid: Grid) -> np.ndarray:
    """The label of every voxel of the scan that is filled by more than a share near one half, by which the volume stays the same.

    How far a voxel is filled is counted at points spread over its whole extent, nearer to each other than the label map's voxels.
    """
    placed = np.zeros(grid.shape, np.uint8)
    values = np.unique(labels[labels > 0])
    if not len(values):
        return placed
    box = _box(labels, own, grid)
    corner = np.array([one.start for one in box])
    voxels = np.stack(np.mgrid[box], axis=-1)
    centres = _labels_at(labels, own, grid.lps_mm(voxels))
    edge = _edge(centres, np.rint(grid.indices(own.lps_mm(np.argwhere(labels)))).astype(int) - corner)
    if not edge.any():  # it lies beside the scan
        return placed
    filled = (centres == values[:, None, None, None]).astype(np.float32)
    filled[:, edge] = _shares(labels, own, grid, voxels[edge], values)
    share = filled.sum(axis=0)
    wanted_ml = float(((labels > 0).sum(axis=(1, 2)) * own.voxel_ml).sum())
    limit = _limit(share, grid.voxel_ml[box[0]], wanted_ml)
    placed[box] = np.where(share >= limit, values[filled.argmax(axis=0)], 0)
    return placed


def _edge(centres: np.ndarray, hit: np.ndarray) -> np.ndarray:
    """Voxels that may be filled in part: beside another label, or hit (n, 3) by the centre of a voxel of the label map."""
    from scipy import ndimage

    some = centres > 0
    inside = hit[((hit >= 0) & (hit < centres.shape)).all(axis=1)]
    some[tuple(inside.T)] = True
    low, high = ndimage.minimum_filter(centres, 3), ndimage.maximum_filter(centres, 3)
    return ndimage.binary_dilation(some, np.ones((3, 3, 3), bool)) & ~((low == high) & (low > 0))


def _shares(labels: np.ndarray, own: Grid, grid: Grid, voxels: np.ndarray, values: np.ndarray) -> np.ndarray:
    """(values, n) how much of each of n voxels (slice, row, column) of the scan has each label."""
    reach = grid.reach_mm[voxels[:, 0]]
    depth_mm, shift_mm = reach.sum(axis=1), (reach[:, 1] - reach[:, 0]) / 2
    rows, columns = _spread(grid.row_mm, own.row_mm, 8), _spread(grid.column_mm, own.column_mm, 8)
    along = grid.step_mm / abs(grid.step_mm @ grid.normal)
    points = [(d, r, c) for d in _spread(depth_mm.max(), own.extents_mm.min(), 12) for r in rows for c in columns]
    found = np.zeros((len(values), len(voxels)), np.float32)
    for depth, row, column in points:
        at = grid.lps_mm(voxels + np.array([0, row, column])) + (depth * depth_mm + shift_mm)[:, None] * along
        found += _labels_at(labels, own, at) == values[:, None]
    return found / len(points)


def _spread(size_mm: float, part_mm: float, most: int) -> np.ndarray:
    """Places from -0.5 to 0.5 of an edge of a voxel, two or more for every edge of the other grid."""
    count = int(np.clip(np.ceil(2 * size_mm / part_mm - 1e-6), 3, most)) | 1  # odd, so that half a voxel is no tie
    return (np.arange(count) + 0.5) / count - 0.5


def _labels_at(labels: np.ndarray, own: Grid, lps_mm: np.ndarray) -> np.ndarray:
    """The label at points (..., 3); 0 beyond the label map and between slices that are no neighbours."""
    indices = np.rint(own.indices(lps_mm)).astype(int)
    inside = ((indices >= 0) & (indices < own.shape)).all(axis=-1)
    number, row, column = np.where(inside, np.moveaxis(indices, -1, 0), 0)
    forwards = np.sign(own.step_mm @ own.normal) or 1.0
    away = (lps_mm @ own.normal - own.offsets_mm[number]) * forwards
    inside &= (away >= -own.reach_mm[number, 0] - _ROUNDING_MM) & (away <= own.reach_mm[number, 1] + _ROUNDING_MM)
    return np.where(inside, labels[number, row, column], 0)


def _limit(share: np.ndarray, voxel_ml: np.ndarray, wanted_ml: float) -> float:
    """The share from which voxels are labelled: of those around one half the one that keeps the volume best."""
    limits = np.unique(np.append(share[(share >= _LIMITS[0]) & (share <= _LIMITS[1])], 0.5))
    limits = limits[np.linspace(0, len(limits) - 1, min(len(limits), _MOST_LIMITS)).astype(int)]
    volumes = [float(((share >= limit).sum(axis=(1, 2)) * voxel_ml).sum()) for limit in limits]
    return float(limits[np.abs(np.array(volumes) - wanted_ml).argmin()])


def _box(labels: np.ndarray, own: Grid, grid: Grid) -> tuple[slice, slice, slice]:
    """The part of the scan that labels can reach."""
    margin_mm = np.array([own.extents_mm.max(), own.row_mm, own.column_mm]).max()
    margin = np.ceil(margin_mm / np.array([grid.extents_mm.min(), grid.row_mm, grid.column_mm])) + 1
    at = grid.indices(own.lps_mm(np.argwhere(labels)))
    first = np.clip(np.floor(at.min(axis=0) - margin), 0, grid.shape).astype(int)
    stop = np.clip(np.ceil(at.max(axis=0) + margin) + 1, first, grid.shape).astype(int)
    return tuple(slice(int(a), int(b)) for a, b in zip(first, stop, strict=True))


def _require_inside(labels: np.ndarray, own: Grid, grid: Grid, placed: np.ndarray, name: str) -> None:
    marked = np.argwhere(labels)
    if not len(marked):
        return
    beyond = np.rint(grid.indices(own.lps_mm(marked)))
    outside = ((beyond < 0) | (beyond >= grid.shape)).any(axis=-1).mean()
    if outside > _OUTSIDE:
        raise InputError(
            _(
                "{outside:.0%} of the labels of {name} lie outside of the scan; give the label map and the CT of the same scan."
            ).format(outside=outside, name=name)
        )
    if not placed.any():
        raise InputError(
            _("The labels of {name} are too thin for the voxels of the scan; draw them on the slices of this scan.").format(
                name=name
            )
        )


def _changes(labels: np.ndarray, own: Grid, placed: np.ndarray, grid: Grid, segments: Sequence[Segment]) -> tuple[str, ...]:
    """What placing did to the volume of each class, where that is more than 1 %."""
    notes = []
    for segment in segments:
        before, after = (
            float((pixels_by_slice(stack, segment.value) * where.voxel_ml).sum())
            for stack, where in ((labels, own), (placed, grid))
        )
        if before and abs(after - before) > _NOTABLE_CHANGE * before:
            notes.append(
                _(
                    "The {name} is {before:.2f} mL on the voxels of the label map and {after:.2f} mL on those of the "
                    "scan ({value:+.1%}); the latter is measured."
                ).format(name=segment.name, before=before, after=after, value=(after - before) / before)
            )
    return tuple(notes)
