"""Pieces found by the runs of rows, against scipy's numbering of every pixel."""

from __future__ import annotations

import numpy as np
import pytest
from LesionReadingLib.pieces import Pieces, joined, padded
from scipy import ndimage
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components


@pytest.mark.parametrize("seed", range(6))
def test_pieces_are_those_of_a_labelling_of_every_pixel(seed):
    random = np.random.default_rng(seed)
    mask = padded(random.random((40, 57)) < random.uniform(0.1, 0.6))
    numbers, count = ndimage.label(mask, np.ones((3, 3)))
    pieces = Pieces.of(mask)
    assert pieces.count == count
    ours, theirs = pieces.piece_of_pixels(), numbers[mask]
    assert len(set(zip(ours.tolist(), theirs.tolist(), strict=True))) == count
    np.testing.assert_array_equal(pieces.sizes, np.bincount(ours))
    np.testing.assert_array_equal(pieces.at(np.flatnonzero(mask)), ours)
    np.testing.assert_array_equal(np.sort(pieces.pixels_of(np.arange(count) % 2 == 0)), np.flatnonzero(mask)[ours % 2 == 0])


def test_chosen_pieces_are_numbered_and_boxed_as_scipy_does_it():
    mask = padded(np.random.default_rng(3).random((40, 57)) < 0.2)
    pieces = Pieces.of(mask)
    chosen = pieces.sizes > 2
    numbers = pieces.numbered(chosen, mask.shape)
    np.testing.assert_array_equal(np.bincount(numbers.ravel(), minlength=pieces.count + 1)[1:], np.where(chosen, pieces.sizes, 0))
    boxes = pieces.boxes()
    for number, box in enumerate(ndimage.find_objects(numbers, pieces.count)):
        if chosen[number]:
            assert [box[0].start, box[1].start, box[0].stop, box[1].stop] == boxes[number].tolist()


def test_a_mask_without_anything_has_no_pieces():
    pieces = Pieces.of(np.zeros((4, 5), bool))
    assert pieces.count == 0 and pieces.boxes().shape == (0, 4)
    assert not pieces.numbered(np.zeros(0, bool), (4, 5)).any()


@pytest.mark.parametrize("links", [0, 1, 30, 400, 5000])
def test_what_belongs_together_is_numbered_by_its_first_member(links):
    first, second = np.random.default_rng(links).integers(0, 800, (2, links))
    graph = coo_array((np.ones(links, np.int8), (first, second)), (800, 800))
    np.testing.assert_array_equal(joined(800, first, second), connected_components(graph, directed=False)[1])


def test_a_chain_is_one_whatever_the_order_of_its_links():
    order = np.random.default_rng(1).permutation(3000)
    assert not joined(3000, order[:-1], order[1:]).any()
