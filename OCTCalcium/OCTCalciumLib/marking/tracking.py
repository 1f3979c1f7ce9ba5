"""Carries a deposit that was marked on one frame to the next: its ends first, by which rays look like it, then its borders."""

from __future__ import annotations

import numpy as np

from ..wall.polar_view import ANGLES, DEPTH_STEP_MM
from .deposit import Deposit, Ends, Wall, marked_deposit, unrolled_wall

_TURN = 10  # rays (19 degrees): how far the whole wall may turn from frame to frame
_SHIFT = 6  # rays (11 degrees): how far an end may move on its own
_TEMPLATE = 4  # rays on each side of an end that say how deposit and wall beside it look
_SHIFT_COST = 0.02  # per ray and sample of depth, in units of the brightness of the wall's surface
_LEAST_RAYS = 4


def carried(deposit: Deposit, before: Wall, wall: Wall) -> Deposit:
    """The same deposit in another frame.

    Args:
        before: the frame that the deposit was marked in. wall: the other frame, next to it.
    """
    was, now = unrolled_wall(before), unrolled_wall(wall)
    turn = _turn(was, now)
    first, last = int(deposit.ends.rays[0]), int(deposit.ends.rays[-1])
    depth = slice(round(deposit.inner_mm.min() / DEPTH_STEP_MM), round(deposit.outer_mm.max() / DEPTH_STEP_MM) + 1)
    begin = first + turn + _shift(was[:, depth], now[:, depth], first, turn, inwards=1)
    end = last + turn + _shift(was[:, depth], now[:, depth], last, turn, inwards=-1)
    rays = (last - first) % ANGLES + 1 + (end - last) - (begin - first)
    if not _LEAST_RAYS <= rays <= ANGLES:
        begin, end = first + turn, last + turn
    return marked_deposit(wall, Ends(begin % ANGLES, end % ANGLES), like=deposit)


def _turn(was: np.ndarray, now: np.ndarray) -> int:
    """By how many rays the wall has turned: where it fits best to how it was."""
    shifts = range(-_TURN, _TURN + 1)
    differences = [np.abs(np.roll(was, shift, axis=0) - now).mean() * (1 + 0.002 * abs(shift)) for shift in shifts]
    return shifts[int(np.argmin(differences))]


def _shift(was: np.ndarray, now: np.ndarray, ray: int, turn: int, inwards: int) -> int:
    """Rays that an end has moved beyond the turn: on its inner side they look like the deposit, on its outer like the wall."""
    deposit = was[(ray + inwards * np.arange(_TEMPLATE)) % ANGLES].mean(axis=0)
    beside = was[(ray - inwards * np.arange(1, _TEMPLATE + 1)) % ANGLES].mean(axis=0)
    around = (ray + turn + np.arange(-2 * _SHIFT, 2 * _SHIFT + 1)) % ANGLES
    unlike = ((now[around] - deposit) ** 2).sum(axis=1) - ((now[around] - beside) ** 2).sum(axis=1)  # negative: like the deposit
    costs = []
    for shift in range(-_SHIFT, _SHIFT + 1):
        offset = (np.arange(-2 * _SHIFT, 2 * _SHIFT + 1) - shift) * inwards
        costs.append(np.where(offset >= 0, unlike, -unlike).sum() + _SHIFT_COST * was.shape[1] * abs(shift))
    return int(np.argmin(costs)) - _SHIFT
