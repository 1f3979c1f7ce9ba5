"""Which series of a study is read: the axial one without contrast in the brain's kernel, or the person is asked."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import numpy as np
import pytest
from dicom_files import dicom, edit, noise, save
from drawn_head import EVEN, head_on, slices
from grids import some_slices
from HematomaMarkersLib.phantom.dicom import Acquisition, write_dose_page, write_localizer, write_study
from HematomaMarkersLib.reading.dicom.series_choice import is_sharp_kernel
from HematomaMarkersLib.reading.read import open_scan
from LesionReadingLib.errors import InputError
from written_series import write_series

GRID = slices(EVEN)
BRAIN = Acquisition(description="Head 5 mm", kernel="H31s")


@pytest.fixture(scope="module")
def head():
    return head_on(GRID)


def _thin(head, grid):
    """Every slice twice as thin: the same head on twice as many slices."""
    fine = slices([3.5] * 43)
    return head_on(fine), fine


def test_a_whole_study_gives_its_brain_series(tmp_path, head):
    paths = write_study(tmp_path, head, GRID, BRAIN)
    scan = open_scan(tmp_path)
    assert scan.files == tuple(paths)
    note = " ".join(scan.notes)
    assert "3 (22 slices, 7 mm, kernel H60s): bone kernel" in note
    assert "4 (64 slices" in note and "not axial" in note
    assert "scouts (1)" in note and "maps and reports (1)" in note


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        (replace(BRAIN, series_number=3, description="Head", kernel="J70h"), "bone kernel"),
        (replace(BRAIN, series_number=3, description="Head", kernel="BONEPLUS"), "bone kernel"),
        (replace(BRAIN, series_number=3, description="Head", kernel="UB", window=(500, 2500)), "bone kernel"),
        (replace(BRAIN, series_number=3, contrast_agent="Iopamidol"), "contrast agent"),
        (replace(BRAIN, series_number=3, description="C+ head"), "contrast agent"),
        (replace(BRAIN, series_number=3, image_type=("DERIVED", "SECONDARY", "MIP")), "derived"),
        (replace(BRAIN, series_number=3, body_part="CSPINE"), "not a head"),
    ],
)
def test_what_is_not_the_brain_series_is_left_out(tmp_path, head, other, reason):
    write_series(tmp_path, head, GRID, other)
    paths = write_series(tmp_path, head, GRID, BRAIN)
    scan = open_scan(tmp_path)
    assert scan.files == tuple(paths)
    assert reason in " ".join(scan.notes)


def test_a_series_without_contrast_says_so_and_is_taken(tmp_path, head):
    write_series(tmp_path, head, GRID, replace(BRAIN, series_number=3, description="Head with contrast"))
    paths = write_series(tmp_path, head, GRID, replace(BRAIN, description="Head without contrast"))
    assert open_scan(tmp_path).files == tuple(paths)


def test_slices_of_usual_thickness_are_taken_before_thin_ones(tmp_path):
    usual, thin = slices([5.0] * 29), slices([1.25] * 116)
    write_series(tmp_path, head_on(thin), thin, replace(BRAIN, series_number=3, description="Head thin"))
    paths = write_series(tmp_path, head_on(usual), usual, BRAIN)
    scan = open_scan(tmp_path)
    assert scan.files == tuple(paths)
    assert "unusual thickness" in " ".join(scan.notes)


def test_of_reconstructions_of_one_scan_that_of_5_mm_is_taken(tmp_path):
    five, three = slices([5.0] * 29), slices([3.0] * 48)
    write_series(tmp_path, head_on(three), three, replace(BRAIN, series_number=3))
    paths = write_series(tmp_path, head_on(five), five, BRAIN)
    assert open_scan(tmp_path).files == tuple(paths)


def test_a_repeated_scan_of_a_part_of_the_head_is_left_out(tmp_path, head):
    part = some_slices(GRID, slice(5, 12))
    later = replace(BRAIN, series_number=6, acquired=datetime(2024, 3, 1, 8, 40))
    write_series(tmp_path, head[5:12], part, later)
    paths = write_series(tmp_path, head, GRID, BRAIN)
    scan = open_scan(tmp_path)
    assert scan.files == tuple(paths)
    assert "a part of the head only" in " ".join(scan.notes)


@pytest.fixture
def two_scans(tmp_path, head):
    """Two equal series of one study at different times, so that nothing tells which is meant."""
    first = write_series(tmp_path, head, GRID, BRAIN)
    again = replace(BRAIN, series_number=12, description="Head again", acquired=datetime(2024, 3, 1, 9, 45))
    second = write_series(tmp_path, head + 1, GRID, again)
    edit([*first, *second], StudyInstanceUID="1.2.3")
    return tmp_path, first, second


def test_where_the_choice_is_not_clear_the_person_is_asked(two_scans):
    with pytest.raises(InputError, match="--series 2") as raised:
        open_scan(two_scans[0])
    assert "2 (22 slices, 7 mm, kernel H31s); 12 (22 slices" in str(raised.value) and "--with-identity" in str(raised.value)
    assert "Maboroshi" not in str(raised.value) and "phantom-0" not in str(raised.value)


def test_the_named_series_is_read(two_scans):
    folder, first, second = two_scans
    assert open_scan(folder, series="2").files == tuple(first)
    assert open_scan(folder, series="12").files == tuple(second)


def test_a_bone_series_is_read_where_it_is_named(tmp_path, head):
    write_study(tmp_path, head, GRID, BRAIN)
    scan = open_scan(tmp_path, series="3")
    assert scan.details["series"].startswith("3 (")
    assert "(bone)" in scan.details["kernel"]


def test_a_series_that_is_not_there_is_told_with_those_that_are(two_scans):
    with pytest.raises(InputError, match=r"no CT series 7; there are 2 .* 12 "):
        open_scan(two_scans[0], series="7")


def test_a_sagittal_series_is_refused(tmp_path, head):
    write_study(tmp_path, head, GRID, BRAIN)
    with pytest.raises(InputError, match="sagittal"):
        open_scan(tmp_path, series="4")


def test_a_folder_without_a_ct_series_is_told_what_it_holds(tmp_path):
    write_localizer(tmp_path)
    write_dose_page(tmp_path / "dose")
    save(dicom(noise(1), Modality="MR"), tmp_path / "mr")
    with pytest.raises(InputError, match="no CT series") as raised:
        open_scan(tmp_path)
    assert all(kind in str(raised.value) for kind in ("scouts (1)", "maps and reports (1)", "MR images (1)"))


@pytest.mark.parametrize("kernel", ["H60s", "J70h", "Hr64", "BONE", "BONEPLUS", "EDGE", "FC30", "FC81", "YC", "LUNG", "Hr60f 3"])
def test_kernels_that_sharpen(kernel):
    assert is_sharp_kernel(kernel)


@pytest.mark.parametrize("kernel", ["H31s", "J40s", "Hr38", "Hc40f 2", "STANDARD", "STD+", "SOFT", "FC21", "FC26", "UB", "UC", ""])
def test_kernels_of_the_brain(kernel):
    assert not is_sharp_kernel(kernel)


def test_a_first_look_at_a_file_with_a_transfer_syntax_that_is_none_finds_nothing(tmp_path):
    from dicom_files import dicom
    from HematomaMarkersLib.reading.dicom.find_series import series_of_some

    file = dicom(np.zeros((1, 8, 8), np.uint16), Modality="CT", NumberOfFrames=None)
    file.save_as(tmp_path / "broken", enforce_file_format=True)
    stated, other = b"1.2.840.10008.1.2.1\0", b"1.2.840.no.number.1\0"
    (tmp_path / "broken").write_bytes((tmp_path / "broken").read_bytes().replace(stated, other))
    assert series_of_some([tmp_path / "broken"]) is None
