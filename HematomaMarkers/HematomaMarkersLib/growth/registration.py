"""Rigid registration of two head CTs of one patient.

Both scans are first brought onto even grids along the patient's axes (through ``Grid``, so tilted and unevenly spaced
scans are as good as any), cut to the head and to the densities between fat and bone; SimpleITK then turns and moves one onto
the other, coarse to fine. One thread and all voxels: the same scans give the same numbers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk
from LesionReadingLib.geometry.grid import Grid, stacked_grid
from LesionReadingLib.masks import filled, largest_piece, slice_by_slice
from scipy import ndimage

from ..reading.scan import Scan

STEP_MM = 3.0
HEAD_HU = -250.0
LOWEST_HU, HIGHEST_HU = -50.0, 250.0
"""What lies beyond is cut: skull and brain both take part, and neither air nor the densest bone outweighs them."""

POOR_LIKENESS = 0.85
_OPENING_STEPS = 2  # of 3 mm: parts the headrest from the head
_AROUND_STEPS = 2  # of 3 mm around the head are looked at, too
_LEVELS = ((4, 2.0), (2, 1.0))  # shrink factor, smoothing in steps
_ITERATIONS = 100


@dataclass(frozen=True, eq=False)
class Alignment:
    """How one head lies to another.

    Attributes:
        transform: (4, 4) LPS in mm, from a place in the fixed scan to the same in the moving one.
        rotation_deg: its angle, 0 to 180. translation_mm: how far it moves the middle of the fixed head.
        likeness: correlation of the two pictures over the fixed head after it, 1 for the same.
    """

    transform: np.ndarray
    rotation_deg: float
    translation_mm: float
    likeness: float


def align_heads(fixed: Scan, moving: Scan) -> Alignment:
    """Find the rigid transform from the fixed scan's places to the moving scan's."""
    fixed_head, moving_head = _head(fixed), _head(moving)
    start = sitk.CenteredTransformInitializer(
        sitk.Cast(fixed_head.mask, sitk.sitkFloat32),
        sitk.Cast(moving_head.mask, sitk.sitkFloat32),
        sitk.Euler3DTransform(),
        sitk.CenteredTransformInitializerFilter.MOMENTS,
    )
    transform = sitk.Euler3DTransform(start)
    method = sitk.ImageRegistrationMethod()
    method.SetNumberOfThreads(1)
    method.SetMetricAsCorrelation()
    method.SetMetricFixedMask(sitk.BinaryDilate(fixed_head.mask, [_AROUND_STEPS] * 3) * fixed_head.scanned)
    method.SetMetricMovingMask(moving_head.scanned)
    method.SetInterpolator(sitk.sitkLinear)
    method.SetOptimizerAsRegularStepGradientDescent(
        learningRate=4.0, minStep=0.02, numberOfIterations=_ITERATIONS, relaxationFactor=0.9, gradientMagnitudeTolerance=1e-8
    )
    method.SetOptimizerScalesFromPhysicalShift()
    method.SetShrinkFactorsPerLevel([factor for factor, _ in _LEVELS])
    method.SetSmoothingSigmasPerLevel([steps for _, steps in _LEVELS])
    method.SmoothingSigmasAreSpecifiedInPhysicalUnitsOff()
    method.SetInitialTransform(transform, inPlace=True)
    method.Execute(fixed_head.density, moving_head.density)
    return _alignment(transform, -method.GetMetricValue())


@dataclass(frozen=True, eq=False)
class _Head:
    """A head on an even grid of ``STEP_MM`` along the patient's axes.

    Attributes:
        density: cut to ``LOWEST_HU`` and ``HIGHEST_HU``, the former outside the head.
        mask: 1 in the head. scanned: 1 where the scan reaches.
    """

    density: sitk.Image
    mask: sitk.Image
    scanned: sitk.Image


def _head(scan: Scan) -> _Head:
    hounsfield, grid = _coarse(scan.hounsfield, scan.grid)
    corners = grid.lps_mm(np.array(np.meshgrid(*([0, size - 1] for size in grid.shape))).reshape(3, -1).T)
    first = corners.min(axis=0)
    count = np.ceil((corners.max(axis=0) - first) / STEP_MM).astype(int) + 1
    z, y, x = np.indices(count[::-1])
    places = grid.indices(np.stack([x, y, z], axis=-1) * STEP_MM + first)
    scanned = ((places > -0.5) & (places < np.array(grid.shape) - 0.5)).all(axis=-1)
    sampled = ndimage.map_coordinates(hounsfield, np.moveaxis(places, -1, 0), order=1, mode="nearest")
    head = _without_headrest(scanned & (sampled > HEAD_HU))
    density = np.where(head, np.clip(sampled, LOWEST_HU, HIGHEST_HU), LOWEST_HU)
    return _Head(*(_image(array, first) for array in (density.astype(np.float32), head.astype(np.uint8), scanned.astype(np.uint8))))


def _coarse(hounsfield: np.ndarray, grid: Grid) -> tuple[np.ndarray, Grid]:
    """The slices with their pixels averaged in blocks of about ``STEP_MM``, and the grid of the blocks."""
    rows, columns = (max(1, int(STEP_MM / size)) for size in (grid.row_mm, grid.column_mm))
    height, width = grid.rows // rows, grid.columns // columns
    blocks = hounsfield[:, : height * rows, : width * columns].reshape(-1, height, rows, width, columns)
    middle = (rows - 1) / 2 * grid.row_mm * grid.row_axis + (columns - 1) / 2 * grid.column_mm * grid.column_axis
    coarse = stacked_grid(
        (height, width),
        (grid.row_mm * rows, grid.column_mm * columns),
        grid.row_axis,
        grid.column_axis,
        grid.positions_mm + middle,
        float(grid.extents_mm[0]),
    )
    return blocks.mean(axis=(2, 4), dtype=np.float32), coarse


def _without_headrest(mask: np.ndarray) -> np.ndarray:
    """The largest piece after thin bridges (to the headrest) are cut, with what it encloses on each slice."""
    ball = ndimage.generate_binary_structure(3, 1)
    core = largest_piece(ndimage.binary_erosion(mask, ball, _OPENING_STEPS))
    if not core.any():
        return mask
    head = ndimage.binary_dilation(core, ball, _OPENING_STEPS) & mask
    return slice_by_slice(filled, head)


def _image(array: np.ndarray, first_mm: np.ndarray) -> sitk.Image:
    image = sitk.GetImageFromArray(array)
    image.SetOrigin(first_mm.tolist())
    image.SetSpacing([STEP_MM] * 3)
    return image


def _alignment(transform: sitk.Euler3DTransform, likeness: float) -> Alignment:
    rotation = np.array(transform.GetMatrix()).reshape(3, 3)
    centre = np.array(transform.GetCenter())
    matrix = np.eye(4)
    matrix[:3, :3] = rotation
    matrix[:3, 3] = np.array(transform.GetTranslation()) + centre - rotation @ centre
    angle = np.degrees(np.arccos(np.clip((np.trace(rotation) - 1) / 2, -1, 1)))
    return Alignment(matrix, float(angle), float(np.linalg.norm(transform.GetTranslation())), float(likeness))
