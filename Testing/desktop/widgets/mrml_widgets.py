"""Widgets that hold a scene or choose a node of it."""

from PySide6.QtCore import Property, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QWidget
from slicer import vtkMRMLScene
from vtkmodules.vtkCommonCore import vtkCommand

from ..observations import Observations
from ..python_qt import stored_property
from .ctk_widgets import ctkSliderWidget
from .ui_loader import custom_widget


class SceneHolder:
    """The scene that a widget was given, and the events of it that the widget wants."""

    def mrmlScene(self):
        return self.__dict__.get("_scene")

    def _hold_scene(self, scene, events, callback):
        if "_scene_observations" not in self.__dict__:
            self._scene_observations = Observations(self)
        self._scene_observations.stop()
        self._scene = scene
        for event in events if scene else ():
            self._scene_observations.add(scene, event, callback)


@custom_widget
class qMRMLWidget(QWidget, SceneHolder):
    """Stands for qMRMLWidget (Slicer, Libs/MRML/Widgets/qMRMLWidget.h): passes its scene on to what is in it."""

    mrmlSceneChanged = Signal(object)

    def setMRMLScene(self, newScene):
        if newScene is self.mrmlScene():
            return
        self._hold_scene(newScene, [], None)
        self.mrmlSceneChanged.emit(newScene)


@custom_widget
class qSlicerWidget(qMRMLWidget):
    """Stands for qSlicerWidget (Slicer, Base/QTGUI/qSlicerWidget.h)."""


@custom_widget
class qMRMLSliderWidget(ctkSliderWidget, SceneHolder):
    """Stands for qMRMLSliderWidget (Slicer, Libs/MRML/Widgets/qMRMLSliderWidget.h), without units of the scene."""

    quantity, setQuantity = stored_property("quantity", str, "")

    def setMRMLScene(self, scene):
        self._hold_scene(scene, [], None)


SCENE_EVENTS = (
    vtkMRMLScene.NodeAddedEvent,
    vtkMRMLScene.NodeRemovedEvent,
    vtkMRMLScene.EndBatchProcessEvent,
    vtkMRMLScene.EndCloseEvent,
    vtkMRMLScene.EndImportEvent,
)


@custom_widget
class qMRMLNodeComboBox(QWidget, SceneHolder):
    """Stands for qMRMLNodeComboBox (Slicer, Libs/MRML/Widgets/qMRMLNodeComboBox.h): chooses a node of some classes."""

    currentNodeChanged = Signal((object,), (bool,))
    currentNodeIDChanged = Signal(str)
    nodeAdded = Signal(object)
    nodeAddedByUser = Signal(object)
    nodeActivated = Signal(object)
    nodeAboutToBeEdited = Signal(object)

    nodeTypes, setNodeTypes = stored_property("nodeTypes", "QStringList", ())
    hideChildNodeTypes, setHideChildNodeTypes = stored_property("hideChildNodeTypes", "QStringList", ())
    showHidden, setShowHidden = stored_property("showHidden", bool, False)
    showChildNodeTypes, setShowChildNodeTypes = stored_property("showChildNodeTypes", bool, True)
    noneEnabled, setNoneEnabled = stored_property("noneEnabled", bool, False)
    noneDisplay, setNoneDisplay = stored_property("noneDisplay", str, "None")
    addEnabled, setAddEnabled = stored_property("addEnabled", bool, True)
    removeEnabled, setRemoveEnabled = stored_property("removeEnabled", bool, True)
    editEnabled, setEditEnabled = stored_property("editEnabled", bool, False)
    renameEnabled, setRenameEnabled = stored_property("renameEnabled", bool, False)
    selectNodeUponCreation, setSelectNodeUponCreation = stored_property("selectNodeUponCreation", bool, True)
    interactionNodeSingletonTag, setInteractionNodeSingletonTag = stored_property("interactionNodeSingletonTag", str, "")
    baseName, setBaseName = stored_property("baseName", str, "")

    def __init__(self, parent=None):
        super().__init__(parent)
        self._attributes = []
        self._nodes = []
        self._node_observations = Observations(self)
        self._current_id = None
        self._combo_box = QComboBox(self)
        self._combo_box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._combo_box)
        self.setFocusProxy(self._combo_box)
        self._combo_box.currentIndexChanged.connect(self._choose)
        self._combo_box.activated.connect(lambda index: self.nodeActivated.emit(self.currentNode()))

    def setMRMLScene(self, scene):
        self._hold_scene(scene, SCENE_EVENTS, lambda caller, event: self._refresh())
        self._refresh()

    def addAttribute(self, nodeType, attributeName, attributeValue=None):
        self._attributes.append((nodeType, attributeName, attributeValue))
        self._refresh()

    def removeAttribute(self, nodeType, attributeName):
        self._attributes = [each for each in self._attributes if each[:2] != (nodeType, attributeName)]
        self._refresh()

    def currentNode(self):
        return self.mrmlScene().GetNodeByID(self._current_id) if self.mrmlScene() and self._current_id else None

    def setCurrentNode(self, node):
        node_id = node if isinstance(node, str) else node.GetID() if node else ""
        self.setCurrentNodeID(node_id)

    def setCurrentNodeID(self, nodeID):
        ids = [node.GetID() for node in self._nodes]
        if nodeID in ids:
            self._combo_box.setCurrentIndex(self._first_index() + ids.index(nodeID))
        else:
            self._combo_box.setCurrentIndex(0 if self.noneEnabled else -1)

    currentNodeID = Property(str, lambda self: self._current_id or "", setCurrentNodeID)

    def setCurrentNodeIndex(self, index):
        self._combo_box.setCurrentIndex(self._first_index() + index)

    def nodeCount(self):
        return len(self._nodes)

    def nodeFromIndex(self, index):
        return self._nodes[index] if 0 <= index < len(self._nodes) else None

    def addNode(self, nodeType=None):
        nodeType = nodeType or self.nodeTypes[0]
        node = self.mrmlScene().AddNewNodeByClass(nodeType, self.mrmlScene().GenerateUniqueName(self.baseName or nodeType[7:-4]))
        self.nodeAddedByUser.emit(node)
        if self.selectNodeUponCreation:
            self.setCurrentNode(node)
        return node

    def removeCurrentNode(self):
        self.mrmlScene().RemoveNode(self.currentNode())

    def _first_index(self):
        return 1 if self.noneEnabled else 0

    def _choose(self, index):
        node = self.nodeFromIndex(index - self._first_index())
        chosen = node.GetID() if node else None
        if chosen == self._current_id:
            return
        self._current_id = chosen
        self.currentNodeChanged.emit(node)
        self.currentNodeChanged[bool].emit(node is not None)
        self.currentNodeIDChanged.emit(chosen or "")

    def _refresh(self):
        """List the scene's nodes anew; the chosen one stays. Told once at the end while many nodes come or go."""
        if self.mrmlScene() and self.mrmlScene().IsBatchProcessing():
            return
        self._nodes = self._matching_nodes()
        self._observe_names()
        box = self._combo_box
        box.blockSignals(True)
        box.clear()
        if self.noneEnabled:
            box.addItem(self.noneDisplay)
        for node in self._nodes:
            box.addItem(node.GetName())
        ids = [node.GetID() for node in self._nodes]
        if self._current_id in ids:
            box.setCurrentIndex(self._first_index() + ids.index(self._current_id))
        else:
            box.setCurrentIndex(0 if box.count else -1)
        box.blockSignals(False)
        self._choose(box.currentIndex)

    def _observe_names(self):
        self._node_observations.stop()
        for node in self._nodes:
            self._node_observations.add(node, vtkCommand.ModifiedEvent, self._on_node_modified)

    def _on_node_modified(self, node, event):
        if node in self._nodes:
            self._combo_box.setItemText(self._first_index() + self._nodes.index(node), node.GetName() or "")

    def _matching_nodes(self):
        if self.mrmlScene() is None:
            return []
        nodes = [self.mrmlScene().GetNthNode(index) for index in range(self.mrmlScene().GetNumberOfNodes())]
        return [node for node in nodes if self._matches(node)]

    def _matches(self, node):
        if node.GetHideFromEditors() and not self.showHidden:
            return False
        if node.GetClassName() not in self.nodeTypes:
            if not self.showChildNodeTypes or not any(node.IsA(kind) for kind in self.nodeTypes):
                return False
            if any(node.IsA(kind) for kind in self.hideChildNodeTypes):
                return False
        return all(_has_attribute(node, name, value) for kind, name, value in self._attributes if node.IsA(kind))


def _has_attribute(node, name, value):
    held = node.GetAttribute(name)
    return held is not None if value is None else held == str(value)
