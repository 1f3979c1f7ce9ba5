"""Hidden module: makes LesionReadingLib and LesionReadingPanel importable for the modules of this extension."""

from slicer.i18n import tr as _
from slicer.i18n import translate
from slicer.ScriptedLoadableModule import ScriptedLoadableModule


class LesionReading(ScriptedLoadableModule):
    """Slicer puts the folder of every module's file on Python's path, and that is all this one is for."""

    def __init__(self, parent) -> None:
        ScriptedLoadableModule.__init__(self, parent)
        parent.title = _("LesionReading")
        parent.categories = [translate("qSlicerAbstractCoreModule", "Utilities")]
        parent.contributors = ["The LesionReading authors"]
        parent.helpText = _("What the modules OCTCalcium and HematomaMarkers share; it has no panel of its own.")
        parent.hidden = True
