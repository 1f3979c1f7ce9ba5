"""What a training frame may look like: the source study's gamma correction and mirroring, drawn anew every time, and more.

Everything works on whole batches on the device of the training, so that a processor with two cores keeps up.
"""

from __future__ import annotations

import math

import torch
from torch.nn import functional

from ..engine.randomness import PictureRandom
from ..views import blurred, chance, changed, picked, sampled, uniform


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
    images = sampled(squares, where, window).div_(255)
    targets = picked(labels, where, window // 2)
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

    images = changed(images, chance(0.3, random), blurred, uniform(0.4, 1.4, random))
    images = changed(images, chance(0.4, random), _unevenly_lit, uniform(0.6, 1.4, random, 1, 4, 4))
    images = images.clamp_(1e-4, 1).pow_(torch.exp(per_image(-0.7, 0.7)))
    images.mul_(per_image(0.6, 1.4)).add_(per_image(-0.06, 0.08) * chance(0.5, random, 1, 1, 1))
    images = changed(images, chance(0.5, random), torch.addcmul, per_image(0.0, 0.08), random.randn(*images.shape[1:]))
    images = changed(images, chance(0.25, random), _marked, *(uniform(low, high, random, 1, 1, 1) for low, high in _MARKS))
    return changed(images, chance(0.3, random), _inside_field_of_view, per_image(0.75, 1.0)).clamp_(0, 1)


def _unevenly_lit(images: torch.Tensor, field: torch.Tensor) -> torch.Tensor:
    return images * functional.interpolate(field, size=images.shape[-2:], mode="bilinear", align_corners=False)


_MARKS = ((-math.pi, math.pi), (-0.2, 0.2), (-0.2, 0.2), (0.3, 0.5), (0.3, 1.0))
"""Between which numbers the angle of a line lies, its centre in x and y, the distance of its dots, and its grey."""


def _marked(
    images: torch.Tensor,
    angle: torch.Tensor,
    centre_x: torch.Tensor,
    centre_y: torch.Tensor,
    step: torch.Tensor,
    grey: torch.Tensor,
) -> torch.Tensor:
    """Lay a thin grey line with dots across images, as consoles do to show where the length-wise view is cut."""
    x, y = _coordinates(images)
    across = torch.cos(angle) * (x - centre_x) + torch.sin(angle) * (y - centre_y)
    along = torch.cos(angle) * (y - centre_y) - torch.sin(angle) * (x - centre_x)
    pixel = 2.0 / images.shape[-1]
    to_dot = torch.remainder(along + step / 2, step) - step / 2
    mark = (across.abs() < pixel) | (across**2 + to_dot**2 < (3 * pixel) ** 2)
    return torch.where(mark, grey, images)


def _inside_field_of_view(images: torch.Tensor, radius: torch.Tensor) -> torch.Tensor:
    x, y = _coordinates(images)
    return torch.where(x**2 + y**2 > radius**2, 0.0, images)


def _coordinates(images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    x = torch.linspace(-1, 1, images.shape[-1], device=images.device)
    y = torch.linspace(-1, 1, images.shape[-2], device=images.device)
    return x[None, :], y[:, None]
