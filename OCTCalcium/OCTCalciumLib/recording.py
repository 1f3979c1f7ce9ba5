"""What a file holds: frames with their geometry, before overlays are removed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
from LesionReadingLib.spacing import Spacing

IDENTITY = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)


@dataclass(frozen=True)
class Recording:
    """Frames as stored.

    Attributes:
        frame_count, rows, columns: the size.
        spacing: as the file states it (``None`` where it does not), with sources.
        read: ``read(first, stop)`` yields uint8 frames, grey (rows, columns) or RGB (rows, columns, 3).
        origin_mm, direction: LPS geometry in SimpleITK's order.
        clean: the frames cannot carry overlays (scan-converted here from A-lines).
        notes: sentences for the report.
        details: acquisition facts, never patient identity.
    """

    frame_count: int
    rows: int
    columns: int
    spacing: Spacing
    read: Callable[[int, int], Iterator[np.ndarray]]
    origin_mm: tuple[float, float, float] = (0.0, 0.0, 0.0)
    direction: tuple[float, ...] = IDENTITY
    clean: bool = False
    notes: tuple[str, ...] = ()
    details: dict[str, str] = field(default_factory=dict)


def sample_indices(frame_count: int, wanted: int) -> list[int]:
    """At most ``wanted`` frame indices spread evenly over the pullback."""
    return sorted({int(index) for index in np.linspace(0, frame_count - 1, min(wanted, frame_count))})
