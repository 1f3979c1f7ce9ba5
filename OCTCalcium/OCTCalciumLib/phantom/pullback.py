"""A physics-based phantom of a coronary OCT pullback, with exact truth, from one seed number.

It stands in for patients wherever none can be shared: sample data, tests and training draw from it. Results on it are phantom
results; they say nothing about patients until they are measured on patients.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from LesionReadingLib.geometry.spacing import Spacing

from .anatomy import (
    draw_anatomy,
    lumen_border_mm,
)
from .frame import PhantomPlan, draw_frame, pixel_spacing_mm
from .physics import (
    draw_physics,
)
from .wide import widened_anatomy, widened_physics


@dataclass(frozen=True)
class PhantomPullback:
    """A drawn pullback: ``frames`` and ``labels`` (frames, size, size), ``polar`` (frames, a_lines, samples), all uint8."""

    frames: np.ndarray
    labels: np.ndarray
    polar: np.ndarray
    spacing: Spacing
    plan: PhantomPlan


def plan_pullback(
    seed: int, frame_count: int, frame_mm: float = 0.2, samples: int = 512, shifted: bool = False, wide: bool = False
) -> PhantomPlan:
    """Draw artery and scanner of the phantom patient ``seed``; the same arguments always give the same pullback."""
    rng = np.random.default_rng([seed, 2 if wide else int(shifted)])
    anatomy = draw_anatomy(rng, frame_count, frame_mm)
    if wide:
        anatomy = widened_anatomy(anatomy, rng)
    centre = np.hypot(*anatomy.catheter_mm.T)
    farthest_mm = max(np.max(lumen_border_mm(anatomy, frame)) + centre[frame] for frame in range(0, frame_count, 5))
    physics = draw_physics(rng, samples, farthest_mm + 0.5, shifted)
    if wide:
        physics = widened_physics(physics, rng, farthest_mm + 0.5)
    return PhantomPlan(anatomy, physics, seed, frame_count, frame_mm)


def draw_pullback(
    seed: int,
    frame_count: int,
    size: int = 512,
    frame_mm: float = 0.2,
    shifted: bool = False,
    indices: Sequence[int] | None = None,
    wide: bool = False,
) -> PhantomPullback:
    """Draw a phantom pullback with its truth.

    Args:
        seed: the phantom patient. frame_count: frames of the whole pullback, ``frame_mm`` mm apart.
        size: rows and columns of a frame. shifted: a scanner outside the training range (see ``draw_physics``).
        indices: draw only these frames of the pullback, all by default.
        wide: optics and anatomy of ``phantom_wide`` instead of the ordinary ones; ``shifted`` is not looked at then.
    """
    plan = plan_pullback(seed, frame_count, frame_mm, max(size // 2 + size // 4, 64), shifted and not wide, wide)
    drawn = [draw_frame(plan, index, size) for index in (range(frame_count) if indices is None else indices)]
    pixel_mm = pixel_spacing_mm(plan, size)
    return PhantomPullback(
        frames=np.stack([frame.grey for frame in drawn]),
        labels=np.stack([frame.labels for frame in drawn]),
        polar=np.stack([frame.polar for frame in drawn]),
        spacing=Spacing(pixel_mm, pixel_mm, frame_mm, "phantom", "phantom"),
        plan=plan,
    )
