"""Figures of an evaluation as Markdown: the same text on the screen and in the model card."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from OCTCalciumLib.labels import NAMES

from ..reporting.comparison import differences_table
from ..reporting.markdown import markdown_table
from ..wording import how_many
from .real.frames import real_table
from .second_step.coverage import coverage_rows

_READ_OTHERWISE = "Read otherwise, or other frames:"
SOURCE_STUDY = {"calcium": (0.62, 0.50), "guidewire": (0.73, 0.63), "background": (0.98, 0.96)}


def phantom_tables(figures: dict[str, Any]) -> str:
    """Tables of ``evaluate.evaluate``: the source study's three classes, four classes, confusion matrix and agreement."""
    kind = "scanners outside the training range" if figures["shifted"] else "scanners of the ordinary range"
    if figures.get("wide"):
        kind = "optics and anatomy of the wide range"
    first, last = min(figures["patients"]), max(figures["patients"])
    held = (
        figures.get("held")
        or f"{how_many(len(figures['patients']), 'held-out phantom pullback')} (seeds {first} to {last}), "
        f"{how_many(figures['frames'], 'frame')}, {kind}."
    )
    three = ("calcium", "guidewire", "background")
    return "\n\n".join(
        [
            held,
            "Three classes, lumen counted as background; accuracy is recall. Phantoms and patients are not comparable.",
            markdown_table(
                ["", *three],
                [
                    ["accuracy", *(_number(figures["three_classes"][name]["accuracy"]) for name in three)],
                    ["IoU", *(_number(figures["three_classes"][name]["iou"]) for name in three)],
                    *_intervals(figures, three),
                    ["source study, accuracy (6 patients)", *(f"{SOURCE_STUDY[name][0]:.2f}" for name in three)],
                    ["source study, IoU (6 patients)", *(f"{SOURCE_STUDY[name][1]:.2f}" for name in three)],
                ],
            ),
            "Four classes:",
            markdown_table(
                ["", *NAMES],
                [
                    ["accuracy", *(_number(figures["four_classes"][name]["accuracy"]) for name in NAMES)],
                    ["IoU", *(_number(figures["four_classes"][name]["iou"]) for name in NAMES)],
                ],
            ),
            "Confusion matrix, share of each true class (row) found as each class (column):",
            markdown_table(["", *NAMES], [[name, *_shares(row)] for name, row in zip(NAMES, figures["confusion"], strict=True)]),
            "Measurements on the model's labels against those on the truth:",
            _agreement_table(figures["agreement"], figures.get("ranges")),
            *_own_cases(figures),
        ]
    )


def _own_cases(figures: dict[str, Any]) -> list[str]:
    """What is told of own cases alone, see ``own_cases.evaluate_own``."""
    if "held" not in figures:
        return []
    dice, frames = figures["frame_dice"], figures["frames_with_calcium"]
    interval = "" if dice["low"] is None else f" ({dice['low']:.3f} to {dice['high']:.3f})"
    rows = [
        ["Dice of calcium in frames that show any, mean (95 %)", _number(dice["value"]) + interval],
        ["frames with calcium, true and found", f"{frames['true']} and {frames['found']}"],
        ["sensitivity and specificity for them", f"{_number(frames['sensitivity'])} and {_number(frames['specificity'])}"],
    ]
    found = [markdown_table(["frames", ""], rows), differences_table(figures["limits_of_agreement"])]
    return [*found, figures["untold"]] if figures["untold"] else found


def frames_table(figures: dict[str, Any]) -> str:
    """Table of ``evaluate.evaluate_frames``."""
    rows = [
        ["frames", str(len(figures["frames"]))],
        ["source", figures.get("source", "unnamed")],
        ["lumen Dice, mean (smallest)", f"{figures['lumen_dice']:.3f} ({figures['smallest_lumen_dice']:.3f})"],
        ["frames with the guidewire found", f"{figures['guidewire_found_share']:.0%}"],
        ["frames with false calcium larger than 30 degrees", f"{figures['false_calcium_share']:.0%}"],
    ]
    return "\n\n".join([markdown_table(["real frames without calcium", ""], rows), *_lumens_otherwise(figures)])


def _lumens_otherwise(figures: dict[str, Any]) -> list[str]:
    """Table of other readings of frames with lumen masks."""
    rows = [
        [
            _pixel_size(each),
            f"{each['lumen_dice']:.3f} ({each['smallest_lumen_dice']:.3f})",
            f"{each['guidewire_found_share']:.0%}",
            f"{each['false_calcium_share']:.0%}",
        ]
        for each in figures.get("read_otherwise", ())
    ]
    header = ["pixel size stated (mm)", "lumen Dice, mean (smallest)", "guidewire found", "false calcium larger than 30 degrees"]
    return [_READ_OTHERWISE, markdown_table(header, rows)] if rows else []


def real_frames_table(figures: dict[str, Any]) -> str:
    """Tables of ``real.frames.evaluate_real``, with where the frames come from."""
    missed = sum(frame["true_pixels"] > 0 and frame["dice"] == 0 for frame in figures["frames"])
    text = f"Source: {figures.get('source', 'unnamed')}. "
    text += f"On {missed} of {how_many(figures['frames_with_calcium'], 'frame')} with calcium none of it was found."
    return "\n\n".join([text, real_table(figures), *_real_otherwise(figures)])


def _real_otherwise(figures: dict[str, Any]) -> list[str]:
    """Table of other readings of real frames, with calcium or without."""
    rows = [
        [
            _pixel_size(each),
            "as neighbours" if each["pullbacks"] else "each alone",
            str(each["frames_with_calcium"]),
            _number(each["dice"]),
            ", ".join(f"{name} {dice:.3f}" for name, dice in each["patients"].items()) or "-",
            f"{each['close_arcs']} of {each['frames_with_calcium']}" if each["frames_with_calcium"] else "-",
            str(each["frames_without_calcium"]),
            "-" if each["false_calcium_share"] is None else f"{each['false_calcium_share']:.0%}",
        ]
        for each in figures.get("read_otherwise", ())
    ]
    with_calcium = ["frames with calcium", "mean Dice", "of each patient", "arcs within 30 degrees"]
    without = ["frames without calcium", "of those with more than 30 degrees found"]
    header = ["pixel size stated (mm)", "frames read", *with_calcium, *without]
    return [_READ_OTHERWISE, markdown_table(header, rows)] if rows else []


def _pixel_size(figures: dict[str, Any]) -> str:
    return "-" if figures["pixel_mm"] is None else f"{figures['pixel_mm']:g}"


def _agreement_table(figures: dict[str, Any], ranges: dict[str, Any] | None) -> str:
    errors = figures["volume_error_percent"]
    over = figures["frames_over_180"]
    within = sum(abs(error) <= 10 for error in errors)
    listed = ", ".join(f"{error:+.1f} %" for error in errors)
    true, found = sum(figures["true_volumes_mm3"]), sum(figures["found_volumes_mm3"])  # of those whose spacing is known
    pullbacks = how_many(len(figures["true_volumes_mm3"]), "pullback")
    rows = [
        ["bridged arc, bias and SD (degrees)", *_bias(figures["bridged_arc_deg"], 1)],
        ["maximum thickness, bias and SD (mm)", *_bias(figures["max_thickness_mm"], 3)],
        ["lumen area, bias and SD (mm2)", *_bias(figures["lumen_area_mm2"], 3)],
        *([["volume of all pullbacks, true and found (mm3)", f"{true:.1f} and {found:.1f}", pullbacks]] if true or found else []),
        *([["pullbacks whose volume is within 10 %", f"{within} of {len(errors)}", listed]] if errors else []),
        ["frames of 180 degrees or more, F1", _number(over["f1"]), f"{over['true']} true, {over['found']} found"],
        *coverage_rows(ranges),
    ]
    return markdown_table(["measurement", "result", "over"], rows)


def _bias(figures: dict[str, Any], digits: int) -> list[str]:
    if figures["bias"] is None:
        return ["-", "0 frames"]
    spread = f" +- {figures['sd']:.{digits}f}" if figures["frames"] > 1 else ""  # one frame has none
    return [f"{figures['bias']:+.{digits}f}{spread}", how_many(figures["frames"], "frame")]


def _intervals(figures: dict[str, Any], names: Sequence[str]) -> list[list[str]]:
    """A row of the IoU's intervals; none for figures from before there were any."""
    if "iou_intervals" not in figures:
        return []
    return [["IoU, 95 % over patients", *(_between(*figures["iou_intervals"][name]) for name in names)]]


def _between(low: float | None, high: float | None) -> str:
    return "-" if low is None else f"{low:.3f} to {high:.3f}"


def _shares(row: Sequence[int]) -> list[str]:
    return [f"{count / sum(row):.3f}" if sum(row) else "-" for count in row]


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
