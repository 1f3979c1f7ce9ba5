"""Makes the application: once per process."""

import os
import sys
from functools import cache

NOISE = "This plugin does not support propagateSizeHints()"


@cache
def start():
    """The desktop: application, scene, logics and the modules ``qt``, ``ctk``, ``slicer.…`` that a module's file imports."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    if sys.platform == "linux":
        os.environ.setdefault("VTK_DEFAULT_OPENGL_WINDOW", "vtkEGLRenderWindow")
    from PySide6.QtCore import qInstallMessageHandler

    from . import python_qt

    qInstallMessageHandler(_log)
    python_qt.behave_like_python_qt()
    sys.modules["qt"] = python_qt.make_qt_module()
    from .facade import Desktop

    return Desktop()


def _log(kind, context, message):
    """Qt's messages go where pytest shows them."""
    if message != NOISE:
        sys.stderr.write(f"Qt: {message}\n")
