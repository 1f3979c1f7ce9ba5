"""The frames of a pullback for the page's viewer: pictures, outlines, the arc plot and the en-face map that go along."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from LesionReadingLib.labels.label_map import LabelMap
from LesionReadingLib.labels.seg_nrrd import write_seg_nrrd
from LesionReadingLib.language import N_, _, listed
from LesionReadingLib.presenting.scroll import (
    Chart,
    Pane,
    Ring,
    Scroll,
    Series,
    begun_pictures,
    fitting,
    outlines,
    pictures,
    png_uri,
    ring_text,
)
from LesionReadingLib.process.threads import Threads
from LesionReadingLib.text.counting import shown

from ..colors import COLORS
from ..labels import BACKGROUND, CALCIUM, GUIDEWIRE, LUMEN, NAMES
from ..letterbox import Letterbox
from ..measurement.frame import FrameMeasurement
from ..measurement.pullback import PullbackMeasurement
from ..segments import UNSURE
from ..wall.calcium_range import CalciumRange, arc_ranges_deg
from ..wall.scores import RING_RADIUS, WallScores
from .figures.en_face import BAND_ROWS, en_face_picture
from .headline import deg, mm, mm2

if TYPE_CHECKING:
    from ..reading.pullback import Pullback

_OUTLINED = ((LUMEN, "lumen"), (GUIDEWIRE, "guidewire"), (CALCIUM, "calcium"))
_WINDOWS = ((N_("as stored"), 0, 255), (N_("brighter"), 0, 150), (N_("dark tissue"), 20, 110))
_CIRCLE_DEG = 360
Pictures = tuple[list[str], tuple[int, int]]
"""What ``scroll.pictures`` gives."""

_RING_COLOURS = 64


def scroll_of(
    measurement: PullbackMeasurement,
    labels: np.ndarray,
    pullback: Pullback | None,
    *,
    start: int | None,
    ranges: Sequence[CalciumRange | None] | None = None,
    packed: Callable[[], Pictures] | None = None,
) -> Scroll:
    """Everything that the viewer shows.

    Args:
        labels: uint8 (frames, rows, columns), as measured. pullback: None where only labels are known.
        start: index of the frame to show first; None for the middle one.
        ranges: how far calcium may reach in each frame by the model's scores; None where no model gave any.
        packed: of ``begun_frames``; None where nothing was begun.
    """
    uris, size = [], fitting(labels.shape[1:])
    if packed is not None:
        uris, size = packed()
    elif pullback is not None:
        read, count = pullback.read_small or pullback.read, pullback.frame_count
        uris, size = pictures(count, _single(read), read(0, count))
    values = [value for value, _ in _OUTLINED]
    ends = arc_ranges_deg(measurement, ranges) if ranges else [None] * len(labels)
    spacing = measurement.spacing
    height_over_width = spacing.row_mm / spacing.column_mm if spacing.in_plane_known else 1.0
    if not spacing.in_plane_known and pullback is not None:
        height_over_width = pullback.pixel_aspect
    rows, columns = labels.shape[1:]
    drawn = [outlines(frame, values, size) for frame in labels]
    box = Letterbox(rows, columns, aspect=pullback.pixel_aspect if pullback else 1.0)
    unsure, rings = _scores(ranges or (), labels, box, size)
    pane = Pane("", columns / (rows * height_over_width), size, uris, drawn, unsure=unsure, rings=rings)
    return Scroll(
        words=(_("frame"), _("frames")),
        start=len(labels) // 2 if start is None else start,
        captions=[_caption(frame, len(labels), end) for frame, end in zip(measurement.frames, ends, strict=True)],
        panes=[pane],
        outlines=[(_(NAMES[value]), COLORS[colour], False) for value, colour in _OUTLINED],
        unsure=(_("where the network is unsure"), COLORS["unsure"]) if unsure else None,
        ring=_ring() if rings else None,
        windows=[(_(name), low, high) for name, low, high in _WINDOWS] if pullback is not None else (),
        charts=_charts(measurement, ends),
        map=(_("En-face map: colour is the thickness of calcium, grey is hidden by the guidewire"), png_uri(_map(measurement))),
    )


def begun_frames(pullback: Pullback | None, threads: Threads) -> Callable[[], Pictures] | None:
    """Begin to pack a pullback's frames in threads, where they are kept in memory; None where they are not."""
    if pullback is None or pullback.read_small is None:
        return None
    return begun_pictures(threads, pullback.frame_count, _single(pullback.read_small))


def _single(read: Callable[[int, int], Iterator[np.ndarray]]) -> Callable[[int], np.ndarray]:
    """One frame by its number."""
    return lambda index: next(iter(read(index, index + 1)))


def _scores(
    ranges: Sequence[CalciumRange | None], labels: np.ndarray, box: Letterbox, size: tuple[int, int]
) -> tuple[list[str], list[str]]:
    """Of each frame the unsure areas as path data and the ring, both empty where nothing was looked for; none without scores.

    Args:
        box: by which frames went into the network. size: (width, height) of the picture in pixels.
    """
    scores = [found.scores if found else None for found in ranges]
    if not any(scores):
        return [], []
    unsure = [
        outlines(unsure_frame(each, frame, box), (1,), size).get(0, "") if each else ""
        for each, frame in zip(scores, labels, strict=True)
    ]
    return unsure, [ring_text(each.ring(box.window)) if each else "" for each in scores]


def unsure_frame(scores: WallScores, labels: np.ndarray, box: Letterbox) -> np.ndarray:
    """Where the network is unsure in a frame, uint8 0 or 1 (rows, columns), beside the labels of that frame.

    Args:
        box: by which frames went into the network.
    """
    return box.frame_labels(scores.unsure_area()) * (labels == BACKGROUND)


def write_unsure(path: Path, label_map: LabelMap, pixel_aspect: float, ranges: Sequence[CalciumRange | None]) -> None:
    """Write where the network is unsure as a segmentation, in place of the labels in memory, which nobody may need any more: a
    second array of a long pullback would be half a gigabyte.
    """
    labels = label_map.labels
    box = Letterbox(*labels.shape[1:], aspect=pixel_aspect)
    for frame, found in zip(labels, ranges, strict=True):
        frame[:] = unsure_frame(found.scores, frame, box) if found and found.scores else 0
    write_seg_nrrd(path, labels, label_map.grid, UNSURE)


def _ring() -> Ring:
    """In colours that grow lighter from blue to yellow also for readers who are colour-blind (Nunez 2018, cividis)."""
    from matplotlib import colormaps
    from matplotlib.colors import to_hex

    colours = [to_hex(colour) for colour in colormaps["cividis"].resampled(_RING_COLOURS).colors]
    return Ring(_("Ring: the network's probability of calcium"), colours, RING_RADIUS)


def _caption(frame: FrameMeasurement, count: int, end: tuple[float, float] | None) -> str:
    place = [_("Frame {number} of {count}").format(number=shown(frame.frame), count=count)]
    place += [mm(frame.position_mm)] if frame.position_mm is not None else []
    parts = [listed(place)]
    if frame.deposits:
        arc = deg(frame.arc_bridged_deg)
        known = _("arc {arc} ({low:.0f} to {high:.0f})").format(arc=arc, low=end[0], high=end[1]) if end else ""
        parts.append(known or _("arc {arc}").format(arc=arc))
        if frame.max_thickness_mm is not None:
            parts.append(_("thickness {thickness}").format(thickness=mm(frame.max_thickness_mm, 2)))
    if frame.lumen_area_mm2 is not None:
        parts.append(_("lumen {area}").format(area=mm2(frame.lumen_area_mm2)))
    return " · ".join(parts)


def _charts(measurement: PullbackMeasurement, ends: Sequence[tuple[float, float] | None]) -> list[Chart]:
    frames, limit = measurement.frames, measurement.parameters.continuous_arc_deg
    arcs = Series(
        _("bridged arc"),
        COLORS["calcium"],
        [round(frame.arc_bridged_deg, 1) for frame in frames],
        bars=True,
        over=COLORS["calcium_over_180"],
    )
    title, series = _("Calcium arc by frame (degrees)"), [arcs]
    if any(ends):
        title = _("Calcium arc by frame (degrees); lines: between which the network's own scores leave it open")
        series += [
            Series(name, COLORS["muted"], [round(end[at], 1) if end else None for end in ends])
            for at, name in enumerate((_("low"), _("high")))
        ]
    charts = [Chart(title, _CIRCLE_DEG, series, limit)]
    areas = [None if frame.lumen_area_mm2 is None else round(frame.lumen_area_mm2, 2) for frame in frames]
    if any(areas):
        highest = float(np.ceil(max(area for area in areas if area)))
        charts.append(Chart(_("Lumen area by frame (mm²)"), highest, [Series(_("lumen area"), COLORS["lumen"], areas)]))
    return charts


def _map(measurement: PullbackMeasurement) -> np.ndarray:
    """The map without the band above it, each frame one pixel wide."""
    picture = en_face_picture(measurement)[BAND_ROWS:]
    return picture[:, :: picture.shape[1] // len(measurement.frames)]
