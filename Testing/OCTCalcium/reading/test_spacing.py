"""Spacing: taken from where it is stated, told with its source, corrected or refused, never guessed."""

import numpy as np
import pytest
from dicom_files import ULTRASOUND_MULTI_FRAME, dicom, item, noise, pixel_measures, save
from LesionReadingLib.errors import InputError
from OCTCalciumLib.reading.read import open_pullback

SHARED = pixel_measures(0.007, 0.008)
REGION = [
    item(PhysicalUnitsXDirection=3, PhysicalUnitsYDirection=3, PhysicalDeltaX=0.0009, PhysicalDeltaY=-0.0010, RegionSpatialFormat=1)
]
SHARED_SOURCE = "DICOM (5200,9229) Shared Pixel Measures (0028,0030) Pixel Spacing"


def spacing_of(tmp_path, frames=4, typed=None, **attributes):
    path = save(dicom(noise(frames), **attributes), tmp_path / "a.dcm")
    return open_pullback(path, **(typed or {})).spacing


def per_frame(values):
    return [item(PixelMeasuresSequence=[item(PixelSpacing=[value, value])]) for value in values]


def distances(values):
    return [item(IntravascularFrameContentSequence=[item(IntravascularLongitudinalDistance=float(value))]) for value in values]


@pytest.mark.parametrize(
    ("attributes", "expected", "source"),
    [
        (
            {"PerFrameFunctionalGroupsSequence": per_frame([0.006] * 4), "SharedFunctionalGroupsSequence": SHARED},
            (0.006, 0.006),
            "(5200,9230)",
        ),
        ({"SharedFunctionalGroupsSequence": SHARED, "PixelSpacing": [0.0071, 0.0081]}, (0.007, 0.008), SHARED_SOURCE),
        ({"PixelSpacing": [0.009, 0.01], "SequenceOfUltrasoundRegions": REGION}, (0.009, 0.01), "DICOM (0028,0030) Pixel Spacing"),
        ({"SequenceOfUltrasoundRegions": REGION}, (0.010, 0.009), "(0018,602C)"),
        ({}, (None, None), "unknown"),
    ],
)
def test_the_in_plane_spacing_comes_from_the_most_trusted_place(tmp_path, attributes, expected, source):
    spacing = spacing_of(tmp_path, **attributes)
    assert (spacing.row_mm, spacing.column_mm) == pytest.approx(expected)
    assert source in spacing.in_plane_source


@pytest.mark.parametrize(
    ("attributes", "expected", "source"),
    [
        (
            {
                "PerFrameFunctionalGroupsSequence": distances([0, 0.15, 0.15, 0.15]),
                "IVUSPullbackRate": 36,
                "CatheterRotationalRate": 180.0,
            },
            0.15,
            "(0052,0028)",
        ),
        ({"PerFrameFunctionalGroupsSequence": distances([0, -0.15, -0.15, -0.15])}, 0.15, "(0052,0028)"),
        ({"PerFrameFunctionalGroupsSequence": distances([0, 0.15, 0.3, 0.45])}, 0.15, "(0052,0028)"),
        ({"IVUSPullbackRate": 36, "CatheterRotationalRate": 180.0, "FrameTime": 100}, 0.2, "(0052,0013)"),
        ({"IVUSPullbackRate": 36, "ALineRate": 90000.0, "ALinesPerFrame": 500}, 0.2, "(0052,0011)"),
        ({"IVUSPullbackRate": 18, "FrameTime": 10, "SpacingBetweenSlices": 3}, 0.18, "(0018,1063)"),
        ({"IVUSPullbackRate": 20, "AcquisitionDuration": 0.02}, 0.1, "(0018,9073)"),
        ({"SpacingBetweenSlices": 0.3}, 0.3, "(0018,0088)"),
        ({"IVUSPullbackRate": 36, "CatheterRotationalRate": 180.0, "IVUSAcquisition": "MANUAL"}, None, "unknown"),
        ({"IVUSPullbackRate": 36}, None, "unknown"),
        ({"CatheterRotationalRate": 180.0, "FrameTime": 10}, None, "unknown"),
    ],
)
def test_the_frame_distance_comes_from_the_most_trusted_place(tmp_path, attributes, expected, source):
    spacing = spacing_of(tmp_path, **attributes)
    assert spacing.frame_mm == pytest.approx(expected)
    assert source in spacing.frame_source


def test_typed_spacing_takes_precedence_and_says_so(tmp_path):
    typed = {"pixel_spacing_mm": 0.005, "frame_spacing_mm": 0.1}
    spacing = spacing_of(tmp_path, typed=typed, SharedFunctionalGroupsSequence=SHARED, SpacingBetweenSlices=0.3)
    assert (spacing.row_mm, spacing.column_mm, spacing.frame_mm) == (0.005, 0.005, 0.1)
    assert spacing.in_plane_source == spacing.frame_source == "typed by the user"


def test_a_calibration_multiplies_the_in_plane_spacing_and_says_so(tmp_path):
    spacing = spacing_of(tmp_path, typed={"calibration": 1.05}, SharedFunctionalGroupsSequence=SHARED, SpacingBetweenSlices=0.3)
    assert (spacing.row_mm, spacing.column_mm, spacing.frame_mm) == pytest.approx((0.00735, 0.0084, 0.3))
    assert spacing.in_plane_source == f"{SHARED_SOURCE}, multiplied by the calibration factor 1.05"


def test_two_different_statements_are_told(tmp_path):
    path = save(dicom(noise(3), SpacingBetweenSlices=0.4, IVUSPullbackRate=36, CatheterRotationalRate=180.0), tmp_path / "a.dcm")
    pullback = open_pullback(path)
    assert any("another spacing" in note and "0.4 mm" in note and "0.2 mm" in note for note in pullback.notes)


@pytest.mark.parametrize(
    "attributes",
    [
        {"PixelSpacing": [0, 0]},
        {"PixelSpacing": [-0.01, 0.01]},
        {"PixelSpacing": [0.01, 0.5]},
        {"PixelSpacing": [7, 7]},
        {"PixelSpacing": [0.0001, 0.0001]},
        {"SharedFunctionalGroupsSequence": pixel_measures(0, 0)},
        {"SpacingBetweenSlices": 0},
        {"SpacingBetweenSlices": 200},
        {"SpacingBetweenSlices": 0.001},
        {"PerFrameFunctionalGroupsSequence": distances([0, 0, 0, 0])},
        {"PerFrameFunctionalGroupsSequence": per_frame([0.006, 0.006, 0.007, 0.006])},
        {"PerFrameFunctionalGroupsSequence": distances([0, 0.1, 0.2, 0.1])},
    ],
)
def test_a_spacing_that_cannot_be_right_is_refused_with_how_to_type_it(tmp_path, attributes):
    with pytest.raises(InputError) as raised:
        spacing_of(tmp_path, **attributes)
    in_plane = "PixelSpacing" in str(attributes) or "Pixel Spacing" in str(attributes)
    assert ("--pixel-spacing" if in_plane else "--frame-spacing") in str(raised.value)


def test_a_typed_spacing_replaces_one_that_cannot_be_right(tmp_path):
    typed = {"pixel_spacing_mm": 0.007, "frame_spacing_mm": 0.2}
    groups = distances([0, 0.1, 0.2, 0.1])
    spacing = spacing_of(tmp_path, typed=typed, PixelSpacing=[7, 7], PerFrameFunctionalGroupsSequence=groups)
    assert (spacing.row_mm, spacing.frame_mm) == (0.007, 0.2)


@pytest.mark.parametrize("value", [0, -0.01, float("nan"), float("inf"), 10])
@pytest.mark.parametrize("name", ["pixel_spacing_mm", "frame_spacing_mm", "calibration"])
def test_a_typed_number_that_cannot_be_right_is_refused(tmp_path, name, value):
    with pytest.raises(InputError, match="is not between"):
        spacing_of(tmp_path, typed={name: value}, SharedFunctionalGroupsSequence=SHARED)


def test_a_calibration_without_a_spacing_is_refused(tmp_path):
    with pytest.raises(InputError, match="needs a pixel spacing"):
        spacing_of(tmp_path, typed={"calibration": 1.05})


def test_unequal_positions_of_files_are_refused_and_a_typed_distance_helps(tmp_path):
    pixels = noise(4)
    for index, position in enumerate((0, 0.2, 0.55, 0.7)):
        save(dicom(pixels[index : index + 1], NumberOfFrames=None, SliceLocation=position), tmp_path / f"{index}.dcm")
    with pytest.raises(InputError, match="equal distances"):
        open_pullback(tmp_path)
    np.testing.assert_array_equal(np.stack(list(open_pullback(tmp_path, frame_spacing_mm=0.2).read(0, 4))), pixels)


def test_a_region_in_other_units_is_not_believed(tmp_path):
    flow = [item(PhysicalUnitsXDirection=4, PhysicalUnitsYDirection=7, PhysicalDeltaX=0.001, PhysicalDeltaY=0.001)]
    spacing = spacing_of(tmp_path, SOPClassUID=ULTRASOUND_MULTI_FRAME, Modality="US", SequenceOfUltrasoundRegions=flow)
    assert not spacing.in_plane_known


# A number that is stated but belongs to something else.


def notes_of(tmp_path, frames=4, **attributes):
    return open_pullback(save(dicom(noise(frames), **attributes), tmp_path / "a.dcm"))


@pytest.mark.parametrize(
    "attributes",
    [
        {"FrameTime": 33.33, "CineRate": 30, "IVUSPullbackRate": 36},
        {"FrameTime": 40, "RecommendedDisplayFrameRate": 25, "IVUSPullbackRate": 5},
        {"FrameTime": 20, "CineRate": 50, "IVUSPullbackRate": 10},
        {"FrameTime": 33, "IVUSPullbackRate": 6},  # 30 frames per second are video's, also where 0.2 mm would come out
        {"FrameTime": 41.67, "IVUSPullbackRate": 5},
        {"FrameTime": 100, "IVUSPullbackRate": 36},  # 3.6 mm
        {"FrameTime": 1, "IVUSPullbackRate": 10},  # 0.01 mm
    ],
)
def test_a_rate_of_display_is_not_the_catheters(tmp_path, attributes):
    pullback = notes_of(tmp_path, **attributes)
    assert pullback.spacing.frame_mm is None and "(0018,1063) Frame Time" in pullback.spacing.frame_source
    assert any("frame spacing is not known" in note and "--frame-spacing" in note for note in pullback.notes)
    assert not any("), as its" in note for note in pullback.notes)  # what is stated is not so because of what speaks against it
    assert notes_of(tmp_path, **attributes, CatheterRotationalRate=180.0, ALinesPerFrame=500).spacing.frame_mm in (
        None,
        pytest.approx(attributes["IVUSPullbackRate"] / 180),
    )


@pytest.mark.parametrize(
    ("attributes", "frame_mm"),
    [
        ({"FrameTime": 1000 / 180, "IVUSPullbackRate": 36}, 0.2),
        ({"FrameTime": 10, "CineRate": 100, "IVUSPullbackRate": 20}, 0.2),  # a console that acquires 100 frames per second
        ({"FrameTime": 64, "IVUSPullbackRate": 1}, 0.064),  # the first generation: 15.6 frames per second
    ],
)
def test_a_frame_time_of_acquisition_is_believed(tmp_path, attributes, frame_mm):
    assert notes_of(tmp_path, **attributes).spacing.frame_mm == pytest.approx(frame_mm, rel=1e-3)


@pytest.mark.parametrize("values", [[0, 0, 0, 0], [0, 0, 0.2, 0.2], [54, 54, 54, 54], [1, 1, 1, 1]])
def test_distances_that_were_not_filled_in_do_not_outrank_a_pullback_rate(tmp_path, values):
    rate = {"IVUSPullbackRate": 18, "CatheterRotationalRate": 180.0}
    pullback = notes_of(tmp_path, PerFrameFunctionalGroupsSequence=distances(values), **rate)
    assert pullback.spacing.frame_mm == pytest.approx(0.1) and "(0052,0013)" in pullback.spacing.frame_source
    assert any("(0052,0028)" in note for note in pullback.notes)


@pytest.mark.parametrize(
    ("attributes", "row_mm"),
    [
        ({"PixelSpacing": [1, 1]}, None),
        ({"PixelSpacing": [1, 1], "SequenceOfUltrasoundRegions": REGION}, 0.010),
        ({"PixelSpacing": [0.3528, 0.3528], "SequenceOfUltrasoundRegions": REGION}, 0.010),
        ({"PixelSpacing": [0.2646, 0.2646]}, None),
        ({"PixelSpacing": [0, 0], "SequenceOfUltrasoundRegions": REGION}, 0.010),
    ],
)
def test_a_default_or_a_printing_resolution_is_passed_over(tmp_path, attributes, row_mm):
    assert spacing_of(tmp_path, **attributes).row_mm == row_mm
    assert spacing_of(tmp_path, typed={"pixel_spacing_mm": 0.006}, **attributes).row_mm == 0.006


@pytest.mark.parametrize("value", [1, 1.0])
def test_frames_exactly_one_millimetre_apart_are_not_known(tmp_path, value):
    assert spacing_of(tmp_path, SpacingBetweenSlices=value).frame_mm is None
    assert spacing_of(tmp_path, SpacingBetweenSlices=value, IVUSPullbackRate=18, CatheterRotationalRate=180.0).frame_mm == 0.1


# The round picture and the region that it lies in.

ROUND = ((180, 240), (90.0, 90.0, 80.0))  # shape of a frame; row, column and radius of its picture, with a panel to the right


def round_pictures(aspect=1.0):
    """(6, rows, columns) uint8: speckle in a circle, nothing beyond."""
    (rows, columns), (row, column, radius) = ROUND
    down, across = np.mgrid[: round(rows / aspect), :columns]
    inside = np.hypot(down * aspect - row, across - column) < radius
    speckle = np.random.default_rng(3).integers(40, 200, (6, *inside.shape))
    return np.where(inside, speckle, 0).astype(np.uint8)


def region(rows, columns, millimetres):
    return item(
        PhysicalUnitsXDirection=3,
        PhysicalUnitsYDirection=3,
        PhysicalDeltaX=millimetres / 10,
        PhysicalDeltaY=millimetres / 10,
        RegionSpatialFormat=1,
        RegionLocationMinY0=rows[0],
        RegionLocationMaxY1=rows[1],
        RegionLocationMinX0=columns[0],
        RegionLocationMaxX1=columns[1],
    )


def exported(tmp_path, **attributes):
    data = dicom(round_pictures(), SOPClassUID=ULTRASOUND_MULTI_FRAME, Modality="US", **attributes)
    return open_pullback(save(data, tmp_path / "a.dcm"))


@pytest.mark.parametrize(
    ("regions", "column_mm"),
    [
        ([region((0, 179), (0, 179), 0.05), region((0, 179), (180, 239), 0.15)], 0.05),
        ([region((0, 179), (180, 239), 0.15), region((0, 179), (0, 179), 0.05)], 0.05),
        ([region((0, 179), (0, 239), 0.15), region((5, 175), (5, 175), 0.05)], 0.05),  # the smallest that holds it
        ([region((0, 60), (0, 239), 0.1)], None),
        ([region((0, 179), (170, 239), 0.05)], None),
        ([region((0, 719), (0, 959), 0.0125)], None),  # of the picture before its size was changed
    ],
)
def test_the_calibration_is_that_of_the_region_with_the_round_picture(tmp_path, regions, column_mm):
    spacing = exported(tmp_path, SequenceOfUltrasoundRegions=regions).spacing
    assert spacing.column_mm == (None if column_mm is None else pytest.approx(column_mm))
    assert "(0018,6011)" in spacing.in_plane_source


@pytest.mark.parametrize(("stated_mm", "believed"), [(0.05, True), (0.09, True), (0.0125, False), (0.15, False)])
def test_a_pixel_spacing_by_which_the_picture_would_be_of_another_size_is_not_its_own(tmp_path, stated_mm, believed):
    pullback = exported(tmp_path, PixelSpacing=[stated_mm, stated_mm])
    assert pullback.spacing.in_plane_known == believed
    assert believed or any("the round picture would be" in note for note in pullback.notes)


def test_files_of_one_series_with_different_pixel_spacings_are_refused(tmp_path):
    for index, frame in enumerate(noise(3)):
        save(
            dicom(frame[None], NumberOfFrames=1, InstanceNumber=index, PixelSpacing=[0.01 + 0.001 * index] * 2),
            tmp_path / f"{index}",
        )
    with pytest.raises(InputError, match="different pixel spacings"):
        open_pullback(tmp_path)
    assert open_pullback(tmp_path, 0.01).spacing.row_mm == 0.01
