"""Deposits in a display whose grey fades exponentially with depth, as measured in real frames.

There the wall's grey falls as exp(-2 to -3 per mm) behind its brightest layer, to a tenth at 1.2 mm. In one patient's calcium it
begins lower and falls as quickly; in another's it falls as exp(-0.9 per mm), so that the deposit is darker than the wall near the
lumen and two to three times as bright further out. A deposit has a level, a fall and a grain of its own; the wall goes on behind
it from the light that is left.
"""

from __future__ import annotations

import numpy as np
from OCTCalciumLib.labels import BACKGROUND, GUIDEWIRE
from OCTCalciumLib.wall.polar_view import ANGLES, DEPTH_MM, DEPTHS
from scipy.ndimage import gaussian_filter, gaussian_filter1d

from .deposit_shapes import Shape, edges_mm, pattern, share_of, smoothed, tissue_of

SHAPE = Shape((9, 130), (0.0, 0.45), (0.0, 0.5), (0.25, 1.5))
DARKEST = 1.2  # grey of tissue; what is 0 lies outside the field of view
_RAYS = np.arange(ANGLES)


def wall_before(grey: np.ndarray, labels: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """The wall's grey (ANGLES, DEPTHS), mostly beyond the field of view that was recorded, and now and then steeper or softer."""
    wire = (labels == GUIDEWIRE).any(axis=1, keepdims=True)
    if random.random() < 0.75:
        grey = _continued(grey, labels, wire, random)
    tissue = tissue_of(grey, labels)
    if random.random() < 0.6:
        uneven = 1 + 1.5 * gaussian_filter1d(random.standard_normal(ANGLES), 12, mode="wrap")[:, None]
        fall_per_mm = random.uniform(0, 1.6) * np.maximum(uneven, 0)
        grey = np.where(tissue, np.maximum(grey * np.exp(-fall_per_mm * np.maximum(DEPTH_MM, 0)), DARKEST), grey)
    if random.random() < 0.5:
        soft = gaussian_filter(grey, (random.uniform(0, 1.2), random.uniform(0, 1.5)), mode=("wrap", "nearest"))
        grey = np.where(tissue, np.maximum(soft, DARKEST), grey)
    return grey


def deposit(grey: np.ndarray, tissue: np.ndarray, bright: float, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Grey (ANGLES, DEPTHS) of the wall with one deposit more, and where that lies, booleans of the same shape.

    Args:
        tissue: booleans of that shape, where anything may change. bright: grey of the wall's brightest layer.
    """
    inner, outer = edges_mm(SHAPE, random)
    share = share_of(inner, outer, random)
    level = _level(inner, bright, random)
    grain = 1 + _contrast(grey, tissue) * random.uniform(0.6, 1.4) * _grain(random)
    around = _around(grey, level, share, inner, outer, random)
    return share * level * np.maximum(grain, 0.15) + (1 - share) * around, (inner <= DEPTH_MM) & (outer > DEPTH_MM)


def _level(inner: np.ndarray, bright: float, random: np.random.Generator) -> np.ndarray:
    """A deposit's grey without grain: what it begins with and how it falls, with rays, patches and layers in it."""
    begins = bright * random.uniform(0.3, 1.0) * np.exp(-random.uniform(0, 2.2) * inner)
    uneven = random.uniform(0, 0.16) * pattern("rays", random) + random.uniform(0, 0.22) * pattern("patches", random)
    if random.random() < 0.4:
        uneven = uneven + random.uniform(0, 0.2) * pattern("layers", random)
    return begins * np.exp(uneven - random.uniform(0.4, 3.2) * np.maximum(DEPTH_MM - inner, 0))


def _around(grey, level, share, inner, outer, random: np.random.Generator) -> np.ndarray:
    """The wall beside, before and behind a deposit, all (ANGLES, DEPTHS), edges (ANGLES, 1)."""
    there = outer > inner
    at = np.clip(np.searchsorted(DEPTH_MM[0], outer[:, 0]), 0, DEPTHS - 1)
    left = (level[_RAYS, at] / np.maximum(smoothed(grey)[_RAYS, at], 2.0))[:, None]
    left = np.clip(left, 0.3, 6) ** random.uniform(0.2, 1.0)
    lost = np.exp(-np.maximum(DEPTH_MM - outer, 0) / random.uniform(0.15, 0.6)) if random.random() < 0.5 else 1.0
    around = np.where((outer <= DEPTH_MM) & there, grey * (1 + (left - 1) * lost), grey)
    soft = gaussian_filter1d(there.astype(np.float32), random.uniform(1.5, 5), axis=0, mode="wrap")
    if random.random() < 0.25:  # a line along its outer edge
        around = around * (1 + random.uniform(0.1, 1.0) * soft * (np.abs(DEPTH_MM - outer) < 0.03))
    if random.random() < 0.4:  # a cap that is brighter or darker than the wall
        around = around * (1 + random.uniform(-0.35, 0.5) * soft * ((DEPTH_MM > 0) & (inner > DEPTH_MM)))
    if random.random() < 0.4:  # bright wall beside it
        flank = gaussian_filter(share, (random.uniform(4, 10), 3), mode=("wrap", "nearest"), truncate=2)
        beside = flank * (1 - share) * ((DEPTH_MM > 0.1) & (outer.max() > DEPTH_MM))
        around = around * (1 + random.uniform(0.3, 2.5) * beside)
    return around


def _continued(grey: np.ndarray, labels: np.ndarray, wire: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """The wall drawn on where the recording's field of view ended."""
    beyond = np.minimum.accumulate((grey < 1)[:, ::-1], axis=1)[:, ::-1]
    if not beyond.any() or beyond.all():
        return grey
    last = np.maximum((~beyond).sum(axis=1) - 1, 0)
    mean = smoothed(np.where(beyond, 0, grey), 3.0) / np.maximum(smoothed((~beyond).astype(np.float32), 3.0), 1e-3)
    end_mm = DEPTH_MM[0][last][:, None]
    faded = mean[_RAYS, last][:, None] * np.exp(-random.uniform(1.2, 3.2) * np.maximum(DEPTH_MM - end_mm, 0))
    drawn = faded * np.maximum(1 + random.uniform(0.1, 0.28) * _grain(random), 0.2)
    drawn = np.where(wire, np.minimum(drawn, random.uniform(2, 8)), drawn)
    seam = (labels == BACKGROUND) & (end_mm - 0.04 < DEPTH_MM)  # the last samples are half outside
    return np.where(beyond | seam, np.maximum(drawn, DARKEST), grey)


def _contrast(grey: np.ndarray, tissue: np.ndarray) -> float:
    """Standard deviation of the wall's grain as a share of its grey, at most 0.3."""
    seen = tissue & (DEPTH_MM > 0.1) & (DEPTH_MM < 0.8)
    if not seen.any():
        return 0.15
    mean = smoothed(grey)
    return min(float(np.std(((grey - mean) / np.maximum(mean, 3))[seen])), 0.3)


def _grain(random: np.random.Generator) -> np.ndarray:
    """Speckle (ANGLES, DEPTHS) of standard deviation 1, finer than what ``smoothed`` leaves."""
    size = random.uniform(0.4, 1.2), random.uniform(0.5, 2.2)
    grain = gaussian_filter(random.standard_normal((ANGLES, DEPTHS), dtype=np.float32), size, mode=("wrap", "nearest"))
    grain = grain - smoothed(grain)
    return grain / grain.std()
