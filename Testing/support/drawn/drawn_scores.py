"""Scores of a frame that are known by geometry, as the second step of a model would give them.

A lumen of radius 1.2 mm in the network's square, pixels of 0.01 mm. A deposit of probability 0.9 that was marked, and one of 0.3
that was not, both 0.2 to 0.5 mm behind the lumen; nothing elsewhere, and behind a guidewire nothing is seen.
"""

from __future__ import annotations

import numpy as np
from OCTCalciumLib.labels import GUIDEWIRE, LUMEN
from OCTCalciumLib.letterbox import NETWORK_SIZE
from OCTCalciumLib.wall.polar_view import ANGLES, DEPTH_MM, polar_view
from OCTCalciumLib.wall.scores import WallScores, wall_scores

PIXEL_MM, RADIUS_MM = 0.01, 1.2
DEPOSIT, POSSIBLE, WIRE = (20, 80), (120, 160), (290, 310)
"""Degrees about the lumen's centroid, 0 to the right and growing downward."""


def drawn_scores(turned_deg: float = 0, down: float = 0, right: float = 0) -> WallScores:
    """The scores of the frame turned by so much, its lumen so many pixels beside the middle of the square."""
    rows, columns = np.mgrid[:NETWORK_SIZE, :NETWORK_SIZE] - (NETWORK_SIZE - 1) / 2
    away_mm, turn = np.hypot(rows - down, columns - right) * PIXEL_MM, np.degrees(np.arctan2(rows - down, columns - right))
    labels = np.where(away_mm < RADIUS_MM, LUMEN, 0).astype(np.uint8)
    labels[((turn - turned_deg) % 360 > WIRE[0]) & ((turn - turned_deg) % 360 < WIRE[1]) & (away_mm > 1) & (away_mm < 2)] = (
        GUIDEWIRE
    )
    view = polar_view(labels, PIXEL_MM)
    angle = ((np.arange(ANGLES) * 360 / ANGLES - turned_deg) % 360)[:, None]
    deep = (DEPTH_MM > 0.2) & (DEPTH_MM < 0.5)
    marked, possible = ((angle >= first) & (angle <= last) & deep for first, last in (DEPOSIT, POSSIBLE))
    return wall_scores(view, np.where(marked, 0.9, np.where(possible, 0.3, 0)).astype(np.float32), marked, 0.05)
