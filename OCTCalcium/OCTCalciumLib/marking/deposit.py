"""A deposit of calcium by its two ends: a person points at both, its inner and outer border are found between them.

The borders are sought in the unrolled wall (``polar_view``), both together over all rays between the ends: at the inner one the
image turns darker, at the outer one brighter again; or the whole deposit is brighter than what lies behind it, since calcium
weakens light less than other wall does. No network takes part.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from LesionReadingLib.errors import InputError
from LesionReadingLib.language import _
from scipy.ndimage import gaussian_filter1d

from ..labels import BACKGROUND, GUIDEWIRE, LUMEN
from ..wall.polar_view import ANGLES, DEPTH_MM, DEPTH_STEP_MM, FIRST_DEPTH_MM, PolarView, polar_view, without_calcium
from .border_paths import layer_borders
from .lumen import found_lumen

_LUMEN_BORDER = round(-FIRST_DEPTH_MM / DEPTH_STEP_MM)  # column of a view at depth 0
_PLACES = DEPTH_MM.size - _LUMEN_BORDER + 1  # where a border may be: before, between and behind the samples of the wall
_PLACE_MM = np.arange(_PLACES) * DEPTH_STEP_MM
_COMPARED = 4  # samples (0.1 mm) on both sides of a border
_SURFACE_MM = 0.35

# Costs are in units of the brightness of the wall's surface, per ray. They were chosen on phantoms (seeds 1 to 40).
_INNER_WEIGHT = 2.0
_USUAL_CAP_MM, _CAP_COST = 0.15, 4.0  # a fibrous cap; cost per square mm of the difference
_END_MM, _DOME_MM, _DOME_COST = 0.15, 1.2, 0.1  # thickness that costs nothing at an end, and how much more in the middle
_CLICK_COST = 0.16  # per sample by which an end's layer leaves out the point that was clicked
_MIDDLE_COST = 1.6  # per mm by which the point lies off the middle of the layer
_BRIGHT_COST = 0.012  # most deposits are darker than their surroundings
_NEAR_COST = 4.0  # per square mm by which a border leaves that of the frame before
_HELD_COST = 1000.0  # per mm by which a border leaves the place where a person has put it
_INNER_STEPS, _OUTER_STEPS = (2, 0.008), (4, 0.0012)
_LEAST = 3  # samples of a layer


@dataclass(frozen=True)
class Ends:
    """The ends of a deposit in a view: from ``begin`` over growing angles to ``end``, rays of the view, not necessarily whole.

    Attributes:
        begin_depth_mm, end_depth_mm: how deep behind the lumen border the deposit was pointed at; None where nobody did.
    """

    begin: float
    end: float
    begin_depth_mm: float | None = None
    end_depth_mm: float | None = None

    @property
    def rays(self) -> np.ndarray:
        """Numbers of the view's rays in between, in their order."""
        first = int(np.rint(self.begin))
        return (first + np.arange(int(np.rint((self.end - self.begin) % ANGLES)) + 1)) % ANGLES

    def other_way(self) -> Ends:
        """The same two points about the rest of the vessel."""
        return Ends(self.end, self.begin, self.end_depth_mm, self.begin_depth_mm)


@dataclass(frozen=True, eq=False)
class Deposit:
    """A deposit between its borders.

    Attributes:
        ends: where it begins and ends. inner_mm, outer_mm: (rays,) depth of its borders behind the lumen border, by ``ends.rays``.
    """

    ends: Ends
    inner_mm: np.ndarray
    outer_mm: np.ndarray


@dataclass(frozen=True, eq=False)
class Wall:
    """A frame as deposits are marked on it.

    Attributes:
        grey: uint8 (rows, columns). known: its labels without calcium, with a lumen. view: of the wall about that lumen.
    """

    grey: np.ndarray
    known: np.ndarray
    view: PolarView


Held = Mapping[int, tuple[float | None, float | None]]
"""Ray -> depth in mm that the inner and the outer border must have there, None where that is free."""


def wall_of(labels: np.ndarray, grey: np.ndarray, pixel_mm: float) -> Wall:
    """The wall of a frame about its labelled lumen, or about one that is found where none is labelled.

    Args:
        labels, grey: uint8 (rows, columns). pixel_mm: side of a (square) pixel.

    Raises:
        InputError: the frame shows no vessel.
    """
    known = without_calcium(labels) if (labels == LUMEN).any() else found_lumen(grey, pixel_mm)
    view = polar_view(known, pixel_mm)
    if view is None:
        raise InputError(_("No lumen is seen on this frame; paint the lumen first."))
    return Wall(grey, known, view)


def seen_at(view: PolarView, point: tuple[float, float]) -> tuple[float, float]:
    """Ray and depth (mm) of a point (row, column) of the frame."""
    down, right = point[0] - view.vertex[0], point[1] - view.vertex[1]
    ray = float(np.arctan2(down, right) * ANGLES / (2 * np.pi)) % ANGLES
    border_mm = np.interp(ray, np.arange(ANGLES), view.border_mm, period=ANGLES)
    return ray, float(np.hypot(down, right) * view.pixel_mm - border_mm)


def point_at(view: PolarView, ray: float, depth_mm: float) -> tuple[float, float]:
    """The point (row, column) of the frame on a ray, at a depth behind the lumen border."""
    border_mm = np.interp(ray, np.arange(ANGLES), view.border_mm, period=ANGLES)
    turn, reach = 2 * np.pi * ray / ANGLES, (border_mm + depth_mm) / view.pixel_mm
    return float(view.vertex[0] + reach * np.sin(turn)), float(view.vertex[1] + reach * np.cos(turn))


def ends_at(view: PolarView, begin: tuple[float, float], end: tuple[float, float]) -> Ends:
    """The ends at two points (row, column) of the frame, the shorter way round; ``Ends.other_way`` is the longer one."""
    (ray, depth_mm), (other_ray, other_depth_mm) = (seen_at(view, point) for point in (begin, end))
    ends = Ends(ray, other_ray, depth_mm, other_depth_mm)
    return ends if (other_ray - ray) % ANGLES <= ANGLES / 2 else ends.other_way()


def marked_deposit(wall: Wall, ends: Ends, held: Held | None = None, like: Deposit | None = None) -> Deposit:
    """The deposit between two ends.

    Args:
        held: where a person has put its borders. like: the same deposit in the frame before; its borders are sought near those.
    """
    rays = ends.rays
    cost = _layer_cost(rays.size)
    _keep_to_clicks(cost, ends)
    if like is not None:
        _keep_near(cost, like)
    _keep_held(cost, rays, held or {})
    return _cheapest(cost, ends, *_contrasts(wall, rays))


def deposit_mask(wall: Wall, deposit: Deposit) -> np.ndarray:
    """Booleans (rows, columns) of a deposit in its frame, without lumen and guidewire."""
    samples = np.zeros((ANGLES, DEPTH_MM.size), bool)
    middle_mm = DEPTH_MM + DEPTH_STEP_MM / 2  # a border lies between two samples
    samples[deposit.ends.rays] = (middle_mm >= deposit.inner_mm[:, None]) & (middle_mm < deposit.outer_mm[:, None])
    return wall.view.covered(samples) & (wall.known == BACKGROUND)


def unrolled_wall(wall: Wall) -> np.ndarray:
    """(ANGLES, samples) of grey behind the lumen border; 1 is the bright end of the wall's surface."""
    grey = gaussian_filter1d(wall.view.sampled(wall.grey), 1.0, axis=0, mode="wrap")[:, _LUMEN_BORDER:]
    surface = grey[:, : round(_SURFACE_MM / DEPTH_STEP_MM)]
    return grey / max(float(np.percentile(surface, 90)), 8.0)


def _contrasts(wall: Wall, rays: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(rays, places): how much brighter it is behind a place than before it; and booleans (rays,): what is hidden."""
    grey = unrolled_wall(wall)[rays]
    sums = np.concatenate([np.zeros((rays.size, 1)), np.cumsum(grey, axis=1)], axis=1)
    place = np.arange(_PLACES)
    before, behind = np.maximum(place - _COMPARED, 0), np.minimum(place + _COMPARED, _PLACES - 1)
    rise = (sums[:, behind] - sums[:, place]) / np.maximum(behind - place, 1)
    rise -= (sums[:, place] - sums[:, before]) / np.maximum(place - before, 1)
    return rise, (wall.view.labels == GUIDEWIRE).any(axis=1)[rays]


def _layer_cost(rays: int) -> np.ndarray:
    """(rays, places, places): what speaks against an inner and an outer border before the image is asked."""
    inner, outer = _PLACE_MM[:, None], _PLACE_MM[None, :]
    across = 2 * (np.arange(rays) + 0.5) / rays - 1
    usual_mm = _END_MM + _DOME_MM * (1 - across**2)
    too_thick = np.maximum((outer - inner)[None] - usual_mm[:, None, None], 0)
    cost = _CAP_COST * (inner - _USUAL_CAP_MM) ** 2 + _DOME_COST * too_thick**2
    place = np.arange(_PLACES)
    cost[:, (place[None, :] - place[:, None] < _LEAST) | (place[:, None] < 1)] = np.inf
    return cost


def _keep_to_clicks(cost: np.ndarray, ends: Ends) -> None:
    """Let the layer's ends hold the points that a person has clicked, near their middle."""
    inner, outer = _PLACE_MM[:, None], _PLACE_MM[None, :]
    for here, depth_mm in ((cost[0], ends.begin_depth_mm), (cost[-1], ends.end_depth_mm)):
        if depth_mm is not None:
            here += _MIDDLE_COST * np.abs((inner + outer) / 2 - depth_mm)
            here += _CLICK_COST / DEPTH_STEP_MM * (np.maximum(inner - depth_mm, 0) + np.maximum(depth_mm - outer, 0))


def _keep_near(cost: np.ndarray, like: Deposit) -> None:
    """Let the borders lie near those of the same deposit in the frame before."""
    along, before = np.linspace(0, 1, len(cost)), np.linspace(0, 1, like.inner_mm.size)
    inner, outer = (np.interp(along, before, border)[:, None] for border in (like.inner_mm, like.outer_mm))
    cost += _NEAR_COST * ((_PLACE_MM - inner) ** 2)[:, :, None] + _NEAR_COST * ((_PLACE_MM - outer) ** 2)[:, None, :]


def _keep_held(cost: np.ndarray, rays: np.ndarray, held: Held) -> None:
    """Draw the borders to where a person has put them."""
    for ray, (inner_mm, outer_mm) in held.items():
        for number in np.flatnonzero(rays == ray % ANGLES):
            here = cost[number]
            if inner_mm is not None:
                here += _HELD_COST * np.abs(_PLACE_MM - inner_mm)[:, None]
            if outer_mm is not None:
                here += _HELD_COST * np.abs(_PLACE_MM - outer_mm)[None, :]


def _cheapest(cost: np.ndarray, ends: Ends, rise: np.ndarray, hidden: np.ndarray) -> Deposit:
    """The cheaper one of a deposit darker than its surroundings and one brighter than what lies behind it."""
    rise = np.where(hidden[:, None], 0, rise)
    dark = cost + _INNER_WEIGHT * rise[:, :, None] - rise[:, None, :]
    bright = cost + _BRIGHT_COST + rise[:, None, :]
    found = [layer_borders(one, _INNER_STEPS, _OUTER_STEPS) for one in (dark, bright)]
    inner, outer = min(found, key=lambda borders: borders[2])[:2]
    return Deposit(ends, _PLACE_MM[inner], _PLACE_MM[outer])
