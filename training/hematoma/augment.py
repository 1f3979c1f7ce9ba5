"""What a training slice may look like, drawn anew every time; whole batches on the device of the training.

Nothing turns a slice by much or upside down: fluid levels lie across gravity, and heads come prepared with their face up.
"""

from __future__ import annotations

import math

import torch
from torch.nn import functional

from ..engine.randomness import PictureRandom
from ..views import blurred, chance, picked, sampled, uniform

MOST_TURN_DEG = 8.0
HARDENED_SHARE, MOST_HARDENED_HU = 0.5, 32.0
"""Slices of which share are brighter towards the bone, and by how much at most just beneath it. In a real head without a bleed (28
slices, gantry tilted by 18.5 degrees) the cortex under the vertex reaches 61 HU where the brain 20 mm deeper has 40."""
_HARDENED_POOL, _HARDENED_SIGMA = 8, 1.7  # pixels of 0.9 mm, and of those: 12 mm


def segmentation_batch(
    hounsfield: torch.Tensor, labels: torch.Tensor, side: int, random: PictureRandom
) -> tuple[torch.Tensor, torch.Tensor]:
    """Give random views of a batch of slices, for finding blood.

    Args:
        hounsfield: int16 (batch, size, size) in HU. labels: uint8, of the same shape.
        side: of the view in pixels; smaller ones than the slice are cut out, with some of the blood inside wherever there is any.

    Returns:
        HU float32 (batch, 1, side, side) and labels float32 of the same shape.
    """
    zoom = 1.15 ** uniform(-1, 1, random)
    centre = _blood_in_view(labels, side / labels.shape[-1], random)
    where = _views(side / labels.shape[-1], zoom, centre, random)
    images = sampled(hounsfield, where, side, "border")
    targets = picked(labels, where, side)
    images = torch.where(chance(0.3, random, 1, 1, 1), blurred(images, uniform(0.4, 1.2, random)), images)
    return _scanner(hardened(images, random), 8.0, 0.15, 6.0, random), targets


def hardened(images: torch.Tensor, random: PictureRandom) -> torch.Tensor:
    """Brighten some brains, HU (batch, 1, side, side) and 0 around, towards the bone, as beam hardening and bone in a slice do.

    Where the brain's section is small, under the vertex, nearly all of it is near to bone.
    """
    brain = (images != 0).to(images.dtype)
    sigma_pixels = torch.full((len(images),), _HARDENED_SIGMA, device=images.device)
    within = blurred(functional.avg_pool2d(brain, _HARDENED_POOL), sigma_pixels)
    within = functional.interpolate(within, size=images.shape[-2:], mode="bilinear", align_corners=False)
    most_hu = uniform(0, MOST_HARDENED_HU, random, 1, 1, 1) * chance(HARDENED_SHARE, random, 1, 1, 1)
    return images + brain * most_hu * (2 * (1 - within)).clamp(0, 1.5)


def marker_batch(hounsfield: torch.Tensor, masks: torch.Tensor, random: PictureRandom) -> tuple[torch.Tensor, torch.Tensor]:
    """Give random views of a batch of slices, for the markers: nothing is changed that a marker is told by.

    Args:
        hounsfield: int16 (batch, size, size) in HU. masks: uint8, the hematoma.

    Returns:
        HU float32 (batch, 1, size, size) and masks float32 of the same shape.
    """
    zoom = 1.05 ** uniform(-1, 1, random)
    where = _views(1.0, zoom, uniform(-0.06, 0.06, random, 2), random)
    images = sampled(hounsfield, where, masks.shape[-1], "border")
    return _scanner(images, 5.0, 0.1, 3.0, random), picked(masks, where, masks.shape[-1])


def roughened_masks(masks: torch.Tensor, random: PictureRandom) -> torch.Tensor:
    """Grow or shrink some masks (batch, 1, rows, columns; 0 or 1) by a pixel or two: found ones are never exact."""
    change = (5 * random.rand(1, 1, 1)).floor().clamp(max=4) - 2
    grown, shrunk = masks, masks
    for pixels in (1, 2):
        grown = torch.where(change >= pixels, torch.nn.functional.max_pool2d(grown, 3, 1, 1), grown)
        shrunk = torch.where(change <= -pixels, -torch.nn.functional.max_pool2d(-shrunk, 3, 1, 1), shrunk)
    return torch.where(change >= 0, grown, shrunk)


def _views(share: float, zoom: torch.Tensor, centre: torch.Tensor, random: PictureRandom) -> torch.Tensor:
    """Affine maps (batch, 2, 3) from view to slice: a small turn, left-right mirror, zoom.

    ``centre`` (batch, 2) is (x, y) in -1..1.
    """
    angle = uniform(-1, 1, random) * math.radians(MOST_TURN_DEG)
    mirror = torch.where(chance(0.5, random), -1.0, 1.0)
    stretch = 1.04 ** uniform(-1, 1, random)
    reach_x, reach_y = share / (zoom * stretch), share / (zoom / stretch)
    cosine, sine = torch.cos(angle), torch.sin(angle)
    rows = [
        torch.stack([mirror * cosine * reach_x, -sine * reach_y, centre[:, 0]], dim=1),
        torch.stack([mirror * sine * reach_x, cosine * reach_y, centre[:, 1]], dim=1),
    ]
    return torch.stack(rows, dim=1)


def _blood_in_view(labels: torch.Tensor, share: float, random: PictureRandom) -> torch.Tensor:
    """Centres (batch, 2) as (x, y) in -1..1 of views of a share of the slice's side: about a random pixel of blood where there is
    any, else anywhere in the head; for whole slices a little off the middle."""
    size, room = labels.shape[-1], max(1 - share, 0.0)
    anywhere = uniform(-0.6, 0.6, random, 2) * room
    if room == 0:
        return uniform(-0.1, 0.1, random, 2)
    so_far = (labels > 0).flatten(1).cumsum(1)
    blood = so_far[:, -1:]
    chosen = (random.rand(1) * blood).long().clamp(max=blood - 1)
    pixel = torch.searchsorted(so_far, chosen + 1)[:, 0]
    places = torch.stack([pixel % size, pixel // size], dim=1) / (size / 2) - 1
    places = (places + uniform(-0.6, 0.6, random, 2) * share).clamp(-room, room)
    return torch.where(blood > 0, places, anywhere)


def _scanner(images: torch.Tensor, offset_hu: float, contrast: float, most_noise_hu: float, random: PictureRandom) -> torch.Tensor:
    """Another scanner's HU: a common offset, more or less contrast about 40 HU, more noise in half of the slices."""

    def per_image(low: float, high: float) -> torch.Tensor:
        return uniform(low, high, random, 1, 1, 1)

    images = 40 + (images - 40) * per_image(1 - contrast, 1 + contrast) + per_image(-offset_hu, offset_hu)
    noise = per_image(0, most_noise_hu) * chance(0.5, random, 1, 1, 1)
    return images + noise * random.randn(*images.shape[1:])
