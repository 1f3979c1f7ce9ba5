"""Head and brain on a head CT, found by thresholds and morphology: what is not the patient's brain can then be left out.

All arrays are canonical (see ``model.preparation.grid``), (slices, rows, columns) with square pixels.
"""

from __future__ import annotations

import numpy as np
from LesionReadingLib.masks import eroded, filled, grown, largest_piece, pieces, slice_by_slice

TISSUE_HU = -300
SOFT_HU = (-20, 130)
BONE_HU = 250
ENCLOSED_DIRECTIONS = 5
"""Of eight. A point outside a convex skull sees it in fewer than half of all directions, a point inside it in all; a hole
in the skull takes some away."""
CONTINUING_SHARE = 0.6
_CORD_MM = 3.0
_HEADREST_MM = 6.0


def tissue_and_bone_hu(hounsfield: np.ndarray) -> tuple[float, float]:
    """Give the HU above which there is tissue, and bone; in pictures cut to a window its ends stand for air and for bone."""
    return max(TISSUE_HU, float(hounsfield.min())), min(BONE_HU, float(hounsfield.max()) - 2)


def head_mask(hounsfield: np.ndarray, pixel_mm: float, tissue_hu: float = TISSUE_HU) -> np.ndarray:
    """Give bool, true in the head: the largest thing in the scan after thin ones (headrest, cables, tubes) were cut off."""
    tissue = hounsfield > tissue_hu
    thick = slice_by_slice(eroded, tissue, _HEADREST_MM / pixel_mm)
    head = slice_by_slice(grown, largest_piece(thick), _HEADREST_MM / pixel_mm + 1) & tissue
    return slice_by_slice(filled, head)


def brain_mask(hounsfield: np.ndarray, head: np.ndarray, pixel_mm: float, bone_hu: float = BONE_HU) -> np.ndarray:
    """Give bool, true in the skull's cavity: brain, its fluid, and blood up to the bone. All false where there is no skull.

    Soft tissue that bone encloses, without what hangs on it by thin cords (through sutures and the skull's base) and what merely
    lies below or beside it in the next slice (eyes, muscles of the face).
    """
    bone = (hounsfield > bone_hu) & head
    soft = (hounsfield > SOFT_HU[0]) & (hounsfield < min(SOFT_HU[1], bone_hu)) & head
    inside = soft & (directions_with_bone(bone) >= ENCLOSED_DIRECTIONS)
    core = _followed(slice_by_slice(eroded, inside, _CORD_MM / pixel_mm))
    return slice_by_slice(filled, slice_by_slice(grown, core, _CORD_MM / pixel_mm + 1) & inside)


def _followed(core: np.ndarray) -> np.ndarray:
    """The parts that continue the largest part of all slices, up and down: most of each lies on those of the slice before."""
    parts, sizes = zip(*(pieces(image) for image in core), strict=True)
    first = int(np.argmax([size.max() for size in sizes]))
    kept = np.zeros_like(core)
    kept[first] = (parts[first] == sizes[first].argmax()) & core[first]
    for way in (1, -1):
        last = len(core) if way == 1 else -1
        for number in range(first + way, last, way):
            shared = np.bincount(parts[number][kept[number - way]], minlength=len(sizes[number]))
            continuing = shared > CONTINUING_SHARE * sizes[number]
            kept[number] = continuing[parts[number]] & core[number]
    return kept


def directions_with_bone(bone: np.ndarray) -> np.ndarray:
    """Give uint8, in how many of eight directions within its slice each pixel of (slices, rows, columns) meets bone."""
    count = np.zeros(bone.shape, np.uint8)
    for axis in (1, 2):
        for way in (slice(None), slice(None, None, -1)):
            turned = (slice(None),) * axis + (way,)
            count[turned] += np.logical_or.accumulate(bone[turned], axis=axis)
    for rows in (slice(None), slice(None, None, -1)):
        for columns in (slice(None), slice(None, None, -1)):
            count[:, rows, columns] += _met_diagonally(bone[:, rows, columns])
    return count


def _met_diagonally(bone: np.ndarray) -> np.ndarray:
    met = bone.copy()
    for row in range(1, bone.shape[1]):
        met[:, row, 1:] |= met[:, row - 1, :-1]
    return met
