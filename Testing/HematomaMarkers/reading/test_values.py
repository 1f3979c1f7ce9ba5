"""HU of a head CT, however the files store them: signed or not, rescaled, padded, compressed; and what are no HU."""

from __future__ import annotations

import numpy as np
import pydicom
import pytest
from drawn_head import EVEN, head_on, slices
from HematomaMarkersLib.phantom.dicom import SIGNED_HALF_STEPS, SIGNED_PADDED, STORAGES, UNSIGNED_12_BITS, write_series
from HematomaMarkersLib.phantom.enhanced import write_enhanced
from HematomaMarkersLib.reading.hounsfield import as_hounsfield
from HematomaMarkersLib.reading.read import open_scan
from LesionReadingLib.errors import InputError
from LesionReadingLib.phantom.compression import compress

GRID = slices(EVEN)


@pytest.fixture(scope="module")
def noisy():
    head = head_on(GRID)
    return (head + np.random.default_rng(3).integers(-20, 21, head.shape)).astype(np.int16)


def _inside_circle():
    offsets = np.arange(64) - 31.5
    return np.hypot(offsets[:, None], offsets) <= 32


@pytest.mark.parametrize("storage", STORAGES)
def test_hu_come_back_however_they_are_stored(tmp_path, noisy, storage):
    write_series(tmp_path, noisy, GRID, storage=STORAGES[storage])
    read = open_scan(tmp_path).hounsfield
    assert read.dtype == np.int16
    assert np.array_equal(read[:, _inside_circle()], np.maximum(noisy, -1024)[:, _inside_circle()])


@pytest.mark.parametrize("writer", [write_series, lambda path, *given, **more: write_enhanced(path / "one", *given, **more)])
def test_padding_is_air(tmp_path, noisy, writer):
    writer(tmp_path, noisy, GRID, storage=SIGNED_PADDED)
    read = open_scan(tmp_path).hounsfield
    assert (read[:, ~_inside_circle()] == -1024).all()
    assert np.array_equal(read[:, _inside_circle()], np.maximum(noisy, -1024)[:, _inside_circle()])


def test_a_range_of_padding_is_air_too(tmp_path, noisy):
    stored = 400 + 1024
    noisy = np.where(_inside_circle(), noisy, 400 + noisy % 5).astype(np.int16)
    for path in write_series(tmp_path, noisy, GRID):
        data = pydicom.dcmread(path)
        data.add_new("PixelPaddingValue", "US", stored)
        data.add_new("PixelPaddingRangeLimit", "US", stored + 2)
        data.save_as(path, enforce_file_format=True)
    read = open_scan(tmp_path).hounsfield
    padded = (noisy >= 400) & (noisy <= 402)
    assert padded.sum() > 100
    assert (read[padded] == -1024).all()
    assert np.array_equal(read[~padded], np.maximum(noisy, -1024)[~padded])


def test_every_slice_has_its_own_rescaling(tmp_path, noisy):
    storages = [SIGNED_HALF_STEPS if number % 3 else UNSIGNED_12_BITS for number in range(len(noisy))]
    write_series(tmp_path, noisy, GRID, storage=storages)
    assert np.array_equal(open_scan(tmp_path).hounsfield, np.maximum(noisy, -1024))


@pytest.mark.parametrize("syntax", ["rle", "jpeg-2000", "jpeg-ls", "jpeg-lossless"])
@pytest.mark.parametrize("storage", ["unsigned", "signed_half_steps"])
def test_compressed_slices_hold_the_same_hu(tmp_path, noisy, syntax, storage):
    paths = write_series(tmp_path, noisy, GRID, storage=STORAGES[storage])
    for path in paths[6:16]:
        compress(path, path, syntax)
    assert np.array_equal(open_scan(tmp_path).hounsfield, np.maximum(noisy, -1024))


def test_bits_above_the_stored_ones_are_no_hu(tmp_path, noisy):
    for path in write_series(tmp_path, noisy, GRID):
        data = pydicom.dcmread(path)
        pixels = np.frombuffer(data.PixelData, "<u2").reshape(64, 64).copy()
        pixels[20:30] |= 1 << 14  # an overlay, as old scanners kept it
        data.PixelData = pixels.tobytes()
        data.save_as(path, enforce_file_format=True)
    assert np.array_equal(open_scan(tmp_path).hounsfield, np.maximum(noisy, -1024))


def test_values_below_air_are_air():
    values = np.array([-3024, -1025, -1000, 40, 40000])
    assert as_hounsfield(values, None, "it").tolist() == [-1024, -1024, -1000, 40, 32767]


def test_fractions_are_rounded_and_nan_is_air():
    assert as_hounsfield(np.array([-999.6, 40.4, np.nan]), None, "it").tolist() == [-1000, 40, -1024]


def test_a_stated_window_turns_pictures_into_hu():
    assert as_hounsfield(np.array([0, 51, 255], np.uint8), (-20, 80), "it").tolist() == [-20, 0, 80]


def test_a_window_does_not_change_hu():
    assert as_hounsfield(np.array([-1000, 40]), (0, 80), "it").tolist() == [-1000, 40]


@pytest.mark.parametrize(
    ("values", "window", "message"),
    [
        (np.array([0, 255], np.uint8), None, "--window"),
        (np.array([0, 255], np.uint8), (80, 80), "no width"),
        (np.array([0, 1064]), None, "no HU"),
        (np.array([0, 1.0]), (0, 80), "no HU"),
        (np.array([-1.0, 1.0]), None, "no HU"),
    ],
)
def test_what_is_no_hu_is_refused(values, window, message):
    with pytest.raises(InputError, match=message):
        as_hounsfield(values, window, "it")
