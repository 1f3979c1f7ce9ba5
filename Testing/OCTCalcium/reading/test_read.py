"""Opening a pullback: every kind of input gives the frames that were written, in order, or one sentence that says why not."""

import numpy as np
import pytest
import SimpleITK as sitk
from dicom_files import FOR_PRESENTATION, SECONDARY_CAPTURE, ULTRASOUND_MULTI_FRAME, dicom, item, noise, pixel_measures, save
from LesionReadingLib.errors import InputError
from OCTCalciumLib.reading.read import open_pullback
from PIL import Image
from pydicom.uid import generate_uid

PLANE = {"ImageOrientationPatient": [1, 0, 0, 0, 1, 0]}


def frames_of(pullback):
    return np.stack(list(pullback.read(0, pullback.frame_count)))


def one_frame(pixels, **attributes):
    """A secondary capture of one frame (rows, columns)."""
    return dicom(pixels[np.newaxis], **({"NumberOfFrames": None, "SOPClassUID": SECONDARY_CAPTURE, "Modality": "OT"} | attributes))


def write_folder(folder, pixels, order, attributes_of):
    """One file per frame; file names follow ``order``, which is not the order of the frames."""
    for name, index in enumerate(order):
        save(one_frame(pixels[index], **attributes_of(index)), folder / f"IM{name}")


def refusal(path, **typed) -> str:
    with pytest.raises(InputError) as raised:
        open_pullback(path, **typed)
    message = str(raised.value)
    assert "\n" not in message and "Secret" not in message and message.endswith(".") and len(message) < 400
    return message


def test_a_conformant_presentation_file_is_read_as_it_is(tmp_path):
    pixels = noise(6)
    data = dicom(
        pixels, SharedFunctionalGroupsSequence=pixel_measures(0.007, 0.008), IVUSPullbackRate=36, CatheterRotationalRate=180.0
    )
    pullback = open_pullback(save(data, tmp_path / "a.dcm"))
    assert (pullback.frame_count, pullback.rows, pullback.columns) == pixels.shape
    np.testing.assert_array_equal(frames_of(pullback), pixels)
    np.testing.assert_array_equal(np.stack(list(pullback.read(2, 4))), pixels[2:4])
    assert (pullback.spacing.row_mm, pullback.spacing.column_mm) == (0.007, 0.008)
    assert pullback.spacing.frame_mm == pytest.approx(0.2)


def test_facts_for_the_report_never_name_the_patient(tmp_path):
    data = dicom(noise(2), Manufacturer="Maker", IVUSPullbackRate=36, PatientID="Secret-1", PatientBirthDate="19500101")
    details = open_pullback(save(data, tmp_path / "a.dcm")).details
    assert (
        details["manufacturer"] == "Maker"
        and details["pullback rate"].startswith("36")
        and "Explicit" in details["transfer syntax"]
    )
    assert not any(word in str(details) for word in ("Secret", "1950"))


@pytest.mark.parametrize("place", ["position", "slice location", "instance number"])
def test_one_frame_files_are_ordered_by_position_then_by_number(tmp_path, place):
    pixels = noise(5)
    places = {
        # Numbers that run the other way must not matter where there are positions.
        "position": lambda index: {"ImagePositionPatient": [3, 4, 10 + 0.2 * index], "InstanceNumber": 9 - index, **PLANE},
        "slice location": lambda index: {"SliceLocation": 0.2 * index, "InstanceNumber": 9 - index},
        "instance number": lambda index: {"InstanceNumber": 20 + index, "SliceLocation": 0},
    }
    write_folder(tmp_path, pixels, [3, 0, 4, 1, 2], places[place])
    pullback = open_pullback(tmp_path)
    np.testing.assert_array_equal(frames_of(pullback), pixels)
    assert pullback.notes == ()
    assert pullback.spacing.frame_mm == (None if place == "instance number" else pytest.approx(0.2))


def test_ten_comes_after_two_where_only_file_names_tell(tmp_path):
    pixels = noise(11)
    for index, frame in enumerate(pixels):
        save(one_frame(frame), tmp_path / f"frame{index}.dcm")
    pullback = open_pullback(tmp_path)
    np.testing.assert_array_equal(frames_of(pullback), pixels)
    assert "file name" in pullback.notes[0]


def test_the_place_in_the_patient_is_kept(tmp_path):
    orientation = [0, 1, 0, 0, 0, -1]  # columns run to posterior, rows to the feet; so frames run along their cross product
    write_folder(
        tmp_path,
        noise(3),
        [2, 1, 0],
        lambda index: {
            "ImagePositionPatient": [5 - 0.5 * index, 6, 7],
            "ImageOrientationPatient": orientation,
            "PixelSpacing": [0.01, 0.01],
        },
    )
    pullback = open_pullback(tmp_path)
    assert pullback.grid.origin_mm.tolist() == [5, 6, 7]
    np.testing.assert_allclose(
        np.array(pullback.grid.direction).reshape(3, 3), np.array([[0, 0, -1], [1, 0, 0], [0, -1, 0]]), atol=1e-12
    )
    assert pullback.spacing.frame_mm == pytest.approx(0.5)


def test_rows_and_columns_that_are_no_axes_say_nothing_of_the_place(tmp_path):
    for cosines in ([1, 0, 0, 1, 0, 0], [2, 0, 0, 0, 2, 0]):
        facts = {"ImagePositionPatient": [5, 6, 7], "ImageOrientationPatient": cosines}
        pullback = open_pullback(save(one_frame(noise(1)[0], **facts), tmp_path / "x.dcm"))
        assert pullback.grid.origin_mm.tolist() == [0, 0, 0]
        np.testing.assert_array_equal(np.array(pullback.grid.direction).reshape(3, 3), np.eye(3))


def test_duplicates_are_left_out_and_told(tmp_path):
    pixels = noise(4)
    files = [one_frame(frame, SliceLocation=0.2 * index, InstanceNumber=index) for index, frame in enumerate(pixels)]
    for index, data in enumerate(files):
        save(data, tmp_path / f"{index}.dcm")
    save(files[2], tmp_path / "copy of 2.dcm")
    save(one_frame(pixels[3], SliceLocation=0.6, InstanceNumber=7), tmp_path / "exported again.dcm")
    pullback = open_pullback(tmp_path)
    np.testing.assert_array_equal(frames_of(pullback), pixels)
    assert "2 duplicate" in pullback.notes[0]


def test_a_copy_of_a_multi_frame_file_is_not_a_second_pullback(tmp_path):
    pixels = noise(3)
    data = dicom(pixels)
    for name in ("IM1", "IM1 (copy)"):
        save(data, tmp_path / name)
    pullback = open_pullback(tmp_path)
    np.testing.assert_array_equal(frames_of(pullback), pixels)
    assert "1 duplicate" in pullback.notes[0]


def test_gaps_are_told_with_their_place(tmp_path):
    pixels = noise(8)
    write_folder(tmp_path, pixels, [0, 1, 2, 5, 6, 7], lambda index: {"SliceLocation": 0.2 * index})
    pullback = open_pullback(tmp_path)
    assert pullback.frame_count == 6 and pullback.spacing.frame_mm == pytest.approx(0.2)
    assert "2 frame(s) are missing" in pullback.notes[0] and "2 after frame 3" in pullback.notes[0]


def test_a_folder_with_one_multi_frame_file_is_that_pullback(tmp_path):
    pixels = noise(3)
    (tmp_path / "nested").mkdir()
    save(dicom(pixels), tmp_path / "nested" / "IM1")
    (tmp_path / "readme.txt").write_text("not an image")
    np.testing.assert_array_equal(frames_of(open_pullback(tmp_path)), pixels)


def test_frames_before_and_after_the_motor_pulled_are_left_out(tmp_path):
    pixels = noise(10)
    data = dicom(pixels, IVUSPullbackStartFrameNumber=3, IVUSPullbackStopFrameNumber=8)
    pullback = open_pullback(save(data, tmp_path / "a.dcm"))
    np.testing.assert_array_equal(frames_of(pullback), pixels[2:8])
    np.testing.assert_array_equal(next(pullback.read(5, 6)), pixels[7])
    assert "frames 3 to 8 of 10" in pullback.notes[0]


@pytest.mark.parametrize("suffix", ["png", "tif", "bmp"])
def test_a_folder_of_pictures_is_read_in_natural_order(tmp_path, suffix):
    pixels = noise(12)
    for index, frame in enumerate(pixels):
        Image.fromarray(frame).save(tmp_path / f"{index}.{suffix}", dpi=(254, 254))
    (tmp_path / "masks").mkdir()
    Image.fromarray(pixels[0]).save(tmp_path / "masks" / "0.png")
    pullback = open_pullback(tmp_path)
    np.testing.assert_array_equal(frames_of(pullback), pixels)
    # 254 dots per inch would be 0.1 mm: the resolution of pictures is not believed.
    assert not pullback.spacing.in_plane_known and pullback.spacing.frame_mm is None


def test_deep_pictures_are_stretched_alike_over_all_frames(tmp_path):
    ramp = np.linspace(1000, 5000, 64 * 64).reshape(64, 64).astype(np.uint16)
    for index in range(3):
        Image.fromarray(ramp // (index + 1)).save(tmp_path / f"{index}.png")
    first, second, _ = frames_of(open_pullback(tmp_path)).astype(float)
    low, high = 1000 / 3, 5000
    np.testing.assert_allclose(first, (ramp - low) / (high - low) * 255, atol=2)
    np.testing.assert_allclose(second, (ramp // 2 - low) / (high - low) * 255, atol=2)


@pytest.mark.parametrize("suffix", ["nrrd", "nii", "nii.gz", "mha"])
@pytest.mark.parametrize("colour", [False, True])
def test_a_volume_keeps_its_frames_and_its_geometry(tmp_path, suffix, colour):
    pixels = noise(4, samples=3) if colour else noise(4)
    pixels = np.repeat(pixels[..., :1], 3, axis=-1) if colour else pixels
    image = sitk.GetImageFromArray(pixels, isVector=colour)
    image.SetSpacing((0.006, 0.007, 0.2))
    image.SetOrigin((1.0, 2.0, 3.0))
    image.SetDirection((0, 0, 1, 1, 0, 0, 0, 1, 0))
    path = tmp_path / f"a.{suffix}"
    sitk.WriteImage(image, str(path))
    pullback = open_pullback(path)
    np.testing.assert_array_equal(frames_of(pullback), pixels[..., 0] if colour else pixels)
    assert (pullback.spacing.row_mm, pullback.spacing.column_mm) == pytest.approx((0.007, 0.006))
    assert pullback.spacing.frame_mm == pytest.approx(0.2)
    assert pullback.spacing.in_plane_source == "header of the file"
    assert pullback.grid.origin_mm == pytest.approx((1, 2, 3))
    assert pullback.grid.direction == pytest.approx((0, 0, 1, 1, 0, 0, 0, 1, 0))


def test_a_volume_that_says_one_millimetre_says_nothing(tmp_path):
    sitk.WriteImage(sitk.GetImageFromArray(noise(3)), str(tmp_path / "a.nrrd"))
    pullback = open_pullback(tmp_path / "a.nrrd")
    assert not pullback.spacing.in_plane_known and pullback.spacing.frame_mm is None
    assert "--pixel-spacing" in pullback.notes[0]


def test_colour_that_is_grey_stays_the_same_grey(tmp_path):
    grey = noise(3)
    data = dicom(np.repeat(grey[..., np.newaxis], 3, axis=-1), SOPClassUID=ULTRASOUND_MULTI_FRAME, Modality="US")
    np.testing.assert_array_equal(frames_of(open_pullback(save(data, tmp_path / "a.dcm"))), grey)


# Bad input: one sentence each.


def test_a_path_that_is_not_there_is_told(tmp_path):
    assert "no file or folder" in refusal(tmp_path / "nothing")


@pytest.mark.parametrize("name", ["a.dcm", "a", "a.txt"])
@pytest.mark.parametrize("content", [b"hello", bytes(500), b"%PDF-1.4" + bytes(300)])
def test_a_file_of_another_format_is_told(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    assert "is not DICOM" in refusal(tmp_path / name)


@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.nrrd", "a.nii", "a.nii.gz", "a.mha"])
def test_a_damaged_picture_or_volume_is_told(tmp_path, name):
    (tmp_path / name).write_bytes(b"nothing of the kind")
    assert "cannot be read" in refusal(tmp_path / name)


def test_a_cut_off_volume_is_told(tmp_path):
    sitk.WriteImage(sitk.GetImageFromArray(noise(4)), str(tmp_path / "a.nrrd"))
    content = (tmp_path / "a.nrrd").read_bytes()
    (tmp_path / "a.nrrd").write_bytes(content[:-3000])
    assert "cut off" in refusal(tmp_path / "a.nrrd")


def test_a_cut_off_picture_is_told(tmp_path):
    Image.fromarray(noise(1)[0]).save(tmp_path / "a.png")
    (tmp_path / "a.png").write_bytes((tmp_path / "a.png").read_bytes()[:-1500])
    assert "cannot be read" in refusal(tmp_path)


def test_an_empty_file_and_an_empty_folder_are_told(tmp_path):
    (tmp_path / "a.dcm").touch()
    assert "empty" in refusal(tmp_path / "a.dcm")
    (tmp_path / "folder").mkdir()
    assert "empty" in refusal(tmp_path / "folder")


def test_a_folder_without_images_is_told(tmp_path):
    (tmp_path / "notes.txt").write_text("hello")
    assert "holds no DICOM" in refusal(tmp_path)


@pytest.mark.parametrize(
    ("modality", "name"),
    [("CT", "computed tomography"), ("MR", "magnetic resonance"), ("XA", "angiography"), ("OPT", "ophthalmic")],
)
def test_another_modality_is_named(tmp_path, modality, name):
    message = refusal(save(dicom(noise(1), Modality=modality, SOPClassUID=SECONDARY_CAPTURE), tmp_path / "a.dcm"))
    assert modality in message and name in message


def test_a_file_without_pixels_is_told(tmp_path):
    assert "no pixels" in refusal(save(dicom(noise(1), PixelData=None), tmp_path / "a.dcm"))
    data = dicom(noise(1), PixelData=None, Rows=None, Columns=None)
    assert "no pixels" in refusal(save(data, tmp_path / "b.dcm"))


def test_cut_off_pixels_are_told(tmp_path):
    path = save(dicom(noise(3)), tmp_path / "a.dcm")
    path.write_bytes(path.read_bytes()[:-100])
    assert "cut off" in refusal(path)


def test_frames_of_different_size_are_told(tmp_path):
    save(one_frame(noise(1)[0], InstanceNumber=1), tmp_path / "a.dcm")
    save(one_frame(noise(1, 48, 64)[0], InstanceNumber=2), tmp_path / "b.dcm")
    message = refusal(tmp_path)
    assert "40 x 64" in message and "48 x 64" in message
    (tmp_path / "pictures").mkdir()
    for index, rows in enumerate((20, 30)):
        Image.fromarray(noise(1, rows)[0]).save(tmp_path / "pictures" / f"{index}.png")
    assert "differ in size" in refusal(tmp_path / "pictures")


def test_volumes_with_pixels_that_are_not_numbers_are_told(tmp_path):
    values = np.random.default_rng(1).normal(size=(3, 8, 8)).astype(np.float32)
    values[1, 2, 3] = np.nan
    sitk.WriteImage(sitk.GetImageFromArray(values), str(tmp_path / "a.nrrd"))
    assert "NaN" in refusal(tmp_path / "a.nrrd")


def test_two_pullbacks_in_one_folder_are_listed(tmp_path):
    save(dicom(noise(3)), tmp_path / "first.dcm")
    save(dicom(noise(5)), tmp_path / "second.dcm")
    message = refusal(tmp_path)
    assert "2 pullbacks" in message and "first.dcm (3 frames)" in message and "second.dcm (5 frames)" in message


def test_two_series_of_one_frame_files_are_listed(tmp_path):
    for series in ("a", "b"):
        uid = generate_uid()
        for index, frame in enumerate(noise(3)):
            save(one_frame(frame, SeriesInstanceUID=uid, InstanceNumber=index), tmp_path / f"{series}{index}.dcm")
    message = refusal(tmp_path)
    assert "a0.dcm to a2.dcm (3 frames)" in message and "b0.dcm to b2.dcm (3 frames)" in message


def test_two_volumes_in_one_folder_are_listed(tmp_path):
    for name in ("a.nrrd", "b.nii"):
        sitk.WriteImage(sitk.GetImageFromArray(noise(3)), str(tmp_path / name))
    assert "a.nrrd, b.nii" in refusal(tmp_path)


@pytest.mark.parametrize(
    "keyword", ["PixelSpacing", "InstanceNumber", "WindowCenter", "SliceLocation", "FrameTime", "SpacingBetweenSlices"]
)
def test_letters_where_a_number_belongs_count_as_not_stated(tmp_path, keyword):
    pixels = noise(2)
    for index, frame in enumerate(pixels):
        attributes = {"InstanceNumber": index, "WindowWidth": 100, "IVUSPullbackRate": 1}
        number = "7777" if keyword != "PixelSpacing" else ["7777", "7777"]
        path = save(one_frame(frame, **(attributes | {keyword: number})), tmp_path / f"{index}.dcm")
        path.write_bytes(path.read_bytes().replace(b"7777", b"left"))
    pullback = open_pullback(tmp_path)
    np.testing.assert_array_equal(frames_of(pullback), pixels)
    assert pullback.spacing.frame_mm is None and not pullback.spacing.in_plane_known


def test_an_unreadable_file_is_told(tmp_path):
    folder = tmp_path / "volume.nrrd"
    folder.mkdir()
    assert "empty" in refusal(folder)


def test_an_old_optical_modality_and_a_missing_one_are_accepted(tmp_path):
    pixels = noise(2)
    for name, attributes in {"a": {"Modality": "OCT"}, "b": {"Modality": None, "SOPClassUID": FOR_PRESENTATION}}.items():
        np.testing.assert_array_equal(frames_of(open_pullback(save(dicom(pixels, **attributes), tmp_path / name))), pixels)


def test_positions_of_a_multi_frame_file_give_place_and_spacing(tmp_path):
    groups = [item(PlanePositionSequence=[item(ImagePositionPatient=[1, 2, 3 - 0.25 * index])]) for index in range(4)]
    shared = [item(PlaneOrientationSequence=[item(ImageOrientationPatient=[1, 0, 0, 0, 1, 0])])]
    data = dicom(noise(4), PerFrameFunctionalGroupsSequence=groups, SharedFunctionalGroupsSequence=shared)
    pullback = open_pullback(save(data, tmp_path / "a.dcm"))
    assert pullback.spacing.frame_mm == pytest.approx(0.25) and pullback.grid.origin_mm.tolist() == [1, 2, 3]
    # Frames keep the file's order, so the frame axis points to the feet.
    np.testing.assert_allclose(np.array(pullback.grid.direction).reshape(3, 3)[:, 2], [0, 0, -1], atol=1e-12)
