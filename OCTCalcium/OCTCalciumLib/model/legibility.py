"""Whether a frame shows anything, and whether two show one place: a network would answer in any case."""

from __future__ import annotations

import numpy as np
from PIL import Image

_CENTRE = 0.33  # half the side of the square looked at, as a share of the frame: it lies within the round picture
_BLOCKS = 32  # along the frame's longer side
_SMALLEST_BLOCK = 8  # pixels: wider than speckle also in small pictures
_STRUCTURE = 0.15
"""Least share of the variance that lies between blocks: 0.6 and more in real frames and phantoms, 0.01 in noise, 0.1 in blurred."""

_DARKEST, _BRIGHT_SHARE = 8, 0.01  # grey level that one pixel in a hundred must reach
_GREYS = np.arange(256)

_ALIKE = 0.8
"""Correlation from which frames show one place: 0.84 and more for 95 of 100 neighbours in a real pullback, half of that for frames
5 apart, 0.4 for frames of two patients."""

_COARSE = 64  # pixels along the side of what is compared: speckle is averaged out


def is_legible(frame: np.ndarray) -> bool:
    """Whether a grey frame (rows, columns) uint8 shows more than black or noise: bright and dark areas, larger than speckle."""
    rows, columns = frame.shape
    block = max(_SMALLEST_BLOCK, max(rows, columns) // _BLOCKS)
    half = max(block, round(_CENTRE * min(rows, columns)))
    top, left = max(0, rows // 2 - half), max(0, columns // 2 - half)
    high, wide = (min(rows - top, 2 * half) // block, min(columns - left, 2 * half) // block)
    centre = np.ascontiguousarray(frame[top : top + high * block, left : left + wide * block])
    pixels_of_grey = np.array(Image.fromarray(centre).histogram())
    if pixels_of_grey[_DARKEST:].sum() < _BRIGHT_SHARE * centre.size:
        return False
    mean, mean_square = (pixels_of_grey @ _GREYS**power / centre.size for power in (1, 2))
    along = centre.reshape(high, block, wide * block).sum(axis=1, dtype=np.uint32)
    means = along.reshape(high, wide, block).sum(axis=2) / block**2
    return bool(means.var() > _STRUCTURE * (mean_square - mean**2))


def coarse(frame: np.ndarray) -> np.ndarray:
    """A grey frame (rows, columns) uint8 without its speckle and its corners, for ``look_alike``."""
    small = np.asarray(Image.fromarray(frame).resize((_COARSE, _COARSE), Image.Resampling.BOX), np.float32)
    rows, columns = np.mgrid[:_COARSE, :_COARSE] - (_COARSE - 1) / 2
    return small[np.hypot(rows, columns) < _COARSE / 2 - 1]


def look_alike(frame: np.ndarray, other: np.ndarray) -> bool:
    """Whether two frames, made ``coarse``, show one place of a vessel."""
    frame, other = frame - frame.mean(), other - other.mean()
    return bool((frame * other).mean() > _ALIKE * frame.std() * other.std())
