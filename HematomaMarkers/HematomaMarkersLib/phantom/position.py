"""How a phantom patient lies in the scanner, and which slices are made of the head.

Everything in mm and LPS; poses turn points (z, y, x), see ``physics.Pose``.
"""

from __future__ import annotations

import numpy as np
from LesionReadingLib.geometry.grid import Grid, stacked_grid

from .anatomy import Person
from .physics import Pose


def draw_pose(rng: np.random.Generator) -> Pose:
    """How most patients lie: the chin down a little, the head turned a little."""
    turns_deg = (rng.normal(0, 5), rng.normal(0, 3.5), rng.normal(4, 6))
    return turned_pose(turns_deg, (rng.uniform(-700, 100), rng.uniform(-25, 15), rng.uniform(-12, 12)))


def turned_pose(turns_deg: tuple[float, float, float], shift_mm: tuple[float, float, float]) -> Pose:
    """A head turned about z, y and x (in this order seen from outside), then moved by (z, y, x)."""
    yaw, roll, pitch = np.deg2rad(turns_deg)
    about_z = np.array([[1, 0, 0], [0, np.cos(yaw), np.sin(yaw)], [0, -np.sin(yaw), np.cos(yaw)]])
    about_y = np.array([[np.cos(roll), 0, np.sin(roll)], [0, 1, 0], [-np.sin(roll), 0, np.cos(roll)]])
    about_x = np.array([[np.cos(pitch), np.sin(pitch), 0], [-np.sin(pitch), np.cos(pitch), 0], [0, 0, 1]])
    return Pose(about_z @ about_y @ about_x, np.array(shift_mm))


def turned_deg(pose: Pose) -> float:
    """How far the head is turned within an axial slice; 0 for a nose that points straight up or down."""
    y, x = pose.rotation[1:, 1]
    return float(np.degrees(np.arctan2(abs(x), abs(y))))


def draw_slices(
    rng: np.random.Generator,
    pose: Pose,
    person: Person,
    size: int,
    pixel: float,
    *,
    slice_mm: float | None,
    tilt_deg: float | None,
    lowest_mm: float = -68.0,
) -> tuple[Grid, np.ndarray]:
    """Slices of ``size`` pixels of ``pixel`` mm, and how thick each is (mm).

    From ``lowest_mm`` of the average head, below the skull's base, to the vertex: even, or thinner at the base; a third of all
    gantries are tilted.
    """
    drawn_tilt = float(rng.choice((0.0, rng.uniform(8, 22)), p=(0.65, 0.35)))
    tilt = np.deg2rad(drawn_tilt if tilt_deg is None else tilt_deg)
    drawn_mm = float(rng.choice((3.0, 4.0, 4.8, 5.0, 5.0, 6.0)))
    uneven = bool(rng.random() < 0.2)
    step = slice_mm or drawn_mm
    low, high = (pose.shift_mm[0] + z * person.scale[0] for z in (lowest_mm, 97.0))
    steps = [step] * int(np.ceil((high - low) / step))
    if uneven and slice_mm is None:
        base = int(50 / (0.6 * step))
        steps = [0.6 * step] * base + [1.3 * step] * int(np.ceil((high - low - base * 0.6 * step) / (1.3 * step)))
    heights = low + np.concatenate([[0], np.cumsum(steps)])
    row_axis, column_axis = np.array([0, np.cos(tilt), -np.sin(tilt)]), np.array([1.0, 0, 0])
    half = (size - 1) / 2 * pixel
    middle = np.stack([np.full(len(heights), pose.shift_mm[2]), np.full(len(heights), pose.shift_mm[1] + 8), heights], axis=1)
    positions = middle - half * (row_axis + column_axis)
    grid = stacked_grid((size, size), (pixel, pixel), row_axis, column_axis, positions, step, "phantom")
    return grid, np.minimum(grid.extents_mm, np.append(np.diff(heights), steps[-1]))
