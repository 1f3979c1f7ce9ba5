"""Volumes of a hematoma: by counting voxels, and by the bedside formula ABC/2.

* **Voxel volume**: pixels of every slice x pixel area x the slice's own extent (``Grid.voxel_ml``), whatever the tilt.
* **ABC/2** (Kothari et al., Stroke 1996;27:1304-1305): A is the longest diameter on the slice with the largest area, B the
  longest diameter across it (90 degrees) on the same slice, C the height: the extents of all slices with hematoma together. Lengths
  are in mm, so pixels need not be square. On an ellipsoid it is 5 % too small (1/2 for pi/6).
* **ABC/2 with weights**: C counts a slice wholly, by half or not at all as its area is more than 75 %, 25 to 75 % or less than 25 %
  of the largest, as Kothari et al. did it. An ellipsoid's C is then 68 % of its height, and its volume 35 % too small. Both are
  given, because both are in use.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from LesionReadingLib.language import _
from scipy.spatial import ConvexHull

WHOLE_SLICE_SHARE, HALF_SLICE_SHARE = 0.75, 0.25
"""Shares of the largest slice's area above which a slice counts wholly, or by half, in the weighted C."""


@dataclass(frozen=True)
class Abc2:
    """The bedside volumes; 0 without a hematoma.

    Attributes:
        volume_ml: A x B x C / 2. weighted_ml: the same with the weighted C.
        a_mm, b_mm, c_mm, weighted_c_mm: the lengths.
        slice: the slice with the largest area, on which A and B lie; None without a hematoma.
    """

    volume_ml: float = 0.0
    weighted_ml: float = 0.0
    a_mm: float = 0.0
    b_mm: float = 0.0
    c_mm: float = 0.0
    weighted_c_mm: float = 0.0
    slice: int | None = None


def diameters_mm(mask: np.ndarray, row_mm: float, column_mm: float) -> tuple[float, float]:
    """The longest diameter of a mask and the longest one across it, from pixel edge to pixel edge.

    Args:
        mask: (rows, columns) booleans; what lies between its pixels belongs to it (its convex hull is measured).
        row_mm, column_mm: size of a pixel.

    Returns:
        (longest, across) in mm; (0, 0) for an empty mask.
    """
    if not mask.any():
        return 0.0, 0.0
    hull = hull_points_mm(mask, row_mm, column_mm)
    between = hull[:, None] - hull[None]
    lengths = np.hypot(*np.moveaxis(between, -1, 0))
    along = between[np.unravel_index(lengths.argmax(), lengths.shape)] / lengths.max()
    places, heights = hull @ along, hull @ np.array([-along[1], along[0]])
    return float(lengths.max()), _tallest(places, heights)


def hull_points_mm(mask: np.ndarray, row_mm: float, column_mm: float) -> np.ndarray:
    """(points, 2) corners (down, right) in mm of the convex hull of a mask's pixels, each pixel given by the middles of its
    sides."""
    outline = np.argwhere(mask & ~_surrounded(mask))
    sides = np.array([(-0.5, 0.0), (0.5, 0.0), (0.0, -0.5), (0.0, 0.5)])
    points = (outline[:, None] + sides).reshape(-1, 2) * (row_mm, column_mm)
    return points[ConvexHull(points).vertices]


def abc2(areas_mm2: Sequence[float], extents_mm: Sequence[float], diameters: Sequence[tuple[float, float]]) -> Abc2:
    """ABC/2 from every slice's area, extent along the normal and (longest, across) diameters; see the module."""
    areas = np.asarray(areas_mm2, float)
    if not areas.any():
        return Abc2()
    largest = int(areas.argmax())
    shares = areas / areas[largest]
    weights = 0.5 * (shares >= HALF_SLICE_SHARE) + 0.5 * (shares > WHOLE_SLICE_SHARE)
    a_mm, b_mm = diameters[largest]
    c_mm, weighted_c_mm = float((areas > 0) @ np.asarray(extents_mm, float)), float(weights @ np.asarray(extents_mm, float))
    half_ml = a_mm * b_mm / 2000
    return Abc2(half_ml * c_mm, half_ml * weighted_c_mm, a_mm, b_mm, c_mm, weighted_c_mm, largest)


def _surrounded(mask: np.ndarray) -> np.ndarray:
    """Pixels whose four neighbours all belong to the mask."""
    padded = np.pad(mask, 1)
    return padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]


def _tallest(places: np.ndarray, heights: np.ndarray) -> float:
    """Longest chord at right angles to the axis of ``places`` of a convex outline whose corners are given in order."""
    start = int(places.argmin())
    places, heights = np.roll(places, -start), np.roll(heights, -start)
    turn = int(places.argmax())
    there = np.interp(places, places[: turn + 1], heights[: turn + 1])
    back = np.interp(places, np.append(places[turn:], places[0])[::-1], np.append(heights[turn:], heights[0])[::-1])
    return float(np.abs(there - back).max())


def in_ml(volume_ml: float) -> str:
    """A volume in words, never 0 for what is there.

    Two digits behind the point below 2 mL: 1.47 mL does not read as if it reached a limit of 1.5 mL.
    """
    if 0 < volume_ml < 0.01:
        return _("less than 0.01 mL")
    return f"{volume_ml:.2f} mL" if 0 < volume_ml < 2 else f"{volume_ml:.1f} mL"
