"""Volume nodes whose geometry is known: straight, oblique, flipped, anisotropic, of one slice."""

from __future__ import annotations

import numpy as np
import slicer
import slicer.util
import vtk
from LesionReadingLib.geometry.grid import matrix_grid
from LesionReadingScene.scene import add_volume

ORIGIN = np.array([12.0, -34.5, 56.25])
STEPS = np.array([0.5, 0.75, 3.0])  # mm from column to column, row to row, slice to slice

STRAIGHT = np.eye(3)
OBLIQUE = np.array([[0.0, 0.6, -0.8], [-1.0, 0.0, 0.0], [0.0, 0.8, 0.6]])  # axes of column, row and slice, one per line; LPS
FLIPPED = np.diag([-1.0, 1.0, -1.0])
MIRRORED = np.diag([1.0, 1.0, -1.0])  # left-handed
SAGITTAL = np.array([[0.0, 1.0, 0.0], [0.0, 0.0, -1.0], [1.0, 0.0, 0.0]])

GEOMETRIES = {"straight": STRAIGHT, "oblique": OBLIQUE, "flipped": FLIPPED, "mirrored": MIRRORED, "sagittal": SAGITTAL}


def numbered(shape=(5, 12, 16), kind=np.int16) -> np.ndarray:
    """(slices, rows, columns), every voxel another value as far as the type goes."""
    return np.arange(np.prod(shape)).reshape(shape).astype(kind)


def a_volume(directions=STRAIGHT, shape=(5, 12, 16), kind=np.int16, source="DICOM"):
    """A volume node with ``STEPS`` along the directions, at ``ORIGIN``."""
    return add_array(numbered(shape, kind), directions * STEPS[:, None], ORIGIN, "a volume", source)


def add_array(array: np.ndarray, axes_mm: np.ndarray, origin_mm: np.ndarray, name: str, source: str):
    """A volume node of an array (slices, rows, columns), with its steps in LPS to the next column, row, slice."""
    grid = matrix_grid(array.shape, axes_mm, origin_mm, source)
    return add_volume(array, grid, name)


def move(node, matrix: np.ndarray):
    """Put a node below a linear transform, (4, 4) RAS; gives the transform node."""
    transform = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    transform.SetMatrixTransformToParent(slicer.util.vtkMatrixFromArray(matrix))
    node.SetAndObserveTransformNodeID(transform.GetID())
    return transform


def turned(degrees: float, shift=(0.0, 0.0, 0.0)) -> np.ndarray:
    """(4, 4) turn about the third axis, then a shift in mm."""
    matrix = np.eye(4)
    cosine, sine = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    matrix[:2, :2] = [[cosine, -sine], [sine, cosine]]
    matrix[:3, 3] = shift
    return matrix


def a_bend():
    """A transform node that bends space, so that no matrix says where a voxel below it lies."""
    bend = vtk.vtkThinPlateSplineTransform()
    points, moved = vtk.vtkPoints(), vtk.vtkPoints()
    for number, point in enumerate(((0, 0, 0), (10, 0, 0), (0, 10, 0), (0, 0, 10), (10, 10, 10))):
        points.InsertNextPoint(point)
        moved.InsertNextPoint(np.add(point, number))
    bend.SetSourceLandmarks(points)
    bend.SetTargetLandmarks(moved)
    bend.SetBasisToR()
    transform = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLGridTransformNode")
    transform.SetAndObserveTransformToParent(bend)
    return transform
