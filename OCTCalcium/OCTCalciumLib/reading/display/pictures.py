"""Whether each frame shows one vessel, or several round pictures beside each other: a network would answer in any case."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .field_of_view import field_of_view

_SIMILAR = 0.25  # relative difference of the radii of two pictures of one pullback
_WIDE = 1.5
"""Sides of a frame that may hold two pictures beside each other; strips and panels of consoles add up to half."""


def pictures_beside_each_other(lumas: Sequence[np.ndarray], aspect: float = 1.0) -> int:
    """How many round pictures each frame holds, beside or above each other: 1, 2 or 4.

    Args:
        lumas: uint8 (rows, columns), of a few frames. aspect: height over width of a pixel.
    """
    rows, columns = lumas[0].shape
    high, wide = rows * aspect, float(columns)
    splits = [(1, 2)] if wide > _WIDE * high else [(2, 1)] if high > _WIDE * wide else [(2, 2)]
    for down, across in splits:
        circles = []
        for row in range(down):
            for column in range(across):
                part = (slice(row * rows // down, (row + 1) * rows // down), slice(column * columns // across, None))
                cut = [luma[part][:, : columns // across] for luma in lumas]
                circles.append(_circle_within(cut, aspect))
        radii = [circle[2] for circle in circles if circle is not None]
        if len(radii) == down * across and max(radii) < (1 + _SIMILAR) * min(radii):
            return down * across
    return 1


def _circle_within(lumas: Sequence[np.ndarray], aspect: float) -> tuple[float, float, float] | None:
    """The circle of a part of the frames that lies mostly in it; that of a whole frame has its centre at the part's edge."""
    circle = field_of_view(lumas, aspect)
    if circle is None:
        return None
    rows, columns = lumas[0].shape
    row, column, radius = circle
    reach = radius / 2
    within = reach / aspect < row < rows - reach / aspect and reach < column < columns - reach
    return circle if within else None
