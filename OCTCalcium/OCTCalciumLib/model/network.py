"""The network that finds calcium, guidewire and lumen in an OCT frame: DeepLab v3+ on a ResNet-50."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn
from torch.nn import functional

from .resnet import ResNet50

RESNET50_WIDTH = 64
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
        coarse = functional.interpolate(self.pyramid(coarse), size=fine.shape[-2:], mode="bilinear", align_corners=False)
        return self.classifier(self.decoder(torch.cat([coarse, self.detail(fine)], dim=1)))


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


class DepthwiseConvolution(nn.Conv2d):
    """A convolution of each channel alone that learns in float32 where it is dilated, even under autocast on a processor.

    oneDNN's bfloat16 weight gradient of a dilated depthwise convolution is wrong (it reads memory that was never written,
    so now and then it is not even a number); forward and every other layer are right.
    """

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        if not (self.training and self.dilation != (1, 1) and features.device.type == "cpu"):
            return super().forward(features)
        with torch.autocast("cpu", enabled=False):
            return super().forward(features.float())


def _convolution(in_channels: int, channels: int, kernel: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(in_channels, channels, kernel, padding=kernel // 2, bias=False),
        nn.BatchNorm2d(channels),
        nn.ReLU(inplace=True),
    )


def _separable_convolution(in_channels: int, channels: int, dilation: int = 1) -> nn.Sequential:
    """A 3x3 convolution of each channel alone, then a 1x1 mix of the channels: a ninth of the work of a full 3x3."""
    return nn.Sequential(
        DepthwiseConvolution(in_channels, in_channels, 3, padding=dilation, dilation=dilation, groups=in_channels, bias=False),
        nn.BatchNorm2d(in_channels),
        nn.ReLU(inplace=True),
        nn.Conv2d(in_channels, channels, kernel_size=1, bias=False),
        nn.BatchNorm2d(channels),
        nn.ReLU(inplace=True),
    )
