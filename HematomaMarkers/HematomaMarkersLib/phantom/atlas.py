"""The average brain from which every phantom head is warped.

``data/mni152_tissues.npz`` holds, on a grid of 1.5 mm: the shares of grey and white matter, and the distances from the brain's
hull and from the ventricles. It was made from the ICBM 152 non-linear symmetric 2009a average brain (Fonov 2011; copyright
1993-2009 Louis Collins, McConnell Brain Imaging Centre, Montreal Neurological Institute, McGill University; free to use, copy,
modify and distribute for any purpose).

Coordinates are LPS in mm with the origin at the anterior commissure. Arrays are (z, y, x), and so are points, as (3, ...) arrays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from scipy import ndimage

_FILE = Path(__file__).parents[1] / "data/mni152_tissues.npz"


@dataclass(frozen=True, eq=False)
class Field:
    """Numbers on an even grid, to be read anywhere between its points (beyond it, the nearest counts).

    Attributes:
        values: (z, y, x) float32. origin_mm: (z, y, x) of the first. step_mm: between neighbours.
    """

    values: np.ndarray
    origin_mm: tuple[float, float, float]
    step_mm: float

    def at(self, points_mm: np.ndarray, nearest: bool = False) -> np.ndarray:
        """Values, linear between the grid's points, at (3, ...) points."""
        places = [(points - first) / self.step_mm for points, first in zip(points_mm, self.origin_mm, strict=True)]
        return ndimage.map_coordinates(self.values, places, order=0 if nearest else 1, mode="nearest")

    def at_those(self, points_mm: np.ndarray, wanted: np.ndarray, elsewhere: float) -> np.ndarray:
        """Values at those of (3, ...) points that are ``wanted`` (booleans, (...)); at the others a value that costs nothing."""
        values = np.full(wanted.shape, elsewhere, np.float32)
        values[wanted] = self.at(points_mm[:, wanted])
        return values

    def points_mm(self) -> np.ndarray:
        """(3, z, y, x) float32, where the grid's points lie."""
        axes = [first + self.step_mm * np.arange(size) for size, first in zip(self.values.shape, self.origin_mm, strict=True)]
        return np.stack(np.meshgrid(*axes, indexing="ij")).astype(np.float32)


@dataclass(frozen=True, eq=False)
class Atlas:
    """Shares of grey and white matter (0 to 1); signed distances in mm, negative inside, from the hull and the ventricles."""

    grey: Field
    white: Field
    hull_mm: Field
    ventricle_mm: Field


@lru_cache(maxsize=1)
def atlas() -> Atlas:
    """Read the atlas, once."""
    with np.load(_FILE) as stored:
        origin, step = tuple(stored["origin_mm"].tolist()), float(stored["step_mm"])
        scale = {"grey": 1 / stored["levels"], "white": 1 / stored["levels"], "hull_half_mm": 0.5, "ventricle_half_mm": 0.5}
        fields = [Field(stored[name].astype(np.float32) * np.float32(factor), origin, step) for name, factor in scale.items()]
    return Atlas(*fields)


def empty_field(low_mm: Sequence[float], high_mm: Sequence[float], step_mm: float) -> Field:
    """A field of zeros that covers a box (z, y, x)."""
    sizes = [int(np.ceil((high - low) / step_mm)) + 1 for low, high in zip(low_mm, high_mm, strict=True)]
    return Field(np.zeros(sizes, np.float32), tuple(float(low) for low in low_mm), step_mm)


def noise_field(rng: np.random.Generator, like: Field, wavelength_mm: float) -> np.ndarray:
    """Smooth random numbers, standard deviation 1 and mean 0, on the grid of ``like``; ``wavelength_mm`` from hill to hill."""
    weights = [_spline_weights(length, like.step_mm / (wavelength_mm / 2)) for length in like.values.shape]
    values = rng.standard_normal([axis.shape[1] for axis in weights]).astype(np.float32)
    for axis in weights:  # one axis after the other; each product puts its axis last, so that after three they are in order again
        values = np.tensordot(values, axis, axes=(0, 1))
    return (values - values.mean()) / max(float(values.std()), 1e-6)


def _spline_weights(length: int, knots_per_point: float) -> np.ndarray:
    """(length, knots) weights of uniform cubic B-splines at evenly spaced points."""
    places = np.arange(length) * knots_per_point + 1
    distance = np.abs(places[:, None] - np.arange(int(np.ceil(places[-1])) + 2)[None, :])
    near, far = 2 / 3 - distance**2 + distance**3 / 2, (2 - distance) ** 3 / 6
    return np.where(distance < 1, near, np.where(distance < 2, far, 0)).astype(np.float32)
