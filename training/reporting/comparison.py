"""How a model compares with the readers on own cases: what evaluations of both tasks have in common.

Limits of agreement: Bland JM, Altman DG. Statistical methods for assessing agreement between two methods of clinical measurement.
Lancet 1986;327:307-310.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from LesionReadingLib.errors import InputError
from LesionReadingLib.presenting.drawing import keep_strange_styles_out

from ..own_data.splits import PARTS, SPLIT_FILE, read_split
from ..wording import how_many
from ..writing import write_json, write_text
from .markdown import markdown_table

ALL = "all"
FIGURES, TABLES = "figures.json", "tables.md"
FEW_PATIENTS = 10
"""With fewer, resampled patients say little of others."""

_LIMITS_SD = 1.96


@dataclass(frozen=True, eq=False)
class CasePicture:
    """The slice of a case by which it is shown.

    Attributes:
        case: its number. dice: of the whole case, None where neither shows anything. slice: which it is, from 0.
        grey: (rows, columns) to be shown from ``low`` to ``high``. true, found: masks of that shape.
    """

    case: int
    dice: float | None
    slice: int
    grey: np.ndarray
    low: float
    high: float
    true: np.ndarray
    found: np.ndarray


@dataclass(frozen=True)
class Measured:
    """A quantity on the reader's labels and on the model's, or on two readers', pairwise; ``difference`` says how it is taken."""

    name: str
    unit: str
    true: tuple[float, ...]
    found: tuple[float, ...]
    difference: str = "model minus reader"


def parts_to_judge(data: Path, part: str) -> tuple[str, ...] | None:
    """The parts of the split to judge on; None for all there is, split or not.

    Raises:
        InputError: the folder has no split.
    """
    if part == ALL:
        return PARTS if read_split(data) else None
    if read_split(data) is None:
        raise InputError(f"{data} has no {SPLIT_FILE}; split it first, or judge on all of its cases with --split all.")
    return (part,)


def cases_in_words(part: str, cases: int, patients: int, slices: int, by_slice: bool) -> str:
    """What was judged on, in a sentence."""
    which = "" if part == ALL else f"{part} "
    sentence = f"{how_many(cases, f'{which}case')} of {how_many(patients, 'patient')}, {how_many(slices, 'slice')}: "
    sentence += "own data, not phantoms."
    return sentence + (" Slices of one patient were learnt from and judged on; the figures are flattered." if by_slice else "")


def unknown_in_words(figures: Mapping[str, Any], patients: int) -> str:
    """One sentence on what so few cases cannot tell; empty where there are enough.

    Args:
        figures: name -> value, None where it cannot be told.
    """
    missing = [name for name, value in figures.items() if value is None]
    parts = [f"too few cases to tell {', '.join(missing)}"] if missing else []
    parts += [f"intervals over {how_many(patients, 'patient')} say little of others"] if patients < FEW_PATIENTS else []
    sentence = "; ".join(parts)
    return f"{sentence[0].upper()}{sentence[1:]}." if sentence else ""


def differences(measured: Measured) -> dict[str, Any]:
    """Bias, SD and 95 % limits of agreement of found minus true; None where there are too few."""
    values = np.array(measured.found, float) - np.array(measured.true, float)
    bias = float(values.mean()) if len(values) else None
    sd = float(values.std(ddof=1)) if len(values) > 1 else None
    limits = (None, None) if sd is None else (bias - _LIMITS_SD * sd, bias + _LIMITS_SD * sd)
    return {"unit": measured.unit, "count": len(values), "bias": bias, "sd": sd, "low": limits[0], "high": limits[1]}


def differences_table(figures: Mapping[str, Mapping[str, Any]], difference: str = Measured.difference) -> str:
    """Table of ``differences`` by name."""
    rows = [
        [f"{name} ({one['unit']})", str(one["count"]), _number(one["bias"]), _number(one["sd"]), _between(one["low"], one["high"])]
        for name, one in figures.items()
    ]
    return markdown_table([difference, "count", "bias", "SD", "95 % limits of agreement"], rows)


def best_median_worst(pictures: Sequence[CasePicture]) -> dict[str, CasePicture]:
    """The cases with the best, the median and the worst Dice, of those that show anything; fewer where there are fewer."""
    ranked = sorted((one for one in pictures if one.dice is not None), key=lambda one: -one.dice)
    places = {"best": 0, "median": len(ranked) // 2, "worst": len(ranked) - 1}
    return {name: ranked[place] for name, place in places.items() if ranked}


def draw_pictures(folder: Path, pictures: Sequence[CasePicture], measured: Sequence[Measured]) -> None:
    """Write ``best.png``, ``median.png`` and ``worst.png`` with both contours, and a Bland-Altman plot of each quantity."""
    for name, picture in best_median_worst(pictures).items():
        _draw_case(folder / f"{name}.png", name, picture)
    for one in measured:
        if len(one.true) > 1:
            _draw_bland_altman(folder / f"bland_altman_{one.name.replace(' ', '_')}.png", one)


def write_evaluation(folder: Path, figures: Mapping[str, Any], tables: str) -> None:
    """Write the figures, which ``card`` and ``report`` take, and the tables."""
    write_json(folder / FIGURES, figures)
    write_text(folder / TABLES, tables + "\n")


def _draw_case(path: Path, name: str, picture: CasePicture) -> None:
    figure, axes = new_figure()
    axes.imshow(picture.grey, cmap="gray", vmin=picture.low, vmax=picture.high, interpolation="nearest")
    for mask, colour in ((picture.true, "#FFD400"), (picture.found, "#00C8FF")):
        if mask.any():
            axes.contour(mask, [0.5], colors=[colour], linewidths=1.0)
    axes.set_title(
        f"{name}: case {picture.case}, slice {picture.slice}, Dice {picture.dice:.2f}\nyellow reader, blue model", fontsize=9
    )
    axes.set_axis_off()
    figure.savefig(path)


def _draw_bland_altman(path: Path, measured: Measured) -> None:
    figure, axes = new_figure()
    true, found = np.array(measured.true), np.array(measured.found)
    axes.scatter((true + found) / 2, found - true, s=14, color="#2060A0")
    figures = differences(measured)
    for key, style in (("bias", "-"), ("low", "--"), ("high", "--")):
        axes.axhline(figures[key], color="#444444", linestyle=style, linewidth=1)
        axes.annotate(
            f"{figures[key]:+.2f}", (1, figures[key]), xycoords=("axes fraction", "data"), fontsize=8, va="bottom", ha="right"
        )
    axes.set_xlabel(f"mean of both ({measured.unit})")
    axes.set_ylabel(f"{measured.difference} ({measured.unit})")
    axes.set_title(f"{measured.name}, {len(true)}", fontsize=9)
    figure.savefig(path)


def new_figure():
    """A figure of one drawing and its axes, without a window."""
    keep_strange_styles_out()
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5, 4.4), dpi=120, layout="constrained")
    FigureCanvasAgg(figure)
    return figure, figure.add_subplot()


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:+.3g}"


def _between(low: float | None, high: float | None) -> str:
    return "-" if low is None else f"{low:+.3g} to {high:+.3g}"
