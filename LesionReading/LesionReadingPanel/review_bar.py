"""Goes through the slices of a volume, and keeps which of them the user has reviewed."""

import vtk
from LesionReadingLib import scene
from slicer.i18n import tr as _

from .views import READING_VIEW, Observation, currentSlice, jumpToSlice, onSliceChanged


class ReviewBar:
    """Drives previousButton, nextButton, nextUnreviewedButton, reviewedCheckBox and reviewLabel for one result at a time."""

    def __init__(self, ui, viewName: str = READING_VIEW) -> None:
        """ui: the widgets of the panel. viewName: the slice view that the slices are read in."""
        self._ui, self._viewName = ui, viewName
        self._result = self._volume = None
        self._observations: list[Observation] = []
        ui.previousButton.connect("clicked(bool)", lambda checked=False: self._step(-1))
        ui.nextButton.connect("clicked(bool)", lambda checked=False: self._step(1))
        ui.nextUnreviewedButton.connect("clicked(bool)", lambda checked=False: self._goToUnreviewed())
        ui.reviewedCheckBox.connect("clicked(bool)", self._onReviewed)
        self.refresh()

    def bind(self, result, volume) -> None:
        """Go through the volume of a result from now on; None and None for nothing."""
        for observation in self._observations:
            observation.stop()
        self._result, self._volume = result, volume
        self._observations = []
        if result is not None and volume is not None:
            self._observations = [
                onSliceChanged(self._viewName, self.refresh),
                Observation(result, vtk.vtkCommand.ModifiedEvent, self.refresh),
            ]
        self.refresh()

    def refresh(self) -> None:
        """Show where the view is and how much is reviewed."""
        number = self._current()
        buttons = (self._ui.previousButton, self._ui.nextButton, self._ui.nextUnreviewedButton, self._ui.reviewedCheckBox)
        for button in buttons:
            button.enabled = number is not None
        if number is None:
            self._ui.reviewedCheckBox.checked = False
            self._ui.reviewLabel.text = ""
            return
        count, done = self._count(), scene.reviewed(self._result)
        self._ui.previousButton.enabled = number > 0
        self._ui.nextButton.enabled = number < count - 1
        self._ui.nextUnreviewedButton.enabled = scene.next_unreviewed(self._result, number, count) is not None
        self._ui.reviewedCheckBox.checked = number in done
        told = _("{number} of {count}; {done} reviewed")
        self._ui.reviewLabel.text = told.format(number=number + 1, count=count, done=len(done))

    def _current(self) -> int | None:
        """The slice in view, the nearest one where the view lies beside the volume; None where nothing is bound."""
        if not self._observations:
            return None
        return currentSlice(self._volume, self._viewName) or 0

    def _count(self) -> int:
        return self._volume.GetImageData().GetDimensions()[2]

    def _step(self, by: int) -> None:
        number = self._current() + by
        if 0 <= number < self._count():
            jumpToSlice(self._volume, number, self._viewName)

    def _goToUnreviewed(self) -> None:
        number = scene.next_unreviewed(self._result, self._current(), self._count())
        if number is not None:
            jumpToSlice(self._volume, number, self._viewName)

    def _onReviewed(self, checked: bool) -> None:
        scene.set_reviewed(self._result, self._current(), checked)
