"""Work beside the window: in a thread, without Python's collector, and what it raises."""

from __future__ import annotations

import gc
import threading

import pytest


def test_python_collects_nothing_while_a_thread_works_and_goes_on_afterwards(a_desktop):
    from LesionReadingPanel.aside import aside

    def work():
        return gc.isenabled(), threading.current_thread() is threading.main_thread()

    assert gc.isenabled()
    assert aside(work) == (False, False) and gc.isenabled()


def test_what_the_work_raises_is_raised_to_its_caller_and_the_collector_goes_on(a_desktop):
    from LesionReadingPanel.aside import aside

    def work():
        raise ValueError("of the thread")

    with pytest.raises(ValueError, match="of the thread"):
        aside(work)
    assert gc.isenabled()
