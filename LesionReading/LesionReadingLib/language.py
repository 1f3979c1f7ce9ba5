"""The language of what people read: reports, pictures and messages. What programs read (JSON names, CSV headers, codes) has one.

A text is written in English where it is used, as a whole sentence with named places, and goes through ``_`` or ``ngettext``:
``_("Slice {number}").format(number=3)``. The catalogues are gettext's, in ``locale``; ``make translations`` collects the texts and
compiles them. What has no translation is told in English. The language belongs to the context (``contextvars``) of a run, so two
runs in two threads may have two languages, and work in another process is told its language.
"""

from __future__ import annotations

import gettext as catalogues
import locale
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path

LANGUAGES = ("en", "ja")
SOURCE_LANGUAGE = "en"
_BEFORE_UNIT = re.compile(r"(\d) (?=(?:mm|cm|mL|HU|kV)(?![A-Za-z]))")
_SENTENCES_PARTED_BY = {"en": " ", "ja": ""}
_LISTED_BY = {"en": ", ", "ja": "、"}
ASKS_FOR_LANGUAGE = "LESION_READING_LANGUAGE"
"""Variable of the environment by which a program, as Slicer's panels, asks a command for its language."""

DOMAIN = "lesion_reading"
LOCALE = Path(__file__).parent / "locale"
_language: ContextVar[str] = ContextVar("language", default=SOURCE_LANGUAGE)


def _(text: str) -> str:
    """The text in the language of the context; what stands in braces is filled in by the caller."""
    return _catalogue(_language.get()).gettext(text) if text else ""  # an empty text is the catalogue's head


def ngettext(one: str, many: str, count: int) -> str:
    """The text for so many, in the language of the context."""
    return _catalogue(_language.get()).ngettext(one, many, count)


def joined(*sentences: str) -> str:
    """Sentences behind each other, parted as the language of the context parts them; empty ones are left out."""
    return _SENTENCES_PARTED_BY[_language.get()].join(filter(None, sentences))


def listed(parts: Iterable[str]) -> str:
    """Words behind each other with the commas of the language of the context."""
    return _LISTED_BY[_language.get()].join(parts)


def kept_together(text: str) -> str:
    """A text in which no line ends between a number and its unit, where the language of the context breaks lines anywhere."""
    return _BEFORE_UNIT.sub("\\1\N{NO-BREAK SPACE}", text) if _language.get() == "ja" else text


def N_(text: str) -> str:
    """The text itself: marks one that is defined in one place and goes through ``_`` in another."""
    return text


def language() -> str:
    """The language of the context, ``"en"`` or ``"ja"``."""
    return _language.get()


@contextmanager
def speaking(chosen: str) -> Iterator[None]:
    """While inside, texts are in this language of ``LANGUAGES``."""
    token = _language.set(chosen)
    try:
        yield
    finally:
        _language.reset(token)


def speak(chosen: str) -> None:
    """From now on texts of this context are in this language; for a program with one user, as Slicer is."""
    _language.set(nearest(chosen))


def nearest(name: str) -> str:
    """The language of ``LANGUAGES`` that a locale asks for (``ja_JP.UTF-8``, ``Japanese_Japan``), English where there is none."""
    return "ja" if name.lower().startswith("ja") else SOURCE_LANGUAGE


def usual_language(environment: Mapping[str, str] = os.environ) -> str:
    """What a program asks for (``ASKS_FOR_LANGUAGE``), else the person's locale, as POSIX finds it, else the system's settings."""
    for variable in (ASKS_FOR_LANGUAGE, "LC_ALL", "LC_MESSAGES", "LANG"):
        if environment.get(variable):
            return nearest(environment[variable])
    return nearest(locale.getlocale()[0] or "")


@cache
def _catalogue(chosen: str) -> catalogues.NullTranslations:
    return catalogues.translation(DOMAIN, LOCALE, [chosen], fallback=True)
