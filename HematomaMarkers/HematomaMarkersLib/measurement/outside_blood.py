"""Blood outside the brain (subarachnoid, subdural, epidural), which a network may see and nothing here measures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

LEAST_ML = 1.5
"""Less is as often dura, a sinus or bright cortex beneath the bone. Of 120 validation heads of the wide range (seeds 500 to 699) it
is told in 25 of 30 with 1 mL and more, and in 5 of 86 without any; from 1 mL on it would be 26 and 8, from 2.5 mL on 22 and 4."""


@dataclass(frozen=True)
class OutsideBlood:
    """What a network that was taught to saw of it; its volume is no measurement, only what tells blood from noise.

    Attributes:
        volume_ml: of what was marked. slice: number in the scan of the slice with most of it; None where there is none.
    """

    volume_ml: float
    slice: int | None

    @property
    def is_seen(self) -> bool:
        """Whether it is enough to be told."""
        return self.slice is not None and self.volume_ml >= LEAST_ML

    def to_json(self) -> dict[str, Any]:
        """For ``measurements.json``."""
        return {"seen": self.is_seen, "slice": self.slice, "marked_ml": self.volume_ml}


def outside_from_json(found: Mapping[str, Any] | None) -> OutsideBlood | None:
    """What ``to_json`` gave.

    Raises:
        KeyError, TypeError, ValueError: it is something else.
    """
    if found is None:
        return None
    number = found["slice"]
    if not (number is None or (isinstance(number, int) and number >= 0)):
        raise ValueError("no slice")
    return OutsideBlood(float(found["marked_ml"]), number)
