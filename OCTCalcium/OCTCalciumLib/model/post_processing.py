"""What a network's answer is freed of before anything is measured: specks that no deposit, lumen or wire can be.

Only a network's answer is post-processed; an annotator's label map is measured as it was drawn.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from LesionReadingLib.masks import filled, pieces
from scipy import ndimage

from ..labels import BACKGROUND, CALCIUM, GUIDEWIRE, LUMEN

SMALLEST_CALCIUM = 4e-4
"""Area of the smallest piece of calcium kept, as a share of the frame: 105 of 512 x 512 pixels, 0.015 mm2 where 6 mm are seen."""

SMALLEST_WIRE = 0.25
"""Area of the smallest piece of the guidewire's label kept, as a share of the largest: a second wire stays, specks go."""

FARTHEST_NEIGHBOUR_MM = 0.5
"""Frames up to this far apart show the same deposit; of frames known to be farther apart each stands alone."""


def post_processed(labels: np.ndarray) -> np.ndarray:
    """Give a frame's label map, uint8 (rows, columns), without specks.

    Calcium keeps its pieces of at least ``SMALLEST_CALCIUM`` of the frame, the guidewire those of at least ``SMALLEST_WIRE`` of its
    largest, the lumen its largest one. What surrounded a speck takes its place: lumen inside the lumen, else background.
    """
    clean = labels.copy()
    boxes = ndimage.find_objects(labels, max_label=LUMEN)
    for value, pixels, share in ((CALCIUM, SMALLEST_CALCIUM * labels.size, 0), (GUIDEWIRE, 0, SMALLEST_WIRE), (LUMEN, 0, 1)):
        box = boxes[value - 1]
        if box is not None:
            clean[box][_specks(labels[box] == value, pixels, share)] = BACKGROUND
    if boxes[LUMEN - 1] is not None:
        inside = clean[boxes[LUMEN - 1]]
        inside[filled(inside == LUMEN) & (inside == BACKGROUND)] = LUMEN
    return clean


def temporally_smoothed(
    frames: Iterable[np.ndarray], frame_mm: float | None, alike: Sequence[bool] | None = None
) -> Iterator[np.ndarray]:
    """Give the label maps, uint8 (rows, columns), of neighbouring frames with calcium that does not flicker.

    A pixel called calcium or background against both its neighbour frames, which agree on the other of the two, takes theirs; the
    first and the last frame stay as they are. Lumen and guidewire, which move with the heart, are never touched. Nothing is
    changed where frames are known to lie farther apart than ``FARTHEST_NEIGHBOUR_MM``; at an unknown distance neighbours are those
    that look alike.

    Args:
        frames: in the order of the pullback.
        frame_mm: distance between them, None where unknown.
        alike: whether each frame looks like the one before it; asked only at an unknown distance, and only of frames given so far.
    """
    if frame_mm is not None and frame_mm > FARTHEST_NEIGHBOUR_MM:
        yield from frames
        return
    before = now = None
    for number, after in enumerate(frames):
        if now is not None:
            together = frame_mm is not None or alike is None or (alike[number - 1] and alike[number])
            yield _majority_of_three(before, now, after) if before is not None and together else now
        before, now = now, after
    if now is not None:
        yield now


def _majority_of_three(before: np.ndarray, now: np.ndarray, after: np.ndarray) -> np.ndarray:
    wall = (now <= CALCIUM) & (before == after) & (before <= CALCIUM)
    return np.where(wall, before, now)


def _specks(mask: np.ndarray, pixels: float, share: float) -> np.ndarray:
    """Pieces of a mask with fewer than so many ``pixels``, or with less than that ``share`` of the largest piece's."""
    numbers, sizes = pieces(mask, 2)
    return mask & (sizes < max(pixels, share * sizes.max()))[numbers]
