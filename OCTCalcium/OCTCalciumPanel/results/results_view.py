"""The results of one pullback in the panel and the views, all following the frame on view and every edit."""

from collections.abc import Callable

import qt
import slicer
import slicer.util
import vtk
from LesionReadingLib.errors import InputError
from LesionReadingPanel.aside import aside, turn
from LesionReadingPanel.editing.live_labels import LiveLabels
from LesionReadingPanel.editing.review_bar import ReviewBar
from LesionReadingPanel.editing.segment_editing import SegmentEditing
from LesionReadingPanel.unsure_overlay import UnsureOverlay
from LesionReadingPanel.views import READING_VIEW, Observation, currentSlice, jumpToSlice, onSliceChanged, showVolume
from LesionReadingScene import scene
from slicer.i18n import tr as _

from ..deposit_tool import DepositTool
from ..pullback_nodes import UNKNOWN_PIXEL_MM
from ..pullback_results import KIND, MODEL, runCautions, runDoubt, segmentationOf
from .arc_markup import ArcMarkup
from .arc_plot import selectChart, showFrame, showNumbersInScene, updateFrames
from .enface_map import EnFaceMap
from .frame_table import FrameTable
from .numbers_block import NumbersBlock
from .vessel_view import VesselView


class ResultsView:
    """Shows the result of one pullback at a time, or that there is none.

    Attributes:
        measurement: PullbackMeasurement as shown now; None without a result.
        segmentation: the node that is measured; None without a result.
    """

    def __init__(self, ui, edited: Callable) -> None:
        """ui: the widgets of the panel. edited(result, frames, labels): called after every edit, before anything is measured."""
        self._ui, self._edited = ui, edited
        self._volume = self._result = self._live = self._frame = self.measurement = self.segmentation = None
        self._observations: list[Observation] = []
        self._early: set[int] = set()  # frames that were edited while the pullback was measured
        self._numbers = NumbersBlock(ui, self.goTo)
        self._table = FrameTable(ui.frameTable, self.goTo)
        self._map = EnFaceMap(ui, self.goTo)
        self._arc = ArcMarkup()
        self._vessel = VesselView(lambda: (self._volume, self._live.labels, self.measurement))
        self._editing = SegmentEditing(ui, KIND)
        self._marking = DepositTool(ui, self._editing)
        self._review = ReviewBar(ui)
        self._unsure = UnsureOverlay(ui.unsureCheckBox)
        ui.renderingCheckBox.connect("toggled(bool)", self._onRendering)
        ui.arcCheckBox.connect("toggled(bool)", lambda checked: self._drawArc())
        self.clear()

    def show(self, volume, result) -> None:
        """Show a volume node in the slice views, and its result measured anew; None where there is no result, or no volume."""
        self.clear()
        shown = self._shown
        turned = _turnViewsTo(volume)
        if result is None:
            return
        self._volume, self._result, self.segmentation = volume, result, segmentationOf(result)
        try:
            if not self._measure():
                return  # something else is shown by now
        except InputError as error:
            self.clear()
            self._numbers.clear(str(error))
            return
        showNumbersInScene(result, self.measurement)
        self._numbers.show(self.measurement, runCautions(self._result), runDoubt(self._result))
        model = scene.result_json(result, MODEL, "")
        self._ui.modelUsedLabel.text = _("Segmented by {model}").format(model=model) if model else _("Drawn by hand")
        if not self._isStill(shown):
            return
        for frames in self._table.begin(len(self.measurement.frames)):
            self._table.showFrames(self.measurement, frames)
            if not self._isStill(shown):
                return
        self._table.showReviewed(scene.reviewed(result))
        self._map.show(self.measurement)
        if not self._isStill(shown):
            return
        self._review.bind(result, volume, self._checks)
        self._unsure.bind(result)
        self._observations = [
            onSliceChanged(READING_VIEW, self._onSlice),
            Observation(result, vtk.vtkCommand.ModifiedEvent, self._onReviewed),
        ]
        self._enable(True)
        selectChart(result)
        if not self._isStill(shown):
            return
        if turned:
            self._goToLargestArc()
        self._onSlice()
        if self._ui.renderingCheckBox.checked:
            self._showVessel()

    def clear(self) -> None:
        """Show no result."""
        for observation in self._observations:
            observation.stop()
        if self._live is not None:
            self._live.stop()
        self._observations, self._early = [], set()
        self._shown = object()  # another one with everything that is shown
        self._volume = self._result = self._live = self._frame = self.measurement = self.segmentation = None
        self.stopEditing()
        self._review.bind(None, None)
        self._unsure.bind(None)
        self._numbers.clear(_("No result yet: choose a pullback and press Apply."))
        self._table.clear()
        self._map.clear()
        self._arc.forget()
        self._vessel.hide()
        self._ui.modelUsedLabel.text = ""
        self._enable(False)

    def arrange(self) -> None:
        """Lay out the views for reading: frames, plot and cuts along the pullback, or the vessel where it is shown."""
        slicer.app.layoutManager().setLayout(_layout(self._ui.renderingCheckBox.checked))
        showVolume(self._volume)
        selectChart(self._result)
        self._goToLargestArc()

    def labels(self):
        """The label map of the result shown, (frames, rows, columns) as it is now, not to be changed."""
        return self._live.labels

    def goTo(self, frame: int) -> None:
        """Move the reading view to a frame, from 0."""
        jumpToSlice(self._volume, frame)

    def startEditing(self) -> None:
        """Let the user edit the segmentation shown, if there is one."""
        if self._result is not None:
            self._editing.start(self.segmentation, self._volume, "calcium")
            self._marking.bind(self._volume, self.segmentation, self.labels)

    def stopEditing(self) -> None:
        """Leave the segment editor; numbers go on following the segmentation."""
        self._marking.unbind()
        self._editing.stop()

    def _measure(self) -> bool:
        """Measure what is to be shown, and tell whether it still is."""
        from OCTCalciumLib.measurement.pullback import measure_pullback
        from OCTCalciumLib.segments import SEGMENTS

        shown, spacing = self._shown, scene.volume_spacing(self._volume, UNKNOWN_PIXEL_MM)
        live = LiveLabels(_present(self.segmentation), self._volume, SEGMENTS, self._onEdited, aside)
        if self._shown is not shown:
            live.stop()
            return False
        self._live = live
        measurement = aside(lambda: measure_pullback(live.labels, spacing))
        if self._shown is not shown:
            return False
        self.measurement = measurement
        early, self._early = self._early, set()
        if early:
            self._remeasure(sorted(early))
        return True

    def _isStill(self, shown: object) -> bool:
        """Let the window draw, and tell whether the same is shown afterwards."""
        turn()
        return self._shown is shown

    def _remeasure(self, frames: list[int]) -> None:
        from OCTCalciumLib.measurement.pullback import remeasure_frames

        self.measurement = remeasure_frames(self.measurement, {frame: self._live.labels[frame] for frame in frames})

    def _goToLargestArc(self) -> None:
        if self.measurement.max_arc_frame is not None:
            self.goTo(self.measurement.max_arc_frame)

    def _onEdited(self, frames: list[int], labels) -> None:
        self._edited(self._result, frames, labels)
        if self.measurement is None:  # it is being measured
            self._early.update(frames)
            return
        self._remeasure(frames)
        self._numbers.show(self.measurement, runCautions(self._result), runDoubt(self._result))
        self._table.showFrames(self.measurement, frames)
        self._map.show(self.measurement)
        updateFrames(self._result, self.measurement, frames)
        if self._frame in frames:
            self._drawArc()
        self._review.refresh()  # what to look at first may be another now
        self._vessel.changed()

    def _onSlice(self) -> None:
        frame = currentSlice(self._volume)
        if frame is None or frame == self._frame:
            return
        self._frame = frame
        self._table.select(frame)
        self._map.select(frame)
        showFrame(self._result, self.measurement, frame)
        self._drawArc()

    def _checks(self):
        """What to look at first, by the numbers as they are."""
        from OCTCalciumLib.presenting.look_first import look_first

        return look_first(self.measurement)

    def _onReviewed(self) -> None:
        self._table.showReviewed(scene.reviewed(self._result))

    def _drawArc(self) -> None:
        if self._frame is None or not self._ui.arcCheckBox.checked:
            self._arc.hide()
            return
        self._arc.show(self._volume, self.measurement.frames[self._frame], self._live.labels[self._frame])

    def _onRendering(self, checked: bool) -> None:
        if self._result is None:
            return
        if slicer.app.layoutManager().layout == _layout(not checked):
            frame = currentSlice(self._volume)
            slicer.app.layoutManager().setLayout(_layout(checked))
            slicer.app.processEvents(qt.QEventLoop.ExcludeUserInputEvents)  # the views take their new sizes
            slicer.util.resetSliceViews()  # a view of another shape keeps its zoom, which would crop the vessel
            if frame is not None:
                self.goTo(frame)
            selectChart(self._result)
        if checked:
            self._showVessel()
        else:
            self._vessel.hide()

    def _showVessel(self) -> None:
        with slicer.util.tryWithErrorDisplay(_("The vessel could not be shown."), waitCursor=True):
            self._vessel.show()

    def _enable(self, enabled: bool) -> None:
        for button in (self._ui.exportButton, self._ui.reportButton):
            button.enabled = enabled


def _layout(withVessel: bool) -> int:
    """The layout for reading: 3 slice views and the plot; with the vessel also a three-dimensional view."""
    layouts = slicer.vtkMRMLLayoutNode
    return layouts.SlicerLayoutConventionalPlotView if withVessel else layouts.SlicerLayoutFourUpPlotView


def _turnViewsTo(volume) -> bool:
    """Show a volume in the slice views, and tell whether they showed another one before."""
    if volume is None or volume.GetImageData() is None:
        return False
    composite = slicer.app.layoutManager().sliceWidget(READING_VIEW).mrmlSliceCompositeNode()
    if composite.GetBackgroundVolumeID() == volume.GetID():
        return False
    showVolume(volume)
    return True


def _present(segmentation):
    if segmentation is None:
        raise InputError(_("The segmentation of this pullback was removed; analyze the pullback again."))
    return segmentation
