"""Where the slices of a scan lie in the patient, whatever their tilt and their distances.

Coordinates are LPS in mm. Indices are (slice, row, column), as numpy sees the array. A voxel lies at

    position of its slice + row * row_mm * row_axis + column * column_mm * column_axis

(DICOM PS3.3 C.7.6.2.1.1). The gantry's tilt moves the positions along the slices (a sheared grid), and their distances may change
within the scan, so no single matrix holds for all slices.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

SAME_MM = 0.02
"""Slices whose places differ by less than this from a regular grid form one: scanners round positions to a hundredth of a mm."""


@dataclass(frozen=True, eq=False)
class SliceGrid:
    """The grid of a scan.

    Attributes:
        rows, columns: of every slice.
        row_mm, column_mm: distance between neighbouring rows (the step of the row index) and columns.
        row_axis, column_axis: (3,) unit vectors in LPS, the directions in which the row index and the column index grow.
        positions_mm: (slices, 3) LPS of the centre of pixel (0, 0) of every slice, in the order of the array.
        extents_mm: (slices,) how much of the patient each slice stands for, along the normal of the slices. Between two slices the
            border is half-way; the first and the last slice reach as far outwards as inwards.
    """

    rows: int
    columns: int
    row_mm: float
    column_mm: float
    row_axis: np.ndarray
    column_axis: np.ndarray
    positions_mm: np.ndarray
    extents_mm: np.ndarray

    @property
    def slice_count(self) -> int:
        """How many slices there are."""
        return len(self.positions_mm)

    @property
    def shape(self) -> tuple[int, int, int]:
        """(slices, rows, columns)."""
        return self.slice_count, self.rows, self.columns

    @property
    def normal(self) -> np.ndarray:
        """(3,) unit vector across the slices, LPS: column axis x row axis, as DICOM has it."""
        return np.cross(self.column_axis, self.row_axis)

    @property
    def offsets_mm(self) -> np.ndarray:
        """(slices,) where each slice lies along the normal."""
        return self.positions_mm @ self.normal

    @property
    def pixel_mm2(self) -> float:
        """Area of a pixel."""
        return self.row_mm * self.column_mm

    @property
    def voxel_ml(self) -> np.ndarray:
        """(slices,) volume in mL that a voxel of each slice stands for."""
        return self.pixel_mm2 * self.extents_mm / 1000

    @property
    def step_mm(self) -> np.ndarray:
        """(3,) LPS from one slice to the next, on average; a single slice steps along the normal by its extent."""
        if self.slice_count == 1:
            return self.normal * self.extents_mm[0]
        return (self.positions_mm[-1] - self.positions_mm[0]) / (self.slice_count - 1)

    @property
    def is_even(self) -> bool:
        """Whether all slices are equally far apart, so that one matrix (sheared or not) places every voxel."""
        even = self.positions_mm[0] + np.arange(self.slice_count)[:, None] * self.step_mm
        return bool(np.abs(self.positions_mm - even).max() < SAME_MM)

    @property
    def is_sheared(self) -> bool:
        """Whether the gantry was tilted: the slices move along themselves by more than ``SAME_MM`` from one to the next."""
        step = self.step_mm
        return bool(np.linalg.norm(step - (step @ self.normal) * self.normal) > SAME_MM)

    def lps_mm(self, indices: np.ndarray) -> np.ndarray:
        """(..., 3) LPS of (..., 3) indices (slice, row, column), fractions too; beyond the slices the mean step goes on."""
        indices = np.asarray(indices, float)
        slice_places = _interpolated(indices[..., 0], np.arange(self.slice_count, dtype=float), self.positions_mm, self.step_mm)
        return (
            slice_places
            + indices[..., 1, None] * self.row_mm * self.row_axis
            + indices[..., 2, None] * self.column_mm * self.column_axis
        )

    def indices(self, lps_mm: np.ndarray) -> np.ndarray:
        """(..., 3) indices (slice, row, column), fractions, of (..., 3) LPS points: the inverse of ``lps_mm``."""
        lps_mm = np.asarray(lps_mm, float)
        numbers = np.arange(self.slice_count, dtype=float)[:, None]
        offsets, step = self.offsets_mm, float(self.step_mm @ self.normal)
        order = np.argsort(offsets)
        slices = _interpolated(lps_mm @ self.normal, offsets[order], numbers[order], np.array([1 / step]))
        places = self.lps_mm(np.concatenate([slices, np.zeros_like(slices), np.zeros_like(slices)], axis=-1))
        across = lps_mm - places
        rows, columns = across @ self.row_axis / self.row_mm, across @ self.column_axis / self.column_mm
        return np.stack([slices[..., 0], rows, columns], axis=-1)


def even_grid(
    shape: tuple[int, int, int], spacing_mm: tuple[float, float, float], origin_mm: np.ndarray, direction: np.ndarray
) -> SliceGrid:
    """The grid of an image with one matrix.

    Args:
        shape: (slices, rows, columns).
        spacing_mm: (slice, row, column); the slice's is the length of the step from one slice to the next, tilted or not.
        origin_mm: (3,) LPS of voxel (0, 0, 0).
        direction: nine numbers in SimpleITK's order: row-major matrix whose columns are the axes of column, row and slice index.
    """
    axes = np.asarray(direction, float).reshape(3, 3)
    column_axis, row_axis, slice_axis = axes.T
    positions = np.asarray(origin_mm, float) + np.arange(shape[0])[:, None] * spacing_mm[0] * slice_axis
    return stacked_grid(shape[1:], spacing_mm[1:], row_axis, column_axis, positions, spacing_mm[0])


def stacked_grid(
    size: tuple[int, int],
    pixel_mm: tuple[float, float],
    row_axis: np.ndarray,
    column_axis: np.ndarray,
    positions_mm: np.ndarray,
    thickness_mm: float,
) -> SliceGrid:
    """The grid of slices at given positions, with each slice's own extent.

    Args:
        size: (rows, columns). pixel_mm: distance between (rows, columns).
        positions_mm: (slices, 3) LPS, in the order of the array, which runs one way along the normal.
        thickness_mm: extent of a single slice; not used where there are more.
    """
    row_axis, column_axis = (np.asarray(axis, float) / np.linalg.norm(axis) for axis in (row_axis, column_axis))
    positions_mm = np.asarray(positions_mm, float)
    normal = np.cross(column_axis, row_axis)
    return SliceGrid(*size, *pixel_mm, row_axis, column_axis, positions_mm, _extents(positions_mm @ normal, thickness_mm))


def _extents(offsets_mm: np.ndarray, thickness_mm: float) -> np.ndarray:
    if len(offsets_mm) == 1:
        return np.array([thickness_mm], float)
    halves = np.abs(np.diff(offsets_mm)) / 2
    return np.concatenate([halves[:1], halves]) + np.concatenate([halves, halves[-1:]])


def _interpolated(at: np.ndarray, known: np.ndarray, values: np.ndarray, step: np.ndarray) -> np.ndarray:
    """Values (..., n) at places ``at`` (...), linear between the known ones (ascending), going on by ``step`` beyond them."""
    inside = np.clip(at, known[0], known[-1])
    columns = [np.interp(inside, known, values[:, number]) for number in range(values.shape[1])]
    return np.stack(columns, axis=-1) + (at - inside)[..., None] * step
