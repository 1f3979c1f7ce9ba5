"""``oct-calcium`` as a person or a program meets it: results on the phantom, one clear sentence for what cannot be used."""

import json
import shutil
import signal

import commands
import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from LesionReadingLib.model.bundle import find_bundle
from OCTCalciumLib.__main__ import main
from OCTCalciumLib.batch import COLUMNS
from OCTCalciumLib.commands import DEFAULT_MODEL, HEADLINE_WORDS
from OCTCalciumLib.labels import CALCIUM, LUMEN
from OCTCalciumLib.phantom.dicom import write_frame_folder, write_presentation, write_truth
from OCTCalciumLib.phantom.pullback import draw_pullback

SIZE, FRAMES = 256, 6
RESULTS = {"measurements.json", "segmentation.seg.nrrd", "report.html", "frames.csv", "lesions.csv"}


@pytest.fixture(scope="module")
def a_phantom(tmp_path_factory):
    folder = tmp_path_factory.mktemp("phantom")
    pullback = draw_pullback(11, FRAMES, SIZE, frame_mm=0.4)
    write_presentation(folder / "presentation.dcm", pullback)
    data = pydicom.dcmread(folder / "presentation.dcm")
    data.PatientName, data.PatientID, data.PatientBirthDate = "Zweistein^Xaver", "4711-0815", "19010101"
    data.save_as(folder / "presentation.dcm")
    write_truth(folder / "truth.nrrd", pullback)
    return folder


@pytest.fixture(scope="module")
def an_analysis(a_phantom, tmp_path_factory):
    """The whole command in a process of its own, as the Slicer module starts it."""
    output = tmp_path_factory.mktemp("analysis") / "results"
    return output, commands.analyzed("OCTCalciumLib", a_phantom / "presentation.dcm", output)


def start(*arguments):
    return commands.start("OCTCalciumLib", *arguments)


def test_a_dicom_pullback_becomes_a_finished_folder(an_analysis):
    output, _ = an_analysis
    assert {path.name for path in output.iterdir()} >= RESULTS | {"segmentation.dcm"}
    assert list(output.parent.iterdir()) == [output]


def test_the_worker_reports_every_frame_and_ends_with_the_result(an_analysis):
    output, lines = an_analysis
    segmented = [line["done"] for line in lines if line["type"] == "progress" and line["code"] == "infer"]
    assert commands.undocumented(lines) == []
    assert segmented == sorted(segmented)
    assert segmented[-1] == FRAMES
    assert lines[-1]["type"] == "result"
    assert lines[-1]["folder"] == str(output)


def test_the_numbers_follow_the_contract(an_analysis):
    output, _ = an_analysis
    found = json.loads((output / "measurements.json").read_text())
    assert found["schema"] == "oct-calcium/1"
    assert len(found["frames"]) == FRAMES
    assert found["spacing_mm"][2] == pytest.approx(0.4)
    assert "Pixel" in found["spacing_source"]["in_plane"]
    frame_keys = "frame position_mm area_mm2 arc_total_deg arc_contiguous_deg arc_bridged_deg max_thickness_mm min_depth_mm"
    assert {*frame_keys.split(), "lumen_area_mm2"} <= set(found["frames"][0])
    assert {"volume_mm3", "max_arc_deg", "arc_over_180", "lesions"} <= set(found)


def test_the_last_lines_tell_the_arcs_of_single_frames_and_those_that_neighbours_hold_as_the_page_does(an_analysis):
    output, lines = an_analysis
    found = json.loads((output / "measurements.json").read_text())
    assert lines[-1]["max_arc_deg"] == found["max_arc_deg"]
    assert lines[-1]["arc_over_180_length_mm"] == found["arc_over_180"]["length_mm"]
    assert lines[-1]["held_arc_over_180_length_mm"] == found["arc_over_180"]["held_length_mm"]


def test_a_person_reads_all_that_the_last_line_tells_in_words_of_their_language(an_analysis, tmp_path, capfd):
    assert an_analysis[1][-1].keys() - {"type", "code", "folder"} == HEADLINE_WORDS.keys()
    down, right = np.mgrid[:128, :128] - 63.5
    radius, frame = np.hypot(down, right), np.zeros((128, 128), np.uint8)
    frame[radius < 20], frame[(radius >= 25) & (radius < 35) & (down + right / 4 > -4)] = LUMEN, CALCIUM  # over 180 degrees
    image = sitk.GetImageFromArray(np.stack([frame * (frame == LUMEN), *[frame] * 4, frame * (frame == LUMEN)]))
    image.SetSpacing((0.02, 0.02, 0.4))
    sitk.WriteImage(image, tmp_path / "drawn.nrrd")
    assert main(["measure", str(tmp_path / "drawn.nrrd"), "-o", str(tmp_path / "r"), "--language", "ja"]) == 0
    lines = capfd.readouterr().out.splitlines()[-6:]
    assert lines[0] == f"石灰化体積（mm³）: {round(int((frame == CALCIUM).sum()) * 4 * 0.02 * 0.02 * 0.4, 3)}"
    assert lines[3:5] == ["180°以上の長さ（mm）: 1.6", "180°以上の長さ（連続フレームで維持、mm）: 1.6"]


def test_the_table_of_a_batch_tells_the_length_that_neighbours_hold_beside_that_of_single_frames(an_analysis):
    found = {"arc_over_180": {"length_mm": 5.2, "held_length_mm": 4.0}}
    header = "length at 180 degrees or more"
    assert [COLUMNS[f"{header}{which}(mm)"](found) for which in (" ", ", held over frames ")] == [5.2, 4.0]
    written = json.loads((an_analysis[0] / "measurements.json").read_text())
    assert COLUMNS[f"{header}, held over frames (mm)"](written) == written["arc_over_180"]["held_length_mm"] is not None


def test_the_segmentation_lies_on_the_grid_of_the_pullback(an_analysis, a_phantom):
    output, _ = an_analysis
    found = sitk.ReadImage(str(output / "segmentation.seg.nrrd"))
    truth = sitk.ReadImage(str(a_phantom / "truth.nrrd"))
    assert found.GetSize() == truth.GetSize()
    np.testing.assert_allclose(found.GetSpacing(), truth.GetSpacing(), rtol=1e-6)


def test_the_shipped_model_finds_lumen_and_guidewire_of_the_phantom(an_analysis, a_phantom):
    """The floor is far below the model card: it tells a broken way of the data, not a weak model."""
    output, _ = an_analysis
    found = sitk.GetArrayFromImage(sitk.ReadImage(str(output / "segmentation.seg.nrrd")))
    truth = sitk.GetArrayFromImage(sitk.ReadImage(str(a_phantom / "truth.nrrd")))
    for value, floor in ((2, 0.6), (3, 0.9)):
        overlap = 2 * np.sum((found == value) & (truth == value)) / (np.sum(found == value) + np.sum(truth == value))
        assert overlap > floor


def test_measuring_the_written_segmentation_gives_the_same_numbers(an_analysis, tmp_path):
    output, _ = an_analysis
    assert main(["measure", str(output / "segmentation.seg.nrrd"), "-o", str(tmp_path / "again")]) == 0
    first, again = (json.loads((folder / "measurements.json").read_text()) for folder in (output, tmp_path / "again"))
    of_model = {"arc_range_deg": None}  # comes from the network's scores, which no label map holds
    assert again["frames"] == [frame | of_model for frame in first["frames"]]
    assert again["lesions"] == first["lesions"]


def test_measure_needs_no_network(a_phantom, tmp_path):
    commands.measure_without_network("OCTCalciumLib", a_phantom / "truth.nrrd", "-o", tmp_path / "results")


def test_no_patient_name_is_written_or_said(an_analysis):
    output, lines = an_analysis
    written = b"".join(path.read_bytes() for path in output.iterdir()) + json.dumps(lines).encode()
    for secret in (b"Zweistein", b"Xaver", b"4711-0815", b"19010101"):
        assert secret not in written


def test_cancelling_ends_the_run_and_leaves_nothing(a_phantom, tmp_path):
    run = start("analyze", a_phantom / "presentation.dcm", "-o", tmp_path / "results")
    run.stdout.readline()
    run.send_signal(signal.SIGTERM)
    run.communicate(timeout=20)
    assert run.returncode == 130
    assert list(tmp_path.iterdir()) == []


def test_a_folder_of_single_frames_with_typed_spacing_is_analysed(tmp_path):
    write_frame_folder(tmp_path / "frames", draw_pullback(3, 2, 128, frame_mm=0.5))
    arguments = ["analyze", str(tmp_path / "frames"), "-o", str(tmp_path / "results"), "--pixel-spacing", "0.01"]
    assert main([*arguments, "--frame-spacing", "0.3"]) == 0
    found = json.loads((tmp_path / "results" / "measurements.json").read_text())
    assert found["spacing_mm"] == [0.01, 0.01, 0.3]
    assert "typed" in found["spacing_source"]["in_plane"]


def test_the_phantom_command_writes_dicom_and_truth(tmp_path):
    assert main(["phantom", str(tmp_path / "phantom"), "--seed", "2", "--frames", "2", "--size", "96"]) == 0
    data = pydicom.dcmread(tmp_path / "phantom" / "presentation.dcm")
    assert (data.Modality, data.NumberOfFrames, data.Rows) == ("IVOCT", 2, 96)
    assert (tmp_path / "phantom" / "truth.nrrd").exists()


def _missing(folder):
    return folder / "nowhere.dcm"


def _text(folder):
    (folder / "letter.dcm").write_text("Dear colleague, " * 50)
    return folder / "letter.dcm"


def _empty_folder(folder):
    (folder / "empty").mkdir()
    return folder / "empty"


def _other_modality(folder):
    return _changed(folder, Modality="CT", SOPClassUID="1.2.840.10008.5.1.4.1.1.2")


def _zero_spacing(folder):
    data = pydicom.dcmread(folder / "good.dcm")
    data.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0].PixelSpacing = [0, 0]
    data.save_as(folder / "zero.dcm")
    return folder / "zero.dcm"


def _truncated(folder):
    whole = (folder / "good.dcm").read_bytes()
    (folder / "cut.dcm").write_bytes(whole[: len(whole) // 2])
    return folder / "cut.dcm"


def _without_pixels(folder):
    data = pydicom.dcmread(folder / "good.dcm")
    del data.PixelData
    data.save_as(folder / "blank.dcm")
    return folder / "blank.dcm"


def _two_pullbacks(folder):
    (folder / "two").mkdir()
    for name in ("first.dcm", "second.dcm"):
        data = pydicom.dcmread(folder / "good.dcm")
        data.SeriesInstanceUID = pydicom.uid.generate_uid()
        data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = pydicom.uid.generate_uid()
        data.save_as(folder / "two" / name)
    return folder / "two"


def _not_a_number(folder):
    image = sitk.GetImageFromArray(np.full((2, 32, 32), np.nan, np.float32))
    image.SetSpacing((0.01, 0.01, 0.2))
    sitk.WriteImage(image, str(folder / "nan.nrrd"))
    return folder / "nan.nrrd"


def _changed(folder, **values):
    data = pydicom.dcmread(folder / "good.dcm")
    for name, value in values.items():
        setattr(data, name, value)
    data.save_as(folder / "changed.dcm")
    return folder / "changed.dcm"


@pytest.mark.parametrize(
    ("bad_input", "word"),
    [
        (_missing, "nowhere.dcm"),
        (_text, "letter.dcm"),
        (_empty_folder, "empty"),
        (_other_modality, "CT"),
        (_zero_spacing, "spacing"),
        (_truncated, "cut.dcm"),
        (_without_pixels, "pixel"),
        (_two_pullbacks, "first.dcm"),
        (_not_a_number, "NaN"),
    ],
)
def test_an_input_that_cannot_be_used_is_one_sentence_and_status_2(a_phantom, tmp_path, capfd, bad_input, word):
    shutil.copy(a_phantom / "presentation.dcm", tmp_path / "good.dcm")
    path = bad_input(tmp_path)
    (tmp_path / "out").mkdir()
    assert main(["analyze", str(path), "-o", str(tmp_path / "out" / "results")]) == 2
    printed = capfd.readouterr().err
    assert printed.count("\n") == 1
    assert word in printed
    assert list((tmp_path / "out").iterdir()) == []


def _no_weights(bundle):
    for path in (bundle / "models").iterdir():
        path.unlink()


def _altered_weights(bundle):
    weights = next((bundle / "models").glob("*.safetensors"))
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)


def _pickled_weights(bundle):
    import pickle

    _no_weights(bundle)
    (bundle / "models" / "model.pt").write_bytes(pickle.dumps({"weights": [1, 2, 3]}))


@pytest.mark.parametrize("damage", [_no_weights, _altered_weights, _pickled_weights])
def test_a_bundle_that_cannot_be_trusted_is_one_sentence_and_status_2(a_phantom, tmp_path, capfd, damage):
    shutil.copytree(find_bundle(DEFAULT_MODEL, "oct-calcium").path, tmp_path / "bundle")
    damage(tmp_path / "bundle")
    arguments = [
        "analyze",
        str(a_phantom / "presentation.dcm"),
        "-o",
        str(tmp_path / "results"),
        "--model",
        str(tmp_path / "bundle"),
    ]
    assert main(arguments) == 2
    assert capfd.readouterr().err.count("\n") == 1
    assert not (tmp_path / "results").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ["--pixel-spacing", "-1"],
        ["--pixel-spacing", "0"],
        ["--pixel-spacing", "nan"],
        ["--frame-spacing", "1000"],
        ["--calibration", "0"],
        ["--lesion-gap", "-1"],
        ["--model", "no-such-model"],
    ],
)
def test_an_argument_that_cannot_be_used_is_one_sentence_and_status_2(a_phantom, tmp_path, capfd, arguments):
    given = ["analyze", str(a_phantom / "presentation.dcm"), "-o", str(tmp_path / "results"), *arguments]
    assert main(given) == 2
    assert capfd.readouterr().err.count("\n") == 1
    assert not (tmp_path / "results").exists()


def test_an_unknown_argument_is_one_line_and_status_2(capfd):
    with pytest.raises(SystemExit) as ended:
        main(["analyze", "pullback.dcm", "-o", "results", "--colour"])
    assert ended.value.code == 2
    assert capfd.readouterr().err.count("\n") == 1
