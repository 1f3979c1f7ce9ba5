"""Only the stored bits of a DICOM pixel are its value, native or compressed, in head CT and in pullbacks."""

from __future__ import annotations

import numpy as np
import pydicom
import pytest
from dicom_files import dicom, noise, save
from drawn_head import EVEN, head_on, slices
from HematomaMarkersLib.reading.read import open_scan
from LesionReadingLib.phantom.compression import compress
from LesionReadingLib.reading.dicom.files import open_image
from LesionReadingLib.reading.dicom.frames import stored_frames
from LesionReadingLib.reading.dicom.stored_bits import stored_values
from OCTCalciumLib.reading.read import open_pullback
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian
from written_series import write_series

SYNTAXES = ["rle", "jpeg-2000", "jpeg-ls", "jpeg-lossless"]
RNG = np.random.default_rng(2)


def frames_of(path):
    image = open_image(path)
    return np.stack(list(stored_frames(image, 0, image.frame_count)))


def _stored(path, words, bits, high_bit, syntax, **more):
    """Words written whole, whatever the header says of their bits."""
    data = dicom(words, Modality="CT", **more)
    save(data, path)
    if syntax:
        compress(path, path, syntax)
    data = pydicom.dcmread(path)
    data.BitsStored, data.HighBit = bits, high_bit
    data.save_as(path)
    return path


@pytest.mark.parametrize("syntax", [None, *SYNTAXES])
@pytest.mark.parametrize("dtype", [np.uint16, np.int16])
@pytest.mark.parametrize("bits", [10, 12, 15])
def test_an_overlay_above_the_stored_bits_is_left_out(tmp_path, syntax, dtype, bits):
    low = 0 if dtype is np.uint16 else -(1 << (bits - 1))
    values = RNG.integers(low, low + (1 << bits), (2, 40, 64)).astype(dtype)
    words = (values & np.array((1 << bits) - 1, dtype)).astype(dtype)
    words[:, 4:9] |= np.array(1 << bits, np.uint16).astype(dtype)
    if syntax in ("jpeg-ls", "jpeg-lossless") and dtype is np.int16:
        words, values = words.view(np.uint16), values
        path = _stored(tmp_path / "a", words, bits, bits - 1, syntax)
        data = pydicom.dcmread(path)
        data.PixelRepresentation = 1
        data.save_as(path)
    else:
        path = _stored(tmp_path / "a", words, bits, bits - 1, syntax)
    assert np.array_equal(frames_of(path), values)


@pytest.mark.parametrize("syntax", [None, *SYNTAXES])
def test_left_justified_values_are_moved_down(tmp_path, syntax):
    values = RNG.integers(0, 1 << 12, (2, 40, 64)).astype(np.uint16)
    assert np.array_equal(frames_of(_stored(tmp_path / "a", values << 4, 12, 15, syntax)), values)
    words = (values << 4) | RNG.integers(0, 16, values.shape).astype(np.uint16)  # an overlay in the bits below
    assert np.array_equal(frames_of(_stored(tmp_path / "b", words, 12, 15, syntax)), values)
    assert np.array_equal(frames_of(_stored(tmp_path / "c", values << 2, 12, 13, syntax)), values)


def test_signed_left_justified_values_keep_their_sign():
    values = np.array([-2048, -1, 0, 1, 2047], np.int16)
    header = dicom(noise(1), BitsStored=12, HighBit=15)
    assert stored_values(values << 4, header).tolist() == values.tolist()


@pytest.mark.parametrize("dtype", [np.uint16, np.int16])
def test_a_header_that_calls_right_justified_values_left_justified_is_not_believed(tmp_path, dtype):
    values = RNG.integers(0 if dtype is np.uint16 else -2048, 2048, (1, 40, 64)).astype(dtype)
    assert np.array_equal(frames_of(_stored(tmp_path / "a", values, 12, 15, None)), values)


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ExplicitVRBigEndian])
def test_values_of_all_bits_and_of_eight_are_untouched(tmp_path, syntax):
    for pixels in (noise(1), noise(1, dtype=np.uint16), noise(1, dtype=np.int16), noise(1, samples=3)):
        assert np.array_equal(frames_of(save(dicom(pixels, syntax), tmp_path / "a")), pixels)


@pytest.mark.parametrize(("padding", "vr"), [(63536, "US"), (-2000, "SS")])
def test_padding_beyond_the_stored_bits_is_the_lowest_value(tmp_path, padding, vr):
    words = RNG.integers(0, 1 << 12, (1, 40, 64)).astype(np.uint16)
    words[:, :5] = 63536
    path = _stored(tmp_path / "a", words, 12, 11, None)
    data = pydicom.dcmread(path)
    data.add_new("PixelPaddingValue", vr, padding)
    data.save_as(path)
    found = frames_of(path)
    assert (found[:, :5] == 0).all()
    assert np.array_equal(found[:, 5:], words[:, 5:])


@pytest.mark.parametrize("syntax", [None, *SYNTAXES])
def test_a_head_with_an_overlay_in_its_high_bits_is_the_head(tmp_path, syntax):
    grid = slices(EVEN)
    noisy = (head_on(grid) + RNG.integers(-20, 21, grid.shape)).astype(np.int16)
    for path in write_series(tmp_path, noisy, grid):
        data = pydicom.dcmread(path)
        words = np.frombuffer(data.PixelData, "<u2").reshape(64, 64).copy()
        words[20:30] |= 1 << 12
        data.PixelData, data.BitsStored, data.HighBit = words.tobytes(), 16, 15
        data.save_as(path)
        if syntax:
            compress(path, path, syntax)
            data = pydicom.dcmread(path)
        data.BitsStored, data.HighBit = 12, 11
        data.save_as(path)
    assert np.array_equal(open_scan(tmp_path).hounsfield, np.maximum(noisy, -1024))


@pytest.mark.parametrize("shift", [0, 4])
def test_a_pullback_of_twelve_bits_is_the_same_left_justified(tmp_path, shift):
    values = np.broadcast_to(np.linspace(0, 4095, 96).astype(np.uint16), (2, 64, 96))
    path = _stored(tmp_path / "a.dcm", values << shift, 12, 11 + shift, None, PixelSpacing=[0.01, 0.01])
    data = pydicom.dcmread(path)
    data.Modality, data.WindowCenter, data.WindowWidth = "IVOCT", 2048, 4096
    data.save_as(path)
    grey = next(iter(open_pullback(path).read(0, 1)))
    assert np.abs(grey.astype(float) - np.linspace(0, 255, 96)).max() <= 1
