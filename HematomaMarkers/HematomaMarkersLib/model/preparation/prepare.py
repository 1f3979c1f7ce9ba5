"""From a scan to what the network sees, and back: one rule for training and for prediction.

Each step can be switched off. What is left out is only painted over, and the grid knows its way back, so every result lands
on the scan's own voxels.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from LesionReadingLib.errors import InputError
from LesionReadingLib.geometry.grid import Grid
from LesionReadingLib.language import _

from ...brain import brain_mask, head_mask, tissue_and_bone_hu
from ...labels import HEMATOMA, INTRAVENTRICULAR, OUTSIDE_BRAIN
from ...reading.scan import AIR_HU, Scan
from .grid import NETWORK_PIXEL_MM, NETWORK_SIZE, NetworkGrid, whole_grid
from .head_turn import LEAST_DEG, head_turn_deg
from .slices import READING_STEP_MM, ReadSlices, read_slices, soft
from .steps import ALL_STEPS, Steps

if TYPE_CHECKING:
    from torch import Tensor

BLOOD = (HEMATOMA, INTRAVENTRICULAR, OUTSIDE_BRAIN)
OUTSIDE_BRAIN_HU = 0
READING_THICKNESS_MM = 5.0
LEAST_BRAIN_CM2 = 20.0
"""On the slice that shows most of it, however few slices there are; soft tissue that a vertebra encloses has less."""

BEGIN_SECONDS, SECONDS_PER_SLICE, SECONDS_PER_READ_SLICE = 15.0, 0.08, 0.4
"""Loading the libraries; reading, measuring and writing a slice of 512 x 512; and the network: two cores."""


@dataclass(frozen=True, eq=False)
class Prepared:
    """A scan on the network's grid.

    Attributes:
        hounsfield: int16 (slices, 256, 256) in HU, slices from foot to head, canonical (see ``preparation.grid``); of thin slices
            those alone that are read (``slices``).
        inside: bool, the same shape: the brain; with ``skull_removal`` off the head; with ``headrest_removal`` off too, everything.
        slice_order: (slices,) number in the scan of every slice here.
        read: which slices of the scan these are. grid: the way back of their pixels.
    """

    hounsfield: np.ndarray
    inside: np.ndarray
    slice_order: np.ndarray
    read: ReadSlices
    grid: NetworkGrid

    @property
    def extents_mm(self) -> np.ndarray:
        """(slices,) how much of the patient each slice here stands for."""
        return self._canonical(self.read.extents_mm)

    @property
    def read_for(self) -> np.ndarray:
        """(slices of the scan,) the slice here that is nearest to each slice of the scan."""
        return self._canonical(np.arange(len(self.slice_order)))[self.read.nearest]

    def _canonical(self, of_slices: np.ndarray) -> np.ndarray:
        return self.grid.orientation.canonical(of_slices[:, None, None]).ravel()

    def to_scan(self, values: np.ndarray) -> np.ndarray:
        """Give float32 (slices, rows, columns) of the scan's voxels for values (slices, 256, 256) here; zero beyond this grid."""
        return self.read.spread(self.to_read_slices(values))

    def to_read_slices(self, values: np.ndarray) -> np.ndarray:
        """Give what ``to_scan`` gives, of the slices alone that are read."""
        return self.grid.to_scan(values)

    def labels_to_scan(self, labels: np.ndarray) -> np.ndarray:
        """Give the label map, uint8 (slices, rows, columns), of the scan's voxels for one (slices, 256, 256) here."""
        if len(self.read.numbers) == len(self.read.share):
            return self.grid.labels_to_scan(labels)
        return self.read.spread_labels({label: self.grid.to_scan(soft(labels == label)) for label in BLOOD})

    def mask_to_scan(self, mask: np.ndarray) -> np.ndarray:
        """Give the mask, bool (slices, rows, columns), of the scan's voxels for one (slices, 256, 256) here."""
        return self.labels_to_scan(mask.view(np.uint8)).view(bool)  # true is 1, as ``HEMATOMA``

    def labels_from_scan(self, labels: np.ndarray) -> np.ndarray:
        """Give the label map, uint8 (slices, 256, 256), here for one of the scan's voxels."""
        return self.grid.labels_from_scan(labels[self.read.numbers])


def prepare(scan: Scan, steps: Steps = ALL_STEPS) -> Prepared:
    """Bring a scan onto the network's grid.

    Raises:
        InputError: no brain is found where a step needs it.
    """
    whole = whole_grid(scan.grid)
    order = whole.orientation.canonical(np.arange(scan.grid.slice_count)[:, None, None]).ravel()
    read = read_slices(scan.grid.extents_mm, scan.grid.offsets_mm, READING_STEP_MM if steps.noise_removal else 0.0)
    order = order[np.isin(order, read.numbers)]
    hounsfield = whole.from_scan(_averaged(scan, read.numbers) if steps.noise_removal else scan.hounsfield)
    inside, outside_hu = np.ones(hounsfield.shape, bool), AIR_HU
    row, column = ((size - NETWORK_SIZE) // 2 for size in whole.size)
    if steps.headrest_removal or steps.skull_removal or steps.centring:
        tissue_hu, bone_hu = tissue_and_bone_hu(scan.hounsfield)
        head = head_mask(hounsfield, NETWORK_PIXEL_MM, tissue_hu)
        if steps.headrest_removal:
            inside = head
        if steps.skull_removal or steps.centring:
            brain = head if scan.is_brain_alone else _brain(hounsfield, head, bone_hu)
            if steps.skull_removal:
                inside, outside_hu = brain, OUTSIDE_BRAIN_HU
            turn_deg = head_turn_deg(hounsfield, brain, NETWORK_PIXEL_MM) if steps.straightening else 0.0
            if abs(turn_deg) >= LEAST_DEG:
                whole = replace(whole, turn_deg=turn_deg, pivot=_middle(brain))
                hounsfield = whole.turned(hounsfield, AIR_HU)
                inside, brain = (whole.turned(mask.astype(np.float32), 0.0, order=1) > 0.5 for mask in (inside, brain))
            if steps.centring:
                row, column = (round(place) - NETWORK_SIZE // 2 for place in _middle(brain))
    hounsfield = np.where(inside, hounsfield, np.float32(outside_hu))
    hounsfield, inside = (_cropped(array, row, column, value) for array, value in ((hounsfield, outside_hu), (inside, False)))
    return Prepared(np.rint(hounsfield).astype(np.int16), inside, order, read, whole.cropped(row, column, NETWORK_SIZE))


def how_long(scan: Scan) -> str:
    """What reading a scan takes on a plain processor, in a sentence; a quarter more or less is no surprise."""
    count, read = scan.grid.slice_count, len(read_slices(scan.grid.extents_mm, scan.grid.offsets_mm).numbers)
    seconds = BEGIN_SECONDS + count * SECONDS_PER_SLICE + read * SECONDS_PER_READ_SLICE
    thin = _(", of which the network reads {read} (thin slices together)").format(read=read) if read < count else ""
    return _("{count} slices{thin}: about {value:.0f} s on two processor cores, less on a GPU.").format(
        count=count, thin=thin, value=10 * round(seconds / 10)
    )


def network_input(hounsfield: Tensor, window: tuple[float, float]) -> Tensor:
    """Give the network's input in [0, 1], of the same shape, for HU: 0 at the window's lower end and below, 1 from the upper on.

    Equation 1 of the source with [0, 255] scaled to [0, 1]. Nothing else applies a window.
    """
    low, high = window
    return ((hounsfield.float() - low) / (high - low)).clamp(0, 1)


def slab_weights(grid: Grid) -> np.ndarray:
    """Give float32 (slices, slices), how much of each slice goes into each average that makes it ``READING_THICKNESS_MM`` thick.

    A slice of extent e is averaged over a slab of sqrt(5^2 - e^2) mm about its middle, so that the variances of both boxes along
    the normal add up to that of 5 mm. Slices of about 4 mm and more stay as they are.
    """
    slabs = np.sqrt(np.maximum(0, READING_THICKNESS_MM**2 - grid.extents_mm**2))
    middles, halves = grid.offsets_mm, grid.extents_mm / 2
    upper = np.minimum((middles + slabs / 2)[:, None], (middles + halves)[None])
    lower = np.maximum((middles - slabs / 2)[:, None], (middles - halves)[None])
    overlaps = np.maximum(0, upper - lower)
    np.fill_diagonal(overlaps, np.maximum(overlaps.diagonal(), 1e-6))
    return (overlaps / overlaps.sum(axis=1, keepdims=True)).astype(np.float32)


def _averaged(scan: Scan, numbers: np.ndarray) -> np.ndarray:
    """float32 (read, rows, columns): slices of the scan, each averaged with its neighbours to ``READING_THICKNESS_MM``."""
    averaged = np.empty((len(numbers), *scan.hounsfield.shape[1:]), np.float32)
    for target, weights in zip(averaged, slab_weights(scan.grid)[numbers], strict=True):
        target[:] = sum(weights[number] * scan.hounsfield[number] for number in np.flatnonzero(weights))
    return averaged


def _brain(hounsfield: np.ndarray, head: np.ndarray, bone_hu: float) -> np.ndarray:
    brain = brain_mask(hounsfield, head, NETWORK_PIXEL_MM, bone_hu)
    most_cm2 = brain.sum(axis=(1, 2)).max() * NETWORK_PIXEL_MM**2 / 100
    if most_cm2 < LEAST_BRAIN_CM2:
        raise InputError(
            _(
                "No brain was found in this scan (at most {most_cm2:.0f} cm² of soft tissue inside a skull on a slice); check that "
                "it is a CT of a head in Hounsfield units, slices from front to back and left to right."
            ).format(most_cm2=most_cm2)
        )
    return brain


def _middle(mask: np.ndarray) -> tuple[float, float]:
    """(row, column) of the centre of mass over all slices."""
    rows, columns = mask.sum(axis=(0, 2)), mask.sum(axis=(0, 1))
    return float(rows @ np.arange(len(rows)) / rows.sum()), float(columns @ np.arange(len(columns)) / columns.sum())


def _cropped(volume: np.ndarray, row: int, column: int, outside: float) -> np.ndarray:
    """The part of ``NETWORK_SIZE`` pixels squared that begins at a row and column of each slice, also beyond the border."""
    piece = np.full((len(volume), NETWORK_SIZE, NETWORK_SIZE), outside, volume.dtype)
    (rows, from_rows), (columns, from_columns) = (
        (slice(max(0, -first), min(NETWORK_SIZE, size - first)), slice(max(0, first), min(size, first + NETWORK_SIZE)))
        for first, size in zip((row, column), volume.shape[1:], strict=True)
    )
    piece[:, rows, columns] = volume[:, from_rows, from_columns]
    return piece
