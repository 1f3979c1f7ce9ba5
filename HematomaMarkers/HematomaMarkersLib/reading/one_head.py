"""Whether slices that state neither patient nor place go through one head, as slices of one scan do."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

_BLOCKS = 32  # along each side of what is compared: grain is averaged out
_LEAST_LIKE = 0.4
"""Correlation of neighbours: 0.5 and more in phantoms and a real head with slices up to 10 mm apart; where the pictures of a folder
went on with another patient 0.1 and 0.3. Two heads that lie alike are not told apart."""

_LARGE = 0.6  # of the largest cross-section: only there slices of one head are alike; near vertex and neck it changes fast
_ENDED = 0.25  # of the largest cross-section: a head is behind its vertex
_DARK = 0.1  # of the range of grey: not air and background


def where_another_begins(pictures: np.ndarray) -> int | None:
    """The first slice that cannot belong to the head before it; None where all may be of one.

    Either two neighbours that both show a large cross-section are not alike, or the head ends and begins again.

    Args:
        pictures: (slices, rows, columns) in their order, from the feet to the head or the other way round.
    """
    blocks = np.stack([_means(picture) for picture in pictures])
    low, high = float(pictures.min()), float(pictures.max())
    areas = (blocks > low + _DARK * (high - low)).sum(axis=1)
    large = np.flatnonzero(areas >= _LARGE * areas.max())
    around = blocks - blocks.mean(axis=1, keepdims=True)
    sizes = np.maximum(np.linalg.norm(around, axis=1), 1e-6)
    for last, first in pairwise(large):
        if first == last + 1:
            if around[last] @ around[first] < _LEAST_LIKE * sizes[last] * sizes[first]:
                return int(first)
        elif areas[last:first].min() < _ENDED * areas.max():
            return int(first)
    return None


def _means(picture: np.ndarray) -> np.ndarray:
    """Mean of each block of a picture, of which blocks of one size leave some pixels over at the end."""
    rows, columns = (max(1, size // _BLOCKS) for size in picture.shape)
    high, wide = (min(_BLOCKS, size // step) for size, step in zip(picture.shape, (rows, columns), strict=True))
    return picture[: high * rows, : wide * columns].reshape(high, rows, wide, columns).mean(axis=(1, 3)).ravel()
