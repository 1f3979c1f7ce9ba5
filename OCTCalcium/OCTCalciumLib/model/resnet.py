"""ResNet-50 (He 2016, arXiv:1512.03385) for one grey channel at output stride 16.

Layers, their names and their numbers are those of MONAI's ``ResNet``, so that weights of either fit the other. Built here of
PyTorch's layers, because MONAI's has no dilation, and because an import of MONAI takes two to four seconds of processor time.
"""

from __future__ import annotations

import torch
from torch import nn

from .rectified import rectified

_EXPANSION = 4
_BLOCKS = (3, 4, 6, 3)


class ResNet50(nn.Module):
    """The four stages of a ResNet-50, the last one dilated by 2 instead of strided.

    Its first block keeps dilation 1, the others sample with dilation 2, which sees exactly what strided weights see.

    Args:
        width: channels of the first stage before they are expanded; 64 is the published one.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, width, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        self.layer1 = _stage(width, width, _BLOCKS[0])
        self.layer2 = _stage(4 * width, 2 * width, _BLOCKS[1], stride=2)
        self.layer3 = _stage(8 * width, 4 * width, _BLOCKS[2], stride=2)
        self.layer4 = _stage(16 * width, 8 * width, _BLOCKS[3], dilation=2)
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d) and not layer.weight.is_meta:  # for those PyTorch imports its compiler, a second's work
                nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Give the features at strides 4 and 16, (batch, 4 and 32 x width, rows, columns), of images (batch, 1, rows, columns)."""
        fine = self.layer1(self.maxpool(rectified(self.conv1, self.bn1, images)))
        return fine, self.layer4(self.layer3(self.layer2(fine)))


class Bottleneck(nn.Module):
    """Three convolutions and a way round them.

    Args:
        in_channels: that come in. channels: of the convolutions; four times as many go out.
        stride, dilation: of the middle convolution.
    """

    def __init__(self, in_channels: int, channels: int, stride: int = 1, dilation: int = 1) -> None:
        super().__init__()
        expanded = _EXPANSION * channels
        self.conv1 = nn.Conv2d(in_channels, channels, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, stride, padding=dilation, dilation=dilation, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.conv3 = nn.Conv2d(channels, expanded, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(expanded)
        self.downsample = None
        if stride != 1 or in_channels != expanded:
            self.downsample = nn.Sequential(nn.Conv2d(in_channels, expanded, 1, stride, bias=False), nn.BatchNorm2d(expanded))

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        activations = rectified(self.conv1, self.bn1, inputs)
        activations = rectified(self.conv2, self.bn2, activations)
        return rectified(self.conv3, self.bn3, activations, inputs if self.downsample is None else self.downsample(inputs))


def _stage(in_channels: int, channels: int, blocks: int, stride: int = 1, dilation: int = 1) -> nn.Sequential:
    """Blocks of the same channels; the first one strides, the others are dilated."""
    others = (Bottleneck(_EXPANSION * channels, channels, dilation=dilation) for _ in range(blocks - 1))
    return nn.Sequential(Bottleneck(in_channels, channels, stride), *others)
