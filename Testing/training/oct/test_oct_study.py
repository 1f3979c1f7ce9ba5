"""The OCT model's source study as one command."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from OCTCalciumLib.labels import BACKGROUND, CALCIUM, LUMEN

from training.__main__ import main
from training.oct.data import load_patients, make_data

TINY = ("width=4", "stages=[[1.0, 64]]", "batch=4", "steps=2", "average=0")
OF_HELD_OUT = ("--patients", "1", "--pullback-frames", "3", "--frame-spacing", "2")


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    settings = dict(pullback_frames=4, frame_mm=2.0, keep_frames=2, shifted=False, processes=1)
    assert list(make_data(folder, (1000, 1001), **settings)) == [1000, 1001]
    return folder


def test_learning_bundle_and_tables_are_one_command_that_goes_on_where_it_stopped(data, tmp_path, capsys):
    out = tmp_path / "out"
    arguments = ["oct", "study", str(data), str(out), "--device", "cpu", *OF_HELD_OUT, *TINY]
    assert main(arguments) == 0
    table, figures = (out / "study.md").read_text(), json.loads((out / "study.json").read_text())
    for cells in ("| source study, IoU (6 patients) | 0.50 | 0.63 | 0.96 |", "| source study, accuracy (6 patients) | 0.62 |"):
        assert cells in table, "the study's figures stand beside"
    assert "2 steps of 4 pictures" in table and "ImageNet" in table and "python -m training" in table
    (held_out,) = load_patients(out / "held-out")
    assert figures["patients"] == [held_out.number] == [0] and figures["frames"] == 3
    confusion, true = np.array(figures["confusion"]), np.asarray(held_out.pixels[1])
    assert confusion.sum(axis=1).tolist() == [int((true == label).sum()) for label in range(4)]
    as_background = confusion[[BACKGROUND, LUMEN]].sum()
    found = confusion[np.ix_([BACKGROUND, LUMEN], [BACKGROUND, LUMEN])].sum()
    assert figures["three_classes"]["background"]["accuracy"] == pytest.approx(found / as_background)
    assert f"| IoU | {figures['three_classes']['calcium']['iou']:.3f} |" in table and confusion[CALCIUM].sum() > 0
    capsys.readouterr()
    written = (out / "training/checkpoint.safetensors").stat().st_mtime_ns
    assert main(arguments) == 0
    assert "nothing left to learn" in capsys.readouterr().out
    assert json.loads((out / "study.json").read_text()) == figures
    assert (out / "training/checkpoint.safetensors").stat().st_mtime_ns == written
    for other in (["batch=8"], ["--pullback-frames", "4"]):
        assert main([*arguments, *other]) == 2
        assert "other options" in capsys.readouterr().err
    assert "Learnt from 2 frames of 1 patient in 2 steps" in table, "1000 is for validation"
    assert "| IoU, 95 % over patients | - | - | - |" in table, "one patient drawn again is no other"
