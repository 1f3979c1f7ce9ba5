"""Which files and bytes are frames: nothing is lost as a duplicate, by a number or by a count, and what is no frame is left out."""

import numpy as np
import pytest
import SimpleITK as sitk
from dicom_files import SECONDARY_CAPTURE, dicom, noise, save
from LesionReadingLib.errors import InputError
from OCTCalciumLib.reading.read import open_pullback
from PIL import Image
from pydicom.encaps import encapsulate, generate_frames
from pydicom.uid import JPEG2000Lossless, RLELossless, generate_uid

PLANE = {"ImageOrientationPatient": [1, 0, 0, 0, 1, 0]}


def frames_of(pullback):
    return np.stack(list(pullback.read(0, pullback.frame_count)))


def one_frame(pixels, **attributes):
    return dicom(pixels[np.newaxis], **({"NumberOfFrames": None, "SOPClassUID": SECONDARY_CAPTURE, "Modality": "OT"} | attributes))


def write(folder, pixels, attributes_of):
    for index, frame in enumerate(pixels):
        save(one_frame(frame, **attributes_of(index)), folder / f"IM{index:03}.dcm")


def refusal(path, **typed) -> str:
    with pytest.raises(InputError) as raised:
        open_pullback(path, **typed)
    assert "\n" not in str(raised.value) and str(raised.value).endswith(".") and len(str(raised.value)) < 400
    return str(raised.value)


ONE_UID = generate_uid()


@pytest.mark.parametrize(
    ("attributes_of", "words"),
    [
        (lambda index: {"InstanceNumber": 1}, "same instance number"),
        (lambda index: {"SOPInstanceUID": ONE_UID, "InstanceNumber": index + 1}, "same SOP Instance UID"),
        (lambda index: {"SOPInstanceUID": ONE_UID}, "same SOP Instance UID"),
        (
            lambda index: {"ImagePositionPatient": [0, 0, round(0.06 * index, 1)], "InstanceNumber": index, **PLANE},
            "share their positions",
        ),
        (lambda index: {"SliceLocation": round(0.06 * index, 1), "InstanceNumber": 20 - index}, "share their positions"),
        (lambda index: {"InstanceNumber": 1 + index // 2}, "share their instance numbers"),
        (lambda index: {"InstanceNumber": 1, "AcquisitionTime": f"1200{index:02}.5"}, "acquisition times"),
        (lambda index: {"SliceLocation": 0, "InstanceNumber": index}, None),
    ],
)
def test_frames_that_share_a_place_a_number_or_a_uid_are_all_read_in_order_and_told(tmp_path, attributes_of, words):
    pixels = noise(7)
    write(tmp_path, pixels, attributes_of)
    pullback = open_pullback(tmp_path)
    np.testing.assert_array_equal(frames_of(pullback), pixels)
    assert pullback.spacing.frame_mm is None
    assert words is None or any(words in note for note in pullback.notes)
    assert not any("duplicate" in note for note in pullback.notes)


def test_rounded_positions_leave_a_pullback_rate_in_force(tmp_path):
    attributes = {"IVUSPullbackRate": 10.8, "CatheterRotationalRate": 180.0}
    write(tmp_path, noise(7), lambda index: {"SliceLocation": round(0.06 * index, 1), "InstanceNumber": index, **attributes})
    assert open_pullback(tmp_path).spacing.frame_mm == pytest.approx(0.06)


def test_equal_pixels_at_other_places_are_frames_of_their_own(tmp_path):
    still = np.repeat(noise(1), 4, axis=0)
    write(tmp_path, still, lambda index: {"SliceLocation": 0.2 * index, "InstanceNumber": index})
    assert open_pullback(tmp_path).frame_count == 4


def test_blank_frames_with_numbers_of_their_own_are_kept(tmp_path):
    pixels = noise(5)
    pixels[[0, 3]] = 0
    write(tmp_path, pixels, lambda index: {"InstanceNumber": index})
    np.testing.assert_array_equal(frames_of(open_pullback(tmp_path)), pixels)


@pytest.mark.parametrize("syntax", [RLELossless, JPEG2000Lossless])
def test_a_compressed_copy_of_a_frame_is_a_duplicate(tmp_path, syntax):
    pixels = noise(3)
    files = [one_frame(frame, InstanceNumber=index, NumberOfFrames=1) for index, frame in enumerate(pixels)]
    for index, data in enumerate(files):
        save(data, tmp_path / f"{index}.dcm")
    files[1].compress(syntax, generate_instance_uid=False)
    save(files[1], tmp_path / "again.dcm")
    pullback = open_pullback(tmp_path)
    np.testing.assert_array_equal(frames_of(pullback), pixels)
    assert "1 duplicate" in pullback.notes[0]


def test_a_copy_with_its_colours_stored_in_planes_is_a_duplicate(tmp_path):
    colour = np.repeat(noise(1)[..., np.newaxis], 3, axis=-1)
    attributes = {"SOPInstanceUID": ONE_UID, "SOPClassUID": SECONDARY_CAPTURE, "Modality": "OT", "NumberOfFrames": None}
    save(dicom(colour, **attributes), tmp_path / "a.dcm")
    planes = dicom(colour, PlanarConfiguration=1, **attributes)
    planes.PixelData = np.moveaxis(colour[0], -1, 0).tobytes()
    save(planes, tmp_path / "b.dcm")
    assert open_pullback(tmp_path / "a.dcm").frame_count == 1


def test_two_multi_frame_files_of_one_uid_are_two_pullbacks(tmp_path):
    for index in range(2):
        save(dicom(noise(3, seed=index), SOPInstanceUID=ONE_UID), tmp_path / f"{index}.dcm")
    assert "2 pullbacks" in refusal(tmp_path)


@pytest.mark.parametrize("place", ["SliceLocation", "InstanceNumber"])
def test_two_passes_in_one_series_are_not_mixed(tmp_path, place):
    write(tmp_path, noise(10), lambda index: {place: index % 5 / (5 if place == "SliceLocation" else 0.2)})
    assert "2 pullbacks of 5 frames" in refusal(tmp_path)


def test_one_file_of_a_series_stands_for_all(tmp_path):
    pixels = noise(6)
    write(tmp_path, pixels, lambda index: {"InstanceNumber": index})
    save(one_frame(noise(1, seed=9)[0], SeriesInstanceUID=generate_uid()), tmp_path / "another series.dcm")
    save(one_frame(noise(1, 20, 20)[0]), tmp_path / "thumbnail of the series.dcm")
    save(dicom(noise(3, seed=8)), tmp_path / "multi-frame of the same series.dcm")
    (tmp_path / "notes.txt").write_text("hello")
    np.testing.assert_array_equal(frames_of(open_pullback(tmp_path / "IM004.dcm")), pixels)
    np.testing.assert_array_equal(frames_of(open_pullback(tmp_path / "another series.dcm")), noise(1, seed=9))


# How many frames there are.


@pytest.mark.parametrize("stated", [None, 1, 3])
def test_all_frames_of_native_pixels_are_read_whatever_the_header_counts(tmp_path, stated):
    pixels = noise(7)
    pullback = open_pullback(save(dicom(pixels, NumberOfFrames=stated), tmp_path / "a.dcm"))
    np.testing.assert_array_equal(frames_of(pullback), pixels)
    assert f"states {stated or 1} frame(s)" in pullback.notes[0] and "7 are there" in pullback.notes[0]


@pytest.mark.parametrize("stated", [None, 1, 3])
@pytest.mark.parametrize(("syntax", "table"), [(JPEG2000Lossless, True), (JPEG2000Lossless, False), (RLELossless, False)])
def test_all_compressed_frames_are_read_whatever_the_header_counts(tmp_path, stated, syntax, table):
    pixels = noise(7)
    data = dicom(pixels)
    data.compress(syntax)
    data.PixelData = encapsulate(list(generate_frames(data.PixelData, number_of_frames=7)), has_bot=table)
    data.NumberOfFrames = stated
    if stated is None:
        del data.NumberOfFrames
    pullback = open_pullback(save(data, tmp_path / "a.dcm"))
    np.testing.assert_array_equal(frames_of(pullback), pixels)
    assert "7 are there" in pullback.notes[0]


@pytest.mark.parametrize("compressed", [False, True])
def test_more_frames_stated_than_there_are_is_told(tmp_path, compressed):
    data = dicom(noise(4))
    if compressed:
        data.compress(JPEG2000Lossless)
    data.NumberOfFrames = 9
    assert "cut off" in refusal(save(data, tmp_path / "a.dcm"))


def test_what_follows_the_pixels_is_no_frame(tmp_path):
    pixels = noise(2)
    data = dicom(pixels)
    data.add_new(0xFFFCFFFC, "OB", bytes(5 * 40 * 64))  # Data Set Trailing Padding, PS3.10 7.2
    np.testing.assert_array_equal(frames_of(open_pullback(save(data, tmp_path / "a.dcm"))), pixels)


# What is no frame.


def disc(pixels, radius):
    rows, columns = np.mgrid[: pixels.shape[0], : pixels.shape[1]]
    return np.hypot(rows - 20, columns - 32) < radius


@pytest.mark.parametrize(
    ("name", "draw"),
    [
        ("mask_{}.png", lambda frame: Image.fromarray(np.where(disc(frame, 9), 255, 0).astype(np.uint8))),
        ("m{}.png", lambda frame: Image.fromarray((disc(frame, 9) + 2 * disc(frame, 5)).astype(np.uint8))),
        ("frame{}_calcium.png", lambda frame: Image.fromarray(np.zeros_like(frame))),
        ("frame{}_overlay.png", lambda frame: Image.fromarray(np.stack([frame, frame // 2, frame], axis=-1))),
        ("frame{}_mask.jpg", lambda frame: Image.fromarray(np.where(disc(frame, 9), 255, 0).astype(np.uint8))),
        (
            "drawn{}.png",
            lambda frame: Image.fromarray(np.where(disc(frame, 9)[..., None], (250, 0, 0), 9).astype(np.uint8)),
        ),
        ("b{}.png", lambda frame: Image.fromarray(disc(frame, 9))),
    ],
)
def test_masks_and_drawings_beside_the_frames_are_left_out_and_told(tmp_path, name, draw):
    pixels = noise(5)
    for index, frame in enumerate(pixels):
        Image.fromarray(frame).save(tmp_path / f"frame{index}.png")
        draw(frame).save(tmp_path / name.format(index))
    pullback = open_pullback(tmp_path)
    np.testing.assert_array_equal(frames_of(pullback), pixels)
    assert "5 picture(s) beside the 5 frames were left out" in pullback.notes[0]
    assert ".png" not in pullback.notes[0]


def test_masks_of_frames_without_a_deposit_go_with_the_others(tmp_path):
    pixels = noise(4)
    for index, frame in enumerate(pixels):
        Image.fromarray(frame).save(tmp_path / f"f{index}.png")
        Image.fromarray(np.where(disc(frame, 9), 255 * (index < 2), 0).astype(np.uint8)).save(tmp_path / f"m{index}.png")
    np.testing.assert_array_equal(frames_of(open_pullback(tmp_path)), pixels)


def test_masks_alone_are_refused(tmp_path):
    for index in range(3):
        Image.fromarray(np.where(disc(noise(1)[0], 9), 255, 0).astype(np.uint8)).save(tmp_path / f"{index}.png")
    assert "masks" in refusal(tmp_path)
    assert "masks" in refusal(tmp_path / "1.png")


def test_blank_frames_of_a_pullback_are_no_masks(tmp_path):
    pixels = noise(9)
    pixels[[0, 4]] = 0
    pixels[4, 3:6, 3:20] = 255  # a blank frame with the console's mark
    for index, frame in enumerate(pixels):
        Image.fromarray(frame).save(tmp_path / f"calcium {index}.png")
    pullback = open_pullback(tmp_path)
    np.testing.assert_array_equal(frames_of(pullback), pixels)
    assert not any("left out" in note for note in pullback.notes)


def test_a_segmentation_and_a_report_beside_the_images_are_left_out_and_told(tmp_path):
    pixels = noise(3)
    save(dicom(pixels), tmp_path / "a.dcm")
    save(dicom(noise(3, seed=4), Modality="SEG", SOPClassUID="1.2.840.10008.5.1.4.1.1.66.4"), tmp_path / "b.dcm")
    report = dicom(noise(1), Modality="SR", SOPClassUID="1.2.840.10008.5.1.4.1.1.88.11", PixelData=None, Rows=None, Columns=None)
    save(report, tmp_path / "c.dcm")
    pullback = open_pullback(tmp_path)
    np.testing.assert_array_equal(frames_of(pullback), pixels)
    assert "2 file(s) beside the images" in pullback.notes[0]
    assert "segmentation" in refusal(tmp_path / "b.dcm")


def test_no_note_and_no_source_names_a_file(tmp_path):
    folder = tmp_path / "YAMADA Taro"
    folder.mkdir()
    image = sitk.GetImageFromArray(noise(3))
    image.SetSpacing((0.01, 0.01, 1.0))
    sitk.WriteImage(image, str(folder / "YAMADA Taro 1950.nrrd"))
    dicoms = tmp_path / "SUZUKI"
    dicoms.mkdir()
    write(dicoms, noise(3), lambda index: {"InstanceNumber": 1, "PixelSpacing": [0.01, 0.01]})
    save(one_frame(noise(3)[1], InstanceNumber=1), dicoms / "SUZUKI copy.dcm")
    for pullback in (open_pullback(folder), open_pullback(folder / "YAMADA Taro 1950.nrrd"), open_pullback(dicoms)):
        text = f"{pullback.notes} {pullback.cautions} {pullback.spacing} {pullback.details}"
        assert not any(word in text for word in ("YAMADA", "Taro", "1950", "SUZUKI", "IM00"))


@pytest.mark.parametrize(
    "kind", ["left-justified", "junk above", "signed", "signed and left-justified", "inverted", "inverted and left"]
)
def test_bits_are_taken_where_the_header_says_they_are(tmp_path, kind):
    """The values are those of the standard (PS3.5 8.1.1): Bits Stored bits up to High Bit; 0 to 4095 become 0 to 255."""
    values = np.random.default_rng(3).integers(0, 4096, (2, 40, 64)).astype(np.uint16)
    junk = np.random.default_rng(4).integers(0, 16, values.shape).astype(np.uint16)
    signed = (values.astype(np.int32) - 2048).astype(np.int16)
    left, right = {"BitsStored": 12, "HighBit": 15}, {"BitsStored": 12, "HighBit": 11}
    of_values, of_signed = {"WindowCenter": 2048, "WindowWidth": 4096}, {"WindowCenter": 0, "WindowWidth": 4096}
    inverted = {"PhotometricInterpretation": "MONOCHROME1"} | of_values
    stored, attributes = {
        "left-justified": (values << 4 | junk, left | of_values),
        "junk above": (junk << 12 | values, right | of_values),
        "signed": (signed, of_signed),
        "signed and left-justified": (signed << 4, left | of_signed),
        "inverted": (4095 - values, right | inverted),
        "inverted and left": ((4095 - values) << 4 | junk, left | inverted),
    }[kind]
    path = save(dicom(stored, **attributes), tmp_path / "a.dcm")
    np.testing.assert_allclose(frames_of(open_pullback(path)), values / 4095 * 255, atol=1)
