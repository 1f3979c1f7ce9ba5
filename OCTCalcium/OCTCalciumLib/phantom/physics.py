"""Physics of a phantom OCT frame: the A-line model, speckle, log compression and scan conversion.

A-line model: ``I(r) = P(r) * rolloff(r) * backscatter(r) * exp(-2 * integral of attenuation) * speckle + noise``, then log
compression. Backscatter and attenuation coefficients in mm-1 after Xu et al., J Biomed Opt 2008 ("Characterization of
atherosclerosis plaques by measuring both backscattering and attenuation coefficients in OCT").
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter, gaussian_filter1d, map_coordinates, zoom

# tissue: (backscatter mean, SD, attenuation mean, SD) in mm-1; the three plaque tissues from Xu 2008.
COEFFICIENTS = {
    "calcium": (4.9, 1.5, 5.7, 1.4),
    "fibrous": (18.4, 6.4, 6.4, 1.2),
    "lipid": (28.1, 8.9, 13.7, 4.5),
}


DIFFICULT_SHARE = 0.375  # of ordinary scanners have coarse speckle, strong attenuation and a display far from linear, all at once


@dataclass(frozen=True)
class Physics:
    """How one pullback was recorded and displayed.

    Attributes:
        a_lines, samples: size of a polar frame. depth_mm: radius of the field of view about the catheter centre.
        backscatter, attenuation: tissue -> mm-1 for this patient.
        forward_scatter: share of the attenuation that is left once light scattered forward still counts; 1 is single scattering.
        focus_mm, rayleigh_mm: confocal profile about the focus. rolloff_mm: 1/e depth of the spectral roll-off.
        speckle_lines, speckle_samples: Gaussian width of a speckle grain in A-lines and depth samples.
        looks: number of independent speckle patterns averaged.
        low_db, high_db: display range relative to fibrous tissue at the focus. noise_db: noise floor. gamma: of the display.
        ring_radii_mm, ring_db: catheter sheath reflections. sheath_db: brightness between them.
        seam_rad: where a rotation begins. rotation_error: (2, 3) amplitudes and phases of non-uniform rotation (rad).
        ghost_mm: radius of a ghost ring, 0 for none. blur_pixels: display blur. streak_db: excess of saturated A-lines.
        sector_contrast: SD of the natural logarithm of brightness between sectors.
        ray_contrast: SD of the natural logarithm of attenuation between neighbouring A-lines, which streaks the wall in depth.
    """

    a_lines: int
    samples: int
    depth_mm: float
    backscatter: dict[str, float]
    attenuation: dict[str, float]
    forward_scatter: float
    focus_mm: float
    rayleigh_mm: float
    rolloff_mm: float
    speckle_lines: float
    speckle_samples: float
    looks: int
    low_db: float
    high_db: float
    noise_db: float
    gamma: float
    ring_radii_mm: tuple[float, ...]
    ring_db: tuple[float, ...]
    sheath_db: float
    seam_rad: float
    rotation_error: np.ndarray
    ghost_mm: float
    blur_pixels: float
    streak_db: float
    sector_contrast: float
    ray_contrast: float = 0.0


def draw_physics(rng: np.random.Generator, samples: int, deepest_mm: float, shifted: bool = False) -> Physics:
    """Draw a scanner and a patient's optics; the field of view reaches at least ``deepest_mm`` from the catheter centre.

    With ``shifted`` every range lies outside, or at the far end of, the ordinary one: other pixel size, contrast, attenuation,
    speckle and number of catheter rings. It tests what a network does with a machine it was not trained on.
    """
    difficult = rng.random() < DIFFICULT_SHARE

    def towards(easy: float, hard: float) -> float:
        return easy + (hard - easy) * rng.uniform(0.7 if difficult else 0.0, 1.0)

    spread = 1.4 if shifted else 1.2 if difficult else 1.0
    backscatter, attenuation = {}, {}
    for tissue, (mu_b, sd_b, mu_t, sd_t) in COEFFICIENTS.items():
        backscatter[tissue] = max(mu_b + 0.7 * spread * sd_b * rng.uniform(-1, 1), 0.25 * mu_b)
        attenuation[tissue] = max(mu_t + 0.9 * spread * sd_t * rng.uniform(-1, 1), 0.4 * mu_t)
    # In vivo calcium looks darker still than in Xu's sections, up to nearly free of signal; what is as bright as the wall around it
    # no reader would mark.
    backscatter["calcium"] = min(backscatter["calcium"] * rng.uniform(0.1, 0.6), 0.18 * backscatter["fibrous"])
    backscatter |= {
        "media": backscatter["fibrous"] * rng.uniform(0.25, 0.7),
        "adventitia": backscatter["fibrous"] * rng.uniform(0.6, 1.5),
        "outside": backscatter["fibrous"] * rng.uniform(0.1, 0.7),
        "blood": backscatter["fibrous"] * rng.uniform(0.2, 0.8),
    }
    attenuation |= {
        "media": rng.uniform(2.0, 5.0),
        "adventitia": rng.uniform(2.5, 5.0),
        "outside": rng.uniform(2.0, 6.0),
        "blood": rng.uniform(1.0, 4.0),
    }
    low_db = rng.uniform(-34, -22)
    rings = rng.integers(6, 9) if shifted else rng.integers(2, 6)
    return Physics(
        a_lines=int(rng.choice([400, 1024] if shifted else [504, 540, 720])),
        samples=samples,
        depth_mm=max(rng.uniform(5.2, 5.9) if shifted else towards(2.4, 5.15), deepest_mm),
        backscatter=backscatter,
        attenuation=attenuation,
        forward_scatter=rng.uniform(0.36, 0.42) if shifted else towards(0.1, 0.35),
        focus_mm=rng.uniform(0.8, 2.2),
        rayleigh_mm=rng.uniform(1.0, 2.5),
        rolloff_mm=rng.uniform(4.0, 9.0),
        speckle_lines=rng.uniform(1.0, 1.3) if shifted else towards(0.35, 0.98),
        speckle_samples=rng.uniform(1.3, 1.6) if shifted else towards(0.5, 1.28),
        looks=1 if shifted or difficult else int(rng.integers(1, 4)),
        low_db=low_db,
        high_db=rng.uniform(-4, 5),
        noise_db=low_db + rng.uniform(-6, 1.5),
        gamma=rng.choice([rng.uniform(0.6, 0.72), rng.uniform(1.6, 2.0)])
        if shifted
        else rng.choice([towards(1.1, 0.74), towards(1.1, 1.55)]),
        ring_radii_mm=tuple(np.sort(rng.uniform(0.1, 0.45, rings))),
        ring_db=tuple(rng.uniform(-22, 2, rings)),
        sheath_db=rng.uniform(-34, -14),
        seam_rad=rng.uniform(0, 2 * np.pi),
        rotation_error=np.stack([rng.uniform(0, 0.03, 3), rng.uniform(0, 2 * np.pi, 3)]),
        ghost_mm=rng.uniform(0.5, 2.5) if rng.random() < 0.2 else 0.0,
        blur_pixels=rng.uniform(0.2, 0.9),
        streak_db=rng.uniform(0, 6) if rng.random() < 0.5 else 0.0,
        sector_contrast=rng.uniform(0.05, 0.6),
    )


def true_angle_rad(physics: Physics, shown_rad: np.ndarray, frame: int) -> np.ndarray:
    """Where the probe really looked when the console drew an A-line at ``shown_rad``: non-uniform rotation, zero at the seam."""
    amplitudes, phases = physics.rotation_error
    turn = (shown_rad - physics.seam_rad) % (2 * np.pi)
    error = sum(
        a / k * (np.sin(k * turn / 2 + p + 0.11 * frame) - np.sin(p + 0.11 * frame))
        for k, a, p in zip((1, 2, 3), amplitudes, phases, strict=True)
    )
    return shown_rad + error


def a_line_intensity(
    physics: Physics, backscatter: np.ndarray, attenuation: np.ndarray, gain: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Detected intensity of a polar frame, with speckle and noise, relative to fibrous tissue at the focus.

    Args:
        backscatter, attenuation: (a_lines, samples) in mm-1. gain: (a_lines, samples) further factors (shadow, incidence).
    """
    step_mm = physics.depth_mm / physics.samples
    depth = (np.arange(physics.samples, dtype=np.float32) + 0.5) * step_mm
    passed = np.cumsum(attenuation, axis=1, dtype=np.float32) * (physics.forward_scatter * step_mm)
    confocal = 1 / (1 + ((depth - physics.focus_mm) / physics.rayleigh_mm) ** 2)
    rolloff = np.exp(-((depth / physics.rolloff_mm) ** 2))
    mean = backscatter * np.exp(-2 * passed) * gain * (confocal * rolloff / physics.backscatter["fibrous"])
    return mean * _speckle(physics, rng) + 10 ** (physics.noise_db / 10) * rng.standard_exponential(mean.shape, dtype=np.float32)


def log_compress(physics: Physics, intensity: np.ndarray) -> np.ndarray:
    """Intensity to grey values 0-255 (float32) through the display range and gamma."""
    level_db = 10 * np.log10(intensity + 1e-9)
    shown = np.clip((level_db - physics.low_db) / (physics.high_db - physics.low_db), 0, 1)
    return (255 * shown**physics.gamma).astype(np.float32)


def scan_convert(polar: np.ndarray, size: int, pixels_per_sample: float, blur_pixels: float) -> np.ndarray:
    """Polar (a_lines, samples) to a square Cartesian frame (size, size) uint8 about its centre; black outside the field of view."""
    turn, radius = polar_coordinates(size)
    lines = np.concatenate([polar, polar[:1]])
    grey = map_coordinates(
        lines, [turn * (len(polar) / (2 * np.pi)), radius / pixels_per_sample - 0.5], order=1, mode="constant", prefilter=False
    )
    grey[radius < 0.5 * pixels_per_sample] = polar[:, 0].mean()
    grey = gaussian_filter(grey, blur_pixels)
    grey[radius >= polar.shape[1] * pixels_per_sample] = 0
    return np.clip(np.rint(grey), 0, 255).astype(np.uint8)


def polar_coordinates(size: int) -> tuple[np.ndarray, np.ndarray]:
    """Angle (rad, 0 to 2 pi, clockwise on the screen from the right) and radius (pixels) of every pixel of a square frame."""
    offset = np.arange(size, dtype=np.float32) - (size - 1) / 2
    column, row = np.meshgrid(offset, offset)
    return np.arctan2(row, column) % np.float32(2 * np.pi), np.hypot(row, column)


def smooth_noise(rng: np.random.Generator, cells: int, size: int = 256) -> np.ndarray:
    """A periodic smooth texture (size, size) with zero mean and unit variance; ``cells`` features across."""
    coarse = gaussian_filter(rng.standard_normal((cells * 2, cells * 2)), 1.0, mode="wrap")
    fine = zoom(coarse, size / (cells * 2), order=1, mode="grid-wrap", grid_mode=True)
    return ((fine - fine.mean()) / fine.std()).astype(np.float32)


def _speckle(physics: Physics, rng: np.random.Generator) -> np.ndarray:
    """Fully developed speckle: exponential intensity of mean 1, correlated over a grain, averaged over the looks."""
    shape = (physics.a_lines, physics.samples)
    intensity = np.zeros(shape, np.float32)
    for _ in range(2 * physics.looks):
        field = rng.standard_normal(shape, dtype=np.float32)
        field = gaussian_filter1d(field, physics.speckle_samples, axis=1, mode="nearest", truncate=2.5)
        field = gaussian_filter1d(field, physics.speckle_lines, axis=0, mode="wrap", truncate=2.5)
        intensity += field**2
    return intensity / intensity.mean()
