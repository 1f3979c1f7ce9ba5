"""Slicer's DICOM browser loads coronary OCT pullbacks through the reader of OCTCalcium, also what consoles export."""

import logging
import re
from pathlib import Path

import slicer
import slicer.util
from DICOMLib import DICOMLoadable, DICOMPlugin
from slicer.i18n import tr as _

FOR_PRESENTATION = "1.2.840.10008.5.1.4.1.1.14.1"
FOR_PROCESSING = "1.2.840.10008.5.1.4.1.1.14.2"

CERTAIN = 0.95
"""Confidence of what its SOP class or modality says is intravascular OCT."""

LIKELY = 0.75
"""Of an export that names OCT in its description or maker: a little more than the 0.7 of ultrasound as an image sequence."""

POSSIBLE = 0.45
"""Of any other export that could hold OCT, as screenshots could: offered, but below the scalar volume plugin's 0.5."""

_EXPORTS = ("US", "IVUS", "OT", "SC")  # the modalities by which workstations export pullbacks
_IMAGES = re.compile(r"1\.2\.840\.10008\.5\.1\.4\.1\.1\.(3\.1|6\.1|7(\.\d)?)")  # ultrasound (multi-frame), secondary captures
_WORDS = re.compile(r"\b(oct|ofdi|fd-oct|intravascular|lightlab|ilumien|optis|lunawave|fastview|gentuity)\b", re.IGNORECASE)


class DICOMCoronaryOCTPluginClass(DICOMPlugin):
    """Offers OCT pullbacks and loads them as grey volumes with their spacing, overlays removed, A-lines made pictures."""

    def __init__(self) -> None:
        super().__init__()
        self.loadType = _("Coronary OCT pullback")
        self.tags |= {
            "numberOfFrames": "0028,0008",
            "rows": "0028,0010",
            "manufacturer": "0008,0070",
            "model": "0008,1090",
            "studyDescription": "0008,1030",
        }

    def examineFiles(self, files: list) -> list:
        """Offer the pullbacks of a series: each multi-frame file is one, all one-frame files together are another."""
        candidates = [file for file in files if self._value(file, "rows") and self._confidence(file)]
        stacks = [[file] for file in candidates if self._frameCount(file) > 1]
        singles = [file for file in candidates if self._frameCount(file) <= 1]
        if len(singles) > 1 or (singles and self._confidence(singles[0]) == CERTAIN):
            stacks.append(singles)
        return [self._loadable(stack, number, len(stacks)) for number, stack in enumerate(stacks, 1)]

    def load(self, loadable):
        """Load a pullback as a volume node; InputError, shown to the user, says what is wrong with it."""
        from LesionReadingPanel.views import showLoaded
        from OCTCalciumLib.reading.read import open_dicom
        from OCTCalciumPanel.pullback_nodes import addPullback

        with slicer.util.tryWithErrorDisplay(_("The pullback could not be loaded.")):  # the browser tells no reasons
            pullback = open_dicom([Path(file) for file in loadable.files])
            volume = addPullback(pullback, loadable.name)
        for note in pullback.notes:
            logging.info(note)
        for caution in pullback.cautions:
            logging.warning(caution.sentence)
        uids = [self._value(file, "instanceUID") for file in loadable.files]
        volume.SetAttribute("DICOM.instanceUIDs", " ".join(uid for uid in uids if uid))
        self.addSeriesInSubjectHierarchy(loadable, volume)
        showLoaded(volume)
        return volume

    def _loadable(self, files: list, number: int, count: int):
        from LesionReadingLib.reading.dicom.decoders import why_undecodable

        frames = self._frameCount(files[0]) if len(files) == 1 else len(files)
        loadable = DICOMLoadable()
        loadable.files = files
        loadable.name = self._nodeName(files[0]) + (f" ({number})" if count > 1 else "")
        loadable.tooltip = _("{count} frames, read as an OCT pullback: grey, overlays removed, with its spacing").format(
            count=frames
        )
        loadable.confidence = self._confidence(files[0])
        loadable.warning = why_undecodable(Path(files[0]))
        loadable.selected = loadable.confidence > POSSIBLE
        return loadable

    def _confidence(self, file: str) -> float:
        """How surely a file is of an OCT pullback; 0 for all that cannot be."""
        sopClass, modality = self._value(file, "sopClassUID"), self._value(file, "modality")
        if sopClass in (FOR_PRESENTATION, FOR_PROCESSING) or modality in ("IVOCT", "OCT"):
            return CERTAIN
        if modality not in _EXPORTS or not _IMAGES.fullmatch(sopClass):
            return 0.0
        described = " ".join(self._value(file, name) for name in ("seriesDescription", "studyDescription", "manufacturer", "model"))
        return LIKELY if _WORDS.search(described) else POSSIBLE

    def _frameCount(self, file: str) -> int:
        return int(self._value(file, "numberOfFrames") or 1)

    def _nodeName(self, file: str) -> str:
        """Number and description of the series; who the patient is appears nowhere."""
        number, description = self._value(file, "seriesNumber"), self._value(file, "seriesDescription")
        name = description or _("OCT pullback")
        return f"{number}: {name}" if number else name

    def _value(self, file: str, tag: str) -> str:
        return slicer.dicomDatabase.fileValue(file, self.tags[tag]).strip()


class DICOMCoronaryOCTPlugin:
    """The hook by which Slicer finds the plugin as a loadable scripted module."""

    def __init__(self, parent) -> None:
        parent.title = "DICOM Coronary OCT Plugin"
        parent.categories = ["Developer Tools.DICOM Plugins"]
        parent.contributors = ["LesionReading contributors"]
        parent.helpText = "Plugin to the DICOM module that loads intravascular OCT pullbacks, also as consoles export them."
        parent.acknowledgementText = ""
        parent.hidden = True
        if not hasattr(slicer.modules, "dicomPlugins"):  # the DICOM module may be found later
            slicer.modules.dicomPlugins = {}
        slicer.modules.dicomPlugins["DICOMCoronaryOCTPlugin"] = DICOMCoronaryOCTPluginClass
