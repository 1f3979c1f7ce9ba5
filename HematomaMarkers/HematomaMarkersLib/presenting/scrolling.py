"""The slices of a head CT for the page's viewer: pictures, outlines, heat maps, areas, and the earlier scan in the same place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import matplotlib
import numpy as np
from LesionReadingLib.language import _
from LesionReadingLib.presenting.scroll import MOST_BYTES, Chart, Pane, Scroll, Series, fitting, outlines, pictures, webp_uri
from LesionReadingLib.text.counting import shown

from ..colors import COLORS, HEAT_MAP
from ..labels import HEMATOMA, INTRAVENTRICULAR, MARKER_NAMES, MARKERS
from ..measurement.markers.network_result import likeliest_slice
from ..windows import windows
from .slice_view import Box, SliceView, heights_mm, widened

if TYPE_CHECKING:
    from .case import Case

_RANGE_HU = (-40.0, 160.0)  # what 256 grey levels hold: wide enough for every window of the table
_OUTLINED = (HEMATOMA, INTRAVENTRICULAR)
_ON_WHITE = {HEMATOMA: "#2B7FB0", INTRAVENTRICULAR: "#8A7A00"}  # the outlines' hues, darker
_HEAT_SIDE = 96
_HEAT_QUALITY = 60
_LEAST_HEAT = 0.02  # below, a slice has no heat worth a picture
_DARKEST = 0.25  # of the heat's colours, which would darken the scan instead of marking it
_OPACITY = 0.9


def scroll_of(case: Case) -> Scroll:
    """Everything that the viewer shows; an earlier scan where it was laid over this one."""
    growth = case.findings.growth
    view, count = case.view, case.grid.slice_count
    part = _part(case, view)
    order = np.argsort(heights_mm(case.grid), kind="stable")
    with_prior = case.scan is not None and case.prior is not None and growth is not None and growth.transform is not None
    most_bytes = MOST_BYTES // (2 if with_prior else 1)
    hounsfield = None if case.scan is None else case.scan.hounsfield
    unsure = case.network.unsure() if case.network and case.network.unsure else None
    panes = [_pane(_("now") if with_prior else "", part, hounsfield, case.labels, most_bytes, _heat(case, part), unsure)]
    if with_prior:
        panes.insert(0, _earlier(case, part, most_bytes))
    areas = [measured.area_mm2 for measured in case.measurement.slices]
    return Scroll(
        words=(_("slice"), _("slices")),
        start=int(np.argmax(areas)) if any(areas) else [*case.named_slices, int(order[count // 2])][0],
        captions=[_caption(case, number) for number in range(count)],
        panes=panes,
        outlines=[
            (_("hematoma"), COLORS["hematoma"], False),
            (_("blood in the ventricles"), COLORS["intraventricular"], True),
        ],
        unsure=(_("where the network is unsure"), COLORS["unsure"]) if unsure is not None else None,
        windows=_windows() if case.scan is not None else [],
        charts=_charts(case),
        heat=[_(MARKER_NAMES[marker]) for marker in _with_heat(case)] if panes[-1].heat else [],
        ramp=_ramp() if panes[-1].heat else "",
    )


class _Part:
    """The part of every turned slice that is shown, as slices of its rows and columns."""

    def __init__(self, view: SliceView, box: Box) -> None:
        rows, columns = view.shape
        self.view = view
        self.rows = slice(max(0, int(box.top / view.row_mm)), min(rows, int(np.ceil(box.bottom / view.row_mm)) + 1))
        self.columns = slice(max(0, int(box.left / view.column_mm)), min(columns, int(np.ceil(box.right / view.column_mm)) + 1))

    def of(self, stored: np.ndarray) -> np.ndarray:
        """The shown part of a stored slice (rows, columns)."""
        return self.view.turned(stored)[self.rows, self.columns]

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, columns)."""
        return self.rows.stop - self.rows.start, self.columns.stop - self.columns.start

    @property
    def aspect(self) -> float:
        """Width over height as shown."""
        return self.shape[1] * self.view.column_mm / (self.shape[0] * self.view.row_mm)


def _part(case: Case, view: SliceView) -> _Part:
    if case.scan is None:
        return _Part(view, view.around(case.labels.any(axis=0), least_mm=150.0))
    some = np.unique(np.linspace(0, case.grid.slice_count - 1, min(case.grid.slice_count, 9)).astype(int))
    return _Part(view, widened(view.head(case.scan.hounsfield[some]), 1.0))


def _pane(title: str, part: _Part, hounsfield, labels, most_bytes: int, heat=(), unsure=None) -> Pane:
    """The pictures of one scan; ``hounsfield`` is None where only labels are known, ``unsure`` where no network said anything."""
    size, uris = fitting(part.shape), []
    if hounsfield is not None:
        greys = (_grey(part.of(plane)) for plane in hounsfield)
        uris, size = pictures(len(hounsfield), lambda number: _grey(part.of(hounsfield[number])), greys, most_bytes)
    drawn = [outlines(part.of(plane), _OUTLINED, size) for plane in labels]
    areas = [] if unsure is None else [outlines(part.of(plane), (1,), size).get(0, "") for plane in unsure.view(np.uint8)]
    return Pane(title, part.aspect, size, uris, drawn, heat, part.view.letters, areas)


def _earlier(case: Case, part: _Part, most_bytes: int) -> Pane:
    """The earlier scan, cut along this one's slices, one after the other: together they would need much memory."""
    from .pictures import aligned

    greys, labels = [], []
    for number in range(case.grid.slice_count):
        hounsfield, marked = aligned(*case.prior, case.grid, case.findings.growth.transform, number)
        greys.append(_grey(part.of(hounsfield)))
        labels.append(np.ascontiguousarray(part.of(marked)))
    uris, size = pictures(len(greys), greys.__getitem__, greys, most_bytes)
    drawn = [outlines(plane, _OUTLINED, size) for plane in labels]
    return Pane(_("earlier"), part.aspect, size, uris, drawn, (), part.view.letters)


def _grey(hounsfield: np.ndarray) -> np.ndarray:
    low, high = _RANGE_HU
    return np.clip((hounsfield.astype(np.float32) - low) * (255 / (high - low)), 0, 255).astype(np.uint8)


def _windows() -> list[tuple[str, float, float]]:
    """The table's windows in grey values, each kind once."""
    low, high = _RANGE_HU
    kinds = {ends: name for name, ends in reversed(windows().items())}
    label = _("{name} {low:g} to {high:g} HU")
    labelled = [(label.format(name=_(name), low=ends[0], high=ends[1]), *ends) for ends, name in kinds.items()][::-1]
    scale = 255 / (high - low)
    return [(name, round((start - low) * scale, 1), round((end - low) * scale, 1)) for name, start, end in labelled]


def _heat(case: Case, part: _Part) -> list[dict[int, str]]:
    if case.scan is None:
        return []
    return [_heat_of(case.network.heat(marker), part) for marker in _with_heat(case)]


def _with_heat(case: Case) -> list[str]:
    """The markers that the network says something of."""
    return [marker for marker in MARKERS if likeliest_slice(marker, case.measurement, case.network) is not None]


def _heat_of(heat: Sequence[np.ndarray], part: _Part) -> dict[int, str]:
    """Data URIs of the slices that have heat worth showing."""
    from PIL import Image

    size, found = fitting(part.shape, _HEAT_SIDE), {}
    for number, plane in enumerate(heat):
        if plane.max() > _LEAST_HEAT:
            grey = Image.fromarray((255 * np.clip(part.of(plane), 0, 1)).astype(np.uint8)).resize(size)
            found[number] = webp_uri(np.asarray(grey), _HEAT_QUALITY)
    return found


def _ramp() -> str:
    """256 colours as hexadecimal RGBA: the more heat, the brighter and the less transparent."""
    level = np.linspace(0, 1, 256)
    colours = matplotlib.colormaps[HEAT_MAP](_DARKEST + (1 - _DARKEST) * level)
    colours[:, 3] = _OPACITY * level
    return np.round(255 * colours).astype(np.uint8).tobytes().hex()


def _caption(case: Case, number: int) -> str:
    measured = case.measurement.slices[number]
    parts = [
        _("Slice {number} of {count}, {height:.0f} mm above the lowest").format(
            number=shown(number), count=case.grid.slice_count, height=heights_mm(case.grid)[number]
        )
    ]
    if measured.area_mm2:
        parts.append(_("hematoma {area:.1f} cm²").format(area=measured.area_mm2 / 100))
    if measured.ivh_area_mm2:
        parts.append(_("ventricles {area:.1f} cm²").format(area=measured.ivh_area_mm2 / 100))
    return " · ".join(parts)


def _charts(case: Case) -> list[Chart]:
    slices = case.measurement.slices
    hematoma = [round(measured.area_mm2 / 100, 2) for measured in slices]
    ventricles = [round(measured.ivh_area_mm2 / 100, 2) for measured in slices]
    if not any(hematoma) and not any(ventricles):
        return []
    highest = float(np.ceil(max(*hematoma, *ventricles)))
    bars = Series(_("hematoma"), _ON_WHITE[HEMATOMA], hematoma, bars=True)
    if not any(ventricles):
        return [Chart(_("Hematoma area by slice (cm²)"), highest, [bars])]
    line = Series(_("ventricles"), _ON_WHITE[INTRAVENTRICULAR], ventricles)
    return [Chart(_("Area by slice (cm²): hematoma as bars, blood in the ventricles as line"), highest, [bars, line])]
