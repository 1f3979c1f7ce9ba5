"""What the distances between slices tell: missing slices, and spacing that changes inside a series."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from LesionReadingLib.geometry.grid import Grid
from LesionReadingLib.language import _

from .ct_series import Plane

_MISSING = 1.5  # times the usual distance
_FEW = 0.2  # of all distances: more large ones are a spacing that changes, not slices that are missing
_EVEN = 0.02  # relative; scanners round positions
_LISTED = 6


def distance_notes(planes: Sequence[Plane], grid: Grid) -> tuple[str, ...]:
    """Sentences on missing slices and on uneven distances; empty where all slices are equally far apart.

    A distance tells of missing slices where it is half as large again as is usual between slices of that thickness, and there are
    few such or the instance numbers jump there, too.

    Args:
        planes: in the order of ``grid``.
    """
    steps_mm = np.abs(np.diff(grid.offsets_mm))
    usual_mm = _usual_steps_mm(planes, steps_mm)
    wide = steps_mm > _MISSING * usual_mm
    jumps = np.abs(np.diff([plane.moment[2] for plane in planes])) > 1
    missing = wide if wide.mean() <= _FEW else wide & jumps
    heights = grid.lps_mm([(number, (grid.rows - 1) / 2, (grid.columns - 1) / 2) for number in range(grid.slice_count)])[:, 2]
    notes = []
    if missing.any():
        counts = np.maximum(np.rint(steps_mm / usual_mm).astype(int) - 1, 1)
        places = [
            _("{counts} between z = {heights:.1f} and {higher:.1f} mm").format(
                counts=counts[index], heights=heights[index], higher=heights[index + 1]
            )
            for index in np.flatnonzero(missing)
        ]
        more = " ..." if len(places) > _LISTED else ""
        notes.append(
            _("Slices seem to be missing: {listed}{more}; their neighbours stand for them, up to half-way.").format(
                listed=", ".join(places[:_LISTED]), more=more
            )
        )
    present = steps_mm[~missing]
    if len(present) and np.ptp(present) > _EVEN * present.max():
        notes.append(
            _(
                "The distance between slices changes from {present_min:.2f} to {present_max:.2f} mm; each slice "
                "counts with its own extent."
            ).format(present_min=present.min(), present_max=present.max())
        )
    return tuple(notes)


def _usual_steps_mm(planes: Sequence[Plane], steps_mm: np.ndarray) -> np.ndarray:
    """For each distance the median of those between slices of the same thickness."""
    thick = np.array([plane.thickness_mm or 0.0 for plane in planes])
    pairs = np.round(np.sort(np.stack([thick[:-1], thick[1:]], axis=1), axis=1), 2)
    usual = np.empty(len(steps_mm))
    for pair in np.unique(pairs, axis=0):
        same = (pairs == pair).all(axis=1)
        usual[same] = np.median(steps_mm[same])
    return usual
