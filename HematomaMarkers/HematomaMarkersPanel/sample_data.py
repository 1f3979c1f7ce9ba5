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
_FOLDERS = {FIRST: "first", FOLLOW_UP: "follow_up"}
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
    from HematomaMarkersLib.phantom.study import write_patient
    from HematomaMarkersLib.reading.read import open_dicom

    from .ct_nodes import addHeadCT

    growth_ml = _GROWTH_ML if name == FOLLOW_UP else None
    with tempfile.TemporaryDirectory(prefix="LesionReading-sample-") as folder:
        drawn = {"growth_ml": growth_ml, "size": _SIZE, "slice_mm": _SLICE_MM, "tilt_deg": _tilt(name)}
        write_patient(Path(folder), _SEED, **drawn, **_HEMATOMA)
        scan = open_dicom(sorted((Path(folder) / _FOLDERS[name]).iterdir()))
    return addHeadCT(scan, name)


def _tilt(name: str) -> float:
    """Degrees: the first scan's gantry was tilted, the second's was not."""
    return 14.0 if name == FIRST else 0.0
