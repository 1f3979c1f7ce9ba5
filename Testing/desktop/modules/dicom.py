"""The module ``DICOMLib`` and ``slicer.dicomDatabase``, as far as a plugin that loads a series needs them."""

import types
from functools import cache
from pathlib import Path

import slicer


class DICOMLoadable:
    """Stands for DICOMLoadable (Slicer, Modules/Scripted/DICOMLib/DICOMPlugin.py): what a plugin offers to load."""

    def __init__(self):
        self.files = []
        self.name = "Unknown"
        self.tooltip = "No further information available"
        self.warning = ""
        self.selected = False
        self.confidence = 0.5


class DICOMPlugin:
    """Stands for DICOMPlugin (Slicer, Modules/Scripted/DICOMLib/DICOMPlugin.py): base class of plugins."""

    def __init__(self):
        self.loadType = "Generic DICOM"
        self.loadableCache = {}
        self.tags = {
            "seriesDescription": "0008,103E",
            "seriesNumber": "0020,0011",
            "frameOfReferenceUID": "0020,0052",
            "seriesInstanceUID": "0020,000E",
            "modality": "0008,0060",
            "instanceUID": "0008,0018",
            "sopClassUID": "0008,0016",
        }
        self.tempDir = None

    def hashFiles(self, files):
        return tuple(files)

    def getCachedLoadables(self, files):
        return self.loadableCache.get(self.hashFiles(files))

    def cacheLoadables(self, files, loadables):
        self.loadableCache[self.hashFiles(files)] = loadables

    def examineForImport(self, fileList):
        loadables = []
        for files in fileList:
            found = self.getCachedLoadables(files)
            if found is None:
                found = self.examineFiles(files)
                self.cacheLoadables(files, found)
            loadables += found
        return loadables

    def examineFiles(self, files):
        return []

    def load(self, loadable):
        return True

    def examineForExport(self, subjectHierarchyItemID):
        return []

    def export(self, exportable):
        return ""

    def cleanup(self):
        pass

    def defaultSeriesNodeName(self, seriesUID):
        files = slicer.dicomDatabase.filesForSeries(seriesUID, 1)
        if not files:
            return "Unnamed Series"
        description = slicer.dicomDatabase.fileValue(files[0], self.tags["seriesDescription"]) or "Unnamed Series"
        number = slicer.dicomDatabase.fileValue(files[0], self.tags["seriesNumber"])
        return f"{number}: {description}" if number else description

    def addSeriesInSubjectHierarchy(self, loadable, dataNode):
        """Puts the node under the subject hierarchy's scene item with the series' identifier. Patient and study are left out."""
        hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(slicer.mrmlScene)
        item = hierarchy.CreateItem(hierarchy.GetSceneItemID(), dataNode)
        series = slicer.dicomDatabase.fileValue(loadable.files[0], self.tags["seriesInstanceUID"])
        hierarchy.SetItemUID(item, slicer.vtkMRMLSubjectHierarchyConstants.GetDICOMUIDName(), series)


class ctkDICOMDatabase:
    """Stands for ctkDICOMDatabase (CTK, Libs/DICOM/Core/ctkDICOMDatabase.h); knows the files that were added to it."""

    def __init__(self):
        self._files = {}

    def fileValue(self, fileName, tag):
        element = _header(str(fileName)).get(_tag(tag))
        if element is None or element.value is None:
            return ""
        value = element.value
        return "\\".join(map(str, value)) if element.VM > 1 else str(value)

    def fileValueExists(self, fileName, tag):
        return _tag(tag) in _header(str(fileName))

    def filesForSeries(self, seriesUID, hits=-1):
        files = self._files.get(seriesUID, [])
        return files if hits < 0 else files[:hits]

    def fileForInstance(self, sopInstanceUID):
        files = (file for listed in self._files.values() for file in listed)
        return next((file for file in files if self.instanceForFile(file) == sopInstanceUID), "")

    def instanceForFile(self, fileName):
        return self.fileValue(fileName, "0008,0018")

    def seriesForFile(self, fileName):
        return self.fileValue(fileName, "0020,000E")

    def _add(self, files):
        for file in files:
            listed = self._files.setdefault(self.seriesForFile(file), [])
            if file not in listed:
                listed.append(file)


@cache
def _header(file):
    import pydicom

    return pydicom.dcmread(file, force=True, defer_size=1024)


def _tag(text):
    group, element = text.split(",")
    return int(group, 16), int(element, 16)


def import_files(folder):
    """Add a folder's DICOM files to the database; returns them as lists, a list per series, as the DICOM browser hands on."""
    database = slicer.dicomDatabase
    files = [str(path) for path in sorted(Path(folder).rglob("*")) if path.is_file() and _is_dicom(path)]
    database._add(files)
    return [[file for file in listed if file in files] for listed in database._files.values() if set(listed) & set(files)]


def _is_dicom(path):
    with path.open("rb") as file:
        file.seek(128)
        return file.read(4) == b"DICM"


def loadables_of(folder):
    """Plugin -> what it offers for the folder's series. Where several offer the same file, only the surest is selected."""
    file_lists = import_files(folder)
    offers = {make(): [] for make in slicer.modules.dicomPlugins.values()}
    for plugin in offers:
        offers[plugin] = plugin.examineForImport(file_lists)
    every = [loadable for loadables in offers.values() for loadable in loadables]
    for loadable in every:
        rivals = [other for other in every if set(other.files) & set(loadable.files)]
        loadable.selected = loadable is max(rivals, key=lambda rival: rival.confidence)
    return offers


def load(folder):
    """Load a folder as the DICOM browser's Load button does; returns the nodes that the plugins' ``load`` returned."""
    loaded = []
    for plugin, loadables in loadables_of(folder).items():
        loaded += [plugin.load(loadable) for loadable in loadables if loadable.selected]
    return loaded


def make_dicom_module():
    """The module ``DICOMLib``."""
    module = types.ModuleType("DICOMLib")
    module.DICOMPlugin = DICOMPlugin
    module.DICOMLoadable = DICOMLoadable
    return module
