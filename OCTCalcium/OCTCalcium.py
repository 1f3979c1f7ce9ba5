"""The module OCTCalcium: calcium in coronary OCT pullbacks, segmented, measured, shown and corrected."""

import tempfile
from collections.abc import Callable
from pathlib import Path

import qt
import slicer
import slicer.util
import vtk
from LesionReadingLib.process.scratch import Scratch
from LesionReadingPanel.dependencies import missingPackages
from LesionReadingPanel.help import tutorialLink
from LesionReadingPanel.report_writing import ReportWriting
from LesionReadingPanel.widget import LesionReadingWidget
from LesionReadingPanel.worker_process import Outcome, WorkerProcess
from LesionReadingPanel.worklist.learning import Learning
from LesionReadingPanel.worklist.view import WorklistView
from LesionReadingScene import scene
from OCTCalciumPanel import pullback_results
from OCTCalciumPanel.pullback_nodes import UNKNOWN_PIXEL_MM
from OCTCalciumPanel.results_view import ResultsView
from OCTCalciumPanel.sample_data import loadSample, registerSample
from OCTCalciumPanel.studies import pullbackStudies
from slicer import vtkMRMLScalarVolumeNode
from slicer.i18n import tr as _
from slicer.parameterNodeWrapper import parameterNodeWrapper
from slicer.ScriptedLoadableModule import ScriptedLoadableModule, ScriptedLoadableModuleLogic, ScriptedLoadableModuleTest

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
    """

    inputVolume: vtkMRMLScalarVolumeNode
    model: str = ""
    showRendering: bool = False
    showArc: bool = True


class OCTCalciumWidget(LesionReadingWidget):
    """The panel: Input, Results, Edit."""

    PACKAGE = PACKAGE
    TASK = TASK
    SLICES = _("frames")
    UNKNOWN_PIXEL_MM = UNKNOWN_PIXEL_MM

    def makeLogic(self):
        return OCTCalciumLogic()

    def setupPanel(self) -> None:
        self._newResult = None
        self.results = ResultsView(self.ui)
        self.report = ReportWriting(self.ui, self.moduleName, PACKAGE, self._prepareReport)
        self.worklist = WorklistView(self.ui, pullbackStudies(self.models, self.chooseInput))
        self.learning = Learning(self.ui, self.models, TASK, ["oct", "adapt"])
        self.ui.exportButton.connect("clicked(bool)", self.onExportButton)
        self.ui.byHandButton.connect("clicked(bool)", self.onByHandButton)

    def enter(self) -> None:
        super().enter()
        self.results.startEditing()

    def cleanup(self) -> None:
        self.worklist.stop()
        self.learning.stop()
        self.report.cancel()
        super().cleanup()

    def makeArguments(self, folder: Path) -> list[str]:
        self._modelUsed = self.models.currentModel()
        return self.logic.prepareRun(self.analysedVolume, self._modelUsed, folder)

    def takeResults(self, folder: Path) -> None:
        """Load the result of the pullback that was analysed, whatever is selected by now."""
        self._newResult = self.logic.takeRun(folder, self.analysedVolume, self._modelUsed)

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

    def onSceneStartClose(self, caller, event) -> None:
        self.worklist.leave()  # while its nodes are there
        super().onSceneStartClose(caller, event)

    def stopEditing(self) -> None:
        self.results.stopEditing()

    @vtk.calldata_type(vtk.VTK_OBJECT)
    def onNodeRemoved(self, caller, event, node) -> None:
        super().onNodeRemoved(caller, event, node)
        if node is self.results.segmentation:
            self.refresh()

    def onExportButton(self, checked: bool = False) -> None:
        """Export the pullback and its labels for training."""
        folder = qt.QFileDialog.getExistingDirectory(slicer.util.mainWindow(), _("Choose a folder for the case"))
        if folder:
            with slicer.util.tryWithErrorDisplay(_("The case could not be exported."), waitCursor=True):
                case = self.logic.exportForTraining(self._result(), Path(folder))
                self.ui.statusLabel.text = _("Exported to {folder}").format(folder=case)
                self.worklist.tellExported()

    def onByHandButton(self, checked: bool = False) -> None:
        """Begin a result without any label, for a person to draw."""
        with slicer.util.tryWithErrorDisplay(_("Drawing could not be begun.")):
            self._newResult = self.logic.startByHand(self._shownInput)
            self.ui.inputButton.collapsed = True
            self.refresh()
            self.ui.editButton.collapsed = False

    def _checkCanApply(self, caller=None, event=None) -> None:
        super()._checkCanApply(caller, event)
        ready = self._shownInput is not None and self.spacing.placed and self.spacing.ready and not self.run.running
        self.ui.byHandButton.enabled = ready and self._result() is None

    def _prepareReport(self, inputs: Path, output: Path) -> list[str]:
        return pullback_results.prepareReport(self._result(), inputs, output)

    def _result(self):
        return scene.result_of(self._shownInput, pullback_results.KIND)


class OCTCalciumLogic(ScriptedLoadableModuleLogic):
    """What the module does, usable without its panel."""

    def __init__(self) -> None:
        ScriptedLoadableModuleLogic.__init__(self)
        self._runs: set[WorkerProcess] = set()  # a run that nobody holds would end

    def getParameterNode(self):
        return OCTCalciumParameterNode(super().getParameterNode())

    def prepareRun(self, volume, model: str, folder: Path) -> list[str]:
        """Write a pullback into a folder and give the arguments that analyse it (``pullback_results.prepareRun``)."""
        return pullback_results.prepareRun(volume, model, folder)

    def takeRun(self, folder: Path, volume, model: str = ""):
        """Load what a run has written below its folder as the result node of the volume (``pullback_results.takeRun``)."""
        return pullback_results.takeRun(folder, volume, model)

    def start(self, volume, model: str, onDone: Callable[[Outcome, object], None]) -> WorkerProcess:
        """Analyse a pullback in the background.

        :param volume: volume node of the pullback, with known spacing.
        :param model: folder or name of a bundle; the shipped one where empty.
        :param onDone: called with the outcome and the result node; None for the node unless the outcome's status is "done".
        :return: the run; it can be cancelled.
        :raises InputError: the pullback cannot be used.
        """
        scratch = Scratch(None, "LesionReading-run-")
        folder = scratch.path

        def onFinished(outcome: Outcome) -> None:
            self._runs.discard(worker)
            try:
                result = self.takeRun(folder, volume, model) if outcome.status == "done" else None
            finally:
                scratch.close()
            onDone(outcome, result)

        worker = WorkerProcess(lambda stage, done, total: None, lambda lines: None, onFinished)
        try:
            worker.start(PACKAGE, self.prepareRun(volume, model, folder))
        except BaseException:
            scratch.close()
            raise
        self._runs.add(worker)
        return worker

    def startByHand(self, volume):
        """Begin a result without any label, for a person to draw (``pullback_results.startByHand``)."""
        return pullback_results.startByHand(volume)

    def measure(self, result):
        """Measure the segmentation of a result as it is now; its table and plot follow (``pullback_results.measure``)."""
        return pullback_results.measure(result)

    def exportForTraining(self, result, folder: Path) -> Path:
        """Write a result as a case for training into a numbered folder below ``folder`` (``pullback_results``)."""
        return pullback_results.exportForTraining(result, folder)


class OCTCalciumTest(ScriptedLoadableModuleTest):
    """The self-test: a phantom pullback is analysed by the shipped model, edited, exported, and shown in the panel."""

    def setUp(self):
        missing = missingPackages()
        if missing:
            self.skipTest(
                _("Press Apply once in this module, which installs what is missing: {names}").format(names=", ".join(missing))
            )
        slicer.mrmlScene.Clear()

    def runTest(self):
        self.setUp()
        self.test_phantomIsAnalysedEditedAndExported()

    def test_phantomIsAnalysedEditedAndExported(self):
        """From the sample to the exported case, first by the logic, then in the panel."""
        from LesionReadingLib.studies.training_case import read_case
        from OCTCalciumLib.segments import SEGMENTS

        self.delayDisplay(_("Drawing a phantom"))
        volume = loadSample()[0]
        logic = OCTCalciumLogic()
        self.delayDisplay(_("Analysing it"))
        result = self._analysed(logic, volume)
        measurement = logic.measure(result)
        self.assertGreater(measurement.volume_mm3, 0)
        self.assertGreaterEqual(measurement.max_arc_deg, 180)

        self.delayDisplay(_("Showing it in the panel"))
        slicer.util.selectModule("OCTCalcium")
        widget = slicer.util.getModuleWidget("OCTCalcium")
        widget._parameterNode.inputVolume = volume
        widget.refresh()
        self.assertIn(f"{measurement.volume_mm3:.1f}", widget.ui.volumeLabel.text)

        self.delayDisplay(_("Editing a frame"))
        labels = pullback_results.labelsOf(result)
        frame = measurement.max_arc_frame
        removed_mm3 = measurement.frames[frame].area_mm2 * measurement.spacing.frame_mm
        labels[frame][labels[frame] == 1] = 0
        scene.replace_labels(pullback_results.segmentationOf(result), volume, labels, SEGMENTS)
        slicer.app.processEvents()
        self.assertAlmostEqual(logic.measure(result).volume_mm3, measurement.volume_mm3 - removed_mm3, places=6)
        self.assertAlmostEqual(widget.results.measurement.volume_mm3, measurement.volume_mm3 - removed_mm3, places=6)

        with tempfile.TemporaryDirectory() as folder:
            scene.set_reviewed(result, [frame], True)
            case = read_case(logic.exportForTraining(result, Path(folder)))
            self.assertEqual(case.learnt_slices, [frame])
            self.assertEqual(int((case.labels[frame] == 1).sum()), 0)
        self.delayDisplay(_("Marking, reviewing, the worklist"))
        self._markByTwoClicks(widget, volume, frame)
        self._reviewAndGoOn(widget, result, frame)
        with tempfile.TemporaryDirectory() as folder:
            self._readFromWorklist(widget, volume, Path(folder))
        self.delayDisplay(_("Test passed"))

    def _markByTwoClicks(self, widget, volume, frame: int) -> None:
        """The frame whose calcium was removed gets it back by its ends, and one undo takes it away again."""
        from LesionReadingPanel.views import jumpToSlice
        from OCTCalciumLib.marking.deposit import point_at, wall_of

        widget.ui.editButton.collapsed = False
        jumpToSlice(volume, frame)
        labels = widget.results.labels()[frame]
        wall = wall_of(labels, scene.volume_array(volume)[frame], scene.volume_spacing(volume).row_mm)
        widget.ui.markButton.click()
        node = slicer.mrmlScene.GetNodeByID(slicer.app.applicationLogic().GetSelectionNode().GetActivePlaceNodeID())
        grid = scene.volume_grid(volume)
        for ray in (20.0, 60.0):
            row, column = point_at(wall.view, ray, 0.3)
            x, y, z = grid.lps_mm((frame, row, column))
            node.AddControlPointWorld(-x, -y, z)
        slicer.app.processEvents()
        self.assertGreater(widget.results.measurement.frames[frame].area_mm2, 0)
        widget.ui.segmentEditorWidget.undo()
        slicer.app.processEvents()
        self.assertEqual(widget.results.measurement.frames[frame].area_mm2, 0)

    def _reviewAndGoOn(self, widget, result, frame: int) -> None:
        from LesionReadingPanel.views import currentSlice

        widget.ui.reviewedNextButton.click()
        self.assertIn(frame, scene.reviewed(result))
        self.assertNotEqual(currentSlice(pullback_results.volumeOf(result)), frame)

    def _readFromWorklist(self, widget, volume, folder: Path) -> None:
        """A study of two readers: opened, begun by hand, kept for each; their agreement is told."""
        from LesionReadingLib.studies.agreement import worklist_agreements
        from LesionReadingLib.studies.reader_edits import edits_of
        from OCTCalciumLib.agreement import measured
        from OCTCalciumLib.labels import CALCIUM, TASK

        reader = widget.ui.readerEdit.text
        scene.write_volume_node(volume, folder / "study.nrrd")
        try:
            for name in ("Self-test A", "Self-test B"):
                widget.ui.readerEdit.text = name
                widget.worklist.show(folder)
                widget.worklist.open(0)
                item = widget.worklist.openItem
                widget.worklist.leave()
        finally:
            widget.ui.readerEdit.text = reader
        self.assertEqual(len(list(edits_of(item.folder))), 2)
        self.assertEqual([row.dice for row in worklist_agreements(folder, TASK, measured, CALCIUM, True)], [1.0])

    def _analysed(self, logic, volume):
        """The result of a run, waited for in an event loop."""
        ended = []
        loop = qt.QEventLoop()

        def onDone(outcome, result) -> None:
            ended.append((outcome, result))
            loop.quit()

        worker = logic.start(volume, "", onDone)
        self.assertTrue(worker.running)
        loop.exec_()
        outcome, result = ended[0]
        self.assertEqual(outcome.status, "done", outcome.message)
        return result
