"""Frames as they pass by on their way to the network, kept small for the page, so that a pullback is not decoded once more."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from .pullback import Pullback


class SmallFrames:
    """Keeps every frame that is read through its ``pullback``.

    Args:
        small: makes a grey frame, uint8 (rows, columns), as small as it is to be kept.

    Attributes:
        pullback: to be read from now on in place of the one that was given.
    """

    def __init__(self, pullback: Pullback, small: Callable[[np.ndarray], np.ndarray]) -> None:
        self._read, self._small = pullback.read, small
        self._kept: dict[int, np.ndarray] = {}
        self.pullback = replace(pullback, read=self._reading, read_small=self._reading_small)

    def _reading(self, first: int, stop: int) -> Iterator[np.ndarray]:
        for index, frame in zip(range(first, stop), self._read(first, stop), strict=False):
            self._kept.setdefault(index, self._small(frame))
            yield frame

    def _reading_small(self, first: int, stop: int) -> Iterator[np.ndarray]:
        for index in range(first, stop):
            yield self._kept[index] if index in self._kept else self._small(next(iter(self._read(index, index + 1))))
