"""A plain head drawn by geometry on any grid of slices: an egg of brain in a shell of bone, in LPS, with what a test puts in."""

from __future__ import annotations

import numpy as np
from LesionReadingLib.geometry.grid import Grid, stacked_grid

RADII_MM = np.array([70.0, 88.0, 75.0])
SHELL = 1.12  # outer border of the bone, in radii of the brain
SIZE, PIXEL_MM = 64, 4.0
POINT_MM = np.array([23.0, -31.0, 14.0])  # left, in front, above the middle


def voxel_places_mm(grid: Grid) -> np.ndarray:
    """(slices, rows, columns, 3) LPS of every voxel, by the formula of DICOM PS3.3 C.7.6.2.1.1."""
    rows, columns = np.arange(grid.rows)[:, None, None], np.arange(grid.columns)[:, None]
    return grid.positions_mm[:, None, None] + rows * grid.row_mm * grid.row_axis + columns * grid.column_mm * grid.column_axis


def head_on(grid: Grid) -> np.ndarray:
    """The head (slices, rows, columns) int16 HU: brain 35 within ``RADII_MM`` of the origin, bone 900 around it, else air -1000."""
    distance = np.linalg.norm(voxel_places_mm(grid) / RADII_MM, axis=-1)
    return np.where(distance < 1, 35, np.where(distance < SHELL, 900, -1000)).astype(np.int16)


def nearest_voxel(grid: Grid, place_mm: np.ndarray) -> tuple[int, ...]:
    """The voxel whose centre lies nearest to a place, by looking at all."""
    away = np.linalg.norm(voxel_places_mm(grid) - place_mm, axis=-1)
    return np.unravel_index(int(away.argmin()), away.shape)


def slices(normal_steps_mm, tilt_deg: float = 0.0, turn: np.ndarray | None = None, size: int = SIZE) -> Grid:
    """Slices around the origin: the table moves by ``normal_steps_mm`` along z while the gantry leans by ``tilt_deg``.

    Args:
        turn: (3, 3) rotation of everything, for oblique planes.
    """
    heights = np.concatenate([[0], np.cumsum(normal_steps_mm)]) - np.sum(normal_steps_mm) / 2
    lean = np.radians(tilt_deg)
    column_axis, row_axis = np.array([1.0, 0, 0]), np.array([0, np.cos(lean), -np.sin(lean)])
    corner = -(size - 1) / 2 * PIXEL_MM * (column_axis + row_axis)
    positions = corner + heights[:, None] * np.array([0, 0, 1.0])
    turn = np.eye(3) if turn is None else turn
    return stacked_grid(
        (size, size), (PIXEL_MM, PIXEL_MM), turn @ row_axis, turn @ column_axis, positions @ turn.T, float(np.mean(normal_steps_mm))
    )


def rotation(axis, angle_deg: float) -> np.ndarray:
    """Rotation matrix by Rodrigues' formula."""
    x, y, z = np.asarray(axis, float) / np.linalg.norm(axis)
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    angle = np.radians(angle_deg)
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross


def reversed_slices(grid: Grid) -> Grid:
    """The same slices from the other end."""
    return stacked_grid(
        (grid.rows, grid.columns),
        (grid.row_mm, grid.column_mm),
        grid.row_axis,
        grid.column_axis,
        grid.positions_mm[::-1],
        float(grid.extents_mm[0]),
    )


EVEN = [7.0] * 21
MIXED = [4.2] * 16 + [1.1] + [7.4] * 11
GRIDS = {
    "upright": slices(EVEN),
    "tilted": slices(EVEN, tilt_deg=18.5),
    "tilted back": slices(EVEN, tilt_deg=-22.0),
    "oblique": slices(EVEN, turn=rotation([1, 0.4, 0.7], 17)),
    "oblique and tilted": slices(EVEN, tilt_deg=12.0, turn=rotation([0.2, 1, -0.5], 11)),
    "mixed": slices(MIXED),
    "mixed and tilted": slices(MIXED, tilt_deg=18.5),
    "head first in reverse": reversed_slices(slices(MIXED, tilt_deg=10.0)),
}
