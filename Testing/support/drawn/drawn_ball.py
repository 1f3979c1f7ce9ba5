"""A head with a ball of blood in it, as simple as its truth."""

from __future__ import annotations

import numpy as np
from LesionReadingLib.geometry.grid import stacked_grid

SLICES, SIZE, PIXEL_MM = 9, 120, 1.0
BRAIN, BLOOD, BONE, CALCIFICATION = 32, 65, 900, 140


def a_head(noise=3.0):
    """(HU, truth, grid): a ball of blood of radius 18 mm in slice 4 that touches the skull, 5 mm slices; calcium beside it."""
    z, y, x = np.mgrid[:SLICES, :SIZE, :SIZE].astype(float)
    radius = np.hypot(y - 60, x - 60)
    hounsfield = np.where(radius < 50, BRAIN, np.where(radius < 55, BONE, -1000)).astype(float)
    ball = (((z - 4) * 5) ** 2 + (y - 60) ** 2 + (x - 88) ** 2 < 18**2) & (radius < 50)
    hounsfield[ball] = BLOOD
    hounsfield[4, 54:60, 68:74] = CALCIFICATION
    hounsfield += np.random.default_rng(3).normal(0, noise, hounsfield.shape)
    truth = ball & (radius < 49)
    truth[4, 54:60, 68:74] = False
    positions = np.arange(SLICES)[:, None] * [0.0, 0.0, 5.0]
    grid = stacked_grid((SIZE, SIZE), (PIXEL_MM, PIXEL_MM), np.array([0.0, 1, 0]), np.array([1.0, 0, 0]), positions, 5.0)
    return hounsfield.astype(np.int16), truth, grid
