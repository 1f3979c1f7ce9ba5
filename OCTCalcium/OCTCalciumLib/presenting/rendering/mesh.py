"""Surfaces made small enough to be turned in a page (``mesh.js``): at most so many triangles, whole numbers in place of mm."""

from __future__ import annotations

import base64
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from vtkmodules.util.numpy_support import vtk_to_numpy
from vtkmodules.vtkCommonDataModel import vtkPolyData
from vtkmodules.vtkFiltersCore import vtkQuadricClustering

from ...colors import COLORS
from .volumes import Stack, over_180_at

MOST_TRIANGLES, MOST_OF_LUMEN = 24_000, 8_000
_FINEST, _COARSER = 1.0, 1.25  # side of the cells that points are gathered in: in voxels at the finest, and from try to try
_LEFT = 0.7  # of a surface's triangles, or more, are left by the finest cells; coarser ones leave them by the square of the side
_FULL = 65535  # of a coordinate
_LUMEN_OPACITY = 0.16


def page_mesh(stack: Stack, calcium: vtkPolyData, lumen: vtkPolyData) -> dict[str, Any]:
    """What a page needs to turn calcium inside the lumen's shell.

    Returns:
        ``size``: extents of the stack along x, y and z (columns, rows, frames) in its mm. ``first_mm``, ``frame_mm``: where along z
        the middle of the first frame lies, and how far frames are apart. ``parts``: of each surface two colours, opacity, and as
        Base64 the points (uint16 x, y, z, 0 to 65535 along ``size``), which colour each has (uint8) and the triangles (uint16).
    """
    low, high = stack.bounds_mm.T
    parts = [
        _part(stack, lumen, MOST_OF_LUMEN, (COLORS["lumen"],) * 2, _LUMEN_OPACITY),
        _part(stack, calcium, MOST_TRIANGLES, (COLORS["calcium_under_180"], COLORS["calcium_over_180"]), 1.0),
    ]
    return {
        "size": [round(float(side), 4) for side in high - low],
        "first_mm": stack.first_frame * stack.step_mm[0] - float(low[2]),
        "frame_mm": stack.step_mm[0],
        "parts": [part for part in parts if part["triangles"]],
    }


def _part(stack: Stack, surface: vtkPolyData, most: int, colours: Sequence[str], opacity: float) -> dict[str, Any]:
    points, triangles = clustered(surface, stack.step_mm, most)
    low, high = stack.bounds_mm.T
    whole = np.rint(np.clip((points - low) / (high - low), 0, 1) * _FULL).astype("<u2")
    return {
        "colours": list(colours),
        "opacity": opacity,
        "points": _text(whole),
        "kinds": _text(over_180_at(stack, points)),
        "triangles": _text(triangles.astype("<u2")),
    }


def clustered(surface: vtkPolyData, step_mm: Sequence[float], most: int) -> tuple[np.ndarray, np.ndarray]:
    """(points (n, 3) in mm, triangles (m, 3)) of a surface, its points gathered in cells until no more triangles are left.

    Args:
        step_mm: distance of voxels (frame, row, column). most: triangles; few enough for points counted in 16 bits.
    """
    surely_too_many = math.log(max(1.0, _LEFT * surface.GetNumberOfCells() / most)) / (2 * math.log(_COARSER))
    cell = np.array(step_mm[::-1]) * _FINEST * _COARSER ** int(surely_too_many)  # fine cells take seconds, and half a gigabyte
    while surface.GetNumberOfCells() > 0:
        bounds = np.reshape(surface.GetBounds(), (3, 2))
        gathered = vtkQuadricClustering()
        gathered.SetInputData(surface)
        gathered.AutoAdjustNumberOfDivisionsOff()
        gathered.SetNumberOfDivisions(*np.maximum(2, np.ceil(np.ptp(bounds, axis=1) / cell)).astype(int).tolist())
        gathered.Update()
        found = gathered.GetOutput()
        if found.GetNumberOfCells() <= most:
            corners = vtk_to_numpy(found.GetPolys().GetConnectivityArray()).reshape(-1, 3)
            return vtk_to_numpy(found.GetPoints().GetData()).astype(float), corners
        cell = cell * _COARSER
    return np.zeros((0, 3)), np.zeros((0, 3), int)


def _text(values: np.ndarray) -> str:
    return base64.b64encode(np.ascontiguousarray(values).tobytes()).decode("ascii")
