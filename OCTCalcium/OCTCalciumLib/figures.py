"""Figures along the pullback: the en-face map, the arcs by frame, and the three-dimensional views with their legends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import matplotlib
import numpy as np
from LesionReadingLib.spacing import Spacing
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap, to_rgba
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from .colors import COLORS, THICKNESS
from .en_face import thickness_scale_mm
from .lesions import SCORE_THICKNESS_MM
from .measurement import PullbackMeasurement

DOTS_PER_INCH = 150
WIDTH_IN = 11.0
STYLE = {
    "font.family": "DejaVu Sans",
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

THICKNESS_COLOURS = LinearSegmentedColormap.from_list("thickness", THICKNESS)
_LINE = {"color": COLORS["text"], "linewidth": 1.3}


@contextmanager
def picture(path: Path, height_in: float, width_in: float = WIDTH_IN) -> Iterator[Figure]:
    """A figure in the house style that is saved to ``path`` (PNG) at the end of the block."""
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(width_in, height_in), dpi=DOTS_PER_INCH)
        FigureCanvasAgg(figure)
        yield figure
        figure.savefig(path)


@dataclass(frozen=True)
class Along:
    """The axis along the pullback: mm from the first frame, or frame numbers where the frame spacing is unknown.

    Attributes:
        step: distance of two frames on the axis.
        label: what the axis shows.
        unit: behind a length, with a space before it.
    """

    step: float
    label: str
    unit: str

    @classmethod
    def of(cls, spacing: Spacing) -> Along:
        if spacing.frame_mm is None:
            return cls(1.0, "Frame (frame spacing unknown)", " frames")
        return cls(spacing.frame_mm, "Position along the pullback (mm)", " mm")

    def span(self, first_frame: int, last_frame: int) -> tuple[float, float]:
        """Where these frames begin and end on the axis, each frame being one step wide."""
        return (first_frame - 0.5) * self.step, (last_frame + 0.5) * self.step


def draw_en_face(path: Path, measurement: PullbackMeasurement) -> None:
    """The vessel cut open and laid flat: angle by position, thickness as colour, guidewire hatched, runs bracketed."""
    along = Along.of(measurement.spacing)
    count = len(measurement.frames)
    extent = (*along.span(0, count - 1), 0, 360)
    guidewire = np.array([frame.guidewire for frame in measurement.frames]).T
    with picture(path, 4.2) as figure:
        axes = figure.add_axes((0.07, 0.14, 0.81, 0.64))
        axes.imshow(_rgba(guidewire, "shadow"), extent=extent, origin="lower", aspect="auto", interpolation="nearest")
        if guidewire.any():
            _hatch(axes, guidewire, extent)
        _draw_thickness(figure, axes, measurement, extent)
        _axis_along(axes, along, count)
        axes.set_ylim(0, 360)
        axes.set_yticks(range(0, 361, 90))
        axes.set_ylabel("Angle (degrees; 0 right, 90 down)")
        for run in measurement.runs:
            _bracket(axes, along.span(run.first_frame, run.last_frame), 1.03)
        _label_runs(axes, measurement, along, 1.055)
        figure.text(0.07, 0.94, "Calcium laid flat", fontsize=11, fontweight="bold")
        figure.legend(handles=_en_face_legend(measurement), loc="upper right", bbox_to_anchor=(0.885, 1.0), ncols=3, fontsize=9)


def _en_face_legend(measurement: PullbackMeasurement) -> list[Artist]:
    handles: list[Artist] = [Patch(facecolor=COLORS["shadow"], hatch="////", edgecolor="#8A929C", label="hidden by the guidewire")]
    if measurement.thickness_map_mm is None:
        handles.append(Patch(color=COLORS["calcium"], label="calcium (thickness unknown)"))
    if measurement.runs:
        limit = measurement.parameters.continuous_arc_deg
        handles.append(Line2D([], [], color=COLORS["calcium_over_180"], linewidth=1.8, label=f"arc of {limit:g} degrees or more"))
    return handles


def _draw_thickness(figure: Figure, axes: Axes, measurement: PullbackMeasurement, extent: tuple) -> None:
    if measurement.thickness_map_mm is None:
        present = np.array([frame.calcium_degrees for frame in measurement.frames]).T
        axes.imshow(_rgba(present, "calcium"), extent=extent, origin="lower", aspect="auto", interpolation="nearest")
        return
    most = thickness_scale_mm(measurement)
    image = axes.imshow(
        measurement.thickness_map_mm.T,
        extent=extent,
        origin="lower",
        aspect="auto",
        interpolation="nearest",
        cmap=THICKNESS_COLOURS,
        vmin=0,
        vmax=most,
    )
    scale = figure.colorbar(image, cax=figure.add_axes((0.9, 0.14, 0.014, 0.64)))
    scale.set_label("Thickness (mm); white line: 0.5")
    scale.ax.axhline(SCORE_THICKNESS_MM, color="white", linewidth=2)
    scale.outline.set_visible(False)


def _hatch(axes: Axes, marks: np.ndarray, extent: tuple) -> None:
    """Hatch the marked cells of (degrees, frames)."""
    frames = np.linspace(extent[0], extent[1], marks.shape[1] + 1)
    x = np.stack([frames[:-1], frames[1:]], axis=1).ravel()
    cells = np.repeat(marks, 2, axis=1).astype(float)
    axes.contourf(x, np.arange(len(marks)) + 0.5, cells, levels=[0.5, 1.5], colors="none", hatches=["/////"])


def _rgba(marks: np.ndarray, colour: str) -> np.ndarray:
    """Picture (rows, columns, 4) with ``colour`` where ``marks``, clear elsewhere."""
    return marks[..., None] * np.array(to_rgba(COLORS[colour]))


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
        edges = (np.arange(len(frames) + 1) - 0.5) * along.step
        bridged = np.array([frame.arc_bridged_deg for frame in frames])
        for run in measurement.runs:
            for axes in (top, lesions, bottom):
                axes.axvspan(*along.span(run.first_frame, run.last_frame), color=COLORS["calcium_over_180"], alpha=0.1, linewidth=0)
        top.stairs(bridged, edges, fill=True, color=COLORS["calcium"], label="bridged arc")
        over = np.where(bridged >= limit, bridged, 0)
        top.stairs(over, edges, fill=True, color=COLORS["calcium_over_180"], label=f"bridged arc, {limit:g} degrees or more")
        top.stairs(
            [frame.arc_total_deg for frame in frames], edges, color=COLORS["muted"], linewidth=0.9, label="total of all deposits"
        )
        top.stairs(
            [frame.arc_contiguous_deg for frame in frames],
            edges,
            color="#6B3A00",
            linewidth=0.9,
            linestyle=(0, (3, 1.5)),
            label="largest contiguous",
        )
        top.axhline(limit, color=COLORS["text"], linewidth=1.1, linestyle="--")
        top.set_ylim(0, 385)
        top.set_yticks(range(0, 361, 60))
        top.set_ylabel("Arc (degrees)")
        _mark_maximum(top, measurement, along)
        _draw_lesions(lesions, measurement, along)
        _draw_lumen_area(bottom, measurement, along)
        _axis_along(bottom, along, len(frames))
        figure.text(0.07, 0.955, "Calcium arc and lumen area", fontsize=11, fontweight="bold")
        figure.legend(
            *top.get_legend_handles_labels(), loc="upper left", bbox_to_anchor=(0.06, 0.95), ncols=4, fontsize=9, columnspacing=1.4
        )


def _mark_maximum(axes: Axes, measurement: PullbackMeasurement, along: Along) -> None:
    if measurement.max_arc_frame is None:
        axes.text(0.5, 0.5, "No calcium", transform=axes.transAxes, ha="center", color=COLORS["muted"])
        return
    axes.plot(measurement.max_arc_frame * along.step, measurement.max_arc_deg, marker="v", color=COLORS["text"], markersize=5)
    right = measurement.max_arc_frame > 0.8 * len(measurement.frames)
    axes.annotate(
        f"maximum {measurement.max_arc_deg:.0f}°",
        (measurement.max_arc_frame * along.step, measurement.max_arc_deg),
        xytext=(-7 if right else 7, 3),
        textcoords="offset points",
        ha="right" if right else "left",
        fontweight="bold",
        fontsize=9.5,
    )


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
    axes.set_ylabel("Lesion", rotation=0, ha="right", va="center")
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="x", length=0)


def _draw_lumen_area(axes: Axes, measurement: PullbackMeasurement, along: Along) -> None:
    areas = [np.nan if frame.lumen_area_mm2 is None else frame.lumen_area_mm2 for frame in measurement.frames]
    axes.set_ylabel("Lumen (mm²)")
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
    axes.plot(
        np.arange(len(areas)) * along.step, areas, color=COLORS["lumen"], linewidth=1.6, marker="." if len(areas) == 1 else None
    )
    axes.set_ylim(0, np.nanmax(areas) * 1.15)
    axes.plot(smallest[1] * along.step, smallest[0], marker="^", color=COLORS["text"], markersize=5)
    right = smallest[1] > 0.8 * len(areas)
    axes.annotate(
        f"minimum {smallest[0]:.2f} mm²",
        (smallest[1] * along.step, smallest[0]),
        xytext=(-7 if right else 7, -9),
        textcoords="offset points",
        ha="right" if right else "left",
        fontweight="bold",
        fontsize=9.5,
    )


def _axis_along(axes: Axes, along: Along, frame_count: int) -> None:
    axes.set_xlim(*along.span(0, frame_count - 1))
    axes.set_xlabel(along.label)


def _bracket(axes: Axes, span: tuple[float, float], height: float) -> None:
    """A bracket above the axes from ``span[0]`` to ``span[1]``, at ``height`` in parts of the axes."""
    x, y = (span[0], span[0], span[1], span[1]), (height - 0.025, height, height, height - 0.025)
    axes.plot(x, y, transform=axes.get_xaxis_transform(), clip_on=False, color=COLORS["calcium_over_180"], linewidth=1.8)


def _label_runs(axes: Axes, measurement: PullbackMeasurement, along: Along, height: float) -> None:
    """The length of each bracket above it, longest first, as far as the labels do not overlap."""
    room = 0.045 * len(measurement.frames) * along.step
    taken: list[float] = []
    for run in sorted(measurement.runs, key=lambda run: run.first_frame - run.last_frame):
        first, last = along.span(run.first_frame, run.last_frame)
        middle = (first + last) / 2
        if all(abs(middle - other) > 2 * room for other in taken):
            taken.append(middle)
            text = f"{last - first:.1f} mm" if along.unit == " mm" else f"{last - first:.0f} frames"
            axes.text(middle, height, text, transform=axes.get_xaxis_transform(), ha="center", va="bottom", fontsize=9)
