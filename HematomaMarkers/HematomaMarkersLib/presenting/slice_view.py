"""How a slice is turned for a reader: radiological convention, to scale, and which part of it is shown.

Seen from the patient's feet: the patient's left on the right of the picture, the front on top, whatever way the scan was stored.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from LesionReadingLib.geometry.grid import Grid
from LesionReadingLib.masks import largest_piece
from scipy import ndimage

MARGIN_MM = 6.0
DETAIL_MARGIN_MM = 24.0
LEAST_DETAIL_MM = 90.0
SCALE_BAR_MM = 50.0
_LETTERS = ("LR", "PA", "HF")  # towards the positive and the negative end of each LPS axis
_CONVENTION = (1, 1, -1)  # to the right or downward in a picture: the patient's left, back, feet
_TISSUE_HU = -300  # between air and fat
_AIR_NOISE_HU = 8  # where a picture's window has cut the air off at its lower end
_COARSE_MM = 2.0
_HEADREST_MM = 12.0  # what is thinner is not the head


@dataclass(frozen=True)
class Box:
    """A part of the turned slice in mm; (0, 0) is the centre of its upper left pixel, y grows downward."""

    left: float
    right: float
    top: float
    bottom: float

    @property
    def width(self) -> float:
        """In mm."""
        return self.right - self.left

    @property
    def height(self) -> float:
        """In mm."""
        return self.bottom - self.top


@dataclass(frozen=True)
class SliceView:
    """How the slices of a grid are turned.

    Attributes:
        transposed, flip_rows, flip_columns: done in this order.
        row_mm, column_mm: distance of the turned slice's rows and columns.
        shape: (rows, columns) of the turned slice.
        letters: directions in the patient that the picture's left, right, top and bottom border lie in (L, R, A, P, H, F).
    """

    transposed: bool
    flip_rows: bool
    flip_columns: bool
    row_mm: float
    column_mm: float
    shape: tuple[int, int]
    letters: tuple[str, str, str, str]

    @classmethod
    def of(cls, grid: Grid) -> SliceView:
        """The view of a grid: its axis nearest to left-right lies across the picture, the patient's left on the right."""
        transposed = bool(abs(grid.row_axis[0]) > abs(grid.column_axis[0]))
        across, down = (grid.row_axis, grid.column_axis) if transposed else (grid.column_axis, grid.row_axis)
        flip_columns, flip_rows = _against_convention(across), _against_convention(down)
        across, down = -across if flip_columns else across, -down if flip_rows else down
        steps, shape = (grid.row_mm, grid.column_mm), (grid.rows, grid.columns)
        if transposed:
            steps, shape = steps[::-1], shape[::-1]
        letters = (_letter(-across), _letter(across), _letter(-down), _letter(down))
        return cls(transposed, flip_rows, flip_columns, *steps, shape, letters)

    def turned(self, stored: np.ndarray) -> np.ndarray:
        """A stored slice (rows, columns) as it is shown."""
        turned = stored.T if self.transposed else stored
        return turned[:: -1 if self.flip_rows else 1, :: -1 if self.flip_columns else 1]

    @property
    def whole(self) -> Box:
        """All of the slice, from pixel border to pixel border."""
        rows, columns = self.shape
        return Box(-self.column_mm / 2, (columns - 0.5) * self.column_mm, -self.row_mm / 2, (rows - 0.5) * self.row_mm)

    def head(self, hounsfield: np.ndarray) -> Box:
        """Box of the head in slices (slices, rows, columns): tissue without headrest; all of the slice where there is none."""
        every = [max(1, round(_COARSE_MM / step)) for step in (self.row_mm, self.column_mm)]
        tissue = np.zeros(self.turned(hounsfield[0])[:: every[0], :: every[1]].shape, bool)
        reach = [max(1, round(_HEADREST_MM / step / skip)) for step, skip in zip((self.row_mm, self.column_mm), every, strict=True)]
        air_hu = max(_TISSUE_HU, int(hounsfield.min()) + _AIR_NOISE_HU)
        for stored in hounsfield:
            coarse = self.turned(stored)[:: every[0], :: every[1]] > air_hu
            tissue |= ndimage.binary_opening(coarse, np.ones(reach))
        if not tissue.any():
            return self.whole
        return self._around(largest_piece(tissue), (self.row_mm * every[0], self.column_mm * every[1]), MARGIN_MM, 0.0)

    def around(self, stored: np.ndarray, margin_mm: float = DETAIL_MARGIN_MM, least_mm: float = LEAST_DETAIL_MM) -> Box:
        """A square around what is set in a stored slice (rows, columns), at least so wide; all of the slice where nothing is."""
        mask = self.turned(stored)
        return self._around(mask, (self.row_mm, self.column_mm), margin_mm, least_mm) if mask.any() else self.whole

    def _around(self, mask: np.ndarray, steps_mm: tuple[float, float], margin_mm: float, least_mm: float) -> Box:
        """A box around a turned mask inside the slice; a square of at least ``least_mm`` where that is given."""
        (top, bottom), (left, right) = (
            (places.min() * step - margin_mm, places.max() * step + margin_mm)
            for places, step in zip(np.nonzero(mask), steps_mm, strict=True)
        )
        if least_mm:
            half = max(bottom - top, right - left, least_mm) / 2
            middle_row, middle_column = (top + bottom) / 2, (left + right) / 2
            return Box(middle_column - half, middle_column + half, middle_row - half, middle_row + half)
        whole = self.whole
        return Box(max(left, whole.left), min(right, whole.right), max(top, whole.top), min(bottom, whole.bottom))


def widened(box: Box, height_over_width: float) -> Box:
    """The box made wider or higher about its middle, so that it has this shape."""
    if box.height < height_over_width * box.width:
        grow = (height_over_width * box.width - box.height) / 2
        return replace(box, top=box.top - grow, bottom=box.bottom + grow)
    grow = (box.height / height_over_width - box.width) / 2
    return replace(box, left=box.left - grow, right=box.right + grow)


def heights_mm(grid: Grid) -> np.ndarray:
    """(slices,) how far each slice lies above the lowest one, along the normal of the slices."""
    towards_head = grid.normal * np.sign(grid.normal[2] or 1)
    heights = grid.positions_mm @ towards_head
    return heights - heights.min()


def _letter(direction: np.ndarray) -> str:
    axis = int(np.argmax(np.abs(direction)))
    return _LETTERS[axis][0 if direction[axis] > 0 else 1]


def _against_convention(direction: np.ndarray) -> bool:
    """Whether an axis has to be flipped so that it runs to the patient's left, back or feet."""
    axis = int(np.argmax(np.abs(direction)))
    return bool(direction[axis] * _CONVENTION[axis] < 0)
