"""The module OCTCalcium: calcium in coronary OCT pullbacks, segmented, measured, shown and corrected."""

from pathlib import Path
from typing import Any

import slicer
import slicer.util
import vtk
from LesionReadingPanel.help import keysOfPanel, tutorialLink
from LesionReadingPanel.logic import LesionReadingLogic
from LesionReadingPanel.result_widget import ResultWidget
from LesionReadingScene import scene
from OCTCalciumPanel import pullback_results
from OCTCalciumPanel.pullback_nodes import UNKNOWN_PIXEL_MM
from OCTCalciumPanel.results.results_view import ResultsView
from OCTCalciumPanel.sample_data import registerSample
from OCTCalciumPanel.self_test import PhantomPullbackTest
from OCTCalciumPanel.studies import pullbackStudies
from slicer import vtkMRMLScalarVolumeNode
from slicer.i18n import tr as _
from slicer.parameterNodeWrapper import parameterNodeWrapper
from slicer.ScriptedLoadableModule import ScriptedLoadableModule

PACKAGE, TASK = "OCTCalciumLib", "oct-calcium"


class OCTCalcium(ScriptedLoadableModule):
    """Describes the module to Slicer."""

    def __init__(self, parent) -> None:
        ScriptedLoadableModule.__init__(self, parent)
        self.parent.title = _("OCT Calcium")
        self.parent.categories = [_("Lesion Reading")]
        self.parent.dependencies = ["Segmentations", "VolumeRendering", "Markups", "Plots", "SampleData"]
        self.parent.contributors = ["LesionReading contributors"]
        self.parent.helpText = (
            _(
                "Finds calcium in coronary OCT pullbacks, measures its volume, its arc and the length over which it reaches 180 "
                "degrees or more around the vessel, and lets you correct every frame while the numbers follow. Not a "
                "medical device."
            )
            + keysOfPanel()
            + tutorialLink()
        )
        self.parent.acknowledgementText = _("Part of the extension LesionReading.")
        slicer.app.connect("startupCompleted()", registerSampleData)


def registerSampleData() -> None:
    """Add the phantom pullback to the Sample Data module."""
    registerSample(Path(__file__).parent / "Resources" / "Icons")


@parameterNodeWrapper
class OCTCalciumParameterNode:
    """
    What the user has chosen in the panel.

    inputVolume - The pullback.
    model - Folder of the bundle.
    showRendering - Whether the vessel is shown in the three-dimensional views.
    showArc - Whether the arc is drawn on the frame.
    showUnsure - Whether is shown where the network is unsure.
    """

    inputVolume: vtkMRMLScalarVolumeNode
    model: str = ""
    showRendering: bool = False
    showArc: bool = True
    showUnsure: bool = False


class OCTCalciumWidget(ResultWidget):
    """The panel: Input, Results, Edit."""

    PACKAGE = PACKAGE
    TASK = TASK
    SLICES = _("frames")
    UNKNOWN_PIXEL_MM = UNKNOWN_PIXEL_MM

    def makeLogic(self):
        return OCTCalciumLogic()

    def studyKind(self):
        return pullbackStudies(self.models, self.chooseInput)

    def setupPanel(self) -> None:
        super().setupPanel()
        self._newResult = None
        self.results = ResultsView(self.ui, self.worklist.edited)

    def enter(self) -> None:
        super().enter()
        self.results.startEditing()

    def runOptions(self) -> dict[str, Any]:
        return {"model": self.models.currentModel()}

    def showNewResult(self, result) -> None:
        self._newResult = result

    def showInput(self, volume) -> None:
        result = scene.result_of(volume, pullback_results.KIND)
        with slicer.util.tryWithErrorDisplay(_("The result could not be shown.")):
            self.results.show(volume, result)
            if not self.parent.isEntered:  # views and keyboard are another module's
                return
            self.results.startEditing()
            if result is not None and result is self._newResult:
                self._newResult = None
                self.results.arrange()

    def stopEditing(self) -> None:
        self.results.stopEditing()

    @vtk.calldata_type(vtk.VTK_OBJECT)
    def onNodeRemoved(self, caller, event, node) -> None:
        super().onNodeRemoved(caller, event, node)
        if node is self.results.segmentation:
            self.refresh()

    def beginByHand(self) -> None:
        self._newResult = self.logic.startByHand(self._shownInput)

    def currentResult(self):
        return scene.result_of(self._shownInput, pullback_results.KIND)


class OCTCalciumLogic(LesionReadingLogic):
    """What the module does, usable without its panel."""

    PACKAGE = PACKAGE

    def getParameterNode(self):
        return OCTCalciumParameterNode(super().getParameterNode())

    def prepareRun(self, volume, folder: Path, *, model: str = "") -> list[str]:
        """Write a pullback into a folder and give the arguments that analyse it.

        :param volume: volume node of the pullback, with known spacing.
        :param model: folder or name of a bundle; the shipped one where empty.
        :raises InputError: the pullback cannot be used.
        """
        return pullback_results.prepareRun(volume, model, folder)

    def takeRun(self, folder: Path, volume, *, model: str = ""):
        """Load what a run has written below its folder as the result node of the volume (``pullback_results.takeRun``)."""
        return pullback_results.takeRun(folder, volume, model)

    def prepareReport(self, result, folder: Path, output: Path) -> list[str]:
        """Write a result into a folder and give the arguments that write its report (``pullback_results.prepareReport``)."""
        return pullback_results.prepareReport(result, folder, output)

    def startByHand(self, volume):
        """Begin a result without any label, for a person to draw (``pullback_results.startByHand``)."""
        return pullback_results.startByHand(volume)

    def measure(self, result):
        """Measure the segmentation of a result as it is now; its table and plot follow (``pullback_results.measure``)."""
        return pullback_results.measure(result)

    def exportCase(self, result, folder: Path) -> Path:
        """Write pullback, labels and which frames are reviewed as a case for training, into a folder of its own below ``folder``.

        A pullback exported there before is replaced (``pullback_results.exportCase``).
        """
        return pullback_results.exportCase(result, folder)


class OCTCalciumTest(PhantomPullbackTest):
    """The self-test: a phantom pullback is analysed by the shipped model, edited, exported, and shown in the panel."""

    def makeLogic(self):
        return OCTCalciumLogic()

    def runTest(self):
        self.setUp()
        self.test_phantomIsAnalysedEditedAndExported()
