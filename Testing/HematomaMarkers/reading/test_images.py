"""A head CT that is not DICOM: volumes keep their voxels and places, sheared ones too; pictures need window and spacing."""

from __future__ import annotations

import re
import struct

import numpy as np
import pytest
import SimpleITK as sitk
from drawn_head import EVEN, GRIDS, PIXEL_MM, POINT_MM, head_on, nearest_voxel, slices, voxel_places_mm
from HematomaMarkersLib.phantom.patient import draw_head
from HematomaMarkersLib.reading.one_head import where_another_begins
from HematomaMarkersLib.reading.read import open_scan
from LesionReadingLib.errors import InputError
from PIL import Image

SINGLE_MATRIX = ["upright", "tilted", "oblique", "oblique and tilted"]


def _image(grid, voxels):
    """As SimpleITK holds it; the axes of a tilted scan are not perpendicular."""
    image = sitk.GetImageFromArray(voxels)
    step = grid.positions_mm[1] - grid.positions_mm[0]
    image.SetSpacing((grid.column_mm, grid.row_mm, float(np.linalg.norm(step))))
    image.SetOrigin(grid.positions_mm[0].tolist())
    axes = np.column_stack([grid.column_axis, grid.row_axis, step / np.linalg.norm(step)])
    image.SetDirection(axes.ravel().tolist())
    return image


def _write_nifti(path, grid, voxels):
    """With the matrix of the grid as sform (NIfTI-1: srow at byte 280, codes at 252), as SimpleITK writes no shear."""
    plain = sitk.GetImageFromArray(voxels)
    plain.SetSpacing((grid.column_mm, grid.row_mm, 7.0))
    sitk.WriteImage(plain, str(path))
    matrix = np.column_stack(
        [
            grid.column_mm * grid.column_axis,
            grid.row_mm * grid.row_axis,
            grid.positions_mm[1] - grid.positions_mm[0],
            grid.positions_mm[0],
        ]
    )
    matrix[:2] *= -1
    data = bytearray(path.read_bytes())
    data[252:256] = struct.pack("<hh", 0, 1)
    data[280:328] = struct.pack("<12f", *matrix.ravel())
    path.write_bytes(data)


def _with_point(grid):
    head = head_on(grid)
    head[nearest_voxel(grid, POINT_MM)] = 2000
    return head


def _assert_same_places(scan, grid, head):
    assert np.array_equal(scan.hounsfield, head)
    assert np.abs(voxel_places_mm(scan.grid) - voxel_places_mm(grid)).max() < 0.01
    place = scan.grid.lps_mm(np.unravel_index(scan.hounsfield.argmax(), scan.hounsfield.shape))
    assert np.linalg.norm(place - POINT_MM) < np.linalg.norm([PIXEL_MM, PIXEL_MM, 7.0]) / 2


@pytest.mark.parametrize("ending", ["nrrd", "mha"])
@pytest.mark.parametrize("name", SINGLE_MATRIX)
def test_volumes_keep_voxels_and_places(tmp_path, name, ending):
    grid = GRIDS[name]
    sitk.WriteImage(_image(grid, _with_point(grid)), str(tmp_path / f"head.{ending}"))
    _assert_same_places(open_scan(tmp_path / f"head.{ending}"), grid, _with_point(grid))


@pytest.mark.parametrize("name", SINGLE_MATRIX)
def test_nifti_keeps_voxels_and_places_of_a_tilted_gantry_too(tmp_path, name):
    grid = GRIDS[name]
    _write_nifti(tmp_path / "head.nii", grid, _with_point(grid))
    _assert_same_places(open_scan(tmp_path), grid, _with_point(grid))


def test_a_volume_with_its_axes_turned_round_keeps_its_order(tmp_path):
    grid = GRIDS["upright"]
    head = _with_point(grid)
    turned = sitk.Flip(_image(grid, head), (True, True, False), False)
    sitk.WriteImage(turned, str(tmp_path / "ras.nrrd"))
    scan = open_scan(tmp_path / "ras.nrrd")
    assert np.array_equal(scan.hounsfield, head[:, ::-1, ::-1])
    place = voxel_places_mm(scan.grid)[np.unravel_index(scan.hounsfield.argmax(), head.shape)]
    assert np.allclose(place, voxel_places_mm(grid)[nearest_voxel(grid, POINT_MM)], atol=0.01)


def test_fractions_of_hu_and_a_fourth_dimension_of_one_are_read(tmp_path):
    grid = GRIDS["upright"]
    image = sitk.JoinSeries([_image(grid, head_on(grid).astype(np.float32) + 0.3)])
    sitk.WriteImage(image, str(tmp_path / "head.nii.gz"))
    assert np.array_equal(open_scan(tmp_path / "head.nii.gz").hounsfield, head_on(grid))


def test_gravity_and_identity_of_a_volume_are_not_known(tmp_path):
    sitk.WriteImage(_image(GRIDS["upright"], head_on(GRIDS["upright"])), str(tmp_path / "head.nrrd"))
    scan = open_scan(tmp_path / "head.nrrd")
    assert (scan.gravity, scan.patient_key, scan.acquired, scan.files) == (None, None, None, ())


def _without_spacing(path, voxels):
    header = "NRRD0004\ntype: short\ndimension: 3\nsizes: 64 64 22\nendian: little\nencoding: raw\n\n"
    path.write_bytes(header.encode() + voxels.astype("<i2").tobytes())


def test_a_volume_without_spacing_is_refused(tmp_path):
    _without_spacing(tmp_path / "head.nrrd", head_on(GRIDS["upright"]))
    with pytest.raises(InputError, match="does not state the spacing"):
        open_scan(tmp_path / "head.nrrd")


def test_a_volume_of_stored_numbers_is_refused(tmp_path):
    grid = GRIDS["upright"]
    sitk.WriteImage(_image(grid, head_on(grid) + 1024), str(tmp_path / "head.nrrd"))
    with pytest.raises(InputError, match="no HU"):
        open_scan(tmp_path / "head.nrrd")


def test_a_windowed_volume_needs_its_window(tmp_path):
    grid = GRIDS["upright"]
    grey = np.clip(head_on(grid) / 80 * 255, 0, 255).round().astype(np.uint8)
    sitk.WriteImage(_image(grid, grey), str(tmp_path / "head.nrrd"))
    with pytest.raises(InputError, match="--window"):
        open_scan(tmp_path / "head.nrrd")
    scan = open_scan(tmp_path / "head.nrrd", window=(0, 80))
    assert np.array_equal(scan.hounsfield, np.clip(head_on(grid), 0, 80))


def test_sagittal_slices_are_refused(tmp_path):
    grid = slices(EVEN, turn=np.array([[0, 0, 1.0], [1, 0, 0], [0, 1, 0]]))
    sitk.WriteImage(_image(grid, head_on(grid)), str(tmp_path / "head.nrrd"))
    with pytest.raises(InputError, match="sagittal"):
        open_scan(tmp_path / "head.nrrd")


def test_metres_are_refused(tmp_path):
    image = _image(GRIDS["upright"], head_on(GRIDS["upright"]))
    image.SetSpacing([size / 1000 for size in image.GetSpacing()])
    sitk.WriteImage(image, str(tmp_path / "head.nrrd"))
    with pytest.raises(InputError, match="millimetres"):
        open_scan(tmp_path / "head.nrrd")


@pytest.mark.parametrize("size", [(64, 64, 1), (64, 64, 22, 2)])
def test_one_slice_and_many_volumes_are_refused(tmp_path, size):
    voxels = np.zeros(size[::-1], np.int16) - 1000
    sitk.WriteImage(sitk.GetImageFromArray(voxels, isVector=False), str(tmp_path / "head.nrrd"))
    with pytest.raises(InputError, match=r"single slice|dimensions"):
        open_scan(tmp_path / "head.nrrd")


def test_a_cut_off_volume_is_told(tmp_path):
    path = tmp_path / "head.nrrd"
    sitk.WriteImage(_image(GRIDS["upright"], head_on(GRIDS["upright"])), str(path))
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(InputError, match="cannot be read"):
        open_scan(path)


def test_a_file_of_another_kind_and_an_empty_one_are_told(tmp_path):
    (tmp_path / "letter.txt").write_text("Dear colleague, " * 50)
    (tmp_path / "empty.dcm").touch()
    with pytest.raises(InputError, match="is not DICOM"):
        open_scan(tmp_path / "letter.txt")
    with pytest.raises(InputError, match="is empty"):
        open_scan(tmp_path / "empty.dcm")
    with pytest.raises(InputError, match="holds no DICOM"):
        open_scan(tmp_path)
    with pytest.raises(InputError, match="There is no file"):
        open_scan(tmp_path / "nothing")


def test_two_volumes_in_a_folder_are_not_mixed_up(tmp_path):
    for name in ("a.nrrd", "b.nrrd"):
        sitk.WriteImage(_image(GRIDS["upright"], head_on(GRIDS["upright"])), str(tmp_path / name))
    with pytest.raises(InputError, match=r"more than one scan: a\.nrrd, b\.nrrd"):
        open_scan(tmp_path)


@pytest.fixture
def pictures(tmp_path):
    """Slices as 8-bit pictures of the window 0 to 80, named so that letters alone would sort them wrongly."""
    grey = np.clip(head_on(GRIDS["upright"]) / 80 * 255, 0, 255).round().astype(np.uint8)
    for number, picture in enumerate(grey):
        Image.fromarray(picture).save(tmp_path / f"slice{number}.png")
    return tmp_path


def test_pictures_are_read_with_window_and_spacing(pictures):
    scan = open_scan(pictures, window=(0, 80), slice_spacing_mm=7, pixel_spacing_mm=4)
    assert np.array_equal(scan.hounsfield, np.clip(head_on(GRIDS["upright"]), 0, 80))
    assert scan.grid.voxel_ml == pytest.approx(4 * 4 * 7 / 1000)
    assert "left and right" in " ".join(scan.notes)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"window": (0, 80)}, "--pixel-spacing MM and --slice-spacing MM"),
        ({"window": (0, 80), "slice_spacing_mm": 5}, "with --pixel-spacing MM\\."),
        ({"window": (0, 80), "pixel_spacing_mm": 0.5}, "with --slice-spacing MM\\."),
        ({"slice_spacing_mm": 5, "pixel_spacing_mm": 0.5}, "--window"),
        ({"window": (0, 80), "slice_spacing_mm": -5, "pixel_spacing_mm": 0.5}, "slice spacing"),
        ({"window": (0, 80), "slice_spacing_mm": 5, "pixel_spacing_mm": float("nan")}, "pixel spacing"),
    ],
)
def test_pictures_without_window_or_spacing_are_refused(pictures, given, message):
    with pytest.raises(InputError, match=message):
        open_scan(pictures, **given)


@pytest.mark.parametrize("seed", [3, 23])
def test_pictures_of_one_head_go_through_one_head(seed):
    """Slices as far apart as any, of heads that change most from one to the next."""
    for window in ((0, 80), (-100, 200)):
        head = draw_head(seed, 96, 10.0).hounsfield.clip(*window)
        assert where_another_begins(head) is None and where_another_begins(head[::-1]) is None


def test_pictures_of_two_scans_are_told_and_read_only_if_forced(tmp_path):
    """The second head begins at its base where the first ends at its vertex; then it lies elsewhere in the picture."""
    head = np.concatenate([head_on(GRIDS["upright"]), np.full((1, 64, 64), -1000)]).clip(0, 80)
    middle = np.flatnonzero((head > 20).sum(axis=(1, 2)) > 0.8 * (head > 20).sum(axis=(1, 2)).max())
    whole, moved = np.concatenate([head, head]), head.copy()
    moved[middle[1] :] = np.roll(moved[middle[1] :], head.shape[2] // 2, axis=2)
    for name, pictures, first in (("whole", whole, len(head)), ("moved", moved, middle[1])):
        (tmp_path / name).mkdir()
        for number, picture in enumerate(pictures):
            grey = np.round(picture * (255 / 80)).astype(np.uint8)
            Image.fromarray(grey).save(tmp_path / name / f"Zweistein{number}.png")
        (told,) = open_scan(tmp_path / name, window=(0, 80), slice_spacing_mm=7, pixel_spacing_mm=4).warnings
        assert "do not go through one head" in told and "Zweistein" not in told
        assert first < int(re.search(r"number (\d+)", told)[1]) <= first + len(head) // 2


def test_one_picture_and_coloured_ones_are_refused(pictures):
    given = {"window": (0, 80), "slice_spacing_mm": 7, "pixel_spacing_mm": 4}
    with pytest.raises(InputError, match="single picture"):
        open_scan(pictures / "slice5.png", **given)
    Image.fromarray(np.dstack([np.full((64, 64), 9, np.uint8), *np.zeros((2, 64, 64), np.uint8)])).save(pictures / "slice5.png")
    with pytest.raises(InputError, match="colours"):
        open_scan(pictures, **given)
