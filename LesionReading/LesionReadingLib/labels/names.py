"""How the segments of a file are known by their codes and names."""

from __future__ import annotations

import re
from collections.abc import Sequence

from .label_map import Segment

_UNTOLD_NAME = re.compile(r"(segment|label)?[\s_]*\d*", re.IGNORECASE)  # "Segment_1": named by a program, tells nothing


def match_segment(
    name: str, number: int, code: Sequence[str], segments: Sequence[Segment], region: Sequence[str] = ()
) -> Segment | None:
    """The known segment that a file's segment stands for; None for other tissue.

    Args:
        name: its name or label in the file.
        number: its number, or its label value.
        code: coding scheme and value of its type; empty strings where the file has none.
        segments: those known, the one whose words go first in front.
        region: coding scheme and value of its anatomic region, which tells segments of one type apart.
    """
    of_type = [segment for segment in segments if tuple(code[:2]) == segment.type[:2]]
    of_region = [segment for segment in of_type if tuple(region[:2]) == segment.region[:2]]
    if len(of_type) == 1 or of_region:
        return (of_region or of_type)[0]
    for segment in segments:
        if any(word in name.lower() for word in segment.other_words):
            continue
        if any(re.search(rf"(?<!non)(?<!non[\s_-]){re.escape(word)}", name.lower()) for word in segment.words):
            return segment
    if _UNTOLD_NAME.fullmatch(name.strip()):
        return next((segment for segment in segments if segment.value == number), None)
    return None
