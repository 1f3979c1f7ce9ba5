"""Masks: connected pieces, what they enclose, how far they reach, what lies in them. Most take any number of dimensions.

Masks are booleans. ``connectivity`` says which elements touch, as in scikit-image: 1 those that share a face, the number of
dimensions those that share a corner, too. Distances are Euclidean, in the unit of ``spacing``, the size of an element along each
axis (one number for all, as in scipy).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from scipy import ndimage

Spacing = float | Sequence[float]


def put_drawn(target: np.ndarray, values: np.ndarray) -> None:
    """Write values (rows, columns) over zeros of the same shape, but for the rows of nothing but zeros at either end.

    Zeros of ``np.zeros`` take no memory until something is written to them: a mostly empty volume stays small.
    """
    rows = np.flatnonzero(values.any(axis=1))
    if rows.size:
        drawn = slice(rows[0], rows[-1] + 1)
        target[drawn] = values[drawn]


def pieces(mask: np.ndarray, connectivity: int = 1, weights: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Number the connected pieces of a mask.

    Args:
        weights: of every element, of the mask's shape; None counts elements.

    Returns:
        (the number of its piece for every element, 0 outside; the size of every piece by its number, 0 for the outside).
    """
    numbers, count = ndimage.label(mask, ndimage.generate_binary_structure(mask.ndim, connectivity))
    inside = np.asarray(mask, bool)  # what lies outside is not counted: most masks are small in their array
    return numbers, np.bincount(numbers[inside], None if weights is None else weights[inside], count + 1)


def largest_piece(mask: np.ndarray, connectivity: int = 1) -> np.ndarray:
    """The largest connected piece, the first of equally large ones; nothing of an empty mask."""
    numbers, sizes = pieces(mask, connectivity)
    return (numbers == sizes.argmax()) & mask


def large_pieces(mask: np.ndarray, least: float, connectivity: int = 1, weights: np.ndarray | None = None) -> np.ndarray:
    """The connected pieces of at least some size, in elements or in the unit of ``weights`` (of the mask's shape)."""
    numbers, sizes = pieces(mask, connectivity, weights)
    return (sizes >= least)[numbers] & mask


def pieces_with(mask: np.ndarray, some: np.ndarray, connectivity: int = 1) -> np.ndarray:
    """The connected pieces of a mask that hold any element of another one."""
    numbers, sizes = pieces(mask, connectivity)
    held = np.bincount(numbers[some & mask], minlength=sizes.size) > 0
    return held[numbers]


def reaching_border(mask: np.ndarray) -> np.ndarray:
    """The connected pieces that reach the border of the array."""
    numbers, _count = ndimage.label(np.pad(mask, 1, constant_values=True))
    inner = (slice(1, -1),) * mask.ndim
    return (numbers == numbers.flat[0])[inner]


def filled(mask: np.ndarray) -> np.ndarray:
    """A mask with what it encloses; as scipy's ``binary_fill_holes``, in a quarter of its time."""
    return ~reaching_border(~mask)


def eroded(mask: np.ndarray, by: float, spacing: Spacing = 1.0) -> np.ndarray:
    """What lies deeper in a mask than ``by``."""
    return depth(mask, spacing) > by


def grown(mask: np.ndarray, by: float, spacing: Spacing = 1.0) -> np.ndarray:
    """What lies no farther from a mask than ``by``; nothing where the mask is empty."""
    return ndimage.distance_transform_edt(~mask, spacing) <= by if mask.any() else mask


def depth(mask: np.ndarray, spacing: Spacing = 1.0) -> np.ndarray:
    """Distance of every element of a mask from the nearest one outside, 0 outside; beyond the array counts as outside."""
    inner = (slice(1, -1),) * mask.ndim
    return ndimage.distance_transform_edt(np.pad(mask, 1), spacing)[inner]


def with_neighbours(mask: np.ndarray) -> np.ndarray:
    """A mask and what touches it, across corners, too; as scipy's ``binary_dilation``, in a twentieth of its time."""
    for axis in range(mask.ndim):
        before, after = ((slice(None),) * axis + (part,) for part in (slice(None, -1), slice(1, None)))
        widened = mask.copy()
        widened[after] |= mask[before]
        widened[before] |= mask[after]
        mask = widened
    return mask


def smoothed(values: np.ndarray, mask: np.ndarray, sigma: Spacing) -> np.ndarray:
    """Gaussian average over a mask's elements only (normalised convolution, Knutsson and Westin 1993), float32; 0 outside the mask.

    Args:
        values: of the mask's shape. sigma: standard deviation along each axis, in elements.
    """
    weights = mask.astype(np.float32)
    total = ndimage.gaussian_filter(weights, sigma, mode="constant")
    mean = ndimage.gaussian_filter(values * weights, sigma, mode="constant")
    return np.where(mask, mean / np.maximum(total, 1e-6), 0).astype(np.float32)


def bounding_box(labels: np.ndarray) -> tuple[slice, slice]:
    """The rows and columns that hold every non-zero pixel of (rows, columns); empty slices where there is none."""
    return _extent(labels.max(axis=1)), _extent(labels.max(axis=0))


def slice_by_slice(function: Callable[..., np.ndarray], masks: np.ndarray, *options: object) -> np.ndarray:
    """A function of one mask and more options on each slice of (slices, rows, columns)."""
    return np.stack([function(mask, *options) for mask in masks])


def _extent(present: np.ndarray) -> slice:
    found = np.flatnonzero(present)
    return slice(int(found[0]), int(found[-1]) + 1) if found.size else slice(0, 0)
