"""Compressed DICOM pixels: whatever decodes them, the very values come back, and damage is told."""

import io
from contextlib import suppress

import numpy as np
import pydicom
import pytest
from dicom_files import SECONDARY_CAPTURE, dicom, edit, hide_all_decoders_but_slicers, noise, save
from dicom_frames import frames_of, refusal
from LesionReadingLib.errors import InputError
from LesionReadingLib.phantom.compression import compress
from LesionReadingLib.reading.dicom.files import open_image
from PIL import Image
from pydicom.encaps import encapsulate
from pydicom.pixels import get_decoder
from pydicom.uid import (
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)


@pytest.fixture
def only_slicers_decoders(monkeypatch):
    hide_all_decoders_but_slicers(monkeypatch)


@pytest.mark.parametrize("syntax", ["jpeg-2000", "jpeg-ls", "jpeg-lossless"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int16])
def test_slicer_alone_decodes_the_very_values(only_slicers_decoders, tmp_path, syntax, dtype):
    pixels = noise(3, dtype=dtype)
    compress(save(dicom(pixels), tmp_path / "plain.dcm"), tmp_path / "a.dcm", syntax)
    np.testing.assert_array_equal(frames_of(tmp_path / "a.dcm"), pixels)


@pytest.mark.parametrize("syntax", ["jpeg-2000", "jpeg-ls", "jpeg-lossless"])
def test_slicer_alone_decodes_colours_as_they_are_stored(only_slicers_decoders, tmp_path, syntax):
    pixels = noise(2, samples=3)
    compress(save(dicom(pixels), tmp_path / "plain.dcm"), tmp_path / "a.dcm", syntax)
    np.testing.assert_array_equal(frames_of(tmp_path / "a.dcm"), pixels)


@pytest.mark.parametrize("signed", [False, True])
def test_slicer_alone_decodes_jpeg_lossless_of_twelve_bits_by_another_encoder(only_slicers_decoders, tmp_path, signed):
    pixels = (noise(2, dtype=np.uint16) >> 4).astype(np.int16) - (2048 if signed else 0)
    words = (pixels & 0xFFF).astype(np.uint16)
    plain = dicom(words, SOPClassUID=SECONDARY_CAPTURE, Modality="OT", BitsStored=12, HighBit=11)
    _encode_by_gdcm(save(plain, tmp_path / "plain.dcm"), tmp_path / "a.dcm")
    edit(tmp_path / "a.dcm", PixelRepresentation=int(signed))
    np.testing.assert_array_equal(frames_of(tmp_path / "a.dcm"), pixels)


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "PALETTE COLOR"])
def test_slicer_alone_leaves_the_meaning_of_grey_to_the_reader(only_slicers_decoders, tmp_path, photometric):
    pixels = noise(1)
    table = np.arange(256, dtype="<u2") * 257
    palette = {f"{name}PaletteColorLookupTableDescriptor": [256, 0, 16] for name in ("Red", "Green", "Blue")}
    palette |= {f"{name}PaletteColorLookupTableData": table.tobytes() for name in ("Red", "Green", "Blue")}
    plain = save(dicom(pixels, RescaleSlope=2, RescaleIntercept=5, **palette), tmp_path / "plain.dcm")
    compress(plain, tmp_path / "a.dcm", "jpeg-lossless")
    edit(tmp_path / "a.dcm", PhotometricInterpretation=photometric)
    (frame,) = frames_of(tmp_path / "a.dcm")
    np.testing.assert_array_equal(frame if frame.ndim == 2 else frame[..., 0], pixels[0])


def test_slicer_alone_tells_a_damaged_frame(only_slicers_decoders, tmp_path):
    compress(save(dicom(noise(2)), tmp_path / "plain.dcm"), tmp_path / "a.dcm", "jpeg-lossless")
    data = pydicom.dcmread(tmp_path / "a.dcm")
    coded = list(pydicom.encaps.generate_frames(data.PixelData, number_of_frames=2))
    data.PixelData = encapsulate([coded[0], bytes(len(coded[1]))])
    assert "Frame 2 of a.dcm cannot be decoded" in refusal(save(data, tmp_path / "a.dcm"))


@pytest.mark.parametrize("syntax", ["jpeg", "jpeg-lossless", "jpeg-ls", "jpeg-2000"])
def test_a_frame_that_is_damaged_anywhere_is_told_or_decoded_and_ends_no_process(tmp_path, syntax):
    compress(save(dicom(noise(1)), tmp_path / "plain.dcm"), tmp_path / "a.dcm", syntax)
    content = (tmp_path / "a.dcm").read_bytes()
    begin = content.index(b"\xff\xd8" if syntax != "jpeg-2000" else b"\xff\x4f")
    for place in range(begin, begin + 600, 7):
        (tmp_path / "x.dcm").write_bytes(content[:place] + bytes(8) + content[place + 8 :])
        with suppress(InputError):
            frames_of(tmp_path / "x.dcm")


@pytest.mark.parametrize("syntax", [RLELossless, JPEG2000Lossless, JPEGLSLossless])
@pytest.mark.parametrize("samples", [None, 3])
def test_lossless_compression_gives_the_very_values(tmp_path, syntax, samples):
    pixels = noise(3, samples=samples)
    data = dicom(pixels)
    data.compress(syntax)
    np.testing.assert_array_equal(frames_of(save(data, tmp_path / "a.dcm")), pixels)


def test_jpeg_lossless_gives_the_very_values(tmp_path):
    pixels = noise(2)
    plain = save(dicom(pixels, SOPClassUID=SECONDARY_CAPTURE, Modality="OT"), tmp_path / "plain.dcm")
    _encode_by_gdcm(plain, tmp_path / "a.dcm")
    assert open_image(tmp_path / "a.dcm").transfer_syntax == JPEGLosslessSV1
    np.testing.assert_array_equal(frames_of(tmp_path / "a.dcm"), pixels)


def _encode_by_gdcm(source, target):
    """JPEG lossless by an encoder that the project itself does not use."""
    import gdcm

    reader, change, writer = gdcm.ImageReader(), gdcm.ImageChangeTransferSyntax(), gdcm.ImageWriter()
    reader.SetFileName(str(source))
    assert reader.Read()
    change.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.JPEGLosslessProcess14_1))
    change.SetInput(reader.GetImage())
    assert change.Change()
    writer.SetFileName(str(target))
    writer.SetFile(reader.GetFile())
    writer.SetImage(change.GetOutput())
    assert writer.Write()


def test_baseline_jpeg_in_colour_is_close_to_what_was_encoded(tmp_path):
    smooth = np.zeros((2, 32, 32, 3), np.uint8)
    smooth[..., 0], smooth[..., 1], smooth[..., 2] = 200, np.linspace(60, 120, 32), 30
    data = dicom(smooth, JPEGBaseline8Bit, PhotometricInterpretation="YBR_FULL_422")
    data.PixelData = encapsulate([as_jpeg(frame) for frame in smooth])
    np.testing.assert_allclose(frames_of(save(data, tmp_path / "a.dcm")).astype(int), smooth, atol=6)


def as_jpeg(frame: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(frame).save(buffer, "JPEG", quality=98)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("syntax", "helpful"),
    [("1.2.840.10008.1.2.4.102", "ffmpeg"), ("1.2.840.10008.1.2.4.53", "gdcm")],
)
def test_an_unsupported_transfer_syntax_names_what_would_help(tmp_path, syntax, helpful):
    data = dicom(noise(1))
    data.compress(RLELossless)
    data.file_meta.TransferSyntaxUID = syntax
    assert helpful in refusal(save(data, tmp_path / "a.dcm"))


def test_a_missing_decoder_is_told_with_the_package_to_install(tmp_path):
    decoder = get_decoder(RLELossless)
    with_rle = dicom(noise(1))
    with_rle.compress(RLELossless)
    path = save(with_rle, tmp_path / "a.dcm")
    removed = {name: decoder._available.pop(name) for name in decoder.available_plugins}
    try:
        message = refusal(path)
    finally:
        decoder._available.update(removed)
    assert "RLE" in message and "pip install pylibjpeg pylibjpeg-rle" in message
