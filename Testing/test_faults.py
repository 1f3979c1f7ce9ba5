"""Faults of the machine in short: real processes that are ended at random moments, and a disk that takes no more. See faults.py."""

from __future__ import annotations

import random
import signal
import time

import faults
import pytest


@pytest.fixture(scope="module")
def a_place(tmp_path_factory):
    return faults.prepared(tmp_path_factory.mktemp("faults") / "place")


@pytest.mark.parametrize(("ending", "number"), [(signal.SIGTERM, 1), (signal.SIGKILL, 2)])
def test_a_run_that_is_ended_at_a_random_moment_leaves_old_results_or_new_ones_and_nothing_else(a_place, ending, number):
    """A new moment every time: no seed."""
    faults.ended_at_random(a_place, number, ending, random.Random(time.time_ns()))


def test_two_runs_at_once_leave_the_result_of_one(a_place):
    faults.together(a_place, 1)


def test_a_disk_that_takes_no_more_of_a_file_is_told_in_a_sentence(a_place):
    faults.with_file_limit(a_place, 100_000)
