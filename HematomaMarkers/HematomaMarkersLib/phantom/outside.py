"""Blood in a phantom head besides its hematoma: contusions in the brain; subarachnoid, subdural and epidural blood outside it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..labels import HEMATOMA, OUTSIDE_BRAIN
from .anatomy import Deposit, Head
from .atlas import noise_field

_KINDS = ("subarachnoid", "subdural", "epidural")
_SHARES = (0.45, 0.38, 0.17)
_CENTRE_MM = (15.0, 15.0, 0.0)


def with_more_blood(head: Head, rng: np.random.Generator) -> tuple[Head, tuple[str, ...]]:
    """The head with contusions in one of ten and blood outside the brain in one of four, and the names of what was drawn."""
    points = head.tissue_hu.points_mm()
    deposits, drawn = [], []
    if rng.random() < 0.1:
        deposits.append(Deposit(_field(head, _contusions(rng, head, points)), rng.uniform(46, 62), HEMATOMA))
        drawn.append("contusions")
    if rng.random() < (0.6 if drawn else 0.22):
        kind = str(rng.choice(_KINDS, p=_SHARES))
        share = {"subarachnoid": _subarachnoid, "subdural": _subdural, "epidural": _epidural}[kind](rng, head, points)
        dense = rng.uniform(52, 74) if rng.random() < 0.75 else rng.uniform(42, 54)
        deposits.append(Deposit(_field(head, share), dense, OUTSIDE_BRAIN))
        drawn.append(kind)
    return replace(head, deposits=tuple(deposits)), tuple(drawn)


def _field(head: Head, values: np.ndarray):
    return replace(head.tissue_hu, values=values.astype(np.float32))


def _contusions(rng: np.random.Generator, head: Head, points: np.ndarray) -> np.ndarray:
    """Specks and patches of blood in the cortex, mostly at the base of the frontal and the temporal lobes."""
    grain = noise_field(rng, head.tissue_hu, rng.uniform(7, 14))
    share = np.zeros(grain.shape, np.float32)
    side = rng.choice((-1, 1))
    scale = np.array(head.person.scale)
    for _ in range(rng.integers(1, 5)):
        if rng.random() < 0.75:
            centre = rng.choice(((-14.0, -48.0, 20.0), (-22.0, -14.0, 48.0), (-10.0, 20.0, 58.0)))
        else:
            centre = (rng.uniform(10, 50), rng.uniform(-40, 60), 50.0)
        centre = (np.array(centre) * (1, 1, side) + rng.normal(0, 6, 3)) * scale
        radius = rng.uniform(4, 13)
        away = np.sqrt(((points - centre[:, None, None, None]) ** 2).sum(0)) / radius
        share = np.maximum(share, np.clip(0.5 + (grain + 1.6 * (1 - away)) * 2.5, 0, 1) * (away < 1.3))
    return share * (head.hull_mm.values < -1) * (head.ventricle_mm.values > 1)


def _subarachnoid(rng: np.random.Generator, head: Head, points: np.ndarray) -> np.ndarray:
    """Blood instead of fluid, in the cisterns of the base, a Sylvian fissure, or the furrows of one side."""
    fluid = np.clip((27 - head.tissue_hu.values) / 9, 0, 1) * (head.ventricle_mm.values > 2.5)
    fluid = np.where(head.hull_mm.values > -0.5, 1.0, fluid)
    side = rng.choice((-1, 1))
    centre, reach = (
        ((-16.0, 2.0, 0.0), rng.uniform(20, 45)),
        ((-2.0, -6.0, side * 40.0), rng.uniform(14, 30)),
        ((rng.uniform(20, 55), rng.uniform(-30, 60), side * rng.uniform(15, 50)), rng.uniform(12, 35)),
    )[rng.integers(3)]
    away = np.sqrt(((points - (np.array(centre) * head.person.scale)[:, None, None, None]) ** 2).sum(0))
    return fluid * np.clip((reach - away) / 6 + 0.5, 0, 1)


def _subdural(rng: np.random.Generator, head: Head, points: np.ndarray) -> np.ndarray:
    """A crescent under the skull of one side, or a sheet along the falx or the tentorium."""
    z, y, x = points
    if rng.random() < 0.2:
        thick, side = rng.uniform(1.5, 5), rng.choice((-1, 1))
        share = np.clip(0.5 + (thick - side * x), 0, 1) * (side * x > -1) * ((z > 18) | (y > 62) | (y < -42)) * (z > -8)
        return share * (head.hull_mm.values < 1)
    return _under_the_skull(rng, head, points, np.radians(rng.uniform(45, 95)), rng.uniform(2.5, 16), 0.5)


def _epidural(rng: np.random.Generator, head: Head, points: np.ndarray) -> np.ndarray:
    """A lens under the skull."""
    return _under_the_skull(rng, head, points, np.radians(rng.uniform(18, 38)), rng.uniform(6, 26), 1.0)


def _under_the_skull(rng, head: Head, points: np.ndarray, reach_rad: float, thick_mm: float, power: float) -> np.ndarray:
    """Blood between skull and brain around one direction from the middle, thickest there; at the reach its thickness is 0."""
    side = rng.choice((-1, 1))
    towards = np.array((rng.normal(0.35, 0.4), rng.normal(0, 0.6), side * rng.uniform(0.7, 1.2)))
    towards /= np.linalg.norm(towards)
    away = points - (np.array(_CENTRE_MM) * head.person.scale)[:, None, None, None]
    angle = np.arccos(np.clip(np.tensordot(towards, away, 1) / (np.sqrt((away**2).sum(0)) + 1e-3), -1, 1))
    thick = thick_mm * np.clip(1 - (angle / reach_rad) ** 2, 0, 1) ** power
    depth = head.hull_mm.values - head.person.subarachnoid_mm
    return np.clip(0.5 + depth + thick, 0, 1) * (thick > 0.3) * (side * points[2] > 1)
