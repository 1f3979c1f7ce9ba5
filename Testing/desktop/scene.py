"""The MRML scene and the logics of Slicer's C++ modules, all of them real."""

from pathlib import Path

import slicer
from vtkmodules.vtkCommonCore import vtkCollection

RESOURCES = Path(__file__).parent / "resources"

MODULE_LOGICS = {
    "Volumes": "vtkSlicerVolumesLogic",
    "Terminologies": "vtkSlicerTerminologiesModuleLogic",
    "Segmentations": "vtkSlicerSegmentationsModuleLogic",
    "SubjectHierarchy": "vtkSlicerSubjectHierarchyModuleLogic",
    "Data": "vtkSlicerDataModuleLogic",
    "Markups": "vtkSlicerMarkupsLogic",
    "Models": "vtkSlicerModelsLogic",
    "Plots": "vtkSlicerPlotsLogic",
    "Tables": "vtkSlicerTablesLogic",
    "Texts": "vtkSlicerTextsLogic",
    "Transforms": "vtkSlicerTransformLogic",
    "Units": "vtkSlicerUnitsLogic",
    "VolumeRendering": "vtkSlicerVolumeRenderingLogic",
    "CropVolume": "vtkSlicerCropVolumeLogic",
    "Sequences": "vtkSlicerSequencesLogic",
    "ViewControllers": "vtkSlicerViewControllersLogic",
}


def make_scene():
    """A scene as the application makes it at its start: crosshair, slice orientations."""
    scene = slicer.vtkMRMLScene()
    scene.RemoveNode = _remover(scene)
    crosshair = slicer.vtkMRMLCrosshairNode()
    crosshair.SetCrosshairName("default")
    scene.AddNode(crosshair)
    slicer.vtkMRMLSliceNode.AddDefaultSliceOrientationPresets(scene, True)
    return scene


def _remover(scene):
    """``scene.RemoveNode`` that raises where Slicer logs an error: the node is not there any more."""
    remove = scene.RemoveNode

    def remove_present(node):
        if node is not None and not scene.IsNodePresent(node):
            raise RuntimeError(f"{node.GetClassName()} is removed from a scene that does not have it")
        remove(node)

    return remove_present


def make_application_logic(scene):
    """The application logic of that scene, with colours, and empty lists of view logics."""
    logic = slicer.vtkSlicerApplicationLogic()
    logic.SetSliceLogics(vtkCollection())
    logic.SetViewLogics(vtkCollection())
    logic.SetMRMLScene(scene)
    logic.GetColorLogic().SetMRMLScene(scene)
    for factory in (slicer.vtkMRMLThreeDViewDisplayableManagerFactory, slicer.vtkMRMLSliceViewDisplayableManagerFactory):
        factory.GetInstance().SetMRMLApplicationLogic(logic)
    return logic


def make_data_input_output(scene, application_logic, cache_folder):
    """What reads and writes the files of a scene. To be kept alive as long as the scene."""
    remote = slicer.vtkMRMLRemoteIOLogic()
    remote.SetMRMLScene(scene)
    remote.SetMRMLApplicationLogic(application_logic)
    remote.GetCacheManager().SetRemoteCacheDirectory(cache_folder)
    manager = slicer.vtkDataIOManagerLogic()
    manager.SetMRMLScene(scene)
    manager.SetMRMLApplicationLogic(application_logic)
    manager.SetAndObserveDataIOManager(remote.GetDataIOManager())
    remote.AddDataIOToScene()
    return remote, manager


def make_module_logics(scene, application_logic):
    """Module name -> its logic, each registered with the application logic."""
    logics = {"Colors": application_logic.GetColorLogic()}
    application_logic.SetModuleLogic("Colors", logics["Colors"])
    for name, class_name in MODULE_LOGICS.items():
        logic = getattr(slicer, class_name)()
        if hasattr(logic, "SetModuleShareDirectory"):
            logic.SetModuleShareDirectory(str(RESOURCES / name))
        logic.SetMRMLApplicationLogic(application_logic)
        logic.SetMRMLScene(scene)
        application_logic.SetModuleLogic(name, logic)
        logics[name] = logic
    return logics
