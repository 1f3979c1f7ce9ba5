"""Label maps and heat maps of a head CT, out and in again, on the very voxels of the scan."""

from __future__ import annotations

import gzip

import highdicom
import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from drawn_head import EVEN, GRIDS, head_on, nearest_voxel, slices, voxel_places_mm
from grids import with_positions
from HematomaMarkersLib import segments
from HematomaMarkersLib.phantom.dicom import in_position
from HematomaMarkersLib.phantom.enhanced import write_enhanced
from HematomaMarkersLib.reading.read import open_scan
from HematomaMarkersLib.reading.scan import Scan
from HematomaMarkersLib.segments import SEGMENTS, read_hematoma_label_map, read_placed_labels
from LesionReadingLib.errors import InputError
from LesionReadingLib.geometry.grid import stacked_grid
from LesionReadingLib.geometry.nrrd import write_nrrd
from LesionReadingLib.labels.names import match_segment
from written_series import write_series

HEMATOMA_MM, VENTRICLE_MM = np.array([25.0, -10, 12]), np.array([-8.0, 20, 20])


def write_label_map(folder, scan, labels, identity=False):
    files, notes = segments.write_label_map(folder, scan, labels, identity)
    assert notes == ()
    return files


def labels_on_grid(grid):
    places = voxel_places_mm(grid)
    labels = (np.linalg.norm((places - HEMATOMA_MM) / [22, 30, 19], axis=-1) < 1).astype(np.uint8)
    labels[np.linalg.norm((places - VENTRICLE_MM) / [8, 14, 16], axis=-1) < 1] = 2
    assert {0, 1, 2} == set(np.unique(labels))
    return labels


def _turned(position):
    grid = GRIDS["mixed and tilted"]
    return in_position(head_on(grid), grid, position)[1]


ALL_GRIDS = GRIDS | {position: _turned(position) for position in ("FFS", "HFP", "FFP")}


@pytest.fixture(params=ALL_GRIDS, scope="module")
def scan(request, tmp_path_factory):
    grid, folder = ALL_GRIDS[request.param], tmp_path_factory.mktemp("ct")
    write_series(folder, head_on(grid), grid)
    return open_scan(folder)


def _volume_scan(grid):
    """As read from a volume file: without DICOM behind it."""
    return Scan(head_on(grid), grid)


def test_masks_come_back_on_the_very_voxels(tmp_path, scan):
    labels = labels_on_grid(scan.grid)
    written = write_label_map(tmp_path, scan, labels)
    assert [path.name for path in written] == ["segmentation.seg.nrrd", "segmentation.dcm"]
    for path in written:
        assert np.array_equal(read_hematoma_label_map(path, scan), labels)


def test_a_segmentation_knows_its_grid_without_the_scan(tmp_path, scan):
    labels = labels_on_grid(scan.grid)
    path = write_label_map(tmp_path, scan, labels)[0]
    read, grid = read_placed_labels(path)
    assert np.array_equal(read, labels)
    assert np.abs(voxel_places_mm(grid) - voxel_places_mm(scan.grid)).max() < 1e-3
    assert grid.voxel_ml == pytest.approx(scan.grid.voxel_ml, rel=1e-4)


def test_the_frames_of_a_dicom_seg_lie_where_their_slices_do(tmp_path, scan):
    labels = labels_on_grid(scan.grid)
    seg = highdicom.seg.segread(write_label_map(tmp_path, scan, labels)[1])
    sources = {pydicom.dcmread(path).SOPInstanceUID: number for number, path in enumerate(scan.files)}
    for index, group in enumerate(seg.PerFrameFunctionalGroupsSequence):
        number = sources[group.DerivationImageSequence[0].SourceImageSequence[0].ReferencedSOPInstanceUID]
        assert np.allclose(group.PlanePositionSequence[0].ImagePositionPatient, scan.grid.positions_mm[number], atol=1e-3)
        value = group.SegmentIdentificationSequence[0].ReferencedSegmentNumber
        assert np.array_equal(seg.get_stored_frame(index, as_index=True) > 0, labels[number] == value)


@pytest.mark.parametrize("name", ["upright", "tilted", "oblique and tilted"])
def test_another_program_sees_a_voxel_at_its_place(tmp_path, name):
    grid = GRIDS[name]
    path = write_label_map(tmp_path, _volume_scan(grid), labels_on_grid(grid))[0]
    image = sitk.ReadImage(str(path))
    for number, row, column in ((0, 0, 0), (21, 5, 40), (9, 63, 63)):
        place = image.TransformIndexToPhysicalPoint((column, row, number))
        assert np.allclose(place, voxel_places_mm(grid)[number, row, column], atol=1e-3)


@pytest.mark.parametrize("name", ["upright", "mixed and tilted"])
def test_an_enhanced_scan_has_its_masks_on_the_right_frames(tmp_path, name):
    grid = GRIDS[name]
    order = np.random.default_rng(8).permutation([*range(grid.slice_count), 5, 9])  # two slices are there twice
    write_enhanced(tmp_path / "ct", head_on(grid), grid, order=order)
    scan = open_scan(tmp_path / "ct")
    labels = labels_on_grid(grid)
    path = write_label_map(tmp_path, scan, labels)[1]
    assert np.array_equal(read_hematoma_label_map(path, scan), labels)
    seg = highdicom.seg.segread(path)
    for index, group in enumerate(seg.PerFrameFunctionalGroupsSequence):
        frame = group.DerivationImageSequence[0].SourceImageSequence[0].ReferencedFrameNumber
        value = group.SegmentIdentificationSequence[0].ReferencedSegmentNumber
        assert np.array_equal(seg.get_stored_frame(index, as_index=True) > 0, labels[order[frame - 1]] == value)


@pytest.mark.parametrize("name", ["upright", "mixed and tilted"])
def test_an_empty_mask_comes_back_empty(tmp_path, name):
    grid = GRIDS[name]
    write_series(tmp_path / "ct", head_on(grid), grid)
    scan = open_scan(tmp_path / "ct")
    for path in write_label_map(tmp_path, scan, np.zeros(grid.shape, np.uint8)):
        read = read_hematoma_label_map(path, scan)
        assert read.shape == grid.shape
        assert not read.any()


def test_a_mask_on_one_slice_comes_back_there(tmp_path):
    grid = GRIDS["mixed and tilted"]
    write_series(tmp_path / "ct", head_on(grid), grid)
    scan = open_scan(tmp_path / "ct")
    labels = np.zeros(grid.shape, np.uint8)
    labels[16, 20:23, 30] = 1
    for path in write_label_map(tmp_path, scan, labels):
        assert np.array_equal(read_hematoma_label_map(path, scan), labels)


def test_the_identity_of_a_stripped_scan_may_be_empty(tmp_path):
    grid = GRIDS["upright"]
    for path in write_series(tmp_path / "ct", head_on(grid), grid):
        data = pydicom.dcmread(path)
        for keyword in ("PatientID", "PatientName", "StudyDate", "StudyTime", "StudyID", "StudyInstanceUID", "FrameOfReferenceUID"):
            del data[keyword]
        data.save_as(path, enforce_file_format=True)
    scan = open_scan(tmp_path / "ct")
    path = write_label_map(tmp_path, scan, labels_on_grid(grid))[1]
    assert np.array_equal(read_hematoma_label_map(path, scan), labels_on_grid(grid))


def test_directions_that_files_round_differently_are_one(tmp_path):
    grid = GRIDS["tilted"]
    paths = write_series(tmp_path / "ct", head_on(grid), grid)
    data = pydicom.dcmread(paths[4])
    data.ImageOrientationPatient = [round(float(value), 4) for value in data.ImageOrientationPatient]
    data.save_as(paths[4], enforce_file_format=True)
    scan = open_scan(tmp_path / "ct")
    path = write_label_map(tmp_path, scan, labels_on_grid(grid))[1]
    assert np.array_equal(read_hematoma_label_map(path, scan), labels_on_grid(grid))


def _write_seg_nrrd(path, labels, origin_mm, axes_mm, extra=()):
    """As Slicer writes it, by hand."""
    vectors = " ".join("(" + ",".join(repr(float(part)) for part in axis) + ")" for axis in axes_mm)
    lines = [
        "NRRD0004",
        "type: unsigned char",
        "dimension: 3",
        "space: left-posterior-superior",
        "sizes: " + " ".join(map(str, labels.shape[::-1])),
        f"space directions: {vectors}",
        "kinds: domain domain domain",
        "encoding: gzip",
        "space origin: (" + ",".join(repr(float(part)) for part in origin_mm) + ")",
        *("Segment0_ID:=Segment_1", "Segment0_Name:=Haematoma right", "Segment0_LabelValue:=1", "Segment0_Layer:=0"),
        *("Segment1_ID:=Segment_2", "Segment1_Name:=IVH", "Segment1_LabelValue:=2", "Segment1_Layer:=0"),
        *extra,
    ]
    path.write_bytes("\n".join(lines).encode() + b"\n\n" + gzip.compress(np.ascontiguousarray(labels).tobytes()))
    return path


def _mean_axes_mm(grid):
    step = (grid.positions_mm[-1] - grid.positions_mm[0]) / (len(grid.positions_mm) - 1)
    return [grid.column_mm * grid.column_axis, grid.row_mm * grid.row_axis, step]


@pytest.mark.parametrize("name", GRIDS)
def test_a_segmentation_that_was_cropped_lands_on_the_right_voxels(tmp_path, name):
    grid = GRIDS[name]
    labels = labels_on_grid(grid)
    first, last = np.argwhere(labels).min(axis=0), np.argwhere(labels).max(axis=0) + 1
    cropped = labels[tuple(slice(a, b) for a, b in zip(first, last, strict=True))]
    axes = _mean_axes_mm(grid)
    origin = grid.positions_mm[0] + sum(number * axis for number, axis in zip(first[::-1], axes, strict=True))
    path = _write_seg_nrrd(tmp_path / "edited.seg.nrrd", cropped, origin, axes)
    assert np.array_equal(read_hematoma_label_map(path, _volume_scan(grid)), labels)


def test_a_crop_with_slicers_own_offset_lands_there_too(tmp_path):
    grid = GRIDS["tilted"]
    labels = labels_on_grid(grid)
    first, last = np.argwhere(labels).min(axis=0), np.argwhere(labels).max(axis=0) + 1
    cropped = labels[tuple(slice(a, b) for a, b in zip(first, last, strict=True))]
    axes = _mean_axes_mm(grid)
    origin = grid.positions_mm[0] + sum(number * axis for number, axis in zip(first[::-1], axes, strict=True))
    offset = " ".join(str(number) for number in first[::-1])
    extra = [f"Segmentation_ReferenceImageExtentOffset:={offset}"]
    path = _write_seg_nrrd(tmp_path / "edited.seg.nrrd", cropped, origin, axes, extra)
    assert np.array_equal(read_hematoma_label_map(path, _volume_scan(grid)), labels)


def test_a_segmentation_with_a_margin_around_the_scan_lands_on_the_right_voxels(tmp_path):
    grid = GRIDS["oblique and tilted"]
    labels, axes = labels_on_grid(grid), _mean_axes_mm(grid)
    wide = np.pad(labels, ((2, 1), (5, 0), (3, 7)))
    origin = grid.positions_mm[0] - 3 * axes[0] - 5 * axes[1] - 2 * axes[2]
    path = _write_seg_nrrd(tmp_path / "wide.seg.nrrd", wide, origin, axes)
    assert np.array_equal(read_hematoma_label_map(path, _volume_scan(grid)), labels)


@pytest.mark.parametrize("name", GRIDS)
def test_a_mask_drawn_on_a_finer_grid_is_on_the_voxels_that_it_fills_by_half_or_more(tmp_path, name):
    grid = GRIDS[name]
    corner, step_mm, count = np.array([-20.0, -60, -40]), 1.5, (66, 72, 60)
    places = corner + step_mm * np.stack(np.meshgrid(*map(np.arange, count), indexing="ij"), axis=-1)
    box = (np.abs(places - HEMATOMA_MM) < [18, 24, 20]).all(axis=-1)
    path = _write_seg_nrrd(tmp_path / "fine.seg.nrrd", box.astype(np.uint8).transpose(2, 1, 0), corner, step_mm * np.eye(3))
    read = read_hematoma_label_map(path, _volume_scan(grid))
    first, last = places[box].min(axis=0) - step_mm / 2, places[box].max(axis=0) + step_mm / 2
    filled = _share_of_voxels_in(first, last, grid)
    assert read[filled > 0.75].all()
    assert not read[filled < 0.25].any()
    assert (read * grid.voxel_ml[:, None, None]).sum() == pytest.approx(
        np.prod(last - first) / 1000, rel=0.12
    )  # a layer of voxels is there or not


def _share_of_voxels_in(first, last, grid, pieces=5):
    """How much of each voxel (those of the last and first slices left out) lies in a box, by looking at many points of it."""
    near = ((voxel_places_mm(grid) > first - 20) & (voxel_places_mm(grid) < last + 20)).all(axis=-1)  # mm, more than a voxel
    filled = np.zeros(near.sum())
    steps = (np.arange(pieces) + 0.5) / pieces - 0.5
    numbers = np.arange(grid.slice_count)
    for t in steps:
        # A slice reaches half-way to its neighbours.
        at = np.clip(numbers + t, 0, grid.slice_count - 1)
        positions = np.stack([np.interp(at, numbers, grid.positions_mm[:, axis]) for axis in range(3)], axis=-1)
        moved = voxel_places_mm(with_positions(grid, positions))[near]
        for r in steps:
            for c in steps:
                point = moved + r * grid.row_mm * grid.row_axis + c * grid.column_mm * grid.column_axis
                filled += ((point > first) & (point < last)).all(axis=-1)
    shares = np.zeros(grid.shape)
    shares[near] = filled / pieces**3
    return shares


def test_flipped_axes_are_no_flipped_mask(tmp_path):
    grid = GRIDS["oblique"]
    labels = labels_on_grid(grid)
    axes = [-axis for axis in _mean_axes_mm(grid)]
    origin = voxel_places_mm(grid)[-1, -1, -1]
    path = _write_seg_nrrd(tmp_path / "flipped.seg.nrrd", labels[::-1, ::-1, ::-1], origin, axes)
    assert np.array_equal(read_hematoma_label_map(path, _volume_scan(grid)), labels)


def test_a_mask_of_another_place_is_refused(tmp_path):
    grid = GRIDS["upright"]
    path = _write_seg_nrrd(tmp_path / "far.seg.nrrd", labels_on_grid(grid), grid.positions_mm[0] + [0, 0, 60], _mean_axes_mm(grid))
    with pytest.raises(InputError, match="outside of the scan"):
        read_hematoma_label_map(path, _volume_scan(grid))


def test_a_label_map_without_a_place_is_refused(tmp_path):
    header = "NRRD0004\ntype: unsigned char\ndimension: 3\nsizes: 64 64 22\nencoding: raw\n\n"
    (tmp_path / "flat.nrrd").write_bytes(header.encode() + labels_on_grid(GRIDS["upright"]).tobytes())
    with pytest.raises(InputError, match="does not state the spacing"):
        read_hematoma_label_map(tmp_path / "flat.nrrd", _volume_scan(GRIDS["upright"]))


@pytest.mark.filterwarnings("ignore:The string:UserWarning")
def test_a_dicom_seg_of_slices_with_blood_only_lands_on_them(tmp_path):
    """Other programs leave out empty frames; where the spacing changes only the places tell which slices are meant."""
    grid = GRIDS["mixed and tilted"]
    paths = write_series(tmp_path / "ct", head_on(grid), grid)
    labels = np.zeros(grid.shape, np.uint8)
    labels[[3, 4, 15, 16, 17, 20], 30:40, 20:31] = 1
    description = highdicom.seg.SegmentDescription(
        1,
        "haemorrhage",
        pydicom.sr.coding.Code("91723000", "SCT", "Anatomical Structure"),
        pydicom.sr.coding.Code("12738006", "SCT", "Brain"),
        "MANUAL",
    )
    headers = [pydicom.dcmread(path) for path in paths]
    for header in headers:
        header.decode()
        header.SpecificCharacterSet = "ISO_IR 192"  # other programs have their own ways with ISO 2022
    seg = highdicom.seg.Segmentation(headers, labels, "BINARY", [description], *("1.2.3", 1, "1.2.3.4", 1, "a", "b", "c", "d"))
    seg.save_as(tmp_path / "seg.dcm")
    assert len(seg.PerFrameFunctionalGroupsSequence) == 6
    assert np.array_equal(read_hematoma_label_map(tmp_path / "seg.dcm", open_scan(tmp_path / "ct")), labels)


@pytest.mark.parametrize("name", ["tilted", "mixed and tilted", "oblique"])
def test_heat_comes_back_at_its_place(tmp_path, name):
    grid = GRIDS[name]
    heat = np.zeros(grid.shape, np.float32)
    index = nearest_voxel(grid, HEMATOMA_MM)
    heat[index] = 0.75
    write_nrrd(tmp_path / "heat.nrrd", heat, grid)
    image = sitk.ReadImage(str(tmp_path / "heat.nrrd"))
    assert np.array_equal(sitk.GetArrayFromImage(image), heat)
    if grid.is_even:
        place = image.TransformIndexToPhysicalPoint([int(number) for number in index[::-1]])
        assert np.allclose(place, voxel_places_mm(grid)[index], atol=1e-3)


def test_terminology_tells_hematoma_from_intraventricular_blood(tmp_path):
    grid = slices(EVEN)
    path = write_label_map(tmp_path, _volume_scan(grid), labels_on_grid(grid))[0]
    image = sitk.ReadImage(str(path))
    tags = [image.GetMetaData(f"Segment{number}_Tags").split("~") for number in range(2)]
    assert [tag[2] for tag in tags] == ["SCT^50960005^Hemorrhage"] * 2
    assert [tag[5] for tag in tags] == ["SCT^12738006^Brain", "SCT^35764002^Brain ventricle"]


HEMORRHAGE = ("SCT", "50960005")


@pytest.mark.parametrize(
    ("name", "code", "region", "value"),
    [
        ("Hematoma", (), (), 1),
        ("ICH", (), (), 1),
        ("Intracerebral haemorrhage", (), (), 1),
        ("Hemorrhage", HEMORRHAGE, (), 1),
        ("lesion", HEMORRHAGE, ("SCT", "12738006"), 1),
        ("lesion", HEMORRHAGE, ("SCT", "35764002"), 2),
        ("IVH", (), (), 2),
        ("Intraventricular hemorrhage", HEMORRHAGE, (), 2),
        ("intraventricular blood", (), (), 2),
        ("Segment_1", (), (), 1),
        ("Segment_2", (), (), 2),
        ("Perihematomal edema", (), (), None),
        ("Subdural hematoma", HEMORRHAGE, (), None),
        ("Subarachnoid hemorrhage", (), (), None),
        ("lateral ventricle", (), (), None),
        ("skull", (), (), None),
    ],
)
def test_segments_of_other_programs_are_known_by_code_region_or_name(name, code, region, value):
    number = int(name[-1]) if name[-1].isdigit() else 5
    found = match_segment(name, number, code, SEGMENTS, region)
    assert (found.value if found else None) == value


def test_the_grid_of_one_slice_keeps_its_extent(tmp_path):
    grid = GRIDS["tilted"]
    one = stacked_grid(grid.shape[1:], (4.0, 4.0), grid.row_axis, grid.column_axis, grid.positions_mm[9:10], 4.5)
    labels = labels_on_grid(grid)[9:10]
    path = write_label_map(tmp_path, _volume_scan(one), labels)[0]
    read, own = read_placed_labels(path)
    assert np.array_equal(read, labels)
    assert own.voxel_ml == pytest.approx([4.0 * 4.0 * 4.5 / 1000])
