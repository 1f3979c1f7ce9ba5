"""A phantom head: brain warped from the atlas, with age, old lesions and calcifications that a reader must not take for blood.

Coordinates are those of the head: mm, (z, y, x) of LPS, origin at the anterior commissure. Attenuation in HU: grey matter 37 to
40, white 28 to 30, fluid 5 to 15, dura 50, skull 800 to 1000 and more, fat -80.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from .atlas import Field, atlas, empty_field, noise_field
from .hematoma import Hematoma

STEP_MM = 1.25
_NEAR_MM = 12.0  # beyond the hull: nothing of the brain is read from farther away, so that it is not drawn there
_FAR_MM = 99.0
_LOW_MM, _HIGH_MM = (-82.0, -92.0, -86.0), (92.0, 122.0, 86.0)
_USUAL_SCALE = 0.94
"""The average brain's space is larger than people: its hull holds 1.8 L, theirs 1.5 L."""
_PINEAL_MM, _PLEXUS_MM, _PALLIDUM_MM = (4.0, 28.0, 0.0), (12.0, 39.0, 26.0), (0.0, 3.0, 19.0)


@dataclass(frozen=True)
class Person:
    """What makes a head this person's, drawn once per patient.

    Attributes:
        scale: (z, y, x) against the average head. age: 0 young to 1 very old. subarachnoid_mm: between brain and skull.
        skull_mm, scalp_mm: thickness. grey_hu, white_hu: attenuation. warp_seed: of the smooth warp.
    """

    scale: tuple[float, float, float]
    age: float
    subarachnoid_mm: float
    skull_mm: float
    scalp_mm: float
    grey_hu: float
    white_hu: float
    warp_seed: int


@dataclass(frozen=True, eq=False)
class Deposit:
    """Blood that is no part of the hematoma as drawn.

    Attributes:
        share: how much of each place it takes, 0 to 1. hu: its attenuation. label: its value of ``labels``.
    """

    share: Field
    hu: float
    label: int


@dataclass(frozen=True, eq=False)
class Head:
    """A head, to be read anywhere.

    Attributes:
        tissue_hu: what is inside the brain's hull, without blood.
        hull_mm, ventricle_mm: signed distances, negative inside.
        skull_mm: the skull's thickness over each place. coarse: smooth random numbers for fat, muscle, air cells.
        person: whose head it is. deposits: blood besides the hematoma.
        mimics: uint8, what looks like blood and is none, see ``mimics``; None where it was not told.
    """

    tissue_hu: Field
    hull_mm: Field
    ventricle_mm: Field
    skull_mm: Field
    coarse: Field
    person: Person
    deposits: tuple[Deposit, ...] = ()
    mimics: Field | None = None


def draw_person(rng: np.random.Generator) -> Person:
    """A person of any age; most who bleed are old."""
    age = float(np.clip(rng.beta(2.2, 1.6), 0.02, 1))
    white = rng.uniform(27, 31)
    return Person(
        tuple(rng.normal(_USUAL_SCALE, 0.035, 3).clip(0.85, 1.05).tolist()),
        age,
        0.4 + 2.8 * age * rng.random(),
        rng.uniform(4.5, 8.5),
        rng.uniform(3.5, 8.0),
        white + rng.uniform(5.5, 9.0),
        white,
        int(rng.integers(2**31)),
    )


def room_for_blood(person: Person) -> Callable[[np.ndarray], np.ndarray]:
    """How far points (3, ...) lie outside the brain, less a margin to the skull; the other half counts as outside."""

    def room(points: np.ndarray) -> np.ndarray:
        scaled = _scaled(points, person)
        outside = atlas().hull_mm.at(scaled) + 2.5
        middle = points.shape[-1] // 2
        side = float(np.sign(points[2][..., middle].ravel()[0]))
        above_tentorium = points[0] > -12
        return np.maximum(outside, np.where(above_tentorium, 1.5 - side * points[2], -np.inf))

    return room


def white_matter_place(rng: np.random.Generator, person: Person) -> tuple[float, float, float]:
    """A place in the white matter under the cortex, above the tentorium (z, y, x)."""
    average = atlas()
    z, _, x = (axis for axis in average.white.points_mm())
    depth = -average.hull_mm.values
    places = np.argwhere((average.white.values > 0.75) & (depth > 13) & (depth < 27) & (z > -5) & (z < 55) & (np.abs(x) > 16))
    chosen = places[rng.integers(len(places))]
    return tuple(
        float((o + i * average.white.step_mm) * s) for o, i, s in zip(average.white.origin_mm, chosen, person.scale, strict=True)
    )


def draw_head_of(person: Person, hematoma: Hematoma | None) -> Head:
    """The head of a person; a hematoma pushes the brain around it aside (the blood itself is laid on when the head is scanned)."""
    rng = np.random.default_rng(person.warp_seed)
    average = atlas()
    grid = empty_field(_LOW_MM, _HIGH_MM, STEP_MM)
    points = grid.points_mm()
    long_warp = np.stack([noise_field(rng, grid, 80) * 2.2 for _ in range(3)])
    warp = long_warp + np.stack([noise_field(rng, grid, 28) * 0.8 for _ in range(3)])
    still = _scaled(points, person)
    hull = average.hull_mm.at(still + 0.6 * long_warp) * float(np.mean(person.scale))
    near = hull < _NEAR_MM
    moved = _scaled(_pushed_aside(points[:, near], hematoma), person) + warp[:, near]
    grey, white, ventricle = (np.full(hull.shape, far, np.float32) for far in (0, 0, _FAR_MM))
    ventricle[near] = average.ventricle_mm.at(moved) - _ventricle_growth_mm(rng, person)
    grey[near], white[near] = average.grey.at(moved), average.white.at(moved)
    tissue = _tissue(rng, grid, points, person, grey, white, hull, ventricle)
    skull = person.skull_mm * np.clip(1 + 0.17 * noise_field(rng, grid, 80), 0.6, 1.6)
    made = (tissue, hull, ventricle, skull, noise_field(rng, grid, 14))
    return Head(*(replace(grid, values=values.astype(np.float32)) for values in made), person)


def _scaled(points: np.ndarray, person: Person) -> np.ndarray:
    return points / np.asarray(person.scale, np.float32).reshape(3, *[1] * (points.ndim - 1))


def _ventricle_growth_mm(rng: np.random.Generator, person: Person) -> float:
    return float(rng.normal(-0.3 + 2.6 * person.age, 0.6))


def _pushed_aside(points: np.ndarray, hematoma: Hematoma | None) -> np.ndarray:
    """Where the tissue that is now at each of (3, n) points was before the bleeding: blood takes a ball's room, the push fades."""
    if hematoma is None:
        return points
    centre = np.asarray(hematoma.centre_mm, np.float32)[:, None]
    away = points - centre
    distance = np.sqrt((away**2).sum(0)) + 1e-3
    before = np.cbrt(np.maximum(distance**3 - 0.75 * hematoma.radius_mm**3, (0.3 * distance) ** 3))
    fading = np.exp(-((distance / 55) ** 2))
    return points - away / distance * (distance - before) * fading


def _tissue(rng, grid: Field, points, person: Person, grey, white, hull, ventricle) -> np.ndarray:
    share = np.clip(grey + white, 1e-3, 1)
    # Ageing thins the cortex and widens the furrows: what is partly fluid becomes more so.
    kept = share ** (0.8 + 1.6 * person.age)
    # The average of many brains is blurred: a steeper step from grey to white makes it one brain's again.
    white = kept * np.clip(1.7 * (white / share - 0.5) + 0.5, 0, 1)
    grey = kept - white
    fluid_hu = rng.uniform(6, 12)
    leukoaraiosis = max(0.0, rng.normal(7 * person.age - 2, 2)) * np.exp(-((np.maximum(ventricle, 0) / 9) ** 2))
    tissue = grey * person.grey_hu + white * (person.white_hu - leukoaraiosis) + (1 - grey - white) * fluid_hu
    tissue += noise_field(rng, grid, 35) * 0.7
    lay(tissue, np.clip(0.5 - ventricle / 1.2, 0, 1), rng.uniform(4, 9))
    for _ in range(rng.poisson(0.5 * person.age)):
        _old_infarct(rng, tissue, points, hull)
    _dura(rng, tissue, points, hull, share)
    _calcifications(rng, tissue, points, person)
    return tissue


def lay(tissue: np.ndarray, share: np.ndarray, hu) -> None:
    """Let something of ``hu`` take a share, 0 to 1, of each place of ``tissue``, in place."""
    tissue += share * (hu - tissue)


def _lay_ball(tissue, points, centre, radii, hu, edge_mm: float = 1.0, where: np.ndarray | None = None) -> None:
    """Let an ellipsoid with a soft edge be of ``hu``, in place; only the box around it is worked on.

    Args:
        where: of the tissue's shape, booleans, to which it is confined.
    """
    axes = points[0, :, 0, 0], points[1, 0, :, 0], points[2, 0, 0, :]
    reach = 1 + edge_mm / min(radii)
    box = tuple(_between(axis, c - r * reach, c + r * reach) for axis, c, r in zip(axes, centre, radii, strict=True))
    local = [(axis[box] - c) / r for axis, c, r in zip(points, centre, radii, strict=True)]
    distance = (np.sqrt(sum(part**2 for part in local)) - 1) * min(radii)
    share = np.clip(0.5 - distance / edge_mm, 0, 1)
    lay(tissue[box], share if where is None else share * where[box], hu)


def _between(axis: np.ndarray, low: float, high: float) -> slice:
    """Where on an ascending axis its places lie between two others."""
    return slice(*np.searchsorted(axis, (low, high)))


def _old_infarct(rng, tissue, points, hull) -> None:
    if rng.random() < 0.6:  # a lacune
        centre = (rng.uniform(-2, 22), rng.uniform(-12, 22), rng.choice((-1, 1)) * rng.uniform(10, 28))
        radii = rng.uniform(2, 5, 3)
    else:
        centre = (rng.uniform(-10, 45), rng.uniform(-45, 65), rng.choice((-1, 1)) * rng.uniform(28, 58))
        radii = rng.uniform(8, 22, 3)
    _lay_ball(tissue, points, centre, radii, rng.uniform(10, 24), 4.0, hull < 0)


def _dura(rng, tissue, points, hull, share) -> None:
    """Falx, tentorium and the large sinuses: denser than brain, the first that a careless eye takes for blood."""
    z, y, x = points
    dura_hu, sinus_hu = rng.uniform(44, 58), rng.uniform(48, 66)
    bow = 1.5 * np.sin(y / 40 + rng.uniform(0, 6))
    between = (hull < 1) & ((z > 14) | (y > 62) | (y < -38)) & (z > -12)
    lay(tissue, np.exp(-(((x - bow) / 0.9) ** 2)) * between * np.clip(1.2 - share, 0, 1), dura_hu)
    roof = 9 - 0.42 * np.abs(x) - 0.22 * (y - 40)
    behind = (hull < 1) & (y > 22) & (np.abs(x) + 0.5 * y > 32)
    lay(tissue, np.exp(-(((z - roof) / 0.9) ** 2)) * behind * np.clip(1.4 - share, 0.2, 1), dura_hu)
    top = (np.abs(x) < 4) & (hull > -6) & ((z > 25) | (y > 50)) & (z > -10)
    side = (hull > -5) & (np.abs(z + 14) < 4) & (y > 25)
    lay(tissue, 0.9 * (top | side), sinus_hu)


def _calcifications(rng, tissue, points, person: Person) -> None:
    if rng.random() < 0.35 + 0.4 * person.age:
        _lay_ball(tissue, points, _PINEAL_MM, rng.uniform(1.5, 3.2, 3), rng.uniform(70, 350))
    if rng.random() < 0.3 + 0.5 * person.age:
        for side in (-1, 1):
            if rng.random() < 0.85:
                place = (
                    _PLEXUS_MM[0] + rng.normal(0, 2),
                    _PLEXUS_MM[1] + rng.normal(0, 3),
                    side * (_PLEXUS_MM[2] + rng.normal(0, 2)),
                )
                _lay_ball(tissue, points, place, rng.uniform(1.5, 4.5, 3), rng.uniform(50, 300))
    if rng.random() < 0.15:
        for side in (-1, 1):
            place = (_PALLIDUM_MM[0], _PALLIDUM_MM[1] + rng.normal(0, 2), side * _PALLIDUM_MM[2])
            _lay_ball(tissue, points, place, rng.uniform(1.5, 4.0, 3), rng.uniform(46, 110), 2.5)
