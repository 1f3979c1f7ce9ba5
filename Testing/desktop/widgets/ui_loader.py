"""Loads .ui files with Slicer's widgets in them."""

import xml.etree.ElementTree as ElementTree

from PySide6.QtCore import QBuffer, QByteArray, QIODevice
from PySide6.QtUiTools import QUiLoader as PlainLoader
from PySide6.QtWidgets import QWidget

from ..tool_tips import set_tool_tip

CUSTOM_WIDGETS = {}


def custom_widget(cls):
    """Class decorator: .ui files may name this widget."""
    CUSTOM_WIDGETS[cls.__name__] = cls
    return cls


class QUiLoader(PlainLoader):
    """Stands for QUiLoader with the designer plugins of CTK and MRML widgets.

    Connections that carry a scene (``mrmlSceneChanged(vtkMRMLScene*)``) are made here: Qt does not know VTK's types.
    """

    def createWidget(self, class_name, parent=None, name=""):
        if class_name not in CUSTOM_WIDGETS:
            return super().createWidget(class_name, parent, name)
        widget = CUSTOM_WIDGETS[class_name](parent)
        widget.setObjectName(name)
        return widget

    def load(self, device, parent=None):
        root = ElementTree.fromstring(device.readAll().data())
        self._check_classes(root)
        scene_connections = _take_scene_connections(root)
        buffer = QBuffer()
        buffer.setData(QByteArray(ElementTree.tostring(root)))
        buffer.open(QIODevice.OpenModeFlag.ReadOnly)
        widget = super().load(buffer, parent)
        for each in (widget, *widget.findChildren(QWidget)):
            set_tool_tip(each, each.toolTip)
        for sender, signal, receiver, slot in scene_connections:
            _named(widget, sender).connect(signal, getattr(_named(widget, receiver), slot.partition("(")[0]))
        return widget

    def _check_classes(self, root):
        known = set(self.availableWidgets()) | set(CUSTOM_WIDGETS) | {"Line"}
        unknown = {element.get("class") for element in root.iter("widget")} - known
        if unknown:
            raise RuntimeError(f"The stand-in has no widget {', '.join(sorted(unknown))}")


def _take_scene_connections(root):
    taken = []
    for connections in root.iter("connections"):
        for connection in list(connections):
            values = [connection.findtext(part) for part in ("sender", "signal", "receiver", "slot")]
            if "vtk" in values[1]:
                taken.append(values)
                connections.remove(connection)
    return taken


def _named(widget, name):
    found = widget if widget.name == name else widget.findChild(QWidget, name)
    if found is None:
        raise RuntimeError(f"A connection of the .ui file names {name}, which is not in it")
    return found
