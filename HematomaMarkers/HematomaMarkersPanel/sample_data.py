"""Phantom patients for the Sample Data module: drawn on the spot, written as DICOM, read as the DICOM browser reads them."""

from __future__ import annotations

import tempfile
from pathlib import Path

import slicer.util
from slicer.i18n import tr as _

CATEGORY = "LesionReading"
FIRST, FOLLOW_UP = "Head CT with a blend sign", "Head CT with a blend sign, 6 h later"  # no tr: found by these names
_SEED, _SIZE, _SLICE_MM, _GROWTH_ML = 1012, 256, 5.0, 9.0
_HEMATOMA = {"wanted": frozenset({"blend"}), "volume_ml": 24.0, "location": "putamen"}
_THUMBNAILS = {FIRST: "HeadCTBlendSign.png", FOLLOW_UP: "HeadCTBlendSignLater.png"}


def registerSamples(iconsFolder: Path) -> None:
    """Tell the Sample Data module of the phantoms."""
    import SampleData

    logic = SampleData.SampleDataLogic
    logic.registerCustomSampleDataCategory(CATEGORY, title=_("LesionReading"))
    for name, thumbnail in _THUMBNAILS.items():
        logic.registerCustomSampleDataSource(
            category=CATEGORY,
            sampleName=name,
            uris="",  # nothing is downloaded, but the Sample Data module counts the addresses
            thumbnailFileName=str(iconsFolder / thumbnail),
            customDownloader=_download,
        )


def _download(source) -> list:
    """What the Sample Data module calls for a source of ours; gives the loaded nodes."""
    with slicer.util.tryWithErrorDisplay(_("The phantom could not be drawn."), waitCursor=True):
        return [drawSample(source.sampleName)]
    return []


def drawSample(name: str):
    """Draw, write and read a phantom patient; give its CT as a volume node.

    Args:
        name: ``FIRST`` or ``FOLLOW_UP`` (six hours later, the hematoma grown by 9 mL, the head in another pose).
    """
    from HematomaMarkersLib.phantom.dicom import write_series
    from HematomaMarkersLib.phantom.patient import draw_follow_up, draw_head
    from HematomaMarkersLib.phantom.study import acquisition_of
    from HematomaMarkersLib.reading.read import open_dicom

    from .ct_nodes import addHeadCT

    drawn = {"size": _SIZE, "slice_mm": _SLICE_MM, **_HEMATOMA}
    if name == FIRST:  # with a tilted gantry, the second without
        head, acquisition = draw_head(_SEED, tilt_deg=14.0, **drawn), acquisition_of(_SEED, 0)
    else:
        head, acquisition = draw_follow_up(_SEED, _GROWTH_ML, tilt_deg=0.0, **drawn), acquisition_of(_SEED, 1)
    with tempfile.TemporaryDirectory(prefix="LesionReading-sample-") as folder:
        write_series(Path(folder), head.hounsfield, head.grid, acquisition)
        scan = open_dicom(sorted(Path(folder).iterdir()))
    return addHeadCT(scan, name)
