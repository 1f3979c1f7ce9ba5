"""A head CT as DICOM: where its voxels lie, whatever tilt, order and spacing; what is missing or repeated is told."""

from __future__ import annotations

import numpy as np
import pydicom
import pytest
from dicom_files import edit
from drawn_head import EVEN, GRIDS, PIXEL_MM, POINT_MM, head_on, nearest_voxel, slices, voxel_places_mm
from grids import some_slices
from HematomaMarkersLib.phantom.dicom import Acquisition, in_position, repeat_slice
from HematomaMarkersLib.phantom.enhanced import write_enhanced
from HematomaMarkersLib.reading.prior import same_patient
from HematomaMarkersLib.reading.read import open_scan
from LesionReadingLib.errors import InputError
from written_series import write_series

POSITIONS = ["FFS", "HFP", "FFP"]


def _with_point(grid):
    head = head_on(grid)
    head[nearest_voxel(grid, POINT_MM)] = 2000
    return head


def _place_of_point(scan):
    """By DICOM's formula on what was read, not by the grid's own methods."""
    return voxel_places_mm(scan.grid)[np.unravel_index(scan.hounsfield.argmax(), scan.hounsfield.shape)]


def _half_a_voxel_mm(grid):
    return np.linalg.norm([PIXEL_MM, PIXEL_MM, grid.extents_mm.max()]) / 2


@pytest.fixture(scope="module")
def upright():
    return GRIDS["upright"]


@pytest.fixture
def head(tmp_path, upright):
    """An upright head on disk: the files in the order of the slices."""
    return write_series(tmp_path / "head", head_on(upright), upright)


@pytest.mark.parametrize("name", GRIDS)
def test_a_point_keeps_its_place_in_the_patient(tmp_path, name):
    grid = GRIDS[name]
    write_series(tmp_path, _with_point(grid), grid)
    scan = open_scan(tmp_path)
    assert np.linalg.norm(_place_of_point(scan) - POINT_MM) < _half_a_voxel_mm(grid)


@pytest.mark.parametrize("position", POSITIONS)
def test_a_point_keeps_its_place_lying_the_other_way(tmp_path, position):
    grid = GRIDS["mixed and tilted"]
    pixels, turned = in_position(_with_point(grid), grid, position)
    write_series(tmp_path, pixels, turned, Acquisition(patient_position=position))
    scan = open_scan(tmp_path)
    assert np.linalg.norm(_place_of_point(scan) - POINT_MM) < _half_a_voxel_mm(grid)


@pytest.mark.parametrize("name", GRIDS)
def test_an_ellipsoid_keeps_its_volume(tmp_path, name):
    grid = GRIDS[name]
    radii_mm = np.array([44.0, 52.0, 47.0])
    inside = np.linalg.norm((voxel_places_mm(grid) - [5, -8, 3]) / radii_mm, axis=-1) < 1
    write_series(tmp_path, np.where(inside, 60, head_on(grid)), grid)
    scan = open_scan(tmp_path)
    measured_ml = ((scan.hounsfield == 60).sum(axis=(1, 2)) * scan.grid.voxel_ml).sum()
    assert measured_ml == pytest.approx(4 / 3 * np.pi * radii_mm.prod() / 1000, rel=0.02)


def test_slices_are_sorted_by_place_whatever_their_numbers_say(head, upright):
    for number, path in enumerate(head):
        edit(path, InstanceNumber=(number * 7) % len(head) + 1, SliceLocation=0)
    scan = open_scan(head[0].parent)
    assert scan.files == tuple(head)
    assert np.array_equal(scan.hounsfield, np.maximum(head_on(upright), -1024))
    assert np.abs(scan.grid.positions_mm - upright.positions_mm).max() < 1e-3


@pytest.mark.parametrize("name", ["tilted", "mixed and tilted", "oblique"])
def test_the_frames_of_an_enhanced_file_are_sorted_by_place(tmp_path, name):
    grid = GRIDS[name]
    order = np.random.default_rng(4).permutation(grid.slice_count)
    path = write_enhanced(tmp_path / "enhanced", _with_point(grid), grid, order=order)
    for source in (path, tmp_path):
        scan = open_scan(source)
        assert np.linalg.norm(_place_of_point(scan) - POINT_MM) < _half_a_voxel_mm(grid)
        assert np.abs(scan.grid.positions_mm - grid.positions_mm).max() < 1e-3
        assert np.array_equal(scan.hounsfield, _with_point(grid))
        assert scan.files == (path,)


def test_one_file_stands_for_its_series(head, tmp_path, upright):
    write_series(head[0].parent, head_on(upright) + 1, upright, Acquisition(series_number=9))
    scan = open_scan(head[5])
    assert scan.hounsfield.shape == upright.shape
    assert np.array_equal(scan.hounsfield, head_on(upright))
    assert "other files of its series (21)" in " ".join(scan.notes)


def test_the_tilt_and_the_changing_distance_are_told(tmp_path):
    grid = GRIDS["mixed and tilted"]
    write_series(tmp_path, head_on(grid), grid)
    notes = " ".join(open_scan(tmp_path).notes)
    assert "tilted by 18.5 degrees" in notes
    assert f"from {1.1 * np.cos(np.radians(18.5)):.2f} to {7.4 * np.cos(np.radians(18.5)):.2f} mm" in notes
    assert "missing" not in notes


def test_an_even_upright_series_needs_no_remark(head):
    assert open_scan(head[0].parent).notes == ()


@pytest.mark.parametrize("lost", [[8], [8, 9], [4, 15]])
def test_missing_slices_are_told_with_their_place(head, lost):
    for number in lost:
        head[number].unlink()
    scan = open_scan(head[0].parent)
    (note,) = [note for note in scan.notes if "missing" in note]
    heights = -7 * 10.5 + 7 * np.arange(22)
    if lost == [8, 9]:
        assert f"2 between z = {heights[7]:.1f} and {heights[10]:.1f} mm" in note
    for number in lost if lost != [8, 9] else []:
        assert f"1 between z = {heights[number - 1]:.1f} and {heights[number + 1]:.1f} mm" in note
    assert scan.grid.extents_mm.sum() == pytest.approx(7 * 22)


def _without_thickness(paths):
    for path in paths:
        edit(path, SliceThickness=None)


def test_a_changing_distance_is_not_taken_for_missing_slices(tmp_path):
    """Even where no thickness tells: half of the distances are 7.4 instead of 4.2 mm."""
    grid = GRIDS["mixed"]
    _without_thickness(write_series(tmp_path, head_on(grid), grid))
    assert "missing" not in " ".join(open_scan(tmp_path).notes)


def test_a_somewhat_larger_distance_is_not_taken_for_missing_slices(tmp_path):
    grid = slices([5.0] * 14 + [6.5] + [5.0] * 14)
    _without_thickness(write_series(tmp_path, head_on(grid), grid))
    (note,) = open_scan(tmp_path).notes
    assert "from 5.00 to 6.50 mm" in note


def test_many_missing_slices_are_told_where_instance_numbers_jump(tmp_path):
    grid = slices([5.0] * 29)
    paths = write_series(tmp_path, head_on(grid), grid)
    _without_thickness(paths)
    for number in range(2, 26, 3):
        paths[number].unlink()
    (note,) = [note for note in open_scan(tmp_path).notes if "missing" in note]
    assert note.count("1 between") == 6  # and more


def test_an_identical_slice_counts_once(head, upright):
    repeat_slice(head[3], head[3].with_name("COPY"))
    scan = open_scan(head[0].parent)
    assert np.array_equal(scan.hounsfield, head_on(upright))
    assert "1 slice(s) were there twice" in " ".join(scan.notes)


def test_of_slices_that_differ_at_one_place_the_later_is_kept(head, upright):
    later = repeat_slice(head[3], head[3].with_name("AGAIN"), change_hu=11)
    scan = open_scan(head[0].parent)
    assert scan.files == (*head[:3], later, *head[4:])
    assert np.array_equal(scan.hounsfield[3], head_on(upright)[3] + 11)
    assert np.array_equal(scan.hounsfield[4], head_on(upright)[4])
    note = " ".join(scan.notes)
    assert "acquired last was kept" in note
    assert f"z = {-73.5 + 21:.1f} mm" in note


def test_a_perfusion_scan_is_refused(head):
    for path in head:
        for time in range(2):
            repeat_slice(path, path.with_name(f"{path.name}T{time}"), change_hu=time + 1)
    with pytest.raises(InputError, match="perfusion"):
        open_scan(head[0].parent)


@pytest.mark.parametrize(
    ("position", "down"),
    [
        ("HFS", (0, 1, 0)),
        ("FFS", (0, 1, 0)),
        ("HFP", (0, -1, 0)),
        ("FFP", (0, -1, 0)),
        ("HFDR", (-1, 0, 0)),
        ("FFDL", (1, 0, 0)),
    ],
)
def test_gravity_follows_how_the_patient_lay(tmp_path, upright, position, down):
    write_series(tmp_path, head_on(upright), upright, Acquisition(patient_position=position))
    assert tuple(open_scan(tmp_path).gravity) == down


def test_gravity_is_not_guessed(head):
    for path in head:
        edit(path, PatientPosition="")
    assert open_scan(head[0].parent).gravity is None


def test_identity_is_a_digest_and_the_time_is_the_earliest_slice(tmp_path, upright):
    scans = []
    for folder, acquisition in {
        "a": Acquisition(patient_id="4711"),
        "b": Acquisition(patient_id="4711", series_number=5),
        "c": Acquisition(patient_id="4711", birth_date="19600101"),
    }.items():
        paths = write_series(tmp_path / folder, head_on(upright), upright, acquisition)
        for path in paths[:-1]:
            edit(path, AcquisitionTime="083105.25")
        scan = open_scan(tmp_path / folder)
        scans.append(scan)
        assert scan.acquired == acquisition.acquired
    assert same_patient(scans[0], scans[1]) is True
    assert same_patient(scans[0], scans[2]) is False
    assert all("4711" not in scan.patient_key and "19500101" not in scan.patient_key for scan in scans)


@pytest.mark.parametrize(("one", "other", "same"), [("", "19500101", True), ("19500101", "19510101", False)])
def test_a_birth_date_that_is_not_stated_makes_no_other_patient(tmp_path, upright, one, other, same):
    scans = []
    for number, birth in enumerate((one, other)):
        folder = tmp_path / f"{number}"
        edit(write_series(folder, head_on(upright), upright), PatientBirthDate=birth)
        scans.append(open_scan(folder))
    assert same_patient(*scans) is same is same_patient(*scans[::-1])


def test_a_scan_without_time_has_none(head):
    for path in head:
        edit(path, AcquisitionTime="", SeriesTime="", StudyTime="")
    assert open_scan(head[0].parent).acquired is None


def _other_size(path, grid):
    data = pydicom.dcmread(path)
    data.Rows, data.PixelData = 32, data.PixelData[: 32 * 64 * 2]
    data.save_as(path, enforce_file_format=True)


def _moved_copy(path, grid):
    repeat_slice(path, path.with_name("COPY"))
    edit(path, ImagePositionPatient=[0, 0, grid.positions_mm[5, 2]])


def _cut_off(path, grid):
    path.write_bytes(path.read_bytes()[:-500])


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (_cut_off, "cut off"),
        (lambda path, grid: edit(path, PixelSpacing=None), "does not state its pixel spacing"),
        (lambda path, grid: edit(path, RescaleSlope=None), "rescale slope"),
        (_moved_copy, "two fields"),
    ],
)
def test_a_series_that_does_not_fit_together_is_refused_in_one_sentence(head, upright, damage, message):
    damage(head[5], upright)
    with pytest.raises(InputError, match=message) as raised:
        open_scan(head[0].parent)
    assert "Maboroshi" not in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_other_size, "64 x 32 pixels"),
        (lambda path, grid: edit(path, PixelSpacing=[3, 3]), "pixel 3 mm"),
        (lambda path, grid: edit(path, ImageOrientationPatient=[1, 0, 0, 0, 0.9, -0.436]), "a single slice"),
        (lambda path, grid: edit(path, ImageOrientationPatient=[0, 1, 0, 0, 0, -1]), "sagittal"),
    ],
)
def test_one_slice_that_does_not_fit_is_left_out_and_told(head, upright, change, message):
    change(head[5], upright)
    scan = open_scan(head[0].parent)
    assert scan.files == (*head[:5], *head[6:])
    notes = " ".join(scan.notes)
    assert message in notes and "left out were 2.2" in notes and "1 between z" in notes


@pytest.mark.parametrize("count", [3, 11, 19])
def test_a_head_in_parts_that_do_not_fit_together_is_refused(head, count):
    edit(head[:count], ImageOrientationPatient=[1, 0, 0, 0, 0.9, -0.436])
    with pytest.raises(InputError, match="parts that do not fit together") as raised:
        open_scan(head[0].parent)
    assert "--series 2." in str(raised.value)


def test_one_slice_is_refused(tmp_path, upright):
    one = some_slices(upright, [10])
    path = write_series(tmp_path, head_on(upright)[10:11], one)[0]
    for source in (path, tmp_path):
        with pytest.raises(InputError, match="single slice"):
            open_scan(source)


def test_slices_that_all_lie_at_one_place_are_refused(head):
    for number, path in enumerate(head):
        if number != 9:
            repeat_slice(head[9], path, change_hu=number)
    with pytest.raises(InputError, match="lie at one place"):
        open_scan(head[0].parent)


def test_a_scan_without_a_brain_is_refused(tmp_path, upright):
    water = np.where(head_on(upright) > 0, 20, -1000)
    write_series(tmp_path, water, upright)
    with pytest.raises(InputError, match="No brain was found"):
        open_scan(tmp_path)


def test_an_arm_is_no_head(tmp_path):
    grid = slices(EVEN)
    away = np.linalg.norm(voxel_places_mm(grid)[..., :2], axis=-1)
    write_series(tmp_path, np.select([away < 20, away < 28, away < 60], [35, 900, 40], -1000), grid)
    with pytest.raises(InputError, match="No brain was found"):
        open_scan(tmp_path)


@pytest.mark.parametrize(
    ("acquisition", "message"),
    [
        (Acquisition(contrast_agent="Iohexol"), "contrast"),
        (Acquisition(description="CTA head and neck"), "contrast"),
        (Acquisition(body_part="CHEST"), "CHEST"),
    ],
)
def test_what_is_probably_no_plain_head_ct_is_warned_of(tmp_path, upright, acquisition, message):
    write_series(tmp_path, head_on(upright), upright, acquisition)
    (warning,) = open_scan(tmp_path).warnings
    assert message in warning


def test_a_plain_head_ct_has_no_warning(tmp_path, upright):
    write_series(tmp_path, head_on(upright), upright, Acquisition(description="Head w/o contrast", contrast_agent="NONE"))
    assert open_scan(tmp_path).warnings == ()


def test_a_wide_field_of_view_is_warned_of(tmp_path):
    grid = slices(EVEN, size=100)
    write_series(tmp_path, head_on(grid), grid)
    (warning,) = open_scan(tmp_path).warnings
    assert "400 mm" in warning
