"""Continuity: the stretches of neighbouring frames in which calcium reaches 180 degrees or more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from LesionReadingLib.geometry.spacing import Spacing

from .frame import FrameMeasurement


@dataclass(frozen=True)
class Run:
    """Neighbouring frames whose bridged arc is 180 degrees or more.

    Attributes:
        first_frame, last_frame: numbers from 0.
        length_mm: number of frames x frame spacing; None while that is unknown.
        max_arc_deg, max_arc_frame: the largest bridged arc in the run and its frame.
        held: whether it has enough frames to be more than a flicker (``held.frames_to_hold``).
    """

    first_frame: int
    last_frame: int
    length_mm: float | None
    max_arc_deg: float
    max_arc_frame: int
    held: bool

    @property
    def frame_count(self) -> int:
        """Number of its frames."""
        return self.last_frame - self.first_frame + 1


def find_runs(frames: Sequence[FrameMeasurement], spacing: Spacing, limit_deg: float, hold_frames: int) -> tuple[Run, ...]:
    """The runs of frames whose bridged arc is ``limit_deg`` or more; those of ``hold_frames`` frames or more are held."""
    over = np.array([False, *(frame.arc_bridged_deg >= limit_deg for frame in frames), False])
    edges = np.flatnonzero(over[1:] != over[:-1])
    return tuple(_run(frames[first:stop], spacing, hold_frames) for first, stop in edges.reshape(-1, 2))


def _run(frames: Sequence[FrameMeasurement], spacing: Spacing, hold_frames: int) -> Run:
    widest = max(frames, key=lambda frame: frame.arc_bridged_deg)
    return Run(
        first_frame=frames[0].frame,
        last_frame=frames[-1].frame,
        length_mm=None if spacing.frame_mm is None else len(frames) * spacing.frame_mm,
        max_arc_deg=widest.arc_bridged_deg,
        max_arc_frame=widest.frame,
        held=len(frames) >= hold_frames,
    )
