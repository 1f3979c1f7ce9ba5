"""Arcs of calcium around the vessel: of one unbroken deposit, and of deposits joined through the guidewire's shadow.

An arc is an array of BIN_COUNT booleans, a quarter of a degree each, that closes on itself: the last bin
and the first are neighbours.
Angles in degrees: 0 points toward increasing column (image right), growing toward increasing row (clockwise on the screen).
"""

from __future__ import annotations

import numpy as np
from LesionReadingLib.pieces import joined
from scipy.ndimage import maximum_filter1d, minimum_filter1d

BIN_COUNT = 1440
BIN_DEG = 360 / BIN_COUNT

BRIDGE_TOLERANCE_DEG = 2.0
"""Calcium that ends this close to the guidewire's sector touches it: hand-drawn and predicted borders rarely meet exactly."""

_CLOSED_PIXELS = 2.0  # neighbouring pixels of one piece, seen from the vertex, are at most this many pixels apart


def arc_deg(arc: np.ndarray) -> float:
    """Size in degrees of an arc (bins,) of booleans."""
    return float(np.count_nonzero(arc) * BIN_DEG)


def arc_start_deg(arc: np.ndarray) -> float:
    """Angle in degrees where an arc (bins,) begins, after its widest gap; 0 for a full circle."""
    gaps = circular_runs(~arc)
    if not gaps:
        return 0.0
    first, length = max(gaps, key=lambda gap: gap[1])
    return (first + length) % arc.size * BIN_DEG


def arcs_of_pieces(pieces: np.ndarray, count: int, distances: np.ndarray, angles_deg: np.ndarray, pixel: float) -> np.ndarray:
    """The arc of each unbroken piece of a label, from the centres of its pixels.

    Pixel centres lie inside the true outline, so an arc has no outward error from the stair steps of its ends, also right at the
    vertex, where one pixel fills all angles. Between two centres of one piece, bins up to two pixels wide (at the piece's mean
    distance) are filled; so a slit in a ring is seen from two pixels on, a slit between two pieces always.

    Args:
        pieces: (pixels,) number of each pixel's piece, from 0.
        count: number of pieces.
        distances: (pixels,) distance of each pixel's centre from the vertex.
        angles_deg: (pixels,) its angle, 0 to 360.
        pixel: size of a pixel (its larger side), in the unit of the distances.

    Returns:
        (count, 1440) booleans.
    """
    arcs = np.zeros((count, BIN_COUNT), dtype=bool)
    arcs[pieces, (angles_deg / BIN_DEG).astype(np.int32) % BIN_COUNT] = True
    mean_distance = np.bincount(pieces, weights=distances, minlength=count) / np.bincount(pieces, minlength=count)
    gap_deg = np.degrees(_CLOSED_PIXELS * pixel / np.maximum(mean_distance, pixel))
    reaches = np.ceil(gap_deg / BIN_DEG / 2).astype(int)
    for reach in np.unique(reaches):
        arcs[reaches == reach] = _closed(arcs[reaches == reach], int(reach))
    return arcs


def circular_runs(marks: np.ndarray) -> list[tuple[int, int]]:
    """Runs of True in a closed ring (bins,) as (first, length); a run across the end of the array is one run."""
    if marks.all():
        return [(0, marks.size)]
    first = np.flatnonzero(marks & ~np.roll(marks, 1))
    last = np.flatnonzero(marks & ~np.roll(marks, -1))
    if first.size and last[0] < first[0]:
        last = np.roll(last, -1)
    return [(int(a), int((b - a) % marks.size) + 1) for a, b in zip(first, last, strict=True)]


def bridge(deposits: np.ndarray, guidewire: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Join deposits through the guidewire's shadow.

    A gap between calcium and calcium that lies wholly in the guidewire's sector (widened by BRIDGE_TOLERANCE_DEG on each side, so
    that calcium has to touch the sector on both sides) counts as calcium, and the deposits on its two sides as one.

    Args:
        deposits: (deposits, bins) booleans, the arc of each unbroken deposit.
        guidewire: (bins,) booleans, the angles that the guidewire or its shadow hides.

    Returns:
        (group of each deposit, (groups, bins) booleans: the arc of each group with the bridged gaps filled).
    """
    covered = deposits.any(axis=0)
    links: list[tuple[int, int]] = []
    filled: list[tuple[int, np.ndarray]] = []
    for first, length in circular_runs(_widened(guidewire)):
        sector = (first + np.arange(length)) % guidewire.size
        calcium = np.flatnonzero(covered[sector])
        if calcium.size == 0:
            continue
        members = np.flatnonzero(deposits[:, sector].any(axis=1))
        links += [(members[0], member) for member in members[1:]]
        filled.append((members[0], sector[calcium[0] : calcium[-1] + 1]))
    groups = joined(len(deposits), *np.array(links, np.intp).reshape(-1, 2).T)
    arcs = np.zeros((groups.max() + 1, deposits.shape[1]), dtype=bool)
    np.logical_or.at(arcs, groups, deposits)
    for member, gap in filled:
        arcs[groups[member], gap] = True
    return groups, arcs


def _widened(guidewire: np.ndarray) -> np.ndarray:
    """The guidewire's bins and those within the tolerance of them."""
    return maximum_filter1d(guidewire, 2 * round(BRIDGE_TOLERANCE_DEG / BIN_DEG) + 1, mode="wrap")


def _closed(arcs: np.ndarray, reach: int) -> np.ndarray:
    """Arcs (arcs, bins) with every gap of up to twice ``reach`` bins filled."""
    size = 2 * reach + 1
    return minimum_filter1d(maximum_filter1d(arcs, size, axis=1, mode="wrap"), size, axis=1, mode="wrap")
