"""Where the voxels of an image lie in the patient, whatever their tilt and their distances, and what of it is not known.

Coordinates are LPS in mm. Indices are (slice, row, column), as numpy sees the array; the frames of a pullback are slices, too. A
voxel lies at

    position of its slice + row * row_mm * row_axis + column * column_mm * column_axis

(DICOM PS3.3 C.7.6.2.1.1). The gantry's tilt moves the positions along the slices (a sheared grid), and their distances may change
within the scan, so no single matrix holds for all slices.

A distance that the input does not state is ``None`` in ``Grid.spacing``. Indices and axes are there all the same; whatever needs
the distance in mm raises ``UnknownSpacing``, so that nothing is measured with a distance that nobody stated.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from .spacing import UNKNOWN, Spacing

SAME_MM = 0.02
"""Slices whose places differ by less than this from a regular grid form one: scanners round positions to a hundredth of a mm."""

NO_PLACE = (0.0, 0.0, 0.0)
IDENTITY = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)

_NEIGHBOUR = 1.5
"""Of the stated thickness: a slice farther away than that is no neighbour."""


class UnknownSpacing(ValueError):
    """A length in mm was asked of a grid that does not state the distance it needs."""


@dataclass(frozen=True, eq=False)
class Grid:
    """The grid of a scan, a pullback, a label map: how many voxels, where they lie, and who says so.

    Made by ``even_grid``, ``stacked_grid`` or ``matrix_grid``.

    Attributes:
        shape: (slices, rows, columns).
        spacing: distances between rows, columns and slices (the length of the step, tilted or not; the mean one where they differ)
            in mm, with their sources; None where not known.
        origin_mm: (3,) LPS of the centre of voxel (0, 0, 0); zeros where the input has no place.
        column_axis, row_axis: (3,) unit vectors in LPS, the directions in which column index and row index grow.
        slice_axis: (3,) unit vector towards the next slice; not the normal where the gantry was tilted or the axes are left-handed.
        stated_positions_mm: (slices, 3) LPS of the centre of pixel (0, 0) of every slice, in the order of the array, which runs one
            way along the normal, where they are stated one by one; None where every slice is one step from the last.
        thickness_mm: what a slice without a neighbour stands for, along the normal; None where each reaches half-way to the next,
            however far that is.
    """

    shape: tuple[int, int, int]
    spacing: Spacing
    origin_mm: np.ndarray
    column_axis: np.ndarray
    row_axis: np.ndarray
    slice_axis: np.ndarray
    stated_positions_mm: np.ndarray | None = None
    thickness_mm: float | None = None

    @property
    def slice_count(self) -> int:
        """How many slices (frames) there are."""
        return self.shape[0]

    @property
    def rows(self) -> int:
        """Of every slice."""
        return self.shape[1]

    @property
    def columns(self) -> int:
        """Of every slice."""
        return self.shape[2]

    @property
    def row_mm(self) -> float:
        """Distance between neighbouring rows (the step of the row index). Raises UnknownSpacing."""
        return _known(self.spacing.row_mm, "rows")

    @property
    def column_mm(self) -> float:
        """Distance between neighbouring columns. Raises UnknownSpacing."""
        return _known(self.spacing.column_mm, "columns")

    @property
    def pixel_mm2(self) -> float:
        """Area of a pixel. Raises UnknownSpacing."""
        return self.row_mm * self.column_mm

    @property
    def direction(self) -> tuple[float, ...]:
        """Nine cosines in SimpleITK's order: row-major matrix whose columns are the axes of column, row and slice index."""
        return tuple(np.column_stack([self.column_axis, self.row_axis, self.slice_axis]).ravel().tolist())

    @cached_property
    def normal(self) -> np.ndarray:
        """(3,) unit vector across the slices, LPS: column axis x row axis, as DICOM has it."""
        return np.cross(self.column_axis, self.row_axis)

    @cached_property
    def positions_mm(self) -> np.ndarray:
        """(slices, 3) LPS of the centre of pixel (0, 0) of every slice. Raises UnknownSpacing where there are several."""
        if self.stated_positions_mm is not None:
            return self.stated_positions_mm
        if self.slice_count == 1:
            return self.origin_mm[None]
        return self.origin_mm + np.arange(self.slice_count)[:, None] * self.step_mm

    @cached_property
    def offsets_mm(self) -> np.ndarray:
        """(slices,) where each slice lies along the normal. Raises as ``positions_mm``."""
        return self.positions_mm @ self.normal

    @cached_property
    def step_mm(self) -> np.ndarray:
        """(3,) LPS from one slice to the next, on average. Raises UnknownSpacing."""
        if self.stated_positions_mm is None or self.slice_count == 1:
            return self.slice_axis * _known(self.spacing.frame_mm, "slices")
        return (self.positions_mm[-1] - self.positions_mm[0]) / (self.slice_count - 1)

    @cached_property
    def reach_mm(self) -> np.ndarray:
        """(slices, 2) how far each slice reaches along the normal, backwards and forwards: half-way to its neighbour; half its
        thickness where it has none; the first and the last slice as far outwards as inwards. Raises UnknownSpacing."""
        if self.slice_count == 1:
            return np.full((1, 2), (self.thickness_mm or _known(self.spacing.frame_mm, "slices")) / 2)
        gaps = np.abs(np.diff(self.offsets_mm))
        if self.thickness_mm:
            gaps = np.where(gaps <= _NEIGHBOUR * self.thickness_mm, gaps, self.thickness_mm)
        halves = gaps / 2
        return np.stack([np.concatenate([halves[:1], halves]), np.concatenate([halves, halves[-1:]])], axis=1)

    @cached_property
    def extents_mm(self) -> np.ndarray:
        """(slices,) how much of the patient each slice stands for, along the normal of the slices. Raises UnknownSpacing."""
        return self.reach_mm.sum(axis=1)

    @property
    def voxel_ml(self) -> np.ndarray:
        """(slices,) volume in mL that a voxel of each slice stands for. Raises UnknownSpacing."""
        return self.pixel_mm2 * self.extents_mm / 1000

    @property
    def is_even(self) -> bool:
        """Whether all slices are equally far apart, so that one matrix (sheared or not) places every voxel."""
        if self.stated_positions_mm is None:
            return True
        even = self.positions_mm[0] + np.arange(self.slice_count)[:, None] * self.step_mm
        return bool(np.abs(self.positions_mm - even).max() < SAME_MM)

    @property
    def is_sheared(self) -> bool:
        """Whether the gantry was tilted: the slices move along themselves by more than ``SAME_MM`` from one to the next. Raises
        UnknownSpacing."""
        step = self.step_mm
        return bool(np.linalg.norm(step - (step @ self.normal) * self.normal) > SAME_MM)

    def axes_mm(self, unknown_mm: float | None = None) -> np.ndarray:
        """(3, 3) steps in LPS from one column, row, slice to the next, one per line; the slice's is the mean step, tilt and all.

        Args:
            unknown_mm: what stands in for distances that are not known, for files and views that must have one; they are to say
                that it is not known. None raises UnknownSpacing.
        """
        if unknown_mm is not None and not self.spacing.known:
            return self.with_spacing(_filled(self.spacing, unknown_mm)).axes_mm()
        return np.array([self.column_mm * self.column_axis, self.row_mm * self.row_axis, self.step_mm])

    def with_spacing(self, spacing: Spacing) -> Grid:
        """The same voxels with other distances, or other sources of them; positions that are stated one by one stay."""
        return replace(self, spacing=spacing)

    def lps_mm(self, indices: np.ndarray) -> np.ndarray:
        """(..., 3) LPS of (..., 3) indices (slice, row, column), fractions too; beyond the slices the mean step goes on.

        Raises UnknownSpacing.
        """
        indices = np.asarray(indices, float)
        slice_places = _interpolated(indices[..., 0], np.arange(self.slice_count, dtype=float), self.positions_mm, self.step_mm)
        return (
            slice_places
            + indices[..., 1, None] * self.row_mm * self.row_axis
            + indices[..., 2, None] * self.column_mm * self.column_axis
        )

    def slice_numbers(self, lps_mm: np.ndarray) -> np.ndarray:
        """(...) slice index, fractions, of (..., 3) LPS points, by where they lie along the normal. Raises UnknownSpacing where the
        distance of the slices is not known; that of pixels need not be."""
        numbers = np.arange(self.slice_count, dtype=float)[:, None]
        offsets, step = self.offsets_mm, float(self.step_mm @ self.normal)
        order = np.argsort(offsets)
        return _interpolated(np.asarray(lps_mm, float) @ self.normal, offsets[order], numbers[order], np.array([1 / step]))[..., 0]

    def indices(self, lps_mm: np.ndarray) -> np.ndarray:
        """(..., 3) indices (slice, row, column), fractions, of (..., 3) LPS points: the inverse of ``lps_mm``.

        Raises UnknownSpacing.
        """
        lps_mm = np.asarray(lps_mm, float)
        slices = self.slice_numbers(lps_mm)
        across = lps_mm - self.lps_mm(np.stack([slices, np.zeros_like(slices), np.zeros_like(slices)], axis=-1))
        down, right = across @ self.row_axis, across @ self.column_axis
        cosine = float(self.row_axis @ self.column_axis)  # 0 but for the rounding of files and below a transform that shears
        rows, columns = ((one - cosine * other) / (1 - cosine**2) for one, other in ((down, right), (right, down)))
        return np.stack([slices, rows / self.row_mm, columns / self.column_mm], axis=-1)


def even_grid(
    shape: Sequence[int], spacing: Spacing, origin_mm: Sequence[float] = NO_PLACE, direction: Sequence[float] = IDENTITY
) -> Grid:
    """The grid of an image with one matrix; without place and directions that of an image that states none.

    Args:
        shape: (slices, rows, columns).
        spacing: the slices' distance is the length of the step from one to the next, tilted or not.
        origin_mm: (3,) LPS of voxel (0, 0, 0).
        direction: nine numbers in SimpleITK's order: row-major matrix whose columns are the axes of column, row and slice index.
    """
    axes = np.asarray(direction, float).reshape(3, 3)
    lengths = np.linalg.norm(axes, axis=0)
    axes = axes / np.where(lengths > 0, lengths, 1)  # an axis without length stays none, for who reads the file to refuse
    return Grid(tuple(map(int, shape)), spacing, np.asarray(origin_mm, float), *axes.T)


def matrix_grid(shape: Sequence[int], axes_mm: np.ndarray, origin_mm: Sequence[float], source: str = UNKNOWN) -> Grid:
    """The grid of an image whose file or node has a matrix: ``Grid.axes_mm`` back again.

    Args:
        axes_mm: (3, 3) steps in LPS from one column, row, slice to the next, one per line.
        source: of all distances.
    """
    axes_mm = np.asarray(axes_mm, float)
    column_mm, row_mm, slice_mm = np.linalg.norm(axes_mm, axis=1).tolist()
    return even_grid(shape, Spacing(row_mm, column_mm, slice_mm, source, source), origin_mm, axes_mm.T.ravel())


def stacked_grid(
    size: tuple[int, int],
    pixel_mm: tuple[float, float],
    row_axis: np.ndarray,
    column_axis: np.ndarray,
    positions_mm: np.ndarray,
    thickness_mm: float,
    source: str = "",
) -> Grid:
    """The grid of slices at given positions, each reaching half-way to the next.

    Args:
        size: (rows, columns). pixel_mm: distance between (rows, columns).
        positions_mm: (slices, 3) LPS, in the order of the array, which runs one way along the normal.
        thickness_mm: extent of a single slice; not used where there are more.
        source: of all distances.
    """
    row_axis, column_axis = (np.asarray(axis, float) / np.linalg.norm(axis) for axis in (row_axis, column_axis))
    positions_mm = np.asarray(positions_mm, float)
    step, slice_mm = np.cross(column_axis, row_axis), float(thickness_mm)
    if len(positions_mm) > 1:
        step = (positions_mm[-1] - positions_mm[0]) / (len(positions_mm) - 1)
        slice_mm = float(np.linalg.norm(step))
    shape = (len(positions_mm), *map(int, size))
    spacing = Spacing(*map(float, pixel_mm), slice_mm, source, source)
    return Grid(shape, spacing, positions_mm[0], column_axis, row_axis, step / np.linalg.norm(step), positions_mm)


def _known(distance_mm: float | None, what: str) -> float:
    if distance_mm is None:
        raise UnknownSpacing(f"The distance between {what} is not known, so nothing can be said of them in mm.")
    return distance_mm


def _filled(spacing: Spacing, distance_mm: float) -> Spacing:
    values = (spacing.row_mm, spacing.column_mm, spacing.frame_mm)
    return Spacing(*(distance_mm if value is None else value for value in values), spacing.in_plane_source, spacing.frame_source)


def _interpolated(at: np.ndarray, known: np.ndarray, values: np.ndarray, step: np.ndarray) -> np.ndarray:
    """Values (..., n) at places ``at`` (...), linear between the known ones (ascending), going on by ``step`` beyond them."""
    inside = np.clip(at, known[0], known[-1])
    columns = [np.interp(inside, known, values[:, number]) for number in range(values.shape[1])]
    return np.stack(columns, axis=-1) + (at - inside)[..., None] * step
