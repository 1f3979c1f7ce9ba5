"""The pictures of a report: key slices, each sign with its heat map, the growth."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from LesionReadingLib.geometry.grid import Grid
from LesionReadingLib.labels.label_map import pixels_by_slice
from LesionReadingLib.language import N_, _, speaking
from LesionReadingLib.presenting.drawing import picture_language
from LesionReadingLib.text.counting import shown, shown_list

from ..labels import HEMATOMA, MARKER_NAMES, MARKERS
from ..measurement.markers.network_result import likeliest_slice, marker_seen
from .case import Case, Picture, Pictures
from .slice_view import Box, SliceView, heights_mm

if TYPE_CHECKING:
    from ..reading.scan import Scan

KEY_SLICES = 12
_WITHOUT_SCAN_MM = 150.0
_NEAR_MM = 5.0  # as in the model card's table of Grad-CAM
_PEAK_SHARE = 0.5  # heat of this share of the slice's peak is kept inside the picture


def draw_pictures(folder: Path, case: Case) -> Pictures:
    """Draw all pictures of a report into ``folder``."""
    return Pictures(_draw_key_slices(folder, case), _draw_markers(folder, case), _draw_growth(folder, case))


def key_slices(
    labels: np.ndarray, heights: np.ndarray, beyond: int = 1, named: Collection[int] = (), count: int = KEY_SLICES
) -> list[int]:
    """The slices to show, foot to head: those with labels and ``beyond`` more on either side, thinned evenly to ``count``.

    The slice with the most labelled pixels is always among them, and so are those that are ``named``, beyond the count. Where
    nothing is labelled, slices of the whole scan.
    """
    order = np.argsort(heights, kind="stable")
    pixels = np.array([np.count_nonzero(plane) for plane in labels])[order]
    labelled = np.flatnonzero(pixels)
    first, last = 0, len(order) - 1
    if labelled.size:
        first, last = max(first, labelled[0] - beyond), min(last, labelled[-1] + beyond)
    places = np.arange(first, last + 1)
    if places.size > count:
        wanted = np.linspace(heights[order[first]], heights[order[last]], count)
        places = np.unique(np.abs(heights[order[places]][:, None] - wanted).argmin(axis=0)) + first
        largest = pixels.argmax()
        if labelled.size and largest not in places:
            places[np.abs(places[1:-1] - largest).argmin() + 1] = largest
    return [int(number) for place, number in enumerate(order) if place in places or number in named]


def _draw_key_slices(folder: Path, case: Case) -> tuple[Picture, ...]:
    heights, view = heights_mm(case.grid), case.view
    chosen = key_slices(case.labels, heights, beyond=0 if case.scan is None else 1, named=case.named_slices)
    if case.scan is not None:
        box = view.head(case.scan.hounsfield[chosen])
    else:
        box = view.around(case.labels.any(axis=0), least_mm=_WITHOUT_SCAN_MM)
    drawn = []
    for number in chosen:
        area = case.measurement.slices[number].area_mm2
        caption = _slice(number)
        if area:
            caption = _("{slice}: {area:.1f}\N{NO-BREAK SPACE}cm²").format(slice=caption, area=area / 100)
        drawn.append(_drawn(folder / f"slice_{shown(number):03d}.png", case, view, number, box, caption))
    return tuple(drawn)


def _draw_markers(folder: Path, case: Case) -> dict[str, tuple[Picture, ...]]:
    view = case.view
    return {marker: tuple(_draw_marker(folder, case, view, marker)) for marker in MARKERS}


def _draw_marker(folder: Path, case: Case, view: SliceView, marker: str) -> Iterator[Picture]:
    """The network's slice, plain and with heat; the slice of the measurement where it is another one and either sees the marker."""
    name = _(MARKER_NAMES[marker]).lower()
    network = likeliest_slice(marker, case.measurement, case.network)
    seen = any(marker_seen(marker, case.measurement, case.network))
    found, measured = case.measurement.evidence[marker].found, case.measurement.evidence[marker].slice if seen else None
    if network is not None:
        heat = case.network.heat(marker)[network]
        hematoma = case.labels[network] == HEMATOMA
        box = view.around(hematoma | (heat >= _PEAK_SHARE * heat.max() if heat.max() > 0 else False))
        place = _slice(network)
        caption = (
            _("{slice}: here the network rates this sign most likely; it was measured here, too.")
            if measured == network
            else _("{slice}: here the network rates this sign most likely.")
        ).format(slice=place)
        yield _drawn(folder / f"{marker}_slice_{shown(network):03d}.png", case, view, network, box, caption)
        beside = beside_hematoma(heat, hematoma, case.grid)
        caption = _("{slice}, heat map (Grad-CAM, 0 to 1){beside}.").format(slice=place, beside=beside)
        yield _drawn(folder / f"{marker}_heat_{shown(network):03d}.png", case, view, network, box, caption, heat=heat)
    if measured is not None and measured != network:
        box = view.around(case.labels[measured] == HEMATOMA)
        caption = (
            _("{slice}: {name} was found here by measurement.")
            if found
            else _("{slice}: {name} was not found here by measurement.")
        ).format(slice=_slice(measured), name=name)
        yield _drawn(folder / f"{marker}_measured_{shown(measured):03d}.png", case, view, measured, box, caption)


def beside_hematoma(heat: np.ndarray, hematoma: np.ndarray, grid: Grid) -> str:
    """A warning for a caption where the hottest pixel of a slice lies farther than ``_NEAR_MM`` from the hematoma."""
    if not hematoma.any() or heat.max() <= 0:
        return ""
    hottest = np.array(np.unravel_index(heat.argmax(), heat.shape))
    steps_mm = np.array([grid.row_mm, grid.column_mm])
    distance_mm = np.linalg.norm((np.argwhere(hematoma) - hottest) * steps_mm, axis=1).min()
    if distance_mm <= _NEAR_MM:
        return ""
    return _("; its peak lies {distance:.0f} mm beside the hematoma: rely on the measurement").format(distance=distance_mm)


def _draw_growth(folder: Path, case: Case) -> tuple[Picture, ...]:
    """The largest slice now, where nothing is marked now that of the earlier scan, and both scans there."""
    growth, prior = case.findings.growth, case.prior
    if growth is None or prior is None or growth.transform is None or case.scan is None:
        return ()
    earlier_scan, earlier_labels = prior
    now_pixels, earlier_pixels = (pixels_by_slice(labels, HEMATOMA) for labels in (case.labels, earlier_labels))
    if not now_pixels.any() and not earlier_pixels.any():
        return ()
    there = int(earlier_pixels.argmax())
    number = int(now_pixels.argmax()) if now_pixels.any() else _slice_here(case, earlier_scan.grid, there, earlier_labels[there])
    view = case.view
    hounsfield, labels = aligned(earlier_scan, earlier_labels, case.grid, growth.transform, number)
    box = view.head(case.scan.hounsfield[number : number + 1])
    earlier = _drawn_from(
        folder / "growth_earlier.png",
        hounsfield,
        labels,
        view,
        box,
        _in_picture(N_("earlier")),
        _("Earlier: {volume:.1f} mL").format(volume=growth.prior_ml),
    )
    now = _("Now: {volume:.1f} mL. Slice {number}; dotted: the earlier contour").format(
        volume=case.measurement.volume_ml, number=shown(number)
    )
    return earlier, _drawn(
        folder / "growth_now.png", case, view, number, box, now, title=_in_picture(N_("now")), earlier=labels == HEMATOMA
    )


def _slice_here(case: Case, earlier: Grid, there: int, marked: np.ndarray) -> int:
    """The slice nearest to the middle of what is marked on slice ``there`` of the earlier grid."""
    row, column = (places.mean() for places in np.nonzero(marked == HEMATOMA))
    place_mm = np.linalg.inv(case.findings.growth.transform) @ [*earlier.lps_mm(np.array([there, row, column])), 1]
    return int(np.clip(np.rint(case.grid.indices(place_mm[:3])[0]), 0, case.grid.slice_count - 1))


def aligned(scan: Scan, labels: np.ndarray, grid: Grid, transform: np.ndarray, number: int) -> tuple[np.ndarray, np.ndarray]:
    """Slice ``number`` of ``grid`` as an earlier scan shows it.

    Args:
        scan, labels: the earlier ones. transform: (4, 4) from LPS of ``grid`` to LPS of the earlier scan, mm.

    Returns:
        HU float32 (air outside the earlier scan) and labels uint8, both (rows, columns).
    """
    from scipy.ndimage import map_coordinates

    from ..reading.scan import AIR_HU

    rows, columns = np.mgrid[: grid.rows, : grid.columns]
    here = grid.lps_mm(np.stack([np.full_like(rows, number), rows, columns], axis=-1))
    there = scan.grid.indices(here @ transform[:3, :3].T + transform[:3, 3])
    last = len(scan.hounsfield) - 1
    inside = (there[..., 0] > -0.5) & (there[..., 0] < last + 0.5)  # the outermost slices reach half a slice outward
    there[..., 0] = np.where(inside, np.clip(there[..., 0], 0, last), -1)
    places = np.moveaxis(there, -1, 0)
    hounsfield = map_coordinates(scan.hounsfield, places, np.float32, order=1, cval=AIR_HU)
    return hounsfield, map_coordinates(labels, places, order=0)


def _slice(number: int) -> str:
    """``Slice 16``, at the beginning of a caption."""
    return shown_list("slice", [number]).capitalize()


def _in_picture(text: str) -> str:
    """A text in the language that pictures have on this machine."""
    with speaking(picture_language()):
        return _(text)


def _drawn(file: Path, case: Case, view: SliceView, number: int, box: Box, caption: str, title: str = "", **layers) -> Picture:
    hounsfield = None if case.scan is None else case.scan.hounsfield[number]
    return _drawn_from(
        file,
        hounsfield,
        case.labels[number],
        view,
        box,
        title or _in_picture(N_("slice {first}")).format(first=shown(number)),
        caption,
        **layers,
    )


def _drawn_from(
    file: Path, hounsfield: np.ndarray | None, labels: np.ndarray, view: SliceView, box: Box, title: str, caption: str, **layers
) -> Picture:
    from .figures import SlicePicture, draw_slice

    draw_slice(file, SlicePicture(title, hounsfield, labels, view, box, **layers))
    return Picture(file, caption)
