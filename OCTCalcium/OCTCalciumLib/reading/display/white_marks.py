"""White marks of a console inside the picture: letters, arrows, ticks. On a grey picture only their edges tell them.

Light that comes back from a wire, a strut or the lumen's border saturates too, but it fades over some pixels, as the beam is not
sharp.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from LesionReadingLib.masks import with_neighbours
from LesionReadingLib.pieces import Pieces, padded
from scipy import ndimage

_WHITE = 235  # grey level of a mark, with what JPEG leaves of it
_SMALLEST = 12  # pixels
_LARGEST = 0.03  # share of the frame
_EDGE, _EDGE_AT_REST = (0.8, 0.62), (0.75, 0.75)
"""Grey level, as a share of the mark's, that the pixels next to a mark (half covered ones among them) and those one farther stay
below. Around saturated tissue, wires and struts it is 0.85 and 0.7 and more, in a real pullback and in phantoms."""

_FINE = 500  # rows and columns from which the beam is wider than a pixel: in phantoms of 320 pixels struts are as sharp as letters

_NEAR = 6  # pixels between the pieces of one mark

_RESTING = 200  # grey level that a mark has on every frame
_RANGE = 30  # grey levels by which it may change, for JPEG
_MOST_RESTING = 0.2  # share of what is bright; where more rests, the frames show one place
_FEWEST_FRAMES = 5
_CATHETER = 0.25  # of the picture's radius: the rings of the catheter are as sharp, and marks there touch no wall

Circle = tuple[float, float, float]


def sharp_marks(grey: np.ndarray, circle: Circle | None) -> np.ndarray:
    """(rows, columns) bool: white pieces of one frame with sharp edges all around.

    Frames of fewer than 500 rows or columns are too coarse to tell; nothing is marked there.

    Args:
        grey: (rows, columns) uint8.
        circle: row, column and radius of the picture; the largest that fits, where none was found.
    """
    if min(grey.shape) < _FINE:
        return np.zeros(grey.shape, bool)
    return _sharp_pieces(grey, grey >= _WHITE, _EDGE, circle)


def resting_marks(greys: Sequence[np.ndarray], circle: Circle | None) -> np.ndarray:
    """(rows, columns) bool: white pieces with sharp edges that are unchanged on all of a few frames spread over the pullback.

    Args:
        greys: frames (rows, columns) uint8. circle: as in ``sharp_marks``.
    """
    if len(greys) < _FEWEST_FRAMES:
        return np.zeros(greys[0].shape, bool)
    lowest, highest = np.min(greys, axis=0), np.max(greys, axis=0)
    bright = highest >= _RESTING / 2
    if np.count_nonzero(bright & (highest - lowest <= _RANGE)) > _MOST_RESTING * np.count_nonzero(bright):
        return np.zeros(lowest.shape, bool)
    # Edges are looked at on the typical frame: on the darkest, a wire that hardly moves in few frames has sharp ones, too.
    rests = (lowest >= _RESTING) & (highest - lowest <= _RANGE)
    return _sharp_pieces(np.median(greys, axis=0), rests, _EDGE_AT_REST, circle)


def _sharp_pieces(grey: np.ndarray, white: np.ndarray, edge: tuple[float, float], circle: Circle | None) -> np.ndarray:
    rows, columns = grey.shape
    row, column, radius = circle or ((rows - 1) / 2, (columns - 1) / 2, min(rows, columns) / 2)
    marks = np.zeros(grey.shape, bool)
    if np.count_nonzero(white) < _SMALLEST:
        return marks
    pieces = Pieces.of(padded(white))
    boxes = pieces.boxes() - 1  # without the frame around the mask
    middles = (boxes[:, :2] + boxes[:, 2:] - 1) / 2
    possible = np.hypot(middles[:, 0] - row, middles[:, 1] - column) >= _CATHETER * radius
    possible &= (pieces.sizes >= _SMALLEST) & (pieces.sizes <= _LARGEST * grey.size)
    numbers = pieces.numbered(possible, np.add(grey.shape, 2))[1:-1, 1:-1]
    for piece in np.flatnonzero(possible):
        top, left, bottom, right = boxes[piece]
        around = slice(max(0, top - 2), bottom + 2), slice(max(0, left - 2), right + 2)
        inside = numbers[around] == piece + 1
        if _is_sharp(grey[around], inside, edge):
            marks[around] |= inside
    # Dots and thin strokes beside a mark belong to it.
    return white & ndimage.binary_dilation(marks, iterations=_NEAR) if marks.any() else marks


def _is_sharp(grey: np.ndarray, inside: np.ndarray, edge: tuple[float, float]) -> bool:
    """Whether both rings of pixels around a piece are darker than these shares of it."""
    level = _median(grey[inside])
    for share in edge:
        wider = with_neighbours(inside)
        ring = grey[wider & ~inside]
        if ring.size and not _median(ring) < share * level:
            return False
        inside = wider
    return True


def _median(values: np.ndarray) -> float:
    """As numpy's, which takes ten times as long for a few values."""
    ordered = np.sort(values)
    return (float(ordered[(ordered.size - 1) // 2]) + float(ordered[ordered.size // 2])) / 2
