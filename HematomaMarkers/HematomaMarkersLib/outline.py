"""How long the outline of a mask is, in mm: one ruler for the contours that the network finds and for those that are measured."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

_CONTOUR_SIGMA_MM = 0.8


def perimeter_mm(mask: np.ndarray, row_mm: float, column_mm: float) -> float:
    """Length of the contour of the smoothed mask: the integral of its gradient (coarea formula), free of the pixels' stairs.

    Args:
        mask: (rows, columns) booleans. row_mm, column_mm: size of a pixel.
    """
    margin = int(np.ceil(4 * _CONTOUR_SIGMA_MM / min(row_mm, column_mm)))
    pixel_mm = np.array([row_mm, column_mm])
    soft = ndimage.gaussian_filter(np.pad(mask, margin).astype(float), _CONTOUR_SIGMA_MM / pixel_mm)
    return float(np.hypot(*np.gradient(soft, row_mm, column_mm)).sum() * row_mm * column_mm)


def ellipse_perimeter_mm(mask: np.ndarray, row_mm: float, column_mm: float) -> float:
    """Perimeter of the ellipse with the second moments of a mask that is not empty (Ramanujan's formula)."""
    places = np.argwhere(mask) * (row_mm, column_mm)
    spread = np.cov(places.T, bias=True) + np.diag([row_mm**2, column_mm**2]) / 12
    small, large = 2 * np.sqrt(np.linalg.eigvalsh(spread))
    unlike = 3 * ((large - small) / (large + small)) ** 2
    return float(np.pi * (large + small) * (1 + unlike / (10 + np.sqrt(4 - unlike))))
