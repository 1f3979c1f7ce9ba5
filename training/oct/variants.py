"""The source study's augmentation: each frame at seven gammas, each of these as it is and mirrored in two ways: 21 pictures."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import torch

GAMMAS = (0.4, 0.55, 0.75, 1.0, 1.35, 1.8, 2.5)
"""Seven, about evenly spread; the study tells how many, not which. 1 is the frame as it was recorded."""
MIRRORED_AXES: tuple[tuple[int, ...], ...] = ((), (-1,), (-2,))
"""As recorded, left for right, top for bottom: the study's three, again as far as it tells."""
VARIANTS: tuple[tuple[float, tuple[int, ...]], ...] = tuple(product(GAMMAS, MIRRORED_AXES))


def variants_of(squares: torch.Tensor, labels: torch.Tensor, variants: Sequence[int]) -> tuple[torch.Tensor, torch.Tensor]:
    """Give one variant of each frame.

    Args:
        squares, labels: uint8 (batch, size, size). variants: of each, number in ``VARIANTS``.

    Returns:
        Images of 0..1 and labels, float32 (batch, 1, size, size) each.
    """
    images, targets = [], []
    for square, label, number in zip(squares, labels, variants, strict=True):
        gamma, axes = VARIANTS[number]
        images.append(((square.float() / 255) ** gamma).flip(axes))
        targets.append(label.float().flip(axes))
    return torch.stack(images)[:, None], torch.stack(targets)[:, None]
