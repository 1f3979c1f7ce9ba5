"""OCTCalcium's nodes: what a run becomes in the scene, the numbers, the plot, the arc on the frame, the vessel; on any geometry."""

from __future__ import annotations

import numpy as np
import pytest
import slicer
import slicer.util
import vtk
from drawn_labels import CALCIUM
from drawn_result import FRAME_MM, PIXEL_MM, a_pullback, write_run
from drawn_vessel import SPACING, WIDE, a_vessel
from drawn_volumes import GEOMETRIES, move, turned
from LesionReadingLib.errors import InputError
from LesionReadingLib.studies.training_case import read_case
from LesionReadingPanel.views import jumpToSlice, showVolume
from LesionReadingScene.scene import replace_labels, result_node, result_of, set_reviewed, volume_grid
from LesionReadingScene.volumes import world_of
from OCTCalciumLib.colors import rgb
from OCTCalciumLib.measurement.pullback import measure_pullback, remeasure_frames
from OCTCalciumLib.presenting.rendering.vessel_scene import vessel_scene
from OCTCalciumLib.segments import SEGMENTS
from OCTCalciumPanel import pullback_results
from OCTCalciumPanel.results import arc_plot
from OCTCalciumPanel.results.arc_markup import ArcMarkup
from OCTCalciumPanel.results.vessel_view import VesselView
from vtk.util.numpy_support import vtk_to_numpy


@pytest.fixture
def a_result(a_desktop, tmp_path):
    volume = a_pullback()
    return pullback_results.takeRun(write_run(tmp_path / "run", volume, a_vessel()), volume, "/models/a_model")


def column(result, name):
    table = result_node(result, arc_plot.TABLE_ROLE).GetTable()
    return np.array([table.GetColumnByName(name).GetValue(row) for row in range(table.GetNumberOfRows())])


def test_the_labels_of_a_run_come_back_from_the_scene_unchanged(a_result):
    assert np.array_equal(pullback_results.labelsOf(a_result), a_vessel())


def test_the_numbers_are_those_of_the_drawn_vessel(a_result):
    measurement = pullback_results.measure(a_result)
    wide_mm3 = (2.0**2 - 1.4**2) * np.pi * 240 / 360 * FRAME_MM * 8
    narrow_mm3 = (1.8**2 - 1.5**2) * np.pi * 60 / 360 * FRAME_MM * 4
    assert measurement.volume_mm3 == pytest.approx(wide_mm3 + narrow_mm3, rel=0.02)
    assert measurement.max_arc_deg == pytest.approx(240, abs=2)
    assert measurement.over_180_length_mm == pytest.approx(8 * FRAME_MM)


def test_the_plot_shows_the_arc_by_position_and_the_line_of_180_degrees(a_result):
    pullback_results.measure(a_result)
    assert column(a_result, arc_plot.POSITION_MM) == pytest.approx(np.arange(24) * FRAME_MM)
    arcs = column(a_result, arc_plot.ARC)
    assert arcs[list(WIDE)] == pytest.approx(240, abs=2) and arcs[0] == 0
    assert set(column(a_result, arc_plot.LIMIT)) == {180.0}
    chart = result_node(a_result, arc_plot.CHART_ROLE)
    series = [chart.GetNthPlotSeriesNode(number) for number in range(chart.GetNumberOfPlotSeriesNodes())]
    assert [(one.GetXColumnName(), one.GetYColumnName()) for one in series] == [
        (arc_plot.POSITION_MM, arc_plot.ARC),
        (arc_plot.POSITION_MM, arc_plot.LIMIT),
        (arc_plot.POSITION_MM, arc_plot.FRAME_LINE),
    ]
    assert chart.GetXAxisTitle() == "Position (mm)"


def test_measuring_again_makes_no_second_plot(a_result):
    pullback_results.measure(a_result)
    pullback_results.measure(a_result)
    assert result_node(a_result, arc_plot.CHART_ROLE).GetNumberOfPlotSeriesNodes() == 3
    assert slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLTableNode") == 2


def test_edited_frames_change_their_rows_and_no_others(a_result):
    measurement = pullback_results.measure(a_result)
    before = column(a_result, "calcium area (mm2)")
    edited = {frame: np.where(a_vessel()[frame] == CALCIUM, 0, a_vessel()[frame]) for frame in (8, 20)}
    events = []
    result_node(a_result, arc_plot.ARC_ROLE).AddObserver(vtk.vtkCommand.AnyEvent, lambda caller, event: events.append(event))
    arc_plot.updateFrames(a_result, remeasure_frames(measurement, edited), [8, 20])
    assert events, "the plot has not heard of it"
    after = column(a_result, "calcium area (mm2)")
    assert after[8] == after[20] == 0 and np.isnan(column(a_result, "maximum thickness (mm)")[8])
    assert np.array_equal(np.delete(after, (8, 20)), np.delete(before, (8, 20)))


def test_several_edited_frames_measure_like_the_whole():
    labels = a_vessel()
    measurement = measure_pullback(labels, SPACING)
    labels[9:12] = labels[0]
    again = remeasure_frames(measurement, {frame: labels[frame] for frame in (9, 10, 11)})
    whole = measure_pullback(labels, SPACING)
    assert (again.volume_mm3, again.max_arc_deg, again.runs) == (whole.volume_mm3, whole.max_arc_deg, whole.runs)
    with pytest.raises(InputError, match="Frame 24 is not in the pullback of 24 frames"):
        remeasure_frames(measurement, {24: labels[0]})


def test_a_new_run_replaces_the_result_of_its_volume_and_of_no_other(a_result, tmp_path):
    volume, other = pullback_results.volumeOf(a_result), a_pullback(name="another")
    theirs = pullback_results.takeRun(write_run(tmp_path / "theirs", other, a_vessel(60.0)), other, "")
    pullback_results.measure(a_result)
    segmentations = slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLSegmentationNode")
    again = pullback_results.takeRun(write_run(tmp_path / "again", volume, a_vessel(90.0)), volume, "")
    assert result_of(volume, "OCTCalcium") is again and result_of(other, "OCTCalcium") is theirs
    assert slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLSegmentationNode") == segmentations
    assert slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLPlotChartNode") == 0
    assert pullback_results.measure(again).max_arc_deg == pytest.approx(90, abs=2)
    assert pullback_results.measure(theirs).max_arc_deg == pytest.approx(60, abs=2)


def test_a_run_without_its_segmentation_leaves_the_earlier_result(a_result, tmp_path):
    volume = pullback_results.volumeOf(a_result)
    (tmp_path / "broken" / "out").mkdir(parents=True)
    with pytest.raises(InputError, match="cannot be read"):
        pullback_results.takeRun(tmp_path / "broken", volume, "")
    assert result_of(volume, "OCTCalcium") is a_result
    assert np.array_equal(pullback_results.labelsOf(a_result), a_vessel())


def test_a_result_whose_pullback_is_gone_says_so(a_result, tmp_path):
    volume = pullback_results.volumeOf(a_result)
    run = write_run(tmp_path, volume, a_vessel())
    slicer.mrmlScene.RemoveNode(volume)
    with pytest.raises(InputError, match="was removed"):
        pullback_results.measure(a_result)
    with pytest.raises(InputError, match="was removed while it was analyzed"):
        pullback_results.takeRun(run, volume, "")


@pytest.mark.parametrize("name", GEOMETRIES)
def test_the_arc_on_the_frame_reads_the_measured_degrees_and_covers_the_calcium(a_desktop, tmp_path, name):
    volume = a_pullback(GEOMETRIES[name])
    move(volume, turned(25, (3, -2, 1)))
    labels = a_vessel()
    result = pullback_results.takeRun(write_run(tmp_path, volume, labels), volume, "")
    frame = pullback_results.measure(result).frames[10]
    markup = ArcMarkup()
    markup.show(volume, frame, labels[10])
    node = markup.node
    assert node.GetAngleDegrees() == pytest.approx(frame.arc_bridged_deg, abs=1e-3)
    assert node.GetMeasurement("angle").GetValueWithUnitsAsPrintableString() == f"{frame.arc_bridged_deg:.0f}°"
    # Calcium of the drawing begins at 20 degrees from the columns and runs 240 degrees towards the rows.
    grid = volume_grid(volume)
    start, vertex, end = (lps(node.GetNthControlPointPositionWorld(number)) for number in range(3))
    centre = grid.lps_mm((10, 79.5, 79.5))
    assert vertex == pytest.approx(centre, abs=0.01)
    for point, degrees in ((start, 20), (end, 260)):
        arm = (point - vertex) / np.linalg.norm(point - vertex)
        towards = np.cos(np.radians(degrees)) * grid.column_axis + np.sin(np.radians(degrees)) * grid.row_axis
        assert np.degrees(np.arccos(arm @ towards)) < 2
        assert 2.0 < np.linalg.norm(point - vertex) < 2.6
    markup.forget()
    assert slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLMarkupsAngleNode") == 0


def lps(ras):
    return np.array([-ras[0], -ras[1], ras[2]])


@pytest.mark.parametrize(("drawn_deg", "read"), [(30.0, "30°"), (180.0, "180°"), (181.0, "181°"), (300.0, "300°"), (360.0, "360°")])
def test_arcs_of_any_size_read_as_such(a_desktop, tmp_path, drawn_deg, read):
    volume, labels = a_pullback(), a_vessel(drawn_deg)
    result = pullback_results.takeRun(write_run(tmp_path, volume, labels), volume, "")
    frame = pullback_results.measure(result).frames[10]
    markup = ArcMarkup()
    markup.show(volume, frame, labels[10])
    assert abs(markup.node.GetAngleDegrees() - frame.arc_bridged_deg) < 0.02
    assert abs(int(markup.node.GetMeasurement("angle").GetValueWithUnitsAsPrintableString()[:-1]) - int(read[:-1])) <= 1


@pytest.mark.parametrize(("drawn_deg", "window"), [(40.0, (1400, 900)), (240.0, (1400, 900)), (300.0, (1000, 600))])
def test_the_arms_of_the_arc_are_unbroken_where_nothing_smooths_lines(a_desktop, tmp_path, drawn_deg, window):
    """Slicer smooths no lines unless it is told to: what is thinner than a pixel comes and goes along its way."""
    volume, labels = a_pullback(), a_vessel(drawn_deg)
    result = pullback_results.takeRun(write_run(tmp_path, volume, labels), volume, "")
    frame = pullback_results.measure(result).frames[10]
    pullback_results.segmentationOf(result).GetDisplayNode().SetVisibility(False)
    slicer.util.arrayFromVolume(volume)[:] = 0
    slicer.util.arrayFromVolumeModified(volume)
    a_desktop.main_window.arrange(*window)
    showVolume(volume)
    jumpToSlice(volume, 10)
    markup = ArcMarkup()
    markup.show(volume, frame, labels[10])
    a_desktop.process_events()
    view = slicer.app.layoutManager().sliceWidget("Red").sliceView()
    view.forceRender()
    picture = _picture(view.renderWindow())
    ends = [np.array(view.convertRASToXYZ(list(markup.node.GetNthControlPointPositionWorld(number)))[:2]) for number in range(3)]
    for end in (ends[0], ends[2]):
        for part in np.linspace(0.1, 0.9, 80):
            column, row = np.rint(ends[1] + part * (end - ends[1])).astype(int)
            assert picture[row - 1 : row + 2, column - 1 : column + 2].max() > 150, (part, drawn_deg)
    markup.forget()


def _picture(window):
    """(rows, columns) grey of what a render window shows, row 0 below."""
    pixels = vtk.vtkUnsignedCharArray()
    columns, rows = window.GetSize()
    window.GetPixelData(0, 0, columns - 1, rows - 1, 0, pixels, 0)
    return vtk_to_numpy(pixels).reshape(rows, columns, 3).max(axis=2)


def test_the_arc_is_not_what_slicer_places_points_of(a_result):
    selection = slicer.app.applicationLogic().GetSelectionNode()
    users = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode")
    selection.SetActivePlaceNodeID(users.GetID())
    measurement, volume = pullback_results.measure(a_result), pullback_results.volumeOf(a_result)
    markup = ArcMarkup()
    markup.show(volume, measurement.frames[10], a_vessel()[10])
    assert selection.GetActivePlaceNodeID() == users.GetID()
    markup.forget()
    markup.forget()
    assert slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLMarkupsAngleDisplayNode") == 0
    slicer.mrmlScene.RemoveNode(users)


@pytest.mark.parametrize("lost", [[0], [0, 1], [1], []])
def test_a_chart_that_has_lost_a_series_shows_all_of_them_in_order_again(a_result, lost):
    pullback_results.measure(a_result)
    chart = result_node(a_result, arc_plot.CHART_ROLE)
    wanted = [chart.GetNthPlotSeriesNodeID(number) for number in range(3)]
    for number in lost:
        chart.RemovePlotSeriesNodeID(wanted[number])
    pullback_results.measure(a_result)
    assert [chart.GetNthPlotSeriesNodeID(number) for number in range(chart.GetNumberOfPlotSeriesNodes())] == wanted


def test_nothing_of_the_vessel_is_displayed_before_it_has_its_voxels(a_result, monkeypatch):
    volume, labels, measurement = pullback_results.volumeOf(a_result), a_vessel(), pullback_results.measure(a_result)
    shown_empty = []

    @vtk.calldata_type(vtk.VTK_OBJECT)
    def on_added(_scene, _event, node):
        if node.IsA("vtkMRMLDisplayNode"):
            displayed = node.GetDisplayableNode()
            views = [one for one in slicer.util.getNodesByClass("vtkMRMLDisplayableNode") if one.GetName().endswith("(view)")]
            empty = [one.GetName() for one in views if not _has_content(one)]
            shown_empty.extend(empty or ([] if displayed is None or _has_content(displayed) else [displayed.GetName()]))

    tag = slicer.mrmlScene.AddObserver(slicer.vtkMRMLScene.NodeAddedEvent, on_added)
    view = VesselView(lambda: (volume, labels, measurement))
    view.show()
    slicer.mrmlScene.RemoveObserver(tag)
    assert view.wall.GetDisplayNode().GetVisibility() and view.calcium.GetDisplayNode().GetVisibility()
    view.hide()
    assert shown_empty == []


def _has_content(node) -> bool:
    return (node.GetImageData() if node.IsA("vtkMRMLVolumeNode") else node.GetPolyData()) is not None


def test_a_frame_without_calcium_has_no_arc(a_result):
    measurement, volume = pullback_results.measure(a_result), pullback_results.volumeOf(a_result)
    markup = ArcMarkup()
    markup.show(volume, measurement.frames[0], a_vessel()[0])
    assert markup.node is None
    markup.show(volume, measurement.frames[10], a_vessel()[10])
    markup.show(volume, measurement.frames[0], a_vessel()[0])
    assert not markup.node.GetDisplayVisibility()


def world_points(model):
    """The points of a model node in LPS mm, its transform applied."""
    points = vtk_to_numpy(model.GetPolyData().GetPoints().GetData())
    return (np.c_[points, np.ones(len(points))] @ world_of(model).T)[:, :3] * [-1, -1, 1]


@pytest.mark.parametrize("name", GEOMETRIES)
def test_the_vessel_lies_where_its_voxels_lie(a_desktop, tmp_path, name):
    volume = a_pullback(GEOMETRIES[name])
    move(volume, turned(25, (3, -2, 1)))
    labels = np.roll(a_vessel(), (14, -9), axis=(1, 2))  # off the image's centre
    result = pullback_results.takeRun(write_run(tmp_path, volume, labels), volume, "")
    view = VesselView(lambda: (volume, labels, pullback_results.measure(result)))
    view.show()
    grid = volume_grid(volume)
    in_voxels = grid.indices(world_points(view.calcium))
    voxels = np.argwhere(labels == CALCIUM)
    assert np.abs(in_voxels.min(axis=0) - voxels.min(axis=0)).max() < 1.1
    assert np.abs(in_voxels.max(axis=0) - voxels.max(axis=0)).max() < 1.1
    # Brightest wall voxels lie just outside the lumen, whose radius is 1.2 mm.
    wall = slicer.util.arrayFromVolume(view.wall)
    bright = np.argwhere(wall > 0.9 * wall.max())
    off_axis = grid.indices(volume_grid(view.wall).lps_mm(bright)) - [0, 79.5 + 14, 79.5 - 9]
    radii_mm = np.linalg.norm(off_axis[:, 1:] * PIXEL_MM, axis=1)
    assert 1.2 < radii_mm.mean() < 1.7
    view.hide()
    assert slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLVolumePropertyNode") == 0


def test_stretches_of_180_degrees_or_more_have_their_own_colour(a_desktop, tmp_path):
    labels = a_vessel()
    surface = vessel_scene(labels, measure_pullback(labels, SPACING), np.full(labels.shape, 100, np.uint8)).calcium
    frames = vtk_to_numpy(surface.GetPoints().GetData())[:, 2].round().astype(int)
    colours = vtk_to_numpy(surface.GetPointData().GetArray("colour"))
    over, under = (np.round(np.multiply(rgb(name), 255)) for name in ("calcium_over_180", "calcium_under_180"))
    assert (colours[(frames >= 9) & (frames <= 14)] == over).all()
    assert (colours[(frames >= 19) & (frames <= 22)] == under).all()


def test_what_only_belongs_to_the_view_is_neither_listed_nor_saved(a_result):
    labels, volume = a_vessel(), pullback_results.volumeOf(a_result)
    measurement = pullback_results.measure(a_result)
    view, markup = VesselView(lambda: (volume, labels, measurement)), ArcMarkup()
    view.show()
    markup.show(volume, measurement.frames[10], labels[10])
    for node in (view.wall, view.calcium, markup.node, view.wall.GetDisplayNode(), view.calcium.GetDisplayNode()):
        assert node.GetHideFromEditors() or node.IsA("vtkMRMLMarkupsDisplayNode")
        assert not node.GetSaveWithScene()
    view.hide()
    markup.forget()


def test_an_exported_case_has_labels_and_reviewed_frames_and_no_word_of_who(a_result, tmp_path):
    pullback_results.volumeOf(a_result).SetName("DOE^JOHN 1950-01-01")
    set_reviewed(a_result, [9], True)
    set_reviewed(a_result, [20], True)
    folder = pullback_results.exportCase(a_result, tmp_path)
    case = read_case(folder)
    assert folder.name == "pullback_001" and case.reviewed == (9, 20) and case.markers is None and case.task == "oct-calcium"
    assert np.array_equal(case.labels, a_vessel())
    assert (case.grid.row_mm, case.grid.column_mm, case.grid.spacing.frame_mm) == pytest.approx((PIXEL_MM, PIXEL_MM, FRAME_MM))
    for file in folder.iterdir():
        content = file.read_bytes()
        assert b"DOE" not in content and b"JOHN" not in content and b"1950" not in content


def test_exporting_again_replaces_the_case_and_another_pullback_gets_its_own(a_result, tmp_path):
    volume, other = pullback_results.volumeOf(a_result), a_pullback(name="another")
    theirs = pullback_results.takeRun(write_run(tmp_path / "theirs", other, a_vessel()), other, "")
    cases = tmp_path / "cases"
    cases.mkdir()
    first = pullback_results.exportCase(a_result, cases)
    labels = a_vessel()
    labels[9] = 0
    replace_labels(pullback_results.segmentationOf(a_result), volume, labels, SEGMENTS)
    assert pullback_results.exportCase(a_result, cases) == first
    assert np.array_equal(read_case(first).labels, labels)
    assert pullback_results.exportCase(theirs, cases).name == "pullback_002"
