"""A label map on its pullback: spacings are compared or taken over, axes turned by geometry, SEG frames put by their places."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from LesionReadingLib.errors import InputError
from LesionReadingLib.geometry.grid import even_grid
from LesionReadingLib.geometry.spacing import Spacing
from LesionReadingLib.labels.label_map import LabelMap
from LesionReadingLib.labels.on_frames import on_frames
from LesionReadingLib.labels.seg_nrrd import write_seg_nrrd
from OCTCalciumLib.reading.pullback import Pullback
from OCTCalciumLib.segments import SEGMENTS, read_oct_label_map
from seg_files import oct_source, write_seg

SHAPE = FRAMES, ROWS, COLUMNS = 12, 24, 24
SPACING = Spacing(0.01, 0.01, 0.2, "DICOM (0028,0030) Pixel Spacing", "DICOM (0018,3101) IVUS Pullback Rate")
IDENTITY = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)


@pytest.fixture
def labels():
    """Calcium that looks different from every side."""
    drawn = np.zeros(SHAPE, np.uint8)
    drawn[2:9, 4:20, 3:19] = 3
    drawn[3:6, 2:5, 8:12] = 1
    drawn[5:7, 10:13, 1:4] = 1
    return drawn


def a_pullback(spacing=SPACING, origin_mm=(0.0, 0.0, 0.0), direction=IDENTITY) -> Pullback:
    def read(first, stop):
        return iter(np.zeros((stop - first, ROWS, COLUMNS), np.uint8))

    return Pullback(even_grid(SHAPE, spacing, origin_mm, direction), read)


def plain(path, labels, spacing_mm=(0.01, 0.01, 0.2), origin=(0, 0, 0), direction=IDENTITY):
    image = sitk.GetImageFromArray(labels)
    image.SetSpacing(spacing_mm)
    image.SetOrigin(origin)
    image.SetDirection(direction)
    sitk.WriteImage(image, str(path))
    return path


@pytest.mark.parametrize(
    ("spacing_mm", "message"),
    [
        ((0.02, 0.02, 0.2), r"0\.02 x 0\.02 mm but the pullback 0\.01 x 0\.01"),
        ((0.0098, 0.0098, 0.2), r"0\.0098 x 0\.0098 mm but the pullback"),
        ((0.01, 0.01, 0.4), r"0\.4 mm apart but the pullback 0\.2"),
        ((0.01, 0.01, 0.1), r"0\.1 mm apart but the pullback 0\.2"),
    ],
)
def test_another_spacing_than_the_pullbacks_is_refused_with_both_numbers(tmp_path, labels, spacing_mm, message):
    path = plain(tmp_path / "a.nrrd", labels, spacing_mm)
    with pytest.raises(InputError, match=message):
        read_oct_label_map(path, pullback=a_pullback())
    typed = replace(SPACING, row_mm=0.01, column_mm=0.01, in_plane_source="typed by the user", frame_source="typed by the user")
    read = read_oct_label_map(path, 0.01, 0.2, pullback=a_pullback(spacing=typed))
    assert (read.spacing.row_mm, read.spacing.frame_mm) == (0.01, 0.2)


@pytest.mark.parametrize("spacing_mm", [(1.0, 1.0, 1.0), (1.0, 1.0, 0.2), (0.01, 0.01, 1.0)])
def test_a_spacing_that_is_not_known_is_the_pullbacks_and_says_so(tmp_path, labels, spacing_mm):
    read = read_oct_label_map(plain(tmp_path / "a.nii.gz", labels, spacing_mm), pullback=a_pullback())
    assert np.array_equal(read.labels, labels)
    assert (read.spacing.row_mm, read.spacing.column_mm, read.spacing.frame_mm) == pytest.approx((0.01, 0.01, 0.2))
    sources = (read.spacing.in_plane_source, read.spacing.frame_source)
    assert [source.endswith(", of the pullback") for source in sources] == [spacing_mm[0] == 1, spacing_mm[2] == 1]


@pytest.mark.parametrize(
    ("flips", "direction"),
    [
        ((1,), (1, 0, 0, 0, -1, 0, 0, 0, 1)),
        ((2,), (-1, 0, 0, 0, 1, 0, 0, 0, 1)),
        ((0, 1), (1, 0, 0, 0, -1, 0, 0, 0, -1)),
        ((0, 1, 2), (-1, 0, 0, 0, -1, 0, 0, 0, -1)),
    ],
)
def test_axes_that_run_the_other_way_are_turned_by_their_directions(tmp_path, labels, flips, direction):
    size_mm = np.array([0.01 * (COLUMNS - 1), 0.01 * (ROWS - 1), 0.2 * (FRAMES - 1)])
    origin = [size_mm[axis] if 2 - axis in flips else 0.0 for axis in range(3)]
    path = plain(tmp_path / "a.nrrd", np.flip(labels, flips).copy(), origin=origin, direction=direction)
    read = read_oct_label_map(path, pullback=a_pullback())
    assert np.array_equal(read.labels, labels)
    assert (read.grid.origin_mm.tolist(), read.grid.direction) == ([0.0, 0.0, 0.0], IDENTITY)
    assert any("turned" in note for note in read.notes)


def test_axes_in_another_order_are_put_in_order_by_their_directions(tmp_path, labels):
    turned = labels.transpose(0, 2, 1).copy()  # rows are columns
    path = plain(tmp_path / "a.nrrd", turned, direction=(0, 1, 0, 1, 0, 0, 0, 0, 1))
    assert np.array_equal(read_oct_label_map(path, pullback=a_pullback()).labels, labels)


def test_a_direction_without_a_place_turns_nothing_and_is_told(tmp_path, labels):
    """As NumPy arrays are saved with nibabel's plain affine: LPS runs the other way, but nothing was flipped."""
    path = plain(tmp_path / "a.nii.gz", labels, direction=(-1, 0, 0, 0, -1, 0, 0, 0, 1))
    read = read_oct_label_map(path, pullback=a_pullback())
    assert np.array_equal(read.labels, labels)
    assert any("as they are stored" in note for note in read.notes)


def test_an_oblique_pullback_and_its_label_map_fit(labels):
    oblique = (0.0, -1.0, 0.0, 0.6, 0.0, 0.8, -0.8, 0.0, 0.6)
    pullback = a_pullback(direction=oblique, origin_mm=(1.0, 2.0, 3.0))
    axes = np.array(oblique).reshape(3, 3)
    flipped = axes * [1, -1, 1]
    origin = np.array([1.0, 2.0, 3.0]) + axes[:, 1] * 0.01 * (ROWS - 1)
    label_map = LabelMap(labels[:, ::-1], even_grid(SHAPE, SPACING, origin, flipped.ravel()))
    assert np.array_equal(on_frames(label_map, pullback.grid, "a").labels, labels)


def a_seg(frames, positions_mm=None, frame_mm=0.2, start_mm=0.0, thickness_mm=None):
    """What ``read_dicom_seg`` makes of a SEG that holds some frames."""
    spacing = Spacing(0.01, 0.01, frame_mm, "SEG", "SEG")
    positions = None if positions_mm is None else np.array([[0, 0, place] for place in positions_mm])
    grid = even_grid(frames.shape, spacing, (0.0, 0.0, start_mm))
    return LabelMap(frames, replace(grid, stated_positions_mm=positions, thickness_mm=thickness_mm), framewise=True)


@pytest.mark.parametrize("last", [9, 12])
def test_frames_at_the_end_that_a_seg_leaves_out_are_empty(labels, last):
    placed = on_frames(a_seg(labels[:last]), a_pullback().grid, "seg")
    assert np.array_equal(placed.labels, labels)


def test_a_seg_that_begins_later_begins_there(labels):
    placed = on_frames(a_seg(labels[2:9], start_mm=0.4), a_pullback().grid, "seg")
    assert np.array_equal(placed.labels, labels)


def test_every_third_frame_lies_on_its_frame_and_has_the_pullbacks_distance(labels):
    placed = on_frames(a_seg(labels[2:9:3], frame_mm=0.6, start_mm=0.4), a_pullback().grid, "seg")
    assert np.flatnonzero(placed.labels.any(axis=(1, 2))).tolist() == [2, 5, 8]
    assert placed.spacing.frame_mm == 0.2


def test_frames_at_uneven_distances_lie_on_their_frames(labels):
    numbers = [3, 4, 8]
    placed = on_frames(a_seg(labels[numbers], [0.6, 0.8, 1.6]), a_pullback().grid, "seg")
    wanted = np.zeros_like(labels)
    wanted[numbers] = labels[numbers]
    assert np.array_equal(placed.labels, wanted)


def test_standstill_frames_that_are_not_read_shift_the_label_map(labels):
    """The file has 3 frames before the pullback; the SEG counts from the file's first."""
    stored = np.concatenate([np.zeros((3, ROWS, COLUMNS), np.uint8), labels])
    pullback = a_pullback(origin_mm=(0.0, 0.0, 0.6))
    assert np.array_equal(on_frames(a_seg(stored), pullback.grid, "seg").labels, labels)
    stored[0] = 1
    noted = on_frames(a_seg(stored), pullback.grid, "seg")
    assert np.array_equal(noted.labels, labels)
    assert any("left out" in note for note in noted.notes)


@pytest.mark.parametrize("last", [9, 12])
def test_frames_that_state_a_number_but_no_place_keep_their_number(labels, last):
    """As of a pullback that was converted from A-lines, or of an export that states no distance of frames."""
    spacing = Spacing(0.01, 0.01, None, "SEG", "unknown")
    numbered = LabelMap(labels[:last], even_grid(labels[:last].shape, spacing), framewise=True)
    for own_mm in (0.2, None):
        pullback = a_pullback(spacing=replace(SPACING, frame_mm=own_mm))
        assert np.array_equal(on_frames(numbered, pullback.grid, "seg").labels, labels)


@pytest.mark.parametrize("places", [[0.7, 0.9, 1.7], [50.0, 50.2, 50.4]])
def test_a_seg_of_another_place_is_refused(labels, places):
    with pytest.raises(InputError, match=r"name the pullback that the labels were drawn on"):
        on_frames(a_seg(labels[3:6], places), a_pullback().grid, "seg")


def test_a_label_map_of_another_size_is_refused(tmp_path, labels):
    with pytest.raises(InputError, match="10 x 24 x 24 voxels"):
        read_oct_label_map(plain(tmp_path / "a.nrrd", labels[:10]), pullback=a_pullback())


@pytest.mark.parametrize("shape", [(64, 64, 7), (64, 7, 64), (270, 270, 30), (512, 512, 270)])
def test_frames_on_another_axis_are_refused_in_a_sentence(tmp_path, shape):
    path = plain(tmp_path / "a.nrrd", np.ones(shape, np.uint8), (0.1, 0.1, 0.1))
    with pytest.raises(InputError, match="looks like the pullback; save it with the frames on the third axis"):
        read_oct_label_map(path)


@pytest.mark.parametrize(
    ("spacing_mm", "message"),
    [
        ((10.0, 10.0, 200.0), "micrometres"),
        ((0.5, 0.5, 0.5), "pixel spacing of 0.5 mm"),
        ((0.01, 0.01, 40.0), "frame spacing of 40 mm"),
    ],
)
def test_the_spacing_rule_of_pullbacks_holds_for_label_maps(tmp_path, labels, spacing_mm, message):
    with pytest.raises(InputError, match=message):
        read_oct_label_map(plain(tmp_path / "a.nrrd", labels, spacing_mm))


@pytest.mark.parametrize(
    ("spacing_mm", "known"),
    [((0.01, 0.01, 1.0), (True, False)), ((1.0, 1.0, 0.2), (False, True)), ((25.4 / 96, 25.4 / 96, 0.2), (False, True))],
)
def test_a_number_that_stands_for_not_known_is_not_known_and_told(tmp_path, labels, spacing_mm, known):
    read = read_oct_label_map(plain(tmp_path / "a.nii.gz", labels, spacing_mm))
    assert (read.spacing.in_plane_known, read.spacing.frame_mm is not None) == known
    assert any("not known" in note for note in read.notes)


def test_nrrd_units_are_converted(tmp_path, labels):
    header = "NRRD0005\ntype: unsigned char\ndimension: 3\nspace dimension: 3\nsizes: 24 24 12\nencoding: raw\n"
    header += 'space directions: (10,0,0) (0,10,0) (0,0,200)\nspace units: "um" "um" "um"\n\n'
    (tmp_path / "a.nrrd").write_bytes(header.encode() + labels.tobytes())
    spacing = read_oct_label_map(tmp_path / "a.nrrd").spacing
    assert (spacing.row_mm, spacing.column_mm, spacing.frame_mm) == pytest.approx((0.01, 0.01, 0.2))


def test_a_seg_of_every_fourth_frame_counts_the_others_by_the_stated_spacing_or_cautions(tmp_path):
    some = np.zeros((12, 12, 16), np.uint8)
    some[::4, 3:6, 3:6] = 1
    path = write_seg(tmp_path / "seg.dcm", some, oct_source(12, 0.2, multi_frame=False))
    read = read_oct_label_map(path)
    assert np.array_equal(read.labels, some[:9])
    assert read.spacing.frame_mm == pytest.approx(0.2) and read.notes == ()
    data = pydicom.dcmread(path)
    measures = data.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0]
    del measures.SpacingBetweenSlices
    measures.SliceThickness = 0.2
    data.save_as(path)
    assert any("leaves out" in note for note in read_oct_label_map(path).notes)


def test_no_file_name_is_in_a_source(tmp_path, labels):
    plain(tmp_path / "YAMADA Taro.nrrd", labels)
    write_seg_nrrd(tmp_path / "山田.seg.nrrd", labels, even_grid(labels.shape, Spacing(0.01, 0.01, 0.2)), SEGMENTS)
    for name in ("YAMADA Taro.nrrd", "山田.seg.nrrd"):
        spacing = read_oct_label_map(tmp_path / name).spacing
        assert not any(word in spacing.in_plane_source + spacing.frame_source for word in ("YAMADA", "山田", "nrrd"))
