"""A wall that fades behind a round lumen, with a deposit in it."""

from __future__ import annotations

import numpy as np
from OCTCalciumLib.labels import CALCIUM, GUIDEWIRE, LUMEN

SIZE, PIXEL_MM, RADIUS_MM = 320, 0.02, 1.3
INNER_MM, OUTER_MM = 0.2, 0.7
CENTRE = (150.0, 170.0)


def places(centre=CENTRE):
    row, column = np.mgrid[:SIZE, :SIZE]
    down, right = row - centre[0], column - centre[1]
    return np.hypot(down, right) * PIXEL_MM - RADIUS_MM, np.degrees(np.arctan2(down, right)) % 360


def a_wall(begin_deg, end_deg, inside=70.0, noise=4.0, wire_deg=None, seed=1):
    """(grey, true labels): wall that fades with depth behind a round lumen, and a deposit of another brightness in it."""
    behind_mm, angle = places()
    grey = np.where(behind_mm < 0, 8.0, 200 * np.exp(-np.maximum(behind_mm, 0) / 1.6))
    deposit = (behind_mm >= INNER_MM) & (behind_mm < OUTER_MM) & ((angle - begin_deg) % 360 <= (end_deg - begin_deg) % 360)
    grey[deposit] = inside
    labels = np.where(behind_mm < 0, LUMEN, 0).astype(np.uint8)
    labels[deposit] = CALCIUM
    if wire_deg is not None:
        hidden = (behind_mm >= 0) & (angle >= wire_deg[0]) & (angle < wire_deg[1])
        grey[hidden] = 5
        labels[hidden & (behind_mm < 1)] = GUIDEWIRE
    noisy = grey + np.random.default_rng(seed).normal(0, noise, grey.shape)
    return np.clip(noisy, 0, 255).astype(np.uint8), labels


def point(angle_deg, depth_mm=(INNER_MM + OUTER_MM) / 2):
    reach = (RADIUS_MM + depth_mm) / PIXEL_MM
    return CENTRE[0] + reach * np.sin(np.radians(angle_deg)), CENTRE[1] + reach * np.cos(np.radians(angle_deg))


def dice(one, other):
    return 2 * (one & other).sum() / (one.sum() + other.sum())
