"""Faults of the machine in short: real processes that are ended at random moments, and a disk that takes no more. See faults.py."""

from __future__ import annotations

import errno
import os
import random
import signal
import time

import fault_commands
import faults
import pytest
from OCTCalciumLib.__main__ import main as oct_calcium
from OCTCalciumLib.presenting.rendering import process as rendering


@pytest.fixture(scope="module")
def a_place(tmp_path_factory):
    return fault_commands.prepared(tmp_path_factory.mktemp("faults") / "place")


@pytest.mark.parametrize(("ending", "number"), [(signal.SIGTERM, 1), (signal.SIGKILL, 2)])
def test_a_run_that_is_ended_at_a_random_moment_leaves_old_results_or_new_ones_and_nothing_else(a_place, ending, number):
    """A new moment every time: no seed."""
    faults.ended_at_random(a_place, number, ending, random.Random(time.time_ns()))


def test_two_runs_at_once_leave_the_result_of_one(a_place):
    faults.together(a_place, 1)


def test_a_disk_that_takes_no_more_of_a_file_is_told_in_a_sentence(a_place):
    faults.with_file_limit(a_place, 100_000)


def test_without_a_temporary_folder_all_but_the_pictures_in_three_dimensions_is_there(a_place, tmp_path, monkeypatch, capfd):
    monkeypatch.setattr(rendering, "Scratch", no_room)
    assert oct_calcium(["measure", str(a_place.new), "-o", str(tmp_path / "out")]) == 0
    out, err = capfd.readouterr()
    assert err == "" and "The three-dimensional pictures could not be drawn (temporary folder: No space left" in out
    whole = set(faults.contents(a_place.folder / "whole new"))
    drawn_elsewhere = {"calcium_3d.png", "calcium_volume_rendering.png", "calcium_surface.vtp"}
    assert set(faults.contents(tmp_path / "out")) == whole - drawn_elsewhere


def test_a_temporary_folder_that_fills_up_while_it_is_drawn_in_costs_the_pictures_alone(a_place, tmp_path, monkeypatch, capfd):
    """The drawing process ends, and its last words found no room."""
    monkeypatch.setattr(rendering.subprocess, "Popen", ends_with_status_1(rendering.subprocess.Popen))
    assert oct_calcium(["measure", str(a_place.new), "-o", str(tmp_path / "out")]) == 0
    out, err = capfd.readouterr()
    assert err == "" and "could not be drawn (the drawing ended with status 1)" in out
    assert (tmp_path / "out" / "report.html").is_file()


def no_room(*_):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def ends_with_status_1(popen):
    def start(command, **options):
        return popen(["false"], **options)

    return start
