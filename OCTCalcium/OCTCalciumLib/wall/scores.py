"""What the second step's scores of one frame show on a page: a ring of the probability of calcium by angle, and what is unsure."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..labels import BACKGROUND, GUIDEWIRE
from .polar_view import ANGLES, PolarView

HIDDEN = 255
"""Of a ring, where the guidewire hides the wall; a probability from 0 to 1 is 0 to 254."""

RING_RADIUS = 0.965
"""Of the middle of the ring's line, in halves of the picture's shorter side: at the rim, where nothing of the vessel lies."""

_TURN_RAD = np.arange(ANGLES) * (2 * np.pi / ANGLES)


@dataclass(frozen=True, eq=False)
class WallScores:
    """Of one frame.

    Attributes:
        view: where the wall lies in the network's square.
        by_angle: uint8 (ANGLES,), the largest probability of calcium along each ray of the view, 0 to 254, or ``HIDDEN``.
        unsure: booleans (ANGLES, DEPTHS), samples that are seen, held for possible calcium and not marked.
    """

    view: PolarView
    by_angle: np.ndarray
    unsure: np.ndarray

    def ring(self, window: tuple[slice, slice]) -> np.ndarray:
        """What stands at the rim of a frame, uint8 (ANGLES,) as ``by_angle``: each place of it lies on a ray of the view.

        The rays begin at the lumen's centroid, the rim's places are told about the middle of the frame, also from 0 toward
        increasing column and growing toward increasing row.

        Args:
            window: rows and columns of the square that the frame covers, see ``Letterbox``.
        """
        middle = [(part.start + part.stop - 1) / 2 for part in window]
        radius = RING_RADIUS * min(part.stop - part.start for part in window) / 2
        down = middle[0] + radius * np.sin(_TURN_RAD) - self.view.vertex[0]
        right = middle[1] + radius * np.cos(_TURN_RAD) - self.view.vertex[1]
        ray = np.arctan2(down, right) * (ANGLES / (2 * np.pi))
        return self.by_angle[np.rint(ray).astype(int) % ANGLES]

    def unsure_area(self) -> np.ndarray:
        """Where it is unsure, uint8 0 or 1 (rows, columns) of the square; borders lie between samples, also over labels beside."""
        rows, columns = self.view.shape
        return np.unpackbits(self._unsure_bits, count=rows * columns).reshape(rows, columns)

    @cached_property
    def _unsure_bits(self) -> np.ndarray:
        """``unsure_area`` in bits, kept: a page and a segmentation both ask for it."""
        return np.packbits(self.view.covered(self.unsure))


def wall_scores(view: PolarView, probability: np.ndarray, deposits: np.ndarray, possible: float) -> WallScores:
    """The scores of a frame as a page shows them.

    Args:
        probability: of calcium, float (ANGLES, DEPTHS). deposits: booleans of the same shape, what was marked.
        possible: probability from which calcium is held for possible.
    """
    wall = view.labels == BACKGROUND
    largest = np.where(wall, probability, 0).max(axis=1)
    hidden = (view.labels == GUIDEWIRE).any(axis=1)
    by_angle = np.where(hidden, HIDDEN, np.rint(largest * (HIDDEN - 1))).astype(np.uint8)
    return WallScores(view, by_angle, wall & ~hidden[:, None] & ~deposits & (probability >= possible))
