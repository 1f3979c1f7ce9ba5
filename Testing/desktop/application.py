"""``slicer.app``: the application object."""

import os
import sys
import tempfile
from pathlib import Path

import slicer
from PySide6.QtCore import Property, QProcessEnvironment, QSettings, Signal
from PySide6.QtWidgets import QApplication

from .input_output import qSlicerCoreIOManager
from .modules.modules import qSlicerModuleManager

DOCUMENTATION = "https://slicer.readthedocs.io/en/latest/"


class qSlicerApplication(QApplication):
    """Stands for qSlicerApplication (Slicer, Base/QTGUI/qSlicerApplication.h and Base/QTCore/qSlicerCoreApplication.h)."""

    startupCompleted = Signal()
    mrmlSceneChanged = Signal(object)

    def __init__(self):
        super().__init__(["Slicer"])
        self.setApplicationName("Slicer")
        self.setOrganizationName("slicer.org")
        self._home = tempfile.TemporaryDirectory(prefix="slicer-")
        home = Path(self._home.name)
        for folder in ("temporary", "cache"):
            (home / folder).mkdir()
        QSettings.setDefaultFormat(QSettings.Format.IniFormat)
        QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, str(home))
        self._settings = QSettings()
        self._temporary_path = str(home / "temporary")
        self._module_manager = qSlicerModuleManager()
        self._io_manager = qSlicerCoreIOManager()
        self._layout_manager = None
        self._application_logic = None
        self._pauses = 0
        self._testing = False

    slicerHome = Property(str, lambda self: self._home.name)
    cachePath = Property(str, lambda self: str(Path(self._home.name) / "cache"))
    slicerUserSettingsFilePath = Property(str, lambda self: str(Path(self._home.name) / "Slicer.ini"))
    temporaryPath = Property(str, lambda self: self._temporary_path, lambda self, path: self.__dict__.update(_temporary_path=path))
    slicerUserSettingsFilePath = Property(str, lambda self: self._settings.fileName())
    majorVersion = Property(int, lambda self: 5)
    minorVersion = Property(int, lambda self: 12)
    os = Property(str, lambda self: {"linux": "linux", "darwin": "macosx"}.get(sys.platform, "win"))
    documentationBaseUrl = Property(str, lambda self: DOCUMENTATION)

    def moduleDocumentationUrl(self, moduleName):
        return f"{DOCUMENTATION}user_guide/modules/{moduleName.lower()}.html"

    def mrmlScene(self):
        return slicer.mrmlScene

    def applicationLogic(self):
        return self._application_logic

    def moduleLogic(self, moduleName):
        module = self._module_manager.module(moduleName)
        return module.logic() if module else None

    def moduleManager(self):
        return self._module_manager

    def layoutManager(self):
        return self._layout_manager

    def coreIOManager(self):
        return self._io_manager

    def ioManager(self):
        return self._io_manager

    def settings(self):
        return self._settings

    def userSettings(self):
        return self._settings

    def revisionUserSettings(self):
        return self._settings

    def testingEnabled(self):
        return self._testing

    def startupEnvironment(self):
        environment = QProcessEnvironment()
        for name, value in os.environ.items():
            environment.insert(name, value)
        return environment

    def pauseRender(self):
        self._pauses += 1

    def resumeRender(self):
        self._pauses -= 1

    def setRenderPaused(self, pause):
        self._pauses += 1 if pause else -1

    def _complete_startup(self):
        """Slicer tells this once, when every module is loaded; here after each load, to those that came with it."""
        self.startupCompleted.emit()
        if self.receivers("2startupCompleted()"):
            self.startupCompleted.disconnect()
