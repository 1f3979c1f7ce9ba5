"""What a fine-tuning gained on pullbacks, in words."""

from __future__ import annotations

from LesionReadingPanel.worklist.gain import gainSentences
from slicer.i18n import tr as _


def gainText(figures: dict) -> str:
    """What a fine-tuning gained on cases that were left out, in a few sentences; ``figures`` as the training writes them."""
    unmeasured = _("All calcium is of one case: what the new model gained cannot be measured, and no gain is promised.")
    return gainSentences(figures, unmeasured, _measured)


def _measured(figures: dict, before: dict, after: dict) -> str:
    return _(
        "On {frames} frames with calcium of {patients} cases, each read by a model that has not seen it: mean Dice {after:.2f}, "
        "before {before:.2f}; arc off by {arc_after:.0f} degrees, before {arc_before:.0f}."
    ).format(
        frames=figures["frames_with_calcium"],
        patients=figures["patients_with_calcium"],
        after=after["dice"],
        before=before["dice"],
        arc_after=after["arc_error_deg"],
        arc_before=before["arc_error_deg"],
    )
