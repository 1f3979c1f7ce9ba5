"""Modules, their panels and who keeps them."""

import importlib.util
import sys
from pathlib import Path

import slicer
from PySide6.QtCore import Property, QObject, Signal
from PySide6.QtWidgets import QVBoxLayout

from ..widgets.mrml_widgets import qSlicerWidget


class Modules:
    """Stands for the namespace ``slicer.modules``: each module by its lower-case name, ``<Name>Widget``, ``<Name>Instance``."""


class qSlicerAbstractCoreModule:
    """Stands for qSlicerAbstractCoreModule (Slicer, Base/QTCore/qSlicerAbstractCoreModule.h), here for the modules written in
    C++, whose logic is real and whose panels do not exist."""

    __slots__ = ("_logic", "name", "title")

    def __init__(self, name, logic):
        self.name = name
        self.title = name
        self._logic = logic

    def logic(self):
        return self._logic

    def mrmlScene(self):
        return slicer.mrmlScene


class qSlicerScriptedLoadableModule(qSlicerAbstractCoreModule):
    """Stands for qSlicerScriptedLoadableModule (Slicer, Base/QTGUI/qSlicerScriptedLoadableModule.h): a module in Python."""

    __slots__ = (
        *("_python", "_representation", "acknowledgementText", "associatedNodeTypes", "categories", "contributors"),
        *("dependencies", "helpText", "hidden", "icon", "index", "path", "widgetRepresentationCreationEnabled"),
    )

    def __init__(self, path):
        logic = slicer.vtkSlicerScriptedLoadableModuleLogic()
        logic.SetMRMLScene(slicer.mrmlScene)
        super().__init__(Path(path).stem, logic)
        self.path = str(path)
        self.hidden = False
        self.icon = None
        self.index = -1
        self.associatedNodeTypes = []
        source = load_source(self.name, self.path)
        self.widgetRepresentationCreationEnabled = hasattr(source, self.name + "Widget")
        self._representation = None
        self._python = getattr(source, self.name)(self)
        setattr(slicer.modules, self.name + "Instance", self._python)
        getattr(self._python, "setup", lambda: None)()

    def widgetRepresentation(self):
        if self._representation is None and self.widgetRepresentationCreationEnabled:
            self._representation = self.createNewWidgetRepresentation()
        return self._representation

    def createNewWidgetRepresentation(self):
        representation = qSlicerScriptedLoadableModuleWidget(self.name)
        representation.setMRMLScene(slicer.mrmlScene)
        representation.setup()
        return representation


def load_source(name, path):
    """The Python module of that name; its folder goes onto sys.path, as Slicer's module factory does."""
    folder = str(Path(path).parent)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    module = sys.modules.get(name)
    if module is None or not hasattr(module, name):
        specification = importlib.util.spec_from_file_location(name, path)
        module = importlib.util.module_from_spec(specification)
        sys.modules[name] = module
        specification.loader.exec_module(module)
    return module


class qSlicerScriptedLoadableModuleWidget(qSlicerWidget):
    """Stands for qSlicerScriptedLoadableModuleWidget (Slicer, Base/QTGUI/qSlicerScriptedLoadableModuleWidget.h)."""

    def __init__(self, module_name):
        super().__init__()
        self._module_name = module_name
        self._entered = False
        self.setObjectName(module_name + "Widget")
        QVBoxLayout(self)
        self._instantiate()

    isEntered = Property(bool, lambda self: self._entered)
    moduleName = Property(str, lambda self: self._module_name)

    def _instantiate(self):
        class_name = self._module_name + "Widget"
        self._python = getattr(sys.modules[self._module_name], class_name)(self)
        setattr(slicer.modules, class_name, self._python)

    def self(self):
        return self._python

    def setup(self):
        self._python.setup()

    def reload(self):
        self._instantiate()
        self.setup()

    def enter(self):
        self._entered = True
        getattr(self._python, "enter", lambda: None)()

    def exit(self):
        self._entered = False
        getattr(self._python, "exit", lambda: None)()


class qSlicerModuleManager(QObject):
    """Stands for qSlicerModuleManager (Slicer, Base/QTCore/qSlicerModuleManager.h)."""

    moduleLoaded = Signal(str)
    moduleAboutToBeUnloaded = Signal(str)

    def __init__(self):
        super().__init__()
        self._modules = {}

    def module(self, name):
        return self._modules.get(name)

    def modulesNames(self):
        return list(self._modules)

    def factoryManager(self):
        return qSlicerModuleFactoryManager(self)

    def _add(self, module):
        self._modules[module.name] = module
        setattr(slicer.modules, module.name.lower(), module)
        self.moduleLoaded.emit(module.name)

    def _remove(self, name):
        self.moduleAboutToBeUnloaded.emit(name)
        representation = getattr(self._modules.pop(name), "_representation", None)
        if representation is not None:
            representation.deleteLater()
        for attribute in (name.lower(), name + "Instance", name + "Widget"):
            vars(slicer.modules).pop(attribute, None)
        slicer.selfTests.pop(name, None)

    def _scripted_modules(self):
        return [name for name, module in self._modules.items() if isinstance(module, qSlicerScriptedLoadableModule)]


class qSlicerModuleFactoryManager:
    """Stands for qSlicerModuleFactoryManager (Slicer, Base/QTCore/qSlicerAbstractModuleFactoryManager.h)."""

    __slots__ = ("_manager",)

    def __init__(self, manager):
        self._manager = manager

    def loadedModuleNames(self):
        return self._manager.modulesNames()

    def isLoaded(self, name):
        return name in self._manager.modulesNames()
