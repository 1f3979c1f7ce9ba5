"""The self-test of the module, which the module's own file names to Slicer."""

import tempfile
from pathlib import Path

import slicer
import slicer.util
from HematomaMarkersLib.labels import MARKERS
from HematomaMarkersLib.segments import SEGMENTS
from LesionReadingLib.errors import InputError
from LesionReadingPanel.self_test import LesionReadingTest
from LesionReadingScene.scene import labels_of, result_node, result_of, volume_grid, write_volume_node
from slicer.i18n import tr as _

from .sample_data import FIRST, drawSample
from .scan_results import KIND, SEGMENTATION, isEdited


class PhantomHeadTest(LesionReadingTest):
    """A phantom is read by the shipped model, edited, exported."""

    def makeLogic(self):
        """The module's logic."""
        raise NotImplementedError

    def test_phantomIsReadEditedAndExported(self) -> None:
        """From the sample to the exported case."""
        from LesionReadingLib.studies.training_case import read_case
        from LesionReadingScene.scene import replace_labels

        self.delayDisplay(_("Drawing a phantom"))
        volume = drawSample(FIRST)
        logic = self.makeLogic()
        self.delayDisplay(_("Reading it"))
        result = logic.process(volume)
        found = logic.findings(result)
        self.assertAlmostEqual(found.measurement.volume_ml, 24.0, delta=4.0)
        self.assertEqual(found.triage.decision, "refer_now")
        self.assertEqual(set(found.network.probabilities), set(MARKERS))
        self.assertFalse(isEdited(result))

        self.delayDisplay(_("Editing it"))
        labels = labels_of(result_node(result, SEGMENTATION), volume, SEGMENTS)
        largest = int((labels == 1).sum(axis=(1, 2)).argmax())
        removed_ml = found.measurement.slices[largest].volume_ml
        labels[largest] = 0
        replace_labels(result_node(result, SEGMENTATION), volume, labels, SEGMENTS)
        self.assertAlmostEqual(logic.findings(result).measurement.volume_ml, found.measurement.volume_ml - removed_ml, places=6)

        with tempfile.TemporaryDirectory() as folder:
            case = read_case(logic.exportCase(result, Path(folder), reading={**dict.fromkeys(MARKERS), "blend": True}))
        self.assertTrue(case.markers["blend"])
        self.assertIsNone(case.markers["fluid_level"])

        self.delayDisplay(_("Marking, reviewing, the worklist"))
        with tempfile.TemporaryDirectory() as folder:
            self._readFromWorklist(volume, (labels == 1), Path(folder))
        self.delayDisplay(_("Test passed"))

    def _readFromWorklist(self, volume, hematoma, folder: Path) -> None:
        """A study is opened from a list, marked by a click, ticked, and kept for its reader; two readers agree."""
        import numpy as np
        from LesionReadingLib.studies.reader_edits import edit_of

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
                self.assertGreater(widget.reading.findings.measurement.volume_ml, 5.0)
                widget.ui.reviewedNextButton.click()
                item = widget.worklist.openItem
                widget.worklist.leave()
                self.assertEqual(len(edit_of(item.folder, name).reviewed), 1)
        finally:
            widget.ui.readerEdit.text = reader
        self.checkAgreement(widget, "1.00")

    def test_noiseIsRefusedWithASentence(self) -> None:
        """What is no head is refused, and the scene stays as it was."""
        import numpy as np
        from LesionReadingLib.geometry.grid import even_grid
        from LesionReadingLib.geometry.spacing import Spacing
        from LesionReadingScene.scene import add_volume

        noise = np.random.default_rng(0).normal(0, 100, (4, 32, 32)).astype(np.int16)
        volume = add_volume(noise, even_grid(noise.shape, Spacing(4.0, 4.0, 8.0, "self-test", "self-test")), "noise")
        with self.assertRaisesRegex(InputError, "head"):
            self.makeLogic().process(volume)
        self.assertIsNone(result_of(volume, KIND))
