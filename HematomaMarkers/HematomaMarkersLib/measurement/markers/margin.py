"""The shape of a hematoma's margin: irregularity on a five-point scale, islands, satellites and sphericity.

**Shape scale.** Barras et al. (Stroke 2009;40:1325-1331) compare a hematoma by eye with five drawings, from 1 (round or oval,
smooth) to 5; each step adds an irregularity of the edge, bleeds lying apart count as irregularities, and 3 or more is
irregular. What is computed here is **our own stand-in** for that visual scale, not the scale: on a slice, 1 + the number of
irregularities, at most 5. An irregularity is a notch of the margin (between hematoma and its convex hull) at least ``NOTCH_MM``
deep and ``NOTCH_SHARE`` of the radius of a disc of the same area, or a bleed lying apart. Shallow notches (``SHALLOW_MM``) count,
too, as far as they make the margin long: its perimeter against that of an ellipse, ``LENGTH_STEPS``. A scan's scale is the mean of
its slices', weighted by volume.

**Islands** (Li et al., Stroke 2017;48:3019-3025): small bleeds wholly apart from the main one on a slice.
**Satellites** (Shimoda et al., Cerebrovasc Dis 2017;44:105-112): those of them shorter than 10 mm and 1 to 20 mm away from the
main bleed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from LesionReadingLib.masks import filled, pieces
from scipy import ndimage

from ...outline import ellipse_perimeter_mm, perimeter_mm
from ..volume import diameters_mm, hull_points_mm

NOTCH_MM = 1.2
NOTCH_SHARE = 0.1
SHALLOW_MM = 0.6
LENGTH_STEPS = (1.02, 1.04, 1.08, 1.16)
"""Perimeter against that of an ellipse from which on a margin has 1, 2, 3 or 4 irregularities; ellipses of any size give up to
1.01."""

MOST_IRREGULAR = 5
IRREGULAR_SCALE = 3
"""Barras 2009: categories 3 to 5 are irregular."""

SATELLITE_MM = 10.0
SATELLITE_DISTANCE_MM = (1.0, 20.0)
SPECK_MM2 = 4.0
"""A piece smaller than this is not told from noise and is not counted."""


@dataclass(frozen=True)
class SliceMargin:
    """The margin on one slice.

    Attributes:
        scale: 1 (smooth) to 5, the stand-in of the module's docstring.
        notches: of the main piece's margin. islands, satellites: pieces apart from the main one.
        satellite_distance_mm: of the nearest satellite from the main piece; None without one.
        perimeter_mm: of all pieces, of the contour smoothed at 0.8 mm.
        solidity: area of the main piece / area of its convex hull, 1 for a disc.
        perimeter_ratio: perimeter of the main piece / that of an ellipse with the same second moments.
    """

    scale: int
    notches: int
    islands: int
    satellites: int
    satellite_distance_mm: float | None
    perimeter_mm: float
    solidity: float
    perimeter_ratio: float


@dataclass(frozen=True)
class SliceShape:
    """The shape of a hematoma on one slice.

    Attributes:
        specks_mm2: area of the pieces that are smaller than ``SPECK_MM2``.
        longest_mm, across_mm: longest diameter of the largest piece, and the longest across it (A and B of ABC/2).
        margin: None where there is nothing larger than ``SPECK_MM2``.
    """

    specks_mm2: float
    longest_mm: float
    across_mm: float
    margin: SliceMargin | None


def measure_shape(mask: np.ndarray, row_mm: float, column_mm: float) -> SliceShape:
    """The shape of a slice's hematoma: told apart into pieces once, which all numbers are measured on.

    Args:
        mask: (rows, columns) booleans of the whole slice or a box around it; pixels touch across a corner, too.
        row_mm, column_mm: size of a pixel.
    """
    numbers, sizes = pieces(mask, 2)
    largest = (numbers == sizes.argmax()) & mask
    main = filled(largest)
    areas_mm2 = sizes * (row_mm * column_mm)
    longest_mm, across_mm = diameters_mm(largest, row_mm, column_mm)
    margin = _margin(numbers, areas_mm2, main, row_mm, column_mm) if areas_mm2.max() >= SPECK_MM2 else None
    return SliceShape(float(areas_mm2[(areas_mm2 > 0) & (areas_mm2 < SPECK_MM2)].sum()), longest_mm, across_mm, margin)


def shape_scale(margins: Sequence[tuple[int, SliceMargin]], weights: Sequence[float]) -> tuple[int | None, int | None]:
    """The scan's shape scale, and the slice that shows it best: the largest weight among the slices of that scale or more.

    Args:
        margins: (slice, its margin) of every slice with hematoma. weights: how much each counts, its volume.

    Returns:
        (None, None) where there is no hematoma.
    """
    if not margins:
        return None, None
    scales = np.array([margin.scale for _, margin in margins])
    scale = int(np.floor(np.average(scales, weights=weights) + 0.5))
    best = int(np.argmax(np.where(scales >= scale, weights, -1.0)))
    return scale, margins[best][0]


def sphericity(slices: Sequence[tuple[float, float, float, float]]) -> float | None:
    """Sphericity pi^(1/3) (6 V)^(2/3) / S of a body known by its slices: 1 for a ball, less for anything else.

    The surface between two slices is that of a cone's frustum with their perimeters and areas, sqrt((P h)^2 + (dA)^2), P their mean
    perimeter, so thick slices make no stairs; beyond the first and last slice the body closes within half an extent. A shift of one
    slice against the next is not seen.

    Args:
        slices: (place along the normal in mm, extent in mm, area in mm2, perimeter in mm) of every slice with hematoma, in order.

    Returns:
        None for an empty list.
    """
    if not slices:
        return None
    places, extents, areas, perimeters = np.array(slices, float).T
    places = np.abs(places - places[0])
    places = np.concatenate([[places[0] - extents[0] / 2], places, [places[-1] + extents[-1] / 2]])
    closed_areas, closed_perimeters = np.pad(areas, 1), np.pad(perimeters, 1)
    heights = np.diff(places)
    surface = np.hypot((closed_perimeters[1:] + closed_perimeters[:-1]) / 2 * heights, np.diff(closed_areas)).sum()
    volume = float(areas @ extents)
    return min(1.0, float(np.pi ** (1 / 3) * (6 * volume) ** (2 / 3) / surface))


def _margin(numbers: np.ndarray, areas_mm2: np.ndarray, main: np.ndarray, row_mm: float, column_mm: float) -> SliceMargin:
    """The margin of a slice whose pieces are numbered from 1, with their areas by number and the largest one without its holes."""
    numbers, main = np.pad(numbers, 4), np.pad(main, 4)
    apart = [number for number in np.flatnonzero(areas_mm2 >= SPECK_MM2) if number != areas_mm2.argmax()]
    distance_mm = ndimage.distance_transform_edt(~main, (row_mm, column_mm))
    satellites_mm = [
        float(distance_mm[numbers == number].min())
        for number in apart
        if _is_satellite(numbers == number, distance_mm, row_mm, column_mm)
    ]
    solidity, notches, shallow = _notches(main, row_mm, column_mm)
    length_mm = perimeter_mm(main, row_mm, column_mm)
    ratio = length_mm / ellipse_perimeter_mm(main, row_mm, column_mm)
    by_length = min(shallow, int(np.searchsorted(LENGTH_STEPS, ratio, side="right")))
    return SliceMargin(
        scale=min(MOST_IRREGULAR, 1 + max(notches + len(apart), by_length)),
        notches=notches,
        islands=len(apart),
        satellites=len(satellites_mm),
        satellite_distance_mm=min(satellites_mm, default=None),
        perimeter_mm=length_mm + sum(perimeter_mm(numbers == number, row_mm, column_mm) for number in apart),
        solidity=solidity,
        perimeter_ratio=ratio,
    )


def _is_satellite(piece: np.ndarray, distance_mm: np.ndarray, row_mm: float, column_mm: float) -> bool:
    nearest, farthest = SATELLITE_DISTANCE_MM
    return diameters_mm(piece, row_mm, column_mm)[0] < SATELLITE_MM and nearest <= distance_mm[piece].min() <= farthest


def _notches(main: np.ndarray, row_mm: float, column_mm: float) -> tuple[float, int, int]:
    """Solidity, and how many notches the margin has: deep ones, and all that are more than the pixels' stairs."""
    hull = _hull(main, row_mm, column_mm)
    solidity = main.sum() / hull.sum()
    depth_mm = ndimage.distance_transform_edt(hull, (row_mm, column_mm))
    notches, count = ndimage.label(hull & ~main)
    if not count:
        return float(solidity), 0, 0
    radius_mm = np.sqrt(main.sum() * row_mm * column_mm / np.pi)
    depths = ndimage.maximum(depth_mm, notches, np.arange(1, count + 1))
    deep = depths >= max(NOTCH_MM, NOTCH_SHARE * radius_mm)
    return float(solidity), int(deep.sum()), int((depths >= SHALLOW_MM).sum())


def _hull(mask: np.ndarray, row_mm: float, column_mm: float) -> np.ndarray:
    """The pixels whose centres lie in the convex hull of a mask."""
    corners = hull_points_mm(mask, row_mm, column_mm)
    rows, columns = (np.arange(size) * step for size, step in zip(mask.shape, (row_mm, column_mm), strict=True))
    edges = np.roll(corners, -1, axis=0) - corners
    inside = np.ones(mask.shape, bool)
    for (row, column), (down, right) in zip(corners, edges, strict=True):
        inside &= down * (columns[None] - column) - right * (rows[:, None] - row) >= -1e-9
    return inside
