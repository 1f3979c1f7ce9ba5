"""The catalogues of gettext (``LesionReadingLib.language``): collected from Python, templates and model cards."""

from __future__ import annotations

import io
import json
import tomllib
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from LesionReadingLib.language import DOMAIN, LANGUAGES, LOCALE, SOURCE_LANGUAGE

ROOT = Path(__file__).parents[1]
TRANSLATED = tuple(name for name in LANGUAGES if name != SOURCE_LANGUAGE)
_SOURCES = (
    "LesionReading/LesionReadingLib",
    "LesionReading/LesionReadingScene",
    "OCTCalcium/OCTCalciumLib",
    "HematomaMarkers/HematomaMarkersLib",
    "Resources/Models",
)
_KEYWORDS = {"_": None, "N_": None, "ngettext": (1, 2)}
_CARD_FIELDS = ("name", "description", "data_source")  # those of a model card that a report tells
_WIDTH = 120


def texts_of_card(file, keywords, comment_tags, options) -> Iterator[tuple[int, str, str, list]]:
    """Babel's extraction method for ``metadata.json`` of a bundle: what ``report.model_rows`` and the first screen tell of it."""
    card = json.load(file)
    for name in _CARD_FIELDS:
        if isinstance(text := card.get(name), str):
            yield 1, "_", text, []
    if isinstance(source := card.get("data_source"), str):
        yield 1, "_", source.partition(". ")[0].rstrip("."), []  # the first screen tells its first sentence
    yield from ((1, "_", text, []) for text in _leaves(card.get("eval_metrics")))


def names_in_toml(file, keywords, comment_tags, options) -> Iterator[tuple[int, str, str, list]]:
    """Babel's extraction method for a table of names that a page shows, as ``windows.toml``."""
    yield from ((1, "_", name, []) for name in tomllib.load(file))


def _leaves(figures) -> Iterator[str]:
    if isinstance(figures, dict):
        for value in figures.values():
            yield from _leaves(value)
    elif isinstance(figures, str):
        yield figures


_METHODS = [
    ("**.py", "python"),
    ("**/templates/**.html", "jinja2"),
    ("**/configs/metadata.json", texts_of_card),
    ("data/windows.toml", names_in_toml),
]


def collected() -> Catalog:
    """Every text of the sources, untranslated."""
    catalog = Catalog(project="LesionReading", charset="utf-8")
    for folder in _SOURCES:
        found = extract_from_dir(ROOT / folder, _METHODS, {}, _KEYWORDS)
        for file, line, text, comments, context in found:
            catalog.add(text, None, [(f"{folder}/{file}", line)], auto_comments=comments, context=context)
    return catalog


def po_path(language: str) -> Path:
    """The catalogue that translators edit."""
    return LOCALE / language / "LC_MESSAGES" / f"{DOMAIN}.po"


def mo_path(language: str) -> Path:
    """The catalogue that programs read. It is in the repository, so that nothing has to be compiled to run."""
    return po_path(language).with_suffix(".mo")


def stored(language: str) -> Catalog:
    """The catalogue of a language as it is in the repository."""
    with po_path(language).open("rb") as file:
        return read_po(file, locale=language)


def updated(language: str) -> Catalog:
    """The stored catalogue with the texts of the sources: new ones untranslated, those that are gone left out."""
    catalog = stored(language)
    created = catalog.creation_date
    catalog.update(collected(), no_fuzzy_matching=True)
    catalog.creation_date = created  # else a file would change each time it is looked at
    catalog.obsolete.clear()
    return catalog


def as_po(catalog: Catalog) -> bytes:
    """A catalogue as a file for translators, the same for the same texts: in alphabetical order, without where they stand."""
    packed = io.BytesIO()
    write_po(packed, catalog, width=_WIDTH, sort_output=True, no_location=True, omit_header=False)
    return packed.getvalue()


def as_mo(catalog: Catalog) -> bytes:
    """A catalogue as gettext reads it."""
    packed = io.BytesIO()
    write_mo(packed, catalog)
    return packed.getvalue()


def update(language: str) -> list[str]:
    """Write both files of a language; what is not translated yet."""
    catalog = updated(language)
    po_path(language).write_bytes(as_po(catalog))
    mo_path(language).write_bytes(as_mo(catalog))
    return [str(message.id) for message in catalog if message.id and not is_translated(message)]


def is_translated(message) -> bool:
    """Whether a message has all its forms."""
    forms = message.string if isinstance(message.string, tuple) else (message.string,)
    return all(forms) and not message.fuzzy
