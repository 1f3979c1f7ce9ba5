"""The module ``SampleData``, for data that a module makes itself: nothing is downloaded."""

import types

import slicer


class SampleDataSource:
    """Stands for SampleDataSource (Slicer, Modules/Scripted/SampleData/SampleData.py)."""

    def __init__(
        self,
        sampleName=None,
        sampleDescription=None,
        uris=None,
        fileNames=None,
        nodeNames=None,
        checksums=None,
        loadFiles=None,
        customDownloader=None,
        thumbnailFileName=None,
        loadFileTypes=None,
        loadFileProperties=None,
    ):
        if uris is None:
            raise TypeError("Slicer counts the uris of a sample data source; give an empty text for none")
        self.sampleName = sampleName
        self.sampleDescription = sampleDescription or sampleName
        self.uris = _as_list(uris)
        count = len(self.uris)
        self.fileNames = _as_list(fileNames, count)
        self.nodeNames = _as_list(nodeNames, count)
        self.checksums = _as_list(checksums, count)
        self.loadFiles = _as_list(loadFiles, count)
        self.loadFileTypes = _as_list(loadFileTypes, count)
        self.loadFileProperties = loadFileProperties or {}
        self.customDownloader = customDownloader
        self.thumbnailFileName = thumbnailFileName
        lists = (self.fileNames, self.nodeNames, self.checksums, self.loadFiles, self.loadFileTypes)
        if any(len(each) != count for each in lists):
            raise ValueError("All lists of a sample data source must be as long as its uris")

    def __eq__(self, other):
        return isinstance(other, SampleDataSource) and vars(self) == vars(other)

    __hash__ = None


def _as_list(value, count=1):
    return list(value) if isinstance(value, (list, tuple)) else [value] * count


class SampleDataLogic:
    """Stands for SampleDataLogic (Slicer, Modules/Scripted/SampleData/SampleData.py)."""

    @staticmethod
    def registerCustomSampleDataCategory(category, title):
        _registered("sampleDataSourceCategories").setdefault(category, {})["title"] = title

    @staticmethod
    def registerCustomSampleDataSource(
        category="Custom",
        sampleName=None,
        uris=None,
        fileNames=None,
        nodeNames=None,
        customDownloader=None,
        thumbnailFileName=None,
        loadFileTypes=None,
        loadFiles=None,
        loadFileProperties=None,
        checksums=None,
    ):
        source = SampleDataSource(
            sampleName=sampleName,
            uris=uris,
            fileNames=fileNames,
            nodeNames=nodeNames,
            customDownloader=customDownloader,
            thumbnailFileName=thumbnailFileName,
            loadFileTypes=loadFileTypes,
            loadFiles=loadFiles,
            loadFileProperties=loadFileProperties,
            checksums=checksums,
        )
        if not SampleDataLogic.isSampleDataSourceRegistered(category, source):
            _registered("sampleDataSources").setdefault(category, []).append(source)

    @staticmethod
    def isSampleDataSourceRegistered(category, sampleDataSource):
        return sampleDataSource in _registered("sampleDataSources").get(category, [])

    @staticmethod
    def sampleDataSourcesByCategory(category=None):
        sources = _registered("sampleDataSources")
        return sources if category is None else sources.get(category, [])

    def sourceForSampleName(self, sampleName):
        every = (source for sources in _registered("sampleDataSources").values() for source in sources)
        return next((source for source in every if source.sampleName == sampleName), None)


def click_sample(name):
    """What a click on that data set's button in the Sample Data module does: it calls the source's own downloader."""
    source = SampleDataLogic().sourceForSampleName(name)
    assert source is not None, f"no sample data called {name}"
    return source.customDownloader(source)


def _registered(name):
    if not hasattr(slicer.modules, name):
        setattr(slicer.modules, name, {})
    return getattr(slicer.modules, name)


def make_sample_data_module():
    """The module ``SampleData``."""
    module = types.ModuleType("SampleData")
    module.SampleDataSource = SampleDataSource
    module.SampleDataLogic = SampleDataLogic
    return module
