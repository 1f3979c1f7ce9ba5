"""Label maps in and out: what Slicer, DICOM and plain image files say must come back in one grid with the right values."""

from __future__ import annotations

import gzip

import numpy as np
import pytest
import SimpleITK as sitk
from LesionReadingLib.errors import InputError
from LesionReadingLib.geometry.grid import even_grid
from LesionReadingLib.geometry.spacing import Spacing
from LesionReadingLib.labels.label_map import whole_labels
from LesionReadingLib.labels.read import read_label_map
from LesionReadingLib.labels.seg_nrrd import write_seg_nrrd
from OCTCalciumLib.segments import SEGMENTS, read_oct_label_map
from pydicom import dcmread
from seg_files import oct_source, write_seg

OBLIQUE = (0.0, -1.0, 0.0, 0.6, 0.0, 0.8, -0.8, 0.0, 0.6)  # a rotation; its columns are the axes i, j, k
FLIPPED = (-1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, -1.0)
IDENTITY = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)


@pytest.fixture
def some_labels():
    labels = np.zeros((5, 12, 16), np.uint8)
    labels[1:4, 3:9, 4:12] = 3
    labels[2, 4:6, 5:7] = 1
    labels[3, 7, 8:11] = 2
    return labels


def _raw_nrrd(path, array, lines):
    path.write_bytes(
        "\n".join(["NRRD0004", "encoding: gzip", "type: unsigned char", *lines]).encode() + b"\n\n" + gzip.compress(array.tobytes())
    )
    return path


@pytest.mark.parametrize("value", [2, -1, 256, 4000])
def test_segments_have_the_values_of_their_file_and_one_that_no_voxel_can_have_is_empty(tmp_path, some_labels, value):
    lines = ["dimension: 3", "sizes: 16 12 5", "space: left-posterior-superior", "space origin: (0,0,0)"]
    lines += ["space directions: (0.1,0,0) (0,0.1,0) (0,0,0.2)", "Segment0_Name:=lumen", "Segment0_LabelValue:=1"]
    lines += [f"Segment1_Name:=guidewire\nSegment1_LabelValue:={value}", "Segment2_Name:=calcium", "Segment2_LabelValue:=3"]
    read = read_label_map(_raw_nrrd(tmp_path / "a.seg.nrrd", some_labels, lines), SEGMENTS).labels
    assert np.array_equal(read, np.array([0, 3, 2 if value == 2 else 0, 1], np.uint8)[some_labels])


@pytest.mark.parametrize("direction", [IDENTITY, OBLIQUE, FLIPPED])
def test_a_segmentation_comes_back_as_it_was_written(tmp_path, some_labels, direction):
    spacing = Spacing(0.0123, 0.0456, 0.2, "DICOM (0028,0030) Pixel Spacing", "typed by the user")
    grid = even_grid(some_labels.shape, spacing, (1.5, -2.25, 3.0), direction)
    write_seg_nrrd(tmp_path / "a.seg.nrrd", some_labels, grid, SEGMENTS)
    read = read_label_map(tmp_path / "a.seg.nrrd", SEGMENTS)
    assert np.array_equal(read.labels, some_labels)
    assert read.labels.dtype == np.uint8
    assert (read.spacing.row_mm, read.spacing.column_mm, read.spacing.frame_mm) == pytest.approx((0.0123, 0.0456, 0.2))
    assert (read.spacing.in_plane_source, read.spacing.frame_source) == (spacing.in_plane_source, spacing.frame_source)
    assert read.grid.origin_mm == pytest.approx((1.5, -2.25, 3.0))
    assert read.grid.direction == pytest.approx(direction)


def test_another_reader_sees_the_geometry_the_names_and_the_terminology(tmp_path, some_labels):
    write_seg_nrrd(
        tmp_path / "a.seg.nrrd", some_labels, even_grid(some_labels.shape, Spacing(0.01, 0.02, 0.2), (1, 2, 3), OBLIQUE), SEGMENTS
    )
    image = sitk.ReadImage(str(tmp_path / "a.seg.nrrd"))
    assert image.GetSpacing() == pytest.approx((0.02, 0.01, 0.2))
    assert image.TransformIndexToPhysicalPoint((3, 0, 0)) == pytest.approx((1, 2 + 0.06 * 0.6, 3 - 0.06 * 0.8))
    assert [image.GetMetaData(f"Segment{n}_Name") for n in range(3)] == ["calcium", "guidewire", "lumen"]
    assert [image.GetMetaData(f"Segment{n}_LabelValue") for n in range(3)] == ["1", "2", "3"]
    assert [image.GetMetaData(f"Segment{n}_Extent") for n in range(3)] == ["5 6 4 5 2 2", "8 10 7 7 3 3", "4 11 3 8 1 3"]
    for number, (scheme, value) in enumerate((("SCT", "29483008"), ("SCT", "272224001"), ("SCT", "91747007"))):
        tag = image.GetMetaData(f"Segment{number}_Tags")
        parts = tag.removeprefix("TerminologyEntry:").removesuffix("|").split("~")
        assert len(parts) == 7
        assert parts[0] == "Segmentation category and type - DICOM master list"
        assert parts[2].split("^")[:2] == [scheme, value]
        assert parts[4] == "Anatomic codes - DICOM master list"
        assert parts[5].split("^")[:2] == ["SCT", "41801008"]
        assert all(part.count("^") == 2 for part in (*parts[1:4], *parts[5:]))


@pytest.mark.parametrize(
    "unknown", [Spacing(None, None, 0.2), Spacing(0.01, 0.01, None), Spacing(None, None, None)], ids=["in-plane", "frame", "both"]
)
def test_an_unknown_spacing_is_still_unknown_after_a_round_trip(tmp_path, some_labels, unknown):
    write_seg_nrrd(tmp_path / "a.seg.nrrd", some_labels, even_grid(some_labels.shape, unknown), SEGMENTS)
    read = read_label_map(tmp_path / "a.seg.nrrd", SEGMENTS).spacing
    assert (read.row_mm, read.column_mm, read.frame_mm) == (unknown.row_mm, unknown.column_mm, unknown.frame_mm)


def test_a_typed_spacing_takes_precedence_and_says_so(tmp_path, some_labels):
    write_seg_nrrd(tmp_path / "a.seg.nrrd", some_labels, even_grid(some_labels.shape, Spacing(None, None, None)), SEGMENTS)
    read = read_label_map(tmp_path / "a.seg.nrrd", SEGMENTS, pixel_spacing_mm=0.0068, frame_spacing_mm=0.1).spacing
    assert read == Spacing(0.0068, 0.0068, 0.1, "typed by the user", "typed by the user")


def test_segments_are_found_by_name_in_layers_with_other_label_values(tmp_path):
    layers = np.zeros((2, 3, 4, 5), np.uint8)  # layer, frames, rows, columns
    layers[0, :, 1, :] = 7  # Guide wire
    layers[0, :, 2, :] = 5  # a tissue that is none of ours
    layers[1, :, :, 1:3] = 1  # Lumen, overlapping the wire
    layers[1, 1, 1, 4] = 2  # Calcified plaque, overlapping the wire
    path = _raw_nrrd(
        tmp_path / "slicer.seg.nrrd",
        np.ascontiguousarray(np.moveaxis(layers, 0, -1)),
        [
            "dimension: 4",
            "space: left-posterior-superior",
            "sizes: 2 5 4 3",
            "space directions: none (0.02,0,0) (0,0.01,0) (0,0,0.2)",
            "kinds: list domain domain domain",
            "space origin: (0,0,0)",
            *("Segment0_ID:=Segment_1", "Segment0_Name:=Guide wire", "Segment0_LabelValue:=7", "Segment0_Layer:=0"),
            *("Segment1_ID:=Segment_2", "Segment1_Name:=Lipid", "Segment1_LabelValue:=5", "Segment1_Layer:=0"),
            *("Segment2_ID:=Segment_3", "Segment2_Name:=Vessel LUMEN", "Segment2_LabelValue:=1", "Segment2_Layer:=1"),
            *("Segment3_ID:=Segment_4", "Segment3_Name:=Calcified plaque", "Segment3_LabelValue:=2", "Segment3_Layer:=1"),
        ],
    )
    read = read_label_map(path, SEGMENTS)
    expected = np.zeros((3, 4, 5), np.uint8)
    expected[:, :, 1:3] = 3
    expected[:, 1, :] = 2
    expected[1, 1, 4] = 1
    assert np.array_equal(read.labels, expected)
    assert (read.spacing.row_mm, read.spacing.column_mm, read.spacing.frame_mm) == pytest.approx((0.01, 0.02, 0.2))


def test_segments_in_layers_of_their_own_are_numbered_by_their_order(tmp_path):
    # Slicer counts label values anew in each layer, so two segments have the value 1.
    path = _raw_nrrd(
        tmp_path / "a.seg.nrrd",
        np.array([[[[1, 0], [0, 1]]]], np.uint8),
        [
            *("dimension: 4", "sizes: 2 2 1 1", "kinds: list domain domain domain"),
            *("Segment0_Name:=A", "Segment0_LabelValue:=1", "Segment0_Layer:=0"),
            *("Segment1_Name:=B", "Segment1_LabelValue:=1", "Segment1_Layer:=1"),
        ],
    )
    read = read_label_map(path, SEGMENTS, chosen={"1": "calcium", "2": "lumen"})
    assert read.messages == ("Segments of the label map: number 1 is taken as calcium, number 2 is taken as lumen.",)
    assert read.labels.tolist() == [[[1, 3]]]


def test_a_plaque_that_is_not_calcified_is_not_calcium(tmp_path):
    path = _raw_nrrd(
        tmp_path / "a.seg.nrrd",
        np.array([[[1, 2]]], np.uint8),
        ["dimension: 3", "sizes: 2 1 1", "Segment0_Name:=Non-calcified plaque", "Segment0_LabelValue:=1",
         "Segment1_Name:=calcium", "Segment1_LabelValue:=2"],
    )  # fmt: skip
    assert read_label_map(path, SEGMENTS).labels.tolist() == [[[0, 1]]]


def test_segments_without_telling_names_keep_their_numbers(tmp_path):
    path = _raw_nrrd(
        tmp_path / "a.seg.nrrd",
        np.array([[[1, 3]]], np.uint8),
        ["dimension: 3", "sizes: 2 1 1", "Segment0_Name:=Segment_1", "Segment0_LabelValue:=1",
         "Segment1_Name:=Segment_3", "Segment1_LabelValue:=3"],
    )  # fmt: skip
    assert read_label_map(path, SEGMENTS).labels.tolist() == [[[1, 3]]]


@pytest.mark.parametrize("with_reference", [True, False])
def test_a_cropped_segmentation_comes_back_in_the_full_grid(tmp_path, with_reference):
    crop = np.ones((2, 3, 4), np.uint8)  # at i 5-8, j 2-4, k 1-2 of a grid of 20 x 10 x 6
    matrix = "-0.02;0;0;-1;0;-0.01;0;-2;0;0;0.2;3;0;0;0;1;"
    geometry = f"Reference image geometry|{matrix}0;19;0;9;0;5;|Description.&Smoothing factor|0.5|Description."
    path = _raw_nrrd(
        tmp_path / "a.seg.nrrd",
        crop,
        [
            "dimension: 3",
            "space: left-posterior-superior",
            "sizes: 4 3 2",
            "space directions: (0.02,0,0) (0,0.01,0) (0,0,0.2)",
            "space origin: (1.1,2.02,3.2)",
            "Segmentation_ReferenceImageExtentOffset:=5 2 1",
            *([f"Segmentation_ConversionParameters:={geometry}"] if with_reference else []),
            *("Segment0_Name:=calcium", "Segment0_LabelValue:=1", "Segment0_Layer:=0"),
        ],
    )  # fmt: skip
    read = read_label_map(path, SEGMENTS)
    expected = np.zeros((6, 10, 20) if with_reference else (3, 5, 9), np.uint8)
    expected[1:3, 2:5, 5:9] = 1
    assert np.array_equal(read.labels, expected)
    assert read.grid.origin_mm == pytest.approx((1.0, 2.0, 3.0))


@pytest.mark.parametrize("suffix", ["nrrd", "nii.gz", "mha"])
@pytest.mark.parametrize("direction", [OBLIQUE, FLIPPED])
def test_plain_label_images_keep_values_and_geometry(tmp_path, some_labels, suffix, direction):
    image = sitk.GetImageFromArray(some_labels.astype(np.int16))
    image.SetSpacing((0.02, 0.01, 0.2))
    image.SetOrigin((4, 5, 6))
    image.SetDirection(direction)
    sitk.WriteImage(image, str(tmp_path / f"a.{suffix}"))
    read = read_label_map(tmp_path / f"a.{suffix}", SEGMENTS)
    assert np.array_equal(read.labels, some_labels)
    assert (read.spacing.row_mm, read.spacing.column_mm, read.spacing.frame_mm) == pytest.approx((0.01, 0.02, 0.2))
    assert read.grid.direction == pytest.approx(direction, abs=1e-5)
    assert read.grid.origin_mm == pytest.approx((4, 5, 6), abs=1e-5)


def test_a_two_dimensional_image_is_a_pullback_of_one_frame_without_frame_spacing(tmp_path, some_labels):
    image = sitk.GetImageFromArray(some_labels[2])
    image.SetSpacing((0.02, 0.01))
    sitk.WriteImage(image, str(tmp_path / "a.mha"))
    read = read_label_map(tmp_path / "a.mha", SEGMENTS)
    assert np.array_equal(read.labels, some_labels[2:3])
    assert (read.spacing.row_mm, read.spacing.frame_mm) == (pytest.approx(0.01), None)


def test_a_header_without_spacing_gives_no_spacing(tmp_path, some_labels):
    path = _raw_nrrd(tmp_path / "a.nrrd", some_labels, ["dimension: 3", "sizes: 16 12 5"])
    read = read_label_map(path, SEGMENTS)
    assert np.array_equal(read.labels, some_labels)
    assert not read.spacing.in_plane_known
    assert read.spacing.frame_mm is None


def test_a_pixel_of_one_millimetre_is_no_known_spacing_in_a_pullback(tmp_path, some_labels):
    sitk.WriteImage(sitk.GetImageFromArray(some_labels), str(tmp_path / "a.nii.gz"))
    read = read_oct_label_map(tmp_path / "a.nii.gz").spacing
    assert (read.row_mm, read.column_mm, read.frame_mm) == (None, None, None)
    typed = read_oct_label_map(tmp_path / "a.nii.gz", 0.007, 0.2).spacing
    assert (typed.row_mm, typed.column_mm, typed.frame_mm) == (0.007, 0.007, 0.2)


@pytest.mark.parametrize("kind", ["BINARY", "LABELMAP"])
@pytest.mark.parametrize("step_mm", [0.2, -0.2])
def test_a_dicom_seg_of_a_multi_frame_pullback_keeps_its_frame_numbers(tmp_path, some_labels, kind, step_mm):
    path = write_seg(tmp_path / "seg.dcm", some_labels, oct_source(5, step_mm, multi_frame=True), kind)
    read = read_label_map(path, SEGMENTS)
    assert np.array_equal(read.labels, some_labels[:4])  # the empty last frame is not stored
    assert (read.spacing.row_mm, read.spacing.column_mm, read.spacing.frame_mm) == pytest.approx((0.01, 0.02, 0.2))
    assert read.grid.origin_mm == pytest.approx((0, 0, 0))
    assert read.grid.direction[8] == pytest.approx(np.sign(step_mm))


@pytest.mark.parametrize(
    ("kind", "stated"),
    [(kind, other) for kind in ("BINARY", "LABELMAP") for other in ("BINARY", "FRACTIONAL", "LABELMAP") if other != kind],
)
def test_a_dicom_seg_of_two_kinds_at_once_is_refused(tmp_path, some_labels, kind, stated):
    data = dcmread(write_seg(tmp_path / "seg.dcm", some_labels, oct_source(5, 0.2, multi_frame=True), kind))
    data.SegmentationType = stated
    data.MaximumFractionalValue = 255
    data.save_as(tmp_path / "seg.dcm")
    with pytest.raises(InputError, match="contradicts itself"):
        read_label_map(tmp_path / "seg.dcm", SEGMENTS)


def test_a_dicom_seg_of_single_images_is_ordered_by_position_and_its_step_is_not_the_slice_thickness(tmp_path, some_labels):
    sources = oct_source(5, 0.2, multi_frame=False)
    path = write_seg(tmp_path / "seg.dcm", some_labels, sources)
    read = read_label_map(tmp_path, SEGMENTS)
    assert path.exists()
    assert np.array_equal(read.labels, some_labels[1:4])
    assert read.grid.origin_mm == pytest.approx((0, 0, 0.2))
    assert read.spacing.frame_mm == pytest.approx(0.2)


def test_segments_of_a_dicom_seg_in_another_order_are_matched_by_name(tmp_path, some_labels):
    other_order = np.array([0, 2, 3, 1], np.uint8)[some_labels]  # lumen 1, calcium 2, wire 3
    names = ("Lumen", "Calcified plaque", "Guide wire")
    path = write_seg(tmp_path / "seg.dcm", other_order, oct_source(5, 0.2, True), names=names)
    assert np.array_equal(read_label_map(path, SEGMENTS).labels, some_labels[:4])


def test_a_dicom_seg_without_any_known_segment_is_refused(tmp_path, some_labels):
    path = write_seg(tmp_path / "seg.dcm", some_labels, oct_source(5, 0.2, True), names=("liver", "spleen", "bone"))
    with pytest.raises(InputError, match="number 1 is left out, number 2 is left out, number 3 is left out"):
        read_label_map(path, SEGMENTS)


def test_a_cut_off_dicom_seg_is_refused(tmp_path, some_labels):
    path = write_seg(tmp_path / "seg.dcm", some_labels, oct_source(5, 0.2, True))
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(InputError, match="cut off"):
        read_label_map(path, SEGMENTS)


def test_a_dicom_image_is_not_a_label_map(tmp_path):
    source = oct_source(2, 0.2, True)[0]
    source.save_as(tmp_path / "image.dcm", enforce_file_format=True)
    with pytest.raises(InputError, match="not a segmentation"):
        read_label_map(tmp_path / "image.dcm", SEGMENTS)


def test_a_folder_of_two_segmentations_is_refused_with_their_names(tmp_path, some_labels):
    for name in ("one.dcm", "two.dcm"):
        write_seg(tmp_path / name, some_labels, oct_source(5, 0.2, True))
    with pytest.raises(InputError, match=r"one\.dcm, two\.dcm"):
        read_label_map(tmp_path, SEGMENTS)


@pytest.mark.parametrize("content", [b"", b"not an image at all", b"NRRD0004\ntype: unsigned char\n\n"])
def test_a_file_that_is_no_label_map_is_refused_in_one_sentence(tmp_path, content):
    (tmp_path / "a.seg.nrrd").write_bytes(content)
    with pytest.raises(InputError, match=r"cannot be read|is empty") as error:
        read_label_map(tmp_path / "a.seg.nrrd", SEGMENTS)
    assert "\n" not in str(error.value)


def test_a_truncated_segmentation_is_refused(tmp_path):
    labels = np.random.default_rng(1).integers(0, 4, (4, 64, 64)).astype(np.uint8)
    write_seg_nrrd(tmp_path / "a.seg.nrrd", labels, even_grid(labels.shape, Spacing(0.01, 0.01, 0.2)), SEGMENTS)
    whole = (tmp_path / "a.seg.nrrd").read_bytes()
    (tmp_path / "a.seg.nrrd").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match="cannot be read"):
        read_label_map(tmp_path / "a.seg.nrrd", SEGMENTS)


def test_a_path_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(InputError, match="missing"):
        read_label_map(tmp_path / "missing.nrrd", SEGMENTS)


NAMES = ("background", "calcium", "guidewire", "lumen")


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        (np.full((2, 4, 4), np.nan), "NaN or fractions"),
        (np.full((2, 4, 4), 0.5), "NaN or fractions"),
        (np.full((2, 4, 4), 4), "unknown label values"),
        (np.full((2, 4, 4), -1), "unknown label values"),
        (np.full((2, 4, 4), np.inf), "unknown label values"),
        (np.zeros((2, 2, 4, 4), np.uint8), "3 dimensions"),
        (np.zeros(4, np.uint8), "3 dimensions"),
        (np.zeros((0, 4, 4), np.uint8), "empty"),
        (np.full((2, 4, 4), "a"), "whole numbers"),
    ],
    ids=["nan", "fraction", "too large", "negative", "infinite", "4D", "1D", "empty", "text"],
)
def test_values_that_are_no_labels_are_refused_at_the_door(values, complaint):
    with pytest.raises(InputError, match=complaint):
        whole_labels(values, NAMES)


@pytest.mark.parametrize("kind", [np.float64, np.int32, np.uint16, bool])
def test_whole_numbers_of_any_type_are_labels(kind):
    values = np.array([[0, 1], [1, 0]]).astype(kind)
    checked = whole_labels(values, NAMES)
    assert checked.dtype == np.uint8
    assert checked.tolist() == [[[0, 1], [1, 0]]]
