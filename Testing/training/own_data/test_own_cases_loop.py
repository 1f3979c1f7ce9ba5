"""The whole way of own cases: annotated and exported as in the panel, imported, split, learnt from, bundled, loaded, analysed."""

from __future__ import annotations

import json

import numpy as np
import pytest
from HematomaMarkersLib.__main__ import main as hematoma_markers
from HematomaMarkersLib.labels import MARKERS
from HematomaMarkersLib.labels import TASK as HEMATOMA_TASK
from HematomaMarkersLib.model.prediction import NETWORKS as HEMATOMA_NETWORKS
from HematomaMarkersLib.phantom.patient import draw_head
from LesionReadingLib.geometry.grid import even_grid
from LesionReadingLib.geometry.nrrd import write_nrrd
from LesionReadingLib.geometry.spacing import Spacing
from LesionReadingLib.model.bundle import find_bundle
from LesionReadingLib.model.prediction import load_network
from LesionReadingLib.studies.training_case import IMAGE, write_case
from OCTCalciumLib.__main__ import main as oct_calcium
from OCTCalciumLib.labels import TASK as OCT_TASK
from OCTCalciumLib.model.inference import NETWORKS as OCT_NETWORKS
from OCTCalciumLib.phantom.pullback import draw_pullback

from training.__main__ import main
from training.own_data.splits import read_split

PIXEL_MM, FRAME_MM = 0.05, 0.4


@pytest.fixture
def pullbacks(tmp_path):
    """Three phantom pullbacks, exported as the panel of OCTCalcium exports a corrected case."""
    for seed in (5, 6, 7):
        drawn = draw_pullback(seed, 3, 128, frame_mm=FRAME_MM)
        grid = even_grid(drawn.frames.shape, Spacing(PIXEL_MM, PIXEL_MM, FRAME_MM))
        write_case(tmp_path / f"cases/{seed}", OCT_TASK, drawn.frames, drawn.labels, grid, reviewed=(0, 1, 2), markers=None)
    return tmp_path / "cases"


def test_oct_from_exported_phantoms_to_an_analysis_with_the_model_that_learnt_from_them(pullbacks, tmp_path):
    data, run, bundle, out = (str(tmp_path / name) for name in ("data", "run", "bundle", "out"))
    assert main(["oct", "import", str(pullbacks), "-o", data]) == 0
    assert main(["oct", "split", data, "--folds", "2", "--test-share", "0.34"]) == 0
    assert sorted(read_split(tmp_path / "data").parts.values()) == ["test", "train", "validation"]
    assert main(["oct", "train", data, run, "--steps", "2", "width=4", "batch=2", "--device", "cpu"]) == 0
    learnt = json.loads((tmp_path / "run/learnt.json").read_text())
    assert len(learnt) == 1  # the others are for validation and test
    assert main(["oct", "bundle", run, bundle]) == 0
    assert main(["oct", "evaluate", bundle, "--data", data, "-o", str(tmp_path / "judged"), "--device", "cpu"]) == 0
    assert main(["oct", "card", bundle, "--own", str(tmp_path / "judged/figures.json")]) == 0
    found = find_bundle(bundle, OCT_TASK)
    assert found.metadata["data_source"] == "1 case of its user."
    load_network(found, OCT_NETWORKS)
    assert oct_calcium(["analyze", str(pullbacks / "5" / IMAGE), "-o", out, "--model", bundle, "--device", "cpu"]) == 0
    measured = json.loads((tmp_path / "out/measurements.json").read_text())
    assert len(measured["frames"]) == 3
    report = (tmp_path / "out/report.html").read_text()
    assert "1 case of its user." in report


def test_hematoma_from_phantoms_to_an_analysis_with_the_model_that_learnt_from_them(tmp_path, capsys):
    images, masks, rows = tmp_path / "images", tmp_path / "masks", ["case,patient," + ",".join(MARKERS)]
    images.mkdir(), masks.mkdir()
    head = draw_head(0, 128, slice_mm=10.0)
    signs = ",".join("yes" if head.markers[marker] else "no" for marker in MARKERS)
    for number in range(3):  # one phantom as three patients: seen in a mirror, or with brighter blood
        side = slice(None, None, -1 if number == 1 else 1)
        hounsfield = head.hounsfield + 3 * number * (head.labels > 0)
        write_nrrd(images / f"h{number}.nrrd", hounsfield[..., side].astype(np.int16), head.grid)
        write_nrrd(masks / f"h{number}_mask.nrrd", np.ascontiguousarray(head.labels[..., side]), head.grid)
        rows.append(f"h{number},P{number},{signs}")
    (tmp_path / "patients.csv").write_text("\n".join(rows))
    data, run, bundle, out = (str(tmp_path / name) for name in ("data", "run", "bundle", "out"))
    assert main(["hematoma", "import", str(images), str(masks), "-o", data, "--patients", str(tmp_path / "patients.csv")]) == 0
    assert main(["hematoma", "split", data, "--folds", "2", "--test-share", "0.34"]) == 0
    shared = ["--steps", "2", "batch=2", "--device", "cpu"]
    assert main(["hematoma", "train-segmentation", data, run, *shared, "width=0.1"]) == 0
    assert main(["hematoma", "train-markers", data, run, *shared, "marker_width=0.02"]) == 0
    assert main(["hematoma", "fit-rule", run, data, "--device", "cpu"]) == 0
    assert "with a hematoma 1.5 mL or more is found" in capsys.readouterr().out  # so short a training finds none
    assert json.loads((tmp_path / "run/rule.json").read_text())["patients"] == 1  # the own validation case, no phantom drawn
    assert main(["hematoma", "bundle", run, bundle, "--data-source", "three phantoms"]) == 0
    capsys.readouterr()
    evaluate = ["hematoma", "evaluate", bundle, "--data", data, "--device", "cpu", "--processes", "1"]
    assert main([*evaluate, "-o", str(tmp_path / "judged")]) == 0
    assert "nan" not in capsys.readouterr().out
    assert main(["hematoma", "card", bundle, str(tmp_path / "judged/figures.json")]) == 0
    found = find_bundle(bundle, HEMATOMA_TASK)
    assert found.metadata["data_source"] == "three phantoms" and "own" in found.metadata["eval_metrics"]
    load_network(found, HEMATOMA_NETWORKS)
    analyze = ["analyze", str(images / "h0.nrrd"), "-o", out, "--model", bundle, "--device", "cpu", "--no-scroll"]
    assert hematoma_markers(analyze) == 0
    assert json.loads((tmp_path / "out/measurements.json").read_text())["model"]["name"] == "bundle"
