"""What a fine-tuning gained, in words."""

from __future__ import annotations

from collections.abc import Callable

from slicer.i18n import tr as _


def gainSentences(figures: dict, unmeasured: str, measured: Callable[[dict, dict, dict], str]) -> str:
    """What was gained on cases that were left out, in a few sentences.

    Args:
        figures: as the training writes them. unmeasured: the sentence where no case was left to try the new model on.
        measured: gives the sentences on the figures, and on those before and after.
    """
    before, after = figures["before"], figures["after"]
    if after is None:
        return unmeasured
    text = measured(figures, before, after)
    if after["dice"] <= before["dice"]:
        text += " " + _("It did not get better: keep the model that you have.")
    return text
