"""The stacked label map prepared for three-dimensional pictures."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from LesionReadingLib.geometry.grid import Grid
from LesionReadingLib.geometry.spacing import Spacing
from LesionReadingLib.language import N_
from LesionReadingLib.pieces import padded

from ...labels import CALCIUM, GUIDEWIRE, LUMEN
from ...measurement.pullback import PullbackMeasurement
from ...vessel.lumen import close_lumen

IN_PLANE_SAMPLES = 256  # the cropped vessel is reduced to at most about this many rows and columns
CLOSE_UP_HALF_LENGTH_MM = 6.0
CLOSE_UP_HALF_FRAMES = 30  # where the frame spacing is not known
CLOSE_UP_MOST_FRAMES = 120
NOT_TO_SCALE = N_("Proportions are not to scale: a spacing is unknown.")


Volumes = dict[str, np.ndarray]
"""The vessel cropped and reduced for drawing, uint8 (frames, rows, columns), 0 to 255: the part of the reduced voxel that is
``calcium`` of less than 180 degrees, calcium of a bridged arc of 180 degrees or more (``over_180``), ``lumen`` (also behind the
guidewire) and ``guidewire`` inside the lumen."""


@dataclass(frozen=True)
class Scene:
    """Where the drawn volumes lie in the pullback, and what they show; axes (frame, row, column).

    Attributes:
        shape: of each volume.
        shown: names of the volumes that are not empty.
        step_mm: distance of the reduced voxels (frame, row, column); in mm only where ``to_scale``.
        first_row, first_column: where the crop begins, in pixels of the full frame.
        shrink: how many pixels make one reduced voxel.
        close_up: first and stop frame of the stretch that is drawn large.
        to_scale: whether every axis is in mm.
    """

    shape: tuple[int, int, int]
    shown: frozenset[str]
    step_mm: tuple[float, float, float]
    first_row: int
    first_column: int
    shrink: int
    close_up: tuple[int, int]
    to_scale: bool

    def reduced(self, frame: np.ndarray, size: tuple[int, int]) -> np.ndarray:
        """A grey frame of a pullback of frames of that size (rows, columns), itself maybe smaller, on the scene's grid: one pixel
        of every cell."""
        firsts = self.first_row, self.first_column
        rows, columns = (
            ((first + self.shrink * (np.arange(cells) + 0.5)) * pixels / whole).astype(int)
            for first, cells, pixels, whole in zip(firsts, self.shape[1:], frame.shape, size, strict=True)
        )
        return frame[rows].take(columns, axis=1)


@dataclass(frozen=True)
class Surface:
    """Where to write the calcium surface, and where the voxels of the pullback lie in the patient."""

    file: Path
    grid: Grid

    def placed(self, scene: Scene) -> dict:
        """The file with the LPS position of the scene's first voxel, as the drawing process reads it."""
        middle = (scene.shrink // 2) / 2
        column_mm, row_mm = scene.step_mm[2] / scene.shrink, scene.step_mm[1] / scene.shrink
        offset = np.array([(scene.first_column + middle) * column_mm, (scene.first_row + middle) * row_mm, 0.0])
        direction = self.grid.direction
        origin = self.grid.origin_mm + np.reshape(direction, (3, 3)) @ offset
        return {"file": str(self.file), "origin_mm": origin.tolist(), "direction": list(direction)}


def build_scene(
    labels: np.ndarray, measurement: PullbackMeasurement, in_plane_samples: int = IN_PLANE_SAMPLES
) -> tuple[Scene, Volumes]:
    """Crop the label map (frames, rows, columns) to the vessel and reduce it to at most about ``in_plane_samples`` rows and
    columns; unknown spacings are drawn out of proportion."""
    rows, columns = _vessel_box(labels)
    shrink = max(1, -(-max(rows.stop - rows.start, columns.stop - columns.start) // in_plane_samples))
    cropped = labels[:, rows, columns]
    step_mm, to_scale = _drawing_step(measurement.spacing, cropped.shape)
    step_mm = (step_mm[0], step_mm[1] * shrink, step_mm[2] * shrink)
    calcium = _filled_part(cropped, shrink, CALCIUM)
    over_180 = np.zeros(calcium.shape, np.uint8)
    for frame in measurement.frames:
        if frame.arc_bridged_deg >= measurement.parameters.continuous_arc_deg:
            vertex = [(at - box.start + 0.5) / shrink - 0.5 for at, box in zip(frame.vertex, (rows, columns), strict=True)]
            over_180[frame.frame] = calcium[frame.frame] * _within_arc(frame.deposits[0].arc, vertex, calcium.shape[1:], step_mm)
    middle = shrink // 2
    lumen, guidewire = _lumen_and_guidewire(cropped[:, middle::shrink, middle::shrink], calcium.shape, step_mm)
    calcium -= over_180
    volumes = {"calcium": calcium, "over_180": over_180, "lumen": lumen, "guidewire": guidewire}
    scene = Scene(
        shape=calcium.shape,
        shown=frozenset(name for name, volume in volumes.items() if volume.any()),
        step_mm=step_mm,
        first_row=rows.start,
        first_column=columns.start,
        shrink=shrink,
        close_up=_close_up(len(labels), measurement),
        to_scale=to_scale,
    )
    return scene, volumes


def _vessel_box(labels: np.ndarray) -> tuple[slice, slice]:
    """Rows and columns that hold calcium or lumen in any frame, with a margin; looks at every fourth pixel."""
    seen = np.zeros(labels[0, ::4, ::4].shape, bool)
    for frame in labels:  # one by one, here and below: a mask of a long pullback is slow and large
        coarse = frame[::4, ::4]
        seen |= (coarse == CALCIUM) | (coarse == LUMEN)
    if not seen.any():
        return slice(0, labels.shape[1]), slice(0, labels.shape[2])
    return tuple(_span(seen.any(axis=1 - axis), labels.shape[1 + axis]) for axis in (0, 1))


def _span(seen: np.ndarray, length: int) -> slice:
    found = np.flatnonzero(seen)
    margin = max(8, length // 32)
    return slice(max(0, 4 * int(found[0]) - margin), min(length, 4 * int(found[-1]) + margin))


def _filled_part(labels: np.ndarray, shrink: int, value: int) -> np.ndarray:
    """Part (0 to 255) of every ``shrink`` x ``shrink`` cell that has ``value``, from up to four samples of the cell."""
    offsets = sorted({0, shrink // 2})
    rows, columns = (size // shrink * shrink for size in labels.shape[1:])
    share = np.uint8(255 // len(offsets) ** 2)
    filled = np.zeros((len(labels), rows // shrink, columns // shrink), np.uint8)
    for frame, part in zip(labels, filled, strict=True):
        mask = (frame[:rows, :columns] == value).view(np.uint8)
        for row in offsets:
            for column in offsets:
                part += mask[row::shrink, column::shrink]
        part *= share
    return filled


def _within_arc(arc: np.ndarray, vertex: list[float], shape: tuple[int, int], step_mm: tuple[float, float, float]) -> np.ndarray:
    """Boolean (rows, columns): voxels whose angle from the vertex (reduced row, column) lies in an arc (bins,), or next to it."""
    down = (np.arange(shape[0]) - vertex[0])[:, None] * step_mm[1]
    right = (np.arange(shape[1]) - vertex[1])[None, :] * step_mm[2]
    angle = np.arctan2(down, right) / (2 * np.pi) % 1
    widened = arc.copy()
    for shift in range(1, arc.size // 90):  # 4 degrees: the reduced voxels at the ends of the arc belong to it
        widened |= np.roll(arc, shift) | np.roll(arc, -shift)
    return widened[(angle * arc.size).astype(int) % arc.size]


def _lumen_and_guidewire(
    labels: np.ndarray, shape: tuple[int, int, int], step_mm: tuple[float, float, float]
) -> tuple[np.ndarray, np.ndarray]:
    """The lumen closed behind the guidewire and the guidewire inside it, 0 or 255, from one label per reduced voxel."""
    lumen, guidewire = np.zeros(shape, np.uint8), np.zeros(shape, np.uint8)
    for frame, inside, hiding in zip(labels[:, : shape[1], : shape[2]], lumen, guidewire, strict=True):
        inside[frame == LUMEN] = 255
        if (frame == GUIDEWIRE).any():
            hidden = close_lumen(padded(frame), step_mm[1], step_mm[2]).hidden
            at = hidden[0] - 1, hidden[1] - 1
            inside[at] = hiding[at] = 255
    return lumen, guidewire


def _drawing_step(spacing: Spacing, shape: tuple[int, int, int]) -> tuple[tuple[float, float, float], bool]:
    """Distances for drawing (frame, row, column): the real ones, or for unknown ones a choice that looks like a vessel."""
    row, column = (spacing.row_mm, spacing.column_mm) if spacing.in_plane_known else (1.0, 1.0)
    frame = spacing.frame_mm if spacing.known else 6 * row * shape[1] / max(shape[0], 6)
    return (frame, row, column), spacing.known


def _close_up(frame_count: int, measurement: PullbackMeasurement) -> tuple[int, int]:
    """First and stop frame of the stretch around the maximum arc, or around the middle where there is no calcium."""
    frame_mm = measurement.spacing.frame_mm
    half = round(CLOSE_UP_HALF_LENGTH_MM / frame_mm) if frame_mm else CLOSE_UP_HALF_FRAMES
    length = min(2 * half + 1, CLOSE_UP_MOST_FRAMES, frame_count)
    centre = frame_count // 2 if measurement.max_arc_frame is None else measurement.max_arc_frame
    first = min(max(0, centre - length // 2), frame_count - length)
    return first, first + length
