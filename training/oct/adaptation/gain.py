"""What adapting gained: each patient's frames by the model before, and by one adapted without that patient."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from OCTCalciumLib.labels import CALCIUM

from ...adaptation.gain import gain_figures, gain_row
from ...adaptation.judgement import Measured, judgement
from ...reporting.markdown import markdown_table
from ...wording import how_many
from ..evaluate import FALSE_CALCIUM_DEG
from ..real.frames import CLOSE_ARC_DEG, frame_figures
from .corrected import Corrected

FEW_FRAMES = 20
"""With fewer frames with calcium nothing is said of other patients."""


def judged(cases: Sequence[Corrected], before: Sequence[np.ndarray], after: Mapping[int, np.ndarray]) -> list[dict[str, Any]]:
    """The figures of every frame, numbered from 1.

    Args:
        before: the labels that the model gives each case. after: of cases that were left out, by their place in ``cases``, the
            labels of the model adapted to the others.
    """
    frames = []
    for place, case in enumerate(cases):
        for frame in case.frames:
            truth, spacing = case.labels[frame] == CALCIUM, case.pullback.spacing
            old = frame_figures(before[place][frame], truth, spacing)
            new = frame_figures(after[place][frame], truth, spacing) if place in after else None
            frames.append({"patient": case.patient, "frame": frame + 1, "before": old, "after": new})
    return frames


def gain(frames: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Means of what ``judged`` gives, before and after, and what may be said of them."""
    figures = gain_figures(
        frames, called="frames", lesion="calcium", shows_lesion=lambda frame: bool(frame["before"]["true_pixels"]), means=_means
    )
    return {**figures, "judgement": _judgement(figures)}


def gain_table(figures: dict[str, Any]) -> str:
    """Table of ``gain`` and what may be said of it."""
    count, row = figures["frames_with_calcium"], partial(gain_row, figures)
    rows = [row("mean Dice of calcium", lambda side: f"{side['dice']:.3f}")]
    rows += [
        row(f"mean Dice, patient {name}", lambda side, name=name: f"{side['patients'][name]:.3f}")
        for name in figures["before"]["patients"]
    ]
    rows += [
        row("bridged arc, mean error without sign (degrees)", lambda side: f"{side['arc_error_deg']:.0f}"),
        row(f"arcs within {CLOSE_ARC_DEG:.0f} degrees", lambda side: f"{side['close_arcs']} of {count}"),
    ]
    if count < figures["frames"]:
        without = how_many(figures["frames"] - count, "frame")
        name = f"of {without} without calcium, more than {FALSE_CALCIUM_DEG:.0f} degrees found in"
        rows.append(row(name, lambda side: f"{side['false_calcium_share']:.0%}"))
    return (
        markdown_table(["calcium on the given frames", "before", "after, patient left out"], rows) + "\n\n" + figures["judgement"]
    )


def frames_gain_table(frames: Sequence[dict[str, Any]]) -> str:
    """Table of ``judged``, frame by frame."""
    rows = []
    for frame in frames:
        old, new = frame["before"], frame["after"]
        sides = [f"{side['dice']:.2f}" if side and old["true_pixels"] else "-" for side in (old, new)]
        arcs = [f"{side['found_arc_deg']:.0f}" if side else "-" for side in (old, new)]
        rows.append([str(frame["patient"]), str(frame["frame"]), *sides, f"{old['true_arc_deg']:.0f}", *arcs])
    return markdown_table(["patient", "frame", "Dice before", "after", "true arc (degrees)", "before", "after"], rows)


def _means(frames: Sequence[dict[str, Any]], side: str) -> dict[str, Any]:
    with_calcium = [frame for frame in frames if frame[side]["true_pixels"]]
    without = [frame[side]["found_arc_deg"] for frame in frames if not frame[side]["true_pixels"]]
    errors = [abs(frame[side]["found_arc_deg"] - frame[side]["true_arc_deg"]) for frame in with_calcium]
    patients = sorted({frame["patient"] for frame in with_calcium})
    return {
        "dice": _mean_dice(with_calcium, side),
        "patients": {str(one): _mean_dice([frame for frame in with_calcium if frame["patient"] == one], side) for one in patients},
        "arc_error_deg": float(np.mean(errors)),
        "close_arcs": sum(error <= CLOSE_ARC_DEG for error in errors),
        "false_calcium_share": float(np.mean([arc > FALSE_CALCIUM_DEG for arc in without])) if without else None,
    }


def _mean_dice(frames: Sequence[dict[str, Any]], side: str) -> float:
    return float(np.mean([frame[side]["dice"] for frame in frames]))


def _judgement(figures: dict[str, Any]) -> str:
    before, after = figures["before"], figures["after"]
    worse = ""
    if after is not None and after["arc_error_deg"] > before["arc_error_deg"]:
        worse = (
            f" But bridged arcs were further off than before ({after['arc_error_deg']:.0f} degrees, "
            f"{before['arc_error_deg']:.0f} before)."
        )
    return judgement(
        Measured(
            lesion="calcium",
            count=figures["frames_with_calcium"],
            counted="frame",
            few=FEW_FRAMES,
            patients=figures["patients_with_calcium"],
            dice=(before["dice"], None if after is None else after["dice"]),
            worse=worse,
        )
    )
