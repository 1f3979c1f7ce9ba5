"""OCTCalcium's panel with a result, as its users click it: numbers, table, plot, map, arc, vessel, edits, two pullbacks."""

from __future__ import annotations

import json
import re
import statistics
import time

import numpy as np
import pytest
import slicer
import slicer.util
from drawn_result import a_pullback, write_run
from drawn_vessel import FRAME_MM, a_vessel
from drawn_volumes import add_array
from LesionReadingLib.geometry.spacing import TYPED, UNKNOWN
from LesionReadingLib.labels.seg_nrrd import write_seg_nrrd
from LesionReadingLib.labels.unsure import UNSURE_SEG
from LesionReadingPanel.unsure_overlay import unsureOf
from LesionReadingPanel.views import currentSlice, jumpToSlice
from LesionReadingScene.scene import has_spacing, labels_of, result_node, result_of, reviewed, volume_grid, volume_spacing
from oct_panel import erase_frame, number, result_in, row, segmentation_in, show_drawn, take_run
from OCTCalciumLib.labels import CALCIUM, LUMEN
from OCTCalciumLib.segments import UNSURE
from OCTCalciumPanel import pullback_results
from OCTCalciumPanel.results import arc_plot


@pytest.fixture
def a_drawn_result(a_desktop, an_oct_module, tmp_path):
    """The panel with the drawn vessel analysed, without a worker: 240 degrees in frames 8 to 15, 60 in 19 to 22."""
    show_drawn(an_oct_module, a_pullback(), a_vessel(), tmp_path / "drawn")
    a_desktop.process_events()
    return an_oct_module


# Input


def test_a_stack_of_colour_pictures_can_be_chosen_and_a_label_map_cannot(a_desktop, an_oct_module):
    selector, stack = an_oct_module.ui.inputSelector, np.zeros((4, 60, 80, 3), np.uint8)
    place = np.diag([-1.0, -1.0, 1.0, 1.0])
    labels = slicer.util.addVolumeFromArray(stack[..., 0], place, "labels", "vtkMRMLLabelMapVolumeNode")
    colours = slicer.util.addVolumeFromArray(stack, place, "pictures", "vtkMRMLVectorVolumeNode")
    selector.setCurrentNode(labels)
    assert selector.currentNode() is None
    selector.setCurrentNode(colours)
    assert selector.currentNode() is colours
    assert "80 x 60 pixels, 4 frames" in an_oct_module.ui.inputFactsLabel.text
    assert an_oct_module.ui.spacingBox.visible and not an_oct_module.ui.applyButton.enabled


# Results first


def test_after_a_run_the_input_is_a_line_and_the_numbers_are_in_sight(a_desktop, an_oct_module, tmp_path):
    a_desktop.main_window.arrange(1500, 1000)
    panel, volume = an_oct_module, a_pullback()
    panel.ui.inputSelector.setCurrentNode(volume)
    assert not panel.ui.inputButton.collapsed and panel.ui.inputSummaryLabel.isHidden()
    panel.analysedVolume, panel.analysedOptions = volume, {"model": "a_model"}
    panel._onDone(write_run(tmp_path / "run", volume, a_vessel()))
    panel._onEnded()
    a_desktop.process_events()
    assert panel.ui.inputButton.collapsed and panel.ui.inputSummaryLabel.visible
    for sentence in ("a pullback", "160 x 160 pixels, 24 frames", "0.04 mm, 0.25 mm apart", panel.ui.modelComboBox.currentText):
        assert sentence in panel.ui.inputSummaryLabel.text
    assert "drawn by a_model, Apply takes" in panel.ui.inputSummaryLabel.text  # whatever is chosen by now
    for label in (panel.ui.volumeLabel, panel.ui.arcLabel, panel.ui.scoreLabel, panel.ui.maxArcButton, panel.ui.enFaceMap):
        assert in_sight(a_desktop, label), label.name
    panel.ui.inputButton.collapsed = False
    assert panel.ui.inputSummaryLabel.isHidden()
    panel.ui.inputButton.collapsed = True
    slicer.mrmlScene.Clear(0)
    assert not panel.ui.inputButton.collapsed and panel.ui.inputSummaryLabel.isHidden()


def in_sight(desktop, widget):
    """Whether all of a widget of the panel is seen without scrolling."""
    from PySide6.QtCore import QPoint

    viewport = desktop.main_window.moduleSelector()._panel.viewport()
    return widget.visible and widget.mapTo(viewport, QPoint(0, 0)).y() + widget.height <= viewport.height


def test_a_run_of_another_input_folds_nothing(a_desktop, an_oct_module, tmp_path):
    panel, volume, other = an_oct_module, a_pullback(), a_pullback(name="another")
    panel.ui.inputSelector.setCurrentNode(other)
    panel.analysedVolume, panel.analysedOptions = volume, {"model": "a_model"}
    panel._onDone(write_run(tmp_path / "run", volume, a_vessel()))
    panel._onEnded()
    assert not panel.ui.inputButton.collapsed


def test_how_a_run_ended_is_forgotten_with_its_scene_and_its_input(a_desktop, a_drawn_result):
    other = a_pullback(name="another")
    for leave in (lambda: a_drawn_result.ui.inputSelector.setCurrentNode(other), lambda: slicer.mrmlScene.Clear(0)):
        a_drawn_result.ui.statusLabel.text = "Done."
        leave()
        a_desktop.process_events()
        assert a_drawn_result.ui.statusLabel.text == ""


@pytest.mark.parametrize("width", [350, 420])
def test_no_title_of_the_table_is_cut(a_desktop, a_drawn_result, monkeypatch, width):
    from desktop.widgets import main_window
    from PySide6.QtGui import QFont, QFontMetrics

    monkeypatch.setattr(main_window, "PANEL_WIDTH", width)
    a_desktop.main_window.arrange(1500, 1000)
    a_desktop.process_events()
    table = a_drawn_result.ui.frameTable
    bold = QFont(table.horizontalHeader().font)
    bold.setBold(True)
    for column in range(7):
        needed = max(QFontMetrics(bold).horizontalAdvance(line) for line in table.horizontalHeaderItem(column).text().split("\n"))
        assert table.columnWidth(column) >= needed + 2, table.horizontalHeaderItem(column).text()


@pytest.mark.parametrize("effect", ["Paint", "Threshold", "Fill between slices"])
def test_the_editor_fits_the_panel_whatever_effect_is_active(a_desktop, a_drawn_result, effect):
    panel = a_drawn_result
    panel.ui.editButton.collapsed = False
    panel.ui.segmentEditorWidget.setActiveEffectByName(effect)
    a_desktop.process_events()
    assert panel.parent.minimumSizeHint().width() <= 400


def test_the_keys_of_the_review_are_the_panels_only_while_edit_is_open(a_desktop, a_drawn_result):
    """Qt hears a button's key only while the button is seen and enabled."""
    ui = a_drawn_result.ui
    keys = {button: button.shortcut.toString() for button in (ui.reviewedNextButton, ui.reviewedRangeButton)}
    assert list(keys.values()) == ["N", "Shift+N"]
    assert not any(button.visible for button in keys)
    ui.editButton.collapsed = False
    assert all(button.visible and button.enabled for button in keys)
    for _ in range(24):
        ui.reviewedNextButton.click()
    assert reviewed(result_in(a_drawn_result)) == set(range(24))
    assert row(a_drawn_result, 23)[6] == "✓"
    slicer.util.selectModule("")
    assert not any(button.visible for button in keys)


def test_tool_tips_are_one_text_where_slicer_makes_html_of_them(a_drawn_result):
    for label in (a_drawn_result.ui.arcLabel, a_drawn_result.ui.scoreLabel, a_drawn_result.ui.volumeLabel):
        assert "&lt;" not in label.toolTip and label.toolTip.startswith("<p>"), label.toolTip


# Numbers, table, plot, map and arc


def test_the_numbers_on_top_are_those_of_the_drawing(a_drawn_result):
    ui = a_drawn_result.ui
    assert number(ui.arcLabel.text) == pytest.approx(240, abs=2) and "in frame" in ui.arcLabel.text
    assert ui.lengthLabel.text == f"{8 * FRAME_MM:.1f} mm"
    # A lesion of 240 degrees, 0.6 mm thick, 2 mm long: 2 + 1 + 0 points.
    assert ui.scoreLabel.text == "3 of 4"
    assert "180 degrees or more over a length of 2.0 mm" in ui.findingLabel.text
    assert not ui.missingLabel.visible


def test_buttons_go_to_the_largest_arc_the_thickest_calcium_and_the_narrowest_lumen(a_desktop, a_drawn_result):
    panel = a_drawn_result
    volume, measurement = panel.ui.inputSelector.currentNode(), panel.results.measurement
    for button, frame in (
        (panel.ui.maxArcButton, measurement.max_arc_frame),
        (panel.ui.maxThicknessButton, measurement.max_thickness_frame),
        (panel.ui.minLumenButton, measurement.minimum_lumen_area[1]),
    ):
        jumpToSlice(volume, 23)
        button.click()
        assert currentSlice(volume) == frame


def test_a_row_goes_to_its_frame_and_the_table_follows_the_view(a_desktop, a_drawn_result):
    panel = a_drawn_result
    volume = panel.ui.inputSelector.currentNode()
    assert panel.ui.frameTable.rowCount == 24
    assert row(panel, 10)[:2] == ["11", "2.5"] and number(row(panel, 10)[2]) == pytest.approx(240, abs=2)
    assert row(panel, 0)[2] == "" and number(row(panel, 0)[5]) == pytest.approx(np.pi * 1.2**2, rel=0.01)
    panel.ui.frameTable.setCurrentCell(20, 2)
    assert currentSlice(volume) == 20
    jumpToSlice(volume, 5)
    assert panel.ui.frameTable.currentRow() == 5
    assert currentSlice(volume) == 5


def test_the_plot_has_an_upright_line_where_the_frame_on_view_lies(a_desktop, a_drawn_result):
    jumpToSlice(a_drawn_result.ui.inputSelector.currentNode(), 7)
    line = result_node(result_in(a_drawn_result), arc_plot.FRAME_TABLE_ROLE).GetTable()
    for name, ends in ((arc_plot.POSITION_MM, (7 * FRAME_MM, 7 * FRAME_MM)), (arc_plot.FRAME_LINE, (0, 360))):
        assert (line.GetColumnByName(name).GetValue(0), line.GetColumnByName(name).GetValue(1)) == pytest.approx(ends)


def test_a_click_on_the_map_goes_to_the_frame_below_it(a_desktop, a_drawn_result):
    import qt

    panel = a_drawn_result
    label = panel.ui.enFaceMap
    place = qt.QPointF(label.width * 12.5 / 24, 40.0)
    press = qt.QMouseEvent(qt.QEvent.MouseButtonPress, place, place, qt.Qt.LeftButton, qt.Qt.LeftButton, qt.Qt.NoModifier)
    slicer.app.sendEvent(label, press)
    assert currentSlice(panel.ui.inputSelector.currentNode()) == 12


def test_the_map_shows_thickness_the_stretch_above_and_the_frame_on_view(a_desktop, a_drawn_result):
    panel = a_drawn_result
    jumpToSlice(panel.ui.inputSelector.currentNode(), 3)
    assert map_colour(panel, 10, None) == "#D55E00" and map_colour(panel, 20, None) == "#FFFFFF"
    for degrees, there in ((30, True), (140, True), (250, True), (10, False), (270, False), (350, False)):
        assert (map_colour(panel, 10, degrees) != "#FFFFFF") == there
    assert map_colour(panel, 5, 140) == "#FFFFFF"
    assert map_colour(panel, 3, 90, across=0.5) == "#1B2330"


def map_colour(panel, frame, degrees, across=0.2):
    """The map's colour at an angle of a frame, or in the band above it (None); ``across``: where in the frame's width."""
    image = panel.ui.enFaceMap.pixmap.toImage()
    down = 2 if degrees is None else image.height() - 1 - int(120 * degrees / 360)
    return image.pixelColor(int((frame + across) * image.width() / 24), down).name().upper()


def test_the_arc_is_drawn_on_the_frame_on_view_and_follows(a_desktop, a_drawn_result):
    panel = a_drawn_result
    volume = panel.ui.inputSelector.currentNode()
    arc = panel.results._arc
    jumpToSlice(volume, 20)
    assert arc.node.GetDisplayVisibility() and arc.node.GetAngleDegrees() == pytest.approx(60, abs=2)
    jumpToSlice(volume, 10)
    assert arc.node.GetAngleDegrees() == pytest.approx(240, abs=2)
    jumpToSlice(volume, 2)
    assert not arc.node.GetDisplayVisibility()
    jumpToSlice(volume, 10)
    panel.ui.arcCheckBox.checked = False
    assert not arc.node.GetDisplayVisibility()
    panel.ui.arcCheckBox.checked = True
    assert arc.node.GetDisplayVisibility()


def test_everything_follows_an_edit_within_a_fifth_of_a_second(a_desktop, a_drawn_result):
    panel = a_drawn_result
    volume = panel.ui.inputSelector.currentNode()
    jumpToSlice(volume, 12)
    spent = []
    for frame, angle in ((12, 263), (10, 263), (12, 272), (8, 263), (12, 281)):  # each goes on where the sector of 240 degrees ends
        at = 79.5 + np.array([np.cos(np.radians(angle)), np.sin(np.radians(angle))]) * 1.7 / 0.04
        before = panel.results.measurement.frames[frame].area_mm2
        assert map_colour(panel, frame, angle + 3) == "#FFFFFF"
        a_desktop.paint(segmentation_in(panel), "calcium", volume, (*np.rint(at).astype(int).tolist(), frame), 0.2)
        started = time.process_time()
        a_desktop.process_events()
        spent.append(time.process_time() - started)
        now = panel.results.measurement.frames[frame]
        assert now.area_mm2 > before
        assert row(panel, frame)[4] == f"{now.area_mm2:.2f}"
        table = result_node(result_in(panel), arc_plot.TABLE_ROLE).GetTable()
        assert table.GetColumnByName(arc_plot.ARC).GetValue(frame) == now.arc_bridged_deg
        assert panel.ui.volumeLabel.text == f"{panel.results.measurement.volume_mm3:.1f} mm³"
        assert map_colour(panel, frame, angle + 3) != "#FFFFFF"
    assert panel.results._arc.node.GetAngleDegrees() == pytest.approx(
        panel.results.measurement.frames[12].arc_bridged_deg, abs=0.01
    )
    assert statistics.median(spent) < 0.2


def test_undo_takes_the_numbers_back(a_desktop, a_drawn_result):
    panel = a_drawn_result
    before = panel.ui.volumeLabel.text
    erase_frame(a_desktop, panel, 10)
    assert panel.ui.volumeLabel.text != before
    panel.ui.segmentEditorWidget.undo()
    a_desktop.process_events()
    assert panel.ui.volumeLabel.text == before and number(row(panel, 10)[2]) == pytest.approx(240, abs=2)


def test_reviewed_frames_are_ticked_in_the_table(a_desktop, a_drawn_result):
    panel = a_drawn_result
    jumpToSlice(panel.ui.inputSelector.currentNode(), 7)
    panel.ui.reviewedCheckBox.click()
    assert row(panel, 7)[6] == "✓" and row(panel, 8)[6] == ""
    panel.ui.nextUnreviewedButton.click()
    assert currentSlice(panel.ui.inputSelector.currentNode()) == 8


def test_a_pullback_without_calcium_says_so(a_desktop, an_oct_module, tmp_path):
    empty = np.where(a_vessel() == CALCIUM, 0, a_vessel())
    show_drawn(an_oct_module, a_pullback(), empty, tmp_path / "empty")
    ui = an_oct_module.ui
    assert ui.findingLabel.text == "No calcium was found. That does not exclude calcium."
    assert ui.volumeLabel.text == "0.0 mm³" and ui.scoreLabel.text == ui.arcLabel.text == "none"
    assert not ui.maxArcButton.enabled and not ui.maxThicknessButton.enabled and ui.minLumenButton.enabled
    ui.renderingCheckBox.checked = True
    assert an_oct_module.results._vessel.visible


def test_a_single_frame_goes_through(a_desktop, an_oct_module, tmp_path):
    volume = a_pullback(frame_count=1)
    show_drawn(an_oct_module, volume, a_vessel()[10:11], tmp_path / "one")
    assert number(an_oct_module.ui.arcLabel.text) == pytest.approx(240, abs=2)
    an_oct_module.ui.renderingCheckBox.checked = True
    assert an_oct_module.results._vessel.visible


# The vessel


def test_volume_rendering_shows_the_vessel_beside_the_plot_and_goes_again(a_desktop, a_drawn_result):
    panel, layouts = a_drawn_result, slicer.vtkMRMLLayoutNode
    frame = slicer.app.layoutManager().threeDWidget(0).mrmlViewNode()
    assert frame.GetBoxVisible() and frame.GetAxisLabelsVisible()
    panel.ui.renderingCheckBox.click()
    assert slicer.app.layoutManager().layout == layouts.SlicerLayoutConventionalPlotView
    assert not frame.GetBoxVisible() and not frame.GetAxisLabelsVisible()
    wall = panel.results._vessel.wall
    assert wall.GetDisplayNode().IsA("vtkMRMLVolumeRenderingDisplayNode") and wall.GetDisplayNode().GetVisibility()
    assert panel.ui.inputSelector.currentNode() is not wall
    panel.ui.renderingCheckBox.click()
    assert slicer.app.layoutManager().layout == layouts.SlicerLayoutFourUpPlotView
    assert not slicer.mrmlScene.IsNodePresent(wall)
    assert frame.GetBoxVisible() and frame.GetAxisLabelsVisible()
    assert slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLModelNode") == number_of_slice_models()


def number_of_slice_models():
    """The models that show slices in three-dimensional views are Slicer's own."""
    models = slicer.util.getNodesByClass("vtkMRMLModelNode")
    return sum(model.GetName().endswith("Volume Slice") for model in models)


def test_the_vessel_follows_an_edit_when_the_hand_rests(a_desktop, a_drawn_result):
    panel = a_drawn_result
    panel.ui.renderingCheckBox.checked = True
    vessel = panel.results._vessel
    before = vessel.calcium.GetPolyData().GetNumberOfPoints()
    for frame in (19, 20, 21, 22):
        erase_frame(a_desktop, panel, frame)
    assert vessel.calcium.GetPolyData().GetNumberOfPoints() == before
    a_desktop.wait_until(lambda: vessel.calcium.GetPolyData().GetNumberOfPoints() < before, 10)


# Two pullbacks, nodes that go, scenes that close


def test_two_pullbacks_in_one_scene_do_not_mix(a_desktop, a_drawn_result, tmp_path):
    panel = a_drawn_result
    first, second = panel.ui.inputSelector.currentNode(), a_pullback(name="second")
    shown = panel.ui.volumeLabel.text
    panel.ui.inputSelector.setCurrentNode(second)
    assert panel.ui.volumeLabel.text == "–" and panel.ui.frameTable.rowCount == 0 and not panel.ui.exportButton.enabled
    show_drawn(panel, second, a_vessel(60.0), tmp_path / "second")
    assert number(panel.ui.arcLabel.text) == pytest.approx(60, abs=2)
    erase_frame(a_desktop, panel, 10)
    panel.ui.reviewedCheckBox.click()
    panel.ui.inputSelector.setCurrentNode(first)
    assert panel.ui.volumeLabel.text == shown and number(row(panel, 10)[2]) == pytest.approx(240, abs=2)
    red = slicer.app.layoutManager().sliceWidget("Red").mrmlSliceCompositeNode()
    assert red.GetBackgroundVolumeID() == first.GetID() and currentSlice(first) == panel.results.measurement.max_arc_frame
    assert not reviewed(result_in(panel))
    shown_chart = slicer.app.applicationLogic().GetSelectionNode().GetActivePlotChartID()
    assert shown_chart == result_node(result_in(panel), arc_plot.CHART_ROLE).GetID()


def test_a_removed_segmentation_leaves_a_sentence_and_no_numbers(a_desktop, a_drawn_result):
    panel = a_drawn_result
    slicer.mrmlScene.RemoveNode(segmentation_in(panel))
    a_desktop.process_events()
    assert "was removed" in panel.ui.findingLabel.text and panel.ui.volumeLabel.text == "–"


def test_a_removed_pullback_takes_its_numbers_from_the_panel(a_desktop, a_drawn_result):
    panel = a_drawn_result
    panel.ui.renderingCheckBox.checked = True
    slicer.mrmlScene.RemoveNode(panel.ui.inputSelector.currentNode())
    a_desktop.process_events()
    assert panel.ui.volumeLabel.text == "–" and not panel.ui.applyButton.enabled


def test_a_run_that_ends_while_another_module_is_open_leaves_views_and_keyboard_alone(a_desktop, an_oct_module, tmp_path):
    panel, volume = an_oct_module, a_pullback()
    panel.ui.inputSelector.setCurrentNode(volume)
    slicer.util.mainWindow().moduleSelector().selectModule("")
    layout = slicer.app.layoutManager().layout
    take_run(panel, volume, write_run(tmp_path / "run", volume, a_vessel()))
    assert not panel.ui.segmentEditorWidget.enabled and slicer.app.layoutManager().layout == layout
    slicer.util.selectModule("OCTCalcium")
    assert panel.ui.segmentEditorWidget.enabled and number(panel.ui.arcLabel.text) == pytest.approx(240, abs=2)


def test_leaving_the_module_and_coming_back_editing_goes_on(a_desktop, a_drawn_result):
    panel = a_drawn_result
    slicer.util.mainWindow().moduleSelector().selectModule("")
    assert not panel.ui.segmentEditorWidget.enabled
    slicer.util.selectModule("OCTCalcium")
    assert panel.ui.segmentEditorWidget.enabled
    erase_frame(a_desktop, panel, 10)
    assert row(panel, 10)[2] == ""


def test_results_go_to_the_pullback_that_was_analysed(a_desktop, an_oct_module, tmp_path):
    panel = an_oct_module
    analysed, other = a_pullback(name="analysed"), a_pullback(name="other")
    panel.ui.inputSelector.setCurrentNode(other)
    take_run(panel, analysed, write_run(tmp_path / "run", analysed, a_vessel()))
    assert result_of(analysed, pullback_results.KIND) is not None and result_of(other, pullback_results.KIND) is None
    assert panel.ui.volumeLabel.text == "–"
    panel.ui.inputSelector.setCurrentNode(analysed)
    assert number(panel.ui.arcLabel.text) == pytest.approx(240, abs=2)


# Spacing and widgets


def test_a_pullback_without_spacing_waits_for_it_to_be_typed(a_desktop, an_oct_module):
    panel = an_oct_module
    volume = add_array(np.zeros((6, 64, 64), np.uint8), np.eye(3), np.zeros(3), "no spacing", UNKNOWN)
    panel.ui.inputSelector.setCurrentNode(volume)
    assert panel.ui.spacingBox.visible and not panel.ui.applyButton.enabled
    panel.ui.pixelSpacingSpinBox.value = 0.00684
    panel.ui.sliceSpacingSpinBox.value = 0.2
    panel.ui.setSpacingButton.click()
    assert not panel.ui.spacingBox.visible and panel.ui.applyButton.enabled and has_spacing(volume)
    assert volume.GetSpacing() == pytest.approx((0.00684, 0.00684, 0.2))
    assert volume_spacing(volume).in_plane_source == TYPED


def test_the_panel_fits_350_pixels_and_every_widget_says_what_it_is_for(a_desktop, a_drawn_result, tmp_path):
    from PySide6.QtWidgets import QWidget

    panel = a_drawn_result
    for name, widget in vars(panel.ui).items():
        if isinstance(widget, QWidget) and not name.startswith("qt_"):
            assert widget.toolTip or name == "OCTCalcium", f"{name} has no tool tip"
    shown = [widget.text for widget in vars(panel.ui).values() if isinstance(getattr(widget, "text", None), str)]
    keys = [text[text.index("&") + 1].lower() for text in shown if re.search(r"&\w", text) and "&nbsp;" not in text]
    assert len(keys) == len(set(keys)) >= 15, sorted(keys)
    a_desktop.screenshot_panel(tmp_path / "panel.png", 350)
    import vtk

    reader = vtk.vtkPNGReader()
    reader.SetFileName(str(tmp_path / "panel.png"))
    reader.Update()
    assert reader.GetOutput().GetDimensions()[0] == 350


def test_cautions_of_the_labels_and_of_the_run_stand_below_the_finding(an_oct_module, tmp_path):
    volume, labels = a_pullback(), a_vessel()
    labels[10:12][labels[10:12] == LUMEN] = 0
    folder = write_run(tmp_path / "run", volume, labels)
    cautions = [
        {"code": "model_source", "sentence": "It learnt from drawings."},
        {"code": "no_lumen", "sentence": "Of labels before."},
    ]
    (folder / "out" / "measurements.json").write_text(json.dumps({"cautions": cautions}))
    an_oct_module.ui.inputSelector.setCurrentNode(volume)
    take_run(an_oct_module, volume, folder)
    label = an_oct_module.ui.cautionLabel
    assert an_oct_module.ui.cautionsButton.visible and f"({len(label.text.splitlines())})" in an_oct_module.ui.cautionsButton.text
    assert "It learnt from drawings." in label.text and "Of labels before." not in label.text
    assert "A lumen was found on 22 of 24 frames" in label.text and "image centre" in label.text


# Where the network is unsure


def test_where_the_network_is_unsure_is_drawn_while_its_switch_is_on(a_desktop, an_oct_module, tmp_path):
    panel, volume, unsure = an_oct_module, a_pullback(), np.zeros(a_vessel().shape, np.uint8)
    unsure[3:9, 40:60, 30:50] = 1
    grid = volume_grid(volume).with_spacing(volume_spacing(volume))
    run = write_run(tmp_path / "run", volume, a_vessel())
    write_seg_nrrd(run / "out" / UNSURE_SEG, unsure, grid, UNSURE)
    panel.ui.inputSelector.setCurrentNode(volume)
    assert not panel.ui.unsureCheckBox.enabled
    take_run(panel, volume, run)
    node = unsureOf(result_of(volume, pullback_results.KIND))
    assert (labels_of(node, volume, UNSURE) == unsure).all()
    assert panel.ui.unsureCheckBox.enabled and not panel.ui.unsureCheckBox.checked
    display = node.GetDisplayNode()
    assert not display.GetVisibility() and not display.GetVisibility3D() and node.GetHideFromEditors()
    panel.ui.unsureCheckBox.click()
    assert display.GetVisibility() and panel._parameterNode.showUnsure  # kept with the scene
    panel.ui.inputSelector.setCurrentNode(a_pullback(name="another"))
    assert not display.GetVisibility() and not panel.ui.unsureCheckBox.enabled
    panel.ui.inputSelector.setCurrentNode(volume)
    assert display.GetVisibility() and panel.ui.unsureCheckBox.checked


def test_a_result_without_scores_offers_no_such_switch(a_drawn_result):
    assert not a_drawn_result.ui.unsureCheckBox.enabled and a_drawn_result.ui.unsureCheckBox.toolTip
