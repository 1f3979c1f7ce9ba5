"""How frames and slices are numbered: from 1 for people, as every viewer does, and from 0 in files for programs, which say so."""

from __future__ import annotations

from collections.abc import Sequence

from ..language import N_, _, listed, ngettext

FILES_COUNT_FROM = 0
"""Number of the first frame or slice in JSON and CSV."""

_NAMED = 4
_STRETCHES = {  # word -> of one, of some in a row, of some, of many
    "frame": (
        N_("frame {first}"),
        N_("frames {first} to {last}"),
        N_("frames {listed}"),
        N_("frames {listed} and {more} more"),
    ),
    "slice": (
        N_("slice {first}"),
        N_("slices {first} to {last}"),
        N_("slices {listed}"),
        N_("slices {listed} and {more} more"),
    ),
}


def shown(index: int) -> int:
    """The number that people read of a frame or slice with an index from 0."""
    return index + 1


def shown_stretch(word: str, first: int, last: int) -> str:
    """``frame 9`` or ``frames 9 to 16`` of indices from 0."""
    one, row, _some, _many = _STRETCHES[word]
    return _(one if first == last else row).format(first=shown(first), last=shown(last))


def shown_list(word: str, indices: Sequence[int], most: int = _NAMED) -> str:
    """``frame 9``, or ``frames 9, 12, 14, 20 and 3 more``, of indices from 0."""
    numbers = [str(shown(index)) for index in indices]
    one, _row, some, many = _STRETCHES[word]
    if len(numbers) == 1:
        return _(one).format(first=numbers[0])
    return _(many if len(numbers) > most else some).format(listed=listed(numbers[:most]), more=len(numbers) - most)


def frames_in_words(count: int) -> str:
    """``1 frame``, ``9 frames``."""
    return ngettext("{count} frame", "{count} frames", count).format(count=count)
