"""The measurement of a scan as a whole: its JSON, editing a slice, and what cannot be used."""

from __future__ import annotations

import json

import numpy as np
import pytest
from drawn_bleed import no_heat
from drawn_hematoma import BLOOD_HU, SUPINE, grid_around_origin, in_ellipsoid, places_mm, scanned
from HematomaMarkersLib.growth.expansion import growth_of_volumes
from HematomaMarkersLib.labels import HYPODENSITY, MARKERS
from HematomaMarkersLib.measurement.markers.network_result import NetworkResult
from HematomaMarkersLib.measurement.measure import measure_scan, remeasure
from HematomaMarkersLib.presenting.measurements_json import to_json
from HematomaMarkersLib.reading.scan import Scan
from LesionReadingLib.errors import InputError

GRID = grid_around_origin(size=80, steps_mm=(3.0,) * 10, tilt_deg=12.0)


def ball(places):
    return in_ellipsoid(places, (15.0, 13.0, 13.0))


def with_hole(places):
    return BLOOD_HU - 36 * in_ellipsoid(places, (5.0, 5.0, 5.0))


@pytest.fixture(scope="module")
def bleed() -> tuple[Scan, np.ndarray]:
    return scanned(GRID, ball, with_hole)


def test_the_json_has_every_key_of_the_contract_and_is_json(bleed):
    scan, labels = bleed
    measured = measure_scan(scan, labels)
    slice_probabilities = np.full((GRID.slice_count, 4), np.nan)
    slice_probabilities[5] = [0.9, 0.1, 0.2, 0.3]
    network = NetworkResult(
        probabilities={**dict.fromkeys(MARKERS, 0.25), HYPODENSITY: None},
        thresholds=dict.fromkeys(MARKERS, 0.5),
        marker_slices=dict.fromkeys(MARKERS, 5),
        slice_probabilities=slice_probabilities,
        heat=no_heat(labels.shape),
        model={"name": "a_model"},
    )
    written = to_json(measured, network, growth_of_volumes(2.0, 0.0, 9.0, 1.0, hours=6.5))
    written = json.loads(json.dumps(written, allow_nan=False))
    assert written["schema"] == "hematoma-markers/1"
    assert written["spacing_mm"] == pytest.approx([0.5, 0.5, 3.0 * np.cos(np.radians(12))])
    assert {"volume_ml", "abc2_ml", "ivh_ml", "markers", "slices", "growth"} <= written.keys()
    assert list(written["markers"]) == list(MARKERS)
    assert written["markers"][HYPODENSITY]["probability"] is None
    assert written["markers"]["blend"]["probability"] == 0.25
    assert written["markers"][HYPODENSITY]["evidence"]["found"] is True
    assert written["markers"][HYPODENSITY]["evidence"]["values"]["difference_hu"] == pytest.approx(36, abs=5)
    assert [one["slice"] for one in written["slices"]] == list(range(GRID.slice_count))
    assert written["slices"][5]["markers"][HYPODENSITY] == {"probability": 0.9, "evidence": True}
    assert written["slices"][4]["markers"][HYPODENSITY]["probability"] is None
    assert all({"area_mm2", "markers"} <= one.keys() for one in written["slices"])
    growth = written["growth"]
    assert (growth["prior_ml"], growth["change_ml"], growth["change_percent"]) == (2.0, 7.0, 350.0)
    assert growth["expanded"] == {"seed_30_percent": True, "6ml_or_33_percent": True}
    assert growth["within_error"] is False


def test_without_network_and_earlier_scan_the_json_has_nulls(bleed):
    written = json.loads(json.dumps(to_json(measure_scan(*bleed)), allow_nan=False))
    assert written["growth"] is None
    assert {one["probability"] for one in written["markers"].values()} == {None}


@pytest.mark.parametrize("with_ct", [True, False])
def test_an_empty_label_map_gives_zeros(bleed, with_ct):
    scan, labels = bleed
    measured = measure_scan(scan if with_ct else None, np.zeros_like(labels), GRID)
    written = json.loads(json.dumps(to_json(measured), allow_nan=False))
    assert (written["volume_ml"], written["abc2_ml"], written["ivh_ml"]) == (0, 0, 0)
    assert (written["shape_scale"], written["mean_hu"], written["island_count"]) == (None, None, 0)
    assert not any(one["evidence"]["found"] for one in written["markers"].values())


def test_the_mean_density_is_that_of_all_voxels_each_with_its_volume():
    grid = grid_around_origin(size=60, pixel_mm=(0.8, 0.8), steps_mm=(2.0,) * 6 + (5.0,) * 3)
    scan, labels = scanned(grid, ball)
    weights = (labels == 1) * grid.voxel_ml[:, None, None]
    assert measure_scan(scan, labels).mean_hu == pytest.approx((weights * scan.hounsfield).sum() / weights.sum())


def test_the_hematoma_may_touch_every_border_of_the_scan():
    grid = grid_around_origin(size=40, steps_mm=(3.0,) * 3)
    scan = Scan(np.full(grid.shape, 60, np.int16), grid, SUPINE)
    measured = measure_scan(scan, np.ones(grid.shape, np.uint8))
    assert measured.volume_ml == pytest.approx(40 * 40 * 0.25 * 4 * 3 / 1000)
    assert not any(one.found for one in measured.evidence.values())


def test_hematomas_apart_in_height_are_measured_together():
    grid = grid_around_origin(size=80, steps_mm=(3.0,) * 20)
    scan, labels = scanned(grid, lambda p: in_ellipsoid(p, (10, 10, 9), (0, 0, 18)) | in_ellipsoid(p, (12, 10, 9), (0, 0, -18)))
    measured = measure_scan(scan, labels)
    assert measured.volume_ml == pytest.approx(4 / 3 * np.pi * (900 + 1080) / 1000, rel=0.05)
    assert measured.slices[10].area_mm2 == 0


@pytest.mark.parametrize("number", [0, 4, 5, 10])
def test_an_edited_slice_measured_alone_gives_the_measurement_of_the_whole(bleed, number):
    scan, labels = bleed
    before = measure_scan(scan, labels)
    edited = labels.copy()
    edited[number] = 0
    edited[number, 30:48, 20:40] = 1
    edited[number, 50:60, 50:60] = 2
    after, whole = remeasure(before, scan, edited, number), measure_scan(scan, edited)
    assert to_json(after) == to_json(whole)
    assert to_json(after) != to_json(before)


def test_an_edit_that_opens_a_hole_in_space_and_its_undoing_are_seen(bleed):
    scan, labels = bleed
    before = measure_scan(scan, labels)
    number = before.evidence[HYPODENSITY].slice
    edited = labels.copy()
    edited[number][places_mm(GRID)[number, :, :, 0] < 0] = 0  # cuts the hole in two
    after = remeasure(before, scan, edited, number)
    assert number not in after.evidence[HYPODENSITY].slices
    assert to_json(remeasure(after, scan, labels, number)) == to_json(before)


@pytest.mark.parametrize("number", [-1, 11])
def test_a_slice_that_is_not_there_cannot_be_edited(bleed, number):
    scan, labels = bleed
    with pytest.raises(InputError, match="Slice"):
        remeasure(measure_scan(scan, labels), scan, labels, number)


@pytest.mark.parametrize("value", [np.nan, 0.5, 3, -1])
def test_a_label_map_with_other_values_is_refused(value):
    labels = np.zeros(GRID.shape)
    labels[1, 2, 3] = value
    with pytest.raises(InputError):
        measure_scan(None, labels, GRID)


def test_labels_and_ct_on_other_voxels_are_refused(bleed):
    scan, labels = bleed
    with pytest.raises(InputError, match="80x80"):
        measure_scan(scan, labels[:-1])
    with pytest.raises(InputError, match="grid"):
        measure_scan(None, labels)
    with pytest.raises(InputError, match="CT"):
        measure_scan(Scan(scan.hounsfield[:-1], GRID), labels, GRID)
    with pytest.raises(InputError):
        remeasure(measure_scan(scan, labels), scan, labels[:-1], 3)
