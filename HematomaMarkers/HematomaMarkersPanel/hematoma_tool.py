"""Marks a hematoma by one click inside: found slice by slice while the window stays alive, and one step of undo."""

from collections.abc import Callable

import numpy as np
import qt
from LesionReadingLib.errors import InputError
from LesionReadingPanel.editing.point_placing import PointPlacing
from LesionReadingScene.scene import add_region, measured_grid, volume_array
from slicer.i18n import tr as _


class HematomaTool:
    """Drives markButton and markLabel while a result is edited."""

    def __init__(self, ui, editing) -> None:
        """ui: the widgets of the panel. editing: its SegmentEditing, whose undo knows every mark."""
        self._ui, self._editing = ui, editing
        self._volume = self._segmentation = self._labels = self._slices = None
        self._points = PointPlacing(_("Inside the hematoma"), lambda number: None)
        self._timer = qt.QTimer()
        self._timer.setInterval(0)
        self._timer.connect("timeout()", self._onSlice)
        ui.markButton.connect("clicked(bool)", self._onMark)
        ui.editButton.connect("contentsCollapsed(bool)", lambda collapsed: self.forget() if collapsed else None)
        self.unbind()

    @property
    def running(self) -> bool:
        """Whether slices are still being looked for."""
        return self._slices is not None

    def bind(self, volume, segmentation, labels: Callable[[], np.ndarray]) -> None:
        """Mark on a volume from now on. labels(): its label map as it is, (slices, rows, columns), not to be changed."""
        self.forget()
        self._volume, self._segmentation, self._labels = volume, segmentation, labels
        self._ui.markButton.enabled = True
        self._ui.markLabel.text = _("Press Mark by a click, then click into the middle of the hematoma.")

    def unbind(self) -> None:
        """Mark on nothing."""
        self.forget()
        self._volume = self._segmentation = self._labels = None
        self._ui.markButton.enabled = False
        self._ui.markLabel.text = ""

    def forget(self) -> None:
        """Ask for no click, and look no further; what was marked stays."""
        self._timer.stop()
        self._slices = None
        self._points.forget()
        self._ui.markButton.checked = False

    def _onMark(self, checked: bool = False) -> None:
        self.forget()
        if checked:
            self._ui.markButton.checked = True
            self._points.ask(1, self._onPlaced)
            self._ui.markLabel.text = _("Click into the middle of the hematoma.")

    def _onPlaced(self) -> None:
        from HematomaMarkersLib.marking.hematoma import marked_hematoma

        row, column, number = (round(float(place)) for place in self._points.voxels(self._volume)[0])
        self.forget()
        hounsfield = volume_array(self._volume)
        if not all(0 <= place < size for place, size in zip((number, row, column), hounsfield.shape, strict=True)):
            self._ui.markLabel.text = _("That point lies beside the CT; click into the middle of the hematoma.")
            return
        self._slices = marked_hematoma(hounsfield, measured_grid(self._volume), (number, row, column))
        self._count = 0
        self._timer.start()

    def _onSlice(self) -> None:
        """Put the next slice into the segmentation; the first one begins the step of undo."""
        from HematomaMarkersLib.labels import BACKGROUND, HEMATOMA
        from HematomaMarkersLib.segments import SEGMENTS

        try:
            number, region = next(self._slices)
        except StopIteration:
            self._ui.markLabel.text = _("Marked on {count} slices; correct it below, or undo it.").format(count=self._count)
            self.forget()
            return
        except InputError as error:
            self.forget()
            self._ui.markLabel.text = str(error)
            return
        if self._count == 0:
            self._editing.beginStep()
        self._count += 1
        hematoma = next(segment for segment in SEGMENTS if segment.value == HEMATOMA)
        add_region(self._segmentation, self._volume, hematoma, number, region & (self._labels()[number] == BACKGROUND))
