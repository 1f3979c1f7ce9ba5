"""A worklist of three pullbacks in the panel."""

from __future__ import annotations

import json

import pytest
import slicer
from drawn_result import a_pullback, write_run
from drawn_vessel import a_vessel
from LesionReadingLib.studies import worklist as wl
from LesionReadingScene.scene import write_volume_node


@pytest.fixture
def studies(a_desktop, tmp_path):
    """A folder with three pullbacks, of which the first two are analysed."""
    for name in ("one", "two", "three"):
        volume = a_pullback(name=name)
        write_volume_node(volume, tmp_path / f"{name}.nrrd")
        slicer.mrmlScene.RemoveNode(volume)
    return tmp_path


@pytest.fixture
def a_list(a_desktop, an_oct_module, studies):
    """The panel with the worklist of Anna shown."""
    panel = an_oct_module
    panel.ui.readerEdit.text = "Anna"
    panel.worklist.show(studies)
    for item in panel.worklist._items[:2]:
        volume = a_pullback(name="for the run")
        write_run(item.folder, volume, a_vessel())
        slicer.mrmlScene.RemoveNode(volume)
        (item.result / "measurements.json").write_text(json.dumps({"cautions": []}))
        wl.record_model(item, "a_model", "0.3")
    panel.worklist.refresh()
    a_desktop.process_events()
    return panel
