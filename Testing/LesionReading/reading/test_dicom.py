"""DICOM pixels: whatever the transfer syntax, the values of any frame come back, and damage is told in one sentence."""

import os
import tracemalloc
import zlib

import numpy as np
import pydicom
import pytest
from dicom_files import SECONDARY_CAPTURE, ULTRASOUND_MULTI_FRAME, dicom, item, noise, save
from dicom_frames import frames_of, refusal
from LesionReadingLib.errors import InputError
from LesionReadingLib.reading.dicom.files import open_image, read_header
from LesionReadingLib.reading.dicom.frames import stored_frames
from LesionReadingLib.reading.grey import grey_of
from pydicom.encaps import encapsulate, encapsulate_extended
from pydicom.filewriter import write_file_meta_info
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    RLELossless,
)


def grey_frames(path):
    image = open_image(path)
    stored = list(stored_frames(image, 0, image.frame_count))
    grey, note = grey_of(image.header, stored)
    return np.stack([grey(frame) for frame in stored]), note


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int16])
def test_uncompressed_values_come_back_in_any_byte_order(tmp_path, syntax, dtype):
    pixels = noise(3, dtype=dtype)
    np.testing.assert_array_equal(frames_of(save(dicom(pixels, syntax), tmp_path / "a.dcm")), pixels)


def test_a_deflated_file_is_read(tmp_path):
    pixels = noise(4)
    plain = save(dicom(pixels), tmp_path / "plain.dcm")
    meta = pydicom.filereader.read_file_meta_info(plain)
    body = plain.read_bytes()[128 + 4 + 12 + meta.FileMetaInformationGroupLength :]
    meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    with (tmp_path / "a.dcm").open("wb") as stream:
        stream.write(bytes(128) + b"DICM")
        write_file_meta_info(stream, meta)
        stream.write(packer.compress(body) + packer.flush())
    np.testing.assert_array_equal(frames_of(tmp_path / "a.dcm"), pixels)
    assert open_image(tmp_path / "a.dcm").transfer_syntax == DeflatedExplicitVRLittleEndian


def test_a_file_without_preamble_and_meta_information_is_read(tmp_path):
    pixels = noise(2)
    data = dicom(pixels, ImplicitVRLittleEndian)
    del data.file_meta
    data.preamble = None
    data.save_as(tmp_path / "a.dcm", implicit_vr=True, little_endian=True, enforce_file_format=False)
    assert read_header(tmp_path / "a.dcm") is not None
    np.testing.assert_array_equal(frames_of(tmp_path / "a.dcm"), pixels)


@pytest.mark.parametrize("has_table", [True, False])
def test_frames_of_several_fragments_are_put_together(tmp_path, has_table):
    pixels = noise(3)
    data = dicom(pixels)
    data.compress(JPEG2000Lossless)
    coded = [frame for frame in pydicom.encaps.generate_frames(data.PixelData, number_of_frames=3)]
    data.PixelData = encapsulate(coded, fragments_per_frame=2, has_bot=has_table)
    np.testing.assert_array_equal(frames_of(save(data, tmp_path / "a.dcm")), pixels)


def test_an_extended_offset_table_is_followed(tmp_path):
    pixels = noise(3)
    data = dicom(pixels)
    data.compress(RLELossless)
    coded = [frame for frame in pydicom.encaps.generate_frames(data.PixelData, number_of_frames=3)]
    data.PixelData, data.ExtendedOffsetTable, data.ExtendedOffsetTableLengths = encapsulate_extended(coded)
    np.testing.assert_array_equal(frames_of(save(data, tmp_path / "a.dcm")), pixels)


def test_any_range_of_frames_is_read_alone(tmp_path):
    pixels = noise(9)
    data = dicom(pixels)
    data.compress(RLELossless)
    image = open_image(save(data, tmp_path / "a.dcm"))
    np.testing.assert_array_equal(np.stack(list(stored_frames(image, 5, 8))), pixels[5:8])
    np.testing.assert_array_equal(next(stored_frames(image, 1, 2)), pixels[1])


def test_memory_does_not_grow_with_the_number_of_frames(tmp_path):
    def peak(frames):
        image = open_image(save(dicom(noise(frames, 128, 128)), tmp_path / f"{frames}.dcm"))
        tracemalloc.start()
        for _ in stored_frames(image, 0, frames):
            pass
        highest = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return highest

    peak(2)  # imports of the decoders
    assert peak(200) < peak(10) + 128 * 128 * 10


def test_palette_colours_are_looked_up(tmp_path):
    red, green, blue = (np.arange(256, dtype="<u2") * factor for factor in (257, 128, 64))
    codes = noise(2)
    data = dicom(codes, PhotometricInterpretation="PALETTE COLOR", SOPClassUID=ULTRASOUND_MULTI_FRAME, Modality="US")
    for name, table in (("Red", red), ("Green", green), ("Blue", blue)):
        setattr(data, f"{name}PaletteColorLookupTableDescriptor", [256, 0, 16])
        setattr(data, f"{name}PaletteColorLookupTableData", table.tobytes())
    expected = np.stack([codes.astype(int) * factor >> 8 for factor in (257, 128, 64)], axis=-1)
    np.testing.assert_array_equal(frames_of(save(data, tmp_path / "a.dcm")), expected)


def test_ybr_colours_become_rgb(tmp_path):
    # Pure red by PS3.3 C.7.6.3.1.2: Y = 0.299 * 255, CB = 128 - 0.1687 * 255, CR = 128 + 0.5 * 255.
    ybr = np.broadcast_to(np.array([76, 85, 255], np.uint8), (1, 8, 8, 3))
    data = dicom(np.ascontiguousarray(ybr), PhotometricInterpretation="YBR_FULL", SOPClassUID=SECONDARY_CAPTURE, Modality="OT")
    np.testing.assert_allclose(frames_of(save(data, tmp_path / "a.dcm")).astype(int)[0, 0, 0], [255, 0, 0], atol=2)


def test_planes_stored_one_after_another_are_interleaved(tmp_path):
    pixels = noise(1, samples=3)
    data = dicom(pixels, PlanarConfiguration=1, PixelData=np.moveaxis(pixels, 3, 1).tobytes())
    np.testing.assert_array_equal(frames_of(save(data, tmp_path / "a.dcm"))[0], pixels[0])


def test_eight_bit_grey_is_kept_and_monochrome1_is_inverted(tmp_path):
    pixels = noise(1)
    kept, note = grey_frames(save(dicom(pixels), tmp_path / "a.dcm"))
    np.testing.assert_array_equal(kept, pixels)
    assert note is None
    inverted, _ = grey_frames(save(dicom(pixels, PhotometricInterpretation="MONOCHROME1"), tmp_path / "b.dcm"))
    np.testing.assert_array_equal(inverted, 255 - pixels)


def test_a_window_and_a_rescale_are_applied(tmp_path):
    pixels = np.array([[[0, 100, 500, 1000, 1500, 4000]]], np.uint16)
    data = dicom(pixels, RescaleSlope=2, RescaleIntercept=-200, WindowCenter=1800.5, WindowWidth=2001)
    # PS3.3 C.11.2.1.2.1: linear from centre - 0.5 - 1000 = 800 to centre - 0.5 + 1000 = 2800, of rescaled values.
    expected = np.clip((pixels[0].astype(float) * 2 - 200 - 800) / 2000, 0, 1) * 255
    grey, note = grey_frames(save(data, tmp_path / "a.dcm"))
    np.testing.assert_allclose(grey[0], expected, atol=0.51)
    assert note is None


def test_the_window_of_a_functional_group_counts(tmp_path):
    pixels = np.array([[[0, 50, 100, 200]]], np.uint8)
    window = item(FrameVOILUTSequence=[item(WindowCenter=50.5, WindowWidth=101)])
    grey, _ = grey_frames(save(dicom(pixels, SharedFunctionalGroupsSequence=[window]), tmp_path / "a.dcm"))
    np.testing.assert_allclose(grey[0, 0], [0, 127.5, 255, 255], atol=0.51)


@pytest.mark.parametrize(("dtype", "low", "high"), [(np.uint16, 1000, 3000), (np.int16, -500, 700)])
def test_deep_pixels_without_a_window_use_the_whole_range_of_grey_and_say_so(tmp_path, dtype, low, high):
    ramp = np.linspace(low, high, 64 * 64).reshape(1, 64, 64).astype(dtype)
    grey, note = grey_frames(save(dicom(ramp), tmp_path / "a.dcm"))
    np.testing.assert_allclose(grey[0], (ramp[0].astype(float) - low) / (high - low) * 255, atol=2)
    assert "no grey window" in note


def test_linear_a_line_intensity_is_compressed_to_decibels(tmp_path):
    powers = np.repeat(np.array([1, 10, 100, 1000, 10000], np.uint16), 200).reshape(1, 10, 100)
    grey, _ = grey_frames(save(dicom(powers, PixelIntensityRelationship="LIN"), tmp_path / "a.dcm"))
    steps = np.diff(np.unique(grey).astype(int))
    assert len(steps) == 4 and steps[1:].min() > 0.9 * steps[1:].max()


def test_cut_off_pixels_are_told_with_how_many_frames_are_there(tmp_path):
    path = save(dicom(noise(4)), tmp_path / "a.dcm")
    path.write_bytes(path.read_bytes()[: -40 * 64 - 10])
    assert "cut off" in (message := refusal(path)) and "2 of 4 frames" in message


@pytest.mark.parametrize("lost", [1, 400, 6000])
def test_cut_off_compressed_pixels_are_told(tmp_path, lost):
    data = dicom(noise(4))
    data.compress(RLELossless)
    path = save(data, tmp_path / "a.dcm")
    path.write_bytes(path.read_bytes()[: -8 - lost])
    assert "cut off" in refusal(path)


def test_a_damaged_frame_is_told_by_its_number(tmp_path):
    data = dicom(noise(2))
    data.compress(JPEG2000Lossless)
    coded = [frame for frame in pydicom.encaps.generate_frames(data.PixelData, number_of_frames=2)]
    data.PixelData = encapsulate([coded[0], bytes(len(coded[1]))])
    assert "Frame 2 of a.dcm cannot be decoded" in refusal(save(data, tmp_path / "a.dcm"))


def test_a_file_without_pixels_says_so(tmp_path):
    assert "no pixels" in refusal(save(dicom(noise(1), PixelData=None), tmp_path / "a.dcm"))


def test_a_compressed_syntax_over_plain_pixels_is_told(tmp_path):
    path = save(dicom(noise(1)), tmp_path / "a.dcm")
    content = path.read_bytes()
    wrong = content.replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2.5\0", 1)
    assert wrong != content
    path.write_bytes(wrong)
    assert "transfer syntax" in refusal(path)


def test_pixels_that_are_not_numbers_are_refused(tmp_path):
    values = np.ones((1, 4, 4), "<f4")
    values[0, 2, 2] = np.nan
    data = dicom(np.zeros((1, 4, 4), np.uint8), PixelData=None, BitsAllocated=32, BitsStored=None)
    data.FloatPixelData = values.tobytes()
    path = save(data, tmp_path / "a.dcm")
    with pytest.raises(InputError, match="NaN"):
        grey_frames(path)


@pytest.mark.parametrize(
    "content", [b"", b"hello", b"\x89PNG\r\n\x1a\n" + bytes(200), bytes(3000), bytes(128) + b"DICM" + b"\xff" * 40]
)
def test_what_is_not_dicom_is_not_taken_for_it(tmp_path, content):
    (tmp_path / "a").write_bytes(content)
    header = read_header(tmp_path / "a")
    assert header is None or "Rows" not in header


def test_a_file_that_may_not_be_read_is_not_called_something_else_than_dicom(tmp_path):
    """Root may read everything, so the test steps down to a user who may not."""
    path = tmp_path / "closed.dcm"
    path.write_bytes(b"\0" * 128 + b"DICM")
    path.chmod(0)
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    try:
        with pytest.raises(PermissionError):
            read_header(path)
    finally:
        os.seteuid(user)
