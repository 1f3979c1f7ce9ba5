"""The network that finds calcium, guidewire and lumen in an OCT frame: DeepLab v3+ on a ResNet-50."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import torch
from torch import nn
from torch.nn import functional

from .dilated import depthwise
from .rectified import Rectified
from .resnet import ResNet50

RESNET50_WIDTH = 64
_WIDELY_DILATED = 12
"""From here on oneDNN has no kernel of its own for a depthwise convolution."""
ATROUS_RATES = (6, 12, 18)


class DeepLabV3Plus(nn.Module):
    """DeepLab v3+ (Chen 2018, arXiv:1802.02611) with a ResNet-50 encoder at output stride 16.

    Atrous separable convolutions in the pyramid (rates 6, 12, 18 and image pooling) and in the decoder, which adds
    the encoder's stride-4 features. All layers scale with ``width``; 64 is the published ResNet-50 with 256 channels
    in pyramid and decoder.

    Args:
        classes: number of output classes.
        width: channels of the encoder's first stage.
        dropout: share of pyramid channels dropped while training.
    """

    def __init__(self, classes: int = 4, width: int = RESNET50_WIDTH, dropout: float = 0.1) -> None:
        super().__init__()
        self.encoder = ResNet50(width)
        channels = 4 * width
        self.pyramid = AtrousPyramid(32 * width, channels, ATROUS_RATES, dropout)
        detail_channels = 3 * width // 4
        self.detail = _convolution(4 * width, detail_channels, kernel=1)
        self.decoder = nn.Sequential(
            _separable_convolution(channels + detail_channels, channels), _separable_convolution(channels, channels)
        )
        self.classifier = nn.Conv2d(channels, classes, kernel_size=1)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Give class scores, float32 (batch, classes, rows, columns), for grey images (batch, 1, rows, columns)."""
        scores = self.scores_at_stride_4(images).float().contiguous()  # coarser numbers would give ragged borders
        return functional.interpolate(scores, size=images.shape[-2:], mode="bilinear", align_corners=False)

    def scores_at_stride_4(self, images: torch.Tensor) -> torch.Tensor:
        """Give class scores (batch, classes, rows / 4, columns / 4), before they are enlarged to the images' size."""
        fine, coarse = self.encoder(images)
        coarse = enlarged(self.pyramid(coarse), fine.shape[-2:])
        return self.classifier(self.decoder(torch.cat([coarse, self.detail(fine)], dim=1)))


def enlarged(features: torch.Tensor, size: Sequence[int]) -> torch.Tensor:
    """Features (batch, channels, rows, columns) at another size, bilinearly."""
    if features.is_cuda and features.requires_grad:
        return enlarged_by_products(features, size)
    return functional.interpolate(features, size=tuple(size), mode="bilinear", align_corners=False)


def enlarged_by_products(features: torch.Tensor, size: Sequence[int]) -> torch.Tensor:
    """The same as two matrix products, for a GPU that learns.

    PyTorch's gradient of an interpolation that is the same every time takes a third of a training step there.
    """
    rows, columns = (_bilinear(*pair, features.dtype, features.device) for pair in zip(features.shape[-2:], size, strict=True))
    return (rows @ features @ columns.T).contiguous(memory_format=torch.channels_last)


@cache
def _bilinear(before: int, after: int, dtype: torch.dtype, device: torch.device) -> torch.Tensor:
    """Weights (after, before) of a bilinear interpolation along one axis."""
    with torch.autocast(device.type, enabled=False):
        weights = functional.interpolate(torch.eye(before)[None], size=after, mode="linear", align_corners=False)[0].T
    return weights.to(device, dtype)


class AtrousPyramid(nn.Module):
    """Atrous spatial pyramid pooling: what surrounds a pixel, seen at several distances and over the whole image."""

    def __init__(self, in_channels: int, channels: int, rates: Sequence[int], dropout: float) -> None:
        super().__init__()
        self.near = _convolution(in_channels, channels, kernel=1)
        self.far = nn.ModuleList(_separable_convolution(in_channels, channels, dilation=rate) for rate in rates)
        self.whole = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(in_channels, channels, kernel_size=1), nn.ReLU(inplace=True))
        self.merge = nn.Sequential(_convolution((len(rates) + 2) * channels, channels, kernel=1), nn.Dropout2d(dropout))

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        views = [self.near(features), *(branch(features) for branch in self.far)]
        whole = self.whole(features).expand(-1, -1, features.shape[-2], features.shape[-1])
        return self.merge(torch.cat([*views, whole], dim=1))


class DilatedDepthwise(nn.Conv2d):
    """A dilated convolution of each channel alone, which learns on a processor in its own way, in float32."""

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        if features.device.type != "cpu":
            return super().forward(features)
        if self.training:
            return depthwise(features, self.weight, self.dilation[0])
        return self._undilated(features) if self.dilation[0] >= _WIDELY_DILATED else super().forward(features)

    def _undilated(self, features: torch.Tensor) -> torch.Tensor:
        """The same numbers, four times as quick: pixels one dilation apart are put next to each other, as pictures of their own."""
        step, channels = self.dilation[0], features.shape[1]
        rows, columns = features.shape[2:]
        down, across = -(-rows // step), -(-columns // step)
        filled = functional.pad(features, (0, across * step - columns, 0, down * step - rows))
        parted = filled.permute(0, 2, 3, 1).reshape(-1, down, step, across, step, channels).permute(0, 2, 4, 1, 3, 5)
        small = parted.reshape(-1, down, across, channels).permute(0, 3, 1, 2)
        found = functional.conv2d(small, self.weight, self.bias, padding=1, groups=channels).permute(0, 2, 3, 1)
        joined = found.reshape(-1, step, step, down, across, channels).permute(0, 3, 1, 4, 2, 5)
        whole = joined.reshape(-1, down * step, across * step, channels).permute(0, 3, 1, 2)
        return whole[:, :, :rows, :columns].contiguous(memory_format=torch.channels_last)


def _convolution(in_channels: int, channels: int, kernel: int) -> Rectified:
    return Rectified(nn.Conv2d(in_channels, channels, kernel, padding=kernel // 2, bias=False))


def _separable_convolution(in_channels: int, channels: int, dilation: int = 1) -> Rectified:
    """A 3x3 convolution of each channel alone, then a 1x1 mix of the channels: a ninth of the work of a full 3x3."""
    of_each = nn.Conv2d if dilation == 1 else DilatedDepthwise
    return Rectified(
        of_each(in_channels, in_channels, 3, padding=dilation, dilation=dilation, groups=in_channels, bias=False),
        nn.Conv2d(in_channels, channels, kernel_size=1, bias=False),
    )
