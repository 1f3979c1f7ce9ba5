"""Blend, hypodensity, fluid level and margin, found in hematomas drawn with them and not in those drawn without."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from drawn_hematoma import BLOOD_HU, PRONE, SUPINE, grid_around_origin, in_ellipsoid, places_mm, scanned
from HematomaMarkersLib.labels import BLEND, FLUID_LEVEL, HYPODENSITY, IRREGULAR_MARGIN, MARKERS
from HematomaMarkersLib.measurement.markers.evidence import MarkerEvidence
from HematomaMarkersLib.measurement.markers.region import border_mm
from HematomaMarkersLib.measurement.markers.split import otsu_hu
from HematomaMarkersLib.measurement.measure import measure_scan

RADII_MM = (17.0, 15.0, 16.0)
GRIDS = {
    "5 mm": grid_around_origin(),
    "3 mm": grid_around_origin(steps_mm=(3.0,) * 13),
    "tilted": grid_around_origin(steps_mm=(5.0,) * 8, tilt_deg=18.5),
    "mixed": grid_around_origin(steps_mm=(2.5,) * 7 + (5.0,) * 5),
    "long pixels": grid_around_origin(pixel_mm=(0.45, 0.6)),
}


def ball(places):
    return in_ellipsoid(places, RADII_MM)


def split(difference_hu, normal=(1.0, 0.3, 0.0), width_mm=0.0, offset_mm=2.0):
    """Blood that is less dense beyond a plane (its normal is LPS), over ``width_mm``."""
    normal = np.array(normal) / np.linalg.norm(normal)

    def density(places):
        beyond = places @ normal - offset_mm
        share = (beyond > 0) if width_mm == 0 else np.clip(beyond / width_mm + 0.5, 0, 1)
        return BLOOD_HU - difference_hu * share

    return density


def hole(difference_hu, radius_mm=5.0, centre_mm=(3.0, 1.0, 0.0), channel_mm=0.0):
    """Blood with a ball of low density, and a channel of a radius from it to the left."""

    def density(places):
        away = places - np.array(centre_mm)
        low = (away**2).sum(axis=-1) < radius_mm**2
        low |= (np.hypot(away[..., 1], away[..., 2]) < channel_mm) & (away[..., 0] > 0)
        return BLOOD_HU - difference_hu * low

    return density


def evidence(marker, density_hu=BLOOD_HU, grid="5 mm", inside=ball, **how) -> MarkerEvidence:
    scan, labels = scanned(GRIDS[grid], inside, density_hu, **how)
    return measure_scan(scan, labels).evidence[marker]


@cache
def plain(grid="5 mm", seed=0):
    return measure_scan(*scanned(GRIDS[grid], ball, seed=seed)).evidence


@pytest.mark.parametrize("grid", GRIDS)
def test_even_blood_shows_no_marker_though_its_rim_holds_brain(grid):
    assert [marker for marker in MARKERS if plain(grid)[marker].found] == []


@pytest.mark.parametrize("seed", range(4))
def test_noise_makes_no_marker(seed):
    scan, labels = scanned(GRIDS["5 mm"], ball, noise_hu=6.0, seed=seed)
    assert not any(one.found for one in measure_scan(scan, labels).evidence.values())


@pytest.mark.parametrize("grid", GRIDS)
@pytest.mark.parametrize("radii_mm", [(9.0, 8.0, 12.0), (22.0, 13.0, 14.0)])
def test_the_blur_at_the_rim_of_even_blood_is_no_marker(grid, radii_mm):
    scan, labels = scanned(GRIDS[grid], lambda places: in_ellipsoid(places, radii_mm), blur_mm=1.2, background_hu=5.0)
    assert not any(one.found for one in measure_scan(scan, labels).evidence.values())


@pytest.mark.parametrize("grid", GRIDS)
@pytest.mark.parametrize("normal", [(1, 0.3, 0), (-0.7, 1, 0.1), (0.9, 0.2, -0.4)])
def test_a_blend_of_24_hu_is_found_with_its_difference(grid, normal):
    found = evidence(BLEND, split(24, normal), grid)
    assert found.found
    assert found.values["difference_hu"] == pytest.approx(24, abs=3)
    assert "reaches the edge" in found.sentence
    assert f"slice {found.slice + 1}" in found.sentence
    assert found.slice in found.slices


@pytest.mark.parametrize("grid", GRIDS)
def test_a_split_of_12_hu_is_no_blend(grid):
    found = evidence(BLEND, split(12), grid)
    assert not found.found
    assert found.values["difference_hu"] == pytest.approx(12, abs=3)


def test_a_gradual_change_of_24_hu_is_no_blend():
    found = evidence(BLEND, split(26, width_mm=9))
    assert found.values["difference_hu"] > 18
    assert found.values["width_mm"] == pytest.approx(9, abs=2.5)
    assert not found.found
    assert "gradual" in found.sentence


def test_a_small_less_dense_part_is_still_a_blend():
    found = evidence(BLEND, split(24, offset_mm=8))
    assert found.found
    assert found.values["less_dense_mm2"] < found.values["denser_mm2"] / 2


def test_an_enclosed_part_is_no_blend():
    assert not evidence(BLEND, hole(35, radius_mm=7.5)).found


def test_a_leaking_hole_is_no_blend():
    assert not evidence(BLEND, hole(36, radius_mm=7.0, channel_mm=2.5), "3 mm").found


def test_a_blend_keeps_its_border_where_a_larger_darker_hole_lies_in_the_denser_part():
    def density(places):
        return split(22, offset_mm=7)(places) - 40 * in_ellipsoid(places, (6.5, 6.5, 13.0), (-5.0, 0.0, 0.0))

    scan, labels = scanned(GRIDS["3 mm"], ball, density)
    measured = measure_scan(scan, labels).evidence
    assert measured[BLEND].found
    assert measured[BLEND].values["difference_hu"] == pytest.approx(22, abs=3)
    assert {6, 7} <= set(measured[BLEND].slices)  # those that show the hole, too
    assert measured[HYPODENSITY].values["black_hole"]


@pytest.mark.parametrize("grid", GRIDS)
def test_a_black_hole_is_found_with_its_difference(grid):
    found = evidence(HYPODENSITY, hole(38, 6.0), grid)
    assert found.found
    assert found.values["black_hole"]
    assert found.values["difference_hu"] == pytest.approx(38, abs=5)
    assert found.values["roundness"] > 0.7
    assert found.values["enclosure"] > 0.8
    assert found.sentence.startswith("Black hole")


def test_the_hole_lies_on_the_slice_that_shows_it():
    found = evidence(HYPODENSITY, hole(38, 4.0, centre_mm=(2.0, 0.0, 6.0)), "3 mm")
    heights = GRIDS["3 mm"].positions_mm[:, 2]
    assert abs(heights[found.slice] - 6.0) < 2
    assert all(abs(heights[number] - 6.0) < 6 for number in found.slices)


def test_an_enclosed_part_of_20_hu_is_a_hypodensity_but_no_black_hole():
    found = evidence(HYPODENSITY, hole(20))
    assert found.found
    assert not found.values["black_hole"]
    assert "28 HU" in found.sentence


def test_a_dip_of_5_hu_is_no_hypodensity():
    assert not evidence(HYPODENSITY, hole(5)).found


def test_a_hole_with_a_channel_to_the_brain_is_not_enclosed():
    assert evidence(HYPODENSITY, hole(36), "3 mm").found
    assert not evidence(HYPODENSITY, hole(36, channel_mm=2.5), "3 mm").found


@pytest.mark.parametrize("tilt_deg", [0.0, 62.0])
def test_a_channel_in_the_next_slice_is_a_leak_too(tilt_deg):
    # Across the slices the next one lies 3.5 mm away; a tilt of 62 degrees moves it along itself by 6.6 mm.
    grid = grid_around_origin(steps_mm=(3.5 / np.cos(np.radians(tilt_deg)),) * 12, tilt_deg=tilt_deg)
    middle, normal, row_axis = grid.lps_mm([6, 47.5, 47.5]), grid.normal, grid.row_axis

    def density(places):
        away = places - middle
        own, above = np.abs(away @ normal) < 1.75, np.abs(away @ normal - 3.5) < 1.75
        ball_of_low = own & (np.linalg.norm(away - (away @ normal)[..., None] * normal, axis=-1) < 3.0)
        channel = above & (np.abs(away @ row_axis) < 1.8) & (away[..., 0] > -1.0)
        return np.where(ball_of_low | channel, BLOOD_HU - 36, BLOOD_HU)

    scan, labels = scanned(grid, ball, density)
    measured = measure_scan(scan, labels)
    assert not measured.evidence[HYPODENSITY].found
    (low,) = measured.slices[6].holes
    assert low.slice_wall_hu > 0.8 * low.ordinary_wall_hu  # on its own slice it looks enclosed


def test_a_hole_that_the_mask_leaves_out_is_found_all_the_same():
    scan, labels = scanned(GRIDS["3 mm"], ball, hole(38, 6.0))
    labels[(scan.hounsfield < 45) & (labels == 1)] = 0
    assert measure_scan(scan, labels).evidence[HYPODENSITY].values["black_hole"]


def test_less_dense_blood_that_the_mask_leaves_out_is_a_blend_all_the_same():
    density = split(21, offset_mm=4)
    scan, labels = scanned(GRIDS["3 mm"], ball, lambda places: density(places) + 10)  # 72 and 51 HU, brain 33
    normal = np.array([1, 0.3, 0]) / np.hypot(1, 0.3)
    labels[places_mm(GRIDS["3 mm"]) @ normal > 4] = 0
    measured = measure_scan(scan, labels)
    assert measured.evidence[BLEND].found
    assert max(one.left_out_mm2 for one in measured.slices) > 50


def test_brain_beside_the_mask_is_not_taken_for_blood():
    measured = measure_scan(*scanned(GRIDS["3 mm"], ball))
    assert max(one.left_out_mm2 for one in measured.slices) < 10


LEVEL = split(24, normal=(0, -1, 0), offset_mm=1.0)  # less dense above, in front, while the patient lies on the back


@pytest.mark.parametrize("grid", GRIDS)
def test_a_level_across_gravity_is_a_fluid_level_and_no_blend(grid):
    scan, labels = scanned(GRIDS[grid], ball, LEVEL)
    measured = measure_scan(scan, labels).evidence
    assert measured[FLUID_LEVEL].found
    assert measured[FLUID_LEVEL].values["tilt_deg"] < 5
    assert measured[FLUID_LEVEL].values["denser_below"]
    assert not measured[BLEND].found
    assert "fluid level" in measured[BLEND].sentence


def test_a_border_of_30_degrees_is_a_blend_and_no_fluid_level():
    leaning = split(24, normal=(np.sin(np.radians(30)), -np.cos(np.radians(30)), 0), offset_mm=1.0)
    scan, labels = scanned(GRIDS["5 mm"], ball, leaning)
    measured = measure_scan(scan, labels).evidence
    assert not measured[FLUID_LEVEL].found
    assert measured[FLUID_LEVEL].values["tilt_deg"] == pytest.approx(30, abs=4)
    assert measured[BLEND].found


def test_a_border_that_rises_from_slice_to_slice_is_no_fluid_level_though_every_slice_shows_it_level():
    scan, labels = scanned(GRIDS["3 mm"], ball, split(24, normal=(0, -1, 0.8), offset_mm=1.0))
    measured = measure_scan(scan, labels).evidence
    assert not measured[FLUID_LEVEL].found
    assert measured[FLUID_LEVEL].values["tilt_deg"] < 10
    assert measured[BLEND].found


def test_denser_blood_above_is_no_fluid_level():
    found = evidence(FLUID_LEVEL, split(24, normal=(0, 1, 0), offset_mm=1.0))
    assert not found.found
    assert found.values["denser_below"] is False


def test_lying_prone_turns_the_level_over():
    assert not evidence(FLUID_LEVEL, LEVEL, gravity=PRONE).found
    assert evidence(FLUID_LEVEL, split(24, normal=(0, 1, 0), offset_mm=1.0), gravity=PRONE).found


@pytest.mark.parametrize("gravity", [None, np.array([0.0, 0.0, -1.0])], ids=["not known", "across the slices"])
def test_without_gravity_in_the_slices_a_fluid_level_is_not_known(gravity):
    scan, labels = scanned(GRIDS["5 mm"], ball, LEVEL, gravity=gravity)
    measured = measure_scan(scan, labels).evidence
    assert not measured[FLUID_LEVEL].found
    assert measured[FLUID_LEVEL].values["tilt_deg"] is None
    assert "not known" in measured[FLUID_LEVEL].sentence
    assert measured[BLEND].found  # what is seen is a sharp border of 24 HU


def test_a_flat_top_of_the_hematoma_itself_is_no_fluid_level():
    measured = measure_scan(*scanned(GRIDS["5 mm"], lambda places: ball(places) & (places[..., 1] > -5))).evidence
    assert not measured[FLUID_LEVEL].found


def test_a_lobed_hematoma_is_irregular_and_an_ellipsoid_is_not():
    def lobed(places):
        angle = np.arctan2(places[..., 1], places[..., 0])
        return np.linalg.norm(places, axis=-1) < 14 + 3.5 * np.cos(5 * angle)

    found = evidence(IRREGULAR_MARGIN, inside=lobed)
    assert found.found
    assert found.values["shape_scale"] >= 4
    assert "5 notches" in found.sentence
    assert plain()[IRREGULAR_MARGIN].values["shape_scale"] == 1


def test_satellites_are_counted_with_their_distance():
    def with_satellites(places):
        return (
            ball(places) | in_ellipsoid(places, (2.5, 2.5, 4.0), (0.0, 21.0, 0.0)) | in_ellipsoid(places, (2, 2, 4), (0, -20.5, 0))
        )

    measured = measure_scan(*scanned(GRIDS["3 mm"], with_satellites))
    assert (measured.island_count, measured.satellite_count) == (2, 2)
    nearest = min(one.margin.satellite_distance_mm for one in measured.slices if one.margin and one.margin.satellites)
    assert nearest == pytest.approx(3.5, abs=1.0)


def test_without_the_ct_only_the_margin_is_known():
    _, labels = scanned(GRIDS["5 mm"], ball, split(24))
    measured = measure_scan(None, labels, GRIDS["5 mm"]).evidence
    assert measured[IRREGULAR_MARGIN].values["shape_scale"] == 1
    for marker in (HYPODENSITY, BLEND, FLUID_LEVEL):
        assert (measured[marker].found, measured[marker].slice) == (False, None)
        assert "CT" in measured[marker].sentence


def test_a_single_slice_has_evidence_of_its_own():
    grid = grid_around_origin(steps_mm=())
    assert measure_scan(*scanned(grid, ball, split(24))).evidence[BLEND].found
    assert measure_scan(*scanned(grid, ball, hole(36))).evidence[HYPODENSITY].found


def test_the_border_of_a_part_is_measured_by_the_sides_of_its_pixels():
    within = np.ones((6, 10), bool)
    part = np.zeros((6, 10), bool)
    part[2:4, 3:8] = True
    assert border_mm(part, within, (0.5, 2.0)) == pytest.approx((2 * 5 * 2.0 + 2 * 2 * 0.5, 0))
    part[0:4, 3:8] = True
    assert border_mm(part, within, (0.5, 2.0)) == pytest.approx((5 * 2.0 + 2 * 4 * 0.5, 5 * 2.0))


def test_otsus_threshold_lies_between_two_heaps():
    values = np.concatenate([np.linspace(38, 42, 30), np.linspace(60, 64, 400)])
    assert 42 < otsu_hu(values) < 60


@pytest.mark.parametrize("gravity", [SUPINE, PRONE])
def test_no_hematoma_has_no_evidence(gravity):
    scan, labels = scanned(GRIDS["mixed"], ball, gravity=gravity)
    measured = measure_scan(scan, np.zeros_like(labels))
    assert {(one.found, one.slice) for one in measured.evidence.values()} == {(False, None)}


def test_bone_that_the_mask_has_caught_is_not_taken_for_dense_blood():
    scan, labels = scanned(GRIDS["5 mm"], ball)
    skull = places_mm(GRIDS["5 mm"])[..., 0] > 7
    bone = replace(scan, hounsfield=np.where(skull, 900, scan.hounsfield).astype(np.int16))
    assert (skull & (labels == 1)).sum() > 2000
    assert not any(one.found for marker, one in measure_scan(bone, labels).evidence.items() if marker != IRREGULAR_MARGIN)


def test_a_hole_under_the_roof_of_a_hematoma_is_enclosed_though_a_thick_slice_mixes_the_roof_with_brain():
    def flat(places):
        return in_ellipsoid(places, (17.0, 15.0, 11.0))

    found = evidence(HYPODENSITY, hole(36, 5.0, centre_mm=(0.0, 0.0, 0.0)), inside=flat, background_hu=20.0)
    assert found.found
