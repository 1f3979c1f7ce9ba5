"""What may be said of a gain: no more than was measured."""

from __future__ import annotations

from dataclasses import dataclass

from ..wording import how_many

FEW_PATIENTS = 4
"""With fewer patients that have a lesion nothing is said of other patients."""


@dataclass(frozen=True)
class Measured:
    """What was measured, in words for sentences.

    Attributes:
        lesion: what is looked for. count: how many pictures show it, which ``counted`` names; with fewer than ``few`` nothing is
            said of other patients.
        patients: how many patients show it.
        dice: mean Dice before and after; None after where it could not be measured.
        worse: a sentence on what came out worse in spite of a better Dice; empty where nothing did.
    """

    lesion: str
    count: int
    counted: str
    few: int
    patients: int
    dice: tuple[float, float | None]
    worse: str = ""


def judgement(measured: Measured) -> str:
    """A few sentences."""
    before, after = measured.dice
    if after is None:
        return (
            f"All {measured.lesion} is of one patient ({how_many(measured.count, measured.counted)}): what adapting gains cannot "
            f"be measured, as no patient with {measured.lesion} is left to try it on, and no gain is promised. "
            f"Add cases with {measured.lesion} of other patients."
        )
    text = "After: models adapted to the other patients alone; the bundle itself learnt from all of them. "
    change = after - before
    if change <= 0:
        return text + f"Mean Dice did not rise ({change:+.3f}): keep the original model."
    text += f"Mean Dice rose by {change:.3f}." + measured.worse
    if measured.count < measured.few or measured.patients < FEW_PATIENTS:
        text += (
            f" {how_many(measured.count, measured.counted)} with {measured.lesion} of {how_many(measured.patients, 'patient')} "
            "cannot promise that on others."
        )
    return text
