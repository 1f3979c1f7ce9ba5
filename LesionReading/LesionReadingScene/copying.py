"""Where the part of some work is done that takes long and touches no node: here, or in a thread beside the window."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

Copied = TypeVar("Copied")
Copying = Callable[[Callable[[], Copied]], Copied]


def directly(work: Callable[[], Copied]) -> Copied:
    """Does some work here and now (``Copying``)."""
    return work()
