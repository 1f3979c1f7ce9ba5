"""Growth since an earlier scan, and the registration of the two heads against a pose that is known."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pytest
from drawn_hematoma import grid_around_origin, in_ellipsoid, places_mm
from grids import moved
from HematomaMarkersLib.growth.expansion import compare, growth_of_volumes
from HematomaMarkersLib.growth.registration import align_heads
from HematomaMarkersLib.reading.prior import same_patient
from HematomaMarkersLib.reading.scan import Scan
from LesionReadingLib.errors import UNLESS_FORCED, InputError

NOON = datetime(2024, 5, 1, 12)
GRIDS = {
    "even": grid_around_origin(size=72, pixel_mm=(3.2, 3.2), steps_mm=(6.0,) * 27),
    "tilted": grid_around_origin(size=80, pixel_mm=(3.0, 3.4), steps_mm=(7.0,) * 24, tilt_deg=18.5),
    "mixed": grid_around_origin(size=72, pixel_mm=(3.2, 3.2), steps_mm=(4.0,) * 15 + (8.0,) * 13),
}


def turned(x_deg, y_deg, z_deg):
    """Rotation about the three axes, one after the other."""
    (a, b, c), (p, q, r) = np.cos(np.radians([x_deg, y_deg, z_deg])), np.sin(np.radians([x_deg, y_deg, z_deg]))
    about_x, about_y = np.array([[1, 0, 0], [0, a, -p], [0, p, a]]), np.array([[b, 0, q], [0, 1, 0], [-q, 0, b]])
    return np.array([[c, -r, 0], [r, c, 0], [0, 0, 1]]) @ about_y @ about_x


def a_head(grid, rotation=None, shift_mm=(0.0, 0.0, 0.0), hematoma_mm=12.0, seed=0, **known):
    """A head whose places are rotation @ head + shift in the scanner, with what makes it unlike its mirror image; (CT, labels)."""
    places = (places_mm(grid) - np.array(shift_mm)) @ (np.eye(3) if rotation is None else rotation)
    egg = np.linalg.norm(places / np.array([70.0, 86.0, 56.0]), axis=-1)
    hounsfield = np.where(egg < 1, 34.0, np.where(egg < 1.1, 850.0, np.where(egg < 1.16, 30.0, -1000.0)))
    for centre, radii in (((16, -10, 12), (7, 26, 10)), ((-14, -8, 12), (6, 22, 9)), ((0, 30, -20), (5, 9, 12))):
        hounsfield[in_ellipsoid(places, radii, centre)] = 8
    hounsfield[in_ellipsoid(places, (12, 14, 9), (20, -66, -38)) | in_ellipsoid(places, (9, 9, 14), (-34, 40, -44))] = 600
    blood = in_ellipsoid(places, (hematoma_mm,) * 3, (-34.0, 6.0, 8.0))
    hounsfield[blood] = 62
    hounsfield += np.random.default_rng(seed).normal(0, 4, grid.shape)
    return Scan(np.round(hounsfield).astype(np.int16), grid, **known), blood.astype(np.uint8)


POINTS_MM = np.array([[50.0, 0, 0], [-50, 10, 20], [0, 60, -20], [0, -60, 10], [10, 0, 45], [-20, 20, -35]])


@pytest.mark.parametrize(
    ("fixed", "moving", "rotation", "shift_mm", "carried_mm"),
    [
        ("even", "tilted", turned(3, -2, 5), (4.0, -3.0, 5.0), np.zeros(3)),
        ("tilted", "mixed", turned(-8, 4, -9), (-12.0, 9.0, -8.0), np.zeros(3)),
        ("mixed", "even", turned(5, 5, -3), (0.0, 0.0, 2.0), np.array([0.0, -20.0, -320.0])),
    ],
)
def test_the_pose_is_recovered_to_2_mm_anywhere_in_the_head(fixed, moving, rotation, shift_mm, carried_mm):
    table_mm = np.array([0.0, 0.0, 210.0])  # both scans lie far from the scanner's origin
    now, _ = a_head(moved(GRIDS[fixed], table_mm), shift_mm=table_mm, hematoma_mm=16, seed=1)
    earlier, _ = a_head(moved(GRIDS[moving], table_mm + carried_mm), rotation, table_mm + carried_mm + shift_mm)
    found = align_heads(now, earlier)
    expected = POINTS_MM @ rotation.T + table_mm + carried_mm + shift_mm
    given = (POINTS_MM + table_mm) @ found.transform[:3, :3].T + found.transform[:3, 3]
    assert np.linalg.norm(given - expected, axis=1).max() < 2.0
    assert found.rotation_deg == pytest.approx(np.degrees(np.arccos((np.trace(rotation) - 1) / 2)), abs=1.0)
    assert found.likeness > 0.9


def test_a_scan_of_half_a_head_is_laid_on_the_part_that_it_shows():
    """What a tilted scan leaves out of its box is no air: without its mask the registration lays the head against it."""
    half = grid_around_origin(size=80, pixel_mm=(3.0, 3.4), steps_mm=(7.0,) * 12, tilt_deg=20.0)
    rotation, shift_mm = turned(-6, 3, -8), np.array([-6.0, 5.0, -8.0])
    found = align_heads(a_head(GRIDS["even"])[0], a_head(half, rotation, shift_mm)[0])
    given = POINTS_MM @ found.transform[:3, :3].T + found.transform[:3, 3]
    assert np.linalg.norm(given - POINTS_MM @ rotation.T - shift_mm, axis=1).max() < 2.0
    assert found.likeness > 0.85


def test_the_same_scans_give_the_same_transform():
    now, _ = a_head(GRIDS["even"])
    earlier, _ = a_head(GRIDS["tilted"], turned(2, 0, -4), (3.0, 2.0, 1.0))
    assert np.array_equal(align_heads(now, earlier).transform, align_heads(now, earlier).transform)


def test_growth_is_the_difference_of_the_volumes_by_voxels_and_not_of_the_pictures():
    earlier = a_head(GRIDS["mixed"], turned(4, 3, -6), (5.0, 0.0, -4.0), 12.0, acquired=NOON, patient_key="a")
    now = a_head(GRIDS["tilted"], hematoma_mm=15.0, acquired=NOON + timedelta(hours=9, minutes=30), patient_key="a")
    volumes = [((labels == 1).sum(axis=(1, 2)) * scan.grid.voxel_ml).sum() for scan, labels in (earlier, now)]
    growth = compare(earlier, now)
    assert growth.prior_ml == pytest.approx(volumes[0])
    assert growth.change_ml == pytest.approx(volumes[1] - volumes[0])
    assert growth.change_ml == pytest.approx(4 / 3 * np.pi * (15**3 - 12**3) / 1000, rel=0.1)
    assert growth.hours == 9.5
    assert growth.expanded_seed_30_percent
    assert growth.notes == ()
    # The hematoma's middle now lies in the hematoma's middle then.
    there = growth.transform[:3, :3] @ np.array([-34.0, 6.0, 8.0]) + growth.transform[:3, 3]
    assert np.linalg.norm(there - (turned(4, 3, -6) @ np.array([-34.0, 6.0, 8.0]) + np.array([5.0, 0.0, -4.0]))) < 2.0


@pytest.mark.parametrize(
    ("prior", "current", "seed", "field", "error"),
    [
        (10.0, 12.9, False, False, True),
        (10.0, 13.0, True, False, True),
        (10.0, 13.3, True, True, True),
        (30.0, 35.9, False, False, False),
        (30.0, 36.0, False, True, False),
        (30.0, 24.0, False, False, False),
        (30.0, 24.3, False, False, True),
        (0.0, 2.0, True, True, True),
        (0.0, 0.3, False, False, True),
        (0.1, 0.4, False, False, True),
        (0.3, 7.0, True, True, False),
        (0.0, 0.0, False, False, True),
    ],
)
def test_expansion_and_error_by_their_definitions(prior, current, seed, field, error):
    growth = growth_of_volumes(prior, 0.0, current, 0.0)
    assert (growth.expanded_seed_30_percent, growth.expanded_6ml_or_33_percent, growth.within_error) == (seed, field, error)
    assert (growth.change_percent is None) == (prior == 0)
    assert growth.change_ml == pytest.approx(current - prior)
    assert growth.transform is None
    if prior >= 1:
        assert (current - prior >= growth.limits_ml["seed_30_percent"] - 1e-9) == seed
        assert (current - prior >= growth.limits_ml["6ml_or_33_percent"] - 1e-9) == field


@pytest.mark.parametrize(("prior", "current", "new"), [(0.0, 0.4, False), (0.0, 0.5, True), (0.05, 3.0, True), (0.2, 6.0, False)])
def test_blood_in_the_ventricles_is_new_where_there_was_none(prior, current, new):
    growth = growth_of_volumes(10.0, prior, 10.0, current)
    assert growth.new_ivh is new
    assert growth.ivh_change_ml == pytest.approx(current - prior)


def small(**known):
    """A coarse head, for what is refused before anything is registered."""
    return a_head(grid_around_origin(size=40, pixel_mm=(6.0, 6.0), steps_mm=(12.0,) * 13), **known)


def test_another_patient_is_refused_unless_forced():
    earlier, now = small(patient_key="a"), small(patient_key="b")
    with pytest.raises(InputError, match="another patient") as raised:
        compare(earlier, now)
    assert raised.value.code == UNLESS_FORCED
    assert "different patients" in compare(earlier, now, force=True).notes[0]


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("11112222-aaaa", "11112222-aaaa", True),
        ("11112222-aaaa", "11112222-cccc", False),
        ("11112222-aaaa", "33334444-aaaa", False),
        ("11112222-aaaa", "11112222", True),
        ("11112222", "33334444", False),
        (None, "11112222", None),
    ],
)
def test_a_birth_date_that_is_missing_makes_no_other_patient(first, second, same):
    """The key of a patient without a birth date is how the key with one begins."""
    one, other = small(patient_key=first)[0], small(patient_key=second)[0]
    assert same_patient(one, other) is same and same_patient(other, one) is same


def test_a_patient_who_is_not_known_is_told():
    assert "not known" in compare(small(), small(patient_key="b")).notes[0]


def test_an_earlier_scan_that_is_later_is_refused_unless_forced():
    later, earlier = small(acquired=NOON), small(acquired=NOON - timedelta(minutes=1))
    with pytest.raises(InputError, match="exchange") as raised:
        compare(later, earlier)
    assert raised.value.code == UNLESS_FORCED
    growth = compare(later, earlier, force=True)
    assert any("By their dates" in note for note in growth.notes) and growth.hours is None


def test_labels_of_another_scan_are_refused():
    scan, labels = small()
    with pytest.raises(InputError, match="voxels"):
        compare((scan, labels[1:]), (scan, labels))


def test_heads_that_do_not_fit_are_told():
    (scan, labels), grid = small(), grid_around_origin(size=40, pixel_mm=(6.0, 6.0), steps_mm=(12.0,) * 13)
    block = np.where(np.abs(places_mm(grid)).max(axis=-1) < 60, 40, -1000).astype(np.int16)
    growth = compare((Scan(block, grid), labels), (scan, labels))
    assert any("could not be laid over" in note for note in growth.notes)
