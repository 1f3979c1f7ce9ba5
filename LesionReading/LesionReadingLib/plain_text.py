"""Free text out of files (segment names, series descriptions, model cards) as a terminal, a note or a report may show it.

Such text can hold what a terminal obeys instead of showing it (ECMA-48 control sequences: colours, titles, a moving cursor) and
what turns the order of letters around it (Unicode's bidirectional overrides).
"""

from __future__ import annotations

import re
import unicodedata

# ECMA-48: CSI ... final byte; the strings OSC, DCS, SOS, PM and APC up to their end, where they have one; other escapes.
_SEQUENCES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
    r"|(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)"
    r"|\x1b[ -/]*[0-~]"
)
_INVISIBLE = frozenset("\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff\u200b\u2060")


def plain(text: object) -> str:
    """The text on one line, without control characters, terminal sequences, turned order and halves of characters."""
    shown = _SEQUENCES.sub("", str(text))
    return "".join(_shown(letter) for letter in " ".join(shown.split())).strip()


def _shown(letter: str) -> str:
    kind = unicodedata.category(letter)
    if kind == "Cc" or letter in _INVISIBLE:
        return ""
    return "\N{REPLACEMENT CHARACTER}" if kind == "Cs" else letter
