"""The joint network: a U-Net finds the hematoma, a wavelet VGG16 joined with its encoder tells the markers of the slice."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn
from torch.nn import functional

from ..labels import HEMATOMA, MARKERS, NAMES
from .unet import HematomaUNet, NarrowEfficientNet
from .wavelet import WaveletPooling

_VGG16 = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))  # channels and convolutions of the blocks (arXiv:1409.1556, column D)
_VGG_INITIAL_CHANNELS = 8
MARGIN_PIXELS = 6
"""How far around the hematoma (network pixels of 0.9 mm) the markers may be looked for: its margin belongs to them."""


class JointNetwork(nn.Module):
    """Hematoma and markers of a slice, in the two stages in which they are learnt.

    Stage 1, ``segmentation``: a U-Net on EfficientNet-b3. Stage 2, ``markers``: a VGG16 whose pooling is a
    wavelet transform, joined with the features of the U-Net's encoder, through which nothing is learnt in stage 2.

    Args:
        width: of the U-Net; 1 is the published EfficientNet-b3 with a decoder of 256 to 16 channels.
        marker_width: of the VGG16; 1 is the published one.
        wavelet: name in pywavelets. pooling: ``"wavelet"``, or ``"max"`` for a plain VGG16.
        mask_input: whether the markers are looked for only in and around the hematoma, and its mask is told to the VGG16.
        classes: of the U-Net: those of ``labels.NAMES``, or one more, which is blood outside the brain.
    """

    def __init__(
        self,
        width: float = 0.5,
        marker_width: float = 0.25,
        wavelet: str = "haar",
        pooling: str = "wavelet",
        mask_input: bool = True,
        classes: int = len(NAMES),
    ) -> None:
        super().__init__()
        self.classes = classes
        self.segmentation = HematomaUNet(width, classes)
        self.markers = MarkerNetwork(NarrowEfficientNet.channels(width), marker_width, wavelet, pooling, mask_input)

    def forward(self, images: torch.Tensor, mask: torch.Tensor | None = None) -> tuple[torch.Tensor, torch.Tensor]:
        """Give class scores (batch, classes, rows, columns) and marker logits (batch, markers) of slices.

        Args:
            images: (batch, 1, rows, columns) in [0, 1]; rows and columns are multiples of 32.
            mask: (batch, 1, rows, columns), 1 in the hematoma; None takes the one that the U-Net finds.
        """
        scores, features = self.segment(images)
        if mask is None:
            mask = hematoma_mask(scores).to(images.dtype)
        return scores, self.markers(images, [feature.detach() for feature in features], mask)

    def segment(self, images: torch.Tensor) -> tuple[torch.Tensor, list[torch.Tensor]]:
        """Give class scores (batch, classes, rows, columns) and the encoder's features at strides 2, 4, 8, 16, 32."""
        features = self.segmentation.encoder(images)
        return self.segmentation.scores(features), features

    def learn_segmentation(self) -> list[nn.Parameter]:
        """Set stage 1: the U-Net in training, the markers at rest. Give the parameters to learn."""
        return _only_learning(self.segmentation, self.markers)

    def learn_markers(self) -> list[nn.Parameter]:
        """Set stage 2: the markers in training, the U-Net frozen, its batch norms too. Give the parameters to learn.

        Call it again after ``eval()``; a plain ``train()`` would wake the U-Net's batch norms.
        """
        return _only_learning(self.markers, self.segmentation)


class MarkerNetwork(nn.Module):
    """VGG16 with wavelet pooling whose blocks 2 to 5 also see the features of the U-Net's encoder of their size.

    Args:
        feature_channels: of the encoder at strides 2, 4, 8, 16 (and more, which are not used).
        width, wavelet, pooling, mask_input: as in ``JointNetwork``.
    """

    def __init__(self, feature_channels: Sequence[int], width: float, wavelet: str, pooling: str, mask_input: bool) -> None:
        super().__init__()
        if pooling not in ("wavelet", "max"):
            raise ValueError(f"pooling is 'wavelet' or 'max', not {pooling!r}")
        self.mask_input = mask_input
        channels = [max(_VGG_INITIAL_CHANNELS, round(width * published)) for published, _ in _VGG16]
        pool, bands = (WaveletPooling(wavelet), 4) if pooling == "wavelet" else (nn.MaxPool2d(2), 1)
        self.first = _convolutions(2 if mask_input else 1, channels[0], _VGG16[0][1])
        joined = [
            JoinedBlock(pool, bands * before, feature, after, convolutions)
            for before, feature, after, (_, convolutions) in zip(channels, feature_channels, channels[1:], _VGG16[1:], strict=False)
        ]
        self.fine = nn.ModuleList(joined[:-1])
        self.tail = MarkerTail(joined[-1], channels[3] + channels[4])

    def forward(self, images: torch.Tensor, features: Sequence[torch.Tensor], mask: torch.Tensor) -> torch.Tensor:
        """Give logits (batch, markers).

        Args:
            images: (batch, 1, rows, columns) in [0, 1]. mask: the same shape, 1 in the hematoma.
            features: the encoder's, at strides 2, 4, 8, 16.
        """
        return self.tail(*self.until_tail(images, features, mask))

    def region(self, mask: torch.Tensor) -> torch.Tensor:
        """Give where the markers are looked for, of the mask's shape: in and around the hematoma, or everywhere."""
        return surroundings(mask) if self.mask_input else torch.ones_like(mask)

    def until_tail(
        self, images: torch.Tensor, features: Sequence[torch.Tensor], mask: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Give what ``tail`` takes: activations and region at stride 8, and the encoder's features at stride 16."""
        region = self.region(mask)
        inputs = torch.cat([images * region, mask], dim=1) if self.mask_input else images
        activations = self.first(inputs)
        for block, feature in zip(self.fine, features, strict=False):
            activations = block(activations, feature)
        region = functional.max_pool2d(region, 8)
        return activations * region, features[len(self.fine)], region


class MarkerTail(nn.Module):
    """VGG16's last block, and the markers from the largest and the mean activation of the last two blocks.

    A part of its own, because Grad-CAM looks at what comes into it: a heat map costs only this part of the network again.
    """

    def __init__(self, block: JoinedBlock, channels: int) -> None:
        super().__init__()
        self.block = block
        self.logits = nn.Sequential(nn.Dropout(0.2), nn.Linear(2 * channels, len(MARKERS)))

    def forward(self, activations: torch.Tensor, feature: torch.Tensor, region: torch.Tensor) -> torch.Tensor:
        """Give logits (batch, markers) of activations at stride 8, the encoder's feature at stride 16, the region at stride 8."""
        coarse = self.block(activations, feature)
        pooled = [*_pooled(activations, region), *_pooled(coarse, functional.max_pool2d(region, 2))]
        return self.logits(torch.cat(pooled, dim=1))


class JoinedBlock(nn.Module):
    """Pooling, the encoder's features of the new size beside it, and VGG's convolutions on both."""

    def __init__(self, pool: nn.Module, pooled_channels: int, feature_channels: int, channels: int, convolutions: int) -> None:
        super().__init__()
        self.pool = pool
        reduced = max(_VGG_INITIAL_CHANNELS, channels // 4)
        self.reduce = _convolutions(feature_channels, reduced, 1, kernel=1)
        self.convolutions = _convolutions(pooled_channels + reduced, channels, convolutions)

    def forward(self, activations: torch.Tensor, feature: torch.Tensor) -> torch.Tensor:
        return self.convolutions(torch.cat([self.pool(activations), self.reduce(feature)], dim=1))


def hematoma_mask(scores: torch.Tensor) -> torch.Tensor:
    """Give bool (batch, 1, rows, columns), true where hematoma has the highest of the scores (batch, classes, rows, columns)."""
    return scores.argmax(dim=1, keepdim=True) == HEMATOMA


def surroundings(mask: torch.Tensor) -> torch.Tensor:
    """Give the mask (batch, 1, rows, columns) widened by ``MARGIN_PIXELS`` to all sides."""
    return functional.max_pool2d(mask, 2 * MARGIN_PIXELS + 1, stride=1, padding=MARGIN_PIXELS)


def _only_learning(learning: nn.Module, resting: nn.Module) -> list[nn.Parameter]:
    learning.train().requires_grad_(True)
    resting.eval().requires_grad_(False)
    return list(learning.parameters())


def _pooled(activations: torch.Tensor, region: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The largest and the mean activation in the region, (batch, channels) each; zeros where the region is empty."""
    inside = activations * region
    return inside.amax(dim=(2, 3)), inside.sum(dim=(2, 3)) / region.sum(dim=(2, 3)).clamp(min=1)


def _convolutions(in_channels: int, channels: int, count: int, kernel: int = 3) -> nn.Sequential:
    layers: list[nn.Module] = []
    for number in range(count):
        layers += [
            nn.Conv2d(channels if number else in_channels, channels, kernel, padding=kernel // 2, bias=False),
            nn.BatchNorm2d(channels),
            nn.ReLU(inplace=True),
        ]
    return nn.Sequential(*layers)
