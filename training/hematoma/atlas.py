"""Makes the phantom's atlas from the average brain that comes inside the package nilearn: ``python -m training.hematoma.atlas
FILE``.

Only who wants to make the shipped ``HematomaMarkersLib/data/mni152_tissues.npz`` anew needs nilearn (``pip install nilearn``).
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from LesionReadingLib.masks import filled, largest_piece
from scipy import ndimage

STEP_MM = 1.5
ORIGIN_MM = (-72.0, -98.0, -98.0)
"""LPS z, y, x of the first voxel of nilearn's maps, once their axes grow towards the patient's left, back and head."""

_LEVELS = 31
"""The maps are kept in this many steps: finer ones are noise and do not compress."""


def main(target: Path) -> None:
    """Write the atlas: see ``phantom_atlas`` for what it holds."""
    from nilearn.datasets import load_mni152_gm_template, load_mni152_wm_template

    grey, white = (_lps_array(load(resolution=1)) for load in (load_mni152_gm_template, load_mni152_wm_template))
    tissue = grey + white
    hull = _closed(largest_piece(tissue > 0.4), 14)
    ventricles = _ventricles(tissue, hull)
    np.savez_compressed(
        target,
        grey=_coarser(grey * _LEVELS).round().astype(np.uint8),
        white=_coarser(white * _LEVELS).round().astype(np.uint8),
        hull_half_mm=_half_mm(hull),
        ventricle_half_mm=_half_mm(ventricles),
        levels=_LEVELS,
        step_mm=STEP_MM,
        origin_mm=ORIGIN_MM,
    )


def _lps_array(image) -> np.ndarray:
    """(z, y, x) from nilearn's (x, y, z), whose x and y grow towards right and front."""
    return np.asarray(image.get_fdata(), np.float32).transpose(2, 1, 0)[:, ::-1, ::-1]


def _closed(mask: np.ndarray, radius_mm: float) -> np.ndarray:
    """Closing by a ball, as two distance maps: far quicker than morphology with a large ball."""
    wide = np.pad(mask, 2 * radius_mm)
    grown = ndimage.distance_transform_edt(~wide) <= radius_mm
    inner = slice(2 * radius_mm, -2 * radius_mm)
    return filled(ndimage.distance_transform_edt(grown) > radius_mm)[inner, inner, inner]


def _ventricles(tissue: np.ndarray, hull: np.ndarray) -> np.ndarray:
    """The two lateral ventricles (the largest deep fluid apart from the cisterns), the third and the fourth, cut out by boxes."""
    z, y, x = (
        np.arange(size).reshape(shape) + first
        for size, first, shape in zip(tissue.shape, ORIGIN_MM, ((-1, 1, 1), (1, -1, 1), (1, 1, -1)), strict=True)
    )
    fluid = (tissue < 0.45) & (ndimage.distance_transform_edt(hull) > 14)
    parts, _ = ndimage.label(fluid)
    above_thalamus = np.bincount(parts[(z.ravel() > 8) & (z.ravel() < 28)].ravel())
    lateral = parts == above_thalamus[1:].argmax() + 1
    third = fluid & (abs(x) <= 4) & (y > -8) & (y < 28) & (z > -9) & (z < 9)
    fourth = fluid & (abs(x) <= 10) & (y > 32) & (y < 50) & (z > -46) & (z < -18)
    return lateral | third | fourth


def _half_mm(mask: np.ndarray) -> np.ndarray:
    """Signed distance from the border, negative inside, in steps of half a mm, as int8."""
    distance = ndimage.distance_transform_edt(~mask) - ndimage.distance_transform_edt(mask)
    return np.clip(_coarser(distance.astype(np.float32)) * 2, -127, 127).round().astype(np.int8)


def _coarser(values: np.ndarray) -> np.ndarray:
    """On the atlas's grid, smoothed just enough for it."""
    image = sitk.SmoothingRecursiveGaussian(sitk.GetImageFromArray(values), 0.5 * STEP_MM)
    size = [int((length - 1) / STEP_MM) + 1 for length in image.GetSize()]
    return sitk.GetArrayFromImage(sitk.Resample(image, size, sitk.Transform(), sitk.sitkLinear, (0.0,) * 3, (STEP_MM,) * 3))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
