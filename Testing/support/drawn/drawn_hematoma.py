"""Hematomas and heads drawn by geometry: densities are given at places in mm, and a scan averages them over its voxels."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from HematomaMarkersLib.labels import HEMATOMA
from HematomaMarkersLib.reading.scan import Scan
from LesionReadingLib.geometry.grid import Grid, stacked_grid
from scipy import ndimage

Places = np.ndarray
"""(..., 3) LPS in mm."""

SUPINE, PRONE = np.array([0.0, 1.0, 0.0]), np.array([0.0, -1.0, 0.0])
BRAIN_HU, BLOOD_HU = 33.0, 62.0
_LAYERS = 5  # places across a slice over which it averages


def grid_around_origin(
    size: int = 96,
    pixel_mm: tuple[float, float] = (0.5, 0.5),
    steps_mm: tuple[float, ...] = (5.0,) * 8,
    tilt_deg: float = 0.0,
    thickness_mm: float = 5.0,
) -> Grid:
    """Axial slices around the origin, moved along z by ``steps_mm`` while the gantry leans by ``tilt_deg``."""
    lean = np.radians(tilt_deg)
    row_axis, column_axis = np.array([0, np.cos(lean), -np.sin(lean)]), np.array([1.0, 0, 0])
    heights = np.concatenate([[0.0], np.cumsum(steps_mm)]) - np.sum(steps_mm) / 2
    corner = -(size - 1) / 2 * (pixel_mm[0] * row_axis + pixel_mm[1] * column_axis)
    return stacked_grid(
        (size, size), pixel_mm, row_axis, column_axis, corner + heights[:, None] * np.array([0, 0, 1.0]), thickness_mm
    )


def places_mm(grid: Grid) -> Places:
    """(slices, rows, columns, 3), by the formula of DICOM PS3.3 C.7.6.2.1.1."""
    rows, columns = np.arange(grid.rows)[:, None, None], np.arange(grid.columns)[:, None]
    return grid.positions_mm[:, None, None] + rows * grid.row_mm * grid.row_axis + columns * grid.column_mm * grid.column_axis


def in_ellipsoid(places: Places, radii_mm, centre_mm=(0.0, 0.0, 0.0)) -> np.ndarray:
    """Whether places lie in an ellipsoid along the axes."""
    return (((places - np.array(centre_mm)) / np.array(radii_mm)) ** 2).sum(axis=-1) < 1


def scanned(
    grid: Grid,
    inside: Callable[[Places], np.ndarray],
    density_hu: Callable[[Places], np.ndarray] | float = BLOOD_HU,
    gravity: np.ndarray | None = SUPINE,
    noise_hu: float = 4.0,
    blur_mm: float = 0.6,
    seed: int = 0,
    background_hu: float = BRAIN_HU,
) -> tuple[Scan, np.ndarray]:
    """Scan a hematoma in brain: (CT, labels). Voxels average over the slice, are blurred, and are noisy.

    Args:
        inside: whether places are in the hematoma; a voxel is labelled where half of it is. density_hu: of its blood.
    """
    middle = places_mm(grid)
    blood, density = np.zeros(grid.shape), np.zeros(grid.shape)
    for layer in (np.arange(_LAYERS) + 0.5) / _LAYERS - 0.5:
        places = middle + (layer * grid.extents_mm[:, None, None] * np.ones(grid.shape))[..., None] * grid.normal
        within = inside(places)
        blood += within / _LAYERS
        density += np.where(within, density_hu(places) if callable(density_hu) else density_hu, background_hu) / _LAYERS
    sigma = (0, blur_mm / grid.row_mm, blur_mm / grid.column_mm)
    density = ndimage.gaussian_filter(density, sigma) + np.random.default_rng(seed).normal(0, noise_hu, grid.shape)
    labels = np.where(ndimage.gaussian_filter(blood, sigma) >= 0.5, HEMATOMA, 0).astype(np.uint8)
    return Scan(np.round(density).astype(np.int16), grid, gravity), labels
