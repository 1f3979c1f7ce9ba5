"""What tests do with the desktop."""

import sys
import time

import slicer
from PySide6.QtWidgets import QApplication

from . import ctk_widgets, mrml_widgets, parameter_nodes, scripted_modules, translation
from .application import qSlicerApplication
from .layouts import qSlicerLayoutManager
from .main_window import dark_palette, qSlicerMainWindow
from .modules import Modules, qSlicerAbstractCoreModule, qSlicerScriptedLoadableModule, qSlicerScriptedLoadableModuleWidget
from .scene import make_application_logic, make_data_input_output, make_module_logics, make_scene

SLICER_CLASSES = (
    *(mrml_widgets.qMRMLWidget, mrml_widgets.qSlicerWidget, mrml_widgets.qMRMLNodeComboBox, mrml_widgets.qMRMLSliderWidget),
    *(qSlicerScriptedLoadableModule, qSlicerScriptedLoadableModuleWidget),
)


class Desktop:
    """The running application. Tests reach Slicer's own names through ``slicer``; this has what a user does beside them."""

    def __init__(self):
        _remove_functions_that_slicer_lacks()
        _install_modules()
        slicer.modules = Modules()
        slicer.app = self.app = qSlicerApplication()
        self.app.setStyle("Fusion")
        QApplication.setPalette(dark_palette())
        slicer.mrmlScene = make_scene()
        logic = make_application_logic(slicer.mrmlScene)
        self.app._application_logic = logic
        self._input_output = make_data_input_output(slicer.mrmlScene, logic, self.app.cachePath)
        for name, module_logic in make_module_logics(slicer.mrmlScene, logic).items():
            self.app.moduleManager()._add(qSlicerAbstractCoreModule(name, module_logic))
        self.main_window = qSlicerMainWindow()
        self.main_window.resize(1400, 900)
        self.main_window.show()
        self.app._layout_manager = qSlicerLayoutManager(self.main_window.centralWidget())

    def load_module(self, path):
        """Load a scripted module's file, open its panel; returns the scripted widget, set up and entered."""
        module = qSlicerScriptedLoadableModule(path)
        self.app.moduleManager()._add(module)
        self.app._complete_startup()
        if module.hidden:
            return None
        slicer.util.selectModule(module.name)
        return slicer.util.getModuleWidget(module.name)

    def unload_module(self, name):
        """Close the module's panel, end it, forget it and its source."""
        selector = self.main_window.moduleSelector()
        if selector.selectedModule == name:
            selector.selectModule("")
        self.app.moduleManager()._remove(name)
        sys.modules.pop(name, None)

    def wait_until(self, condition, seconds=60):
        """Run the event loop until the condition holds. AssertionError after that many seconds."""
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, f"waited {seconds} s in vain"
            self.app.processEvents()
            time.sleep(0.001)

    def process_events(self):
        """Let everything that waits in the event loop happen."""
        for _ in range(3):
            self.app.processEvents()

    def screenshot(self, path, width=1400, height=900):
        """Write what the main window shows as a picture: panel on the left, the layout's views on the right."""
        self.main_window.resize(width, height)
        self.process_events()
        for view in self.app.layoutManager()._visible_views():
            view.forceRender()
        self.process_events()
        self.main_window.grab().save(str(path))

    def screenshot_panel(self, path, width=400):
        """Write the open module's panel as a picture, as long as it is, at this width in px."""
        panel = self.main_window.moduleSelector()._panel.widget()
        panel.parent().parent().takeWidget()
        panel.resize(width, panel.sizeHint().height())
        panel.show()
        self.process_events()
        panel.resize(width, max(panel.sizeHint().height(), panel.layout().heightForWidth(width)))
        self.process_events()
        panel.grab().save(str(path))
        self.main_window.moduleSelector()._panel.setWidget(panel)

    def clear(self):
        """Empty the scene and return to its start."""
        slicer.mrmlScene.Clear(0)
        self.process_events()


def _remove_functions_that_slicer_lacks():
    """The package of slicer-core copies every function of slicer.util into ``slicer``; Slicer does not."""
    for name, value in list(vars(slicer).items()):
        if getattr(value, "__module__", None) == "slicer.util" and not name.startswith("_"):
            delattr(slicer, name)


def _install_modules():
    sys.modules["ctk"] = ctk_widgets.make_ctk_module()
    for cls in SLICER_CLASSES:
        setattr(slicer, cls.__name__, cls)
    for module in (
        scripted_modules.make_scripted_module(),
        parameter_nodes.make_parameter_node_module(),
        translation.make_translation_module(),
    ):
        sys.modules[module.__name__] = module
        setattr(slicer, module.__name__.rpartition(".")[2], module)
