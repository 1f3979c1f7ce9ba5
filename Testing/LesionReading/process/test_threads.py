"""Threads that end early, late or never begin leave nobody waiting."""

from __future__ import annotations

import _thread
import time

import pytest
from LesionReadingLib.process.threads import Threads


def squares(threads: Threads) -> list[int]:
    return threads.map(lambda number: number * number, range(50))


def test_results_come_in_the_order_of_the_items():
    with Threads(3) as threads:
        assert squares(threads) == [number * number for number in range(50)]


def a_thread_that_dies_before_it_begins(*_):
    """As where memory ends in it before Python runs: nobody is told."""
    return 0


def no_room_for_a_thread(*_):
    raise RuntimeError("can't start new thread")


@pytest.mark.parametrize("start", [a_thread_that_dies_before_it_begins, no_room_for_a_thread])
def test_what_no_thread_begins_is_done_by_whoever_waits_for_it(monkeypatch, start):
    monkeypatch.setattr(_thread, "start_new_thread", start)
    began = time.monotonic()
    with Threads(2) as threads:
        assert squares(threads) == [number * number for number in range(50)]
    assert time.monotonic() - began < 10  # one second of patience for all of them


def test_what_threads_leave_behind_that_die_before_their_first_work_is_done_by_whoever_waits():
    def prepare():
        raise MemoryError

    with Threads(2, prepare) as threads:
        assert squares(threads) == [number * number for number in range(50)]


def test_an_error_comes_out_where_the_result_is_asked_for():
    def fails():
        raise ValueError("of the work")

    with Threads(1) as threads:
        failing, sound = threads.submit(fails), threads.submit(lambda: 7)
        assert sound.result() == 7
        with pytest.raises(ValueError, match="of the work"):
            failing.result()


def test_an_error_for_lack_of_memory_lets_go_of_what_had_been_calculated():
    def fails():
        raise MemoryError

    with Threads(1) as threads:
        work = threads.submit(fails)
        work.wait()
        assert work._error.__traceback__ is None


def test_the_end_of_the_block_waits_for_what_was_begun_and_drops_the_rest():
    done = []

    def slow():
        time.sleep(0.2)
        done.append(1)

    before = _thread._count()
    with Threads(1) as threads:
        begun, dropped = threads.submit(slow), threads.submit(slow)
        time.sleep(0.05)
    assert begun.is_done and done == [1] and _thread._count() == before
    with pytest.raises(RuntimeError, match="dropped"):
        dropped.result()
