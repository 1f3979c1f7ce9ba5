"""The circular field of view of a pullback: where the catheter saw, apart from where a console wrote."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from LesionReadingLib.masks import largest_piece
from PIL import Image
from scipy import ndimage

LIVE = 6  # grey levels by which a pixel of tissue or blood changes between frames at least

_MOST_STILL = 0.8  # share of the rows; a strip is a third at most
_LEAST_STRETCHED = 0.04  # difference of an aspect from 1 that an outline shows beyond doubt
_SQUARE = 0.01  # difference of an aspect from 1 that moves no circle by more than a pixel


def field_of_view(lumas: Sequence[np.ndarray], aspect: float = 1.0) -> tuple[float, float, float] | None:
    """The circle (row, column, radius in columns) inside which the picture lives, or ``None`` where there is no such circle.

    Live is what changes between frames (in a single frame: what is not black). The largest connected live region must have a
    circular outline over most of the angles that the picture's edge does not cut off, and almost nothing may be live just outside.

    Args:
        lumas: uint8 (rows, columns), of a few frames.
        aspect: height over width of a pixel; where it is not 1 the circle is an ellipse of radius / aspect rows.
    """
    if abs(aspect - 1) > _SQUARE:
        rows, columns = lumas[0].shape
        square_rows = round(rows * aspect)
        squares = [np.asarray(Image.fromarray(luma).resize((columns, square_rows), Image.Resampling.BILINEAR)) for luma in lumas]
        circle = field_of_view(squares)
        scale = square_rows / rows
        return None if circle is None else ((circle[0] + 0.5) / scale - 0.5, *circle[1:])
    found = _live_outline(lumas)
    if found is None:
        return None
    live, outline, free = found
    circle = _fitted_circle(outline[free])
    if circle is None:
        return None
    row, column, radius = circle
    rows, columns = live.shape
    near_centre = abs(row - (rows - 1) / 2) < rows / 2 and abs(column - (columns - 1) / 2) < columns / 2
    if not near_centre or not 0.2 * min(rows, columns) < radius < 0.75 * max(rows, columns):
        return None
    angles = np.degrees(np.arctan2(outline[free, 0] - row, outline[free, 1] - column)).astype(int) % 360
    on_circle = np.abs(np.hypot(outline[free, 0] - row, outline[free, 1] - column) - radius) < max(2.0, 0.015 * radius)
    possible = np.unique(_angles_within(circle, live.shape))
    covered = np.intersect1d(np.unique(angles[on_circle]), possible)
    beyond = beyond_circle(circle, live.shape)
    ring = beyond & ~beyond_circle((row, column, 1.06 * radius), live.shape)
    if len(possible) < 24 or len(covered) < 0.5 * len(possible) or (ring.any() and np.mean(live[ring]) > 0.1):
        return None
    return circle


def aspect_of_round_picture(lumas: Sequence[np.ndarray]) -> float | None:
    """Height over width of a pixel by which the picture's outline, an ellipse on the file's pixels, is a circle.

    ``None`` where the outline is a circle as it is, or no ellipse along rows and columns.
    """
    found = _live_outline(lumas)
    if found is None:
        return None
    live, outline, free = found
    # About the middle of the picture, in halves of its width: down * row^2 + across * column^2 + linear terms = 1.
    points = kept = (outline[free] - (np.array(live.shape) - 1) / 2) / (live.shape[1] / 2)
    for _ in range(12):
        (down, across, *linear), *_ = np.linalg.lstsq(np.column_stack([kept**2, kept]), np.ones(len(kept)), rcond=None)
        if down <= 0 or across <= 0:
            return None
        beside = np.column_stack([points**2, points]) @ np.array([down, across, *linear]) - 1
        kept = points[np.abs(beside) < max(0.03, 1.5 * float(np.median(np.abs(beside))))]
        if len(kept) < 24:
            return None
    aspect = float(np.sqrt(down / across))
    stretched = abs(aspect - 1) > _LEAST_STRETCHED and 0.4 < aspect < 2.5
    return aspect if stretched and field_of_view(lumas, aspect) is not None else None


def longitudinal_strip(lumas: Sequence[np.ndarray]) -> np.ndarray:
    """(rows, columns) bool: the lengthwise cut that consoles show above or below the cross-section, all False without one.

    It is bright over most of its width and the same in every frame, but for the line that marks the frame on display; tissue
    changes with its speckle. Found at the upper or lower border of the picture, it is taken up to that border. Where almost nothing
    changes the frames show one place, and rest tells nothing.
    """
    rows, columns = lumas[0].shape
    strip = np.zeros((rows, columns), bool)
    if len(lumas) < 3:
        return strip
    highest, lowest = np.max(lumas, axis=0), np.min(lumas, axis=0)
    still = np.mean(highest - lowest > LIVE, axis=1) < 0.15
    if np.mean(still) > _MOST_STILL:
        return strip
    bright = still & (np.mean(lowest > LIVE, axis=1) > 0.6)
    for outward, lines in ((slice(None), bright), (slice(None, None, -1), bright[::-1])):
        depth = np.flatnonzero(lines)
        depth = depth[depth < rows // 3]
        if len(depth) < max(4, rows // 100):
            continue
        inner = int(depth[-1])
        quiet = still[outward][inner:] & (np.max(highest, axis=1)[outward][inner:] > LIVE)
        inner += int(np.argmin(quiet)) if not quiet.all() else len(quiet)
        if still[outward][:inner].mean() > 0.95:
            strip[outward][:inner] = True
    return strip


def _live_outline(lumas: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    """What is live, (n, 2) the outline of its largest piece, and (n,) which points of it the picture's edge does not cut off."""
    live = _live(lumas)
    if not live.any():
        return None
    outline = _outline(largest_piece(live))
    rows, columns = live.shape
    margin = 2
    free = (
        (outline[:, 0] > margin)
        & (outline[:, 0] < rows - 1 - margin)
        & (outline[:, 1] > margin)
        & (outline[:, 1] < columns - 1 - margin)
    )
    return (live, outline, free) if np.count_nonzero(free) >= 24 else None


def _live(lumas: Sequence[np.ndarray]) -> np.ndarray:
    highest, lowest = lumas[0].copy(), lumas[0].copy()
    for luma in lumas[1:]:
        np.maximum(highest, luma, out=highest)
        np.minimum(lowest, luma, out=lowest)
    live = highest - lowest > LIVE if len(lumas) > 2 else highest > LIVE
    # Thin drawings hang on the circle like hairs, and speckle leaves holes: both are smaller than this square.
    live = ndimage.binary_closing(np.pad(live, 8), np.ones((5, 5)), iterations=1)[8:-8, 8:-8]
    return ndimage.binary_opening(live, np.ones((5, 5)))


def _outline(region: np.ndarray) -> np.ndarray:
    """(n, 2) rows and columns of the first and last live pixel of every row and every column."""
    points = []
    for mask, flip in ((region, False), (region.T, True)):
        lines = np.flatnonzero(mask.any(axis=1))
        first = mask[lines].argmax(axis=1)
        last = mask.shape[1] - 1 - mask[lines, ::-1].argmax(axis=1)
        for position in (first, last):
            points.append(np.stack([position, lines] if flip else [lines, position], axis=1))
    return np.concatenate(points).astype(float)


def _fitted_circle(points: np.ndarray) -> tuple[float, float, float] | None:
    """Least-squares circle (Kasa), refitted on the points that lie near it; dark stretches lie inside and drop out."""
    kept = points
    for _ in range(12):
        if len(kept) < 12:
            return None
        design = np.column_stack([kept, np.ones(len(kept))])
        solution, *_ = np.linalg.lstsq(design, -(kept**2).sum(axis=1), rcond=None)
        row, column = -solution[:2] / 2
        squared = row**2 + column**2 - solution[2]
        if squared <= 0:
            return None
        radius = float(np.sqrt(squared))
        residual = np.hypot(points[:, 0] - row, points[:, 1] - column) - radius
        # Asymmetric: the outline can only fall short of the true circle, so what lies outside weighs more.
        kept = points[(residual > -max(2.0, 0.7 * np.median(np.abs(residual)))) & (residual < max(4.0, 0.03 * radius))]
    return float(row), float(column), radius + 0.5


def beyond_circle(circle: tuple[float, float, float], shape: tuple[int, ...], aspect: float = 1.0) -> np.ndarray:
    """(rows, columns) bool: pixels outside ``circle`` (row, column, radius in columns); ``aspect`` as in ``field_of_view``."""
    row, column, radius = circle
    rows, columns = np.ogrid[: shape[0], : shape[1]]
    return ((rows - row) * aspect) ** 2 + (columns - column) ** 2 > radius**2


def _angles_within(circle: tuple[float, float, float], shape: tuple[int, ...]) -> np.ndarray:
    """Whole degrees at which the circle lies within the picture."""
    row, column, radius = circle
    angles = np.arange(360)
    rows, columns = row + radius * np.sin(np.radians(angles)), column + radius * np.cos(np.radians(angles))
    return angles[(rows > 3) & (rows < shape[0] - 4) & (columns > 3) & (columns < shape[1] - 4)]
