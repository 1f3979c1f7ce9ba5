"""A tilted or unevenly spaced head CT as one upright volume: what was drawn in it keeps its volume and its place."""

import numpy as np
import pytest
from drawn_head import GRIDS, head_on, slices, voxel_places_mm
from HematomaMarkersLib.reading.scan import AIR_HU, Scan
from HematomaMarkersLib.reading.upright import FINEST_MM, straightened
from LesionReadingLib.geometry.grid import stacked_grid

BALL_MM, BALL_HU, RADIUS_MM = np.array([21.0, -17.0, 9.0]), 71, 22.0
TILTED = [name for name in GRIDS if "tilted" in name or "reverse" in name]


def with_ball(grid):
    """A drawn head with a dense ball, and whether each voxel belongs to the ball."""
    hounsfield = head_on(grid)
    ball = np.linalg.norm(voxel_places_mm(grid) - BALL_MM, axis=-1) < RADIUS_MM
    hounsfield[ball] = BALL_HU
    return Scan(hounsfield, grid)


def ball_of(hounsfield, grid):
    """(volume in mL, LPS of the middle) of everything denser than half-way between brain and ball, without the bone."""
    ball = (hounsfield > 53) & (hounsfield < 100)
    ball &= np.linalg.norm(voxel_places_mm(grid) - BALL_MM, axis=-1) < 2 * RADIUS_MM
    return float(ball.sum(axis=(1, 2)) @ grid.voxel_ml), voxel_places_mm(grid)[ball].mean(axis=0)


@pytest.mark.parametrize("name", GRIDS)
def test_every_scan_becomes_upright_and_even(name):
    grid = straightened(with_ball(GRIDS[name])).grid
    assert grid.is_even and not grid.is_sheared
    assert abs(grid.step_mm @ grid.normal) == pytest.approx(np.linalg.norm(grid.step_mm), abs=1e-9)
    np.testing.assert_allclose([grid.row_axis, grid.column_axis], [GRIDS[name].row_axis, GRIDS[name].column_axis])


@pytest.mark.parametrize("name", GRIDS)
def test_a_ball_keeps_its_volume_and_its_place_within_half_a_voxel(name):
    straight = straightened(with_ball(GRIDS[name]))
    volume_ml, middle_mm = ball_of(straight.hounsfield, straight.grid)
    assert volume_ml == pytest.approx(4 / 3 * np.pi * RADIUS_MM**3 / 1000, rel=0.04)
    half_voxel = np.array([straight.grid.extents_mm[0], straight.grid.row_mm, straight.grid.column_mm]) / 2
    axes = np.array([straight.grid.normal, straight.grid.row_axis, straight.grid.column_axis])
    assert (np.abs(axes @ (middle_mm - BALL_MM)) < half_voxel).all()


@pytest.mark.parametrize("name", TILTED)
def test_a_box_of_one_slice_stays_at_its_corner(name):
    grid = GRIDS[name]
    hounsfield = np.zeros(grid.shape, np.int16)
    number = grid.slice_count - 4
    hounsfield[number, 20:24, 30:37] = 1000
    straight = straightened(Scan(hounsfield, grid))
    weights = np.clip(straight.hounsfield, 0, None).astype(float)  # less in slices interpolated between it and its neighbours
    fullest = weights.sum(axis=(1, 2)).argmax()
    places = voxel_places_mm(straight.grid)[fullest]
    found = (places * weights[fullest][..., None]).sum(axis=(0, 1)) / weights[fullest].sum()
    assert np.count_nonzero(weights[fullest]) == 4 * 7
    away = found - voxel_places_mm(grid)[hounsfield > 0].mean(axis=0)
    assert abs(away @ grid.row_axis) <= grid.row_mm / 2 + 1e-6
    assert abs(away @ grid.column_axis) <= grid.column_mm / 2 + 1e-6
    assert abs(away @ grid.normal) <= straight.grid.extents_mm[0] / 2 + 1e-6


def test_a_tilt_of_less_than_half_a_pixel_over_the_whole_head_changes_no_voxel():
    scan = with_ball(slices([5.0] * 20, tilt_deg=0.8))
    straight = straightened(scan)
    assert straight.hounsfield is scan.hounsfield and straight.changes == ()
    assert np.abs(straight.grid.positions_mm - scan.grid.positions_mm).max() < 2.0 and not straight.grid.is_sheared


def test_the_voxels_of_an_upright_even_scan_are_untouched():
    scan = with_ball(GRIDS["oblique"])
    straight = straightened(scan)
    assert straight.hounsfield is scan.hounsfield and straight.grid is scan.grid
    assert straight.changes == ()


def test_a_tilted_even_scan_keeps_every_value_and_tells_its_tilt():
    scan = with_ball(GRIDS["tilted"])
    straight = straightened(scan)
    assert straight.grid.slice_count == scan.grid.slice_count
    for plane, stored in zip(straight.hounsfield, scan.hounsfield, strict=True):
        kept = np.sort(plane[plane != AIR_HU])
        np.testing.assert_array_equal(kept, np.sort(stored, axis=None))
    (sentence,) = straight.changes
    assert "18.5 degrees" in sentence


def test_a_tilted_scan_is_padded_with_air_and_nothing_is_cut_off():
    scan = with_ball(GRIDS["tilted"])
    straight = straightened(scan)
    leaning_mm = np.ptp(scan.grid.positions_mm @ scan.grid.row_axis)
    assert straight.grid.rows == scan.grid.rows + round(leaning_mm / scan.grid.row_mm)
    assert (straight.hounsfield == AIR_HU).sum() == straight.hounsfield.size - scan.hounsfield.size


def test_mixed_distances_take_the_finest_and_reach_from_the_first_to_the_last_slice():
    grid = GRIDS["mixed"]
    straight = straightened(with_ball(grid))
    assert straight.grid.extents_mm.max() <= 1.1 + 1e-9
    np.testing.assert_allclose(straight.grid.positions_mm[[0, -1]], grid.positions_mm[[0, -1]], atol=1e-6)
    (sentence,) = straight.changes
    assert "1.1 to 7.4 mm" in sentence and f"{grid.slice_count} slices to {straight.grid.slice_count}" in sentence


def test_where_a_slice_is_missing_its_neighbours_are_kept_and_the_gap_is_filled_between_them():
    whole = slices([5.0] * 8)
    kept = [0, 1, 2, 3, 5, 6, 7, 8]
    grid = stacked_grid((64, 64), (4.0, 4.0), whole.row_axis, whole.column_axis, whole.positions_mm[kept], 5.0)
    values = np.arange(0, 800, 100, dtype=np.int16)[:, None, None] * np.ones((64, 64), np.int16)
    straight = straightened(Scan(values, grid))
    np.testing.assert_array_equal(straight.hounsfield[:, 0, 0], [0, 100, 200, 300, 350, 400, 500, 600, 700])


def test_overlapping_slices_do_not_become_thousands():
    grid = slices([4.0] * 5 + [0.05] + [4.0] * 5)
    straight = straightened(Scan(head_on(grid), grid))
    assert straight.grid.extents_mm[0] == pytest.approx(FINEST_MM, rel=0.02)


def test_two_slices_are_enough():
    grid = slices([5.0], tilt_deg=20.0)
    straight = straightened(Scan(head_on(grid), grid))
    assert straight.grid.slice_count == 2 and not straight.grid.is_sheared
