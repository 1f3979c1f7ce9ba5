"""A small head with a hematoma, drawn from its geometry in the patient, so that every way of storing it shows the same patient."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from HematomaMarkersLib.labels import HEMATOMA, INTRAVENTRICULAR, MARKERS
from HematomaMarkersLib.measurement.markers.network_result import NetworkResult
from HematomaMarkersLib.model.inference import HeadReading
from HematomaMarkersLib.model.prediction import heat_map
from HematomaMarkersLib.model.preparation.prepare import Steps, prepare
from HematomaMarkersLib.reading.scan import Scan
from LesionReadingLib.geometry.grid import Grid, stacked_grid

HEAD_RADII_MM = np.array([70.0, 85.0, 62.0])
HEMATOMA_MIDDLE_MM, HEMATOMA_RADII_MM = np.array([28.0, -20.0, 5.0]), np.array([20.0, 12.0, 15.0])  # patient's left, front
VENTRICLE_MIDDLE_MM, VENTRICLE_RADII_MM = np.array([-6.0, 20.0, 12.0]), np.array([5.0, 14.0, 12.0])
BRAIN_HU, HEMATOMA_HU, BONE_HU, AIR_HU = 32, 62, 800, -1000

SUPINE = (1, 1, 1)
PRONE = (-1, -1, 1)
FEET_FIRST = (1, 1, -1)
MIRRORED = (-1, 1, 1)


def a_grid(
    signs: tuple[int, int, int] = SUPINE,
    pixel_mm: tuple[float, float] = (2.0, 2.0),
    slice_mm: float = 5.0,
    side_mm: float = 200.0,
    transposed: bool = False,
    tilt_deg: float = 0.0,
) -> Grid:
    """A grid around the head.

    Args:
        signs: of LPS x, y and z along which columns, rows and slices run. transposed: rows run along x and columns along y.
        pixel_mm: (row, column).
    """
    across, down = np.array([signs[0], 0.0, 0.0]), np.array([0.0, signs[1], 0.0])
    if transposed:
        across, down = down, across
    rows, columns = (round(side_mm / step) for step in pixel_mm)
    corner = -(across * (columns - 1) * pixel_mm[1] + down * (rows - 1) * pixel_mm[0]) / 2
    places = (np.arange(round(140 / slice_mm)) + 0.5) * slice_mm - 70
    step = np.array([0.0, np.tan(np.radians(tilt_deg)), 1.0]) * signs[2]
    return stacked_grid((rows, columns), pixel_mm, down, across, corner + places[:, None] * step, slice_mm)


def a_head(grid: Grid, moved: np.ndarray | None = None, ventricles: bool = True) -> tuple[Scan, np.ndarray]:
    """The head on a grid, and its labels.

    Args:
        moved: (4, 4) rigid motion of the patient, LPS mm; None for none.
    """
    indices = np.moveaxis(np.indices(grid.shape), 0, -1)
    points = grid.lps_mm(indices)
    if moved is not None:
        back = np.linalg.inv(moved)
        points = points @ back[:3, :3].T + back[:3, 3]

    def inside(middle: np.ndarray, radii: np.ndarray) -> np.ndarray:
        return (((points - middle) / radii) ** 2).sum(axis=-1) <= 1

    hounsfield = np.where(inside(0, HEAD_RADII_MM), BONE_HU, AIR_HU)
    hounsfield[inside(0, HEAD_RADII_MM - 6)] = BRAIN_HU
    labels = np.zeros(grid.shape, np.uint8)
    if ventricles:
        labels[inside(VENTRICLE_MIDDLE_MM, VENTRICLE_RADII_MM)] = INTRAVENTRICULAR
    labels[inside(HEMATOMA_MIDDLE_MM, HEMATOMA_RADII_MM)] = HEMATOMA
    hounsfield[labels > 0] = HEMATOMA_HU
    noise = np.random.default_rng(5).normal(0, 2, grid.shape)
    scan = Scan((hounsfield + noise).astype(np.int16), grid, np.array([0.0, 1.0, 0.0]), "typed by the user")
    return scan, labels


def a_network_result(
    scan: Scan,
    labels: np.ndarray,
    probabilities: dict[str, float | None],
    threshold: float,
    heat: np.ndarray | None = None,
    model: dict | None = None,
) -> NetworkResult:
    """What a network answers, as the test wants it.

    Args:
        heat: (slices, rows, columns) of the scan, the same for every marker; none where None. model: its summary.
    """
    pixels = (labels == HEMATOMA).sum(axis=(1, 2))
    shown = pixels > 0
    slice_probabilities = np.full((len(labels), 4), np.nan, np.float32)
    slice_probabilities[shown] = [probabilities[marker] or 0 for marker in MARKERS]
    return NetworkResult(
        probabilities=probabilities,
        thresholds=dict.fromkeys(MARKERS, threshold),
        marker_slices={marker: None if probabilities[marker] is None else int(pixels.argmax()) for marker in MARKERS},
        slice_probabilities=slice_probabilities,
        heat=no_heat(labels.shape) if heat is None else _heat_as_of_a_network(scan, labels, heat),
        model=model or {"name": "a_model"},
    )


def no_heat(shape: tuple[int, int, int]) -> Callable[[str], np.ndarray]:
    """The heat maps of a network that looked nowhere in particular."""
    return lambda marker: np.zeros(shape, np.float32)


def _heat_as_of_a_network(scan: Scan, labels: np.ndarray, heat: np.ndarray) -> Callable[[str], np.ndarray]:
    prepared = prepare(scan, Steps(noise_removal=False))
    fine = prepared.grid.from_scan(heat)
    coarse = np.repeat(fine.reshape(len(fine), 32, 8, 32, 8).mean(axis=(2, 4))[:, None], 4, axis=1)
    none = np.zeros(len(labels))
    reading = HeadReading(labels, none, np.zeros((len(labels), 4)), none, coarse, np.zeros(labels.shape, np.uint8), prepared.inside)
    return partial(heat_map, prepared, reading)
