"""Hidden module: makes LesionReadingLib and LesionReadingPanel importable for the modules of this extension."""

from slicer.i18n import tr as _
from slicer.i18n import translate


class LesionReading:
    """Slicer puts the folder of every module's file on Python's path before it loads any, and that is all this one is for.

    Like Slicer's hidden DICOM plugins it is no ScriptedLoadableModule, which would list a self-test for it.
    """

    def __init__(self, parent) -> None:
        parent.title = _("LesionReading")
        parent.categories = [translate("qSlicerAbstractCoreModule", "Utilities")]
        parent.contributors = ["LesionReading contributors"]
        parent.helpText = _("What the modules OCTCalcium and HematomaMarkers share; it has no panel of its own.")
        parent.hidden = True
