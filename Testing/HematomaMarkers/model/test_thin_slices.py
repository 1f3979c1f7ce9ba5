"""Thin slices are read together: which ones, and that what was read comes back on every slice in its place."""

from __future__ import annotations

import numpy as np
import pytest
from drawn_head import head_on, reversed_slices, slices, voxel_places_mm
from HematomaMarkersLib.labels import HEMATOMA
from HematomaMarkersLib.model.prediction import HeatMap
from HematomaMarkersLib.model.preparation.prepare import Steps, how_long, prepare
from HematomaMarkersLib.model.preparation.slices import read_slices
from HematomaMarkersLib.reading.scan import Scan
from LesionReadingLib.geometry.grid import Grid

CENTRE_MM, RADII_MM = np.array([24.0, -30.0, 8.0]), np.array([16.0, 14.0, 22.0])


GRIDS = {
    "1 mm": slices([1.0] * 109),
    "0.8 mm, tilted": slices([0.8] * 129, tilt_deg=14.0),
    "1.2 mm, from the other end": reversed_slices(slices([1.2] * 89)),
    "thin below, thick above": slices([1.0] * 50 + [5.0] * 14),
}


def clot_on(grid: Grid) -> np.ndarray:
    return (np.linalg.norm((voxel_places_mm(grid) - CENTRE_MM) / RADII_MM, axis=-1) <= 1).astype(np.uint8)


@pytest.mark.parametrize(
    ("extents_mm", "read"),
    [
        ([1.0] * 6, [1, 4]),
        ([0.5] * 12, [3, 9]),
        ([1.25] * 4, [1, 3]),
        ([2.0] * 3, [0, 1, 2]),
        ([5.0] * 3, [0, 1, 2]),
        ([1.0, 1.0, 1.0, 5.0, 5.0, 1.0], [1, 3, 4, 5]),
        ([0.6], [0]),
    ],
)
def test_runs_of_no_more_than_three_millimetres_are_read_by_their_middle_slice(extents_mm, read):
    extents_mm = np.array(extents_mm)
    found = read_slices(extents_mm, np.cumsum(extents_mm))
    assert found.numbers.tolist() == read
    assert found.extents_mm.sum() == pytest.approx(extents_mm.sum())


def test_half_way_between_two_slices_nothing_is_lost():
    """Two slices of 1.5 mm are read by one: a body that moves from slice to slice keeps its volume."""
    found = read_slices(np.full(40, 1.5), np.arange(40) * 1.5)
    assert len(found.numbers) == 20
    read = np.zeros((20, 1, 60), np.float32)
    for number in range(20):
        read[number, 0, number : number + 12] = 1
    spread = found.spread_labels({HEMATOMA: read})
    assert spread.sum() == pytest.approx(2 * read.sum(), rel=0.02)


@pytest.mark.parametrize("way", [1, -1])
def test_what_is_linear_along_the_head_is_spread_as_it_was(way):
    offsets_mm = way * np.cumsum([0.7] * 30)
    found = read_slices(np.full(30, 0.7), offsets_mm)
    spread = found.spread(offsets_mm[found.numbers][:, None, None] * np.ones((1, 2, 2), np.float32))
    inner = slice(found.numbers[0], found.numbers[-1] + 1)
    np.testing.assert_allclose(spread[inner, 0, 0], offsets_mm[inner], atol=1e-4)
    assert len(found.numbers) < 10 and np.abs(found.numbers[found.nearest] - np.arange(30)).max() <= 2


@pytest.mark.parametrize("name", GRIDS)
def test_a_clot_comes_back_on_every_thin_slice(name):
    grid = GRIDS[name]
    clot = clot_on(grid)
    prepared = prepare(Scan(head_on(grid), grid))
    assert len(prepared.hounsfield) < 0.75 * grid.slice_count
    assert prepared.extents_mm.sum() == pytest.approx(grid.extents_mm.sum())
    back = prepared.labels_to_scan(prepared.labels_from_scan(clot))
    assert back.shape == clot.shape and set(np.unique(back)) == {0, HEMATOMA}
    assert 2 * (back & clot).sum() / (back.sum() + clot.sum()) > 0.95
    volumes = [np.count_nonzero(mask, axis=(1, 2)) @ grid.voxel_ml for mask in (clot, back)]
    assert volumes[1] == pytest.approx(volumes[0], rel=0.03)
    heat = prepared.to_scan(prepared.labels_from_scan(clot).astype(np.float32))
    assert np.abs((heat > 0.5).sum() - clot.sum()) < 0.06 * clot.sum()


def test_a_heat_map_makes_every_slice_alone_as_all_are_spread():
    found = read_slices(np.full(30, 0.7), np.cumsum([0.7] * 30))
    values = np.zeros((len(found.numbers), 6, 4), np.float32)
    values[2:5, 1:3] = np.random.default_rng(3).random((3, 2, 4), np.float32)
    heat = HeatMap(found, values)
    assert heat.shape == (30, 6, 4) and np.max(heat) == 1
    np.testing.assert_array_equal(np.stack(heat), found.spread(values) / values.max())
    np.testing.assert_array_equal(heat[-1], heat[29])
    assert not np.any(HeatMap(found, np.zeros_like(values)))


def test_every_slice_of_the_scan_knows_the_one_that_was_read_for_it():
    grid = GRIDS["1.2 mm, from the other end"]
    prepared = prepare(Scan(head_on(grid), grid))
    heights = grid.positions_mm[:, 2]
    away = np.abs(heights[prepared.slice_order][prepared.read_for] - heights)
    assert away.max() < 1.3


def test_without_noise_removal_every_slice_is_read():
    grid = GRIDS["1 mm"]
    steps = Steps(headrest_removal=False, noise_removal=False, skull_removal=False, centring=False)
    assert len(prepare(Scan(head_on(grid), grid), steps).hounsfield) == grid.slice_count


def test_how_long_it_takes_is_told_with_the_slices_that_are_read():
    grid = GRIDS["1 mm"]
    sentence = how_long(Scan(head_on(grid), grid))
    assert "110 slices" in sentence and "reads 37" in sentence and " s on two" in sentence
    assert "reads" not in how_long(Scan(head_on(slices([5.0] * 20)), slices([5.0] * 20)))
