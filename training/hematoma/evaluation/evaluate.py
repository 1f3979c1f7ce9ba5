"""One held-out phantom patient after another through the whole chain, and what is kept of each.

Everything goes the way of a real scan: original voxels in, ``prediction.predict``, label map and heat on the original voxels out,
measured as the command line measures. Phantom figures are never comparable with clinical ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from HematomaMarkersLib.labels import HEMATOMA, INTRAVENTRICULAR, MARKERS, OUTSIDE_BRAIN, TASK
from HematomaMarkersLib.measurement.markers.network_result import NetworkResult
from HematomaMarkersLib.measurement.measure import least_sign_ml_on, measure_scan
from HematomaMarkersLib.model.prediction import predict
from HematomaMarkersLib.phantom.position import turned_deg
from HematomaMarkersLib.reading.scan import Scan
from HematomaMarkersLib.triage.decision import triage
from HematomaMarkersLib.triage.rules import read_rules
from LesionReadingLib.geometry.grid import Grid
from LesionReadingLib.model.bundle import find_bundle

from ...processes import in_processes
from ..phantoms import draw_of_range, phantom_scan
from ..slices import WINDOW_HU
from .false_blood import false_blood_ml


@dataclass(frozen=True)
class PatientResult:
    """What is kept of a patient, all of it plain values.

    Attributes:
        number: the phantom seed. location: of the hematoma, None without one. near_misses: drawn to look like markers.
        true_ml, found_ml: volume of the hematoma. true_ivh_ml, found_ivh_ml: of ventricular blood.
        voxels, ivh_voxels: of the original grid: (true and found, true, found).
        true: of every marker, whether it is there. probabilities: of the network, told or not; None where no hematoma was found.
        thresholds: of the bundle.
        evidence: of every marker, whether the measurement alone finds it on the found hematoma.
        slice_numbers: of the slices with true hematoma. slice_true, slice_probabilities: lists of four for each of these; a
            probability is None where no hematoma was found there.
        true_outside_ml, found_outside_ml: of blood outside the brain; None found where the bundle was not taught to see it.
        decision: code of ``triage.Decision``, by the shipped rules. slice_mm: median distance of slices.
        others: what else was drawn, by name.
        false_ml: marked where there is no blood, by cause (``false_blood``).
        age: 0 young to 1 very old. turned_deg: see ``phantom.position``.
        heat_mm: of every marker that is there and called, how far the heat's peak lies from the true hematoma; None where nothing
            is hot.
        volume_range_ml, probability_ranges: (low, high) by the network's own scores; None of a bundle without fitted ranges.
        patient: whose scan it is, where a patient may have several; the number by default. judged: whether the markers are known.
        signs_told: whether what was found is large enough for markers to be told (``ScanMeasurement.shows_signs``).
    """

    number: int
    location: str | None
    near_misses: tuple[str, ...]
    true_ml: float
    found_ml: float
    true_ivh_ml: float
    found_ivh_ml: float
    voxels: tuple[int, int, int]
    ivh_voxels: tuple[int, int, int]
    true: dict[str, bool]
    probabilities: dict[str, float | None]
    thresholds: dict[str, float]
    evidence: dict[str, bool]
    slice_numbers: list[int]
    slice_true: list[list[bool]]
    slice_probabilities: list[list[float | None]]
    heat_mm: dict[str, float | None]
    true_outside_ml: float = 0.0
    found_outside_ml: float | None = None
    decision: str = ""
    slice_mm: float = 0.0
    others: tuple[str, ...] = ()
    false_ml: dict[str, float] = field(default_factory=dict)
    age: float | None = None
    turned_deg: float | None = None
    volume_range_ml: tuple[float, float] | None = None
    probability_ranges: dict[str, tuple[float, float] | None] | None = None
    patient: str = ""
    judged: bool = True
    signs_told: bool = True


def evaluate(model: Path, seeds: Sequence[int], device: str, processes: int, phantoms: str = "ordinary") -> Iterator[PatientResult]:
    """Yield the result of each phantom patient in order; nothing but the results is kept.

    Args:
        model: the bundle's folder. processes: patients at once, each on one thread. phantoms: one of ``phantoms.RANGES``.
    """
    yield from in_processes(partial(patient_result, model, device, phantoms), seeds, processes=processes)


def patient_result(model: Path, device: str, phantoms: str, seed: int) -> PatientResult:
    """Draw a patient, let the bundle read the scan, and compare with the truth."""
    head = draw_of_range(seed, phantoms)
    names = ("location", "near_misses", "others", "age")
    facts = {"turned_deg": turned_deg(head.pose)} | {name: getattr(head, name) for name in names}
    truth = Truth(head.labels, {marker: bool(head.markers[marker]) for marker in MARKERS}, head.slice_markers, facts)
    result, found = compared(seed, phantom_scan(head), truth, model, device)
    return replace(result, false_ml=false_blood_ml(head, found))


@dataclass(frozen=True, eq=False)
class Truth:
    """What is true of a scan.

    Attributes:
        labels: uint8 (slices, rows, columns) on the scan's voxels. markers: name -> whether it is there.
        slice_markers: bool (slices, 4). facts: further fields of the result.
        judged: numbers of the slices of which anything is known; None for all.
    """

    labels: np.ndarray
    markers: dict[str, bool]
    slice_markers: np.ndarray
    facts: dict[str, Any]
    judged: Sequence[int] | None = None


def compared(number: int, scan: Scan, truth: Truth, model: Path, device: str) -> tuple[PatientResult, np.ndarray]:
    """Let a bundle read a scan and compare with the truth; give the found labels (slices, rows, columns), too.

    Slices of which nothing is known count on neither side; whether signs are told is of the hematoma as a whole.
    """
    segmentation, network = predict(scan, find_bundle(model, TASK), device, WINDOW_HU, lambda done, total: None)
    rules = read_rules()
    labels, found = truth.labels, segmentation.labels
    least_sign_ml = least_sign_ml_on(scan, rules.least_sign_ml, rules.least_sign_in_pictures_ml)
    measured = measure_scan(scan, found, least_ml=rules.below_ml, least_sign_ml=least_sign_ml)
    signs_told = measured.shows_signs
    if truth.judged is not None:
        unknown = np.ones(len(labels), bool)
        unknown[list(truth.judged)] = False
        labels, found = (np.where(unknown[:, None, None], 0, each).astype(np.uint8) for each in (labels, found))
        least_sign_ml = 0.0 if signs_told else least_sign_ml  # the whole hematoma decides it
        measured = measure_scan(scan, found, least_ml=rules.below_ml, least_sign_ml=least_sign_ml)
    shown = np.flatnonzero((labels == HEMATOMA).any(axis=(1, 2)))
    true_ml, true_ivh_ml, true_outside_ml = (
        float((labels == value).sum(axis=(1, 2)) @ scan.grid.voxel_ml) for value in (HEMATOMA, INTRAVENTRICULAR, OUTSIDE_BRAIN)
    )
    result = PatientResult(
        number=number,
        true_ml=true_ml,
        found_ml=measured.volume_ml,
        true_ivh_ml=true_ivh_ml,
        found_ivh_ml=measured.ivh_ml,
        voxels=_overlap(labels == HEMATOMA, found == HEMATOMA),
        ivh_voxels=_overlap(labels == INTRAVENTRICULAR, found == INTRAVENTRICULAR),
        true=truth.markers,
        probabilities=network.probabilities,
        thresholds=network.thresholds,
        evidence={marker: bool(measured.evidence[marker].found) for marker in MARKERS},
        slice_numbers=shown.tolist(),
        slice_true=truth.slice_markers[shown].tolist(),
        slice_probabilities=[[_known(value) for value in row] for row in network.slice_probabilities[shown]],
        heat_mm=_heat_mm(scan.grid, labels == HEMATOMA, truth.markers, network),
        true_outside_ml=true_outside_ml,
        found_outside_ml=network.outside.volume_ml if network.outside else None,
        decision=str(triage(measured, network, None, rules).decision),
        slice_mm=float(np.median(scan.grid.extents_mm)),
        volume_range_ml=network.sureness.volume_ml if network.sureness else None,
        probability_ranges=dict(network.sureness.probabilities) if network.sureness else None,
        signs_told=signs_told,
        **truth.facts,
    )
    return result, found


def distance_mm(grid: Grid, index: Sequence[int], mask: np.ndarray) -> float:
    """How far a voxel (slice, row, column) lies from the nearest voxel of a mask (slices, rows, columns) that is not empty."""
    if mask[tuple(index)]:
        return 0.0
    return float(np.linalg.norm(grid.lps_mm(np.argwhere(mask)) - grid.lps_mm(np.array(index)), axis=1).min())


def _heat_mm(grid: Grid, hematoma: np.ndarray, true: dict[str, bool], network: NetworkResult) -> dict[str, float | None]:
    found = {}
    for marker in MARKERS:
        probability = network.probabilities[marker]
        if true[marker] and hematoma.any() and probability is not None and probability >= network.thresholds[marker]:
            heat = np.stack(network.heat(marker))
            peak = np.unravel_index(heat.argmax(), heat.shape)
            found[marker] = distance_mm(grid, peak, hematoma) if heat.any() else None
    return found


def _overlap(true: np.ndarray, found: np.ndarray) -> tuple[int, int, int]:
    return int(np.count_nonzero(true & found)), int(np.count_nonzero(true)), int(np.count_nonzero(found))


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
