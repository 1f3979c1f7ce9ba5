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


def sampled(pictures: torch.Tensor, where: torch.Tensor, side: int, mode: str, beyond: str = "zeros") -> torch.Tensor:
    """Look at pictures through affine maps.

    Args:
        pictures: (batch, rows, columns). where: (batch, 2, 3), from view to picture, both in -1..1.
        side: of the view in pixels. mode: ``"bilinear"`` or ``"nearest"``. beyond: ``grid_sample``'s padding mode.

    Returns:
        float32 (batch, 1, side, side).
    """
    # As ``affine_grid``, x and y each in a plane of its own: on a processor both steps are several times as quick so.
    centres = (2 * torch.arange(side, device=where.device) + 1) / side - 1
    across, down, shift = where[:, :, None, None].unbind(-1)
    grid = (across * centres + (down * centres[:, None] + shift)).permute(0, 2, 3, 1)
    return functional.grid_sample(pictures[:, None].float(), grid, mode=mode, padding_mode=beyond, align_corners=False)


def blurred(images: torch.Tensor, sigma_pixels: torch.Tensor) -> torch.Tensor:
    """Blur images (batch, 1, rows, columns), each by a Gaussian of its own, (batch,), of up to about two pixels."""
    count = len(images)
    reach = torch.arange(-3, 4, device=images.device)
    weights = torch.exp(-0.5 * (reach / sigma_pixels[:, None]) ** 2)
    weights = weights / weights.sum(1, keepdim=True)
    images = images.transpose(0, 1)
    images = functional.conv2d(images, weights[:, None, :, None], padding=(3, 0), groups=count)
    return functional.conv2d(images, weights[:, None, None, :], padding=(0, 3), groups=count).transpose(0, 1)
