"""The way of a scan's pixels onto the network's grid and back: one orientation, one pixel size, slices left where they are.

Canonical means: rows run towards the patient's back, columns towards the patient's left, slices from foot to head, each as nearly
as the scan's own axes allow. A head that lies turned in the plane of its slices is turned upright within them (``head_turn``). No
slice is tilted: what lies oblique to the slices stays oblique. The same piece of every slice is taken, so a scan with a tilted
gantry keeps its head in the middle.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from LesionReadingLib.geometry.grid import Grid
from LesionReadingLib.masks import put_drawn

from ...reading.scan import AIR_HU
from .head_turn import turned

NETWORK_SIZE = 256
NETWORK_PIXEL_MM = 0.9
_SHARP = 3
"""Order of the splines by which densities are turned: linear ones would blur small bleeds."""

_TOWARDS_LEFT, _TOWARDS_BACK, _TOWARDS_HEAD = np.eye(3)


@dataclass(frozen=True)
class Orientation:
    """How a scan's array becomes canonical: transposed first where it must be, then flipped.

    Attributes:
        transposed: whether the scan's columns run along the patient's back-front axis.
        flipped: of (slices, rows, columns), after transposing.
    """

    transposed: bool
    flipped: tuple[bool, bool, bool]

    def canonical(self, volume: np.ndarray) -> np.ndarray:
        """Give a view of the scan's (slices, rows, columns) in canonical order."""
        return self._flip(volume.swapaxes(1, 2) if self.transposed else volume)

    def original(self, volume: np.ndarray) -> np.ndarray:
        """Give a view of canonical (slices, rows, columns) in the scan's order."""
        volume = self._flip(volume)
        return volume.swapaxes(1, 2) if self.transposed else volume

    def _flip(self, volume: np.ndarray) -> np.ndarray:
        return volume[tuple(slice(None, None, -1 if flip else 1) for flip in self.flipped)]


def orientation_of(grid: Grid) -> Orientation:
    """Give the orientation of a scan's grid."""
    transposed = abs(grid.column_axis @ _TOWARDS_BACK) > abs(grid.row_axis @ _TOWARDS_BACK)
    down, across = (grid.column_axis, grid.row_axis) if transposed else (grid.row_axis, grid.column_axis)
    return Orientation(transposed, (bool(grid.step_mm @ _TOWARDS_HEAD < 0), down @ _TOWARDS_BACK < 0, across @ _TOWARDS_LEFT < 0))


@dataclass(frozen=True, eq=False)
class NetworkGrid:
    """Where the network's pixels lie in a scan.

    Network pixel i lies at the canonical pixel ``first[axis] + i * step[axis]`` of the scan, the same in every slice.

    Attributes:
        orientation: of the scan.
        scan_size: (rows, columns) of the scan, canonical.
        size: (rows, columns) of the network's grid.
        first: (row, column) in canonical pixels of the scan, fractions, of the network's first pixel.
        step: (row, column) canonical pixels of the scan per network pixel.
        turn_deg: by which every slice is then turned (``head_turn.turned``). pivot: (row, column) in network pixels, about which.
    """

    orientation: Orientation
    scan_size: tuple[int, int]
    size: tuple[int, int]
    first: tuple[float, float]
    step: tuple[float, float]
    turn_deg: float = 0.0
    pivot: tuple[float, float] = (0.0, 0.0)

    def cropped(self, row: int, column: int, size: int) -> NetworkGrid:
        """Give the part of ``size`` x ``size`` pixels that begins at a row and column of this grid, also beyond its border."""
        first = (self.first[0] + row * self.step[0], self.first[1] + column * self.step[1])
        pivot = (self.pivot[0] - row, self.pivot[1] - column)
        return replace(self, size=(size, size), first=first, pivot=pivot)

    def from_scan(self, volume: np.ndarray, outside: float = AIR_HU) -> np.ndarray:
        """Give float32 (slices, *size) of a scan's volume (slices, rows, columns): linear, averaging where pixels grow.

        Args:
            outside: the value beyond the scan's border.
        """
        down, across = self._weights_from_scan()
        found = np.empty((len(volume), *self.size), np.float32)
        for target, image in zip(found, self.orientation.canonical(volume), strict=True):
            np.matmul(down @ (image.astype(np.float32) - np.float32(outside)), across.T, out=target)
        found += np.float32(outside)
        return self.turned(found, outside)

    def to_scan(self, values: np.ndarray) -> np.ndarray:
        """Give float32 (slices, rows, columns) of the scan of values (slices, *size) on this grid: linear, zero beyond it."""
        down, across = self._weights_to_scan()
        values = self._turned_back(values)
        found, canonical = self._blank(len(values), np.float32)
        for number in np.flatnonzero(values.any(axis=(1, 2))):
            _place(canonical[number], values[number], down, across)
        return found

    def labels_from_scan(self, labels: np.ndarray) -> np.ndarray:
        """Give the label map, uint8 (slices, *size), on this grid of a scan's (slices, rows, columns); see ``labels_to_scan``."""
        canonical, (down, across) = self.orientation.canonical(labels), self._weights_from_scan()
        shares = {label: _resampled(canonical == label, down, across) for label in _present(labels)}
        found = np.zeros((len(labels), *self.size), np.uint8)
        _write_largest({label: self.turned(share, 0.0, order=1) for label, share in shares.items()}, found)
        return found

    def labels_to_scan(self, labels: np.ndarray) -> np.ndarray:
        """Give the label map, uint8 (slices, rows, columns), of the scan of a label map (slices, *size) on this grid.

        Each label's area is interpolated linearly and the largest share wins, so borders stay smooth and in their place.
        """
        down, across = self._weights_to_scan()
        shares = {label: _resampled(self._turned_back(labels == label), down, across) for label in _present(labels)}
        found, canonical = self._blank(len(labels), np.uint8)
        _write_largest(shares, canonical)
        return found

    def turned(self, values: np.ndarray, outside: float, order: int = _SHARP) -> np.ndarray:
        """Give float32 values (slices, *size) of this grid as it were not turned, turned; see ``head_turn.turned``."""
        return turned(values, self.turn_deg, self.pivot, order, outside) if self.turn_deg else values

    def _blank(self, count: int, dtype: type) -> tuple[np.ndarray, np.ndarray]:
        """Zeros (slices, rows, columns) of a scan, and their canonical view."""
        found = np.zeros((count, *(self.scan_size[::-1] if self.orientation.transposed else self.scan_size)), dtype)
        return found, self.orientation.canonical(found)

    def _turned_back(self, values: np.ndarray) -> np.ndarray:
        return turned(values.astype(np.float32), -self.turn_deg, self.pivot, 1, 0.0) if self.turn_deg else values

    def _weights_from_scan(self) -> list[np.ndarray]:
        return [
            _weights(scan, first + np.arange(size) * step, step)
            for scan, size, first, step in zip(self.scan_size, self.size, self.first, self.step, strict=True)
        ]

    def _weights_to_scan(self) -> list[np.ndarray]:
        return [
            _weights(size, (np.arange(scan) - first) / step, 1 / step)
            for scan, size, first, step in zip(self.scan_size, self.size, self.first, self.step, strict=True)
        ]


def whole_grid(grid: Grid) -> NetworkGrid:
    """Give the grid of network pixels that covers a scan's whole slices."""
    orientation = orientation_of(grid)
    order = slice(None, None, -1 if orientation.transposed else 1)
    scan_size, pixel_mm = (grid.rows, grid.columns)[order], (grid.row_mm, grid.column_mm)[order]
    step = tuple(NETWORK_PIXEL_MM / mm for mm in pixel_mm)
    size = tuple(int(np.ceil(count / pixels)) for count, pixels in zip(scan_size, step, strict=True))
    first = tuple((count - 1) / 2 - (n - 1) / 2 * pixels for count, n, pixels in zip(scan_size, size, step, strict=True))
    return NetworkGrid(orientation, scan_size, size, first, step)


def _present(labels: np.ndarray) -> list[int]:
    return [int(label) for label in np.unique(labels) if label]


def _resampled(mask: np.ndarray, down: np.ndarray, across: np.ndarray) -> np.ndarray:
    """float32 (slices, down, across), the share of each pixel that a mask (slices, rows, columns) takes."""
    found = np.zeros((len(mask), len(down), len(across)), np.float32)
    for number in np.flatnonzero(mask.any(axis=(1, 2))):
        _place(found[number], mask[number], down, across)
    return found


def _place(target: np.ndarray, values: np.ndarray, down: np.ndarray, across: np.ndarray) -> None:
    """Write ``down @ values @ across.T`` into zeros; of values, not all zeros, only the part that holds some."""
    along_rows, along_columns = (_between(values.any(axis=axis)) for axis in (1, 0))
    down, across = down[:, along_rows], across[:, along_columns]
    rows, columns = (_between(weights.any(axis=1)) for weights in (down, across))
    target[rows, columns] = down[rows] @ values[along_rows, along_columns].astype(np.float32) @ across[columns].T


def _between(present: np.ndarray) -> slice:
    """From the first to the last of some booleans that is true."""
    places = np.flatnonzero(present)
    return slice(int(places[0]), int(places[-1]) + 1) if places.size else slice(0, 0)


def _write_largest(shares: dict[int, np.ndarray], target: np.ndarray) -> None:
    """Write into zeros, uint8, the label map in which the largest share wins; what is left belongs to the background."""
    values = np.array([0, *shares], np.uint8)
    for number, plane in enumerate(target):
        planes = [share[number] for share in shares.values()]
        if any(one.any() for one in planes):
            put_drawn(plane, values[np.argmax([1 - sum(planes), *planes], axis=0)])


def _weights(count: int, wanted: np.ndarray, step: float) -> np.ndarray:
    """float32 (wanted, count) weights of pixels 0..count-1 at places ``step`` pixels apart: linear, averaging where above 1.

    The kernel is a triangle, as in Pillow's ``BILINEAR``. What lies beyond the border is zero: rows there sum to less than 1.
    """
    reach = max(1.0, step)
    beyond = int(np.ceil(reach))
    known = np.arange(-beyond, count + beyond)
    triangle = np.maximum(0, 1 - np.abs(wanted[:, None] - known) / reach)
    triangle /= np.maximum(triangle.sum(axis=1, keepdims=True), 1e-9)
    return triangle[:, beyond:-beyond].astype(np.float32)
