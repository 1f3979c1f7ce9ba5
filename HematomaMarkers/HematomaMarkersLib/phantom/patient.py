"""Phantom patients: heads with and without a hematoma, its signs, their near misses, and a follow-up, with exact truth.

Samples, tests and training draw from this one generator. What it shows is made up from published averages, not from patients:
results on it are phantom results.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from LesionReadingLib.geometry.grid import Grid

from ..labels import BLEND, FLUID_LEVEL, HEMATOMA, HYPODENSITY, INTRAVENTRICULAR, IRREGULAR_MARGIN, MARKERS
from .anatomy import Head, Person, draw_head_of, draw_person, room_for_blood, white_matter_place
from .atlas import Field
from .hematoma import LARGEST_ML, LOCATION_CENTRES_MM, LOCATION_SHARES, Hematoma, draw_hematoma
from .physics import Blood, Pose, Scanner, draw_scanner, scan
from .position import draw_pose, draw_slices

SUPINE = np.array([0.0, 1.0, 0.0])
"""Gravity in LPS (x, y, z) of every phantom: lying on the back."""

_SHARE_WITH_HEMATOMA = 0.82
_SMALLEST_SIGN_MM2 = {BLEND: 25.0, HYPODENSITY: 12.0, FLUID_LEVEL: 25.0}
_SMALLEST_IRREGULAR_MM2 = 60.0


@dataclass(frozen=True, eq=False)
class PhantomHead:
    """A scanned phantom patient and the truth about it.

    Attributes:
        hounsfield: int16 (slices, rows, columns). labels: uint8 likewise. grid: where they lie.
        markers: which signs are there. slice_markers: bool (slices, 4), on which slices they can be seen.
        near_misses: what was drawn to look like a sign without being one.
        location: None without a hematoma. volume_ml, ivh_ml: by the voxels of ``labels``.
        drawn_ml: of the hematoma as drawn, before it was cut into voxels.
        gravity: LPS unit vector that points down. seed: which patient.
        others: what else the head shows, by name (``wide``).
        mimics: of the head's coordinates, see ``Head``. pose: how the head lies. age: 0 young to 1 very old, of ``Person``.
    """

    hounsfield: np.ndarray
    labels: np.ndarray
    grid: Grid
    markers: dict[str, bool]
    slice_markers: np.ndarray
    near_misses: tuple[str, ...]
    location: str | None
    volume_ml: float
    ivh_ml: float
    drawn_ml: float
    gravity: np.ndarray
    seed: int
    others: tuple[str, ...] = ()
    mimics: Field | None = None
    pose: Pose | None = None
    age: float = 0.5


@dataclass(frozen=True)
class Patient:
    """What is settled about a patient before any scan.

    Attributes:
        hematoma_seed: of shape and signs. centre_mm: (z, y, x) in the head. volume_ml: at the first scan.
        ventricle_blood: ``"none"``, ``"level"`` (settled in the ventricles) or ``"cast"`` (around the hematoma).
    """

    person: Person
    location: str | None
    hematoma_seed: int
    centre_mm: tuple[float, float, float]
    volume_ml: float
    wanted: frozenset[str]
    near_misses: tuple[str, ...]
    ventricle_blood: str


def draw_head(
    seed: int,
    size: int = 512,
    slice_mm: float | None = None,
    tilt_deg: float | None = None,
    wanted: frozenset[str] | None = None,
    volume_ml: float | None = None,
    location: str | None = None,
) -> PhantomHead:
    """Draw and scan the phantom patient ``seed``.

    Args:
        size: rows and columns. slice_mm: distance of slices along the table; as the patient's scanner has it where None.
        tilt_deg: of the gantry, likewise. wanted: markers; as the patient has them where None. volume_ml, location: likewise.
    """
    patient = draw_patient(seed)
    if wanted is not None or volume_ml is not None or location is not None:
        patient = _with_hematoma(patient, seed, wanted, volume_ml, location)
    return _scanned(patient, seed, 0, 0.0, size, slice_mm, tilt_deg)


def draw_follow_up(
    seed: int, growth_ml: float, size: int = 512, slice_mm: float | None = None, tilt_deg: float | None = None, **of_first
) -> PhantomHead:
    """Scan the phantom patient ``seed`` again, in another pose, after the hematoma has grown by ``growth_ml`` (as drawn).

    Args:
        of_first: ``wanted``, ``volume_ml`` and ``location`` as they were given to ``draw_head``.
    """
    patient = draw_patient(seed)
    if of_first:
        patient = _with_hematoma(patient, seed, **{"wanted": None, "volume_ml": None, "location": None, **of_first})
    return _scanned(patient, seed, 1, growth_ml, size, slice_mm, tilt_deg)


def draw_patient(seed: int) -> Patient:
    """Settle what patient ``seed`` has."""
    rng = np.random.default_rng([seed, 31])
    person = draw_person(rng)
    if rng.random() > _SHARE_WITH_HEMATOMA:
        return Patient(person, None, 0, (0.0, 0.0, 0.0), 0.0, frozenset(), (), "none")
    location = str(rng.choice(list(LOCATION_SHARES), p=list(LOCATION_SHARES.values())))
    volume = float(np.clip(np.exp(rng.normal(np.log(11), 1.0)), 0.5, LARGEST_ML[location] * rng.uniform(0.6, 1)))
    wanted, near_misses = draw_signs(rng)
    chance = {"thalamus": 0.45, "putamen": 0.15, "brainstem": 0.3, "cerebellum": 0.3, "subcortical": 0.1}[location] + 0.006 * volume
    ventricle_blood = str(rng.choice(("level", "cast"))) if rng.random() < chance else "none"
    centre = centre_of(rng, person, location)
    return Patient(person, location, int(rng.integers(2**31)), centre, volume, wanted, near_misses, ventricle_blood)


def _with_hematoma(patient: Patient, seed: int, wanted, volume_ml, location) -> Patient:
    """The patient with what was asked for, and without near misses."""
    rng = np.random.default_rng([seed, 37])
    location = location or patient.location or "putamen"
    moved = location != patient.location
    return replace(
        patient,
        location=location,
        centre_mm=centre_of(rng, patient.person, location) if moved else patient.centre_mm,
        volume_ml=volume_ml or patient.volume_ml or 20.0,
        wanted=patient.wanted if wanted is None else frozenset(wanted),
        near_misses=patient.near_misses if wanted is None else (),
        ventricle_blood="none" if moved else patient.ventricle_blood,
    )


def draw_signs(rng: np.random.Generator) -> tuple[frozenset[str], tuple[str, ...]]:
    """Signs in the overlaps that they have (irregular and heterogeneous go together), and a near miss where a sign is not."""
    irregular = rng.random() < 0.42
    wanted = {IRREGULAR_MARGIN} if irregular else set()
    if rng.random() < (0.48 if irregular else 0.3):
        wanted.add(HYPODENSITY)
    if rng.random() < 0.12:
        wanted.add(FLUID_LEVEL)
    elif rng.random() < 0.3:
        wanted.add(BLEND)
    misses = []
    if not wanted & {BLEND, FLUID_LEVEL} and rng.random() < 0.5:
        misses.append(str(rng.choice(("faint split", "gradual split"))))
    if HYPODENSITY not in wanted and rng.random() < 0.4:
        misses.append(str(rng.choice(("leaking hole", "faint hole"))))
    if not irregular and rng.random() < 0.35:
        misses.append("slightly uneven margin")
    if not wanted & {BLEND, FLUID_LEVEL} and rng.random() < 0.15:
        misses.append("flat top")
    return frozenset(wanted), tuple(misses)


def centre_of(rng: np.random.Generator, person: Person, location: str) -> tuple[float, float, float]:
    """Where a hematoma of a location begins, (z, y, x) of the head."""
    if location == "subcortical":
        return white_matter_place(rng, person)
    z, y, x = (c * s for c, s in zip(LOCATION_CENTRES_MM[location], person.scale, strict=True))
    return float(z + rng.normal(0, 3)), float(y + rng.normal(0, 4)), float(rng.choice((-1, 1)) * (x + rng.normal(0, 2)))


def _scanned(patient: Patient, seed: int, visit: int, growth_ml: float, size: int, slice_mm, tilt_deg) -> PhantomHead:
    rng = np.random.default_rng([seed, 41, visit])
    pose = draw_pose(rng)
    hematoma = hematoma_of(patient, pose, SUPINE, growth_ml)
    head = draw_head_of(patient.person, hematoma)
    pixel_mm = rng.uniform(0.43, 0.50) * 512 / size
    grid, thickness = draw_slices(rng, pose, patient.person, size, pixel_mm, slice_mm=slice_mm, tilt_deg=tilt_deg)
    scanner = draw_scanner(rng, float(np.median(thickness)))
    return scanned(
        rng,
        patient,
        hematoma,
        head=head,
        pose=pose,
        gravity=SUPINE,
        grid=grid,
        thickness_mm=thickness,
        scanner=scanner,
        seed=seed,
    )


def hematoma_of(patient: Patient, pose: Pose, gravity: np.ndarray, growth_ml: float = 0.0) -> Hematoma | None:
    """The hematoma of a patient who lies so; ``gravity`` is the LPS unit vector that points down."""
    if patient.location is None:
        return None
    return draw_hematoma(
        np.random.default_rng(patient.hematoma_seed),
        patient.location,
        patient.centre_mm,
        volume_ml=patient.volume_ml,
        wanted=patient.wanted,
        near_misses=patient.near_misses,
        gravity=pose.rotation.T @ gravity[::-1],
        room_mm=room_for_blood(patient.person),
        growth_ml=growth_ml,
    )


def scanned(
    rng: np.random.Generator,
    patient: Patient,
    hematoma: Hematoma | None,
    *,
    head: Head,
    pose: Pose,
    gravity: np.ndarray,
    grid: Grid,
    thickness_mm: np.ndarray,
    scanner: Scanner,
    seed: int,
) -> PhantomHead:
    """Scan a patient's head and tell the truth about what the slices show."""
    blood = _draw_blood(patient, hematoma, pose.rotation.T @ gravity[::-1])
    hounsfield, labels, sign_mm2 = scan(rng, head, blood, pose, grid, thickness_mm, scanner)
    slice_markers = _slice_markers(labels, sign_mm2, grid, hematoma)
    voxels = [[np.count_nonzero(plane == value) for plane in labels] for value in (HEMATOMA, INTRAVENTRICULAR)]
    volume_ml, ivh_ml = (float(np.dot(counts, grid.voxel_ml)) for counts in voxels)
    return PhantomHead(
        hounsfield,
        labels,
        grid,
        dict(zip(MARKERS, slice_markers.any(0).tolist(), strict=True)),
        slice_markers,
        patient.near_misses,
        patient.location,
        volume_ml,
        ivh_ml,
        hematoma.volume_ml if hematoma else 0.0,
        gravity,
        seed,
        mimics=head.mimics,
        pose=pose,
        age=patient.person.age,
    )


def _draw_blood(patient: Patient, hematoma: Hematoma | None, gravity: np.ndarray) -> Blood:
    rng = np.random.default_rng([patient.hematoma_seed, 43])
    level = reach = None
    if patient.ventricle_blood == "level":
        level = rng.uniform(24, 42)
    elif patient.ventricle_blood == "cast" and hematoma:
        reach = rng.uniform(14, 40)
    return Blood(
        hematoma, level, reach or 0.0, rng.uniform(48, 66), rng.uniform(4, 13), rng.uniform(3, 11), rng.uniform(0.6, 1.8), gravity
    )


def _slice_markers(labels, sign_mm2: np.ndarray, grid: Grid, hematoma: Hematoma | None) -> np.ndarray:
    """bool (slices, 4): a sign counts where enough of it shows, an irregular margin where there is enough hematoma."""
    areas = np.array([np.count_nonzero(plane == HEMATOMA) for plane in labels]) * grid.pixel_mm2
    shown = np.zeros((len(labels), len(MARKERS)), bool)
    if hematoma is None:
        return shown
    for number, marker in enumerate(MARKERS):
        if marker == IRREGULAR_MARGIN:
            shown[:, number] = (marker in hematoma.markers) & (areas >= _SMALLEST_IRREGULAR_MM2)
            continue
        enough = sign_mm2[:, number] >= _SMALLEST_SIGN_MM2[marker]
        if marker != HYPODENSITY:  # both parts must be there to be told apart
            enough &= (sign_mm2[:, number] >= 0.12 * areas) & (sign_mm2[:, number] <= 0.88 * areas)
        shown[:, number] = enough
    return shown
