"""Calcium painted into unrolled walls without it, real ones above all: what it changes in grey, with the wall's own grain."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from OCTCalciumLib.labels import BACKGROUND, CALCIUM, GUIDEWIRE
from OCTCalciumLib.wall.polar_view import ANGLES, DEPTH_MM, DEPTHS
from scipy.ndimage import gaussian_filter, gaussian_filter1d, uniform_filter

from .views import ANGLE_RAD, LEAST_VISIBLE

_PATTERNS = {"patches": ((2, 6), (2, 6)), "layers": ((10, 14), (1, 1.5)), "rays": ((0.6, 1.0), (15, 25))}
_SHEETS = 24


@dataclass(frozen=True)
class Look:
    """How a deposit differs from the wall; ranges (low, high) of one kind of deposit.

    Attributes:
        step_db: change of backscatter. back_db_per_mm: light that calcium's weaker attenuation leaves, per mm.
        half_deg: half its arc. inner_mm: depth of its inner edge; dome_mm: how much deeper that lies at its sides.
        thickness_mm: largest thickness. flanks: share of deposits beside which the wall is brighter.
    """

    step_db: tuple[float, float]
    back_db_per_mm: tuple[float, float]
    half_deg: tuple[float, float]
    inner_mm: tuple[float, float]
    dome_mm: tuple[float, float]
    thickness_mm: tuple[float, float]
    flanks: float


PALE = Look((-7, -1), (8, 16), (25, 150), (0.03, 0.3), (0.0, 0.5), (0.6, 1.5), 0.3)
DARK = Look((-12, -4), (0, 8), (9, 60), (0.05, 0.5), (0.0, 0.3), (0.3, 1.2), 0.7)
ANY = Look((-11, 1), (0, 16), (9, 150), (0.0, 0.45), (0.0, 0.5), (0.25, 1.4), 0.5)
LOOKS, SHARES = (PALE, DARK, ANY), (0.4, 0.4, 0.2)


def painted(grey: np.ndarray, labels: np.ndarray, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Grey and labels (ANGLES, DEPTHS) of a wall with one to three deposits drawn into it, each of which can be seen.

    Grey is taken as proportional to decibels: inside a deposit backscatter changes by a step and the attenuation that is not
    there gives grey back with depth, so that behind the deposit the wall is brighter than it was.
    """
    grey, labels = grey.astype(np.float32), labels.copy()
    tissue = (labels == BACKGROUND) & (grey >= 1) & ~(labels == GUIDEWIRE).any(axis=1, keepdims=True)
    if random.random() < 0.5:  # a wall in which light does not reach far, beside a deposit in which it does
        grey = np.where(tissue, np.clip(grey - random.uniform(0, 100) * np.maximum(DEPTH_MM, 0), 1, 255), grey)
    bright = max(float(np.percentile(grey[tissue], 90)), 20.0) if tissue.any() else 20.0
    for _ in range(random.choice([1, 2, 3], p=[0.6, 0.3, 0.1])):
        look = LOOKS[random.choice(len(LOOKS), p=SHARES)]
        inner, outer = _edges_mm(look, random)
        inside = (inner <= DEPTH_MM) & (outer > DEPTH_MM)
        share = gaussian_filter(inside.astype(np.float32), random.uniform(0.4, 3.0, 2), mode=("wrap", "nearest"), truncate=2.5)
        drawn = np.where(tissue, np.clip(_drawn(grey, share, inner, outer, look, bright, random), 1, 255), grey)
        changed = tissue & inside
        if changed.any() and np.mean(np.abs(drawn - grey)[changed]) >= LEAST_VISIBLE * bright:
            grey = drawn
            labels[changed] = CALCIUM
    return grey, labels


def _drawn(grey, share, inner, outer, look: Look, bright: float, random: np.random.Generator) -> np.ndarray:
    """Grey of a wall with one deposit, of which every sample belongs to it by a share (all (ANGLES, DEPTHS), edges (ANGLES, 1))."""
    grey_per_db = random.uniform(4, 10)
    mean = uniform_filter(grey, 7, mode=("wrap", "nearest"))
    surface = (DEPTH_MM[0] > 0.02) & (DEPTH_MM[0] < 0.42)
    grain = np.roll((grey - mean)[:, surface], random.integers(ANGLES), axis=0)
    grain = np.concatenate([grain, grain[:, ::-1]], axis=1)
    grain = np.tile(grain, (1, DEPTHS // grain.shape[1] + 1))[:, :DEPTHS]
    back_db = random.uniform(*look.back_db_per_mm) * (np.clip(DEPTH_MM, inner, np.maximum(outer, inner)) - inner)
    uneven_db = random.uniform(0, 2.5) * _pattern("patches", random) + random.uniform(0, 2.0) * _pattern("rays", random)
    if random.random() < 0.5:
        uneven_db = uneven_db + random.uniform(0, 2.5) * _pattern("layers", random)
    level = mean + grey_per_db * (random.uniform(*look.step_db) + uneven_db + back_db)
    deposit = level + grain * np.clip(level / bright, 0.1, 1.0)
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
    return share * deposit + (1 - share) * around


def _edges_mm(look: Look, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Depth of the inner and the outer edge, (ANGLES, 1) each; equal where there is no deposit."""
    half = np.radians(np.exp(random.uniform(*np.log(look.half_deg))))
    away = np.abs((ANGLE_RAD - random.uniform(0, 2 * np.pi) + np.pi) % (2 * np.pi) - np.pi) / half
    wave = gaussian_filter1d(random.standard_normal((2, ANGLES)), random.uniform(3, 12), axis=1, mode="wrap")
    wave /= wave.std(axis=1, keepdims=True)
    dome = random.uniform(*look.dome_mm) * np.clip(away, 0, 1) ** 3
    inner = random.uniform(*look.inner_mm) * (1 + 0.25 * wave[0]) + dome
    profile = np.clip(1 - away**2, 0, None) ** random.uniform(0.15, 0.9)
    thickness = random.uniform(*look.thickness_mm) * profile * np.clip(1 + 0.2 * wave[1], 0.4, 2)
    inner = np.maximum(inner, 0)[:, None]
    return inner, np.minimum(inner + thickness[:, None], 2.0)


def _pattern(kind: str, random: np.random.Generator) -> np.ndarray:
    """Smooth noise (ANGLES, DEPTHS), a ring along the angles, of standard deviation 1; one of few sheets, turned and mirrored."""
    sheet = np.roll(_sheets(kind)[random.integers(_SHEETS)], random.integers(ANGLES), axis=0)
    return sheet[:, ::-1] if random.random() < 0.5 else sheet


@cache
def _sheets(kind: str) -> np.ndarray:
    random = np.random.default_rng(list(_PATTERNS).index(kind))
    around, along = _PATTERNS[kind]
    sheets = []
    for _ in range(_SHEETS):
        noise = random.standard_normal((ANGLES, DEPTHS), dtype=np.float32)
        sheet = gaussian_filter(noise, (random.uniform(*around), random.uniform(*along)), mode=("wrap", "nearest"))
        sheets.append(sheet / sheet.std())
    return np.stack(sheets)
