"""What the panels of both modules share: Qt lives here and in the modules' own panels, and nowhere else."""

from LesionReadingLib.language import speak
from slicer.i18n import tr as _

speak(_("en"))  # the code of the language that this very text is translated to: the Libs speak as the panels do
