"""What the reports of both modules share: the jinja2 environment, pictures inside the file, words, and the style of the page.

The words are needed in Slicer's panels too, which run where jinja2 and Pillow may not be installed yet.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .plain_text import plain

if TYPE_CHECKING:
    from jinja2 import Environment

PARTS = Path(__file__).parent / "templates"
JPEG_QUALITY = 88
ABSENT = "not known"
_METRICS = {  # words in the names of test figures -> how they are written
    "iou": "IoU",
    "f1": "F1",
    "auc": "AUC",
    "ece": "ECE",
    "ap": "AP",
    "sd": "SD",
    "deg": "(degrees)",
    "percent": "(%)",
    "ml": "(mL)",
}
_MODEL_FIELDS = {
    "name": "Model",
    "version": "Version",
    "description": "Network",
    "data_source": "Trained on",
    "contours": "Contours",
}

# Dark text on white, readable from 380 px on and on A4; nothing is loaded from elsewhere.
BASE_STYLE = """
:root { --text: #1b2330; --muted: #5a6472; --line: #d5dae1; --panel: #f5f7f9; --strong: #a84300; }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0 auto; max-width: 1080px; padding: 20px 16px 48px; color: var(--text); background: #fff;
  font: 16px/1.5 system-ui, "Segoe UI", "Liberation Sans", Arial, sans-serif; overflow-wrap: break-word; }
h1 { font-size: 1.35rem; line-height: 1.25; margin: 0; }
h2 { font-size: 1.1rem; margin: 36px 0 10px; padding-bottom: 4px; border-bottom: 1px solid var(--line); }
p { margin: 8px 0; max-width: 75ch; }
small, .muted { color: var(--muted); }
.finding { font-size: 1.25rem; line-height: 1.4; font-weight: 600; margin: 14px 0 18px; max-width: 60ch; }
.finding .strong { color: var(--strong); }
.numbers { display: grid; grid-template-columns: repeat(auto-fit, minmax(136px, 1fr)); margin: 0;
  border-top: 1px solid var(--line); }
.numbers div { padding: 8px 10px 8px 0; border-bottom: 1px solid var(--line); }
.numbers dt { color: var(--muted); font-size: 0.85rem; }
.numbers dd { margin: 0; font-size: 1.25rem; font-weight: 600; font-variant-numeric: tabular-nums; }
.numbers dd small { display: block; font-size: 0.8rem; font-weight: 400; }
figure { margin: 14px 0 22px; }
figure img { display: block; width: 100%; height: auto; border: 1px solid var(--line); }
figcaption { color: var(--muted); font-size: 0.9rem; margin-top: 6px; max-width: 85ch; }
.wide { overflow-x: auto; }
.wide img { min-width: 640px; }
.beside { display: grid; grid-template-columns: repeat(auto-fit, minmax(260px, 1fr)); gap: 16px; }
.beside figure { margin: 0; max-width: 520px; }
.table { overflow-x: auto; }
table { border-collapse: collapse; font-size: 0.9rem; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: 4px 12px 4px 0; border-bottom: 1px solid var(--line); white-space: nowrap; }
th { color: var(--muted); font-weight: 600; vertical-align: bottom; }
th:first-child, td:first-child { text-align: left; }
th { white-space: normal; min-width: 4.5em; }
table.facts { width: 100%; }
table.facts th, table.facts td { text-align: left; white-space: normal; vertical-align: top; overflow-wrap: anywhere; }
table.facts th { width: 28%; }
.definitions dt { font-weight: 600; margin-top: 8px; }
.definitions dd { margin: 0 0 4px; max-width: 80ch; }
.notice p { margin: 2px 0; }
.notice { background: var(--panel); border-left: 3px solid var(--muted); padding: 8px 12px; margin: 12px 0; max-width: 80ch; }
summary { cursor: pointer; font-weight: 600; }
@media print {
  @page { size: A4; margin: 14mm; }
  body { max-width: none; padding: 0; font-size: 9.5pt; line-height: 1.35; }
  h2 { margin: 18px 0 6px; }
  figure { margin: 6px 0 10px; }
  .finding { font-size: 13pt; margin: 6px 0 8px; }
  .definitions dt { margin-top: 3px; }
  .wide img { min-width: 0; width: 90%; }
  .beside { grid-template-columns: repeat(3, 1fr); gap: 8px; }
  figure, tr, .numbers div, .definitions div { break-inside: avoid; }
  h2 { break-after: avoid; }
  .wide, .table { overflow: visible; }
  table { font-size: 8pt; }
  th, td { padding: 2px 7px 2px 0; }
  th { min-width: 0; }
  .on-screen { display: none; }
}
"""


@dataclass(frozen=True)
class Number:
    """One of the numbers on top: what it is, its value with the unit, and where it was found."""

    name: str
    value: str
    where: str


def environment(templates: Path) -> Environment:
    """Jinja2 environment of a folder of templates, and of the parts of a page that both reports share.

    Everything is escaped and shown plain, and a name that is not given is an error.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    made = Environment(
        loader=FileSystemLoader([templates, PARTS]),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals["base_style"] = BASE_STYLE
    return made


def _shown(value: Any) -> Any:
    """Text without what a page must not obey; markup that is ours stays as it is."""
    return plain(value) if type(value) is str else value


def picture_uri(path: Path) -> str:
    """A picture file as a data URI, as it is or as JPEG, whichever is smaller (JPEG for frames, PNG for line drawings)."""
    from PIL import Image

    original = path.read_bytes()
    with Image.open(path) as picture:
        kind = picture.get_format_mimetype()
        packed = io.BytesIO()
        picture.convert("RGB").save(packed, "JPEG", quality=JPEG_QUALITY, optimize=True)
    if packed.tell() < len(original):
        kind, original = "image/jpeg", packed.getvalue()
    return f"data:{kind};base64,{base64.b64encode(original).decode('ascii')}"


def caution(model: Mapping[str, Any] | None) -> str:
    """Who drew the contours, as far as ``model`` tells (``Bundle.summary``, with "contours" where people corrected them)."""
    if not model:
        return "Check the contours before you rely on a number."
    corrected = ", which may have been corrected since" if "contours" in model else ""
    return f"A network drew the contours{corrected}: check them before you rely on a number."


def model_rows(model: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What a bundle says of itself (``Bundle.summary``) as rows for a table of facts: title, text."""
    rows = [(title, str(model[field])) for field, title in _MODEL_FIELDS.items() if model.get(field)]
    figures = model.get("eval_metrics")
    for kind, values in figures.items() if isinstance(figures, Mapping) else ():
        told = "; ".join(_flat(values)) if isinstance(values, Mapping) else str(values)
        rows.append((f"Test figures: {_words(kind)}", told))
    return rows


def plural(count: int, word: str, ending: str = "s") -> str:
    """The count with its word."""
    return f"{count} {word}" if count == 1 else f"{count} {word}{ending}"


def with_unit(value: float | None, unit: str, decimals: int) -> str:
    """A value with its unit, or that it is not known."""
    return ABSENT if value is None else f"{value:.{decimals}f} {unit}"


def _flat(values: Mapping[str, Any], before: str = "") -> list[str]:
    """The leaves of nested figures as words and numbers."""
    told = []
    for name, value in values.items():
        title = f"{before} {_words(name)}".strip()
        if isinstance(value, Mapping):
            told += _flat(value, title)
        else:
            told.append(f"{title} {value:.3g}" if isinstance(value, float) else f"{title} {value}")
    return told


def _words(name: str) -> str:
    return " ".join(_METRICS.get(word, word) for word in str(name).split("_"))
