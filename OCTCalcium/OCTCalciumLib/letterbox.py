"""Where a frame lies in the network's square, and the way there and back: one rule for training, prediction and pages.

A frame of any size is shrunk or enlarged to fit a square of ``NETWORK_SIZE`` pixels with the proportions that it has in mm, also
where its pixels are not square, and lies in the middle of that square on black.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

NETWORK_SIZE = 512


@dataclass(frozen=True)
class Letterbox:
    """Where a frame of one size lies in the network's square.

    Attributes:
        rows, columns: size of the frame in its own pixels.
        size: side of the square in network pixels.
        aspect: height over width of the frame's pixels; those of the square are square.
    """

    rows: int
    columns: int
    size: int = NETWORK_SIZE
    aspect: float = 1.0

    @property
    def inner_rows(self) -> int:
        """Rows of the square that the frame covers."""
        return max(1, round(self._height * self.size / max(self._height, self.columns)))

    @property
    def inner_columns(self) -> int:
        """Columns of the square that the frame covers."""
        return max(1, round(self.columns * self.size / max(self._height, self.columns)))

    @property
    def _height(self) -> float:
        """Of the frame, in widths of its pixels."""
        return self.rows * self.aspect

    @property
    def window(self) -> tuple[slice, slice]:
        """The rows and columns of the square that the frame covers, as slices."""
        top = (self.size - self.inner_rows) // 2
        left = (self.size - self.inner_columns) // 2
        return slice(top, top + self.inner_rows), slice(left, left + self.inner_columns)

    def square(self, frame: np.ndarray) -> np.ndarray:
        """Give the uint8 frame (rows, columns) as uint8 square (size, size); shrinking averages, so speckle does not alias."""
        return self._fitted(frame, Image.Resampling.BILINEAR)

    def square_labels(self, labels: np.ndarray) -> np.ndarray:
        """Give the uint8 label map (rows, columns) as uint8 square (size, size), nearest label."""
        return self._fitted(labels, Image.Resampling.NEAREST)

    def frame_labels(self, labels: np.ndarray) -> np.ndarray:
        """Give the labels of a uint8 square (size, size) in the frame's own pixels (rows, columns), nearest label."""
        return _resized(labels[self.window], self.rows, self.columns, Image.Resampling.NEAREST)

    def _fitted(self, frame: np.ndarray, resampling: Image.Resampling) -> np.ndarray:
        inner = _resized(frame, self.inner_rows, self.inner_columns, resampling)
        if inner.shape == (self.size, self.size):
            return inner
        square = np.zeros((self.size, self.size), np.uint8)
        square[self.window] = inner
        return square


def _resized(frame: np.ndarray, rows: int, columns: int, resampling: Image.Resampling) -> np.ndarray:
    if frame.shape == (rows, columns):
        return frame
    # Pillow's bilinear filter widens with the shrinking factor: it is an area average on the way down.
    return np.asarray(Image.fromarray(np.ascontiguousarray(frame)).resize((columns, rows), resampling))
