"""What a study leaves where it is stopped, or the disk is full: its time so far, and files that are whole."""

from __future__ import annotations

import argparse
import json
import math
import resource
from contextlib import contextmanager

import numpy as np
import pytest
from LesionReadingLib.errors import InputError

from training.reporting.study import run_study
from training.writing import write_json, write_whole


@contextmanager
def room_of(size: int):
    """A real limit to the size of every file."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("write", [lambda file: file.write(b"x" * 9000), lambda file: np.save(file, np.zeros(9000))])
def test_a_file_that_does_not_fit_leaves_the_one_before(tmp_path, write):
    file = tmp_path / "figures.json"
    write_json(file, {"dice": 0.5})
    with room_of(4096), pytest.raises(InputError, match=r"figures\.json could not be written.*make room"):
        write_whole(file, write)
    assert json.loads(file.read_text()) == {"dice": 0.5} and list(tmp_path.iterdir()) == [file]


def test_a_place_that_is_a_folder_is_told_by_its_own_name(tmp_path):
    (tmp_path / "there").mkdir()
    with pytest.raises(OSError, match="Is a directory") as told:
        write_json(tmp_path / "there", 1)
    assert told.value.filename == str(tmp_path / "there") and [each.name for each in tmp_path.iterdir()] == ["there"]


def test_a_figure_that_nobody_could_tell_is_null_in_the_file(tmp_path):
    """JSON has no nan, and readers that keep to it refuse the whole file."""
    write_json(tmp_path / "f.json", {"dice": math.nan, "limits": (math.inf, 1.5), "deep": [{"auc": np.float64("nan")}], "n": 3})
    expected = {"dice": None, "limits": [None, 1.5], "deep": [{"auc": None}], "n": 3}
    assert json.loads((tmp_path / "f.json").read_text(), parse_constant=pytest.fail) == expected


def test_the_time_of_a_part_that_was_stopped_counts(tmp_path):
    chosen = argparse.Namespace(preset="cpu", device="cpu", out=tmp_path)

    def stopped(_values, _device, log):
        log("half of it")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_study(chosen, "oct", "study", stopped, lambda figures, run: run)
    clock, processors = json.loads((tmp_path / "minutes.json").read_text())
    assert 0 < clock < 1 and 0 <= processors < 1
    (tmp_path / "minutes.json").write_text("[30.4, 12.2]")
    run_study(chosen, "oct", "study", lambda *_: {"iou": 0.5}, lambda figures, run: f"{figures['iou']} {run}")
    assert "0.5 `python -m training" in (tmp_path / "study.md").read_text()
    assert "30 min (12 min of processor time)" in (tmp_path / "study.md").read_text()
