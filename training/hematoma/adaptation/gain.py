"""What adapting gained: each patient's heads by the model before, and by one adapted without that patient."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from ...adaptation.gain import gain_figures, gain_row
from ...adaptation.judgement import Measured, judgement
from ...reporting.markdown import markdown_table
from ...wording import how_many
from ..evaluation.evaluate import PatientResult

FEW_HEADS = 10
"""With fewer heads with a hematoma nothing is said of other patients."""


def judged(patients: Sequence[int], before: Sequence[PatientResult], after: Mapping[int, PatientResult]) -> list[dict[str, Any]]:
    """The figures of every head.

    Args:
        patients: number of each head's patient. before: what the model finds. after: of heads that were left out, by their place,
            what the model adapted to the others finds.
    """
    return [
        {"patient": patient, "before": _side(old), "after": _side(after[place]) if place in after else None}
        for place, (patient, old) in enumerate(zip(patients, before, strict=True))
    ]


def gain(heads: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Means of what ``judged`` gives, before and after, and what may be said of them."""
    figures = gain_figures(
        heads, called="heads", lesion="hematoma", shows_lesion=lambda head: bool(head["before"]["true_ml"]), means=_means
    )
    return {**figures, "judgement": _judgement(figures)}


def gain_table(figures: dict[str, Any]) -> str:
    """Table of ``gain`` and what may be said of it."""
    count, row = figures["heads_with_hematoma"], partial(gain_row, figures)
    rows = [
        row("mean Dice of the hematoma", lambda side: f"{side['dice']:.3f}"),
        row("volume, mean error without sign (mL)", lambda side: f"{side['volume_error_ml']:.1f}"),
        row("hematomas missed", lambda side: f"{side['missed']} of {count}"),
    ]
    if without := figures["before"]["heads_without_blood"]:
        rows.append(row(f"blood marked in {how_many(without, 'head')} without, mean (mL)", lambda side: f"{side['false_ml']:.1f}"))
    return markdown_table(["the given heads", "before", "after, patient left out"], rows) + "\n\n" + figures["judgement"]


def heads_gain_table(heads: Sequence[dict[str, Any]]) -> str:
    """Table of ``judged``, head by head."""
    rows = []
    for head in heads:
        sides = [head["before"], head["after"]]
        dice = [f"{side['dice']:.2f}" if side and side["dice"] is not None else "-" for side in sides]
        found = [f"{side['found_ml']:.1f}" if side else "-" for side in sides]
        rows.append([str(head["patient"]), *dice, f"{sides[0]['true_ml']:.1f}", *found])
    return markdown_table(["patient", "Dice before", "after", "true volume (mL)", "before", "after"], rows)


def _side(result: PatientResult) -> dict[str, Any]:
    both, true, found = result.voxels
    return {
        "dice": 2 * both / (true + found) if true else None,
        "true_ml": result.true_ml,
        "found_ml": result.found_ml,
        "blood_ml": result.true_ml + result.true_ivh_ml,
        "found_blood_ml": result.found_ml + result.found_ivh_ml,
        "is_missed": bool(true and not both),
    }


def _means(heads: Sequence[dict[str, Any]], side: str) -> dict[str, Any]:
    shown = [head[side] for head in heads]
    with_hematoma = [one for one in shown if one["true_ml"]]
    false_ml = [one["found_blood_ml"] for one in shown if not one["blood_ml"]]
    return {
        "dice": float(np.mean([one["dice"] for one in with_hematoma])),
        "volume_error_ml": float(np.mean([abs(one["found_ml"] - one["true_ml"]) for one in with_hematoma])),
        "missed": sum(one["is_missed"] for one in with_hematoma),
        "heads_without_blood": len(false_ml),
        "false_ml": float(np.mean(false_ml)) if false_ml else None,
    }


def _judgement(figures: dict[str, Any]) -> str:
    before, after = figures["before"], figures["after"]
    return judgement(
        Measured(
            lesion="hematoma",
            count=figures["heads_with_hematoma"],
            counted="head",
            few=FEW_HEADS,
            patients=figures["patients_with_hematoma"],
            dice=(before["dice"], None if after is None else after["dice"]),
            worse="" if after is None else _worse(before, after),
        )
    )


def _worse(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    text = ""
    if after["missed"] > before["missed"]:
        text += f" But it missed {how_many(after['missed'], 'hematoma')}, {before['missed']} before."
    for name, what in (("volume_error_ml", "volumes were further off"), ("false_ml", "in heads without blood more was marked")):
        old, new = (side[name] or 0.0 for side in (before, after))
        if new > old:
            text += f" But {what} than before ({new:.1f} mL, {old:.1f} before)."
    return text
