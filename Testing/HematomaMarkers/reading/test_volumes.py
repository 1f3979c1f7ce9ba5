"""A DICOM series is not a volume: what differs is split before anything is chosen, what belongs together is joined."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from itertools import pairwise

import numpy as np
import pytest
from dicom_files import edit, item
from drawn_head import EVEN, head_on, slices
from grids import some_slices, with_positions
from HematomaMarkersLib.phantom.dicom import Acquisition, repeat_slice
from HematomaMarkersLib.phantom.enhanced import write_enhanced
from HematomaMarkersLib.reading.read import open_scan
from LesionReadingLib.errors import InputError
from pydicom import dcmread
from pydicom.uid import generate_uid
from written_series import write_series

GRID = slices(EVEN)
HEAD = np.maximum(head_on(GRID), -1024)
PLAIN = Acquisition(description="Head", kernel="H31s")
LATER = replace(PLAIN, series_number=7, acquired=datetime(2024, 3, 1, 8, 45))


def _in_one_series(tmp_path, other: Acquisition, change_hu: int = 9, first=PLAIN, **edited):
    """Two scans of the head, both under the series UID and number of the first: (files of the first, of the second)."""
    paths = write_series(tmp_path, HEAD, GRID, first)
    seconds = write_series(tmp_path, HEAD + change_hu, GRID, replace(other, series_number=first.series_number + 50))
    header = dcmread(paths[0], stop_before_pixels=True)
    same = {key: header[key].value for key in ("SeriesInstanceUID", "StudyInstanceUID", "SeriesNumber")}
    edit(seconds, **same, **edited)
    return paths, seconds


def _part(grid, first, stop):
    return some_slices(grid, slice(first, stop))


def _asked(folder) -> str:
    with pytest.raises(InputError, match="Several series could be meant") as raised:
        open_scan(folder)
    return str(raised.value)


# Split


@pytest.mark.parametrize("order", [0, 1])
def test_phases_without_and_with_contrast_under_one_uid_are_two_volumes(tmp_path, order):
    given = replace(LATER, contrast_agent="IOMERON 400")
    first, other = (PLAIN, given) if order == 0 else (replace(given, series_number=2), replace(PLAIN, acquired=LATER.acquired))
    both = _in_one_series(tmp_path, other, first=first, AcquisitionNumber=2)
    scan = open_scan(tmp_path)
    assert scan.files == tuple(both[order])
    assert "contrast agent" in " ".join(scan.notes) and not scan.warnings


def test_two_kernels_under_one_uid_are_two_volumes(tmp_path):
    soft, bone = _in_one_series(tmp_path, replace(PLAIN, kernel="H60s"))
    scan = open_scan(tmp_path)
    assert scan.files == tuple(soft)
    assert "2.2 (22 slices, 7 mm, kernel H60s): bone kernel" in " ".join(scan.notes)
    assert open_scan(tmp_path, series="2.2").files == tuple(bone)


@pytest.mark.parametrize("volts", [("120", "80"), ("80", "140"), ("100", "150")])
def test_of_two_voltages_the_usual_one_is_read(tmp_path, volts):
    both = _in_one_series(tmp_path, PLAIN)
    for paths, value in zip(both, volts, strict=True):
        edit(paths, KVP=value)
    scan = open_scan(tmp_path)
    nearest = int(np.argmin([abs(float(value) - 120) for value in volts]))
    if volts == ("80", "140"):
        assert nearest == 1
    assert scan.files == tuple(both[nearest])
    assert scan.details["tube voltage"] == f"{volts[nearest]} kV"
    assert f"{volts[1 - nearest]} kV" in " ".join(scan.notes)


def test_two_passes_are_asked_about_and_each_can_be_named(tmp_path):
    first, second = _in_one_series(tmp_path, LATER, AcquisitionNumber=2)
    question = _asked(tmp_path)
    assert "2.1 (22 slices, 7 mm, kernel H31s, acquired 2024-03-01 08:30:00, acquisition 1)" in question
    assert "2.2" in question and "08:45:00" in question and "--series 2.1" in question
    assert open_scan(tmp_path, series="2.1").files == tuple(first)
    assert open_scan(tmp_path, series="2.2").files == tuple(second)
    assert open_scan(second[4]).files == tuple(second)


def test_two_passes_with_an_acquisition_number_for_every_slice_are_two_volumes(tmp_path):
    first, second = _in_one_series(tmp_path, LATER)
    for number, path in enumerate([*first, *second]):
        edit(path, AcquisitionNumber=number + 1)
    assert "2.1" in _asked(tmp_path)
    assert open_scan(tmp_path, series="2.2").files == tuple(second)
    for path in second:
        path.unlink()
    assert open_scan(tmp_path).files == tuple(first)


def test_an_unflagged_scout_in_the_series_is_left_out(tmp_path):
    paths = write_series(tmp_path, HEAD, GRID, PLAIN)
    for name, axes in {"lateral": [0, 1, 0, 0, 0, -1], "frontal": [1, 0, 0, 0, 0, -1]}.items():
        repeat_slice(paths[0], tmp_path / name)
        edit(tmp_path / name, ImageOrientationPatient=axes, ImagePositionPatient=[-125, -125, 125], InstanceNumber=0)
    scan = open_scan(tmp_path)
    assert scan.files == tuple(paths)
    notes = " ".join(scan.notes)
    assert notes.count("not axial") == 2 and "sagittal" in notes and "coronal" in notes and "missing" not in notes


def test_contrast_that_only_some_files_state_is_seen(tmp_path):
    paths = write_series(tmp_path, HEAD, GRID, PLAIN)
    edit(paths[13:], ContrastBolusAgent="Iohexol")
    assert "contrast" in open_scan(tmp_path).warnings[0]
    assert open_scan(tmp_path).files == tuple(paths)


def test_a_body_part_that_only_some_files_state_is_seen(tmp_path):
    paths = write_series(tmp_path, HEAD, GRID, PLAIN)
    edit(paths[20:], BodyPartExamined="NECK")
    assert "NECK" in open_scan(tmp_path).warnings[0]


def test_two_scans_that_nothing_tells_apart_are_not_mixed(tmp_path):
    first = write_series(tmp_path, HEAD, GRID, PLAIN)
    for path in first:
        copy = path.with_name(f"{path.name}B")
        repeat_slice(path, copy, change_hu=3)
        edit(copy, AcquisitionNumber=1, InstanceNumber=dcmread(path).InstanceNumber)
    with pytest.raises(InputError, match="22 of 22 levels are there twice"):
        open_scan(tmp_path)


@pytest.mark.parametrize("own_uids", [False, True], ids=["one series UID", "a series UID for each slice"])
@pytest.mark.parametrize("keyword", ["StudyInstanceUID", "FrameOfReferenceUID"])
def test_slices_of_two_studies_or_frames_of_reference_are_never_one_volume(tmp_path, keyword, own_uids):
    """As anonymised slices of two patients lie in one folder: one head ends where the other begins."""
    paths = write_series(tmp_path, HEAD, GRID, PLAIN)
    for number, path in enumerate(paths):
        edit(path, **{keyword: "1.2.3" if number < 12 else "1.2.4"})
        edit(path, PatientID="", **({"SeriesInstanceUID": generate_uid()} if own_uids else {}))
    with pytest.raises(InputError, match=r"in parts that do not fit together|Several series could be meant"):
        open_scan(tmp_path)
    assert open_scan(tmp_path, series="2.1").files == tuple(paths[:12])


# Join


def test_slices_with_a_series_uid_each_are_one_volume(tmp_path):
    paths = write_series(tmp_path, HEAD, GRID, PLAIN)
    for path in paths:
        edit(path, SeriesInstanceUID=generate_uid(), StudyInstanceUID=generate_uid())
    for source in (tmp_path, paths[3]):
        scan = open_scan(source)
        assert scan.files == tuple(paths) and np.array_equal(scan.hounsfield, HEAD)
        assert "22 series UIDs" in " ".join(scan.notes)


def test_of_slices_with_a_series_uid_each_two_series_stay_two(tmp_path):
    soft = write_series(tmp_path, HEAD, GRID, PLAIN)
    bone = write_series(tmp_path, HEAD, GRID, replace(PLAIN, series_number=3, kernel="H60s"))
    for path in [*soft, *bone]:
        edit(path, SeriesInstanceUID=generate_uid())
    assert open_scan(tmp_path).files == tuple(soft)
    assert open_scan(tmp_path, series="3").files == tuple(bone)


def test_a_base_of_the_skull_with_more_voltage_and_another_kernel_stays_with_its_head(tmp_path):
    paths = write_series(tmp_path, HEAD, GRID, PLAIN)
    edit(paths[:7], KVP="140", ConvolutionKernel="H40s", AcquisitionNumber=2)
    scan = open_scan(tmp_path)
    assert scan.files == tuple(paths)
    assert scan.details["tube voltage"] == "120 and 140 kV" and "H31s and H40s" in scan.details["series"]


def _concatenated(tmp_path, cuts, **edited):
    """An enhanced CT stored in parts, as the places to cut between say."""
    uid, series = generate_uid(), generate_uid()
    bounds = [0, *cuts, len(HEAD)]
    paths = []
    for number, (first, stop) in enumerate(pairwise(bounds)):
        path = write_enhanced(tmp_path / f"part{number}", HEAD[first:stop], _part(GRID, first, stop), PLAIN)
        for key, value in {"SOPInstanceUID": generate_uid(), "ConcatenationUID": uid, "SeriesInstanceUID": series}.items():
            edit(path, **{key: value})
        edit(path, InConcatenationNumber=number + 1, ConcatenationFrameOffsetNumber=first, InstanceNumber=number + 1, **edited)
        paths.append(path)
    return paths


@pytest.mark.parametrize("cuts", [[11], [5, 16], [1, 2, 21]])
def test_an_enhanced_ct_in_several_files_is_one_volume(tmp_path, cuts):
    paths = _concatenated(tmp_path, cuts)
    for source in (tmp_path, paths[0], paths[-1]):
        scan = open_scan(source)
        assert np.array_equal(scan.hounsfield, HEAD) and "missing" not in " ".join(scan.notes)


@pytest.mark.parametrize("lost", [0, 1, 2])
def test_a_missing_part_of_an_enhanced_ct_is_told(tmp_path, lost):
    _concatenated(tmp_path, [6, 14], InConcatenationTotalNumber=3)[lost].unlink()
    with pytest.raises(InputError, match="one is missing"):
        open_scan(tmp_path)


def test_enhanced_files_without_concatenation_are_joined_where_they_complete_each_other(tmp_path):
    paths = _concatenated(tmp_path, [9])
    edit(paths, ConcatenationUID=None, InConcatenationNumber=None, ConcatenationFrameOffsetNumber=None)
    assert np.array_equal(open_scan(tmp_path).hounsfield, HEAD)


def test_frames_with_and_without_contrast_in_one_enhanced_file_are_split(tmp_path):
    path = write_enhanced(tmp_path / "a", np.concatenate([HEAD, HEAD + 40]), _twice(GRID), replace(PLAIN, contrast_agent="Iohexol"))
    data = dcmread(path)
    for number, group in enumerate(data.PerFrameFunctionalGroupsSequence):
        group.ContrastBolusUsageSequence = [item(ContrastBolusAgentAdministered="NO" if number < len(HEAD) else "YES")]
    data.save_as(path)
    scan = open_scan(tmp_path)
    assert np.array_equal(scan.hounsfield, HEAD) and not scan.warnings


def _twice(grid):
    return with_positions(grid, np.tile(grid.positions_mm, (2, 1)))


def test_a_copy_of_every_file_changes_nothing(tmp_path):
    paths = write_series(tmp_path / "a", HEAD, GRID, PLAIN)
    (tmp_path / "b").mkdir()
    for path in paths:
        (tmp_path / "b" / path.name).write_bytes(path.read_bytes())
    assert np.array_equal(open_scan(tmp_path).hounsfield, HEAD)


# Names of choices


@pytest.mark.parametrize("numbers", [(0, 1), (None, 4), (5, 5), (None, None), (0, 0)])
def test_every_choice_prints_what_series_takes(tmp_path, numbers):
    first = write_series(tmp_path, HEAD, GRID, PLAIN)
    second = write_series(tmp_path, HEAD + 5, GRID, LATER)
    for paths, number in zip((first, second), numbers, strict=True):
        edit(paths, SeriesNumber=number, StudyInstanceUID="1.2.3")
    choices = _asked(tmp_path).split("could be meant: ")[1].split("; name one")[0]
    named = [choice.split(" (")[0] for choice in choices.split("; ")]
    assert len(set(named)) == 2
    assert {open_scan(tmp_path, series=name).files for name in named} == {tuple(first), tuple(second)}
    uid = str(dcmread(second[0]).SeriesInstanceUID)
    assert open_scan(tmp_path, series=uid).files == tuple(second)


# Several scans of a patient


def _two_days(tmp_path, thin=False):
    early = replace(PLAIN, acquired=datetime(2024, 2, 28, 22, 10), series_number=2)
    late = replace(PLAIN, acquired=datetime(2024, 3, 1, 8, 30), series_number=5)
    grid = slices([1.5] * 98) if thin else GRID
    return write_series(tmp_path / "a", HEAD, GRID, early), write_series(tmp_path / "b", head_on(grid), grid, late)


@pytest.mark.parametrize("thin", [False, True])
def test_of_two_scans_of_a_patient_the_newest_is_read_and_the_earlier_offered(tmp_path, thin):
    early, late = _two_days(tmp_path, thin)
    scan = open_scan(tmp_path)
    assert scan.files == tuple(late)
    assert "--prior-series 2" in " ".join(scan.notes)
    assert open_scan(tmp_path, series="2").files == tuple(early)


@pytest.mark.parametrize("same", ["StudyInstanceUID", "SeriesInstanceUID", "AcquisitionTime"])
def test_the_newest_scan_is_read_also_where_uids_are_equal_or_times_are_missing(tmp_path, same):
    early, late = _two_days(tmp_path)
    if same == "AcquisitionTime":
        edit([*early, *late], AcquisitionTime="", SeriesTime="", StudyTime="")
    else:
        edit([*early, *late], **{key: "1.2.3" for key in {"StudyInstanceUID", same}}, SeriesNumber=2)
    scan = open_scan(tmp_path)
    assert scan.files == tuple(late) and "--prior-series" in " ".join(scan.notes)


def test_scans_of_two_days_without_any_date_are_asked_about(tmp_path):
    early, late = _two_days(tmp_path)
    none = dict.fromkeys(("AcquisitionDate", "SeriesDate", "StudyDate", "AcquisitionTime", "SeriesTime", "StudyTime"), "")
    edit([*early, *late], **none)
    assert "meant: 2 (" in _asked(tmp_path)


def test_a_newer_scan_with_contrast_does_not_stand_before_an_older_plain_one(tmp_path):
    early, late = _two_days(tmp_path)
    edit(late, ContrastBolusAgent="Iohexol")
    scan = open_scan(tmp_path)
    assert scan.files == tuple(early) and "contrast agent" in " ".join(scan.notes)


@pytest.mark.parametrize("identity", [{"PatientID": "someone else"}, {"PatientID": "", "PatientBirthDate": "19010101"}])
@pytest.mark.parametrize("slice_count", [22, 3])
def test_scans_of_two_patients_are_asked_about(tmp_path, identity, slice_count):
    early, late = _two_days(tmp_path)
    for path in late[slice_count:]:
        path.unlink()
    late = late[:slice_count]
    edit(early, PatientID=identity["PatientID"] and "4711")
    edit(late, **identity)
    with pytest.raises(InputError, match="several patients") as raised:
        open_scan(tmp_path)
    assert "someone" not in str(raised.value) and "1901" not in str(raised.value)
    assert open_scan(tmp_path, series="5").files == tuple(late)


def test_a_slice_of_another_patient_is_told_as_such(tmp_path):
    early, late = _two_days(tmp_path)
    for path in late[1:]:
        path.unlink()
    edit(late[:1], PatientID="someone else")
    scan = open_scan(tmp_path)
    assert scan.files == tuple(early) and "(1 slice, 7 mm, kernel H31s): another patient" in " ".join(scan.notes)
