"""Volume nodes and the Libs: the same voxels in the same place, whichever way they lie, and no spacing that nobody stated."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk
import slicer
import slicer.util
import vtk
from drawn_volumes import GEOMETRIES, MIRRORED, OBLIQUE, ORIGIN, STEPS, a_bend, a_volume, add_array, move, numbered, turned
from LesionReadingLib.errors import InputError
from LesionReadingLib.geometry.spacing import TYPED, UNKNOWN
from LesionReadingScene.scene import (
    has_spacing,
    measured_grid,
    set_slice_spacing_unknown,
    set_typed_spacing,
    spacing_source,
    volume_array,
    volume_grid,
    volume_spacing,
    write_volume_node,
)


def _lps_of(volume, column, row, slice_):
    """Where MRML itself puts a voxel."""
    matrix = vtk.vtkMatrix4x4()
    volume.GetIJKToRASMatrix(matrix)
    world = vtk.vtkGeneralTransform()
    slicer.vtkMRMLTransformNode.GetTransformBetweenNodes(volume.GetParentTransformNode(), None, world)
    ras = world.TransformPoint(matrix.MultiplyPoint((column, row, slice_, 1))[:3])
    return np.array([-ras[0], -ras[1], ras[2]])


@pytest.mark.parametrize("directions", GEOMETRIES.values(), ids=GEOMETRIES)
def test_a_volume_lies_where_it_was_put(a_desktop, directions):
    volume = a_volume(directions)
    axes_mm, origin_mm = volume_grid(volume).axes_mm(), volume_grid(volume).origin_mm
    assert axes_mm == pytest.approx(directions * STEPS[:, None])
    assert origin_mm == pytest.approx(ORIGIN)
    assert _lps_of(volume, 3, 2, 1) == pytest.approx(origin_mm + np.array([3, 2, 1]) @ axes_mm)
    assert np.array_equal(volume_array(volume), numbered())


@pytest.mark.parametrize("directions", GEOMETRIES.values(), ids=GEOMETRIES)
def test_transforms_above_a_volume_are_applied(a_desktop, directions):
    volume = a_volume(directions)
    inner = move(volume, turned(25, (1, -2, 3)))
    move(inner, np.diag([1.0, 1.0, 2.0, 1.0]))
    axes_mm, origin_mm = volume_grid(volume).axes_mm(), volume_grid(volume).origin_mm
    for voxel in ((0, 0, 0), (15, 0, 0), (0, 11, 0), (3, 2, 4)):
        assert origin_mm + np.array(voxel) @ axes_mm == pytest.approx(_lps_of(volume, *voxel))


def test_a_transform_that_bends_space_is_refused_with_what_to_do(a_desktop):
    volume = a_volume()
    volume.SetAndObserveTransformNodeID(a_bend().GetID())
    with pytest.raises(InputError, match="harden"):
        volume_grid(volume)


@pytest.mark.parametrize("directions", GEOMETRIES.values(), ids=GEOMETRIES)
@pytest.mark.parametrize("shape", [(5, 12, 16), (1, 12, 16)])
def test_a_written_volume_is_read_back_in_its_place(a_desktop, tmp_path, directions, shape):
    volume = a_volume(directions, shape)
    move(volume, turned(-40, (5, 6, 7)))
    write_volume_node(volume, tmp_path / "a.nrrd")
    image = sitk.ReadImage(str(tmp_path / "a.nrrd"))
    assert np.array_equal(sitk.GetArrayFromImage(image), numbered(shape))
    last = tuple(size - 1 for size in shape[::-1])
    assert image.TransformIndexToPhysicalPoint((0, 0, 0)) == pytest.approx(_lps_of(volume, 0, 0, 0))
    assert image.TransformIndexToPhysicalPoint(last) == pytest.approx(_lps_of(volume, *last))


@pytest.mark.parametrize(
    ("kind", "written"), [(np.uint8, "uint8"), (np.uint16, "int16"), (np.int32, "int16"), (np.float64, "float32")]
)
def test_every_kind_of_voxel_keeps_its_value(a_desktop, tmp_path, kind, written):
    volume = a_volume(kind=kind)
    write_volume_node(volume, tmp_path / "a.nrrd")
    back = sitk.GetArrayFromImage(sitk.ReadImage(str(tmp_path / "a.nrrd")))
    assert back.dtype == written
    assert np.array_equal(back, numbered(kind=kind))


def test_values_beyond_16_bits_are_not_cut(a_desktop, tmp_path):
    volume = add_array(np.full((2, 3, 4), 60000, np.uint16), np.diag(STEPS), ORIGIN, "bright", "DICOM")
    write_volume_node(volume, tmp_path / "a.nrrd")
    assert (sitk.GetArrayFromImage(sitk.ReadImage(str(tmp_path / "a.nrrd"))) == 60000).all()


def test_colours_become_luminance(a_desktop):
    colours = np.zeros((2, 3, 4, 3), np.uint8)
    colours[0, 0, 0], colours[0, 0, 1], colours[1, 2, 3] = (200, 100, 50), (80, 80, 80), (0, 0, 255)
    volume = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLVectorVolumeNode")
    image = vtk.vtkImageData()
    image.SetDimensions(4, 3, 2)
    image.AllocateScalars(vtk.VTK_UNSIGNED_CHAR, 3)
    volume.SetAndObserveImageData(image)
    slicer.util.arrayFromVolume(volume)[...] = colours
    grey = volume_array(volume)
    assert grey.shape == (2, 3, 4)
    assert grey[0, 0, 0] == round(0.299 * 200 + 0.587 * 100 + 0.114 * 50)
    assert grey[0, 0, 1] == 80
    assert grey[1, 2, 3] == 29
    assert grey[1, 0, 0] == 0


def test_a_volume_without_voxels_is_refused(a_desktop):
    volume = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode")
    with pytest.raises(InputError, match="no voxels"):
        volume_grid(volume)


@pytest.mark.parametrize("directions", GEOMETRIES.values(), ids=GEOMETRIES)
def test_the_grid_puts_every_voxel_where_mrml_does(a_desktop, directions):
    volume = a_volume(directions)
    move(volume, turned(10, (3, 2, 1)))
    grid = measured_grid(volume)
    assert grid.shape == (5, 12, 16)
    assert (grid.row_mm, grid.column_mm) == pytest.approx((0.75, 0.5))
    assert grid.extents_mm == pytest.approx(np.full(5, 3.0))
    assert grid.lps_mm(np.array([4, 2, 7])) == pytest.approx(_lps_of(volume, 7, 2, 4))


def test_a_single_slice_has_a_grid_of_its_thickness(a_desktop):
    grid = measured_grid(a_volume(OBLIQUE, (1, 12, 16)))
    assert grid.extents_mm == pytest.approx([3.0])


def test_pixels_sheared_by_a_transform_are_refused(a_desktop):
    volume = a_volume()
    shear = np.eye(4)
    shear[0, 1] = 0.3
    move(volume, shear)
    with pytest.raises(InputError, match="sheared"):
        measured_grid(volume)


def test_a_tilted_stack_below_a_shear_has_its_slices_shifted(a_desktop):
    volume = a_volume()
    tilt = np.eye(4)
    tilt[1, 2] = 0.4  # RAS: forwards by 0.4 mm for every mm towards the head
    move(volume, tilt)
    grid = measured_grid(volume)
    assert grid.is_sheared
    assert grid.extents_mm == pytest.approx(np.full(5, 3.0))
    assert grid.step_mm == pytest.approx([0, -1.2, 3.0])


def test_stated_spacing_has_its_source(a_desktop):
    spacing = volume_spacing(a_volume(MIRRORED))
    assert (spacing.row_mm, spacing.column_mm, spacing.frame_mm) == pytest.approx((0.75, 0.5, 3.0))
    assert (spacing.in_plane_source, spacing.frame_source) == ("DICOM", "DICOM")


def test_pixels_of_one_mm_that_nobody_vouches_for_are_not_known_and_are_asked_for(a_desktop):
    volume = add_array(numbered(), np.eye(3), ORIGIN, "pictures", UNKNOWN)
    assert not has_spacing(volume)
    spacing = volume_spacing(volume)
    assert (spacing.row_mm, spacing.column_mm, spacing.frame_mm) == (None, None, None)
    with pytest.raises(InputError, match="type the distances"):
        measured_grid(volume)
    set_typed_spacing(volume, 0.01, 0.2)
    assert has_spacing(volume)
    assert spacing_source(volume) == TYPED
    assert volume.GetSpacing() == (0.01, 0.01, 0.2)
    assert volume_grid(volume).pixel_mm2 == pytest.approx(0.0001)


@pytest.mark.parametrize("steps_mm", [(1.0, 1.0, 1.0), (1.0, 1.0, 5.0)])
def test_a_ct_of_one_mm_pixels_states_its_spacing_and_an_oct_of_them_does_not(a_desktop, steps_mm):
    volume = slicer.util.addVolumeFromArray(numbered(), np.diag([*steps_mm, 1.0]), "resampled")
    assert has_spacing(volume) and volume_spacing(volume).row_mm == 1.0
    assert volume_grid(volume).pixel_mm2 == pytest.approx(1.0)
    assert not has_spacing(volume, 1.0) and volume_spacing(volume, 1.0).row_mm is None
    volume.SetAttribute("DICOM.instanceUIDs", "1.2.3")
    assert spacing_source(volume) == "DICOM" and spacing_source(volume, 1.0) == UNKNOWN


@pytest.mark.parametrize("ending", ["png", "JPG", "tif"])
def test_pictures_of_one_mm_pixels_are_never_believed(a_desktop, ending):
    volume = slicer.util.addVolumeFromArray(numbered(), np.eye(4), "a stack of pictures")
    storage = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLVolumeArchetypeStorageNode")
    storage.SetFileName(f"/scan/slice1.{ending}")
    volume.SetAndObserveStorageNodeID(storage.GetID())
    assert not has_spacing(volume)
    volume.SetSpacing(0.5, 0.5, 3.0)
    assert has_spacing(volume)


def test_pixels_of_one_mm_with_a_source_are_believed(a_desktop):
    volume = add_array(numbered(), np.eye(3), ORIGIN, "coarse", "DICOM (0028,0030) Pixel Spacing")
    assert volume_spacing(volume).row_mm == 1.0


def test_slices_apart_by_another_length_are_known_even_where_the_pixels_are_not(a_desktop):
    volume = add_array(numbered(), np.diag([1.0, 1.0, 0.2]), ORIGIN, "pictures", UNKNOWN)
    assert volume_spacing(volume).frame_mm == 0.2
    assert volume_spacing(volume).row_mm is None


def test_slices_that_a_file_does_not_place_are_asked_for(a_desktop):
    volume = a_volume()
    set_slice_spacing_unknown(volume)
    assert not has_spacing(volume)
    assert volume_spacing(volume).frame_mm is None
    assert volume_spacing(volume).row_mm == pytest.approx(0.75)
    set_typed_spacing(volume, 0.5, 2.5)
    assert volume_spacing(volume).frame_mm == pytest.approx(2.5)


@pytest.mark.parametrize("wrong", [0.0, -1.0, float("nan"), float("inf")])
def test_what_is_no_length_is_not_taken_as_spacing(a_desktop, wrong):
    volume = a_volume()
    with pytest.raises(InputError, match="cannot be"):
        set_typed_spacing(volume, 0.1, wrong)
    assert volume.GetSpacing()[2] == 3.0
