"""Slips of the brush: pieces of a label too small to be what it stands for. They count in no arc, thickness, lesion or lumen.

A network's answer is post-processed before (``post_processing``); a label map from anywhere else is measured as it was drawn, but a
pixel beside the lumen is no lumen, and one far out in the picture is no deposit that lengthens a lesion.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from LesionReadingLib.pieces import Pieces, padded

from ..labels import BACKGROUND, CALCIUM, GUIDEWIRE, LUMEN

SMALLEST_LUMEN = 5e-4
"""Share of the frame from which a label is a lumen: 0.02 mm2 where 6 mm are seen, a tenth of the smallest that are imaged."""

SPECK_SHARE, SPECK_PIXELS = 1e-4, 4
"""A piece of calcium or guidewire smaller than this share of the frame (0.004 mm2 where 6 mm are seen), or than so many pixels."""

SMALLEST_PIECE_SHARE = 0.05
"""A piece of lumen or guidewire smaller than this share of the largest one of the frame is a slip."""


@dataclass(frozen=True)
class Strays:
    """Number of pixels left out in one frame, by label."""

    calcium: int = 0
    guidewire: int = 0
    lumen: int = 0

    @property
    def any(self) -> bool:
        """Whether anything was left out."""
        return bool(self.calcium or self.guidewire or self.lumen)


def remove_strays(labels: np.ndarray, frame_pixels: int) -> Strays:
    """Turn the strays of a frame into background, in place.

    Args:
        labels: (rows, columns) uint8 with a ring of background around it.
        frame_pixels: size of the whole frame in pixels.
    """
    speck = max(SPECK_PIXELS, SPECK_SHARE * frame_pixels)
    return Strays(
        calcium=_remove(labels, CALCIUM, speck, 0, 0),
        guidewire=_remove(labels, GUIDEWIRE, speck, SMALLEST_PIECE_SHARE, 0),
        lumen=_remove(labels, LUMEN, 0, SMALLEST_PIECE_SHARE, SMALLEST_LUMEN * frame_pixels),
    )


def without_strays(labels: np.ndarray) -> np.ndarray:
    """A copy of a frame's labels, uint8 (rows, columns), without its strays."""
    kept = padded(labels)
    remove_strays(kept, labels.size)
    return kept[1:-1, 1:-1]


def _remove(labels: np.ndarray, label: int, pixels: float, share: float, together: float) -> int:
    """Remove pieces of fewer ``pixels``, or of less than a ``share`` of the largest; all where fewer than ``together`` are kept."""
    pieces = Pieces.of(labels == label)
    if pieces.count == 0:
        return 0
    stray = pieces.sizes < max(pixels, share * pieces.sizes.max())
    if pieces.sizes[~stray].sum() < together:
        stray[:] = True
    if not stray.any():
        return 0
    labels.ravel()[pieces.pixels_of(stray)] = BACKGROUND
    return int(pieces.sizes[stray].sum())
