"""What a training frame may look like: the source study's gamma correction and mirroring, drawn anew every time, and more.

Everything works on whole batches on the device of the training, so that a processor with two cores keeps up.
"""

from __future__ import annotations

import math

import torch
from torch.nn import functional

from ..engine.randomness import PictureRandom
from ..views import blurred, chance, sampled, uniform


def augmented_batch(
    squares: torch.Tensor, labels: torch.Tensor, window: int, random: PictureRandom
) -> tuple[torch.Tensor, torch.Tensor]:
    """Give random views of a batch of frames.

    Args:
        squares: uint8 (batch, size, size), grey frames as ``Letterbox.square`` gives them.
        labels: uint8 (batch, size, size), their label maps.
        window: side of the view in network pixels.
        random: of as many pictures, on the same device.

    Returns:
        Images (batch, 1, window, window) of 0..1 and labels (batch, 1, window / 2, window / 2): every second pixel of a
        randomly turned and moved frame teaches the borders as well as all of them, at a quarter of the loss's work.
    """
    where = _random_views(window / squares.shape[-1], random)
    images = sampled(squares, where, window, "bilinear") / 255.0
    targets = sampled(labels, where, window // 2, "nearest")
    return _random_appearance(images, random), targets


def _random_views(share: float, random: PictureRandom) -> torch.Tensor:
    """Give affine maps (batch, 2, 3) from view to frame, both in -1..1: turn, mirror, zoom, stretch and shift.

    A view as large as the frame is zoomed by 0.8 to 1.25; a smaller one (``share`` of the frame's side) from the whole frame at
    its size up to the frame's own resolution and a little above. The catheter, by which the scale is known, stays in view.
    """
    smallest, largest = min(0.8, share * 0.95), 1.25
    zoom = smallest * (largest / smallest) ** uniform(0, 1, random)
    stretch = 1.1 ** uniform(-1, 1, random)
    angle = uniform(-math.pi, math.pi, random)
    mirror = torch.where(chance(0.5, random), -1.0, 1.0)
    reach_x, reach_y = share / (zoom * stretch), share / (zoom / stretch)
    cosine, sine = torch.cos(angle), torch.sin(angle)
    shift = [uniform(-0.2, 0.2, random) * share / zoom for _ in range(2)]
    rows = [
        torch.stack([mirror * cosine * reach_x, -sine * reach_y, shift[0]], dim=1),
        torch.stack([mirror * sine * reach_x, cosine * reach_y, shift[1]], dim=1),
    ]
    return torch.stack(rows, dim=1)


def _random_appearance(images: torch.Tensor, random: PictureRandom) -> torch.Tensor:
    """Change blur, gain, gamma, uneven brightness, noise, field of view and marks burnt into the picture."""

    def per_image(low: float, high: float) -> torch.Tensor:
        return uniform(low, high, random, 1, 1, 1)

    def some(share: float) -> torch.Tensor:
        return chance(share, random, 1, 1, 1)

    images = torch.where(some(0.3), blurred(images, uniform(0.4, 1.4, random)), images)
    field = uniform(0.6, 1.4, random, 1, 4, 4)
    field = functional.interpolate(field, size=images.shape[-2:], mode="bilinear", align_corners=False)
    images = images * torch.where(some(0.4), field, 1.0)
    images = images.clamp(1e-4, 1) ** torch.exp(per_image(-0.7, 0.7))
    images = images * per_image(0.6, 1.4) + per_image(-0.06, 0.08) * some(0.5)
    strength = torch.where(some(0.5), per_image(0.0, 0.08), 0.0)
    images = images + strength * random.randn(*images.shape[1:])
    images = _marked(images, some(0.25), random)
    return torch.where(_outside_field_of_view(images, per_image(0.75, 1.0)) & some(0.3), 0.0, images).clamp(0, 1)


def _marked(images: torch.Tensor, chosen: torch.Tensor, random: PictureRandom) -> torch.Tensor:
    """Lay a thin grey line with dots across some images, as consoles do to show where the length-wise view is cut."""
    x, y = _coordinates(images)
    angle = uniform(-math.pi, math.pi, random, 1, 1, 1)
    centre = [uniform(-0.2, 0.2, random, 1, 1, 1) for _ in range(2)]
    across = torch.cos(angle) * (x - centre[0]) + torch.sin(angle) * (y - centre[1])
    along = torch.cos(angle) * (y - centre[1]) - torch.sin(angle) * (x - centre[0])
    pixel = 2.0 / images.shape[-1]
    step = uniform(0.3, 0.5, random, 1, 1, 1)
    to_dot = torch.remainder(along + step / 2, step) - step / 2
    mark = (across.abs() < pixel) | (across**2 + to_dot**2 < (3 * pixel) ** 2)
    grey = uniform(0.3, 1.0, random, 1, 1, 1)
    return torch.where(mark & chosen, grey, images)


def _outside_field_of_view(images: torch.Tensor, radius: torch.Tensor) -> torch.Tensor:
    x, y = _coordinates(images)
    return x**2 + y**2 > radius**2


def _coordinates(images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    x = torch.linspace(-1, 1, images.shape[-1], device=images.device)
    y = torch.linspace(-1, 1, images.shape[-2], device=images.device)
    return x[None, :], y[:, None]
