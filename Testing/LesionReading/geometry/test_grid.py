"""Where voxels lie, against SimpleITK: any axes, tilted, flipped, one slice, uneven, and distances that nobody states."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import SimpleITK as sitk
from LesionReadingLib.geometry.grid import Grid, UnknownSpacing, even_grid, matrix_grid, stacked_grid
from LesionReadingLib.geometry.nrrd import POSITIONS_KEY, write_nrrd
from LesionReadingLib.geometry.spacing import UNKNOWN, Spacing
from LesionReadingLib.reading.image_grids import image_grid, stored_grid
from LesionReadingLib.reading.volume_files import image_reader

SHAPE = (5, 12, 16)
SPACING = Spacing(0.75, 0.5, 3.0, "rows and columns", "slices")
ORIGIN = np.array([12.0, -34.5, 56.25])
TILT = np.radians(20)

AXES = {
    "straight": np.eye(3),
    "oblique": np.array([[0.0, 0.6, -0.8], [-1.0, 0.0, 0.0], [0.0, 0.8, 0.6]]),
    "flipped": np.diag([-1.0, 1.0, -1.0]),
    "mirrored": np.diag([1.0, 1.0, -1.0]),
    "sagittal": np.array([[0.0, 1.0, 0.0], [0.0, 0.0, -1.0], [1.0, 0.0, 0.0]]),
    "tilted": np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, np.sin(TILT), np.cos(TILT)]]),
    "pixels sheared": np.array([[1.0, 0.0, 0.0], [0.6, 0.8, 0.0], [0.0, 0.0, 1.0]]),
}
"""Unit vectors along column, row and slice index, one per line; LPS."""


def a_grid(axes=AXES["straight"], shape=SHAPE, spacing=SPACING) -> Grid:
    return even_grid(shape, spacing, ORIGIN, axes.T.ravel())


def an_image(axes, shape=SHAPE, origin=ORIGIN):
    """The same by SimpleITK."""
    image = sitk.Image(*shape[::-1], sitk.sitkUInt8)
    image.SetSpacing((SPACING.column_mm, SPACING.row_mm, SPACING.frame_mm))
    image.SetOrigin(origin.tolist())
    image.SetDirection(axes.T.ravel().tolist())
    return image


def some_indices(shape=SHAPE) -> np.ndarray:
    """(n, 3) slice, row, column: the corners, whole ones, fractions, and beyond the image."""
    last = np.array(shape) - 1
    corners = np.array(list(np.ndindex(2, 2, 2))) * last
    return np.concatenate([corners, [[0.5, 3.25, 7.75], [-1.5, -2.0, 20.5], last + 2.5]])


def by_library(image, indices: np.ndarray) -> np.ndarray:
    return np.array([image.TransformContinuousIndexToPhysicalPoint(index[::-1].tolist()) for index in indices])


@pytest.mark.parametrize("shape", [SHAPE, (1, 12, 16), (5, 1, 16), (1, 1, 1)], ids=str)
@pytest.mark.parametrize("name", AXES)
def test_every_index_lies_where_the_library_puts_it_and_comes_back(name, shape):
    grid, indices = a_grid(AXES[name], shape), some_indices(shape)
    places = by_library(an_image(AXES[name], shape), indices)
    np.testing.assert_allclose(grid.lps_mm(indices), places, atol=1e-9)
    np.testing.assert_allclose(grid.indices(places), indices, atol=1e-9)
    np.testing.assert_allclose(grid.slice_numbers(places), indices[:, 0], atol=1e-9)
    np.testing.assert_allclose(
        grid.positions_mm, by_library(an_image(AXES[name], shape), np.eye(3)[:1] * [[k] for k in range(shape[0])])
    )


@pytest.mark.parametrize("name", AXES)
def test_a_grid_is_read_off_an_image_and_off_its_own_matrix(name):
    grid = a_grid(AXES[name])
    for other in (stored_grid(an_image(AXES[name])), matrix_grid(SHAPE, grid.axes_mm(), ORIGIN)):
        assert other.shape == SHAPE
        np.testing.assert_allclose(other.axes_mm(), grid.axes_mm(), atol=1e-12)
        np.testing.assert_allclose(other.origin_mm, ORIGIN)
        assert other.direction == pytest.approx(AXES[name].T.ravel())


@pytest.mark.parametrize("name", AXES)
def test_a_written_grid_is_read_by_another_program(tmp_path, name):
    grid = a_grid(AXES[name])
    write_nrrd(tmp_path / "a.nrrd", np.zeros(SHAPE, np.uint8), grid)
    image = sitk.ReadImage(str(tmp_path / "a.nrrd"))
    if name in ("tilted", "pixels sheared"):  # the library takes the nearest directions that are perpendicular
        np.testing.assert_allclose(image.GetOrigin(), ORIGIN)
    else:
        np.testing.assert_allclose(by_library(image, some_indices()), grid.lps_mm(some_indices()), atol=1e-9)


@pytest.mark.parametrize("name", ["straight", "oblique", "mirrored", "tilted"])
def test_volumes_are_those_of_slabs_across_the_slices(name):
    axes = AXES[name]
    across_mm = 3.0 * abs(np.linalg.det(axes))  # the volume of a cell with unit steps is its height
    grid = a_grid(axes)
    assert grid.extents_mm == pytest.approx(np.full(5, across_mm))
    assert grid.normal @ axes[2] == pytest.approx(np.linalg.det(axes))  # column axis x row axis; against the slices if left-handed
    assert grid.voxel_ml == pytest.approx(np.full(5, 0.75 * 0.5 * across_mm / 1000))
    assert grid.is_even and grid.is_sheared == (name == "tilted")
    assert a_grid(axes, (1, 12, 16)).extents_mm == pytest.approx([3.0])


def uneven(name="straight", heights=(0.0, 2.0, 4.0, 9.0, 14.0)) -> Grid:
    axes = AXES[name]
    positions = ORIGIN + np.array(heights)[:, None] * axes[2]
    return stacked_grid(SHAPE[1:], (0.75, 0.5), axes[1], axes[0], positions, 7.0, "the test")


@pytest.mark.parametrize("name", ["straight", "oblique", "mirrored", "tilted"])
def test_uneven_slices_lie_one_by_one_where_the_library_puts_each(name):
    grid = uneven(name)
    for number, position in enumerate(grid.positions_mm):
        alone = an_image(AXES[name], (1, 12, 16), position)
        at = np.array([[0.0, 0, 0], [0, 11, 15], [0, 4.5, 2.25]])
        here = at + np.array([number, 0, 0])
        np.testing.assert_allclose(grid.lps_mm(here), by_library(alone, at), atol=1e-9)
        np.testing.assert_allclose(grid.indices(by_library(alone, at)), here, atol=1e-9)
    assert not grid.is_even
    half_way = grid.lps_mm(np.array([2.5, 0, 0]))
    np.testing.assert_allclose(half_way, grid.positions_mm[2:4].mean(axis=0))


def test_a_slice_reaches_half_way_to_its_neighbours_or_as_far_as_it_is_thick():
    grid = uneven()
    assert grid.extents_mm == pytest.approx([2.0, 2.0, 3.5, 5.0, 5.0])
    assert grid.reach_mm[2] == pytest.approx([1.0, 2.5])
    thin = replace(grid, thickness_mm=2.0)
    assert thin.extents_mm == pytest.approx([2.0, 2.0, 2.0, 2.0, 2.0])


def test_uneven_slices_are_written_with_their_mean_step_and_their_places(tmp_path):
    write_nrrd(tmp_path / "a.nrrd", np.zeros(SHAPE, np.uint8), uneven())
    image = sitk.ReadImage(str(tmp_path / "a.nrrd"))
    assert image.GetSpacing() == pytest.approx((0.5, 0.75, 3.5))
    places = np.array(image.GetMetaData(POSITIONS_KEY).split(), float).reshape(-1, 3)
    np.testing.assert_allclose(places, uneven().positions_mm)


@pytest.mark.parametrize("order", [(2, 0, 1), (1, 2, 0), (2, 1, 0)])
def test_axes_taken_in_another_order_leave_every_voxel_at_its_place(order):
    image = an_image(AXES["oblique"])
    grid = image_grid(image, "a", order)
    index = np.array([3, 4, 2])  # column, row, slice of the image
    expected = image.TransformIndexToPhysicalPoint(index.tolist())
    np.testing.assert_allclose(grid.lps_mm(index[list(order)][::-1]), expected, atol=1e-9)


def test_a_picture_without_a_third_axis_has_one_slice_and_no_distance_of_slices():
    image = sitk.Image(16, 12, sitk.sitkUInt8)
    image.SetSpacing((0.5, 0.75))
    grid = stored_grid(image, "header")
    assert grid.shape == (1, 12, 16)
    assert grid.spacing == Spacing(0.75, 0.5, None, "header", UNKNOWN)


def test_a_nifti_file_of_a_tilted_gantry_keeps_its_tilt(tmp_path):
    axes = AXES["tilted"]
    image = an_image(np.eye(3))
    path = str(tmp_path / "a.nii")
    sitk.WriteImage(image, path)
    header = bytearray((tmp_path / "a.nii").read_bytes())
    rows = (np.diag([-1.0, -1, 1]) @ np.column_stack([(axes * [[0.5], [0.75], [3.0]]).T, ORIGIN])).astype("<f4")
    header[252:256] = np.array([0, 1], "<i2").tobytes()  # qform_code, sform_code
    header[280:328] = rows.tobytes()
    (tmp_path / "a.nii").write_bytes(bytes(header))
    grid = stored_grid(image_reader(tmp_path / "a.nii"))
    np.testing.assert_allclose(grid.lps_mm(some_indices()), by_library(an_image(axes), some_indices()), atol=1e-4)


# What nobody states.


@pytest.mark.parametrize(
    ("spacing", "asked"),
    [
        (Spacing(None, None, 3.0), ("row_mm", "column_mm", "pixel_mm2", "voxel_ml")),
        (Spacing(0.75, 0.5, None), ("positions_mm", "offsets_mm", "step_mm", "extents_mm", "voxel_ml", "is_sheared")),
        (Spacing(None, None, None), ("row_mm", "column_mm", "pixel_mm2", "positions_mm", "extents_mm", "voxel_ml")),
    ],
)
def test_nothing_is_said_in_mm_of_a_distance_that_is_not_known(spacing, asked):
    grid = a_grid(spacing=spacing)
    for name in asked:
        with pytest.raises(UnknownSpacing, match="not known"):
            getattr(grid, name)
    for way in (lambda: grid.lps_mm(np.zeros(3)), lambda: grid.indices(np.zeros(3)), grid.axes_mm):
        with pytest.raises(UnknownSpacing):
            way()
    assert grid.shape == SHAPE and grid.is_even and grid.direction == pytest.approx(np.eye(3).ravel())


def test_frames_can_be_counted_along_the_pullback_where_only_their_distance_is_known():
    grid = a_grid(AXES["oblique"], spacing=Spacing(None, None, 3.0))
    np.testing.assert_allclose(grid.slice_numbers(grid.positions_mm + 100 * grid.row_axis), np.arange(5), atol=1e-9)


def test_a_single_frame_has_its_place_without_a_distance():
    grid = a_grid(shape=(1, 12, 16), spacing=Spacing(0.75, 0.5, None))
    np.testing.assert_allclose(grid.positions_mm, ORIGIN[None])
    with pytest.raises(UnknownSpacing):
        _ = grid.extents_mm
    assert replace(grid, thickness_mm=4.0).extents_mm == pytest.approx([4.0])


def test_a_stand_in_for_files_leaves_what_is_known():
    grid = a_grid(AXES["oblique"], spacing=Spacing(0.75, 0.5, None, "stated", UNKNOWN))
    np.testing.assert_allclose(grid.axes_mm(unknown_mm=1.0), AXES["oblique"] * [[0.5], [0.75], [1.0]])
    assert grid.spacing.frame_mm is None


def test_another_spacing_leaves_origin_and_axes():
    grid = a_grid(AXES["oblique"], spacing=Spacing(None, None, None)).with_spacing(SPACING)
    np.testing.assert_allclose(grid.lps_mm(some_indices()), by_library(an_image(AXES["oblique"]), some_indices()), atol=1e-9)
