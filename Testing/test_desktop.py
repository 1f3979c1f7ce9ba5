"""The stand-in of the Slicer desktop behaves as Slicer does, as far as the modules use it."""

import enum
from pathlib import Path
from typing import Annotated

import pytest
import qt
import slicer
from slicer import vtkMRMLScalarVolumeNode
from slicer.parameterNodeWrapper import WithinRange, parameterNodeWrapper


class Side(enum.Enum):
    LEFT = 1
    RIGHT = 2


@parameterNodeWrapper
class Parameters:
    volume: vtkMRMLScalarVolumeNode
    threshold: Annotated[float, WithinRange(-100, 500)] = 100
    count: int
    shown: bool = True
    side: Side = Side.RIGHT
    folder: Path
    text: str = "as it was"


def test_a_property_is_an_attribute_and_no_function():
    label = qt.QLabel("before")
    label.text = "after"
    assert label.text == "after"
    label.setText("by its setter")
    assert label.text == "by its setter"
    with pytest.raises(TypeError):
        label.text()


def test_what_slicer_lacks_is_refused(a_desktop):
    for owner, name in (
        (slicer.app, "mainWindow"),
        (slicer.modules, "nosuchmodule"),
        (slicer, "errorDisplay"),
        (qt.QLabel("x"), "caption"),
    ):
        with pytest.raises(AttributeError):
            getattr(owner, name)
    with pytest.raises(AttributeError):
        qt.QLabel("x").caption = "nothing of this name"
    with pytest.raises(AttributeError):
        qt.QPushButton("x").connect("pushed(bool)", print)


def test_a_signal_connects_by_its_signature_and_by_its_name():
    button, heard = qt.QPushButton("x"), []
    button.connect("clicked(bool)", lambda checked: heard.append("by signature"))
    button.clicked.connect(lambda: heard.append("by name"))
    button.click()
    assert heard == ["by signature", "by name"]


def test_a_parameter_node_survives_save_and_reopen(a_desktop, tmp_path):
    volume = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "head")
    volume.SetHideFromEditors(False)
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScriptedModuleNode", "parameters")
    before = Parameters(node)
    before.volume, before.threshold, before.count, before.shown = volume, 12.5, 7, False
    before.side, before.folder, before.text = Side.LEFT, tmp_path, "ä < b"
    with pytest.raises(ValueError):
        before.threshold = 501.0
    assert slicer.util.saveScene(str(tmp_path / "scene.mrb"))
    slicer.mrmlScene.Clear()
    slicer.util.loadScene(str(tmp_path / "scene.mrb"))
    after = Parameters(slicer.util.getNode("parameters"))
    assert after.volume.GetName() == "head" and after.volume is not volume
    assert (after.threshold, after.count, after.shown) == (12.5, 7, False)
    assert (after.side, after.folder, after.text) == (Side.LEFT, tmp_path, "ä < b")
