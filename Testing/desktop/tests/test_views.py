"""What the stand-in's views show lies where the scene says."""

import numpy as np
import pytest
import slicer
import vtk

COLUMNS, ROWS, SLICES = 40, 30, 12


@pytest.fixture
def a_spot(a_desktop):
    """An oblique, anisotropic volume, dark but for one bright voxel; and that voxel's place in RAS, mm."""
    array = np.zeros((SLICES, ROWS, COLUMNS), dtype=np.int16)
    voxel = np.array([29, 8, 5])
    array[voxel[2], voxel[1], voxel[0]] = 1000
    turned = np.linalg.qr(np.array([[1.0, 0.2, 0.1], [-0.3, 1.0, 0.2], [0.1, -0.2, 1.0]]))[0] * [0.5, 0.7, 2.5]
    ijk_to_ras = np.eye(4)
    ijk_to_ras[:3, :3], ijk_to_ras[:3, 3] = turned, [12, -40, 7]
    volume = slicer.util.addVolumeFromArray(array, ijkToRAS=ijk_to_ras, name="spot")
    volume.GetDisplayNode().SetInterpolate(False)
    return volume, turned @ voxel + [12, -40, 7]


def _rendered(view):
    view.forceRender()
    image = view._image
    pixels = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return pixels[:, : 3 * image.width()].reshape(image.height(), image.width(), 3)[::-1].astype(int)


def volume_column(volume):
    matrix = vtk.vtkMatrix4x4()
    volume.GetIJKToRASMatrix(matrix)
    return np.array([matrix.GetElement(axis, 0) for axis in range(3)])


@pytest.mark.parametrize("name", ["Red", "Green", "Yellow"])
def test_a_slice_view_shows_what_lies_at_a_known_place(a_spot, name):
    volume, ras = a_spot
    slicer.util.setSliceViewerLayers(background=volume, fit=True, rotateToVolumePlane=True)
    widget = slicer.app.layoutManager().sliceWidget(name)
    widget.mrmlSliceNode().JumpSlice(*ras)
    assert widget.mrmlSliceNode().GetDimensions()[:2] == (widget.sliceView().width, widget.sliceView().height)
    column, row, _ = widget.sliceView().convertRASToXYZ(ras)
    brightness = _rendered(widget.sliceView()).max(axis=2)
    bright_rows, bright_columns = np.nonzero(brightness > 200)
    assert brightness[round(row), round(column)] > 200
    assert abs(bright_columns.mean() - column) <= 1 and abs(bright_rows.mean() - row) <= 1
    widget.sliceLogic().SetSliceOffset(widget.sliceLogic().GetSliceOffset() + 6)
    assert _rendered(widget.sliceView()).max() < 100


def test_a_segment_is_drawn_over_its_voxels_and_a_model_in_three_dimensions(a_desktop, a_spot):
    volume, ras = a_spot
    segmentation = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode")
    segmentation.CreateDefaultDisplayNodes()
    segmentation.SetReferenceImageGeometryParameterFromVolumeNode(volume)
    segment = segmentation.GetSegmentation().AddEmptySegment("green", "green", [0, 1, 0])
    a_desktop.paint(segmentation, segment, volume, (29, 8, 5), 3)
    slicer.util.setSliceViewerLayers(background=volume, fit=True, rotateToVolumePlane=True)
    red = slicer.app.layoutManager().sliceWidget("Red")
    red.mrmlSliceNode().JumpSlice(*ras)
    column, row, _ = red.sliceView().convertRASToXYZ(ras)
    pixels = _rendered(red.sliceView())
    beside = column + 2 * abs(red.sliceView().convertRASToXYZ(ras + volume_column(volume))[0] - column)
    r, g, b = pixels[round(row), round(beside)]
    assert g > 60 and g > 2 * max(r, b, 1)
    r, g, b = pixels[round(row), round(column)]
    assert g > r > 80 and b > 80, "the voxel below the segment is to be seen through it"
    view = slicer.app.layoutManager().threeDWidget(0).threeDView()
    before = _rendered(view)
    segmentation.CreateClosedSurfaceRepresentation()
    view.resetFocalPoint()
    np.testing.assert_allclose(view.cameraNode().GetFocalPoint(), ras, atol=1.5)
    after = _rendered(view)
    greens = (after[..., 1] > after[..., 0] + 40) & (after[..., 1] > after[..., 2] + 40)
    assert greens.any() and not ((before[..., 1] > before[..., 0] + 40) & (before[..., 1] > before[..., 2] + 40)).any()


def test_layouts_are_those_of_slicer_and_keep_their_views(a_desktop):
    manager = slicer.app.layoutManager()
    red = manager.sliceWidget("Red")
    manager.setLayout(slicer.vtkMRMLLayoutNode.SlicerLayoutFourUpPlotView)
    assert manager.plotWidget(0).visible and not manager.threeDWidget(0).visible
    manager.setLayout(slicer.vtkMRMLLayoutNode.SlicerLayoutOneUpRedSliceView)
    assert manager.sliceWidget("Red") is red and red.visible and not manager.sliceWidget("Green").visible
    assert manager.layout == slicer.vtkMRMLLayoutNode.SlicerLayoutOneUpRedSliceView


def test_a_plot_draws_its_series_where_the_numbers_say(a_desktop):
    table = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLTableNode")
    slicer.util.updateTableFromArray(table, [np.array([0.0, 5.0, 10.0]), np.array([50.0, 50.0, 100.0])], ["frame", "arc"])
    series = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLPlotSeriesNode", "arc")
    series.SetAndObserveTableNodeID(table.GetID())
    series.SetXColumnName("frame")
    series.SetYColumnName("arc")
    series.SetPlotType(series.PlotTypeScatter)
    series.SetMarkerStyle(series.MarkerStyleNone)
    series.SetColor(1, 0, 0)
    chart = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLPlotChartNode")
    chart.AddAndObservePlotSeriesNodeID(series.GetID())
    chart.SetLegendVisibility(False)
    chart.SetYAxisRangeAuto(False)
    chart.SetYAxisRange(0, 120)
    slicer.modules.plots.logic().ShowChartInLayout(chart)
    a_desktop.process_events()
    pixels = _rendered(slicer.app.layoutManager().plotWidget(0).plotView())
    rows, columns = np.nonzero((pixels[..., 0] > 200) & (pixels[..., 1] < 80))
    left, right = columns < np.median([columns.min(), columns.max()]), columns > columns.max() - 5
    assert np.ptp(rows[left]) < 5 and rows[right].min() > rows[left].max()
    assert np.ptp(rows) == pytest.approx(0.8 * pixels.shape[0] * 50 / 120, rel=0.15)
    assert np.ptp(columns) > 0.6 * pixels.shape[1]


def test_a_stroke_respects_undo_and_the_segments_that_may_be_overwritten(a_desktop, a_spot):
    volume, _ = a_spot
    segmentation = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode")
    segmentation.CreateDefaultDisplayNodes()
    segmentation.SetReferenceImageGeometryParameterFromVolumeNode(volume)
    one, other = (segmentation.GetSegmentation().AddEmptySegment(name) for name in ("one", "other"))
    editor = slicer.qMRMLSegmentEditorWidget()
    editor.setMRMLScene(slicer.mrmlScene)
    editor.setMRMLSegmentEditorNode(slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentEditorNode"))
    editor.setSegmentationNode(segmentation)
    editor.setSourceVolumeNode(volume)
    heard = []
    event = slicer.vtkSegmentation.SourceRepresentationModified
    segmentation.GetSegmentation().AddObserver(event, lambda caller, name: heard.append(name))

    def voxels(segment):
        return slicer.util.arrayFromSegmentBinaryLabelmap(segmentation, segment, volume)

    a_desktop.paint(segmentation, one, volume, (20, 15, 6), 4)
    assert voxels(one).sum() == pytest.approx(np.pi * 4**2 / (0.5 * 0.7), rel=0.05) and heard
    assert np.unique(np.nonzero(voxels(one))[0]).tolist() == [6]
    before = voxels(one).copy()
    editor.mrmlSegmentEditorNode().SetOverwriteMode(slicer.vtkMRMLSegmentEditorNode.OverwriteAllSegments)
    a_desktop.paint(segmentation, other, volume, (24, 15, 6), 4)
    assert not (voxels(one) & voxels(other)).any() and voxels(one).sum() < before.sum()
    editor.undo()
    np.testing.assert_array_equal(voxels(one), before)
    assert not voxels(other).any()
    editor.setMRMLScene(None)


def test_a_screenshot_has_the_panel_on_the_left_and_the_views_on_the_right(a_desktop, a_spot, tmp_path):
    volume, _ = a_spot
    slicer.util.setSliceViewerLayers(background=volume, fit=True)
    a_desktop.screenshot(tmp_path / "window.png", width=1000, height=700)
    reader = vtk.vtkPNGReader()
    reader.SetFileName(str(tmp_path / "window.png"))
    reader.Update()
    assert reader.GetOutput().GetDimensions()[:2] == (1000, 700)
    red = slicer.app.layoutManager().sliceWidget("Red")
    assert red.mapTo(a_desktop.main_window, red.rect.topLeft()).x() > 200
