"""What a reader must know before a pullback's numbers: said first, told apart by code."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Caution:
    """One thing that a reader must know.

    Attributes:
        code: for programs.
        sentence: for people.
    """

    code: str
    sentence: str
