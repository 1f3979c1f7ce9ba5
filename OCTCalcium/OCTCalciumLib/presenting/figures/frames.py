"""Single frames with what was measured in them: outlines, the arc as a bracket, the thickness as an arrow, the lumen area."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from LesionReadingLib.geometry.spacing import Spacing
from LesionReadingLib.language import _
from LesionReadingLib.pieces import padded
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke

from ...colors import COLORS
from ...labels import CALCIUM, GUIDEWIRE, LUMEN, NAMES
from ...measurement.arcs import BIN_DEG
from ...measurement.frame import FrameMeasurement
from ...vessel.lumen import close_lumen
from .along import picture

SIDE_IN, HEIGHT_IN = 5.2, 5.52
MARGIN_MM = 0.7
LEAST_SIDE_MM = 4.0
_OUTLINED = {CALCIUM: "calcium", GUIDEWIRE: "guidewire", LUMEN: "lumen"}
_HALO = [withStroke(linewidth=3, foreground=COLORS["night"])]
_BRIGHT = {"color": "white", "path_effects": _HALO}


@dataclass(frozen=True, eq=False)
class FramePicture:
    """A frame to be drawn.

    Attributes:
        grey: uint8 (rows, columns), or None where only the label map is there.
        labels: uint8 (rows, columns).
        measured: the numbers of the frame.
        spacing: of the pullback.
    """

    grey: np.ndarray | None
    labels: np.ndarray
    measured: FrameMeasurement
    spacing: Spacing

    @property
    def steps(self) -> tuple[float, float]:
        """Size of a pixel (row, column) on the axes: mm, or 1 and 1 where unknown."""
        return (self.spacing.row_mm, self.spacing.column_mm) if self.spacing.in_plane_known else (1.0, 1.0)

    def on_ray(self, angle_deg: float, distance: float | np.ndarray) -> tuple:
        """Place (x, y) on the axes at a distance from the vertex."""
        row_size, column_size = self.steps
        angle = np.radians(angle_deg)
        row, column = self.measured.vertex
        return column * column_size + np.cos(angle) * distance, row * row_size + np.sin(angle) * distance


def draw_widest_arc(path: Path, frame: FramePicture, title: str) -> None:
    """The frame with its longest bridged arc as a bracket around the calcium and the degrees on it."""
    with picture(path, HEIGHT_IN, SIDE_IN) as figure:
        axes = _draw_frame(figure, frame, title)
        deposit = frame.measured.deposits[0]
        start, extent = frame.measured.bridged_start_deg, deposit.arc_deg
        radius = _outermost(frame, deposit.arc) + 0.04 * np.ptp(axes.get_xlim())
        inner = radius - 0.035 * np.ptp(axes.get_xlim())
        angles = start + np.linspace(0, extent, max(2, int(extent)))
        x, y = frame.on_ray(angles, radius)
        axes.plot(x, y, linewidth=2.2, solid_capstyle="butt", **_BRIGHT)
        if extent < 360:
            for angle in (start, start + extent):
                axes.plot(*zip(frame.on_ray(angle, inner), frame.on_ray(angle, radius), strict=True), linewidth=2.2, **_BRIGHT)
                axes.plot(
                    *zip(frame.on_ray(angle, 0), frame.on_ray(angle, inner), strict=True),
                    linewidth=0.9,
                    linestyle=":",
                    color="white",
                )
        _write(axes, frame.on_ray(start + extent / 2, radius + 0.07 * np.ptp(axes.get_xlim())), f"{extent:.0f}°")


def draw_thickest(path: Path, frame: FramePicture, title: str) -> None:
    """The frame with an arrow through its thickest calcium and the mm beside it."""
    with picture(path, HEIGHT_IN, SIDE_IN) as figure:
        axes = _draw_frame(figure, frame, title)
        angle = float(np.nanargmax(frame.measured.thickness_mm)) + 0.5
        inner, outer = _thickest_run(frame, angle)
        axes.annotate(
            "",
            frame.on_ray(angle, outer),
            frame.on_ray(angle, inner),
            arrowprops={
                "arrowstyle": "<|-|>",
                "color": "white",
                "linewidth": 1.8,
                "shrinkA": 0,
                "shrinkB": 0,
                "path_effects": _HALO,
            },
        )
        _write(axes, frame.on_ray(angle, outer + 0.09 * np.ptp(axes.get_xlim())), f"{frame.measured.max_thickness_mm:.2f} mm")


def draw_smallest_lumen(path: Path, frame: FramePicture, title: str) -> None:
    """The frame with its closed lumen filled and the area in it."""
    with picture(path, HEIGHT_IN, SIDE_IN) as figure:
        axes = _draw_frame(figure, frame, title)
        lumen = frame.labels == LUMEN
        rows, columns = close_lumen(padded(frame.labels), *frame.steps).hidden
        lumen[rows - 1, columns - 1] = True
        axes.imshow(lumen[..., None] * np.array(to_rgba(COLORS["lumen"], 0.35), np.float32), extent=_extent(frame), zorder=1.5)
        _write(axes, frame.on_ray(90, 0.07 * np.ptp(axes.get_xlim())), f"{frame.measured.lumen_area_mm2:.2f} mm²")


def _write(axes: Axes, place: tuple[float, float], text: str) -> None:
    left, right = sorted(axes.get_xlim())
    low, high = sorted(axes.get_ylim())
    side = right - left
    x, y = np.clip(place[0], left + 0.15 * side, right - 0.15 * side), np.clip(place[1], low + 0.05 * side, high - 0.05 * side)
    if y > high - 0.22 * side:  # y grows downward: beside the scale bar on the left and the legend on the right
        x = np.clip(x, left + 0.36 * side, right - 0.36 * side)
    axes.text(x, y, text, ha="center", va="center", fontsize=17, fontweight="bold", **_BRIGHT)


def _draw_frame(figure, frame: FramePicture, title: str) -> Axes:
    axes = figure.add_axes((0.0, 0.0, 1.0, SIDE_IN / HEIGHT_IN), facecolor=COLORS["night"], xticks=[], yticks=[])
    figure.text(0.01, 0.972, title, fontsize=12, fontweight="bold", va="center")
    left, right, top, bottom = _crop(frame)
    if frame.grey is not None:
        axes.imshow(frame.grey, cmap="gray", vmin=0, vmax=255, extent=_extent(frame), interpolation="bilinear")
    else:
        palette = np.zeros((max(_OUTLINED) + 1, 4), np.float32)
        for value, colour in _OUTLINED.items():
            palette[value] = to_rgba(COLORS[colour], 0.45)
        axes.imshow(palette[frame.labels], extent=_extent(frame), interpolation="nearest")
    _outline(axes, frame, (left, right, top, bottom))
    axes.set_xlim(left, right)
    axes.set_ylim(bottom, top)
    axes.set_aspect("equal", adjustable="box")
    axes.plot(*frame.on_ray(0, 0), marker="+", color="white", markersize=9, markeredgewidth=1.2)
    _scale_bar(axes, frame.spacing)
    present = [value for value in _OUTLINED if (frame.labels == value).any()]
    lines = [Line2D([], [], color=COLORS[_OUTLINED[value]], linewidth=2.5, label=_(NAMES[value])) for value in present]
    axes.legend(handles=lines, loc="lower right", fontsize=11, labelcolor="white", handlelength=1.2, borderaxespad=0.6)
    return axes


def _extent(frame: FramePicture) -> tuple[float, float, float, float]:
    """Where the whole frame lies on the axes, pixel centres at index x step; y grows downward."""
    row_size, column_size = frame.steps
    rows, columns = frame.labels.shape
    return -0.5 * column_size, (columns - 0.5) * column_size, (rows - 0.5) * row_size, -0.5 * row_size


def _crop(frame: FramePicture) -> tuple[float, float, float, float]:
    """A square around the labels on the axes: left, right, top, bottom."""
    row_size, column_size = frame.steps
    pixel = 1.0 if frame.spacing.in_plane_known else 0.01  # an OCT pixel is about 0.01 mm: only for a margin that looks right
    rows, columns = np.nonzero((frame.labels == CALCIUM) | (frame.labels == LUMEN))
    if not rows.size:
        rows, columns = (np.array([0, size - 1]) for size in frame.labels.shape)
    low = np.array([columns.min() * column_size, rows.min() * row_size])
    high = np.array([columns.max() * column_size, rows.max() * row_size])
    half = max((high - low).max() / 2 + MARGIN_MM / pixel, LEAST_SIDE_MM / 2 / pixel)
    middle = (low + high) / 2
    return middle[0] - half, middle[0] + half, middle[1] - half, middle[1] + half


def _outline(axes: Axes, frame: FramePicture, crop: tuple[float, float, float, float]) -> None:
    row_size, column_size = frame.steps
    rows = slice(max(0, int(crop[2] / row_size)), int(crop[3] / row_size) + 2)
    columns = slice(max(0, int(crop[0] / column_size)), int(crop[1] / column_size) + 2)
    labels = frame.labels[rows, columns]
    x = (np.arange(labels.shape[1]) + columns.start) * column_size
    y = (np.arange(labels.shape[0]) + rows.start) * row_size
    for value in (LUMEN, GUIDEWIRE, CALCIUM):
        mask = labels == value
        if mask.any() and min(mask.shape) > 1:
            axes.contour(x, y, mask.astype(np.float32), levels=[0.5], colors=COLORS[_OUTLINED[value]], linewidths=1.6)


def _scale_bar(axes: Axes, spacing: Spacing) -> None:
    if not spacing.in_plane_known:
        axes.text(0.02, 0.02, _("pixel spacing unknown: no scale"), transform=axes.transAxes, fontsize=11, **_BRIGHT)
        return
    left, width = axes.get_xlim()[0], np.ptp(axes.get_xlim())
    bottom, height = axes.get_ylim()[0], np.ptp(axes.get_ylim())
    x, y = left + 0.03 * width, bottom - 0.03 * height
    axes.plot((x, x + 1), (y, y), linewidth=3, solid_capstyle="butt", **_BRIGHT)
    axes.text(x + 0.5, y - 0.02 * height, "1 mm", ha="center", va="bottom", fontsize=12, **_BRIGHT)


def _ray(frame: FramePicture, angle_deg: float) -> tuple[np.ndarray, np.ndarray]:
    """Distances from the vertex along a ray, half a pixel apart, and whether calcium lies there."""
    row_size, column_size = frame.steps
    reach = np.hypot(frame.labels.shape[0] * row_size, frame.labels.shape[1] * column_size)
    distances = np.arange(0, reach, min(row_size, column_size) / 2)
    x, y = frame.on_ray(angle_deg, distances)
    rows, columns = np.rint(y / row_size).astype(int), np.rint(x / column_size).astype(int)
    inside = (rows >= 0) & (rows < frame.labels.shape[0]) & (columns >= 0) & (columns < frame.labels.shape[1])
    return distances[inside], frame.labels[rows[inside], columns[inside]] == CALCIUM


def _thickest_run(frame: FramePicture, angle_deg: float) -> tuple[float, float]:
    """Distances from the vertex where the thickest calcium along a ray begins and ends."""
    distances, calcium = _ray(frame, angle_deg)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], calcium, [False]])))
    runs = edges.reshape(-1, 2)
    if not len(runs):
        return 0.0, 0.0
    first, stop = max(runs, key=lambda run: run[1] - run[0])
    half_step = (distances[1] - distances[0]) / 2
    return distances[first] - half_step, distances[stop - 1] + half_step


def _outermost(frame: FramePicture, arc: np.ndarray) -> float:
    """The largest distance from the vertex that calcium reaches within an arc (bins,)."""
    row_size, column_size = frame.steps
    rows, columns = np.nonzero(frame.labels == CALCIUM)
    down = (rows - frame.measured.vertex[0]) * row_size
    right = (columns - frame.measured.vertex[1]) * column_size
    within = arc[(np.degrees(np.arctan2(down, right)) % 360 / BIN_DEG).astype(int) % arc.size]
    return float(np.hypot(down, right)[within].max())
