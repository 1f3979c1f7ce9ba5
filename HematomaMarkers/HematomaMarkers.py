"""HematomaMarkers: intracerebral haemorrhage and its markers of growth on non-contrast head CT, read by clicking."""

from pathlib import Path
from typing import Annotated, Any

import slicer
import slicer.util
from HematomaMarkersLib.labels import TASK
from HematomaMarkersLib.segments import SEGMENTS
from HematomaMarkersPanel.ct_nodes import askFiles, doubtsOf
from HematomaMarkersPanel.hematoma_tool import HematomaTool
from HematomaMarkersPanel.input_choices import InputChoices
from HematomaMarkersPanel.reading_view import ReadingView
from HematomaMarkersPanel.report_inputs import prepareReport
from HematomaMarkersPanel.results.marker_rows import WIDGET_NAMES, readingOf, showReading
from HematomaMarkersPanel.run_inputs import prepareRun
from HematomaMarkersPanel.sample_data import registerSamples
from HematomaMarkersPanel.scan_results import KIND, SEGMENTATION, LiveMeasurement, exportCase, isWhole, loadReading, startByHand
from HematomaMarkersPanel.self_test import PhantomHeadTest
from HematomaMarkersPanel.studies import headStudies
from LesionReadingLib.errors import UNLESS_FORCED
from LesionReadingPanel.editing.review_bar import ReviewBar
from LesionReadingPanel.editing.segment_editing import SegmentEditing
from LesionReadingPanel.help import keysOfPanel, tutorialLink
from LesionReadingPanel.logic import LesionReadingLogic
from LesionReadingPanel.result_widget import ResultWidget
from LesionReadingPanel.views import showVolume
from LesionReadingScene.scene import has_spacing, reading, result_node, result_of, set_reading
from slicer import vtkMRMLScalarVolumeNode
from slicer.i18n import tr as _
from slicer.parameterNodeWrapper import WithinRange, parameterNodeWrapper
from slicer.ScriptedLoadableModule import ScriptedLoadableModule

PACKAGE = "HematomaMarkersLib"
USUAL_WINDOW = (0.0, 80.0)


class HematomaMarkers(ScriptedLoadableModule):
    """Describes the module to Slicer."""

    def __init__(self, parent):
        ScriptedLoadableModule.__init__(self, parent)
        self.parent.title = _("Hematoma Markers")
        self.parent.categories = [_("Lesion Reading")]
        self.parent.dependencies = ["Segmentations", "SampleData"]
        self.parent.contributors = ["LesionReading contributors"]
        self.parent.helpText = (
            _(
                "Finds intracerebral haemorrhage on a head CT without contrast, measures it, tells the four markers of growth with "
                "their evidence, compares with an earlier CT, and says whether to refer. Not a medical device."
            )
            + keysOfPanel()
            + tutorialLink()
        )
        self.parent.acknowledgementText = _("Part of the extension LesionReading.")
        slicer.app.connect("startupCompleted()", registerSampleData)


def registerSampleData() -> None:
    """Add the phantoms to the Sample Data module."""
    registerSamples(Path(__file__).parent / "Resources" / "Icons")


@parameterNodeWrapper
class HematomaMarkersParameterNode:
    """
    What the user has chosen in the panel.

    inputVolume - The head CT to read.
    priorVolume - An earlier CT of the patient.
    windowLow, windowHigh - What is black and white for the network, in HU.
    model - Folder of the bundle.
    opacity - Of the heat map over the CT.
    showUnsure - Whether is shown where the network is unsure.
    """

    inputVolume: vtkMRMLScalarVolumeNode
    priorVolume: vtkMRMLScalarVolumeNode
    windowLow: Annotated[float, WithinRange(-1024, 4095)] = USUAL_WINDOW[0]
    windowHigh: Annotated[float, WithinRange(-1023, 4096)] = USUAL_WINDOW[1]
    model: str = ""
    opacity: Annotated[float, WithinRange(0, 1)] = 0.5
    showUnsure: bool = False


class HematomaMarkersWidget(ResultWidget):
    """The panel: Input, Results, Edit."""

    PACKAGE = PACKAGE
    TASK = TASK

    def makeLogic(self):
        return HematomaMarkersLogic()

    def studyKind(self):
        return headStudies(self.models, lambda: self.choices.window, self.chooseInput)

    def setupPanel(self) -> None:
        self._force = False
        self._ended = None
        self.choices = InputChoices(self.ui, self._onChosen)
        super().setupPanel()
        self.review = ReviewBar(self.ui)
        self.reading = ReadingView(self.ui, self.worklist.edited, self.review.refresh)
        self.editing = SegmentEditing(self.ui, KIND)
        self.marking = HematomaTool(self.ui, self.editing)
        self.ui.forceButton.connect("clicked(bool)", self.onForceButton)
        self.ui.priorSelector.connect("currentNodeChanged(vtkMRMLNode*)", self._showPriorOrder)
        for name in WIDGET_NAMES.values():
            getattr(self.ui, f"{name}Reading").connect("currentIndexChanged(int)", self._onReading)
        self._showPriorOrder()

    def enter(self) -> None:
        """Called each time the user opens this module."""
        super().enter()
        self._startEditing()

    def showInput(self, volume) -> None:
        """Show a CT and its result, if it was read."""
        self.ui.forceButton.visible = False
        self.choices.show(volume)
        self._showFacts()
        self.reading.stop()
        self.stopEditing()
        self.review.bind(None, None)
        result = self.currentResult()
        self.ui.editButton.enabled = result is not None
        if result is None:
            self.ui.editButton.collapsed = True
        if volume is not None and volume.GetImageData() is not None:
            showVolume(volume)
        showReading(self.ui, reading(result) if result is not None else {})
        if result is None:
            return
        with slicer.util.tryWithErrorDisplay(_("The result could not be shown.")):
            if not self.reading.show(result):
                return
        self.review.bind(result, volume, self.reading.checks)
        self._startEditing()

    def stopEditing(self) -> None:
        """Leave the segment editor."""
        self.marking.unbind()
        self.editing.stop()

    def whyNotApply(self) -> str:
        """What else is missing."""
        if self._parameterNode.priorVolume is self._parameterNode.inputVolume:
            return _("Choose another earlier CT: it is the CT itself")
        if self._parameterNode.priorVolume and not has_spacing(self._parameterNode.priorVolume):
            return _("The earlier CT has no spacing: choose it as CT first and set its spacing")
        low, high = self.choices.window
        return "" if low < high else _("The second end of the window must be above the first")

    def runOptions(self) -> dict[str, Any]:
        """What was chosen for the CT."""
        return {
            "model": self.models.currentModel(),
            "window": self.choices.window,
            "prior": self._parameterNode.priorVolume,
            "force": self._force,
        }

    def onApplyButton(self, checked: bool = False) -> None:
        """Read the CT, unless its DICOM files gave reasons not to."""
        self.ui.forceButton.visible = False
        doubts = doubtsOf(self._shownInput)
        try:
            if doubts and not self._force:
                self._offerForce(doubts)
            else:
                super().onApplyButton(checked)
        finally:
            self._force = False  # it was said of this CT, also where the run could not start

    def onForceButton(self, checked: bool = False) -> None:
        """Read a CT that was refused."""
        self._force = True
        self.onApplyButton()

    def beginByHand(self) -> None:
        """Give the CT a result without any label."""
        self.logic.startByHand(self._shownInput, self.choices.window)

    def exportOptions(self) -> dict[str, Any]:
        """The reader's own judgement of the markers."""
        return {"reading": readingOf(self.ui)}

    def currentResult(self):
        """The result of the CT that is shown; None where there is none, or a node of it was removed."""
        result = result_of(self._shownInput, KIND) if self.spacing.placed else None
        return result if result is not None and isWhole(result) else None

    def _onInputModified(self, caller=None, event=None) -> None:
        super()._onInputModified(caller, event)
        self._showFacts()

    def _showFacts(self) -> None:
        if self._shownInput is not None:
            askFiles(self._shownInput)
        facts = self.choices.facts()
        if facts and facts not in self.ui.inputFactsLabel.text:
            self.ui.inputFactsLabel.text += "\n" + facts

    def _startEditing(self) -> None:
        result = self.currentResult()
        if result is not None and not self.editing.started:
            segmentation = result_node(result, SEGMENTATION)
            self.editing.start(segmentation, self._shownInput, SEGMENTS[0].name)
            self.marking.bind(self._shownInput, segmentation, self.reading.labels)

    def _onChosen(self) -> None:
        self.reading.decideAnew()

    def _onReading(self, _index: int = 0) -> None:
        result = self.currentResult()
        if result is not None:
            set_reading(result, readingOf(self.ui))

    def _showPriorOrder(self, _node=None) -> None:
        self.ui.priorOrderLabel.visible = self.ui.priorSelector.currentNode() is not None

    def _checkCanApply(self, caller=None, event=None) -> None:
        super()._checkCanApply(caller, event)
        ended, self._ended = self._ended, self.run.outcome
        if self._ended is not ended and self._ended.code == UNLESS_FORCED:
            self._offerForce(self._ended.message)

    def _offerForce(self, refusal: str) -> None:
        """Say why the CT was refused, and let the user insist."""
        self.ui.statusLabel.text = refusal
        self.ui.forceButton.visible = True


class HematomaMarkersLogic(LesionReadingLogic):
    """What the module does, usable without its panel."""

    PACKAGE = PACKAGE

    def getParameterNode(self):
        return HematomaMarkersParameterNode(super().getParameterNode())

    def prepareRun(
        self,
        volume,
        folder: Path,
        *,
        model: str = "",
        window: tuple[float, float] = USUAL_WINDOW,
        prior=None,
        force: bool = False,
    ) -> list[str]:
        """Write the CT, and the earlier one, into a folder and give the arguments of the Lib's command line.

        :param volume: volume node of the head CT, in HU.
        :param folder: an existing, empty folder; results go to its ``out``.
        :param model: folder of a bundle; the shipped one where empty.
        :param window: lower and upper end in HU.
        :param prior: volume node of an earlier CT, or None.
        :param force: read a CT that may be no plain head CT.
        :raises InputError: the CT cannot be used.
        """
        return prepareRun(volume, folder, model=model, window=window, prior=prior, force=force)

    def takeRun(self, folder: Path, volume, *, window: tuple[float, float] = USUAL_WINDOW, prior=None, **_others):
        """Load what the worker wrote into ``folder/out`` as the result node of the volume; options as of :meth:`prepareRun`."""
        return loadReading(folder / "out", volume, prior, window)

    def prepareReport(self, result, folder: Path, output: Path) -> list[str]:
        """Write a result into a folder and give the arguments that write its report (``report_inputs.prepareReport``)."""
        return prepareReport(result, folder, output)

    def startByHand(self, volume, window: tuple[float, float] = USUAL_WINDOW):
        """Begin a result without any label, for a person to draw; gives the result node."""
        return startByHand(volume, window)

    def findings(self, result):
        """Measure the segmentation of a result as it is now, and decide (HematomaMarkersLib.triage.findings.Findings)."""
        return LiveMeasurement(result).findings()

    def exportCase(self, result, folder: Path, reading: dict[str, bool | None]) -> Path:
        """Write the CT, the contour as it is now and the reader's judgement as a case for training, into a new folder.

        :param reading: marker -> whether the reader saw it; None where it was not read.
        :return: the folder of the case.
        """
        return exportCase(result, folder, reading)


class HematomaMarkersTest(PhantomHeadTest):
    """The self-test: a phantom is read by the shipped model, edited, exported."""

    def makeLogic(self):
        return HematomaMarkersLogic()

    def runTest(self):
        self.setUp()
        self.test_phantomIsReadEditedAndExported()
        self.setUp()
        self.test_noiseIsRefusedWithASentence()
