"""Figures of an adaptation: pictures of patients read by the model before, and by one adapted without their patient."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

Judged = dict[str, Any]
"""One picture: its ``patient``, and figures ``before`` and ``after``; None after where its patient was not left out."""


def gain_figures(
    pictures: Sequence[Judged],
    *,
    called: str,
    lesion: str,
    shows_lesion: Callable[[Judged], bool],
    means: Callable[[Sequence[Judged], str], dict[str, Any]],
) -> dict[str, Any]:
    """How many pictures there are, how many show a lesion, and their means before and after.

    Args:
        called: what the pictures are, for the names of the figures; ``lesion`` likewise.
        means: gives the means of pictures on the side ``"before"`` or ``"after"``.
    """
    held = [picture for picture in pictures if picture["after"]]
    with_lesion = list(filter(shows_lesion, pictures))
    return {
        called: len(pictures),
        "patients": len({picture["patient"] for picture in pictures}),
        f"{called}_with_{lesion}": len(with_lesion),
        f"patients_with_{lesion}": len({picture["patient"] for picture in with_lesion}),
        "before": means(pictures, "before"),
        "after": means(held, "after") if held else None,
    }


def gain_row(figures: dict[str, Any], name: str, shown: Callable[[dict[str, Any]], str]) -> list[str]:
    """A row of a table of ``gain_figures``: its name, and a figure before and after."""
    return [name, *("not measured" if side is None else shown(side) for side in (figures["before"], figures["after"]))]
