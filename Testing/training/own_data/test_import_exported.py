"""Exported cases become patients of a training folder, and a training learns from them."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from drawn_head import EVEN, POINT_MM, reversed_slices, slices, voxel_places_mm
from exported_cases import BLEED_MM, FRAME_MM, PIXEL_MM, SEEN, a_head_case, a_pullback_case
from OCTCalciumLib.phantom.pullback import draw_pullback

from training.__main__ import main
from training.hematoma.data import load_patients as load_heads
from training.oct.data import load_patients as load_pullbacks


def test_a_case_is_a_patient_of_the_oct_training(tmp_path, capsys):
    case = a_pullback_case(tmp_path / "case")
    assert main(["oct", "import", str(case), "-o", str(tmp_path / "data")]) == 0
    (patient,) = load_pullbacks(tmp_path / "data")
    assert patient.number >= 100000 and str(patient.number) in capsys.readouterr().out
    drawn = draw_pullback(5, 4, 128, frame_mm=FRAME_MM)
    assert patient.pixels.shape == (2, 4, 512, 512)
    inside = patient.pixels[:, :, 64:448]  # 96 rows of 128 are 384 of 512, in the middle
    np.testing.assert_array_equal(inside[1, :, 2::4, 2::4], drawn.labels[:, :96])
    shrunk = inside[0].reshape(4, 96, 4, 128, 4).mean(axis=(2, 4))
    assert np.corrcoef(shrunk.ravel(), drawn.frames[:, :96].ravel())[0, 1] > 0.97
    assert shrunk.mean() == pytest.approx(drawn.frames[:, :96].mean(), abs=0.5)
    assert not patient.pixels[:, :, :64].any() and not patient.pixels[:, :, 448:].any()
    assert patient.spacing_mm == pytest.approx((PIXEL_MM / 4, PIXEL_MM / 4, FRAME_MM))


def test_only_reviewed_frames_are_learnt_where_any_is_reviewed(tmp_path):
    case = a_pullback_case(tmp_path / "case", reviewed=(3, 1))
    assert main(["oct", "import", str(case), "-o", str(tmp_path / "data")]) == 0
    (patient,) = load_pullbacks(tmp_path / "data")
    drawn = draw_pullback(5, 4, 128, frame_mm=FRAME_MM)
    np.testing.assert_array_equal(patient.pixels[1, :, 66:448:4, 2::4], drawn.labels[[1, 3], :96])


def test_a_pullback_exported_again_replaces_itself_and_others_do_not(tmp_path):
    data = tmp_path / "data"
    a_pullback_case(tmp_path / "cases/first"), a_pullback_case(tmp_path / "cases/other", seed=6)
    assert main(["oct", "import", str(tmp_path / "cases"), "-o", str(data)]) == 0
    numbers = [patient.number for patient in load_pullbacks(data)]
    assert len(set(numbers)) == 2
    corrected = a_pullback_case(tmp_path / "corrected/first", labels=np.full((4, 96, 128), 3))
    assert main(["oct", "import", str(corrected), "-o", str(data)]) == 0
    assert [patient.number for patient in load_pullbacks(data)] == numbers
    assert sum((patient.pixels[1, :, 64:448] == 3).all() for patient in load_pullbacks(data)) == 1


def test_what_does_not_belong_to_a_training_is_refused_in_one_line(tmp_path, capsys):
    pullback, head = a_pullback_case(tmp_path / "pullback"), a_head_case(tmp_path / "head")
    strange = a_pullback_case(tmp_path / "strange", labels=np.full((4, 96, 128), 7))
    misspelt = a_head_case(tmp_path / "misspelt", markers={"blend sign": True})
    for task, case, message in (
        ("oct", head, "not for oct-calcium"),
        ("hematoma", pullback, "not for hematoma-markers"),
        ("oct", strange, "unknown label values (7)"),
        ("hematoma", misspelt, "other markers"),
        ("oct", tmp_path / "nothing", "no folder"),
    ):
        assert main([task, "import", str(case), "-o", str(tmp_path / "data")]) == 2
        printed = capsys.readouterr().err
        assert message in printed and printed.count("\n") == 1
    assert not list((tmp_path / "data").glob("patient-*"))


def test_the_oct_training_learns_from_cases_alone_once_they_are_split(tmp_path, capsys):
    for seed in (5, 6):
        a_pullback_case(tmp_path / f"cases/{seed}", seed)
    data, run = str(tmp_path / "data"), tmp_path / "run"
    assert main(["oct", "import", str(tmp_path / "cases"), "-o", data]) == 0
    train = ["oct", "train", data, str(run), "--minutes", "0.01", "width=4", "batch=2", "--device", "cpu"]
    assert main(train) == 2
    assert "no split.csv" in capsys.readouterr().err
    assert main(["oct", "split", data, "--folds", "2", "--test-share", "0"]) == 0
    assert main(train) == 0
    assert "validation: IoU" in (run / "log.txt").read_text()
    assert (run / "checkpoint.safetensors").exists()


def test_a_case_is_a_patient_of_the_hematoma_training_prepared_as_the_others(tmp_path):
    grid = reversed_slices(slices(EVEN, tilt_deg=10.0))  # from head to foot: slices change their order
    case = a_head_case(tmp_path / "case", SEEN, reviewed=(9, 8, 15), grid=grid)
    assert main(["hematoma", "import", str(case), "-o", str(tmp_path / "data")]) == 0
    (patient,) = load_heads(tmp_path / "data")
    assert patient.number >= 100000 and patient.judged and patient.location is None
    assert patient.hounsfield.shape == patient.labels.shape == (3, 256, 256)
    places_mm = np.linalg.norm(voxel_places_mm(grid) - POINT_MM, axis=-1)
    true_mm2 = (places_mm[[15, 9, 8]] < BLEED_MM).sum(axis=(1, 2)) * grid.pixel_mm2
    assert (true_mm2 > 0).tolist() == [False, True, True]
    np.testing.assert_allclose(patient.labels.sum(axis=(1, 2)) * 0.9**2, true_mm2, rtol=0.1)
    brains = [
        np.median(image[(image > 20) & ~label.astype(bool)])
        for image, label in zip(patient.hounsfield, patient.labels, strict=True)
    ]
    assert brains == [30 + 15 // 2, 30 + 9 // 2, 30 + 8 // 2]
    assert np.median(patient.hounsfield[patient.labels == 1]) == 65
    there = np.array(list(SEEN.values()))
    np.testing.assert_array_equal(patient.slice_markers, [[False] * 4, there, there])
    np.testing.assert_array_equal(patient.markers, there)


@pytest.mark.parametrize("markers", [None, SEEN | {"blend": None}, {"blend": True}])
def test_a_patient_whose_markers_are_not_all_judged_has_no_known_markers(tmp_path, markers):
    assert main(["hematoma", "import", str(a_head_case(tmp_path / "case", markers)), "-o", str(tmp_path / "data")]) == 0
    (patient,) = load_heads(tmp_path / "data")
    assert not patient.judged and patient.labels.any()


def test_both_stages_learn_from_cases_and_the_markers_only_from_judged_ones(tmp_path, capsys):
    data, run = tmp_path / "data", tmp_path / "run"
    assert main(["hematoma", "import", str(a_head_case(tmp_path / "unjudged")), "-o", str(data)]) == 0
    (learnt,) = data.glob("patient-*.npz")
    learnt.rename(data / "patient-01001.npz")
    shutil.copy(data / "patient-01001.npz", data / "patient-01010.npz")
    shared = [str(data), str(run), "--minutes", "0.005", "batch=2", "--device", "cpu"]
    assert main(["hematoma", "train-segmentation", *shared, "width=0.1"]) == 0
    assert (run / "segmentation.json").exists()
    capsys.readouterr()
    assert main(["hematoma", "train-markers", *shared, "marker_width=0.02"]) == 2
    assert "markers are known" in capsys.readouterr().err
    assert main(["hematoma", "import", str(a_head_case(tmp_path / "judged", SEEN, brain_hu=28)), "-o", str(data)]) == 0
    (judged,) = data.glob("patient-??????*.npz")
    judged.rename(data / "patient-01020.npz")
    shutil.copy(data / "patient-01020.npz", data / "patient-01002.npz")
    bleeding = int(np.load(data / "patient-01002.npz")["labels"].any(axis=(1, 2)).sum())
    assert main(["hematoma", "train-markers", *shared, "marker_width=0.02"]) == 0
    assert f"learnt from: {bleeding} slices with hematoma" in capsys.readouterr().out
