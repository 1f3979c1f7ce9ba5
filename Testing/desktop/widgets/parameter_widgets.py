"""Keeps a widget and a parameter the same, as the connectors of Slicer's parameterNodeWrapper/guiConnectors.py do."""

import enum
from dataclasses import dataclass
from typing import Any

import slicer
from PySide6.QtWidgets import QCheckBox, QComboBox, QDoubleSpinBox, QLabel, QLineEdit, QPushButton, QSlider, QSpinBox, QTextEdit

from .ctk_widgets import ctkCheckBox, ctkComboBox, ctkDoubleSpinBox, ctkSliderWidget
from .mrml_widgets import qMRMLNodeComboBox, qMRMLSliderWidget

PARAMETER_NAME = "SlicerParameterName"


@dataclass
class Link:
    """One widget and one parameter: how to read and write the widget, and its signal of change (None: it has none)."""

    read: Any
    write: Any
    changed: Any
    callback: Any = None

    def on_change(self, callback):
        self.callback = lambda *_: callback()
        if self.changed is not None:
            self.changed.connect(self.callback)

    def stop(self):
        if self.changed is not None and self.callback is not None:
            self.changed.disconnect(self.callback)


def connect_widget(widget, parameter):
    """The link of a widget to a parameter. RuntimeError where Slicer connects no such pair."""
    kind = parameter.kind
    for widget_kinds, fits, make in LINKS:
        if type(widget) in widget_kinds and fits(kind):
            return make(widget, parameter)
    raise RuntimeError(f"Unable to connect {parameter.name} of type {kind.__name__} to a {widget.className()}")


def _note(parameter, name):
    return next((note for note in parameter.notes if type(note).__name__ == name), None)


def _link_checked(widget, parameter):
    if isinstance(widget, QPushButton):
        widget.checkable = True
    return Link(lambda: widget.checked, widget.setChecked, widget.toggled)


def _link_number(widget, parameter):
    _limit(widget, parameter)
    decimals, step = _note(parameter, "Decimals"), _note(parameter, "SingleStep")
    if decimals is not None:
        widget.decimals = decimals.value
    if step is not None:
        widget.singleStep = step.value
    return Link(lambda: parameter.kind(widget.value), lambda value: widget.setValue(parameter.kind(value)), widget.valueChanged)


def _limit(widget, parameter):
    within = _note(parameter, "WithinRange")
    least, most = within or _note(parameter, "Minimum"), within or _note(parameter, "Maximum")
    if isinstance(widget, (ctkSliderWidget, QSlider)) and (least is None or most is None):
        raise RuntimeError(f"{parameter.name} is unbounded: a slider needs a range")
    unlimited = 2**31 - 1 if isinstance(widget, (QSpinBox, QSlider)) else float("inf")
    widget.setMinimum(least.minimum if least else -unlimited)
    widget.setMaximum(most.maximum if most else unlimited)


def _link_choice(widget, parameter):
    choice = _note(parameter, "Choice")
    if choice is None:
        raise RuntimeError(f"{parameter.name} needs the Choice annotation to be shown in a combo box")
    return _link_list(widget, list(choice.choices), [str(each) for each in choice.choices])


def _link_enum(widget, parameter):
    members = list(parameter.kind)
    label = getattr(parameter.kind, "label", lambda member: member.name)
    return _link_list(widget, members, [label(member) for member in members])


def _link_list(widget, values, texts):
    widget.clear()
    for text in texts:
        widget.addItem(text)
    return Link(
        lambda: values[widget.currentIndex],
        lambda value: widget.setCurrentIndex(values.index(value)),
        widget.currentIndexChanged,
    )


def _link_line(widget, parameter):
    return Link(lambda: widget.text, lambda value: widget.text == value or widget.setText(value), widget.textChanged)


def _link_label(widget, parameter):
    return Link(lambda: widget.text, widget.setText, None)


def _link_text(widget, parameter):
    return Link(widget.toPlainText, widget.setPlainText, widget.textChanged)


def _link_node(widget, parameter):
    widget.nodeTypes = [parameter.kind().GetClassName()]
    return Link(widget.currentNode, widget.setCurrentNode, widget.currentNodeChanged)


def _is(*kinds):
    return lambda kind: kind in kinds


def _is_a(parent):
    return lambda kind: issubclass(kind, parent)


LINKS = (
    ((QCheckBox, ctkCheckBox, QPushButton), _is(bool), _link_checked),
    ((QSlider, QSpinBox), _is(int), _link_number),
    ((QDoubleSpinBox, ctkSliderWidget, ctkDoubleSpinBox, qMRMLSliderWidget), _is(float, int), _link_number),
    ((QComboBox, ctkComboBox), _is(int, float, str, bool), _link_choice),
    ((QComboBox, ctkComboBox), _is_a(enum.Enum), _link_enum),
    ((QLineEdit,), _is(str), _link_line),
    ((QLabel,), _is(str), _link_label),
    ((QTextEdit,), _is(str), _link_text),
    ((qMRMLNodeComboBox,), _is_a(slicer.vtkMRMLNode), _link_node),
)
