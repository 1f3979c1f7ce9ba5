"""The arc of calcium along the pullback as a table node and a plot: bridged arc by position, 180 degrees, the frame on view."""

import slicer
from LesionReadingLib.text.counting import shown
from LesionReadingScene.scene import fill_table, result_node, set_result_node
from slicer.i18n import tr as _

TABLE_ROLE, CHART_ROLE = "table", "chart"
ARC_ROLE, LIMIT_ROLE, FRAME_ROLE = "arcSeries", "limitSeries", "frameSeries"
FRAME_TABLE_ROLE = "frameTable"
POSITION_MM, FRAME = "position (mm)", "frame"
ARC, LIMIT, FRAME_LINE = "bridged arc (deg)", "180 degrees", "frame on view"  # no tr: columns, by which saved scenes find them
WHOLE_CIRCLE_DEG = 360
FRAME_GREY = (0.35, 0.35, 0.35)

COLUMNS = {
    FRAME: lambda frame: shown(frame.frame),
    POSITION_MM: lambda frame: frame.position_mm,
    ARC: lambda frame: float(frame.arc_bridged_deg),
    "maximum thickness (mm)": lambda frame: frame.max_thickness_mm,
    "calcium area (mm2)": lambda frame: frame.area_mm2,
    "lumen area (mm2)": lambda frame: frame.lumen_area_mm2,
}
"""Column of the table node -> its value of a frame measurement; absent values are NaN."""


def showNumbersInScene(result, measurement) -> None:
    """Fill the result's table and chart nodes with a measurement; they are made where they are not there yet."""
    table = _node(result, TABLE_ROLE, "vtkMRMLTableNode", _("OCT calcium by frame"))
    columns = {name: [value(frame) for frame in measurement.frames] for name, value in COLUMNS.items()}
    columns[LIMIT] = [float(measurement.parameters.continuous_arc_deg)] * len(measurement.frames)
    fill_table(table, columns)
    table.SetUseColumnTitleAsColumnHeader(True)
    _showChart(result, table, measurement)


def updateFrames(result, measurement, frames: list[int]) -> None:
    """Write the numbers of some frames (from 0) into the table node; the plot follows it."""
    tableNode = result_node(result, TABLE_ROLE)
    table = tableNode.GetTable()
    for number in frames:
        for name, value in COLUMNS.items():
            cell = value(measurement.frames[number])
            table.GetColumnByName(name).SetValue(number, float("nan") if cell is None else cell)
    table.Modified()


def showFrame(result, measurement, frame: int) -> None:
    """Put the upright line of the plot at a frame, from 0."""
    along = _along(measurement)
    place = COLUMNS[along](measurement.frames[frame])
    fill_table(result_node(result, FRAME_TABLE_ROLE), {along: [place, place], FRAME_LINE: [0, WHOLE_CIRCLE_DEG]})


def selectChart(result) -> None:
    """Show the chart of a result in the plot views."""
    chart = result_node(result, CHART_ROLE)
    if chart is None:
        return
    applicationLogic = slicer.app.applicationLogic()
    applicationLogic.GetSelectionNode().SetReferenceActivePlotChartID(chart.GetID())
    applicationLogic.PropagatePlotChartSelection()


def _showChart(result, table, measurement) -> None:
    from OCTCalciumLib.colors import rgb

    along = _along(measurement)
    arc = _series(result, ARC_ROLE, _("Bridged arc"), table, along, ARC)
    arc.SetColor(*rgb("calcium"))
    arc.SetLineWidth(3)
    limit = _series(result, LIMIT_ROLE, _("180 degrees"), table, along, LIMIT)
    limit.SetColor(*rgb("calcium_over_180"))
    limit.SetLineStyle(limit.LineStyleDash)
    limit.SetLineWidth(2)
    frameTable = _node(result, FRAME_TABLE_ROLE, "vtkMRMLTableNode", _("OCT frame on view"))
    frame = _series(result, FRAME_ROLE, _("Frame on view"), frameTable, along, FRAME_LINE)
    frame.SetColor(*FRAME_GREY)
    frame.SetLineWidth(2)
    showFrame(result, measurement, 0)
    chart = _node(result, CHART_ROLE, "vtkMRMLPlotChartNode", _("Calcium arc"))
    chart.SetTitle(_("Calcium arc along the pullback"))
    chart.SetXAxisTitle(_("Position (mm)") if along == POSITION_MM else _("Frame"))
    chart.SetYAxisTitle(_("Arc (degrees)"))
    chart.SetYAxisRangeAuto(False)
    chart.SetYAxisRange(0, WHOLE_CIRCLE_DEG)
    chart.SetTitleFontSize(16)
    chart.SetAxisTitleFontSize(14)
    chart.SetLegendFontSize(12)
    chart.SetEnablePointMoveAlongX(False)
    chart.SetEnablePointMoveAlongY(False)
    # All anew: of a scene that is opened again where it was saved, the chart has lost the first one.
    chart.RemoveAllPlotSeriesNodeIDs()
    for series in (arc, limit, frame):
        chart.AddAndObservePlotSeriesNodeID(series.GetID())


def _along(measurement) -> str:
    """The column along which the plot runs: millimetres where the distance of the frames is known."""
    return FRAME if measurement.spacing.frame_mm is None else POSITION_MM


def _series(result, role: str, name: str, table, along: str, column: str):
    series = _node(result, role, "vtkMRMLPlotSeriesNode", name)
    series.SetAndObserveTableNodeID(table.GetID())
    series.SetXColumnName(along)
    series.SetYColumnName(column)
    series.SetPlotType(series.PlotTypeScatter)
    series.SetMarkerStyle(series.MarkerStyleNone)
    return series


def _node(result, role: str, className: str, name: str):
    """The result's node in a role, made where there is none."""
    node = result_node(result, role)
    if node is None:
        node = slicer.mrmlScene.AddNewNodeByClass(className, name)
        set_result_node(result, role, node)
    return node
