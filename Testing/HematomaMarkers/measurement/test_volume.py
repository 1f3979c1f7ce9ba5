"""Volumes against the formula of the ellipsoid, on grids of every kind."""

from __future__ import annotations

import numpy as np
import pytest
from drawn_hematoma import grid_around_origin, in_ellipsoid, places_mm
from HematomaMarkersLib.measurement.measure import measure_scan
from HematomaMarkersLib.measurement.volume import Abc2, abc2, diameters_mm, in_ml

GRIDS = {
    "square pixels": grid_around_origin(size=80, pixel_mm=(0.8, 0.8), steps_mm=(4.0,) * 13),
    "long pixels": grid_around_origin(size=90, pixel_mm=(0.7, 1.1), steps_mm=(4.0,) * 13),
    "tilted": grid_around_origin(size=90, pixel_mm=(0.8, 0.8), steps_mm=(3.0,) * 22, tilt_deg=18.5),
    "mixed": grid_around_origin(size=80, pixel_mm=(0.8, 0.8), steps_mm=(2.0,) * 14 + (5.0,) * 6),
    "mixed and tilted": grid_around_origin(size=90, pixel_mm=(0.8, 0.9), steps_mm=(2.0,) * 18 + (4.0,) * 8, tilt_deg=-15),
}
RADII_MM = (18.0, 13.0, 21.0)
ELLIPSOID_ML = 4 / 3 * np.pi * np.prod(RADII_MM) / 1000


def masks(grid, radii_mm=RADII_MM):
    return in_ellipsoid(places_mm(grid), radii_mm).astype(np.uint8)


@pytest.mark.parametrize("name", GRIDS)
def test_the_volume_is_the_count_of_voxels_each_with_its_slices_extent(name):
    grid, labels = GRIDS[name], masks(GRIDS[name])
    by_hand = sum((plane > 0).sum() * extent for plane, extent in zip(labels, grid.extents_mm, strict=True))
    measured = measure_scan(None, labels, grid)
    assert measured.volume_ml == pytest.approx(by_hand * grid.row_mm * grid.column_mm / 1000, rel=1e-12)
    assert measured.volume_ml == pytest.approx(ELLIPSOID_ML, rel=0.03)
    assert sum(one.volume_ml for one in measured.slices) == pytest.approx(measured.volume_ml)


@pytest.mark.parametrize("name", GRIDS)
def test_the_bedside_volume_of_an_ellipsoid_is_within_a_fifth(name):
    measured = measure_scan(None, masks(GRIDS[name]), GRIDS[name])
    assert measured.abc2_ml == pytest.approx(ELLIPSOID_ML, rel=0.2)


@pytest.mark.parametrize("radii_mm", [(7.0, 9.0, 11.0), (12.0, 12.0, 12.0), (25.0, 15.0, 20.0), (10.0, 30.0, 14.0)])
def test_the_bedside_volume_holds_for_flat_round_and_long_ellipsoids(radii_mm):
    grid = grid_around_origin(size=90, pixel_mm=(0.8, 0.8), steps_mm=(2.5,) * 20)
    measured = measure_scan(None, masks(grid, radii_mm), grid)
    assert measured.abc2_ml == pytest.approx(4 / 3 * np.pi * np.prod(radii_mm) / 1000, rel=0.2)


def test_the_diameters_are_those_of_the_largest_slice_in_mm_whatever_the_pixels():
    measured = measure_scan(None, masks(GRIDS["long pixels"]), GRIDS["long pixels"])
    assert measured.abc2.slice == int(np.argmax([one.area_mm2 for one in measured.slices]))
    assert measured.abc2.a_mm == pytest.approx(2 * 18, abs=1.0)
    assert measured.abc2.b_mm == pytest.approx(2 * 13, abs=1.0)


@pytest.mark.parametrize("turn_deg", [0, 20, 45, 70, 90])
def test_the_second_diameter_lies_across_the_first_however_the_ellipse_is_turned(turn_deg):
    rows, columns = np.indices((120, 160))
    down, right = (rows - 60) * 0.6, (columns - 80) * 0.45
    turn = np.radians(turn_deg)
    along, aside = right * np.cos(turn) + down * np.sin(turn), down * np.cos(turn) - right * np.sin(turn)
    longest, across = diameters_mm((along / 20) ** 2 + (aside / 9) ** 2 < 1, 0.6, 0.45)
    assert longest == pytest.approx(40, abs=0.8)
    assert across == pytest.approx(18, abs=0.8)


def test_the_second_diameter_of_a_triangle_is_its_height():
    # Right-angled, 40 x 30 pixels of 1 mm: the longest side has 50, the height on it 40 x 30 / 50 = 24.
    rows, columns = np.indices((45, 35))
    longest, across = diameters_mm(rows / 40 + columns / 30 <= 1, 1.0, 1.0)
    assert longest == pytest.approx(50, abs=1.5)
    assert across == pytest.approx(24, abs=1.5)


def test_the_height_counts_slices_wholly_and_with_weights_by_half_or_not_at_all():
    areas, extents = [20, 30, 74, 76, 100, 0], [1.0, 2.0, 4.0, 8.0, 16.0, 32.0]
    measured = abc2(areas, extents, [(10.0, 6.0)] * 6)
    assert (measured.slice, measured.a_mm, measured.b_mm) == (4, 10.0, 6.0)
    assert measured.c_mm == 31.0
    assert measured.weighted_c_mm == 0.5 * 2 + 0.5 * 4 + 8 + 16
    assert measured.volume_ml == pytest.approx(10 * 6 * 31 / 2000)
    assert measured.weighted_ml == pytest.approx(10 * 6 * 27 / 2000)


def test_the_weights_make_a_finely_cut_ellipsoid_a_third_too_small():
    # Areas 1 - t^2 along t = -1 .. 1: above 75 % up to |t| = 0.5, above 25 % up to |t| = 0.866.
    grid = grid_around_origin(size=56, pixel_mm=(1.0, 1.0), steps_mm=(0.5,) * 88)
    measured = measure_scan(None, masks(grid), grid)
    assert measured.abc2.weighted_c_mm == pytest.approx(42 * (0.5 + 0.366 / 2), abs=0.8)


def test_a_single_slice_has_a_volume_by_its_thickness():
    grid = grid_around_origin(size=64, pixel_mm=(1.0, 1.0), steps_mm=(), thickness_mm=7.0)
    labels = masks(grid)
    measured = measure_scan(None, labels, grid)
    assert measured.volume_ml == pytest.approx(labels.sum() * 7 / 1000)
    assert measured.abc2.c_mm == 7.0


def test_a_bleed_apart_counts_in_the_volume_but_does_not_stretch_the_diameters():
    grid = GRIDS["square pixels"]
    alone = measure_scan(None, masks(grid), grid)
    labels = masks(grid)
    labels[:, 3:6, 3:6] = 1
    measured = measure_scan(None, labels, grid)
    assert measured.volume_ml == pytest.approx(alone.volume_ml + (9 * grid.voxel_ml).sum())
    assert (measured.abc2.a_mm, measured.abc2.b_mm) == pytest.approx((alone.abc2.a_mm, alone.abc2.b_mm))


def test_one_voxel_is_measured():
    grid = grid_around_origin(size=20, pixel_mm=(0.5, 0.8), steps_mm=(5.0,) * 2)
    labels = np.zeros(grid.shape, np.uint8)
    labels[1, 7, 9] = 1
    measured = measure_scan(None, labels, grid)
    assert measured.volume_ml == pytest.approx(0.5 * 0.8 * 5 / 1000)
    assert (measured.abc2.a_mm, measured.abc2.b_mm) == pytest.approx((0.8, 0.5))


def test_nothing_has_no_volume():
    measured = measure_scan(None, np.zeros(GRIDS["tilted"].shape, np.uint8), GRIDS["tilted"])
    assert (measured.volume_ml, measured.ivh_ml, measured.abc2) == (0, 0, Abc2())


def test_blood_in_the_ventricles_is_counted_apart():
    grid = GRIDS["mixed and tilted"]
    labels = masks(grid)
    labels[:, :, 50:] *= 2
    measured, whole = measure_scan(None, labels, grid), measure_scan(None, masks(grid), grid)
    assert measured.ivh_ml == pytest.approx(((labels == 2).sum(axis=(1, 2)) * grid.voxel_ml).sum())
    assert measured.volume_ml + measured.ivh_ml == pytest.approx(whole.volume_ml)
    assert measured.ivh_ml > 1


@pytest.mark.parametrize(
    ("volume_ml", "words"),
    [
        (0.0, "0.0 mL"),
        (0.004, "less than 0.01 mL"),
        (0.29, "0.29 mL"),
        (0.494, "0.49 mL"),
        (1.306, "1.31 mL"),
        (1.47, "1.47 mL"),
        (1.494, "1.49 mL"),
        (1.5, "1.50 mL"),
        (12.46, "12.5 mL"),
    ],
)
def test_a_small_volume_in_words_does_not_read_as_a_limit_that_it_does_not_reach(volume_ml, words):
    assert in_ml(volume_ml) == words
