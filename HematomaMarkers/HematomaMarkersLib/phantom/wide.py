"""The wide range of phantom heads: patients, positions, scanners and pictures as far apart as clinics have them.

An ordinary phantom lies straight, bleeds well visibly into the deep brain, and shows few things that look like blood. Here bleeds
of 0.3 mL and dim ones are as frequent as large ones, a third of the heads does not bleed at all, heads are turned by up to 40
degrees, and what looks like blood (``mimics``) or is blood outside the brain (``outside``) is drawn as wide.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np

from ..labels import FLUID_LEVEL, IRREGULAR_MARGIN
from .anatomy import Person, draw_head_of
from .atlas import atlas
from .hematoma import LARGEST_ML, Hematoma
from .mimics import with_false_friends
from .outside import with_more_blood
from .patient import SUPINE, Patient, PhantomHead, centre_of, draw_patient, draw_signs, hematoma_of, scanned
from .physics import Pose, Scanner, draw_scanner
from .position import draw_slices, turned_pose

SIZE = 256
LEAST_ML = 0.3
_LOCATIONS = {"putamen": 0.22, "thalamus": 0.22, "subcortical": 0.14, "cortex": 0.18, "cerebellum": 0.13, "brainstem": 0.11}
_STEPS_MM = (0.5, 0.75, 1.0, 1.25, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 7.5, 10.0)
_STEP_SHARES = (0.02, 0.03, 0.06, 0.06, 0.09, 0.1, 0.14, 0.11, 0.21, 0.07, 0.07, 0.04)
_LOWEST_MM = (-96.0, -60.0)
"""Where a scan begins: from the second vertebra to the skull's base."""
_PICTURE_WINDOWS_HU = ((0.0, 80.0), (0.0, 80.0), (0.0, 80.0), (0.0, 100.0), (-20.0, 100.0), (-5.0, 95.0))


def draw_wide_head(seed: int) -> PhantomHead:
    """Draw and scan patient ``seed`` of the wide range, on slices of 256 x 256 pixels."""
    rng = np.random.default_rng([seed, 59])
    patient = _wide_patient(seed, rng)
    pose, gravity = _wide_pose(rng)
    hematoma = hematoma_of(patient, pose, gravity)
    if hematoma:
        hematoma = _recoloured(hematoma, patient.person, rng)
    head, friends = with_false_friends(draw_head_of(patient.person, hematoma), rng)
    head, more_blood = with_more_blood(head, rng)
    step_mm = float(rng.choice(_STEPS_MM, p=_STEP_SHARES)) if rng.random() < 0.9 else None
    pixel_mm = rng.uniform(180, 320) / SIZE
    lowest_mm = float(np.random.default_rng([seed, 61]).uniform(*_LOWEST_MM))
    grid, thickness_mm = draw_slices(
        rng, pose, patient.person, SIZE, pixel_mm, slice_mm=step_mm, tilt_deg=None, lowest_mm=lowest_mm
    )
    scanner = _wide_scanner(rng, float(np.median(thickness_mm)))
    drawn = scanned(
        rng,
        patient,
        hematoma,
        head=head,
        pose=pose,
        gravity=gravity,
        grid=grid,
        thickness_mm=thickness_mm,
        scanner=scanner,
        seed=seed,
    )
    drawn = replace(drawn, others=(*friends, *more_blood))
    return as_pictures(drawn, rng) if rng.random() < 0.2 else drawn


def draw_wide_patient(seed: int) -> Patient:
    """Settle what patient ``seed`` of the wide range has."""
    return _wide_patient(seed, np.random.default_rng([seed, 59]))


def _wide_patient(seed: int, rng: np.random.Generator) -> Patient:
    """An ordinary patient with another head, and with another hematoma or none."""
    person = _wide_person(draw_patient(seed).person, rng)
    hematoma_seed = int(rng.integers(2**31))
    if rng.random() < 0.34:
        return Patient(person, None, hematoma_seed, (0.0, 0.0, 0.0), 0.0, frozenset(), (), "none")
    place = str(rng.choice(list(_LOCATIONS), p=list(_LOCATIONS.values())))
    location = "subcortical" if place == "cortex" else place
    small = rng.random() < 0.5
    volume_ml = float(np.exp(rng.uniform(np.log(LEAST_ML), np.log(3.0)) if small else rng.normal(np.log(12), 0.9)))
    volume_ml = float(np.clip(volume_ml, LEAST_ML, LARGEST_ML[location] * rng.uniform(0.6, 1)))
    wanted, near_misses = draw_signs(rng)
    if volume_ml < 1.5:  # no room for parts of different density that anybody could tell apart
        wanted, near_misses = wanted & {IRREGULAR_MARGIN}, ()
    elif volume_ml < 4:
        wanted = wanted - {FLUID_LEVEL}
    blood = str(rng.choice(("none", "level", "cast"), p=(0.78, 0.11, 0.11)))
    centre = _cortical_place(rng, person) if place == "cortex" else centre_of(rng, person, location)
    return Patient(person, location, hematoma_seed, centre, volume_ml, wanted, near_misses, blood)


def _wide_person(person: Person, rng: np.random.Generator) -> Person:
    age = float(rng.choice((rng.uniform(0, 0.4), rng.uniform(0.3, 1.0))))
    if rng.random() < 0.05:  # an infant: a small and thin skull, and little contrast
        white = rng.uniform(22, 27)
        scale = tuple((rng.uniform(0.72, 0.85) * rng.normal(1, 0.02, 3)).tolist())
        return Person(scale, 0.02, rng.uniform(0.6, 4), rng.uniform(2, 3.5), rng.uniform(2, 4), white + 5, white, person.warp_seed)
    white = rng.uniform(25, 33)
    return replace(
        person,
        scale=tuple(np.clip(np.array(person.scale) * rng.normal(1, 0.02, 3), 0.82, 1.07).tolist()),
        age=age,
        subarachnoid_mm=0.3 + 3.2 * age * rng.random(),
        skull_mm=rng.uniform(3.5, 10.0),
        white_hu=white,
        grey_hu=white + rng.uniform(5.0, 11.0),
    )


def _cortical_place(rng: np.random.Generator, person: Person) -> tuple[float, float, float]:
    """A place in or just under the cortex (z, y, x)."""
    places = _cortex_mm()
    return tuple(float(c) for c in places[rng.integers(len(places))] * person.scale)


@lru_cache(maxsize=1)
def _cortex_mm() -> np.ndarray:
    """(places, 3) of the average head."""
    average = atlas()
    z, _, x = average.white.points_mm()
    depth = -average.hull_mm.values
    places = np.argwhere((depth > 6) & (depth < 13) & (z > -30) & (z < 62) & (np.abs(x) > 12))
    return places * average.white.step_mm + average.white.origin_mm


def _wide_pose(rng: np.random.Generator) -> tuple[Pose, np.ndarray]:
    """Turned by up to 40 degrees, tilted, and now and then lying on the face; and where down is."""
    yaw = rng.normal(0, 6) if rng.random() < 0.55 else rng.uniform(-40, 40)
    turns_deg = (float(yaw), float(rng.normal(0, 6)), float(rng.normal(4, 9)))
    shift_mm = (rng.uniform(-700, 100), rng.uniform(-22, 12), rng.uniform(-12, 12))
    return turned_pose(turns_deg, shift_mm), SUPINE if rng.random() < 0.95 else -SUPINE


def _recoloured(hematoma: Hematoma, person: Person, rng: np.random.Generator) -> Hematoma:
    """Dim blood (subacute, or of an anaemic patient) or very dense blood; one with parts of different density only a little so."""
    kind, parts = rng.random(), bool(hematoma.markers - {IRREGULAR_MARGIN})
    values = hematoma.density_hu.values
    mean = float(values[hematoma.level_mm.values < 0].mean())
    if kind < 0.35 and not parts:
        wanted = person.grey_hu + rng.uniform(5, 12)
    elif kind < 0.55:
        wanted = mean + rng.uniform(2, 14)
    else:
        return hematoma
    return replace(hematoma, density_hu=replace(hematoma.density_hu, values=(values + (wanted - mean)).astype(np.float32)))


def _wide_scanner(rng: np.random.Generator, thickness_mm: float) -> Scanner:
    """An ordinary scanner with more or less noise, blur and beam hardening."""
    scanner = draw_scanner(rng, thickness_mm)
    return replace(
        scanner,
        noise_hu=scanner.noise_hu * rng.uniform(0.5, 1.4),
        noise_pixels=rng.uniform(0.4, 1.4),
        blur_mm=rng.uniform(0.3, 1.1),
        cupping_hu=rng.uniform(0, 12),
        streaks_hu=rng.uniform(0, 18),
    )


def as_pictures(head: PhantomHead, rng: np.random.Generator) -> PhantomHead:
    """The head as 8-bit pictures cut to a window hold it: air at the floor, bone at the ceiling."""
    low, high = _PICTURE_WINDOWS_HU[rng.integers(len(_PICTURE_WINDOWS_HU))]
    grey = np.rint((np.clip(head.hounsfield, low, high) - low) * (255 / (high - low)))
    return replace(head, hounsfield=np.rint(grey * ((high - low) / 255) + low).astype(np.int16), others=(*head.others, "pictures"))
