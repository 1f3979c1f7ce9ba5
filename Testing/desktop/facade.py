"""What tests do with the desktop."""

import sys
import time
from contextlib import contextmanager
from pathlib import Path

import slicer
from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QApplication

from .application import qSlicerApplication
from .dialogs import Dialogs, let_tests_answer
from .editing.painting import paint
from .editing.segment_editor import qMRMLSegmentEditorWidget
from .errors import Errors
from .modules import dicom, packages, parameter_nodes, sample_data, scripted_modules, translation
from .modules.modules import (
    Modules,
    qSlicerAbstractCoreModule,
    qSlicerScriptedLoadableModule,
    qSlicerScriptedLoadableModuleWidget,
)
from .scene import make_application_logic, make_data_input_output, make_module_logics, make_scene
from .timing import longest_pause
from .widgets import ctk_widgets, mrml_widgets
from .widgets.layouts import qSlicerLayoutManager
from .widgets.main_window import dark_palette, qSlicerMainWindow

SLICER_CLASSES = (
    *(mrml_widgets.qMRMLWidget, mrml_widgets.qSlicerWidget, mrml_widgets.qMRMLNodeComboBox, mrml_widgets.qMRMLSliderWidget),
    *(qSlicerScriptedLoadableModule, qSlicerScriptedLoadableModuleWidget, qMRMLSegmentEditorWidget),
)
REGISTRIES = ("dicomPlugins", "sampleDataSources", "sampleDataSourceCategories")
WINDOW_PX = (1400, 900)


class Desktop:
    """The running application. Tests reach Slicer's own names through ``slicer``; this has what a user does beside them.

    Attributes:
        dialogs: the dialogs that came up, and the test's answers to those that will.
        errors: exceptions raised in slots and observers.
    """

    longest_pause = staticmethod(longest_pause)
    paint = staticmethod(paint)
    click_sample = staticmethod(sample_data.click_sample)
    load_dicom = staticmethod(dicom.load)
    dicom_loadables = staticmethod(dicom.loadables_of)

    def __init__(self):
        _remove_functions_that_slicer_lacks()
        _install_modules()
        slicer.modules = Modules()
        slicer.selfTests = {}
        slicer.app = self.app = qSlicerApplication()
        self.app.setStyle("Fusion")
        QApplication.setPalette(dark_palette())
        self.dialogs = Dialogs()
        let_tests_answer(self.dialogs)
        self.errors = Errors(self.dialogs)
        packages.put_python_slicer_on_path(Path(self.app.slicerHome) / "bin")
        slicer.dicomDatabase = dicom.ctkDICOMDatabase()
        self._make_scene()
        self.main_window = qSlicerMainWindow()
        self.main_window.arrange(*WINDOW_PX)
        self.main_window.show()
        self.app._layout_manager = qSlicerLayoutManager(self.main_window.centralWidget())

    def _make_scene(self):
        slicer.mrmlScene = make_scene()
        logic = make_application_logic(slicer.mrmlScene)
        self.app._application_logic = logic
        self._input_output = make_data_input_output(slicer.mrmlScene, logic, self.app.cachePath)
        for name, module_logic in make_module_logics(slicer.mrmlScene, logic).items():
            self.app.moduleManager()._add(qSlicerAbstractCoreModule(name, module_logic))

    def load_module(self, path):
        """Load a scripted module's file, open its panel; returns the scripted widget, set up and entered (None: no panel)."""
        module = qSlicerScriptedLoadableModule(path)
        self.app.moduleManager()._add(module)
        self.app._complete_startup()
        if module.hidden or not module.widgetRepresentationCreationEnabled:
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
        self.process_events()

    def run_self_test(self, name):
        """Run a loaded module's self-test as ``ctest`` does: in testing mode; what the test raises is raised here."""
        with self.testing_mode():
            slicer.selfTests[name](msec=0)

    @contextmanager
    def testing_mode(self):
        """Slicer as started with ``--testing``: slicer.util answers messages itself, nothing is installed."""
        self.app._testing = True
        try:
            yield
        finally:
            self.app._testing = False

    def wait_until(self, condition, seconds=60):
        """Run the event loop until the condition holds. AssertionError after that many seconds."""
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, f"waited {seconds} s in vain"
            self._turn()
            time.sleep(0.001)

    def process_events(self):
        """Let everything that waits in the event loop happen."""
        for _ in range(3):
            self._turn()

    def _turn(self):
        """One turn of the event loop. Qt deletes what is to be deleted later only inside a loop of its own, so it is told to."""
        self.app.processEvents()
        self.app.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)

    def screenshot(self, path, width=WINDOW_PX[0], height=WINDOW_PX[1]):
        """Write what the main window shows as a picture: panel on the left, the layout's views on the right."""
        self.main_window.arrange(width, height)
        self.process_events()
        for view in self.app.layoutManager()._visible_views():
            view.forceRender()
        self.process_events()
        self.main_window.grab().save(str(path))

    def screenshot_panel(self, path, width=400):
        """Write the open module's whole panel as a picture, at this width in px."""
        self.main_window.moduleSelector()._panel.grab_whole(width, self.process_events).save(str(path))

    def start_anew(self):
        """No module, an empty scene, the first layout and size, no dialogs, no errors; returns what went unnoticed, as texts."""
        for name in self.app.moduleManager()._scripted_modules():
            self.unload_module(name)
        for registry in REGISTRIES:
            vars(slicer.modules).pop(registry, None)
        slicer.mrmlScene.Clear(0)
        self.app.layoutManager().setLayout(slicer.vtkMRMLLayoutNode.SlicerLayoutFourUpView)
        self.main_window.arrange(*WINDOW_PX)  # a wide panel would leave the next test narrow views
        self.process_events()
        untold = self.errors.forget()
        return [*untold, *(f"No dialog wanted the answer {answer}" for answer in self.dialogs.forget())]


def _remove_functions_that_slicer_lacks():
    """The package of slicer-core copies every function of slicer.util into ``slicer``; Slicer does not."""
    for name, value in list(vars(slicer).items()):
        if getattr(value, "__module__", None) == "slicer.util" and not name.startswith("_"):
            delattr(slicer, name)


def _install_modules():
    for cls in SLICER_CLASSES:
        setattr(slicer, cls.__name__, cls)
    for module in (
        ctk_widgets.make_ctk_module(),
        sample_data.make_sample_data_module(),
        dicom.make_dicom_module(),
        packages.make_torch_module(),
    ):
        sys.modules[module.__name__] = module
    for module in (
        scripted_modules.make_scripted_module(),
        parameter_nodes.make_parameter_node_module(),
        translation.make_translation_module(),
        packages.make_packaging_module(),
    ):
        sys.modules[module.__name__] = module
        setattr(slicer, module.__name__.rpartition(".")[2], module)
