"""What a fine-tuning gained, in words."""

from __future__ import annotations

from slicer.i18n import tr as _


def gainText(figures: dict) -> str:
    """What a fine-tuning gained on cases that were left out, in a few sentences; ``figures`` as the training writes them."""
    before, after = figures["before"], figures["after"]
    if after is None:
        return _("All hematomas are of one case: what the new model gained cannot be measured, and no gain is promised.")
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
    if after["false_ml"] is not None:
        text += " " + _("In heads without blood {after:.1f} mL were marked, before {before:.1f}.").format(
            after=after["false_ml"], before=before["false_ml"]
        )
    if after["dice"] <= before["dice"]:
        text += " " + _("It did not get better: keep the model that you have.")
    return text
