"""The en-face map as a figure of the report: the vessel wall unrolled."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from LesionReadingLib.language import _
from LesionReadingLib.text.counting import frames_in_words
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, to_rgba
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from ...colors import COLORS, THICKNESS
from ...measurement.lesions import SCORE_THICKNESS_MM
from ...measurement.pullback import PullbackMeasurement
from .along import Along, axis_along, picture
from .en_face import thickness_scale_mm

THICKNESS_COLOURS = LinearSegmentedColormap.from_list("thickness", THICKNESS)


def draw_en_face(path: Path, measurement: PullbackMeasurement) -> None:
    """The vessel wall unrolled: angle by position, thickness as colour, guidewire hatched, runs bracketed."""
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
        axis_along(axes, along, count)
        axes.set_ylim(0, 360)
        axes.set_yticks(range(0, 361, 90))
        axes.set_ylabel(_("Angle (degrees; 0 right, 90 down)"))
        for run in measurement.runs:
            _bracket(axes, along.span(run.first_frame, run.last_frame), 1.03)
        _label_runs(axes, measurement, along, 1.055)
        figure.text(0.07, 0.94, _("En-face map of calcium"), fontsize=11, fontweight="bold")
        figure.legend(handles=_en_face_legend(measurement), loc="upper right", bbox_to_anchor=(0.885, 1.0), ncols=3, fontsize=9)


def _en_face_legend(measurement: PullbackMeasurement) -> list[Artist]:
    handles: list[Artist] = [
        Patch(facecolor=COLORS["shadow"], hatch="////", edgecolor="#8A929C", label=_("hidden by the guidewire"))
    ]
    if measurement.thickness_map_mm is None:
        handles.append(Patch(color=COLORS["calcium"], label=_("calcium (thickness unknown)")))
    if measurement.runs:
        limit = measurement.parameters.continuous_arc_deg
        handles.append(
            Line2D(
                [],
                [],
                color=COLORS["calcium_over_180"],
                linewidth=1.8,
                label=_("arc of {limit:g} degrees or more").format(limit=limit),
            )
        )
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
    scale.set_label(_("Thickness (mm); white line: 0.5"))
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
            text = f"{last - first:.1f} mm" if along.unit == " mm" else frames_in_words(round(last - first))
            axes.text(middle, height, text, transform=axes.get_xaxis_transform(), ha="center", va="bottom", fontsize=9)
