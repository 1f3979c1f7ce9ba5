"""From a scan to labels, markers and heat: a network whose answer is known, the patient rule, Grad-CAM, and the whole way."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from drawn_head import GRIDS, head_on, nearest_voxel, reversed_slices, voxel_places_mm
from HematomaMarkersLib.labels import BLEND, HEMATOMA, INTRAVENTRICULAR, IRREGULAR_MARGIN, MARKERS, OUTSIDE_BRAIN, TASK
from HematomaMarkersLib.model.gradcam import marker_heat
from HematomaMarkersLib.model.inference import blood_of, margin_lengths, post_processed, read_head
from HematomaMarkersLib.model.network import MARGIN_PIXELS, JointNetwork, surroundings
from HematomaMarkersLib.model.patient_rule import (
    MarkerCalibration,
    PatientRule,
)
from HematomaMarkersLib.model.prediction import heat_map, predict
from HematomaMarkersLib.model.preparation.prepare import prepare
from HematomaMarkersLib.reading.scan import Scan
from LesionReadingLib.errors import Cancelled, InputError
from LesionReadingLib.model.bundle import Bundle, write_bundle
from LesionReadingLib.model.prediction import SMALLER_BATCHES
from safetensors.torch import save
from scipy.special import logit
from torch import nn
from torch.nn import functional

CPU = torch.device("cpu")
WINDOW = (0.0, 80.0)
CERTAIN = 20.0  # of a score: its class is certain
RULE = PatientRule({marker: MarkerCalibration() for marker in MARKERS})


class KnownTail(nn.Module):
    """Logit k is ``weights[k]`` times the mean of channel k of the activations."""

    def __init__(self, weights) -> None:
        super().__init__()
        self.register_buffer("weights", torch.tensor(weights))

    def forward(self, activations, feature, region):
        return activations.mean(dim=(2, 3)) * self.weights


class KnownMarkers(nn.Module):
    """Activations at stride 8: brightness in the mask, in all four channels."""

    def __init__(self) -> None:
        super().__init__()
        self.tail = KnownTail([1.0, 1.0, 1.0, -1.0])

    def region(self, mask):
        return torch.ones_like(mask)

    def until_tail(self, images, features, mask):
        region = functional.max_pool2d(mask, 8)
        return functional.avg_pool2d(images * mask, 8).expand(-1, 4, -1, -1), features[0], region


class KnownNetwork(nn.Module):
    """Hematoma from 62 to 66 HU in the window of 0 to 80."""

    classes = 3

    def __init__(self) -> None:
        super().__init__()
        self.markers = KnownMarkers()

    def segment(self, images):
        grey = images * 80
        hematoma, ventricular = ((grey > 62) & (grey < 66)).float(), torch.zeros_like(grey)
        hematoma = 1 - functional.max_pool2d(1 - hematoma, 3, 1, 1)  # not the thin border where brain and bone mix
        hematoma = functional.max_pool2d(hematoma, 3, 1, 1)
        return CERTAIN * torch.cat([torch.full_like(images, 0.5), hematoma, ventricular], dim=1), [images]


def nothing(done: int, count: int) -> None:
    pass


def blood_on(grid, hounsfield: int, centre_mm=(24, -30, 8), radius_mm: float = 20.0) -> tuple[Scan, np.ndarray]:
    image = head_on(grid)
    blood = np.linalg.norm(voxel_places_mm(grid) - np.array(centre_mm), axis=-1) < radius_mm
    image[blood] = hounsfield
    return Scan(image, grid), blood


def small_bundle(folder, settings=None, **arguments) -> Bundle:
    torch.manual_seed(0)
    arguments = {"width": 0.1, "marker_width": 0.05, **arguments}
    network = JointNetwork(**arguments)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = 1.0  # one batch sets them, so that the answer depends on the image
    network(torch.rand(4, 1, 64, 64), torch.ones(4, 1, 64, 64))
    network.segmentation.segmentation_head[0].bias.data = torch.tensor([0.0, 9.0, 0.0])  # hematoma in the whole brain
    network.markers.tail.logits[1].weight.data.normal_(0, 0.3)
    settings = {"markers": RULE.to_settings()} if settings is None else settings
    return write_bundle(
        folder,
        TASK,
        network_class="JointNetwork",
        network_arguments=arguments,
        weights=save(network.state_dict()),
        metadata={},
        card="",
        licence="",
        settings=settings,
    )


class SeeingOutside(KnownNetwork):
    """Blood outside the brain from 50 to 60 HU, too."""

    classes = 4

    def segment(self, images):
        scores, features = super().segment(images)
        grey = images * 80
        return torch.cat([scores, CERTAIN * ((grey > 50) & (grey < 60)).float()], dim=1), features


def test_blood_outside_the_brain_is_seen_by_a_network_that_was_taught_to_and_is_no_hematoma():
    scan, blood = blood_on(GRIDS["upright"], 64)
    scan.hounsfield[(voxel_places_mm(scan.grid)[..., 0] < -45) & (scan.hounsfield == 35)] = 55
    prepared = prepare(scan)
    arguments = (SeeingOutside(), prepared.hounsfield, prepared.inside, scan.grid.extents_mm, WINDOW, CPU, nothing)
    reading = read_head(*arguments)
    outside = prepared.labels_to_scan(reading.outside.astype(np.uint8)) > 0
    true = scan.hounsfield == 55
    assert (outside & true).sum() > 0.6 * true.sum() > 100
    assert not (outside & blood).any() and not reading.labels[reading.outside].any()
    assert read_head(KnownNetwork(), *arguments[1:]).outside is None


class SeeingAllThatIsDense(SeeingOutside):
    """All from 50 HU on is blood outside the brain."""

    def segment(self, images):
        scores, features = super().segment(images)
        scores[:, OUTSIDE_BRAIN] = CERTAIN * (images[:, 0] * 80 > 50)
        return scores, features


def test_blood_outside_the_brain_stays_where_the_skull_brightens_its_rim_and_the_skull_itself_does_not():
    """A layer of 60 x 15 pixels whose outer fifth is half bone, on two slices; an edge of bone alone."""
    hounsfield = np.full((2, 256, 256), 35, np.int16)
    hounsfield[:, 100:160, 60:75], hounsfield[:, 100:160, 60:63] = 58, 180
    hounsfield[:, 100:160, 180:186] = 110
    arguments = (np.ones(hounsfield.shape, bool), np.full(2, 5.0), WINDOW, CPU, nothing)
    outside = read_head(SeeingAllThatIsDense(), hounsfield, *arguments).outside
    expected = np.zeros(hounsfield.shape, bool)
    expected[:, 100:160, 60:75] = True
    np.testing.assert_array_equal(outside, expected)


class SeeingByHalves(KnownNetwork):
    """Sees no blood in the right half of a picture."""

    def segment(self, images):
        scores, features = super().segment(images)
        right = torch.arange(images.shape[-1]) >= images.shape[-1] // 2
        scores[:, HEMATOMA, :, right] *= 0
        return scores, features


def test_blood_is_looked_for_on_a_slice_and_on_its_mirror_image():
    """What one view is certain of and the other does not show has a mean of a half, which is not certain."""
    hounsfield = np.full((2, 256, 256), 35, np.int16)
    hounsfield[:, 100:130, 60:90] = 64
    arguments = (np.ones(hounsfield.shape, bool), np.full(2, 5.0), WINDOW, CPU, nothing)
    assert (read_head(KnownNetwork(), hounsfield, *arguments).labels == HEMATOMA).sum() == 2 * 30 * 30
    assert not read_head(SeeingByHalves(), hounsfield, *arguments).labels.any()


def test_a_piece_reaches_as_far_as_blood_is_likely_and_stays_only_where_it_is_certain_somewhere():
    scores = np.zeros((2, 3, 256, 256), np.uint8)
    scores[0, :2, 50:60, 50:60] = 100  # 39 %
    scores[0, 1, 55, 55] = 250
    scores[1, :, 100:120, 100:120] = 220  # 86 % and never certain
    scores[:, 2, 200:210, 200:210] = [[[110]], [[140]]]  # certain that it is blood, not of which kind
    labels = blood_of(scores)
    expected = np.zeros((3, 256, 256), np.uint8)
    expected[:2, 50:60, 50:60] = HEMATOMA
    expected[2, 200:210, 200:210] = INTRAVENTRICULAR
    np.testing.assert_array_equal(labels, expected)


@pytest.mark.parametrize("name", ["upright", "oblique and tilted", "mixed and tilted", "head first in reverse"])
def test_blood_is_found_where_it_lies_and_only_there(name):
    scan, blood = blood_on(GRIDS[name], 64)
    prepared = prepare(scan)
    reading = read_head(KnownNetwork(), prepared.hounsfield, prepared.inside, scan.grid.extents_mm, WINDOW, CPU, nothing)
    found = prepared.labels_to_scan(reading.labels) == HEMATOMA
    places = voxel_places_mm(scan.grid)
    away = np.abs(np.linalg.norm(places - np.array([24, -30, 8]), axis=-1) - 20)
    np.testing.assert_allclose(places[found].mean(axis=0), places[blood].mean(axis=0), atol=0.7)
    assert (found & blood).sum() > 0.7 * blood.sum()
    assert away[found != blood].max() <= 4  # a pixel of these coarse scans; 62 to 66 HU leaves out their mixed border
    shown = np.flatnonzero(reading.areas_cm2)
    np.testing.assert_allclose(reading.areas_cm2[shown], (reading.labels[shown] == HEMATOMA).sum(axis=(1, 2)) * 0.0081)
    assert (np.isnan(reading.slice_logits).all(axis=1) == (reading.areas_cm2 == 0)).all()


class InLittleMemory(KnownNetwork):
    """Takes one slice at a time."""

    def segment(self, images):
        if len(images) > 1:
            raise MemoryError
        return super().segment(images)


def test_smaller_batches_for_lack_of_memory_are_told_once_and_change_nothing():
    scan, _ = blood_on(GRIDS["upright"], 64)
    prepared = prepare(scan)
    given = prepared.hounsfield, prepared.inside, scan.grid.extents_mm, WINDOW, CPU, nothing
    plenty, little = read_head(KnownNetwork(), *given), read_head(InLittleMemory(), *given)
    np.testing.assert_array_equal(little.labels, plenty.labels)
    np.testing.assert_array_equal(little.heat, plenty.heat)
    assert plenty.notes == () and little.notes == (SMALLER_BATCHES,)


def test_the_heat_is_where_the_network_looked_and_is_not_inverted():
    scan, _ = blood_on(GRIDS["upright"], 64)
    prepared = prepare(scan)
    reading = read_head(KnownNetwork(), prepared.hounsfield, prepared.inside, scan.grid.extents_mm, WINDOW, CPU, nothing)
    slices = np.flatnonzero(reading.areas_cm2)
    for number in slices:
        mask = torch.from_numpy((reading.labels[number] == HEMATOMA) * 0.8)[None, None]
        brightness = functional.avg_pool2d(mask.float(), 8)[0, 0]
        expected = (brightness / brightness.numel()).numpy()  # the mean's gradient is 1 / count everywhere
        for marker in range(3):
            np.testing.assert_allclose(reading.heat[number, marker], expected, rtol=0.05, atol=1e-5)
        assert not reading.heat[number, 3].any()  # brightness speaks against the fourth
    assert not np.delete(reading.heat, slices, axis=0).any()


def test_each_marker_has_the_heat_of_its_own_logit():
    activations = torch.rand(2, 4, 6, 6, generator=torch.Generator().manual_seed(0))
    heat = marker_heat(KnownTail([1.0, 2.0, -1.0, 0.5]), activations, torch.zeros(2, 1, 3, 3), torch.ones(2, 1, 6, 6))
    weights = torch.tensor([1.0, 2.0, 0.0, 0.5])[:, None, None]
    torch.testing.assert_close(heat, activations * weights / 36)


def voxels(*pieces) -> np.ndarray:
    labels = np.zeros((4, 256, 256), np.uint8)
    for slices, rows, columns, label in pieces:
        labels[slices, rows, columns] = label
    return labels


BLOCK = (slice(0, 3), slice(100, 120), slice(100, 120))  # 3 x 20 x 20 pixels of 0.9 mm and 5 mm: 4.9 mL
EXTENTS_MM = np.full(4, 5.0)
DENSITY_HU = np.full((4, 256, 256), 60, np.int16)


def test_specks_go_and_clots_stay():
    speck = (slice(1, 3), slice(50, 53), slice(50, 54), HEMATOMA)  # 0.1 mL less a little
    assert np.array_equal(post_processed(voxels((*BLOCK, HEMATOMA), speck), DENSITY_HU, EXTENTS_MM), voxels((*BLOCK, HEMATOMA)))
    assert post_processed(voxels(speck), DENSITY_HU, EXTENTS_MM * 2).any()  # twice as much in thicker slices


@pytest.mark.parametrize("label", [HEMATOMA, INTRAVENTRICULAR])
def test_what_one_slice_shows_and_its_neighbours_do_not_must_be_larger(label):
    small, large = ((slice(1, 2), slice(50, 64), slice(50, 50 + columns), label) for columns in (4, 6))  # 0.23 and 0.34 mL
    assert not post_processed(voxels(small), DENSITY_HU, EXTENTS_MM).any()
    assert np.array_equal(post_processed(voxels(large), DENSITY_HU, EXTENTS_MM), voxels(large))


def test_a_scan_of_one_slice_keeps_what_it_shows():
    small = voxels((slice(1, 2), slice(50, 64), slice(50, 64), HEMATOMA))[1:2]
    assert np.array_equal(post_processed(small, DENSITY_HU[:1], EXTENTS_MM[:1]), small)


@pytest.mark.parametrize(("dense_rows", "stays"), [(1, True), (5, False)])  # of 20: 5 % and 25 % of the piece
def test_a_piece_with_bone_in_it_is_no_blood(dense_rows, stays):
    density = DENSITY_HU.copy()
    density[:, 100 : 100 + dense_rows] = 120
    assert post_processed(voxels((*BLOCK, HEMATOMA)), density, EXTENTS_MM).any() == stays


@pytest.mark.parametrize(("label", "other"), [(HEMATOMA, INTRAVENTRICULAR), (INTRAVENTRICULAR, HEMATOMA)])
def test_a_speck_of_one_kind_in_blood_of_the_other_kind_becomes_it(label, other):
    speck = (slice(1, 2), slice(118, 122), slice(105, 109), other)
    found = post_processed(voxels((*BLOCK, label), speck), DENSITY_HU, EXTENTS_MM)
    assert set(np.unique(found)) == {0, label}
    assert (found > 0).sum() == 3 * 400 + 2 * 4


def test_two_large_pieces_of_both_kinds_stay_as_they_are():
    labels = voxels((*BLOCK, HEMATOMA), (slice(0, 3), slice(120, 140), slice(100, 120), INTRAVENTRICULAR))
    assert np.array_equal(post_processed(labels, DENSITY_HU, EXTENTS_MM), labels)


def test_the_length_of_a_margin_is_held_against_an_ellipse_s():
    """r = 40 (1 + 0.2 cos 8 t) pixels: its length is the integral of hypot(r, r'); its moments are those of a disc of its area."""
    rows, columns = np.indices((256, 256)) - 128.0
    radii, angles = np.hypot(rows, columns), np.arctan2(rows, columns)
    masks = {
        1: radii <= 40 * (1 + 0.2 * np.cos(8 * angles)),
        2: (rows / 60) ** 2 + (columns / 25) ** 2 <= 1,
        3: radii <= 1,  # 5 pixels, which smoothing makes shorter than an ellipse
    }
    labels = np.zeros((5, 256, 256), np.uint8)
    for number, mask in masks.items():
        labels[number][mask] = HEMATOMA
    labels[4, :9] = INTRAVENTRICULAR
    found = margin_lengths(labels)
    t = np.linspace(0, 2 * np.pi, 10000, endpoint=False)
    length = np.hypot(40 * (1 + 0.2 * np.cos(8 * t)), 40 * 1.6 * np.sin(8 * t)).mean() * 2 * np.pi
    moment = (40**4 * (1 + 0.2 * np.cos(8 * t)) ** 4).mean() * np.pi / 4  # of x * x over the area
    area = (40**2 * (1 + 0.2 * np.cos(8 * t)) ** 2).mean() * np.pi
    assert found[1] == pytest.approx(np.log(length / (2 * np.pi * 2 * np.sqrt(moment / area))), abs=0.03)
    assert 0 <= found[2] < 0.01 and found[3] == 0
    assert np.isnan(found[[0, 4]]).all()


@pytest.mark.parametrize("settings", [{}, {"markers": {}}, {"markers": {"top_slices": 2, "least_area_cm2": 1, "markers": {}}}])
def test_a_bundle_without_a_rule_is_refused(tmp_path, settings):
    scan, _ = blood_on(GRIDS["upright"], 64)
    with pytest.raises(InputError, match="how slices make a patient"):
        predict(scan, small_bundle(tmp_path, settings), "cpu", WINDOW, nothing)


@pytest.fixture(scope="module")
def predicted(tmp_path_factory):
    """A scan of a head from above, and what a network that learnt nothing says of it."""
    bundle = small_bundle(tmp_path_factory.mktemp("bundle"))
    scan, _ = blood_on(GRIDS["mixed and tilted"], 64)
    steps = []
    found = predict(scan, bundle, "cpu", WINDOW, lambda done, count: steps.append((done, count)))
    return scan, bundle, *found, steps


def test_the_whole_way_gives_answers_for_every_slice_in_the_scans_own_order(predicted):
    scan, _, segmentation, found, steps = predicted
    assert segmentation.labels.shape == scan.hounsfield.shape and segmentation.labels.dtype == np.uint8
    count = len(segmentation.labels)
    assert steps == [(number + 1, count) for number in range(count)]
    shown = np.array([(labels == HEMATOMA).any() for labels in segmentation.labels])
    assert shown.any() and np.nanstd(found.slice_probabilities, axis=0).max() > 0.01
    assert np.array_equal(np.isfinite(found.slice_probabilities).all(axis=1), shown)
    for number, marker in enumerate(MARKERS):
        assert found.slice_probabilities[found.marker_slices[marker], number] == np.nanmax(found.slice_probabilities[:, number])
        assert 0 <= found.probabilities[marker] <= np.nanmax(found.slice_probabilities[:, number])


def test_the_margin_s_length_reaches_slices_and_patient(predicted, tmp_path):
    scan, number = predicted[0], MARKERS.index(IRREGULAR_MARGIN)
    mild = {**RULE.markers, IRREGULAR_MARGIN: MarkerCalibration(scale=0.1)}  # so that no probability is all but 1
    plain, found = (
        predict(scan, small_bundle(tmp_path / str(weight), {"markers": rule.to_settings()}), "cpu", WINDOW, nothing)[1]
        for weight in (0.0, 50.0)
        for rule in [replace(RULE, markers=mild, margin_weight=weight)]
    )
    added = logit(found.slice_probabilities[:, number]) - logit(plain.slice_probabilities[:, number])
    assert np.nanmin(added) > -1e-3 and np.nanmax(added) > 0.1
    assert found.probabilities[IRREGULAR_MARGIN] > plain.probabilities[IRREGULAR_MARGIN]
    assert found.marker_slices[IRREGULAR_MARGIN] == np.nanargmax(found.slice_probabilities[:, number])
    assert found.marker_slices[IRREGULAR_MARGIN] != plain.marker_slices[IRREGULAR_MARGIN]
    others = [other for other in range(4) if other != number]
    np.testing.assert_array_equal(found.slice_probabilities[:, others], plain.slice_probabilities[:, others])


def test_a_scan_in_reverse_order_has_the_same_answers_in_reverse_order(predicted):
    scan, bundle, segmentation, found, _ = predicted
    turned = Scan(scan.hounsfield[::-1], reversed_slices(scan.grid))
    segmented_again, again = predict(turned, bundle, "cpu", WINDOW, nothing)
    assert np.array_equal(segmented_again.labels[::-1], segmentation.labels)
    np.testing.assert_allclose(again.slice_probabilities[::-1], found.slice_probabilities, atol=1e-4)
    np.testing.assert_allclose(np.stack(again.heat(BLEND))[::-1], found.heat(BLEND), atol=1e-2)


def test_the_heat_lies_in_the_head_between_0_and_1_and_is_1_at_its_hottest(predicted):
    scan, _, _, found, _ = predicted
    for marker in MARKERS:
        heat = np.stack(found.heat(marker))
        assert heat.shape == scan.hounsfield.shape and heat.dtype == np.float32
        assert heat.min() == 0 and heat.max() in (0, 1)
        outside = np.linalg.norm(voxel_places_mm(scan.grid) / (1.12 * np.array([70, 88, 75])), axis=-1) > 1.08
        assert not heat[outside].any()
    assert max(np.max(found.heat(marker)) for marker in MARKERS) == 1


@pytest.mark.parametrize("name", ["tilted", "oblique and tilted", "mixed", "head first in reverse"])
def test_the_hottest_voxel_is_where_the_network_looked(name):
    place_mm = np.array([24, -30, 8])
    scan, _ = blood_on(GRIDS[name], 64, place_mm)
    prepared = prepare(scan)
    extents_mm = scan.grid.extents_mm[prepared.slice_order]
    reading = read_head(KnownNetwork(), prepared.hounsfield, prepared.inside, extents_mm, WINDOW, CPU, nothing)
    heat = np.stack(heat_map(prepared, reading, BLEND))
    hottest = voxel_places_mm(scan.grid)[np.unravel_index(heat.argmax(), heat.shape)]
    assert np.linalg.norm(hottest - place_mm) < 20
    assert heat[nearest_voxel(scan.grid, place_mm)] > 0.8
    assert heat[nearest_voxel(scan.grid, place_mm * [-1, 1, 1])] == 0


def test_a_cancelled_prediction_ends(predicted):
    def cancel(done: int, count: int) -> None:
        raise Cancelled

    scan, bundle, *_ = predicted
    with pytest.raises(Cancelled):
        predict(scan, bundle, "cpu", WINDOW, cancel)


def test_a_scan_without_blood_has_an_empty_mask():
    grid = GRIDS["upright"]
    prepared = prepare(Scan(head_on(grid), grid))
    reading = read_head(KnownNetwork(), prepared.hounsfield, prepared.inside, grid.extents_mm, WINDOW, CPU, nothing)
    assert not reading.labels.any() and not reading.heat.any() and np.isnan(reading.slice_logits).all()


class KnownNetworkWithVentricles(KnownNetwork):
    """And blood in the ventricles from 66 to 72 HU."""

    def segment(self, images):
        scores, features = super().segment(images)
        grey = images[:, 0] * 80
        scores[:, INTRAVENTRICULAR] = CERTAIN * ((grey > 66) & (grey < 72)).float()
        return scores, features


def test_a_slice_whose_ventricular_speck_becomes_hematoma_has_its_markers_told():
    hounsfield = np.full((4, 256, 256), 35, np.int16)
    hounsfield[:3, 100:120, 100:120] = 64
    hounsfield[3, 105:109, 105:109] = 68  # 0.065 mL that touch the hematoma
    network, inside = KnownNetworkWithVentricles(), np.ones(hounsfield.shape, bool)
    reading = read_head(network, hounsfield, inside, np.full(4, 5.0), WINDOW, CPU, nothing)
    assert set(np.unique(reading.labels[3])) == {0, HEMATOMA}
    assert not np.isnan(reading.slice_logits[3]).any()


class MarkersHotEverywhere(KnownMarkers):
    """Told to look only around the mask, with activations everywhere."""

    def region(self, mask):
        return surroundings(mask)

    def until_tail(self, images, features, mask):
        return functional.avg_pool2d(images, 8).expand(-1, 4, -1, -1), features[0], torch.ones_like(images)


def test_heat_is_shown_only_where_the_network_was_to_look():
    place_mm, radius_mm = np.array([24, -30, 8]), 20.0
    scan, _ = blood_on(GRIDS["upright"], 64, place_mm, radius_mm)
    prepared, network = prepare(scan), KnownNetwork()
    network.markers = MarkersHotEverywhere()
    extents_mm = scan.grid.extents_mm[prepared.slice_order]
    reading = read_head(network, prepared.hounsfield, prepared.inside, extents_mm, WINDOW, CPU, nothing)
    heat = np.stack(heat_map(prepared, reading, BLEND))
    hot = np.argwhere(heat > 0)
    farthest_mm = np.linalg.norm(scan.grid.lps_mm(hot) - place_mm, axis=1).max()
    margin_mm, pixel_mm = MARGIN_PIXELS * 0.9 * np.sqrt(2), scan.grid.row_mm * np.sqrt(2)
    assert radius_mm < farthest_mm < radius_mm + margin_mm + pixel_mm
