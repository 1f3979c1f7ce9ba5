"""The margin's shape: ellipses are regular, stars are not, and what lies apart is counted."""

from __future__ import annotations

import numpy as np
import pytest
from HematomaMarkersLib.measurement.markers.margin import measure_shape, shape_scale, sphericity

PIXEL_MM = 0.5


def outline(radius_mm, size=160, row_mm=PIXEL_MM, column_mm=PIXEL_MM, centre_mm=(0.0, 0.0)):
    """The mask whose radius at every angle (radians, 0 to the right, clockwise) a function gives."""
    rows, columns = np.indices((size, size))
    down, right = (rows - (size - 1) / 2) * row_mm - centre_mm[0], (columns - (size - 1) / 2) * column_mm - centre_mm[1]
    return np.hypot(down, right) < radius_mm(np.arctan2(down, right))


def disc(radius_mm, **where):
    return outline(lambda angle: radius_mm + 0 * angle, **where)


def star(lobes, depth_mm, radius_mm=18.0, **where):
    return outline(lambda angle: radius_mm + depth_mm * np.cos(lobes * angle), **where)


def ellipse(a_mm, b_mm, **where):
    return outline(lambda angle: a_mm * b_mm / np.hypot(b_mm * np.cos(angle), a_mm * np.sin(angle)), **where)


def margin(mask, row_mm=PIXEL_MM, column_mm=PIXEL_MM):
    return measure_shape(mask, row_mm, column_mm).margin


@pytest.mark.parametrize(("a_mm", "b_mm"), [(4, 4), (5, 3), (12, 12), (20, 9), (25, 18)])
@pytest.mark.parametrize("pixels", [(0.5, 0.5), (0.4, 0.7)])
def test_an_ellipse_is_regular(a_mm, b_mm, pixels):
    measured = margin(ellipse(a_mm, b_mm, row_mm=pixels[0], column_mm=pixels[1]), *pixels)
    assert (measured.scale, measured.notches, measured.islands) == (1, 0, 0)
    assert measured.solidity > 0.93


@pytest.mark.parametrize(("lobes", "scale"), [(3, 4), (4, 5), (6, 5), (9, 5)])
def test_every_deep_notch_adds_a_category_up_to_five(lobes, scale):
    measured = margin(star(lobes, 4.5))
    assert measured.scale == scale
    assert measured.notches == lobes


def test_a_bean_has_one_notch_and_is_still_regular():
    mask = disc(15.0) & ~disc(6.0, centre_mm=(-14.0, 0.0))
    assert (margin(mask).notches, margin(mask).scale) == (1, 2)


def test_many_shallow_notches_make_a_margin_irregular_by_its_length():
    measured = margin(star(16, 0.9))
    assert measured.notches == 0
    assert measured.perimeter_ratio > 1.04
    assert measured.scale >= 3


def test_a_slightly_uneven_margin_is_regular():
    assert margin(star(6, 0.5)).scale <= 2


def test_the_perimeter_of_a_disc_is_free_of_the_pixels_stairs():
    for radius in (8.0, 15.3, 30.0):
        assert margin(disc(radius)).perimeter_mm == pytest.approx(2 * np.pi * radius, rel=0.01)


def test_a_small_bleed_apart_is_an_island_and_a_satellite_with_its_distance():
    mask = disc(14.0) | disc(3.0, centre_mm=(0.0, 22.0))
    measured = margin(mask)
    assert (measured.islands, measured.satellites, measured.scale) == (1, 1, 2)
    assert measured.satellite_distance_mm == pytest.approx(22 - 14 - 3, abs=0.6)


@pytest.mark.parametrize(("radius_mm", "away_mm"), [(6.0, 24.0), (3.0, 39.0)], ids=["12 mm long", "22 mm away"])
def test_a_bleed_that_is_long_or_far_is_an_island_but_no_satellite(radius_mm, away_mm):
    mask = disc(14.0, size=220) | disc(radius_mm, centre_mm=(0.0, away_mm), size=220)
    assert (margin(mask).islands, margin(mask).satellites) == (1, 0)


def test_specks_are_no_islands():
    mask = disc(14.0)
    mask[5:7, 5:7] = True  # 1 mm2
    assert margin(mask).islands == 0


def test_bleeds_that_touch_across_a_corner_are_one():
    mask = np.zeros((60, 60), bool)
    mask[10:30, 10:30] = mask[30:50, 30:50] = True
    assert margin(mask).islands == 0


def test_a_speck_alone_has_no_margin():
    mask = np.zeros((20, 20), bool)
    assert margin(mask) is None
    mask[3:5, 3:5] = True
    assert margin(mask) is None


def test_a_hole_in_the_mask_does_not_make_its_margin_irregular():
    assert margin(disc(15.0) & ~disc(4.0)).scale == 1


def test_the_scale_of_a_scan_is_the_mean_of_its_slices_by_volume():
    smooth, rough = margin(disc(15.0)), margin(star(6, 4.5))
    assert shape_scale([(4, smooth), (5, rough)], [3.0, 1.0]) == (2, 5)  # (3 x 1 + 5) / 4
    assert shape_scale([(4, smooth), (5, rough)], [1.0, 3.0]) == (4, 5)
    assert shape_scale([], []) == (None, None)


@pytest.mark.parametrize("step_mm", [1.0, 5.0])
def test_a_ball_is_a_sphere_also_in_thick_slices(step_mm):
    places = np.arange(-20 + step_mm / 2, 20, step_mm)
    radii = np.sqrt(400 - places**2)
    slices = [(place, step_mm, np.pi * r**2, 2 * np.pi * r) for place, r in zip(places, radii, strict=True)]
    assert sphericity(slices) == pytest.approx(1, abs=0.03)


def test_a_cylinder_has_the_sphericity_of_its_formula():
    slices = [(place, 2.0, np.pi * 100, 2 * np.pi * 10) for place in np.arange(1, 60, 2.0)]
    volume, surface = np.pi * 100 * 60, 2 * np.pi * 10 * 60 + 2 * np.pi * 100
    assert sphericity(slices) == pytest.approx(np.pi ** (1 / 3) * (6 * volume) ** (2 / 3) / surface, rel=0.03)
    assert sphericity([]) is None
