"""The Results section: numbers that follow every edit, markers with their heat maps, the slice table, the growth."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import slicer
import vtk
from HematomaMarkersLib.labels import HEMATOMA
from HematomaMarkersLib.segments import SEGMENTS
from LesionReadingPanel.aside import aside
from LesionReadingPanel.editing.live_labels import LiveLabels
from LesionReadingPanel.unsure_overlay import UnsureOverlay
from LesionReadingPanel.views import Observation, currentSlice, jumpToSlice, lookAt, onSliceChanged, showOverlay
from LesionReadingScene.scene import result_node, results, reviewed, volume_grid

from .results.growth_view import SideBySide
from .results.heat_maps import heatOf
from .results.marker_rows import MarkerRows
from .results.results_view import showFindings
from .results.slice_table import SliceTable
from .scan_results import (
    KIND,
    PRIOR_SEGMENTATION,
    SEGMENTATION,
    VOLUME,
    LiveMeasurement,
    isEdited,
    isWhole,
    sliceOf,
    writeTable,
)

if TYPE_CHECKING:
    from HematomaMarkersLib.triage.findings import Findings

VIEW = "Red"
_FRONT, _UP = np.array([0.0, -1.0, 0.0]), np.array([0.0, 0.0, 1.0])  # LPS
_AROUND = 2.0  # how much of the 3D view is left around the hematoma


class ReadingView:
    """Shows one result at a time."""

    def __init__(self, ui, edited: Callable, decided: Callable[[], None]) -> None:
        """ui: the widgets of the panel. edited(result, slices, labels): called after every edit, before anything is measured.
        decided(): called when the findings are others.
        """
        self._ui, self._edited, self._decided = ui, edited, decided
        self._live: LiveMeasurement | None = None
        self._labels: LiveLabels | None = None
        self._observations: list[Observation] = []
        self._reviewed: set[int] = set()
        self._early: set[int] = set()  # slices that were edited while the result was measured
        self.findings: Findings | None = None
        self._rows = MarkerRows(ui, self._onMarker)
        self._table = SliceTable(ui.sliceTable, self._onSlice)
        self._sideBySide = SideBySide()
        self._unsure = UnsureOverlay(ui.unsureCheckBox)
        ui.overlayCheckBox.connect("toggled(bool)", lambda _checked=False: self._showHeat())
        ui.opacitySlider.connect("valueChanged(double)", lambda _value=0.0: self._showHeat())
        ui.sideBySideButton.connect("toggled(bool)", self._onSideBySide)
        self.stop()

    def show(self, result) -> bool:
        """Show a result that is whole, and tell whether it is shown: something else may be by the time that it is measured.

        Raises:
            InputError: it cannot be measured; nothing is shown then.
        """
        self.stop()
        shown = self._shown
        volume, segmentation = result_node(result, VOLUME), result_node(result, SEGMENTATION)
        self._result, self._labels = result, LiveLabels(segmentation, volume, SEGMENTS, self._onEdited)
        try:
            live = LiveMeasurement(result, aside)
        except BaseException:
            if self._shown is shown:
                self.stop()
            raise
        if self._shown is not shown or not isWhole(result):
            return False
        if self._early:
            live.follow(sorted(self._early), self._labels.labels)
        self._live = live
        self.decideAnew()
        self._reviewed = reviewed(result)
        self._table.fill(self.findings, self._reviewed)
        writeTable(result, self.findings)
        self._observations = [
            onSliceChanged(VIEW, self._followView),
            Observation(result, vtk.vtkCommand.ModifiedEvent, self._followReviewed),
        ]
        self._ui.reportButton.enabled = True
        self._ui.resultsButton.enabled = True
        self._ui.resultsButton.collapsed = False
        _showContoursOf(result)
        self._unsure.bind(result)
        self._rows.mark(None)
        self._showHeat()
        self._showLargest()
        self._followView()
        return True

    def stop(self) -> None:
        """Show no result."""
        if self._labels is not None:
            self._labels.stop()
        for observation in self._observations:
            observation.stop()
        self._ui.sideBySideButton.checked = False
        self._unsure.bind(None)
        self._live = self._labels = self._result = self.findings = None
        self._early = set()
        self._observations = []
        self._shown = object()  # another one with everything that is shown
        self._table.clear()
        self._ui.resultsButton.enabled = False
        self._ui.resultsButton.collapsed = True

    def labels(self) -> np.ndarray:
        """The label map of the result shown, (slices, rows, columns) as it is now, not to be changed."""
        return self._labels.labels

    def checks(self):
        """What to look at first, by the numbers as they are; nothing without a result."""
        from HematomaMarkersLib.presenting.look_first import look_first

        if self.findings is None:
            return ()
        return look_first(self.findings)

    def decideAnew(self) -> None:
        """Show the numbers and the triage as they are now; for example after the location was told."""
        if self._live is None:
            return
        self.findings = self._live.findings()
        showFindings(self._ui, self.findings, isEdited(self._live.result))
        self._rows.show(self.findings)
        self._decided()

    def _onEdited(self, slices: list[int], labels) -> None:
        if not isWhole(self._result):
            return
        self._edited(self._result, slices, labels)
        if self._live is None:  # it is being measured
            self._early.update(slices)
            return
        wereJudged = self.findings.measurement.shows_signs
        self._live.follow(slices, labels)
        self.decideAnew()
        if self.findings.measurement.shows_signs != wereJudged:
            self._table.fill(self.findings, self._reviewed)
            self._showHeat()
        else:
            self._table.update(self.findings, self._reviewed, slices)
        writeTable(self._live.result, self.findings)

    def _onMarker(self, marker: str) -> None:
        number = sliceOf(self.findings, marker)
        if number is not None:
            self._onSlice(number)
            self._centreOthers(number)
        self._ui.overlayCheckBox.checked = True
        self._showHeat()

    def _onSlice(self, number: int) -> None:
        volume = self._volume()
        if volume is not None:
            jumpToSlice(volume, number, VIEW)

    def _showLargest(self) -> None:
        """Jump to the slice with the largest area of hematoma."""
        areas = [row.area_mm2 for row in self.findings.measurement.slices]
        if any(areas):
            self._onSlice(areas.index(max(areas)))
            self._centreOthers(areas.index(max(areas)))
            self._lookAtHematoma()

    def _lookAtHematoma(self) -> None:
        """Turn the 3D view towards the hematoma, seen from the front."""
        places = volume_grid(self._volume()).lps_mm(np.argwhere(self._labels.labels == HEMATOMA))
        low, high = places.min(axis=0), places.max(axis=0)
        right_mm, depth_mm, up_mm = (high - low) / 2
        lookAt((low + high) / 2, _FRONT, _UP, _AROUND * max(right_mm, up_mm), depth_mm)

    def _centreOthers(self, number: int) -> None:
        """Let the other slice views cut through the middle of the hematoma on a slice."""
        rows, columns = np.nonzero(self._labels.labels[number] == HEMATOMA)
        if self._sideBySide.shown or not rows.size:
            return
        x, y, z = volume_grid(self._volume()).lps_mm((number, rows.mean(), columns.mean()))
        manager = slicer.app.layoutManager()
        for name in manager.sliceViewNames():
            if name != VIEW:
                manager.sliceWidget(name).mrmlSliceNode().JumpSliceByOffsetting(-x, -y, z)

    def _showHeat(self) -> None:
        volume = self._volume()
        if volume is None:
            return
        chosen = self._rows.chosen is not None and self._ui.overlayCheckBox.checked
        wanted = chosen and self.findings.measurement.shows_signs
        heat = heatOf(self._live.result, self._rows.chosen) if wanted else None
        showOverlay(volume, heat, self._ui.opacitySlider.value)

    def _followView(self) -> None:
        volume = self._volume()
        number = currentSlice(volume, VIEW) if volume is not None else None
        if number is not None:
            self._table.follow(number)

    def _followReviewed(self) -> None:
        now = reviewed(self._live.result)
        changed, self._reviewed = now ^ self._reviewed, now
        for number in changed:
            self._table.markReviewed(number, number in now)
        if changed:
            writeTable(self._live.result, self.findings)

    def _onSideBySide(self, checked: bool) -> None:
        if checked and self._live is not None and self.findings.growth is not None:
            self._sideBySide.show(self._live.result)
        else:
            self._sideBySide.hide()
        if self._live is not None:
            self._showHeat()

    def _volume(self):
        return result_node(self._live.result, VOLUME) if self._live is not None else None


def _showContoursOf(shown) -> None:
    """Show the contour of one result and hide those of the others."""
    for result in results(KIND):
        for role, visible in ((SEGMENTATION, result is shown), (PRIOR_SEGMENTATION, False)):
            node = result_node(result, role)
            if node is not None:
                node.GetDisplayNode().SetVisibility(visible)
