"""The label map of a pullback beside it: a DICOM SEG on the very frames, or a note why there is none."""

from __future__ import annotations

import highdicom
import numpy as np
import pydicom
import pytest
from LesionReadingLib.labels import write
from LesionReadingLib.labels.label_map import LabelMap
from LesionReadingLib.phantom.identity import IDENTITY
from OCTCalciumLib.phantom.dicom import BIRTH_DATE, write_every_variety
from OCTCalciumLib.reading.read import open_pullback
from OCTCalciumLib.segments import SEGMENTS, read_oct_label_map, write_oct_label_map

FRAMES, SIZE = 5, 128


@pytest.fixture(scope="module")
def recordings(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pullback")
    write_every_variety(folder, 11, FRAMES, SIZE)
    return folder


def labels_on(pullback) -> np.ndarray:
    """Other labels on every frame; none on the second."""
    labels = np.zeros(pullback.grid.shape, np.uint8)
    for number, frame in enumerate(labels):
        frame[20:60, 30 + number : 70] = 3
        frame[10 + number : 18, 20:40] = 1
        frame[70:75, 80:85] = 2
    labels[1] = 0
    return labels


def written(folder, path, identity=False):
    pullback = open_pullback(path)
    labels = labels_on(pullback)
    made, notes = write_oct_label_map(folder, LabelMap(labels, pullback.grid), pullback, identity)
    return pullback, labels, [file.name for file in made], notes


def sources_of(seg):
    """Of each frame of a SEG: what it refers to, and the number of its segment."""
    for index, group in enumerate(seg.PerFrameFunctionalGroupsSequence):
        source = group.DerivationImageSequence[0].SourceImageSequence[0]
        yield index, source, group.SegmentIdentificationSequence[0].ReferencedSegmentNumber


@pytest.mark.parametrize("name", ["presentation.dcm", "ultrasound.dcm", "presentation-rle.dcm"])
def test_every_frame_of_the_seg_refers_to_the_frame_it_was_drawn_on(recordings, tmp_path, name):
    _, labels, made, notes = written(tmp_path, recordings / name)
    assert made == ["segmentation.seg.nrrd", "segmentation.dcm"] and notes == ()
    seg, file = highdicom.seg.segread(tmp_path / "segmentation.dcm"), pydicom.dcmread(recordings / name)
    for index, source, value in sources_of(seg):
        assert (source.ReferencedSOPClassUID, source.ReferencedSOPInstanceUID) == (file.SOPClassUID, file.SOPInstanceUID)
        assert np.array_equal(seg.get_stored_frame(index, as_index=True) > 0, labels[source.ReferencedFrameNumber - 1] == value)
    assert len(seg.PerFrameFunctionalGroupsSequence) == FRAMES * len(SEGMENTS)
    assert seg.StudyInstanceUID == file.StudyInstanceUID
    assert seg.ReferencedSeriesSequence[0].SeriesInstanceUID == file.SeriesInstanceUID
    spacing = seg.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0].PixelSpacing
    assert spacing == pytest.approx([open_pullback(recordings / name).spacing.row_mm] * 2, rel=1e-4)


def test_the_frames_of_a_series_are_referred_to_file_by_file(recordings, tmp_path):
    pullback, labels, _, _ = written(tmp_path, recordings / "frames")
    numbers = {pydicom.dcmread(path).SOPInstanceUID: number for number, path in enumerate(pullback.files)}
    seg = highdicom.seg.segread(tmp_path / "segmentation.dcm")
    for index, source, value in sources_of(seg):
        assert "ReferencedFrameNumber" not in source
        here = labels[numbers[source.ReferencedSOPInstanceUID]] == value
        assert np.array_equal(seg.get_stored_frame(index, as_index=True) > 0, here)
    assert set(numbers) == {source.ReferencedSOPInstanceUID for _, source, _ in sources_of(seg)}


@pytest.mark.parametrize("name", ["presentation.dcm", "frames"])
def test_the_seg_is_read_back_on_its_pullback(recordings, tmp_path, name):
    pullback, labels, _, _ = written(tmp_path, recordings / name)
    read = read_oct_label_map(tmp_path / "segmentation.dcm", pullback=pullback)
    assert np.array_equal(read.labels, labels)
    assert read.grid.shape == pullback.grid.shape


def test_segments_carry_their_codes(recordings, tmp_path):
    written(tmp_path, recordings / "presentation.dcm")
    seg = highdicom.seg.segread(tmp_path / "segmentation.dcm")
    assert [str(item.SegmentLabel) for item in seg.SegmentSequence] == ["calcium", "guidewire", "lumen"]
    codes = [(item.SegmentedPropertyTypeCodeSequence[0], item.AnatomicRegionSequence[0]) for item in seg.SegmentSequence]
    assert [(kind.CodeValue, kind.CodingSchemeDesignator) for kind, _ in codes] == [
        ("29483008", "SCT"),
        ("272224001", "SCT"),
        ("91747007", "SCT"),
    ]
    assert {region.CodeValue for _, region in codes} == {"41801008"}


def test_frames_of_a_standstill_keep_the_numbers_of_the_file(recordings, tmp_path):
    data = pydicom.dcmread(recordings / "presentation.dcm")
    data.IVUSPullbackStartFrameNumber, data.IVUSPullbackStopFrameNumber = 3, 5
    data.save_as(tmp_path / "still.dcm")
    _, labels, _, _ = written(tmp_path, tmp_path / "still.dcm")
    seg = highdicom.seg.segread(tmp_path / "segmentation.dcm")
    assert {source.ReferencedFrameNumber for _, source, _ in sources_of(seg)} == {3, 4, 5}
    for index, source, value in sources_of(seg):
        assert np.array_equal(seg.get_stored_frame(index, as_index=True) > 0, labels[source.ReferencedFrameNumber - 3] == value)


@pytest.mark.parametrize(
    ("name", "message"),
    [("processing.dcm", "made of A-lines"), ("capture.dcm", "must state the size of its pixels")],
)
def test_where_a_seg_cannot_lie_on_the_pixels_of_the_file_a_note_says_so(recordings, tmp_path, name, message):
    _, _, made, notes = written(tmp_path, recordings / name)
    assert made == ["segmentation.seg.nrrd"] and not (tmp_path / "segmentation.dcm").exists()
    assert len(notes) == 1 and message in notes[0]


@pytest.mark.parametrize("name", ["pictures", "volume.nrrd"])
def test_a_pullback_that_is_not_dicom_has_no_seg_and_no_note(recordings, tmp_path, name):
    _, _, made, notes = written(tmp_path, recordings / name)
    assert made == ["segmentation.seg.nrrd"] and notes == ()


def test_a_seg_of_many_pixels_is_deflated_and_the_same(recordings, tmp_path, monkeypatch):
    monkeypatch.setattr(write, "MOST_PLAIN_BYTES", 1000)
    pullback, labels, _, _ = written(tmp_path, recordings / "presentation.dcm")
    assert pydicom.dcmread(tmp_path / "segmentation.dcm").file_meta.TransferSyntaxUID.name.startswith("Deflated")
    assert (tmp_path / "segmentation.dcm").stat().st_size < labels.size // 8
    assert np.array_equal(read_oct_label_map(tmp_path / "segmentation.dcm", pullback=pullback).labels, labels)


def test_the_seg_names_the_patient_only_where_that_is_asked_for(recordings, tmp_path):
    written(tmp_path, recordings / "presentation.dcm", identity=True)
    named = pydicom.dcmread(tmp_path / "segmentation.dcm")
    assert (named.PatientID, named.PatientBirthDate, named.PatientName) == ("phantom-11", BIRTH_DATE, IDENTITY["PatientName"])
    written(tmp_path, recordings / "presentation.dcm")
    plain = pydicom.dcmread(tmp_path / "segmentation.dcm")
    assert not any(
        plain[keyword].value for keyword in ("PatientName", "PatientID", "PatientBirthDate", "AccessionNumber", "StudyID")
    )
    assert "InstitutionName" not in plain and plain.DeviceSerialNumber == "none"
    content = (tmp_path / "segmentation.dcm").read_bytes()
    assert not any(value.encode() in content for value in (*IDENTITY.values(), BIRTH_DATE))


def test_a_seg_that_fails_is_a_note_and_the_rest_is_there(recordings, tmp_path, monkeypatch):
    def fails(*_, **__):
        (tmp_path / "segmentation.dcm").write_bytes(b"half")
        raise ValueError("幻影^太郎 is not valid")

    monkeypatch.setattr(write, "write_dicom_seg", fails)
    _, _, made, notes = written(tmp_path, recordings / "presentation.dcm")
    assert made == ["segmentation.seg.nrrd"] and not (tmp_path / "segmentation.dcm").exists()
    assert len(notes) == 1 and "could not be written" in notes[0] and "幻影" not in notes[0]
