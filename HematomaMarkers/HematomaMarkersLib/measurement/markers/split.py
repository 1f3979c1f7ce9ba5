"""A hematoma in two parts of different density: blend sign and fluid level.

The densities of the core are split in two by Otsu's threshold, small specks given to the part around them. The largest less
dense piece is looked at: how much less dense it is, how sharp its border is, how straight, how it lies to gravity, and how much
of it reaches the edge.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from LesionReadingLib.masks import grown, largest_piece
from scipy import ndimage

from .holes import filled_hu
from .region import Region, border_mm

SMALLEST_PART_MM2 = 30.0
SMALLEST_SHARE = 0.1
_BORDER_MM = 1.5
_FROM_BORDER_MM = 9.0
_SPECK_RADIUS_MM = 1.5


@dataclass(frozen=True)
class Split:
    """Two parts of a hematoma on one slice.

    Attributes:
        difference_hu: between the parts' medians, without the border between them.
        sharpness_hu_per_mm: mean steepness of the density along the border.
        width_mm: difference / sharpness; 2.5 mm for a step, because the density was averaged over that.
        enclosure: share of the less dense part's border that lies against the denser part.
        open_mm: length of its border at the hematoma's edge.
        less_dense_mm2, denser_mm2: areas in the core.
        border_mm: length of the border between the parts.
        height_mm: of the border's middle, against gravity (from the scanner's origin); None where gravity is not known.
        unevenness_mm: how far the border strays from a straight line (root of the mean square).
        tilt_deg: of that line to horizontal, 0 to 90; None where gravity is not known or runs across the slices.
        denser_below: whether the denser part lies lower; None where the tilt is.
    """

    difference_hu: float
    sharpness_hu_per_mm: float
    width_mm: float
    enclosure: float
    open_mm: float
    less_dense_mm2: float
    denser_mm2: float
    border_mm: float
    height_mm: float | None
    unevenness_mm: float
    tilt_deg: float | None
    denser_below: bool | None


def find_split(region: Region, down: np.ndarray | None, floor_mm: float = 0.0) -> Split | None:
    """The split of a slice; None where there is none of a size worth a number.

    Args:
        region: of the slice.
        down: (2,) gravity in the slice, (row direction, column direction), its length the share of gravity that lies in the
            slice; None where not known.
        floor_mm: height of the slice's first pixel, against gravity.
    """
    core_mm2 = region.core.sum() * region.pixel_mm2
    if core_mm2 < 2 * SMALLEST_PART_MM2:
        return None
    density = filled_hu(region)
    low = _less_dense(density, region)
    if low is None:
        return None
    high = region.core & ~low
    low_mm2, high_mm2 = low.sum() * region.pixel_mm2, high.sum() * region.pixel_mm2
    if min(low_mm2, high_mm2) < max(SMALLEST_PART_MM2, SMALLEST_SHARE * core_mm2):
        return None
    border = low & ndimage.binary_dilation(high)
    if not border.any():
        return None
    inner_mm, outer_mm = border_mm(low, region.core, region.pixel_mm)
    difference = _level(density, high, low, region) - _level(density, low, high, region)
    sharpness = float(np.hypot(*np.gradient(density, *region.pixel_mm))[border].mean())
    unevenness, normal = _line(border, region)
    tilt, below = _to_gravity(normal, low, high, region, down)
    return Split(
        difference_hu=difference,
        sharpness_hu_per_mm=sharpness,
        width_mm=difference / sharpness if sharpness > 0 else np.inf,
        enclosure=inner_mm / (inner_mm + outer_mm),
        open_mm=outer_mm,
        less_dense_mm2=float(low_mm2),
        denser_mm2=float(high_mm2),
        border_mm=float(inner_mm),
        height_mm=None
        if down is None
        else float(floor_mm - ((np.argwhere(border).mean(0) + region.corner) * region.pixel_mm) @ down),
        unevenness_mm=unevenness,
        tilt_deg=tilt,
        denser_below=below,
    )


def otsu_hu(values: np.ndarray) -> float:
    """The threshold with the largest variance between the two classes (Otsu 1979), exact, without a histogram."""
    ordered = np.sort(values.astype(np.float64))
    counts = np.arange(1, len(ordered))
    sums = np.cumsum(ordered)
    low, high = sums[:-1] / counts, (sums[-1] - sums[:-1]) / counts[::-1]
    best = int((counts * counts[::-1] * (high - low) ** 2).argmax())
    return float((ordered[best] + ordered[best + 1]) / 2)


def _less_dense(density: np.ndarray, region: Region) -> np.ndarray | None:
    """The largest piece below the threshold; specks of either part go to the part around them."""
    low = region.core & (density < otsu_hu(density[region.core]))
    weight = ndimage.gaussian_filter(region.core.astype(np.float32), np.divide(_SPECK_RADIUS_MM, region.pixel_mm))
    share = ndimage.gaussian_filter(low.astype(np.float32), np.divide(_SPECK_RADIUS_MM, region.pixel_mm))
    largest = largest_piece(region.core & (share > weight / 2))
    return largest if largest.any() else None


def _level(density: np.ndarray, part: np.ndarray, against: np.ndarray, region: Region) -> float:
    """Median density of a part beside the border, without the border itself."""
    far = ~grown(against, _BORDER_MM, region.pixel_mm)
    beside = part & far & grown(against, _FROM_BORDER_MM, region.pixel_mm)
    return float(np.median(density[beside if beside.any() else part]))


def _line(border: np.ndarray, region: Region) -> tuple[float, np.ndarray]:
    """Straying of the border from its line of total least squares (mm), and that line's normal (row, column) in mm."""
    places = np.argwhere(border) * region.pixel_mm
    values, axes = np.linalg.eigh(np.cov(places.T, bias=True)) if len(places) > 1 else (np.zeros(2), np.eye(2))
    return float(np.sqrt(max(values[0], 0.0))), axes[:, 0]


def _to_gravity(normal, low, high, region: Region, down: np.ndarray | None) -> tuple[float | None, bool | None]:
    if down is None or np.linalg.norm(down) < 0.5:
        return None, None
    down = down / np.linalg.norm(down)
    tilt = float(np.degrees(np.arccos(min(1.0, abs(normal @ down)))))
    lower = (np.argwhere(high).mean(0) - np.argwhere(low).mean(0)) * region.pixel_mm
    return tilt, bool(lower @ down > 0)
