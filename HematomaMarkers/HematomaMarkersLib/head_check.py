"""Whether a scan shows a head: a closed ring of bone, as large as a skull, with soft tissue inside."""

from __future__ import annotations

import numpy as np
from LesionReadingLib.slice_grid import SliceGrid
from scipy import ndimage

_PIXEL_MM = 1.5  # fine enough for a skull, coarse enough to be quick
_BONE_HU = 250
_GAP_MM = 3.0  # sutures and thin bone that may be open
_BRAIN_HU = (0, 70)
_BRAIN_MM2 = (3000.0, 30000.0)  # inside of a skull on one slice; the largest heads have 20000
_WIDEST_MM = 360.0


def brain_areas_mm2(hounsfield: np.ndarray, grid: SliceGrid) -> np.ndarray:
    """(slices,) area of what a closed ring of bone encloses where that has the HU of a brain, else 0.

    Args:
        hounsfield: (slices, rows, columns) in HU; in a windowed scan the brightest value stands for bone.
    """
    steps = [max(1, int(_PIXEL_MM / size)) for size in (grid.row_mm, grid.column_mm)]
    pixel_mm2 = grid.pixel_mm2 * steps[0] * steps[1]
    reach = max(1, round(_GAP_MM / np.sqrt(pixel_mm2) / 2))
    bone_hu = min(_BONE_HU, int(hounsfield.max()) - 1)
    coarse = hounsfield[:, :: steps[0], :: steps[1]]
    return np.array([_enclosed_pixels(one, bone_hu, reach) * pixel_mm2 for one in coarse])


def shows_brain(hounsfield: np.ndarray, grid: SliceGrid) -> bool:
    """Whether at least one slice shows a brain in its skull."""
    areas = brain_areas_mm2(hounsfield, grid)
    return bool(((areas > _BRAIN_MM2[0]) & (areas < _BRAIN_MM2[1])).any())


def head_warnings(grid: SliceGrid) -> tuple[str, ...]:
    """Sentences on a field of view that is none of a head."""
    widest_mm = max(grid.columns * grid.column_mm, grid.rows * grid.row_mm)
    if widest_mm <= _WIDEST_MM:
        return ()
    return (f"The field of view is {widest_mm:.0f} mm wide, more than that of a head CT.",)


def _enclosed_pixels(hounsfield: np.ndarray, bone_hu: int, reach: int) -> int:
    padded = np.pad(hounsfield >= bone_hu, reach)
    bone = ndimage.binary_closing(padded, iterations=reach)
    inside = ndimage.binary_fill_holes(bone) & ~bone
    parts, count = ndimage.label(inside)
    if not count:
        return 0
    largest = parts == 1 + np.argmax(np.bincount(parts.ravel())[1:])
    middle = np.median(np.pad(hounsfield, reach)[largest])
    return int(largest.sum()) if _BRAIN_HU[0] <= middle <= _BRAIN_HU[1] else 0
