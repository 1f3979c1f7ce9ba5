"""Figures along the pullback: the house style, the axis along it, and the arcs by frame."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import matplotlib
import numpy as np
from LesionReadingLib.geometry.spacing import Spacing
from LesionReadingLib.language import _
from LesionReadingLib.presenting.drawing import font_families
from LesionReadingLib.text.counting import shown
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.ticker import MaxNLocator

from ...colors import COLORS
from ...measurement.pullback import PullbackMeasurement

DOTS_PER_INCH = 150
WIDTH_IN = 11.0
STYLE = {
    "font.size": 10,
    "axes.edgecolor": COLORS["muted"],
    "axes.labelcolor": COLORS["text"],
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "axes.titlecolor": COLORS["text"],
    "text.color": COLORS["text"],
    "xtick.color": COLORS["muted"],
    "ytick.color": COLORS["muted"],
    "xtick.labelcolor": COLORS["text"],
    "ytick.labelcolor": COLORS["text"],
    "hatch.color": "#8A929C",
    "hatch.linewidth": 0.6,
    "legend.frameon": False,
    "savefig.facecolor": "white",
}

_SPIKE_DEG = 10.0  # one frame's arc is marked apart from the held one from this difference on
_FRAMES = " frames"


@contextmanager
def picture(path: Path, height_in: float, width_in: float = WIDTH_IN) -> Iterator[Figure]:
    """A figure in the house style that is saved to ``path`` (PNG) at the end of the block."""
    with matplotlib.rc_context({**STYLE, "font.family": font_families()}):
        figure = Figure(figsize=(width_in, height_in), dpi=DOTS_PER_INCH)
        FigureCanvasAgg(figure)
        yield figure
        figure.savefig(path)
        figure.clear()  # parts of a figure hold each other: its pictures would stay in memory until Python looks for such rings


@dataclass(frozen=True)
class Along:
    """The axis along the pullback: mm from the first frame, or frame numbers where the frame spacing is unknown.

    Attributes:
        step: distance of two frames on the axis. origin: where the first frame lies.
        label: what the axis shows.
        unit: behind a length, with a space before it.
    """

    step: float
    label: str
    unit: str
    origin: float = 0.0

    @classmethod
    def of(cls, spacing: Spacing) -> Along:
        if spacing.frame_mm is None:
            return cls(1.0, _("Frame (frame spacing unknown)"), _FRAMES, origin=shown(0))
        return cls(spacing.frame_mm, _("Position along the pullback (mm)"), " mm")

    def span(self, first_frame: int, last_frame: int) -> tuple[float, float]:
        """Where these frames begin and end on the axis, each frame being one step wide."""
        return self.at(first_frame - 0.5), self.at(last_frame + 0.5)

    def at(self, frame: float | np.ndarray) -> float | np.ndarray:
        """Where the middle of a frame lies on the axis."""
        return self.origin + frame * self.step


def draw_arcs(path: Path, measurement: PullbackMeasurement) -> None:
    """The three arcs by position with the line of 180 degrees, the lesions below, and the lumen area."""
    along = Along.of(measurement.spacing)
    frames = measurement.frames
    limit = measurement.parameters.continuous_arc_deg
    with picture(path, 5.4) as figure:
        top, lesions, bottom = figure.subplots(
            3,
            1,
            sharex=True,
            height_ratios=(3.4, 0.45, 1.4),
            gridspec_kw={"left": 0.07, "right": 0.98, "top": 0.86, "bottom": 0.1, "hspace": 0.1},
        )
        edges = along.at(np.arange(len(frames) + 1) - 0.5)
        bridged = np.array([frame.arc_bridged_deg for frame in frames])
        for run in measurement.runs:
            for axes in (top, lesions, bottom):
                axes.axvspan(*along.span(run.first_frame, run.last_frame), color=COLORS["calcium_over_180"], alpha=0.1, linewidth=0)
        top.stairs(bridged, edges, fill=True, color=COLORS["calcium"], label=_("bridged arc"))
        over = np.where(bridged >= limit, bridged, 0)
        top.stairs(
            over,
            edges,
            fill=True,
            color=COLORS["calcium_over_180"],
            label=_("bridged arc, {limit:g} degrees or more").format(limit=limit),
        )
        top.stairs(
            [frame.arc_total_deg for frame in frames], edges, color=COLORS["muted"], linewidth=0.9, label=_("total of all deposits")
        )
        top.stairs(
            [frame.arc_contiguous_deg for frame in frames],
            edges,
            color="#6B3A00",
            linewidth=0.9,
            linestyle=(0, (3, 1.5)),
            label=_("largest contiguous"),
        )
        top.axhline(limit, color=COLORS["text"], linewidth=1.1, linestyle="--")
        top.set_ylim(0, 385)
        top.set_yticks(range(0, 361, 60))
        top.set_ylabel(_("Arc (degrees)"))
        _mark_maximum(top, measurement, along)
        _mark_held(top, measurement, along)
        _draw_lesions(lesions, measurement, along)
        _draw_lumen_area(bottom, measurement, along)
        axis_along(bottom, along, len(frames))
        figure.text(0.07, 0.955, _("Calcium arc and lumen area"), fontsize=11, fontweight="bold")
        figure.legend(
            *top.get_legend_handles_labels(), loc="upper left", bbox_to_anchor=(0.06, 0.95), ncols=4, fontsize=9, columnspacing=1.4
        )


def _mark_maximum(axes: Axes, measurement: PullbackMeasurement, along: Along) -> None:
    if measurement.max_arc_frame is None:
        axes.text(0.5, 0.5, _("No calcium"), transform=axes.transAxes, ha="center", color=COLORS["muted"])
        return
    axes.plot(along.at(measurement.max_arc_frame), measurement.max_arc_deg, marker="v", color=COLORS["text"], markersize=5)
    right = measurement.max_arc_frame > 0.8 * len(measurement.frames)
    axes.annotate(
        (_("single frame {arc:.0f}°") if _is_spike(measurement) else _("maximum {arc:.0f}°")).format(arc=measurement.max_arc_deg),
        (along.at(measurement.max_arc_frame), measurement.max_arc_deg),
        xytext=(-7 if right else 7, 3),
        textcoords="offset points",
        ha="right" if right else "left",
        fontweight="bold",
        fontsize=9.5,
    )


def _mark_held(axes: Axes, measurement: PullbackMeasurement, along: Along) -> None:
    """The arc that neighbouring frames hold, where one frame alone shows more."""
    held = measurement.held_arc
    if held.first_frame is None or not _is_spike(measurement):
        return
    first, last = along.span(held.first_frame, held.last_frame)
    axes.plot((first, last), (held.value, held.value), color=COLORS["text"], linewidth=3, solid_capstyle="butt")
    axes.annotate(
        _("held by {count} frames: {arc:.0f}°").format(count=measurement.hold_frames, arc=held.value),
        (first, held.value),
        xytext=(0, -5),  # below its line, so that the single frame's words above stay free
        textcoords="offset points",
        va="top",
        ha="left" if held.first_frame < 0.2 * len(measurement.frames) else "right",
        fontweight="bold",
        fontsize=9.5,
        path_effects=[withStroke(linewidth=3, foreground="white")],
    )


def _is_spike(measurement: PullbackMeasurement) -> bool:
    return measurement.max_arc_deg - measurement.held_arc.value >= _SPIKE_DEG


def _draw_lesions(axes: Axes, measurement: PullbackMeasurement, along: Along) -> None:
    """A bar per lesion with its number in the report's table; overlapping lesions on two levels."""
    reach = [float("-inf"), float("-inf")]
    for number, lesion in enumerate(measurement.lesions, 1):
        first, last = along.span(lesion.first_frame, lesion.last_frame)
        level = 0 if first >= reach[0] else 1
        reach[level] = max(reach[level], last)
        axes.barh(1 - level, last - first, left=first, height=0.72, color=COLORS["muted"])
        if last - first > 0.015 * len(measurement.frames) * along.step:
            axes.text((first + last) / 2, 1 - level - 0.03, str(number), ha="center", va="center", color="white", fontsize=7.5)
    axes.set_ylim(-0.5, 1.5)
    axes.set_yticks([])
    axes.set_ylabel(_("Lesion"), rotation=0, ha="right", va="center")
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="x", length=0)


def _draw_lumen_area(axes: Axes, measurement: PullbackMeasurement, along: Along) -> None:
    areas = [np.nan if frame.lumen_area_mm2 is None else frame.lumen_area_mm2 for frame in measurement.frames]
    axes.set_ylabel(_("Lumen (mm²)"))
    smallest = measurement.minimum_lumen_area
    if smallest is None:
        axes.text(
            0.5,
            0.5,
            measurement.missing.get("minimum_lumen_area", ""),
            transform=axes.transAxes,
            ha="center",
            color=COLORS["muted"],
        )
        axes.set_yticks([])
        return
    axes.plot(along.at(np.arange(len(areas))), areas, color=COLORS["lumen"], linewidth=1.6, marker="." if len(areas) == 1 else None)
    axes.set_ylim(0, np.nanmax(areas) * 1.15)
    axes.plot(along.at(smallest[1]), smallest[0], marker="^", color=COLORS["text"], markersize=5)
    right = smallest[1] > 0.8 * len(areas)
    axes.annotate(
        _("minimum {area:.2f} mm²").format(area=smallest[0]),
        (along.at(smallest[1]), smallest[0]),
        xytext=(-7 if right else 7, -9),
        textcoords="offset points",
        ha="right" if right else "left",
        fontweight="bold",
        fontsize=9.5,
    )


def axis_along(axes: Axes, along: Along, frame_count: int) -> None:
    """Name the axis along the pullback and end it with the first and the last frame."""
    axes.set_xlim(*along.span(0, frame_count - 1))
    axes.set_xlabel(along.label)
    if along.unit == _FRAMES:
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
