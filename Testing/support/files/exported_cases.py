"""Cases of *Export for training* whose truth is known: a phantom pullback, and a head with a round bleed."""

from __future__ import annotations

import numpy as np
from drawn_head import EVEN, POINT_MM, head_on, slices, voxel_places_mm
from HematomaMarkersLib.labels import MARKERS
from LesionReadingLib.geometry.grid import matrix_grid
from LesionReadingLib.studies.training_case import write_case
from OCTCalciumLib.phantom.pullback import draw_pullback

PIXEL_MM, FRAME_MM = 0.05, 0.4
BLEED_MM = 22.0  # radius
SEEN = dict(zip(MARKERS, (True, False, False, True), strict=True))


def a_pullback_case(folder, seed=5, size=(96, 128), **changed):
    drawn = draw_pullback(seed, 4, 128, frame_mm=FRAME_MM)
    values = {
        "task": "oct-calcium",
        "image": drawn.frames[:, : size[0], : size[1]],
        "labels": drawn.labels[:, : size[0], : size[1]],
        "grid": matrix_grid((4, *size), [[0, PIXEL_MM, 0], [0, 0, -PIXEL_MM], [FRAME_MM, 0, 0]], (3.0, -2.0, 8.0)),
        "reviewed": (),
        "markers": None,
    }
    return write_case(folder, **(values | changed))


def a_head_case(folder, markers=None, reviewed=(), brain_hu=30, grid=None):
    """A bleed in the head; slice k of the file has brain of ``brain_hu`` + k / 2 HU."""
    grid = slices(EVEN, tilt_deg=10.0) if grid is None else grid
    image = head_on(grid)
    image[image == 35] = np.broadcast_to(brain_hu + np.arange(len(image))[:, None, None] // 2, image.shape)[image == 35]
    bleed = np.linalg.norm(voxel_places_mm(grid) - POINT_MM, axis=-1) < BLEED_MM
    image[bleed] = 65
    return write_case(folder, "hematoma-markers", image, bleed, grid, reviewed=reviewed, markers=markers)
