"""What an unrolled wall may look like: display, speckle, uneven light, shadows and field of view, drawn anew every time."""

from __future__ import annotations

import numpy as np
from OCTCalciumLib.labels import BACKGROUND, CALCIUM, GUIDEWIRE, LUMEN
from OCTCalciumLib.wall.polar_view import ANGLES, DEPTH_MM, DEPTHS, channels
from scipy.ndimage import gaussian_filter, gaussian_filter1d, maximum_filter1d

from .painting import painted, with_look_alike
from .views import REAL, Views


def random_views(
    views: Views,
    count: int,
    random: np.random.Generator,
    *,
    real_share: float,
    painted_share: float,
    look_alike_share: float = 0.0,
) -> tuple[np.ndarray, np.ndarray]:
    """Give the network's input, float32 (count, channels, ANGLES, DEPTHS), and calcium, float32 (count, ANGLES, DEPTHS).

    Args:
        real_share: share of real frames, the sources of phantoms being equally likely among the others.
        painted_share: share of real frames into which calcium is painted.
        look_alike_share: share of views whose wall beside the calcium is given something that looks like it.
    """
    photographed, drawn = np.flatnonzero(views.source == REAL), np.flatnonzero(views.source != REAL)
    images, targets = [], []
    for _ in range(count):
        real = photographed.size and (not drawn.size or random.random() < real_share)
        chosen = random.choice(photographed if real else drawn)
        grey, labels = views.grey[chosen].astype(np.float32), views.labels[chosen]
        if random.random() < (painted_share if real else 0.5 * (not np.any(labels == CALCIUM))):
            grey, labels = painted(grey, labels, random)
        if random.random() < look_alike_share:
            grey = with_look_alike(grey, labels, random)
        image, target = _augmented(grey, labels, views.catheter_mm[chosen].astype(np.float32), random)
        images.append(image)
        targets.append(target)
    return np.stack(images), np.stack(targets)


def plain_view(views: Views, chosen: int) -> tuple[np.ndarray, np.ndarray]:
    """The network's input and calcium of one view as it is."""
    labels = views.labels[chosen]
    grey, catheter_mm = views.grey[chosen].astype(np.float32), views.catheter_mm[chosen].astype(np.float32)
    return channels(grey, labels == GUIDEWIRE, labels == LUMEN, catheter_mm), labels == CALCIUM


def _augmented(grey, labels, catheter_mm, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    turn, mirror = random.integers(ANGLES), random.random() < 0.5

    def turned(array: np.ndarray) -> np.ndarray:
        rolled = np.roll(array, turn, axis=0)
        return rolled[::-1] if mirror else rolled

    grey, labels, catheter_mm = turned(grey), turned(labels), turned(catheter_mm)
    beyond = np.minimum.accumulate((grey < 1)[:, ::-1], axis=1)[:, ::-1]
    if random.random() < 0.15:
        beyond = beyond | (catheter_mm > random.uniform(1.8, 3.2))
    grey = np.where(beyond, 0, np.maximum(_appearance(grey, labels, random), 1))
    labels = np.where(beyond, BACKGROUND, labels)
    wire = labels == GUIDEWIRE
    if wire.any():
        wire = maximum_filter1d(wire, 2 * random.integers(0, 3) + 1, axis=0, mode="wrap")
    image = channels(grey, wire, labels == LUMEN, catheter_mm)
    return image, (labels == CALCIUM).astype(np.float32)


def _appearance(grey: np.ndarray, labels: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Grey (ANGLES, DEPTHS) as another display, scanner and vessel would show it."""
    if random.random() < 0.5:
        grey = gaussian_filter(grey, (random.uniform(0, 1.3), random.uniform(0, 1.3)), mode=("wrap", "nearest"))
    wall = labels != LUMEN
    if random.random() < 0.5:  # more or less attenuation in the whole wall
        grey = grey + wall * random.uniform(-80, 25) * np.maximum(DEPTH_MM, 0)
    if random.random() < 0.4:  # light that enters unevenly
        light = gaussian_filter1d(random.standard_normal(ANGLES), random.uniform(4, 25), mode="wrap")
        grey = grey + wall * (random.uniform(0, 25) * light / light.std())[:, None]
    if random.random() < 0.3:  # dark or bright single A-lines
        grey = grey + wall * (random.uniform(0, 12) * gaussian_filter1d(random.standard_normal(ANGLES), 0.6, mode="wrap"))[:, None]
    if random.random() < 0.2:  # shadows of struts or blood, from the lumen border to the dark
        for _ in range(random.integers(1, 5)):
            rays = (random.integers(ANGLES) + np.arange(random.integers(2, 9))) % ANGLES
            grey = grey.copy()
            grey[rays] -= random.uniform(20, 120) * (DEPTH_MM[0] > random.uniform(-0.1, 0.1))
    low = random.uniform(0, 40)
    level = np.clip((grey - low * (random.random() < 0.5)) / 255, 0, 1) ** np.exp(random.uniform(-0.6, 0.6))
    noise = random.uniform(0, 12) * (random.random() < 0.5) * random.standard_normal((ANGLES, DEPTHS), dtype=np.float32)
    return np.clip(255 * random.uniform(0.5, 1.3) * level + random.uniform(0, 25) + noise, 0, 255)
