"""A phantom pullback for the Sample Data module: drawn on the spot, written as DICOM, read as the DICOM browser reads it."""

import tempfile
from pathlib import Path

import slicer.util
from slicer.i18n import tr as _

CATEGORY = "LesionReading"
SAMPLE_NAME = "OCT pullback (phantom)"  # no tr: the Sample Data module finds it by this name
SEED, FRAMES, SIZE, FRAME_MM = 13, 90, 320, 0.2


def registerSample(iconsFolder: Path) -> None:
    """Tell the Sample Data module of the phantom."""
    import SampleData

    logic = SampleData.SampleDataLogic
    logic.registerCustomSampleDataCategory(CATEGORY, title=_("LesionReading"))
    logic.registerCustomSampleDataSource(
        category=CATEGORY,
        sampleName=SAMPLE_NAME,
        uris="",  # nothing is downloaded, but the Sample Data module counts the addresses
        thumbnailFileName=str(iconsFolder / "OCTPullbackPhantom.png"),
        customDownloader=loadSample,
    )


def loadSample(source=None) -> list:
    """Draw, write and read the phantom; give its volume node in a list, as the Sample Data module wants it."""
    from OCTCalciumLib.phantom.dicom import write_presentation
    from OCTCalciumLib.phantom.pullback import draw_pullback
    from OCTCalciumLib.reading.read import open_dicom

    from .pullback_nodes import addPullback

    slicer.util.showStatusMessage(_("Drawing a phantom pullback..."), 5000)
    with slicer.util.WaitCursor(), tempfile.TemporaryDirectory(prefix="LesionReading-sample-") as folder:
        path = Path(folder) / "presentation.dcm"
        write_presentation(path, draw_pullback(SEED, FRAMES, SIZE, FRAME_MM))
        volume = addPullback(open_dicom([path]), _("OCT phantom"))
    slicer.util.setSliceViewerLayers(background=volume, fit=True)
    return [volume]
