"""The part of a slice whose densities are trusted, made ready for looking for less dense parts.

Noise (about 4 HU in pixels of 0.45 mm) is averaged with a Gaussian that knows the mask: brain does not run into the hematoma. The
rim is left out because blood and brain share its voxels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from LesionReadingLib.masks import eroded, filled, grown, pieces, pieces_with, smoothed

SMOOTHING_MM = 1.0
RIM_MM = 1.6
"""Of the mask's edge, where blood and brain share pixels and the scanner's blur reaches."""

RING_MM = 8.0
"""How far around the mask blood is looked for that a mask may have left out because it is less dense."""

ABOVE_BRAIN_HU = 45.0
"""Grey matter has up to 40 HU; a broad area above this next to a hematoma is blood."""

_BELOW_BONE_HU = 100.0
_BONE_RIM_MM = 1.0  # around bone that a mask has caught
_BONE_GAP_MM = 3.0  # between bone and what may be blood that a mask has left out
_LEFT_OUT_MM2 = 50.0
_LEFT_OUT_RADIUS_MM = 2.0


@dataclass(frozen=True, eq=False)
class Region:
    """A hematoma on one slice, in a box around it.

    Attributes:
        blood: (rows, columns) booleans, the mask without bone, with its holes filled and the less dense blood
            beside it that it left out.
        core: booleans, all of it but the rim.
        smooth_hu: float32, averaged inside ``blood`` (0 elsewhere).
        corner: (row, column) of the box's first pixel in the slice.
        row_mm, column_mm: size of a pixel.
        left_out_mm2: area of what lay outside the mask.
    """

    blood: np.ndarray
    core: np.ndarray
    smooth_hu: np.ndarray
    corner: tuple[int, int]
    row_mm: float
    column_mm: float
    left_out_mm2: float

    @property
    def pixel_mm(self) -> tuple[float, float]:
        """(row, column)."""
        return self.row_mm, self.column_mm

    @property
    def pixel_mm2(self) -> float:
        """Area of a pixel."""
        return self.row_mm * self.column_mm

    def gradient_hu_per_mm(self) -> np.ndarray:
        """(rows, columns) steepness of the averaged density; to be trusted in the core."""
        return np.hypot(*np.gradient(self.smooth_hu, self.row_mm, self.column_mm))


def density_region(
    hounsfield: np.ndarray,
    mask: np.ndarray,
    other: np.ndarray,
    corner: tuple[int, int],
    pixel_mm: tuple[float, float],
) -> Region:
    """Make a slice ready. All arrays are boxes (rows, columns) around the hematoma, ``RING_MM`` larger where the slice allows it.

    Args:
        hounsfield: in HU. mask: booleans, the hematoma. other: booleans, blood that is not hematoma (ventricles).
        corner: (row, column) of the box's first pixel in the slice. pixel_mm: size of a pixel (row, column).
    """
    hounsfield = hounsfield.astype(np.float32)
    blood = _blood(hounsfield, mask, other, pixel_mm)
    return Region(
        blood=blood,
        core=eroded(blood, RIM_MM, pixel_mm),
        smooth_hu=smoothed(hounsfield, blood, np.divide(SMOOTHING_MM, pixel_mm)),
        corner=corner,
        row_mm=pixel_mm[0],
        column_mm=pixel_mm[1],
        left_out_mm2=float((blood & ~mask).sum() * np.prod(pixel_mm)),
    )


def border_mm(part: np.ndarray, within: np.ndarray, pixel_mm: tuple[float, float]) -> tuple[float, float]:
    """Length of a part's border towards the rest of ``within``, and towards what is outside ``within``; pixel sides count."""
    kinds = np.pad(np.where(part, 2, np.where(within, 1, 0)), 1)
    inner = outer = 0.0
    for axis, side_mm in ((0, pixel_mm[1]), (1, pixel_mm[0])):
        first, second = np.take(kinds, range(kinds.shape[axis] - 1), axis), np.take(kinds, range(1, kinds.shape[axis]), axis)
        low, high = np.minimum(first, second), np.maximum(first, second)
        inner += side_mm * np.count_nonzero((high == 2) & (low == 1))
        outer += side_mm * np.count_nonzero((high == 2) & (low == 0))
    return inner, outer


def _blood(hounsfield: np.ndarray, mask: np.ndarray, other: np.ndarray, pixel_mm: tuple[float, float]) -> np.ndarray:
    """The mask without holes and bone, and the broad areas above the brain's density that touch it, no bone nor thin dura."""
    bone = hounsfield > _BELOW_BONE_HU
    whole = filled(mask) & ~other & ~grown(bone, _BONE_RIM_MM, pixel_mm)
    outside = ~whole & ~grown(other, _LEFT_OUT_RADIUS_MM, pixel_mm) & ~grown(bone, _BONE_GAP_MM, pixel_mm)
    density = smoothed(hounsfield, outside, np.divide(SMOOTHING_MM, pixel_mm))
    bright = outside & grown(whole, RING_MM, pixel_mm) & (density > ABOVE_BRAIN_HU)
    broad = bright & grown(eroded(bright, _LEFT_OUT_RADIUS_MM, pixel_mm), _LEFT_OUT_RADIUS_MM, pixel_mm)
    touching = pieces_with(broad, grown(whole, SMOOTHING_MM, pixel_mm))
    numbers, sizes = pieces(touching)
    return whole | (sizes * np.prod(pixel_mm) >= _LEFT_OUT_MM2)[numbers]
