"""Borders along neighbouring rays by dynamic programming: of all smooth courses, the one of the lowest cost."""

from __future__ import annotations

import numpy as np

Steps = tuple[int, float]
"""(largest step from ray to ray in samples, what every sample of a step costs)."""


def closed_border(cost: np.ndarray, steps: Steps) -> np.ndarray:
    """The cheapest border around a ring of rays.

    Args:
        cost: float (rays, places), of a border at a place of a ray; the first ray and the last are neighbours.

    Returns:
        int (rays,), the place on every ray.
    """
    rays, half = len(cost), len(cost) // 2
    two_turns = np.concatenate([cost[half:], cost, cost[:half]])  # the whole one in their middle knows both of its neighbours
    most, each = steps
    penalty = each * np.abs(np.arange(-most, most + 1))
    framed = np.full(two_turns.shape[1] + 2 * most, np.inf)
    total, neighbours = framed[most : framed.size - most], np.lib.stride_tricks.sliding_window_view(framed, penalty.size)
    total[:] = two_turns[0]
    ways, numbers, backs = np.empty(neighbours.shape), np.arange(total.size), []
    for here in two_turns[1:]:
        np.add(neighbours, penalty, out=ways)
        back = ways.argmin(axis=1)
        np.add(ways[numbers, back], here, out=total)  # the neighbours follow
        backs.append(back)
    place = int(np.argmin(total))
    places = [place]
    for back in reversed(backs):
        place += int(back[place]) - most
        places.append(place)
    return np.array(places[::-1][rays - half : 2 * rays - half])


def layer_borders(cost: np.ndarray, inner_steps: Steps, outer_steps: Steps) -> tuple[np.ndarray, np.ndarray, float]:
    """The cheapest inner and outer border of a layer, sought together.

    Args:
        cost: float (rays, places, places), of a layer from the inner place to the outer; infinite where there can be none.

    Returns:
        Inner and outer place on every ray, int (rays,) each, and what they cost in all.
    """
    total, backs = cost[0], []
    for here in cost[1:]:
        by_inner, inner_back = _reached(total, 0, inner_steps)
        by_both, outer_back = _reached(by_inner, 1, outer_steps)
        total = by_both + here
        backs.append((inner_back, outer_back))
    inner, outer = (int(place) for place in np.unravel_index(np.argmin(total), total.shape))
    found = [(inner, outer)]
    for inner_back, outer_back in reversed(backs):
        outer += int(outer_back[inner, outer])
        inner += int(inner_back[inner, outer])
        found.append((inner, outer))
    inners, outers = np.array(found[::-1]).T
    return inners, outers, float(total.min())


def _reached(total: np.ndarray, axis: int, steps: Steps) -> tuple[np.ndarray, np.ndarray]:
    """Lowest cost at every place of an axis after one step along it, and by how many places the step came from there."""
    most, each = steps
    best, back = total.copy(), np.zeros(total.shape, np.int8)
    for by in (*range(-most, 0), *range(1, most + 1)):
        to = [slice(None)] * total.ndim
        origin = [slice(None)] * total.ndim
        to[axis] = slice(max(-by, 0), total.shape[axis] - max(by, 0))
        origin[axis] = slice(max(by, 0), total.shape[axis] - max(-by, 0))
        stepped = total[tuple(origin)] + each * abs(by)
        here, there = best[tuple(to)], back[tuple(to)]
        better = stepped < here
        here[better] = stepped[better]
        there[better] = by
    return best, back
