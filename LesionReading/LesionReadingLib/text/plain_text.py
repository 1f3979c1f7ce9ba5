"""Free text out of files (segment names, series descriptions, model cards) as a terminal, a note or a report may show it.

Such text can hold what a terminal obeys instead of showing it (ECMA-48 control sequences: colours, titles, a moving cursor) and
what turns the order of letters around it (Unicode's bidirectional overrides).
"""

from __future__ import annotations

import re

# ECMA-48: CSI ... final byte; the strings OSC, DCS, SOS, PM and APC up to their end, where they have one; other escapes.
_SEQUENCES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
    r"|(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)"
    r"|\x1b[ -/]*[0-~]"
)
# What is left of the C0 and C1 controls; marks that turn the order of letters or take no room.
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u200b\u200e\u200f\u061c\u202a-\u202e\u2060\u2066-\u2069\ufeff]")
_HALVES = re.compile("[\ud800-\udfff]")  # of characters, as Python reads a file name that is not UTF-8


def plain(text: object) -> str:
    """The text on one line, without control characters, terminal sequences, turned order and halves of characters."""
    shown = " ".join(_SEQUENCES.sub("", str(text)).split())
    return _HALVES.sub("\N{REPLACEMENT CHARACTER}", _UNSEEN.sub("", shown)).strip()
