"""Calcium and look-alikes that are painted into unrolled walls."""

from __future__ import annotations

import numpy as np
import pytest
from OCTCalciumLib.labels import BACKGROUND, CALCIUM, GUIDEWIRE, LUMEN
from OCTCalciumLib.wall.polar_view import ANGLES, DEPTH_MM, DEPTHS

from training.oct.second_step.fading_deposits import wall_before
from training.oct.second_step.painting import painted, with_look_alike


def test_painted_calcium_lies_in_tissue_and_changes_its_grey_there():
    random = np.random.default_rng(2)
    grey = random.integers(60, 160, (ANGLES, DEPTHS)).astype(np.uint8)
    labels = np.zeros((ANGLES, DEPTHS), np.uint8)
    labels[:, :8], labels[20:40, 8:60] = LUMEN, GUIDEWIRE
    shown, truth = painted(grey, labels, random)
    calcium = truth == CALCIUM
    assert calcium.any() and not calcium[:, :8].any() and not calcium[20:40].any()
    assert np.array_equal(shown[20:40], grey[20:40]) and not np.allclose(shown[calcium], grey[calcium])


def test_both_ways_of_painting_draw_deposits_that_a_reader_sees():
    wall = (2 + 150 * np.exp(-2.5 * np.maximum(DEPTH_MM, 0))) * np.ones((ANGLES, 1))
    labels = np.broadcast_to(np.where(DEPTH_MM < 0, LUMEN, BACKGROUND), wall.shape).astype(np.uint8)
    for fading in (0.0, 1.0):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("training.oct.second_step.painting.FADING_SHARE", fading)
            drawn = [painted(wall, labels, np.random.default_rng(seed)) for seed in range(12)]
        seen = [(grey, truth == CALCIUM) for grey, truth in drawn if (truth == CALCIUM).any()]
        assert len(seen) >= 8
        assert all(np.abs(grey - wall)[calcium].mean() > 2 for grey, calcium in seen)
        assert all(grey[labels == BACKGROUND].min() >= 1 for grey, _ in seen)  # 0 would be outside the field of view


def test_a_wall_goes_on_where_the_recording_ended_and_gets_darker_there():
    wall = np.where(DEPTH_MM < 0.9, 150 * np.exp(-2.5 * np.maximum(DEPTH_MM, 0)), 0) * np.ones((ANGLES, 1))
    labels = np.broadcast_to(np.where(DEPTH_MM < 0, LUMEN, BACKGROUND), wall.shape).astype(np.uint8)
    drawn = [wall_before(wall, labels, np.random.default_rng(seed)) for seed in range(20)]
    beyond = DEPTH_MM[0] > 0.95
    longer = [grey for grey in drawn if (grey[:, beyond] >= 1).all()]
    assert 10 <= len(longer) < 20  # mostly
    for grey in longer:
        means = grey.mean(axis=0)[beyond].reshape(-1, 4).mean(axis=1) if beyond.sum() % 4 == 0 else grey.mean(axis=0)[beyond]
        assert means[-1] < means[0] < 60


def test_a_look_alike_changes_tissue_alone_and_adds_no_calcium():
    random = np.random.default_rng(4)
    grey = random.integers(60, 160, (ANGLES, DEPTHS)).astype(np.uint8)
    labels = np.zeros((ANGLES, DEPTHS), np.uint8)
    labels[:, :8], labels[20:40, 8:60] = LUMEN, GUIDEWIRE
    shown = [with_look_alike(grey, labels, random) for _ in range(12)]
    assert all(np.array_equal(each[20:40], grey[20:40]) and np.array_equal(each[:, :8], grey[:, :8]) for each in shown)
    assert all((np.abs(each - grey) > 3).sum() > 100 for each in shown)
