"""The U-Net that finds the hematoma, with an EfficientNet-b3 (Tan and Le 2019, arXiv:1905.11946) as its encoder.

Layers, their names and their numbers are those of MONAI's ``FlexibleUNet``, so that weights of either fit the other. Built here of
PyTorch's layers, because MONAI's has no width and pads unevenly, and because an import of MONAI takes two to four seconds of
processor time, as long as a network needs for a whole head.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import nn


class Stage(NamedTuple):
    """Blocks of the same kind, as table 1 of the EfficientNet paper has them for b0; the first block strides and widens."""

    repeats: int
    kernel: int
    stride: int
    expansion: int
    channels: int


_STAGES = (
    Stage(1, 3, 1, 1, 16),
    Stage(2, 3, 2, 6, 24),
    Stage(2, 5, 2, 6, 40),
    Stage(3, 3, 2, 6, 80),
    Stage(3, 5, 1, 6, 112),
    Stage(4, 5, 2, 6, 192),
    Stage(1, 3, 1, 6, 320),
)
_FEATURE_STAGES = (0, 1, 2, 4, 6)  # the last ones at strides 2, 4, 8, 16 and 32
_B3_WIDTH, _B3_DEPTH = 1.2, 1.4
_STEM_CHANNELS = 32
_SQUEEZE = 0.25  # channels of a squeeze by those that come into its block
_DROPPED = 0.2  # probability with which the last block is left out in training; it grows with depth
_DECODER_CHANNELS = (256, 128, 64, 32, 16)


class HematomaUNet(nn.Module):
    """A U-Net with all layers scaled by ``width``: one grey channel in, scores of classes out.

    Args:
        width: 1 is the published EfficientNet-b3 with a decoder of 256 to 16 channels.
        classes: number of classes.
    """

    def __init__(self, width: float, classes: int) -> None:
        super().__init__()
        decoder_channels = [max(8, round(width * published / 8) * 8) for published in _DECODER_CHANNELS]
        self.encoder = NarrowEfficientNet(width)
        self.decoder = Decoder(NarrowEfficientNet.channels(width), decoder_channels)
        self.segmentation_head = nn.Sequential(nn.Conv2d(decoder_channels[-1], classes, 3, padding=1))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Give scores (batch, classes, rows, columns) of images (batch, 1, rows, columns); both sizes are multiples of 32."""
        return self.scores(self.encoder(images))

    def scores(self, features: list[torch.Tensor]) -> torch.Tensor:
        """Give the scores of images whose features at strides 2 to 32 the encoder gave."""
        return self.segmentation_head(self.decoder(features))


class NarrowEfficientNet(nn.Module):
    """EfficientNet-b3 at a multiple of its width, without the head that classifies photographs.

    Args:
        width: 1 is the published b3; channels are rounded to multiples of 8 as EfficientNet does.
    """

    def __init__(self, width: float) -> None:
        super().__init__()
        channels = _rounded(_STEM_CHANNELS, width)
        self._conv_stem = _convolution(1, channels, 3, stride=2)
        self._bn0 = _batch_norm(channels)
        self._swish = nn.SiLU()
        self._blocks = nn.ModuleList()
        repeats = [math.ceil(_B3_DEPTH * stage.repeats) for stage in _STAGES]
        number = 0  # of a block in the whole network: its name, and how often it is left out in training
        for stage, count in zip(_STAGES, repeats, strict=True):
            blocks = nn.Sequential()
            for repeat in range(count):
                stride = 1 if repeat else stage.stride
                block = Block(channels, _rounded(stage.channels, width), stage, stride, _DROPPED * number / sum(repeats))
                blocks.add_module(str(number), block)
                channels, number = _rounded(stage.channels, width), number + 1
            self._blocks.append(blocks)
        if not self._conv_stem.weight.is_meta:  # without numbers there is nothing to set, and that takes long
            self.apply(_initialize)

    def forward(self, images: torch.Tensor) -> list[torch.Tensor]:
        """Give the features at strides 2, 4, 8, 16 and 32 of images (batch, 1, rows, columns)."""
        activations = self._swish(self._bn0(self._conv_stem(images)))
        stages = [activations := blocks(activations) for blocks in self._blocks]
        return [stages[number] for number in _FEATURE_STAGES]

    def seen_by_markers(self) -> list[nn.Module]:
        """The layers that lead to the features at strides 2 to 16, which the markers' network is joined with."""
        return [self._conv_stem, self._bn0, *self._blocks[:5]]

    @staticmethod
    def channels(width: float) -> tuple[int, ...]:
        """Channels of the features at strides 2, 4, 8, 16 and 32."""
        return tuple(_rounded(_STAGES[number].channels, width) for number in _FEATURE_STAGES)


class Block(nn.Module):
    """EfficientNet's inverted bottleneck with squeeze and excitation.

    Args:
        in_channels, channels: that come in and go out.
        stage: its kernel and expansion. stride: of this block.
        dropped: probability with which it is left out in training, for every image by itself (stochastic depth, arXiv:1603.09382).
    """

    def __init__(self, in_channels: int, channels: int, stage: Stage, stride: int, dropped: float) -> None:
        super().__init__()
        expanded, squeezed = in_channels * stage.expansion, max(1, int(in_channels * _SQUEEZE))
        self._expands = stage.expansion > 1
        self._has_shortcut = stride == 1 and in_channels == channels
        self._dropped = dropped
        if self._expands:
            self._expand_conv = _convolution(in_channels, expanded, 1)
            self._bn0 = _batch_norm(expanded)
        self._depthwise_conv = DepthwiseConvolution(
            expanded, expanded, stage.kernel, stride, padding=stage.kernel // 2, groups=expanded, bias=False
        )
        self._bn1 = _batch_norm(expanded)
        self._se_adaptpool = nn.AdaptiveAvgPool2d(1)
        self._se_reduce = nn.Conv2d(expanded, squeezed, 1)
        self._se_expand = nn.Conv2d(squeezed, expanded, 1)
        self._project_conv = _convolution(expanded, channels, 1)
        self._bn2 = _batch_norm(channels)
        self._swish = nn.SiLU()

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        activations = inputs
        if self._expands:
            activations = self._swish(self._bn0(self._expand_conv(activations)))
        activations = self._swish(self._bn1(self._depthwise_conv(activations)))
        squeezed = self._swish(self._se_reduce(self._se_adaptpool(activations)))
        activations = torch.sigmoid(self._se_expand(squeezed)) * activations
        activations = self._bn2(self._project_conv(activations))
        return self._kept(activations) + inputs if self._has_shortcut else activations

    def _kept(self, activations: torch.Tensor) -> torch.Tensor:
        """In training, zeros for some images of the batch, and more of the others so that the mean stays."""
        if not (self.training and self._dropped):
            return activations
        shares = torch.rand(len(activations), 1, 1, 1, dtype=activations.dtype, device=activations.device)
        return activations / (1 - self._dropped) * torch.floor(shares + 1 - self._dropped)


class DepthwiseConvolution(nn.Conv2d):
    """A convolution of each channel alone that learns in float32 on a processor: oneDNN's bfloat16 gradient of it is slow."""

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """As every convolution."""
        if features.device.type != "cpu" or not self.training:
            return super().forward(features)
        with torch.autocast("cpu", enabled=False):
            return super().forward(features.float()).to(features.dtype)


class Decoder(nn.Module):
    """From the coarsest features up to the size of the images, with the finer features joined on the way.

    Args:
        feature_channels: of the encoder at strides 2 to 32. channels: of the blocks, one for each stride.
    """

    def __init__(self, feature_channels: tuple[int, ...], channels: list[int]) -> None:
        super().__init__()
        skipped = (*feature_channels[-2::-1], 0)
        into = (feature_channels[-1], *channels)
        self.blocks = nn.ModuleList(map(UpBlock, into, skipped, channels))

    def forward(self, features: list[torch.Tensor]) -> torch.Tensor:
        *finer, activations = features
        for block, skip in zip(self.blocks, [*reversed(finer), None], strict=True):
            activations = block(activations, skip)
        return activations


class UpBlock(nn.Module):
    """Twice the size, the encoder's features of that size beside it, and two convolutions on both; at full size there are none.

    Args:
        in_channels, channels: that come in and go out. skip_channels: of the encoder's features, 0 without any.
    """

    def __init__(self, in_channels: int, skip_channels: int, channels: int) -> None:
        super().__init__()
        enlarged = in_channels // 2 if skip_channels else in_channels
        self.upsample = nn.Sequential()
        if skip_channels:
            self.upsample.add_module("preconv", nn.Conv2d(in_channels, enlarged, 1))
        self.upsample.add_module("upsample_non_trainable", nn.Upsample(scale_factor=2, mode="nearest"))
        self.convs = nn.Sequential()
        self.convs.add_module("conv_0", _decoding(enlarged + skip_channels, channels))
        self.convs.add_module("conv_1", _decoding(channels, channels))

    def forward(self, activations: torch.Tensor, skip: torch.Tensor | None) -> torch.Tensor:
        enlarged = self.upsample(activations)
        return self.convs(enlarged if skip is None else torch.cat([skip, enlarged], dim=1))


def _decoding(in_channels: int, channels: int) -> nn.Sequential:
    """A convolution and, as MONAI calls it, ``adn``: its norm (N) and activation (A)."""
    convolution, after = nn.Sequential(), nn.Sequential()
    after.add_module("N", nn.BatchNorm2d(channels, eps=1e-3))
    after.add_module("A", nn.ReLU(inplace=True))
    convolution.add_module("conv", _convolution(in_channels, channels, 3))
    convolution.add_module("adn", after)
    return convolution


def _convolution(in_channels: int, channels: int, kernel: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(in_channels, channels, kernel, stride, padding=kernel // 2, bias=False)


def _batch_norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=1e-3, momentum=0.01)


def _initialize(layer: nn.Module) -> None:
    """Numbers to begin a training with, as TensorFlow's EfficientNet has them."""
    if isinstance(layer, nn.Conv2d) and not layer.weight.is_meta:  # for those PyTorch imports its compiler, a second's work
        nn.init.normal_(layer.weight, 0, math.sqrt(2 / (math.prod(layer.kernel_size) * layer.out_channels)))
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)


def _rounded(published: int, width: float) -> int:
    """Channels of b0 scaled to b3 and by ``width``: a multiple of 8, and never less by a tenth than that."""
    wanted = published * _B3_WIDTH * width
    rounded = max(8, int(wanted + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * wanted else rounded
