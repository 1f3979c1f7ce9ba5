"""Which axis of a volume is the pullback, and whether several values per pixel are a colour: by header and shape, never guessed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from LesionReadingLib.errors import InputError
from LesionReadingLib.language import N_, _

LARGEST_SHAPE_RATIO = 4.0
"""Of the sides of a frame; consoles add strips and panels to square pictures, but not more."""

_COLOUR_KINDS = ("RGB-color", "RGBA-color", "3-color", "4-color")
_SEQUENCE_KINDS = ("list", "time", "point", "stub", "none", "space", "domain")
_NAMES = (N_("first"), N_("second"), N_("third"))
_ONE_COLOUR = 0.5  # correlation of the fine detail of two channels; that of two frames is speckle and lies near 0
_SAME = 1e-3
_OTHER = 1.5


def check_axes(size: Sequence[int], spacing_mm: Sequence[float | None], where: str) -> None:
    """Refuse a volume whose frames lie along another axis than the third.

    Args:
        size: number of columns, rows and frames, as the file has them.
        spacing_mm: (column, row, frame) as stated, ``None`` or 1 where not known.
        where: name of the file, for the sentence.

    Raises:
        InputError: one sentence with the axis that looks like the pullback and what to do.
    """
    columns, rows, frames = (int(value) for value in size)
    axis = _pullback_axis((columns, rows, frames), [None if value == 1 else value for value in spacing_mm])
    if axis != 2:
        what = _("the {axis} axis, with {size} planes, looks like the pullback").format(axis=_(_NAMES[axis]), size=size[axis])
        raise InputError(
            _(
                "{where} would have {frames} frames of {columns} x {rows} pixels (columns x rows), which no OCT "
                "frames are: {what}; save it with the frames along the third axis (of a NumPy array: the last "
                "for nibabel, the first for SimpleITK)."
            ).format(where=where, frames=frames, columns=columns, rows=rows, what=what)
        )
    if max(rows, columns) > LARGEST_SHAPE_RATIO * min(rows, columns):
        raise InputError(
            _(
                "{where} has frames of {columns} x {rows} pixels (columns x rows), which show no cross-section "
                "of a vessel; give frames that are about as wide as high."
            ).format(where=where, columns=columns, rows=rows)
        )


def _pullback_axis(size: tuple[int, int, int], spacing_mm: Sequence[float | None]) -> int:
    """The axis along which the frames lie: 2, unless shape or spacing say otherwise."""
    columns, rows, frames = size
    if frames == 1:
        return 2
    column_mm, row_mm, frame_mm = spacing_mm
    if None not in spacing_mm:
        # Pixels are square, or nearly so: the step that differs from two equal ones is the pullback's.
        for axis, (one, other, third) in enumerate(((row_mm, frame_mm, column_mm), (column_mm, frame_mm, row_mm))):
            if abs(one / other - 1) < _SAME and not 1 / _OTHER < third / one < _OTHER:
                return axis
        if abs(row_mm / column_mm - 1) < _SAME and not 1 / _OTHER < frame_mm / row_mm < _OTHER:
            return 2
    if max(rows, columns) > LARGEST_SHAPE_RATIO * min(rows, columns):
        across = (frames, rows) if columns < rows else (columns, frames)
        return 2 if max(across) > LARGEST_SHAPE_RATIO * min(across) else (0 if columns < rows else 1)
    if rows != columns and frames in (rows, columns):
        return 0 if frames == rows else 1
    return 2


def check_colour(components: int, kind: str, of_bytes: bool, where: str) -> None:
    """Refuse several values per pixel that are no colour.

    Args:
        components: values per pixel.
        kind: what the header calls their axis (NRRD's ``kinds``), empty where it does not say.
        of_bytes: whether they are of 8 bits.

    Raises:
        InputError: a sequence, a vector field or the like.
    """
    if components == 1:
        return
    if kind in _SEQUENCE_KINDS:
        raise InputError(
            _(
                "{where} is a sequence of {components} images (its axis is of the kind {kind}), not a volume; "
                "export it as one grey volume with the frames along the third axis (in Slicer), or as DICOM, or "
                "as a folder of pictures."
            ).format(where=where, components=components, kind=kind)
        )
    if components not in (3, 4) or not (of_bytes or kind in _COLOUR_KINDS):
        bits = "" if of_bytes else _(" of more than 8 bits")
        raise InputError(
            _(
                "{where} has {components} values{bits} per pixel; a pullback has one (grey) or three of 8 bits "
                "(red, green, blue). Export its frames as one grey volume."
            ).format(where=where, components=components, bits=bits)
        )


def check_channels(samples: Sequence[np.ndarray], kind: str, where: str) -> None:
    """Refuse channels that are different pictures, where the header does not call them a colour.

    Args:
        samples: frames (rows, columns, channels).

    Raises:
        InputError: the fine detail of the channels has nothing in common, or a fourth one is no opacity.
    """
    if kind in _COLOUR_KINDS or samples[0].ndim < 3:
        return
    opaque = samples[0].shape[2] == 3 or all(np.ptp(sample[..., 3]) == 0 for sample in samples)
    detail = [np.diff(sample[..., :3].astype(np.float32), axis=1).reshape(-1, 3) for sample in samples]
    values = np.concatenate(detail)
    if opaque and (not values.any() or _common(values) > _ONE_COLOUR):
        return
    raise InputError(
        _(
            "{where} has {shape} values per pixel that are not one colour but different pictures; export its "
            "frames as one grey volume with the frames along the third axis."
        ).format(where=where, shape=samples[0].shape[2])
    )


def _common(detail: np.ndarray) -> float:
    """The smallest correlation of two channels, of those that are not empty."""
    used = detail[:, detail.any(axis=0)]
    if used.shape[1] < 2:
        return 1.0
    return float(np.corrcoef(used, rowvar=False).min())
