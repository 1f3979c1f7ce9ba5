"""The file of the panels' texts that Slicer's language packs take (Qt Linguist's TS 2.1), collected from Python and ``.ui`` files.

A text of a Python file belongs to the context ``PACKAGE.FILE``, or ``FILE`` outside of a package, as ``slicer.i18n.tr`` does it;
a text of a ``.ui`` file to the class of its form, as Qt's own loader does.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

from .catalogue import ROOT

TS = {"ja": ROOT / "Resources" / "Translations" / "LesionReading_ja-JP.ts"}
_LOCALES = {"ja": "ja_JP"}
_BY_GETTEXT = ("Lib", "Scene")
"""Packages whose texts are in the catalogues (``catalogue``)."""

_MODULES = ("LesionReading", "OCTCalcium", "HematomaMarkers")
_SHOWN = {"text", "title", "toolTip", "placeholderText", "prefix", "suffix", "specialValueText", "windowTitle", "statusTip"}
_HEAD = '<?xml version="1.0" encoding="utf-8"?>\n<!DOCTYPE TS>\n'

Text = tuple[str, str]
"""(context, text in English)"""


def collected() -> list[Text]:
    """Every text of the panels once, by context and text."""
    found: set[Text] = set()
    for module in _MODULES:
        for path in sorted((ROOT / module).rglob("*.py")):
            if not path.relative_to(ROOT).parts[1].endswith(_BY_GETTEXT):
                found.update(_of_python(path))
        for path in sorted((ROOT / module).rglob("*.ui")):
            found.update(_of_form(path))
    return sorted(found)


def context_of(path: Path) -> str:
    """The context of a Python file (``slicer.i18n.getContext``)."""
    package = f"{path.parent.name}." if (path.parent / "__init__.py").exists() else ""
    return package + path.stem


def _of_python(path: Path) -> Iterator[Text]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            texts = [one.value for one in node.args if isinstance(one, ast.Constant) and isinstance(one.value, str)]
            if node.func.id == "_" and len(texts) == 1:
                yield context_of(path), texts[0]


def _of_form(path: Path) -> Iterator[Text]:
    form = ElementTree.parse(path).getroot()
    context = form.findtext("class")
    for shown in (one for one in form.iter() if one.get("name") in _SHOWN):
        for text in shown.iter("string"):
            if text.text and text.get("notr") != "true":
                yield context, text.text


def stored(language: str) -> dict[Text, str]:
    """The texts of the file in the repository with their translations; empty ones are not translated yet."""
    if not TS[language].exists():
        return {}
    return {
        (context.findtext("name"), message.findtext("source")): message.findtext("translation") or ""
        for context in ElementTree.parse(TS[language]).getroot().iter("context")
        for message in context.iter("message")
    }


def as_ts(texts: dict[Text, str], language: str) -> str:
    """The texts as a file for translators and for ``lrelease``."""
    root = ElementTree.Element("TS", version="2.1", language=_LOCALES[language], sourcelanguage="en")
    contexts: dict[str, ElementTree.Element] = {}
    for (name, text), translation in sorted(texts.items()):
        if name not in contexts:
            contexts[name] = ElementTree.SubElement(root, "context")
            ElementTree.SubElement(contexts[name], "name").text = name
        message = ElementTree.SubElement(contexts[name], "message")
        ElementTree.SubElement(message, "source").text = text
        translated = ElementTree.SubElement(message, "translation")
        if translation:
            translated.text = translation
        else:
            translated.set("type", "unfinished")
    ElementTree.indent(root, "    ")
    return _HEAD + ElementTree.tostring(root, encoding="unicode") + "\n"


def updated(language: str) -> dict[Text, str]:
    """The texts of the sources with the translations there are; one of the same text in another context serves, too."""
    known = stored(language)
    by_text = {text: translation for (_context, text), translation in known.items() if translation}
    return {(context, text): known.get((context, text)) or by_text.get(text) or _sign(text) for context, text in collected()}


def _sign(text: str) -> str:
    """A text without letters, as an arrow, is the same in every language; else nothing."""
    return "" if any(letter.isalpha() for letter in text) else text


def update(language: str) -> list[str]:
    """Write the file of a language; what is not translated yet."""
    texts = updated(language)
    TS[language].parent.mkdir(parents=True, exist_ok=True)
    TS[language].write_text(as_ts(texts, language), encoding="utf-8")
    return list(dict.fromkeys(text for (_context, text), translation in texts.items() if not translation))
