"""Volumes: frames lie along the third axis or a sentence says where they lie, several values per pixel are a colour or refused."""

import struct

import numpy as np
import pytest
import SimpleITK as sitk
from dicom_files import noise
from LesionReadingLib.errors import InputError
from OCTCalciumLib.reading.read import open_pullback


def write(path, array, spacing=(0.01, 0.01, 0.2), vector=False):
    image = sitk.GetImageFromArray(array, isVector=vector)
    image.SetSpacing(spacing[: image.GetDimension()] + (1.0,) * (image.GetDimension() - len(spacing)))
    sitk.WriteImage(image, str(path))
    return path


def write_nrrd(path, array, kinds, directions, fields=()):
    """An NRRD with these kinds, whose first axis is the fastest: the last one of ``array``."""
    header = [
        "NRRD0004",
        "type: uint8",
        f"dimension: {array.ndim}",
        *([] if directions is None else ["space: left-posterior-superior", f"space directions: {directions}"]),
        "sizes: " + " ".join(map(str, array.shape[::-1])),
        f"kinds: {kinds}",
        "encoding: raw",
        *fields,
    ]
    path.write_bytes(("\n".join(header) + "\n\n").encode() + array.tobytes())
    return path


def frames_of(pullback):
    return np.stack(list(pullback.read(0, pullback.frame_count)))


def refusal(path) -> str:
    with pytest.raises(InputError) as raised:
        open_pullback(path)
    assert "\n" not in str(raised.value) and str(raised.value).endswith(".") and len(str(raised.value)) < 400
    return str(raised.value)


@pytest.mark.parametrize(
    ("shape", "spacing", "axis"),
    [
        ((96, 96, 7), (1.0, 1.0, 1.0), "first axis, with 7"),
        ((96, 7, 96), (1.0, 1.0, 1.0), "second axis, with 7"),
        ((96, 96, 7), (0.1, 0.03, 0.03), "first axis, with 7"),
        ((96, 96, 80), (0.2, 0.03, 0.03), "first axis, with 80"),
        ((96, 96, 96), (0.2, 0.03, 0.03), "first axis, with 96"),
        ((96, 96, 96), (0.03, 0.2, 0.03), "second axis, with 96"),
        ((96, 96, 80), (1.0, 1.0, 1.0), "first axis, with 80"),
        ((96, 96, 300), (1.0, 1.0, 1.0), "first axis, with 300"),
        ((96, 300, 96), (1.0, 1.0, 1.0), "second axis, with 300"),
    ],
)
@pytest.mark.parametrize("suffix", ["nii.gz", "nrrd"])
def test_frames_along_another_axis_are_refused_with_the_axis(tmp_path, shape, spacing, axis, suffix):
    message = refusal(write(tmp_path / f"a.{suffix}", np.ones(shape, np.uint8), spacing))
    assert axis in message and "third axis" in message


@pytest.mark.parametrize(
    ("shape", "spacing"),
    [
        ((7, 96, 96), (1.0, 1.0, 1.0)),
        ((300, 96, 96), (0.03, 0.03, 0.2)),
        ((96, 96, 80), (0.03, 0.03, 0.2)),  # the header says which step is the pullback's
        ((5, 60, 96), (0.03, 0.03, 0.2)),
        ((5, 96, 96), (0.03, 0.06, 0.2)),
        ((1, 96, 96), (0.03, 0.03, 0.03)),
        ((7, 40, 96), (0.05, 0.05, 0.05)),
    ],
)
def test_frames_along_the_third_axis_are_read(tmp_path, shape, spacing):
    pixels = noise(*shape)
    np.testing.assert_array_equal(frames_of(open_pullback(write(tmp_path / "a.nii", pixels, spacing))), pixels)


def test_frames_that_are_no_cross_sections_are_refused(tmp_path):
    assert "no cross-section" in refusal(write(tmp_path / "a.nrrd", noise(3, 20, 200)))


@pytest.mark.parametrize("suffix", ["nrrd", "nii", "mha"])
def test_a_fourth_axis_of_one_plane_is_left_out_and_one_of_time_has_no_distance(tmp_path, suffix):
    pixels = noise(5)
    plain = open_pullback(write(tmp_path / f"a.{suffix}", pixels[np.newaxis]))
    np.testing.assert_array_equal(frames_of(plain), pixels)
    assert plain.spacing.frame_mm == pytest.approx(0.2)
    timed = open_pullback(write(tmp_path / f"b.{suffix}", pixels[:, np.newaxis]))
    np.testing.assert_array_equal(frames_of(timed), pixels)
    assert timed.spacing.frame_mm is None and timed.spacing.in_plane_known


def test_colours_as_a_fourth_axis_are_refused_with_the_sizes(tmp_path):
    assert "3 x 64 x 40 x 5" in refusal(write(tmp_path / "a.nrrd", noise(5, samples=3)))


# Several values per pixel.


@pytest.mark.parametrize("count", [2, 3, 4, 7])
def test_a_sequence_is_no_colour(tmp_path, count):
    array = np.moveaxis(noise(count), 0, -1)[np.newaxis]
    path = write_nrrd(tmp_path / "clip.seq.nrrd", array, "list domain domain domain", "none (0.01,0,0) (0,0.01,0) (0,0,1)")
    assert f"sequence of {count} images" in refusal(path)


def test_a_list_of_frames_as_the_last_axis_is_no_colour_either(tmp_path):
    path = write_nrrd(tmp_path / "a.nrrd", noise(3), "domain domain list", None, ("spacings: 0.01 0.01 NaN",))
    assert "sequence of 3" in refusal(path)


@pytest.mark.parametrize("suffix", ["mha", "nrrd"])
@pytest.mark.parametrize("count", [3, 4])
def test_different_pictures_as_values_of_a_pixel_are_no_colour(tmp_path, suffix, count):
    array = np.moveaxis(noise(count), 0, -1)[np.newaxis]
    assert "different pictures" in refusal(write(tmp_path / f"a.{suffix}", array, vector=True))


@pytest.mark.parametrize("dtype", [np.float32, np.int16])
def test_a_vector_field_is_no_colour(tmp_path, dtype):
    assert "values of more than 8 bits" in refusal(write(tmp_path / "a.mha", noise(2, samples=3).astype(dtype), vector=True))


@pytest.mark.parametrize(("kind", "channels"), [("RGB-color", 3), ("RGBA-color", 4), ("vector", 3), ("vector", 4)])
def test_colours_are_read_whatever_their_kind_is_called(tmp_path, kind, channels):
    grey = noise(2)
    array = np.repeat(grey[..., np.newaxis], channels, axis=-1)
    array[..., 3:] = 255
    path = write_nrrd(tmp_path / "a.nrrd", array, f"{kind} domain domain domain", "none (0.01,0,0) (0,0.01,0) (0,0,0.2)")
    np.testing.assert_array_equal(frames_of(open_pullback(path)), grey)


def test_three_frames_are_three_frames(tmp_path):
    pixels = noise(3)
    for suffix in ("nrrd", "nii.gz", "mha"):
        np.testing.assert_array_equal(frames_of(open_pullback(write(tmp_path / f"a.{suffix}", pixels))), pixels)


# Units and defaults in headers.


def test_stated_micrometres_are_converted(tmp_path):
    fields = ('space units: "um" "um" "um"',)
    path = write_nrrd(tmp_path / "a.nrrd", noise(3), "domain domain domain", "(6.7,0,0) (0,6.7,0) (0,0,200)", fields)
    spacing = open_pullback(path).spacing
    assert (spacing.row_mm, spacing.column_mm, spacing.frame_mm) == pytest.approx((0.0067, 0.0067, 0.2))


def test_micrometres_that_are_not_stated_are_refused(tmp_path):
    for name, spacing in (("a.nrrd", (6.7, 6.7, 200.0)), ("b.nii", (6.7, 6.7, 0.2)), ("c.mha", (0.0067, 0.0067, 200.0))):
        assert "micrometres" in refusal(write(tmp_path / name, noise(3), spacing))


@pytest.mark.parametrize(
    ("spacing", "known"),
    [
        ((0.01, 0.01, 1.0), (True, False)),
        ((1.0, 1.0, 0.2), (False, True)),
        ((25.4 / 72, 25.4 / 72, 1.0), (False, False)),
        ((25.4 / 96, 25.4 / 96, 0.2), (False, True)),
        ((25.4 / 300,) * 3, (False, False)),
    ],
)
def test_defaults_and_printing_resolution_are_not_known_and_typed_values_take_their_place(tmp_path, spacing, known):
    path = write(tmp_path / "a.nrrd", noise(3), spacing)
    read = open_pullback(path)
    assert (read.spacing.in_plane_known, read.spacing.frame_mm is not None) == known
    assert len([note for note in read.notes if "is not known" in note]) == 2 - sum(known)
    typed = open_pullback(path, 0.0067, 0.1).spacing
    assert (typed.row_mm, typed.column_mm, typed.frame_mm) == (0.0067, 0.0067, 0.1)


def test_frames_stated_far_apart_are_used_with_a_caution(tmp_path):
    read = open_pullback(write(tmp_path / "a.nrrd", noise(3), (0.01, 0.01, 2.0)))
    assert read.spacing.frame_mm == 2.0 and [caution.code for caution in read.cautions] == ["frame_spacing_unusual"]
    assert open_pullback(tmp_path / "a.nrrd", None, 2.0).cautions == ()
    assert open_pullback(write(tmp_path / "b.nrrd", noise(3))).cautions == ()


@pytest.mark.parametrize("values", [[0, 1], [0, 1, 2, 3], [0, 255]])
def test_a_label_map_is_no_pullback(tmp_path, values):
    labels = np.random.default_rng(1).choice(values, (3, 40, 64)).astype(np.uint8)
    assert "oct-calcium measure" in refusal(write(tmp_path / "a.nrrd", labels))
    assert open_pullback(write(tmp_path / "black.nrrd", np.zeros((3, 40, 64), np.uint8))).frame_count == 3


@pytest.mark.parametrize("shape", [(4, 64, 64), (1, 4, 64, 64)])
def test_a_nifti_pullback_whose_pixel_size_is_stated_twice_is_refused(tmp_path, shape):
    path = write(tmp_path / "a.nii", noise(4, 64, 64).reshape(shape), (0.0067, 0.0067, 0.2, 1.0)[: len(shape)])
    content = bytearray(path.read_bytes())
    content[252:256] = struct.pack("<2h", 0, 1)
    content[280:328] = struct.pack("<12f", -0.0134, 0, 0, 0, 0, -0.0067, 0, 0, 0, 0, 0.2, 0)
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"states voxels of 0\.0067 x 0\.0067 x 0\.2 and of 0\.0134"):
        open_pullback(path)


@pytest.mark.parametrize("value", [0.0, -3.5, 1e9, 1e30, -1e30])
def test_a_volume_of_one_value_however_large_is_blank(tmp_path, value):
    pullback = open_pullback(write(tmp_path / "a.nrrd", np.full((3, 64, 64), value, np.float32)))
    assert len(np.unique(frames_of(pullback))) == 1
