"""Whether a CT was made with contrast agent, by the words of its header in many languages (``data/contrast_words.toml``)."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_WORDS = Path(__file__).parents[2] / "data" / "contrast_words.toml"
_BEFORE, _BEHIND = 4, 2  # so many words away from the agent may stand what negates it ("bez podania srodka kontrastowego")
_SIGNED = r"\b(c|km|iv|ce|kontrast\w*|contrast\w*|mdc)"
_REWRITTEN = (
    (r"(?<=\b\w)\.(?=\w\b)|(?<=\b\w)\.(?=\W|$)", ""),  # m.d.c., i.v.
    (r"\bw\s*/\s*o\b", " wo "),
    (r"\bw\s*/\s*wo\b", " w wo "),
    (r"\bc\s*\+\s*/\s*c?\s*-|\bc\s*-\s*/\s*c?\s*\+", " cplus cminus "),
    (_SIGNED + r"\s*\(?\+\)?", " cplus "),
    (r"\+\s*(c|km|iv|contrast|kontrast|mdc)\b(?!\s*-?\s*spine)", " cplus "),
    (_SIGNED + r"\s*(\(-\)?|-(?=\s|$|[/,_)]))", " cminus "),
    (r"\bc\s+minus\b", " cminus "),
    (r"\bc\s+plus\b", " cplus "),
)


def states_contrast(text: str) -> bool | None:
    """What a description says: contrast agent was given (True), was not (False), or nothing of it (None).

    Where a text says both ("con y sin contraste", "nativ und KM") the agent counts as given.
    """
    given, plain = _mentions(text)
    return True if given else False if plain else None


def was_given(header: Dataset) -> bool:
    """Whether the header of a CT says that contrast agent was given.

    The agent itself (0018,0010 and its sequence) comes first, then the series' description, then the protocol's name; a protocol
    that speaks of scans with and without says nothing of this one.
    """
    if any(names_agent(text) for text in _agents(header)):
        return True
    described = states_contrast(str(header.get("SeriesDescription", "") or ""))
    if described is not None:
        return described
    given, plain = _mentions(str(header.get("ProtocolName", "") or ""))
    return given and not plain


def frame_was_given(usage: Dataset | None, of_header: bool) -> bool:
    """What holds for a frame of an enhanced CT: its own usage of the agent (DICOM PS3.3 C.7.6.16), else what its header says."""
    stated = "" if usage is None else str(usage.get("ContrastBolusAgentAdministered", "") or "")
    return of_header if stated not in ("YES", "NO") else stated == "YES"


def names_agent(text: str) -> bool:
    """Whether the text of an agent field names an agent: anything but a word for "none", a sign, or a negated agent."""
    table, words = _table(), " ".join(_words(text))
    if any(text.strip().startswith(word) for word in table["east_asian"]["none"]):
        return False
    given, plain = _mentions(text)
    return any(sign.isalnum() for sign in text) and words not in table["none"] and (given or not plain)


def _agents(header: Dataset) -> list[str]:
    items = header.get("ContrastBolusAgentSequence") or []
    coded = [str(item.get("CodeMeaning", "") or item.get("CodeValue", "") or "") for item in items]
    return [str(header.get("ContrastBolusAgent", "") or ""), *coded]


@lru_cache(maxsize=1000)  # the files of a series say the same
def _mentions(text: str) -> tuple[bool, bool]:
    """Whether an agent is mentioned as given, and whether a text says that none was."""
    table = _table()
    given, plain = _east_asian(text)
    words = _words(text)
    last, negated = 0, False
    for start, stop, is_agent in _phrases(words):
        if not is_agent:
            plain = True
            continue
        before = words[max(last, start - _BEFORE) : start]
        if not (last and len(before) < 2 and not set(before) & table["with"]):  # "injection de produit de contraste" is one agent
            denied = set(before) & table["without"] or set(words[stop : stop + _BEHIND]) & table["behind"]
            affirmed = words[start] in table["with"] or set(before) & table["with"]
            negated = bool(denied)
            given |= bool(affirmed) or not negated
        plain |= negated
        last = stop
    return given, plain


def _east_asian(text: str) -> tuple[bool, bool]:
    table = _table()["east_asian"]
    text = unicodedata.normalize("NFKC", text)
    rest = text
    for word in table["without"]:
        rest = rest.replace(word, " ")
    return any(word in rest for word in table["contrast"]), rest != text


def _phrases(words: list[str]) -> list[tuple[int, int, bool]]:
    """(first word, one after the last, whether it is an agent) of the phrases in a text; of those that overlap the longest."""
    table = _table()
    found = [
        (start, start + len(phrase), kind == "contrast")
        for kind in ("plain", "contrast")
        for phrase in table[kind]
        for start in range(len(words) - len(phrase) + 1)
        if all(_fits(word, wanted) for word, wanted in zip(words[start:], phrase, strict=False))
    ]
    kept: list[tuple[int, int, bool]] = []
    for start, stop, is_agent in sorted(found, key=lambda place: (place[0] - place[1], place[2])):
        if all(stop <= other[0] or start >= other[1] for other in kept):
            kept.append((start, stop, is_agent))
    return sorted(kept)


def _fits(word: str, wanted: str) -> bool:
    return word.startswith(wanted[:-1]) if wanted.endswith("*") else word == wanted


def _words(text: str) -> list[str]:
    """Words in small letters without accents; signs of contrast ("C+", "w/o") as words of their own."""
    text = re.sub(r"(?<=[a-zà-ÿ])(?=[A-ZÀ-Þ])", " ", unicodedata.normalize("NFKC", text)).replace("_", " ")
    text = "".join(sign for sign in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(sign))
    text = text.translate(str.maketrans("łøđ–−", "lod--"))
    for pattern, replacement in _REWRITTEN:
        text = re.sub(pattern, replacement, text)
    return re.findall(r"[a-z0-9]+", text)


@cache
def _table() -> dict:
    table = tomllib.loads(_WORDS.read_text(encoding="utf-8"))
    phrases = {key: tuple(tuple(phrase.split()) for phrase in table[key]) for key in ("contrast", "plain")}
    return table | phrases | {key: frozenset(table[key]) for key in ("without", "behind", "with", "none")}
