"""What random views of training pictures are made of: chance, affine sampling and blur, of whole batches."""

from __future__ import annotations

import torch
from torch.nn import functional


def uniform(count: int, low: float, high: float, random: torch.Generator) -> torch.Tensor:
    """Give ``count`` numbers between ``low`` and ``high`` on the device of ``random``."""
    return torch.rand(count, generator=random, device=random.device) * (high - low) + low


def chance(count: int, share: float, random: torch.Generator) -> torch.Tensor:
    """Give ``count`` booleans of which the given share is true, on average."""
    return torch.rand(count, generator=random, device=random.device) < share


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


def blurred(images: torch.Tensor, sigma_pixels: float) -> torch.Tensor:
    """Blur images (batch, 1, rows, columns) by a Gaussian of up to about two pixels."""
    reach = torch.arange(-3, 4, device=images.device)
    weights = torch.exp(-0.5 * (reach / sigma_pixels) ** 2)
    weights = weights / weights.sum()
    images = functional.conv2d(images, weights[None, None, :, None], padding=(3, 0))
    return functional.conv2d(images, weights[None, None, None, :], padding=(0, 3))
