"""Heads that public data sets hold: normalised, cut out of the skull, with permuted axes, lying on their side."""

from __future__ import annotations

from itertools import permutations
from types import SimpleNamespace

import numpy as np
import pytest
import SimpleITK as sitk
from drawn_bleed import AIR_HU, BRAIN_HU, HEMATOMA_MIDDLE_MM, HEMATOMA_RADII_MM, a_grid, a_head
from drawn_head import rotation
from HematomaMarkersLib.labels import HEMATOMA
from HematomaMarkersLib.model.preparation.prepare import prepare
from HematomaMarkersLib.presenting.case import Case
from HematomaMarkersLib.presenting.headline import side_of_hematoma
from HematomaMarkersLib.reading.read import open_scan
from HematomaMarkersLib.segments import read_hematoma_label_map, write_label_map
from LesionReadingLib.errors import InputError
from LesionReadingLib.geometry.grid import stacked_grid
from LesionReadingLib.geometry.nrrd import write_nrrd
from written_series import write_series

GRID = a_grid(pixel_mm=(2.0, 2.0), slice_mm=5.0)
SCAN, LABELS = a_head(GRID, ventricles=False)
VOLUME_ML = 4 / 3 * np.pi * HEMATOMA_RADII_MM.prod() / 1000


def image_of(grid, voxels) -> sitk.Image:
    image = sitk.GetImageFromArray(np.ascontiguousarray(voxels))
    image.SetSpacing((grid.column_mm, grid.row_mm, float(np.linalg.norm(grid.step_mm))))
    image.SetOrigin(grid.positions_mm[0].tolist())
    axes = np.column_stack([grid.column_axis, grid.row_axis, grid.step_mm / np.linalg.norm(grid.step_mm)])
    image.SetDirection(axes.ravel().tolist())
    return image


def written(path, grid, voxels):
    sitk.WriteImage(image_of(grid, voxels), str(path))
    return path


def brain_alone(background: int = 0) -> np.ndarray:
    """The head without its skull; a little fluid of 0 HU inside the brain stays."""
    distance = np.abs(SCAN.hounsfield.astype(int) - BRAIN_HU) < 60
    alone = np.where(distance, SCAN.hounsfield, background).astype(np.int16)
    alone[14, 48:52, 48:52] = 0
    return alone


# Units


@pytest.mark.parametrize(
    "scaled",
    [
        lambda hu: (hu - hu.mean()) / hu.std(),
        lambda hu: (hu - hu.min()) / (hu.max() - hu.min()),
        lambda hu: 2 * (hu - hu.min()) / (hu.max() - hu.min()) - 1,
        lambda hu: hu / 1000,
        lambda hu: np.clip((hu - hu.mean()) / hu.std(), -3, 3) * 5,
        lambda hu: (np.clip(hu, 0, 80) - 30) / 10,
    ],
)
@pytest.mark.parametrize("ending", ["nii.gz", "nrrd"])
def test_normalised_volumes_are_no_hu(tmp_path, scaled, ending):
    path = written(tmp_path / f"a.{ending}", GRID, scaled(SCAN.hounsfield.astype(np.float32)))
    with pytest.raises(InputError, match="as after normalisation, and are no HU"):
        open_scan(path)
    with pytest.raises(InputError, match="no HU"):
        open_scan(path, window=(0, 80))


@pytest.mark.parametrize("kind", [np.uint8, np.int16, np.float32])
@pytest.mark.parametrize("window", [(0, 80), (-20, 100), (-500, 1500)])
def test_volumes_scaled_to_eight_bits_need_their_window(tmp_path, kind, window):
    grey = np.clip((SCAN.hounsfield - window[0]) / (window[1] - window[0]) * 255, 0, 255).round().astype(kind)
    path = written(tmp_path / "a.nrrd", GRID, grey)
    with pytest.raises(InputError, match="--window"):
        open_scan(path)
    seen = np.clip(SCAN.hounsfield, *window)
    assert np.abs(open_scan(path, window=window).hounsfield - seen).max() <= (window[1] - window[0]) / 255 + 1


# Skull-stripped


@pytest.mark.parametrize("background", [0, AIR_HU, -1024, -1])
def test_a_brain_cut_out_of_its_skull_is_read(tmp_path, background):
    scan = open_scan(written(tmp_path / "a.nii.gz", GRID, brain_alone(background)))
    inside = brain_alone(5000) != 5000
    assert scan.is_brain_alone and np.array_equal(scan.hounsfield[inside], brain_alone()[inside])
    assert (scan.hounsfield[~inside] == -1024).all()
    assert "without its skull" in " ".join(scan.notes)
    assert (scan.hounsfield[LABELS == HEMATOMA] > 40).all()


def test_a_brain_cut_out_and_clipped_to_tissue_is_hu(tmp_path):
    scan = open_scan(written(tmp_path / "a.nrrd", GRID, np.clip(brain_alone(), 0, 100).astype(np.float32)))
    assert scan.is_brain_alone and np.median(scan.hounsfield[LABELS == HEMATOMA]) == pytest.approx(62, abs=2)


@pytest.mark.parametrize("background", [0, -1024])
def test_a_brain_alone_is_prepared_as_the_whole_head_is(tmp_path, background):
    scan = open_scan(written(tmp_path / "a.nrrd", GRID, brain_alone(background)))
    prepared, whole = prepare(scan), prepare(SCAN)
    assert prepared.inside.sum() == pytest.approx(whole.inside.sum(), rel=0.1)
    both = prepared.inside & whole.inside
    assert both.sum() > 0.95 * whole.inside.sum()
    assert np.median(np.abs(prepared.hounsfield[both] - whole.hounsfield[both])) <= 3


def test_neither_water_nor_a_thin_part_is_a_brain_alone(tmp_path):
    noise = np.random.default_rng(4).normal(30, 6, GRID.shape)
    water, thin = np.full(GRID.shape, -1000.0), np.full(GRID.shape, -1000.0)
    water[:, 30:70, 30:70] = 20
    thin[:, 45:55, 45:55] = noise[:, 45:55, 45:55]
    for name, voxels in {"water": water, "thin": thin}.items():
        with pytest.raises(InputError, match="No brain was found"):
            open_scan(written(tmp_path / f"{name}.nrrd", GRID, voxels.astype(np.int16)))


@pytest.mark.parametrize("margin", [0, 14])
def test_a_drawing_on_a_white_page_is_no_brain_in_its_skull(tmp_path, margin):
    """Windowed to HU, white stands for bone and what is drawn on it for brain; a page may lie on black, as in a screenshot."""
    page = np.full(GRID.shape, 80.0)
    page[:, 33:67, 33:67] = np.random.default_rng(4).normal(35, 6, page[:, 33:67, 33:67].shape)
    page[:, :margin] = page[:, :, :margin] = page[:, 100 - margin :] = page[:, :, 100 - margin :] = page[0, 0, 0] = -1
    with pytest.raises(InputError, match="No brain was found"):
        open_scan(written(tmp_path / "page.nrrd", GRID, page.astype(np.int16)))


# Permuted axes


def permuted(image: sitk.Image, order, flips) -> sitk.Image:
    return sitk.Flip(sitk.PermuteAxes(image, order), flips, False)


@pytest.mark.parametrize("order", list(permutations(range(3))))
@pytest.mark.parametrize("flips", [(False, False, False), (True, False, True)])
@pytest.mark.parametrize("ending", ["nii.gz", "nrrd"])
def test_permuted_axes_are_brought_upright_without_a_changed_voxel(tmp_path, order, flips, ending):
    sitk.WriteImage(permuted(image_of(GRID, SCAN.hounsfield), order, flips), str(tmp_path / f"ct.{ending}"))
    sitk.WriteImage(permuted(image_of(GRID, LABELS), order, flips), str(tmp_path / f"labels.{ending}"))
    scan = open_scan(tmp_path / f"ct.{ending}")
    assert abs(scan.grid.normal[2]) > 0.99 and sorted(np.unique(scan.hounsfield)) == sorted(np.unique(SCAN.hounsfield))
    places = scan.grid.lps_mm(np.moveaxis(np.indices(scan.grid.shape), 0, -1))
    back = np.rint(GRID.indices(places)).astype(int)
    assert np.abs(GRID.indices(places) - back).max() < 0.01
    assert np.array_equal(scan.hounsfield, SCAN.hounsfield[tuple(np.moveaxis(back, -1, 0))])
    labels = read_hematoma_label_map(tmp_path / f"labels.{ending}", scan)
    assert (labels == HEMATOMA).sum(axis=(1, 2)) @ scan.grid.voxel_ml == pytest.approx(VOLUME_ML, rel=0.03)
    assert np.array_equal(labels, LABELS[tuple(np.moveaxis(back, -1, 0))])


def test_results_of_a_permuted_scan_lie_at_its_place(tmp_path):
    sitk.WriteImage(permuted(image_of(GRID, SCAN.hounsfield), (1, 2, 0), (False, True, False)), str(tmp_path / "ct.nii.gz"))
    sitk.WriteImage(permuted(image_of(GRID, LABELS), (1, 2, 0), (False, True, False)), str(tmp_path / "labels.nii.gz"))
    scan = open_scan(tmp_path / "ct.nii.gz")
    labels = read_hematoma_label_map(tmp_path / "labels.nii.gz", scan)
    write_label_map(tmp_path, scan, labels, False)
    write_nrrd(tmp_path / "heat.nrrd", labels.astype(np.float32), scan.grid)
    for name in ("segmentation.seg.nrrd", "heat.nrrd"):
        image = sitk.ReadImage(str(tmp_path / name))
        places = np.argwhere(sitk.GetArrayFromImage(image) > 0)[:, ::-1]
        middle = image.TransformContinuousIndexToPhysicalPoint(places.mean(axis=0).tolist())
        assert np.linalg.norm(np.array(middle) - HEMATOMA_MIDDLE_MM) < 2


def test_an_image_between_two_cuts_is_refused(tmp_path):
    turned = rotation([1, 1, 0], 55)
    axes = turned @ GRID.row_axis, turned @ GRID.column_axis
    grid = stacked_grid(GRID.shape[1:], (GRID.row_mm, GRID.column_mm), *axes, GRID.positions_mm @ turned.T, 5.0)
    with pytest.raises(InputError, match="between axial, sagittal and coronal"):
        open_scan(written(tmp_path / "a.nrrd", grid, SCAN.hounsfield))


# Heads on their side


def lying(angle_deg: float):
    """The head turned about its long axis, while its files say that it lies straight."""
    moved = np.eye(4)
    moved[:3, :3] = rotation([0, 0, 1], angle_deg)
    return a_head(GRID, moved, ventricles=False)


@pytest.mark.parametrize(("angle_deg", "known"), [(0, True), (25, True), (-30, True), (90, False), (-80, False), (110, False)])
def test_sides_are_not_told_of_a_head_that_lies_on_its_side(tmp_path, angle_deg, known):
    turned, labels = lying(angle_deg)
    write_series(tmp_path, turned.hounsfield, GRID)
    scan = open_scan(tmp_path)
    assert scan.sides_known == known
    assert ("not known" in " ".join(scan.notes)) != known
    assert (side_of_hematoma(scan, labels) is not None) == known
    case = Case(scan, labels, SimpleNamespace(measurement=SimpleNamespace(grid=GRID)))
    assert case.view.letters == (("R", "L", "A", "P") if known else ("?",) * 4)


def test_shoulders_below_the_head_do_not_make_it_lie_on_its_side(tmp_path):
    hounsfield = SCAN.hounsfield.copy()
    hounsfield[:5] = -1000
    hounsfield[:5, 30:70, 2:98] = 40  # wider than the head is long, and larger
    write_series(tmp_path, hounsfield, GRID)
    assert open_scan(tmp_path).sides_known


@pytest.mark.parametrize("position", ["HFDR", "FFDL", "HFP"])
def test_a_head_that_its_file_says_lies_on_its_side_has_its_sides(tmp_path, position):
    from HematomaMarkersLib.phantom.dicom import Acquisition

    write_series(tmp_path, SCAN.hounsfield, GRID, Acquisition(patient_position=position))
    assert open_scan(tmp_path).sides_known
