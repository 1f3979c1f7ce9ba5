"""Phantom heads: what they show is what their truth says."""

from collections import Counter

import numpy as np
import pytest
from HematomaMarkersLib.labels import BLEND, FLUID_LEVEL, HEMATOMA, HYPODENSITY, IRREGULAR_MARGIN, LOCATIONS, MARKERS, OUTSIDE_BRAIN
from HematomaMarkersLib.phantom.anatomy import draw_head_of
from HematomaMarkersLib.phantom.hematoma import NEAR_MISSES, draw_hematoma
from HematomaMarkersLib.phantom.mimics import CAUSES, with_false_friends
from HematomaMarkersLib.phantom.patient import PhantomHead, draw_follow_up, draw_head, draw_patient
from HematomaMarkersLib.phantom.wide import as_pictures, draw_wide_head, draw_wide_patient
from scipy import ndimage
from scipy.spatial import ConvexHull

SIZE = 256


def a_head(*markers: str, seed: int = 1003, volume_ml: float = 22.0, **more) -> PhantomHead:
    more = {"size": SIZE, "slice_mm": 5.0, "tilt_deg": 0.0, "location": "putamen", **more}
    return draw_head(seed, wanted=frozenset(markers), volume_ml=volume_ml, **more)


@pytest.fixture(scope="module")
def plain() -> PhantomHead:
    return a_head()


@pytest.fixture(scope="module")
def blend() -> PhantomHead:
    return a_head(BLEND, seed=1007)


def largest_slice(head: PhantomHead) -> int:
    return int((head.labels == HEMATOMA).sum((1, 2)).argmax())


def smoothed_inside(head: PhantomHead, number: int, margin_mm: float) -> tuple[np.ndarray, np.ndarray]:
    """HU averaged over a few pixels of the hematoma only, and the hematoma without its rim."""
    mask = head.labels[number] == HEMATOMA
    weights = ndimage.gaussian_filter(mask.astype(float), 1.0)
    values = ndimage.gaussian_filter(np.where(mask, head.hounsfield[number], 0).astype(float), 1.0) / np.maximum(weights, 1e-6)
    depth_mm = ndimage.distance_transform_edt(mask) * head.grid.row_mm
    return values, depth_mm > margin_mm


def two_parts_hu(values: np.ndarray) -> float:
    """How far apart the two classes of some values are: by the threshold with the least variance within (Otsu)."""
    cuts = np.quantile(values, np.linspace(0.1, 0.9, 60))
    within = [
        values[values <= cut].var() * (values <= cut).mean() + values[values > cut].var() * (values > cut).mean() for cut in cuts
    ]
    best = cuts[int(np.argmin(within))]
    return float(values[values > best].mean() - values[values <= best].mean())


def shown_slice(head: PhantomHead, marker: str) -> int:
    """The slice with the most hematoma among those that show a marker."""
    shown = head.slice_markers[:, MARKERS.index(marker)]
    return int(np.where(shown, (head.labels == HEMATOMA).sum((1, 2)), -1).argmax())


def test_a_seed_is_one_patient_and_another_seed_another(plain):
    again = a_head()
    assert np.array_equal(again.hounsfield, plain.hounsfield)
    assert not np.array_equal(a_head(seed=1004).hounsfield[:20], plain.hounsfield[:20])


def test_the_voxels_hold_the_volume_that_was_drawn(plain):
    assert plain.drawn_ml == pytest.approx(22.0)
    assert plain.volume_ml == pytest.approx(22.0, rel=0.06)


def test_tissues_have_their_attenuation(plain):
    middle = largest_slice(plain)
    slab = plain.hounsfield[middle]
    head = ndimage.binary_fill_holes(slab > 300)
    brain = ndimage.binary_erosion(head & (slab < 120), iterations=4) & (plain.labels[middle] == 0)
    assert 26 < np.median(slab[brain]) < 42
    assert np.quantile(slab[slab > 300], 0.6) > 700
    assert np.median(slab[0, :]) < -900
    assert 46 < slab[plain.labels[middle] == HEMATOMA].mean() < 75


def test_noise_is_that_of_a_scanner(plain):
    number, apart = largest_slice(plain), 6
    _, deep = smoothed_inside(plain, number, 3.0)
    pixels = plain.hounsfield[number].astype(float)
    differences = (pixels[:, apart:] - pixels[:, :-apart])[deep[:, apart:] & deep[:, :-apart]]
    assert 2 < differences.std() / np.sqrt(2) < 8


def test_a_blend_has_two_parts_at_least_18_hu_apart(blend):
    assert blend.markers[BLEND] and not blend.markers[FLUID_LEVEL]
    values, deep = smoothed_inside(blend, shown_slice(blend, BLEND), 1.5)
    assert two_parts_hu(values[deep]) > 17


def test_the_less_dense_part_of_a_blend_is_denser_than_the_brain(blend):
    number = shown_slice(blend, BLEND)
    values, deep = smoothed_inside(blend, number, 1.5)
    brain = ndimage.binary_dilation(blend.labels[number] > 0, iterations=25) & (blend.labels[number] == 0)
    assert np.quantile(values[deep], 0.1) > np.median(blend.hounsfield[number][brain & (blend.hounsfield[number] < 60)])


def test_a_plain_hematoma_has_no_such_parts(plain):
    values, deep = smoothed_inside(plain, largest_slice(plain), 1.5)
    assert two_parts_hu(values[deep]) < 10


@pytest.fixture(scope="module")
def rough() -> PhantomHead:
    """A large hematoma with a hypodensity and an irregular margin."""
    return a_head(HYPODENSITY, IRREGULAR_MARGIN, volume_ml=40.0)


def test_a_hypodensity_is_enclosed_by_denser_blood(rough):
    head = rough
    number = shown_slice(head, HYPODENSITY)
    values, deep = smoothed_inside(head, number, 1.5)
    low = deep & (values < np.median(values[deep]) - 9)
    assert low.sum() * head.grid.pixel_mm2 > 8
    mask = head.labels[number] == HEMATOMA
    depth_mm = ndimage.distance_transform_edt(mask) * head.grid.row_mm
    parts, _ = ndimage.label(low)
    largest = parts == np.bincount(parts.ravel())[1:].argmax() + 1
    assert depth_mm[largest].min() > 1.5


def test_a_fluid_level_lies_across_gravity_with_the_denser_blood_below():
    head = a_head(FLUID_LEVEL, volume_ml=30.0)
    number = shown_slice(head, FLUID_LEVEL)
    values, deep = smoothed_inside(head, number, 1.5)
    rows = np.nonzero(deep)[0]
    upper, lower = np.quantile(rows, (0.15, 0.85))
    assert head.grid.row_axis @ head.gravity > 0.9, "rows grow downwards"
    above, below = values[: int(upper) + 1][deep[: int(upper) + 1]], values[int(lower) :][deep[int(lower) :]]
    assert below.mean() - above.mean() > 14
    # On one height the blood is as dense on the left as on the right.
    row = int(upper)
    assert np.ptp(ndimage.uniform_filter1d(values[row][deep[row]], 7)) < 12


def solidity(mask: np.ndarray) -> float:
    """Area against that of the convex hull."""
    points = np.argwhere(mask)
    corners = np.concatenate([points + np.array([a, b]) for a in (-0.5, 0.5) for b in (-0.5, 0.5)])
    return mask.sum() / ConvexHull(corners).volume


def test_an_irregular_margin_has_bays(plain, rough):
    assert solidity(rough.labels[largest_slice(rough)] == HEMATOMA) < 0.93
    assert solidity(plain.labels[largest_slice(plain)] == HEMATOMA) > 0.94


def test_a_follow_up_has_grown_by_what_was_asked_and_lies_otherwise(plain):
    later = draw_follow_up(
        plain.seed, 9.0, size=SIZE, slice_mm=5.0, tilt_deg=0.0, wanted=frozenset(), volume_ml=22.0, location="putamen"
    )
    assert later.drawn_ml == pytest.approx(31.0)
    assert later.volume_ml == pytest.approx(31.0, rel=0.06)
    assert np.linalg.norm(later.grid.positions_mm[0] - plain.grid.positions_mm[0]) > 5
    assert later.location == plain.location


def room_everywhere(points: np.ndarray) -> np.ndarray:
    return np.full(points.shape[1:], -50.0)


def test_what_has_grown_is_the_same_hematoma_and_holds_the_first():
    def drawn(growth_ml: float, gravity):
        rng = np.random.default_rng(5)
        return draw_hematoma(
            rng,
            "putamen",
            (3.0, 0.0, 27.0),
            volume_ml=15.0,
            wanted=frozenset({BLEND}),
            near_misses=(),
            gravity=gravity,
            room_mm=room_everywhere,
            growth_ml=growth_ml,
        )

    first, later = drawn(0.0, np.array([0.0, 1.0, 0.0])), drawn(8.0, np.array([0.2, 0.97, 0.1]))
    inside, grown = first.level_mm.values < 0, later.level_mm.values < 0
    assert (grown & inside).sum() == inside.sum() < grown.sum()
    low, low_later = (one.sign.values == 1 for one in (first, later))
    assert (low & low_later).sum() > 0.8 * low.sum()


def test_a_tilted_gantry_shears_the_slices_and_moves_nothing(plain):
    def centre_mm(head: PhantomHead) -> np.ndarray:
        voxels = np.argwhere(head.labels == HEMATOMA)
        return np.average(head.grid.lps_mm(voxels), axis=0, weights=head.grid.voxel_ml[voxels[:, 0]])

    tilted = a_head(tilt_deg=18.0)
    assert tilted.grid.is_sheared and not plain.grid.is_sheared
    assert np.linalg.norm(centre_mm(tilted) - centre_mm(plain)) < 1.0
    assert tilted.volume_ml == pytest.approx(plain.volume_ml, rel=0.04)


def test_patients_have_signs_near_misses_and_locations_in_realistic_shares():
    patients = [draw_patient(seed) for seed in range(3000, 3160)]
    bleeding = [patient for patient in patients if patient.location]
    assert 0.7 < len(bleeding) / len(patients) < 0.92
    signs = Counter(marker for patient in bleeding for marker in patient.wanted)
    assert 0.25 < signs[HYPODENSITY] / len(bleeding) < 0.5
    assert 0.3 < signs[IRREGULAR_MARGIN] / len(bleeding) < 0.55
    assert 0.15 < signs[BLEND] / len(bleeding) < 0.4
    assert 0.04 < signs[FLUID_LEVEL] / len(bleeding) < 0.22
    assert {miss for patient in bleeding for miss in patient.near_misses} == set(NEAR_MISSES)
    assert {patient.location for patient in bleeding} == {"putamen", "thalamus", "subcortical", "cerebellum", "brainstem"}
    assert 5 < np.median([patient.volume_ml for patient in bleeding]) < 16
    assert {patient.ventricle_blood for patient in bleeding} == {"none", "level", "cast"}


def test_a_near_miss_of_a_blend_stays_below_18_hu():
    seed = next(s for s in range(3000, 3400) if "faint split" in draw_patient(s).near_misses and draw_patient(s).volume_ml > 8)
    head = draw_head(seed, size=SIZE, slice_mm=5.0, tilt_deg=0.0)
    assert not head.markers[BLEND]
    values, deep = smoothed_inside(head, largest_slice(head), 1.5)
    assert two_parts_hu(values[deep]) < 18


def test_a_head_without_hematoma_has_no_label_and_no_sign():
    seed = next(s for s in range(3000, 3400) if draw_patient(s).location is None)
    head = draw_head(seed, size=128, slice_mm=8.0)
    assert not head.labels.any() and not head.slice_markers.any()
    assert head.volume_ml == head.ivh_ml == 0 and head.location is None


def test_blood_in_the_ventricles_settles_at_the_back():
    seed = next(s for s in range(3000, 3900) if draw_patient(s).ventricle_blood == "level")
    head = draw_head(seed, size=SIZE, slice_mm=6.0, tilt_deg=0.0)
    assert head.ivh_ml > 0.2
    brain_rows = np.nonzero((head.hounsfield > 15) & (head.hounsfield < 50))[1]
    assert np.median(np.nonzero(head.labels == 2)[1]) > np.median(brain_rows)


@pytest.fixture(scope="module")
def wide() -> PhantomHead:
    """A turned head with a bleed of 0.4 mL and with subarachnoid blood."""
    return draw_wide_head(7)


def test_blood_of_a_wide_head_is_denser_than_what_lies_around_it(wide):
    assert "subarachnoid" in wide.others and {HEMATOMA, OUTSIDE_BRAIN} <= set(np.unique(wide.labels).tolist())
    for label in (HEMATOMA, OUTSIDE_BRAIN):
        inside = wide.labels == label
        around = ndimage.binary_dilation(inside, np.ones((1, 9, 9))) & ~inside & (wide.hounsfield > 0) & (wide.hounsfield < 60)
        assert wide.hounsfield[inside].mean() > wide.hounsfield[around].mean() + 3
    assert wide.drawn_ml == pytest.approx(draw_wide_patient(7).volume_ml)


def test_blood_under_the_skull_is_labelled_where_the_picture_shows_it_and_not_in_bone():
    head = draw_wide_head(512)
    labelled = head.labels == OUTSIDE_BRAIN
    assert "subdural" in head.others and labelled.sum(axis=(1, 2)) @ head.grid.voxel_ml > 50
    assert np.percentile(head.hounsfield[labelled], 95) < 200


def test_false_friends_are_dense_and_are_not_labelled():
    head = draw_head_of(draw_wide_patient(6).person, None)
    drawn, names = with_false_friends(head, np.random.default_rng(1))
    denser = drawn.tissue_hu.values - head.tissue_hu.values > 10
    assert {"sinuses", "arteries"} <= set(names) and not drawn.deposits
    at_the_top = denser & (np.abs(head.tissue_hu.points_mm()[2]) < 8) & (head.hull_mm.values > -8)
    volume_ml = np.array([denser.sum(), at_the_top.sum()]) * head.tissue_hu.step_mm**3 / 1000
    assert volume_ml[0] > 5 and volume_ml[1] > 1  # the sagittal sinus alone has some mL


def test_the_cord_lies_between_fluid_and_bone_below_the_foramen_magnum():
    person = draw_wide_patient(6).person
    head = with_false_friends(draw_head_of(person, None), np.random.default_rng(6))[0]
    z, y, x = head.tissue_hu.points_mm() / np.array(person.scale)[:, None, None, None]
    cord = (head.mimics.values == CAUSES.index("spinal cord") + 1) & (z < -65)
    assert cord.any(axis=(1, 2))[z[:, 0, 0] < -66].all()
    middle = [axis[cord].mean() for axis in (y, x)]
    away_mm = np.hypot(y - middle[0], x - middle[1])
    fluid = (z < -65) & (away_mm < 11) & (head.hull_mm.values < -1) & (away_mm > 9.5)
    bone = (z < -65) & (away_mm > 19) & (away_mm < 22)
    assert 25 < head.tissue_hu.values[cord].mean() < 55
    assert fluid.any() and head.tissue_hu.values[fluid].mean() < 20
    assert (head.hull_mm.values[bone] > person.subarachnoid_mm).mean() > 0.95  # outside the canal


def test_half_of_the_wide_bleeds_are_small_and_a_third_of_the_heads_does_not_bleed():
    patients = [draw_wide_patient(seed) for seed in range(3000, 3070)]
    volumes_ml = np.array([patient.volume_ml for patient in patients if patient.location])
    assert 0.55 < len(volumes_ml) / len(patients) < 0.77
    assert 0.4 < (volumes_ml < 3).mean() < 0.7 and volumes_ml.min() >= 0.3 and volumes_ml.max() > 25
    assert {patient.location for patient in patients if patient.location} == set(LOCATIONS)


def test_pictures_of_a_wide_head_end_at_the_window(wide):
    pictures = as_pictures(wide, np.random.default_rng(1))
    low, high = int(pictures.hounsfield.min()), int(pictures.hounsfield.max())
    soft = (wide.hounsfield > low + 1) & (wide.hounsfield < high - 1)
    assert high - low in (80, 100, 120) and np.abs(pictures.hounsfield[soft] - wide.hounsfield[soft]).max() <= 1
    assert (pictures.hounsfield[wide.hounsfield > high] == high).all() and "pictures" in pictures.others
