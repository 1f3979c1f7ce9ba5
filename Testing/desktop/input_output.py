"""Files in, files out."""

from pathlib import Path

import slicer
from PySide6.QtCore import QObject, Signal

SCENE, VOLUME, SEGMENTATION, TABLE = "SceneFile", "VolumeFile", "SegmentationFile", "TableFile"
FILE_TYPES = (
    ((".mrb", ".mrml"), SCENE),
    ((".seg.nrrd", ".seg.nhdr", ".seg.nii.gz", ".seg.nii"), SEGMENTATION),
    ((".tsv", ".csv"), TABLE),
    ((".nrrd", ".nhdr", ".nii.gz", ".nii", ".mha", ".mhd", ".dcm", ".tif", ".png"), VOLUME),
)


class qSlicerCoreIOManager(QObject):
    """Stands for qSlicerCoreIOManager (Slicer, Base/QTCore/qSlicerCoreIOManager.h) with the readers of scenes, volumes,
    segmentations and tables."""

    newFileLoaded = Signal(object)
    fileSaved = Signal(object)

    def fileType(self, file):
        for endings, file_type in FILE_TYPES:
            if str(file).lower().endswith(endings):
                return file_type
        return "NoFile"

    def loadScene(self, fileName, clear=True, userMessages=None):
        return self.loadNodes(SCENE, {"fileName": fileName, "clear": clear}, None, userMessages)

    def loadFile(self, fileName, userMessages=None):
        return self.loadNodes(self.fileType(fileName), {"fileName": fileName}, None, userMessages)

    def loadNodes(self, fileType, parameters, loadedNodes=None, userMessages=None):
        read = {SCENE: _read_scene, VOLUME: _read_volume, SEGMENTATION: _read_segmentation, TABLE: _read_table}[fileType]
        nodes = read(parameters, userMessages)
        if nodes is None:
            return False
        for node in nodes:
            if loadedNodes is not None:
                loadedNodes.AddItem(node)
        self.newFileLoaded.emit(dict(parameters))
        return True

    def saveScene(self, fileName, screenShot, userMessages=None):
        return self.saveNodes(SCENE, {"fileName": fileName, "screenShot": screenShot}, userMessages)

    def saveNodes(self, fileType, parameters, userMessages=None, scene=None):
        scene = scene or slicer.mrmlScene
        if fileType == SCENE:
            saved = _write_scene(scene, parameters["fileName"], userMessages)
        else:
            saved = _write_node(scene.GetNodeByID(parameters["nodeID"]), parameters["fileName"])
        if saved:
            self.fileSaved.emit(dict(parameters))
        return bool(saved)

    def fileWriterFileType(self, object, extension=""):
        kinds = (("vtkMRMLSegmentationNode", SEGMENTATION), ("vtkMRMLVolumeNode", VOLUME), ("vtkMRMLTableNode", TABLE))
        return next((file_type for class_name, file_type in kinds if object.IsA(class_name)), "NoFile")

    def addDefaultStorageNodes(self):
        for node in slicer.util.getNodesByClass("vtkMRMLStorableNode"):
            if node.GetSaveWithScene() and not node.GetStorageNode():
                node.AddDefaultStorageNode()


def _read_scene(parameters, messages):
    scene = slicer.mrmlScene
    file, clear = str(parameters["fileName"]), parameters.get("clear", False)
    if file.endswith(".mrb"):
        done = scene.ReadFromMRB(file, clear, messages) if messages else scene.ReadFromMRB(file, clear)
    else:
        scene.SetURL(file)
        done = scene.Connect(messages) if clear else scene.Import(messages)
    return [] if done else None


def _write_scene(scene, file, messages):
    file = str(file)
    scene.SetURL(file)
    scene.SetRootDirectory(str(Path(file).parent))
    if file.endswith(".mrb"):
        return scene.WriteToMRB(file, None, messages)
    if file.endswith(".mrml"):
        return scene.Commit(file, messages)
    return scene.SaveSceneToSlicerDataBundleDirectory(file, None, messages)


def _name(parameters):
    file = Path(parameters["fileName"])
    return parameters.get("name") or file.name.removesuffix(
        "".join(file.suffixes[-2:] if ".seg" in file.suffixes else file.suffixes)
    )


def _read_volume(parameters, messages):
    options = 1 if parameters.get("labelmap") else 0
    options |= 2 if parameters.get("center") else 0
    options |= 8 if parameters.get("singleFile") else 0
    logic = slicer.modules.volumes.logic()
    volume = logic.AddArchetypeVolume(str(parameters["fileName"]), _name(parameters), options)
    if volume is None:
        return None
    if parameters.get("show", True) and not parameters.get("labelmap"):
        selection = slicer.app.applicationLogic().GetSelectionNode()
        selection.SetActiveVolumeID(volume.GetID())
        slicer.app.applicationLogic().PropagateVolumeSelection(1 if parameters.get("autoWindowLevel", True) else 0)
    return [volume]


def _read_segmentation(parameters, messages):
    logic = slicer.modules.segmentations.logic()
    segmentation = logic.LoadSegmentationFromFile(str(parameters["fileName"]), True, _name(parameters))
    return None if segmentation is None else [segmentation]


def _read_table(parameters, messages):
    table = slicer.modules.tables.logic().AddTable(str(parameters["fileName"]), _name(parameters))
    return None if table is None else [table]


def _write_node(node, file):
    node.AddDefaultStorageNode(str(file))
    storage = node.GetStorageNode()
    storage.SetFileName(str(file))
    return storage.WriteData(node)
