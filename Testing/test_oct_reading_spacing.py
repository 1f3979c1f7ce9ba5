"""Spacing: taken from where it is stated, told with its source, corrected or refused, never guessed."""

import numpy as np
import pytest
from dicom_files import ULTRASOUND_MULTI_FRAME, dicom, item, noise, pixel_measures, save
from LesionReadingLib.errors import InputError
from OCTCalciumLib.reading import open_pullback

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
    with pytest.raises(InputError) as told:
        spacing_of(tmp_path, **attributes)
    in_plane = "PixelSpacing" in str(attributes) or "Pixel Spacing" in str(attributes)
    assert ("--pixel-spacing" if in_plane else "--frame-spacing") in str(told.value)


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
