"""Largest values that neighbouring frames hold: what one frame alone shows, a slip of the brush or a flicker, is none here."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from LesionReadingLib.geometry.spacing import Spacing

HELD_MM = 0.5
"""A value is held where neighbouring frames over at least this length all reach it. A lesion that keeps a stent from expanding is
longer than 5 mm (Fujino 2018); this is a tenth of that, and three frames at the usual 0.2 mm."""

HELD_FRAMES = 3
"""The same in frames, where their spacing is not known."""

LEAST_FRAMES = 2
"""So many frames at least hold a value, however far apart they are."""


@dataclass(frozen=True)
class HeldMaximum:
    """The largest value that so many neighbouring frames all reach.

    Attributes:
        value: their least; 0 where no such stretch has any.
        first_frame, last_frame: the stretch, numbers from 0; None where ``value`` is 0.
    """

    value: float
    first_frame: int | None
    last_frame: int | None


def frames_to_hold(spacing: Spacing, frame_count: int) -> int:
    """How many neighbouring frames hold a value: those of ``HELD_MM``, at least two; all frames of a shorter pullback."""
    enough = HELD_FRAMES if spacing.frame_mm is None else max(LEAST_FRAMES, math.ceil(round(HELD_MM / spacing.frame_mm, 6)))
    return min(enough, frame_count)


def held_maximum(values: Sequence[float], count: int, first_frame: int = 0) -> HeldMaximum:
    """The largest value that ``count`` neighbouring frames all reach.

    Args:
        values: of neighbouring frames, from ``first_frame`` on, 0 where a frame has none.
        count: how many frames hold a value.
    """
    if len(values) < count:
        return HeldMaximum(0.0, None, None)
    least = np.lib.stride_tricks.sliding_window_view(np.asarray(values, float), count).min(axis=1)
    best = int(least.argmax())
    if least[best] <= 0:
        return HeldMaximum(0.0, None, None)
    return HeldMaximum(float(least[best]), first_frame + best, first_frame + best + count - 1)
