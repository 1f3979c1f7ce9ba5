"""What random views of training pictures are made of: chance, affine sampling and blur, of whole batches."""

from __future__ import annotations

import torch
from torch.nn import functional

from .engine.randomness import PictureRandom


def uniform(low: float, high: float, random: PictureRandom, *shape: int) -> torch.Tensor:
    """Give numbers between ``low`` and ``high``, (pictures, ...)."""
    return random.rand(*shape) * (high - low) + low


def chance(share: float, random: PictureRandom, *shape: int) -> torch.Tensor:
    """Give booleans (pictures, ...) of which the given share is true, on average."""
    return random.rand(*shape) < share


def sampled(pictures: torch.Tensor, where: torch.Tensor, side: int, mode: str, beyond: str = "zeros") -> torch.Tensor:
    """Look at pictures through affine maps.

    Args:
        pictures: (batch, rows, columns). where: (batch, 2, 3), from view to picture, both in -1..1.
        side: of the view in pixels. mode: ``"bilinear"`` or ``"nearest"``. beyond: ``grid_sample``'s padding mode.

    Returns:
        float32 (batch, 1, side, side).
    """
    grid = functional.affine_grid(where, [len(pictures), 1, side, side], align_corners=False)
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
