"""The en-face map as bare pixels, drawn in a few milliseconds: the vessel wall unrolled.

Frames run from left to right, angles from bottom (0 degrees) to top, as in the report's figure.
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np

from ...colors import THICKNESS, rgb
from ...measurement.pullback import PullbackMeasurement

DEGREES_PER_ROW = 3
BAND_ROWS = 8  # above the map: where the stretches of 180 degrees or more are marked
WIDTH = 640  # pixels, about; every frame is a whole number of pixels wide


def thickness_scale_mm(measurement: PullbackMeasurement) -> float:
    """Where the colours of the map end: 1 mm, or more where calcium is thicker."""
    return max(1.0, math.ceil((measurement.max_thickness_mm or 0) * 5) / 5)


def en_face_picture(measurement: PullbackMeasurement) -> np.ndarray:
    """The map: thickness as colour, the guidewire's shadow grey, a band above for the stretches of 180 degrees or more.

    Returns:
        uint8 (``BAND_ROWS`` + 120, frames x whole number, 3).
    """
    cells = _cells(measurement)
    band = np.full((BAND_ROWS, len(measurement.frames), 3), _byte("paper"), np.uint8)
    for run in measurement.runs:
        band[: BAND_ROWS - 2, run.first_frame : run.last_frame + 1] = _byte("calcium_over_180")
    return np.vstack([band, cells[::-1]]).repeat(pixels_per_frame(len(measurement.frames)), axis=1)


def pixels_per_frame(frame_count: int) -> int:
    """How many pixels of the picture a frame is wide."""
    return max(1, round(WIDTH / frame_count))


def _cells(measurement: PullbackMeasurement) -> np.ndarray:
    """(120, frames, 3) uint8, upwards from 0 degrees: the thickest of three degrees, or whether there is calcium at all."""
    frames = measurement.frames
    shape = (len(frames), 360 // DEGREES_PER_ROW, DEGREES_PER_ROW)
    guidewire = np.stack([frame.guidewire for frame in frames]).reshape(shape).any(axis=2)
    picture = np.full((*guidewire.shape, 3), _byte("paper"), np.uint8)
    picture[guidewire] = _byte("shadow")
    if measurement.thickness_map_mm is None:
        calcium = np.stack([frame.calcium_degrees for frame in frames]).reshape(shape).any(axis=2)
        picture[calcium] = _byte("calcium")
    else:
        thickness = np.nan_to_num(measurement.thickness_map_mm).reshape(shape).max(axis=2)
        calcium = thickness > 0
        ramp = _ramp()
        level = thickness[calcium] / thickness_scale_mm(measurement) * (len(ramp) - 1)
        picture[calcium] = ramp[np.minimum(level, len(ramp) - 1).astype(int)]
    return picture.swapaxes(0, 1)


@cache
def _ramp() -> np.ndarray:
    """(256, 3) uint8, the colours of thickness from thin to thick."""
    stops = np.array([[int(code[at : at + 2], 16) for at in (1, 3, 5)] for code in THICKNESS])
    at = np.linspace(0, len(stops) - 1, 256)
    return np.stack([np.interp(at, np.arange(len(stops)), channel) for channel in stops.T], axis=1).round().astype(np.uint8)


def _byte(name: str) -> np.ndarray:
    return np.round(np.multiply(rgb(name), 255)).astype(np.uint8)
