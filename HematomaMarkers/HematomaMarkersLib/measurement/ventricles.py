"""Whether blood that was marked as lying in the ventricles touches one: dense dura and sinuses are taken for it otherwise.

A ventricle is fluid deep inside the brain that is not in the plane of the falx, where the straight sinus, the falx and the cisterns
beside them lie. Blood counts where it touches such fluid or the hematoma; or where it is large and lies, for the most part, where
only ventricles are: a ventricle full of blood shows no fluid. Everything is looked at in blocks of about 1.8 x 1.8 x 3 mm, whose
averages tell fluid (5 to 15 HU) from white matter (28 HU) on noisy scans, too.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from LesionReadingLib.masks import eroded, large_pieces, slice_by_slice
from scipy import ndimage

from ..brain import brain_mask, head_mask, tissue_and_bone_hu
from ..labels import HEMATOMA, INTRAVENTRICULAR
from ..reading.scan import Scan

BLOCK_MM, SLAB_MM = 1.8, 3.0
FLUID_BELOW_BRAIN_HU = 12.0
"""Fluid has 5 to 15 HU, white matter 28, and the brain's median is about 33."""

DEEP_MM = 18.0
"""Distance from the skull on the slice, from which fluid is no more that of the brain's surface."""

WIDEST_MM = 34.0
"""Ventricles reach no farther from the middle; the insula begins there."""

FALX_MM, CISTERNS_MM = 5.0, 6.5
"""Half of the width in which falx and straight sinus lie, and the fluid of the cisterns around them."""

FALX_BEHIND, FALX_BEFORE = 0.58, 0.22
"""Shares of the brain's length, from its front: between them the third ventricle lies in the falx's plane, beyond them falx,
straight sinus and cisterns do."""

FALX_ABOVE_MM = 28.0
"""Above the brain's widest slice: there the falx reaches down between the hemispheres over the ventricles' roof."""

LEAST_VENTRICLE_ML = 0.3
FULL_VENTRICLE_ML = 2.0
"""Blood of this volume may be a ventricle of its own: a straight sinus holds about 1 mL."""

FULL_VENTRICLE_SHARE = 0.5
_NEIGHBOURS = np.ones((3, 3, 3), bool)
_LEAST_BRAIN_ML = 50.0


@dataclass(frozen=True, eq=False)
class HeadSpaces:
    """What of a head on a scan tells whether blood lies in a ventricle, in blocks (slabs, rows, columns).

    Attributes:
        brain_ml: what the skull encloses; None where no skull was found.
        fluid: booleans, the ventricles as far as they hold fluid. room: booleans, where ventricles can be and dura is not.
        block_ml: (slabs,) volume of a block. slabs: (slices,) the slab of each slice. block: pixels of a block (rows, columns).
    """

    brain_ml: float | None
    fluid: np.ndarray
    room: np.ndarray
    block_ml: np.ndarray
    slabs: np.ndarray
    block: tuple[int, int]

    @property
    def ventricles_seen(self) -> bool:
        """Whether the scan shows a ventricle."""
        return bool(self.fluid.any())

    def blocks(self, mask: np.ndarray) -> np.ndarray:
        """The blocks that hold any of a mask (slices, rows, columns) of the scan."""
        found = np.zeros(self.fluid.shape, bool)
        for number in np.flatnonzero(mask.any(axis=(1, 2))):
            found[self.slabs[number]] |= _pooled(mask[number], self.block, np.logical_or)
        return found


def head_spaces(scan: Scan) -> HeadSpaces:
    """Look for brain and ventricles on a scan."""
    hounsfield, slabs, block, places = _blocks(scan)
    grid = scan.grid
    block_ml = np.bincount(slabs, grid.extents_mm) * grid.pixel_mm2 * block[0] * block[1] / 1000
    pixel_mm = float(np.sqrt(grid.pixel_mm2 * block[0] * block[1]))
    tissue_hu, bone_hu = tissue_and_bone_hu(scan.hounsfield)
    head = head_mask(hounsfield, pixel_mm, tissue_hu)
    brain = brain_mask(hounsfield, head, pixel_mm, bone_hu)
    brain_ml = float(brain.sum(axis=(1, 2)) @ block_ml)
    has_skull = brain_ml >= _LEAST_BRAIN_ML
    if not has_skull:
        brain = head  # a skull that was removed, or lies outside the scan
    nothing = np.zeros(brain.shape, bool)
    if not brain.any():
        return HeadSpaces(None, nothing, nothing, block_ml, slabs, block)
    deep = slice_by_slice(eroded, brain, DEEP_MM, (grid.row_mm * block[0], grid.column_mm * block[1]))
    room, away_from_cisterns = (deep & _beside_falx(brain, places, half_mm) for half_mm in (FALX_MM, CISTERNS_MM))
    fluid = away_from_cisterns & (hounsfield < np.median(hounsfield[brain]) - FLUID_BELOW_BRAIN_HU)
    fluid = large_pieces(fluid, LEAST_VENTRICLE_ML, weights=np.broadcast_to(block_ml[:, None, None], fluid.shape))
    return HeadSpaces(brain_ml if has_skull else None, fluid, room, block_ml, slabs, block)


def apart_from_ventricles(labels: np.ndarray, spaces: HeadSpaces) -> np.ndarray:
    """Where blood is marked as lying in the ventricles, but touches neither a ventricle nor the hematoma.

    Args:
        labels: (slices, rows, columns) of the values in ``labels``.

    Returns:
        bool (slices, rows, columns).
    """
    marked = labels == INTRAVENTRICULAR
    blood = spaces.blocks(marked)
    parts, count = ndimage.label(blood, _NEIGHBOURS)
    near = ndimage.binary_dilation(spaces.fluid | spaces.blocks(labels == HEMATOMA), _NEIGHBOURS)
    numbers = np.arange(count + 1)
    touching = ndimage.maximum(near, parts, numbers) > 0
    weights = np.broadcast_to(spaces.block_ml[:, None, None], blood.shape)
    volumes_ml = ndimage.sum(weights, parts, numbers)
    in_room = ndimage.mean(spaces.room, parts, numbers)
    counted = touching | ((volumes_ml >= FULL_VENTRICLE_ML) & (in_room >= FULL_VENTRICLE_SHARE))
    counted[0] = False
    apart = blood & ~counted[parts]
    found = np.zeros_like(marked)
    for number in np.flatnonzero(marked.any(axis=(1, 2))):
        rows, columns = (np.minimum(np.arange(size) // step, end - 1) for size, step, end in _axes(marked, spaces))
        found[number] = marked[number] & apart[spaces.slabs[number]][rows[:, None], columns]
    return found


def _axes(mask: np.ndarray, spaces: HeadSpaces) -> zip:
    return zip(mask.shape[1:], spaces.block, spaces.fluid.shape[1:], strict=True)


def _blocks(scan: Scan) -> tuple[np.ndarray, np.ndarray, tuple[int, int], np.ndarray]:
    """(HU float32 of blocks, slab of each slice, pixels of a block, LPS of the blocks' middles in mm)."""
    grid = scan.grid
    block = tuple(max(1, int(BLOCK_MM / size + 1e-6)) for size in (grid.row_mm, grid.column_mm))
    together = max(1, int(SLAB_MM / float(np.median(grid.extents_mm)) + 1e-6))
    slabs = np.arange(grid.slice_count) // together
    sizes = np.bincount(slabs)
    averages = np.zeros((len(sizes), *(-(-size // step) for size, step in zip(grid.shape[1:], block, strict=True))), np.float32)
    for number, slab in enumerate(slabs):
        averages[slab] += _pooled(scan.hounsfield[number].astype(np.float32), block, np.add)
    rows, columns = (_pooled_counts(size, step) for size, step in zip(grid.shape[1:], block, strict=True))
    averages /= (sizes[:, None, None] * rows[:, None] * columns).astype(np.float32)
    firsts = np.arange(len(sizes)) * together + (sizes - 1) / 2
    middles = [np.arange(len(counts)) * step + (counts - 1) / 2 for counts, step in zip((rows, columns), block, strict=True)]
    indices = np.stack(np.meshgrid(firsts, *middles, indexing="ij"), axis=-1)
    return averages, slabs, block, grid.lps_mm(indices)


def _pooled(image: np.ndarray, block: tuple[int, int], reduce: np.ufunc) -> np.ndarray:
    for axis, step in enumerate(block):
        image = reduce.reduceat(image, np.arange(0, image.shape[axis], step), axis=axis)
    return image


def _pooled_counts(size: int, step: int) -> np.ndarray:
    return np.bincount(np.arange(size) // step)


def _beside_falx(brain: np.ndarray, places: np.ndarray, behind_mm: float) -> np.ndarray:
    """Not far from the middle, and not where falx, sinuses and cisterns lie in its plane, behind within ``behind_mm`` of it."""
    areas = brain.sum(axis=(1, 2))
    wide = places[np.broadcast_to((areas >= 0.8 * areas.max())[:, None, None], brain.shape) & brain]
    front, back = np.percentile(wide[:, 1], (0.5, 99.5))
    along = (places[..., 1] - front) / max(back - front, 1.0)
    beside = np.abs(places[..., 0] - _middle_mm(brain, places))
    above = places[..., 2] - places[int(areas.argmax()), ..., 2].mean()
    in_falx = (beside < FALX_MM) & ((along < FALX_BEFORE) | (above > FALX_ABOVE_MM))
    return (beside < WIDEST_MM) & ~in_falx & ~((beside < behind_mm) & (along > FALX_BEHIND))


def _middle_mm(brain: np.ndarray, places: np.ndarray) -> np.ndarray:
    """LPS x of the plane that halves the brain, x = a + b y + c z, at every block."""
    x, y, z = np.moveaxis(places[brain], -1, 0)
    rows = np.round(y / 5).astype(int)
    lines = np.unique(np.argwhere(brain)[:, 0] * (np.ptp(rows) + 1) + rows - rows.min(), return_inverse=True)[1].ravel()
    count = lines.max() + 1
    low, high = np.full(count, np.inf), np.full(count, -np.inf)
    np.minimum.at(low, lines, x)
    np.maximum.at(high, lines, x)
    sizes = np.bincount(lines)
    lines_y, lines_z = (np.bincount(lines, values) / sizes for values in (y, z))
    long = high - low >= 0.7 * np.percentile(high - low, 90)
    design = np.stack([np.ones(count), lines_y, lines_z], axis=1)
    plane = np.linalg.lstsq(design[long], (low + high)[long] / 2, rcond=None)[0]
    return plane[0] + plane[1] * places[..., 1] + plane[2] * places[..., 2]
