"""Scan conversion of 'for processing' pullbacks: a bright spot at a known depth and A-line lands where geometry says."""

import numpy as np
import pytest
from dicom_files import FOR_PROCESSING, dicom, item, pixel_measures, save
from LesionReadingLib.errors import InputError
from OCTCalciumLib.reading.read import open_pullback

LINES, SAMPLES, SAMPLE_MM = 120, 100, 0.01


def processing(polar, content=None, **attributes):
    """A 'for processing' pullback of A-lines (frames, lines, samples); ``content`` gives each frame's OCT frame content."""
    groups = [
        item(IntravascularOCTFrameContentSequence=[item(**(content(frame) if content else {}))]) for frame in range(len(polar))
    ]
    stated = {
        "SOPClassUID": FOR_PROCESSING,
        "PresentationIntentType": "FOR PROCESSING",
        "ALinePixelSpacing": SAMPLE_MM,
        "OCTZOffsetApplied": "NO",
        "RefractiveIndexApplied": "YES",
        "FirstALineLocation": 0.0,
        "CatheterDirectionOfRotation": "CW",
        "PerFrameFunctionalGroupsSequence": groups,
    }
    return dicom(polar, **(stated | attributes))


def spot(line, sample, frames=1, lines=LINES, samples=SAMPLES):
    """A-lines, dark but for a bright spot three A-lines and three samples wide."""
    polar = np.zeros((frames, lines, samples), np.uint8)
    for step in (-1, 0, 1):
        polar[:, (line + step) % lines, sample - 1 : sample + 2] = 255
    return polar


def place_mm_and_deg(path):
    """Distance from the picture's centre (mm) and angle clockwise from 12 o'clock (degrees) of the spot in frame 0."""
    pullback = open_pullback(path)
    picture = next(pullback.read(0, 1)).astype(float)
    rows, columns = np.mgrid[: pullback.rows, : pullback.columns]
    right = (columns * picture).sum() / picture.sum() - (pullback.columns - 1) / 2
    down = (rows * picture).sum() / picture.sum() - (pullback.rows - 1) / 2
    return np.hypot(right, down) * pullback.spacing.row_mm, np.degrees(np.arctan2(right, -down)) % 360


@pytest.mark.parametrize(
    ("attributes", "z_offset", "expected_deg"),
    [
        ({}, 0, 60),  # A-line 20 of 120 is 60 degrees clockwise from the vertical
        ({"FirstALineLocation": 90.0}, 0, 150),
        ({"CatheterDirectionOfRotation": "CC"}, 0, 300),
        ({"CatheterDirectionOfRotation": "CC", "FirstALineLocation": 45.0}, 0, 345),
        ({}, 12, 60),
        ({}, -15, 60),
        ({"OCTZOffsetApplied": "YES"}, 12, 60),
    ],
)
def test_a_spot_lands_at_its_radius_and_angle(tmp_path, attributes, z_offset, expected_deg):
    data = processing(spot(20, 70), lambda _: {"OCTZOffsetCorrection": z_offset}, **attributes)
    radius_mm, angle_deg = place_mm_and_deg(save(data, tmp_path / "a.dcm"))
    shift = 0 if attributes.get("OCTZOffsetApplied") == "YES" else z_offset
    assert radius_mm == pytest.approx((70 + shift) * SAMPLE_MM, abs=0.4 * SAMPLE_MM)
    assert angle_deg == pytest.approx(expected_deg, abs=0.5)


@pytest.mark.parametrize(("direction", "expected_deg"), [("CW", 200 + 30), ("CC", 200 - 30)])
def test_the_seam_is_put_where_it_is_displayed(tmp_path, direction, expected_deg):
    # The seam's A-line, 50, is shown at 200 degrees; the spot, ten A-lines (30 degrees) later, follows as the catheter turns.
    group = item(
        IntravascularOCTFrameContentSequence=[item(OCTZOffsetCorrection=0, SeamLineIndex=50)],
        IntravascularFrameContentSequence=[item(SeamLineLocation=200.0)],
    )
    data = processing(spot(60, 70), CatheterDirectionOfRotation=direction, PerFrameFunctionalGroupsSequence=[group])
    assert place_mm_and_deg(save(data, tmp_path / "a.dcm"))[1] == pytest.approx(expected_deg, abs=0.5)


def test_padded_a_lines_take_no_part_of_the_circle(tmp_path):
    polar = np.full((1, LINES + 30, SAMPLES), 0, np.uint8)
    polar[0, :LINES] = spot(40, 60)[0]
    polar[0, LINES:] = 255  # arbitrary, by PS3.3 C.8.27.6.3.2
    path = save(processing(polar, lambda _: {"NumberOfPaddedALines": 30}), tmp_path / "a.dcm")
    radius_mm, angle_deg = place_mm_and_deg(path)
    assert (radius_mm, angle_deg) == (pytest.approx(0.60, abs=0.004), pytest.approx(120, abs=0.5))


def test_every_frame_is_moved_by_its_own_z_offset(tmp_path):
    offsets = [0, 10, -10]
    data = processing(spot(0, 50, frames=3), lambda frame: {"OCTZOffsetCorrection": offsets[frame]})
    pullback = open_pullback(save(data, tmp_path / "a.dcm"))
    for offset, picture in zip(offsets, pullback.read(0, 3), strict=True):
        profile = picture[: pullback.rows // 2, pullback.columns // 2 - 1 : pullback.columns // 2 + 1].mean(axis=1)
        height_mm = ((pullback.rows - 1) / 2 - np.average(np.arange(len(profile)), weights=profile)) * pullback.spacing.row_mm
        assert height_mm == pytest.approx((50 + offset) * SAMPLE_MM, abs=0.006)


def test_a_ring_stays_a_ring_across_the_seam(tmp_path):
    polar = np.zeros((1, LINES, SAMPLES), np.uint8)
    polar[:, :, 40:60] = 200
    pullback = open_pullback(save(processing(polar), tmp_path / "a.dcm"))
    picture = next(pullback.read(0, 1))
    rows, columns = np.mgrid[: pullback.rows, : pullback.columns] - (pullback.rows - 1) / 2
    radius = np.hypot(rows, columns) * pullback.spacing.row_mm / SAMPLE_MM
    np.testing.assert_array_equal(picture[(radius > 41) & (radius < 58)], 200)
    np.testing.assert_array_equal(picture[(radius < 38) | (radius > 61)], 0)


def test_between_the_last_and_the_first_a_line_lies_their_mean(tmp_path):
    polar = np.full((1, 8, SAMPLES), 100, np.uint8)
    polar[0, 0] = 200
    pullback = open_pullback(save(processing(polar, FirstALineLocation=22.5), tmp_path / "a.dcm"))
    # Eight A-lines lie 45 degrees apart, the first at 22.5: 12 o'clock is midway between the last and the first.
    picture = next(pullback.read(0, 1)).astype(float)
    middle = pullback.columns // 2
    assert picture[10 : middle - 20, middle - 1 : middle + 1].mean() == pytest.approx(150, abs=1)


def test_the_picture_is_square_and_its_spacing_is_that_of_the_a_line(tmp_path):
    pullback = open_pullback(save(processing(spot(20, 70)), tmp_path / "a.dcm"))
    assert pullback.rows == pullback.columns == 2 * SAMPLES
    assert pullback.spacing.row_mm == pullback.spacing.column_mm == pytest.approx(SAMPLE_MM)
    assert "(0052,0014)" in pullback.spacing.in_plane_source


def test_a_long_a_line_gives_a_picture_of_bounded_size_that_spans_the_same_depth(tmp_path):
    pullback = open_pullback(save(processing(spot(20, 700, lines=64, samples=900), ALinePixelSpacing=0.005), tmp_path / "a.dcm"))
    assert pullback.rows <= 1024
    assert pullback.rows * pullback.spacing.row_mm == pytest.approx(2 * 900 * 0.005)


def test_spacing_in_air_is_divided_by_the_refractive_index(tmp_path):
    data = processing(spot(20, 70), RefractiveIndexApplied="NO", EffectiveRefractiveIndex=1.35)
    spacing = open_pullback(save(data, tmp_path / "a.dcm")).spacing
    assert spacing.row_mm == pytest.approx(SAMPLE_MM / 1.35) and "Refractive Index" in spacing.in_plane_source


def test_spacing_in_air_without_a_refractive_index_is_unknown(tmp_path):
    pullback = open_pullback(save(processing(spot(20, 70), RefractiveIndexApplied="NO"), tmp_path / "a.dcm"))
    assert not pullback.spacing.in_plane_known
    assert "air" in pullback.notes[0] and "--pixel-spacing" in pullback.notes[0]


def test_pixel_measures_tell_the_depth_where_the_a_line_spacing_is_missing(tmp_path):
    # Columns are depth, so the column spacing counts; the row spacing of A-lines means nothing.
    data = processing(spot(20, 70), ALinePixelSpacing=None, SharedFunctionalGroupsSequence=pixel_measures(0.9, 0.008))
    assert open_pullback(save(data, tmp_path / "a.dcm")).spacing.row_mm == pytest.approx(0.008)


def test_a_typed_pixel_spacing_is_that_of_the_file_s_samples(tmp_path):
    path = save(processing(spot(20, 700, lines=64, samples=900)), tmp_path / "a.dcm")
    pullback = open_pullback(path, pixel_spacing_mm=0.004)
    assert pullback.rows * pullback.spacing.row_mm == pytest.approx(2 * 900 * 0.004)
    assert "typed by the user" in pullback.spacing.in_plane_source


def test_an_unstated_angle_and_direction_are_told(tmp_path):
    data = processing(spot(20, 70), FirstALineLocation=None, CatheterDirectionOfRotation=None)
    notes = open_pullback(save(data, tmp_path / "a.dcm")).notes
    assert any("(0052,0034)" in note for note in notes) and any("(0052,0031)" in note for note in notes)


@pytest.mark.parametrize("content", [{"NumberOfPaddedALines": LINES}, {"OCTZOffsetCorrection": -SAMPLES}])
def test_impossible_geometry_is_refused(tmp_path, content):
    with pytest.raises(InputError, match="0052,003"):
        open_pullback(save(processing(spot(20, 70), lambda _: content), tmp_path / "a.dcm"))
