"""Free text that can name a patient, a person or a place, and when it may be told.

People write names into descriptions, names of segments and of files. A run tells such text, on a terminal or in a file, only where
the person asked for it (``--with-identity``). Which attributes are free text in this sense is as in DICOM PS3.15 table E.1-1 (Basic
Application Level Confidentiality Profile); what a scanner writes by itself (manufacturer, model, kernel) is told.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from ..language import N_, _
from .plain_text import plain

_FREE_TEXT = {
    N_("series description"): "SeriesDescription",
    N_("study description"): "StudyDescription",
    N_("protocol"): "ProtocolName",
    N_("institution"): "InstitutionName",
    N_("station"): "StationName",
    N_("device serial number"): "DeviceSerialNumber",
}
_is_shown: ContextVar[bool] = ContextVar("identity asked for", default=False)


@contextmanager
def naming(with_identity: bool) -> Iterator[None]:
    """While inside, free text is shown ``with_identity``."""
    token = _is_shown.set(with_identity)
    try:
        yield
    finally:
        _is_shown.reset(token)


def identity_is_shown() -> bool:
    """Whether the person asked for free text."""
    return _is_shown.get()


def shown_text(text: object) -> str:
    """The text on one line where it may be shown, else nothing."""
    return plain(text) if text and identity_is_shown() else ""


def more_is_shown_of(what: str) -> str:
    """The end of a sentence that lists things without their names: how to see them."""
    return "" if identity_is_shown() else _(" (--with-identity shows their {what})").format(what=what)


def shown_file_name(path: Path) -> dict[str, str]:
    """The name of an input as a fact for the report; empty unless asked for."""
    return {N_("input"): shown_text(path.name)} if identity_is_shown() else {}


def shown_identity(header: Mapping[str, Any]) -> dict[str, str]:
    """What the person who scanned wrote into a DICOM header, as facts for the report: title -> text; empty unless asked for."""
    facts = {title: shown_text(header.get(keyword)) for title, keyword in _FREE_TEXT.items()}
    return {title: text for title, text in facts.items() if text}
