"""Label maps on a head CT's slices: near planes are copied, other grids averaged, and a volume that changes is told."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from drawn_head import GRIDS, nearest_voxel, reversed_slices, slices, voxel_places_mm
from grids import moved
from HematomaMarkersLib.segments import SEGMENTS, read_placed_labels
from LesionReadingLib.errors import InputError
from LesionReadingLib.geometry.grid import even_grid, stacked_grid
from LesionReadingLib.geometry.spacing import Spacing
from LesionReadingLib.labels.label_map import LabelMap
from LesionReadingLib.labels.on_grid import label_grid, on_grid
from LesionReadingLib.labels.read_dicom_seg import read_dicom_seg
from LesionReadingLib.labels.seg_nrrd import write_seg_nrrd
from LesionReadingLib.labels.write import write_dicom_seg
from LesionReadingLib.reading.dicom.source_frame import SourceFrame

PLACE_MM, RADII_MM = np.array([20.0, -10, 5]), np.array([26.0, 30, 22])
NAMES = ["upright", "tilted", "oblique", "oblique and tilted", "mixed and tilted", "head first in reverse"]


def a_ball(grid):
    return (np.linalg.norm((voxel_places_mm(grid) - PLACE_MM) / RADII_MM, axis=-1) < 1).astype(np.uint8)


def volume_ml(labels, grid):
    return float(((labels > 0).sum(axis=(1, 2)) * grid.voxel_ml).sum())


def as_seg(tmp_path, labels, grid, change=lambda data: None):
    """A DICOM SEG of a label map as another program writes it: only the frames that hold something, changed afterwards."""
    import pydicom
    from written_series import write_series

    files = write_series(tmp_path / "ct", np.zeros(grid.shape), grid)
    path = tmp_path / "seg.dcm"
    write_dicom_seg(path, labels, grid, SEGMENTS, [SourceFrame(file) for file in files])
    data = pydicom.dcmread(path)
    pixels = grid.rows * grid.columns
    bits = np.unpackbits(np.frombuffer(data.PixelData, np.uint8), bitorder="little")
    frames = bits[: int(data.NumberOfFrames) * pixels].reshape(-1, pixels)
    kept = [number for number, frame in enumerate(frames) if frame.any()][::-1]  # and in the order of no slice
    kept = kept[1::2] + kept[::2]
    groups = data.PerFrameFunctionalGroupsSequence
    data.PerFrameFunctionalGroupsSequence = [groups[number] for number in kept]
    data.NumberOfFrames = len(kept)
    packed = np.packbits(frames[kept].ravel(), bitorder="little").tobytes()
    data.PixelData = packed + b"\0" * (len(packed) % 2)
    change(data)
    data.save_as(path)
    return read_dicom_seg(path, SEGMENTS)


def _rounded(digits):
    def change(data):
        for group in data.PerFrameFunctionalGroupsSequence:
            place = group.PlanePositionSequence[0]
            place.ImagePositionPatient = [round(float(value), digits) for value in place.ImagePositionPatient]

    return change


def _thick(thickness_mm, keyword="SliceThickness"):
    def change(data):
        measures = data.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0]
        if "SpacingBetweenSlices" in measures:
            del measures.SpacingBetweenSlices
        setattr(measures, keyword, thickness_mm)

    return change


def _every(labels, step, start=0):
    some = np.zeros_like(labels)
    some[start::step] = labels[start::step]
    return some


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("step", [1, 2, 3])
def test_a_seg_without_its_empty_frames_in_any_order_lies_on_the_slices_it_was_drawn_on(tmp_path, name, step):
    grid = GRIDS[name]
    labels = _every(a_ball(grid), step)
    placed = on_grid(as_seg(tmp_path, labels, grid), grid, "seg", SEGMENTS).labels
    assert np.array_equal(placed, labels)


@pytest.mark.parametrize("name", ["upright", "tilted", "mixed"])
@pytest.mark.parametrize("step", [1, 3])
def test_positions_rounded_to_a_tenth_of_a_millimetre_are_the_slices_own(tmp_path, name, step):
    grid = moved(GRIDS[name], [0.033, -0.041, 0.027])
    labels = _every(a_ball(grid), step)
    placed = on_grid(as_seg(tmp_path, labels, grid, _rounded(1)), grid, "seg", SEGMENTS).labels
    assert np.array_equal(placed, labels)


def test_a_rounded_pixel_spacing_is_the_scans_own():
    grid = slices([5.0] * 20)
    labels = a_ball(grid)
    rounded = Spacing(grid.row_mm * 1.004, grid.column_mm * 0.996, 5.0)
    label_map = LabelMap(labels, even_grid(labels.shape, rounded, grid.origin_mm))
    placed = on_grid(label_map, grid, "a", SEGMENTS).labels
    assert np.array_equal(placed, labels)


@pytest.mark.parametrize("keyword", ["SliceThickness", "SpacingBetweenSlices"])
@pytest.mark.parametrize("thickness_mm", [2.0, 4.0])
def test_frames_without_neighbours_stand_for_their_stated_thickness(tmp_path, keyword, thickness_mm):
    drawn_on = slices([5.0] * 24)
    labels = _every(a_ball(drawn_on), 3)
    label_map = as_seg(tmp_path, labels, drawn_on, _thick(thickness_mm, keyword))
    wanted = np.count_nonzero(labels) * drawn_on.pixel_mm2 * thickness_mm / 1000
    assert volume_ml(label_map.labels, label_grid(label_map, "seg")) == pytest.approx(wanted, rel=1e-3)
    # Thin slices that lie between the frames' planes: no plane is copied.
    thin = slices([0.7] * 180)
    thin = moved(thin, [0, 0, 0.31])
    placed = on_grid(label_map, thin, "seg", SEGMENTS).labels
    assert volume_ml(placed, thin) == pytest.approx(wanted, rel=0.12)


def test_a_seg_of_one_frame_has_its_stated_thickness_and_none_is_no_place(tmp_path):
    grid = slices([5.0] * 20)
    labels = np.zeros(grid.shape, np.uint8)
    labels[9] = a_ball(grid)[9]
    label_map = as_seg(tmp_path / "a", labels, grid, _thick(3.0))
    assert label_grid(label_map, "seg").extents_mm == pytest.approx([3.0])
    made = on_grid(label_map, grid, "seg", SEGMENTS)
    placed, notes = made.labels, made.notes
    assert np.array_equal(placed, labels)
    assert len(notes) == 1 and "+66.7%" in notes[0]  # 3 mm on a slice of 5 mm
    with pytest.raises(InputError, match="does not state the spacing"):
        label_grid(replace(label_map, grid=replace(label_map.grid, thickness_mm=None)), "seg")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("pixel_mm", [1.6, 3.0, 9.0])
def test_another_grid_is_averaged_over_the_voxels_and_keeps_its_volume(name, pixel_mm):
    grid = GRIDS[name]
    count = int(200 / pixel_mm)
    corner = -pixel_mm * (count - 1) / 2
    positions = np.array([[corner, corner, corner + pixel_mm * k] for k in range(count)])
    other = stacked_grid((count, count), (pixel_mm, pixel_mm), np.array([0, 1.0, 0]), np.array([1.0, 0, 0]), positions, pixel_mm)
    labels = a_ball(other)
    label_map = LabelMap(labels, even_grid(labels.shape, Spacing(pixel_mm, pixel_mm, pixel_mm), positions[0]))
    made = on_grid(label_map, grid, "other", SEGMENTS)
    placed, notes = made.labels, made.notes
    assert volume_ml(placed, grid) == pytest.approx(volume_ml(labels, other), rel=0.03)
    assert 2 * np.sum(placed & a_ball(grid)) / np.sum(placed + a_ball(grid)) > (0.9 if pixel_mm < 5 else 0.8)
    change = volume_ml(placed, grid) / volume_ml(labels, other) - 1
    assert bool(notes) == (abs(change) > 0.01)


def test_thin_slices_are_not_sampled_at_the_centres_of_thick_ones():
    """A sheet between two centres would vanish, one on a centre would fill its whole slice."""
    thick = slices([6.0] * 20)
    thin = slices([1.0] * 120)
    labels = np.zeros(thin.shape, np.uint8)
    labels[60:64, 20:40, 20:40] = 1  # 4 of the 6 mm around the middle slice, or 3.5 and 0.5
    label_map = LabelMap(labels, even_grid(labels.shape, Spacing(thin.row_mm, thin.column_mm, 1.0), thin.origin_mm))
    made = on_grid(label_map, thick, "thin", SEGMENTS)
    placed, notes = made.labels, made.notes
    assert np.flatnonzero(placed.any(axis=(1, 2))).tolist() == [10]
    assert len(notes) == 1 and "hematoma" in notes[0]
    labels[60:64] = 0
    labels[60, 20:40, 20:40] = 1  # the very plane of a thick slice, but only 1 mm of it
    with pytest.raises(InputError, match="too thin"):
        on_grid(replace(label_map, labels=labels), thick, "thin", SEGMENTS)


def test_a_label_map_from_the_other_end_is_the_same(tmp_path):
    grid = GRIDS["mixed and tilted"]
    other = reversed_slices(grid)
    labels = a_ball(grid)
    placed = on_grid(as_seg(tmp_path, labels[::-1], other), grid, "seg", SEGMENTS).labels
    assert np.array_equal(placed, labels)


def test_frames_in_several_orientations_are_refused(tmp_path):
    import pydicom

    def turned(data):
        for number, group in enumerate(data.PerFrameFunctionalGroupsSequence):
            orientation = pydicom.Dataset()
            orientation.ImageOrientationPatient = [1, 0, 0, 0, 1, 0] if number else [0, 1, 0, 0, 0, -1]
            group.PlaneOrientationSequence = [orientation]

    grid = GRIDS["upright"]
    with pytest.raises(InputError, match="different orientations"):
        as_seg(tmp_path, a_ball(grid), grid, turned)


@pytest.mark.parametrize("cosines", [(1, 0, 0, 1, 0, 0), (1, 0, 0, 0.1, 1, 0), (0, 0, 0, 0, 1, 0), (2, 0, 0, 0, 2, 0)])
def test_rows_and_columns_that_are_no_axes_are_refused(tmp_path, cosines):
    def skewed(data):
        for groups in (data.SharedFunctionalGroupsSequence, data.PerFrameFunctionalGroupsSequence):
            for group in groups:
                if "PlaneOrientationSequence" in group:
                    group.PlaneOrientationSequence[0].ImageOrientationPatient = list(cosines)

    grid = GRIDS["upright"]
    with pytest.raises(InputError, match="perpendicular"):
        as_seg(tmp_path, a_ball(grid), grid, skewed)


@pytest.mark.parametrize("factor", [1000.0, 0.001, 10.0])
def test_a_label_map_in_another_unit_is_refused(tmp_path, factor):
    grid = GRIDS["upright"]
    large = stacked_grid(
        (grid.rows, grid.columns),
        (grid.row_mm * factor, grid.column_mm * factor),
        grid.row_axis,
        grid.column_axis,
        grid.positions_mm * factor,
        5.0 * factor,
    )
    write_seg_nrrd(tmp_path / "a.seg.nrrd", a_ball(grid), large, SEGMENTS)
    with pytest.raises(InputError, match="cannot be right for a head CT"):
        read_placed_labels(tmp_path / "a.seg.nrrd")


def test_a_voxel_lands_where_it_lies():
    """The nearest voxel to a place, looked for among all, is the one that a single coarse voxel there marks."""
    grid = GRIDS["oblique"]
    labels = np.ones((1, 1, 1), np.uint8)
    label_map = LabelMap(labels, even_grid(labels.shape, Spacing(6.0, 6.0, 9.0), PLACE_MM))
    placed = on_grid(label_map, grid, "dot", SEGMENTS).labels
    assert placed[nearest_voxel(grid, PLACE_MM)] == 1
