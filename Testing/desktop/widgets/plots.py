"""Plots, drawn by VTK from the chart of a plot view."""

import slicer
import vtkmodules.vtkRenderingContextOpenGL2  # noqa: F401
from vtkmodules.vtkChartsCore import vtkAxis, vtkChart, vtkChartXY, vtkPlotPoints
from vtkmodules.vtkViewsContext2D import vtkContextView

from .views import RenderedView

X_AXES, Y_AXES = (vtkAxis.BOTTOM, vtkAxis.TOP), (vtkAxis.LEFT, vtkAxis.RIGHT)


class qMRMLPlotView(RenderedView):
    """Stands for qMRMLPlotView (Slicer, Libs/MRML/Widgets/qMRMLPlotView.h)."""

    def __init__(self, node):
        self._context = vtkContextView()
        super().__init__(self._context.GetRenderWindow())
        self._context.GetRenderer().SetBackground(1, 1, 1)
        self._chart = vtkChartXY()
        self._context.GetScene().AddItem(self._chart)
        self._node = node

    def fitToContent(self):
        self._chart.RecalculateBounds()

    def chart(self):
        return self._chart

    def _prepare(self):
        chart_node = slicer.mrmlScene.GetNodeByID(self._node.GetPlotChartNodeID() or "")
        self._chart.ClearPlots()
        self._chart.SetVisible(chart_node is not None)
        if chart_node is not None:
            draw_chart(self._chart, chart_node)


def draw_chart(chart, node):
    """Put series, titles and axes of a vtkMRMLPlotChartNode into a vtkChartXY."""
    series = [node.GetNthPlotSeriesNode(index) for index in range(node.GetNumberOfPlotSeriesNodes())]
    for each in series:
        if each is not None and each.GetTableNode() is not None:
            draw_series(chart, each)
    chart.SetTitle((node.GetTitle() or "") if node.GetTitleVisibility() else "")
    chart.GetTitleProperties().SetFontSize(node.GetTitleFontSize())
    chart.SetShowLegend(node.GetLegendVisibility())
    chart.GetLegend().GetLabelProperties().SetFontSize(node.GetLegendFontSize())
    for axis in (*X_AXES, *Y_AXES):
        _draw_axis(chart.GetAxis(axis), node, "X" if axis in X_AXES else "Y")


def draw_series(chart, series):
    """Add one vtkMRMLPlotSeriesNode. Its columns must be in its table."""
    table = series.GetTableNode().GetTable()
    x_name, y_name = series.GetXColumnName(), series.GetYColumnName()
    if table.GetColumnByName(y_name or "") is None:
        return
    kind = series.GetPlotType()
    plot = chart.AddPlot(_vtk_type(series, kind))
    if kind in (series.PlotTypeScatter, series.PlotTypeScatterBar) and table.GetColumnByName(x_name or ""):
        plot.SetInputData(table, x_name, y_name)
    else:
        plot.SetInputData(table, y_name, y_name)
        plot.SetUseIndexForXSeries(True)
    red, green, blue = series.GetColor()
    plot.SetLabel(series.GetName())
    plot.SetColorF(red, green, blue)
    plot.GetPen().SetOpacityF(series.GetOpacity())
    plot.GetBrush().SetOpacityF(series.GetOpacity())
    plot.SetWidth(series.GetLineWidth())
    if isinstance(plot, vtkPlotPoints):
        plot.SetMarkerStyle(series.GetMarkerStyle())
        plot.SetMarkerSize(series.GetMarkerSize())
        plot.GetPen().SetLineType(series.GetLineStyle())


def _vtk_type(series, kind):
    if kind in (series.PlotTypeBar, series.PlotTypeScatterBar):
        return vtkChart.BAR
    return vtkChart.LINE


def _draw_axis(axis, node, letter):
    title = getattr(node, f"Get{letter}AxisTitle")() or ""
    axis.SetTitle(title if getattr(node, f"Get{letter}AxisTitleVisibility")() else "")
    axis.SetGridVisible(node.GetGridVisibility())
    axis.GetTitleProperties().SetFontSize(node.GetAxisTitleFontSize())
    axis.GetLabelProperties().SetFontSize(node.GetAxisLabelFontSize())
    if getattr(node, f"Get{letter}AxisRangeAuto")():
        axis.SetBehavior(vtkAxis.AUTO)
        return
    axis.SetBehavior(vtkAxis.FIXED)
    axis.SetUnscaledRange(*getattr(node, f"Get{letter}AxisRange")())
