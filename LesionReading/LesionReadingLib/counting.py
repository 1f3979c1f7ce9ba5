"""How frames and slices are numbered: from 1 for people, as every viewer does, and from 0 in files for programs, which say so."""

from __future__ import annotations

from collections.abc import Sequence

FILES_COUNT_FROM = 0
"""Number of the first frame or slice in JSON and CSV."""

_NAMED = 4


def shown(index: int) -> int:
    """The number that people read of a frame or slice with an index from 0."""
    return index + 1


def shown_stretch(word: str, first: int, last: int) -> str:
    """``frame 9`` or ``frames 9 to 16`` of indices from 0."""
    return f"{word} {shown(first)}" if first == last else f"{word}s {shown(first)} to {shown(last)}"


def shown_list(word: str, indices: Sequence[int], most: int = _NAMED) -> str:
    """``frame 9``, or ``frames 9, 12, 14, 20 and 3 more``, of indices from 0."""
    numbers = [str(shown(index)) for index in indices]
    if len(numbers) == 1:
        return f"{word} {numbers[0]}"
    more = f" and {len(numbers) - most} more" if len(numbers) > most else ""
    return f"{word}s {', '.join(numbers[:most])}{more}"
