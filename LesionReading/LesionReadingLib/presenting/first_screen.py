"""The first screen of a report: what was found, what it may mean, how certain, what to check first, what was not looked for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

MOST_CHECKS = 4


@dataclass(frozen=True)
class Meaning:
    """What a finding may mean for the patient, and who says so.

    Attributes:
        text: for the reader. source: of the literature.
    """

    text: str
    source: str


@dataclass(frozen=True)
class Check:
    """Frames or slices to look at before anything is decided.

    Attributes:
        first, last: indices from 0. why: what they could change.
        weight: how much, in the module's own measure; the heaviest comes first.
    """

    first: int
    last: int
    why: str
    weight: float


@dataclass(frozen=True)
class FirstScreen:
    """The first screen.

    Attributes:
        found: sentences beside the finding. meanings: see ``Meaning``.
        certainty: sentences, each with a range and where it comes from, or that none can be given.
        checks: see ``Check``, the most important first.
        not_looked_for: what the program does not look for.
        network: what the network learnt from, and how it did on patients; empty where no network took part.
    """

    found: tuple[str, ...]
    meanings: tuple[Meaning, ...]
    certainty: tuple[str, ...]
    checks: tuple[Check, ...]
    not_looked_for: str
    network: tuple[str, ...]


def in_order(checks: Iterable[Check]) -> tuple[Check, ...]:
    """The heaviest checks, each place once."""
    chosen: dict[tuple[int, int], Check] = {}
    for check in sorted(checks, key=lambda check: -check.weight):
        chosen.setdefault((check.first, check.last), check)
    return tuple(chosen.values())[:MOST_CHECKS]
