"""Where a stent could end: on either side of the longest stretch of 180 degrees or more, the nearest frames without calcium.

Where a side has none, the stretch of the least calcium there. Frames without a lumen are never free of calcium: nothing is known
of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..measurement.pullback import PullbackMeasurement
from ..measurement.runs import Run


@dataclass(frozen=True)
class LandingZone:
    """Frames beside a stretch.

    Attributes:
        first_frame, last_frame: indices from 0. length_mm: None while the frame spacing is unknown.
        gap_frames: frames between the stretch and the zone. gap_mm: the same in mm, or None.
        max_arc_deg: largest arc within; 0 where it is free of calcium.
    """

    first_frame: int
    last_frame: int
    length_mm: float | None
    gap_frames: int
    gap_mm: float | None
    max_arc_deg: float

    @property
    def free(self) -> bool:
        """Whether no frame of it has calcium."""
        return self.max_arc_deg == 0


def longest_run(measurement: PullbackMeasurement) -> Run | None:
    """The longest stretch of 180 degrees or more that is no flicker."""
    return max((run for run in measurement.runs if run.held), key=lambda run: run.frame_count, default=None)


def landing_zones(measurement: PullbackMeasurement, run: Run) -> tuple[LandingZone | None, LandingZone | None]:
    """The zones towards the first and towards the last frame; None where too few frames with a lumen are left on a side.

    A zone has at least as many frames as hold a value (``held``), so that one frame without a contour is none.
    """
    frames = measurement.frames
    before, after = frames[: run.first_frame][::-1], frames[run.last_frame + 1 :]
    return _nearest(measurement, before, run.first_frame), _nearest(measurement, after, run.last_frame)


def _nearest(measurement: PullbackMeasurement, outward: Sequence, edge: int) -> LandingZone | None:
    """The zone among frames that are listed outward from a stretch whose last frame is ``edge``."""
    least = measurement.hold_frames
    small = set(measurement.small_lumens)
    arcs = np.array([frame.arc_bridged_deg if frame.lumen_pixels and frame.frame not in small else np.inf for frame in outward])
    if len(arcs) < least:
        return None
    windows = np.lib.stride_tricks.sliding_window_view(arcs, least).max(axis=1)
    if not np.isfinite(windows.min()):
        return None
    begin = int(windows.argmin())  # the first of equals is the nearest
    end = begin + least
    while windows[begin] == 0 and end < len(arcs) and arcs[end] == 0:
        end += 1
    first, last = sorted((outward[begin].frame, outward[end - 1].frame))
    step = measurement.spacing.frame_mm
    length_mm, gap_mm = (None, None) if step is None else ((end - begin) * step, begin * step)
    return LandingZone(first, last, length_mm, begin, gap_mm, float(windows[begin]))
