"""Pictures of single slices: the scan in its window, contours to scale, heat, letters for the sides and a scale bar."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import matplotlib
import numpy as np
from LesionReadingLib.presenting.drawing import font_families
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke

from ..colors import COLORS, HEAT_MAP
from ..labels import HEMATOMA, INTRAVENTRICULAR
from .slice_view import SCALE_BAR_MM, Box, SliceView

WINDOW_HU = (0.0, 80.0)
WIDTH_PX = 440
_DOTS_PER_INCH = 100
_LETTER_PT = 21.0  # 29 of 440 pixels: 11 where two pictures stand side by side on a phone
_HALO = [withStroke(linewidth=3, foreground=COLORS["night"])]
_BRIGHT = {"color": "white", "path_effects": _HALO, "fontsize": _LETTER_PT}
_LINES = {
    HEMATOMA: {"colors": COLORS["hematoma"], "linestyles": "solid"},
    INTRAVENTRICULAR: {"colors": COLORS["intraventricular"], "linestyles": "dashed"},
}
_FILL_OPACITY = 0.35  # of labels where there is no scan below them
# Without its darkest quarter, which would darken the scan instead of marking it.
HEAT_COLOURS = ListedColormap(matplotlib.colormaps[HEAT_MAP](np.linspace(0.25, 1.0, 256)), "heat")
HEAT_OPACITY = 0.75


@dataclass(frozen=True, eq=False)
class SlicePicture:
    """One slice to be drawn; every array is (rows, columns) as stored.

    Attributes:
        title: in the upper left corner.
        hounsfield: HU, or None where only the label map is there.
        labels: uint8, as in ``labels``.
        view: how it is turned. box: which part is shown.
        heat: 0 to 1, laid over the scan with an opacity that grows with it; None for none.
        earlier: bool, the hematoma of the earlier scan at the same place; None for none.
    """

    title: str
    hounsfield: np.ndarray | None
    labels: np.ndarray
    view: SliceView
    box: Box
    heat: np.ndarray | None = None
    earlier: np.ndarray | None = None


def draw_slice(path: Path, picture: SlicePicture) -> None:
    """Draw one slice as PNG, ``WIDTH_PX`` wide, to scale in both directions."""
    box = picture.box
    width_in = WIDTH_PX / _DOTS_PER_INCH
    figure = Figure(figsize=(width_in, width_in * box.height / box.width), dpi=_DOTS_PER_INCH)
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0, 0, 1, 1), facecolor=COLORS["night"], xticks=[], yticks=[])
    for spine in axes.spines.values():
        spine.set_visible(False)
    _show(axes, picture)
    for value, line in _LINES.items():
        _contour(axes, picture, picture.labels == value, **line, linewidths=1.8)
    if picture.earlier is not None:
        _contour(axes, picture, picture.earlier, colors=COLORS["earlier"], linestyles="dotted", linewidths=1.8)
    axes.set_xlim(box.left, box.right)
    axes.set_ylim(box.bottom, box.top)
    _letters(axes, picture)
    _scale_bar(axes, box)
    if picture.heat is not None:
        _colour_bar(axes)
    figure.savefig(path, pil_kwargs={"compress_level": 3})  # a fifth larger than 6, and twice as fast


def _show(axes: Axes, picture: SlicePicture) -> None:
    whole = picture.view.whole
    place = {"extent": (whole.left, whole.right, whole.bottom, whole.top), "aspect": "auto"}
    turned = picture.view.turned
    if picture.hounsfield is not None:
        low, high = WINDOW_HU
        axes.imshow(turned(picture.hounsfield), cmap="gray", vmin=low, vmax=high, interpolation="bilinear", **place)
    else:
        for value, line in _LINES.items():
            mask = turned(picture.labels == value)
            axes.imshow(
                np.where(mask, 1.0, np.nan),
                cmap=ListedColormap([line["colors"]]),
                alpha=_FILL_OPACITY,
                interpolation="nearest",
                **place,
            )
    if picture.heat is not None:
        axes.imshow(_heat_rgba(turned(picture.heat)), interpolation="bilinear", **place)


def _heat_rgba(heat: np.ndarray) -> np.ndarray:
    """Colour (..., 4) of heat (...): the more, the brighter and the less transparent."""
    heat = np.clip(heat, 0, 1)
    return np.concatenate([HEAT_COLOURS(heat)[..., :3], HEAT_OPACITY * heat[..., None]], axis=-1)


def _contour(axes: Axes, picture: SlicePicture, stored: np.ndarray, **line) -> None:
    """The border of a mask, half-way between the pixels inside and outside."""
    mask = np.pad(picture.view.turned(stored), 1)
    if not mask.any():
        return
    rows, columns = (np.arange(size) - 1 for size in mask.shape)
    top, bottom, left, right = _reach(mask)
    part = (slice(top, bottom), slice(left, right))
    x, y = columns[part[1]] * picture.view.column_mm, rows[part[0]] * picture.view.row_mm
    axes.contour(x, y, mask[part].astype(np.float32), levels=[0.5], **line)


def _reach(mask: np.ndarray) -> tuple[int, int, int, int]:
    """First and last row and column of a padded mask with one pixel of border: contouring all of a slice takes long."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return rows[0] - 1, rows[-1] + 2, columns[0] - 1, columns[-1] + 2


def _letters(axes: Axes, picture: SlicePicture) -> None:
    left, right, top, bottom = picture.view.letters
    for x, y, letter, across, up in (
        (0.02, 0.5, left, "left", "center"),
        (0.98, 0.5, right, "right", "center"),
        (0.5, 0.99, top, "center", "top"),
        (0.5, 0.01, bottom, "center", "bottom"),
    ):
        axes.text(x, y, letter, transform=axes.transAxes, ha=across, va=up, fontweight="bold", **_BRIGHT)
    axes.text(0.02, 0.99, picture.title, transform=axes.transAxes, ha="left", va="top", fontfamily=font_families(), **_BRIGHT)


def _scale_bar(axes: Axes, box: Box) -> None:
    meets_letter = 0.42 * box.width < SCALE_BAR_MM
    x, y = box.left + 0.03 * box.width, box.bottom - (0.1 if meets_letter else 0.03) * box.height
    halo = [withStroke(linewidth=6, foreground=COLORS["night"])]
    axes.plot((x, x + SCALE_BAR_MM), (y, y), linewidth=3.5, solid_capstyle="butt", color="white", path_effects=halo)
    above = y - 0.02 * box.height
    axes.text(x, above, f"{SCALE_BAR_MM / 10:g} cm", ha="left", va="bottom", **_BRIGHT)


def _colour_bar(axes: Axes) -> None:
    """Heat from 0 to 1 as it is laid over a black scan."""
    bar = axes.inset_axes((0.9, 0.07, 0.045, 0.3))
    steps = np.linspace(0, 1, 128)[:, None]
    bar.set_facecolor("black")
    bar.imshow(_heat_rgba(steps), origin="lower", aspect="auto", extent=(0, 1, 0, 1))
    bar.set(xticks=[], yticks=[])
    for spine in bar.spines.values():
        spine.set_color("white")
    for height, number in ((0.0, "0"), (1.0, "1")):
        bar.text(-0.25, height, number, ha="right", va="center", **_BRIGHT)
