"""``hematoma-markers`` as a person or a program meets it: results on the phantom, one clear sentence for what cannot be used."""

import json
import shutil
import signal
from datetime import datetime
from pathlib import Path

import commands
import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from grids import some_slices
from HematomaMarkersLib.__main__ import main
from HematomaMarkersLib.commands import HEADLINE_WORDS
from HematomaMarkersLib.labels import MARKERS, OUTSIDE_BRAIN
from HematomaMarkersLib.phantom.dicom import Acquisition, in_position, write_series
from HematomaMarkersLib.phantom.patient import draw_follow_up, draw_head
from HematomaMarkersLib.phantom.wide import draw_wide_head
from HematomaMarkersLib.reading.read import open_scan
from HematomaMarkersLib.segments import SEGMENTS, read_placed_labels
from identity_leaks import leaks
from LesionReadingLib.geometry.grid import stacked_grid
from LesionReadingLib.labels.seg_nrrd import write_seg_nrrd

PATIENT = {"volume_ml": 24.0, "location": "putamen", "wanted": frozenset({"blend"})}
SIZE, SLICE_MM, SEED = 128, 8.0, 1012
RESULTS = {"measurements.json", "segmentation.seg.nrrd", "segmentation.dcm", "report.html", "slices.csv", "markers.csv"}
RESULTS |= {f"heat_{marker}.nrrd" for marker in MARKERS}


def a_head(**how):
    return draw_head(SEED, **{"size": SIZE, "slice_mm": SLICE_MM, "tilt_deg": 15.0, **PATIENT, **how})


@pytest.fixture(scope="module")
def head():
    return a_head()


@pytest.fixture(scope="module")
def a_patient(head, tmp_path_factory):
    """DICOM of a tilted head and of the same patient later, and the truth about the first."""
    folder = tmp_path_factory.mktemp("patient")
    later = draw_follow_up(SEED, 12.0, size=SIZE, slice_mm=SLICE_MM, tilt_deg=0.0, **PATIENT)
    write_series(folder / "first", head.hounsfield, head.grid)
    write_series(folder / "later", later.hounsfield, later.grid, Acquisition(acquired=datetime(2024, 3, 1, 14, 30)))
    for file in (*(folder / "first").iterdir(), *(folder / "later").iterdir()):
        data = pydicom.dcmread(file)
        data.PatientName, data.PatientID, data.PatientBirthDate = "Zweistein^Xaver", "4711-0815", "19010101"
        data.save_as(file)
    write_seg_nrrd(folder / "truth.seg.nrrd", head.labels, head.grid, SEGMENTS)
    return folder


def start(*arguments):
    return commands.start("HematomaMarkersLib", *arguments)


def run(*arguments) -> int:
    return main([str(argument) for argument in arguments])


def numbers(folder: Path) -> dict:
    return json.loads((folder / "measurements.json").read_text())


@pytest.fixture(scope="module")
def an_analysis(a_patient, tmp_path_factory):
    """The whole command in a process of its own, as the Slicer module starts it."""
    output = tmp_path_factory.mktemp("analysis") / "results"
    return output, commands.analyzed("HematomaMarkersLib", a_patient / "first", output)


def middle_slices(head) -> list[int]:
    """The slices with the hematoma and two on either side: enough where no more than an answer is asked for."""
    shown = np.flatnonzero((head.labels == 1).any(axis=(1, 2)))
    return list(range(shown[0] - 2, shown[-1] + 3))


def overlap(found: np.ndarray, truth: np.ndarray) -> float:
    return 2 * np.sum(found & truth) / (found.sum() + truth.sum())


def middle_mm(labels: np.ndarray, grid) -> np.ndarray:
    voxels = np.argwhere(labels == 1)
    return np.average(grid.lps_mm(voxels), axis=0, weights=grid.voxel_ml[voxels[:, 0]])


def test_a_dicom_series_becomes_a_finished_folder(an_analysis):
    output, _ = an_analysis
    assert {path.name for path in output.iterdir()} >= RESULTS
    assert list(output.parent.iterdir()) == [output]


def test_the_worker_reports_every_slice_and_ends_with_the_result(an_analysis, head):
    output, lines = an_analysis
    read = [line["done"] for line in lines if line["type"] == "progress" and line["code"] == "infer"]
    assert commands.undocumented(lines) == []
    assert read == list(range(1, head.grid.slice_count + 1))
    assert lines[-1]["type"] == "result" and lines[-1]["folder"] == str(output)
    assert lines[-1]["decision"] in ("refer now", "watch", "no hematoma found")


def test_a_person_reads_all_that_the_last_line_tells_but_its_code_in_words(an_analysis):
    assert an_analysis[1][-1].keys() - {"type", "code", "folder"} == HEADLINE_WORDS.keys()


def test_the_numbers_follow_the_contract(an_analysis, head):
    found = numbers(an_analysis[0])
    assert found["schema"] == "hematoma-markers/1"
    assert {"spacing_mm", "volume_ml", "abc2_ml", "ivh_ml", "markers", "slices", "growth", "triage"} <= set(found)
    assert set(found["markers"]) == set(MARKERS)
    for marker in found["markers"].values():
        assert 0 <= marker["probability"] <= 1 and isinstance(marker["evidence"], dict)
    assert [one["slice"] for one in found["slices"]] == list(range(head.grid.slice_count))
    assert {"area_mm2", "markers"} <= set(found["slices"][0])
    assert found["growth"] is None


def test_the_mask_of_a_tilted_head_lies_on_its_own_voxels(an_analysis, head):
    """The floor is far below the model card: it tells a broken way of the data, not a weak model."""
    labels, grid = read_placed_labels(an_analysis[0] / "segmentation.seg.nrrd")
    assert labels.shape == head.labels.shape
    np.testing.assert_allclose(grid.positions_mm, head.grid.positions_mm, atol=0.02)
    assert overlap(labels == 1, head.labels == 1) > 0.75
    assert numbers(an_analysis[0])["volume_ml"] == pytest.approx(head.volume_ml, rel=0.3)


def test_heat_maps_lie_on_the_voxels_of_the_scan_and_stay_inside_the_head(an_analysis, head):
    for marker in MARKERS:
        image = sitk.ReadImage(str(an_analysis[0] / f"heat_{marker}.nrrd"))
        heat = sitk.GetArrayFromImage(image)
        assert heat.shape == head.hounsfield.shape
        assert heat.min() == 0 and heat.max() <= 1
        np.testing.assert_allclose(image.GetOrigin(), head.grid.positions_mm[0], atol=0.02)
        air = head.hounsfield < -900
        assert heat[air].max() < 0.05


def test_growth_since_the_earlier_scan_is_told_although_the_head_lies_otherwise(a_patient, tmp_path):
    source, prior = a_patient / "later", a_patient / "first"
    assert run("analyze", source, "-o", tmp_path / "r", "--prior", prior, "--location", "putamen", "--no-scroll") == 0
    growth = numbers(tmp_path / "r")["growth"]
    assert growth["change_ml"] == pytest.approx(12.0, abs=5.0)
    assert growth["expanded"]["seed_30_percent"] and growth["expanded"]["6ml_or_33_percent"]
    assert numbers(tmp_path / "r")["triage"]["decision"] == "refer now"


@pytest.fixture(scope="module")
def an_upright_head():
    return a_head(tilt_deg=0.0)


@pytest.mark.parametrize("position", ["FFS", "HFP"])  # of all positions the readers' tests tell
def test_however_the_patient_lay_the_mask_is_where_the_blood_is(position, tmp_path, an_upright_head):
    head, some = an_upright_head, middle_slices(an_upright_head)
    hounsfield, grid = in_position(head.hounsfield[some], some_slices(head.grid, some), position)
    write_series(tmp_path / "ct", hounsfield, grid, Acquisition(patient_position=position))
    assert run("analyze", tmp_path / "ct", "-o", tmp_path / "r", "--no-scroll") == 0
    labels, placed = read_placed_labels(tmp_path / "r/segmentation.seg.nrrd")
    assert np.linalg.norm(middle_mm(labels, placed) - middle_mm(head.labels, head.grid)) < 3


def test_slices_of_mixed_distance_keep_mask_and_volume(tmp_path, head):
    """Every other slice of the upper half left out: distances of 8 and 16 mm in one series."""
    kept = [number for number in range(head.grid.slice_count) if number < head.grid.slice_count // 2 or number % 2 == 0]
    whole = head.grid
    grid = stacked_grid(
        (whole.rows, whole.columns),
        (whole.row_mm, whole.column_mm),
        whole.row_axis,
        whole.column_axis,
        whole.positions_mm[kept],
        SLICE_MM,
    )
    write_series(tmp_path / "ct", head.hounsfield[kept], grid)
    assert run("analyze", tmp_path / "ct", "-o", tmp_path / "r", "--no-scroll") == 0
    labels, placed = read_placed_labels(tmp_path / "r/segmentation.seg.nrrd")
    np.testing.assert_allclose(placed.positions_mm, grid.positions_mm, atol=0.02)
    truth = head.labels[kept] == 1
    assert overlap(labels == 1, truth) > 0.75
    counted_ml = sum(np.sum(plane == 1) * ml for plane, ml in zip(labels, grid.voxel_ml, strict=True))
    assert numbers(tmp_path / "r")["volume_ml"] == pytest.approx(counted_ml, rel=1e-6)


def test_measuring_the_truth_gives_its_volume_and_needs_no_network(a_patient, tmp_path, head):
    truth, scan = a_patient / "truth.seg.nrrd", a_patient / "first"
    commands.measure_without_network("HematomaMarkersLib", truth, "--ct", scan, "-o", tmp_path / "r")
    counted_ml = sum(np.sum(plane == 1) * ml for plane, ml in zip(head.labels, head.grid.voxel_ml, strict=True))
    assert numbers(tmp_path / "r")["volume_ml"] == pytest.approx(counted_ml, rel=1e-3)
    assert numbers(tmp_path / "r")["markers"]["blend"]["probability"] is None


def test_a_corrected_contour_is_measured_beside_what_the_network_said(a_patient, an_analysis, tmp_path, head):
    output, _ = an_analysis
    files = (a_patient / "truth.seg.nrrd", "--ct", a_patient / "first", "--reading", output)
    assert run("measure", *files, "-o", tmp_path / "r", "--location", "putamen") == 0
    now, before = numbers(tmp_path / "r"), numbers(output)
    counted_ml = sum(np.sum(plane == 1) * ml for plane, ml in zip(head.labels, head.grid.voxel_ml, strict=True))
    assert now["volume_ml"] == pytest.approx(counted_ml, rel=1e-3)
    assert [now["markers"][marker]["probability"] for marker in MARKERS] == pytest.approx(
        [before["markers"][marker]["probability"] for marker in MARKERS]
    )
    assert now["thresholds"] == before["thresholds"] and now["triage"]["location"] == "putamen"
    assert now["model"]["name"] == before["model"]["name"] and "corrected" in now["model"]["contours"]
    assert {path.name for path in (tmp_path / "r").glob("*_heat_*.png")} == {path.name for path in output.glob("*_heat_*.png")}
    assert "may have been corrected" in (tmp_path / "r" / "report.html").read_text(encoding="utf-8")


def test_the_networks_own_contour_measured_again_is_not_called_corrected(a_patient, an_analysis, tmp_path):
    output, _ = an_analysis
    files = (output / "segmentation.seg.nrrd", "--ct", a_patient / "first", "--reading", output)
    assert run("measure", *files, "-o", tmp_path / "r") == 0
    assert numbers(tmp_path / "r")["model"] == numbers(output)["model"]
    assert numbers(tmp_path / "r")["volume_ml"] == pytest.approx(numbers(output)["volume_ml"])


def test_a_contour_that_left_the_networks_slice_still_has_its_heat_there_in_the_report(a_patient, an_analysis, tmp_path, head):
    output, _ = an_analysis
    best = numbers(output)["marker_slices"]["blend"]
    moved = head.labels.copy()
    moved[best - 1 : best + 2] = 0
    write_seg_nrrd(tmp_path / "moved.seg.nrrd", moved, head.grid, SEGMENTS)
    files = (tmp_path / "moved.seg.nrrd", "--ct", a_patient / "first", "--reading", output)
    assert run("measure", *files, "-o", tmp_path / "r") == 0
    assert (tmp_path / "r" / f"blend_heat_{best + 1:03d}.png").exists(), "named by the slice as people count"


def test_signs_of_a_hematoma_under_the_limit_of_the_rules_are_not_judged_by_a_reading_or_its_correction(
    a_patient, an_analysis, tmp_path, capsys
):
    output, _ = an_analysis
    (tmp_path / "ours.toml").write_text("[refer_now]\nleast_sign_ml = 100\n")
    own = (output / "segmentation.seg.nrrd", "--ct", a_patient / "first", "--reading", output)
    small = tmp_path / "small"
    assert run("measure", *own, "-o", small, "--triage", tmp_path / "ours.toml", "--prior", output) == 0
    said = capsys.readouterr().out
    assert "Signs: not judged, as they cannot be told on a hematoma under 100 mL." in said and "probability" not in said
    found = numbers(small)
    assert {one["probability"] for one in found["markers"].values()} == {None} and not found["shows_signs"]
    assert found["growth"]["change_ml"] == pytest.approx(0) and not list(small.glob("*_heat_*.png"))
    assert "on a hematoma under 100 mL this sign cannot be told" in (small / "report.html").read_text(encoding="utf-8")
    reading = tmp_path / "reading"  # what the network did not tell of its own contour is not told of another either
    shutil.copytree(output, reading)
    shutil.copy(small / "measurements.json", reading)
    assert run("measure", *own[:-1], reading, "-o", tmp_path / "large") == 0
    again = numbers(tmp_path / "large")
    assert again["shows_signs"] and {one["probability"] for one in again["markers"].values()} == {None}
    assert again["markers"]["blend"]["evidence"] == numbers(output)["markers"]["blend"]["evidence"]


def test_a_result_folder_from_before_the_limit_and_a_limit_of_0_give_the_signs_as_before(a_patient, an_analysis, tmp_path):
    output, _ = an_analysis
    reading = tmp_path / "reading"
    shutil.copytree(output, reading)
    before = {name: value for name, value in numbers(output).items() if name not in ("shows_signs", "least_sign_ml")}
    (reading / "measurements.json").write_text(json.dumps(before))
    (tmp_path / "ours.toml").write_text("[refer_now]\nleast_sign_ml = 0\n")
    own = (output / "segmentation.seg.nrrd", "--ct", a_patient / "first", "--reading", reading)
    assert run("measure", *own, "-o", tmp_path / "r", "--triage", tmp_path / "ours.toml", "--prior", reading) == 0
    now = numbers(tmp_path / "r")
    assert (now["shows_signs"], now["least_sign_ml"]) == (True, 0)
    for name in ("markers", "marker_slices", "probability_ranges", "slices"):
        assert now[name] == before[name]


@pytest.mark.parametrize("of", ["nothing", "a mask alone", "another scan"])
def test_a_reading_that_does_not_belong_to_the_scan_is_refused(of, a_patient, an_analysis, tmp_path, capsys):
    reading = tmp_path / "reading"
    if of == "nothing":
        reading.mkdir()
    else:
        shutil.copytree(an_analysis[0], reading)
        (reading / "segmentation.seg.nrrd").unlink()
        found = numbers(reading)
        found.update({"model": None} if of == "a mask alone" else {"slices": found["slices"][:-1]})
        (reading / "measurements.json").write_text(json.dumps(found))
    files = (a_patient / "truth.seg.nrrd", "--ct", a_patient / "first", "--reading", reading)
    assert "reading" in refused(capsys, tmp_path, "measure", *files, "-o", tmp_path / "r")


def test_an_earlier_result_folder_serves_as_prior(a_patient, an_analysis, tmp_path):
    assert (
        run("measure", a_patient / "truth.seg.nrrd", "--ct", a_patient / "first", "-o", tmp_path / "r", "--prior", an_analysis[0])
        == 0
    )
    now, before = numbers(tmp_path / "r"), numbers(an_analysis[0])
    assert now["growth"]["change_ml"] == pytest.approx(now["volume_ml"] - before["volume_ml"], abs=1e-6)


def test_no_patient_name_is_written_or_said(a_patient, an_analysis, tmp_path):
    output, lines = an_analysis
    assert leaks(output, json.dumps(lines), "Zweistein", "Xaver", "4711-0815", "19010101") == []
    sitk.WriteImage(sitk.ReadImage(str(a_patient / "truth.seg.nrrd")), str(tmp_path / "mask.nrrd"))
    assert run("measure", tmp_path / "mask.nrrd", "--ct", a_patient / "first", "-o", tmp_path / "named", "--with-identity") == 0
    assert pydicom.dcmread(tmp_path / "named/segmentation.dcm").PatientID == "4711-0815"


def test_cancelling_ends_the_run_and_leaves_nothing(a_patient, tmp_path):
    worker = start("analyze", a_patient / "first", "-o", tmp_path / "r")
    while "progress" not in worker.stdout.readline():
        pass
    worker.send_signal(signal.SIGTERM)
    worker.communicate(timeout=20)
    assert worker.returncode == 130
    assert list(tmp_path.iterdir()) == []


def refused(capsys, tmp_path: Path, *arguments) -> str:
    """The one sentence with which a command was refused; nothing may have been written."""
    before = sorted(tmp_path.rglob("*"))
    try:
        status = run(*arguments)
    except SystemExit as left:
        status = left.code
    assert status == 2
    assert sorted(tmp_path.rglob("*")) == before
    sentence = capsys.readouterr().err
    assert sentence.count("\n") == 1
    return sentence


def test_contrast_is_refused_unless_forced(head, tmp_path, capsys):
    some = middle_slices(head)
    write_series(tmp_path / "ct", head.hounsfield[some], some_slices(head.grid, some), Acquisition(contrast_agent="Iohexol"))
    assert "--force" in refused(capsys, tmp_path, "analyze", tmp_path / "ct", "-o", tmp_path / "r")
    assert run("analyze", tmp_path / "ct", "-o", tmp_path / "r", "--force", "--no-scroll") == 0


def test_a_prior_of_another_patient_is_refused(a_patient, head, tmp_path, capsys):
    write_series(
        tmp_path / "ct", head.hounsfield, head.grid, Acquisition(patient_id="somebody-else", acquired=datetime(2023, 1, 1))
    )
    sentence = refused(capsys, tmp_path, "analyze", a_patient / "first", "-o", tmp_path / "r", "--prior", tmp_path / "ct")
    assert "another patient" in sentence


def test_a_prior_made_later_is_refused(a_patient, tmp_path, capsys):
    sentence = refused(capsys, tmp_path, "analyze", a_patient / "first", "-o", tmp_path / "r", "--prior", a_patient / "later")
    assert "after" in sentence


def test_one_slice_is_refused(head, tmp_path, capsys):
    grid = head.grid
    one = some_slices(grid, [10])
    write_series(tmp_path / "ct", head.hounsfield[10:11], one)
    assert "slice" in refused(capsys, tmp_path, "analyze", tmp_path / "ct", "-o", tmp_path / "r")


def test_a_scan_without_a_brain_is_refused(head, tmp_path, capsys):
    write_series(tmp_path / "ct", np.minimum(head.hounsfield, 0), head.grid)
    assert "brain" in refused(capsys, tmp_path, "analyze", tmp_path / "ct", "-o", tmp_path / "r").lower()


@pytest.mark.parametrize(
    "arguments",
    [
        ["--window", "80", "0"],
        ["--window", "nonsense"],
        ["--onset-to-ct", "-1"],
        ["--triage", "no-such-file.toml"],
        ["--model", "no-such-model"],
        ["--prior", "no-such-scan"],
        ["--series", "99"],
        ["--location", "liver"],
    ],
)
def test_arguments_that_cannot_be_used_are_told_in_a_sentence(arguments, a_patient, tmp_path, capsys):
    sentence = refused(capsys, tmp_path, "analyze", a_patient / "first", "-o", tmp_path / "r", *arguments)
    assert len(sentence) > 30


@pytest.mark.parametrize("name", ["missing", "empty.dcm", "text.nrrd"])
def test_files_that_are_no_scan_are_told_in_a_sentence(name, tmp_path, capsys):
    if name != "missing":
        (tmp_path / name).write_text("" if name.startswith("empty") else "not an image")
    assert name in refused(capsys, tmp_path, "analyze", tmp_path / name, "-o", tmp_path / "r")


def test_pictures_need_a_window_and_a_spacing(head, tmp_path, capsys):
    from PIL import Image

    (tmp_path / "pictures").mkdir()
    for number, plane in enumerate(head.hounsfield[middle_slices(head)]):
        grey = np.clip(plane / 80 * 255, 0, 255).astype(np.uint8)
        Image.fromarray(grey).save(tmp_path / f"pictures/{number:03d}.png")
    spacing = ["--pixel-spacing", head.grid.row_mm, "--slice-spacing", 6]
    source = ["analyze", tmp_path / "pictures", "-o", tmp_path / "r"]
    assert "window" in refused(capsys, tmp_path, *source, *spacing)
    assert "spacing" in refused(capsys, tmp_path, *source, "--window", 0, 80)
    assert run(*source, *spacing, "--window", 0, 80) == 0
    found = numbers(tmp_path / "r")
    assert found["volume_ml"] > 0 and found["least_sign_ml"] == 5  # densities are cut to a window


def test_a_phantom_patient_is_written_with_its_follow_up_and_its_truth(tmp_path):
    how = ["--volume", 20, "--marker", "blend", "--location", "putamen", "--follow-up", 8, "--size", 128, "--slice-spacing", 8]
    assert run("phantom", tmp_path / "p", "--seed", 3, *how) == 0
    volumes = []
    for visit in ("first", "follow_up"):
        labels, grid = read_placed_labels(tmp_path / f"p/{visit}_truth.seg.nrrd")
        assert labels.shape[0] == len(list((tmp_path / "p" / visit).iterdir()))
        volumes.append(sum(np.sum(plane == 1) * ml for plane, ml in zip(labels, grid.voxel_ml, strict=True)))
    assert volumes[1] - volumes[0] == pytest.approx(8, abs=2)


def test_a_wide_phantom_is_written_as_its_seed_has_it_and_its_truth_holds_blood_in_the_brain_alone(tmp_path):
    assert run("phantom", tmp_path / "p", "--seed", 1006, "--wide") == 0
    head = draw_wide_head(1006)
    assert set(np.unique(head.labels)) == {0, OUTSIDE_BRAIN}
    labels, _grid = read_placed_labels(tmp_path / "p/first_truth.seg.nrrd")
    assert labels.shape == head.labels.shape and not labels.any()
    scan = open_scan(tmp_path / "p/first")
    np.testing.assert_array_equal(scan.hounsfield, head.hounsfield)


def test_options_of_an_ordinary_phantom_are_refused_for_a_wide_one(tmp_path, capsys):
    for option in (["--volume", 3], ["--whole-study"], ["--marker"]):
        assert "--wide" in refused(capsys, tmp_path, "phantom", tmp_path / "p", "--wide", *option)


def test_a_phantom_that_cannot_be_drawn_is_refused(tmp_path, capsys):
    assert "--size" in refused(capsys, tmp_path, "phantom", tmp_path / "p", "--size", 10)
