"""Modules, sample data, DICOM plugins and packages behave in the stand-in as in Slicer."""

import shutil
import subprocess

import numpy as np
import pytest
import slicer
from shiboken6 import isValid

MODULE = """
import slicer
import SampleData
from slicer.i18n import tr as _
from slicer.ScriptedLoadableModule import *

class Trial(ScriptedLoadableModule):
    def __init__(self, parent):
        ScriptedLoadableModule.__init__(self, parent)
        parent.title = _("A trial")
        slicer.app.connect("startupCompleted()", registerSampleData)

def registerSampleData():
    SampleData.SampleDataLogic.registerCustomSampleDataSource(
        category="Trials", sampleName="Cube", uris="", customDownloader=lambda source: slicer.mrmlScene.AddNewNodeByClass(
            "vtkMRMLScalarVolumeNode", source.sampleName))

class TrialWidget(ScriptedLoadableModuleWidget):
    def setup(self):
        ScriptedLoadableModuleWidget.setup(self)
        self.events = ["setup"]
        self.logic = TrialLogic()

    def enter(self):
        self.events.append("enter")

    def exit(self):
        self.events.append("exit")

    def cleanup(self):
        self.events.append("cleanup")

class TrialLogic(ScriptedLoadableModuleLogic):
    pass

class TrialTest(ScriptedLoadableModuleTest):
    def runTest(self):
        self.assertTrue(slicer.app.testingEnabled())
        slicer.util.errorDisplay("not shown in testing mode")
        self.assertEqual(TrialLogic().getParameterNode().GetName(), "Wrong")
"""


@pytest.fixture
def a_trial(a_desktop, tmp_path):
    (tmp_path / "Trial.py").write_text(MODULE)
    yield a_desktop.load_module(tmp_path / "Trial.py")
    a_desktop.unload_module("Trial")


def test_a_module_lives_through_setup_enter_exit_reload_and_cleanup(a_desktop, a_trial):
    assert slicer.util.getModuleWidget("Trial") is slicer.modules.TrialWidget is a_trial
    assert slicer.modules.trial.title == "A trial" and a_trial.parent.isEntered
    slicer.util.selectModule("")
    slicer.util.selectModule("Trial")
    assert a_trial.events == ["setup", "enter", "exit", "enter"]
    slicer.util.reloadScriptedModule("Trial")
    assert a_trial.events[-1] == "cleanup" and slicer.modules.TrialWidget.events == ["setup"]
    assert not hasattr(a_trial.parent, "isOpen")


def test_an_unloaded_module_leaves_nothing_behind(a_desktop, tmp_path):
    (tmp_path / "Trial.py").write_text(MODULE)
    panel = a_desktop.load_module(tmp_path / "Trial.py").parent
    a_desktop.start_anew()
    assert not isValid(panel) and not hasattr(slicer.modules, "TrialWidget")
    assert "Trial" not in slicer.selfTests and not hasattr(slicer.modules, "sampleDataSources")


def test_a_failing_self_test_fails_here_and_shows_no_dialog(a_desktop, a_trial):
    with pytest.raises(AssertionError, match="Trial"):
        a_desktop.run_self_test("Trial")
    assert not a_desktop.dialogs.shown and not slicer.app.testingEnabled()


def test_the_logic_finds_its_one_parameter_node_again(a_trial):
    node = a_trial.logic.getParameterNode()
    assert a_trial.logic.getParameterNode() is node and node.GetAttribute("ModuleName") == "Trial"


def test_a_click_on_sample_data_makes_it(a_desktop, a_trial):
    assert a_desktop.click_sample("Cube").GetName() == "Cube"


def test_the_surest_plugin_loads_a_series(a_desktop, tmp_path):
    from DICOMLib import DICOMLoadable, DICOMPlugin
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import ExplicitVRLittleEndian, generate_uid

    class Plugin(DICOMPlugin):
        confidence = 0.3

        def examineFiles(self, files):
            loadable = DICOMLoadable()
            loadable.files, loadable.confidence = files, self.confidence
            loadable.name = slicer.dicomDatabase.fileValue(files[0], self.tags["seriesDescription"])
            return [loadable]

        def load(self, loadable):
            return type(self).__name__, loadable.name, len(loadable.files)

    class SurerPlugin(Plugin):
        confidence = 0.9

    for number, series in enumerate((1, 1, 2)):
        dataset, meta = Dataset(), FileMetaDataset()
        meta.TransferSyntaxUID, meta.MediaStorageSOPInstanceUID = ExplicitVRLittleEndian, generate_uid()
        meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
        dataset.file_meta, dataset.SOPClassUID = meta, meta.MediaStorageSOPClassUID
        dataset.SOPInstanceUID, dataset.SeriesInstanceUID = meta.MediaStorageSOPInstanceUID, f"1.2.3.{series}"
        dataset.SeriesDescription = f"series {series}"
        dataset.save_as(tmp_path / f"{number}.dcm", enforce_file_format=True)
    (tmp_path / "notes.txt").write_text("no DICOM")
    slicer.modules.dicomPlugins = {"Plugin": Plugin, "SurerPlugin": SurerPlugin}
    try:
        assert sorted(a_desktop.load_dicom(tmp_path)) == [("SurerPlugin", "series 1", 2), ("SurerPlugin", "series 2", 1)]
    finally:
        del slicer.modules.dicomPlugins


def test_missing_packages_are_asked_for_and_cannot_be_had_offline(a_desktop):
    assert slicer.packaging.pip_check(["numpy>=1", "no-such-package; python_version < '3'"])
    slicer.packaging.pip_ensure("numpy>=1", requester="Trial")
    a_desktop.dialogs.answer(False, True)
    with pytest.raises(RuntimeError, match="declined"):
        slicer.packaging.pip_ensure("no-such-package>=2", requester="Trial")
    with pytest.raises(subprocess.CalledProcessError):
        slicer.packaging.pip_ensure("no-such-package>=2", requester="Trial")
    assert [shown.title for shown in a_desktop.dialogs.shown] == ["Trial - Install Python Packages"] * 2


def test_slicers_python_runs(a_desktop):
    command = [shutil.which("PythonSlicer"), "-c", "print(6 * 7)"]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip() == "42"


def test_files_are_read_by_their_kind(a_desktop, tmp_path):
    volume = slicer.util.addVolumeFromArray(np.arange(24, dtype=np.int16).reshape(2, 3, 4), name="small")
    volume.SetSpacing(0.5, 0.7, 2.5)
    assert slicer.util.saveNode(volume, str(tmp_path / "small.nrrd"))
    volume.SetName("saved")
    again = slicer.util.loadVolume(str(tmp_path / "small.nrrd"))
    assert again.GetName() == "small" and again.GetSpacing() == pytest.approx((0.5, 0.7, 2.5))
    np.testing.assert_array_equal(slicer.util.arrayFromVolume(again), slicer.util.arrayFromVolume(volume))
    with pytest.raises(RuntimeError, match="nothing"):
        slicer.util.loadVolume(str(tmp_path / "nothing.nrrd"))
