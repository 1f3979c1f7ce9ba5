"""The wall unrolled: what a frame shows behind the lumen border, by angle and depth, and the way back into the frame.

Row ``i`` of a view is the ray at ``i / ANGLES`` of a turn from the lumen's centroid (0 toward increasing column, growing toward
increasing row); column ``j`` lies ``FIRST_DEPTH_MM + j * DEPTH_STEP_MM`` mm behind the lumen border of that ray. The first row and
the last are neighbours. A turned frame gives a turned view, and neither the lumen's size nor its place in the picture changes it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from LesionReadingLib.masks import bounding_box, with_neighbours
from scipy import ndimage
from scipy.ndimage import gaussian_filter1d, map_coordinates, median_filter

from ..labels import BACKGROUND, CALCIUM, GUIDEWIRE, LUMEN
from ..vessel.lumen import close_lumen

ANGLES = 192
DEPTHS = 96
DEPTH_STEP_MM = 0.025
FIRST_DEPTH_MM = -0.2
CHANNELS = ("grey", "grey against the other angles", "depth", "distance to the catheter", "hidden", "lumen")

_SURFACE_MM = 0.35  # the wall's brightest layer, by which grey is scaled
_TURN_RAD = (np.arange(ANGLES, dtype=np.float32) * np.float32(2 * np.pi / ANGLES))[:, None]
DEPTH_MM = (FIRST_DEPTH_MM + DEPTH_STEP_MM * np.arange(DEPTHS, dtype=np.float32))[None, :]


@dataclass(frozen=True, eq=False)
class PolarView:
    """Where the samples of one frame's view lie.

    Attributes:
        vertex: (row, column) of the lumen's centroid in pixels.
        border_mm: (ANGLES,) distance of the lumen border from it, drawn on through the guidewire's shadow.
        labels: uint8 (ANGLES, DEPTHS), the labels that the view was made from.
        pixel_mm: side of a (square) pixel.
        shape: (rows, columns) of the frame.
    """

    vertex: tuple[float, float]
    border_mm: np.ndarray
    labels: np.ndarray
    pixel_mm: float
    shape: tuple[int, int]

    @property
    def places(self) -> tuple[np.ndarray, np.ndarray]:
        """Row and column, float32 (ANGLES, DEPTHS) each, of the samples in the frame (pixels)."""
        return _places(self.vertex, (self.border_mm[:, None] + DEPTH_MM) / np.float32(self.pixel_mm))

    def sampled(self, picture: np.ndarray) -> np.ndarray:
        """Float32 (ANGLES, DEPTHS) of a picture (rows, columns), between pixels linearly; 0 outside the picture."""
        return map_coordinates(picture, self.places, np.float32, order=1, mode="constant", prefilter=False)

    def covered(self, samples: np.ndarray, least: float = 0.5) -> np.ndarray:
        """Booleans (rows, columns): the pixels that samples, booleans (ANGLES, DEPTHS), cover.

        Args:
            least: mean of the four samples around a pixel, weighted linearly, from which it is covered; beyond the view they are 0.
        """
        covered = np.zeros(self.shape, bool)
        window = self._window(samples)
        if window is None:
            return covered
        ray, depth = self._place_of_pixels(window)
        ring = np.concatenate([samples, samples[:1]])
        # Most pixels lie between four samples that are alike, and need no weights.
        corners = np.zeros((ANGLES, DEPTHS + 1), np.uint8)
        for turned in (ring[:-1], ring[1:]):
            corners[:, 1:] += turned
            corners[:, 1:-1] += turned[:, 1:]
        outward = np.clip((depth + 1).astype(np.int32), 0, DEPTHS)
        around = corners.ravel().take(_before(ray) * (DEPTHS + 1) + outward)
        inside = around == 4
        mixed = np.nonzero((around > 0) & ~inside)
        places = ray[mixed], depth[mixed]
        inside[mixed] = map_coordinates(ring.astype(np.float32), places, np.float32, order=1, prefilter=False) >= least
        covered[window] = inside
        return covered

    def _window(self, samples: np.ndarray) -> tuple[slice, slice] | None:
        """Rows and columns that hold every pixel beside one of these samples; None where there is none."""
        near = with_neighbours(np.concatenate([samples[-1:], samples, samples[:1]]))[1:-1]
        if not near.any():
            return None
        ends = [(places[near].min() - 1, places[near].max() + 3) for places in self.places]
        return tuple(slice(*np.clip(both, 0, size).astype(int).tolist()) for both, size in zip(ends, self.shape, strict=True))

    def _place_of_pixels(self, window: tuple[slice, slice]) -> tuple[np.ndarray, np.ndarray]:
        """Number of the ray (0 to ANGLES) and of the depth on it, float, at each pixel of some rows and columns."""
        rows, columns = (np.arange(part.start, part.stop, dtype=np.float32) for part in window)
        down, right = (rows - np.float32(self.vertex[0]))[:, None], (columns - np.float32(self.vertex[1]))[None, :]
        ray = np.arctan2(down, right) * np.float32(ANGLES / (2 * np.pi))
        ray[ray < 0] += ANGLES
        before, border = _before(ray), self.border_mm.astype(np.float32)
        border_mm = border.take(before) + (ray - before) * np.diff(border, append=border[:1]).take(before)
        depth_mm = np.sqrt(down * down + right * right) * np.float32(self.pixel_mm) - border_mm
        return ray, (depth_mm - np.float32(FIRST_DEPTH_MM)) / np.float32(DEPTH_STEP_MM)


def polar_view(labels: np.ndarray, pixel_mm: float) -> PolarView | None:
    """The view of a frame whose lumen and guidewire are labelled, uint8 (rows, columns) with square pixels; None without lumen."""
    framed = np.pad(labels, 1)
    lumen = close_lumen(framed, 1.0, 1.0)
    if lumen.centroid is None:
        return None
    vertex = (float(lumen.centroid[0]) - 1, float(lumen.centroid[1]) - 1)
    border = _border(labels, vertex)
    if border is None:
        return None
    border_mm = (border * pixel_mm).astype(np.float32)
    rows, columns = _places(vertex, (border_mm[:, None] + DEPTH_MM) / np.float32(pixel_mm))
    return PolarView(vertex, border_mm, _nearest(labels, rows, columns), pixel_mm, labels.shape)


def wall_channels(view: PolarView, grey: np.ndarray) -> np.ndarray:
    """What the calcium network sees, float32 (CHANNELS, ANGLES, DEPTHS), of the frame's grey sampled by the view, 0 to 255."""
    return channels(grey, view.labels == GUIDEWIRE, view.labels == LUMEN, distance_to_catheter_mm(view))


def distance_to_catheter_mm(view: PolarView) -> np.ndarray:
    """Float32 (ANGLES, DEPTHS): distance of the samples from the picture's centre, where the catheter lies."""
    rows, columns = view.places
    centre_row, centre_column = ((size - 1) / 2 for size in view.shape)
    return np.hypot(rows - np.float32(centre_row), columns - np.float32(centre_column)) * np.float32(view.pixel_mm)


def channels(grey: np.ndarray, wire: np.ndarray, lumen: np.ndarray, catheter_mm: np.ndarray) -> np.ndarray:
    """``CHANNELS`` of a view, float32, none of which changes with the display's gain or offset.

    Grey is 0 at the view's dark end and 1 at the bright end of the wall's surface; against the other angles means less the median
    at the same depth: what weakens light less than the rest of the wall is brighter there, whatever the display. Hidden is the
    guidewire with its shadow, and what lies beyond the field of view. All arrays are (ANGLES, DEPTHS).
    """
    beyond = np.minimum.accumulate((grey < 1)[:, ::-1], axis=1)[:, ::-1]
    lumen = np.where(np.abs(DEPTH_MM) < 0.1, DEPTH_MM < 0, lumen)  # the border itself is where the view says that it is
    hidden = beyond | wire.any(axis=1, keepdims=True) & ~lumen
    seen = ~hidden
    if not seen.any():
        return np.zeros((len(CHANNELS), *grey.shape), np.float32)
    surface = seen & (DEPTH_MM >= 0) & (DEPTH_MM < _SURFACE_MM)
    low = np.percentile(grey[seen], 5)
    high = np.percentile(grey[surface], 90) if surface.any() else low
    scaled = np.clip((grey - low) / max(high - low, 8.0), -0.5, 2.0).astype(np.float32)
    others = _median_of_seen(scaled, seen)
    scaled[hidden] = 0
    against = np.where(hidden, 0, scaled - others)
    depth = np.broadcast_to(DEPTH_MM, grey.shape)
    return np.stack([scaled, against, depth, catheter_mm / 3, hidden, lumen]).astype(np.float32)


def _median_of_seen(values: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """(1, DEPTHS) median over the angles that are seen at each depth; 0 where none is."""
    ordered = np.sort(np.where(seen, values, np.inf), axis=0)
    count = seen.sum(axis=0)
    middle = ordered[np.maximum(count - 1, 0) // 2, np.arange(values.shape[1])]
    return np.where(count > 0, middle, 0).astype(np.float32)[None, :]


def sure_deposits(probability: np.ndarray, certain: float, likely: float, samples: int) -> np.ndarray:
    """Booleans (ANGLES, DEPTHS): connected samples of a ``likely`` probability, some of them of a ``certain`` one.

    A deposit is seen clearly somewhere and fades from there; what is nowhere clear is none. Pieces touch across the ring's seam.

    Args:
        samples: number of samples of a piece that must be at least ``certain``.
    """
    if np.count_nonzero(probability >= certain) < samples:
        return np.zeros(probability.shape, bool)
    twice = np.concatenate([probability, probability])  # a piece across the seam is whole in one of its two copies
    pieces, count = ndimage.label(twice >= likely)
    clear = np.bincount(pieces[twice >= certain], minlength=count + 1) >= samples
    clear[0] = False
    kept = clear[pieces]
    return kept[:ANGLES] | kept[ANGLES:]


def with_calcium(labels: np.ndarray, view: PolarView, deposits: np.ndarray) -> np.ndarray:
    """A frame's labels with calcium where its background holds the view's deposits, booleans (ANGLES, DEPTHS), and nowhere else."""
    joined = without_calcium(labels)
    if deposits.any():
        joined[view.covered(deposits) & (joined == BACKGROUND)] = CALCIUM
    return joined


def without_calcium(labels: np.ndarray) -> np.ndarray:
    """A copy of a frame's labels with background in place of calcium."""
    return np.where(labels == CALCIUM, np.uint8(BACKGROUND), labels)


def _border(labels: np.ndarray, vertex: tuple[float, float]) -> np.ndarray | None:
    """(ANGLES,) distance (pixels) of the outermost lumen of each ray; drawn on where the guidewire or nothing is seen."""
    step = 0.5
    box = bounding_box(labels)
    corners = [(row, column) for row in (box[0].start, box[0].stop) for column in (box[1].start, box[1].stop)]
    reach = max(np.hypot(row - vertex[0], column - vertex[1]) for row, column in corners)
    distances = np.arange(0, reach + 2, step, dtype=np.float32)
    rows, columns = _places(vertex, np.broadcast_to(distances, (ANGLES, distances.size)))
    along = _nearest(labels, rows, columns)
    last_lumen, last_wire = (_last(along == value) for value in (LUMEN, GUIDEWIRE))
    seen = (last_lumen >= 0) & (last_wire < last_lumen)
    if not seen.any():
        seen = last_lumen >= 0
        if not seen.any():
            return None
    border = np.interp(np.arange(ANGLES), np.flatnonzero(seen), (last_lumen[seen] + 0.5) * step, period=ANGLES)
    return gaussian_filter1d(median_filter(border, 3, mode="wrap"), 0.8, mode="wrap")


def _places(vertex: tuple[float, float], radius: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.float32(vertex[0]) + np.sin(_TURN_RAD) * radius, np.float32(vertex[1]) + np.cos(_TURN_RAD) * radius


def _before(ray: np.ndarray) -> np.ndarray:
    """Int32 number of the last ray before each place around the ring, 0 to ANGLES."""
    return np.minimum(ray.astype(np.int32), ANGLES - 1)


def _nearest(labels: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    row, column = np.rint(rows).astype(np.int32), np.rint(columns).astype(np.int32)
    inside = (row >= 0) & (row < labels.shape[0]) & (column >= 0) & (column < labels.shape[1])
    return np.where(inside, labels[np.where(inside, row, 0), np.where(inside, column, 0)], BACKGROUND).astype(np.uint8)


def _last(marks: np.ndarray) -> np.ndarray:
    return np.where(marks.any(axis=1), marks.shape[1] - 1 - marks[:, ::-1].argmax(axis=1), -1)
