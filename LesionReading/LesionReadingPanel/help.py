"""What the help of both modules ends with."""

from slicer.i18n import tr as _

_TUTORIAL = "https://github.com/lesion-reading/SlicerLesionReading/blob/main/docs/tutorial.md"


def keysOfPanel() -> str:
    """The keys that both panels have, as HTML."""
    edit = _(
        "Keys while Edit is open: N the labels are right, tick and go on; Shift+N tick everything up to here; U the most uncertain "
        "one; comma and full stop one back and one forward; C mark by clicks."
    )
    return f"<p>{edit} " + _("While Worklist is open: Shift+W the next study.") + "</p>"


def tutorialLink() -> str:
    """A link to the tutorial, as HTML."""
    return '<p><a href="' + _TUTORIAL + '">' + _("First steps, in ten minutes") + "</a></p>"
