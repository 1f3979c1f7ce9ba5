"""The point from which a frame's angles are seen, and whether it lies where an angle means something: in the open lumen."""

from __future__ import annotations

from typing import Literal

import numpy as np
from LesionReadingLib.masks import bounding_box, depth, filled

from ..labels import BACKGROUND, CALCIUM, LUMEN
from ..vessel.lumen import ClosedLumen

VertexSource = Literal["lumen_centroid", "deepest_lumen_point", "image_centre", "catheter"]
"""Where a frame's vertex came from: the centroid of the closed lumen; the deepest point of the lumen, where calcium or the vessel
wall reaches the centroid; the image centre, where a frame has no lumen label; the catheter (the image centre), where asked for."""

CLEAR_SHARE = 0.2
"""So far around the centroid, as a share of the lumen's mean radius, there has to be no calcium and hardly anything but lumen;
calcium nearer than that would fill up to half of all angles, whatever its size."""

_MOSTLY = 0.75  # of that surrounding: a line left out by the brush does not count

_EQUALLY_DEEP = (
    0.9  # of the greatest depth: of such points the mean of those nearest to the centroid, so that noise moves it little
)


def lumen_vertex(labels: np.ndarray, lumen: ClosedLumen, row_size: float, column_size: float) -> tuple[np.ndarray, VertexSource]:
    """The vertex of a frame that has a lumen.

    Args:
        labels: (rows, columns) uint8 with a ring of background around it, the guidewire inside the lumen turned into lumen.
        lumen: of these labels.
        row_size, column_size: size of a pixel in mm (or 1 and 1 where it is not known).

    Returns:
        ((row, column) in pixels of ``labels``, where it came from).
    """
    reach = CLEAR_SHARE * np.sqrt(lumen.pixel_count * row_size * column_size / np.pi)
    opened = labels == LUMEN
    for _ in range(2):
        if _is_clear(labels, opened, lumen.centroid, reach, row_size, column_size):
            return lumen.centroid, "lumen_centroid"
        opened |= filled(opened) & (labels == BACKGROUND)  # a catheter that was left out of the lumen
    return _deepest(opened, lumen.centroid, row_size, column_size), "deepest_lumen_point"


def _is_clear(labels: np.ndarray, opened: np.ndarray, point: np.ndarray, reach: float, row_size: float, column_size: float) -> bool:
    """Whether there is no calcium within ``reach`` of a point and most of it is ``opened``."""
    steps = np.array((row_size, column_size))
    low = np.maximum(np.floor(point - reach / steps).astype(int), 0)
    high = np.ceil(point + reach / steps).astype(int) + 1
    window = slice(low[0], high[0]), slice(low[1], high[1])
    rows, columns = np.ogrid[: opened[window].shape[0], : opened[window].shape[1]]
    distance = np.hypot((rows + low[0] - point[0]) * row_size, (columns + low[1] - point[1]) * column_size)
    near = distance <= max(reach, distance.min())
    return not (labels[window][near] == CALCIUM).any() and opened[window][near].mean() >= _MOSTLY


def _deepest(opened: np.ndarray, centroid: np.ndarray, row_size: float, column_size: float) -> np.ndarray:
    """The point farthest from the mask's border; of about equally deep ones the mean of those nearest to the centroid."""
    box = bounding_box(opened)
    inside = depth(opened[box], (row_size, column_size))
    rows, columns = np.nonzero(inside >= _EQUALLY_DEEP * inside.max())
    rows, columns = rows + box[0].start, columns + box[1].start
    beyond = np.hypot((rows - centroid[0]) * row_size, (columns - centroid[1]) * column_size)
    nearest = beyond <= beyond.min() + (1 - _EQUALLY_DEEP) * inside.max()
    return np.array([rows[nearest].mean(), columns[nearest].mean()])
