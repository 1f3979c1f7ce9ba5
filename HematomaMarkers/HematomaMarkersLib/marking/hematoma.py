"""A hematoma by one click inside: its region within limits of HU, kept off bone and brain, followed through the slices.

On the clicked slice the region is what is clearly denser than the brain around it, seen from the blood at the click, and hangs
together with it after thin bridges were cut. On every next slice it is what hangs together with the part below or above, as long
as that is there, and no wider than blood can become from slice to slice. No network takes part.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from LesionReadingLib.errors import InputError
from LesionReadingLib.geometry.grid import Grid
from LesionReadingLib.language import _
from LesionReadingLib.masks import bounding_box, filled, grown, pieces_with
from scipy import ndimage

DENSEST_HU = 100.0
"""Above it lies calcification, metal or bone."""

LEAST_HU = 36.0
"""Below it lies brain, whatever surrounds the click."""

_BONE_HU, _BONE_EDGE_MM = 160, 1.0  # the scanner blurs bone over what lies beside it
_BRAIN_HU = (12, 46)
_SHARE = 0.4  # of the way from brain to the blood at the click: less dense parts belong to it, too
_SMOOTH_MM = 0.9
_BRIDGE_MM = 1.6  # half the width of a bridge that is cut
_SEED_MM = 1.5
_AROUND_MM = 30.0  # the brain that blood is compared with
_REACH_MM = 70.0  # from the click; no hematoma is wider on its slice
_WIDER_MM = 6.0  # how far beyond the region of the slice before the next may reach
_LEAST_SHARED = 0.15  # of the smaller of two regions on neighbouring slices


@dataclass(frozen=True)
class BloodLimits:
    """From where to where something counts as blood, HU."""

    low: float
    high: float


def marked_hematoma(hounsfield: np.ndarray, grid: Grid, seed: tuple[int, int, int]) -> Iterator[tuple[int, np.ndarray]]:
    """The slices of the hematoma that a voxel lies in, from its own slice upwards and then downwards.

    Args:
        hounsfield: int16 (slices, rows, columns). seed: (slice, row, column).

    Yields:
        Number of a slice and booleans (rows, columns).

    Raises:
        InputError: the voxel lies in no blood.
    """
    number, row, column = seed
    limits = blood_limits(hounsfield[number], grid, (row, column))
    away_mm = _away_mm(grid, (row, column))
    first = _region(hounsfield[number], grid, limits, away_mm <= _SEED_MM, away_mm <= _REACH_MM)
    if not first.any():
        raise InputError(_("No blood hangs together with that point; click into the middle of the hematoma."))
    yield number, first
    for way in (1, -1):
        before, here = first, number + way
        while 0 <= here < len(hounsfield):
            before = _region(hounsfield[here], grid, limits, before, grown(before, _WIDER_MM, (grid.row_mm, grid.column_mm)))
            if not before.any():
                break
            yield here, before
            here += way


def blood_limits(image: np.ndarray, grid: Grid, seed: tuple[int, int]) -> BloodLimits:
    """The limits on a slice, int16 (rows, columns), for blood at a pixel: clearly above the brain around it, and below bone.

    Raises:
        InputError: it is no denser than brain, or as dense as bone.
    """
    away_mm = _away_mm(grid, seed)
    blood = float(np.median(image[away_mm <= _SEED_MM]))
    around = image[(away_mm <= _AROUND_MM) & (image >= _BRAIN_HU[0]) & (image <= _BRAIN_HU[1])]
    brain = float(np.median(around)) if around.size else sum(_BRAIN_HU) / 2
    low = max(brain + _SHARE * (blood - brain), LEAST_HU)
    if not low < blood <= DENSEST_HU:
        raise InputError(
            _("That point has {hu:.0f} HU and is no acute blood; click into the middle of the hematoma.").format(hu=blood)
        )
    return BloodLimits(low, DENSEST_HU)


def _region(image: np.ndarray, grid: Grid, limits: BloodLimits, start: np.ndarray, within: np.ndarray) -> np.ndarray:
    """What hangs together with a start, booleans (rows, columns), on a slice; empty where that is too little to go on."""
    box = bounding_box(within)
    image, start, pixel_mm = image[box], start[box], (grid.row_mm, grid.column_mm)
    smooth = ndimage.gaussian_filter(image.astype(np.float32), [_SMOOTH_MM / size for size in pixel_mm])
    blood = (smooth >= limits.low) & (smooth <= limits.high) & within[box] & ~grown(image > _BONE_HU, _BONE_EDGE_MM, pixel_mm)
    core = ndimage.distance_transform_edt(blood, pixel_mm) > _BRIDGE_MM  # blood may go on beyond the box
    region = filled(grown(pieces_with(core, start), _BRIDGE_MM, pixel_mm) & blood)
    shared, smaller = np.count_nonzero(region & start), min(np.count_nonzero(region), np.count_nonzero(start))
    whole = np.zeros((grid.rows, grid.columns), bool)
    if shared and shared >= _LEAST_SHARED * smaller:
        whole[box] = region
    return whole


def _away_mm(grid: Grid, seed: tuple[int, int]) -> np.ndarray:
    """(rows, columns): distance of every pixel from one."""
    rows, columns = np.ogrid[: grid.rows, : grid.columns]
    return np.hypot((rows - seed[0]) * grid.row_mm, (columns - seed[1]) * grid.column_mm)
