"""Preparation of a head CT: known points there and back, each step alone, heads that are hard to prepare."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest
import torch
from drawn_head import head_on, rotation, voxel_places_mm
from HematomaMarkersLib.model.preparation.grid import NETWORK_PIXEL_MM
from HematomaMarkersLib.model.preparation.prepare import NETWORK_SIZE, OUTSIDE_BRAIN_HU, Steps, network_input, prepare, slab_weights
from HematomaMarkersLib.reading.scan import AIR_HU, Scan
from HematomaMarkersLib.windows import window_of, windows
from LesionReadingLib.errors import InputError
from LesionReadingLib.geometry.grid import Grid, stacked_grid

EVEN, MIXED = [18.0] * 7, [12.0] * 5 + [6.0] + [22.0] * 3
# An ellipsoid to the left of, in front of and above the middle.
CLOT_CENTRE_MM, CLOT_RADII_MM = np.array([24.0, -30.0, 8.0]), np.array([15.0, 11.0, 28.0])
NO_STEPS = Steps(headrest_removal=False, noise_removal=False, skull_removal=False, centring=False)


def grid_of(
    steps_mm, tilt_deg=0.0, turn=None, pixel_mm=(0.7, 0.7), size=(330, 330), transposed=False, flips=(1, 1, 1), shift_mm=(0, 0, 0)
) -> Grid:
    """Slices around the origin; ``flips`` turns round slices, rows and columns, ``transposed`` lets columns run to the back."""
    heights = flips[0] * (np.concatenate([[0], np.cumsum(steps_mm)]) - np.sum(steps_mm) / 2)
    lean = np.radians(tilt_deg)
    to_left, to_back = flips[2] * np.array([1.0, 0, 0]), flips[1] * np.array([0, np.cos(lean), -np.sin(lean)])
    row_axis, column_axis = (to_left, to_back) if transposed else (to_back, to_left)
    corner = -(size[0] - 1) / 2 * pixel_mm[0] * row_axis - (size[1] - 1) / 2 * pixel_mm[1] * column_axis
    positions = corner + heights[:, None] * np.array([0, 0, 1.0]) + np.array(shift_mm)
    turn = np.eye(3) if turn is None else turn
    return stacked_grid(size, pixel_mm, turn @ row_axis, turn @ column_axis, positions @ turn.T, float(np.mean(steps_mm)))


GRIDS = {
    "upright": grid_of(EVEN),
    "tilted": grid_of(EVEN, tilt_deg=18.5),
    "oblique by 10 degrees": grid_of(EVEN, turn=rotation([0.3, 0.5, 1], 10)),
    "oblique and tilted": grid_of(EVEN, tilt_deg=-12, turn=rotation([1, 0.4, 0.7], 8)),
    "head first in reverse": grid_of(EVEN, flips=(-1, 1, 1)),
    "columns to the right": grid_of(EVEN, flips=(1, 1, -1)),
    "prone": grid_of(EVEN, flips=(1, -1, -1)),
    "rows to the front": grid_of(EVEN, flips=(-1, -1, 1)),
    "transposed": grid_of(EVEN, transposed=True, flips=(1, -1, 1), size=(330, 350)),
    "mixed spacing": grid_of(MIXED, tilt_deg=10),
    "pixels of two sizes": grid_of(EVEN, pixel_mm=(0.5, 1.3), size=(440, 180)),
    "coarse": grid_of(EVEN, pixel_mm=(1.9, 1.9), size=(120, 120)),
    "turned by 33 degrees": grid_of(EVEN, turn=rotation([0, 0, 1], 33)),
    "off the middle": grid_of(EVEN, shift_mm=(17, -12, 0), size=(360, 360)),
}


def clot_on(grid: Grid) -> np.ndarray:
    return (np.linalg.norm((voxel_places_mm(grid) - CLOT_CENTRE_MM) / CLOT_RADII_MM, axis=-1) <= 1).astype(np.uint8)


def from_surface_mm(places_mm: np.ndarray) -> np.ndarray:
    """How far places are from the clot's surface, to first order."""
    scaled = (places_mm - CLOT_CENTRE_MM) / CLOT_RADII_MM
    radius = np.linalg.norm(scaled, axis=-1)
    return np.abs(radius - 1) * radius / np.linalg.norm(scaled / CLOT_RADII_MM, axis=-1)


def scan_of(grid: Grid, hounsfield: np.ndarray | None = None) -> Scan:
    return Scan(head_on(grid) if hounsfield is None else hounsfield, grid)


def network_places_mm(scan: Scan, prepared) -> np.ndarray:
    """(slices, 256, 256, 3) LPS of the network's pixels, found by mapping the places of the scan's pixels, each a plain number."""
    places = voxel_places_mm(scan.grid).astype(np.float32)
    return np.stack([prepared.grid.from_scan(places[..., axis], outside=0) for axis in range(3)], axis=-1)


@pytest.mark.parametrize("name", GRIDS)
def test_a_clot_comes_back_within_half_a_voxel(name):
    scan, clot = scan_of(GRIDS[name]), clot_on(GRIDS[name])
    prepared = prepare(scan)
    back = prepared.labels_to_scan(prepared.labels_from_scan(clot))
    assert back.shape == scan.hounsfield.shape and back.dtype == np.uint8
    voxel_mm = max(NETWORK_PIXEL_MM, scan.grid.row_mm, scan.grid.column_mm)
    places = voxel_places_mm(scan.grid)
    assert from_surface_mm(places[back != clot]).max(initial=0) <= 1.42 * voxel_mm / 2 + 0.1  # half a diagonal
    middle = np.abs(scan.grid.offsets_mm - CLOT_CENTRE_MM @ scan.grid.normal) < 18
    assert middle.sum() >= 2
    for number in np.flatnonzero(middle):
        (true, found) = (places[number][labels[number] > 0].mean(axis=0) for labels in (clot, back))
        assert np.linalg.norm(true - found) < voxel_mm / 4
        assert int(back[number].sum()) == pytest.approx(int(clot[number].sum()), rel=0.03)


@pytest.mark.parametrize("angle_deg", [-38, -20, 25])
def test_a_head_that_lies_turned_within_its_slices_is_read_upright(angle_deg):
    scan = scan_of(grid_of(EVEN, turn=rotation([0, 0, 1], angle_deg)))
    places = network_places_mm(scan, prepare(scan))[3]
    across, down = places[128, 168] - places[128, 88], places[168, 128] - places[88, 128]
    assert np.degrees(np.arctan2(down[0], down[1])) == pytest.approx(0, abs=1)
    assert np.degrees(np.arctan2(across[1], across[0])) == pytest.approx(0, abs=1)
    assert np.linalg.norm(down) == pytest.approx(80 * NETWORK_PIXEL_MM, rel=0.01)


@pytest.mark.parametrize("off", [field.name for field in fields(Steps)])
def test_a_clot_comes_back_with_any_step_switched_off(off):
    scan, clot = scan_of(GRIDS["oblique and tilted"]), clot_on(GRIDS["oblique and tilted"])
    prepared = prepare(scan, replace(Steps(), **{off: False}))
    back = prepared.labels_to_scan(prepared.labels_from_scan(clot))
    assert 2 * (back & clot).sum() / (back.sum() + clot.sum()) > 0.97


@pytest.mark.parametrize("name", GRIDS)
def test_the_networks_rows_run_to_the_back_its_columns_to_the_left_and_its_slices_to_the_head(name):
    scan = scan_of(GRIDS[name])
    prepared = prepare(scan)
    places = network_places_mm(scan, prepared)[:, 100:156, 100:156]
    slices, rows, columns = (np.diff(places, axis=axis).mean(axis=(0, 1, 2)) for axis in range(3))
    assert slices[2] > 8 and rows[1] > 0.8 and columns[0] > 0.8
    np.testing.assert_allclose([np.linalg.norm(rows), np.linalg.norm(columns)], NETWORK_PIXEL_MM, rtol=5e-3)
    assert (
        prepared.slice_order.tolist()
        == np.argsort(scan.grid.positions_mm @ scan.grid.normal * np.sign(scan.grid.normal[2])).tolist()
    )


@pytest.mark.parametrize("name", ["upright", "tilted", "prone", "off the middle", "pixels of two sizes"])
def test_the_middle_of_the_brain_lies_in_the_middle(name):
    scan = scan_of(GRIDS[name])
    prepared = prepare(scan)
    middle = network_places_mm(scan, prepared)[:, NETWORK_SIZE // 2, NETWORK_SIZE // 2]
    assert np.abs(middle[:, :2]).max() < NETWORK_PIXEL_MM


def test_a_straight_head_stays_straight_in_a_tilted_gantry():
    prepared = prepare(scan_of(GRIDS["tilted"]))
    filled = prepared.inside.sum(axis=(1, 2)) > 3000
    columns = [np.nonzero(mask)[1].mean() for mask in prepared.inside[filled]]
    assert np.ptp(columns) < 1


def test_without_centring_the_middle_of_the_image_lies_in_the_middle():
    scan = scan_of(GRIDS["off the middle"])
    prepared = prepare(scan, replace(Steps(), centring=False))
    middle = network_places_mm(scan, prepared)[:, 127:129, 127:129].mean(axis=(0, 1, 2))
    np.testing.assert_allclose(middle[:2], [17, -12], atol=NETWORK_PIXEL_MM)


def test_skull_removal_leaves_the_brain_and_nothing_else():
    grid = GRIDS["upright"]
    prepared = prepare(scan_of(grid))
    brain_ml = (head_on(grid) == 35).sum(axis=(1, 2)) @ grid.voxel_ml
    found_ml = prepared.inside.sum(axis=(1, 2)) @ grid.extents_mm * NETWORK_PIXEL_MM**2 / 1000
    assert found_ml == pytest.approx(brain_ml, rel=0.03)
    assert (prepared.hounsfield[~prepared.inside] == OUTSIDE_BRAIN_HU).all()
    assert prepared.hounsfield.max() < 130
    assert prepare(scan_of(grid), replace(Steps(), skull_removal=False)).hounsfield.max() == 900


def test_blood_at_the_skull_stays():
    grid = GRIDS["upright"]
    places = voxel_places_mm(grid)
    hounsfield = head_on(grid)
    blood = (hounsfield == 35) & (np.linalg.norm(places - np.array([0, 95, 0]), axis=-1) < 35)
    hounsfield[blood] = 70
    prepared = prepare(scan_of(grid, hounsfield))
    labels = prepared.labels_from_scan(blood.astype(np.uint8))
    assert labels.sum() > 2000
    assert (prepared.inside & (labels > 0)).sum() >= 0.95 * labels.sum()  # but for pixels that share in bone


def test_a_hole_in_the_skull_does_not_let_the_brain_out():
    grid = GRIDS["upright"]
    places, hounsfield = voxel_places_mm(grid), head_on(grid)
    scalp = (np.linalg.norm(places / 1.25 / np.array([70, 88, 75]), axis=-1) < 1) & (hounsfield == -1000)
    hounsfield[scalp] = 40  # as dense as brain
    whole = prepare(scan_of(grid, hounsfield)).inside
    flap = (hounsfield == 900) & (np.linalg.norm(places - np.array([74, 0, 20]), axis=-1) < 35)
    hounsfield[flap] = 40
    open_skull = prepare(scan_of(grid, hounsfield)).inside
    assert whole.sum() > 70_000
    assert open_skull.sum() == pytest.approx(whole.sum(), rel=0.1)
    assert (open_skull & whole).sum() > 0.95 * whole.sum()


def headrest_on(grid: Grid) -> np.ndarray:
    """A shell 8 mm thick in which the back of the head lies."""
    x, y, _ = np.moveaxis(voxel_places_mm(grid), -1, 0)
    distance = np.hypot(x, y + 8)
    return (np.abs(distance - 111) < 4) & (y > 30)


def test_headrest_removal_takes_the_headrest_and_leaves_the_head():
    grid = GRIDS["upright"]
    hounsfield, headrest = head_on(grid), headrest_on(grid)
    hounsfield[headrest & (hounsfield == -1000)] = 60
    with_it, without = (
        prepare(scan_of(grid, hounsfield), replace(Steps(), skull_removal=False, headrest_removal=on)) for on in (False, True)
    )
    bone = with_it.hounsfield > 500
    assert (with_it.hounsfield == 60).sum() > 10_000
    assert (without.hounsfield == 60).sum() < 0.05 * (with_it.hounsfield == 60).sum()
    assert (without.hounsfield[bone] > 500).mean() > 0.99
    assert without.hounsfield[~without.inside].max() == AIR_HU


def test_noise_removal_averages_thin_slices_to_five_millimetres():
    grid = grid_of([1.0] * 60)
    weights = slab_weights(grid)
    np.testing.assert_allclose(weights.sum(axis=1), 1, rtol=1e-5)
    heights = grid.offsets_mm
    np.testing.assert_allclose((weights @ heights)[5:-5], heights[5:-5], atol=1e-3)  # nothing moves
    spread = (weights @ heights**2 - (weights @ heights) ** 2)[5:-5] + 1 / 12
    np.testing.assert_allclose(np.sqrt(12 * spread), 5, rtol=0.03)  # a box of width w has variance w^2 / 12


def test_thick_slices_are_not_averaged():
    np.testing.assert_allclose(slab_weights(grid_of(EVEN)), np.eye(8), atol=1e-6)


def test_thin_slices_lose_noise_by_noise_removal():
    grid = grid_of([1.0] * 14, size=(120, 120), pixel_mm=(2.0, 2.0))
    noise = np.random.default_rng(0).normal(35, 20, (15, 120, 120)).astype(np.int16)
    noisy, quiet = (prepare(scan_of(grid, noise), replace(NO_STEPS, noise_removal=on)).hounsfield for on in (0, 1))
    noisy, quiet = (some[len(some) // 2, 64:192, 64:192] for some in (noisy, quiet))
    assert quiet.std() < 0.5 * noisy.std() and quiet.mean() == pytest.approx(35, abs=1)


def test_fine_pixels_are_averaged_not_skipped():
    grid = grid_of(EVEN, pixel_mm=(0.3, 0.3), size=(513, 513))
    checks = (np.indices((513, 513)).sum(axis=0) % 2 * 100).astype(np.int16)
    prepared = prepare(scan_of(grid, np.broadcast_to(checks, (8, 513, 513))), NO_STEPS)
    assert np.abs(prepared.hounsfield[:, 50:-50, 50:-50] - 50).max() <= 1


def test_values_beyond_the_networks_grid_come_back_as_zero():
    prepared = prepare(scan_of(GRIDS["off the middle"]), NO_STEPS)
    back = prepared.to_scan(np.ones(prepared.hounsfield.shape, np.float32))
    assert back.shape == (8, 360, 360) and back.min() == 0 and back.max() == pytest.approx(1)
    assert back.mean() == pytest.approx((256 * 0.9 / (360 * 0.7)) ** 2, rel=0.02)


@pytest.mark.parametrize("hounsfield", [-1000, 40, 900])
def test_where_there_is_no_brain_it_says_so(hounsfield):
    with pytest.raises(InputError, match="No brain was found"):
        prepare(scan_of(GRIDS["coarse"], np.full(GRIDS["coarse"].shape, hounsfield, np.int16)))


def test_few_slices_under_the_vertex_are_read_and_the_inside_of_a_vertebra_is_not():
    """Slices at 64 and 67 mm of 75 mm show 53 and 39 cm2 of the egg, 27 mL together; the canal has 15 cm2."""
    vertex = scan_of(grid_of([3.0], shift_mm=(0, 0, 65.5)))
    assert prepare(vertex).inside.any(axis=(1, 2)).all()
    away_mm = np.linalg.norm(voxel_places_mm(GRIDS["upright"])[..., :2], axis=-1)
    neck = np.select([away_mm < 22, away_mm < 40, away_mm < 70], [35, 900, 40], -1000).astype(np.int16)
    with pytest.raises(InputError, match="No brain was found"):
        prepare(scan_of(GRIDS["upright"], neck))


def test_the_window_is_equation_1():
    values = torch.tensor([-1024, 0, 20, 80, 3000], dtype=torch.int16)
    assert network_input(values, (0, 80)).tolist() == [0, 0, 0.25, 1, 1]
    assert network_input(values, (20, 100)).tolist() == [0, 0, 0, 0.75, 1]


def test_a_window_is_a_name_or_two_numbers():
    assert window_of(["default"]) == windows()["default"] == (0, 80)
    assert window_of(["-20", "100.5"]) == (-20, 100.5)


@pytest.mark.parametrize("words", [["unheard-of"], ["40"], ["80", "0"], ["5", "5"], ["a", "b"], ["0", "nan"], ["0", "inf"], []])
def test_another_window_is_refused_in_one_sentence(words):
    with pytest.raises(InputError, match="window") as error:
        window_of(words)
    assert "\n" not in str(error.value)
