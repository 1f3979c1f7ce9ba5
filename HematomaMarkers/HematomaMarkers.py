"""HematomaMarkers: intracerebral haemorrhage and its markers of growth on non-contrast head CT, read by clicking."""

from pathlib import Path
from typing import Annotated

import qt
import slicer
import slicer.util
from HematomaMarkersLib.labels import MARKERS, TASK
from HematomaMarkersLib.segments import SEGMENTS
from HematomaMarkersPanel.ct_nodes import askFiles, doubtsOf, scanOf
from HematomaMarkersPanel.growth_view import releasePrior
from HematomaMarkersPanel.hematoma_tool import HematomaTool
from HematomaMarkersPanel.input_choices import InputChoices
from HematomaMarkersPanel.marker_rows import WIDGET_NAMES, readingOf, showReading
from HematomaMarkersPanel.reading_view import ReadingView
from HematomaMarkersPanel.report_inputs import FORCE, prepareReport, toldOf
from HematomaMarkersPanel.sample_data import FIRST, drawSample, registerSamples
from HematomaMarkersPanel.scan_results import KIND, SEGMENTATION, VOLUME, WINDOW, LiveNumbers, isWhole, loadReading, startByHand
from HematomaMarkersPanel.studies import headStudies
from LesionReadingLib.errors import UNLESS_FORCED, InputError
from LesionReadingPanel.dependencies import missingPackages
from LesionReadingPanel.help import tutorialLink
from LesionReadingPanel.report_writing import ReportWriting
from LesionReadingPanel.review_bar import ReviewBar
from LesionReadingPanel.segment_editing import SegmentEditing
from LesionReadingPanel.views import showVolume
from LesionReadingPanel.widget import LesionReadingWidget
from LesionReadingPanel.worker_process import Outcome, WorkerProcess
from LesionReadingPanel.worklist.view import WorklistView
from LesionReadingScene.scene import (
    has_spacing,
    labels_of,
    result_json,
    result_node,
    result_of,
    reviewed,
    set_result_json,
    volume_grid,
    write_volume_node,
)
from slicer import vtkMRMLScalarVolumeNode
from slicer.i18n import tr as _
from slicer.parameterNodeWrapper import WithinRange, parameterNodeWrapper
from slicer.ScriptedLoadableModule import ScriptedLoadableModule, ScriptedLoadableModuleLogic, ScriptedLoadableModuleTest

USUAL_WINDOW = (0.0, 80.0)
READING = "reading"


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
    """

    inputVolume: vtkMRMLScalarVolumeNode
    priorVolume: vtkMRMLScalarVolumeNode
    windowLow: Annotated[float, WithinRange(-1024, 4095)] = USUAL_WINDOW[0]
    windowHigh: Annotated[float, WithinRange(-1023, 4096)] = USUAL_WINDOW[1]
    model: str = ""
    opacity: Annotated[float, WithinRange(0, 1)] = 0.5


class HematomaMarkersWidget(LesionReadingWidget):
    """The panel: Input, Results, Edit."""

    PACKAGE = "HematomaMarkersLib"
    TASK = TASK

    def makeLogic(self):
        return HematomaMarkersLogic()

    def setupPanel(self) -> None:
        self._force = False
        self._ended = None
        self._analysed = (None, USUAL_WINDOW)
        self.choices = InputChoices(self.ui, self._onTold)
        self.reading = ReadingView(self.ui)
        self.report = ReportWriting(self.ui, self.moduleName, self.PACKAGE, self._prepareReport)
        self.worklist = WorklistView(self.ui, headStudies(self.models, lambda: self.choices.window, self.chooseInput))
        self.editing = SegmentEditing(self.ui, KIND)
        self.marking = HematomaTool(self.ui, self.editing)
        self.review = ReviewBar(self.ui)
        self.ui.byHandButton.connect("clicked(bool)", self.onByHandButton)
        self.ui.forceButton.connect("clicked(bool)", self.onForceButton)
        self.ui.exportButton.connect("clicked(bool)", self.onExportButton)
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
        result = self._result()
        self.ui.editButton.enabled = result is not None
        if result is None:
            self.ui.editButton.collapsed = True
        if volume is not None and volume.GetImageData() is not None:
            showVolume(volume)
        showReading(self.ui, result_json(result, READING, {}) if result is not None else {})
        if result is None:
            return
        with slicer.util.tryWithErrorDisplay(_("The result could not be shown.")):
            self.reading.show(result)
        self.review.bind(result, volume, self.reading.checks)
        self._startEditing()

    def cleanup(self) -> None:
        """Called when Slicer ends or the module is reloaded."""
        self.worklist.stop()
        self.report.cancel()
        super().cleanup()

    def onSceneStartClose(self, caller, event) -> None:
        """Called just before the scene is closed."""
        self.worklist.leave()  # while its nodes are there
        super().onSceneStartClose(caller, event)

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

    def makeArguments(self, folder: Path) -> list[str]:
        """Write the CT, and the earlier one, into the folder."""
        parameters = self._parameterNode
        self._analysed = (parameters.priorVolume, self.choices.window)
        return self.logic.arguments(
            parameters.inputVolume, folder, self.models.currentModel(), self.choices.window, parameters.priorVolume, self._force
        )

    def takeResults(self, folder: Path) -> None:
        """Load the results of the CT that was read, whatever is selected by now."""
        prior, window = self._analysed
        self.logic.loadResults(folder, self.analysedVolume, prior, window)

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

    def onByHandButton(self, checked: bool = False) -> None:
        """Begin a result without any label, for a person to draw."""
        with slicer.util.tryWithErrorDisplay(_("Drawing could not be begun.")):
            self.logic.startByHand(self._shownInput, self.choices.window)
            self.ui.inputButton.collapsed = True
            self.refresh()
            self.ui.editButton.collapsed = False

    def onExportButton(self, checked: bool = False) -> None:
        """Export the CT and its contour for training."""
        folder = qt.QFileDialog.getExistingDirectory(slicer.util.mainWindow(), _("Choose a folder for the case"))
        if folder:
            with slicer.util.tryWithErrorDisplay(_("The case could not be exported."), waitCursor=True):
                case = self.logic.exportCase(self._result(), Path(folder), readingOf(self.ui))
                self.ui.statusLabel.text = _("Exported to {folder}").format(folder=case)
                self.worklist.tellExported()

    def _prepareReport(self, inputs: Path, output: Path) -> list[str]:
        return prepareReport(self._result(), inputs, output)

    def _result(self):
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
        result = self._result()
        if result is not None and not self.editing.started:
            segmentation = result_node(result, SEGMENTATION)
            self.editing.start(segmentation, self._shownInput, SEGMENTS[0].name)
            self.marking.bind(self._shownInput, segmentation, self.reading.labels)

    def _onTold(self) -> None:
        self.reading.decideAnew()

    def _onReading(self, _index: int = 0) -> None:
        result = self._result()
        if result is not None:
            set_result_json(result, READING, readingOf(self.ui))

    def _showPriorOrder(self, _node=None) -> None:
        self.ui.priorOrderLabel.visible = self.ui.priorSelector.currentNode() is not None

    def _checkCanApply(self, caller=None, event=None) -> None:
        super()._checkCanApply(caller, event)
        ready = self._shownInput is not None and self.spacing.placed and self.spacing.ready and not self.run.running
        self.ui.byHandButton.enabled = ready and self._result() is None
        ended, self._ended = self._ended, self.run.outcome
        if self._ended is not ended and self._ended.code == UNLESS_FORCED:
            self._offerForce(self._ended.message)

    def _offerForce(self, refusal: str) -> None:
        """Say why the CT was refused, and let the user insist."""
        self.ui.statusLabel.text = refusal
        self.ui.forceButton.visible = True


class HematomaMarkersLogic(ScriptedLoadableModuleLogic):
    """What the module does, usable without its panel."""

    def getParameterNode(self):
        return HematomaMarkersParameterNode(super().getParameterNode())

    def arguments(
        self,
        volume,
        folder: Path,
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
        doubts = doubtsOf(volume)
        if doubts and not force:
            raise InputError(doubts)
        low, high = window
        write_volume_node(volume, folder / "ct.nrrd")
        arguments = ["analyze", str(folder / "ct.nrrd"), "-o", str(folder / "out"), "--window", f"{low:g}", f"{high:g}"]
        if prior is not None:
            releasePrior(prior)
            write_volume_node(prior, folder / "prior.nrrd")
            arguments += ["--prior", str(folder / "prior.nrrd")]
        arguments += ["--model", model] if model else []
        return [*arguments, *toldOf(volume), *([FORCE] if force else [])]

    def loadResults(self, folder: Path, volume, prior=None, window: tuple[float, float] = USUAL_WINDOW):
        """Load what the worker wrote into ``folder/out`` as the result node of the volume."""
        return loadReading(folder / "out", volume, prior, window)

    def startByHand(self, volume, window: tuple[float, float] = USUAL_WINDOW):
        """Begin a result without any label, for a person to draw; gives the result node."""
        return startByHand(volume, window)

    def process(self, volume, prior=None, window: tuple[float, float] = USUAL_WINDOW, model: str = "", force: bool = False):
        """Read a CT and wait for the result, while Slicer's windows stay alive.

        :return: the result node; its numbers are given by :meth:`numbers`.
        :raises InputError: the CT cannot be used, or the reading failed.
        """
        import tempfile

        with tempfile.TemporaryDirectory(prefix="LesionReading-") as name:
            folder = Path(name)
            outcome = _runWorker(self.arguments(volume, folder, model, window, prior, force))
            if outcome.status != "done":
                raise InputError(outcome.message)
            return self.loadResults(folder, volume, prior, window)

    def numbers(self, result):
        """Measure the segmentation of a result as it is now (HematomaMarkersPanel.scan_results.Numbers)."""
        return LiveNumbers(result).numbers()

    def exportCase(self, result, folder: Path, reading: dict[str, bool | None]) -> Path:
        """Write the CT, the contour as it is now and the reader's judgement as a case for training, into a new folder.

        :param reading: marker -> whether the reader saw it; None where it was not read.
        :return: the folder of the case.
        """
        from LesionReadingLib.studies.training_case import write_case

        volume = result_node(result, VOLUME)
        labels = labels_of(result_node(result, SEGMENTATION), volume, SEGMENTS)
        scan = scanOf(volume, tuple(result_json(result, WINDOW)))
        number = next(number for number in range(1, 100000) if not (folder / f"head_{number:03d}").exists())
        target = folder / f"head_{number:03d}"
        return write_case(target, TASK, scan.hounsfield, labels, scan.grid, sorted(reviewed(result)), reading)


def _runWorker(arguments: list[str]) -> Outcome:
    """Run the Lib's command line and wait in an event loop."""
    ended: list[Outcome] = []
    loop = qt.QEventLoop()

    def onFinished(outcome: Outcome) -> None:
        ended.append(outcome)
        loop.quit()

    worker = WorkerProcess(lambda *_: None, lambda _lines: None, onFinished)
    worker.start(HematomaMarkersWidget.PACKAGE, arguments)
    loop.exec_()
    return ended[0]


class HematomaMarkersTest(ScriptedLoadableModuleTest):
    """The self-test: a phantom is read by the shipped model, edited, exported."""

    def setUp(self):
        missing = missingPackages()
        if missing:
            self.skipTest(
                _("Press Apply once in this module, which installs what is missing: {names}").format(names=", ".join(missing))
            )
        slicer.mrmlScene.Clear()

    def runTest(self):
        self.setUp()
        self.test_phantomIsReadEditedAndExported()
        self.setUp()
        self.test_noiseIsRefusedWithASentence()

    def test_phantomIsReadEditedAndExported(self):
        """From the sample to the exported case."""
        import tempfile

        from LesionReadingLib.studies.training_case import read_case
        from LesionReadingScene.scene import replace_labels

        self.delayDisplay(_("Drawing a phantom"))
        volume = drawSample(FIRST)
        logic = HematomaMarkersLogic()
        self.delayDisplay(_("Reading it"))
        result = logic.process(volume)
        numbers = logic.numbers(result)
        self.assertAlmostEqual(numbers.measurement.volume_ml, 24.0, delta=4.0)
        self.assertEqual(numbers.triage.decision, "refer_now")
        self.assertEqual(set(numbers.network.probabilities), set(MARKERS))
        self.assertFalse(numbers.edited)

        self.delayDisplay(_("Editing it"))
        labels = labels_of(result_node(result, SEGMENTATION), volume, SEGMENTS)
        largest = int((labels == 1).sum(axis=(1, 2)).argmax())
        removed_ml = numbers.measurement.slices[largest].volume_ml
        labels[largest] = 0
        replace_labels(result_node(result, SEGMENTATION), volume, labels, SEGMENTS)
        self.assertAlmostEqual(logic.numbers(result).measurement.volume_ml, numbers.measurement.volume_ml - removed_ml, places=6)

        with tempfile.TemporaryDirectory() as folder:
            case = read_case(logic.exportCase(result, Path(folder), {**dict.fromkeys(MARKERS), "blend": True}))
        self.assertTrue(case.markers["blend"])
        self.assertIsNone(case.markers["fluid_level"])

        self.delayDisplay(_("Marking, reviewing, the worklist"))
        with tempfile.TemporaryDirectory() as folder:
            self._readFromWorklist(volume, (labels == 1), Path(folder))
        self.delayDisplay(_("Test passed"))

    def _readFromWorklist(self, volume, hematoma, folder: Path) -> None:
        """A study is opened from a list, marked by a click, ticked, and kept for its reader; two readers agree."""
        import numpy as np
        from HematomaMarkersLib.agreement import measured
        from LesionReadingLib.studies.agreement import worklist_agreements

        slicer.util.selectModule("HematomaMarkers")
        widget = slicer.util.getModuleWidget("HematomaMarkers")
        number = int(hematoma.sum(axis=(1, 2)).argmax())
        row, column = np.median(np.argwhere(hematoma[number]), axis=0)
        x, y, z = volume_grid(volume).lps_mm((number, row, column))
        write_volume_node(volume, folder / "study.nrrd")
        reader = widget.ui.readerEdit.text
        try:
            for name in ("Self-test A", "Self-test B"):
                widget.ui.readerEdit.text = name
                widget.worklist.show(folder)
                widget.worklist.open(0)
                widget.ui.markButton.click()
                node = slicer.mrmlScene.GetNodeByID(slicer.app.applicationLogic().GetSelectionNode().GetActivePlaceNodeID())
                node.AddControlPointWorld(-x, -y, z)
                while widget.marking.running:
                    slicer.app.processEvents()
                self.assertGreater(widget.reading.numbers.measurement.volume_ml, 5.0)
                widget.ui.reviewedNextButton.click()
                widget.worklist.leave()
        finally:
            widget.ui.readerEdit.text = reader
        self.assertEqual(next(worklist_agreements(folder, TASK, measured, 1, True)).dice, 1.0)

    def test_noiseIsRefusedWithASentence(self):
        """What is no head is refused, and the scene stays as it was."""
        import numpy as np
        from LesionReadingLib.geometry.grid import matrix_grid
        from LesionReadingScene.scene import add_volume

        noise = np.random.default_rng(0).normal(0, 100, (4, 32, 32)).astype(np.int16)
        volume = add_volume(noise, matrix_grid(noise.shape, np.diag([4.0, 4.0, 8.0]), np.zeros(3), "self-test"), "noise")
        with self.assertRaisesRegex(InputError, "head"):
            HematomaMarkersLogic().process(volume)
        self.assertIsNone(result_of(volume, KIND))
