"""Several views of a slice: their answers come back to where they were found."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from HematomaMarkersLib.model.views import OTHER_VIEWS, mean_over_views

SIZE = 256


def dense(images: torch.Tensor) -> torch.Tensor:
    return (images > 50).float()


def slices_with(*boxes: tuple[int, int]) -> torch.Tensor:
    """One slice a box of 20 x 20 pixels that begins at (row, column), 70 HU in 35 HU."""
    images = torch.full((len(boxes), 1, SIZE, SIZE), 35.0)
    for image, (row, column) in zip(images, boxes, strict=True):
        image[0, row : row + 20, column : column + 20] = 70
    return images


@pytest.mark.parametrize("beginning", [(60, 90), (150, 30), (118, 118), (1, 100), (200, 234)])
def test_what_all_views_show_is_certain_where_it_lies_and_nowhere_else(beginning):
    """At the border, which an enlarged view does not reach, too."""
    images = slices_with(beginning)
    mean = mean_over_views(images, dense(images), dense)[0, 0].numpy()
    rows, columns = np.indices((SIZE, SIZE))
    away = np.maximum(np.abs(rows - beginning[0] - 9.5), np.abs(columns - beginning[1] - 9.5)) - 10
    assert mean[away < -2].min() == pytest.approx(1, abs=1e-5) and mean[away > 2].max() == pytest.approx(0, abs=1e-5)


def test_every_view_counts_as_much_and_each_slice_by_itself():
    """An answer that sees the box on one of four views has a mean of a quarter; of two slices only one shows it."""
    images = slices_with((60, 90), (150, 30))
    images[1] = 35
    for seen in range(len(OTHER_VIEWS)):
        asked = iter(range(len(OTHER_VIEWS)))
        mean = mean_over_views(images, torch.zeros_like(images), lambda view: dense(view) * (next(asked) == seen))  # noqa: B023
        assert mean[0, 0, 65:75, 95:105].numpy() == pytest.approx(np.full((10, 10), 1 / 4), abs=1e-5)
        assert not mean[1].any()


def test_views_are_mirrored_and_of_other_sizes_and_beyond_a_slice_lies_what_lies_at_its_border():
    images = torch.full((1, 1, SIZE, SIZE), -1000.0)
    images[..., 60:81, 90:111] = 70
    asked = []
    mean_over_views(images, dense(images), lambda view: (asked.append(view), dense(view))[1])
    middle = (SIZE - 1) / 2
    for view, (zoom, is_mirrored) in zip(asked, OTHER_VIEWS, strict=True):
        assert view[..., :8, :].numpy() == pytest.approx(-1000, abs=0.01)
        row, column = np.argwhere(view[0, 0].numpy() > 50).mean(axis=0)
        assert row == pytest.approx(middle + zoom * (70 - middle), abs=0.6)
        assert column == pytest.approx(middle + (-1 if is_mirrored else 1) * zoom * (100 - middle), abs=0.6)
