"""False friends of blood in a phantom head: what is as dense as blood, or seems so, and is none.

Venous sinuses, dura, basal arteries, calcifications, bone that reaches into a slice, a thick cortex under the vertex, the marks of
operations. Places are those of the average head (mm, (z, y, x) of LPS from the anterior commissure), stretched to the person's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from .anatomy import Head, lay
from .atlas import noise_field

CAUSES = ("sinus or vein", "falx or tentorium", "artery", "bone", "calcification", "drain or clip", "spinal cord")
"""Kinds of what is drawn; ``Head.mimics`` counts them from 1 on."""
_LEAST_SHARE = 0.3
_BASILAR = ((-44.0, 12.0, 0.0), (-32.0, 9.0, 0.0), (-20.0, 10.0, 0.0))
_CAROTID = ((-38.0, -2.0, 14.0), (-24.0, -6.0, 11.0), (-16.0, -3.0, 12.0))
_MIDDLE_CEREBRAL = ((-16.0, -3.0, 12.0), (-13.0, -4.0, 24.0), (-9.0, -3.0, 38.0))
_GALEN_MM, _TORCULAR_MM = (9.0, 37.0, 0.0), (-6.0, 84.0, 0.0)
_MEDULLA_MM, _CANAL_FROM_MM, _BULB_UP_TO_MM = (-56.0, 45.0, 0.0), -52.0, -46.0
_PLEXUS_MM, _PINEAL_MM, _DENTATE_MM = (10.0, 39.0, 25.0), (4.0, 28.0, 0.0), (-34.0, 56.0, 13.0)


def with_false_friends(head: Head, rng: np.random.Generator) -> tuple[Head, tuple[str, ...]]:
    """The head with what looks like blood and is none, and the names of what was drawn."""
    brain = _Brain(head)
    drawn = ["sinuses", "arteries"]
    _sinuses(rng, brain.drawing("sinus or vein"))
    _dura(rng, brain.drawing("falx or tentorium"))
    _arteries(rng, brain.drawing("artery"))
    _bone(rng, brain.drawing("bone"))
    if rng.random() < 0.5:
        _thick_cortex(rng, brain)
        drawn.append("thick cortex")
    if rng.random() < 0.75:
        _calcifications(rng, brain.drawing("calcification"))
        drawn.append("calcifications")
    skull = replace(head.skull_mm, values=_spinal_canal(brain, head.skull_mm.values))
    if rng.random() < 0.06:
        skull = replace(skull, values=_opened(rng, brain, skull.values))
        drawn.append("craniotomy")
    if rng.random() < 0.05:
        _drain(rng, brain.drawing("drain or clip"))
        drawn.append("drain")
    if rng.random() < 0.03:
        brain.drawing("drain or clip").ball(
            (rng.uniform(-22, -8), rng.uniform(-25, 10), rng.uniform(-25, 25)), rng.uniform(2, 5, 3), 2600.0
        )
        drawn.append("coil or clip")
    tissue, mimics, hull = (replace(head.tissue_hu, values=values) for values in (brain.tissue, brain.mimics, brain.hull))
    return replace(head, tissue_hu=tissue, hull_mm=hull, skull_mm=skull, mimics=mimics), tuple(drawn)


class _Brain:
    """A head's tissue that is being drawn into, piece by piece."""

    def __init__(self, head: Head) -> None:
        self.field, self.scale = head.tissue_hu, np.array(head.person.scale)
        self.seed = head.person.warp_seed
        self.tissue, self.hull = head.tissue_hu.values.copy(), head.hull_mm.values
        self.ventricle = head.ventricle_mm.values
        skull = self.hull > head.person.subarachnoid_mm
        self.mimics, self._kind = (skull * (CAUSES.index("bone") + 1)).astype(np.uint8), 0

    def drawing(self, kind: str) -> _Brain:
        """The same brain; what is drawn from here on is of a kind of ``CAUSES``."""
        self._kind = CAUSES.index(kind) + 1
        return self

    def box(self, low, high) -> tuple[tuple[slice, ...], np.ndarray]:
        """The part of the grid between two corners of the average head, and its points, stretched back to that head."""
        first, step = np.array(self.field.origin_mm), self.field.step_mm
        low, high = (np.array(corner) * self.scale for corner in (low, high))
        begin = np.clip(np.floor((low - first) / step).astype(int), 0, np.array(self.tissue.shape) - 1)
        end = np.clip(np.ceil((high - first) / step).astype(int) + 1, begin + 1, self.tissue.shape)
        axes = [(f + step * np.arange(b, e)) / s for f, b, e, s in zip(first, begin, end, self.scale, strict=True)]
        return tuple(map(slice, begin, end)), np.stack(np.meshgrid(*axes, indexing="ij")).astype(np.float32)

    def lay(self, part: tuple[slice, ...], share: np.ndarray, hu) -> None:
        """Let something take a share of a part of the tissue."""
        lay(self.tissue[part], share, hu)
        self.mimics[part][share > _LEAST_SHARE] = self._kind

    def ball(self, centre, radii, hu, edge_mm: float = 1.0) -> None:
        """An ellipsoid with a soft edge."""
        centre, radii = np.array(centre), np.array(radii)
        part, points = self.box(centre - radii - 2, centre + radii + 2)
        local = sum(((axis - c) / r) ** 2 for axis, c, r in zip(points, centre, radii, strict=True))
        self.lay(part, np.clip(0.5 - (np.sqrt(local) - 1) * radii.min() / edge_mm, 0, 1), hu)

    def tube(self, line: Sequence, radius_mm: float, hu, edge_mm: float = 1.0) -> None:
        """A tube along straight pieces from point to point."""
        corners = np.array(line, float)
        part, points = self.box(corners.min(0) - radius_mm - 2, corners.max(0) + radius_mm + 2)
        away = np.full(points.shape[1:], np.inf, np.float32)
        for begin, end in pairwise(corners):
            along = end - begin
            place = np.tensordot(along, points - begin[:, None, None, None], 1) / (along @ along)
            nearest = begin[:, None, None, None] + along[:, None, None, None] * np.clip(place, 0, 1)
            away = np.minimum(away, np.sqrt(((points - nearest) ** 2).sum(0)))
        self.lay(part, np.clip(0.5 - (away - radius_mm) / edge_mm, 0, 1), hu)


def _mirrored(line, side: int) -> list[tuple[float, float, float]]:
    return [(z, y, side * x) for z, y, x in line]


def _sinuses(rng: np.random.Generator, brain: _Brain) -> None:
    """Blood in veins: 50 to 70 HU, with a high hematocrit 80; the right side is usually the larger one."""
    hu = rng.uniform(48, 66) if rng.random() < 0.7 else rng.uniform(64, 82)
    half, deep, bow = rng.uniform(2.5, 6.0), rng.uniform(4, 10), rng.normal(0, 1.5)
    part, (z, y, x) = brain.box((-12, -75, -9), (90, 112, 9))
    hull = brain.hull[part]
    wedge = np.clip(0.5 - (np.abs(x - bow) - half * (1 + hull / deep)), 0, 1) * (hull < 1) * (hull > -deep)
    brain.lay(part, wedge * ((z > 22) | (y > 62) | (y < -50)), hu)
    height = rng.normal(-11, 3)
    for side in (-1, 1):
        size = rng.uniform(2.2, 5.0) * (1.15 if side < 0 else rng.uniform(0.2, 1.0))
        part, (z, y, x) = brain.box((-50, 18, min(0, side * 75)), (8, 112, max(0, side * 75)))
        hull, slope = brain.hull[part], height - 0.05 * np.abs(x)
        across = np.hypot((z - slope) / size, hull / (1.5 * size))
        brain.lay(part, np.clip(0.5 + (1 - across) * size, 0, 1) * (y > 26) * (hull < 1), hu)  # transverse
        down = np.hypot((y - 28 - 0.15 * (z - height)) / size, hull / (1.5 * size))
        brain.lay(part, np.clip(0.5 + (1 - down) * size, 0, 1) * (z < height) * (z > height - 28) * (hull < 1), hu)  # sigmoid
    straight = rng.uniform(1.2, 3.5)
    torcular = np.array(_TORCULAR_MM) + rng.normal(0, 2, 3) * (1, 1, 0.5)
    brain.tube([np.array(_GALEN_MM) + rng.normal(0, 1, 3) * (1, 1, 0.3), torcular], straight, hu)
    brain.ball(_GALEN_MM, rng.uniform(1.5, 4.0, 3), hu)
    if rng.random() < 0.5:  # inner cerebral veins, over the third ventricle
        for side in (-1, 1):
            brain.tube(_mirrored([(12.0, 5.0, 2.0), (13.0, 22.0, 2.5), _GALEN_MM], side), rng.uniform(0.6, 1.3), hu)
    for _ in range(rng.poisson(2)):  # veins of the surface
        y, x = rng.uniform(-40, 80), rng.choice((-1, 1)) * rng.uniform(5, 30)
        brain.tube([(62.0, y, x), (70.0, y + rng.normal(0, 8), x * 0.4)], rng.uniform(0.8, 1.8), hu)


def _dura(rng: np.random.Generator, brain: _Brain) -> None:
    """Falx and tentorium, thicker and denser than usual in half of the heads, calcified in some of the old."""
    hu, thick = rng.uniform(42, 66), rng.uniform(0.5, 1.8) if rng.random() < 0.5 else 0.4
    phase, bow = rng.uniform(0, 6), rng.uniform(0, 2.5)
    part, (z, y, x) = brain.box((-10, -75, -6), (88, 108, 6))
    between = ((z > 22 - 0.1 * np.abs(y)) | (y > 64) | (y < -40)) & (brain.hull[part] < 1)
    brain.lay(part, np.clip(0.5 - (np.abs(x - bow * np.sin(y / 40 + phase)) - thick) / 1.2, 0, 1) * between, hu)
    roof_high, slope = rng.normal(9, 2), rng.normal(0.42, 0.06)
    part, (z, y, x) = brain.box((-40, 18, -66), (16, 108, 66))
    roof = roof_high - slope * np.abs(x) - 0.2 * (y - 40)
    behind = (np.abs(x) + 0.5 * y > 30) & (brain.hull[part] < 1)
    brain.lay(part, np.clip(0.5 - (np.abs(z - roof) - thick) / 1.2, 0, 1) * behind, hu)
    if rng.random() < 0.25:
        for _ in range(rng.integers(1, 4)):
            place = (rng.uniform(28, 66), rng.uniform(-55, 30), rng.normal(0, 1))
            brain.ball(place, (rng.uniform(3, 12), rng.uniform(4, 18), rng.uniform(0.8, 2.2)), rng.uniform(75, 500))


def _arteries(rng: np.random.Generator, brain: _Brain) -> None:
    hu = rng.uniform(40, 58)
    move = rng.normal(0, 2, 3)
    brain.tube(np.array(_BASILAR) + move, rng.uniform(1.2, 2.8), hu)
    for side in (-1, 1):
        brain.tube(np.array(_mirrored(_CAROTID, side)) + move, rng.uniform(1.2, 2.4), hu)
        brain.tube(np.array(_mirrored(_MIDDLE_CEREBRAL, side)) + move, rng.uniform(0.8, 1.8), hu)
        if rng.random() < 0.3:
            brain.ball(np.array(_mirrored(_CAROTID, side)[1]) + move, rng.uniform(1, 2.5, 3), rng.uniform(120, 600))


def _bone(rng: np.random.Generator, brain: _Brain) -> None:
    """Petrous ridges, orbital roofs and the sella, which reach into the slices above them by a part of a pixel or of a slice."""
    for side in (-1, 1):
        height = rng.normal(-30, 3)
        ridge = [(height - 2, 6.0, 12.0), (height, 17.0, 30.0), (height + 1, 30.0, 52.0)]
        brain.tube(_mirrored(ridge, side), rng.uniform(2.5, 6.5), rng.uniform(500, 1200), 1.6)
        for _ in range(rng.integers(1, 4)):
            place = (rng.normal(-23, 3), rng.uniform(-56, -28), side * rng.uniform(12, 32))
            brain.ball(place, (rng.uniform(2, 6), rng.uniform(4, 14), rng.uniform(4, 12)), rng.uniform(400, 1100), 1.6)
    brain.ball((rng.normal(-24, 3), rng.normal(3, 2), 0.0), rng.uniform(2.5, 5.5, 3), rng.uniform(300, 1000), 1.6)
    if rng.random() < 0.5:
        brain.ball((rng.normal(-14, 4), rng.normal(-66, 3), 0.0), (rng.uniform(4, 9), 3.5, 2.0), 800.0, 1.6)
    part, (z, _, x) = brain.box((-22, 74, -12), (2, 112, 12))
    knob = np.clip(0.5 + (brain.hull[part] + rng.uniform(2, 6) - 0.4 * np.abs(x) - 0.2 * np.abs(z + 9)) / 1.6, 0, 1)
    brain.lay(part, knob, 900.0)  # inner protuberance of the occipital bone


def _spinal_canal(brain: _Brain, skull_mm: np.ndarray) -> np.ndarray:
    """Foramen magnum and canal, in fluid the cord: a disc between dark fluid and bone, brightened and streaked by it.

    Opens the brain's hull downwards; gives the skull, as thick there as the condyles and the atlas. It has numbers of its own, so
    that everything else in a head is drawn as it would be without it.
    """
    rng = np.random.default_rng([brain.seed, 67])
    radius = rng.uniform(11, 16)
    z0, y0, x0 = np.array(_MEDULLA_MM) + rng.normal(0, 2, 3) * (0, 1, 0.5)
    lean = rng.normal(0, 0.15)
    part, (z, y, x) = brain.box((-90, -5, -50), (_BULB_UP_TO_MM, 95, 50))
    middle = y0 + lean * (z - z0)
    canal = np.hypot(y - middle, (x - x0) * rng.uniform(0.9, 1.1)) - radius
    below = np.clip((_CANAL_FROM_MM - z) / 4, 0, 1)
    before = brain.hull[part]
    hull = np.where(below > 0, np.minimum(before, np.maximum(canal, z - _CANAL_FROM_MM)), before)
    opened = below * (before > -1) * (hull < 1)
    brain.lay(part, opened, rng.uniform(4, 13))
    wide, deep = rng.uniform(5.5, 9.0), rng.uniform(4.5, 8.0)
    grain = noise_field(rng, brain.field, rng.uniform(8, 18))[part]
    off = rng.normal(0, 1.2, 2)
    disc = (np.hypot((y - middle - off[0]) / deep, (x - x0 - off[1]) / wide) - 1) * deep
    cord = np.clip(0.5 - disc / 1.4, 0, 1) * below * (z > -95)
    brain.drawing("spinal cord").lay(part, cord, rng.uniform(32, 50) + rng.uniform(0, 4) * grain)
    brain.hull = brain.hull.copy()
    brain.hull[part] = hull
    thick = skull_mm.copy()
    thick[part] *= 1 + rng.uniform(0.5, 3.0) * below * np.exp(-((np.maximum(canal, 0) / 18) ** 2))
    return thick


def _thick_cortex(rng: np.random.Generator, brain: _Brain) -> None:
    """Grey matter that fills whole slices under the vertex, or is brighter beneath the bone everywhere."""
    from_z, by_hu = rng.uniform(30, 58), rng.uniform(3, 9)
    part, (z, _, _) = brain.box((from_z, -92, -86), (95, 122, 86))
    shell = np.clip((brain.hull[part] + rng.uniform(8, 18)) / 5, 0, 1) * np.clip((z - from_z) / 12, 0, 1)
    tissue = brain.tissue[part]
    tissue += by_hu * shell * (tissue > 24) * (tissue < 48)


def _calcifications(rng: np.random.Generator, brain: _Brain) -> None:
    def lumps(centre, chance: float, largest_mm: float, hu: tuple[float, float], edge_mm: float = 1.0) -> None:
        for side in (-1, 1) if centre[2] else (1,):
            if rng.random() < chance:
                for _ in range(rng.integers(1, 4)):
                    place = np.array([centre[0], centre[1], side * centre[2]]) + rng.normal(0, 2.5, 3) * (1, 1, bool(centre[2]))
                    brain.ball(place, rng.uniform(1.0, largest_mm, 3), rng.uniform(*hu), edge_mm)

    lumps(_PLEXUS_MM, 0.75, 5.0, (55, 300))
    lumps(_PINEAL_MM, 0.6, 3.6, (60, 350))
    lumps((3.0, 2.0, 18.0), 0.18, 4.0, (48, 140), 2.5)
    lumps(_DENTATE_MM, 0.08, 5.0, (50, 120), 2.5)
    lumps((14.0, 20.0, 3.5), 0.2, 2.0, (50, 150))  # habenula and the plexus of the third ventricle
    lumps((-38.0, 40.0, 6.0), 0.15, 2.5, (50, 150))  # plexus of the fourth ventricle


def _opened(rng: np.random.Generator, brain: _Brain, skull_mm: np.ndarray) -> np.ndarray:
    """The skull with an opening of some centimetres."""
    centre = np.array((rng.uniform(10, 50), rng.uniform(-40, 60), rng.choice((-1, 1)) * 68.0))
    radius = rng.uniform(12, 40)
    part, points = brain.box(centre - radius - 10, centre + radius + 10)
    near = np.sqrt(((points - centre[:, None, None, None]) ** 2).sum(0)) < radius
    opened = skull_mm.copy()
    opened[part][near] = 0.3
    return opened


def _drain(rng: np.random.Generator, brain: _Brain) -> None:
    """A drain through the frontal lobe into a ventricle."""
    side = rng.choice((-1, 1))
    entry = (rng.uniform(50, 70), rng.uniform(-40, -15), side * rng.uniform(20, 35))
    tip = (rng.uniform(5, 15), rng.uniform(-18, 5), side * rng.uniform(2, 10))
    brain.tube([entry, tip], rng.uniform(0.8, 1.6), rng.uniform(150, 900))
