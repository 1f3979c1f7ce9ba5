"""Deposits in a display whose grey is proportional to decibels: a step of backscatter, and light given back with depth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from OCTCalciumLib.wall.polar_view import ANGLES, DEPTH_MM, DEPTHS
from scipy.ndimage import gaussian_filter, uniform_filter

from .deposit_shapes import Shape, edges_mm, pattern, share_of


@dataclass(frozen=True)
class Look:
    """How a deposit differs from the wall; ranges (low, high) of one kind of deposit.

    Attributes:
        step_db: change of backscatter. back_db_per_mm: light that calcium's weaker attenuation leaves, per mm.
        shape: where it lies. flanks: share of deposits beside which the wall is brighter.
    """

    step_db: tuple[float, float]
    back_db_per_mm: tuple[float, float]
    shape: Shape
    flanks: float


PALE = Look((-7, -1), (8, 16), Shape((25, 150), (0.03, 0.3), (0.0, 0.5), (0.6, 1.5)), 0.3)
DARK = Look((-12, -4), (0, 8), Shape((9, 60), (0.05, 0.5), (0.0, 0.3), (0.3, 1.2)), 0.7)
ANY = Look((-11, 1), (0, 16), Shape((9, 150), (0.0, 0.45), (0.0, 0.5), (0.25, 1.4)), 0.5)
LOOKS, SHARES = (PALE, DARK, ANY), (0.4, 0.4, 0.2)


def wall_before(grey: np.ndarray, tissue: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """The wall's grey (ANGLES, DEPTHS), in half of the cases as one in which light does not reach far."""
    if random.random() < 0.5:
        return np.where(tissue, np.clip(grey - random.uniform(0, 100) * np.maximum(DEPTH_MM, 0), 1, 255), grey)
    return grey


def deposit(grey: np.ndarray, tissue: np.ndarray, bright: float, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Grey (ANGLES, DEPTHS) of the wall with one deposit more, and where that lies, booleans of the same shape."""
    look = LOOKS[random.choice(len(LOOKS), p=SHARES)]
    inner, outer = edges_mm(look.shape, random)
    drawn = _drawn(grey, share_of(inner, outer, random), inner, outer, look, bright, random)
    return drawn, (inner <= DEPTH_MM) & (outer > DEPTH_MM)


def _drawn(grey, share, inner, outer, look: Look, bright: float, random: np.random.Generator) -> np.ndarray:
    """Grey of a wall with one deposit, of which every sample belongs to it by a share (all (ANGLES, DEPTHS), edges (ANGLES, 1))."""
    grey_per_db = random.uniform(4, 10)
    mean = uniform_filter(grey, 7, mode=("wrap", "nearest"))
    surface = (DEPTH_MM[0] > 0.02) & (DEPTH_MM[0] < 0.42)
    grain = np.roll((grey - mean)[:, surface], random.integers(ANGLES), axis=0)
    grain = np.concatenate([grain, grain[:, ::-1]], axis=1)
    grain = np.tile(grain, (1, DEPTHS // grain.shape[1] + 1))[:, :DEPTHS]
    back_db = random.uniform(*look.back_db_per_mm) * (np.clip(DEPTH_MM, inner, np.maximum(outer, inner)) - inner)
    uneven_db = random.uniform(0, 2.5) * pattern("patches", random) + random.uniform(0, 2.0) * pattern("rays", random)
    if random.random() < 0.5:
        uneven_db = uneven_db + random.uniform(0, 2.5) * pattern("layers", random)
    level = mean + grey_per_db * (random.uniform(*look.step_db) + uneven_db + back_db)
    inside = level + grain * np.clip(level / bright, 0.1, 1.0)
    around = grey + grey_per_db * random.uniform(0.3, 1.0) * back_db * (outer <= DEPTH_MM)
    there = outer > inner
    if random.random() < 0.3:  # a line along its outer edge
        around = around + grey_per_db * random.uniform(1, 5) * (there & (np.abs(DEPTH_MM - outer) < 0.03))
    if random.random() < 0.5:  # a cap that is brighter or darker than the wall
        around = around + grey_per_db * random.uniform(-2, 3) * (there & (DEPTH_MM > 0) & (inner > DEPTH_MM))
    if random.random() < look.flanks:
        flank = gaussian_filter(share, (random.uniform(4, 10), 3), mode=("wrap", "nearest"), truncate=2)
        beside = flank * (1 - share) * ((DEPTH_MM > 0.1) & (outer.max() > DEPTH_MM))
        around = around + grey_per_db * random.uniform(2, 14) * beside
    return share * inside + (1 - share) * around
