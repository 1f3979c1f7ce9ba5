"""DICOM values of the wrong kind or number, lengths and frames that are not there: left out and told, or refused."""

from __future__ import annotations

import time
import zlib

import numpy as np
import pytest
from dicom_files import FOR_PRESENTATION, dicom, item, noise, pixel_measures, save
from LesionReadingLib.errors import InputError
from LesionReadingLib.phantom.compression import compress
from LesionReadingLib.reading.dicom.cleaning import left_out, notes_on_left_out
from LesionReadingLib.reading.dicom.files import open_image, read_header
from LesionReadingLib.reading.dicom.frames import stored_frames
from OCTCalciumLib.reading.read import open_pullback
from pydicom import dcmread
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import Tag
from pydicom.uid import DeflatedExplicitVRLittleEndian

PIXELS = noise(3, 32, 40)


def planted(path, keyword, vr, value: bytes, data=None):
    """A pullback with an element of any VR and any bytes."""
    data = data or dicom(PIXELS)
    save(data, path)
    data = dcmread(path)
    tag = Tag(keyword)
    data._dict[tag] = RawDataElement(tag, vr, len(value), value, 0, False, True)
    data.save_as(path)
    return path


@pytest.mark.parametrize(
    ("keyword", "vr", "value"),
    [
        ("PixelSpacing", "DS", b"0.01"),
        ("PixelSpacing", "DS", b"0.01\\x "),
        ("PixelSpacing", "DS", b"nan\\nan "),
        ("PixelSpacing", "DS", b"0.01\\0.01\\1"),
        ("PixelSpacing", "LO", b"0.01\\0.01 "),
        ("PixelSpacing", "SQ", b""),
        ("ImagePositionPatient", "DS", b"1\\2 "),
        ("ImageOrientationPatient", "DS", b"inf\\0\\0\\0\\1\\0"),
        ("RescaleSlope", "DS", b"1\\2 "),
        ("FrameTime", "DS", b"1e999 "),
        ("InstanceNumber", "IS", b"1.5 "),
        ("InstanceNumber", "SQ", b"\xfe\xff\x00\xe0\x00\x00\x00\x00"),
        ("SharedFunctionalGroupsSequence", "LO", b"text"),
        ("PerFrameFunctionalGroupsSequence", "FD", bytes(8)),
    ],
)
def test_a_value_that_is_not_as_dicom_defines_it_is_not_used_and_that_is_told(tmp_path, keyword, vr, value):
    path = planted(tmp_path / "x.dcm", keyword, vr, value)
    header = read_header(path)
    assert keyword not in header
    assert left_out(header) == (keyword,)
    assert keyword in notes_on_left_out([header])[0]
    pullback = open_pullback(path)
    assert pullback.frame_count == 3
    assert any(keyword in note for note in pullback.notes)


@pytest.mark.parametrize(
    ("keyword", "vr", "value"),
    [
        ("Rows", "US", b"\x20\0\x20\0"),
        ("Columns", "LO", b"40"),
        ("BitsAllocated", "DS", b"x "),
        ("PixelRepresentation", "US", bytes(4)),
        ("PixelRepresentation", "SQ", b"\xfe\xff\x00\xe0\x00\x00\x00\x00"),
        ("SamplesPerPixel", "FD", np.float64("nan").tobytes()),
        ("NumberOfFrames", "IS", b"3\\3 "),
        ("NumberOfFrames", "IS", b"many"),
    ],
)
def test_pixels_that_are_described_in_another_way_than_dicoms_are_refused(tmp_path, keyword, vr, value):
    path = planted(tmp_path / "x.dcm", keyword, vr, value)
    with pytest.raises(InputError):
        open_pullback(path)
    with pytest.raises(InputError, match=f"{keyword}|size and kind"):
        open_image(path)


@pytest.mark.parametrize(
    ("keyword", "vr", "value", "expected"),
    [
        ("SliceThickness", "FD", np.float64(0.25).tobytes(), 0.25),
        ("NumberOfFrames", "US", b"\3\0", 3),
        ("RescaleSlope", "FL", np.float32(2).tobytes(), 2.0),
        ("SeriesDescription", "SH", b"HEAD\\BRAIN", "HEAD\\BRAIN"),
        ("ImageType", "CS", b"LOCALIZER ", "LOCALIZER"),
    ],
)
def test_what_older_writers_store_in_another_way_is_read(tmp_path, keyword, vr, value, expected):
    header = read_header(planted(tmp_path / "x.dcm", keyword, vr, value))
    assert header[keyword].value == expected
    assert left_out(header) == ()


@pytest.mark.parametrize("syntax", [b"no uid", b"1.2\\1.2 ", b"\xff\xfe", b"%n%n%s"])
def test_a_transfer_syntax_that_is_none_is_told(tmp_path, syntax):
    path = save(dicom(PIXELS), tmp_path / "x.dcm")
    content = path.read_bytes()
    stated = b"1.2.840.10008.1.2.1\0"
    path.write_bytes(content.replace(stated, syntax.ljust(len(stated)), 1))
    with pytest.raises(InputError, match="transfer syntax"):
        open_pullback(path)


@pytest.mark.parametrize("depth", [13, 60, 400, 3000])
def test_items_in_items_without_end_are_refused_or_left_out(tmp_path, depth):
    path = save(dicom(PIXELS), tmp_path / "x.dcm")
    content = path.read_bytes()
    pixels = content.index(b"\xe0\x7f\x10\x00")
    sequence, end = (
        b"\x00\x54\x16\x00SQ\0\0\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff",
        b"\xfe\xff\x0d\xe0\0\0\0\0\xfe\xff\xdd\xe0\0\0\0\0",
    )
    path.write_bytes(content[:pixels] + sequence * depth + end * depth + content[pixels:])
    try:
        assert open_pullback(path).frame_count == 3
    except InputError:
        assert depth > 13


@pytest.mark.parametrize("syntax", ["rle", "jpeg", "jpeg-2000", "jpeg-lossless"])
@pytest.mark.parametrize("frames", [4, 1000, 2**31 - 1])
def test_more_frames_than_are_encoded_are_refused_at_once(tmp_path, syntax, frames):
    save(dicom(PIXELS), tmp_path / "sound.dcm")
    compress(tmp_path / "sound.dcm", tmp_path / "x.dcm", syntax)
    data = dcmread(tmp_path / "x.dcm")
    data.NumberOfFrames = frames
    data.save_as(tmp_path / "x.dcm")
    begin = time.process_time()
    with pytest.raises(InputError):
        open_pullback(tmp_path / "x.dcm")
    assert time.process_time() - begin < 3


@pytest.mark.parametrize("syntax", ["jpeg", "jpeg-2000", "jpeg-ls", "jpeg-lossless"])
def test_a_frame_encoded_with_another_size_than_the_headers_is_not_decoded(tmp_path, syntax):
    save(dicom(PIXELS), tmp_path / "sound.dcm")
    compress(tmp_path / "sound.dcm", tmp_path / "x.dcm", syntax)
    assert next(stored_frames(open_image(tmp_path / "x.dcm"), 0, 1)).shape == (32, 40)
    data = dcmread(tmp_path / "x.dcm")
    data.Rows = 33
    data.save_as(tmp_path / "x.dcm")
    with pytest.raises(InputError, match="32 x 40"):
        next(stored_frames(open_image(tmp_path / "x.dcm"), 0, 1))


@pytest.mark.parametrize("syntax", ["jpeg", "jpeg-2000", "jpeg-ls", "jpeg-lossless"])
@pytest.mark.parametrize("bits", [32, 64])
def test_a_frame_of_wider_values_than_can_be_encoded_is_not_decoded(tmp_path, syntax, bits):
    """A decoder may end the process on it."""
    save(dicom(PIXELS), tmp_path / "sound.dcm")
    compress(tmp_path / "sound.dcm", tmp_path / "x.dcm", syntax)
    data = dcmread(tmp_path / "x.dcm")
    data.BitsAllocated = bits
    data.save_as(tmp_path / "x.dcm")
    with pytest.raises(InputError, match=f"values of {bits} bits"):
        next(stored_frames(open_image(tmp_path / "x.dcm"), 0, 1))


def test_lengths_that_lie_take_no_memory(tmp_path):
    path = save(dicom(PIXELS, Manufacturer="ABCDEFGH"), tmp_path / "x.dcm")
    content = path.read_bytes()
    place = content.index(b"\x08\x00\x70\x00LO")
    for length in (0x7FFFFFFF, 0xFFFFFFF0, 0xC0000000):
        path.write_bytes(content[:place] + b"\x08\x00\x70\x00UT\0\0" + length.to_bytes(4, "little") + content[place + 8 :])
        with pytest.raises(InputError):
            open_pullback(path)


def _deflated(path, data: Dataset, tail: bytes = b""):
    save(data, path)
    content = path.read_bytes()
    data.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    save(data, path)
    stop = 144 + int.from_bytes(content[140:144], "little")
    body = content[stop:] + tail
    head = dcm_head(path)
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    path.write_bytes(head + packer.compress(body) + packer.flush())
    return path


def dcm_head(path) -> bytes:
    content = path.read_bytes()
    return content[: 144 + int.from_bytes(content[140:144], "little")]


def test_a_deflated_file_is_read_and_a_cut_one_or_a_bomb_is_refused(tmp_path, monkeypatch):
    from LesionReadingLib.reading.dicom import stream as dicom_stream

    path = _deflated(tmp_path / "x.dcm", dicom(PIXELS))
    assert np.array_equal(np.stack(list(stored_frames(open_image(path), 0, 3))), PIXELS)
    whole = path.read_bytes()
    for cut in (1, 40, len(whole) // 3):
        path.write_bytes(whole[:-cut])
        with pytest.raises(InputError, match="deflated"):
            open_pullback(path)
    path.write_bytes(whole)
    monkeypatch.setattr(dicom_stream, "FREE_OF_DOUBT_BYTES", 1000)
    monkeypatch.setattr(dicom_stream, "PLAUSIBLE_RATIO", 0.5)
    with pytest.raises(InputError, match="more than any image"):
        open_pullback(path)


def test_too_little_memory_is_not_taken_for_damage(tmp_path, monkeypatch):
    path = save(dicom(PIXELS), tmp_path / "x.dcm")

    def without_memory(*_, **__):
        raise MemoryError

    monkeypatch.setattr("LesionReadingLib.reading.dicom.files.dcmread", without_memory)
    for read in (read_header, open_image, open_pullback):
        with pytest.raises(MemoryError):
            read(path)


def test_the_spacing_of_functional_groups_of_the_wrong_kind_is_unknown_not_guessed(tmp_path):
    for value in ("0.01", ["0.01", "0.01", "0.01"], ["a", "b"]):
        data = dicom(PIXELS, SOPClassUID=FOR_PRESENTATION, SharedFunctionalGroupsSequence=pixel_measures(0.01, 0.01))
        measures = data.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0]
        text = "\\".join([value] if isinstance(value, str) else value).encode()
        measures._dict[Tag("PixelSpacing")] = RawDataElement(Tag("PixelSpacing"), "DS", len(text), text, 0, False, True)
        pullback = open_pullback(save(data, tmp_path / "x.dcm"))
        assert not pullback.spacing.in_plane_known
        assert any("PixelSpacing" in note for note in pullback.notes)


def test_private_elements_are_left_out_without_a_word(tmp_path):
    data = dicom(PIXELS)
    data.private_block(0x0011, "SOMEONE", create=True).add_new(0x01, "SQ", [item(PatientName="Secret^Person")])
    header = read_header(save(data, tmp_path / "x.dcm"))
    assert not [tag for tag in header if tag.tag.is_private]
    assert left_out(header) == ()


@pytest.mark.parametrize("vr", [b"US", b"IS", b"SQ", b"UT", b"xx"])
def test_pixels_stored_as_another_kind_of_value_are_not_read_from_the_wrong_place(tmp_path, vr):
    path = save(dicom(PIXELS), tmp_path / "x.dcm")
    content = path.read_bytes()
    place = content.index(b"\xe0\x7f\x10\x00") + 4
    path.write_bytes(content[:place] + vr + content[place + 2 :])
    with pytest.raises(InputError):
        open_image(path)


@pytest.mark.parametrize("samples", [0, 2, 4, 65535])
def test_pixels_of_no_or_many_values_are_refused(tmp_path, samples):
    with pytest.raises(InputError):
        open_image(save(dicom(PIXELS, SamplesPerPixel=samples), tmp_path / "x.dcm"))


@pytest.mark.parametrize(
    "kind, samples", [("MONOCHROME2", 3), ("MONOCHROME1", 3), ("PALETTE COLOR", 3), ("RGB", 1), ("YBR_FULL", 1)]
)
def test_a_kind_of_pixels_that_contradicts_their_number_of_values_is_refused(tmp_path, kind, samples):
    pixels = np.zeros((4, 4, 3), np.uint8) if samples == 3 else PIXELS
    changed = {"PhotometricInterpretation": kind, "SamplesPerPixel": samples, "PlanarConfiguration": 0}
    with pytest.raises(InputError, match="contradict"):
        open_image(save(dicom(pixels, **changed), tmp_path / "x.dcm"))


def test_a_palette_of_signed_or_deep_numbers_is_refused(tmp_path):
    for changed in ({"PixelRepresentation": 1}, {"BitsAllocated": 32}, {"BitsAllocated": 64}):
        data = dicom(PIXELS, PhotometricInterpretation="PALETTE COLOR", **changed)
        with pytest.raises(InputError):
            open_pullback(save(data, tmp_path / "x.dcm"))


@pytest.mark.parametrize("start", [b"", bytes(128) + b"DICM"])
def test_zeros_without_end_are_no_dicom_and_that_is_found_at_once(tmp_path, start):
    """As in the image of a disk, or a file that was made and not filled: read as elements there are billions."""
    with open(tmp_path / "x", "wb") as file:
        file.write(start)
        file.truncate(1 << 26)
    begin = time.process_time()
    header = read_header(tmp_path / "x")
    assert header is None or "Rows" not in header
    assert time.process_time() - begin < 2


def test_zeros_within_a_sequence_end_it_at_once(tmp_path):
    save(dicom(PIXELS), tmp_path / "sound.dcm")
    content = (tmp_path / "sound.dcm").read_bytes()
    before_pixels = content[: content.index(b"\xe0\x7f\x10\x00O")]
    sequence, its_item = b"\x00\x52\x29\x92SQ\0\0\xff\xff\xff\xff", b"\xfe\xff\x00\xe0\xff\xff\xff\xff"
    with open(tmp_path / "x.dcm", "wb") as file:
        file.write(before_pixels + sequence + its_item)
        file.truncate(1 << 26)
    begin = time.process_time()
    with pytest.raises(InputError):
        open_image(tmp_path / "x.dcm")
    assert time.process_time() - begin < 2
