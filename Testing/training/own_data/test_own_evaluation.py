"""A model judged on own cases, two readers compared, and runs on one page: against counting by hand."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from exported_cases import SEEN, a_head_case
from LesionReadingLib.geometry.grid import even_grid
from LesionReadingLib.geometry.nrrd import write_nrrd
from LesionReadingLib.geometry.spacing import Spacing
from LesionReadingLib.model.bundle import load_bundle
from LesionReadingLib.studies.training_case import write_case
from OCTCalciumLib.labels import TASK
from PIL import Image
from untrained_model import untrained_oct_model, vessel

from training.__main__ import main
from training.hematoma.data import load_patient
from training.reporting.comparison import CasePicture, Measured, best_median_worst, differences, unknown_in_words
from training.reporting.scores import bootstrapped, cohens_kappa

SPACING = Spacing(0.02, 0.02, 0.5)


def test_limits_of_agreement_are_those_of_bland_and_altman():
    figures = differences(Measured("arc", "degrees", (10.0, 20.0, 30.0), (12.0, 21.0, 36.0)))
    assert (figures["count"], figures["bias"]) == (3, 3.0)
    assert figures["sd"] == pytest.approx(7**0.5)  # 2, 1 and 6: squares of -1, -2, 3 over two
    assert figures["low"] == pytest.approx(3 - 1.96 * 7**0.5) and figures["high"] == pytest.approx(3 + 1.96 * 7**0.5)
    assert differences(Measured("arc", "degrees", (10.0,), (12.0,)))["low"] is None
    assert differences(Measured("arc", "degrees", (), ()))["bias"] is None


def test_kappa_is_cohens():
    one, other = np.repeat([1, 1, 0, 0], (20, 5, 10, 15)), np.repeat([1, 0, 1, 0], (20, 5, 10, 15))
    assert cohens_kappa(one, other) == pytest.approx(0.4)  # Cohen's own kind of table: 0.7 seen, 0.5 by chance
    assert cohens_kappa(np.ones(4), np.ones(4)) is None and cohens_kappa(np.empty(0), np.empty(0)) is None


def test_best_median_and_worst_are_of_cases_that_show_anything():
    empty = np.zeros((2, 2))
    pictures = [CasePicture(case, dice, 0, empty, 0, 1, empty, empty) for case, dice in ((1, 0.5), (2, None), (3, 0.9), (4, 0.1))]
    assert {name: picture.case for name, picture in best_median_worst(pictures).items()} == {"best": 3, "median": 1, "worst": 4}
    assert best_median_worst(pictures[1:2]) == {}


def test_a_single_patient_has_no_interval_and_one_sentence_says_what_cannot_be_told():
    interval = bootstrapped(lambda values, _: float(values.mean()), np.array([0.5, 0.7]), np.ones(2, bool), np.array(["a", "a"]))
    assert (interval.value, interval.low) == (pytest.approx(0.6), None)
    assert unknown_in_words({"AUC of blend sign": None, "Dice": 0.5}, 3) == (
        "Too few cases to tell AUC of blend sign; intervals over 3 patients say little of others."
    )
    assert unknown_in_words({"Dice": 0.5}, 30) == ""


@pytest.fixture
def frames(tmp_path) -> Path:
    """A data folder with three frames of two patients, all for the test."""
    for folder in ("images", "masks"):
        (tmp_path / folder).mkdir()
    for number, arc in enumerate((0, 90, 200)):
        labels = vessel(arc, 20)
        grey = np.where(labels == 0, 120, 5) + np.random.default_rng(number).integers(0, 40, labels.shape)
        Image.fromarray(grey.astype(np.uint8)).save(tmp_path / f"images/f{number}.png")
        Image.fromarray(labels).save(tmp_path / f"masks/f{number}.png")
    (tmp_path / "table.csv").write_text("case,patient,split\nf0,a,test\nf1,a,test\nf2,b,test\n")
    shared = [str(tmp_path / "images"), str(tmp_path / "masks"), "-o", str(tmp_path / "data"), "--pixel-spacing", "0.02"]
    assert main(["oct", "import", *shared, "--patients", str(tmp_path / "table.csv")]) == 0
    return tmp_path / "data"


def test_an_oct_model_is_judged_on_the_test_and_its_card_tells_it(frames, tmp_path, capsys):
    model, out = untrained_oct_model(tmp_path / "model"), tmp_path / "judged"
    assert main(["oct", "evaluate", str(model), "--data", str(frames), "-o", str(out), "--device", "cpu"]) == 0
    printed = capsys.readouterr().out
    assert "3 test cases of 2 patients, 3 slices: own data" in printed and "nan" not in printed
    assert "Too few cases to tell" in printed and "limits of agreement of volume" in printed
    figures = json.loads((out / "figures.json").read_text())
    assert figures["frames_with_calcium"]["true"] == 2
    true = np.sum([np.load(file)[1] == 1 for file in frames.glob("patient-*.npy")])
    assert sum(figures["confusion"][1]) == true  # every true pixel of calcium was counted once
    assert {"best.png", "median.png", "worst.png", "bland_altman_arc.png", "tables.md"} <= {file.name for file in out.iterdir()}
    assert main(["oct", "card", str(model), "--own", str(out / "figures.json")]) == 0
    assert "Figures on own cases" in (model / "docs/README.md").read_text()
    assert "iou" in load_bundle(model, TASK).summary()["eval_metrics"]["own"]
    assert main(["oct", "evaluate", str(model), "--data", str(frames), "--split", "validation"]) == 2
    assert "nobody for validation" in capsys.readouterr().err
    page = tmp_path / "page/report.html"
    assert main(["report", str(out), "-o", str(page)]) == 0
    html = page.read_text()
    assert "IoU of calcium" in html and html.count("<img") == len(list(out.glob("*.png"))) and "<td>calcium</td>" in html


def test_a_report_of_nothing_is_refused(tmp_path, capsys):
    assert main(["report", str(tmp_path), "-o", str(tmp_path / "r.html")]) == 2
    assert "holds no figures" in capsys.readouterr().err
    (tmp_path / "x.json").write_text("no")
    assert main(["report", str(tmp_path / "x.json"), "-o", str(tmp_path / "r.html")]) == 2
    assert not (tmp_path / "r.html").exists()


def test_a_training_s_curves_are_drawn_into_the_report(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run/segmentation.csv").write_text("step,loss\n50,2.0\n100,1.0\n")
    (tmp_path / "run/segmentation.json").write_text('{"dice_loss": 0.1234, "outside_f_score": NaN, "split": "patient"}')
    assert main(["report", str(tmp_path / "run"), "-o", str(tmp_path / "r.html")]) == 0
    page = (tmp_path / "r.html").read_text()
    assert "dice_loss 0.1234, outside_f_score -, split patient" in page and "<img" in page


def test_the_shipped_hematoma_model_is_judged_on_own_heads(tmp_path, capsys):
    for number, markers in enumerate((SEEN, None)):
        a_head_case(tmp_path / f"cases/h{number}", markers, brain_hu=30 + number)
    data = str(tmp_path / "data")
    assert main(["hematoma", "import", str(tmp_path / "cases"), "-o", data]) == 0
    shared = ["hematoma", "evaluate", "hematoma_markers_phantom", "--data", data, "--device", "cpu", "--processes", "1"]
    assert main(shared) == 2
    assert "split it first" in capsys.readouterr().err
    assert main([*shared, "--split", "all", "-o", str(tmp_path / "out")]) == 0
    printed = capsys.readouterr().out
    assert "2 cases of 2 patients" in printed and "nan" not in printed
    figures = json.loads((tmp_path / "out/figures.json").read_text())
    ball_ml = 4 / 3 * np.pi * 22.0**3 / 1000
    assert [result["true_ml"] for result in figures["results"]] == pytest.approx([ball_ml] * 2, rel=0.05)
    assert figures["markers"]["blend"]["patients"] == 1  # nobody judged the other
    assert (tmp_path / "out/worst.png").exists() and (tmp_path / "out/bland_altman_volume.png").exists()


def test_of_heads_dealt_by_slices_those_of_the_test_alone_count(tmp_path, capsys):
    a_head_case(tmp_path / "cases/h0", SEEN, brain_hu=30)
    data = tmp_path / "data"
    assert main(["hematoma", "import", str(tmp_path / "cases"), "-o", str(data)]) == 0
    file = next(data.glob("patient-*.npz"))
    areas = (load_patient(file).labels == 1).sum(axis=(1, 2))  # the case's own order: from foot to head
    tested = np.flatnonzero(areas > 0)[::2]
    parts = np.where(np.isin(np.arange(len(areas)), tested), "test", "train")
    lines = [f"{file.stem.split('-')[1]},{number},,{part}" for number, part in enumerate(parts)]
    (data / "split.csv").write_text("case,slice,fold,split\n" + "\n".join(lines) + "\n")
    shared = ["hematoma", "evaluate", "hematoma_markers_phantom", "--data", str(data), "--device", "cpu", "--processes", "1"]
    assert main([*shared, "-o", str(tmp_path / "out")]) == 0
    printed = capsys.readouterr().out
    assert f"1 test case of 1 patient, {len(tested)} slices: own data" in printed and "the figures are flattered" in printed
    result = json.loads((tmp_path / "out/figures.json").read_text())["results"][0]
    ball_ml = 4 / 3 * np.pi * 22.0**3 / 1000
    assert len(result["slice_numbers"]) == len(tested)
    assert result["true_ml"] == pytest.approx(ball_ml * areas[tested].sum() / areas.sum(), rel=0.06)


def a_reading(folder: Path, arcs) -> None:
    labels = np.stack([vessel(arc) for arc in arcs])
    folder.parent.mkdir(exist_ok=True)
    write_nrrd(folder, labels, even_grid(labels.shape, SPACING))


def test_two_folders_of_label_maps_are_compared(tmp_path, capsys):
    a_reading(tmp_path / "A/p1.nrrd", (0, 90, 200)), a_reading(tmp_path / "B/p1_mask.nrrd", (0, 110, 170))
    a_reading(tmp_path / "A/p2.nrrd", (40,)), a_reading(tmp_path / "B/p2.nrrd", (0,))
    assert main(["agreement", str(tmp_path / "A"), str(tmp_path / "B"), "--of", "oct", "-o", str(tmp_path / "out")]) == 0
    figures = json.loads((tmp_path / "out/figures.json").read_text())
    assert figures["dice_of_cases"]["p1"] == pytest.approx(2 * (90 + 170) / (290 + 280), abs=0.01)
    assert figures["dice_of_cases"]["p2"] == 0
    arc = figures["limits_of_agreement"]["arc"]
    assert arc["count"] == 3 and arc["bias"] == pytest.approx((20 - 30 - 40) / 3, abs=2)
    assert figures["signs"]["calcium on a slice"] == {"kappa": pytest.approx(0.5), "both": 2, "differ": 1, "count": 4}
    assert figures["signs"]["arc of 180 degrees or more"]["differ"] == 1
    assert (tmp_path / "out/agreement.csv").exists()
    a_reading(tmp_path / "A/p3.nrrd", (40,))
    assert main(["agreement", str(tmp_path / "A"), str(tmp_path / "B"), "--of", "oct"]) == 2
    assert "p3; compare readings of the same cases" in capsys.readouterr().err


def test_exported_cases_say_what_they_are_and_which_signs_were_seen(tmp_path):
    for reader, blend in (("A", True), ("B", False)):
        for name in ("one", "two"):
            seen = {"hypodensity": True, "blend": blend and name == "one"}
            labels = np.zeros((2, 4, 4), np.uint8)
            labels[0, :2] = 1
            write_case(
                tmp_path / reader / name,
                "hematoma-markers",
                labels * 60,
                labels,
                even_grid(labels.shape, Spacing(10, 10, 10)),
                reviewed=(),
                markers=seen,
            )
    assert main(["agreement", str(tmp_path / "A"), str(tmp_path / "B"), "-o", str(tmp_path / "out")]) == 0
    figures = json.loads((tmp_path / "out/figures.json").read_text())
    assert figures["signs"]["blend"] == {"kappa": 0.0, "both": 0, "differ": 1, "count": 2}
    assert figures["limits_of_agreement"]["volume"]["bias"] == 0
    rows = (tmp_path / "out/agreement.csv").read_text().splitlines()
    assert "8.0" in rows[1]  # 8 voxels of 1 mL
