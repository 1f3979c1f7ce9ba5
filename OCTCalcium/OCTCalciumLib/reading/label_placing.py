"""A label map on the frames of the pullback that it was drawn on: placed by geometry and references, never by its shape alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from LesionReadingLib.errors import InputError
from LesionReadingLib.geometry.spacing import OF_THE_PULLBACK, TYPED, Spacing
from LesionReadingLib.labels.label_map import LabelMap
from LesionReadingLib.language import _

from .pullback import Pullback

_SAME_SPACING = 0.01  # relative
_PARALLEL = 0.99  # cosine
_SAME_PLACE = 0.25  # of a voxel
_LOST = 0.01  # share of labelled pixels beyond the pullback that is told
_TURNED = 1.5  # rows to columns of a frame, beyond which one of the two axes is the pullback's


def refuse_turned(shape: tuple[int, int, int], name: str) -> None:
    """Refuse a volume (frames, rows, columns) whose frames lie on another axis: OCT frames are about square.

    Raises:
        InputError: one axis of its frames looks like that of the pullback.
    """
    frames, rows, columns = shape
    long, short = max(rows, columns), min(rows, columns)
    if long > _TURNED * short and (frames == long or long > 2 * _TURNED * short) and frames > 1:
        raise InputError(
            _(
                "{name} has {frames} frames of {rows} x {columns} pixels, which no OCT pullback has: the axis "
                "with {short} planes looks like the pullback; save it with the frames on the third axis (slowest "
                "in the file)."
            ).format(name=name, frames=frames, rows=rows, columns=columns, short=short)
        )


def on_pullback(label_map: LabelMap, pullback: Pullback, name: str) -> LabelMap:
    """The label map on the frames of its pullback: (frames, rows, columns) of the pullback, with its place.

    Rows, columns and frames that run another way, by a geometry that fits the pullback's, are turned. The frames of a DICOM SEG
    that leaves out empty ones are put where their places say. Spacings that the label map does not state are the pullback's.

    Args:
        name: of the label map's file, for messages.

    Raises:
        InputError: another size, other spacings, or frames that are not the pullback's.
    """
    label_map = _turned(label_map, pullback)
    spacing = _one_spacing(label_map, pullback, name)
    shape = (pullback.frame_count, pullback.rows, pullback.columns)
    labels, notes = label_map.labels, []
    if labels.shape[1:] != shape[1:] or (labels.shape != shape and not label_map.framewise):
        raise InputError(
            _(
                "{name} has {size} voxels (frames x rows x columns) but the pullback {size_2}; name the pullback "
                "that the labels were drawn on."
            ).format(name=name, size=_size(labels.shape), size_2=_size(shape))
        )
    if label_map.framewise and (labels.shape != shape or label_map.positions_mm is not None):
        labels, notes = _by_place(label_map, pullback, spacing, name)
    return replace(
        label_map,
        labels=labels,
        spacing=spacing,
        origin_mm=pullback.origin_mm,
        direction=pullback.direction,
        positions_mm=None,
        notes=(*label_map.notes, *notes),
    )


def _turned(label_map: LabelMap, pullback: Pullback) -> LabelMap:
    """The label map with its axes in the pullback's order and sense, where its own geometry says that it covers the same place."""
    own, wanted = (np.array(direction).reshape(3, 3) for direction in (label_map.direction, pullback.direction))
    cosines = wanted.T @ own  # row: axis of the pullback; column: axis of the label map (column, row, frame)
    axes = np.abs(cosines).argmax(axis=1)
    signs = np.sign(cosines[np.arange(3), axes])
    if (axes == range(3)).all() and (signs > 0).all():
        return label_map
    if len(set(axes)) < 3 or np.abs(cosines).max(axis=1).min() < _PARALLEL or label_map.positions_mm is not None:
        return _as_stored(label_map)
    spacing, labels = label_map.spacing, label_map.labels
    own_mm = (spacing.column_mm, spacing.row_mm, spacing.frame_mm)
    if None in own_mm:
        return _as_stored(label_map)
    counts = np.array(labels.shape[::-1])
    origin = np.array(label_map.origin_mm)
    for axis, sign in zip(axes, signs, strict=True):
        if sign < 0:
            origin = origin + own[:, axis] * own_mm[axis] * (counts[axis] - 1)
    steps_mm = np.array(own_mm)[axes]
    away = wanted.T @ (origin - pullback.origin_mm) / steps_mm
    if np.abs(away).max() > 1:
        return _as_stored(label_map)
    array = labels.transpose(2, 1, 0).transpose(axes)[tuple(slice(None, None, int(sign)) for sign in signs)]
    return replace(
        label_map,
        labels=np.ascontiguousarray(array.transpose(2, 1, 0)),
        spacing=replace(spacing, column_mm=steps_mm[0], row_mm=steps_mm[1], frame_mm=steps_mm[2]),
        origin_mm=tuple(origin.tolist()),
        direction=pullback.direction,
        notes=(
            *label_map.notes,
            _("The axes of the label map run another way than the pullback's; it was turned by its directions."),
        ),
    )


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


def _one_spacing(label_map: LabelMap, pullback: Pullback, name: str) -> Spacing:
    """The label map's spacing, the pullback's where it states none; typed ones rule both."""
    own, other = label_map.spacing, pullback.spacing
    if own.in_plane_known and other.in_plane_known and not own.in_plane_source.startswith(TYPED):
        pairs = ((own.row_mm, other.row_mm), (own.column_mm, other.column_mm))
        if any(_differ(*pair) for pair in pairs):
            raise InputError(
                _(
                    "{name} states pixels of {row_mm:.4g} x {column_mm:.4g} mm but the pullback {row_mm_2:.4g} x "
                    "{column_mm_2:.4g} mm; type the right spacing with --pixel-spacing MM."
                ).format(name=name, row_mm=own.row_mm, column_mm=own.column_mm, row_mm_2=other.row_mm, column_mm_2=other.column_mm)
            )
    uneven = label_map.positions_mm is not None or label_map.framewise
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


def _by_place(label_map: LabelMap, pullback: Pullback, spacing: Spacing, name: str) -> tuple[np.ndarray, list[str]]:
    """The frames of a DICOM SEG at their numbers in the pullback, the others empty; and what lay beyond the pullback."""
    stored = label_map.labels
    numbers = np.arange(len(stored), dtype=float)
    if spacing.frame_mm is not None:
        axis = np.array(pullback.direction).reshape(3, 3)[:, 2]
        numbers = (_places(label_map) - pullback.origin_mm) @ axis / spacing.frame_mm
    used = np.array([one.any() for one in stored])
    whole = np.rint(numbers).astype(int)
    if (np.abs(numbers - whole)[used] > _SAME_PLACE).any() or len(set(whole[used])) < used.sum():
        raise InputError(
            _("The frames of {name} lie between those of the pullback; name the pullback that the labels were drawn on.").format(
                name=name
            )
        )
    labels = np.zeros((pullback.frame_count, *stored.shape[1:]), np.uint8)
    inside = used & (whole >= 0) & (whole < len(labels))
    labels[whole[inside]] = stored[inside]
    lost = 1 - np.count_nonzero(labels) / max(np.count_nonzero(stored), 1)
    if lost == 1 and used.any():
        raise InputError(
            _("None of the frames of {name} is one of the pullback's; name the pullback that the labels were drawn on.").format(
                name=name
            )
        )
    told = lost > _LOST and used.any()
    return labels, [
        _("{lost:.0%} of the labelled pixels lie on frames that are not read, and are left out.").format(lost=lost)
    ] if told else []


def _places(label_map: LabelMap) -> np.ndarray:
    """(frames, 3) LPS of the first voxel of each frame."""
    if label_map.positions_mm is not None:
        return label_map.positions_mm
    step = np.array(label_map.direction).reshape(3, 3)[:, 2] * (label_map.spacing.frame_mm or 0)
    return np.array(label_map.origin_mm) + np.arange(len(label_map.labels))[:, None] * step


def _differ(one: float, other: float) -> bool:
    return abs(one - other) > _SAME_SPACING * other


def _size(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))
