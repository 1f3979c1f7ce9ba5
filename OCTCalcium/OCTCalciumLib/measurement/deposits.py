"""The calcium of one frame as seen from its vertex: deposits, arcs, thickness and depth."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from LesionReadingLib.pieces import Pieces
from scipy import ndimage

from ..labels import CALCIUM, GUIDEWIRE, LUMEN
from ..vessel.rays import RAY_COUNT, RAY_DEG, Grid, last_marked, places
from .arcs import BIN_COUNT, BIN_DEG, arc_deg, arcs_of_pieces, bridge, circular_runs

THICKNESS_WINDOW_DEG = 2.5
"""A thickness or depth is the mean over this angle, so that no single stair step of the pixels makes the largest or the least."""

WIDEST_GUIDEWIRE_DEG = 70.0
"""No shadow is wider: a wire of 0.36 mm (0.014 inch) beside a catheter of 0.9 mm (2.7 F) hides 33 degrees, two of them 66."""

_RAYS = np.arange(RAY_COUNT)


@dataclass(frozen=True, eq=False)
class Deposit:
    """Calcium of one frame that counts as one piece: one unbroken deposit, or several joined through the guidewire's shadow.

    Attributes:
        arc: (1440,) booleans, the angles that it covers, a quarter of a degree each, the bridged gap included.
        arc_deg: its size in degrees.
        pixel_count: its calcium pixels (a bridged gap has none).
        max_thickness_mm: its largest radial thickness; None while the in-plane spacing is unknown.
    """

    arc: np.ndarray
    arc_deg: float
    pixel_count: int
    max_thickness_mm: float | None


@dataclass(frozen=True, eq=False)
class Calcium:
    """The calcium of one frame; lengths in mm (in pixels until ``without_lengths`` where a pixel's size is unknown).

    Attributes:
        deposits: largest arc first.
        arc_total_deg, arc_contiguous_deg: 0 without calcium.
        thickness_mm: (360,) float32 in each degree, NaN without calcium.
        min_depth_mm: None without calcium behind lumen.
        guidewire: (1440,) booleans, the angles that the guidewire or its shadow hides.
        bridging_refused: whether a guidewire bridges nothing because it holds the vertex or is wider than any shadow.
    """

    deposits: tuple[Deposit, ...]
    arc_total_deg: float
    arc_contiguous_deg: float
    thickness_mm: np.ndarray
    min_depth_mm: float | None
    guidewire: np.ndarray
    bridging_refused: bool

    def without_lengths(self) -> Calcium:
        """The same angles with every length absent."""
        return replace(
            self,
            deposits=tuple(replace(deposit, max_thickness_mm=None) for deposit in self.deposits),
            thickness_mm=np.full_like(self.thickness_mm, np.nan),
            min_depth_mm=None,
        )


def measure_calcium(grid: Grid, hidden_lumen: tuple[np.ndarray, np.ndarray]) -> Calcium:
    """Measure the calcium of one frame.

    Args:
        grid: labels and vertex, the guidewire inside the lumen border already turned into lumen.
        hidden_lumen: (rows, columns) index arrays of those pixels; the guidewire's angles where none lies on the wall.
    """
    guidewire, bridging, refused = _guidewire_arcs(grid, hidden_lumen)
    calcium = grid.labels == CALCIUM
    if not calcium.any():
        return Calcium((), 0.0, 0.0, np.full(360, np.nan, np.float32), None, guidewire, refused)

    pieces = Pieces.of(calcium)
    arcs = arcs_of_pieces(pieces.piece_of_pixels(), pieces.count, *grid.polar(*places(calcium)), grid.pixel)
    indices = grid.indices_along(_RAYS, grid.reach_of(calcium))
    samples = grid.labels.ravel().take(indices)
    runs = _runs(grid, samples == CALCIUM)
    piece_of_run = pieces.at(indices[runs.rays, runs.first])
    thickness = np.zeros((pieces.count, RAY_COUNT), dtype=np.float32)
    np.maximum.at(thickness, (piece_of_run, runs.rays), runs.thickness)
    thickness = _moving_mean(thickness, thickness > 0)

    covered = arcs.any(axis=0)
    return Calcium(
        deposits=_deposits(arcs, pieces.sizes, bridging, np.fmax(np.nanmax(thickness, axis=1, initial=0), grid.step)),
        arc_total_deg=arc_deg(covered),
        arc_contiguous_deg=max(map(arc_deg, arcs)),
        thickness_mm=_by_degree(np.fmax.reduce(thickness), covered),
        min_depth_mm=_min_depth(grid, samples, runs),
        guidewire=guidewire,
        bridging_refused=refused,
    )


def _guidewire_arcs(grid: Grid, hidden_lumen: tuple[np.ndarray, np.ndarray]) -> tuple[np.ndarray, np.ndarray, bool]:
    """The angles of the guidewire label on the wall, where it hides calcium, else those in the lumen; and those that bridge.

    A piece of the label that holds the vertex is seen in every direction and hides none; a sector too wide for a shadow is no
    shadow. Neither bridges anything.

    Returns:
        (1440,) booleans, the angles that are hidden; those of them that bridge; whether any was refused to bridge.
    """
    wall = grid.labels == GUIDEWIRE
    whole = wall.copy()
    whole[hidden_lumen] = True
    if not whole.any():
        return np.zeros(BIN_COUNT, dtype=bool), np.zeros(BIN_COUNT, dtype=bool), False
    on_wall = bool(wall.any())
    indices = np.flatnonzero(wall if on_wall else whole)
    holds_vertex = _in_piece_of_vertex(grid, whole, indices)
    free, held = _arc(grid, indices[~holds_vertex]), _arc(grid, indices[holds_vertex])
    bridging = free.copy()
    for first, length in circular_runs(free):
        if length * BIN_DEG > WIDEST_GUIDEWIRE_DEG:
            bridging[(first + np.arange(length)) % BIN_COUNT] = False
    return free | held if on_wall else bridging, bridging, bool(((free | held) & ~bridging).any())


def _in_piece_of_vertex(grid: Grid, guidewire: np.ndarray, indices: np.ndarray) -> np.ndarray:
    """For each of some pixels of the guidewire, given by flat index, whether they belong to the piece that holds the vertex."""
    row, column = (round(value) for value in grid.vertex)
    height, width = guidewire.shape
    if not (0 <= row < height and 0 <= column < width and guidewire[row, column]):
        return np.zeros(indices.size, dtype=bool)
    pieces = Pieces.of(guidewire)
    return pieces.at(indices) == pieces.at(np.array([row * width + column]))


def _arc(grid: Grid, indices: np.ndarray) -> np.ndarray:
    """(1440,) booleans: the angles of pixels, given by flat index."""
    if indices.size == 0:
        return np.zeros(BIN_COUNT, dtype=bool)
    rows, columns = np.divmod(indices.astype(np.int32), np.int32(grid.labels.shape[1]))
    return arcs_of_pieces(np.zeros(rows.size, dtype=np.intp), 1, *grid.polar(rows, columns), grid.pixel)[0]


@dataclass(frozen=True, eq=False)
class _Runs:
    """Unbroken stretches of calcium along rays, by ray and distance: ray, first sample, distance of the inner edge, thickness."""

    rays: np.ndarray
    first: np.ndarray
    inner: np.ndarray
    thickness: np.ndarray


def _runs(grid: Grid, calcium: np.ndarray) -> _Runs:
    """The runs of marked samples (rays, samples); the last sample of a ray is never marked."""
    begins, ends = calcium.copy(), calcium.copy()
    begins[:, 1:] &= ~calcium[:, :-1]
    ends[:, :-1] &= ~calcium[:, 1:]
    rays, first = places(begins)
    last = places(ends)[1]
    inner = grid.border(rays, first, np.maximum(first - 1, 0), CALCIUM)
    outer = grid.border(rays, last, last + 1, CALCIUM)
    return _Runs(rays, first, inner, outer - inner)


def _deposits(pieces: np.ndarray, sizes: np.ndarray, bridging: np.ndarray, thickness: np.ndarray) -> tuple[Deposit, ...]:
    """Deposits from the arc (pieces, 1440), the pixels and the thickness of each unbroken piece, largest arc first."""
    groups, arcs = bridge(pieces, bridging)
    pixels = np.bincount(groups, weights=sizes)
    thickest = np.zeros(len(arcs))
    np.maximum.at(thickest, groups, thickness)
    found = [Deposit(arc, arc_deg(arc), int(count), float(most)) for arc, count, most in zip(arcs, pixels, thickest, strict=True)]
    return tuple(sorted(found, key=lambda deposit: -deposit.arc_deg))


def _min_depth(grid: Grid, samples: np.ndarray, runs: _Runs) -> float | None:
    """Least distance from the lumen border to the first calcium along a ray; None where no ray meets lumen before calcium."""
    rays, first_run = np.unique(runs.rays, return_index=True)
    before = np.arange(samples.shape[1]) < runs.first[first_run, None]
    last = last_marked((samples[rays] == LUMEN) & before)
    seen = last >= 0
    if not seen.any():
        return None
    border = grid.border(rays[seen], last[seen], last[seen] + 1, LUMEN)
    depth, measured = np.zeros((1, RAY_COUNT)), np.zeros((1, RAY_COUNT), dtype=bool)
    depth[0, rays[seen]] = np.maximum(runs.inner[first_run][seen] - border, 0)
    measured[0, rays[seen]] = True
    return float(np.nanmin(_moving_mean(depth, measured)))


def _moving_mean(profiles: np.ndarray, measured: np.ndarray) -> np.ndarray:
    """Mean of the measured values of (profiles, rays) over the window around each measured ray; NaN elsewhere."""
    window = int(THICKNESS_WINDOW_DEG / RAY_DEG)
    values = ndimage.uniform_filter1d(np.where(measured, profiles, 0), window, axis=1, mode="wrap")
    share = ndimage.uniform_filter1d(measured.astype(profiles.dtype), window, axis=1, mode="wrap")
    return np.where(measured, values / np.where(measured, share, 1), np.nan)


def _by_degree(profile: np.ndarray, covered: np.ndarray) -> np.ndarray:
    """(360,) float32: the largest of a profile (rays,) in each degree that the arc (1440,) touches; NaN elsewhere."""
    largest = np.fmax.reduce(profile.reshape(360, -1), axis=1)
    return np.where(covered.reshape(360, -1).any(axis=1), largest, np.nan).astype(np.float32)
