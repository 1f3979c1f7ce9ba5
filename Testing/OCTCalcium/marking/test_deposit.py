"""Calcium marked by its two ends: lumen and borders are found without a network, held where a person puts them, and carried on."""

from __future__ import annotations

import numpy as np
import pytest
from drawn_wall import OUTER_MM, PIXEL_MM, a_wall, dice, places, point
from LesionReadingLib.errors import InputError
from OCTCalciumLib.labels import CALCIUM, GUIDEWIRE, LUMEN
from OCTCalciumLib.marking.border_paths import closed_border, layer_borders
from OCTCalciumLib.marking.deposit import Ends, deposit_mask, ends_at, marked_deposit, wall_of
from OCTCalciumLib.marking.lumen import found_lumen
from OCTCalciumLib.marking.tracking import carried
from OCTCalciumLib.wall.polar_view import ANGLES

BEHIND_MM = 1.4  # outer border of a second deposit


def test_the_cheapest_closed_border_is_that_of_an_exhaustive_search():
    cost = np.random.default_rng(5).random((5, 4))
    courses = np.stack(np.meshgrid(*[range(4)] * 5, indexing="ij"), -1).reshape(-1, 5)
    courses = courses[(np.abs(np.diff(courses, axis=1, append=courses[:, :1])) <= 1).all(axis=1)]
    sums = cost[np.arange(5), courses].sum(axis=1)
    assert closed_border(cost, (1, 0.0)).tolist() == courses[sums.argmin()].tolist()


def test_the_cheapest_layer_is_that_of_an_exhaustive_search():
    cost = np.random.default_rng(6).random((3, 3, 3))
    cost[:, np.tril_indices(3)[0], np.tril_indices(3)[1]] = np.inf
    pairs = np.stack(np.meshgrid(*[range(3)] * 6, indexing="ij"), -1).reshape(-1, 3, 2)
    steps = np.abs(np.diff(pairs, axis=1))
    sums = cost[np.arange(3), pairs[..., 0], pairs[..., 1]].sum(axis=1) + (steps * [0.1, 0.02]).sum(axis=(1, 2))
    sums[(steps[..., 0] > 1).any(axis=1) | (steps[..., 1] > 2).any(axis=1)] = np.inf
    inner, outer, total = layer_borders(cost, (1, 0.1), (2, 0.02))
    assert total == pytest.approx(sums.min())
    assert np.stack([inner, outer], -1).tolist() == pairs[sums.argmin()].tolist()


def test_a_lumen_beside_the_catheter_is_found_without_a_network():
    grey, labels = a_wall(200, 260)
    assert dice(found_lumen(grey, PIXEL_MM) == LUMEN, labels == LUMEN) > 0.97


def test_the_sector_that_a_guidewire_hides_is_found_and_dark_calcium_is_not_taken_for_it():
    grey, labels = a_wall(200, 260, inside=20.0, wire_deg=(40, 62))
    found = found_lumen(grey, PIXEL_MM) == GUIDEWIRE
    assert dice(found, labels == GUIDEWIRE) > 0.8
    assert not (found & (labels == CALCIUM)).any()


@pytest.mark.parametrize("inside", [70.0, 20.0])
@pytest.mark.parametrize("is_labelled", [True, False])
@pytest.mark.parametrize(("begin", "end"), [(200, 260), (330, 45)])
def test_two_clicks_find_a_deposit_with_a_labelled_lumen_and_without(inside, is_labelled, begin, end):
    grey, labels = a_wall(begin, end, inside)
    wall = wall_of(labels if is_labelled else np.zeros_like(labels), grey, PIXEL_MM)
    found = deposit_mask(wall, marked_deposit(wall, ends_at(wall.view, point(begin), point(end))))
    assert dice(found, labels == CALCIUM) > 0.9


def test_the_order_of_the_clicks_does_not_matter_and_the_longer_way_is_asked_for():
    grey, labels = a_wall(100, 330)
    wall = wall_of(labels, grey, PIXEL_MM)
    short = ends_at(wall.view, point(100), point(330))
    assert short == ends_at(wall.view, point(330), point(100))
    assert short.rays.size == pytest.approx(130 / 360 * ANGLES, abs=2)
    found = deposit_mask(wall, marked_deposit(wall, short.other_way()))
    assert dice(found, labels == CALCIUM) > 0.9


def test_a_bright_deposit_is_found_by_its_outer_border():
    grey, labels = a_wall(200, 260, inside=190.0)
    wall = wall_of(labels, grey, PIXEL_MM)
    deposit = marked_deposit(wall, ends_at(wall.view, point(200), point(260)))
    assert np.median(deposit.outer_mm) == pytest.approx(OUTER_MM, abs=0.05)


def test_a_deposit_goes_on_behind_the_guidewire_and_its_mask_leaves_the_wire_out():
    grey, labels = a_wall(20, 100, wire_deg=(50, 66))
    wall = wall_of(labels, grey, PIXEL_MM)
    deposit = marked_deposit(wall, ends_at(wall.view, point(20), point(100)))
    assert np.abs(deposit.outer_mm - OUTER_MM)[3:-3].max() < 0.1
    mask = deposit_mask(wall, deposit)
    assert not (mask & (labels == GUIDEWIRE)).any()
    assert dice(mask, labels == CALCIUM) > 0.9


def test_a_border_passes_through_where_a_person_has_put_it():
    grey, labels = a_wall(200, 260)
    wall = wall_of(labels, grey, PIXEL_MM)
    ends = ends_at(wall.view, point(200), point(260))
    ray = int(ends.rays[ends.rays.size // 2])
    moved = marked_deposit(wall, ends, held={ray: (0.3, 0.9)})
    at = ends.rays.tolist().index(ray)
    assert (moved.inner_mm[at], moved.outer_mm[at]) == pytest.approx((0.3, 0.9), abs=0.013)


@pytest.mark.parametrize("turn_deg", [0, 17, -17])
def test_a_deposit_is_carried_to_a_frame_that_is_turned_and_whose_deposit_has_grown(turn_deg):
    first, labels = a_wall(200, 260)
    wall = wall_of(labels, first, PIXEL_MM)
    deposit = marked_deposit(wall, ends_at(wall.view, point(200), point(260)))
    behind_mm, angle = places()
    grey, other = a_wall(200 + turn_deg - 6, 260 + turn_deg + 4, seed=2)
    # Something beside the deposit that turns with it tells how far the wall has turned.
    for picture, by in ((first, 0), (grey, turn_deg)):
        picture[(behind_mm > 0.5) & (behind_mm < 1.2) & ((angle - 60 - by) % 360 < 30)] = 25
    wall = wall_of(labels, first, PIXEL_MM)
    following = wall_of(other, grey, PIXEL_MM)
    found = deposit_mask(following, carried(deposit, wall, following))
    assert dice(found, other == CALCIUM) > 0.9


def test_a_frame_whose_lumen_is_no_vessel_is_refused_in_a_sentence():
    labels = np.zeros((64, 64), np.uint8)
    with pytest.raises(InputError, match="lumen"):
        wall_of(labels, np.zeros((64, 64), np.uint8), 1.0)


def test_ends_know_the_rays_between_them_across_the_seam():
    assert Ends(190.2, 1.8).rays.tolist() == [190, 191, 0, 1, 2]


def _two_behind_each_other(inside):
    """(grey, labels of the front one), with the grey inside the second one."""
    grey, labels = a_wall(200, 260)
    behind_mm, angle = places()
    grey[(behind_mm >= 1.0) & (behind_mm < BEHIND_MM) & (angle >= 200) & (angle <= 260)] = inside
    return grey, labels


@pytest.mark.parametrize(("depth_mm", "outer_mm"), [(0.45, OUTER_MM), (1.2, BEHIND_MM)])
def test_the_clicks_tell_which_one_of_two_deposits_behind_each_other_is_meant(depth_mm, outer_mm):
    grey, labels = _two_behind_each_other(inside=25)
    wall = wall_of(labels, grey, PIXEL_MM)
    deposit = marked_deposit(wall, ends_at(wall.view, point(200, depth_mm), point(260, depth_mm)))
    assert np.median(deposit.outer_mm) == pytest.approx(outer_mm, abs=0.05)


def test_a_deposit_that_is_carried_on_keeps_its_depth_where_another_one_begins_behind_it():
    grey, labels = a_wall(200, 260)
    wall = wall_of(labels, grey, PIXEL_MM)
    deposit = marked_deposit(wall, ends_at(wall.view, point(200), point(260)))
    following = wall_of(labels, _two_behind_each_other(inside=5)[0], PIXEL_MM)  # its outer border is the clearer one
    assert (
        np.median(marked_deposit(following, Ends(deposit.ends.begin, deposit.ends.end)).outer_mm) > 1.2
    )  # without what was before
    assert np.median(carried(deposit, wall, following).outer_mm) == pytest.approx(OUTER_MM, abs=0.05)
