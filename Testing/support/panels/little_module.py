"""A module as small as can be on LesionReadingWidget: its Lib writes the mean of the input, its panel shows it."""

from __future__ import annotations

from pathlib import Path

_UI_WIDGETS = {
    "QLabel": ("inputFactsLabel", "inputSummaryLabel", "modelFactsLabel", "statusLabel"),
    "ctkCollapsibleButton": ("inputButton",),
    "QFrame": ("spacingBox",),
    "QDoubleSpinBox": ("pixelSpacingSpinBox", "sliceSpacingSpinBox"),
    "QComboBox": ("modelComboBox",),
    "QPushButton": (
        *("setSpacingButton", "modelAddButton", "modelFolderButton", "modelRemoveButton", "applyButton", "cancelButton"),
    ),
    "QProgressBar": ("progressBar",),
    "QPlainTextEdit": ("detailsText",),
}

_SELECTOR = """
<widget class="qMRMLNodeComboBox" name="inputSelector">
 <property name="nodeTypes"><stringlist notr="true"><string>vtkMRMLScalarVolumeNode</string></stringlist></property>
 <property name="noneEnabled"><bool>false</bool></property>
 <property name="SlicerParameterName" stdset="0"><string>inputVolume</string></property>
</widget>
"""

_CONNECTION = """
<connections><connection>
 <sender>LittleReader</sender><signal>mrmlSceneChanged(vtkMRMLScene*)</signal>
 <receiver>inputSelector</receiver><slot>setMRMLScene(vtkMRMLScene*)</slot>
</connection></connections>
"""

MODULE = """
import json
from pathlib import Path

import slicer
from LesionReadingScene.scene import make_result, result_json, result_of, set_result_json, write_volume_node
from LesionReadingPanel.logic import LesionReadingLogic
from LesionReadingPanel.widget import LesionReadingWidget
from slicer import vtkMRMLScalarVolumeNode
from slicer.ScriptedLoadableModule import ScriptedLoadableModule
from slicer.parameterNodeWrapper import parameterNodeWrapper


class LittleReader(ScriptedLoadableModule):
    def __init__(self, parent):
        ScriptedLoadableModule.__init__(self, parent)
        parent.title = "Little reader"


@parameterNodeWrapper
class LittleReaderParameterNode:
    inputVolume: vtkMRMLScalarVolumeNode
    model: str = ""


class LittleReaderWidget(LesionReadingWidget):
    PACKAGE = "LittleReaderLib"
    TASK = "oct-calcium"
    job = "mean"

    def setupPanel(self):
        self.shown, self.stops = [], 0

    def makeLogic(self):
        return LittleReaderLogic()

    def runOptions(self):
        return {"job": self.job}

    def showInput(self, volume):
        result = result_of(volume, "LittleReader")
        self.shown.append(None if result is None else result_json(result, "mean"))

    def stopEditing(self):
        self.stops += 1


class LittleReaderLogic(LesionReadingLogic):
    PACKAGE = "LittleReaderLib"

    def prepareRun(self, volume, folder, *, job):
        self.folder = folder
        write_volume_node(volume, folder / "in.nrrd")
        return [job, str(folder / "in.nrrd"), str(folder / "out")]

    def takeRun(self, folder, volume, *, job):
        found = json.loads((folder / "out" / "found.json").read_text())
        set_result_json(make_result(volume, "LittleReader"), "mean", found["mean"])

    def getParameterNode(self):
        return LittleReaderParameterNode(super().getParameterNode())
"""

LIB = """
import json, sys, time
from pathlib import Path
from LesionReadingLib.errors import InputError
from LesionReadingLib.output import finished_folder
from LesionReadingLib.worker import run_and_report

def job(report):
    name, source, target = sys.argv[1:]
    import SimpleITK as sitk
    mean = float(sitk.GetArrayFromImage(sitk.ReadImage(source)).mean())
    report.progress("infer", "Reading", 1, 2)
    if name == "endless":
        time.sleep(600)
    if name == "refuse":
        raise InputError("This is a poem; give a CT.")
    with finished_folder(Path(target), 0) as folder:
        (folder / "found.json").write_text(json.dumps({"mean": mean}) if name == "mean" else "{")
    report.result(target)

sys.exit(run_and_report(job))
"""


def write_little_module(folder: Path) -> Path:
    """Write the module, its .ui file and its Lib into a folder; gives the module's file."""
    widgets = "".join(
        f'<item><widget class="{kind}" name="{name}"/></item>' for kind, names in _UI_WIDGETS.items() for name in names
    )
    ui = (
        '<ui version="4.0"><class>LittleReader</class><widget class="qMRMLWidget" name="LittleReader">'
        f'<layout class="QVBoxLayout" name="layout"><item>{_SELECTOR}</item>{widgets}</layout></widget>'
        "<customwidgets><customwidget><class>qMRMLWidget</class><extends>QWidget</extends></customwidget>"
        "<customwidget><class>qMRMLNodeComboBox</class><extends>QWidget</extends></customwidget></customwidgets>"
        f"<resources/>{_CONNECTION}</ui>"
    )
    for path, text in {
        "LittleReader.py": MODULE,
        "Resources/UI/LittleReader.ui": ui,
        "LittleReaderLib/__init__.py": "",
        "LittleReaderLib/__main__.py": LIB,
    }.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return folder / "LittleReader.py"
