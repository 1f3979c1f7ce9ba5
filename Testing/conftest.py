"""The Slicer desktop that tests of modules and panels run in. It starts before any test file is imported."""

import gc
import os
from pathlib import Path

# Before any library is loaded, and for every process that a test starts: the workers of a run share the cores, and threads of
# networks that wait for each other keep a core busy (a training of 15 steps took 54 processor seconds instead of 2).
os.environ.setdefault("OMP_NUM_THREADS", "1")

# For the workers and every process that a test starts: memory of large arrays goes back to the C library, not to the system, which
# clears each page that it gives out again. A drawn head took a fifth of its processor time for that.
os.environ |= {"MALLOC_MMAP_THRESHOLD_": str(1 << 28), "MALLOC_TRIM_THRESHOLD_": str(1 << 28), "MALLOC_ARENA_MAX": "1"}

os.environ["LC_ALL"] = "C.UTF-8"  # tests read English, whatever the locale of the person who runs them

import pytest
from desktop import start
from panel_ui import delete_panel_widgets

TESTING = Path(__file__).parent
ROOT = TESTING.parent
DESKTOP = start()
LONG_FILES = (
    "repository/test_fuzz.py",
    "HematomaMarkers/test_command.py",
    "training/engine/test_training_engine.py",
    "HematomaMarkers/panel/test_module.py",
    "OCTCalcium/panel/test_module.py",
    "HematomaMarkers/phantom/test_patient.py",
    "LesionReading/studies/test_batch.py",
    "repository/test_screenshots.py",
    "repository/test_faults.py",
    "training/own_data/test_own_cases_loop.py",
    "OCTCalcium/test_command.py",
    "training/oct/test_oct_adapt.py",
)
"""Files that take longest: they begin first, so that at the end no worker is left alone with one of them."""


gc.disable()  # while libraries are imported: nothing of theirs is ever freed


def pytest_collection_finish():
    """From here on garbage is looked for, but not among half a million objects of the libraries, each time anew."""
    gc.collect()
    gc.freeze()
    gc.enable()


def pytest_collection_modifyitems(items):
    first = {TESTING / name: place for place, name in enumerate(LONG_FILES)}
    items.sort(key=lambda item: first.get(item.path, len(first)))


@pytest.fixture
def a_desktop():
    """The desktop with an empty scene. An exception in a slot or an observer fails the test, unless a dialog told it."""
    DESKTOP.start_anew()
    yield DESKTOP
    delete_panel_widgets()
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


@pytest.fixture
def small_heads(monkeypatch):
    """Samples of heads with few and large voxels."""
    from HematomaMarkersPanel import sample_data

    monkeypatch.setattr(sample_data, "_SIZE", 128)
    monkeypatch.setattr(sample_data, "_SLICE_MM", 7.0)


@pytest.fixture(scope="session")
def drawn_heads():
    """The samples that were drawn so far: name -> (voxels, place, attributes)."""
    return {}


@pytest.fixture
def sample(a_desktop, drawn_heads, small_heads):
    """Click a sample; a second click in these tests gives a copy of what the first one drew."""
    import slicer.util
    from LesionReadingScene.scene import add_volume, volume_grid

    def click(name):
        if name not in drawn_heads:
            (volume,) = a_desktop.click_sample(name)
            attributes = {key: volume.GetAttribute(key) for key in volume.GetAttributeNames()}
            drawn_heads[name] = (slicer.util.arrayFromVolume(volume).copy(), volume_grid(volume), attributes)
            return volume
        voxels, grid, attributes = drawn_heads[name]
        volume = add_volume(voxels, grid, name)
        for key, value in attributes.items():
            volume.SetAttribute(key, value)
        return volume

    return click


@pytest.fixture(scope="session")
def kept_head(tmp_path_factory):
    """What the one real run of these tests wrote, for the tests that only need a result."""
    return tmp_path_factory.mktemp("kept")


@pytest.fixture
def a_read_head(a_desktop, a_head_module, kept_head, sample):
    """The panel with both scans of the patient in the scene and the later one read, by a real run the first time."""
    from head_panel import apply_and_wait, choose, keep_results
    from HematomaMarkersPanel import sample_data

    panel = a_head_module
    panel.first, panel.later = sample(sample_data.FIRST), sample(sample_data.FOLLOW_UP)
    choose(panel, panel.later, panel.first)
    if (kept_head / "out").exists():
        panel.logic.takeRun(kept_head, panel.later, prior=panel.first)
        panel.refresh()
    else:
        keep_results(panel, kept_head)
        apply_and_wait(a_desktop, panel)
    return panel
