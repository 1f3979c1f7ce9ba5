"""The stand-in of the Slicer desktop behaves as Slicer does, as far as the modules use it."""

import enum
import time
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


PANEL = """<ui version="4.0"><class>Panel</class>
<widget class="qMRMLWidget" name="Panel"><layout class="QVBoxLayout">
 <item><widget class="qMRMLNodeComboBox" name="volumeSelector">
  <property name="nodeTypes"><stringlist><string>vtkMRMLScalarVolumeNode</string></stringlist></property>
  <property name="hideChildNodeTypes"><stringlist><string>vtkMRMLLabelMapVolumeNode</string></stringlist></property>
  <property name="noneEnabled"><bool>true</bool></property>
  <property name="SlicerParameterName" stdset="0"><string>volume</string></property></widget></item>
 <item><widget class="qMRMLNodeComboBox" name="unconnectedSelector"/></item>
 <item><widget class="ctkSliderWidget" name="thresholdSlider">
  <property name="SlicerParameterName" stdset="0"><string>threshold</string></property></widget></item>
 <item><widget class="QCheckBox" name="shownCheckBox">
  <property name="SlicerParameterName" stdset="0"><string>shown</string></property></widget></item>
 <item><widget class="ctkCollapsibleButton" name="moreButton"><property name="collapsed"><bool>true</bool></property>
  <layout class="QVBoxLayout"><item><widget class="QLabel" name="foldedLabel"/></item></layout></widget></item>
</layout></widget>
<connections><connection><sender>Panel</sender><signal>mrmlSceneChanged(vtkMRMLScene*)</signal>
 <receiver>volumeSelector</receiver><slot>setMRMLScene(vtkMRMLScene*)</slot></connection></connections></ui>"""


@pytest.fixture
def a_panel(a_desktop, tmp_path):
    (tmp_path / "panel.ui").write_text(PANEL)
    widget = slicer.util.loadUI(str(tmp_path / "panel.ui"))
    widget.setMRMLScene(slicer.mrmlScene)
    widget.show()
    yield widget
    widget.close()


def test_a_ui_file_hands_the_scene_only_along_its_connections(a_panel):
    ui = slicer.util.childWidgetVariables(a_panel)
    assert ui.volumeSelector.mrmlScene() is slicer.mrmlScene
    assert ui.unconnectedSelector.mrmlScene() is None


def test_a_ui_file_with_a_widget_that_the_stand_in_lacks_is_refused(a_desktop, tmp_path):
    (tmp_path / "panel.ui").write_text(PANEL.replace("QCheckBox", "ctkNoSuchWidget"))
    with pytest.raises(RuntimeError, match="ctkNoSuchWidget"):
        slicer.util.loadUI(str(tmp_path / "panel.ui"))


def test_a_node_selector_offers_the_nodes_of_its_type_and_lets_go_of_a_removed_one(a_panel):
    selector = slicer.util.childWidgetVariables(a_panel).volumeSelector
    heard = []
    selector.connect("currentNodeChanged(vtkMRMLNode*)", heard.append)
    slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode", "labels")
    volume = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "head")
    assert [selector.nodeFromIndex(index).GetName() for index in range(selector.nodeCount())] == ["head"]
    assert selector.currentNode() is None
    selector.setCurrentNode(volume)
    assert selector.currentNodeID == volume.GetID()
    slicer.mrmlScene.RemoveNode(volume)
    assert selector.currentNode() is None and heard == [volume, None]


def test_a_parameter_and_its_widget_follow_each_other_until_disconnected(a_panel):
    ui = slicer.util.childWidgetVariables(a_panel)
    parameters = Parameters(slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScriptedModuleNode"))
    tag = parameters.connectGui(ui)
    assert (ui.thresholdSlider.minimum, ui.thresholdSlider.maximum, ui.thresholdSlider.value) == (-100, 500, 100)
    volume = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode")
    parameters.volume, parameters.threshold = volume, 30.0
    assert ui.volumeSelector.currentNode() is volume and ui.thresholdSlider.value == 30
    ui.shownCheckBox.checked = False
    ui.thresholdSlider.value = 7
    assert not parameters.shown and parameters.threshold == 7
    parameters.disconnectGui(tag)
    ui.thresholdSlider.value = 8
    assert parameters.threshold == 7


def test_what_a_collapsed_button_hides_comes_back_unless_it_was_hidden_meanwhile(a_panel):
    ui = slicer.util.childWidgetVariables(a_panel)
    assert ui.moreButton.collapsed and not ui.foldedLabel.visible
    ui.moreButton.click()
    assert not ui.moreButton.collapsed and ui.foldedLabel.visible
    ui.moreButton.collapsed = True
    ui.foldedLabel.visible = False
    ui.moreButton.collapsed = False
    assert not ui.foldedLabel.visible


def test_a_dialog_that_nobody_answers_is_an_error(a_desktop):
    with pytest.raises(AssertionError, match="Nobody answers"):
        slicer.util.confirmOkCancelDisplay("Really?")
    a_desktop.dialogs.answer(False, "/a/folder")
    assert not slicer.util.confirmOkCancelDisplay("Really?")
    assert qt.QFileDialog.getExistingDirectory(None, "Where") == "/a/folder"
    assert [shown.text for shown in a_desktop.dialogs.shown] == ["Really?", "Really?", "getExistingDirectory"]


def test_an_exception_in_a_slot_or_an_observer_does_not_go_unnoticed(a_desktop):
    def fail(*_):
        raise ValueError("nobody saw this")

    button, node = qt.QPushButton("x"), slicer.vtkMRMLScriptedModuleNode()
    button.clicked.connect(fail)
    node.AddObserver("ModifiedEvent", fail)
    button.click()
    node.Modified()
    assert len(a_desktop.errors.forget()) == 2


def test_the_longest_pause_is_that_of_the_event_loop(a_desktop):
    with a_desktop.longest_pause() as pause:
        qt.QTimer.singleShot(20, lambda: time.sleep(0.12))
        end = time.monotonic() + 0.3
        a_desktop.wait_until(lambda: time.monotonic() > end)
    assert pause.longest_ms >= 120 and pause.ticks > 5
