"""What is told of each marker: whether it is found, on which slice, with which numbers, and a sentence on it.

The limits and the rules by which a slice shows a marker stand in ``evidence``.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from LesionReadingLib.language import _, ngettext
from LesionReadingLib.text.counting import shown as number_of

from ...labels import BLEND, FLUID_LEVEL, HYPODENSITY, IRREGULAR_MARGIN, MARKERS
from .evidence import (
    BLACK_HOLE_HU,
    BLEND_HU,
    ENCLOSED_SHARE,
    HYPODENSITY_HU,
    HYPODENSITY_MM2,
    LEVEL_SLOPE_DEG,
    MarkerEvidence,
    found_on_slice,
    is_blend,
    is_enclosed,
    is_hypodensity,
    is_sharp,
    plainest_hole,
)
from .margin import IRREGULAR_SCALE, shape_scale, sphericity
from .slice import SliceMeasurement
from .split import Split


def gather_evidence(slices: Sequence[SliceMeasurement], with_ct: bool) -> dict[str, MarkerEvidence]:
    """The evidence for each marker from all slices of a scan, in the order of ``labels.MARKERS``.

    Args:
        slices: with their holes' walls as they are in space. with_ct: whether densities were measured.
    """
    shown = [measured for measured in slices if measured.margin]
    if not shown:
        return {marker: MarkerEvidence(False, None, {}, _("No hematoma.")) for marker in MARKERS}
    gathered = {IRREGULAR_MARGIN: _irregular_margin(shown)}
    if with_ct:
        found = {measured.slice: found_on_slice(measured) for measured in shown}
        gathered[HYPODENSITY] = _hypodensity(shown, found)
        gathered |= _borders(shown, found)
    without = MarkerEvidence(False, None, {}, _("Not measured: densities need the CT."))
    return {marker: gathered.get(marker, without) for marker in MARKERS}


def not_judged(least_sign_ml: float) -> dict[str, MarkerEvidence]:
    """What is told of every marker on a hematoma smaller than this, which is too small to show it."""
    sentence = _("Not judged: on a hematoma under {least:g} mL this sign cannot be told.").format(least=least_sign_ml)
    return {marker: MarkerEvidence(False, None, {}, sentence) for marker in MARKERS}


def _irregular_margin(shown: Sequence[SliceMeasurement]) -> MarkerEvidence:
    scale, best = shape_scale([(measured.slice, measured.margin) for measured in shown], [measured.volume_ml for measured in shown])
    margin = next(measured.margin for measured in shown if measured.slice == best)
    values = {
        "shape_scale": scale,
        "slice_shape_scale": margin.scale,
        "notches": margin.notches,
        "islands": margin.islands,
        "satellites": margin.satellites,
        "satellite_distance_mm": margin.satellite_distance_mm,
        "solidity": margin.solidity,
        "perimeter_ratio": margin.perimeter_ratio,
        "sphericity": sphericity([(m.position_mm, m.extent_mm, m.area_mm2, m.margin.perimeter_mm) for m in shown]),
    }
    kind = (
        _("Margin irregular, {scale} of 5 on a computed shape scale ({limit} or more is irregular)")
        if scale >= IRREGULAR_SCALE
        else _("Margin regular, {scale} of 5 on a computed shape scale ({limit} or more is irregular)")
    )
    shape = ngettext("{count} notch", "{count} notches", margin.notches).format(count=margin.notches)
    if margin.islands:
        apart = ngettext("{shape} and {count} bleed apart", "{shape} and {count} bleeds apart", margin.islands)
        shape = apart.format(shape=shape, count=margin.islands)
    sentence = _("{kind}: {shape}, {percent:.0f} % longer than an ellipse; slice {number}.").format(
        kind=kind.format(scale=scale, limit=IRREGULAR_SCALE),
        shape=shape,
        percent=max(0.0, 100 * (margin.perimeter_ratio - 1)),
        number=number_of(best),
    )
    irregular = tuple(measured.slice for measured in shown if found_on_slice(measured)[IRREGULAR_MARGIN])
    return MarkerEvidence(scale >= IRREGULAR_SCALE, best, values, sentence, irregular)


def _hypodensity(shown: Sequence[SliceMeasurement], found: dict[int, dict[str, bool]]) -> MarkerEvidence:
    with_holes = [(measured, plainest_hole(measured)) for measured in shown if measured.holes]
    if not with_holes:
        return MarkerEvidence(False, None, {}, _("No less dense part inside the hematoma."))
    measured, hole = max(with_holes, key=lambda one: (is_hypodensity(one[1]), one[1].difference_hu * one[1].area_mm2 ** 0.5))
    black_hole = is_hypodensity(hole) and hole.difference_hu > BLACK_HOLE_HU
    values = {
        "difference_hu": hole.difference_hu,
        "wall_hu": hole.wall_hu,
        "enclosure": hole.enclosure,
        "area_mm2": hole.area_mm2,
        "roundness": hole.roundness,
        "sharpness_hu_per_mm": hole.sharpness_hu_per_mm,
        "black_hole": black_hole,
    }
    if black_hole:
        sentence = _("Black hole: an enclosed part {dense}; slice {number}.")
    elif is_hypodensity(hole):
        sentence = _("Enclosed part {dense} (a black hole needs {black_hole:.0f} HU); slice {number}.")
    elif not is_enclosed(hole):
        sentence = _("No hypodensity: a part {dense}, is not enclosed; slice {number}.")
    else:
        sentence = _("No hypodensity: the darkest part is {dense} ({least:.0f} HU and {area:.0f} mm2 needed); slice {number}.")
    dense = _("{difference:.0f} HU below the blood around it, {area:.0f} mm2")
    sentence = sentence.format(
        dense=dense.format(difference=hole.difference_hu, area=hole.area_mm2),
        black_hole=BLACK_HOLE_HU,
        least=HYPODENSITY_HU,
        area=HYPODENSITY_MM2,
        number=number_of(measured.slice),
    )
    return MarkerEvidence(
        is_hypodensity(hole),
        measured.slice,
        values,
        sentence,
        _slices(found, HYPODENSITY),
    )


def _borders(shown: Sequence[SliceMeasurement], found: dict[int, dict[str, bool]]) -> dict[str, MarkerEvidence]:
    """Blend and fluid level: the hematoma's two parts are one or the other, as most slices have it."""
    split = [measured for measured in shown if measured.split]
    if not split:
        alone = _("No second part of another density is large enough to be measured.")
        return {marker: MarkerEvidence(False, None, {}, alone) for marker in (BLEND, FLUID_LEVEL)}
    blends, levels = _slices(found, BLEND), _slices(found, FLUID_LEVEL)
    slope_deg = _slope_deg([measured for measured in split if measured.slice in levels])
    if len(levels) >= len(blends) and slope_deg <= LEVEL_SLOPE_DEG:
        blends = ()
    else:
        steep = tuple(measured.slice for measured in split if measured.slice in levels and is_blend(measured.split))
        blends, levels = tuple(sorted(blends + steep)), ()
    return {BLEND: _blend(split, blends, bool(levels)), FLUID_LEVEL: _fluid_level(split, levels)}


def _slope_deg(levels: Sequence[SliceMeasurement]) -> float:
    """How steeply the border's height changes from slice to slice, 0 to 90; 0 where one slice alone shows it."""
    if len(levels) < 2:
        return 0.0
    rise = np.polyfit([measured.position_mm for measured in levels], [measured.split.height_mm for measured in levels], 1)[0]
    return float(np.degrees(np.arctan(abs(rise))))


def _blend(split: Sequence[SliceMeasurement], slices: tuple[int, ...], is_level: bool) -> MarkerEvidence:
    measured = _plainest_split(split, slices)
    parts = measured.split
    values = {
        "difference_hu": parts.difference_hu,
        "sharpness_hu_per_mm": parts.sharpness_hu_per_mm,
        "width_mm": parts.width_mm,
        "enclosure": parts.enclosure,
        "less_dense_mm2": parts.less_dense_mm2,
        "denser_mm2": parts.denser_mm2,
        "open_mm": parts.open_mm,
    }
    reach = _("is enclosed") if parts.enclosure > ENCLOSED_SHARE else _("reaches the edge")
    if slices:
        sentence = _("Less dense part {difference:.0f} HU below the denser part, {border}, {reach}; slice {number}.")
    elif is_level:
        sentence = _(
            "No blend sign, the border is a fluid level: less dense part {difference:.0f} HU below the denser part, {border}, "
            "{reach}; slice {number}."
        )
    else:
        sentence = _(
            "No blend sign ({least:.0f} HU needed, sharp, reaching the edge): less dense part {difference:.0f} HU below the denser "
            "part, {border}, {reach}; slice {number}."
        )
    sentence = sentence.format(
        least=BLEND_HU,
        difference=parts.difference_hu,
        border=_border(parts),
        reach=reach,
        number=number_of(measured.slice),
    )
    return MarkerEvidence(bool(slices), measured.slice, values, sentence, slices)


def _fluid_level(split: Sequence[SliceMeasurement], slices: tuple[int, ...]) -> MarkerEvidence:
    measured = _plainest_split(split, slices)
    parts = measured.split
    values = {
        "tilt_deg": parts.tilt_deg,
        "denser_below": parts.denser_below,
        "unevenness_mm": parts.unevenness_mm,
        "difference_hu": parts.difference_hu,
        "sharpness_hu_per_mm": parts.sharpness_hu_per_mm,
        "width_mm": parts.width_mm,
        "border_mm": parts.border_mm,
    }
    if parts.tilt_deg is None:
        sentence = _("Fluid level not known: how the patient lay is not known, or gravity runs across the slices.")
        return MarkerEvidence(False, measured.slice, values, sentence)
    lies = (
        _("{tilt:.0f} degrees off horizontal, denser part below")
        if parts.denser_below
        else _("{tilt:.0f} degrees off horizontal, denser part above")
    ).format(tilt=parts.tilt_deg)
    sentence = (
        _("Fluid level, its border {lies}: {difference:.0f} HU, {border}; slice {number}.")
        if slices
        else _("No fluid level: the border of the parts is {lies}, {difference:.0f} HU, {border}; slice {number}.")
    )
    sentence = sentence.format(lies=lies, difference=parts.difference_hu, border=_border(parts), number=number_of(measured.slice))
    return MarkerEvidence(bool(slices), measured.slice, values, sentence, slices)


def _plainest_split(split: Sequence[SliceMeasurement], slices: tuple[int, ...]) -> SliceMeasurement:
    """Among the slices that show it (all, where none does), the one with a sharp border, the largest difference and parts."""
    shown = [measured for measured in split if measured.slice in slices] or split

    def plainness(measured: SliceMeasurement) -> tuple[bool, float]:
        parts = measured.split
        return is_sharp(parts), parts.difference_hu * min(parts.less_dense_mm2, parts.denser_mm2) ** 0.5

    return max(shown, key=plainness)


def _border(parts: Split) -> str:
    return _("sharp border") if is_sharp(parts) else _("gradual border")


def _slices(found: dict[int, dict[str, bool]], marker: str) -> tuple[int, ...]:
    return tuple(number for number, markers in found.items() if markers[marker])
