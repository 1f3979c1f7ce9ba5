"""The wide range of phantoms: optics and anatomy as far apart as real arteries have them, with look-alikes as wide.

An ordinary phantom's calcium is always darker than the wall. In real frames it is darker, as bright, or (where it weakens light
less than the wall around it) the brightest thing at its depth; caps are thin or missing, outer borders fade, walls are thick and
displays dim. Lipid, fibrous and layered plaque widen too, with soft sides, so that a thick or bright wall is not calcium by itself.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .anatomy import CALCIUM, LIPID, Anatomy, Plaque
from .physics import Physics

THICKEST_DEPTH_MM = 2.0  # calcium that weakens light little is seen that deep
WALL_MM = 1.5  # usual distance of the wall from the catheter
# Gaussian widths (mm) of a grain of speckle in the wall: the beam is 20 to 90 um wide, and displays smooth what they show.
ACROSS_MM, ALONG_MM = (0.015, 0.11), (0.006, 0.03)


def widened_anatomy(anatomy: Anatomy, rng: np.random.Generator) -> Anatomy:
    """An ordinary artery with thicker and more eccentric walls, and deposits of every look."""
    wall = rng.choice([0.7, 1.0, 2.0, 3.5])
    plaques = tuple(_widened_plaque(plaque, rng) for plaque in anatomy.plaques)
    return replace(anatomy, intima_mm=np.minimum(anatomy.intima_mm * wall, 1.3), plaques=plaques)


def widened_physics(physics: Physics, rng: np.random.Generator, deepest_mm: float) -> Physics:
    """An ordinary scanner with optics, field of view and display of the wide range."""
    backscatter, attenuation = dict(physics.backscatter), dict(physics.attenuation)
    brightness = _log_uniform(rng, 0.08, 1.1)
    backscatter["calcium"] = backscatter["fibrous"] * brightness
    # Calcium that scatters like the wall is seen only because light reaches deeper through it.
    attenuation["calcium"] = attenuation["fibrous"] * rng.uniform(0.05, 0.6 if brightness < 0.35 else 0.3)
    low_db = rng.uniform(-34, -13)
    depth_mm = max(rng.uniform(2.6, 5.6), deepest_mm)
    return replace(
        physics,
        backscatter=backscatter,
        attenuation=attenuation,
        forward_scatter=rng.uniform(0.18, 0.6),
        depth_mm=depth_mm,
        speckle_lines=_log_uniform(rng, *ACROSS_MM) / (2 * np.pi * WALL_MM / physics.a_lines),
        speckle_samples=_log_uniform(rng, *ALONG_MM) / (depth_mm / physics.samples),
        looks=int(rng.integers(1, 6)),
        low_db=low_db,
        high_db=rng.uniform(-4, 13),
        noise_db=low_db + rng.uniform(-8, 3),
        gamma=_log_uniform(rng, 0.7, 2.4),
        blur_pixels=_log_uniform(rng, 0.3, 2.8),
        sector_contrast=rng.uniform(0.0, 0.5),
        ray_contrast=rng.uniform(0.0, 0.18),
    )


def _log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def _widened_plaque(plaque: Plaque, rng: np.random.Generator) -> Plaque:
    common = {
        "brightness": float(np.exp(rng.normal(0, 0.35))),
        "layering": rng.choice([0.0, rng.uniform(0.1, 0.7)]),
        "deepest_mm": THICKEST_DEPTH_MM,
    }
    if plaque.tissue != CALCIUM:
        return replace(
            plaque,
            cap_mm=plaque.cap_mm * rng.uniform(0.3, 2.0),
            thickness_mm=plaque.thickness_mm * rng.uniform(0.8, 2.0),
            fade_mm=rng.uniform(0.15, 0.5),
            weakening=rng.uniform(0.4, 1.1) if plaque.tissue == LIPID else rng.uniform(0.65, 1.4),
            **common,
        )
    reach = np.max(plaque.half_width_rad)
    arc = rng.uniform(np.radians(10), np.radians(150)) if plaque.protrusion_mm == 0 else reach
    narrow = np.where(plaque.half_width_rad > 0, plaque.half_width_rad * (arc / max(reach, 1e-6)), 0)
    thickest = max(float(np.max(plaque.thickness_mm)), 1e-6)
    return replace(
        plaque,
        half_width_rad=np.where(narrow < 0.09, 0, narrow),
        cap_mm=plaque.cap_mm * (rng.uniform(0.0, 0.5) / max(float(np.mean(plaque.cap_mm)), 1e-6)),
        thickness_mm=plaque.thickness_mm * (rng.uniform(0.25, 1.8) / thickest),
        flatness=rng.uniform(0.2, 1.1),
        cap_gain=rng.choice([1.0, rng.uniform(0.7, 3.0)]),
        fade_mm=rng.uniform(0.02, 0.35),
        soft_mm=rng.uniform(0.02, 0.14),
        dome_mm=rng.choice([0.0, rng.uniform(0.05, 0.5)]),
        line_gain=rng.choice([1.0, rng.uniform(1.5, 5.0)], p=[0.6, 0.4]),
        **common,
    )
