"""A worklist in the panel: opened, edited, kept, left, taken by another, analysed beside; nothing that was made is lost."""

from __future__ import annotations

import json
import os
import shutil
import threading
import time

import numpy as np
import pytest
import qt
import slicer
import slicer.util
from drawn_result import a_pullback, write_run
from drawn_vessel import a_vessel
from LesionReadingLib.labels.seg_nrrd import write_seg_nrrd
from LesionReadingLib.studies import worklist as wl
from LesionReadingLib.studies.reader_edits import edit_of
from LesionReadingLib.studies.reader_lock import LOCK, STALE_S, holder_of, take
from LesionReadingScene.scene import reviewed, set_reviewed
from oct_panel import erase_frame, result_in


def states(panel):
    table = panel.ui.worklistTable
    return {table.item(row, 0).text(): table.item(row, 1).text() for row in range(table.rowCount)}


def test_the_table_tells_how_far_each_study_is(a_list):
    assert sorted(states(a_list).values()) == ["analysed", "analysed", "waiting"]
    assert a_list.ui.nextStudyButton.shortcut.toString() == "Shift+W"


def test_the_next_study_is_opened_by_one_key_with_its_result(a_desktop, a_list):
    began = time.process_time()
    a_list.ui.nextStudyButton.click()
    a_desktop.process_events()
    assert time.process_time() - began < 3
    assert a_list.results.measurement.max_arc_deg == pytest.approx(240, abs=2)
    assert a_list.ui.inputButton.collapsed and a_list.ui.worklistLabel.isHidden()  # the results come first
    assert "on view" in states(a_list).values()
    assert holder_of(a_list.worklist.openItem.folder).reader == "Anna"


def test_an_edit_is_kept_when_the_next_study_is_opened_and_is_there_on_return(a_desktop, a_list):
    a_list.ui.nextStudyButton.click()
    a_desktop.process_events()
    first = a_list.worklist.openItem
    erase_frame(a_desktop, a_list, 9)
    set_reviewed(result_in(a_list), [8, 9], True)
    a_list.ui.nextStudyButton.click()
    a_desktop.process_events()
    assert a_list.worklist.openItem is not first and holder_of(first.folder) is None
    assert "reviewed 2 of 24" in states(a_list).values()
    edit = edit_of(first.folder, "Anna")
    assert edit.changed == {9} and edit.reviewed == {8, 9} and edit.model == "a_model 0.3"
    assert len(slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")) == 1
    a_list.worklist.open(a_list.worklist._items.index(first))
    a_desktop.process_events()
    assert a_list.results.measurement.frames[9].arc_bridged_deg == 0
    assert a_list.results.measurement.frames[10].arc_bridged_deg == pytest.approx(240, abs=2)
    assert reviewed(result_in(a_list)) == {8, 9}
    # What the model drew is still there.
    assert (first.result / "segmentation.seg.nrrd").exists()


def waits_for_the_loop(monkeypatch, owner, name):
    """Let some work end only once Qt's loop has turned after it began; gives whether it did, as a function."""
    begun, turned, work = threading.Event(), threading.Event(), getattr(owner, name)

    def waiting(*arguments, **options):
        begun.set()
        assert turned.wait(30), "the event loop was held"
        return work(*arguments, **options)

    timer = qt.QTimer()
    timer.connect("timeout()", lambda: turned.set() if begun.is_set() else None)
    timer.start(5)
    monkeypatch.setattr(owner, name, waiting)
    return lambda: timer.stop() or turned.is_set()


def test_the_window_lives_while_studies_are_looked_for_read_and_measured(a_desktop, an_oct_module, a_list, studies, monkeypatch):
    from OCTCalciumLib import batch
    from OCTCalciumLib.measurement import pullback
    from OCTCalciumPanel import pullback_results
    from OCTCalciumPanel import studies as kinds

    long = [
        waits_for_the_loop(monkeypatch, batch, "find_pullbacks"),
        waits_for_the_loop(monkeypatch, kinds, "framesOf"),
        waits_for_the_loop(monkeypatch, pullback_results, "readRun"),
        waits_for_the_loop(monkeypatch, pullback, "measure_pullback"),
    ]
    a_list.worklist.show(studies)
    a_list.worklist.open(0)
    assert all(turned() for turned in long)
    assert a_list.results.measurement.max_arc_deg == pytest.approx(240, abs=2)


def test_the_window_lives_while_a_vessel_is_built_a_case_exported_and_a_report_prepared(a_desktop, a_list, tmp_path, monkeypatch):
    from LesionReadingLib.labels import seg_nrrd
    from LesionReadingLib.studies import training_case
    from OCTCalciumLib.presenting.rendering import vessel_scene

    a_list.worklist.open(0)
    long = [
        waits_for_the_loop(monkeypatch, vessel_scene, "vessel_scene"),
        waits_for_the_loop(monkeypatch, training_case, "write_case"),
        waits_for_the_loop(monkeypatch, seg_nrrd, "write_seg_nrrd"),
    ]
    a_list.ui.renderingCheckBox.click()
    assert a_list.results._vessel.visible
    (tmp_path / "inputs").mkdir()
    a_list.logic.exportCase(a_list.currentResult(), tmp_path)
    a_list.logic.prepareReport(a_list.currentResult(), tmp_path / "inputs", tmp_path / "report")
    assert all(turned() for turned in long)


def test_a_vessel_that_is_hidden_while_it_is_built_stays_hidden(a_desktop, a_list, monkeypatch):
    from OCTCalciumLib.presenting.rendering import vessel_scene

    a_list.worklist.open(0)
    build, vessel = vessel_scene.vessel_scene, a_list.results._vessel
    timer = qt.QTimer()
    timer.connect("timeout()", vessel.hide)
    monkeypatch.setattr(vessel_scene, "vessel_scene", lambda *source: (time.sleep(0.2), build(*source))[1])
    timer.start(5)
    vessel.show()
    timer.stop()
    assert not vessel.visible


def test_a_click_on_another_study_waits_until_the_one_before_is_open(a_desktop, a_list, monkeypatch):
    """Clicks are not taken while a study is read; what calls without a click is refused."""
    from OCTCalciumPanel import studies as kinds

    read, opened = kinds.framesOf, []
    timer = qt.QTimer()
    timer.connect("timeout()", lambda: (a_list.worklist.open(1), opened.append(a_list.worklist.openItem)))
    monkeypatch.setattr(kinds, "framesOf", lambda pullback: (time.sleep(0.2), read(pullback))[1])
    timer.start(5)
    a_list.worklist.open(0)
    timer.stop()
    assert opened and set(opened) == {None}
    assert a_list.worklist.openItem is a_list.worklist._items[0]
    assert len(slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")) == 1


def test_a_study_that_another_edits_is_not_opened(a_desktop, a_list):
    item = a_list.worklist._items[0]
    take(item.folder, "Bert")
    a_list.worklist.open(0)
    assert "Bert" in a_list.ui.worklistLabel.text and a_list.worklist.openItem is None
    assert "edited by Bert" in states(a_list).values()


@pytest.mark.parametrize("answer", [True, False])
def test_what_a_crash_has_left_is_told_and_taken_over_only_if_wanted(a_desktop, a_list, answer):
    item = a_list.worklist._items[0]
    take(item.folder, "Bert")
    long_ago = time.time() - STALE_S - 60
    os.utime(item.folder / LOCK, (long_ago, long_ago))
    a_list.worklist.refresh()
    assert any("after a crash" in text for text in states(a_list).values())
    a_desktop.dialogs.answer(answer)
    a_list.worklist.open(0)
    assert (a_list.worklist.openItem is item) == answer
    assert holder_of(item.folder).reader == ("Anna" if answer else "Bert")


def test_the_readers_name_is_there_again_in_the_next_session(a_list):
    try:
        a_list.ui.readerEdit.text = "Dora"
        a_list.ui.readerEdit.editingFinished.emit()
        a_list.ui.readerEdit.text = ""
        assert type(a_list.worklist)(a_list.ui, a_list.studyKind()).reader == "Dora"
    finally:
        slicer.app.userSettings().remove("LesionReading/Reader")


def test_without_a_name_nothing_is_opened(a_list):
    a_list.ui.readerEdit.text = " "
    a_list.ui.nextStudyButton.click()
    assert "name" in a_list.ui.worklistLabel.text and a_list.worklist.openItem is None


def crash_and_reopen(a_desktop, panel):
    """Open the study again as a new start of Slicer finds it after a crash: with what was autosaved, and the lock."""
    number, item = panel.worklist._open, panel.worklist.openItem
    left = item.folder.parent / "left"
    shutil.copytree(item.folder, left, copy_function=shutil.copy2)
    panel.worklist.leave()
    shutil.rmtree(item.folder)
    left.rename(item.folder)
    panel.worklist.refresh()
    assert any("after a crash" in text for text in states(panel).values())
    a_desktop.dialogs.answer(True)
    panel.worklist.open(number)
    a_desktop.process_events()
    assert "under your name" in a_desktop.dialogs.shown[-1].text and panel.worklist.openItem is item


def test_after_a_crash_strokes_and_reviewed_marks_are_there_again(a_desktop, a_list):
    a_list.ui.nextStudyButton.click()
    a_desktop.process_events()
    item = a_list.worklist.openItem
    erase_frame(a_desktop, a_list, 9)
    set_reviewed(result_in(a_list), [7, 8], True)
    a_list.ui.saveStudyButton.click()
    erase_frame(a_desktop, a_list, 12)
    set_reviewed(result_in(a_list), [8], False)
    set_reviewed(result_in(a_list), [12], True)
    assert a_list.worklist._autosaving.pending
    with a_desktop.longest_pause():
        a_desktop.wait_until(lambda: not a_list.worklist._autosaving.pending, 30)
    assert edit_of(item.folder, "Anna").changed == {9}  # the last strokes are in no edit yet
    crash_and_reopen(a_desktop, a_list)
    arcs = [frame.arc_bridged_deg for frame in a_list.results.measurement.frames]
    assert arcs[9] == arcs[12] == 0 and arcs[10] == pytest.approx(240, abs=2)
    assert reviewed(result_in(a_list)) == {7, 12}
    assert "is here again" in a_list.ui.worklistLabel.text
    a_list.worklist.leave()
    assert edit_of(item.folder, "Anna").changed == {9, 12}
    assert not list(item.folder.glob("edits/*/autosave"))


def test_of_many_changed_frames_all_are_kept_a_few_at_a_time(a_desktop, a_list):
    a_list.ui.nextStudyButton.click()
    a_desktop.process_events()
    item = a_list.worklist.openItem
    for frame in range(24):
        erase_frame(a_desktop, a_list, frame)
    a_desktop.wait_until(lambda: not a_list.worklist._autosaving.pending, 30)
    crash_and_reopen(a_desktop, a_list)
    assert a_list.results.measurement.volume_mm3 == 0
    assert edit_of(item.folder, "Anna") is None


def test_a_disk_that_is_full_or_gone_is_told_and_the_strokes_are_kept_once_it_is_back(a_desktop, a_list, monkeypatch):
    monkeypatch.setattr("LesionReadingPanel.worklist.autosaving.RETRY_MS", 100)
    a_list.ui.nextStudyButton.click()
    a_desktop.process_events()

    def gone(*_arguments):
        raise OSError(107, "Transport endpoint is not connected")

    with monkeypatch.context() as patched:
        patched.setattr("LesionReadingLib.studies.whole_file.os.replace", gone)
        erase_frame(a_desktop, a_list, 9)
        a_desktop.wait_until(lambda: a_list.ui.worklistLabel.text, 30)
        text = a_list.ui.worklistLabel.text
        assert "not connected" in text and "in the scene" in text and text.count(".") == 1
        assert a_list.results.measurement.frames[9].arc_bridged_deg == 0
    a_desktop.wait_until(lambda: not a_list.worklist._autosaving.pending, 30)
    assert a_list.ui.worklistLabel.text == ""
    crash_and_reopen(a_desktop, a_list)
    assert a_list.results.measurement.frames[9].arc_bridged_deg == 0


def test_a_study_whose_nodes_were_removed_is_left_and_opened_again_with_what_was_kept(a_desktop, a_list):
    a_list.ui.nextStudyButton.click()
    a_desktop.process_events()
    number = a_list.worklist._open
    erase_frame(a_desktop, a_list, 9)
    a_desktop.wait_until(lambda: not a_list.worklist._autosaving.pending, 30)
    slicer.mrmlScene.RemoveNode(a_list.worklist._view.volume)
    a_list.ui.saveStudyButton.click()
    assert "were removed" in a_list.ui.worklistLabel.text
    a_list.worklist.leave()
    assert a_list.worklist.openItem is None
    a_list.worklist.open(number)
    a_desktop.process_events()
    assert a_list.results.measurement.frames[9].arc_bridged_deg == 0


def test_an_analysis_in_the_panel_of_a_study_on_view_is_followed_and_kept(a_desktop, a_list):
    number = [state.status for state in a_list.worklist._states].index(wl.WAITING)
    a_list.worklist.open(number)
    a_desktop.process_events()
    item, volume = a_list.worklist.openItem, a_list.worklist._view.volume
    write_run(item.folder.parent / "run", volume, a_vessel())
    a_list.analysedVolume, a_list.analysedOptions = volume, {"model": "a_model"}
    a_list._onDone(item.folder.parent / "run")
    a_desktop.process_events()
    erase_frame(a_desktop, a_list, 9)
    a_desktop.wait_until(lambda: not a_list.worklist._autosaving.pending, 30)
    crash_and_reopen(a_desktop, a_list)
    arcs = [frame.arc_bridged_deg for frame in a_list.results.measurement.frames]
    assert arcs[9] == 0 and arcs[10] == pytest.approx(240, abs=2)


def test_a_study_that_was_only_looked_at_is_left_as_it_was(a_desktop, a_list):
    number = [state.status for state in a_list.worklist._states].index(wl.WAITING)
    for row in (0, number):
        before = states(a_list)
        a_list.worklist.open(row)
        a_desktop.process_events()
        item = a_list.worklist.openItem
        a_list.worklist.leave()
        assert edit_of(item.folder, "Anna") is None and states(a_list) == before


def test_a_stroke_that_nobody_told_of_is_kept_all_the_same(a_desktop, a_list):
    a_list.ui.nextStudyButton.click()
    item = a_list.worklist.openItem
    a_list.results._live.stop()  # as when the panel shows another volume meanwhile
    erase_frame(a_desktop, a_list, 9)
    a_list.worklist.leave()
    assert edit_of(item.folder, "Anna").changed == {9}


@pytest.mark.parametrize("button", ["saveStudyButton", "nextStudyButton"])
def test_a_stroke_made_while_an_edit_is_written_is_not_lost(a_desktop, a_list, monkeypatch, button):
    a_list.ui.nextStudyButton.click()
    a_desktop.process_events()
    item, number = a_list.worklist.openItem, a_list.worklist._open
    erase_frame(a_desktop, a_list, 9)
    writing, painted = threading.Event(), threading.Event()

    def slowly(*arguments):
        writing.set()
        assert painted.wait(30)
        return write_seg_nrrd(*arguments)

    def paint():
        if writing.is_set() and not painted.is_set():
            erase_frame(a_desktop, a_list, 12)
            painted.set()

    timer = qt.QTimer()
    timer.connect("timeout()", paint)
    timer.start(5)
    monkeypatch.setattr("LesionReadingPanel.worklist.study_on_view.write_seg_nrrd", slowly)
    getattr(a_list.ui, button).click()
    timer.stop()
    a_desktop.process_events()
    a_desktop.wait_until(lambda: not a_list.worklist._autosaving.pending, 30)
    if button == "saveStudyButton":
        assert edit_of(item.folder, "Anna").changed == {9}
        crash_and_reopen(a_desktop, a_list)
    else:
        assert edit_of(item.folder, "Anna").changed == {9, 12}
        a_list.worklist.open(number)
    a_desktop.process_events()
    arcs = [frame.arc_bridged_deg for frame in a_list.results.measurement.frames]
    assert arcs[9] == arcs[12] == 0 and arcs[10] == pytest.approx(240, abs=2)


def drawn_anew(item):
    """Another model has drawn a smaller deposit."""
    shutil.rmtree(item.result)
    volume = a_pullback(name="for the run")
    write_run(item.folder, volume, a_vessel(90.0))
    slicer.mrmlScene.RemoveNode(volume)
    (item.result / "measurements.json").write_text(json.dumps({"cautions": []}))
    wl.record_model(item, "another_model", "0.4")


@pytest.mark.parametrize("kept", [True, False], ids=["an edit", "what a crash left"])
@pytest.mark.parametrize("wanted", [True, False])
def test_an_edit_on_another_models_map_is_offered_and_laid_over_the_new_one_only_if_wanted(a_desktop, a_list, kept, wanted):
    a_list.ui.nextStudyButton.click()
    a_desktop.process_events()
    number, item = a_list.worklist._open, a_list.worklist.openItem
    erase_frame(a_desktop, a_list, 9)
    a_desktop.wait_until(lambda: not a_list.worklist._autosaving.pending, 30)
    left = item.folder.parent / "left"
    shutil.copytree(item.folder, left)
    a_list.worklist.leave()
    if not kept:
        shutil.rmtree(item.folder)
        left.rename(item.folder)
        (item.folder / LOCK).unlink()
    drawn_anew(item)
    a_desktop.dialogs.answer(wanted)
    a_list.worklist.open(number)
    a_desktop.process_events()
    assert "another_model 0.4" in a_desktop.dialogs.shown[-1].text
    arcs = [frame.arc_bridged_deg for frame in a_list.results.measurement.frames]
    assert arcs[9] == pytest.approx(0 if wanted else 90, abs=2)
    assert arcs[10] == pytest.approx(240 if wanted and kept else 90, abs=2)
    asked = len(a_desktop.dialogs.shown)
    if not wanted:
        (earlier,) = (item.folder / "earlier_edits").iterdir()
        assert str(earlier) in a_list.ui.worklistLabel.text
        assert list(earlier.glob("labels_*.seg.nrrd" if kept else "autosave/slice_00009.z"))
    set_reviewed(result_in(a_list), [3], True)
    a_list.worklist.leave()
    a_list.worklist.open(number)
    assert len(a_desktop.dialogs.shown) == asked  # answered once for all


def test_a_full_disk_keeps_the_study_on_view_with_its_edit(a_desktop, a_list, monkeypatch):
    a_list.ui.nextStudyButton.click()
    a_desktop.process_events()
    item = a_list.worklist.openItem
    erase_frame(a_desktop, a_list, 9)

    def full(*_arguments):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("LesionReadingLib.studies.whole_file.os.replace", full)
        a_list.ui.nextStudyButton.click()
        assert "No space left" in a_list.ui.worklistLabel.text
        assert a_list.worklist.openItem is item
    assert a_list.results.measurement.frames[9].arc_bridged_deg == 0
    a_list.ui.saveStudyButton.click()
    assert edit_of(item.folder, "Anna").changed == {9}


def test_a_study_that_was_deleted_is_told_in_a_sentence(a_desktop, a_list, studies):
    name = a_list.worklist._items[0].name
    (studies / name).unlink()
    a_list.worklist.open(0)
    assert a_list.ui.worklistLabel.text and a_list.worklist.openItem is None
    assert holder_of(a_list.worklist._items[0].folder) is None


@pytest.mark.parametrize("closed", ["scene", "panel"])
def test_a_closed_scene_and_a_closed_panel_keep_the_edit_and_free_the_study(a_desktop, a_list, closed):
    a_list.ui.nextStudyButton.click()
    a_desktop.process_events()
    item = a_list.worklist.openItem
    erase_frame(a_desktop, a_list, 9)
    slicer.mrmlScene.Clear(0) if closed == "scene" else a_list.cleanup()
    assert edit_of(item.folder, "Anna").changed == {9}
    assert holder_of(item.folder) is None and a_list.worklist.openItem is None


def test_an_export_is_told_in_the_list(a_desktop, a_list, tmp_path):
    a_list.ui.nextStudyButton.click()
    a_desktop.process_events()
    set_reviewed(result_in(a_list), [8], True)
    (tmp_path / "cases").mkdir()
    a_desktop.dialogs.answer(str(tmp_path / "cases"))
    a_list.ui.exportButton.click()
    a_list.worklist.leave()
    assert "exported" in states(a_list).values()


def test_a_study_that_is_not_analysed_yet_is_begun_by_hand(a_desktop, a_list):
    number = [state.status for state in a_list.worklist._states].index(wl.WAITING)
    a_list.worklist.open(number)
    a_desktop.process_events()
    assert a_list.worklist.openItem is not None
    assert a_list.results.measurement.volume_mm3 == 0
    set_reviewed(result_in(a_list), [3], True)
    a_list.worklist.leave()
    assert edit_of(a_list.worklist._items[number].folder, "Anna").model == ""


def test_waiting_studies_are_analysed_beside_and_what_cannot_be_read_is_told(a_desktop, an_oct_module, studies):
    panel = an_oct_module
    for name in ("one", "two"):
        (studies / f"{name}.nrrd").unlink()
    (studies / "broken.nrrd").write_bytes(b"NRRD0004\nno header\n")
    panel.ui.readerEdit.text = "Anna"
    panel.worklist.show(studies)
    panel.ui.analyseAllButton.click()
    with a_desktop.longest_pause():
        a_desktop.wait_until(lambda: not panel.worklist._background.running, 120)
    listed = states(panel)
    assert listed["three.nrrd"] == "analysed" and listed["broken.nrrd"].startswith("failed: ")
    assert not panel.ui.analyseAllButton.checked
    assert np.isfinite(json.loads((panel.worklist._items[1].result / "measurements.json").read_text())["volume_mm3"])
    panel.ui.nextStudyButton.click()
    assert panel.worklist.openItem.name == "three.nrrd"


def test_the_report_is_told_on_how_many_frames_a_reader_has_corrected_the_contours(a_desktop, a_list, tmp_path):
    from OCTCalciumPanel import pullback_results

    a_list.ui.nextStudyButton.click()
    a_desktop.process_events()
    result = result_in(a_list)
    pullback_results.scene.set_result_json(result, pullback_results.MODEL, "oct_calcium_two_step")
    for frame in (9, 12):
        erase_frame(a_desktop, a_list, frame)
    arguments = pullback_results.prepareReport(result, tmp_path, tmp_path / "report")
    assert arguments[arguments.index("--corrected") + 1] == "2"
