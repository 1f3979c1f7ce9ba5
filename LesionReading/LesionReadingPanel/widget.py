"""The life cycle that the panels of both modules share, as Slicer's template for scripted modules has it.

One class, and therefore more than 300 lines: Slicer calls its methods by name. What can stand alone does (``run_control``,
``spacing_box``, ``model_selector``).
"""

from pathlib import Path
from typing import Any

import qt
import slicer
import slicer.util
import vtk
from slicer.i18n import tr as _
from slicer.ScriptedLoadableModule import ScriptedLoadableModuleWidget
from slicer.util import VTKObservationMixin

from .dependencies import ensureDependencies
from .model_selector import ModelSelector
from .running.run_control import RunControl
from .spacing_box import SpacingBox
from .views import Observation

_INPUT_EVENTS = (
    vtk.vtkCommand.ModifiedEvent,
    slicer.vtkMRMLVolumeNode.ImageDataModifiedEvent,
    slicer.vtkMRMLTransformableNode.TransformModifiedEvent,
)
_AFTER_SELECTORS = -100.0  # priority of an observer that is called after those of the node selectors


class LesionReadingWidget(ScriptedLoadableModuleWidget, VTKObservationMixin):
    """A panel with an input volume, a model, Apply and Cancel. A module derives its own widget class and fills in the hooks.

    Attributes:
        PACKAGE: the Lib whose command line Apply runs. TASK: the task of its models. SLICES: what its readers call the slices.
        UNKNOWN_PIXEL_MM: the distance of pixels that means "not known" in its images, if there is one.
        ui: the widgets of the module's .ui file. spacing, models, run: the shared parts of the panel.
        analysedVolume: the volume node that the run in progress, or the one whose results are taken, was started for; else None.
        analysedOptions: that run's options.
    """

    PACKAGE = ""
    TASK = ""
    SLICES = _("slices")
    UNKNOWN_PIXEL_MM: float | None = None

    def __init__(self, parent=None) -> None:
        """Called by Slicer, before setup()."""
        ScriptedLoadableModuleWidget.__init__(self, parent)
        VTKObservationMixin.__init__(self)
        self.logic = None
        self.analysedVolume, self.analysedOptions = None, {}
        self._parameterNode = None
        self._parameterNodeGuiTag = None
        self._parameterObservation: Observation | None = None
        self._shownInput = None
        self._inputObservations: list[Observation] = []
        self._isStale = False
        self._isImporting = False

    # Hooks

    def makeLogic(self):
        """The module's logic (``LesionReadingLogic``); its parameter node is wrapped and has inputVolume and model (str)."""
        raise NotImplementedError

    def setupPanel(self) -> None:
        """Make the parts that only this module has; self.ui and self.logic are there."""

    def runOptions(self) -> dict[str, Any]:
        """Options of the logic's ``prepareRun`` and ``takeRun`` for the input that is shown."""
        return {}

    def showNewResult(self, result) -> None:
        """Called with the result node of analysedVolume that a run has given, before it is shown."""

    def showInput(self, volume) -> None:
        """Show the result of the volume node, or nothing for None, after another choice, a new result or a move of the volume."""
        raise NotImplementedError

    def whyNotApply(self) -> str:
        """What keeps Apply off beside a missing input, spacing or model, or a run; empty where nothing does."""
        return ""

    def modelOfResult(self) -> str:
        """The name of the model that drew the result that is shown; empty where none did."""
        return ""

    def stopEditing(self) -> None:
        """Leave the editing of a segmentation: the panel is left, or the scene is closed."""

    # Life cycle

    def setup(self) -> None:
        """Called when the panel is made: when the user opens the module for the first time, and at a reload."""
        ScriptedLoadableModuleWidget.setup(self)
        uiWidget = slicer.util.loadUI(self.resourcePath(f"UI/{self.moduleName}.ui"))
        self.layout.addWidget(uiWidget)
        self._wholeHeight = _WholeHeight(uiWidget)
        self.ui = slicer.util.childWidgetVariables(uiWidget)
        uiWidget.setMRMLScene(slicer.mrmlScene)
        self.logic = self.makeLogic()
        self.spacing = SpacingBox(self.ui, self.SLICES, self._checkCanApply, self.UNKNOWN_PIXEL_MM)
        self.models = ModelSelector(self.ui, self.TASK)
        self.run = RunControl(self.ui, self.logic, self._onDone, self._onEnded)
        self.setupPanel()
        self.showInput(None)
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.StartCloseEvent, self.onSceneStartClose)
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.EndCloseEvent, self.onSceneEndClose)
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.StartImportEvent, self.onSceneStartImport)
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.EndBatchProcessEvent, self.onSceneEndBatch, priority=_AFTER_SELECTORS)
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.NodeRemovedEvent, self.onNodeRemoved)
        self.ui.applyButton.connect("clicked(bool)", self.onApplyButton)
        self.ui.modelComboBox.connect("currentIndexChanged(int)", self._onModelChosen)
        self.ui.inputButton.connect("contentsCollapsed(bool)", lambda collapsed: self._summarizeInput())
        self.initializeParameterNode()

    def cleanup(self) -> None:
        """Called when Slicer ends or the module is reloaded."""
        self.run.cancel()
        self.stopEditing()
        self.setParameterNode(None)
        self.removeObservers()

    def enter(self) -> None:
        """Called each time the user opens this module."""
        self.initializeParameterNode()
        if self._isStale:
            self.refresh()

    def exit(self) -> None:
        """Called each time the user opens a different module; a run goes on meanwhile."""
        self.stopEditing()
        self._disconnectParameterNode()

    def onSceneStartClose(self, caller, event) -> None:
        """Called just before the scene is closed: a run would have nowhere to put its results."""
        self.run.cancel()
        self.stopEditing()
        self.setParameterNode(None)

    def onSceneEndClose(self, caller, event) -> None:
        """Called just after the scene is closed."""
        if self.parent.isEntered:
            self.initializeParameterNode()

    def onSceneStartImport(self, caller, event) -> None:
        """Called just before a scene is opened or added: what the selectors choose meanwhile must not be written over it."""
        self._isImporting = True
        self.setParameterNode(None)

    def onSceneEndBatch(self, caller, event) -> None:
        """Called after many changes at once: a scene that was opened is complete, and the selectors know its nodes."""
        if self._isImporting:
            self._isImporting = False
            if self.parent.isEntered:
                self.initializeParameterNode()

    @vtk.calldata_type(vtk.VTK_OBJECT)
    def onNodeRemoved(self, caller, event, node) -> None:
        """Called after any node was removed: a run whose input is gone is cancelled, a shown input is shown no more."""
        if node is self.analysedVolume:
            self.run.cancel()
        if node is self._shownInput:
            # The parameter node still has it: Slicer ends references to a node only after this event.
            self._observeInput(None)
            self.refresh()

    def initializeParameterNode(self) -> None:
        """Make sure that the parameter node exists and is observed, and that an input is selected where there is any."""
        self.setParameterNode(self.logic.getParameterNode())
        if not self._parameterNode.inputVolume:
            # Hidden volumes belong to results, as heat maps do; label maps are volumes, too.
            volumes = (
                volume
                for volume in slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")
                if not volume.GetHideFromEditors() and not volume.IsA("vtkMRMLLabelMapVolumeNode")
            )
            volume = next(volumes, None)
            if volume:
                self._parameterNode.inputVolume = volume

    def setParameterNode(self, parameterNode) -> None:
        """Set and observe the wrapped parameter node, or none."""
        self._disconnectParameterNode()
        self._parameterNode = parameterNode
        if self._parameterNode:
            self._parameterNodeGuiTag = self._parameterNode.connectGui(self.ui)
            self.models.select(self._parameterNode.model)
            modified = vtk.vtkCommand.ModifiedEvent
            self._parameterObservation = Observation(self._parameterNode, modified, self._onParametersChanged)
        self._onParametersChanged()

    def _disconnectParameterNode(self) -> None:
        if self._parameterNodeGuiTag is None:
            return
        self._parameterNode.disconnectGui(self._parameterNodeGuiTag)
        self._parameterNodeGuiTag = None
        self._parameterObservation.stop()

    def refresh(self) -> None:
        """Show the selected input and its result anew; while another module is open, as soon as the user comes back."""
        self.spacing.show(self._shownInput)
        self._isStale = self._shownInput is not None and not self.parent.isEntered
        if not self._isStale:
            self.showInput(self._shownInput if self.spacing.placed else None)
        if not self.spacing.ready:  # there is something to choose or to type
            self.ui.inputButton.collapsed = False
        self._summarizeInput()
        self._checkCanApply()

    def _summarizeInput(self) -> None:
        """While Input is folded, a line below it says what was read, and with which model; that of Apply, where another."""
        self.ui.inputSummaryLabel.visible = self.ui.inputButton.collapsed
        name = self._shownInput.GetName() if self._shownInput is not None else ""
        model, used = self.ui.modelComboBox.currentText, self.modelOfResult()
        if used and used != self.models.nameAndVersion()[0]:
            model = _("drawn by {used}, Apply takes {chosen}").format(used=used, chosen=model)
        self.ui.inputSummaryLabel.text = f"{name}: {self.spacing.line}; {model}"

    def chooseInput(self, volume) -> None:
        """Show a volume node in the panel with its result, whether it was chosen before or not; None for nothing."""
        if not self._parameterNode:
            return
        if self._parameterNode.inputVolume is volume:
            self.refresh()
        self._parameterNode.inputVolume = volume
        if volume is not None and self.spacing.ready:
            self.ui.inputButton.collapsed = True  # it was chosen already, the results come first

    # Reactions

    def _onParametersChanged(self, caller=None, event=None) -> None:
        volume = self._parameterNode.inputVolume if self._parameterNode else None
        if volume is not self._shownInput:
            self._observeInput(volume)
            self.refresh()
        else:
            self._checkCanApply()

    def _observeInput(self, volume) -> None:
        # Not by VTKObservationMixin: it would keep every volume that was ever shown in memory.
        for observation in self._inputObservations:
            observation.stop()
        events = _INPUT_EVENTS if volume is not None else ()
        self._inputObservations = [Observation(volume, event, self._onInputModified) for event in events]
        self._shownInput = volume
        self.run.forget()

    def _onModelChosen(self, index: int = 0) -> None:
        if self._parameterNode and self.models.currentModel():
            self._parameterNode.model = self.models.currentModel()
        self._summarizeInput()
        self._checkCanApply()

    def _onInputModified(self, caller=None, event=None) -> None:
        # A volume may be selected before it has its voxels, and be moved or given another spacing by other modules.
        if not self.spacing.isUpToDate():
            self.refresh()

    def _checkCanApply(self, caller=None, event=None) -> None:
        reason = self._whyNotApply()
        self.ui.applyButton.enabled = not reason
        self.ui.applyButton.toolTip = reason or _("Analyze the input volume and show the results")

    def _whyNotApply(self) -> str:
        if self.run.running:
            return _("An analysis is running")
        if self._shownInput is None:
            return _("Select an input volume")
        if not self.spacing.placed:
            return self.spacing.text
        if not self.spacing.ready:
            return _("Set the spacing of the input volume first")
        if not self.models.currentModel():
            return _("Add a model first")
        return self.whyNotApply()

    def onApplyButton(self, checked: bool = False) -> None:
        """Check the packages, write the input, start the run."""
        try:
            with slicer.util.tryWithErrorDisplay(_("The analysis could not be started.")):
                ensureDependencies(self.moduleName)  # asks the user, so the cursor stays as it is
                with slicer.util.WaitCursor():
                    self._startRun()
        finally:
            self._checkCanApply()

    def _startRun(self) -> None:
        self.analysedVolume, self.analysedOptions = self._shownInput, self.runOptions()
        try:
            self.run.start(self.analysedVolume, **self.analysedOptions)
        except BaseException:
            self.analysedVolume = None
            raise

    def takeResults(self, folder: Path) -> None:
        """Load what a run has written below the folder into the result of analysedVolume, whatever is selected by now."""
        self.showNewResult(self.logic.takeRun(folder, self.analysedVolume, **self.analysedOptions))

    def _onDone(self, folder: Path) -> None:
        if self.analysedVolume is self._shownInput:
            self.stopEditing()  # of the result that is replaced
        try:
            self.takeResults(folder)
            self.ui.inputButton.collapsed = self.analysedVolume is self._shownInput  # the results come first
        finally:
            self.refresh()

    def _onEnded(self) -> None:
        self.analysedVolume = None
        self._checkCanApply()


class _WholeHeight(qt.QObject):
    """Keeps a widget as high as its contents need at its width.

    Its layout would do, but Slicer's module panel, when a module is left, takes the module's item out of its layout without
    deleting it; Qt then goes on believing the height that the contents needed before, and they are laid over each other.
    """

    def __init__(self, widget) -> None:
        qt.QObject.__init__(self)
        widget.installEventFilter(self)

    def eventFilter(self, watched, event) -> bool:
        if event.type() in (qt.QEvent.Resize, qt.QEvent.LayoutRequest):
            watched.setMinimumHeight(max(watched.heightForWidth(watched.width), 0))  # -1: no matter of its width
        return False
