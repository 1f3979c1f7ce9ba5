"""One frame of a phantom pullback: tissue, calcium, catheter and guidewire along every ray, its picture and its exact truth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter1d

from .. import labels as label
from .anatomy import (
    ANGLES,
    CALCIUM,
    CATHETER_RADIUS_MM,
    GUIDEWIRE_RADIUS_MM,
    PHI,
    Anatomy,
    Plaque,
    angular_distance,
    lumen_border_mm,
)
from .physics import (
    Physics,
    a_line_intensity,
    log_compress,
    polar_coordinates,
    scan_convert,
    smooth_noise,
    true_angle_rad,
)


@dataclass(frozen=True)
class PhantomPlan:
    """A pullback that can be drawn frame by frame: the artery, the scanner, the seed of its noise and its frame distance."""

    anatomy: Anatomy
    physics: Physics
    seed: int
    frame_count: int
    frame_mm: float


@dataclass(frozen=True)
class PhantomFrame:
    """One drawn frame.

    Attributes:
        polar: (a_lines, samples) uint8 grey, the frame for processing. grey: (size, size) uint8, the frame for presentation.
        labels: (size, size) uint8 exact truth, values of ``OCTCalciumLib.labels``.
    """

    polar: np.ndarray
    grey: np.ndarray
    labels: np.ndarray


@dataclass(frozen=True)
class _Borders:
    """Borders of one frame at every angle of ``PHI``: the lumen's radius, depths of layers and of deposits (mm)."""

    lumen_mm: np.ndarray
    intima_mm: np.ndarray
    deposits: tuple[tuple[Plaque, np.ndarray, np.ndarray], ...]


def pixel_spacing_mm(plan: PhantomPlan, size: int) -> float:
    """Distance between pixel centres (mm) of a square frame whose inscribed circle is the field of view."""
    return 2 * plan.physics.depth_mm / size


def draw_frame(plan: PhantomPlan, index: int, size: int) -> PhantomFrame:
    """Draw one frame of the pullback, its image and its exact truth."""
    physics, borders = plan.physics, _borders(plan.anatomy, index)
    rng = np.random.default_rng([plan.seed, index, 7])
    polar = _draw_polar(plan, index, borders, rng)
    pixels_per_sample = size / 2 / physics.samples
    grey = scan_convert(polar, size, pixels_per_sample, physics.blur_pixels * size / 512)
    return PhantomFrame(np.rint(polar).astype(np.uint8), grey, _draw_labels(plan, index, borders, size))


def _borders(anatomy: Anatomy, frame: int) -> _Borders:
    lumen = lumen_border_mm(anatomy, frame)
    amount, towards = anatomy.eccentricity[frame]
    intima = anatomy.intima_mm[frame] * (1 + amount * np.cos(PHI - towards))
    deposits = []
    for plaque in anatomy.plaques:
        if plaque.half_width_rad[frame] > 0:
            inner, outer = plaque.edges_mm(frame)
            deposits.append((plaque, inner, outer))
            intima = np.maximum(intima, np.where(outer > inner, outer + 0.06, 0))
    return _Borders(lumen, intima, tuple(deposits))


def _about_lumen(anatomy: Anatomy, frame: int, angle_rad: np.ndarray, radius_mm: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """From (angle, radius) about the catheter to (index into ``PHI``, radius in mm) about the lumen centre."""
    column, row = (anatomy.catheter_mm[frame]).astype(np.float32)
    x, y = radius_mm * np.cos(angle_rad) + column, radius_mm * np.sin(angle_rad) + row
    index = np.rint(np.arctan2(y, x) * np.float32(ANGLES / (2 * np.pi))).astype(np.int32) & (ANGLES - 1)
    return index, np.hypot(x, y)


def _wire_front_mm(anatomy: Anatomy, frame: int, angle_rad: np.ndarray) -> np.ndarray:
    """Distance from the catheter centre to the guidewire's near surface along each ray (mm); inf where the ray misses it."""
    column, row = anatomy.wire_mm[frame]
    distance = np.hypot(column, row)
    aside = distance * np.sin(angular_distance(angle_rad, np.arctan2(row, column)))
    hit = (np.abs(aside) < GUIDEWIRE_RADIUS_MM) & (angular_distance(angle_rad, np.arctan2(row, column)) < np.pi / 2)
    along = np.sqrt(np.maximum(distance**2 - aside**2, 0))
    return np.where(hit, along - np.sqrt(np.maximum(GUIDEWIRE_RADIUS_MM**2 - aside**2, 0)), np.inf)


def _draw_polar(plan: PhantomPlan, index: int, borders: _Borders, rng: np.random.Generator) -> np.ndarray:
    anatomy, physics = plan.anatomy, plan.physics
    shown = np.arange(physics.a_lines, dtype=np.float32) * np.float32(2 * np.pi / physics.a_lines)
    angle = true_angle_rad(physics, shown, index).astype(np.float32)
    radius = (np.arange(physics.samples, dtype=np.float32) + np.float32(0.5)) * np.float32(physics.depth_mm / physics.samples)
    phi, rho = _about_lumen(anatomy, index, angle[:, None], radius[None, :])
    depth = rho - borders.lumen_mm.astype(np.float32)[phi]
    backscatter, attenuation = _tissue(plan, index, borders, phi, rho, depth)
    if physics.ray_contrast:
        attenuation *= _uneven_rays(plan, index)[:, None]
    gain = _incidence(borders, angle, phi, depth)[:, None] * 10 ** (0.1 * _streaks_db(physics, rng))[:, None]
    gain = np.broadcast_to(gain, phi.shape).astype(np.float32) * _uneven_light(plan, index, phi)
    gain = _add_struts(anatomy, index, phi, depth, backscatter, gain)
    _add_catheter(anatomy, physics, radius, backscatter, attenuation)
    gain = _add_wire(anatomy, index, angle, radius, backscatter, gain)
    return log_compress(physics, a_line_intensity(physics, backscatter, attenuation, gain, rng))


def _tissue(plan: PhantomPlan, index: int, borders: _Borders, phi, rho, depth) -> tuple[np.ndarray, np.ndarray]:
    """Backscatter and attenuation (mm-1) at every point, with texture."""
    anatomy, physics = plan.anatomy, plan.physics
    mu_b, mu_t = physics.backscatter, physics.attenuation
    intima = borders.intima_mm.astype(np.float32)[phi]
    patches, striae = _textures(plan, index, phi, depth, rho)
    to_media = intima + np.float32(anatomy.media_mm[index]) * (1 + np.float32(0.25) * patches)
    to_outside = to_media + np.float32(anatomy.adventitia_mm[index]) * (1 + np.float32(0.3) * striae)
    layer = (depth > 0).astype(np.int8) + (depth > intima) + (depth > to_media) + (depth > to_outside)
    names = ("blood", "fibrous", "media", "adventitia", "outside")
    backscatter = np.array([mu_b[name] for name in names], np.float32)[layer]
    attenuation = np.array([mu_t[name] for name in names], np.float32)[layer]
    for plaque, inner, outer in borders.deposits:
        tissue, fade = plaque.tissue, plaque.fade_mm
        inner_at, outer_at = inner.astype(np.float32)[phi], outer.astype(np.float32)[phi]
        sharp = max(0.02, plaque.soft_mm) if tissue == CALCIUM else fade
        weight = np.clip((depth - inner_at) / sharp + 0.5, 0, 1) * np.clip((outer_at - depth) / fade + 0.5, 0, 1)
        weight *= outer_at > inner_at
        if plaque.soft_mm:
            weight *= np.clip((outer_at - inner_at) / np.float32(3 * plaque.soft_mm), 0, 1)
        cap = np.float32(plaque.cap_gain) ** np.clip((outer_at - inner_at) / 0.2, 0, 1)
        backscatter *= np.where((depth > 0) & (depth < inner_at), cap, 1)
        uneven = plaque.brightness * np.exp((0.55 if tissue == CALCIUM else 0.2) * patches + np.float32(plaque.layering) * striae)
        backscatter += weight * (mu_b[tissue] * uneven - backscatter)
        attenuation += weight * (plaque.weakening * mu_t[tissue] - attenuation)
        if plaque.line_gain != 1:
            backscatter *= np.where((np.abs(depth - outer_at) < 0.02) & (outer_at > inner_at), np.float32(plaque.line_gain), 1)
    outer_wall = np.exp(0.25 * striae + 0.35 * patches)
    backscatter *= np.where(layer >= 2, outer_wall, np.exp(0.25 * patches + 0.06 * striae)).astype(np.float32)
    in_lumen = layer == 0
    swirl = np.float32(anatomy.blood[index]) * np.clip(patches - np.float32(0.3), 0, 2) * (depth < np.float32(-0.02))
    backscatter[in_lumen] = mu_b["blood"] * swirl[in_lumen]
    attenuation[in_lumen] = mu_t["blood"] * swirl[in_lumen]
    opening = _branch_openings(anatomy, index, borders, phi, rho)
    backscatter[opening], attenuation[opening] = 0, 0
    return backscatter, attenuation


def _branch_openings(anatomy: Anatomy, index: int, borders: _Borders, phi: np.ndarray, rho: np.ndarray) -> np.ndarray:
    """Where side branches leave the wall open, booleans of the shape of ``phi``."""
    opening = np.zeros(phi.shape, bool)
    for at, towards, branch_mm, half in anatomy.branches:
        size = branch_mm * np.sqrt(max(1 - ((index - at) / half) ** 2, 0))
        if size > 0.05:
            lumen_here = np.float32(borders.lumen_mm[int(towards / (2 * np.pi) * ANGLES)] + 0.6 * branch_mm)
            away = rho**2 + lumen_here**2 - 2 * rho * lumen_here * np.cos(PHI - towards).astype(np.float32)[phi]
            opening |= away < size**2
    return opening


def _textures(plan: PhantomPlan, index: int, phi, depth, rho) -> tuple[np.ndarray, np.ndarray]:
    """Patches (about 0.3 mm) and wall striae (thin along depth, long along the wall) that drift smoothly from frame to frame."""
    position = index * plan.frame_mm
    step = int(position)
    share = np.float32(position - step)

    def at(cells: int, kind: int, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        sheets = [smooth_noise(np.random.default_rng([plan.seed, step + k, kind]), cells) for k in (0, 1)]
        sheet = np.cos(share * np.pi / 2) * sheets[0] + np.sin(share * np.pi / 2) * sheets[1]
        return sheet.astype(np.float32)[rows & 255, columns & 255]

    around = phi >> 3
    patches = at(14, 1, around, (rho * 64).astype(np.int32))
    striae = at(20, 2, around, (depth * 150 + 12 * patches).astype(np.int32))
    return patches, striae


def _incidence(borders: _Borders, angle_rad: np.ndarray, phi: np.ndarray, depth: np.ndarray) -> np.ndarray:
    """Share of light kept by each A-line for meeting the lumen border obliquely, 0.15 to 1."""
    entry = phi[np.arange(len(phi)), np.argmax(depth > 0, axis=1)]
    slope = (np.roll(borders.lumen_mm, -8) - np.roll(borders.lumen_mm, 8)) / (16 * 2 * np.pi / ANGLES) / borders.lumen_mm
    normal = PHI[entry] - np.arctan(slope[entry])
    return np.clip(np.abs(np.cos(angle_rad - normal)), 0.15, 1)


def _uneven_light(plan: PhantomPlan, index: int, phi: np.ndarray) -> np.ndarray:
    """Factor by which wall surface and blood brighten or dim whole sectors, smooth in angle and along the pullback."""
    sheet = smooth_noise(np.random.default_rng([plan.seed, 3]), 16)
    return np.exp(np.float32(plan.physics.sector_contrast) * sheet[(phi >> 3) & 255, int(index * plan.frame_mm * 10) & 255])


def _uneven_rays(plan: PhantomPlan, index: int) -> np.ndarray:
    """Factor on the attenuation of every A-line, smooth over about three lines and drawn anew for every frame."""
    noise = np.random.default_rng([plan.seed, index, 11]).standard_normal(plan.physics.a_lines)
    smooth = gaussian_filter1d(noise, 1.5, mode="wrap")
    return np.exp(plan.physics.ray_contrast * smooth / smooth.std()).astype(np.float32)


def _streaks_db(physics: Physics, rng: np.random.Generator) -> np.ndarray:
    """Saturated reflections brighten whole A-lines; most lines have none."""
    return physics.streak_db * (rng.random(physics.a_lines) < 0.02) * rng.random(physics.a_lines)


def _add_struts(anatomy: Anatomy, index: int, phi, depth, backscatter, gain) -> np.ndarray:
    """Stent struts: a short bright line at the lumen border with a thin shadow behind it."""
    first, stop = anatomy.strut_frames
    if not first <= index < stop:
        return gain
    gain = gain.copy()
    for angle in anatomy.strut_angles_rad:
        turned = angle + 0.5 * np.sin(0.35 * (index - first) + 5 * angle)
        beam = angular_distance(PHI, turned)[phi] < 0.035
        backscatter[beam & (depth > 0.0) & (depth < 0.03)] = 400.0
        gain[beam & (depth > 0.03)] *= 0.015
    return gain


def _add_catheter(anatomy: Anatomy, physics: Physics, radius_mm, backscatter, attenuation) -> None:
    """The sheath: reflecting rings and a speckled band inside its outer wall; nothing of it weakens the light."""
    inside = radius_mm < CATHETER_RADIUS_MM
    level = 10 ** (physics.sheath_db / 10) * (radius_mm > physics.ring_radii_mm[0])
    for ring_mm, ring_db in zip(physics.ring_radii_mm, physics.ring_db, strict=True):
        level = level + 10 ** (ring_db / 10) * np.exp(-(((radius_mm - ring_mm) / 0.012) ** 2))
    confocal = 1 / (1 + ((radius_mm - physics.focus_mm) / physics.rayleigh_mm) ** 2)
    backscatter[:, inside] = (physics.backscatter["fibrous"] * level / confocal)[inside]
    attenuation[:, inside] = 0
    if physics.ghost_mm:
        ghost = np.exp(-(((radius_mm - physics.ghost_mm) / 0.02) ** 2))
        backscatter += (0.02 * physics.backscatter["fibrous"] * ghost).astype(np.float32)


def _add_wire(anatomy: Anatomy, index: int, angle_rad, radius_mm, backscatter, gain) -> np.ndarray:
    """The guidewire: a bright crescent on its near side and darkness behind it."""
    front = _wire_front_mm(anatomy, index, angle_rad)[:, None]
    behind = radius_mm[None, :] - front
    hit = np.isfinite(front) & (behind >= 0)
    crescent = hit & (behind < 0.09)
    backscatter[crescent] = (90 * np.exp(-((behind / 0.05) ** 2)))[crescent]
    lit = gaussian_filter1d(np.where(np.isfinite(front), 0.0, 1.0), 1.2, axis=0, mode="wrap")
    return np.where(crescent, 1, np.where(radius_mm[None, :] > np.min(front), gain * lit**2, gain)).astype(np.float32)


def _draw_labels(plan: PhantomPlan, index: int, borders: _Borders, size: int) -> np.ndarray:
    """Exact truth on the Cartesian grid, with the same non-uniform rotation as the image."""
    anatomy, physics = plan.anatomy, plan.physics
    shown, radius = polar_coordinates(size)
    radius = radius * np.float32(pixel_spacing_mm(plan, size))
    angle = true_angle_rad(physics, shown, index).astype(np.float32)
    phi, rho = _about_lumen(anatomy, index, angle, radius)
    depth = rho - borders.lumen_mm.astype(np.float32)[phi]
    truth = np.where(depth < 0, label.LUMEN, label.BACKGROUND).astype(np.uint8)
    for plaque, inner, outer in borders.deposits:
        if plaque.tissue == CALCIUM:
            truth[(depth >= inner.astype(np.float32)[phi]) & (depth < outer.astype(np.float32)[phi])] = label.CALCIUM
    truth[_branch_openings(anatomy, index, borders, phi, rho) & (truth == label.CALCIUM)] = label.BACKGROUND
    rays = np.linspace(0, 2 * np.pi, 4 * ANGLES, endpoint=False)
    front = _wire_front_mm(anatomy, index, rays)
    end = _last_lumen_mm(plan, index, borders, rays) + label.GUIDEWIRE_SHADOW_BEYOND_LUMEN_MM
    ray = np.rint(angle * np.float32(len(rays) / (2 * np.pi))).astype(np.int32) & (len(rays) - 1)
    truth[(radius >= front.astype(np.float32)[ray]) & (radius < end.astype(np.float32)[ray])] = label.GUIDEWIRE
    truth[radius >= physics.depth_mm] = label.BACKGROUND
    return truth


def _last_lumen_mm(plan: PhantomPlan, index: int, borders: _Borders, rays_rad: np.ndarray) -> np.ndarray:
    """Distance from the catheter centre to the lumen border along each ray (mm); the farthest crossing where there are several."""
    outline = borders.lumen_mm[:, None] * np.stack([np.cos(PHI), np.sin(PHI)], axis=1) - plan.anatomy.catheter_mm[index]
    angle = np.arctan2(outline[:, 1], outline[:, 0]) % (2 * np.pi)
    order = np.argsort(angle)
    return np.interp(rays_rad, angle[order], np.hypot(*outline[order].T), period=2 * np.pi)
