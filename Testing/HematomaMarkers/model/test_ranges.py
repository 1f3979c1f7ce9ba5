"""How sure the network is: from scores to ranges, and where it is unsure, on the scan's own voxels."""

from __future__ import annotations

import numpy as np
import pytest
from HematomaMarkersLib.labels import HEMATOMA, MARKERS
from HematomaMarkersLib.measurement.markers.sureness import Sureness, sureness_from_json
from HematomaMarkersLib.model.inference import HeadReading
from HematomaMarkersLib.model.preparation.grid import NETWORK_PIXEL_MM
from HematomaMarkersLib.model.ranges import probability_range, slices_ml, sure_and_possible, volume_range_ml

SLICES, SIDE = 6, 256
EXTENTS_MM = np.full(SLICES, 5.0)
HOUNSFIELD = np.full((SLICES, SIDE, SIDE), 60, np.int16)


def a_reading(scores: np.ndarray) -> HeadReading:
    """What is marked from a half on."""
    labels = np.where(scores >= 128, HEMATOMA, 0).astype(np.uint8)
    none = np.zeros((SLICES, 4))
    return HeadReading(labels, labels.sum(axis=(1, 2)), none, np.zeros(SLICES), none, scores, labels > 0)


@pytest.fixture
def reading():
    """Squares of 40 pixels on three slices: 20 pixels in the middle are sure, a rim of 5 around them is possible."""
    scores = np.zeros((SLICES, SIDE, SIDE), np.uint8)
    scores[1:4, 95:145, 95:145] = 60
    scores[1:4, 100:140, 100:140] = 160
    scores[1:4, 110:130, 110:130] = 250
    return a_reading(scores)


def test_sure_and_possible_are_told_by_their_scores(reading):
    sure, possible = sure_and_possible(reading, HOUNSFIELD, EXTENTS_MM, 0.9, 0.2)
    assert (sure.sum(axis=(1, 2)) == [0, 400, 400, 400, 0, 0]).all()
    assert (possible.sum(axis=(1, 2)) == [0, 2500, 2500, 2500, 0, 0]).all()
    assert slices_ml(sure, EXTENTS_MM)[1] == pytest.approx(400 * NETWORK_PIXEL_MM**2 * 5 / 1000)
    assert (sure_and_possible(reading, HOUNSFIELD, EXTENTS_MM, 0.9, 0.5)[1] == (reading.labels > 0)).all()


def test_bone_and_specks_are_not_possible_however_high_their_score():
    scores = np.zeros((SLICES, SIDE, SIDE), np.uint8)
    scores[1:3, 10:12, 10:12] = 100  # 0.03 mL
    scores[1:4, 50:90, 50:90] = 100
    hounsfield = HOUNSFIELD.copy()
    hounsfield[:, 50:90, 50:90] = 400
    assert not sure_and_possible(a_reading(scores), hounsfield, EXTENTS_MM, 0.9, 0.2)[1].any()
    assert sure_and_possible(a_reading(scores), HOUNSFIELD, EXTENTS_MM, 0.9, 0.2)[1].sum() == 3 * 1600


def test_a_volume_s_range_is_moved_out_and_holds_what_was_measured():
    low, high = volume_range_ml((9.0, 19.0), 12.0, np.log(2))
    assert (low, high) == pytest.approx((4.0, 39.0))  # (mL + 1) halved and doubled
    assert volume_range_ml((9.0, 19.0), 30.0, 0.0) == (9.0, 30.0)
    assert volume_range_ml((0.2, 0.4), 0.3, 5.0)[0] == 0.0
    assert volume_range_ml((0.0, 0.0), 0.0, 1.0) == (0.0, 0.0)  # where nothing is possible, nothing is said to be


@pytest.mark.parametrize("probability", [0.0, 1e-12, 0.02, 0.5, 0.98, 1.0])
def test_a_probability_s_range_lies_around_it_and_within_0_and_1(probability):
    low, high = probability_range(probability, 1.5)
    assert 0 <= low <= max(probability, 1e-8) and min(probability, 1 - 1e-8) <= high <= 1
    assert probability_range(0.5, 0.0) == pytest.approx((0.5, 0.5))
    assert probability_range(0.5, np.log(3)) == pytest.approx((0.25, 0.75))


def test_what_is_kept_is_read_again_and_what_was_changed_is_refused():
    sureness = Sureness(volume_ml=(1.0, 2.5), probabilities=dict.fromkeys(MARKERS, (0.1, 0.4)), slice=3)
    kept = sureness.to_json()
    assert sureness_from_json(kept, 6) == sureness
    assert sureness_from_json(kept, 6, is_own=False).volume_ml is None
    assert sureness_from_json({}, 6) is None
    for name, value in (("unsure_slice", 6), ("unsure_slice", "3"), ("volume_range_ml", [3, 1]), ("volume_range_ml", [-1, 1])):
        with pytest.raises((ValueError, TypeError)):
            sureness_from_json(kept | {name: value}, 6)
    with pytest.raises(ValueError):
        sureness_from_json(kept | {"probability_ranges": dict.fromkeys(MARKERS, (0.1, 1.4))}, 6)
