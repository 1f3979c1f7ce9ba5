"""Slices in view: the right one, the right way round, however the volume lies; and the slices that the user has reviewed."""

from __future__ import annotations

import numpy as np
import pytest
import slicer
from drawn_volumes import GEOMETRIES, OBLIQUE, SAGITTAL, STRAIGHT, a_volume, move, turned
from LesionReadingScene.scene import make_result, reviewed, set_reviewed, volume_grid
from panel_ui import panel_widgets


def _node(name="Red"):
    return slicer.app.layoutManager().sliceWidget(name).mrmlSliceNode()


def _axes(name="Red"):
    """Directions in LPS to the right of a slice view, to its top, and out of it."""
    to_ras = _node(name).GetSliceToRAS()
    ras = np.array([[to_ras.GetElement(row, column) for row in range(3)] for column in range(3)])
    return ras * (-1, -1, 1)


@pytest.mark.parametrize("directions", GEOMETRIES.values(), ids=GEOMETRIES)
@pytest.mark.parametrize("transformed", [False, True])
def test_the_reading_view_lies_in_the_volumes_own_slices(a_desktop, directions, transformed):
    from LesionReadingPanel.views import currentSlice, jumpToSlice, showVolume

    volume = a_volume(directions)
    if transformed:
        move(volume, turned(15, (7, 8, 9)))
    showVolume(volume)
    axes_mm = volume_grid(volume).axes_mm()
    normal = np.cross(axes_mm[0], axes_mm[1])
    assert abs(_axes()[2] @ normal) / np.linalg.norm(normal) == pytest.approx(1, abs=1e-6)
    for number in (0, 3, 4, 1):
        jumpToSlice(volume, number)
        assert currentSlice(volume) == number


@pytest.mark.parametrize("name", ["straight", "flipped", "mirrored", "sagittal"])
def test_left_and_right_hang_as_usual_however_the_volume_is_stored(a_desktop, name):
    """Axial pictures have the patient's left on the right and the front on top, sagittal ones the front on the left."""
    from LesionReadingPanel.views import showVolume

    showVolume(a_volume(GEOMETRIES[name]))
    right, top = ((1, 0, 0), (0, -1, 0)) if name != "sagittal" else ((0, 1, 0), (0, 0, 1))
    assert _axes()[0] == pytest.approx(right, abs=1e-6)
    assert _axes()[1] == pytest.approx(top, abs=1e-6)


def test_the_other_views_look_across_the_slices(a_desktop):
    from LesionReadingPanel.views import showVolume

    volume = a_volume(OBLIQUE)
    showVolume(volume)
    normals = [_axes(name)[2] for name in ("Red", "Green", "Yellow")]
    for first, second in ((0, 1), (0, 2), (1, 2)):
        assert normals[first] @ normals[second] == pytest.approx(0, abs=1e-6)


def test_a_volume_of_one_slice_is_shown_in_its_plane(a_desktop):
    from LesionReadingPanel.views import currentSlice, showVolume

    volume = a_volume(SAGITTAL, (1, 12, 16))
    showVolume(volume)
    assert currentSlice(volume) == 0


def test_a_volume_is_shown_in_every_view(a_desktop):
    from LesionReadingPanel.views import showVolume

    volume = a_volume()
    showVolume(volume)
    manager = slicer.app.layoutManager()
    shown = {manager.sliceWidget(name).mrmlSliceCompositeNode().GetBackgroundVolumeID() for name in manager.sliceViewNames()}
    assert shown == {volume.GetID()}


def test_beside_the_volume_no_slice_is_current(a_desktop):
    from LesionReadingPanel.views import currentSlice, jumpToSlice, showVolume

    volume = a_volume()
    showVolume(volume)
    jumpToSlice(volume, 40)
    assert currentSlice(volume) is None


def test_an_overlay_lies_over_its_volume_and_goes_again(a_desktop):
    from LesionReadingPanel.views import showOverlay, showVolume

    volume, heat = a_volume(), a_volume(kind=np.float32)
    showVolume(volume)
    showOverlay(volume, heat, 0.4)
    composite = slicer.app.layoutManager().sliceWidget("Red").mrmlSliceCompositeNode()
    assert (composite.GetForegroundVolumeID(), composite.GetForegroundOpacity()) == (heat.GetID(), 0.4)
    showOverlay(volume, None, 0.4)
    assert composite.GetForegroundVolumeID() is None
    assert composite.GetBackgroundVolumeID() == volume.GetID()


def test_an_overlay_leaves_views_of_other_volumes_alone(a_desktop):
    from LesionReadingPanel.views import showOverlay, showVolume

    volume, other, heat = a_volume(), a_volume(), a_volume(kind=np.float32)
    showVolume(volume)
    green = slicer.app.layoutManager().sliceWidget("Green").mrmlSliceCompositeNode()
    green.SetBackgroundVolumeID(other.GetID())
    showOverlay(volume, heat, 1.0)
    assert green.GetForegroundVolumeID() is None


def test_whoever_listens_hears_of_every_move_until_it_stops(a_desktop):
    from LesionReadingPanel.views import currentSlice, jumpToSlice, onSliceChanged, showVolume

    volume = a_volume()
    showVolume(volume)
    heard = []
    observation = onSliceChanged("Red", lambda: heard.append(currentSlice(volume)))
    jumpToSlice(volume, 1)
    assert heard[-1] == 1
    observation.stop()
    observation.stop()
    before = len(heard)
    jumpToSlice(volume, 3)
    assert len(heard) == before


@pytest.fixture
def a_review(a_desktop):
    from LesionReadingPanel.editing.review_bar import ReviewBar
    from LesionReadingPanel.views import jumpToSlice, showVolume

    volume = a_volume(STRAIGHT)
    showVolume(volume)
    jumpToSlice(volume, 0)
    ui = panel_widgets()
    bar = ReviewBar(ui)
    yield ui, bar, volume
    bar.bind(None, None)


def test_without_a_result_there_is_nothing_to_review(a_review):
    ui, bar, volume = a_review
    assert not ui.nextButton.enabled
    bar.bind(make_result(volume, "OCTCalcium"), volume)
    assert ui.nextButton.enabled
    bar.bind(None, None)
    assert not ui.nextButton.enabled
    assert ui.reviewLabel.text == ""


def test_buttons_go_from_slice_to_slice_and_stop_at_the_ends(a_review):
    from LesionReadingPanel.views import currentSlice

    ui, bar, volume = a_review
    bar.bind(make_result(volume, "OCTCalcium"), volume)
    assert not ui.previousButton.enabled
    for number in (1, 2, 3, 4):
        ui.nextButton.click()
        assert currentSlice(volume) == number
    assert not ui.nextButton.enabled
    ui.previousButton.click()
    assert currentSlice(volume) == 3


def test_the_tick_belongs_to_the_slice_in_view(a_review):
    ui, bar, volume = a_review
    result = make_result(volume, "OCTCalcium")
    bar.bind(result, volume)
    ui.reviewedCheckBox.click()
    assert reviewed(result) == {0}
    assert "1 of 5" in ui.reviewLabel.text
    ui.nextButton.click()
    assert not ui.reviewedCheckBox.checked
    ui.reviewedCheckBox.click()
    ui.reviewedCheckBox.click()
    ui.previousButton.click()
    assert ui.reviewedCheckBox.checked
    assert reviewed(result) == {0}


def test_the_next_unreviewed_slice_is_found_until_none_is_left(a_review):
    from LesionReadingPanel.views import currentSlice

    ui, bar, volume = a_review
    result = make_result(volume, "OCTCalcium")
    for number in (0, 1, 2, 4):
        set_reviewed(result, [number], True)
    bar.bind(result, volume)
    assert "4" in ui.reviewLabel.text
    ui.nextUnreviewedButton.click()
    assert currentSlice(volume) == 3
    ui.reviewedCheckBox.click()
    assert not ui.nextUnreviewedButton.enabled


def test_one_click_ticks_a_slice_and_goes_to_the_next_that_is_not(a_review):
    from LesionReadingPanel.views import currentSlice

    ui, bar, volume = a_review
    result = make_result(volume, "OCTCalcium")
    set_reviewed(result, [1], True)
    bar.bind(result, volume)
    seen = []
    while ui.nextUnreviewedButton.enabled and len(seen) < 9:
        ui.reviewedNextButton.click()
        seen.append(currentSlice(volume))
    ui.reviewedNextButton.click()
    assert seen == [2, 3, 4] and reviewed(result) == {0, 1, 2, 3, 4}
    assert currentSlice(volume) == 4


@pytest.mark.parametrize(
    ("before", "at", "after"),
    [(set(), 3, {0, 1, 2, 3}), ({1}, 4, {1, 2, 3, 4}), ({4}, 2, {0, 1, 2, 4}), ({0, 2}, 3, {0, 2, 3}), (set(), 0, {0})],
)
def test_the_stretch_up_to_the_slice_in_view_is_ticked_at_once(a_review, before, at, after):
    from LesionReadingPanel.views import jumpToSlice

    ui, bar, volume = a_review
    result = make_result(volume, "OCTCalcium")
    set_reviewed(result, before, True)
    bar.bind(result, volume)
    jumpToSlice(volume, at)
    events = []
    result.AddObserver("ModifiedEvent", lambda *_: events.append(1))
    ui.reviewedRangeButton.click()
    assert reviewed(result) == after and len(events) == 1
    assert not ui.reviewedRangeButton.enabled


def test_a_view_beside_the_volume_does_not_break_the_bar(a_review):
    from LesionReadingPanel.views import currentSlice, jumpToSlice

    ui, bar, volume = a_review
    result = make_result(volume, "OCTCalcium")
    bar.bind(result, volume)
    jumpToSlice(volume, 40)
    assert not ui.reviewedCheckBox.enabled
    ui.previousButton.click()
    assert currentSlice(volume) is not None
    assert reviewed(result) == set()


def test_the_bar_survives_a_volume_that_is_removed(a_review):
    _, bar, volume = a_review
    bar.bind(make_result(volume, "OCTCalcium"), volume)
    slicer.mrmlScene.RemoveNode(volume)
    _node().Modified()
    bar.bind(None, None)


def test_the_uncertain_slices_come_first_where_the_reader_wants_it(a_review):
    from LesionReadingLib.presenting.first_screen import Check
    from LesionReadingPanel.views import currentSlice, jumpToSlice

    ui, bar, volume = a_review
    result = make_result(volume, "OCTCalcium")
    checks = (Check(3, 3, "the score hangs on it", 2.0), Check(1, 2, "the largest arc", 1.0))
    bar.bind(result, volume, lambda: checks)
    jumpToSlice(volume, 0)
    ui.nextUncertainButton.click()
    assert currentSlice(volume) == 3 and "the score hangs on it" in ui.reviewLabel.text
    ui.uncertainFirstCheckBox.click()
    seen = []
    for _ in range(5):
        seen.append(currentSlice(volume))
        ui.reviewedNextButton.click()
    assert seen == [3, 1, 2, 4, 0] and reviewed(result) == set(range(5))
    assert not ui.nextUncertainButton.enabled
