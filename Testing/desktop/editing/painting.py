"""Strokes of a brush, as the Paint and Erase effects make them."""

import numpy as np
import slicer
from vtkmodules.util.numpy_support import vtk_to_numpy
from vtkmodules.vtkCommonCore import VTK_UNSIGNED_CHAR
from vtkmodules.vtkCommonMath import vtkMatrix4x4

from .segment_editor import editor_of


def paint(segmentation, segment_id, volume, ijk, radius_mm, erase=False):
    """One stroke of a round brush of ``radius_mm`` at voxel ``ijk`` (column, row, slice) of ``volume``, in that slice only.

    It is one step of undo, goes through the masking and overwriting that the open segment editor has set, and fires the
    segmentation's events as in Slicer.
    """
    logic = _logic_for(segmentation, volume)
    logic.SaveStateForUndo()
    mode = logic.ModificationModeRemove if erase else logic.ModificationModeAdd
    logic.ModifySegmentByLabelmap(segmentation, segment_id, _stroke(volume, ijk, radius_mm), mode, True, False)


def _logic_for(segmentation, volume):
    """The logic of the segment editor that edits this segmentation; without one, a logic of its own."""
    editor = editor_of(segmentation)
    if editor is not None:
        return editor._logic
    node = slicer.mrmlScene.CreateNodeByClass("vtkMRMLSegmentEditorNode")
    node.UnRegister(None)
    slicer.mrmlScene.AddNode(node)
    logic = slicer.vtkSlicerSegmentEditorLogic()
    logic.SetMRMLScene(slicer.mrmlScene)
    logic.SetSegmentEditorNode(node)
    logic.SetSegmentationNode(segmentation)
    logic.SetSourceVolumeNode(volume)
    return logic


def _stroke(volume, ijk, radius_mm):
    column, row, slice_number = ijk
    columns, rows, slices = volume.GetImageData().GetDimensions()
    spacing = volume.GetSpacing()
    at_row, at_column = np.ogrid[:rows, :columns]
    inside = ((at_column - column) * spacing[0]) ** 2 + ((at_row - row) * spacing[1]) ** 2 <= radius_mm**2
    image = slicer.vtkOrientedImageData()
    image.SetExtent(0, columns - 1, 0, rows - 1, 0, slices - 1)
    image.AllocateScalars(VTK_UNSIGNED_CHAR, 1)
    matrix = vtkMatrix4x4()
    volume.GetIJKToRASMatrix(matrix)
    image.SetGeometryFromImageToWorldMatrix(matrix)
    voxels = vtk_to_numpy(image.GetPointData().GetScalars()).reshape(slices, rows, columns)
    voxels[:] = 0
    voxels[slice_number] = inside
    return image
