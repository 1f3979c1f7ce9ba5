"""Blood in the ventricles touches a ventricle: falx and straight sinus do not, whatever way the head was scanned."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from drawn_head import head_on
from drawn_hematoma import grid_around_origin, in_ellipsoid, places_mm
from HematomaMarkersLib.labels import HEMATOMA, INTRAVENTRICULAR
from HematomaMarkersLib.measurement.measure import measure_scan
from HematomaMarkersLib.measurement.ventricles import apart_from_ventricles, head_spaces
from HematomaMarkersLib.phantom.patient import draw_head
from HematomaMarkersLib.reading.scan import Scan

FLUID_HU, BLOOD_HU = 8, 60
GRIDS = {
    "upright": grid_around_origin(size=110, pixel_mm=(1.8, 1.8), steps_mm=(5.0,) * 31),
    "tilted": grid_around_origin(size=110, pixel_mm=(1.8, 1.8), steps_mm=(5.0,) * 31, tilt_deg=15.0),
    "oblong pixels": grid_around_origin(size=130, pixel_mm=(2.4, 1.5), steps_mm=(6.0,) * 26),
    "thin slices": grid_around_origin(size=90, pixel_mm=(2.2, 2.2), steps_mm=(1.5,) * 100),
}


def ventricles(places: np.ndarray) -> np.ndarray:
    """The bodies of the lateral ventricles, left and right."""
    return in_ellipsoid(places, (6, 30, 10), (14, -5, 10)) | in_ellipsoid(places, (6, 30, 10), (-14, -5, 10))


def straight_sinus(places: np.ndarray) -> np.ndarray:
    return in_ellipsoid(places, (3.5, 22, 4.5), (0, 58, 6))


def falx(places: np.ndarray) -> np.ndarray:
    return in_ellipsoid(places, (2.5, 35, 9), (0, 20, 48))


def front_falx(places: np.ndarray) -> np.ndarray:
    return in_ellipsoid(places, (2.5, 8, 20), (0, -70, 10))


def dependent_blood(places: np.ndarray) -> np.ndarray:
    """Settled in the back of one ventricle, fluid above it."""
    return in_ellipsoid(places, (6, 30, 10), (14, -5, 10)) & (places[..., 1] > 12)


def a_head(grid, blood=None, label: int = INTRAVENTRICULAR, with_fluid: bool = True) -> tuple[Scan, np.ndarray]:
    """A head with two ventricles and blood somewhere; (CT, labels)."""
    places = places_mm(grid)
    hounsfield = head_on(grid).astype(float)
    if with_fluid:
        hounsfield[ventricles(places)] = FLUID_HU
    labels = np.zeros(grid.shape, np.uint8)
    if blood is not None:
        labels[blood(places)] = label
        hounsfield[labels > 0] = BLOOD_HU
    hounsfield += np.random.default_rng(0).normal(0, 4, grid.shape)
    return Scan(np.round(hounsfield).astype(np.int16), grid), labels


def apart_ml(scan: Scan, labels: np.ndarray) -> float:
    return float(np.count_nonzero(apart_from_ventricles(labels, head_spaces(scan)), axis=(1, 2)) @ scan.grid.voxel_ml)


@pytest.mark.parametrize("name", GRIDS)
@pytest.mark.parametrize("blood", [straight_sinus, falx, front_falx])
def test_falx_and_straight_sinus_touch_no_ventricle(name, blood):
    scan, labels = a_head(GRIDS[name], blood)
    measured = measure_scan(scan, labels)
    assert measured.ivh_ml > 0.5
    assert measured.ivh_apart_ml == pytest.approx(measured.ivh_ml)
    assert measured.counted_ivh_ml == pytest.approx(0) and measured.ventricles_seen


@pytest.mark.parametrize("name", GRIDS)
@pytest.mark.parametrize("blood", [dependent_blood, ventricles])
def test_blood_in_a_ventricle_counts_with_fluid_above_it_or_without(name, blood):
    scan, labels = a_head(GRIDS[name], blood)
    assert apart_ml(scan, labels) == 0


def test_of_two_bleeds_the_one_that_touches_a_ventricle_counts():
    scan, labels = a_head(GRIDS["upright"], lambda places: dependent_blood(places) | straight_sinus(places))
    sinus_ml = np.count_nonzero(straight_sinus(places_mm(scan.grid)), axis=(1, 2)) @ scan.grid.voxel_ml
    assert apart_ml(scan, labels) == pytest.approx(sinus_ml)


def test_blood_that_touches_the_hematoma_counts():
    scan, labels = a_head(GRIDS["upright"], straight_sinus)
    labels[in_ellipsoid(places_mm(scan.grid), (8, 8, 8), (10, 50, 6)) & (labels == 0)] = HEMATOMA
    assert apart_ml(scan, labels) == 0


def test_where_no_ventricle_is_seen_little_blood_is_not_taken_for_one():
    scan, labels = a_head(GRIDS["upright"], lambda places: in_ellipsoid(places, (5, 9, 6), (14, 10, 10)), with_fluid=False)
    measured = measure_scan(scan, labels)
    assert 0.5 < measured.ivh_ml < 2
    assert measured.ivh_apart_ml == pytest.approx(measured.ivh_ml) and measured.ventricles_seen is False


def test_without_a_skull_ventricles_are_seen_all_the_same():
    scan, labels = a_head(GRIDS["upright"], dependent_blood)
    stripped = replace(scan, hounsfield=np.where(scan.hounsfield > 300, -1000, scan.hounsfield).astype(np.int16))
    assert head_spaces(stripped).brain_ml is None and apart_ml(stripped, labels) == 0
    sinus = a_head(GRIDS["upright"], straight_sinus)[1]
    assert apart_ml(stripped, sinus) > 0.5


def test_a_scan_that_shows_no_head_has_no_ventricle():
    grid = GRIDS["upright"]
    spaces = head_spaces(Scan(np.full(grid.shape, -1000, np.int16), grid))
    assert spaces.brain_ml is None and not spaces.ventricles_seen


def test_what_the_skull_encloses_is_the_ellipsoid_that_was_drawn():
    assert head_spaces(a_head(GRIDS["upright"])[0]).brain_ml == pytest.approx(4 / 3 * np.pi * 70 * 88 * 75 / 1000, rel=0.08)


@pytest.mark.parametrize("seed", [506, 509])
def test_most_blood_in_the_ventricles_of_a_phantom_patient_counts(seed):
    head = draw_head(seed, size=128, slice_mm=5.0)
    assert head.ivh_ml > 3
    only = np.where(head.labels == INTRAVENTRICULAR, INTRAVENTRICULAR, 0).astype(np.uint8)  # the hematoma is no help
    apart = apart_ml(Scan(head.hounsfield, head.grid), only)
    assert apart < 0.5 * head.ivh_ml  # in the fourth ventricle, near the falx's plane, it may not be seen


def test_an_edited_slice_leaves_the_ventricles_as_they_were_seen():
    from HematomaMarkersLib.measurement.measure import remeasure

    scan, labels = a_head(GRIDS["upright"], straight_sinus)
    before = measure_scan(scan, labels)
    number = int(np.flatnonzero((labels > 0).any(axis=(1, 2)))[0])
    edited = labels.copy()
    edited[number] = np.where(dependent_blood(places_mm(scan.grid)[number]), INTRAVENTRICULAR, edited[number])
    after = remeasure(before, scan, edited, number)
    assert after.spaces is before.spaces
    assert after.ivh_apart_ml == pytest.approx(measure_scan(scan, edited).ivh_apart_ml)
