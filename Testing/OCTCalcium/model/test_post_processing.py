"""Tidying: specks of a network's answer go, everything that can be anatomy stays."""

import numpy as np
import pytest
from OCTCalciumLib.labels import BACKGROUND, CALCIUM, GUIDEWIRE, LUMEN
from OCTCalciumLib.model.post_processing import post_processed, temporally_smoothed

SIZE = 200
ROWS, COLUMNS = np.mgrid[:SIZE, :SIZE]


def disc(row, column, radius):
    return np.hypot(ROWS - row, COLUMNS - column) < radius


def a_vessel():
    labels = np.zeros((SIZE, SIZE), np.uint8)
    labels[disc(100, 100, 40)] = LUMEN
    labels[disc(100, 160, 12)] = CALCIUM
    labels[disc(60, 70, 10)] = GUIDEWIRE
    return labels


def test_a_vessel_without_specks_stays_as_it_is():
    np.testing.assert_array_equal(post_processed(a_vessel()), a_vessel())


def test_specks_of_every_label_in_the_wall_become_background():
    specked = a_vessel()
    specked[20:23, 20:23] = CALCIUM
    specked[180:184, 30:34] = GUIDEWIRE
    specked[30:36, 170:176] = LUMEN
    np.testing.assert_array_equal(post_processed(specked), a_vessel())


def test_a_speck_inside_the_lumen_becomes_lumen():
    specked = a_vessel()
    specked[110:113, 110:113] = CALCIUM
    specked[90:92, 95:97] = BACKGROUND
    np.testing.assert_array_equal(post_processed(specked), a_vessel())


def test_calcium_goes_below_four_ten_thousandths_of_the_frame_and_stays_from_there_on():
    labels = np.zeros((100, 100), np.uint8)
    labels[10, 10:13] = CALCIUM
    labels[50, 10:14] = CALCIUM
    kept = post_processed(labels)
    assert not kept[10].any()
    assert kept[50].sum() == 4


def test_two_deposits_and_two_wires_both_stay():
    labels = a_vessel()
    labels[disc(160, 60, 8)] = CALCIUM
    labels[disc(130, 150, 8)] = GUIDEWIRE
    np.testing.assert_array_equal(post_processed(labels), labels)


def test_a_frame_with_nothing_in_it_stays_empty():
    assert not post_processed(np.zeros((50, 50), np.uint8)).any()


def test_the_given_label_map_is_not_changed():
    labels = a_vessel()
    labels[20, 20] = CALCIUM
    before = labels.copy()
    post_processed(labels)
    np.testing.assert_array_equal(labels, before)


def frames_of(*values):
    """One-row label maps, a digit per pixel."""
    return [np.array([[int(digit) for digit in value]], np.uint8) for value in values]


def test_calcium_that_flickers_for_one_frame_is_steadied():
    gap = list(temporally_smoothed(frames_of("011", "001", "011"), 0.2))
    assert gap[1].tolist() == [[0, 1, 1]]
    flash = list(temporally_smoothed(frames_of("000", "010", "000"), 0.2))
    assert flash[1].tolist() == [[0, 0, 0]]


def test_steadying_judges_by_the_answers_as_they_came_not_as_they_were_steadied():
    steady = list(temporally_smoothed(frames_of("0", "1", "0", "1", "1"), 0.2))
    assert [frame.tolist() for frame in steady] == [[[0]], [[0]], [[1]], [[1]], [[1]]]


def test_where_a_deposit_begins_or_ends_nothing_changes():
    frames = frames_of("000", "110", "111", "011", "000")
    np.testing.assert_array_equal(np.stack(list(temporally_smoothed(frames, 0.2)))[[0, 2, 3, 4]], np.stack(frames)[[0, 2, 3, 4]])


def test_lumen_and_guidewire_are_never_steadied():
    frames = frames_of("3311", "0023", "3311")
    np.testing.assert_array_equal(list(temporally_smoothed(frames, 0.2))[1], frames[1])


def test_one_frame_or_two_or_none_stay_as_they_are():
    for frames in ([], frames_of("01"), frames_of("01", "10")):
        np.testing.assert_array_equal(list(temporally_smoothed(frames, 0.2)), frames)


@pytest.mark.parametrize("frame_mm", [0.51, 2.0])
def test_frames_known_to_lie_far_apart_each_stand_alone(frame_mm):
    frames = frames_of("011", "001", "011")
    np.testing.assert_array_equal(list(temporally_smoothed(frames, frame_mm)), frames)
    assert not np.array_equal(list(temporally_smoothed(frames, 0.5)), frames)


def test_at_an_unknown_distance_the_order_of_frames_that_look_alike_counts():
    frames = frames_of("011", "001", "011", "001", "011")
    steady = list(temporally_smoothed(frames, None))
    np.testing.assert_array_equal(steady, list(temporally_smoothed(frames, 0.2)))
    assert not np.array_equal(steady, frames)
    # The fourth frame is of another place than the third, so neither can correct the other.
    apart = list(temporally_smoothed(frames, None, alike=[False, True, True, False, True]))
    np.testing.assert_array_equal(apart[:2], steady[:2])
    np.testing.assert_array_equal(apart[2:], frames[2:])
    # Where the distance is known it alone counts.
    np.testing.assert_array_equal(list(temporally_smoothed(frames, 0.2, alike=[False] * 5)), steady)
