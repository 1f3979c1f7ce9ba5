"""Calcium painted into unrolled walls without it, real ones above all, and what looks like calcium and is none."""

from __future__ import annotations

import numpy as np
from OCTCalciumLib.labels import CALCIUM
from OCTCalciumLib.wall.polar_view import ANGLES, DEPTH_MM
from scipy.ndimage import gaussian_filter1d

from . import decibel_deposits, fading_deposits
from .deposit_shapes import away_from_middle, logarithmic, smoothed, surface_brightness, tissue_of
from .views import LEAST_VISIBLE

FADING_SHARE = 0.7  # of walls whose grey is taken to fade exponentially with depth, as that of the real frames does


def painted(grey: np.ndarray, labels: np.ndarray, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Grey and labels (ANGLES, DEPTHS) of a wall with one to three deposits drawn into it, each of which can be seen."""
    grey, labels = grey.astype(np.float32), labels.copy()
    fading = random.random() < FADING_SHARE
    if fading:
        grey = fading_deposits.wall_before(grey, labels, random)
    tissue = tissue_of(grey, labels)
    if not tissue.any():
        return grey, labels
    if not fading:
        grey = decibel_deposits.wall_before(grey, tissue, random)
    bright = surface_brightness(grey, tissue)
    deposit = (fading_deposits if fading else decibel_deposits).deposit
    for _ in range(random.choice([1, 2, 3], p=[0.55, 0.3, 0.15])):
        with_deposit, inside = deposit(grey, tissue, bright, random)
        drawn = np.where(tissue, np.clip(with_deposit, fading_deposits.DARKEST, 255), grey)
        changed = tissue & inside
        if changed.any() and np.mean(np.abs(smoothed(drawn - grey))[changed]) >= LEAST_VISIBLE * bright:
            grey = drawn
            labels[changed] = CALCIUM
    return grey, labels


def with_look_alike(grey: np.ndarray, labels: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Grey (ANGLES, DEPTHS) of a wall with what looks like calcium and is none.

    Lipid, in which light is lost quickly and whose sides fade; a thick bright intima; the shadow of something at the lumen border.
    """
    grey = grey.astype(np.float32)
    away = away_from_middle(logarithmic((8, 110), random), random)
    side = 1 / (1 + np.exp(np.minimum((away - 1) * random.uniform(3, 9), 50)))[:, None]
    wave = gaussian_filter1d(random.standard_normal(ANGLES), random.uniform(4, 14), mode="wrap")
    begins_mm = np.maximum(random.uniform(0.02, 0.45) * (1 + 0.25 * wave / wave.std()), 0)[:, None]
    kind = random.choice(["lipid", "intima", "shadow"])
    if kind == "lipid":
        within = np.clip((DEPTH_MM - begins_mm) / random.uniform(0.05, 0.3), 0, 1)
        lost = np.exp(-random.uniform(1, 5) * side * np.maximum(DEPTH_MM - begins_mm, 0))
        gain = lost * (1 - side * within * random.uniform(0, 0.3))
    elif kind == "intima":
        ends = np.clip((DEPTH_MM - random.uniform(0.15, 0.6)) / random.uniform(0.1, 0.5), 0, 1)
        gain = 1 + side * random.uniform(0.1, 0.7) * (1 - ends)
    else:
        gain = 1 - side * random.uniform(0.2, 0.8) * np.clip(np.maximum(DEPTH_MM, 0) / 0.1, 0, 1)
    return np.where(tissue_of(grey, labels), np.clip(grey * gain, fading_deposits.DARKEST, 255), grey)
