"""What happens to a worklist amid its work: a disk that fails, a scene that is closed, files that somebody damaged."""

from __future__ import annotations

import json
import os
import shutil
import threading

import pytest
import qt
import SimpleITK as sitk
import slicer
import slicer.util
from LesionReadingLib.studies.reader_edits import EARLIER, EDIT, edit_of, reader_folder
from LesionReadingLib.studies.reader_lock import LOCK, holder_of, take
from oct_panel import erase_frame


@pytest.fixture
def a_study(a_desktop, a_list):
    """The first study of the list is on view."""
    a_list.worklist.open(0)
    a_desktop.process_events()
    return a_list.worklist.openItem


def full(*_arguments):
    raise OSError(28, "No space left on device")


def amid(monkeypatch, owner, name, do):
    """Do something once, from a timer, while some work goes on in a thread; gives what was done, as a list."""
    begun, done, work, order = threading.Event(), threading.Event(), getattr(owner, name), []

    def waiting(*arguments):
        begun.set()
        done.wait(1)  # longer than what waits for this work can go on
        return work(*arguments)

    def turn():
        if begun.is_set() and not order:
            order.append(True)
            try:
                do()
            finally:
                done.set()

    timer = qt.QTimer()
    timer.connect("timeout()", turn)
    timer.start(5)
    monkeypatch.setattr(owner, name, waiting)
    return order, timer


def test_another_folder_is_not_shown_while_an_edit_cannot_be_kept(a_desktop, a_list, a_study, studies, monkeypatch):
    erase_frame(a_desktop, a_list, 9)
    other = studies / "elsewhere"
    other.mkdir()
    shutil.copy(studies / "three.nrrd", other / "four.nrrd")
    with monkeypatch.context() as patched:
        patched.setattr("LesionReadingLib.studies.whole_file.os.replace", full)
        a_list.worklist.show(other)
    assert "No space left" in a_list.ui.worklistLabel.text
    assert a_list.worklist.openItem is a_study
    a_list.ui.saveStudyButton.click()
    assert edit_of(a_study.folder, "Anna").changed == {9}
    assert not list(other.rglob("edit.json"))


@pytest.mark.parametrize("leave", ["close the scene", "reload"])
def test_leaving_while_the_edit_is_written_keeps_the_newest(a_desktop, a_list, a_study, monkeypatch, leave):
    from LesionReadingPanel.worklist import study_on_view

    erase_frame(a_desktop, a_list, 9)

    def away():
        erase_frame(a_desktop, a_list, 12)
        slicer.mrmlScene.Clear(0) if leave == "close the scene" else a_list.cleanup()

    order, timer = amid(monkeypatch, study_on_view, "write_seg_nrrd", away)
    a_list.ui.saveStudyButton.click()
    timer.stop()
    a_desktop.process_events()
    assert order
    edit = edit_of(a_study.folder, "Anna")
    assert edit.changed == {9, 12} and edit.labels.exists()
    assert len(list(edit.labels.parent.glob("labels_*"))) == 1
    assert a_list.worklist.openItem is None and holder_of(a_study.folder) is None
    a_list.worklist.open(0)
    a_desktop.process_events()
    if leave == "close the scene":
        assert a_list.results.measurement.frames[9].arc_bridged_deg == 0


@pytest.mark.parametrize("work", ["read", "take", "measure"])
def test_a_scene_closed_while_a_study_is_opened_leaves_the_list_usable(a_desktop, a_list, monkeypatch, work):
    from OCTCalciumLib.measurement import pullback
    from OCTCalciumPanel import pullback_results
    from OCTCalciumPanel import studies as kinds

    owner, name = {"read": (kinds, "framesOf"), "take": (pullback_results, "readRun"), "measure": (pullback, "measure_pullback")}[
        work
    ]
    with monkeypatch.context() as patched:
        order, timer = amid(patched, owner, name, lambda: slicer.mrmlScene.Clear(0))
        a_list.worklist.open(0)
        timer.stop()
    a_desktop.process_events()
    assert order
    assert ("removed" in a_list.ui.worklistLabel.text) == (work != "read")
    a_list.worklist.open(1)
    a_desktop.process_events()
    assert a_list.worklist.openItem is a_list.worklist._items[1]
    assert a_list.results.measurement.max_arc_deg == pytest.approx(240, abs=2)
    assert holder_of(a_list.worklist._items[0].folder) is None


@pytest.mark.parametrize("work", ["take", "measure"])
def test_a_volume_removed_while_a_study_is_opened_leaves_nothing_of_it(a_desktop, a_list, monkeypatch, work):
    from OCTCalciumLib.measurement import pullback
    from OCTCalciumPanel import pullback_results

    owner, name = {"take": (pullback_results, "readRun"), "measure": (pullback, "measure_pullback")}[work]

    def remove():
        for volume in slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode"):
            slicer.mrmlScene.RemoveNode(volume)

    with monkeypatch.context() as patched:
        order, timer = amid(patched, owner, name, remove)
        a_list.worklist.open(0)
        timer.stop()
    a_desktop.process_events()
    assert order
    assert "removed" in a_list.ui.worklistLabel.text
    assert not slicer.util.getNodesByClass("vtkMRMLSegmentationNode")
    a_list.worklist.open(1)
    a_desktop.process_events()
    assert a_list.worklist.openItem is a_list.worklist._items[1]
    assert a_list.results.measurement.max_arc_deg == pytest.approx(240, abs=2)


def test_a_scene_closed_while_the_next_study_is_asked_for_keeps_the_edit(a_desktop, a_list, a_study, monkeypatch):
    from LesionReadingPanel.worklist import study_on_view

    erase_frame(a_desktop, a_list, 9)
    with monkeypatch.context() as patched:
        order, timer = amid(patched, study_on_view, "write_seg_nrrd", lambda: slicer.mrmlScene.Clear(0))
        a_list.worklist.open(1)
        timer.stop()
    a_desktop.process_events()
    assert order and edit_of(a_study.folder, "Anna").changed == {9}
    assert holder_of(a_study.folder) is None


def test_a_disk_that_became_read_only_lets_the_reader_leave(a_desktop, a_list, a_study, monkeypatch):
    def read_only(*_arguments, **_options):
        raise OSError(30, "Read-only file system")

    with monkeypatch.context() as patched:
        patched.setattr("LesionReadingLib.studies.reader_lock.Path.unlink", read_only)
        a_list.worklist.leave()
    assert a_list.worklist.openItem is None
    a_list.worklist.open(1)
    assert a_list.worklist.openItem is a_list.worklist._items[1]


@pytest.mark.parametrize("content", [b"", b"\xff", b"[]", b'{"cautions": 3}'])
def test_damaged_results_are_told_in_a_sentence_and_the_next_study_opens(a_desktop, a_list, content):
    item = a_list.worklist._items[0]
    (item.result / "measurements.json").write_bytes(content)
    a_list.worklist.open(0)
    assert str(item.result) in a_list.ui.worklistLabel.text and a_list.worklist.openItem is None
    assert holder_of(item.folder) is None and not slicer.util.getNodesByClass("vtkMRMLSegmentationNode")
    a_list.worklist.open(1)
    assert a_list.worklist.openItem is a_list.worklist._items[1]


def test_an_edit_whose_analysis_was_deleted_is_taken_up_unasked(a_desktop, a_list, a_study):
    erase_frame(a_desktop, a_list, 9)
    a_list.worklist.leave()
    shutil.rmtree(a_study.result)
    a_list.worklist.open(0)
    a_desktop.process_events()
    arcs = [frame.arc_bridged_deg for frame in a_list.results.measurement.frames]
    assert arcs[9] == 0 and arcs[10] == pytest.approx(240, abs=2)


HOSTILE = [
    {"reviewed": [10**17, -1, 24], "count": -5, "changed": [10**17]},
    {"reviewed": "123", "reading": [1, 2]},
    {"reading": {"\x1b[31m": True, "": False}, "exported": "no"},
]


@pytest.mark.parametrize("facts", HOSTILE)
def test_an_edit_with_hostile_facts_opens_and_is_edited_on(a_desktop, a_list, a_study, facts):
    erase_frame(a_desktop, a_list, 9)
    a_list.worklist.leave()
    file = reader_folder(a_study.folder, "Anna") / "edit.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | facts))
    a_list.worklist.refresh()
    a_list.worklist.open(0)
    a_desktop.process_events()
    erase_frame(a_desktop, a_list, 12)
    a_list.ui.reviewedCheckBox.click()
    a_list.worklist.leave()
    assert edit_of(a_study.folder, "Anna").changed == {9, 12}


def test_an_edit_of_a_version_that_kept_no_digest_and_no_judgement_opens(a_desktop, a_list, a_study):
    erase_frame(a_desktop, a_list, 9)
    a_list.worklist.leave()
    file = reader_folder(a_study.folder, "Anna") / "edit.json"
    stored = json.loads(file.read_text())
    del stored["drawn"], stored["reading"]
    file.write_text(json.dumps(stored))
    a_list.worklist.open(0)
    a_desktop.process_events()
    assert a_list.results.measurement.frames[9].arc_bridged_deg == 0


@pytest.mark.parametrize("content", ["", "[]", "{", '{"labels": "x"}'])
def test_an_edit_that_cannot_be_read_is_laid_aside_and_told(a_desktop, a_list, a_study, content):
    erase_frame(a_desktop, a_list, 9)
    a_list.worklist.leave()
    labels = edit_of(a_study.folder, "Anna").labels
    (reader_folder(a_study.folder, "Anna") / "edit.json").write_text(content)
    a_list.worklist.open(0)
    a_desktop.process_events()
    (earlier,) = (a_study.folder / "earlier_edits").iterdir()
    assert (earlier / labels.name).exists() and str(earlier) in a_list.ui.worklistLabel.text
    assert a_list.results.measurement.frames[9].arc_bridged_deg == pytest.approx(240, abs=2)
    erase_frame(a_desktop, a_list, 12)
    a_list.worklist.leave()
    assert edit_of(a_study.folder, "Anna").changed == {12} and (earlier / labels.name).exists()


def _cut_off(file):
    file.write_bytes(file.read_bytes()[:-9])


def _half_of_the_frames(file):
    image = sitk.ReadImage(str(file))
    sitk.WriteImage(image[:, :, : image.GetSize()[2] // 2], str(file))


def _elsewhere(file):
    image = sitk.ReadImage(str(file))
    image.SetOrigin((500.0, 0.0, 0.0))
    sitk.WriteImage(image, str(file))


@pytest.mark.parametrize("damage", [os.unlink, _cut_off, _half_of_the_frames, _elsewhere])
def test_an_edit_whose_label_map_is_damaged_is_laid_aside_and_told(a_desktop, a_list, a_study, damage):
    erase_frame(a_desktop, a_list, 9)
    a_list.worklist.leave()
    damage(edit_of(a_study.folder, "Anna").labels)
    a_list.worklist.open(0)
    a_desktop.process_events()
    (kept,) = (a_study.folder / EARLIER).iterdir()
    assert (kept / EDIT).exists() and str(kept) in a_list.ui.worklistLabel.text
    assert a_list.results.measurement.frames[9].arc_bridged_deg == pytest.approx(240, abs=2)  # as the model drew it


def test_a_disk_that_went_away_lets_the_window_go_on(a_desktop, a_list, a_study, monkeypatch):
    stat = os.stat

    def gone(path, *arguments, **options):
        if str(path).startswith(str(a_study.folder.parent)):
            raise OSError(107, "Transport endpoint is not connected")
        return stat(path, *arguments, **options)

    with monkeypatch.context() as patched:
        patched.setattr(os, "stat", gone)
        a_list.worklist.refresh()
        a_list.worklist.openNext()
        a_list.worklist.leave()
    a_list.worklist.refresh()
    a_list.worklist.open(1)
    assert a_list.worklist.openItem is a_list.worklist._items[1]


def test_nothing_is_kept_in_the_empty_place_of_a_share_that_went_away(a_desktop, a_list, a_study, studies):
    """It would lie hidden below the share once that is back, and be told as kept."""
    away, label = studies.with_name("away"), a_list.ui.worklistLabel
    erase_frame(a_desktop, a_list, 9)
    a_desktop.wait_until(lambda: not a_list.worklist._autosaving.pending, 30)
    studies.rename(away)
    studies.mkdir()
    erase_frame(a_desktop, a_list, 12)
    a_desktop.wait_until(lambda: label.text, 30)
    assert "in the scene" in label.text
    for step in (a_list.ui.saveStudyButton, a_list.ui.nextStudyButton):
        step.click()
        assert "not there" in label.text and label.text.count(".") == 1, label.text
    a_list.ui.analyseAllButton.click()
    assert "not there" in label.text and not a_list.ui.analyseAllButton.checked
    assert a_list.worklist.openItem is a_study and a_list.results.measurement.frames[12].arc_bridged_deg == 0
    assert not list(studies.iterdir())
    studies.rmdir()
    away.rename(studies)
    a_list.ui.saveStudyButton.click()
    assert label.text == "Kept beside the data." and edit_of(a_study.folder, "Anna").changed == {9, 12}


def test_an_edit_of_a_study_that_somebody_deleted_is_kept_and_locked_anew(a_desktop, a_list, a_study):
    shutil.rmtree(a_study.folder)
    a_study.study.source.unlink()
    erase_frame(a_desktop, a_list, 9)
    a_list.ui.saveStudyButton.click()
    assert a_list.ui.worklistLabel.text == "Kept beside the data."
    assert edit_of(a_study.folder, "Anna").changed == {9} and holder_of(a_study.folder).reader == "Anna"


def test_a_study_that_another_took_over_is_not_taken_back(a_desktop, a_list, a_study):
    (a_study.folder / LOCK).unlink()
    take(a_study.folder, "Bert")
    erase_frame(a_desktop, a_list, 9)
    a_list.ui.saveStudyButton.click()
    assert "Another reader has taken this study over" in a_list.ui.worklistLabel.text
    assert holder_of(a_study.folder).reader == "Bert" and edit_of(a_study.folder, "Anna").changed == {9}


def test_no_study_is_opened_and_no_folder_made_where_the_disk_is_gone(a_desktop, a_list, studies):
    shutil.rmtree(studies)
    a_list.worklist.open(0)
    assert "not there" in a_list.ui.worklistLabel.text and a_list.worklist.openItem is None
    assert not studies.exists()
