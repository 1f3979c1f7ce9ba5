"""The Slicer desktop that tests of modules and panels run in. It starts before any test file is imported."""

from pathlib import Path

import pytest
from desktop import start

ROOT = Path(__file__).parent.parent
DESKTOP = start()


@pytest.fixture
def a_desktop():
    """The desktop with an empty scene. An exception in a slot or an observer fails the test, unless a dialog told it."""
    DESKTOP.start_anew()
    yield DESKTOP
    gone_wrong = DESKTOP.start_anew()
    assert not gone_wrong, "\n".join(gone_wrong)


@pytest.fixture
def an_oct_module(a_desktop):
    """The panel of the OCTCalcium module, open."""
    yield a_desktop.load_module(ROOT / "OCTCalcium" / "OCTCalcium.py")
    a_desktop.unload_module("OCTCalcium")


@pytest.fixture
def a_head_module(a_desktop):
    """The panel of the HematomaMarkers module, open."""
    yield a_desktop.load_module(ROOT / "HematomaMarkers" / "HematomaMarkers.py")
    a_desktop.unload_module("HematomaMarkers")
