"""How the segments of a file are known: by what the user says, by their codes, by whole words of their names, by their numbers.

Names are compared without case, accents and punctuation, with CamelCase and digits split: "CalcifiedPlaque2" is
"calcified plaque 2".
Words and negations are known in English, German, French, Spanish, Italian, Portuguese, Dutch, Swedish, Polish and Japanese.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..errors import InputError
from ..language import _
from ..text.identity import identity_is_shown, more_is_shown_of
from .label_map import Segment
from .vocabulary import (
    CONJUNCTION,
    JAPANESE_NEGATION_AFTER,
    JAPANESE_NEGATION_BEFORE,
    NEGATION,
    NEGATION_AFTER,
    TERMS,
    VERSION,
    Term,
)

_UNTOLD_NAME = re.compile(r"(segment|label|mask|roi)?( \d+)*")  # "Segment_1": named by a program, tells nothing
_PLAIN_LETTERS = str.maketrans({"ł": "l", "ø": "o", "æ": "ae", "œ": "oe", "đ": "d", "ı": "i"})
_LONGEST_SHOWN = 60
NO_CLASS = "none"
"""In ``chosen``: this segment is to be left out."""


@dataclass(frozen=True)
class FileSegment:
    """What a file says of one of its segments.

    Attributes:
        name: its name or label.
        number: its number, or its label value, or its place in the file (from 1) where label values are not unique.
        code, region: coding scheme and value of its type and of its anatomic region; empty where the file has none.
    """

    name: str
    number: int
    code: Sequence[str] = ()
    region: Sequence[str] = ()


@dataclass(frozen=True)
class Matched:
    """What the segments of a file were taken for.

    Attributes:
        segments: for each segment of the file the known one, None for one that is left out.
        message: a sentence on all of them, for the person who runs the command; their names are in it where ``identity`` allows it.
        notes: sentences without names, for reports.
    """

    segments: tuple[Segment | None, ...]
    message: str
    notes: tuple[str, ...]


def match_segments(found: Sequence[FileSegment], segments: Sequence[Segment], chosen: Mapping[str, str] | None = None) -> Matched:
    """Say of every segment of a file what it is.

    Args:
        segments: those known; the first one has to be there, as measuring without it would say that there is none in the patient.
        chosen: name (or number) of a segment -> name of the class, or ``NO_CLASS``, from the user. Where a class was chosen, no
            other segment is taken for it.

    Raises:
        InputError: no segment of the first class, versions of one class that exclude each other, a name and a code that say
            different classes, or a choice that is not there.
    """
    assigned = _assigned(found, segments, chosen or {})
    taken_classes = {segment.value for segment in assigned.values() if segment}
    matched: list[Segment | None] = []
    for index, one in enumerate(found):
        segment = assigned[index] if index in assigned else match_segment(one.name, one.number, one.code, segments, one.region)
        if index not in assigned and segment and segment.value in taken_classes:
            segment = None
        if index not in assigned and segment:
            _refuse_contradiction(one, segment, segments)
        matched.append(segment)
    _refuse_versions(found, matched, assigned, segments)
    if segments[0] not in matched:
        raise InputError(
            _(
                "The label map has no segment that is {name}: {listed}{more}. Name one with --segment "
                '"NUMBER={name}", or add an empty segment {name} if there is none in the patient.'
            ).format(name=segments[0].name, listed=_listed(found, matched), more=_more())
        )
    left_out = matched.count(None)
    notes = (
        (
            _("{left_out} of the {count} segments of the label map were left out as other tissue.").format(
                left_out=left_out, count=len(found)
            ),
        )
        if left_out
        else ()
    )
    return Matched(tuple(matched), _("Segments of the label map: {listed}.").format(listed=_listed(found, matched)), notes)


def match_segment(
    name: str, number: int, code: Sequence[str], segments: Sequence[Segment], region: Sequence[str] = ()
) -> Segment | None:
    """The known segment that a file's segment stands for; None for other tissue, and for a name that fits two of them.

    A code decides, unless the name speaks of other tissue; then the words of the name; a name that tells nothing leaves the number.

    Args: as in ``FileSegment``.
    """
    plain = plain_name(name)
    of_type = [segment for segment in segments if tuple(code[:2]) == segment.type[:2]]
    of_region = [segment for segment in of_type if tuple(region[:2]) == segment.region[:2]]
    if len(of_type) == 1 or of_region:
        coded = (of_region or of_type)[0]
        return None if _is_other(plain, TERMS[coded.name]) else coded
    named = [segment for segment in segments if _holds_term(plain, TERMS[segment.name])]
    if named:
        return named[0] if len(named) == 1 else None
    if _UNTOLD_NAME.fullmatch(plain):
        return next((segment for segment in segments if segment.value == number), None)
    return None


def _refuse_contradiction(one: FileSegment, segment: Segment, segments: Sequence[Segment]) -> None:
    """Refuse a segment that bears the very name of another known class than its code: a copy that was renamed, most likely."""
    named = [known for known in segments if plain_name(one.name) == plain_name(known.name)]
    if named and named[0] is not segment:
        raise InputError(
            _(
                "Segment {number} of the label map is called {name}, but its code is that of {name_2}; say which it is with "
                '--segment "{number}=CLASS".'
            ).format(number=one.number, name=named[0].name, name_2=segment.name)
        )


def class_of(text: str, segments: Sequence[Segment]) -> Segment | None:
    """The known segment of a class that a user typed: its name, its value, or a word for it."""
    exact = [segment for segment in segments if text.strip().casefold() in (segment.name.casefold(), str(segment.value))]
    return exact[0] if exact else match_segment(text, -1, (), segments)


def plain_name(name: str) -> str:
    """A name as words of small letters without accents, parted by single spaces."""
    text = unicodedata.normalize("NFKC", name)
    text = re.sub(r"(?<=[a-zà-öø-ÿ])(?=[A-ZÀ-ÖØ-Þ])|(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])", " ", text).casefold()
    parts = unicodedata.normalize("NFD", text.translate(_PLAIN_LETTERS))
    # Only accents of Latin letters go: the marks of kana change the sound.
    text = unicodedata.normalize("NFC", re.sub(r"(?<=[a-z])[\u0300-\u036f]+", "", parts))
    return " ".join(re.sub(r"[\W_]+", " ", text.replace("+", " and ").replace("&", " and ").replace("/", " and ")).split())


def shown_name(name: str) -> str:
    """A segment's name as a terminal may show it: quoted, cut, without control characters."""
    text = " ".join("".join(character if character.isprintable() else " " for character in name).split())
    return f'"{text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 3] + "..."}"'


def _holds_term(plain: str, term: Term) -> bool:
    """Whether a name speaks of a term: says a word for it that is not negated, and nothing that makes it other tissue."""
    phrase = _without_negated(plain, term)
    return bool(term.words.search(phrase)) and not term.others.search(phrase)


def _is_other(plain: str, term: Term) -> bool:
    phrase = _without_negated(plain, term)
    return bool(term.others.search(phrase)) or (bool(term.words.search(plain)) and not term.words.search(phrase))


def _without_negated(plain: str, term: Term) -> str:
    """The name without what it denies: from "no" or "without" up to the next "and" or "with"."""
    for word in term.japanese:
        plain = re.sub(rf"({JAPANESE_NEGATION_BEFORE}) ?{word}|{word} ?({JAPANESE_NEGATION_AFTER})", "", plain)
    kept, denied = [], False
    for word in plain.split():
        if NEGATION.fullmatch(word):
            denied = True
        elif CONJUNCTION.fullmatch(word):
            denied = False
        if NEGATION_AFTER.fullmatch(word):
            kept = []
        elif not denied:
            kept.append(word)
    return " ".join(kept)


def _assigned(found: Sequence[FileSegment], segments: Sequence[Segment], chosen: Mapping[str, str]) -> dict[int, Segment | None]:
    """What the user says of segments: place in the file -> class, None to leave it out."""
    assigned: dict[int, Segment | None] = {}
    for name, wanted in chosen.items():
        same = [index for index, one in enumerate(found) if plain_name(one.name) == plain_name(name)]
        same = [index for index in same if found[index].name.strip() == name.strip()] or same
        same = same or [index for index, one in enumerate(found) if str(one.number) == name.strip()]
        if not same:
            listed = ", ".join(_called(one) for one in found)
            raise InputError(
                _("The label map has no segment {shown_name}; its segments are {listed}{more}; change --segment.").format(
                    shown_name=shown_name(name), listed=listed, more=_more()
                )
            )
        segment = None if wanted.strip().casefold() == NO_CLASS else class_of(wanted, segments)
        if segment is None and wanted.strip().casefold() != NO_CLASS:
            known = ", ".join(segment.name for segment in segments)
            raise InputError(
                _("A segment can be {known} or {no_class}, not {shown_name}; change --segment.").format(
                    known=known, no_class=NO_CLASS, shown_name=shown_name(wanted)
                )
            )
        assigned |= dict.fromkeys(same, segment)
    return assigned


def _refuse_versions(
    found: Sequence[FileSegment],
    matched: Sequence[Segment | None],
    assigned: Mapping[int, Segment | None],
    segments: Sequence[Segment],
) -> None:
    """Several segments of one class are parts of it, unless their names say that they are versions of the same."""
    for segment in segments:
        alike = [one for index, one in enumerate(found) if matched[index] is segment and index not in assigned]
        if len(alike) > 1 and any(VERSION.search(plain_name(one.name)) for one in alike):
            listed = ", ".join(map(_called, alike))
            raise InputError(
                _(
                    "The label map has {count} versions of {name} ({listed}){more}, of which one can be measured; "
                    'choose it with --segment "NUMBER={name}".'
                ).format(count=len(alike), name=segment.name, listed=listed, more=_more())
            )


def _called(one: FileSegment) -> str:
    """How a person reads of a segment: by its number, as people name segments after patients; by its name too where asked for."""
    return f"{one.number} {shown_name(one.name)}" if identity_is_shown() else _("number {number}").format(number=one.number)


def _more() -> str:
    return more_is_shown_of(_("names"))


def _listed(found: Sequence[FileSegment], matched: Sequence[Segment | None]) -> str:
    parts = [
        (_("{segment} is left out") if segment is None else _("{segment} is taken as {name}")).format(
            segment=_called(one), name="" if segment is None else _(segment.name)
        )
        for one, segment in zip(found, matched, strict=True)
    ]
    return ", ".join(parts)
