"""A hematoma by one click: within its limits, off bone and brain, through the slices on which it goes on."""

from __future__ import annotations

import numpy as np
import pytest
from drawn_ball import BLOOD, a_head
from HematomaMarkersLib.marking.hematoma import marked_hematoma
from LesionReadingLib.errors import InputError


def found_from(hounsfield, grid, seed):
    found = np.zeros(hounsfield.shape, bool)
    for number, region in marked_hematoma(hounsfield, grid, seed):
        found[number] = region
    return found


@pytest.mark.parametrize("seed", [(4, 60, 88), (4, 50, 92), (5, 64, 84)])
def test_one_click_anywhere_inside_finds_the_hematoma_through_its_slices(seed):
    hounsfield, truth, grid = a_head()
    found = found_from(hounsfield, grid, seed)
    assert 2 * (found & truth).sum() / (found.sum() + truth.sum()) > 0.9
    assert found.any(axis=(1, 2)).tolist() == truth.any(axis=(1, 2)).tolist()


def test_neither_bone_nor_calcification_nor_brain_is_taken():
    hounsfield, _, grid = a_head()
    found = found_from(hounsfield, grid, (4, 60, 88))
    assert not found[4, 55:59, 69:73].any()
    assert (hounsfield[found] > 200).sum() == 0
    assert (hounsfield[found] < 45).mean() < 0.02


def test_blood_beyond_a_thin_bridge_is_another_one():
    hounsfield, truth, grid = a_head()
    hounsfield[4, 60:62, 40:72] = BLOOD
    hounsfield[4, 50:70, 25:40] = BLOOD
    found = found_from(hounsfield, grid, (4, 60, 88))
    assert not found[4, 50:70, 25:40].any()
    assert (found & truth).sum() > 0.85 * truth.sum()


def test_the_clicked_slice_comes_first_so_that_it_can_be_shown_at_once():
    hounsfield, _, grid = a_head()
    assert [number for number, _ in marked_hematoma(hounsfield, grid, (4, 60, 88))] == [4, 5, 6, 7, 3, 2, 1]


@pytest.mark.parametrize(("place", "what"), [((4, 60, 20), "no acute blood"), ((4, 60, 113), "no acute blood"), ((0, 2, 2), "HU")])
def test_a_click_on_brain_bone_or_air_is_refused_in_a_sentence(place, what):
    hounsfield, _, grid = a_head()
    with pytest.raises(InputError, match=what):
        found_from(hounsfield, grid, place)


def test_what_thin_bone_blurs_over_beside_it_is_not_taken_though_it_is_as_dense_as_blood():
    hounsfield, _, grid = a_head()
    rows, columns = np.indices(hounsfield.shape[1:])
    from_middle = np.hypot(rows - 60, columns - 60)
    hounsfield[hounsfield > 600] = 180
    hounsfield[4, (np.hypot(rows - 60, columns - 95) < 16) & (from_middle < 50)] = BLOOD  # up to the skull
    found = found_from(hounsfield, grid, (4, 60, 88))[4]
    assert found[(from_middle >= 48) & (from_middle < 49)].any()
    assert not found[from_middle >= 49].any()
