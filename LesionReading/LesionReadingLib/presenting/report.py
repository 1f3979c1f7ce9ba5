"""What the reports of both modules share: the jinja2 environment, pictures inside the file, and words.

The words are needed in Slicer's panels too, which run where jinja2 and Pillow may not be installed yet.
"""

from __future__ import annotations

import base64
import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..language import N_, _, joined, kept_together, language
from ..text.plain_text import plain

if TYPE_CHECKING:
    from jinja2 import Environment

PARTS = Path(__file__).parent / "templates"
_SCRIPTS = ("picture.js", "along.js", "links.js", "viewer.js", "mesh.js")
JPEG_QUALITY = 88
_METRICS = {  # words in the names of test figures -> how they are written
    "iou": "IoU",
    "f1": "F1",
    "auc": "AUC",
    "ece": "ECE",
    "ap": "AP",
    "sd": "SD",
    "bridged": N_("bridged"),
    "arc": N_("arc"),
    "bias": N_("bias"),
    "arcs_in_range": N_("true arcs in the model's range"),
    "volumes_in_range": N_("true volumes in the model's range"),
    "dice": N_("Dice"),
    "heads": N_("heads"),
    "volume": N_("volume"),
    "median": N_("median"),
    "width": N_("width"),
    "signs": N_("signs"),
    "open": N_("left open"),
    "patients": N_("patients"),
    "patient": N_("patient"),
    "hypodensity": N_("hypodensity"),
    "irregular_margin": N_("irregular margin"),
    "blend": N_("blend"),
    "fluid_level": N_("fluid level"),
    "deg": N_("(degrees)"),
    "percent": "(%)",
    "ml": "(mL)",
}
_FIGURES = {  # names of test figures -> how they are told
    "volume_within_10_percent": N_("volume within 10 % of the truth in {}"),
    "volume_error_percent": N_("volume error {:.1f} %"),
    "median_width_ml": N_("median width {:.1f} mL"),
    "median_volume_error_ml": N_("median volume error {:.2f} mL"),
    "without_hematoma_below_half_ml": N_("under 0.5 mL marked in {:.0f} % of the heads without a hematoma"),
    "frames_over_180_f1": N_("F1 of the frames of 180 degrees or more {:.2f}"),
    "lumen_dice": N_("mean Dice of the lumen {:.3f}"),
    "smallest_lumen_dice": N_("smallest Dice of the lumen {:.3f}"),
    "false_calcium_share": N_("false calcium in {:.0f} % of the frames"),
    "guidewire_found_share": N_("guidewire found in {:.0f} % of the frames"),
    "frames_with_calcium": N_("{} frames with calcium"),
    "frames_without_calcium": N_("{} frames without calcium"),
    "frames_missed": N_("no calcium found in {} frames with calcium"),
    "close_arcs": N_("arc within 30 degrees in {} frames"),
    "patients": N_("{} patients"),
    "source": "{}",
}
_SHARES = {"without_hematoma_below_half_ml", "false_calcium_share", "guidewire_found_share"}  # 0 to 1, told in percent
_COUNTS = {  # the same of figures that are counts: found, of how many
    "bleeds_under_1_ml": N_("{found} of {count} bleeds under 1 mL found"),
    "bleeds_1_to_3_ml": N_("{found} of {count} bleeds of 1 to 3 mL found"),
    "bleeds_over_3_ml": N_("{found} of {count} bleeds over 3 mL found"),
    "marked_without_blood": N_("more than 0.3 mL marked in {found} of {count} heads without blood"),
    "referred_without_blood": N_("{found} of {count} heads without blood referred"),
}
_KINDS = {
    "phantom": N_("Figures on phantoms"),
    "shifted": N_("Figures on phantoms with shifted physics"),
    "wide": N_("Figures on phantoms of the wide range"),
    "frames": N_("Figures on real frames without calcium"),
    "real": N_("Figures on real frames with calcium"),
    "ranges": N_("Ranges on held-out phantoms"),
}
_MODEL_FIELDS = {
    "name": N_("Model"),
    "version": N_("Version"),
    "description": N_("Network"),
    "data_source": N_("Trained on"),
    "contours": N_("Contours"),
}


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
    script = "(() => {\n" + "".join((PARTS / file).read_text(encoding="utf-8") for file in _SCRIPTS) + "})();\n"
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")
    made.globals |= {
        "_": _,
        "language": language(),
        "joined": joined,
        "page_style": (PARTS / "page.css").read_text(encoding="utf-8"),
        "viewer_script": script,
        "script_source": f"'sha256-{digest}'",  # no other script runs in the page
    }
    made.filters["css_string"] = _css_string
    return made


def _css_string(text: str) -> str:
    """A text as a string of CSS that cannot end it, nor the ``style`` element (CSS Syntax 3, 4.3.7)."""
    letters = (letter if letter.isalnum() or letter in " .,:-·()" else f"\\{ord(letter):x} " for letter in plain(text))
    return f'"{"".join(letters)}"'


def _shown(value: Any) -> Any:
    """Text without what a page must not obey; markup that is ours stays as it is."""
    return kept_together(plain(value)) if type(value) is str else value


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
        return _("Check the contours before you rely on a number.")
    if "contours" in model:
        return _("A network drew the contours, which may have been corrected since: check them before you rely on a number.")
    return _("A network drew the contours: check them before you rely on a number.")


def model_rows(model: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What a bundle says of itself (``Bundle.summary``) as rows for a table of facts: title, text."""
    rows = [(_(title), _(str(model[field]))) for field, title in _MODEL_FIELDS.items() if model.get(field)]
    figures = model.get("eval_metrics")
    for kind, values in figures.items() if isinstance(figures, Mapping) else ():
        text = _("; ").join(_flat(values)) if isinstance(values, Mapping) else str(values)
        rows.append((_(_KINDS[kind]) if kind in _KINDS else _("Figures: {kind}").format(kind=_words(kind)), text))
    return rows


def absent() -> str:
    """What stands in the place of a value that is not known."""
    return _("not known")


def with_unit(value: float | None, unit: str, decimals: int) -> str:
    """A value with its unit, or that it is not known."""
    return absent() if value is None else f"{value:.{decimals}f} {unit}"


def _flat(values: Mapping[str, Any], before: str = "") -> list[str]:
    """The leaves of nested figures as words and numbers; what was not measured is left out."""
    texts = []
    for name, value in values.items():
        title = _("mean Dice,") if name == "patients" and isinstance(value, Mapping) else f"{before} {_words(name)}".strip()
        if name in _COUNTS and isinstance(value, Mapping) and {"found", "count"} <= value.keys():
            texts.append(_(_COUNTS[name]).format(found=value["found"], count=value["count"]))
        elif isinstance(value, Mapping):
            counted = {"held", "count"} <= value.keys()
            texts += (
                [_("{what}: held in {held} of {count}").format(what=title, held=value["held"], count=value["count"])]
                if counted
                else []
            )
            texts += _flat({name: one for name, one in value.items() if not (counted and name in ("held", "count"))}, title)
        elif value is not None and (name, value) != ("frames_without_calcium", 0):
            texts.append(_figure(name, title, value))
    return texts


def _figure(name: str, title: str, value: Any) -> str:
    try:
        told = _(value) if isinstance(value, str) else 100 * value if name in _SHARES else value
        return _(_FIGURES[name]).format(told)
    except (KeyError, ValueError):  # a name of somebody's own, or a text where a number is expected
        return f"{title} {value:.3g}" if isinstance(value, float) else f"{title} {value}"


def _words(name: str) -> str:
    known = _METRICS.get(str(name))
    return _(known) if known else " ".join(_(_METRICS.get(word, word)) for word in str(name).split("_"))
