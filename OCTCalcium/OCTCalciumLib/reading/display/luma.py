"""The brightness of a frame, grey or colour."""

from __future__ import annotations

import numpy as np
from PIL import Image

WEIGHTS = np.array([0.299, 0.587, 0.114], np.float32)
"""Of red, green and blue in the luma of ITU-R 601."""


def luma(frame: np.ndarray) -> np.ndarray:
    """(rows, columns) uint8 luma of a uint8 frame, grey (rows, columns) or RGB (rows, columns, 3)."""
    if frame.ndim == 2:
        return frame
    # Pillow's conversion to L is the luma of ITU-R 601 and runs in C.
    return np.asarray(Image.fromarray(np.ascontiguousarray(frame)).convert("L"))
