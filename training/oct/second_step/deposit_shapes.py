"""Where painted deposits lie in an unrolled wall, and smooth noise to draw them with."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from OCTCalciumLib.labels import BACKGROUND, GUIDEWIRE
from OCTCalciumLib.wall.polar_view import ANGLES, DEPTH_MM, DEPTHS
from scipy.ndimage import gaussian_filter, gaussian_filter1d

from .views import ANGLE_RAD

SURFACE_MM = 0.35  # the wall's brightest layer
_PATTERNS = {"patches": ((2, 6), (2, 6)), "layers": ((10, 14), (1, 1.5)), "rays": ((0.6, 1.0), (15, 25))}
_SHEETS = 24


@dataclass(frozen=True)
class Shape:
    """Where deposits of one kind lie; ranges (low, high).

    Attributes:
        half_deg: half its arc. inner_mm: depth of its inner edge; dome_mm: how much deeper that lies at its sides.
        thickness_mm: largest thickness.
    """

    half_deg: tuple[float, float]
    inner_mm: tuple[float, float]
    dome_mm: tuple[float, float]
    thickness_mm: tuple[float, float]


def tissue_of(grey: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Where a wall shows tissue, booleans (ANGLES, DEPTHS): inside the field of view and outside the guidewire's rays."""
    return (labels == BACKGROUND) & (grey >= 1) & ~(labels == GUIDEWIRE).any(axis=1, keepdims=True)


def surface_brightness(grey: np.ndarray, tissue: np.ndarray) -> float:
    """90th percentile of the wall's brightest layer, at least 20; ``tissue`` is not empty."""
    surface = tissue & (DEPTH_MM > 0) & (DEPTH_MM < SURFACE_MM)
    return max(float(np.percentile(grey[surface if surface.any() else tissue], 90)), 20.0)


def smoothed(grey: np.ndarray, samples: float = 2.0) -> np.ndarray:
    """Grey (ANGLES, DEPTHS) without its grain; ``samples`` is the standard deviation of the Gaussian both ways."""
    return gaussian_filter(grey, (samples, samples), mode=("wrap", "nearest"))


def away_from_middle(half_deg: float, random: np.random.Generator) -> np.ndarray:
    """Distance (ANGLES,) of every ray from a place drawn at random, 1 at ``half_deg``."""
    return np.abs((ANGLE_RAD - random.uniform(0, 2 * np.pi) + np.pi) % (2 * np.pi) - np.pi) / np.radians(half_deg)


def logarithmic(between: tuple[float, float], random: np.random.Generator) -> float:
    """A number of a range, small and large ones being equally likely."""
    return float(np.exp(random.uniform(*np.log(between))))


def edges_mm(shape: Shape, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Depth of the inner and the outer edge, (ANGLES, 1) each; equal where there is no deposit."""
    away = away_from_middle(logarithmic(shape.half_deg, random), random)
    wave = gaussian_filter1d(random.standard_normal((2, ANGLES)), random.uniform(3, 12), axis=1, mode="wrap")
    wave /= wave.std(axis=1, keepdims=True)
    dome = random.uniform(*shape.dome_mm) * np.clip(away, 0, 1) ** 3
    inner = random.uniform(*shape.inner_mm) * (1 + 0.25 * wave[0]) + dome
    profile = np.clip(1 - away**2, 0, None) ** random.uniform(0.15, 0.9)
    thickness = random.uniform(*shape.thickness_mm) * profile * np.clip(1 + 0.2 * wave[1], 0.4, 2)
    inner = np.maximum(inner, 0)[:, None]
    return inner, np.minimum(inner + thickness[:, None], 2.0)


def share_of(inner: np.ndarray, outer: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """How far every sample belongs to the deposit between two edges, 0 to 1: sides are a little soft."""
    inside = (inner <= DEPTH_MM) & (outer > DEPTH_MM)
    return gaussian_filter(inside.astype(np.float32), random.uniform(0.4, 3.0, 2), mode=("wrap", "nearest"), truncate=2.5)


def pattern(kind: str, random: np.random.Generator) -> np.ndarray:
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
