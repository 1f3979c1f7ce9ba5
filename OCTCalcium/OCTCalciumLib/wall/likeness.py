"""Whether pictures look like an intravascular OCT pullback, whatever a network marked in them.

The catheter lies in a lumen that is flushed and dark, the wall begins bright, and as it weakens light, little comes back from
deeper; coherent light makes speckle all over it. A network finds a "lumen" in photographs, other scans and charts too; around
that there is seldom such a wall, and what was drawn has no speckle.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from LesionReadingLib.language import _
from scipy.ndimage import map_coordinates

from ..labels import GUIDEWIRE, LUMEN
from ..reading.cautions import NOT_OCT, Caution
from ..reading.pullback import Pullback, sample_indices
from ..vessel.field_of_view import field_of_view
from ..vessel.strays import SMALLEST_LUMEN
from .polar_view import ANGLES, PolarView, polar_view

_INSIDE, _SURFACE, _DEEP = (-0.45, -0.15), (0.05, 0.3), (0.9, 1.3)
"""Stretches of a ray, from the lumen border in radii of the lumen: with 1.2 mm the last is 1.1 to 1.6 mm deep, where light ends."""

_DARK, _FADED = 0.6, 0.8  # of the surface's grey, at most, inside of the lumen and deep in the wall
_LEAST_GREY = 8  # of the surface
_LEAST_GRAIN = 0.004
"""Of the surface's grey, from ray to ray: at least 0.024 in real frames (0.0045 blurred by three pixels), 0.0064 in phantoms; at
most 0.0035 in charts, drawings and gradients."""

_LARGEST_LUMEN = 0.5  # of the picture: at most 0.28 of real frames and phantoms; pages and discs that fill it leave no wall to see

_MOST_RAYS = 0.5
"""Share of the rays: at least 0.79 in real frames, median of a phantom pullback 0.58 and more; at most 0.48 of photographs."""

_LEAST_MEASURED = 0.1  # share of the rays that reach deep within the picture
_NEAR_LUMEN = 1.25  # the catheter's distance from the lumen's centroid, in that of the border; up to 0.73 in frames and phantoms
_SOME_FRAMES = 0.25
_SAMPLES = 12
_SQUARE = 1.05  # sides of a picture that shows the vessel alone; a console's has panels, and its middle is no catheter


def with_likeness_caution(pullback: Pullback, labels: np.ndarray) -> Pullback:
    """The pullback with a caution, before its others, where hardly a frame with a lumen looks like intravascular OCT.

    Args:
        pullback: frames without overlays. labels: (frames, rows, columns) as a network gave them.
    """
    with_lumen = [number for number, frame in enumerate(labels) if np.count_nonzero(frame == LUMEN) >= SMALLEST_LUMEN * frame.size]
    chosen = [with_lumen[index] for index in sample_indices(len(with_lumen), _SAMPLES)] if with_lumen else []
    frames = [next(iter(pullback.read(number, number + 1))) for number in chosen]
    if not frames:
        return pullback  # said already: nothing can be said of calcium
    catheter = _catheter(frames, pullback.pixel_aspect)
    alike = [looks_like_oct(frame, labels[number], catheter) for frame, number in zip(frames, chosen, strict=True)]
    if np.mean(alike) >= _SOME_FRAMES:
        return pullback
    sentence = _(
        "These pictures do not look like an intravascular OCT pullback (no dark lumen around the catheter with a bright wall that "
        "fades with depth): no number here should be relied on; check that the right files were chosen."
    )
    return replace(pullback, cautions=(Caution(NOT_OCT, sentence), *pullback.cautions))


def looks_like_oct(frame: np.ndarray, labels: np.ndarray, catheter: tuple[float, float] | None) -> bool:
    """Whether along most rays a dark lumen ends at a bright, grained wall that fades, with the catheter in that lumen.

    Args:
        frame: grey, uint8 (rows, columns). labels: the same shape, some of them ``LUMEN``.
        catheter: its (row, column); None where not known.
    """
    view = polar_view(labels, 1.0)
    if view is None or np.count_nonzero(labels == LUMEN) > _LARGEST_LUMEN * labels.size:
        return False
    if catheter is not None and _distance(view, catheter) > _NEAR_LUMEN:
        return False
    near_border = _samples(view, frame, *_SURFACE)
    inside, deep = (_mean(_samples(view, frame, *stretch)) for stretch in (_INSIDE, _DEEP))
    surface = _mean(near_border)
    seen = ~(view.labels == GUIDEWIRE).any(axis=1) & np.isfinite(inside) & np.isfinite(surface)
    if _grain(near_border[seen]) < _LEAST_GRAIN:
        return False
    bright = (surface > _LEAST_GREY) & (inside < _DARK * surface)
    measured = seen & np.isfinite(deep)
    if measured.mean() >= _LEAST_MEASURED:
        return bool(np.mean((bright & (deep < _FADED * surface))[measured]) >= _MOST_RAYS)
    return bool(seen.any() and np.mean(bright[seen]) >= _MOST_RAYS)  # a vessel that fills the picture


def _samples(view: PolarView, frame: np.ndarray, first: float, last: float) -> np.ndarray:
    """(ANGLES, 6) grey between two distances from the border (radii of the lumen); nan outside of the picture."""
    radius = np.sqrt(np.mean(view.border_mm**2))
    distance = view.border_mm[:, None] + radius * np.linspace(first, last, 6)
    turn = (np.arange(ANGLES) * (2 * np.pi / ANGLES))[:, None]
    places = view.vertex[0] + np.sin(turn) * distance, view.vertex[1] + np.cos(turn) * distance
    grey = map_coordinates(frame, places, np.float32, order=1, mode="constant", cval=np.nan, prefilter=False)
    grey[distance < 0] = np.nan
    return grey


def _mean(samples: np.ndarray) -> np.ndarray:
    """(ANGLES,) mean along each ray of what lies in the picture; nan where nothing does."""
    count = np.isfinite(samples).sum(axis=1)
    return np.where(count, np.nansum(samples, axis=1) / np.maximum(count, 1), np.nan)


def _grain(samples: np.ndarray) -> float:
    """How far the grey of a ray lies off that of its two neighbours, as a share of the grey: the median of (rays, distances)."""
    about = (samples[:-2] + samples[1:-1] + samples[2:]) / 3
    off = np.abs(samples[1:-1] - (samples[:-2] + samples[2:]) / 2)
    bright = about > _LEAST_GREY
    return float(np.median(off[bright] / about[bright])) if bright.any() else 0.0


def _distance(view: PolarView, place: tuple[float, float]) -> float:
    """How far a (row, column) lies from the lumen's centroid, in the distance of the border there."""
    down, right = place[0] - view.vertex[0], place[1] - view.vertex[1]
    ray = int(np.arctan2(down, right) / (2 * np.pi) * ANGLES) % ANGLES
    return float(np.hypot(down, right) / max(view.border_mm[ray], 1e-6))


def _catheter(frames: Sequence[np.ndarray], aspect: float) -> tuple[float, float] | None:
    """(row, column) of the middle of the round picture, or of a square one; None where neither is there."""
    circle = field_of_view(frames, aspect)
    if circle is not None:
        return circle[0], circle[1]
    rows, columns = frames[0].shape
    side = rows * aspect / columns
    return ((rows - 1) / 2, (columns - 1) / 2) if 1 / _SQUARE < side < _SQUARE else None
