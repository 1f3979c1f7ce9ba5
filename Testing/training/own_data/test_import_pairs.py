"""Images and masks as people have them become cases of a data folder, or are refused in one sentence."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk
from drawn_head import EVEN, POINT_MM, head_on, slices, voxel_places_mm
from grids import moved
from LesionReadingLib.geometry.nrrd import write_nrrd
from LesionReadingLib.reporting import JsonLines
from OCTCalciumLib.commands import write_phantom
from OCTCalciumLib.phantom.pullback import draw_pullback
from PIL import Image

from training.__main__ import main
from training.hematoma.data import load_patients as load_heads
from training.hematoma.evaluation.originals import read_original
from training.oct.data import load_patients as load_pullbacks
from training.own_data.case_table import read_cases

COLOURS = np.array([(0, 0, 0), (255, 0, 0), (0, 255, 0), (0, 0, 255)], np.uint8)
COLOUR_LABELS = ["#ff0000=calcium", "#00ff00=guidewire", "#0000ff=lumen"]
SIZE, BLEED_MM = 128, 22.0


@pytest.fixture(scope="module")
def drawn():
    return draw_pullback(5, 3, SIZE, frame_mm=0.4)


@pytest.fixture
def folders(tmp_path):
    for name in ("images", "masks"):
        (tmp_path / name).mkdir()
    return tmp_path / "images", tmp_path / "masks", tmp_path / "data"


def do_import(folders, *more, task="oct"):
    images, masks, data = folders
    return main([task, "import", str(images), str(masks), "-o", str(data), *more])


def true_labels(patient, frame=0):
    """The labels of a frame of 128 x 128 pixels from those of the network's 512 x 512."""
    return patient.pixels[1, frame, 2::4, 2::4]


def frames_of(drawn, folders, mask_name, masks):
    images, mask_folder, _data = folders
    for number, (frame, mask) in enumerate(zip(drawn.frames, masks, strict=True)):
        Image.fromarray(frame).save(images / f"p1_{number}.png")
        Image.fromarray(mask).save(mask_folder / mask_name.format(number))


def test_pictures_with_masks_in_colours_become_cases_of_one_patient(drawn, folders):
    frames_of(drawn, folders, "P1-{}_mask.png", COLOURS[drawn.labels])
    done = do_import(folders, "--labels", *COLOUR_LABELS, "--pixel-spacing", "0.04", "--patient-pattern", r"(p\d+)_")
    assert done == 0
    patients = load_pullbacks(folders[2])
    rows = read_cases(folders[2])
    assert {row.patient for row in rows} == {"p1"} and len(patients) == 3
    places = {row.case: int(row.name.split("_")[1]) for row in rows}
    for patient in patients:
        np.testing.assert_array_equal(true_labels(patient), drawn.labels[places[patient.number]])
        assert patient.spacing_mm == (pytest.approx(0.01), pytest.approx(0.01), None)  # 128 pixels became 512


def test_a_value_means_what_is_said_of_it(drawn, folders):
    values = np.array([0, 200, 7, 9], np.uint8)[drawn.labels]
    frames_of(drawn, folders, "p1_{}.png", values)
    shared = ["--pixel-spacing", "0.04", "--labels", "200=calcium", "9=lumen"]
    assert do_import(folders, *shared) == 2
    assert do_import(folders, *shared, "7=none") == 0
    present = {int(value) for patient in load_pullbacks(folders[2]) for value in np.unique(patient.pixels[1])}
    assert present == {0, 1, 3}


def test_a_mask_named_after_a_class_holds_that_class_alone(drawn, folders):
    images, masks, data = folders
    Image.fromarray(drawn.frames[0]).save(images / "case.png")
    Image.fromarray((drawn.labels[0] == 1).astype(np.uint8) * 255).save(masks / "case_calcium.png")
    (masks / "lumen").mkdir()
    Image.fromarray((drawn.labels[0] == 3).astype(np.uint8) * 255).save(masks / "lumen" / "case.png")
    assert do_import(folders, "--pixel-spacing", "0.04") == 0
    (patient,) = load_pullbacks(data)
    np.testing.assert_array_equal(true_labels(patient), np.where(drawn.labels[0] == 2, 0, drawn.labels[0]))


def test_a_folder_of_pictures_is_a_pullback_and_a_nifti_file_its_mask(drawn, folders):
    images, masks, data = folders
    (images / "a").mkdir()
    for number, frame in enumerate(drawn.frames):
        Image.fromarray(frame).save(images / "a" / f"{number}.tif")
    mask = sitk.GetImageFromArray(drawn.labels)
    mask.SetSpacing((0.04, 0.04, 0.4))
    sitk.WriteImage(mask, str(masks / "a.nii.gz"))
    assert do_import(folders, "--pixel-spacing", "0.04", "--frame-spacing", "0.4") == 0
    (patient,) = load_pullbacks(data)
    assert patient.pixels.shape[1] == 3 and patient.spacing_mm[2] == pytest.approx(0.4)
    for frame in range(3):
        np.testing.assert_array_equal(true_labels(patient, frame), drawn.labels[frame])


def test_a_phantom_as_the_command_writes_it_is_a_case_in_a_folder_of_its_own(tmp_path):
    drawn = {"seed": 5, "frame_count": 3, "size": 128, "frame_spacing_mm": 0.4}
    write_phantom(tmp_path / "all/one", JsonLines(), **drawn, every_variety=False)
    assert main(["oct", "import", str(tmp_path / "all"), "-o", str(tmp_path / "data")]) == 0
    (patient,) = load_pullbacks(tmp_path / "data")
    assert patient.pixels.shape[1] == 3 and {1, 3} <= set(np.unique(patient.pixels[1]).tolist())


def a_head(folders, name="head", bleed_hu=65, shift_mm=0.0):
    images, masks, _data = folders
    grid = slices(EVEN, tilt_deg=0.0)
    image = head_on(grid)
    bleed = np.linalg.norm(voxel_places_mm(grid) - POINT_MM, axis=-1) < BLEED_MM
    image[bleed] = bleed_hu
    write_nrrd(images / f"{name}_ct.nrrd", image, grid)
    write_nrrd(masks / f"{name}-mask.nrrd", bleed.astype(np.uint8), moved(grid, [shift_mm, 0, 0]))
    return image, bleed


def test_a_head_keeps_its_own_voxels_for_the_evaluation_and_what_the_table_says(folders):
    image, bleed = a_head(folders)
    table = folders[2].parent / "patients.csv"
    table.write_text(
        "case;patient;institution;location;age;hypodensity;irregular_margin;blend;fluid_level\n"
        "head_ct.nrrd;P 1;A;thalamus;70;yes;no;0;1\n"
    )
    assert do_import(folders, "--patients", str(table), task="hematoma") == 0
    (patient,) = load_heads(folders[2])
    assert patient.judged and patient.location == "thalamus" and patient.markers.tolist() == [True, False, False, True]
    original = read_original(folders[2] / f"original-{patient.number}.npz")
    np.testing.assert_array_equal(original.scan.hounsfield, image)
    np.testing.assert_array_equal(original.labels, bleed)
    (row,) = read_cases(folders[2])
    assert (row.patient, row.institution, row.location) == ("P 1", "A", "thalamus")


def test_a_head_and_a_mask_of_another_place_are_refused(folders, capsys):
    a_head(folders, shift_mm=400.0)
    assert do_import(folders, task="hematoma") == 2
    assert "outside of the scan" in capsys.readouterr().err
    assert not list(folders[2].glob("*"))


@pytest.mark.parametrize(("shift_mm", "told"), [(0.0, False), (0.4, True)])
def test_a_mask_on_other_voxels_than_its_head_is_placed_and_told(folders, capsys, shift_mm, told):
    a_head(folders, shift_mm=shift_mm * slices(EVEN, tilt_deg=0.0).column_mm)
    assert do_import(folders, task="hematoma") == 0
    assert ("head-mask.nrrd lies on other voxels" in capsys.readouterr().out) is told


def refused(folders, capsys, *more) -> str:
    assert do_import(folders, *more) == 2
    assert not (folders[2] / "cases.csv").exists() and not list(folders[2].glob("patient-*"))
    printed = capsys.readouterr().err
    assert printed.count("\n") == 1
    return printed


def test_what_cannot_be_imported_is_told_in_one_sentence(drawn, folders, capsys):
    images, masks, _data = folders
    spacing = ["--pixel-spacing", "0.04"]
    assert "No image in" in refused(folders, capsys)
    frames_of(drawn, folders, "p1_{}.png", drawn.labels)
    assert "how large its pixels are" in refused(folders, capsys)
    assert "p1_0, p1_1, p1_2" in refused(folders, capsys)
    (masks / "lost.png").write_bytes((masks / "p1_0.png").read_bytes())
    assert "no image to the mask lost.png" in refused(folders, capsys, *spacing)
    (masks / "lost.png").unlink()
    (images / "more.png").write_bytes((images / "p1_0.png").read_bytes())
    assert "There is no mask of 1 image (more.png)" in refused(folders, capsys, *spacing)
    (images / "more.png").unlink()
    Image.fromarray(drawn.labels[0][:100]).save(masks / "p1_0.png")
    assert "p1_0: p1_0.png has 1 x 100 x 128 voxels" in refused(folders, capsys, *spacing)
    Image.fromarray(np.full((SIZE, SIZE), 77, np.uint8)).save(masks / "p1_0.png")
    assert "label values 77, outside the classes" in refused(folders, capsys, *spacing)
    (images / "p1_0.png").write_bytes(b"\x89PNG no picture")
    assert "p1_0.png cannot be read as a picture" in refused(folders, capsys, *spacing)


def test_the_same_pixels_twice_are_refused(drawn, folders, capsys):
    images, masks, _data = folders
    for name in ("a", "b"):
        Image.fromarray(drawn.frames[0]).save(images / f"{name}.png")
        Image.fromarray(drawn.labels[0]).save(masks / f"{name}.png")
    assert "b: shows the same pixels as a" in refused(folders, capsys, "--pixel-spacing", "0.04")


def test_masks_without_any_calcium_are_nothing_to_learn_from(drawn, folders, capsys):
    frames_of(drawn, folders, "p1_{}.png", np.where(drawn.labels == 1, 0, drawn.labels).astype(np.uint8))
    assert "No case shows any calcium" in refused(folders, capsys, "--pixel-spacing", "0.04")


def test_a_patient_on_two_sides_of_the_tables_split_is_refused(drawn, folders, capsys, tmp_path):
    frames_of(drawn, folders, "p1_{}.png", drawn.labels)
    table, spacing = tmp_path / "table.csv", ["--pixel-spacing", "0.04"]
    lines = ["case,patient,split", "p1_0,anna,train", "p1_1,anna,test", "p1_2,bert,test"]
    table.write_text("\n".join(lines))
    assert "anna would be for train and test" in refused(folders, capsys, *spacing, "--patients", str(table))
    table.write_text("\n".join(lines).replace("anna,test", "anna,train"))
    assert do_import(folders, *spacing, "--patients", str(table)) == 0
    kept = [patient.part for patient in load_pullbacks(folders[2])]
    assert kept == ["train", "train"]  # a test patient is not given to a training
    table.write_text("\n".join(lines[:2]).replace("anna,train", "anna,train\np1_1,anna,train"))
    folders = (*folders[:2], tmp_path / "other")
    assert "p1_2: the table of patients has no line" in refused(folders, capsys, *spacing, "--patients", str(table))


def test_frames_that_nobody_looked_at_can_be_left_out(drawn, folders):
    images, masks, data = folders
    (images / "a").mkdir(), (masks / "a").mkdir()
    for number, (frame, labels) in enumerate(zip(drawn.frames, drawn.labels, strict=True)):
        Image.fromarray(frame).save(images / "a" / f"{number}.png")
        Image.fromarray(labels if number == 1 else np.zeros_like(labels)).save(masks / "a" / f"{number}.png")
    shared = ["--pixel-spacing", "0.04", "--frame-spacing", "0.4"]
    assert do_import(folders, *shared, "--annotated-only") == 0
    (patient,) = load_pullbacks(data)
    assert patient.pixels.shape[1] == 1 and patient.spacing_mm[2] is None  # no neighbour is left to measure a volume with
    np.testing.assert_array_equal(true_labels(patient), drawn.labels[1])


def test_a_head_of_8_bit_pictures_needs_its_window_and_spacing(folders, capsys):
    images, masks, data = folders
    grid = slices(EVEN, tilt_deg=0.0)
    image = head_on(grid)
    bleed = np.linalg.norm(voxel_places_mm(grid) - POINT_MM, axis=-1) < BLEED_MM
    image[bleed] = 65
    (images / "head").mkdir(), (masks / "head").mkdir()
    for number, (plane, mask) in enumerate(zip(image, bleed, strict=True)):
        Image.fromarray((np.clip(plane / 80, 0, 1) * 255).astype(np.uint8)).save(images / "head" / f"{number}.png")
        Image.fromarray(mask).save(masks / "head" / f"{number}.png")
    assert do_import(folders, task="hematoma") == 2
    assert "--pixel-spacing" in capsys.readouterr().err
    stated = ["--pixel-spacing", str(grid.row_mm), "--slice-spacing", str(float(grid.extents_mm[1])), "--window", "0", "80"]
    assert do_import(folders, *stated, "--labels", "255=hematoma", task="hematoma") == 0
    (patient,) = load_heads(data)
    original = read_original(data / f"original-{patient.number}.npz")
    np.testing.assert_array_equal(original.labels, bleed)
    assert abs(float(np.median(original.scan.hounsfield[bleed])) - 65) <= 1
