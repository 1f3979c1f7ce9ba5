"""Anatomy of a phantom coronary artery: lumen, wall layers, plaques, catheter and guidewire along a pullback.

Everything is given about the lumen centre of a frame: angle ``phi`` in radians (0 toward increasing column, growing toward
increasing row) and depth in mm from the lumen border outward, measured along the radius. So thickness, arc and area have an
exact truth. Curves along the pullback are smooth: neighbouring frames look like neighbours.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.ndimage import gaussian_filter1d

ANGLES = 2048  # angular bins of every border about the lumen centre: 0.18 degrees, 9 um at 3 mm
PHI = np.linspace(0, 2 * np.pi, ANGLES, endpoint=False)
CATHETER_RADIUS_MM = 0.45  # the imaging catheter's sheath: 2.7 F
GUIDEWIRE_RADIUS_MM = 0.178  # a 0.014 inch coronary guidewire
DEEPEST_MM = 1.3  # no deposit reaches deeper below the lumen border: OCT would not show where it ends
CALCIUM, LIPID, FIBROUS = "calcium", "lipid", "fibrous"


@dataclass(frozen=True)
class Plaque:
    """One deposit along the pullback; every array holds one value per frame.

    Attributes:
        tissue: ``CALCIUM``, ``LIPID`` or ``FIBROUS``.
        centre_rad, half_width_rad: the angles it covers; half width 0 where the deposit is absent, pi where it is a ring.
        cap_mm: depth of the inner edge. thickness_mm: largest radial thickness.
        flatness: exponent of the thickness profile across the angle: small is a block with steep sides, 1 is a lens.
        cap_gain: how much brighter the tissue between lumen and deposit is than the wall.
        protrusion_mm: how far the deposit pushes the lumen border inward (calcified nodule).
        fade_mm: width of the outer edge's transition; the truth lies at its middle.
        ripple: (2, 4) amplitudes and phases of the unevenness of its edges.
        brightness, weakening: factors on its tissue's backscatter and attenuation.
        layering: how strongly layers along the wall show inside it. line_gain: brightness of a thin line along its outer edge.
        dome_mm: how much deeper its inner edge lies at its sides. deepest_mm: no part of it reaches deeper below the lumen border.
        soft_mm: width of its inner edge's transition; its sides fade where it is thinner than three times as much.
    """

    tissue: str
    centre_rad: np.ndarray
    half_width_rad: np.ndarray
    cap_mm: np.ndarray
    thickness_mm: np.ndarray
    flatness: float
    cap_gain: float
    protrusion_mm: float
    fade_mm: float
    ripple: np.ndarray
    brightness: float = 1.0
    weakening: float = 1.0
    layering: float = 0.0
    line_gain: float = 1.0
    dome_mm: float = 0.0
    soft_mm: float = 0.0
    deepest_mm: float = DEEPEST_MM

    def edges_mm(self, frame: int) -> tuple[np.ndarray, np.ndarray]:
        """Depth of the inner and the outer edge at every angle of ``PHI`` (mm); equal where the deposit is absent."""
        inner = self.cap_mm[frame] * (1 + 0.35 * self._uneven(0.0))
        across = angular_distance(PHI, self.centre_rad[frame]) / max(self.half_width_rad[frame], 1e-6)
        if self.dome_mm:
            inner = inner + self.dome_mm * np.clip(across, 0, 1) ** 3
        profile = np.clip(1 - across**2, 0, None) ** self.flatness
        if self.half_width_rad[frame] > 3.1:
            profile = np.ones(ANGLES)
        thickness = self.thickness_mm[frame] * profile * (1 + 0.3 * self._uneven(1.0))
        thickness = np.clip(thickness, 0, np.maximum(self.deepest_mm - inner, 0.1))
        return inner, inner + np.where(self.half_width_rad[frame] > 0, thickness, 0)

    def bulge_mm(self, frame: int) -> np.ndarray:
        """How far the deposit pushes the lumen border inward at every angle of ``PHI`` (mm)."""
        inner, outer = self.edges_mm(frame)
        profile = gaussian_filter1d(outer - inner, ANGLES / 60, mode="wrap")
        return self.protrusion_mm * profile / max(float(np.max(profile)), 1e-6)

    def _uneven(self, shift: float) -> np.ndarray:
        amplitudes, phases = self.ripple
        return sum(a * np.cos(k * PHI + p + shift) for k, a, p in zip((2, 3, 5, 9), amplitudes, phases, strict=True))


@dataclass(frozen=True)
class Anatomy:
    """A coronary artery with catheter and guidewire; every array's first axis is the frame.

    Attributes:
        radius_mm: (frames,) mean lumen radius. harmonics: (frames, 5, 2) relative amplitude and phase of orders 2 to 6.
        intima_mm, media_mm, adventitia_mm: (frames,) thickness of the three layers. eccentricity: (frames, 2) of the intima.
        catheter_mm: (frames, 2) catheter centre (column, row) from the lumen centre.
        wire_mm: (frames, 2) guidewire centre (column, row) from the catheter centre.
        plaques: the deposits. branches: (n, 4) frame, angle (rad), radius (mm) and half length in frames of side branches.
        blood: (frames,) 0 to 1, how much residual blood the lumen holds.
        strut_frames: (first, stop) of the stented stretch. strut_angles_rad: (n,) of its struts at the first frame.
    """

    radius_mm: np.ndarray
    harmonics: np.ndarray
    intima_mm: np.ndarray
    eccentricity: np.ndarray
    media_mm: np.ndarray
    adventitia_mm: np.ndarray
    catheter_mm: np.ndarray
    wire_mm: np.ndarray
    plaques: tuple[Plaque, ...]
    branches: np.ndarray
    blood: np.ndarray
    strut_frames: tuple[int, int]
    strut_angles_rad: np.ndarray


def angular_distance(angle_rad: np.ndarray, other_rad: float) -> np.ndarray:
    """Shortest distance between angles, 0 to pi (rad)."""
    return np.abs((angle_rad - other_rad + np.pi) % (2 * np.pi) - np.pi)


def lumen_border_mm(anatomy: Anatomy, frame: int) -> np.ndarray:
    """Radius of the lumen border about the lumen centre at every angle of ``PHI`` (mm)."""
    amplitude, phase = anatomy.harmonics[frame].T
    order = np.arange(2, 2 + len(amplitude))[:, None]
    border = anatomy.radius_mm[frame] * (1 + np.sum(amplitude[:, None] * np.cos(order * PHI + phase[:, None]), axis=0))
    for plaque in anatomy.plaques:
        border = border - plaque.bulge_mm(frame)
    return np.maximum(border, 0.45)


def draw_anatomy(rng: np.random.Generator, frames: int, frame_mm: float) -> Anatomy:
    """Draw an artery of ``frames`` frames, ``frame_mm`` mm apart; one generator state gives one artery."""

    def curve(low: float, high: float, correlation_mm: float = 6.0) -> np.ndarray:
        return low + (high - low) * _smooth(rng, frames, correlation_mm / frame_mm)

    radius = rng.uniform(0.95, 2.0) * curve(0.75, 1.25)
    roundness = rng.choice([0.02, 0.05, 0.1], p=[0.35, 0.4, 0.25])
    amplitude = np.stack([roundness * scale * curve(0.0, 2.0) for scale in (1.6, 0.9, 0.5, 0.25, 0.15)], axis=1)
    phase = np.stack([rng.uniform(0, 2 * np.pi) + curve(-1.5, 1.5, 8.0) for _ in range(5)], axis=1)
    plaques = tuple(_draw_plaque(rng, tissue, frames, frame_mm, curve) for tissue in _draw_tissues(rng, frames * frame_mm))
    anatomy = Anatomy(
        radius_mm=radius,
        harmonics=np.stack([amplitude, phase], axis=2),
        intima_mm=rng.choice([0.08, 0.2, 0.4]) * curve(0.5, 1.6),
        eccentricity=np.stack([curve(0.0, 0.8), rng.uniform(0, 2 * np.pi) + curve(-1, 1)], axis=1),
        media_mm=rng.uniform(0.12, 0.3) * curve(0.7, 1.3),
        adventitia_mm=rng.uniform(0.15, 0.45) * curve(0.7, 1.3),
        catheter_mm=np.zeros((frames, 2)),
        wire_mm=np.zeros((frames, 2)),
        plaques=plaques,
        branches=_draw_branches(rng, frames, frame_mm),
        blood=np.clip(curve(-1.6, 1.0) if rng.random() < 0.35 else np.zeros(frames), 0, 1),
        strut_frames=_draw_stent(rng, frames),
        strut_angles_rad=np.sort(rng.uniform(0, 2 * np.pi, rng.integers(5, 13))),
    )
    return _place_catheter_and_wire(rng, anatomy, curve)


def _smooth(rng: np.random.Generator, frames: int, correlation_frames: float) -> np.ndarray:
    """A smooth random curve in [0, 1], one value per frame."""
    margin = int(4 * correlation_frames) + 1
    noise = gaussian_filter1d(rng.standard_normal(frames + 2 * margin), max(correlation_frames, 0.5))[margin : margin + frames]
    spread = 1 / np.sqrt(2 * np.sqrt(np.pi) * max(correlation_frames, 0.5))
    return np.clip(0.5 + 0.25 * noise / spread, 0, 1)


def _draw_tissues(rng: np.random.Generator, length_mm: float) -> list[str]:
    expected = max(length_mm / 14.0, 0.6)
    calcium = rng.poisson(2.2 * expected) if rng.random() < 0.9 else 0
    # Calcium comes last: where deposits overlap the later one is seen, and the truth of calcium must be what is seen.
    return [LIPID] * rng.poisson(0.8 * expected) + [FIBROUS] * rng.poisson(0.7 * expected) + [CALCIUM] * calcium


def _draw_plaque(rng: np.random.Generator, tissue: str, frames: int, frame_mm: float, curve) -> Plaque:
    length = rng.uniform(1.5, 14.0) / frame_mm
    middle = rng.uniform(-0.1, 1.1) * frames
    along = np.clip(1 - np.abs((np.arange(frames) - middle) / (length / 2)) ** 2.5, 0, 1) ** 0.5
    shape = rng.choice(["crescent", "lump", "nodule", "ring"], p=[0.45, 0.25, 0.1, 0.2]) if tissue == CALCIUM else "crescent"
    half_width = {
        "crescent": rng.uniform(0.25, 1.5),
        "lump": rng.uniform(0.18, 0.7),
        "nodule": rng.uniform(0.25, 0.7),
        "ring": rng.uniform(1.4, 3.6),
    }[shape]
    thickness = {
        "crescent": rng.uniform(0.18, 0.75),
        "lump": rng.uniform(0.5, 1.1),
        "nodule": rng.uniform(0.5, 1.0),
        "ring": rng.uniform(0.2, 0.75),
    }[shape]
    width = np.minimum(half_width * along * curve(0.7, 1.2, 3.0), np.pi)
    width[width < 0.09] = 0
    cap = rng.uniform(0.02, 0.12) if shape == "nodule" else rng.choice([rng.uniform(0.02, 0.12), rng.uniform(0.1, 0.35)])
    return Plaque(
        tissue=tissue,
        centre_rad=rng.uniform(0, 2 * np.pi) + curve(-0.7, 0.7, 5.0),
        half_width_rad=width,
        cap_mm=cap * curve(0.6, 1.4, 3.0),
        thickness_mm=thickness * np.clip(along, 0.35, 1) * curve(0.7, 1.15, 2.0),
        flatness=rng.uniform(0.2, 0.7) if tissue == CALCIUM else rng.uniform(0.8, 1.6),
        cap_gain=rng.uniform(1.0, 4.0) if tissue == CALCIUM else 1.0,
        protrusion_mm=rng.uniform(0.15, 0.45) if shape == "nodule" else 0.0,
        fade_mm=rng.uniform(0.02, 0.16) if tissue == CALCIUM else rng.uniform(0.1, 0.35),
        ripple=np.stack([rng.uniform(0, 0.4, 4) / (1, 1.5, 2, 3), rng.uniform(0, 2 * np.pi, 4)]),
    )


def _draw_branches(rng: np.random.Generator, frames: int, frame_mm: float) -> np.ndarray:
    count = rng.poisson(frames * frame_mm / 18.0)
    return np.stack(
        [
            rng.uniform(0, frames, count),
            rng.uniform(0, 2 * np.pi, count),
            rng.uniform(0.3, 0.9, count),
            rng.uniform(0.5, 1.2, count) / frame_mm,
        ],
        axis=1,
    )


def _draw_stent(rng: np.random.Generator, frames: int) -> tuple[int, int]:
    if rng.random() > 0.12:
        return 0, 0
    first = int(rng.uniform(-0.3, 0.8) * frames)
    return max(first, 0), min(first + int(rng.uniform(0.2, 0.6) * frames) + 1, frames)


def _place_catheter_and_wire(rng: np.random.Generator, anatomy: Anatomy, curve) -> Anatomy:
    """Put the catheter somewhere free in the lumen and the wire beside it, both moving smoothly and never inside the wall."""
    frames = len(anatomy.radius_mm)
    catheter, wire = np.zeros((frames, 2)), np.zeros((frames, 2))
    reach, swing = curve(0.1, 1.0), rng.uniform(0, 2 * np.pi) + curve(-2, 2, 10.0)
    wire_reach, wire_swing = curve(0.0, rng.choice([0.15, 1.0])), rng.uniform(0, 2 * np.pi) + curve(-1.5, 1.5, 10.0)
    for frame in range(frames):
        border = lumen_border_mm(anatomy, frame)
        sheath = CATHETER_RADIUS_MM
        catheter[frame] = _inside(border, swing[frame], reach[frame], sheath)
        nearest = sheath + GUIDEWIRE_RADIUS_MM + 0.02
        wire[frame] = _beside(border, catheter[frame], wire_swing[frame], nearest, wire_reach[frame])
    return replace(anatomy, catheter_mm=catheter, wire_mm=wire)


def _inside(border_mm: np.ndarray, angle_rad: float, reach: float, radius_mm: float) -> np.ndarray:
    """A point in direction ``angle_rad`` whose disc of ``radius_mm`` stays in the lumen: reach 0 is the centre, 1 touches."""
    direction = np.array([np.cos(angle_rad), np.sin(angle_rad)])
    outline = border_mm[:, None] * np.stack([np.cos(PHI), np.sin(PHI)], axis=1)
    steps = np.linspace(0, 3, 61)
    room = np.array([np.min(np.hypot(*(outline - step * direction).T)) for step in steps])
    blocked = np.flatnonzero((room < radius_mm) | (steps > np.interp(angle_rad % (2 * np.pi), PHI, border_mm, period=2 * np.pi)))
    furthest = steps[blocked[0] - 1] if len(blocked) and blocked[0] > 0 else 0.0
    return reach * furthest * direction


def _beside(border_mm: np.ndarray, catheter_mm: np.ndarray, angle_rad: float, nearest_mm: float, reach: float) -> np.ndarray:
    """A wire position seen from the catheter, at the angle nearest to ``angle_rad`` where the lumen has room for the wire."""
    outline = border_mm[:, None] * np.stack([np.cos(PHI), np.sin(PHI)], axis=1) - catheter_mm
    best, best_room = np.array([np.cos(angle_rad), np.sin(angle_rad)]) * nearest_mm, -np.inf
    for turn in np.linspace(0, np.pi, 25):
        for side in (turn, -turn):
            direction = np.array([np.cos(angle_rad + side), np.sin(angle_rad + side)])
            aligned = outline[(outline @ direction > 0) & (np.abs(outline @ [-direction[1], direction[0]]) < GUIDEWIRE_RADIUS_MM)]
            room = np.min(aligned @ direction) - GUIDEWIRE_RADIUS_MM - nearest_mm if len(aligned) else -np.inf
            if room > 0:
                return direction * (nearest_mm + reach * room)
            if room > best_room:
                best, best_room = direction * nearest_mm, room
    return best
