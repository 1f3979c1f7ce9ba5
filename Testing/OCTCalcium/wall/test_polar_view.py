"""The wall unrolled behind the lumen, the network that reads it, and the way of both into a label map."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from OCTCalciumLib.labels import BACKGROUND, CALCIUM, GUIDEWIRE, LUMEN
from OCTCalciumLib.model.polar_network import PolarUNet
from OCTCalciumLib.wall.polar_view import (
    ANGLES,
    CHANNELS,
    DEPTH_STEP_MM,
    DEPTHS,
    FIRST_DEPTH_MM,
    channels,
    polar_view,
    sure_deposits,
    wall_channels,
    with_calcium,
)
from scipy.interpolate import RegularGridInterpolator

SIZE, PIXEL_MM = 400, 0.015
DEPTH_MM = FIRST_DEPTH_MM + DEPTH_STEP_MM * np.arange(DEPTHS)


def frame(centre=(200.0, 200.0), radius_mm=1.2, wire_deg=None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Labels with a round lumen (and a guidewire's sector, from its centre out to 1 mm beyond the border); distance and angle."""
    row, column = np.mgrid[:SIZE, :SIZE]
    distance = np.hypot(row - centre[0], column - centre[1]) * PIXEL_MM
    angle = np.degrees(np.arctan2(row - centre[0], column - centre[1])) % 360
    labels = np.where(distance < radius_mm, LUMEN, BACKGROUND).astype(np.uint8)
    if wire_deg is not None:
        sector = (angle >= wire_deg[0]) & (angle < wire_deg[1]) & (distance > 0.4) & (distance < radius_mm + 1)
        labels[sector] = GUIDEWIRE
    return labels, distance, angle


@pytest.mark.parametrize("centre", [(200.0, 200.0), (170.0, 226.0), (231.5, 188.25)])
@pytest.mark.parametrize("radius_mm", [0.8, 1.2])
def test_a_ring_at_one_depth_is_a_straight_band_wherever_the_lumen_lies(centre, radius_mm):
    labels, distance, _ = frame(centre, radius_mm)
    ring = ((distance >= radius_mm + 0.3) & (distance < radius_mm + 0.7)).astype(np.float32)
    view = polar_view(labels, PIXEL_MM)
    np.testing.assert_allclose(view.vertex, centre, atol=0.3)
    np.testing.assert_allclose(view.border_mm, radius_mm, atol=1.5 * PIXEL_MM)
    seen = view.sampled(ring)
    assert seen[:, (DEPTH_MM > 0.35) & (DEPTH_MM < 0.65)].min() > 0.9
    assert seen[:, (DEPTH_MM < 0.25) | (DEPTH_MM > 0.75)].max() < 0.1


def test_an_angle_is_where_the_measurement_has_it():
    labels, distance, angle = frame()
    wedge = ((angle >= 80) & (angle < 100) & (distance > 1.2)).astype(np.float32)  # downward: toward increasing row
    rays = np.flatnonzero(polar_view(labels, PIXEL_MM).sampled(wedge)[:, DEPTHS // 2] > 0.5) * 360 / ANGLES
    assert 79 <= rays.min() <= 82 and 98 <= rays.max() <= 101


@pytest.mark.parametrize("centre", [(200.0, 200.0), (60.3, 371.8)])  # in the middle, and with a wall beyond the picture
@pytest.mark.parametrize("share", [0.02, 0.5, 0.97, 1.0])
def test_samples_cover_the_pixels_whose_four_samples_hold_at_least_half(centre, share):
    labels, _, _ = frame(centre, 0.8)
    view = polar_view(labels, PIXEL_MM)
    samples = np.random.default_rng(5).random((ANGLES, DEPTHS)) < share
    down, right = np.mgrid[:SIZE, :SIZE] - np.array(view.vertex)[:, None, None]
    ray = np.arctan2(down, right) % (2 * np.pi) * ANGLES / (2 * np.pi)
    border_mm = np.interp(ray, np.arange(ANGLES + 1), np.append(view.border_mm, view.border_mm[0]))
    depth = (np.hypot(down, right) * PIXEL_MM - border_mm - FIRST_DEPTH_MM) / DEPTH_STEP_MM
    rays, depths = np.arange(ANGLES + 1), np.arange(DEPTHS)
    between = RegularGridInterpolator(
        (rays, depths), np.append(samples, samples[:1], 0).astype(float), bounds_error=False, fill_value=0
    )
    expected = between(np.stack([ray, depth], axis=-1))
    found, clear = view.covered(samples), np.abs(expected - 0.5) > 1e-3
    np.testing.assert_array_equal(found[clear], expected[clear] > 0.5)
    assert found.any() and clear.mean() > 0.99


@pytest.mark.parametrize("arc_deg", [(40, 75), (330, 390), (0, 360)])
def test_a_deposit_comes_back_to_its_pixels(arc_deg):
    labels, distance, angle = frame(centre=(190.0, 215.0))
    within = (angle - arc_deg[0]) % 360 < arc_deg[1] - arc_deg[0] if arc_deg[1] - arc_deg[0] < 360 else np.full(angle.shape, True)
    deposit = within & (distance > 1.4) & (distance < 2.1)
    view = polar_view(labels, PIXEL_MM)
    back = with_calcium(labels, view, view.sampled(deposit.astype(np.float32)) >= 0.5) == CALCIUM
    assert 2 * (back & deposit).sum() / (back.sum() + deposit.sum()) > 0.97


def test_the_border_is_drawn_on_through_the_guidewires_shadow():
    labels, _, _ = frame(wire_deg=(100, 135))
    view = polar_view(labels, PIXEL_MM)
    np.testing.assert_allclose(view.border_mm, 1.2, atol=2.5 * PIXEL_MM)
    hidden = wall_channels(view, view.sampled(np.full(labels.shape, 90.0)))[CHANNELS.index("hidden")]
    rays = np.flatnonzero(hidden[:, DEPTHS // 2]) * 360 / ANGLES
    assert 96 <= rays.min() <= 104 and 131 <= rays.max() <= 139


def test_calcium_takes_no_pixel_of_lumen_or_guidewire_and_what_a_first_step_called_calcium_goes():
    labels, distance, _ = frame(wire_deg=(100, 135))
    view = polar_view(labels, PIXEL_MM)
    first = labels.copy()
    first[(distance > 2.6) & (distance < 2.7)] = CALCIUM
    everywhere = with_calcium(first, view, np.ones((ANGLES, DEPTHS), bool))
    assert np.array_equal(everywhere == LUMEN, labels == LUMEN) and np.array_equal(everywhere == GUIDEWIRE, labels == GUIDEWIRE)
    assert (everywhere == CALCIUM).sum() > 10 * (first == CALCIUM).sum() > 0
    assert np.array_equal(with_calcium(first, view, np.zeros((ANGLES, DEPTHS), bool)), labels)


def test_a_frame_without_lumen_has_no_view():
    labels = np.zeros((50, 60), np.uint8)
    labels[10:20, 10:20] = CALCIUM
    assert polar_view(labels, PIXEL_MM) is None


@pytest.mark.parametrize("turn", [0, 90, -10, 185])
def test_a_deposit_is_certain_somewhere_and_reaches_as_far_as_it_is_likely(turn):
    probability = np.zeros((ANGLES, DEPTHS), np.float32)
    probability[20:50, 20:60] = 0.3
    probability[30:40, 30:40] = 0.95  # 100 samples are certain
    probability[100:130, 20:60] = 0.8
    turned = np.roll(probability, turn, axis=0)
    found = np.roll(sure_deposits(turned, 0.9, 0.2, 100), -turn, axis=0)
    assert found[20:50, 20:60].all() and found.sum() == 30 * 40
    assert not sure_deposits(turned, 0.9, 0.2, 101).any()
    assert sure_deposits(turned, 0.7, 0.2, 101).sum() == 30 * 40


def test_a_wall_that_leaves_the_picture_is_hidden_there():
    labels, distance, _ = frame(centre=(200.0, 300.0))
    view = polar_view(labels, PIXEL_MM)
    seen = wall_channels(view, view.sampled(np.where(distance < 0, 0, 90.0)))
    hidden = seen[CHANNELS.index("hidden")] > 0
    assert hidden[0, -1] and not hidden[ANGLES // 2, -1]  # toward the right the picture ends 0.3 mm behind the border
    assert np.isfinite(seen).all()


@pytest.mark.parametrize(("gain", "offset"), [(0.5, 0), (1.0, 40), (0.4, 25)])
def test_what_the_network_sees_does_not_change_with_the_displays_gain_and_offset(gain, offset):
    random = np.random.default_rng(0)
    grey = np.clip(120 * np.exp(-np.maximum(DEPTH_MM, 0)) + random.normal(0, 10, (ANGLES, DEPTHS)), 5, 255).astype(np.float32)
    nothing, catheter_mm = np.zeros((ANGLES, DEPTHS), bool), np.ones((ANGLES, DEPTHS), np.float32)
    plain, shown = (channels(each, nothing, nothing, catheter_mm) for each in (grey, gain * grey + offset))
    np.testing.assert_allclose(shown, plain, atol=1e-3)


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_prediction_gives_the_scores_of_training(layout):
    network, view = PolarUNet((4, 8, 8, 8)).eval(), torch.rand(2, len(CHANNELS), ANGLES, DEPTHS)
    trained = network(view).detach()
    with torch.inference_mode():
        predicted = network.to(memory_format=layout)(view.to(memory_format=layout))
    torch.testing.assert_close(predicted, trained, atol=1e-5, rtol=1e-5)


def test_a_turned_view_gives_turned_scores():
    torch.manual_seed(0)
    network, view = PolarUNet((4, 8, 8, 8)).eval(), torch.rand(1, len(CHANNELS), ANGLES, DEPTHS)
    with torch.inference_mode():
        plain, turned = network(view), network(view.roll(48, dims=2))
    assert plain.shape == (1, ANGLES, DEPTHS) and plain.std() > 0
    torch.testing.assert_close(turned, plain.roll(48, dims=1), atol=1e-4, rtol=1e-4)
    with torch.inference_mode():
        moved = network(view.roll(24, dims=3))
    assert not torch.allclose(moved, plain.roll(24, dims=2), atol=1e-4)
