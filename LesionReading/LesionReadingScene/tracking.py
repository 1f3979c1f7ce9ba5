"""A segmentation's label map that follows its edits, finding by itself which slices have changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import vtk
from LesionReadingLib.labels.label_map import Segment

from .copying import Copying, directly
from .label_layers import Box, Layer, label_layers, shape_of
from .labels import labels_of, laid, paint


class TrackedLabels:
    """The label map of a segmentation node on the voxels of a volume.

    Attributes:
        labels: uint8 (slices, rows, columns), as of the last ``update``; not to be changed.
    """

    def __init__(self, segmentation, volume, segments: Sequence[Segment], copying: Copying = directly) -> None:
        """Take the label map as it is now; ``copying`` as for ``scene.labels_of``: what changes meanwhile is told by ``update``.

        Raises:
            InputError: as ``scene.labels_of``.
        """
        self._source, shape = (segmentation, volume, segments), shape_of(volume)
        layers = label_layers(*self._source)
        if layers is None:
            self.labels, self._seen = labels_of(*self._source), None
            return
        self._seen, self.labels = copying(lambda: _looked_at_and_laid(layers, shape))

    def update(self) -> list[int]:
        """Follow the segmentation and give the numbers of the slices that have changed, ascending.

        Layers are compared with what was seen of them before, and labels are put together only where that differs.

        Raises:
            InputError: as ``scene.labels_of``.
        """
        layers = label_layers(*self._source)
        if layers is None or self._seen is None:
            return self._replace(layers)
        _, rows, columns = _union([*(seen.box for seen in self._seen.values()), *(layer.box for layer in layers)])
        changed = []
        for number in sorted(self._touched(layers)):
            known, now = self.labels[number, rows, columns], _composed(number, layers, rows, columns)
            if not np.array_equal(known, now):
                known[...] = now
                changed.append(number)
        return changed

    def _touched(self, layers: Sequence[Layer]) -> set[int]:
        """Slices where a layer is no longer as it was seen, came or went; from now on it is seen as it is."""
        before, self._seen = self._seen, {}
        touched: set[int] = set()
        for layer in layers:
            seen = before.pop(layer.image, None)
            if seen is not None and seen.fits(layer):
                touched |= seen.follow(layer)
            else:
                touched |= _numbers(layer.box) | (_numbers(seen.box) if seen is not None else set())
                seen = _Seen.of(layer)
            self._seen[layer.image] = seen
        return touched.union(*(_numbers(gone.box) for gone in before.values()))

    def _replace(self, layers: Sequence[Layer] | None) -> list[int]:
        """Follow without layers on the volume's own voxels, now or before: everything is compared."""
        before, self.labels, self._seen = self.labels, labels_of(*self._source), _looked_at(layers)
        return [number for number in range(len(before)) if not np.array_equal(before[number], self.labels[number])]


def _looked_at_and_laid(layers: Sequence[Layer], shape: tuple[int, int, int]) -> tuple[dict[vtk.vtkObject, _Seen], np.ndarray]:
    """What layers are seen to be, and the label map of just that, whatever they become meanwhile."""
    seen = _looked_at(layers)
    return seen, laid([replace(layer, part=seen[layer.image].part) for layer in layers], shape)


def _looked_at(layers: Sequence[Layer] | None) -> dict[vtk.vtkObject, _Seen] | None:
    return None if layers is None else {layer.image: _Seen.of(layer) for layer in layers}


@dataclass(eq=False)
class _Seen:
    """A layer as it was when last looked at: when it was modified, its box, its values and a copy of its voxels."""

    modified: int
    box: Box
    values: np.ndarray | None
    part: np.ndarray

    @classmethod
    def of(cls, layer: Layer) -> _Seen:
        return cls(layer.image.GetMTime(), layer.box, layer.values, layer.part.copy())

    def fits(self, layer: Layer) -> bool:
        """Whether a layer covers the same voxels and means the same by its values."""
        same_values = np.array_equal(self.values, layer.values) if self.values is not None else layer.values is None
        return self.box == layer.box and self.part.dtype == layer.part.dtype and same_values

    def follow(self, layer: Layer) -> set[int]:
        """See a layer that fits as it is now; gives the numbers of its slices that have changed."""
        if self.modified == layer.image.GetMTime():
            return set()
        self.modified = layer.image.GetMTime()
        changed = set()
        for offset, (known, now) in enumerate(zip(self.part, layer.part, strict=True)):
            if not np.array_equal(known, now):
                known[...] = now
                changed.add(layer.box[0].start + offset)
        return changed


def _numbers(box: Box) -> set[int]:
    return set(range(box[0].start, box[0].stop))


def _composed(number: int, layers: Sequence[Layer], rows: slice, columns: slice) -> np.ndarray:
    """(rows, columns) of a slice with all layers on top of each other; not to be changed."""
    here = [layer for layer in layers if layer.box[0].start <= number < layer.box[0].stop]
    if len(here) == 1 and here[0].box[1:] == (rows, columns):
        return here[0].labels(here[0].part[number - here[0].box[0].start])
    labels = np.zeros((rows.stop - rows.start, columns.stop - columns.start), np.uint8)
    for layer in here:
        at, own_rows, own_columns = layer.box
        target = labels[own_rows.start - rows.start : own_rows.stop - rows.start, own_columns.start - columns.start :]
        paint(target[:, : own_columns.stop - own_columns.start], layer.labels(layer.part[number - at.start]))
    return labels


def _union(boxes: Sequence[Box]) -> Box:
    """The smallest box around some; empty ones count for nothing."""
    full = [box for box in boxes if all(one.start < one.stop for one in box)]
    if not full:
        return slice(0, 0), slice(0, 0), slice(0, 0)
    return tuple(slice(min(box[axis].start for box in full), max(box[axis].stop for box in full)) for axis in range(3))
