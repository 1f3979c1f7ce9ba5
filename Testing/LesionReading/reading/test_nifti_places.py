"""NIfTI states two places: the sound one is taken where that is clear, else the file is refused; for scans and label maps alike."""

from __future__ import annotations

import struct

import numpy as np
import pytest
import SimpleITK as sitk
from drawn_head import EVEN, GRIDS, head_on, rotation, slices, voxel_places_mm
from HematomaMarkersLib.reading.read import open_scan
from HematomaMarkersLib.segments import SEGMENTS
from LesionReadingLib.errors import InputError
from LesionReadingLib.labels.read import read_label_map

GRID = GRIDS["upright"]
HEAD = head_on(GRID)


def _matrix(grid) -> np.ndarray:
    """RAS, as NIfTI has it."""
    step = grid.positions_mm[1] - grid.positions_mm[0]
    columns = [grid.column_mm * grid.column_axis, grid.row_mm * grid.row_axis, step, grid.positions_mm[0]]
    return np.column_stack(columns) * np.array([[-1], [-1], [1]])


def _write(path, voxels, matrix, codes, sform=None, quaternion=None, offset=None):
    """With qform and sform of ``matrix`` (3, 4) unless one is given; NIfTI-1: codes at byte 252, quaternion 256, sform 280."""
    image = sitk.GetImageFromArray(voxels)
    lengths = np.linalg.norm(matrix[:, :3], axis=0)
    image.SetSpacing(lengths.tolist())
    lps = np.diag([-1.0, -1, 1]) @ matrix
    image.SetDirection((lps[:, :3] / lengths).ravel().tolist())
    image.SetOrigin(lps[:, 3].tolist())
    sitk.WriteImage(image, str(path))
    data = bytearray(path.read_bytes())
    data[252:256] = struct.pack("<hh", *codes)
    if quaternion is not None:
        data[256:268] = struct.pack("<3f", *quaternion)
        data[76:80] = struct.pack("<f", 1)
    if offset is not None:
        data[268:280] = struct.pack("<3f", *offset)
    data[280:328] = struct.pack("<12f", *(matrix if sform is None else sform).ravel())
    path.write_bytes(data)
    return path


UNSET = {"quaternion": (0, 0, 0), "offset": (0, 0, 0)}
TURNED = np.column_stack([np.diag([4.0, 4, 7]), [-126, -126, -73.5]])  # half a turn about the long axis, but set
ATLAS = _matrix(slices(EVEN, turn=rotation([0, 0, 1], 30)))


@pytest.mark.parametrize(
    ("codes", "stated"),
    [
        ((1, 2), UNSET),
        ((1, 1), UNSET),
        ((2, 4), UNSET),
        ((1, 4), {"sform": ATLAS}),
        ((2, 3), {"sform": ATLAS}),
        ((1, 1), {"sform": np.column_stack([np.diag([4.0, 4, 7]), np.zeros(3)])}),
        ((1, 0), {"sform": ATLAS}),
        ((0, 1), UNSET),
        ((1, 1), {}),
    ],
)
def test_the_sound_place_of_two_is_taken(tmp_path, codes, stated):
    scan = open_scan(_write(tmp_path / "head.nii", HEAD, _matrix(GRID), codes, **stated))
    assert np.abs(voxel_places_mm(scan.grid) - voxel_places_mm(GRID)).max() < 0.01
    labels = _write(tmp_path / "labels.nii", (HEAD > 500).astype(np.uint8), _matrix(GRID), codes, **stated)
    assert np.abs(read_label_map(labels, SEGMENTS).grid.origin_mm - GRID.positions_mm[0]).max() < 0.01


@pytest.mark.parametrize("stated", [{}, {"sform": ATLAS}])
@pytest.mark.parametrize("flips", [(True, False, False), (False, False, True), (True, True, True)])
def test_a_left_handed_qform_is_understood(tmp_path, flips, stated):
    """Its third axis runs the other way (qfac -1, which the image library does not tell)."""
    image = sitk.Flip(sitk.GetImageFromArray(HEAD), flips, False)
    image.SetSpacing((4, 4, 7))
    image.SetDirection(np.diag(np.where(flips, -1.0, 1)).ravel().tolist())
    image.SetOrigin(np.where(flips, GRID.positions_mm[-1] + [252, 252, 0], GRID.positions_mm[0]).tolist())
    path = tmp_path / "head.nii"
    sitk.WriteImage(image, str(path))
    if stated:
        data = bytearray(path.read_bytes())
        data[254:256], data[280:328] = struct.pack("<h", 4), struct.pack("<12f", *stated["sform"].ravel())
        path.write_bytes(data)
    scan = open_scan(path)
    assert scan.grid.lps_mm([(0, 0, 0)])[0] == pytest.approx(image.GetOrigin(), abs=0.01)
    last = np.array(image.TransformIndexToPhysicalPoint([63, 63, 21]))
    assert scan.grid.lps_mm([(21, 63, 63)])[0] == pytest.approx(last, abs=0.01)


@pytest.mark.parametrize(
    ("codes", "sform"),
    [((1, 2), TURNED), ((1, 1), ATLAS), ((2, 1), _matrix(GRID) + np.array([[0, 0, 0, 5.0], [0] * 4, [0] * 4]))],
)
def test_places_of_which_nothing_tells_the_right_one_are_refused(tmp_path, codes, sform):
    path = _write(tmp_path / "head.nii", HEAD, _matrix(GRID), codes, sform=sform)
    with pytest.raises(InputError, match="qform and sform"):
        open_scan(path)
    with pytest.raises(InputError, match="qform and sform"):
        read_label_map(_write(tmp_path / "l.nii", (HEAD > 500).astype(np.uint8), _matrix(GRID), codes, sform=sform), SEGMENTS)


def test_a_voxel_size_that_is_stated_twice_is_refused(tmp_path):
    sform = _matrix(GRID).copy()
    sform[:, :3] *= 2
    with pytest.raises(InputError, match="states voxels of 4 x 4 x 7 and of 8 x 8 x 14 mm"):
        open_scan(_write(tmp_path / "head.nii", HEAD, _matrix(GRID), (0, 2), sform=sform))


def test_a_voxel_size_that_was_rounded_once_is_that_of_the_sform_alone(tmp_path):
    matrix = _matrix(GRID)
    longer = matrix * np.array([1.0, 1.0, 1.006, 1.0])
    scan = open_scan(_write(tmp_path / "head.nii", HEAD, matrix, (0, 1), sform=longer))
    step_mm = np.linalg.norm(longer[:, 2])
    assert np.diff(scan.grid.positions_mm, axis=0) == pytest.approx(
        np.tile(longer[:, 2] * [-1, -1, 1], (len(HEAD) - 1, 1)), abs=1e-3
    )
    assert scan.grid.extents_mm == pytest.approx(np.full(len(HEAD), step_mm), rel=1e-4)


@pytest.mark.parametrize("codes", [(0, 2), (1, 1)])
def test_a_single_slice_whose_thickness_is_stated_twice_is_refused(tmp_path, codes):
    """Its one plane lies in the same place by both, so that comparing places does not tell."""
    sform = _matrix(GRID).copy()
    sform[:, 2] *= 1.15
    with pytest.raises(InputError, match=r"states voxels of 4 x 4 x 7 and of 4 x 4 x 8\.05 mm"):
        read_label_map(_write(tmp_path / "l.nii", (HEAD[:1] > 500).astype(np.uint8), _matrix(GRID), codes, sform=sform), SEGMENTS)


@pytest.mark.parametrize("name", ["tilted", "tilted back"])
def test_the_sheared_place_of_a_tilted_gantry_is_taken_beside_its_straight_qform(tmp_path, name):
    grid = GRIDS[name]
    straight = _matrix(grid).copy()
    normal = grid.normal * [-1, -1, 1]
    straight[:, 2] = normal * np.linalg.norm(straight[:, 2])
    path = _write(tmp_path / "head.nii", head_on(grid), straight, (1, 1), sform=_matrix(grid))
    assert np.abs(voxel_places_mm(open_scan(path).grid) - voxel_places_mm(grid)).max() < 0.01
