"""The panels in Slicer's window: nothing lies over anything else, and what matters is in sight."""

from __future__ import annotations

import pytest
import slicer.util
from places import ROOT

MODULES = ("OCTCalcium", "HematomaMarkers")
LONG = "What to know before believing the numbers, told at length. " * 12


@pytest.fixture(params=MODULES)
def a_panel(request, a_desktop):
    yield a_desktop.load_module(ROOT / request.param / f"{request.param}.py")
    a_desktop.unload_module(request.param)


def contents_of(panel):
    """The widget that the .ui file describes."""
    return panel.parent.layout().itemAt(0).widget()


def leave_and_return(desktop, panel):
    slicer.util.selectModule("")
    desktop.process_events()
    slicer.util.selectModule(panel.moduleName)
    desktop.process_events()


@pytest.mark.parametrize("times", [0, 1, 3])
@pytest.mark.parametrize("width", [1200, 1500])
def test_a_panel_that_was_left_gets_the_height_that_its_texts_need(a_desktop, a_panel, times, width):
    """Slicer leaks an item of its layout when a module is left, and Qt then keeps the old height."""
    a_desktop.main_window.arrange(width, 1000)
    a_desktop.process_events()
    for _ in range(times):
        leave_and_return(a_desktop, a_panel)
    contents = contents_of(a_panel)
    before = contents.height
    a_panel.ui.statusLabel.text = a_panel.ui.inputFactsLabel.text = LONG
    a_desktop.wait_until(lambda: contents.height >= contents.heightForWidth(contents.width) > before, 10)
    a_panel.ui.statusLabel.text = a_panel.ui.inputFactsLabel.text = ""
    a_desktop.process_events()
    assert contents.minimumHeight <= before


@pytest.mark.parametrize("width", [420, 600, 350])
def test_a_panel_that_was_left_follows_its_width(a_desktop, a_panel, monkeypatch, width):
    from desktop.widgets import main_window

    a_panel.ui.statusLabel.text = LONG
    leave_and_return(a_desktop, a_panel)
    monkeypatch.setattr(main_window, "PANEL_WIDTH", width)
    a_desktop.main_window.arrange(1500, 1000)
    a_desktop.process_events()
    contents = contents_of(a_panel)
    assert contents.height >= contents.heightForWidth(contents.width)
