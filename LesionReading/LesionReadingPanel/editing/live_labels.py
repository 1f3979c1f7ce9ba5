"""Follows the edits of a segmentation, so that numbers are measured again for the slices that have changed and for no others."""

import logging
from collections.abc import Callable, Sequence

import numpy as np
import qt
import slicer
from LesionReadingLib.errors import InputError
from LesionReadingLib.labels.label_map import Segment
from LesionReadingScene.scene import Copying, TrackedLabels, directly

from ..views import Observation


class LiveLabels:
    """Watches a segmentation node; all edits of one turn of the event loop are told together."""

    def __init__(
        self,
        segmentation,
        volume,
        segments: Sequence[Segment],
        onEdited: Callable[[list[int], np.ndarray], None],
        copying: Copying = directly,
    ) -> None:
        """onEdited(numbers, labels): slices that have changed, ascending, and labels (slices, rows, columns), not to be changed.
        copying: as for ``scene.labels_of``.

        Raises:
            InputError: as LesionReadingScene.scene.labels_of.
        """
        self._segmentation, self._tracked = segmentation, TrackedLabels(segmentation, volume, segments, copying)
        self._onEdited = onEdited
        self._timer = qt.QTimer()
        self._timer.setSingleShot(True)
        self._timer.setInterval(0)
        self._timer.connect("timeout()", self._update)
        # An undo tells only that a segment was modified.
        events = (
            slicer.vtkSegmentation.SourceRepresentationModified,
            slicer.vtkSegmentation.SegmentModified,
            slicer.vtkSegmentation.SegmentAdded,
            slicer.vtkSegmentation.SegmentRemoved,
        )
        self._observations = [Observation(segmentation, event, self._timer.start) for event in events]

    @property
    def labels(self) -> np.ndarray:
        """(slices, rows, columns) uint8 as last told, not to be changed."""
        return self._tracked.labels

    def stop(self) -> None:
        """Watch no more; what has not been told yet never is."""
        self._timer.stop()
        for observation in self._observations:
            observation.stop()

    def _update(self) -> None:
        if not slicer.mrmlScene.IsNodePresent(self._segmentation):
            return  # it is no edit that its labels went
        try:
            changed = self._tracked.update()
        except InputError as error:
            logging.warning(f"Edits are not followed: {error}")
            return
        if changed:
            self._onEdited(changed, self._tracked.labels)
