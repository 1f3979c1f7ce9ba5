"""A segmentation's label map that follows its edits, finding by itself which slices have changed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .labelmaps import Segment
from .scene_labels import Box, Layer, label_layers, labels_of, paint


class TrackedLabels:
    """The label map of a segmentation node on the voxels of a volume.

    Attributes:
        labels: uint8 (slices, rows, columns), as of the last ``update``; not to be changed.
    """

    def __init__(self, segmentation, volume, segments: Sequence[Segment]) -> None:
        """Take the label map as it is now.

        Raises:
            InputError: as ``scene.labels_of``.
        """
        self._source = (segmentation, volume, segments)
        self.labels = labels_of(*self._source)
        self._covered = _union(label_layers(*self._source) or [])

    def update(self) -> list[int]:
        """Follow the segmentation and give the numbers of the slices that have changed, ascending.

        Only what the layers cover, or covered before, is compared.

        Raises:
            InputError: as ``scene.labels_of``.
        """
        layers = label_layers(*self._source)
        if layers is None:
            return self._replace(labels_of(*self._source))
        covered = _union(layers)
        numbers, rows, columns = _union_of_boxes([self._covered, covered])
        self._covered = covered
        changed = []
        for number in range(numbers.start, numbers.stop):
            known, now = self.labels[number, rows, columns], _composed(number, layers, rows, columns)
            if not np.array_equal(known, now):
                known[...] = now
                changed.append(number)
        return changed

    def _replace(self, labels: np.ndarray) -> list[int]:
        changed = [number for number in range(len(labels)) if not np.array_equal(labels[number], self.labels[number])]
        self.labels = labels
        self._covered = tuple(slice(0, size) for size in labels.shape)
        return changed


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


def _union(layers: Sequence[Layer]) -> Box:
    return _union_of_boxes([layer.box for layer in layers])


def _union_of_boxes(boxes: Sequence[Box]) -> Box:
    """The smallest box around some; empty ones count for nothing."""
    full = [box for box in boxes if all(one.start < one.stop for one in box)]
    if not full:
        return slice(0, 0), slice(0, 0), slice(0, 0)
    return tuple(slice(min(box[axis].start for box in full), max(box[axis].stop for box in full)) for axis in range(3))
