"""The self-test of the module, which the module's own file names to Slicer."""

import tempfile
from pathlib import Path

import slicer
import slicer.util
from LesionReadingPanel.self_test import LesionReadingTest
from LesionReadingScene import scene
from slicer.i18n import tr as _

from . import pullback_results
from .sample_data import loadSample


class PhantomPullbackTest(LesionReadingTest):
    """A phantom pullback is analysed by the shipped model, edited, exported, and shown in the panel."""

    def makeLogic(self):
        """The module's logic."""
        raise NotImplementedError

    def test_phantomIsAnalysedEditedAndExported(self) -> None:
        """From the sample to the exported case, first by the logic, then in the panel."""
        from LesionReadingLib.studies.training_case import read_case
        from OCTCalciumLib.segments import SEGMENTS

        self.delayDisplay(_("Drawing a phantom"))
        volume = loadSample()[0]
        logic = self.makeLogic()
        self.delayDisplay(_("Analysing it"))
        result = logic.process(volume)
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
            case = read_case(logic.exportCase(result, Path(folder)))
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
        from LesionReadingLib.studies.reader_edits import edits_of

        reader = widget.ui.readerEdit.text
        scene.write_volume_node(volume, folder / "study.nrrd")
        try:
            for name in ("Self-test A", "Self-test B"):
                widget.ui.readerEdit.text = name
                widget.worklist.show(folder)
                widget.worklist.open(0)
                widget.ui.reviewedNextButton.click()  # what was only looked at is not kept
                item = widget.worklist.openItem
                widget.worklist.leave()
        finally:
            widget.ui.readerEdit.text = reader
        self.assertEqual(len(list(edits_of(item.folder))), 2)
        self.checkAgreement(widget, "1.00")
