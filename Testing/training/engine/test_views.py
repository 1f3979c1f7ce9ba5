"""What random views of training pictures are made of."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional

from training.views import blurred, changed, picked, sampled


def test_each_picture_is_blurred_by_its_own_gaussian():
    point = torch.zeros(2, 1, 15, 15)
    point[:, :, 7, 7] = 1
    soft = blurred(point, torch.tensor([0.5, 1.4]))[:, 0].double().numpy()
    for found, sigma_pixels in zip(soft, (0.5, 1.4), strict=True):
        gaussian = np.exp(-0.5 * (np.arange(-3, 4) / sigma_pixels) ** 2)
        gaussian = np.pad(gaussian / gaussian.sum(), 4)
        assert found == pytest.approx(np.outer(gaussian, gaussian), abs=1e-6)


@pytest.mark.parametrize("chosen", [[False, True, False, True], [False] * 4, [True] * 4])
def test_only_the_chosen_pictures_change_each_by_its_own_number(chosen):
    images, by = torch.zeros(4, 1, 2, 3), torch.tensor([1.0, 2.0, 3.0, 4.0])
    found = changed(images, torch.tensor(chosen), lambda some, number: some + number[:, None, None, None], by)
    expected = [number if picked else 0.0 for number, picked in zip((1.0, 2.0, 3.0, 4.0), chosen, strict=True)]
    assert found.amax((1, 2, 3)).tolist() == found.amin((1, 2, 3)).tolist() == expected


@pytest.mark.parametrize("mode", ["bilinear", "nearest"])
def test_a_view_is_where_pytorch_says_that_its_affine_map_leads(mode):
    random = torch.Generator().manual_seed(3)
    pictures = torch.randint(0, 255, (5, 31, 40), generator=random)
    where = torch.randn(5, 2, 3, generator=random) / 2
    grid = functional.affine_grid(where.double(), [5, 1, 24, 24], align_corners=False)
    expected = functional.grid_sample(pictures[:, None].double(), grid, mode=mode, align_corners=False)
    seen = picked(pictures, where, 24) if mode == "nearest" else sampled(pictures, where, 24)
    assert torch.allclose(seen.double(), expected, atol=0.01)
