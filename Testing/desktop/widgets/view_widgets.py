"""A view and the bar above it, as the layout shows them."""

import slicer
from PySide6.QtCore import Property
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget
from vtkmodules.vtkCommonCore import reference, vtkCommand

from .mrml_widgets import qMRMLSliderWidget
from .plots import qMRMLPlotView
from .views import qMRMLSliceView, qMRMLThreeDView


class ViewControllerBar(QWidget):
    """Stands for qMRMLViewControllerBar (Slicer, Libs/MRML/Widgets/qMRMLViewControllerBar.h): a coloured bar with a letter."""

    def __init__(self, label, color):
        super().__init__()
        self.setAutoFillBackground(True)
        palette = self.palette
        palette.setColor(self.backgroundRole(), color)
        palette.setColor(palette.ColorRole.WindowText, QColor("#141414"))
        self.setPalette(palette)
        self._layout = QHBoxLayout(self)
        self._layout.setContentsMargins(6, 1, 6, 1)
        self._label = QLabel(f"<b>{label}</b>")
        self._layout.addWidget(self._label)
        self._layout.addStretch(0)


class qMRMLSliceControllerWidget(ViewControllerBar):
    """Stands for qMRMLSliceControllerWidget (Slicer, Libs/MRML/Widgets/qMRMLSliceControllerWidget.h)."""

    def __init__(self, logic):
        node = logic.GetSliceNode()
        super().__init__(node.GetLayoutLabel(), QColor.fromRgbF(*node.GetLayoutColor()))
        self._logic = logic
        self._slider = qMRMLSliderWidget()
        self._slider.setDecimals(3)
        self._slider.setSuffix("mm")
        self._layout.insertWidget(1, self._slider, 1)
        self._slider.valueChanged.connect(logic.SetSliceOffset)
        logic.AddObserver(vtkCommand.ModifiedEvent, lambda caller, event: self._update())
        node.AddObserver(vtkCommand.ModifiedEvent, lambda caller, event: self._update())
        self._update()

    def sliceOffsetSlider(self):
        return self._slider

    def sliceLogic(self):
        return self._logic

    def mrmlSliceNode(self):
        return self._logic.GetSliceNode()

    def mrmlSliceCompositeNode(self):
        return self._logic.GetSliceCompositeNode()

    def setSliceOffsetValue(self, offset):
        self._logic.SetSliceOffset(offset)

    def fitSliceToBackground(self):
        self._logic.FitSliceToBackground()

    def setSliceVisible(self, visible):
        self.mrmlSliceNode().SetSliceVisible(visible)

    def setForegroundOpacity(self, opacity):
        self.mrmlSliceCompositeNode().SetForegroundOpacity(opacity)

    def setSliceLink(self, linked):
        self.mrmlSliceCompositeNode().SetLinkedControl(linked)

    def _update(self):
        bounds, step = [-1.0, -1.0], reference(1.0)
        self._slider.blockSignals(True)
        if self._logic.GetSliceOffsetRangeResolution(bounds, step) and step.get() > 0:
            self._slider.setSingleStep(step.get())
            self._slider.setRange(*bounds)
        self._slider.setValue(self._logic.GetSliceOffset())
        self._slider.blockSignals(False)


class ViewWidget(QWidget):
    """Stands for qMRMLAbstractViewWidget (Slicer, Libs/MRML/Widgets/qMRMLAbstractViewWidget.h)."""

    def __init__(self, bar, view):
        super().__init__()
        self._bar = bar
        self._view = view
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(bar)
        layout.addWidget(view, 1)

    def viewWidget(self):
        return self._view

    def controllerWidget(self):
        return self._bar


class qMRMLSliceWidget(ViewWidget):
    """Stands for qMRMLSliceWidget (Slicer, Libs/MRML/Widgets/qMRMLSliceWidget.h)."""

    def __init__(self, name):
        logic = slicer.vtkMRMLSliceLogic()
        logic.SetMRMLApplicationLogic(slicer.app.applicationLogic())
        slicer.app.applicationLogic().GetSliceLogics().AddItem(logic)
        logic.SetMRMLScene(slicer.mrmlScene)
        logic.SetSliceNode(slicer.mrmlScene.GetSingletonNode(name, "vtkMRMLSliceNode"))
        super().__init__(qMRMLSliceControllerWidget(logic), qMRMLSliceView(logic))
        self._name = name
        self._logic = logic

    sliceViewName = Property(str, lambda self: self._name)
    sliceViewLabel = Property(str, lambda self: self.mrmlSliceNode().GetLayoutLabel())
    sliceOrientation = Property(
        str, lambda self: self.mrmlSliceNode().GetOrientation(), lambda self, name: self.setSliceOrientation(name)
    )

    def sliceLogic(self):
        return self._logic

    def logic(self):
        return self._logic

    def mrmlSliceNode(self):
        return self._logic.GetSliceNode()

    def mrmlSliceCompositeNode(self):
        return self._logic.GetSliceCompositeNode()

    def sliceView(self):
        return self._view

    def sliceController(self):
        return self._bar

    def setSliceOrientation(self, orientation):
        self.mrmlSliceNode().SetOrientation(orientation)

    def fitSliceToBackground(self):
        self._logic.FitSliceToBackground()


class qMRMLThreeDWidget(ViewWidget):
    """Stands for qMRMLThreeDWidget (Slicer, Libs/MRML/Widgets/qMRMLThreeDWidget.h)."""

    def __init__(self, name):
        node = slicer.mrmlScene.GetSingletonNode(name, "vtkMRMLViewNode")
        super().__init__(ViewControllerBar(node.GetLayoutLabel() or name, QColor("#7f8fbf")), qMRMLThreeDView(node))

    def mrmlViewNode(self):
        return self._view.mrmlViewNode()

    def threeDView(self):
        return self._view

    def threeDController(self):
        return self._bar


class qMRMLPlotWidget(ViewWidget):
    """Stands for qMRMLPlotWidget (Slicer, Libs/MRML/Widgets/qMRMLPlotWidget.h)."""

    def __init__(self, node):
        super().__init__(ViewControllerBar(node.GetLayoutLabel(), QColor("#b9b9b9")), qMRMLPlotView(node))

    def mrmlPlotViewNode(self):
        return self._view._node

    def plotView(self):
        return self._view

    def plotController(self):
        return self._bar
