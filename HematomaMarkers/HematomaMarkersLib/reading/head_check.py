"""Whether a scan shows a head: a closed ring of bone, as large as a skull, with soft tissue inside, or a brain cut out of it.

And whether the head lies as its file says: its cross-section is longer from front to back than from side to side.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from LesionReadingLib.geometry.grid import Grid
from LesionReadingLib.language import _
from LesionReadingLib.masks import filled, largest_piece, reaching_border, slice_by_slice
from scipy import ndimage

from ..windows import BONE_HU
from .scan import AIR_HU

_PIXEL_MM = 1.5  # fine enough for a skull, coarse enough to be quick
_GAP_MM = 3.0  # sutures and thin bone that may be open
_BRAIN_HU = (0, 70)
_MOST_BONE_AT_EDGE = 0.5  # share of a slice's edge: pages and drawings lie on white; a head 0, however it is cut
_MOST_BONE_BY_BRAIN = 3.0  # a skull has 0.15 to 1.6 times the pixels of what it encloses, at its base most; a white page more
_BRAIN_MM2 = (3000.0, 30000.0)  # inside of a skull on one slice; the largest heads have 20000
_WIDEST_MM = 360.0
_ONE_BACKGROUND = 0.95  # share of what surrounds a brain cut out of its skull that has one and the same value
_LEAST_BACKGROUND = 0.3  # of all voxels
_LEAST_SPREAD_HU = 3.0  # of a brain, its fluid and the noise; water or a drawn shape has less
_MOST_BONE = 0.02  # of a brain alone: remains of the skull at its rim, calcifications
_TISSUE_HU = -300
_NEAR_LARGEST = 0.9
_LONGER = 1.08  # length by width from which a head's long axis can be told; 1.15 to 1.4 are usual
_TURNED_DEG = 50.0
_MOST_SLICES = 80  # spread over the scan, on which the head's long axis is looked for


def shows_brain(hounsfield: np.ndarray, grid: Grid) -> bool:
    """Whether at least one slice shows a brain in its skull."""
    from_the_middle = sorted(range(len(hounsfield)), key=lambda number: abs(number - len(hounsfield) // 2))
    areas_mm2 = _brain_areas_mm2(hounsfield, grid, from_the_middle)
    return any(_BRAIN_MM2[0] < area_mm2 < _BRAIN_MM2[1] for area_mm2 in areas_mm2)


def _brain_areas_mm2(hounsfield: np.ndarray, grid: Grid, numbers: Iterable[int]) -> Iterator[float]:
    """Area of what a closed ring of bone encloses where that has the HU of a brain, else 0; slice by slice as they are asked for.

    Args:
        hounsfield: (slices, rows, columns) in HU; in a windowed scan the brightest value stands for bone.
    """
    steps = [max(1, int(_PIXEL_MM / size)) for size in (grid.row_mm, grid.column_mm)]
    pixel_mm2 = grid.pixel_mm2 * steps[0] * steps[1]
    reach = max(1, round(_GAP_MM / np.sqrt(pixel_mm2) / 2))
    bone_hu = min(BONE_HU, int(hounsfield.max()) - 1)
    for number in numbers:
        yield _enclosed_pixels(hounsfield[number, :: steps[0], :: steps[1]], bone_hu, reach) * pixel_mm2


def without_background(hounsfield: np.ndarray, grid: Grid) -> np.ndarray | None:
    """A brain cut out of its skull (skull-stripped) with air around it; None where the scan is none.

    What surrounds it has one value, often 0 HU as the fluid in it, so only what reaches the border of the slices is background.
    """
    border = np.concatenate([side[:, ends].ravel() for side in (hounsfield, hounsfield.swapaxes(1, 2)) for ends in (0, -1)])
    values, counts = np.unique(border, return_counts=True)
    background = values[counts.argmax()]
    if counts.max() < _ONE_BACKGROUND * border.size:
        return None
    outside = slice_by_slice(reaching_border, hounsfield == background)
    brain = ~outside
    areas_mm2 = brain.sum(axis=(1, 2)) * grid.pixel_mm2
    shown = hounsfield[brain]
    if outside.mean() < _LEAST_BACKGROUND or not ((areas_mm2 > _BRAIN_MM2[0]) & (areas_mm2 < _BRAIN_MM2[1])).any():
        return None
    if (shown > BONE_HU).mean() > _MOST_BONE or not max(_BRAIN_HU[0], background) <= np.median(shown) <= _BRAIN_HU[1]:
        return None
    if np.ptp(np.percentile(shown, [5, 95])) < _LEAST_SPREAD_HU:
        return None
    return np.where(outside, AIR_HU, hounsfield).astype(hounsfield.dtype)


def is_turned(hounsfield: np.ndarray, grid: Grid) -> bool:
    """Whether the head's long axis lies across to what the grid calls front and back, on the slices that show most of the brain.

    The halves of that axis, front from back, are not told from each other.
    """
    some = hounsfield[:: -(-len(hounsfield) // _MOST_SLICES)]
    tissue = some > max(_TISSUE_HU, int(hounsfield.min()))
    areas = np.array(list(_brain_areas_mm2(some, grid, range(len(some)))))
    if not areas.any():  # a brain alone
        areas = tissue.sum(axis=(1, 2))
    shapes = [_long_axis(tissue[number], grid) for number in np.flatnonzero(areas > _NEAR_LARGEST * areas.max())]
    shapes = [shape for shape in shapes if shape is not None]
    if not shapes or np.median([ratio for ratio, _ in shapes]) < _LONGER:
        return False
    away_deg = [np.degrees(np.arctan2(abs(axis[0]), abs(axis[1]))) for _, axis in shapes]
    return bool(np.median(away_deg) > _TURNED_DEG)


def _long_axis(tissue: np.ndarray, grid: Grid) -> tuple[float, np.ndarray] | None:
    """How much longer than wide the largest part of a mask (rows, columns) is, and its long axis (3,) in LPS; None without one."""
    rows, columns = np.nonzero(largest_piece(ndimage.binary_opening(tissue, iterations=max(1, round(2 * _PIXEL_MM / grid.row_mm)))))
    if not rows.size:
        return None
    spreads, axes = np.linalg.eigh(np.cov(np.stack([rows * grid.row_mm, columns * grid.column_mm])))
    return float(np.sqrt(spreads[1] / max(spreads[0], 1e-6))), axes[0, 1] * grid.row_axis + axes[1, 1] * grid.column_axis


def head_warnings(grid: Grid) -> tuple[str, ...]:
    """Sentences on a field of view that is none of a head."""
    widest_mm = max(grid.columns * grid.column_mm, grid.rows * grid.row_mm)
    if widest_mm <= _WIDEST_MM:
        return ()
    return (_("The field of view is {widest_mm:.0f} mm wide, more than that of a head CT.").format(widest_mm=widest_mm),)


def _enclosed_pixels(hounsfield: np.ndarray, bone_hu: int, reach: int) -> int:
    bright = hounsfield >= bone_hu
    if np.mean([bright[ends].mean() for ends in (0, -1, np.s_[:, 0], np.s_[:, -1])]) > _MOST_BONE_AT_EDGE:
        return 0
    bone = ndimage.binary_closing(np.pad(bright, reach), iterations=reach)
    largest = largest_piece(filled(bone) & ~bone)
    if not largest.any() or bright.sum() > _MOST_BONE_BY_BRAIN * largest.sum():
        return 0
    middle = np.median(np.pad(hounsfield, reach)[largest])
    return int(largest.sum()) if _BRAIN_HU[0] <= middle <= _BRAIN_HU[1] else 0
