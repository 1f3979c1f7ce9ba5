"""Marks calcium by its two ends on the frame on view, lets its borders be dragged, and carries it to the next frame."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from LesionReadingLib.errors import InputError
from LesionReadingPanel.editing.point_placing import PointPlacing
from LesionReadingPanel.views import currentSlice, jumpToSlice
from LesionReadingScene import scene
from slicer.i18n import tr as _

from .pullback_nodes import UNKNOWN_PIXEL_MM

if TYPE_CHECKING:
    from OCTCalciumLib.marking.deposit import Deposit, Wall

_HANDLES = (0.25, 0.5, 0.75)  # of the way from end to end: an inner and an outer handle there
_SQUARE = 1e-3


@dataclass(frozen=True, eq=False)
class _Marked:
    """A deposit as it was put into the segmentation.

    Attributes:
        frame: its number. wall, deposit, held: see ``marking.deposit``. before, after: labels of the frame, (rows, columns).
    """

    frame: int
    wall: Wall
    deposit: Deposit
    held: dict
    before: np.ndarray
    after: np.ndarray


class DepositTool:
    """Drives markButton, otherWayButton, carryButton and markLabel while a result is edited."""

    def __init__(self, ui, editing) -> None:
        """ui: the widgets of the panel. editing: its SegmentEditing, whose undo knows every step of the tool."""
        self._ui, self._editing = ui, editing
        self._volume = self._segmentation = self._labels = self._marked = None
        self._seen: tuple[tuple[int, float], np.ndarray, Wall] | None = None  # frame and mm of a pixel, its labels, its wall
        self._points = PointPlacing(_("Ends of the deposit"), self._onMoved)
        ui.markButton.connect("clicked(bool)", self._onMark)
        ui.otherWayButton.connect("clicked(bool)", self._onOtherWay)
        ui.carryButton.connect("clicked(bool)", self._onCarry)
        ui.editButton.connect("contentsCollapsed(bool)", lambda collapsed: self.forget() if collapsed else None)
        self._show("")

    def bind(self, volume, segmentation, labels: Callable[[], np.ndarray]) -> None:
        """Mark on a volume from now on. labels(): its label map as it is, (frames, rows, columns), not to be changed."""
        self.forget()
        self._seen = None
        self._volume, self._segmentation, self._labels = volume, segmentation, labels
        self._show(_("Press Mark, then click on both ends of the deposit."))

    def unbind(self) -> None:
        """Mark on nothing."""
        self.forget()
        self._volume = self._segmentation = self._labels = self._seen = None
        self._show("")

    def forget(self) -> None:
        """Leave what was marked as it is, and take the handles off the view."""
        self._points.forget()
        self._marked = None
        self._ui.markButton.checked = False
        self._enable()

    # Steps

    def _onMark(self, checked: bool = False) -> None:
        self.forget()
        if checked:
            self._ui.markButton.checked = True
            self._lookAhead()
            self._points.ask(2, self._onPlaced)
            self._show(_("Click on both ends of the deposit, each in the middle of its thickness."))

    def _onPlaced(self) -> None:
        from OCTCalciumLib.marking.deposit import ends_at, marked_deposit

        with self._showingErrors():
            frame = currentSlice(self._volume)
            if frame is None:
                raise InputError(_("The view shows no frame of the pullback; go to a frame and mark again."))
            wall = self._wall(frame)
            self._write(frame, wall, marked_deposit(wall, ends_at(wall.view, *self._places()[:2])), {}, self._labelsOf(frame))

    def _lookAhead(self) -> None:
        """Look for the wall before the clicks, which then wait for less."""
        frame = currentSlice(self._volume)
        if frame is not None:
            with suppress(InputError):  # told once there is something to mark
                self._wall(frame)

    def _onOtherWay(self, checked: bool = False) -> None:
        self._markAgain(self._marked.deposit.ends.other_way(), {})

    def _onMoved(self, number: int) -> None:
        from OCTCalciumLib.marking.deposit import ends_at

        marked = self._marked
        if marked is None:
            return
        if number >= 2:
            self._markAgain(marked.deposit.ends, _held(marked, number - 2, self._places()[number]))
            return
        ends = ends_at(marked.wall.view, *self._places()[:2])
        was = marked.deposit.ends.rays.size
        self._markAgain(min((ends, ends.other_way()), key=lambda one: abs(one.rays.size - was)), {})

    def _onCarry(self, checked: bool = False) -> None:
        from OCTCalciumLib.marking.tracking import carried

        marked = self._marked
        with self._showingErrors():
            frame = marked.frame + 1
            jumpToSlice(self._volume, frame)
            wall = self._wall(frame)
            self._write(frame, wall, carried(marked.deposit, marked.wall, wall), {}, self._labelsOf(frame))

    # Parts of them

    def _markAgain(self, ends, held: dict) -> None:
        """Put another deposit in the place of the one that was marked."""
        from OCTCalciumLib.marking.deposit import marked_deposit

        marked = self._marked
        with self._showingErrors():
            if not np.array_equal(self._labelsOf(marked.frame), marked.after):
                raise InputError(_("The frame was edited since; mark the deposit anew."))
            self._write(marked.frame, marked.wall, marked_deposit(marked.wall, ends, held), held, marked.before)

    def _write(self, frame: int, wall: Wall, deposit: Deposit, held: dict, before: np.ndarray) -> None:
        """Put a deposit into a frame that had certain labels before, as one step of undo; a lumen that was found goes with it."""
        from OCTCalciumLib.labels import BACKGROUND, CALCIUM
        from OCTCalciumLib.marking.deposit import deposit_mask
        from OCTCalciumLib.segments import SEGMENTS

        after = np.where(before == BACKGROUND, wall.known, before)
        after[deposit_mask(wall, deposit) & (after == BACKGROUND)] = CALCIUM
        if not (after == CALCIUM).sum() > (before == CALCIUM).sum():
            raise InputError(_("Nothing that is not labelled already was found between these points."))
        now = self._labelsOf(frame)
        self._editing.beginStep()
        for change, differs in ((scene.remove_region, now), (scene.add_region, after)):
            for segment in SEGMENTS:
                change(self._segmentation, self._volume, segment, frame, (differs == segment.value) & (now != after))
        self._marked = _Marked(frame, wall, deposit, held, before, after)
        self._points.show(self._volume, [(*place, frame) for place in _handles(self._marked)])
        self._ui.markButton.checked = False
        self._show(_("Drag a point where a border is wrong. Carry on takes the deposit to the next frame."))

    def _wall(self, frame: int) -> Wall:
        from OCTCalciumLib.marking.deposit import wall_of

        spacing = scene.volume_spacing(self._volume, UNKNOWN_PIXEL_MM)
        if not spacing.in_plane_known or abs(spacing.row_mm / spacing.column_mm - 1) > _SQUARE:
            raise InputError(_("Marking needs square pixels of known size; set the spacing first."))
        labels, here = self._labelsOf(frame), (frame, spacing.row_mm)
        if self._seen is None or self._seen[0] != here or not np.array_equal(self._seen[1], labels):
            grey = _grey(scene.volume_array(self._volume)[frame])
            self._seen = here, labels, wall_of(labels, grey, spacing.row_mm)
        return self._seen[2]

    def _labelsOf(self, frame: int) -> np.ndarray:
        return self._labels()[frame].copy()

    def _places(self) -> list[list[float]]:
        """Row and column of every point."""
        return self._points.voxels(self._volume)[:, :2].tolist()

    @contextmanager
    def _showingErrors(self):
        """What cannot be marked is said below the buttons."""
        try:
            yield
        except InputError as error:
            self.forget()
            self._show(str(error))

    def _show(self, text: str) -> None:
        self._ui.markLabel.text = text
        self._enable()

    def _enable(self) -> None:
        bound, marked = self._volume is not None, self._marked is not None
        self._ui.markButton.enabled = bound
        self._ui.otherWayButton.enabled = marked
        last = self._volume.GetImageData().GetDimensions()[2] - 1 if bound else 0
        self._ui.carryButton.enabled = marked and self._marked.frame < last


def _grey(frame: np.ndarray) -> np.ndarray:
    """A frame in 8-bit grey, as the marking sees it."""
    if frame.dtype == np.uint8:
        return frame
    low, high = float(frame.min()), float(frame.max())
    return np.rint((frame - low) * (255 / max(high - low, 1e-6))).astype(np.uint8)


def _handles(marked: _Marked) -> list[tuple[float, float]]:
    """Row and column of the handles: both ends, then inner and outer border in between."""
    from OCTCalciumLib.marking.deposit import point_at

    deposit, view = marked.deposit, marked.wall.view
    middle = (deposit.inner_mm + deposit.outer_mm) / 2
    ends = [point_at(view, deposit.ends.begin, middle[0]), point_at(view, deposit.ends.end, middle[-1])]
    at = _handleRays(deposit)
    borders = (deposit.inner_mm, deposit.outer_mm)
    return ends + [point_at(view, float(deposit.ends.rays[number]), border[number]) for number in at for border in borders]


def _held(marked: _Marked, handle: int, place: list[float]) -> dict:
    """What is held after a handle of a border was dragged to a place (row, column)."""
    from OCTCalciumLib.marking.deposit import seen_at

    ray = int(marked.deposit.ends.rays[_handleRays(marked.deposit)[handle // 2]])
    depths = list(marked.held.get(ray, (None, None)))
    depths[handle % 2] = max(seen_at(marked.wall.view, tuple(place))[1], 0.0)
    return {**marked.held, ray: tuple(depths)}


def _handleRays(deposit: Deposit) -> list[int]:
    return [round(part * (deposit.ends.rays.size - 1)) for part in _HANDLES]
