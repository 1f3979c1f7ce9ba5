"""The conditional SNGAN: a generator with conditional batch norms, and a projection discriminator with spectral normalisation.

Miyato T et al. Spectral Normalization for Generative Adversarial Networks. arXiv:1802.05957, 2018.
Miyato T, Koyama M. cGANs with Projection Discriminator. arXiv:1802.05637, 2018.

A picture has two channels in -1..1: density, and the hematoma's mask. A label is a vector of 0 and 1, one-hot or with several
ones: its embedding is a linear layer, which is the same as looking one-hot labels up.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from LesionReadingLib.errors import InputError
from torch import nn
from torch.nn import functional
from torch.nn.utils.parametrizations import spectral_norm

CHANNELS = 2
SMALLEST = 4
"""Side of the coarsest features, from which a generator begins and with which a discriminator ends."""


class SNGAN(nn.Module):
    """Generator and discriminator.

    Args:
        side: of the pictures in pixels, a power of 2. width: channels at the finest scale, at most 8 times as many elsewhere.
        labels: length of a label. noise: length of the random vector that a picture is drawn from.

    Raises:
        InputError: there are no pictures of that side.
    """

    def __init__(self, side: int = 64, width: int = 32, labels: int = 4, noise: int = 64) -> None:
        super().__init__()
        if side < 2 * SMALLEST or side & (side - 1):
            raise InputError(f"The side of a drawn picture is a power of 2 from {2 * SMALLEST} on, not {side}.")
        scales = (side // SMALLEST).bit_length() - 1
        channels = [width * min(8, 2**scale) for scale in range(scales + 1)]  # finest first
        self.generator = Generator(channels[::-1], labels, noise)
        self.discriminator = Discriminator(channels, labels)
        self.noise = noise

    def forward(self, noise: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Draw pictures (batch, 2, side, side) from noise (batch, noise) with labels (batch, labels)."""
        return self.generator(noise, labels)


class Generator(nn.Module):
    """From noise and a label to a picture, doubling its side with every block; ``channels`` are the coarsest first."""

    def __init__(self, channels: list[int], labels: int, noise: int) -> None:
        super().__init__()
        self.entry = nn.Linear(noise, channels[0] * SMALLEST**2)
        self.blocks = nn.ModuleList([UpBlock(before, after, labels) for before, after in pairwise(channels)])
        self.norm = nn.BatchNorm2d(channels[-1])
        self.exit = nn.Conv2d(channels[-1], CHANNELS, 3, padding=1)

    def forward(self, noise: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        features = self.entry(noise).unflatten(1, (-1, SMALLEST, SMALLEST))
        for block in self.blocks:
            features = block(features, labels)
        return torch.tanh(self.exit(functional.relu(self.norm(features))))


class ConditionalBatchNorm2d(nn.Module):
    """A batch norm whose scale and shift follow from the label."""

    def __init__(self, channels: int, labels: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(channels, affine=False)
        self.scale, self.shift = (nn.Linear(labels, channels, bias=bias) for bias in (False, True))
        for layer in (self.scale, self.shift):
            nn.init.zeros_(layer.weight)
        nn.init.zeros_(self.shift.bias)

    def forward(self, features: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        scale, shift = (layer(labels)[:, :, None, None] for layer in (self.scale, self.shift))
        return self.norm(features) * (1 + scale) + shift


class UpBlock(nn.Module):
    """A residual block that doubles the side."""

    def __init__(self, before: int, after: int, labels: int) -> None:
        super().__init__()
        self.first_norm, self.second_norm = ConditionalBatchNorm2d(before, labels), ConditionalBatchNorm2d(after, labels)
        self.first, self.second = nn.Conv2d(before, after, 3, padding=1), nn.Conv2d(after, after, 3, padding=1)
        self.shortcut = nn.Conv2d(before, after, 1)

    def forward(self, features: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        inner = self.first(_doubled(functional.relu(self.first_norm(features, labels))))
        inner = self.second(functional.relu(self.second_norm(inner, labels)))
        return inner + self.shortcut(_doubled(features))


class Discriminator(nn.Module):
    """How real a picture with a label looks; ``channels`` are the finest first. The label enters by projection."""

    def __init__(self, channels: list[int], labels: int) -> None:
        super().__init__()
        pairs = zip([CHANNELS, *channels], channels, strict=False)
        self.blocks = nn.ModuleList([DownBlock(*pair, first=number == 0) for number, pair in enumerate(pairs)])
        self.score = spectral_norm(nn.Linear(channels[-1], 1))
        self.embedding = spectral_norm(nn.Linear(labels, channels[-1], bias=False))

    def forward(self, pictures: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Scores (batch,) of pictures (batch, 2, side, side) with labels (batch, labels)."""
        for block in self.blocks:
            pictures = block(pictures)
        features = functional.relu(pictures).sum((2, 3))
        return self.score(features)[:, 0] + (self.embedding(labels) * features).sum(1)


class DownBlock(nn.Module):
    """A residual block that halves the side, but for the last one's at the coarsest scale: there are as many blocks as scales."""

    def __init__(self, before: int, after: int, first: bool) -> None:
        super().__init__()
        self._is_first = first
        self.first, self.second = (spectral_norm(nn.Conv2d(channels, after, 3, padding=1)) for channels in (before, after))
        self.shortcut = spectral_norm(nn.Conv2d(before, after, 1))

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        inner = self.first(features if self._is_first else functional.relu(features))
        inner = self.second(functional.relu(inner)) + self.shortcut(features)
        return functional.avg_pool2d(inner, 2) if inner.shape[-1] > SMALLEST else inner


def _doubled(features: torch.Tensor) -> torch.Tensor:
    return functional.interpolate(features, scale_factor=2, mode="nearest")
