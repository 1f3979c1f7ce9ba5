"""Labels along straight rays from a vertex: the polar view in which thickness, depth and the lumen border are read.

Angles in degrees: 0 points toward increasing column (image right), growing toward increasing row (clockwise on the screen).
They are physical angles: a row and a column step count with their own size in mm.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

RAY_COUNT = 720
RAY_DEG = 360 / RAY_COUNT
"""Each ray stands for the half degree around it; ray i points to (i + 0.5) x 0.5 degrees."""

_HALVINGS = 5  # a border between two samples one pixel apart is then known to 1/32 pixel


@dataclass(frozen=True)
class Grid:
    """A label image (rows, columns) seen in polar coordinates around a vertex.

    Attributes:
        labels: (rows, columns) uint8 with one ring of zeros around it, so that a ray that leaves the image reads background.
        vertex: (row, column) of the vertex in ``labels``, in pixels, not necessarily whole.
        row_size, column_size: size of a pixel, in mm (or both 1 where the spacing is not known).
    """

    labels: np.ndarray
    vertex: tuple[float, float]
    row_size: float
    column_size: float

    @property
    def step(self) -> float:
        """Distance between neighbouring samples of a ray: the smaller side of a pixel, so that none is jumped over."""
        return min(self.row_size, self.column_size)

    @property
    def pixel(self) -> float:
        """The larger side of a pixel."""
        return max(self.row_size, self.column_size)

    def polar(self, rows: np.ndarray, columns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Distance from the vertex (in the unit of the pixel sizes) and angle (degrees, 0 to 360) of pixel centres."""
        down = (rows.astype(np.float32) - np.float32(self.vertex[0])) * np.float32(self.row_size)
        right = (columns.astype(np.float32) - np.float32(self.vertex[1])) * np.float32(self.column_size)
        angles = np.degrees(np.arctan2(down, right))
        return np.sqrt(down * down + right * right), np.where(angles < 0, angles + np.float32(360), angles)

    def reach_of(self, marks: np.ndarray) -> float:
        """Distance from the vertex that no marked pixel of (rows, columns) exceeds; 0 where none is marked."""
        rows = np.flatnonzero(marks.any(axis=1))
        if rows.size == 0:
            return 0.0
        marked = marks[rows]
        ends = np.concatenate([marked.argmax(axis=1), last_marked(marked)])  # the farthest pixel of a row is its first or last
        return float(self.polar(np.tile(rows, 2), ends)[0].max() + np.hypot(self.row_size, self.column_size) / 2)

    def _steps(self, rays: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Rows and columns, in pixels, of a step of length 1 along rays."""
        angles = np.radians((rays + 0.5) * RAY_DEG)
        return (np.sin(angles) / self.row_size).astype(np.float32), (np.cos(angles) / self.column_size).astype(np.float32)

    def _indices(self, down: np.ndarray, right: np.ndarray, distances: np.ndarray) -> np.ndarray:
        """Flat indices into ``labels`` of the pixels that lie at ``distances`` along rays of such ``_steps``; shapes broadcast."""
        height, width = self.labels.shape
        rows = down * distances
        rows += np.float32(self.vertex[0] + 0.5)
        columns = right * distances
        columns += np.float32(self.vertex[1] + 0.5)
        np.clip(rows, 0, height - 1, out=rows)
        np.clip(columns, 0, width - 1, out=columns)
        indices = rows.astype(np.int32)
        indices *= np.int32(width)
        indices += columns.astype(np.int32)
        return indices

    def indices_along(self, rays: np.ndarray, reach: float) -> np.ndarray:
        """Flat indices (rays, samples) from the vertex out to ``reach`` and one sample beyond, ``step`` apart."""
        distances = np.arange(int(np.ceil(reach / self.step)) + 2, dtype=np.float32) * np.float32(self.step)
        return self._indices(*self._steps(rays[:, None]), distances[None, :])

    def border(self, rays: np.ndarray, inside: np.ndarray, outside: np.ndarray, label: int) -> np.ndarray:
        """Distance at which ``label`` ends between two samples of each ray, to a small part of a pixel.

        Args:
            rays: ray numbers.
            inside: sample numbers that carry ``label``.
            outside: neighbouring sample numbers that do not.
            label: the label whose border is sought.
        """
        within = (inside * self.step).astype(np.float32)
        beyond = (outside * self.step).astype(np.float32)
        flat = self.labels.ravel()
        steps = self._steps(rays)
        for _ in range(_HALVINGS):
            middle = (within + beyond) / 2
            carries = flat.take(self._indices(*steps, middle)) == label
            within = np.where(carries, middle, within)
            beyond = np.where(carries, beyond, middle)
        return ((within + beyond) / 2).astype(np.float64)


def places(marks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(rows, columns) of the marked pixels, as numpy.nonzero gives them but several times faster for large images."""
    flat = np.flatnonzero(marks).astype(np.int32)
    rows = flat // np.int32(marks.shape[1])
    return rows, flat - rows * np.int32(marks.shape[1])


def last_marked(marks: np.ndarray) -> np.ndarray:
    """The last marked place in each row of a boolean (rows, places) array, -1 where there is none."""
    last = marks.shape[1] - 1 - marks[:, ::-1].argmax(axis=1)
    return np.where(marks.any(axis=1), last, -1)
