"""Hematomas drawn by a trained SNGAN: as pictures in a folder, or as slices that a classifier learns from."""

from __future__ import annotations

from pathlib import Path

import torch
from HematomaMarkersLib.labels import HEMATOMA, MARKERS
from HematomaMarkersLib.model.preparation.grid import NETWORK_SIZE
from LesionReadingLib.errors import InputError
from PIL import Image

from ..slices import WINDOW_HU, Slices
from .network import SNGAN
from .train import ALL, GANOptions, draw

DRAWN_PATIENT = -1
"""Number of the patient that drawn slices are said to be of; no real one has it."""
LEAST_PIXELS = 16
"""A picture with a smaller hematoma shows none."""


def write_samples(
    network: SNGAN, options: GANOptions, folder: Path, per_class: int, seed: int, device: torch.device
) -> dict[str, int]:
    """Write pictures of every class into a folder each: ``0001.png`` the density, ``0001_mask.png`` the hematoma.

    Returns:
        How many of each class show a hematoma, and were written.
    """
    counts = {}
    for number, (name, label) in enumerate(options.classes().items()):
        pictures = draw(network, label.repeat(per_class, 1), seed + number, device)
        pictures = pictures[_shows_hematoma(pictures)]
        (folder / name).mkdir(parents=True, exist_ok=True)
        for index, (density, mask) in enumerate(pictures, start=1):
            grey = ((density + 1) * 127.5).round().clamp(0, 255).byte().numpy()
            Image.fromarray(grey).save(folder / name / f"{index:05d}.png")
            Image.fromarray(((mask > 0).byte() * 255).numpy()).save(folder / name / f"{index:05d}_mask.png")
        counts[name] = len(pictures)
    return counts


def drawn_slices(
    network: SNGAN, options: GANOptions, labels: torch.Tensor, seed: int, device: torch.device, size: int = NETWORK_SIZE
) -> Slices:
    """Slices (count, size, size) to learn markers from, each with a drawn hematoma in its middle and nothing around it.

    Args:
        labels: (count, 4) markers of each slice, float; those that show no hematoma are left out.

    Raises:
        InputError: the SNGAN knows one marker alone, so nothing is known of the others on its slices.
    """
    require_all_markers(options)
    pictures = draw(network, labels, seed, device)
    shown = _shows_hematoma(pictures)
    pictures, markers = pictures[shown], labels[shown].bool()
    low, high = WINDOW_HU
    first = (size - options.side) // 2
    inside = slice(first, first + options.side)
    hounsfield = torch.zeros(len(pictures), size, size, dtype=torch.int16)
    hounsfield[:, inside, inside] = ((pictures[:, 0] + 1) / 2 * (high - low) + low).round().to(torch.int16)
    found = torch.zeros(len(pictures), size, size, dtype=torch.uint8)
    found[:, inside, inside] = (pictures[:, 1] > 0).byte() * HEMATOMA
    patients = torch.full((len(pictures),), DRAWN_PATIENT)
    known = torch.ones(len(pictures), dtype=torch.bool)
    return Slices(hounsfield, found, markers, patients, known, known.clone(), ~known)


def require_all_markers(options: GANOptions) -> None:
    """Refuse an SNGAN that knows one marker alone.

    Raises:
        InputError: it does.
    """
    if options.labels != ALL:
        raise InputError(f"This SNGAN draws with and without {options.labels} alone; train one with labels={ALL}.")


def balanced_labels(markers: torch.Tensor, marker: str, count: int, seed: int) -> torch.Tensor:
    """Labels (count, 4) to draw: as the slices' bool (slices, 4) have them, but half with the marker and half without.

    Raises:
        InputError: all slices are of one kind.
    """
    has = markers[:, MARKERS.index(marker)]
    if has.all() or not has.any():
        raise InputError(f"All slices to learn from are alike in {marker}; nothing can be drawn of the other kind.")
    random = torch.Generator().manual_seed(seed)
    halves = []
    for which, times in ((has, count // 2), (~has, count - count // 2)):
        of_kind = markers[which]
        halves.append(of_kind[torch.randint(len(of_kind), (times,), generator=random)])
    return torch.cat(halves).float()


def _shows_hematoma(pictures: torch.Tensor) -> torch.Tensor:
    return (pictures[:, 1] > 0).sum((1, 2)) >= LEAST_PIXELS
