"""Which slices of a scan are read for their neighbours, too, and how what was read is spread over all of them.

Thin slices that are averaged to 5 mm are alike, so reading each of them takes long and tells nothing more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from LesionReadingLib.masks import put_drawn
from scipy import ndimage

READING_STEP_MM = 3.0
"""Of neighbouring slices that together are no thicker than this, one is read: phantoms and clinics have slices of 3 to 6 mm."""
_TIE = 0.02
_SOFT_PIXELS = 4.0


@dataclass(frozen=True, eq=False)
class ReadSlices:
    """The slices that are read; numbers are those of the scan, ascending.

    Attributes:
        numbers: (read,) which slices are read. extents_mm: (read,) how much of the patient each stands for.
        below, above: (slices,) indices into ``numbers`` of the read slices on either side of each slice of the scan.
        share: (slices,) float32, how much of the one above belongs to the slice, 0 to 1.
    """

    numbers: np.ndarray
    extents_mm: np.ndarray
    below: np.ndarray
    above: np.ndarray
    share: np.ndarray

    @property
    def nearest(self) -> np.ndarray:
        """(slices,) index into ``numbers`` of the read slice that is nearest to each slice of the scan."""
        return np.where(self.share > 0.5, self.above, self.below)

    def spread(self, values: np.ndarray) -> np.ndarray:
        """Give float32 (slices, ...) for values (read, ...): linear between the slices that were read."""
        if len(self.numbers) == len(self.share):
            return values
        found = np.zeros((len(self.share), *values.shape[1:]), np.float32)
        for number in self.filled(values):
            put_drawn(found[number], self.slice_of(values, number))
        return found

    def slice_of(self, values: np.ndarray, number: int) -> np.ndarray:
        """Give what ``spread`` gives for one slice of the scan."""
        share = self.share[number]
        return (1 - share) * values[self.below[number]] + share * values[self.above[number]]

    def filled(self, values: np.ndarray) -> np.ndarray:
        """Give the slices of the scan that get anything but zeros of values (read, ...)."""
        is_filled = values.reshape(len(values), -1).any(axis=1)
        return np.flatnonzero(is_filled[self.below] | (self.share > 0) & is_filled[self.above])

    def spread_labels(self, shares: Mapping[int, np.ndarray]) -> np.ndarray:
        """Give the label map, uint8 (slices, rows, columns), in which the largest share wins; ``spread`` says between which slices.

        Args:
            shares: label -> float32 (read, rows, columns), how much of each pixel it takes (``soft``); the rest is background.
        """
        labels, stacks = np.array([0, *shares], np.uint8), list(shares.values())
        # Half-way between two slices the one above decides: were it a tie, only what both show would be left.
        of_above = np.where(np.abs(self.share - 0.5) < _TIE, 0.5 + _TIE, self.share)
        found = np.zeros((len(self.share), *stacks[0].shape[1:]), np.uint8)
        filled = [stack.any(axis=(1, 2)) for stack in stacks]
        for number, (below, above, share) in enumerate(zip(self.below, self.above, of_above, strict=True)):
            if any(one[below] or one[above] for one in filled):
                planes = [(1 - share) * stack[below] + share * stack[above] for stack in stacks]
                put_drawn(found[number], labels[np.argmax([1 - sum(planes), *planes], axis=0)])
        return found


def soft(masks: np.ndarray) -> np.ndarray:
    """Give float32 (slices, rows, columns) in [0, 1] of masks (bool): 0.5 on the border, 0 and 1 from ``_SOFT_PIXELS`` on.

    Half-way between two slices the border then lies half-way between theirs (shape-based interpolation, Raya and Udupa 1990).
    """
    found = np.zeros(masks.shape, np.float32)
    for number in np.flatnonzero(masks.any(axis=(1, 2))):
        distance = ndimage.distance_transform_edt(masks[number]) - ndimage.distance_transform_edt(~masks[number])
        found[number] = np.clip(0.5 + (distance - 0.5 * np.sign(distance)) / (2 * _SOFT_PIXELS), 0, 1)
    return found


def read_slices(extents_mm: np.ndarray, offsets_mm: np.ndarray, step_mm: float = READING_STEP_MM) -> ReadSlices:
    """Choose the slices of a scan that are read: the middle one of every run that is no thicker than a step.

    Args:
        extents_mm: (slices,) how much of the patient each slice stands for. offsets_mm: (slices,) places along the normal, one way.
    """
    runs: list[list[int]] = []
    for number, extent in enumerate(extents_mm):
        if runs and extents_mm[runs[-1]].sum() + extent <= step_mm + 1e-6:
            runs[-1].append(number)
        else:
            runs.append([number])
    numbers = np.array([run[len(run) // 2] for run in runs])
    places = np.abs(offsets_mm - offsets_mm[0])
    above = np.minimum(np.searchsorted(places[numbers], places), len(numbers) - 1)
    is_read = places[numbers][above] <= places
    below = np.where(is_read, above, np.maximum(above - 1, 0))
    between = places[numbers][above] - places[numbers][below]
    share = np.where(between > 0, (places - places[numbers][below]) / np.maximum(between, 1e-6), 0)
    return ReadSlices(numbers, np.array([extents_mm[run].sum() for run in runs]), below, above, share.astype(np.float32))
