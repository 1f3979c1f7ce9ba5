"""Trainings and evaluations gathered into one page: their figures side by side, then the tables, curves and pictures of each."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from LesionReadingLib.errors import InputError

from ..files import read_json, read_rows, read_text, reading
from .comparison import FIGURES, TABLES
from .markdown import markdown_table

_STYLE = (
    "body{font:15px/1.5 sans-serif;max-width:75em;margin:2em auto;padding:0 1em}table{border-collapse:collapse;margin:1em 0}"
    "td,th{border:1px solid #ccc;padding:.2em .6em;text-align:left}img{max-width:32em;margin:.5em}h2{border-top:2px solid #444}"
)
_STAGES = ("segmentation.json", "markers.json")
_NO_CURVES = ("step", "minutes", "rate", "pictures_per_second", "memory_mb")  # of a training's table


@dataclass(frozen=True)
class Run:
    """What a folder (or a JSON file) of a training or an evaluation holds.

    Attributes:
        name: of the folder. figures: of an evaluation or an agreement, empty without.
        stages: of trainings of the hematoma, by file.
        tables: Markdown. curves: name -> columns of a training's CSV file. pictures: PNG files.
    """

    name: str
    figures: Mapping[str, Any]
    stages: Mapping[str, Mapping[str, Any]]
    tables: str
    curves: Mapping[str, Mapping[str, list[float | None]]]
    pictures: tuple[Path, ...]


def read_run(path: Path) -> Run:
    """Read what is there of a run.

    Raises:
        InputError: nothing is, or what is there cannot be read.
    """
    if path.is_file():
        return Run(path.stem, _figures(path), {}, "", {}, ())
    figures = _figures(path / FIGURES) if (path / FIGURES).exists() else {}
    stages = {name: _json(path / name) for name in _STAGES if (path / name).exists()}
    tables = read_text(path / TABLES) if (path / TABLES).exists() else ""
    curves = {file.stem: columns for file in sorted(path.glob("*.csv")) if "step" in (columns := _columns(file))}
    if not (figures or stages or tables or curves):
        raise InputError(f"{path} holds no figures of a training or an evaluation; name folders of train, or of evaluate -o.")
    return Run(path.name, figures, stages, tables, curves, tuple(sorted(path.glob("*.png"))))


def report_page(runs: Sequence[Run]) -> str:
    """One HTML page that needs no other file."""
    title = "Trainings and evaluations"
    parts = [f"<h1>{title}</h1>", to_html(_side_by_side(runs))]
    for run in runs:
        parts.append(f"<h2>{html.escape(run.name)}</h2>")
        parts += [to_html(run.tables), to_html(_stage_tables(run))]
        parts += [_image(name, _curve_png(name, columns)) for name, columns in run.curves.items()]
        parts += [_image(picture.stem, picture.read_bytes()) for picture in run.pictures]
    head = f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{title}</title><style>{_STYLE}</style></head>'
    return f"{head}<body>{''.join(parts)}</body></html>\n"


def headline(figures: Mapping[str, Any]) -> dict[str, float | None]:
    """The few figures that stand side by side."""
    if "three_classes" in figures:
        return {f"IoU of {name}": figures["three_classes"][name]["iou"] for name in ("calcium", "guidewire", "background")} | {
            "arc, bias (degrees)": figures["agreement"]["bridged_arc_deg"]["bias"]
        }
    if "hematoma" in figures:
        aucs = {f"AUC of {name.replace('_', ' ')}": one["auc"]["value"] for name, one in figures["markers"].items()}
        volume = {"volume, bias (mL)": figures["volume"]["bias_ml"]}
        return {"Dice of hematoma": figures["hematoma"]["dice"]["mean"], **volume, **aucs}
    return {"mean Dice": figures["dice"]["value"]} if figures.get("kind") == "agreement" else {}


def to_html(markdown: str) -> str:
    """Paragraphs and tables of our own Markdown as HTML."""
    return "\n".join(_block(block) for block in markdown.strip().split("\n\n") if block)


def _block(block: str) -> str:
    lines = block.splitlines()
    if not lines[0].startswith("|"):
        return f"<p>{html.escape(block)}</p>"
    rows = [[html.escape(cell.strip()) for cell in line.strip().strip("|").split("|")] for line in lines]
    head = "".join(f"<th>{cell}</th>" for cell in rows[0])
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows[2:])
    return f"<table><tr>{head}</tr>{body}</table>"


def _side_by_side(runs: Sequence[Run]) -> str:
    headlines = {run.name: headline(run.figures) for run in runs if headline(run.figures)}
    names = list(dict.fromkeys(name for figures in headlines.values() for name in figures))
    rows = [[run, *(_number(figures.get(name)) for name in names)] for run, figures in headlines.items()]
    return markdown_table(["", *names], rows) if rows else ""


def _stage_tables(run: Run) -> str:
    rows = [[name, _plain(figures)] for name, figures in run.stages.items()]
    return markdown_table(["training, on its validation patients", ""], rows) if rows else ""


def _plain(figures: Mapping[str, Any]) -> str:
    plain = {name: value for name, value in figures.items() if isinstance(value, int | float | str) and not isinstance(value, bool)}
    nested = {f"{name} {key}": each for name, value in figures.items() if isinstance(value, dict) for key, each in value.items()}
    numbers = {name: value for name, value in nested.items() if isinstance(value, float)}
    return ", ".join(
        f"{name} {'-' if value != value else f'{value:.4g}'}" if isinstance(value, float) else f"{name} {value}"  # nan: none of it
        for name, value in (plain | numbers).items()
    )


def _curve_png(name: str, columns: Mapping[str, list[float | None]]) -> bytes:
    from .comparison import new_figure

    figure, axes = new_figure()
    for column, values in columns.items():
        points = [(step, value) for step, value in zip(columns["step"], values, strict=True) if None not in (step, value)]
        if column not in _NO_CURVES and points and len({value for _step, value in points}) > 1:
            highest = max(abs(value) for _step, value in points)
            axes.plot(
                [step for step, _value in points], [value / highest for _step, value in points], label=f"{column} (/ {highest:.3g})"
            )
    axes.set_xlabel("step")
    axes.set_title(f"{name}, each curve over its largest value", fontsize=9)
    if axes.get_lines():
        axes.legend(fontsize=7)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()


def _image(name: str, png: bytes) -> str:
    return f'<img alt="{html.escape(name)}" src="data:image/png;base64,{base64.b64encode(png).decode()}">'


def _columns(file: Path) -> dict[str, list[float | None]]:
    rows = read_rows(file)[1]
    return {name: [_float(row[name]) for row in rows] for name in (rows[0] if rows else {}) if name}


def _float(text: str | None) -> float | None:
    try:
        return float(text or "")
    except ValueError:
        return None


def _json(file: Path) -> dict[str, Any]:
    found = read_json(file)
    if not isinstance(found, dict):
        raise InputError(f"{file} holds no figures; name folders or files that train or evaluate wrote.")
    return found


def _figures(file: Path) -> dict[str, Any]:
    found = _json(file)
    with reading(file):
        for value in headline(found).values():
            _number(value)
    return found


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
