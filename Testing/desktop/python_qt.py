"""Gives PySide6's classes the manners of PythonQt, the Qt binding inside Slicer.

In PythonQt a Qt property is an attribute (``label.text``, ``box.checked = True``), signals connect by their signature
(``button.connect("clicked(bool)", f)``), ``name`` is the object name and an unknown attribute cannot be set.
"""

import inspect
import re
import types

from PySide6 import QtCore, QtGui, QtWidgets
from PySide6.QtCore import QObject

from .tool_tips import set_tool_tip

# Their getters are virtual functions: Qt would call the attribute that replaced one, so they stay functions.
VIRTUAL_GETTERS = {"sizeHint", "minimumSizeHint"}


class QtProperty:
    """A Qt property as an attribute. On the class itself it is still the function of that name (``QApplication.font()``)."""

    def __init__(self, name, getter, setter, function):
        self.name = name
        self.getter = getter
        self.setter = setter
        self.function = function

    def __get__(self, instance, owner):
        if instance is not None:
            return self.getter(instance)
        if self.function is None:
            raise AttributeError(f"type object '{owner.__name__}' has no attribute '{self.name}'")
        return self.function

    def __set__(self, instance, value):
        if self.setter is None:
            raise AttributeError(f"Qt property '{self.name}' of {type(instance).__name__} is read only")
        self.setter(instance, value)


class Connector:
    """What ``object.connect`` is in PythonQt; PySide6 itself calls it too, with its own arguments."""

    def __init__(self, owner, function_name, original):
        self.owner = owner
        self.function_name = function_name
        self.original = original

    def __call__(self, *arguments):
        if not _is_signature(arguments):
            return self.original(*arguments)
        signature = known_signature(self.owner, arguments[0])
        self.original(self.owner, QtCore.SIGNAL(signature), *arguments[1:])
        return True


def _is_signature(arguments):
    return isinstance(arguments[0], str) and not arguments[0].startswith("2") and "(" in arguments[0]


def known_signature(owner, signature):
    """The signature as Qt registered it. VTK objects travel as Python objects here. AttributeError where no such signal exists."""
    as_python = re.sub(r"(const\s+)?vtk\w+\s*\*\s*\w*", "PyObject", signature)
    normalized = QtCore.QMetaObject.normalizedSignature(as_python)
    normalized = normalized.data().decode() if hasattr(normalized, "data") else normalized
    if owner.metaObject().indexOfSignal(normalized) < 0:
        raise AttributeError(f"{owner.metaObject().className()} has no signal {signature}")
    return normalized


def widget_classes():
    """Every QObject class of QtCore, QtGui and QtWidgets, parents before children."""
    found = {
        candidate
        for module in (QtCore, QtGui, QtWidgets)
        for candidate in (getattr(module, name) for name in dir(module))
        if inspect.isclass(candidate) and issubclass(candidate, QObject)
    }
    return sorted(found, key=lambda cls: (len(cls.__mro__), cls.__name__))


def behave_like_python_qt():
    """Change PySide6's classes in place; objects that Qt itself makes behave so too."""
    _add_connect()
    for cls in widget_classes():
        _add_properties(cls)
        _refuse_unknown_attributes(cls)
    QObject.name = QtProperty("name", QObject.objectName, QObject.setObjectName, None)
    QObject.className = lambda self: self.metaObject().className()
    for cls in (QtWidgets.QDialog, QtWidgets.QMenu, QtCore.QEventLoop):
        cls.exec_ = cls.exec


def _add_connect():
    original = QObject.__getattribute__

    def get_attribute(self, name):
        if name in ("connect", "disconnect"):
            return Connector(self, name, original(self, name))
        return original(self, name)

    QObject.__getattribute__ = get_attribute


def _add_properties(cls):
    meta = cls.staticMetaObject
    for index in range(meta.propertyCount()):
        description = meta.property(index)
        name = description.name()
        if name in VIRTUAL_GETTERS:
            continue
        if index >= meta.propertyOffset() or name in cls.__dict__:
            setattr(cls, name, _property(cls, name, description.isWritable()))


def _property(cls, name, writable):
    capital = name[0].upper() + name[1:]
    function = getattr(cls, name, None)
    function = function if callable(function) and not isinstance(function, type) else None
    getter = function or getattr(cls, "is" + capital, None) or (lambda self: QObject.property(self, name))
    if isinstance(function, types.BuiltinMethodType):  # a static function, as QApplication.font
        getter = lambda self: function()  # noqa: E731
    setter = getattr(cls, "set" + capital, None) or (lambda self, value: QObject.setProperty(self, name, value))
    if isinstance(setter, types.BuiltinMethodType):
        static_setter = setter
        setter = lambda self, value: static_setter(value)  # noqa: E731
    if name == "toolTip" and issubclass(cls, QtWidgets.QWidget):
        setter = set_tool_tip
    return QtProperty(name, getter, setter if writable else None, function)


def _refuse_unknown_attributes(cls):
    original = cls.__mro__[-2].__setattr__  # Shiboken.Object's

    def set_attribute(self, name, value):
        declared = getattr(type(self), name, None)
        if isinstance(declared, QtCore.Property) and declared.fset is not None:
            declared.fset(self, value)  # Shiboken's own __setattr__ would hide the property
        elif _may_be_set(self, name):
            original(self, name, value)
        else:
            raise AttributeError(f"Attribute '{name}' does not exist on {type(self).__name__}")

    cls.__setattr__ = set_attribute


def _may_be_set(instance, name):
    home = type(instance).__module__.partition(".")[0]
    of_qt_or_slicer = home in ("PySide6", __package__)
    known = any(name in cls.__dict__ for cls in type(instance).__mro__)
    return not of_qt_or_slicer or known or (home == __package__ and name.startswith("_"))


def stored_property(name, kind, default):
    """A Qt property that a widget of CTK or Slicer only remembers, and its setter. ``kind`` as Qt names it in a .ui file.

    A widget with a method ``_refresh`` hears of the change.
    """

    def get(self):
        return self.__dict__.get("_stored_" + name, default)

    def set_(self, value):
        self.__dict__["_stored_" + name] = value
        getattr(self, "_refresh", lambda: None)()

    return QtCore.Property(kind, get, set_), set_


def make_qt_module():
    """The module ``qt``: the classes of QtCore, QtGui and QtWidgets, and what of Qt's other modules Slicer's panels use."""
    from .widgets.ui_loader import QUiLoader

    module = types.ModuleType("qt")
    for source in (QtCore, QtGui, QtWidgets):
        for name in dir(source):
            if re.match(r"Q[A-Z]|Qt$", name):
                setattr(module, name, getattr(source, name))
    module.Signal = QtCore.Signal
    module.QUiLoader = QUiLoader
    return module
