"""Pictures that are none, or two, and white marks of consoles on grey."""

import numpy as np
import pytest
from dicom_files import ULTRASOUND_MULTI_FRAME, dicom, save
from LesionReadingLib.errors import InputError
from OCTCalciumLib.reading.display.overlays import find_overlays, grey_without_overlays
from OCTCalciumLib.reading.display.white_marks import sharp_marks
from OCTCalciumLib.reading.read import open_pullback
from OCTCalciumLib.vessel.field_of_view import field_of_view
from PIL import Image, ImageDraw
from scipy.ndimage import binary_dilation, gaussian_filter


def vessel(frames=6, size=160, seed=0, aspect=1.0):
    """Speckle around a dark lumen in a circle, uint8 (frames, rows, columns); ``aspect`` is the height over width of a pixel."""
    generator = np.random.default_rng(seed)
    rows = round(size / aspect)
    down, across = np.mgrid[:rows, :size]
    radius = np.hypot((down + 0.5) * aspect - size / 2, across + 0.5 - size / 2) / (size / 2)
    wall = np.where(radius > 0.4, 200 * np.exp(-(radius - 0.4) * 2), 10)
    speckle = generator.normal(1, 0.18, (frames, rows, size))
    return np.where(radius < 0.97, np.clip(wall * speckle + 6, 1, 230), 0).astype(np.uint8)


def opened(tmp_path, pixels, **attributes):
    return open_pullback(save(dicom(pixels, SOPClassUID=ULTRASOUND_MULTI_FRAME, Modality="US", **attributes), tmp_path / "a.dcm"))


@pytest.mark.parametrize(
    ("join", "count"),
    [
        (lambda one, other: np.concatenate([one, other], axis=2), 2),
        (lambda one, other: np.concatenate([one, other], axis=1), 2),
        (lambda one, other: np.concatenate([one, np.zeros_like(one[:, :, :20]), other], axis=2), 2),
        (lambda one, other: np.block([[[one, other]], [[other, one]]]).reshape(6, 320, 320), 4),
    ],
)
def test_pictures_beside_each_other_are_refused(tmp_path, join, count):
    one, other = vessel(), vessel(seed=4)
    if count == 4:
        pixels = np.concatenate([np.concatenate([one, other], axis=2), np.concatenate([other, one], axis=2)], axis=1)
    else:
        pixels = join(one, other)
    with pytest.raises(InputError, match=f"{count} round pictures beside each other"):
        opened(tmp_path, pixels)


@pytest.mark.parametrize("panel", [(160, 160), (160, 100), (60, 160), (0, 0)])
def test_one_picture_with_a_panel_is_one(tmp_path, panel):
    pixels = vessel()
    rows, columns = panel
    canvas = np.zeros((6, 160 + (rows if columns == 160 and rows < 160 else 0), 160 + (columns if rows == 160 else 0)), np.uint8)
    canvas[:, :160, :160] = pixels
    if columns and rows == 160:
        canvas[:, 10:100, 170:240] = 90
    assert opened(tmp_path, canvas).frame_count == 6


def test_intravascular_ultrasound_is_cautioned(tmp_path):
    pixels = vessel()
    path = save(dicom(pixels, SOPClassUID=ULTRASOUND_MULTI_FRAME, Modality="IVUS"), tmp_path / "a.dcm")
    assert [caution.code for caution in open_pullback(path).cautions] == ["intravascular_ultrasound"]
    assert opened(tmp_path, pixels).cautions == ()


@pytest.mark.parametrize("aspect", [0.5, 0.83, 1.2, 2.0])
def test_the_round_picture_is_found_where_pixels_are_not_square(tmp_path, aspect):
    pixels = vessel(aspect=aspect)
    row, column, radius = field_of_view(list(pixels), aspect)
    assert (row * aspect, column, radius) == pytest.approx((79.5, 79.5, 0.97 * 80), abs=2)
    marked = pixels.copy()
    marked[:, : round(12 / aspect), :20] = 200  # text beyond the circle
    overlays = find_overlays(list(marked), aspect)
    cleaned = np.stack([grey_without_overlays(frame, overlays) for frame in marked])
    down, across = np.mgrid[: pixels.shape[1], : pixels.shape[2]]
    inner = np.hypot((down + 0.5) * aspect - 80, across + 0.5 - 80) < 75
    assert not cleaned[:, : round(8 / aspect), :20].any()
    np.testing.assert_array_equal(cleaned[:, inner], pixels[:, inner])


def test_a_stated_pixel_aspect_ratio_is_taken(tmp_path):
    pixels = vessel(aspect=1.2)
    for attributes in ({"PixelAspectRatio": [6, 5]}, {"PixelSpacing": [0.072, 0.06]}):
        pullback = opened(tmp_path, pixels, **attributes)
        assert pullback.pixel_aspect == pytest.approx(1.2) and pullback.cautions == ()
    assert opened(tmp_path, vessel(), PixelAspectRatio=[0, 5]).pixel_aspect == 1


@pytest.mark.parametrize("aspect", [0.75, 0.9375, 1.1, 1.2])
@pytest.mark.parametrize("typed", [None, 0.06])
def test_an_ellipse_shows_that_pixels_are_not_square_and_the_network_is_given_the_circle(tmp_path, aspect, typed):
    for index, frame in enumerate(vessel(aspect=aspect)):
        Image.fromarray(frame).save(tmp_path / f"{index}.png")
    pullback = open_pullback(tmp_path, typed)
    assert pullback.pixel_aspect == pytest.approx(aspect, rel=0.02)
    assert [caution.code for caution in pullback.cautions] == ["pixels_not_square"]
    assert ("wide as high" if aspect > 1 else "high as wide") in pullback.cautions[0].sentence


def test_a_round_picture_has_square_pixels(tmp_path):
    for index, frame in enumerate(vessel()):
        Image.fromarray(frame).save(tmp_path / f"{index}.png")
    pullback = open_pullback(tmp_path)
    assert pullback.pixel_aspect == 1 and pullback.cautions == ()


# White marks.


def fine_vessel(frames, size=560):
    """As ``vessel``, with speckle as wide as a real beam, and saturated light at the border of the lumen that fades likewise."""
    generator = np.random.default_rng(2)
    down, across = np.mgrid[:size, :size] - (size - 1) / 2
    radius = np.hypot(down, across)
    wall = np.where(radius > 130, 150 * np.exp(-(radius - 130) / 120), 8)
    flare = 300 * np.exp(-(((radius - 128) / 6) ** 2) - ((np.arctan2(down, across) - 0.6) / 0.12) ** 2)
    pictures = []
    for _ in range(frames):
        speckle = 1 + 0.5 * gaussian_filter(generator.normal(size=(size, size)), 1.5)
        pictures.append(np.clip(np.where(radius < size / 2 - 1, wall * speckle + flare + 4, 0), 0, 255))
    return np.stack(pictures).astype(np.uint8)


def lettered(picture, place, text="A"):
    image = Image.fromarray(picture)
    draw = ImageDraw.Draw(image)
    draw.text(place, text, fill=255, font_size=22)
    draw.ellipse([place[0] - 10, place[1] - 4, place[0] - 1, place[1] + 4], fill=255)
    return np.asarray(image)


@pytest.mark.parametrize("place", [(430, 270), (270, 420), (150, 190)])
def test_a_white_letter_of_one_frame_goes_and_saturated_light_stays(place):
    grey = fine_vessel(3)
    marked = grey.copy()
    marked[1] = lettered(grey[1], place)
    drawn = marked[1] != grey[1]
    overlays = find_overlays(list(marked))
    assert any("White marks" in note for note in overlays.notes)
    cleaned = [grey_without_overlays(picture, overlays) for picture in marked]
    inner = np.hypot(*(np.mgrid[:560, :560] - 279.5)) < 270
    np.testing.assert_array_equal(cleaned[0][inner], grey[0][inner])
    np.testing.assert_array_equal(cleaned[2][inner], grey[2][inner])
    assert cleaned[1][drawn].max() < 225 and np.abs(cleaned[1][drawn] - grey[1][drawn].astype(float)).mean() < 40
    untouched = inner & ~binary_dilation(drawn, iterations=9)
    np.testing.assert_array_equal(cleaned[1][untouched], grey[1][untouched])


def test_saturated_light_alone_is_no_mark():
    grey = fine_vessel(6)
    assert (grey[0] >= 250).sum() > 100
    assert not any(sharp_marks(picture, None).any() for picture in grey)
    assert find_overlays(list(grey)).notes == ()


@pytest.mark.parametrize("size", [160, 320])
@pytest.mark.parametrize(("rows", "columns"), [((0.2, 0.3), (0.5, 0.515)), ((0.7, 0.72), (0.3, 0.4)), ((0.6, 0.65), (0.8, 0.85))])
def test_a_white_tick_on_all_frames_goes_also_in_small_pictures(size, rows, columns):
    grey = vessel(8, size)
    tick = (slice(round(rows[0] * size), round(rows[1] * size)), slice(round(columns[0] * size), round(columns[1] * size)))
    marked = grey.copy()
    marked[(slice(None), *tick)] = 255
    overlays = find_overlays(list(marked))
    cleaned = np.stack([grey_without_overlays(picture, overlays) for picture in marked])
    smooth = vessel(100, size, seed=7).mean(axis=0)
    assert np.abs(cleaned[(slice(None), *tick)].mean(axis=0) - smooth[tick]).mean() < 30
    assert any("White marks" in note for note in overlays.notes)


@pytest.mark.parametrize("size", [160, 320])
def test_frames_of_one_place_do_not_lose_their_bright_wall(size):
    still = np.repeat(vessel(1, size), 8, axis=0)
    overlays = find_overlays(list(still))
    inner = np.hypot(*(np.mgrid[:size, :size] - (size - 1) / 2)) < 0.45 * size
    np.testing.assert_array_equal(grey_without_overlays(still[0], overlays)[inner], still[0][inner])
    assert not any("White" in note for note in overlays.notes)


def test_a_white_mark_on_sepia_goes_in_one_frame_alone():
    level = np.linspace(0, 1, 256)
    sepia = np.rint(255 * np.stack([level, 0.8 * level**1.4, 0.35 * level**2.5], axis=1)).astype(np.uint8)
    grey = vessel(6)
    marked = sepia[grey]
    marked[3, 100:108, 100:110] = 255
    overlays = find_overlays(list(marked))
    cleaned = grey_without_overlays(marked[3], overlays)
    assert cleaned[101:107, 101:109].max() < 200


@pytest.mark.parametrize("grey", [[0], [3, 4], [1, 2, 3, 4, 5]])
def test_frames_stored_as_grey_among_coloured_ones_are_read_as_if_all_had_colour(tmp_path, grey):
    """Some programs store a picture without colour as grey. The first frame has a green line, which goes."""
    frames = np.repeat(vessel()[..., None], 3, axis=-1)
    line = (0, slice(60, 63), slice(40, 110)) if 0 not in grey else (1, slice(60, 63), slice(40, 110))
    frames[line] = (0, 255, 0)
    for folder, few in (("all", ()), ("some", grey)):
        (tmp_path / folder).mkdir()
        for number, frame in enumerate(frames):
            Image.fromarray(frame[..., 0] if number in few else frame).save(tmp_path / folder / f"{number}.png")
    read = [open_pullback(tmp_path / folder) for folder in ("all", "some")]
    known, found = (np.stack(list(pullback.read(0, 6))) for pullback in read)
    assert np.array_equal(known, found) and known[line[0]][line[1:]].max() < 255
    assert read[0].notes == read[1].notes


@pytest.mark.parametrize("odd", [np.uint16, np.int32, np.float32])
@pytest.mark.parametrize("colour", [False, True])
def test_pictures_of_other_depths_beside_each_other_are_refused(tmp_path, odd, colour):
    for number, frame in enumerate(vessel()):
        plain = np.repeat(frame[..., None], 3, axis=-1) if colour else frame
        Image.fromarray(frame.astype(odd) * 100 if number == 2 else plain).save(tmp_path / f"{number}.tif")
    with pytest.raises(InputError, match="differ in the bits of a value"):
        open_pullback(tmp_path)
