"""Stands for ``slicer.parameterNodeWrapper`` (Slicer, Base/Python/slicer/parameterNodeWrapper): typed access to a
vtkMRMLScriptedModuleNode. Types: str, int, float, bool, paths, enums, MRML nodes (or ``Node | None``).

Values are kept as Slicer keeps them: a string parameter, for a node an empty parameter and a node reference of that name. One
decorator with its accessors and connections, and therefore more than 300 lines.
"""

import enum
import pathlib
import types
import typing
import weakref
from dataclasses import dataclass
from typing import Any

import slicer
from vtkmodules.vtkCommonCore import vtkCommand

from ..widgets.parameter_widgets import PARAMETER_NAME, connect_widget


class Validator:
    """Stands for parameterNodeWrapper.Validator: ``validate`` raises ValueError or TypeError for a value that may not be."""

    def validate(self, value):
        raise NotImplementedError


@dataclass
class WithinRange(Validator):
    """Stands for parameterNodeWrapper.WithinRange, both ends included."""

    minimum: float
    maximum: float

    def validate(self, value):
        if not self.minimum <= value <= self.maximum:
            raise ValueError(f"{value} is not within {self.minimum} to {self.maximum}")


@dataclass
class Minimum(Validator):
    """Stands for parameterNodeWrapper.Minimum."""

    minimum: float

    def validate(self, value):
        if value < self.minimum:
            raise ValueError(f"{value} is less than {self.minimum}")


@dataclass
class Maximum(Validator):
    """Stands for parameterNodeWrapper.Maximum."""

    maximum: float

    def validate(self, value):
        if value > self.maximum:
            raise ValueError(f"{value} is more than {self.maximum}")


@dataclass
class Choice(Validator):
    """Stands for parameterNodeWrapper.Choice."""

    choices: list

    def validate(self, value):
        if value not in self.choices:
            raise ValueError(f"{value!r} is none of {self.choices}")


class Default:
    """Stands for parameterNodeWrapper.Default: the value a parameter starts with, or a function that makes it."""

    def __init__(self, value=None, *, generator=None):
        self._make = generator or (lambda: value)

    @property
    def value(self):
        return self._make()


@dataclass
class Decimals:
    """Stands for parameterNodeWrapper.Decimals: digits that a number's widget shows."""

    value: int


@dataclass
class SingleStep:
    """Stands for parameterNodeWrapper.SingleStep: by how much a number's widget moves at a click."""

    value: float


@dataclass(frozen=True)
class Parameter:
    """One parameter: how it is written into a node and read back."""

    name: str
    kind: Any
    notes: tuple
    default: Default

    @property
    def is_node(self):
        return issubclass(self.kind, slicer.vtkMRMLNode)

    def check(self, value):
        if value is None and self.is_node:
            return
        if not _is_instance(value, self.kind):
            raise TypeError(f"{self.name} must be {self.kind.__name__}, is {value!r}")
        for note in self.notes:
            if isinstance(note, Validator):
                note.validate(value)

    def write(self, node, value):
        self.check(value)
        if self.is_node:
            with slicer.util.NodeModify(node):
                node.SetParameter(self.name, "")
                node.SetNodeReferenceID(self.name, value.GetID() if value is not None else None)
        elif issubclass(self.kind, enum.Enum):
            node.SetParameter(self.name, value.name)
        else:
            node.SetParameter(self.name, str(value))

    def read(self, node):
        if not node.HasParameter(self.name):
            self.write(node, self.default.value)
        if self.is_node:
            return node.GetNodeReference(self.name)
        text = node.GetParameter(self.name)
        if self.kind is bool:
            return text == "True"
        if issubclass(self.kind, enum.Enum):
            return self.kind[text]
        return self.kind(text)


def _is_instance(value, kind):
    if kind in (int, float):
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    return isinstance(value, kind)


def _first_value(kind):
    if issubclass(kind, slicer.vtkMRMLNode):
        return None
    return next(iter(kind)) if issubclass(kind, enum.Enum) else kind()


def _without_none(kind):
    if isinstance(kind, types.UnionType) or typing.get_origin(kind) is typing.Union:
        kinds = [each for each in typing.get_args(kind) if each is not type(None)]
        if len(kinds) == 1 and issubclass(kinds[0], slicer.vtkMRMLNode):
            return kinds[0]
    return kind


def _parameter(cls, name, hint):
    kind, *notes = typing.get_args(hint) if typing.get_origin(hint) is typing.Annotated else [hint]
    kind = _without_none(kind)
    supported = (str, int, float, bool, enum.Enum, pathlib.PurePath, slicer.vtkMRMLNode)
    if not (isinstance(kind, type) and issubclass(kind, supported)):
        raise TypeError(f"The stand-in has no parameters of type {kind} ({cls.__name__}.{name})")
    if hasattr(cls, name):
        default = Default(getattr(cls, name))
    else:
        default = next((note for note in notes if isinstance(note, Default)), Default(generator=lambda: _first_value(kind)))
    return Parameter(name, kind, tuple(notes), default)


class WrappedNode:
    """The methods that every parameter node wrapper has beside its parameters."""

    allParameters: typing.ClassVar[dict]

    def __init__(self, parameterNode, prefix=None):
        self.parameterNode = parameterNode
        self._connections = {}
        self._updating = False
        # Slicer's wrapper reads when it is made, when it writes and when the node tells of a change, and not in between.
        self._values = {}
        self._read()
        this = weakref.ref(self)  # so that a wrapper that nobody uses any more goes, and its observer with it
        self._observation = parameterNode.AddObserver(vtkCommand.ModifiedEvent, lambda caller, event: this()._read())

    def __del__(self):
        self.parameterNode.RemoveObserver(self._observation)

    def default(self, paramName):
        return self.allParameters[paramName].default

    def _read(self):
        self._values = {name: parameter.read(self.parameterNode) for name, parameter in self.allParameters.items()}

    def getValue(self, name):
        return self._values[name]

    def setValue(self, name, value):
        with slicer.util.NodeModify(self.parameterNode):
            self.allParameters[name].write(self.parameterNode, value)
            self._read()

    def connectGui(self, gui):
        """Connect the widgets of ``gui`` whose dynamic property SlicerParameterName names a parameter. Returns a tag."""
        widgets = {widget.property(PARAMETER_NAME): widget for widget in _widgets_of(gui) if widget.property(PARAMETER_NAME)}
        return self.connectParametersToGui(widgets)

    def connectParametersToGui(self, mapping):
        unknown = set(mapping) - set(self.allParameters)
        if unknown:
            raise ValueError(f"No such parameter: {', '.join(sorted(unknown))}")
        links = {name: connect_widget(widget, self.allParameters[name]) for name, widget in mapping.items()}
        observation = self.AddObserver(vtkCommand.ModifiedEvent, lambda caller, event: self._to_widgets(links))
        self._to_widgets(links)
        for name, link in links.items():
            link.on_change(lambda name=name, link=link: self._from_widget(name, link))
        tag = max(self._connections, default=-1) + 1
        self._connections[tag] = (links, observation)
        return tag

    def disconnectGui(self, guiTag):
        if guiTag not in self._connections:
            return
        links, observation = self._connections.pop(guiTag)
        self.RemoveObserver(observation)
        for link in links.values():
            link.stop()

    def _from_widget(self, name, link):
        if not self._updating:
            self.setValue(name, link.read())

    def _to_widgets(self, links):
        if self._updating:
            return
        self._updating = True
        try:
            for name, link in links.items():
                link.write(self.getValue(name))
        finally:
            self._updating = False

    def StartModify(self):
        return self.parameterNode.StartModify()

    def EndModify(self, wasModified):
        return self.parameterNode.EndModify(wasModified)

    def AddObserver(self, event, callback, priority=0.0):
        return self.parameterNode.AddObserver(event, callback, priority)

    def RemoveObserver(self, tag):
        self.parameterNode.RemoveObserver(tag)

    def Modified(self):
        self.parameterNode.Modified()


def _widgets_of(gui):
    from PySide6.QtWidgets import QWidget

    if isinstance(gui, QWidget):
        return gui.findChildren(QWidget)
    return gui.__dict__.values()


def parameterNodeWrapper(classtype=None):
    """Class decorator: each annotated name becomes a property kept in the wrapped vtkMRMLScriptedModuleNode."""
    if classtype is None:
        return parameterNodeWrapper
    hints = typing.get_type_hints(classtype, include_extras=True)
    parameters = {name: _parameter(classtype, name, hint) for name, hint in hints.items()}
    taken = set(parameters) & set(dir(WrappedNode)) - set(dir(object))
    if taken:
        raise ValueError(f"A parameter node wrapper keeps these names for itself: {', '.join(sorted(taken))}")
    members = {name: _property(parameter) for name, parameter in parameters.items()}
    own = {name: value for name, value in vars(classtype).items() if name not in ("__dict__", "__weakref__", "__init__")}
    return type(classtype.__name__, (WrappedNode,), {**own, **members, "allParameters": parameters})


def _property(parameter):
    return property(
        lambda self: self.getValue(parameter.name),
        lambda self, value: self.setValue(parameter.name, value),
    )


def isParameterNodeWrapper(classOrObj):
    cls = classOrObj if isinstance(classOrObj, type) else type(classOrObj)
    return issubclass(cls, WrappedNode)


def make_parameter_node_module():
    """The module ``slicer.parameterNodeWrapper``."""
    module = types.ModuleType("slicer.parameterNodeWrapper")
    for public in (
        *(Validator, WithinRange, Minimum, Maximum, Choice, Default, Decimals, SingleStep),
        *(parameterNodeWrapper, isParameterNodeWrapper),
    ):
        setattr(module, public.__name__, public)
    module.SlicerParameterNamePropertyName = PARAMETER_NAME
    return module
