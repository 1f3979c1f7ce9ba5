"""Masks by hand-counted pictures, and against scipy's own morphology."""

from __future__ import annotations

import numpy as np
import pytest
from LesionReadingLib.masks import (
    bounding_box,
    depth,
    eroded,
    filled,
    grown,
    large_pieces,
    largest_piece,
    pieces_with,
    put_drawn,
    reaching_border,
    slice_by_slice,
    smoothed,
    with_neighbours,
)
from scipy import ndimage


def test_rows_of_nothing_at_either_end_are_not_written():
    values = mask_of("""
        ....
        .#..
        ....
        ##..
        ....
    """).astype(np.uint8)
    target = np.zeros_like(values)
    put_drawn(target, values)
    assert np.array_equal(target, values)
    untouched = np.full_like(values, 7)
    put_drawn(untouched, values)
    assert (untouched[[0, 4]] == 7).all() and np.array_equal(untouched[1:4], values[1:4])
    put_drawn(target, np.zeros_like(values))
    assert target.any()


def mask_of(picture: str) -> np.ndarray:
    return np.array([[sign == "#" for sign in line] for line in picture.split()])


DIAGONAL = mask_of("""
    ##...
    ##...
    ..##.
    ....."""
)  # fmt: skip


@pytest.fixture(params=[(60, 50), (12, 20, 16)], ids=["on a slice", "in space"])
def blots(request) -> np.ndarray:
    """A mask with many pieces and holes, some at its border."""
    noise = np.random.default_rng(0).standard_normal(request.param)
    return ndimage.gaussian_filter(noise, 1.5) > 0.0


@pytest.mark.parametrize(("connectivity", "count"), [(1, 4), (2, 6)])
def test_squares_that_share_a_corner_are_one_piece_only_where_corners_connect(connectivity, count):
    assert largest_piece(DIAGONAL, connectivity).sum() == count


def test_of_equally_large_pieces_the_first_counts():
    np.testing.assert_array_equal(largest_piece(mask_of("##.##")), mask_of("##..."))


def test_an_empty_mask_has_no_pieces_and_grows_nowhere():
    nothing = np.zeros((3, 4), bool)
    for found in (largest_piece(nothing), large_pieces(nothing, 1), pieces_with(nothing, ~nothing), grown(nothing, 2.0)):
        np.testing.assert_array_equal(found, nothing)


def test_pieces_are_sized_in_elements_or_by_weights():
    mask, heavy_right = mask_of("##.#"), np.array([[1.0, 1.0, 1.0, 5.0]])
    np.testing.assert_array_equal(large_pieces(mask, 2), mask_of("##.."))
    np.testing.assert_array_equal(large_pieces(mask, 4, weights=heavy_right), mask_of("...#"))


def test_pieces_that_hold_an_element_of_another_mask_are_whole():
    np.testing.assert_array_equal(pieces_with(mask_of("##.##"), mask_of(".##..")), mask_of("##..."))


def test_filling_is_scipys_in_any_number_of_dimensions(blots):
    np.testing.assert_array_equal(filled(blots), ndimage.binary_fill_holes(blots))


def test_what_reaches_the_border_is_all_but_what_is_enclosed(blots):
    np.testing.assert_array_equal(reaching_border(~blots), ~ndimage.binary_fill_holes(blots))


def test_neighbours_are_those_of_a_dilation_across_corners(blots):
    np.testing.assert_array_equal(with_neighbours(blots), ndimage.binary_dilation(blots, np.ones((3,) * blots.ndim)))


def test_distances_are_in_the_unit_of_the_spacing():
    square = np.pad(np.ones((5, 5), bool), 2)
    np.testing.assert_array_equal(eroded(square, 2.0, (2.0, 0.5)).sum(axis=0), [0, 0, 0, 0, 0, 0, 0, 0, 0])
    np.testing.assert_array_equal(eroded(square, 1.0, (2.0, 0.5)).sum(axis=0), [0, 0, 0, 0, 5, 0, 0, 0, 0])
    np.testing.assert_array_equal(grown(square, 1.0, (2.0, 0.5)), np.pad(np.ones((5, 9), bool), ((2, 2), (0, 0))))


def test_beyond_the_array_is_outside():
    np.testing.assert_array_equal(depth(np.ones((3, 3), bool)), [[1, 1, 1], [1, 2, 1], [1, 1, 1]])


def test_slices_are_filled_each_alone():
    ring = np.pad(np.zeros((1, 1), bool), 1, constant_values=True)
    stack = np.stack([ring, np.zeros_like(ring)])
    np.testing.assert_array_equal(slice_by_slice(filled, stack), np.stack([np.ones_like(ring), np.zeros_like(ring)]))


def test_a_box_holds_every_label():
    labels = np.zeros((6, 7), np.uint8)
    labels[2, 3] = labels[4, 1] = 2
    assert bounding_box(labels) == (slice(2, 5), slice(1, 4))
    assert bounding_box(labels * 0) == (slice(0, 0), slice(0, 0))


def test_averaging_inside_a_mask_does_not_let_the_outside_in():
    mask = np.zeros((30, 30), bool)
    mask[8:22, 8:22] = True
    values = np.where(mask, 60.0, -1000.0)
    assert smoothed(values, mask, 4.0)[mask] == pytest.approx(60.0, abs=1e-3)
