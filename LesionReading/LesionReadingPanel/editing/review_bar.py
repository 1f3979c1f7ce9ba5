"""Goes through the slices of a volume, and keeps which of them the user has reviewed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import vtk
from LesionReadingScene import scene
from slicer.i18n import tr as _

if TYPE_CHECKING:
    from LesionReadingLib.presenting.first_screen import Check

from ..views import READING_VIEW, Observation, currentSlice, jumpToSlice, onSliceChanged


class ReviewBar:
    """Drives previousButton, nextButton, nextUnreviewedButton, nextUncertainButton, uncertainFirstCheckBox, reviewedCheckBox,
    reviewedNextButton, reviewedRangeButton and reviewLabel for one result at a time."""

    def __init__(self, ui, viewName: str = READING_VIEW) -> None:
        """ui: the widgets of the panel. viewName: the slice view that the slices are read in."""
        self._ui, self._viewName = ui, viewName
        self._result = self._volume = None
        self._checks: Callable[[], Sequence[Check]] = tuple
        self._observations: list[Observation] = []
        ui.previousButton.connect("clicked(bool)", lambda checked=False: self._step(-1))
        ui.nextButton.connect("clicked(bool)", lambda checked=False: self._step(1))
        ui.nextUnreviewedButton.connect("clicked(bool)", lambda checked=False: self._goToUnreviewed())
        ui.nextUncertainButton.connect("clicked(bool)", lambda checked=False: self._goTo(self._mostUncertain()))
        ui.uncertainFirstCheckBox.connect("clicked(bool)", lambda checked=False: self.refresh())
        ui.reviewedCheckBox.connect("clicked(bool)", self._onReviewed)
        ui.reviewedNextButton.connect("clicked(bool)", self._onReviewedNext)
        ui.reviewedRangeButton.connect("clicked(bool)", self._onReviewedRange)
        self.refresh()

    def bind(self, result, volume, checks: Callable[[], Sequence[Check]] = tuple) -> None:
        """Go through the volume of a result from now on; None and None for nothing.

        checks(): what to look at first, as the report says it, by the numbers as they are.
        """
        for observation in self._observations:
            observation.stop()
        self._result, self._volume, self._checks = result, volume, checks
        self._observations = []
        if result is not None and volume is not None:
            self._observations = [
                onSliceChanged(self._viewName, self.refresh),
                Observation(result, vtk.vtkCommand.ModifiedEvent, self.refresh),
            ]
        self.refresh()

    def refresh(self) -> None:
        """Show where the view is and how much is reviewed."""
        bound = bool(self._observations)
        number = currentSlice(self._volume, self._viewName) if bound else None
        count = self._count() if bound else 0
        done = scene.reviewed(self._result) if bound else set()
        self._ui.previousButton.enabled = bound and number != 0
        self._ui.nextButton.enabled = bound and number != count - 1
        self._ui.nextUnreviewedButton.enabled = bound and bool(set(range(count)) - done - {number})
        self._ui.nextUncertainButton.enabled = bound and self._mostUncertain() is not None
        self._ui.uncertainFirstCheckBox.enabled = bound
        self._ui.reviewedCheckBox.enabled = number is not None
        self._ui.reviewedCheckBox.checked = number in done
        self._ui.reviewedNextButton.enabled = number is not None
        self._ui.reviewedRangeButton.enabled = number is not None and number not in done
        done_so_far = [_("{done} of {count} reviewed").format(done=len(done), count=count)] if bound else []
        why = [check.why for check in self._checks() if number is not None and check.first <= number <= check.last] if bound else []
        self._ui.reviewLabel.text = "\n".join([*done_so_far, *why])

    def _count(self) -> int:
        return self._volume.GetImageData().GetDimensions()[2]

    def _step(self, by: int) -> None:
        number = currentSlice(self._volume, self._viewName)
        # From beside the volume, back to its beginning.
        there = 0 if number is None else number + by
        if 0 <= there < self._count():
            jumpToSlice(self._volume, there, self._viewName)

    def _goToUnreviewed(self) -> None:
        number = currentSlice(self._volume, self._viewName)
        uncertain = self._mostUncertain() if self._ui.uncertainFirstCheckBox.checked else None
        following = scene.next_unreviewed(self._result, -1 if number is None else number, self._count())
        self._goTo(following if uncertain is None else uncertain)

    def _goTo(self, number: int | None) -> None:
        if number is not None:
            jumpToSlice(self._volume, number, self._viewName)

    def _mostUncertain(self) -> int | None:
        """The slice that may change most and is not reviewed yet; None where all such are."""
        weights: dict[int, float] = {}
        for check in self._checks():
            for number in range(check.first, check.last + 1):
                weights[number] = max(check.weight, weights.get(number, 0.0))
        return scene.most_uncertain(self._result, weights, currentSlice(self._volume, self._viewName))

    def _onReviewed(self, checked: bool) -> None:
        scene.set_reviewed(self._result, [currentSlice(self._volume, self._viewName)], checked)

    def _onReviewedNext(self, checked: bool = False) -> None:
        self._onReviewed(True)
        self._goToUnreviewed()

    def _onReviewedRange(self, checked: bool = False) -> None:
        last, done = currentSlice(self._volume, self._viewName), scene.reviewed(self._result)
        first = max((number for number in done if number < last), default=-1) + 1
        scene.set_reviewed(self._result, range(first, last + 1), True)
