"""The lumen of a frame, closed over the sector that the guidewire and its shadow hide."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..labels import GUIDEWIRE, LUMEN
from .rays import RAY_COUNT, RAY_DEG, Grid, last_marked, places


@dataclass(frozen=True, eq=False)
class ClosedLumen:
    """The lumen label and the part of the guidewire label inside the lumen border.

    Attributes:
        pixel_count: number of pixels of both together.
        centroid: (row, column) of both together, in pixels of the labels that were given; None without lumen label.
        hidden: (rows, columns) index arrays of the guidewire pixels inside the border.
    """

    pixel_count: int
    centroid: np.ndarray | None
    hidden: tuple[np.ndarray, np.ndarray]


def close_lumen(labels: np.ndarray, row_size: float, column_size: float) -> ClosedLumen:
    """Close the lumen of one frame: label 3, and label 2 as far as the lumen border drawn on through the guidewire's sector.

    The border is seen from the centroid of label 3; where the guidewire hides it, its distance is interpolated linearly in the
    angle between the borders that are seen on both sides.

    Args:
        labels: (rows, columns) uint8, with a ring of background around it.
        row_size, column_size: size of a pixel in mm (or 1 and 1 where it is not known).
    """
    lumen = labels == LUMEN
    per_row = lumen.sum(axis=1, dtype=np.int32)
    count = int(per_row.sum())
    if count == 0:
        nothing = np.zeros(0, dtype=int)
        return ClosedLumen(0, None, (nothing, nothing))
    row_sum = float(per_row @ np.arange(labels.shape[0]))
    column_sum = float(lumen.sum(axis=0, dtype=np.int32) @ np.arange(labels.shape[1]))
    rows, columns = _hidden_pixels(Grid(labels, (row_sum / count, column_sum / count), row_size, column_size))
    total = count + rows.size
    centroid = np.array([row_sum + rows.sum(), column_sum + columns.sum()]) / total
    return ClosedLumen(total, centroid, (rows, columns))


def _hidden_pixels(grid: Grid) -> tuple[np.ndarray, np.ndarray]:
    """(rows, columns) of the guidewire pixels inside the lumen border as seen from the grid's vertex."""
    guidewire = grid.labels == GUIDEWIRE
    rows, columns = places(guidewire)
    nothing = rows[:0], columns[:0]
    if rows.size == 0:
        return nothing
    rays = np.arange(0, RAY_COUNT, 2)
    reach = grid.reach_of((grid.labels == LUMEN) | guidewire)
    samples = grid.labels.ravel().take(grid.indices_along(rays, reach))
    last_lumen = last_marked(samples == LUMEN)
    seen = (last_lumen >= 0) & (last_marked(samples == GUIDEWIRE) < last_lumen)
    seen &= np.roll(seen, 1) & np.roll(seen, -1)
    if not seen.any():
        return nothing
    distance, angle = grid.polar(rows, columns)
    border = np.interp(angle, (rays[seen] + 0.5) * RAY_DEG, (last_lumen[seen] + 0.5) * grid.step, period=360)
    inside = distance <= border
    return rows[inside], columns[inside]
