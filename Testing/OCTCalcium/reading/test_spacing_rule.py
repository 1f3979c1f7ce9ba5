"""One rule for the spacing of every input: believed, not known, or refused in a sentence."""

import math

import pytest
from LesionReadingLib.errors import InputError
from LesionReadingLib.geometry.spacing import Spacing
from OCTCalciumLib.reading.spacing_rule import checked_spacing, in_mm, stated_unit_mm, unknown_notes

HEADER = "header of the file"


def stated(row, column, frame, in_plane_source=HEADER, frame_source=HEADER):
    return Spacing(row, column, frame, in_plane_source, frame_source)


def numbers(spacing):
    return spacing.row_mm, spacing.column_mm, spacing.frame_mm


@pytest.mark.parametrize(
    "given", [(0.0067, 0.0067, 0.2), (0.0134, 0.0067, 0.1), (0.031, 0.031, 2), (0.01, 0.01, None), (None,) * 3]
)
def test_what_oct_can_have_is_kept_with_its_source(given):
    assert checked_spacing(stated(*given), "The pullback") == stated(*given)


@pytest.mark.parametrize(
    ("given", "left"),
    [
        ((0.01, 0.01, 1.0), (0.01, 0.01, None)),
        ((1.0, 1.0, 0.2), (None, None, 0.2)),
        ((1.0, 0.01, 0.2), (None, None, 0.2)),
        ((0.01, 1.0, 1.0), (None, None, None)),
        ((1.0, 1.0, 1.0), (None, None, None)),
        ((0.9999999, 1.0000001, 0.2), (None, None, 0.2)),
    ],
)
def test_exactly_one_millimetre_on_any_axis_stands_for_not_known(given, left):
    spacing = checked_spacing(stated(*given), "The pullback")
    assert numbers(spacing) == left
    notes = unknown_notes(spacing)
    assert len(notes) == (left[0] is None) + (left[2] is None)
    assert all("exactly 1 mm" in note and "-spacing MM" in note for note in notes)


@pytest.mark.parametrize("dpi", [72, 96, 150, 300, 600, 720])
def test_the_resolution_of_print_or_screen_is_no_pixel_spacing(dpi):
    printed = round(25.4 / dpi, 4)
    assert numbers(checked_spacing(stated(printed, printed, 0.2), "a.nrrd")) == (None, None, 0.2)
    assert numbers(checked_spacing(stated(printed, printed, printed), "a.nrrd")) == (None, None, None)


def test_a_frame_distance_that_only_happens_to_be_like_print_is_kept():
    assert checked_spacing(stated(0.01, 0.01, 25.4 / 96), "a.nrrd").frame_mm == 25.4 / 96


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ((10, 10, 200), "micrometres"),
        ((6.7, 6.7, 0.2), "micrometres"),
        ((0.01, 0.01, 200), "micrometres"),
        ((6.7e-6, 6.7e-6, 0.2), "metres"),
        ((0.01, 0.01, 2e-4), "metres"),
        ((0.5, 0.5, 0.5), "0.5 mm"),
        ((0, 0, 0.2), "0 mm"),
        ((-0.01, 0.01, 0.2), "-0.01 mm"),
        ((0.01, 0.01, 0), "0 mm"),
        ((0.01, 0.01, -0.2), "-0.2 mm"),
        ((math.nan, 0.01, 0.2), "nan"),
        ((0.01, 0.01, math.inf), "inf"),
        ((0.2, 0.0067, 0.0067), "distance between frames"),
    ],
)
def test_what_oct_cannot_have_is_refused_with_what_to_type(given, words):
    with pytest.raises(InputError) as raised:
        checked_spacing(stated(*given), "The label map")
    message = str(raised.value)
    assert message.startswith("The label map") and words in message and "-spacing" in message and HEADER in message


def test_typed_numbers_are_never_doubted():
    typed = "typed by the user"
    spacing = stated(25.4 / 300, 25.4 / 300, 1.0, typed, typed)
    assert checked_spacing(spacing, "The pullback") == spacing
    half = stated(0.01, 0.01, 1.0, typed, HEADER)
    assert numbers(checked_spacing(half, "The pullback")) == (0.01, 0.01, None)


@pytest.mark.parametrize(
    ("name", "line", "unit_mm"),
    [
        ("a.nrrd", 'space units: "um" "um" "um"', 1e-3),
        ("a.nrrd", 'space units: "microns" "microns" "microns"', 1e-3),
        ("a.seg.nrrd", 'space units: "µm" "µm" "µm"', 1e-3),
        ("a.nrrd", 'units: "mm" "mm" "mm"', 1),
        ("a.nhdr", 'space units: "cm" "cm" "cm"', 10),
        ("a.mha", "DistanceUnits = um", 1e-3),
        ("a.mhd", "DistanceUnits = ?", 1),
        ("a.nrrd", "sizes: 3 4 5", 1),
    ],
)
def test_the_unit_that_a_header_names_is_taken(tmp_path, name, line, unit_mm):
    path = tmp_path / name
    path.write_bytes(f"NRRD0004\n{line}\n\n".encode() + b'\nspace units: "um"\n')
    assert stated_unit_mm(path) == unit_mm


@pytest.mark.parametrize("line", ['space units: "um" "um" "mm"', 'space units: "parsec" "parsec" "parsec"', 'units: "s" "mm" "mm"'])
def test_units_that_are_not_one_length_are_refused(tmp_path, line):
    path = tmp_path / "a.nrrd"
    path.write_text(f"NRRD0004\n{line}\n\n")
    with pytest.raises(InputError, match="not one unit of length"):
        stated_unit_mm(path)


def test_stated_micrometres_become_millimetres_and_one_stays_not_known():
    assert numbers(in_mm(stated(10, 10, 200), 1e-3)) == pytest.approx((0.01, 0.01, 0.2))
    assert numbers(checked_spacing(in_mm(stated(10, 10, 1), 1e-3), "a.nrrd")) == (0.01, 0.01, None)
