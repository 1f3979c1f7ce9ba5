"""A CT scanner for phantom heads: slices of finite thickness, blur, cupping, streaks, noise, headrest, and how the patient lies.

Everything in HU and mm; points are (3, ...) as (z, y, x) of LPS.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from LesionReadingLib.geometry.grid import Grid
from scipy import ndimage

from ..labels import HEMATOMA, INTRAVENTRICULAR, MARKERS, OUTSIDE_BRAIN
from ..reading.scan import AIR_HU
from .anatomy import Head
from .atlas import Field
from .hematoma import SIGN_CODES, Hematoma

_SUBSLICE_MM = 1.3
_BONE_SHOWS_HU = 130.0  # blood under the skull that lies in one voxel with so much bone is bone to any reader
_FACE_MM = ((-62.0, -42.0, 0.0), (64.0, 58.0, 64.0))
_NECK_MM = ((-110.0, 45.0, 0.0), (80.0, 58.0, 62.0))
_PETROUS_MM = (-34.0, 22.0, 38.0)
_EYE_MM = (-31.0, -63.0, 32.0)


@dataclass(frozen=True)
class Pose:
    """How the head lies in the scanner: scanner = rotation @ head + shift_mm, both LPS as (z, y, x)."""

    rotation: np.ndarray
    shift_mm: np.ndarray

    def to_head(self, points: np.ndarray) -> np.ndarray:
        """Head coordinates of (3, ...) scanner points."""
        centred = points - self.shift_mm.reshape(3, *[1] * (points.ndim - 1)).astype(np.float32)
        return np.tensordot(self.rotation.T.astype(np.float32), centred, 1)


@dataclass(frozen=True)
class Scanner:
    """How a scan is made.

    Attributes:
        noise_hu: standard deviation. noise_pixels: how far it is correlated. blur_mm: standard deviation of the point spread.
        cupping_hu: brighter at the skull than in the middle. streaks_hu: between the petrous bones.
        headrest: whether it is in the picture. circle: whether what lies outside the circle of reconstruction is padding.
    """

    noise_hu: float
    noise_pixels: float
    blur_mm: float
    cupping_hu: float
    streaks_hu: float
    headrest: bool
    circle: bool


@dataclass(frozen=True)
class Blood:
    """Blood in a head.

    Attributes:
        hematoma: None where there is none.
        ventricle_level_mm: blood fills the ventricles below this height along gravity (head coordinates); None for none.
        ventricle_reach_mm: and wherever they are this near to the hematoma; 0 for none.
        ventricle_hu: of that blood.
        oedema_hu, oedema_mm: how much darker the brain is at the hematoma's edge, and how far that reaches.
        edge_mm: over which the hematoma fades into the brain. gravity: (3,) unit vector of the head's coordinates that points down.
    """

    hematoma: Hematoma | None
    ventricle_level_mm: float | None
    ventricle_reach_mm: float
    ventricle_hu: float
    oedema_hu: float
    oedema_mm: float
    edge_mm: float
    gravity: np.ndarray


def draw_scanner(rng: np.random.Generator, thickness_mm: float) -> Scanner:
    """A scanner of any make; thin slices are noisier."""
    return Scanner(
        float(rng.uniform(2.6, 5.2) * np.sqrt(5 / max(thickness_mm, 1.0)) ** 0.7),
        rng.uniform(0.5, 1.1),
        rng.uniform(0.3, 0.75),
        rng.uniform(0, 7),
        rng.uniform(0, 9),
        bool(rng.random() < 0.8),
        bool(rng.random() < 0.3),
    )


def scan(rng: np.random.Generator, head: Head, blood: Blood, pose: Pose, grid: Grid, thickness_mm: np.ndarray, scanner: Scanner):
    """Scan a head.

    Args:
        thickness_mm: (slices,) how thick each slice is.

    Returns:
        hounsfield int16 (slices, rows, columns); labels uint8 likewise; sign_mm2 (slices, 4): area of each sign's less dense part.
    """
    coarse = 2 if grid.rows >= 256 and grid.rows % 2 == 0 and grid.columns % 2 == 0 else 1
    hounsfield = np.empty(grid.shape, np.int16)
    labels = np.zeros(grid.shape, np.uint8)
    sign_mm2 = np.zeros((grid.slice_count, len(MARKERS)))
    rest = _headrest(rng, grid) if scanner.headrest else None
    for number in range(grid.slice_count):
        planes = max(1, round(thickness_mm[number] / _SUBSLICE_MM))
        sums = None
        for plane in range(planes):
            off_mm = thickness_mm[number] * ((plane + 0.5) / planes - 0.5)
            made = _plane(head, blood, pose.to_head(_points(grid, number, off_mm, coarse)))
            sums = made if sums is None else [a + b for a, b in zip(sums, made, strict=True)]
        hu, hematoma, ventricle, outside, *signs = (_finer(part / planes, coarse) for part in sums)
        labels[number][(outside > 0.5) & (hu < _BONE_SHOWS_HU)] = OUTSIDE_BRAIN
        labels[number][ventricle > 0.5] = INTRAVENTRICULAR
        labels[number][hematoma > 0.5] = HEMATOMA
        sign_mm2[number] = [np.count_nonzero(part > 0.5) * grid.pixel_mm2 for part in signs]
        hounsfield[number] = _picture(rng, hu, grid, number, scanner, rest)
    return hounsfield, labels, sign_mm2


def _points(grid: Grid, number: int, off_mm: float, coarse: int) -> np.ndarray:
    """(3, rows, columns) as (z, y, x) of LPS of a plane's pixels, ``coarse`` times fewer each way."""
    rows = (np.arange(grid.rows // coarse) + 0.5) * coarse - 0.5
    columns = (np.arange(grid.columns // coarse) + 0.5) * coarse - 0.5
    corner = grid.positions_mm[number] + off_mm * grid.normal
    lps = [
        corner[axis]
        + (rows * grid.row_mm * grid.row_axis[axis])[:, None]
        + (columns * grid.column_mm * grid.column_axis[axis])[None, :]
        for axis in (2, 1, 0)
    ]
    return np.stack(lps).astype(np.float32)


def _ramp(distance_mm: np.ndarray, width_mm: float = 1.0) -> np.ndarray:
    """1 where the distance is negative, 0 where it is positive, linear between over ``width_mm``."""
    return np.clip(0.5 - distance_mm / width_mm, 0, 1)


def _plane(head: Head, blood: Blood, points: np.ndarray) -> list[np.ndarray]:
    """HU; shares of hematoma, blood in ventricles, blood outside the brain, less dense part of each marker; of one thin plane."""
    person, hull = head.person, head.hull_mm.at(points) + _beside(head.hull_mm, points)
    tissue = _bloodied(head, blood, points, _ramp(hull) > 0)
    texture = head.coarse.at(points)
    skull_mm = head.skull_mm.at(points) * np.where(points[0] < -20, 0.55, 1)
    hu = np.where(_ramp(hull) > 0, tissue[0], 0) * _ramp(hull) + (1 - _ramp(hull)) * 9.0
    table = person.subarachnoid_mm
    shares = {HEMATOMA: tissue[1], OUTSIDE_BRAIN: np.zeros_like(hu)}
    for deposit in head.deposits:
        share = deposit.share.at(points) * _ramp(hull - table)
        hu = _over(hu, share, deposit.hu)
        shares[deposit.label] = np.maximum(shares[deposit.label], share)
    within = (hull - table) / skull_mm
    bone = np.where(np.abs(within - 0.5) < 0.22, 620 + 120 * texture, 1250)
    hu = _over(hu, 1 - _ramp(hull - table), bone)
    outer = _over(bone, 1 - _ramp(hull - table - skull_mm), np.where(texture > -0.2, -85.0, 45.0))
    hu = np.where(hull > table, np.where(hull > table + skull_mm - 0.5, outer, hu), hu)
    outline = hull - table - skull_mm - person.scalp_mm
    outline = np.minimum(outline, np.minimum(_ellipsoid(points, *_FACE_MM), _ellipsoid(points, *_NECK_MM)))
    hu = _skull_base(hu, points, hull - table - skull_mm, texture)
    hu = _over(hu, 1 - _ramp(outline, 1.5), AIR_HU + 24.0)
    return [hu, shares[HEMATOMA], tissue[2], shares[OUTSIDE_BRAIN], *tissue[3:]]


def _beside(field: Field, points: np.ndarray) -> np.ndarray:
    """How far points lie beside a field, where it only repeats its last value; not below it, where that makes a neck."""
    ends = [first + (size - 1) * field.step_mm for first, size in zip(field.origin_mm, field.values.shape, strict=True)]
    over = [np.maximum(np.maximum(field.origin_mm[axis] - points[axis], points[axis] - ends[axis]), 0) for axis in (1, 2)]
    return np.hypot(*over)


def _over(under: np.ndarray, share: np.ndarray, hu) -> np.ndarray:
    return under + share * (hu - under)


def _ellipsoid(points: np.ndarray, centre, radii) -> np.ndarray:
    local = sum(((axis - c) / r) ** 2 for axis, c, r in zip(points, centre, radii, strict=True))
    return (np.sqrt(local) - 1) * min(radii)


def _mirrored(points: np.ndarray) -> np.ndarray:
    return np.stack([points[0], points[1], np.abs(points[2])])


def _skull_base(hu: np.ndarray, points: np.ndarray, beyond_skull: np.ndarray, texture: np.ndarray) -> np.ndarray:
    """Petrous bones with air cells, eyes in fat, and the sinuses of the face, outside the brain's skull."""
    both = _mirrored(points)
    outside = beyond_skull > -2
    # The petrous bone runs from behind the ear forwards to the middle.
    along = np.stack([both[0], both[1] + 0.55 * (both[2] - _PETROUS_MM[2]), both[2]])
    petrous = _ellipsoid(along, _PETROUS_MM, (11.0, 9.0, 30.0))
    hu = np.where(outside & (petrous < 0), np.where(texture > 0.7, -700.0, 1450.0), hu)
    eye = _ellipsoid(both, _EYE_MM, (12.0, 12.0, 12.0))
    socket = _ellipsoid(both, (_EYE_MM[0], _EYE_MM[1] + 10, _EYE_MM[2] - 3), (17.0, 26.0, 17.0))
    hu = np.where(outside & (socket < 0), np.where(eye < 0, 12.0, -75.0), hu)
    nose = _ellipsoid(points, (-48.0, -52.0, 0.0), (24.0, 36.0, 15.0))
    return np.where(outside & (nose < 0), np.where(np.abs(texture) < 0.12, 400.0, -950.0), hu)


def _bloodied(head: Head, blood: Blood, points: np.ndarray, inside: np.ndarray) -> list[np.ndarray]:
    """Brain with blood in it: HU, which count where it is ``inside`` the hull, and the shares as ``_plane`` gives them."""
    hu = head.tissue_hu.at_those(points, inside, 0.0)
    nothing = np.zeros_like(hu)
    signs = [nothing] * len(MARKERS)
    inside_ventricle = head.ventricle_mm.at_those(points, inside, np.inf)
    level = _level(blood.hematoma, points) if blood.hematoma else None
    ventricular = nothing
    if blood.ventricle_level_mm is not None:
        height = np.tensordot(blood.gravity.astype(np.float32), points, 1)
        ventricular = np.maximum(ventricular, _ramp(inside_ventricle, 1.2) * _ramp(blood.ventricle_level_mm - height))
    if blood.ventricle_reach_mm > 0 and level is not None:
        ventricular = np.maximum(ventricular, _ramp(inside_ventricle, 1.2) * _ramp(level - blood.ventricle_reach_mm, 4.0))
    hu = _over(hu, ventricular, blood.ventricle_hu)
    if level is None:
        return [hu, nothing, ventricular, *signs]
    brain = 1 - _ramp(inside_ventricle, 1.2)
    hu = hu - blood.oedema_hu * brain * np.exp(-((np.maximum(level, 0) / blood.oedema_mm) ** 2)) * (level < 40)
    share = _ramp(level, blood.edge_mm)
    bloody = share > 0
    local = points[:, bloody]
    hu[bloody] = _over(hu[bloody], share[bloody], blood.hematoma.density_hu.at(local))
    code = np.zeros(share.shape)
    code[bloody] = blood.hematoma.sign.at(local, nearest=True)
    signs = [share * (code == SIGN_CODES.get(marker, -1)) for marker in MARKERS]
    return [hu, share, ventricular * (1 - share), *signs]


def _level(hematoma: Hematoma, points: np.ndarray) -> np.ndarray:
    """The hematoma's level; beyond its own grid, the distance from its ball."""
    local = hematoma.level_mm
    distance = np.sqrt(sum((axis - c) ** 2 for axis, c in zip(points, hematoma.centre_mm, strict=True))) - hematoma.radius_mm
    inside = np.ones(distance.shape, bool)
    for axis, low, size in zip(points, local.origin_mm, local.values.shape, strict=True):
        inside &= (axis >= low) & (axis <= low + (size - 1) * local.step_mm)
    level = np.maximum(distance, 5.0)
    level[inside] = local.at(points[:, inside])
    return level


def _finer(values: np.ndarray, times: int) -> np.ndarray:
    if not values.any():
        return np.zeros([times * length for length in values.shape], values.dtype)
    return values if times == 1 else ndimage.zoom(values, times, order=1, grid_mode=True, mode="nearest")


def _headrest(rng: np.random.Generator, grid: Grid) -> np.ndarray:
    """(rows, columns) HU of a curved headrest under the head, and now and then of a cable; nothing where it is not."""
    rows, columns = np.mgrid[: grid.rows, : grid.columns].astype(np.float32)
    y, x = (rows - grid.rows / 2) * grid.row_mm, (columns - grid.columns / 2) * grid.column_mm
    radius = rng.uniform(106, 118)
    shell = np.abs(np.hypot(x, y - rng.uniform(-4, 8)) - radius)
    rest = np.where((shell < rng.uniform(1.0, 2.2)) & (y > rng.uniform(-10, 55)), rng.uniform(40, 300), 0)
    rest = rest + np.where((shell < 5) & (y > 30) & (rest == 0), rng.uniform(20, 120), 0)
    if rng.random() < 0.3:
        rest = rest + np.where(np.hypot(x - rng.choice((-1, 1)) * rng.uniform(94, 104), y - rng.uniform(-20, 50)) < 2, 1500, 0)
    return rest


def _picture(rng, hu: np.ndarray, grid: Grid, number: int, scanner: Scanner, rest: np.ndarray | None) -> np.ndarray:
    """What the scanner makes of the true attenuation."""
    head = hu > -300
    if rest is not None:
        hu = np.where(head, hu, hu + rest * (rest > 0) + (rest > 0) * 900)
    hu = ndimage.gaussian_filter(hu, (scanner.blur_mm / grid.row_mm, scanner.blur_mm / grid.column_mm))
    bone = ndimage.zoom((hu > 300).astype(np.float32), 0.125, order=0, grid_mode=True, mode="nearest")
    near_bone = ndimage.gaussian_filter(bone, 12.0 / (8 * grid.row_mm))
    near_bone = ndimage.zoom(
        near_bone, [a / b for a, b in zip(hu.shape, near_bone.shape, strict=True)], order=1, grid_mode=True, mode="nearest"
    )
    soft = hu < 120
    hu = hu + soft * scanner.cupping_hu * (near_bone * 2.5 - 0.3) * head
    bony = float(bone.mean() / max(float((hu[::8, ::8] > -300).mean()), 0.05))
    if bony > 0.22:
        hu = hu + soft * head * scanner.streaks_hu * min(1.0, 4 * (bony - 0.2)) * _streaks(rng, grid)
    noise = ndimage.gaussian_filter(rng.standard_normal(hu.shape, np.float32), scanner.noise_pixels)
    hu = hu + noise * (scanner.noise_hu * (0.8 + 0.8 * near_bone) / max(float(noise.std()), 1e-6))
    if scanner.circle:
        rows, columns = np.ogrid[: grid.rows, : grid.columns]
        hu[np.hypot(rows - grid.rows / 2, columns - grid.columns / 2) > grid.rows / 2] = AIR_HU
    return np.clip(np.round(hu), AIR_HU, 3071).astype(np.int16)


def _streaks(rng: np.random.Generator, grid: Grid) -> np.ndarray:
    """Bands across the picture, mostly from ear to ear; standard deviation about 1."""
    rows, columns = np.mgrid[: grid.rows, : grid.columns].astype(np.float32)
    total = np.zeros(rows.shape, np.float32)
    for _ in range(5):
        angle = rng.normal(0, 0.25)
        across = (rows - grid.rows / 2) * np.cos(angle) + (columns - grid.columns / 2) * np.sin(angle)
        place, width = rng.uniform(-0.05, 0.28) * grid.rows, rng.uniform(3, 14) / grid.row_mm
        total += rng.normal(0, 0.9) * np.exp(-(((across - place) / width) ** 2))
    return total
