"""The network that finds calcium in the unrolled wall of ``polar_view``: a U-Net that closes on itself around the lumen."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn
from torch.nn import functional

from ..wall.polar_view import CHANNELS
from .rectified import Rectified

STEM_WIDTH = 12


class PolarUNet(nn.Module):
    """U-Net (Ronneberger 2015, arXiv:1505.04597) whose convolutions see the last angle beside the first.

    The decoder ends at half the view's resolution; scores are enlarged from there. A view turned by a multiple of
    ``2 ** len(widths)`` rays gives the same scores, turned.

    Args:
        widths: channels at a half, a quarter, an eighth... of the view's resolution.
        dropout: share of the coarsest channels dropped while training.
    """

    WIDTHS = (24, 48, 80, 128)

    def __init__(self, widths: Sequence[int] = WIDTHS, dropout: float = 0.1) -> None:
        super().__init__()
        self.stem = _RingConvolution(len(CHANNELS), STEM_WIDTH)
        before = (STEM_WIDTH, *widths[:-1])
        self.down = nn.ModuleList(_block(a, b, stride=2) for a, b in zip(before, widths, strict=True))
        self.dropout = nn.Dropout2d(dropout)
        finer = tuple(reversed(widths[:-1]))
        self.up = nn.ModuleList(_block(a + b, b) for a, b in zip(tuple(reversed(widths))[:-1], finer, strict=True))
        self.classifier = nn.Conv2d(widths[0], 1, kernel_size=1)

    def forward(self, views: torch.Tensor) -> torch.Tensor:
        """Give calcium's scores (logits), float32 (batch, angles, depths), of views (batch, channels, angles, depths)."""
        features, finer = self.stem(views), []
        for block in self.down:
            features = block(features)
            finer.append(features)
        features = self.dropout(finer.pop())
        for block in self.up:
            detail = finer.pop()
            features = block((_enlarged(features), detail))
        return _enlarged(self.classifier(features).float())[:, 0]


class _RingConvolution(Rectified):
    """A 3x3 convolution, batch norm and ReLU; the first axis of the picture is a ring, the second ends in repeated values.

    Takes features (batch, channels, angles, depths), or several whose channels follow each other.
    """

    def __init__(self, in_channels: int, channels: int, stride: int = 1) -> None:
        super().__init__(nn.Conv2d(in_channels, channels, 3, stride=stride, bias=False))

    def forward(self, features: torch.Tensor | tuple[torch.Tensor, ...]) -> torch.Tensor:
        parts = features if isinstance(features, tuple) else (features,)
        if torch.is_grad_enabled():
            ring = _ring(torch.cat(parts, dim=1))
            return super().forward(torch.cat([ring[..., :1], ring, ring[..., -1:]], dim=3))  # quicker than pad, the same values
        return super().forward(_framed(parts))


def _framed(parts: tuple[torch.Tensor, ...]) -> torch.Tensor:
    """The ring with the sides repeated, copied once: for prediction, as a copy in place costs more where gradients are kept."""
    batch, _channels, angles, depths = parts[0].shape
    widths = [part.shape[1] for part in parts]
    last = parts[-1].is_contiguous(memory_format=torch.channels_last)
    layout = torch.channels_last if last else torch.contiguous_format
    size = (batch, sum(widths), angles + 2, depths + 2)
    framed = torch.empty(size, dtype=parts[0].dtype, device=parts[0].device, memory_format=layout)
    for part, place in zip(parts, framed.split(widths, dim=1), strict=True):
        place[:, :, 1:-1, 1:-1] = part
    framed[:, :, 0, 1:-1], framed[:, :, -1, 1:-1] = framed[:, :, -2, 1:-1], framed[:, :, 1, 1:-1]
    framed[..., 0], framed[..., -1] = framed[..., 1], framed[..., -2]
    return framed


def _ring(features: torch.Tensor) -> torch.Tensor:
    """The last angle before the first, and the first behind the last."""
    return torch.cat([features[:, :, -1:], features, features[:, :, :1]], dim=2)


def _block(in_channels: int, channels: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(_RingConvolution(in_channels, channels, stride), _RingConvolution(channels, channels))


def _enlarged(features: torch.Tensor) -> torch.Tensor:
    """Twice as many angles and depths, between samples linearly, around the ring too."""
    larger = functional.interpolate(_ring(features), scale_factor=2, mode="bilinear", align_corners=False)
    return larger[:, :, 2:-2]
