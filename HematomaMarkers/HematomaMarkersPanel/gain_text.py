"""What a fine-tuning gained on heads, in words."""

from __future__ import annotations

from LesionReadingPanel.worklist.gain import gainSentences
from slicer.i18n import tr as _


def gainText(figures: dict) -> str:
    """What a fine-tuning gained on cases that were left out, in a few sentences; ``figures`` as the training writes them."""
    unmeasured = _("All hematomas are of one case: what the new model gained cannot be measured, and no gain is promised.")
    return gainSentences(figures, unmeasured, _measured)


def _measured(figures: dict, before: dict, after: dict) -> str:
    text = _(
        "On {heads} heads with a hematoma, each read by a model that has not seen it: mean Dice {after:.2f}, before {before:.2f}; "
        "volume off by {off_after:.1f} mL, before {off_before:.1f}; missed {missed_after}, before {missed_before}."
    ).format(
        heads=figures["heads_with_hematoma"],
        after=after["dice"],
        before=before["dice"],
        off_after=after["volume_error_ml"],
        off_before=before["volume_error_ml"],
        missed_after=after["missed"],
        missed_before=before["missed"],
    )
    if after["false_ml"] is None:
        return text
    marked = _("In heads without blood {after:.1f} mL were marked, before {before:.1f}.")
    return text + " " + marked.format(after=after["false_ml"], before=before["false_ml"])
