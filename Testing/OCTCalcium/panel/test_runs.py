"""OCTCalcium's panel with its worker; one real run of worker and network on a small phantom serves all tests."""

from __future__ import annotations

import json
import os
import signal
import time

import numpy as np
import pytest
import slicer
import slicer.util
from drawn_result import a_pullback, write_run
from drawn_vessel import a_vessel
from drawn_volumes import add_array
from LesionReadingLib.errors import InputError
from LesionReadingLib.geometry.spacing import UNKNOWN
from LesionReadingLib.studies.training_case import read_case
from LesionReadingPanel.views import currentSlice
from LesionReadingScene.scene import result_node, result_of, results, reviewed, set_result_json, volume_spacing, write_volume_node
from oct_panel import apply_and_wait, erase_frame, keep_run, number, result_in, row, show_drawn, take_run
from OCTCalciumLib.labels import CALCIUM
from OCTCalciumLib.reading.cautions import NOT_OCT
from OCTCalciumPanel import pullback_results, sample_data
from OCTCalciumPanel.results import arc_plot

SEED, FRAMES, SIZE, FRAME_STEP_MM = 13, 20, 160, 0.5


@pytest.fixture(autouse=True)
def a_small_sample(monkeypatch):
    for name, value in (("SEED", SEED), ("FRAMES", FRAMES), ("SIZE", SIZE), ("FRAME_MM", FRAME_STEP_MM)):
        monkeypatch.setattr(sample_data, name, value)


@pytest.fixture(scope="session")
def kept(tmp_path_factory):
    """Where the one real run leaves what it wrote."""
    return tmp_path_factory.mktemp("kept")


@pytest.fixture
def a_drawn_result(a_desktop, an_oct_module, tmp_path):
    """The panel with the drawn vessel analysed, without a worker: 240 degrees in frames 8 to 15, 60 in 19 to 22."""
    show_drawn(an_oct_module, a_pullback(), a_vessel(), tmp_path / "drawn")
    a_desktop.process_events()
    return an_oct_module


@pytest.fixture
def an_analysed_phantom(a_desktop, an_oct_module, kept):
    """The panel with the sample analysed by a real run (the first time; then by what that run wrote)."""
    panel = an_oct_module
    (volume,) = a_desktop.click_sample(sample_data.SAMPLE_NAME)
    panel.ui.inputSelector.setCurrentNode(volume)
    if (kept / "out").exists():
        take_run(panel, volume, kept)
    else:
        keep_run(panel, kept)
        apply_and_wait(a_desktop, panel)
    return panel


# From the sample to the result


def test_from_sample_to_results_the_window_never_stands_still(a_desktop, an_oct_module, kept):
    panel = an_oct_module
    assert not panel.ui.applyButton.enabled
    (volume,) = a_desktop.click_sample(sample_data.SAMPLE_NAME)
    assert volume_spacing(volume).frame_mm == pytest.approx(FRAME_STEP_MM)
    panel.ui.inputSelector.setCurrentNode(volume)
    assert panel.ui.applyButton.enabled and not panel.ui.spacingBox.visible
    keep_run(panel, kept)
    seen = set()
    panel.ui.applyButton.click()
    a_desktop.process_events()
    with a_desktop.longest_pause() as pause:
        a_desktop.wait_until(lambda: seen.add(panel.ui.statusLabel.text) or "Writing" in panel.ui.statusLabel.text, 120)
    a_desktop.wait_until(lambda: not panel.run.running, 60)
    assert pause.longest_ms < 100
    assert any(stage.startswith("Segmenting") for stage in seen)
    assert panel.ui.statusLabel.text == "Done."
    from OCTCalciumLib.measurement.pullback import measure_pullback
    from OCTCalciumLib.phantom.pullback import draw_pullback

    truth = draw_pullback(SEED, FRAMES, SIZE, FRAME_STEP_MM)
    true = measure_pullback(truth.labels, truth.spacing)
    assert number(panel.ui.volumeLabel.text) == pytest.approx(true.volume_mm3, rel=0.3)
    assert number(panel.ui.arcLabel.text) == pytest.approx(true.max_arc_deg, abs=30)
    assert panel.ui.lengthLabel.text.endswith(" mm") and panel.ui.volumeLabel.text.endswith(" mm³")
    assert "degrees around the vessel" in panel.ui.findingLabel.text
    assert slicer.app.layoutManager().layout == slicer.vtkMRMLLayoutNode.SlicerLayoutFourUpPlotView
    assert currentSlice(volume) == panel.results.measurement.max_arc_frame


def test_from_editing_to_a_reopened_scene(a_desktop, an_analysed_phantom, tmp_path):
    panel = an_analysed_phantom
    measurement = panel.results.measurement
    frame = measurement.max_arc_frame
    before_mm3, area_mm2 = measurement.volume_mm3, measurement.frames[frame].area_mm2
    erase_frame(a_desktop, panel, frame)
    assert panel.results.measurement.volume_mm3 == pytest.approx(before_mm3 - area_mm2 * FRAME_STEP_MM)
    assert row(panel, frame)[2] == ""

    panel.ui.reviewedCheckBox.click()
    assert reviewed(result_in(panel)) == {currentSlice(panel.ui.inputSelector.currentNode())}
    panel.ui.nextUnreviewedButton.click()
    assert currentSlice(panel.ui.inputSelector.currentNode()) not in reviewed(result_in(panel))

    (tmp_path / "cases").mkdir()
    a_desktop.dialogs.answer(str(tmp_path / "cases"))
    panel.ui.exportButton.click()
    case = read_case(tmp_path / "cases" / "pullback_001")
    assert set(case.reviewed) == reviewed(result_in(panel)) and not (case.labels[frame] == CALCIUM).any()

    panel.ui.renderingCheckBox.checked = True
    shown_mm3, done = panel.ui.volumeLabel.text, reviewed(result_in(panel))
    assert slicer.util.saveScene(str(tmp_path / "scene.mrb"))
    slicer.mrmlScene.Clear(0)
    a_desktop.process_events()
    assert panel.ui.volumeLabel.text == "–" and panel.ui.frameTable.rowCount == 0
    slicer.util.loadScene(str(tmp_path / "scene.mrb"))
    a_desktop.process_events()
    assert panel.ui.volumeLabel.text == shown_mm3
    assert reviewed(result_in(panel)) == done and row(panel, min(done))[6] == "✓"
    assert panel.ui.renderingCheckBox.checked and panel.results._vessel.visible
    chart = result_node(result_in(panel), arc_plot.CHART_ROLE)
    assert chart.GetNumberOfPlotSeriesNodes() == 3 and len(results(pullback_results.KIND)) == 1
    assert slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLPlotSeriesNode") == 3
    erase_frame(a_desktop, panel, frame - 1)
    assert row(panel, frame - 1)[2] == ""


# Runs that do not end well


def start_run(desktop, panel, until="Segmenting"):
    (volume,) = desktop.click_sample(sample_data.SAMPLE_NAME)
    panel.ui.inputSelector.setCurrentNode(volume)
    panel.ui.applyButton.click()
    if until:
        desktop.wait_until(lambda: until in panel.ui.statusLabel.text, 60)
    return volume


def test_cancel_ends_the_run_within_a_second_and_the_earlier_result_stays(a_desktop, a_drawn_result):
    panel = a_drawn_result
    shown, drawn = panel.ui.volumeLabel.text, panel.ui.inputSelector.currentNode()
    panel.ui.applyButton.click()
    a_desktop.wait_until(lambda: panel.logic.worker._group is not None, 60)
    started = time.monotonic()
    panel.ui.cancelButton.click()
    a_desktop.wait_until(lambda: not panel.run.running, 5)
    assert time.monotonic() - started < 1.5  # a second, and what a busy machine needs to notice
    assert "Cancelled" in panel.ui.statusLabel.text
    assert panel.ui.inputSelector.currentNode() is drawn and panel.ui.volumeLabel.text == shown and panel.ui.applyButton.enabled


def test_a_killed_worker_leaves_scene_and_result_as_they_were(a_desktop, a_drawn_result):
    panel = a_drawn_result
    shown = panel.ui.volumeLabel.text
    panel.ui.applyButton.click()
    a_desktop.wait_until(lambda: panel.logic.worker._group is not None, 60)
    nodes = slicer.mrmlScene.GetNumberOfNodes()
    os.killpg(panel.logic.worker._group, signal.SIGKILL)
    a_desktop.wait_until(lambda: not panel.run.running, 30)
    assert "ended from outside" in panel.ui.statusLabel.text
    assert slicer.mrmlScene.GetNumberOfNodes() == nodes and panel.ui.volumeLabel.text == shown


def test_input_that_cannot_be_oct_is_refused_with_a_sentence(a_desktop, an_oct_module):
    panel = an_oct_module
    head = add_array(np.zeros((4, 64, 64), np.int16), np.diag([0.5, 0.5, 5.0]), np.zeros(3), "a head", "DICOM")
    panel.ui.inputSelector.setCurrentNode(head)
    apply_and_wait(a_desktop, panel)
    assert "cannot be right, as OCT pixels are" in panel.ui.statusLabel.text
    assert result_of(head, pullback_results.KIND) is None


def test_removing_the_input_during_a_run_cancels_it(a_desktop, an_oct_module):
    panel = an_oct_module
    volume = start_run(a_desktop, panel, until="")
    slicer.mrmlScene.RemoveNode(volume)
    a_desktop.wait_until(lambda: not panel.run.running, 10)
    assert "Cancelled" in panel.ui.statusLabel.text and not results(pullback_results.KIND)


def test_closing_the_scene_during_a_run_cancels_it(a_desktop, an_oct_module):
    panel = an_oct_module
    start_run(a_desktop, panel, until="")
    slicer.mrmlScene.Clear(0)
    a_desktop.wait_until(lambda: not panel.run.running, 10)
    assert not results(pullback_results.KIND) and panel.ui.inputSelector.currentNode() is None


# The logic without the panel


def test_the_logic_tells_of_a_run_that_failed_and_gives_no_result(a_desktop, an_oct_module):
    ended = []
    head = add_array(np.zeros((4, 64, 64), np.int16), np.diag([0.5, 0.5, 5.0]), np.zeros(3), "a head", "DICOM")
    an_oct_module.logic.start(head, lambda outcome, result: ended.append((outcome, result)))
    a_desktop.wait_until(lambda: ended, 60)
    assert ended[0][0].status == "failed" and ended[0][1] is None


def test_the_logic_refuses_a_pullback_without_spacing(a_desktop, an_oct_module):
    volume = add_array(np.zeros((4, 64, 64), np.uint8), np.eye(3), np.zeros(3), "no spacing", UNKNOWN)
    with pytest.raises(InputError, match="does not state its spacing"):
        an_oct_module.logic.start(volume, lambda outcome, result: None)


# The report and the self-test


def test_labels_of_another_size_than_the_pullback_are_refused(tmp_path):
    from OCTCalciumLib.commands import measure
    from OCTCalciumLib.options import LabelMapOptions, PullbackOptions, RunOptions

    volume = a_pullback()
    labels = write_run(tmp_path / "run", volume, a_vessel()) / "out" / "segmentation.seg.nrrd"
    shorter = a_pullback(frame_count=20)
    write_volume_node(shorter, tmp_path / "shorter.nrrd")
    with pytest.raises(InputError, match=r"24 x 160 x 160 voxels .* but the pullback 20 x 160 x 160"):
        pullback = LabelMapOptions(pullback=tmp_path / "shorter.nrrd")
        measure(labels, tmp_path / "out", None, run=RunOptions(), options=PullbackOptions(), label_map=pullback)
    assert not (tmp_path / "out").exists()


def test_the_report_is_of_the_labels_as_they_are_now(a_desktop, a_drawn_result, tmp_path):
    panel = a_drawn_result
    erase_frame(a_desktop, panel, 10)
    a_desktop.dialogs.answer(str(tmp_path / "report"))
    panel.ui.reportButton.click()
    a_desktop.wait_until(lambda: not panel.report.running, 90)
    assert panel.ui.statusLabel.text == f"The report is in {tmp_path / 'report'}"
    rows = (tmp_path / "report" / "frames.csv").read_text(encoding="utf-8").splitlines()
    areas = [float(line.split(",")[2]) for line in rows[1:]]
    assert areas[10] == 0 and areas[9] == pytest.approx(panel.results.measurement.frames[9].area_mm2, abs=0.001)
    page = (tmp_path / "report" / "report.html").read_text(encoding="utf-8")
    assert "typed by the user" in page and panel.ui.volumeLabel.text in page
    assert "A network drew the contours" not in page  # the result's model, a_model, is no longer there
    assert a_desktop.dialogs.opened == [f"file://{tmp_path / 'report' / 'report.html'}"]


def test_the_report_names_the_model_that_drew_and_that_people_may_have_corrected_it(a_desktop, a_drawn_result, tmp_path):
    set_result_json(result_in(a_drawn_result), pullback_results.MODEL, "oct_calcium_two_step")
    a_desktop.dialogs.answer(str(tmp_path / "report"))
    a_drawn_result.ui.reportButton.click()
    a_desktop.wait_until(lambda: not a_drawn_result.report.running, 90)
    page = (tmp_path / "report" / "report.html").read_text(encoding="utf-8")
    assert "oct_calcium_two_step" in page and "may have been corrected" in page


def test_the_self_test_passes(a_desktop, an_oct_module, kept, monkeypatch):
    """It starts a worker by the logic. Where the network has run already, that worker measures what it made then."""
    found = kept / "out" / "segmentation.seg.nrrd"
    if found.exists():
        arguments = ["measure", str(found), "-o"]
        monkeypatch.setattr(pullback_results, "prepareRun", lambda volume, model, folder: [*arguments, str(folder / "out")])
    a_desktop.run_self_test("OCTCalcium")


def test_pictures_that_are_no_oct_are_told_in_the_place_of_the_finding_also_after_an_edit(a_desktop, an_oct_module, tmp_path):
    volume = a_pullback()
    folder = write_run(tmp_path / "run", volume, a_vessel())
    doubt = "These pictures do not look like OCT."
    told = [{"code": "model_source", "sentence": "It learnt from drawings."}, {"code": NOT_OCT, "sentence": doubt}]
    (folder / "out" / "measurements.json").write_text(json.dumps({"cautions": told}))
    an_oct_module.ui.inputSelector.setCurrentNode(volume)
    take_run(an_oct_module, volume, folder)
    assert an_oct_module.ui.findingLabel.text == doubt
    assert "It learnt from drawings." in an_oct_module.ui.cautionLabel.text and doubt not in an_oct_module.ui.cautionLabel.text
    erase_frame(a_desktop, an_oct_module, 9)
    assert an_oct_module.ui.findingLabel.text == doubt
