"""Other views of a slice: mirrored, larger, smaller. A network is asked about each, and the mean of its answers counts.

What one view alone shows is false more often than not; of what all show, each alone sees too little.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch.nn import functional


class View(NamedTuple):
    """How a view is made about the middle of a slice: enlarged by ``zoom``, and mirrored, right for left."""

    zoom: float
    is_mirrored: bool


OTHER_VIEWS = (View(1.0, True), View(1.15, False), View(0.87, True))
"""Beside the slice as it is, of sizes that a training shows (``training.hematoma.augment``). Chosen on 123 validation heads, 120 of
the wide range (seeds 500 to 699): false blood is 28 % less than with the mirrored view alone, mean Dice 0.763 for 0.754."""


def mean_over_views(images: torch.Tensor, plain: torch.Tensor, answer: Callable[[torch.Tensor], torch.Tensor]) -> torch.Tensor:
    """Give the mean of the answers to all views of slices; where a view ends, of those that reach farther.

    Args:
        images: float32 (batch, 1, rows, columns) in HU.
        plain: the answer to them as they are, float32 (batch, kinds, rows, columns). answer: gives the answer to images.
    """
    total, weight = plain.clone(), torch.ones_like(plain[:1, :1])
    for view in OTHER_VIEWS:
        back = View(1 / view.zoom, view.is_mirrored)
        total += _sampled(answer(_sampled(images, view, "border")), back, "zeros")
        weight += _sampled(torch.ones_like(weight), back, "zeros")
    return total / weight


def _sampled(images: torch.Tensor, view: View, beyond: str) -> torch.Tensor:
    """A view of images (batch, channels, rows, columns), linear between pixels; ``beyond`` them as PyTorch's padding modes."""
    if view.zoom == 1:
        return images.flip(-1) if view.is_mirrored else images
    reach = 1 / view.zoom
    map_ = torch.tensor([[-reach if view.is_mirrored else reach, 0, 0], [0, reach, 0]], dtype=images.dtype, device=images.device)
    where = functional.affine_grid(map_.expand(len(images), 2, 3), list(images.shape), align_corners=False)
    return functional.grid_sample(images, where, padding_mode=beyond, align_corners=False)
