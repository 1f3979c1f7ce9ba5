"""The rendered views put together with axes in mm, a legend and the words that a physician needs to trust them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from LesionReadingLib.language import _
from matplotlib.axes import Axes
from matplotlib.patches import Patch

from ...colors import COLORS
from ...measurement.pullback import PullbackMeasurement
from ..rendering.process import View
from ..rendering.stack import NOT_TO_SCALE, Scene
from .along import WIDTH_IN, Along, picture

_LEFT, _RIGHT = 0.02, 0.98
_SCALE_BAR_MM = 2.0
_STRIP_IN = 0.26  # below the lowest view, for the mark of the close-up


def draw_surfaces(path: Path, views: dict[str, View], scene: Scene, measurement: PullbackMeasurement) -> None:
    """Calcium as a surface: two views along the whole pullback, two close-ups around the maximum arc."""
    rows = [("side_0", _("Whole pullback, seen from 0 degrees")), ("side_180", _("The same, seen from 180 degrees"))]
    near = [("near_0", _("Close-up from 0 degrees")), ("near_180", _("Close-up from 180 degrees"))]
    _compose(path, _("Calcium in three dimensions"), rows, near, views, scene, measurement, ("lumen", "guidewire"))


def draw_volumes(path: Path, views: dict[str, View], scene: Scene, measurement: PullbackMeasurement, with_tissue: bool) -> None:
    """Volume rendering of the stacked frames: labels along the whole pullback, and a close-up with the grey tissue."""
    rows = [("volume_side", _("Whole pullback, seen from 0 degrees"))]
    near = [("volume_near_0", _("Close-up from 0 degrees")), ("volume_near_180", _("Close-up from 180 degrees"))]
    if with_tissue:
        near = [
            ("volume_near_0", _("Close-up from 0 degrees, near half of the tissue cut away")),
            ("volume_near_180", _("Close-up from 180 degrees, near half of the tissue cut away")),
        ]
    _compose(path, _("Volume rendering of the stacked frames"), rows, near, views, scene, measurement, ("lumen",))


def _compose(path, title, rows, near, views: dict[str, View], scene: Scene, measurement: PullbackMeasurement, others) -> None:
    width_in = WIDTH_IN * (_RIGHT - _LEFT)
    length_mm, width_mm = np.multiply(scene.shape[:2], scene.step_mm[:2])
    if length_mm < width_mm:  # a few frames: a slice seen from its side shows nothing that the close-ups do not
        rows = []
    row_heights = [width_in * views[name].pixels.shape[0] / views[name].pixels.shape[1] for name, _ in rows]
    near_width = width_in / 2
    near_height = near_width * views[near[0][0]].pixels.shape[0] / views[near[0][0]].pixels.shape[1]
    head, gap, ruler = 0.42 if scene.to_scale else 0.64, 0.3, 0.5 + _STRIP_IN
    height_in = head + sum(row_heights) + gap * len(rows) + (ruler if rows else 0) + gap + near_height + 0.1
    with picture(path, height_in) as figure:
        figure.text(_LEFT, 1 - 0.2 / height_in, title, fontsize=11, fontweight="bold", va="center")
        if not scene.to_scale:
            figure.text(_LEFT, 1 - 0.44 / height_in, _(NOT_TO_SCALE), fontsize=9.5, va="center", color=COLORS["calcium_over_180"])
        figure.legend(
            handles=_legend(scene, others), loc="upper right", bbox_to_anchor=(_RIGHT, 1), ncols=4, fontsize=9, handlelength=1.2
        )
        top = height_in - head
        for (name, caption), row_height in zip(rows, row_heights, strict=True):
            figure.text(_LEFT, (top - 0.12) / height_in, caption, fontsize=9.5, va="center")
            top -= gap + row_height
            strip = _STRIP_IN if name == rows[-1][0] else 0.0
            axes = figure.add_axes((_LEFT, (top - strip) / height_in, _RIGHT - _LEFT, (row_height + strip) / height_in))
            _draw_side(axes, views[name], scene, measurement, strip / row_height)
        top -= ruler if rows else 0
        for place, (name, caption) in enumerate(near):
            left = _LEFT + place * near_width / WIDTH_IN
            figure.text(left, (top - 0.12) / height_in, caption, fontsize=9.5, va="center")
            axes = figure.add_axes((left, (top - gap - near_height) / height_in, near_width / WIDTH_IN, near_height / height_in))
            _draw_near(axes, views[name], scene)


def _legend(scene: Scene, others: tuple[str, ...]) -> list[Patch]:
    handles = [
        Patch(facecolor=COLORS["calcium_over_180"], edgecolor=COLORS["muted"], label=_("calcium, arc of 180 degrees or more")),
        Patch(facecolor=COLORS["calcium_under_180"], edgecolor=COLORS["muted"], label=_("other calcium")),
    ]
    return handles + [Patch(facecolor=COLORS[name], alpha=0.5, label=_(name)) for name in others if name in scene.shown]


def _draw_side(axes: Axes, view: View, scene: Scene, measurement: PullbackMeasurement, strip: float) -> None:
    """A view along the pullback; below the lowest, ``strip`` (in parts of its height) has the axis and the close-up's stretch."""
    along = Along.of(measurement.spacing)
    frame_count = len(measurement.frames)
    per_pixel = view.mm_per_pixel / scene.step_mm[0] * along.step
    middle, half = along.at((frame_count - 1) / 2), view.pixels.shape[1] / 2 * per_pixel
    axes.imshow(view.pixels, extent=(middle - half, middle + half, 0, 1), aspect="auto", interpolation="antialiased")
    axes.set_ylim(-strip, 1)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    if not strip:
        axes.set_xticks([])
        axes.spines["bottom"].set_visible(False)
        return
    axes.set_xlabel(along.label, labelpad=2)
    first, last = along.span(scene.close_up[0], scene.close_up[1] - 1)
    if last - first < 0.9 * frame_count * along.step:
        axes.plot((first, last), (-0.2 * strip, -0.2 * strip), color=COLORS["text"], linewidth=2.5, solid_capstyle="butt")
        axes.text((first + last) / 2, -0.3 * strip, _("close-up below"), ha="center", va="top", fontsize=8.5)


def _draw_near(axes: Axes, view: View, scene: Scene) -> None:
    axes.imshow(view.pixels, interpolation="antialiased")
    axes.set_axis_off()
    if not scene.to_scale:
        return
    height, width = view.pixels.shape[:2]
    length = _SCALE_BAR_MM / view.mm_per_pixel
    dark = view.pixels[0, 0].mean() < 128
    colour = "white" if dark else COLORS["text"]
    left, bottom = 0.03 * width, 0.96 * height
    axes.plot((left, left + length), (bottom, bottom), color=colour, linewidth=3, solid_capstyle="butt")
    axes.text(
        left + length / 2, bottom - 0.015 * height, f"{_SCALE_BAR_MM:g} mm", ha="center", va="bottom", fontsize=9, color=colour
    )
