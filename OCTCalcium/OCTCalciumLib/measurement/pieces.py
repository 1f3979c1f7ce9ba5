"""Unbroken pieces of a label, found from the runs of its rows: faster than numbering every pixel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components


@dataclass(frozen=True, eq=False)
class Pieces:
    """The pieces of a mask whose pixels touch each other, also across a corner.

    Attributes:
        starts, stops: (runs,) flat index of the first pixel of each run of a row, and of the one behind its last, in order.
        piece_of_run: (runs,) number of each run's piece, from 0.
        sizes: (pieces,) number of pixels.
    """

    starts: np.ndarray
    stops: np.ndarray
    piece_of_run: np.ndarray
    sizes: np.ndarray

    @classmethod
    def of(cls, mask: np.ndarray) -> Pieces:
        """The pieces of a mask (rows, columns) of booleans with a ring of False around it."""
        flat, width = mask.ravel(), mask.shape[1]
        edges = np.flatnonzero(flat[1:] != flat[:-1]) + 1
        starts, stops = edges[::2], edges[1::2]
        count = starts.size
        # Runs of the row below that touch a run begin at most one pixel behind its end and end at most one before its start.
        first = np.searchsorted(stops, starts + width - 1, side="right")
        touching = np.maximum(np.searchsorted(starts, stops + width, side="right") - first, 0)
        above = np.repeat(np.arange(count), touching)
        below = np.arange(above.size) + np.repeat(first - np.cumsum(touching) + touching, touching)
        piece_of_run = _numbered(above, below, count)
        return cls(starts, stops, piece_of_run, np.bincount(piece_of_run, weights=stops - starts).astype(np.intp))

    @property
    def count(self) -> int:
        """Number of pieces."""
        return len(self.sizes)

    def piece_of_pixels(self) -> np.ndarray:
        """(pixels,) number of each pixel's piece, the pixels in the order of their flat index."""
        return np.repeat(self.piece_of_run, self.stops - self.starts)

    def at(self, indices: np.ndarray) -> np.ndarray:
        """Number of the piece of each of some marked pixels, given by flat index."""
        return self.piece_of_run[np.searchsorted(self.starts, indices, side="right") - 1]

    def pixels_of(self, chosen: np.ndarray) -> np.ndarray:
        """Flat indices of the pixels of the chosen pieces, ``chosen`` being (pieces,) booleans."""
        runs = chosen[self.piece_of_run]
        starts, lengths = self.starts[runs], (self.stops - self.starts)[runs]
        return np.arange(lengths.sum()) + np.repeat(starts - np.cumsum(lengths) + lengths, lengths)


def _numbered(above: np.ndarray, below: np.ndarray, count: int) -> np.ndarray:
    """Number, from 0, of the piece of each of so many runs; run ``above[i]`` touches the later run ``below[i]``."""
    root = np.arange(count)
    root[below[::-1]] = above[::-1]  # the first run that each touches above it
    while not np.array_equal(higher := root[root], root):
        root = higher
    numbers = (np.cumsum(root == np.arange(count)) - 1)[root]
    parted = numbers[above] != numbers[below]  # branches that meet farther down
    if not parted.any():
        return numbers
    branches = int(numbers.max()) + 1
    links = coo_array((np.ones(int(parted.sum()), np.int8), (numbers[above[parted]], numbers[below[parted]])), (branches, branches))
    return connected_components(links, directed=False)[1][numbers]
