"""How far a head is turned in the plane of its slices, by the symmetry of its two halves."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

MOST_DEG = 45.0
"""Beyond this a head cannot be told from one that lies on its side."""

LEAST_DEG = 5.0
"""A head that is turned by less is left as it lies: every turn costs a little sharpness."""

_PIXEL_MM = 2.0
_COARSE_DEG, _FINE_DEG = 3.0, 0.5
_SHIFTS_MM = range(-8, 9, 2)
_LEAST_LIKENESS = 0.75
_GREY_HU = (0.0, 80.0)


def head_turn_deg(hounsfield: np.ndarray, brain: np.ndarray, pixel_mm: float) -> float:
    """Find the angle, in degrees from rows towards columns, by which ``turned`` makes a head upright; 0 where none can be told.

    The left half of an upright head is its right half mirrored. What is compared is the sum over all slices of the brain's
    outline and, less, of its density: one lesion on one side changes little of that.

    Args:
        hounsfield: canonical (slices, rows, columns) with square pixels. brain: bool, of the same shape.
    """
    if not brain.any():
        return 0.0
    picture = brain.sum(axis=0) + 0.5 * (np.clip(hounsfield, *_GREY_HU) * brain).sum(axis=0, dtype=np.float32) / _GREY_HU[1]
    picture = ndimage.gaussian_filter(picture.astype(np.float32), _PIXEL_MM / pixel_mm / 2)
    middle = ndimage.center_of_mass(picture)
    side = int(np.ceil(1.5 * np.sqrt(np.count_nonzero(brain.any(axis=0))) * pixel_mm / _PIXEL_MM / 2)) * 2 + 1

    def likeness(angle_deg: float) -> float:
        straight = _looked_at(picture, middle, angle_deg, _PIXEL_MM / pixel_mm, side)
        return max(_alike(straight, round(shift / _PIXEL_MM)) for shift in _SHIFTS_MM)

    coarse = np.arange(-MOST_DEG, MOST_DEG + 1e-6, _COARSE_DEG)
    best = max(coarse, key=likeness)
    fine = best + np.arange(-_COARSE_DEG, _COARSE_DEG + 1e-6, _FINE_DEG)
    best = max(fine, key=likeness)
    return float(best) if abs(best) < MOST_DEG and likeness(best) > _LEAST_LIKENESS else 0.0


def turned(volume: np.ndarray, angle_deg: float, pivot: tuple[float, float], order: int, outside: float) -> np.ndarray:
    """Turn every slice of float32 (slices, rows, columns) about a pixel (row, column).

    Args:
        order: of the splines between pixels. outside: the value of what comes from beyond the border.
    """
    matrix = _rotation(angle_deg)
    offset = np.array(pivot) - matrix @ pivot
    found = np.full(volume.shape, outside, np.float32)
    for target, plane in zip(found, volume, strict=True):
        if (plane != outside).any():
            ndimage.affine_transform(plane, matrix, offset, output=target, order=order, mode="constant", cval=outside)
    return found


def _rotation(angle_deg: float) -> np.ndarray:
    cosine, sine = np.cos(np.radians(angle_deg)), np.sin(np.radians(angle_deg))
    return np.array([[cosine, -sine], [sine, cosine]])


def _looked_at(picture: np.ndarray, middle: tuple[float, float], angle_deg: float, step: float, side: int) -> np.ndarray:
    """A square of the turned picture about its middle, in pixels ``step`` times as large."""
    matrix = _rotation(angle_deg) * step
    offset = np.array(middle) - matrix @ ((side - 1) / 2, (side - 1) / 2)
    return ndimage.affine_transform(picture, matrix, offset, (side, side), order=1, mode="constant")


def _alike(picture: np.ndarray, shift: int) -> float:
    """How like its mirror image a picture is about a line ``shift`` half pixels beside its middle: 1 where they are the same."""
    mirrored = np.roll(picture[:, ::-1], shift, axis=1)
    spread = float((picture**2).sum())
    return 1 - float(((picture - mirrored) ** 2).sum()) / (2 * spread) if spread else 0.0
