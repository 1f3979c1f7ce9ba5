"""What the help of both modules ends with."""

from slicer.i18n import tr as _

_TUTORIAL = "https://github.com/lesion-reading/SlicerLesionReading/blob/main/docs/tutorial.md"


def tutorialLink() -> str:
    """A link to the tutorial, as HTML."""
    return '<p><a href="' + _TUTORIAL + '">' + _("First steps, in ten minutes") + "</a></p>"
