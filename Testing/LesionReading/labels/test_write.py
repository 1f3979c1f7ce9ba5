"""A label map beside its scan: the DICOM SEG has its own header, so odd scans neither end a run nor leak who the patient is."""

from __future__ import annotations

import errno

import highdicom
import numpy as np
import pydicom
import pytest
from drawn_head import GRIDS
from HematomaMarkersLib.phantom.enhanced import write_enhanced
from HematomaMarkersLib.segments import SEGMENTS
from LesionReadingLib.geometry.grid import even_grid
from LesionReadingLib.geometry.spacing import Spacing
from LesionReadingLib.labels import write
from LesionReadingLib.labels.read_dicom_seg import read_dicom_seg
from LesionReadingLib.phantom.identity import IDENTITY
from LesionReadingLib.reading.dicom.source_frame import SourceFrame
from written_series import write_series

GRID = GRIDS["upright"]


@pytest.fixture
def some_labels():
    labels = np.zeros(GRID.shape, np.uint8)
    labels[8:12, 20:30, 25:40] = 1
    labels[11:13, 40:44, 30:36] = 2
    return labels


def a_scan(folder, change):
    paths = write_series(folder, np.zeros(GRID.shape), GRID)
    for path in paths:
        data = pydicom.dcmread(path)
        change(data)
        data.save_as(path, enforce_file_format=False)
    return paths


def written(tmp_path, labels, files, identity=False):
    frames = [
        SourceFrame(path, number) for path in files for number in range(int(pydicom.dcmread(path).get("NumberOfFrames") or 1))
    ]
    made, notes = write.write_label_map(tmp_path, labels, GRID, SEGMENTS, frames, identity)
    return made, notes


def _set(**values):
    def change(data):
        for keyword, value in values.items():
            data.add(pydicom.DataElement(keyword, pydicom.datadict.dictionary_VR(keyword), value, validation_mode=0))

    return change


def _without(*keywords):
    def change(data):
        for keyword in keywords:
            del data[keyword]

    return change


ODD = {
    "an empty first character set": _set(SpecificCharacterSet=["", "ISO 2022 IR 87"]),
    "an unknown character set": _set(SpecificCharacterSet="ISO_IR 4711"),
    "dates and times of ACR-NEMA": _set(StudyDate="2024.03.01", StudyTime="08:30:00"),
    "a date that is none": _set(StudyDate="unknown", PatientBirthDate="19999999"),
    "no SOP class": _without("SOPClassUID"),
    "no UIDs of study and frame of reference": _without("StudyInstanceUID", "FrameOfReferenceUID", "SeriesInstanceUID"),
    "a UID with letters": _set(StudyInstanceUID="1.2.anonymous.3", SOPInstanceUID="1.2.x"),
    "an accession number that is too long": _set(AccessionNumber="4" * 40),
    "a sex that DICOM does not know": _set(PatientSex="female"),
    "no type 2 values": _without("PatientName", "PatientID", "StudyID", "StudyDate", "AccessionNumber", "ReferringPhysicianName"),
    "rounded directions": _set(ImageOrientationPatient=["0.9999", "0", "0", "0", "0.9999", "0"]),
}


@pytest.mark.parametrize("identity", [False, True])
@pytest.mark.parametrize("name", ODD)
def test_an_odd_scan_gets_its_dicom_seg_all_the_same(tmp_path, some_labels, name, identity):
    files = a_scan(tmp_path / "ct", ODD[name])
    made, _ = written(tmp_path, some_labels, files, identity)
    assert [path.name for path in made] == ["segmentation.seg.nrrd", "segmentation.dcm"]
    read = read_dicom_seg(made[1], SEGMENTS)
    assert np.array_equal(read.labels, some_labels)
    assert highdicom.seg.segread(made[1]).SpecificCharacterSet == "ISO_IR 192"


def test_the_dicom_seg_refers_to_the_slices_of_the_scan(tmp_path, some_labels):
    files = a_scan(tmp_path / "ct", lambda data: None)
    seg = pydicom.dcmread(written(tmp_path, some_labels, files)[0][1])
    instances = [pydicom.dcmread(path).SOPInstanceUID for path in files]
    assert sorted(item.ReferencedSOPInstanceUID for item in seg.ReferencedSeriesSequence[0].ReferencedInstanceSequence) == sorted(
        instances
    )
    assert {item.ReferencedSOPInstanceUID for item in seg.SourceImageSequence} == set(instances)
    assert seg.ReferencedSeriesSequence[0].SeriesInstanceUID == pydicom.dcmread(files[0]).SeriesInstanceUID
    assert {seg.StudyInstanceUID, seg.FrameOfReferenceUID} == {
        pydicom.dcmread(files[0]).StudyInstanceUID,
        pydicom.dcmread(files[0]).FrameOfReferenceUID,
    }


@pytest.mark.parametrize("upward", [1, -1])
def test_every_frame_of_the_dicom_seg_is_its_segment_on_its_slice_without_gaps_between_frames(tmp_path, upward):
    labels = np.random.default_rng(3).integers(0, 3, (7, 3, 5), np.uint8)  # 15 pixels a frame: neighbours share a byte
    grid = even_grid(labels.shape, Spacing(0.5, 0.5, 1.0), (0.0, 0.0, 0.0), np.diag([upward, 1, upward]))
    files = write_series(tmp_path / "ct", np.zeros(labels.shape), grid)
    write.write_dicom_seg(tmp_path / "seg.dcm", labels, grid, SEGMENTS, [SourceFrame(path, 0) for path in files])
    made = pydicom.dcmread(tmp_path / "seg.dcm")
    groups = made.PerFrameFunctionalGroupsSequence
    bits = np.unpackbits(np.frombuffer(made.PixelData, np.uint8), count=15 * len(groups), bitorder="little")
    slices = {pydicom.dcmread(path).SOPInstanceUID: number for number, path in enumerate(files)}
    seen = set()
    for group, mask in zip(groups, bits.reshape(-1, 3, 5), strict=True):
        number = slices[group.DerivationImageSequence[0].SourceImageSequence[0].ReferencedSOPInstanceUID]
        value = group.SegmentIdentificationSequence[0].ReferencedSegmentNumber
        np.testing.assert_array_equal(mask, labels[number] == value)
        seen.add((number, value))
    assert len(seen) == len(groups) == 7 * len(SEGMENTS) and (made.Rows, made.Columns) == (3, 5)


def test_several_enhanced_files_are_referred_to_frame_by_frame(tmp_path, some_labels):
    order = list(range(GRID.slice_count))
    halves = [order[: len(order) // 2], order[len(order) // 2 :]]
    files = []
    for number, half in enumerate(halves):
        part = GRIDS["upright"]
        path = write_enhanced(tmp_path / f"half{number}.dcm", np.zeros(GRID.shape), part, order=half)
        data = pydicom.dcmread(path)
        data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = f"1.2.3.{number + 1}"
        data.save_as(path)
        files.append(path)
    seg = pydicom.dcmread(written(tmp_path, some_labels, files)[0][1])
    for group in seg.PerFrameFunctionalGroupsSequence:
        source = group.DerivationImageSequence[0].SourceImageSequence[0]
        half = int(source.ReferencedSOPInstanceUID[-1]) - 1
        place = GRID.positions_mm[halves[half][source.ReferencedFrameNumber - 1]]
        assert np.allclose(group.PlanePositionSequence[0].ImagePositionPatient, place, atol=1e-3)


def test_a_dicom_seg_that_fails_is_a_note_and_the_rest_is_there(tmp_path, some_labels, monkeypatch):
    def fails(*_, **__):
        (tmp_path / "segmentation.dcm").write_bytes(b"half")
        raise ValueError("幻影^太郎 is not valid")

    files = a_scan(tmp_path / "ct", lambda data: None)
    monkeypatch.setattr(write, "write_dicom_seg", fails)
    made, notes = written(tmp_path, some_labels, files)
    assert [path.name for path in made] == ["segmentation.seg.nrrd"]
    assert not (tmp_path / "segmentation.dcm").exists()
    assert len(notes) == 1 and "could not be written" in notes[0] and "幻影" not in notes[0]


def test_the_identity_is_in_the_dicom_seg_only_where_it_is_asked_for(tmp_path, some_labels):
    files = a_scan(tmp_path / "ct", lambda data: None)
    named = pydicom.dcmread(written(tmp_path, some_labels, files, identity=True)[0][1])
    for keyword in ("PatientName", "AccessionNumber", "StudyID", "ReferringPhysicianName"):
        assert str(named[keyword].value) == IDENTITY[keyword]
    assert (named.PatientID, named.PatientBirthDate, named.StudyDate) == ("phantom-0", "19500101", "20240301")
    plain = pydicom.dcmread(written(tmp_path, some_labels, files)[0][1])
    for keyword in ("PatientName", "PatientID", "PatientBirthDate", "AccessionNumber", "StudyID", "ReferringPhysicianName"):
        assert not plain[keyword].value
    content = (tmp_path / "segmentation.dcm").read_bytes()
    for value in IDENTITY.values():
        assert value.encode() not in content


def test_what_dicom_does_not_allow_of_the_identity_is_left_empty_and_told_without_its_value(tmp_path, some_labels):
    files = a_scan(tmp_path / "ct", _set(AccessionNumber="4" * 40, StudyDate="2024.03.01", StudyTime="08:30:00"))
    made, notes = written(tmp_path, some_labels, files, identity=True)
    seg = pydicom.dcmread(made[1])
    assert (seg.AccessionNumber, seg.StudyDate, seg.StudyTime) == ("", "20240301", "083000")
    assert len(notes) == 1 and "AccessionNumber" in notes[0] and "444" not in notes[0]


def test_a_segmentation_that_cannot_be_written_ends_the_run_also_where_the_dicom_seg_can(tmp_path, some_labels, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(write, "write_seg_nrrd", full)
    with pytest.raises(OSError, match="No space left"):
        written(tmp_path, some_labels, a_scan(tmp_path / "scan", lambda data: None))
