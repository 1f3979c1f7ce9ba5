"""The lumen of a frame without any network: the closed border, seen from the catheter, where dark turns into bright wall."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter, map_coordinates

from ..labels import BACKGROUND, GUIDEWIRE, GUIDEWIRE_SHADOW_BEYOND_LUMEN_MM, LUMEN
from .border_paths import closed_border

_RAYS = 360
_STEP_MM = 0.0125
_REACH_MM = 3.5
_CATHETER_MM = 0.5  # radius of imaging catheters (2.7 F) with their innermost rings: the wall begins behind it
_BEFORE_MM, _BEHIND_MM = 0.35, 0.2  # of the border: how much is compared on both sides of it
_SURFACE_MM = 0.15
_SHADOW = 0.35  # of the usual brightness of the surface: darker than that, the guidewire hides it
_SHADOW_DEG = (4, 60)  # a guidewire's sector is at least and at most so wide
_STEPS = (5, 0.15)


def found_lumen(grey: np.ndarray, pixel_mm: float) -> np.ndarray:
    """Label map, uint8 (rows, columns), with the lumen and the guidewire's sector of a frame, found by their brightness alone.

    The picture's centre is taken for the catheter. A frame that shows no wall gets a border, too: whoever asks has seen a wall.

    Args:
        grey: uint8 (rows, columns). pixel_mm: side of a (square) pixel.
    """
    centre = tuple((size - 1) / 2 for size in grey.shape)
    wall = _unrolled(grey, centre, pixel_mm)
    border = closed_border(-_rise(wall), _STEPS)
    hidden = _in_shadow(wall, border)
    return _drawn(grey.shape, centre, pixel_mm, border * _STEP_MM, hidden)


def _unrolled(grey: np.ndarray, centre: tuple[float, float], pixel_mm: float) -> np.ndarray:
    """Float32 (rays, samples) about the centre, smoothed; 1 is the bright end of what lies behind the catheter."""
    turn = np.arange(_RAYS)[:, None] * (2 * np.pi / _RAYS)
    radius = np.arange(0, _REACH_MM, _STEP_MM)[None, :] / pixel_mm
    places = [centre[0] + np.sin(turn) * radius, centre[1] + np.cos(turn) * radius]
    wall = map_coordinates(grey, places, np.float32, order=1, mode="constant", prefilter=False)
    wall = gaussian_filter(wall, 1.0, mode=("wrap", "nearest"))
    bright = float(np.percentile(wall[:, round(_CATHETER_MM / _STEP_MM) :], 97))
    return np.clip(wall / max(bright, 1.0), 0, 1)


def _rise(wall: np.ndarray) -> np.ndarray:
    """(rays, samples): how much brighter it is behind a sample than before it."""
    before, behind = (round(reach / _STEP_MM) for reach in (_BEFORE_MM, _BEHIND_MM))
    rise = _means(wall, 0, behind) - _means(wall, -before, 0)
    rise[:, : round(_CATHETER_MM / _STEP_MM)] = -_STEPS[0]  # never inside the catheter
    return rise


def _in_shadow(wall: np.ndarray, border: np.ndarray) -> np.ndarray:
    """Booleans (rays,): runs of rays whose surface is too dark for a wall, as wide as a guidewire's shadow."""
    surface = _means(wall, 0, round(_SURFACE_MM / _STEP_MM))[np.arange(_RAYS), border]
    dark = surface < _SHADOW * np.median(surface)
    if dark.all() or not dark.any():
        return np.zeros(_RAYS, bool)
    start = int(np.flatnonzero(~dark)[0])  # a run across the seam is whole when counting starts outside all runs
    turned = np.roll(dark, -start)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], turned, [False]]).astype(np.int8)))
    least, most = (width * _RAYS / 360 for width in _SHADOW_DEG)
    hidden = np.zeros(_RAYS, bool)
    for first, stop in zip(edges[::2], edges[1::2], strict=True):
        hidden[first:stop] = least <= stop - first <= most
    return np.roll(hidden, start)


def _means(wall: np.ndarray, first: int, stop: int) -> np.ndarray:
    """Means of the samples from ``first`` to ``stop`` beside each, as far as there are any."""
    sums = np.concatenate([np.zeros((len(wall), 1)), np.cumsum(wall, axis=1)], axis=1)
    here = np.arange(wall.shape[1])
    low, high = (np.clip(here + by, 0, wall.shape[1]) for by in (first, stop))
    return (sums[:, high] - sums[:, low]) / np.maximum(high - low, 1)


def _drawn(
    shape: tuple[int, int], centre: tuple[float, float], pixel_mm: float, border_mm: np.ndarray, hidden: np.ndarray
) -> np.ndarray:
    reach = (float(border_mm.max()) + GUIDEWIRE_SHADOW_BEYOND_LUMEN_MM) / pixel_mm
    window = tuple(
        slice(max(int(middle - reach), 0), min(int(middle + reach) + 2, size)) for middle, size in zip(centre, shape, strict=True)
    )
    rows, columns = (np.arange(part.start, part.stop, dtype=np.float32) for part in window)
    down, right = rows[:, None] - np.float32(centre[0]), columns[None, :] - np.float32(centre[1])
    ray = np.arctan2(down, right) % np.float32(2 * np.pi) * np.float32(_RAYS / (2 * np.pi))
    behind_mm = np.hypot(down, right) * np.float32(pixel_mm) - np.interp(ray, np.arange(_RAYS), border_mm, period=_RAYS)
    in_shadow = hidden[np.rint(ray).astype(int) % _RAYS]
    labels = np.full(shape, BACKGROUND, np.uint8)
    near = labels[window]
    near[behind_mm < 0] = LUMEN
    near[in_shadow & (behind_mm >= 0) & (behind_mm < GUIDEWIRE_SHADOW_BEYOND_LUMEN_MM)] = GUIDEWIRE
    return labels
