"""What random views of training pictures are made of: chance, affine sampling and blur, of whole batches."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch.nn import functional

from .engine.randomness import PictureRandom


def uniform(low: float, high: float, random: PictureRandom, *shape: int) -> torch.Tensor:
    """Give numbers between ``low`` and ``high``, (pictures, ...)."""
    return random.rand(*shape) * (high - low) + low


def chance(share: float, random: PictureRandom, *shape: int) -> torch.Tensor:
    """Give booleans (pictures, ...) of which the given share is true, on average."""
    return random.rand(*shape) < share


def changed(images: torch.Tensor, chosen: torch.Tensor, change: Callable[..., torch.Tensor], *given: torch.Tensor) -> torch.Tensor:
    """Change some images of a batch, which are overwritten where that is quicker.

    A processor works on the chosen ones alone. A GPU works on all, as it would have to be waited for to know how many are chosen.

    Args:
        images: (batch, 1, rows, columns). chosen: bool (batch,).
        change: takes images and as many rows of each of ``given``, which hold a row for every image of the batch.
    """
    if images.is_cuda:
        return torch.where(chosen[:, None, None, None], change(images, *given), images)
    numbers = chosen.nonzero()[:, 0]
    if len(numbers):
        images[numbers] = change(images[numbers], *(each[numbers] for each in given))
    return images


def sampled(pictures: torch.Tensor, where: torch.Tensor, side: int, beyond: str = "zeros") -> torch.Tensor:
    """Look at pictures through affine maps, between their pixels.

    Args:
        pictures: (batch, rows, columns). where: (batch, 2, 3), from view to picture, both in -1..1.
        side: of the view in pixels. beyond: ``grid_sample``'s padding mode.

    Returns:
        float32 (batch, 1, side, side).
    """
    grid = _places(where, side).permute(0, 2, 3, 1)
    return functional.grid_sample(pictures[:, None].float(), grid, mode="bilinear", padding_mode=beyond, align_corners=False)


def picked(labels: torch.Tensor, where: torch.Tensor, side: int) -> torch.Tensor:
    """The same of label maps: that of the nearest pixel, 0 beyond the picture. Only what is seen becomes float32."""
    rows, columns = labels.shape[-2:]
    places = zip(_places(where, side).unbind(1), (columns, rows), strict=True)
    x, y = (((place + 1) * size - 1).div_(2).round_().long() for place, size in places)
    inside = (x >= 0) & (x < columns) & (y >= 0) & (y < rows)
    numbers = (y * columns + x).where(inside, 0)
    found = labels.flatten(1).gather(1, numbers.flatten(1)).view_as(numbers)
    return (found * inside)[:, None].float()


def _places(where: torch.Tensor, side: int) -> torch.Tensor:
    """Where each pixel of views lies, (batch, 2, side, side), x and y from -1 to 1: as ``affine_grid``, several times as quick."""
    centres = (2 * torch.arange(side, device=where.device) + 1) / side - 1
    across, down, shift = where[:, :, None, None].unbind(-1)
    return across * centres + (down * centres[:, None] + shift)


def blurred(images: torch.Tensor, sigma_pixels: torch.Tensor) -> torch.Tensor:
    """Blur images (batch, 1, rows, columns), each by a Gaussian of its own, (batch,), of up to about two pixels."""
    reach = torch.arange(-3, 4, device=images.device)
    weights = torch.exp(-0.5 * (reach / sigma_pixels[:, None]) ** 2)
    weights = (weights / weights.sum(1, keepdim=True))[..., None, None, None].unbind(1)
    for axis, border in ((-2, (0, 0, 3, 3)), (-1, (3, 3))):  # quicker than a convolution with a kernel for each image
        padded = functional.pad(images, border)
        shifted = [padded.narrow(axis, tap, images.shape[axis]) for tap in range(len(weights))]
        images = shifted[0] * weights[0]
        for seen, weight in zip(shifted[1:], weights[1:], strict=True):
            images.addcmul_(seen, weight)
    return images
