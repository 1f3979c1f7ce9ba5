"""The hematoma of a phantom head: its shape, its densities, the signs in it and the near misses of those signs.

Definitions: blend sign (Li 2015): parts that differ by at least 18 HU with a sharp border, the less dense one not enclosed. Black
hole (Li 2016): enclosed, more than 28 HU less dense. Swirl (Selariu 2012): enclosed streaks of low density. Hypodensity (Boulouis
2016): any of these, strictly enclosed. Irregular margin: Barras 2009. Fluid level: an interface across gravity, denser below.

A hole of 20 to 27 HU misses the black hole but is a hypodensity all the same, and is kept as one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from scipy import ndimage

from ..labels import BLEND, FLUID_LEVEL, HYPODENSITY, IRREGULAR_MARGIN
from .atlas import Field, empty_field, noise_field

STEP_MM = 0.8
LEAST_BLOOD_HU = 37.0
"""Unclotted blood that reaches the edge stays denser than the brain beside it, or nobody could say that it is blood."""

SIGN_CODES = {BLEND: 1, HYPODENSITY: 2, FLUID_LEVEL: 3}
"""What ``Hematoma.sign`` holds where a point belongs to the less dense part of that sign."""

LOCATION_CENTRES_MM = {  # z, y, x; the mirrored one is as likely. Subcortical hematomas are placed in white matter by the caller.
    "putamen": (3.0, -1.0, 27.0),
    "thalamus": (8.0, 17.0, 14.0),
    "cerebellum": (-33.0, 60.0, 22.0),
    "brainstem": (-27.0, 27.0, 1.0),
}
LOCATION_SHARES = {"putamen": 0.36, "thalamus": 0.27, "subcortical": 0.22, "cerebellum": 0.09, "brainstem": 0.06}
LARGEST_ML = {"putamen": 75.0, "thalamus": 28.0, "subcortical": 75.0, "cerebellum": 26.0, "brainstem": 8.0}

NEAR_MISSES = ("faint split", "gradual split", "leaking hole", "faint hole", "flat top", "slightly uneven margin")


@dataclass(frozen=True, eq=False)
class Hematoma:
    """A hematoma in the head's coordinates.

    Attributes:
        level_mm: about the distance from its surface, negative inside.
        density_hu: of the blood. sign: which sign's less dense part a point belongs to (``SIGN_CODES``), 0 for none.
        centre_mm: (z, y, x). radius_mm: of the ball of the same volume. location: one of ``labels.LOCATIONS``.
        markers: which of the signs it was given. near_misses: which of ``NEAR_MISSES``. volume_ml: as drawn.
    """

    level_mm: Field
    density_hu: Field
    sign: Field
    centre_mm: tuple[float, float, float]
    radius_mm: float
    location: str
    markers: frozenset[str]
    near_misses: tuple[str, ...]
    volume_ml: float


def draw_hematoma(
    rng: np.random.Generator,
    location: str,
    centre_mm: tuple[float, float, float],
    *,
    volume_ml: float,
    wanted: frozenset[str],
    near_misses: tuple[str, ...],
    gravity: np.ndarray,
    room_mm: Callable[[np.ndarray], np.ndarray],
    growth_ml: float = 0.0,
) -> Hematoma:
    """Draw a hematoma.

    Args:
        wanted: markers to draw; one for which there is no room is left out, which ``markers`` of the result tells.
        gravity: (3,) unit vector (z, y, x) that points down.
        room_mm: how far (3, ...) points lie outside the space that blood may fill, negative inside it.
        growth_ml: how much larger it has become since, at most about twice as large; the same random numbers give the same
            hematoma, grown.
    """
    radius = _radius_mm(volume_ml)
    half = 2.1 * radius + 7  # without the growth, so that the noise, and with it shape and signs, are those of the first scan
    grid = empty_field([c - half for c in centre_mm], [c + half for c in centre_mm], STEP_MM)
    points = grid.points_mm()
    level = _shape(rng, grid, points, centre_mm, radius, IRREGULAR_MARGIN in wanted, "slightly uneven margin" in near_misses)
    level = np.maximum(level, room_mm(points))
    if "flat top" in near_misses:
        height = _along(points, centre_mm, gravity)
        level = np.maximum(level, -height - 0.35 * radius)
    level = level - _level_of_volume(level, volume_ml + growth_ml)
    density, sign, drawn = _densities(rng, grid, points, level, centre_mm, radius, wanted, near_misses, gravity)
    markers = drawn | (wanted & {IRREGULAR_MARGIN})
    return Hematoma(
        replace(grid, values=level.astype(np.float32)),
        replace(grid, values=density.astype(np.float32)),
        replace(grid, values=sign.astype(np.float32)),
        tuple(float(c) for c in centre_mm),
        _radius_mm(volume_ml + growth_ml),
        location,
        frozenset(markers),
        near_misses,
        volume_ml + growth_ml,
    )


def _radius_mm(volume_ml: float) -> float:
    return float((3000 * volume_ml / (4 * np.pi)) ** (1 / 3))


def _shape(rng, grid: Field, points: np.ndarray, centre_mm, radius: float, irregular: bool, uneven: bool) -> np.ndarray:
    """A level that grows outwards: one to three ellipsoids run together, with a rough surface; the caller cuts it at a volume."""
    level = np.full(grid.values.shape, np.inf, np.float32)
    for number in range(rng.integers(1, 4)):
        offset = rng.normal(0, 0.3 * radius, 3) if number else np.zeros(3)
        axes = radius * np.exp(rng.normal(0, 0.22, 3)) * (1.0 if number == 0 else rng.uniform(0.5, 0.8))
        turn = _rotation(rng)
        local = np.tensordot(turn, points - (np.asarray(centre_mm) + offset)[:, None, None, None], 1)
        ellipsoid = (np.sqrt(sum((part / axis) ** 2 for part, axis in zip(local, axes, strict=True))) - 1) * axes.mean()
        level = _smooth_minimum(level, ellipsoid, 0.25 * radius)
    smooth = noise_field(rng, grid, 1.6 * radius) * 0.05 * radius
    coarse, fine = noise_field(rng, grid, max(7.0, 0.75 * radius)), noise_field(rng, grid, 5.0)
    if irregular:
        roughness = rng.uniform(0.17, 0.28) * radius * coarse + rng.uniform(0.5, 1.0) * fine
    elif uneven:
        roughness = 0.08 * radius * coarse + 0.3 * fine
    else:
        roughness = rng.uniform(0.0, 0.03) * radius * coarse + 0.1 * fine
    return level + smooth + roughness


def _smooth_minimum(a: np.ndarray, b: np.ndarray, width: float) -> np.ndarray:
    mixed = np.clip(0.5 + 0.5 * (a - b) / width, 0, 1)
    finite = np.where(np.isfinite(a), a, b + width)
    return np.where(np.isfinite(a), finite * (1 - mixed) + b * mixed - width * mixed * (1 - mixed), b)


def _rotation(rng: np.random.Generator) -> np.ndarray:
    turn, upper = np.linalg.qr(rng.standard_normal((3, 3)))
    return turn * np.sign(np.diag(upper))


def _level_of_volume(level: np.ndarray, volume_ml: float) -> float:
    """The level inside which the volume lies."""
    count = min(int(volume_ml * 1000 / STEP_MM**3), level.size - 1)
    return float(np.partition(level.ravel(), count)[count])


def _along(points: np.ndarray, centre_mm, direction: np.ndarray) -> np.ndarray:
    return np.tensordot(np.asarray(direction, np.float32), points - np.asarray(centre_mm, np.float32)[:, None, None, None], 1)


def _densities(rng, grid: Field, points, level, centre_mm, radius: float, wanted: frozenset[str], near_misses, gravity):
    """Density in HU, the code of the sign, and which signs found room."""
    inside = level < 0
    depth = ndimage.distance_transform_edt(inside).astype(np.float32) * STEP_MM
    # Where a part will be less dense, the rest is well clotted.
    densest = rng.uniform(57, 72) if wanted - {IRREGULAR_MARGIN} or near_misses else rng.uniform(46, 72)
    density = np.full(level.shape, densest, np.float32)
    density += noise_field(rng, grid, rng.uniform(4, 12)) * rng.uniform(0.5, 2.2)
    sign = np.zeros(level.shape, np.uint8)
    drawn: set[str] = set()

    def lower(part: np.ndarray, by_hu: float, marker: str | None) -> None:
        """``part`` goes from 0 to 1; the sign is where it is more than half."""
        density[...] -= by_hu * part
        if marker:
            sign[(part > 0.5) & inside] = SIGN_CODES[marker]
            drawn.add(marker)

    def split(height: np.ndarray, share: float, width_mm: float) -> np.ndarray:
        border = np.quantile(height[inside], 1 - share)
        return np.clip((height - border) / width_mm + 0.5, 0, 1)

    if BLEND in wanted or "faint split" in near_misses or "gradual split" in near_misses:
        across = _sideways(rng)
        height = _along(points, centre_mm, across) + noise_field(rng, grid, 1.5 * radius) * rng.uniform(0.0, 0.2) * radius
        if BLEND in wanted:
            by_hu = min(rng.uniform(19, 32), densest - LEAST_BLOOD_HU)
            lower(split(height, rng.uniform(0.25, 0.55), 0.8), by_hu, BLEND)
        elif "faint split" in near_misses:
            lower(split(height, rng.uniform(0.25, 0.55), 0.8), rng.uniform(8, 14), None)
        else:
            lower(split(height, 0.5, 1.6 * radius), rng.uniform(18, 26), None)
    if FLUID_LEVEL in wanted:
        by_hu = min(rng.uniform(16, 30), densest - LEAST_BLOOD_HU)
        lower(split(-_along(points, centre_mm, gravity), rng.uniform(0.3, 0.6), 0.8), by_hu, FLUID_LEVEL)
    if HYPODENSITY in wanted:
        part, by_hu = _hole(rng, points, depth) if rng.random() < 0.55 else _swirl(rng, grid, depth)
        if part is not None:
            lower(part, by_hu, HYPODENSITY)
    if "faint hole" in near_misses:
        part, _ = _hole(rng, points, depth)
        if part is not None:
            lower(part, rng.uniform(3, 7), None)
    if "leaking hole" in near_misses:
        part = _leak(rng, points, depth, centre_mm)
        if part is not None:
            lower(part, rng.uniform(22, 38), None)
    return density, sign, drawn


def _sideways(rng: np.random.Generator) -> np.ndarray:
    """A direction mostly within the slices, so that they show the split, and not from face to neck: that would be a fluid level."""
    while True:
        direction = rng.standard_normal(3) * (0.15, 1.0, 1.0)
        direction /= np.linalg.norm(direction)
        if abs(direction[1]) < 0.8:
            return direction


def _hole(rng, points: np.ndarray, depth: np.ndarray) -> tuple[np.ndarray | None, float]:
    """An enclosed round, oval or rod-like part, at least 2 mm from the surface on every side."""
    deep = np.argwhere(depth > max(0.72 * float(depth.max()), 4.6))
    if not len(deep):
        return None, 0.0
    place = tuple(deep[rng.integers(len(deep))])
    radius = min(float(depth[place]) - 2.0, rng.uniform(2.8, 7.0))
    axes = radius * np.array([rng.uniform(0.8, 1.0), 1.0, rng.uniform(0.55, 1.0)])
    local = np.tensordot(_rotation(rng), points - points[(slice(None), *place)][:, None, None, None], 1)
    distance = (np.sqrt(sum((part / axis) ** 2 for part, axis in zip(local, axes, strict=True))) - 1) * axes.min()
    by_hu = rng.uniform(29, 42) if rng.random() < 0.7 else rng.uniform(20, 27)
    return np.clip(0.5 - distance / 0.9, 0, 1), by_hu


def _swirl(rng, grid: Field, depth: np.ndarray) -> tuple[np.ndarray | None, float]:
    """Enclosed streaks and patches."""
    room = depth > 2.4
    if np.count_nonzero(room) * STEP_MM**3 < 700:
        return None, 0.0
    streaks = noise_field(rng, grid, rng.uniform(7, 11)) + 0.7 * noise_field(rng, grid, 16)
    border = np.quantile(streaks[room], 1 - rng.uniform(0.22, 0.4))
    return np.clip((streaks - border) / 0.3 + 0.5, 0, 1) * np.clip((depth - 2.0) / 0.8, 0, 1), rng.uniform(13, 26)


def _leak(rng, points: np.ndarray, depth: np.ndarray, centre_mm) -> np.ndarray | None:
    """A hole with a channel to the outside: not enclosed, and too small for the less dense part of a blend."""
    part, _ = _hole(rng, points, depth)
    if part is None:
        return None
    weights = part / part.sum()
    middle = np.array([(weights * axis).sum() for axis in points])
    outwards = middle - np.asarray(centre_mm) + rng.normal(0, 1.0, 3) * (0.2, 1, 1)
    outwards /= np.linalg.norm(outwards)
    away = points - middle[:, None, None, None]
    forward = np.tensordot(outwards, away, 1)
    aside = np.sqrt(np.maximum((away**2).sum(0) - forward**2, 0))
    channel = np.clip(0.5 - (aside - rng.uniform(1.6, 2.4)) / 0.9, 0, 1) * (forward > 0)
    return np.maximum(part, channel)
