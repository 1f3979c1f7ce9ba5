"""Slicer's DICOM browser loads head CT through the reader of HematomaMarkers: tilted, uneven, repeated slices, enhanced."""

from pathlib import Path

import slicer
import slicer.util
from DICOMLib import DICOMLoadable, DICOMPlugin
from slicer.i18n import tr as _

CONFIDENCE = 0.55
"""Of a plain head CT: a little more than the scalar volume plugin's 0.5, so that a tilted head comes out right without a choice."""

POSSIBLE = 0.4
"""Of a CT with contrast agent, for bone, of no stated body part, or that cannot be decoded here: offered, not chosen."""


class DICOMHeadCTPluginClass(DICOMPlugin):
    """Offers CT series of the head, and loads them as upright and even volumes in HU."""

    def __init__(self) -> None:
        super().__init__()
        self.loadType = _("Head CT")

    def examineFiles(self, files: list) -> list:
        """Offer a series of axial CT slices of the head; nothing for any other files.

        Only the first, the middle and the last file are opened, so that large studies are listed at once.
        """
        from HematomaMarkersLib.reading.dicom.series_choice import is_bone, is_head
        from LesionReadingLib.reading.dicom.decoders import why_undecodable

        series = self._examinedSeries(files)
        if series is None or not series.is_axial or not is_head(series):
            return []
        # Slicer's own reader may still decode what pydicom and SimpleITK cannot.
        undecodable = why_undecodable(Path(files[0]))
        stated = bool(series.header.get("BodyPartExamined"))
        contrast = _("The series says that contrast agent was given.") if series.has_contrast else ""
        isPlain = stated and not (undecodable or contrast or is_bone(series))
        loadable = DICOMLoadable()
        loadable.files = list(files)
        loadable.name = self._nodeName(series)
        tooltip = _("{count} files, read as a head CT in HU; a gantry tilt and uneven slice distances are corrected")
        loadable.tooltip = tooltip.format(count=len(files))
        loadable.warning = undecodable or contrast
        loadable.confidence = CONFIDENCE if isPlain else POSSIBLE
        loadable.selected = isPlain
        return [loadable]

    def load(self, loadable):
        """Load the series as a volume node, or each of its volumes where several could be meant; gives the first.

        InputError, shown to the user, says what is wrong with it.
        """
        from HematomaMarkersPanel.ct_nodes import addHeadCT
        from LesionReadingPanel.views import showLoaded

        with slicer.util.tryWithErrorDisplay(_("The head CT could not be loaded.")):  # the browser tells no reasons
            scans = self._scans([Path(file) for file in loadable.files])
        volumes = []
        for choice, scan in scans.items():
            volume = addHeadCT(scan, f"{loadable.name} ({choice})" if choice else loadable.name)
            uids = [slicer.dicomDatabase.fileValue(str(file), self.tags["instanceUID"]) for file in scan.files]
            volume.SetAttribute("DICOM.instanceUIDs", " ".join(uid for uid in uids if uid))
            self.addSeriesInSubjectHierarchy(loadable, volume)
            volumes.append(volume)
        showLoaded(volumes[0])
        return volumes[0]

    def _scans(self, files: list) -> dict:
        """The scan that the files hold, or all that could be meant, by what they are chosen with."""
        from HematomaMarkersLib.reading.dicom.series_choice import SeveralSeries
        from HematomaMarkersLib.reading.read import open_dicom

        try:
            return {"": open_dicom(files)}
        except SeveralSeries as several:
            return {choice: open_dicom(files, choice) for choice in several.choices}

    def _examinedSeries(self, files: list):
        """The CT series of a few of the files; None where none of them is a CT slice with its place, or there is but one slice."""
        from HematomaMarkersLib.reading.dicom.find_series import series_of_some

        series = series_of_some([Path(files[number]) for number in sorted({0, len(files) // 2, len(files) - 1})])
        return series if series is not None and (len(files) > 1 or len(series.planes) > 1) else None

    def _nodeName(self, series) -> str:
        """Number and description of the series; who the patient is appears nowhere."""
        name = series.description or _("Head CT")
        return f"{series.number}: {name}" if series.number else name


class DICOMHeadCTPlugin:
    """The hook by which Slicer finds the plugin as a loadable scripted module."""

    def __init__(self, parent) -> None:
        parent.title = "DICOM Head CT Plugin"
        parent.categories = ["Developer Tools.DICOM Plugins"]
        parent.contributors = ["LesionReading contributors"]
        parent.helpText = "Plugin to the DICOM module that loads head CT, tilted or with uneven slices, in its true place."
        parent.acknowledgementText = ""
        parent.hidden = True
        if not hasattr(slicer.modules, "dicomPlugins"):  # the DICOM module may be found later
            slicer.modules.dicomPlugins = {}
        slicer.modules.dicomPlugins["DICOMHeadCTPlugin"] = DICOMHeadCTPluginClass
