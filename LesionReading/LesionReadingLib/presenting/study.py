"""Which study a page is of: by name where that was asked for, else by a short code that tells studies apart and names nobody.

The code is the beginning of a SHA-256 digest of the Study Instance UID (DICOM PS3.3 C.7.2.1) behind a fixed salt: 40 bits, written
as eight letters and figures. A digest cannot be turned back, and so few bits hold no UID; only who has the study itself can make
its code again and compare. An input without a UID is told apart by a digest of its pixels.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ..language import N_, _
from ..text.plain_text import plain

_SALT = b"LesionReading study code, version 1\0"
_BYTES, _GROUP = 5, 4
_MOST_PLANES = 64  # spread over a volume, that are looked at
CODE_TITLE = N_("Study code")
HOW_CODED = N_(
    "The study code is the beginning of a salted SHA-256 digest of the Study Instance UID, or of the pixels where there is none. "
    "It tells studies apart and cannot be turned back into a name or a number."
)


@dataclass(frozen=True)
class Study:
    """What a page says of its study.

    Attributes:
        code: eight letters and figures.
        identity: title and value of what names the patient and the examination; empty unless it was asked for.
    """

    code: str
    identity: tuple[tuple[str, str], ...] = field(default=(), repr=False)

    @property
    def is_named(self) -> bool:
        """Whether the page names the patient."""
        return bool(self.identity)

    @property
    def shown(self) -> tuple[tuple[str, str], ...]:
        """Title and value of everything in the header."""
        return (*((_(title), value) for title, value in self.identity), (_(CODE_TITLE), self.code))

    @property
    def footer(self) -> str:
        """The line at the foot of every printed page."""
        return " · ".join([*(value for _, value in self.identity), f"{_(CODE_TITLE)} {self.code}"])

    @property
    def metadata(self) -> tuple[tuple[str, str], ...]:
        """Name and content of the page's ``meta`` elements."""
        return tuple((name.lower().replace(" ", "-"), value) for name, value in (*self.identity, (CODE_TITLE, self.code)))


def study_of(files: Sequence[Path], pixels: np.ndarray, with_identity: bool = False) -> Study:
    """The study of an input.

    Args:
        files: its DICOM files; empty for other images.
        pixels: its planes (planes, ...), by some of which it is told apart where no file states a Study Instance UID.
        with_identity: whether the page may name the patient.
    """
    from ..reading.dicom.files import read_header

    header = read_header(files[0]) if files else None
    uid = str(header.get("StudyInstanceUID") or "") if header is not None else ""
    known = [uid.encode()] if uid else pixels[:: -(-len(pixels) // _MOST_PLANES)]
    return Study(_code(known), _identity(header) if with_identity and header is not None else ())


def _code(content: Iterable[bytes | np.ndarray]) -> str:
    """Of some bytes, or of arrays one after the other: a copy of a long pullback would be half a gigabyte."""
    digest = hashlib.sha256(_SALT)
    for part in content:
        digest.update(np.ascontiguousarray(part) if isinstance(part, np.ndarray) else part)
    text = base64.b32encode(digest.digest()[:_BYTES]).decode("ascii")
    return f"{text[:_GROUP]}-{text[_GROUP:]}"


def _identity(header) -> tuple[tuple[str, str], ...]:
    """Name, number, birth date, study date and time, and institution, as far as they are stated."""
    rows = (
        (N_("Name"), _name(header.get("PatientName"))),
        (N_("Patient number"), header.get("PatientID")),
        (N_("Born"), _date(header.get("PatientBirthDate"))),
        (N_("Study"), f"{_date(header.get('StudyDate'))} {_time(header.get('StudyTime'))}"),
        (N_("Institution"), header.get("InstitutionName")),
    )
    return tuple((title, text) for title, value in rows if (text := plain(value or "")))


def _name(name) -> str:
    """``Maboroshi Tarou (幻影 太郎)``: letters first, ideographs behind them where there are any."""
    groups = [" ".join(part for part in group.split("^") if part) for group in str(name or "").split("=")]
    written = groups[1] if len(groups) > 1 else ""
    return f"{groups[0]} ({written})" if groups[0] and written else groups[0] or written


def _date(value) -> str:
    text = "".join(letter for letter in str(value or "") if letter.isdigit())
    return f"{text[:4]}-{text[4:6]}-{text[6:8]}" if len(text) >= 8 else str(value or "")


def _time(value) -> str:
    text = str(value or "").replace(":", "")
    return f"{text[:2]}:{text[2:4]}" if len(text) >= 4 and text[:4].isdigit() else ""
