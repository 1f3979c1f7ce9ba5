"""A label map on the frames of the pullback that it was drawn on: placed by geometry and references, never by its shape alone.

Frames lie so close that nothing is averaged (``on_grid`` does that for slices): a frame of the label map is one of the pullback.
Distances of either may be unknown; the pullback's then stand in for the label map's, and frames keep their numbers.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..errors import InputError
from ..geometry.grid import Grid
from ..geometry.spacing import OF_THE_PULLBACK, TYPED, Spacing
from ..language import _
from .label_map import LabelMap

_SAME_SPACING = 0.01  # relative
_PARALLEL = 0.99  # cosine
_SAME_PLACE = 0.25  # of a voxel
_LOST = 0.01  # share of labelled pixels beyond the pullback that is told


def on_frames(label_map: LabelMap, grid: Grid, name: str) -> LabelMap:
    """The label map on the frames of its pullback: (frames, rows, columns) of the pullback, with its place.

    Rows, columns and frames that run another way, by a geometry that fits the pullback's, are turned. The frames of a DICOM SEG
    that leaves out empty ones are put where their places say. Spacings that the label map does not state are the pullback's.

    Args:
        grid: of the pullback. name: of the label map's file, for messages.

    Raises:
        InputError: another size, other spacings, or frames that are not the pullback's.
    """
    label_map = _turned(label_map, grid)
    spacing = _one_spacing(label_map, grid.spacing, name)
    labels, notes = label_map.labels, []
    if labels.shape[1:] != grid.shape[1:] or (labels.shape != grid.shape and not label_map.framewise):
        raise InputError(
            _(
                "{name} has {size} voxels (frames x rows x columns) but the pullback {size_2}; name the pullback "
                "that the labels were drawn on."
            ).format(name=name, size=_size(labels.shape), size_2=_size(grid.shape))
        )
    if label_map.framewise and (labels.shape != grid.shape or label_map.grid.stated_positions_mm is not None):
        labels, notes = _by_place(label_map, grid.with_spacing(spacing), name)
    return replace(label_map, labels=labels, grid=grid.with_spacing(spacing), notes=(*label_map.notes, *notes))


def _turned(label_map: LabelMap, grid: Grid) -> LabelMap:
    """The label map with its axes in the pullback's order and sense, where its own geometry says that it covers the same place."""
    own = label_map.grid
    own_axes, wanted = (np.array(one.direction).reshape(3, 3) for one in (own, grid))
    cosines = wanted.T @ own_axes  # row: axis of the pullback; column: axis of the label map (column, row, frame)
    axes = np.abs(cosines).argmax(axis=1)
    signs = np.sign(cosines[np.arange(3), axes])
    if (axes == range(3)).all() and (signs > 0).all():
        return label_map
    if len(set(axes)) < 3 or np.abs(cosines).max(axis=1).min() < _PARALLEL or own.stated_positions_mm is not None:
        return _as_stored(label_map)
    if not own.spacing.known:
        return _as_stored(label_map)
    first = np.where(signs < 0, np.array(own.shape[::-1])[axes] - 1, 0)  # in the label map, by the axes of the pullback
    origin = own.lps_mm(first[np.argsort(axes)][::-1])
    column_mm, row_mm, frame_mm = np.array([own.column_mm, own.row_mm, own.spacing.frame_mm])[axes].tolist()
    away = wanted.T @ (origin - grid.origin_mm) / (column_mm, row_mm, frame_mm)
    if np.abs(away).max() > 1:
        return _as_stored(label_map)
    array = label_map.labels.transpose(2, 1, 0).transpose(axes)[tuple(slice(None, None, int(sign)) for sign in signs)]
    labels = np.ascontiguousarray(array.transpose(2, 1, 0))
    spacing = replace(own.spacing, column_mm=column_mm, row_mm=row_mm, frame_mm=frame_mm)
    turned = replace(grid, shape=labels.shape, spacing=spacing, origin_mm=origin, thickness_mm=own.thickness_mm)
    note = _("The axes of the label map run another way than the pullback's; it was turned by its directions.")
    return replace(label_map, labels=labels, grid=turned, notes=(*label_map.notes, note))


def _as_stored(label_map: LabelMap) -> LabelMap:
    return replace(
        label_map,
        notes=(
            *label_map.notes,
            _(
                "The directions of the label map are not the pullback's and its place does not fit; its rows, "
                "columns and frames were taken as they are stored. Look at the outlines on the frames."
            ),
        ),
    )


def _one_spacing(label_map: LabelMap, other: Spacing, name: str) -> Spacing:
    """The label map's spacing, the pullback's where it states none; typed ones rule both."""
    own = label_map.spacing
    if own.in_plane_known and other.in_plane_known and not own.in_plane_source.startswith(TYPED):
        pairs = ((own.row_mm, other.row_mm), (own.column_mm, other.column_mm))
        if any(_differ(*pair) for pair in pairs):
            raise InputError(
                _(
                    "{name} states pixels of {row_mm:.4g} x {column_mm:.4g} mm but the pullback {row_mm_2:.4g} x "
                    "{column_mm_2:.4g} mm; type the right spacing with --pixel-spacing MM."
                ).format(name=name, row_mm=own.row_mm, column_mm=own.column_mm, row_mm_2=other.row_mm, column_mm_2=other.column_mm)
            )
    uneven = label_map.grid.stated_positions_mm is not None or label_map.framewise
    known = own.frame_mm is not None and other.frame_mm is not None
    if known and not own.frame_source.startswith(TYPED) and not uneven and _differ(own.frame_mm, other.frame_mm):
        raise InputError(
            _(
                "{name} states frames {frame_mm:.4g} mm apart but the pullback {frame_mm_2:.4g} mm; type the "
                "right distance with --frame-spacing MM."
            ).format(name=name, frame_mm=own.frame_mm, frame_mm_2=other.frame_mm)
        )
    if not own.in_plane_known and other.in_plane_known:
        source = f"{other.in_plane_source}, {OF_THE_PULLBACK}"
        own = replace(own, row_mm=other.row_mm, column_mm=other.column_mm, in_plane_source=source)
    if other.frame_mm is not None and (own.frame_mm is None or (uneven and not own.frame_source.startswith(TYPED))):
        own = replace(own, frame_mm=other.frame_mm, frame_source=f"{other.frame_source}, {OF_THE_PULLBACK}")
    return own


def _by_place(label_map: LabelMap, grid: Grid, name: str) -> tuple[np.ndarray, list[str]]:
    """The frames of a DICOM SEG at their numbers in the pullback, the others empty; and what lay beyond the pullback."""
    stored, own = label_map.labels, label_map.grid
    numbers = np.arange(len(stored), dtype=float)
    if grid.spacing.frame_mm is not None and own.spacing.frame_mm is not None:
        numbers = grid.slice_numbers(own.positions_mm)
    used = np.array([one.any() for one in stored])
    whole = np.rint(numbers).astype(int)
    if (np.abs(numbers - whole)[used] > _SAME_PLACE).any() or len(set(whole[used])) < used.sum():
        raise InputError(
            _("The frames of {name} lie between those of the pullback; name the pullback that the labels were drawn on.").format(
                name=name
            )
        )
    labels = np.zeros(grid.shape, np.uint8)
    inside = used & (whole >= 0) & (whole < len(labels))
    labels[whole[inside]] = stored[inside]
    lost = 1 - np.count_nonzero(labels) / max(np.count_nonzero(stored), 1)
    if lost == 1 and used.any():
        raise InputError(
            _("None of the frames of {name} is one of the pullback's; name the pullback that the labels were drawn on.").format(
                name=name
            )
        )
    is_notable = lost > _LOST and used.any()
    return labels, [
        _("{lost:.0%} of the labelled pixels lie on frames that are not read, and are left out.").format(lost=lost)
    ] if is_notable else []


def _differ(one: float, other: float) -> bool:
    return abs(one - other) > _SAME_SPACING * other


def _size(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))
