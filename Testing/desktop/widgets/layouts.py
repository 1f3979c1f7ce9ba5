"""Which views are shown, and where."""

import xml.etree.ElementTree as ElementTree

import slicer
from PySide6.QtCore import Property, QObject, Qt, Signal
from PySide6.QtWidgets import QSplitter, QTabWidget, QVBoxLayout, QWidget
from vtkmodules.vtkCommonCore import vtkCommand

from .view_widgets import qMRMLPlotWidget, qMRMLSliceWidget, qMRMLThreeDWidget

SLICE, THREE_D, PLOT = "vtkMRMLSliceNode", "vtkMRMLViewNode", "vtkMRMLPlotViewNode"


class qSlicerLayoutManager(QObject):
    """Stands for qSlicerLayoutManager (Slicer, Base/QTGUI/qSlicerLayoutManager.h, Libs/MRML/Widgets/qMRMLLayoutManager.h).

    The layouts are those of the real vtkMRMLLayoutNode.
    """

    layoutChanged = Signal(int)

    def __init__(self, viewport):
        super().__init__()
        self._viewport = viewport
        self._root = None
        self._shown = ""
        self._views = {SLICE: {}, THREE_D: {}, PLOT: {}}
        self._logic = slicer.vtkMRMLLayoutLogic()
        self._logic.SetMRMLApplicationLogic(slicer.app.applicationLogic())
        self._logic.SetMRMLScene(slicer.mrmlScene)
        self._logic.AddObserver(vtkCommand.ModifiedEvent, lambda caller, event: self._update())
        self._node = self._logic.GetLayoutNode()
        self._node.AddObserver(vtkCommand.ModifiedEvent, lambda caller, event: self._update())
        self._update()

    def mrmlScene(self):
        return slicer.mrmlScene

    def layoutLogic(self):
        return self._logic

    def viewport(self):
        return self._viewport

    def setLayout(self, newLayout):
        self._node.SetViewArrangement(newLayout)

    layout = Property(int, lambda self: self._node.GetViewArrangement(), setLayout, notify=layoutChanged)
    threeDViewCount = Property(int, lambda self: len(self._views[THREE_D]))
    plotViewCount = Property(int, lambda self: len(self._views[PLOT]))
    tableViewCount = Property(int, lambda self: 0)

    def sliceViewNames(self):
        """In no order that means anything: Slicer's are the keys of a hash table."""
        return sorted(self._views[SLICE], key=hash)

    def sliceWidget(self, name):
        return self._views[SLICE].get(name)

    def threeDWidget(self, id):
        return _by_name_or_number(self._views[THREE_D], id)

    def plotWidget(self, id):
        return _by_name_or_number(self._views[PLOT], id)

    def mrmlSliceLogics(self):
        return slicer.app.applicationLogic().GetSliceLogics()

    def mrmlViewLogics(self):
        return slicer.app.applicationLogic().GetViewLogics()

    def activeMRMLThreeDViewNode(self):
        return self.threeDWidget(0).mrmlViewNode() if self.threeDViewCount else None

    def resetSliceViews(self):
        for widget in self._views[SLICE].values():
            widget.sliceLogic().FitSliceToBackground()

    def resetThreeDViews(self):
        for widget in self._views[THREE_D].values():
            widget.threeDView().resetFocalPoint()

    def _update(self):
        description = self._node.GetCurrentLayoutDescription()
        if not description or description == self._shown:
            return
        self._shown = description
        previous = self._root
        self._root = self._build(ElementTree.fromstring(description))
        self._viewport.layout().addWidget(self._root)
        self._root.show()
        if previous is not None:
            for widget in self._widgets():
                if previous.isAncestorOf(widget):
                    widget.setParent(None)
            previous.setParent(None)
        self.layoutChanged.emit(self.layout)

    def _build(self, element):
        if element.tag == "view":
            return self._view(element)
        children = [self._build(child) for item in element for child in item]
        if element.get("type") == "tab":
            box = QTabWidget()
            for child, item in zip(children, element, strict=True):
                box.addTab(child, item.get("name", ""))
            return box
        box = QSplitter(Qt.Orientation.Horizontal if element.get("type") == "horizontal" else Qt.Orientation.Vertical)
        box.setHandleWidth(3)
        for position, child in enumerate(children):
            box.addWidget(child)
            box.setStretchFactor(position, 1)
            child.show()
        box.setSizes([1000] * len(children))
        return box

    def _view(self, element):
        kind, name = element.get("class"), element.get("singletontag")
        if kind not in self._views:
            placeholder = QWidget()
            QVBoxLayout(placeholder)
            return placeholder
        if name not in self._views[kind]:
            self._views[kind][name] = self._make_view(kind, name)
        return self._views[kind][name]

    def _make_view(self, kind, name):
        if kind == SLICE:
            return qMRMLSliceWidget(name)
        if kind == THREE_D:
            return qMRMLThreeDWidget(name)
        return qMRMLPlotWidget(slicer.mrmlScene.GetSingletonNode(name, PLOT))

    def _widgets(self):
        return [widget for kind in self._views.values() for widget in kind.values()]

    def _visible_views(self):
        return [widget.viewWidget() for widget in self._widgets() if widget.visible]


def _by_name_or_number(views, key):
    if isinstance(key, str):
        return views.get(key)
    return list(views.values())[key] if key < len(views) else None
