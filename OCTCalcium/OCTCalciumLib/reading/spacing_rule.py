"""One rule for the spacing of every input: pullbacks, pictures, volumes and label maps.

A stated number is believed, taken for "not known", or refused. Typed numbers take precedence: they are checked where they are typed
(``read.check_typed``) and never doubted here.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from LesionReadingLib.errors import InputError
from LesionReadingLib.geometry.spacing import TYPED, UNKNOWN, Spacing
from LesionReadingLib.language import _

# A coronary OCT pixel is 0.004 to 0.02 mm and a frame step 0.05 to 0.5 mm; far beyond that the number is in another unit or wrong.
IN_PLANE_LIMITS_MM = (0.001, 0.2)
FRAME_LIMITS_MM = (0.005, 5.0)
USUAL_FRAME_LIMITS_MM = (0.04, 0.6)
"""What pullbacks have; frames farther apart are every so-many-th of a pullback, or the number belongs to something else."""

LARGEST_PIXEL_RATIO = 4.0
"""Of rows to columns. Video gives up to 2; beyond 4 one of the two axes is the pullback's."""

PRINTING_DPI = (72, 90, 96, 100, 120, 144, 150, 180, 192, 200, 240, 300, 360, 400, 600, 720)
"""Dots per inch that programs write for print and screen: 0.3528 mm, 0.2646 mm, ... 0.0353 mm, none of them of the catheter."""

_SAME = 1e-3  # relative: the numbers are rounded in headers
_HEADER_BYTES = 1 << 16
_MM_PER_UNIT = (
    (("mm", "millimeter", "millimeters", "millimetre", "millimetres"), 1.0),
    (("um", "µm", "μm", "micron", "microns", "micrometer", "micrometers", "micrometre", "micrometres"), 1e-3),
    (("nm", "nanometer", "nanometers", "nanometre", "nanometres"), 1e-6),
    (("cm", "centimeter", "centimeters", "centimetre", "centimetres"), 10.0),
    (("m", "meter", "meters", "metre", "metres"), 1e3),
)


@dataclass(frozen=True)
class Typed:
    """What the person typed and what therefore need not be found in the file (mm; ``None`` where not typed)."""

    pixel_spacing_mm: float | None = None
    frame_spacing_mm: float | None = None


def checked_spacing(spacing: Spacing, where: str) -> Spacing:
    """The spacing as far as it can be believed: the one rule for all inputs.

    Exactly 1 mm on an axis, and a pixel spacing of print or screen (``PRINTING_DPI``), stand for "not known": they become ``None``
    with the reason in the source (see ``unknown_notes``). Typed values are left as they are.

    Args:
        spacing: as stated, in mm (``stated_unit_mm`` for files that name another unit).
        where: what states it, for the sentence: a name, or "The pullback".

    Raises:
        InputError: a stated number cannot be that of coronary OCT (``IN_PLANE_LIMITS_MM``, ``FRAME_LIMITS_MM``,
            ``LARGEST_PIXEL_RATIO``): one sentence with what, where and what to type.
    """
    checked = spacing
    if not spacing.in_plane_source.startswith(TYPED):
        checked = _checked_in_plane(checked, where)
    if not spacing.frame_source.startswith(TYPED) and spacing.frame_mm is not None:
        checked = _checked_frame(checked, where, isotropic=spacing.frame_mm == spacing.row_mm and not checked.in_plane_known)
    return checked


def unknown_notes(spacing: Spacing) -> tuple[str, ...]:
    """A sentence for the report for each stated number that ``checked_spacing`` or a reader did not believe."""
    sources = (
        (spacing.in_plane_source, _("The pixel spacing is not known: {reason}; type the right one with --pixel-spacing MM.")),
        (spacing.frame_source, _("The frame spacing is not known: {reason}; type the right one with --frame-spacing MM.")),
    )
    return tuple(
        sentence.format(reason=source.removeprefix(UNKNOWN + ", "))
        for source, sentence in sources
        if source.startswith(UNKNOWN + ", ")
    )


def unknown_because(reason: str) -> str:
    """The source of a spacing that is not known although something is stated; ``reason`` is the rest of a sentence."""
    return f"{UNKNOWN}, {reason}"


def typical_frame_distance(frame_mm: float) -> bool:
    """Whether OCT frames lie so far apart (``USUAL_FRAME_LIMITS_MM``)."""
    return math.isfinite(frame_mm) and USUAL_FRAME_LIMITS_MM[0] <= frame_mm <= USUAL_FRAME_LIMITS_MM[1]


def within(value: float, limits: tuple[float, float]) -> bool:
    """Whether a number is finite and between the limits, these included."""
    return math.isfinite(value) and limits[0] <= value <= limits[1]


def is_default_mm(value: float) -> bool:
    """Whether a stated distance is exactly 1, which programs write that know none."""
    return abs(value - 1.0) < 1e-6


def is_printing_resolution(value: float) -> bool:
    """Whether a pixel spacing (mm) is that of print or screen."""
    return any(abs(value * dpi / 25.4 - 1) < _SAME for dpi in PRINTING_DPI)


def in_mm(spacing: Spacing, unit_mm: float) -> Spacing:
    """The spacing whose numbers are in units of ``unit_mm`` mm; exactly 1 of any unit stays 1 and so stands for "not known"."""

    def converted(value: float | None) -> float | None:
        return value if value is None or is_default_mm(value) else value * unit_mm

    return replace(
        spacing, row_mm=converted(spacing.row_mm), column_mm=converted(spacing.column_mm), frame_mm=converted(spacing.frame_mm)
    )


def stated_unit_mm(path: Path) -> float:
    """How many mm the numbers of a volume file's header are: 1 where it names no unit, 0.001 for micrometres.

    NRRD names units in ``space units`` or ``units``, MetaImage in ``DistanceUnits``; ITK reads past both, but converts NIfTI's.

    Raises:
        InputError: a unit that is no length, or two different ones.
    """
    if path.name.lower().endswith((".nii", ".nii.gz")):
        return 1.0
    with open(path, "rb") as file:
        header = file.read(_HEADER_BYTES).split(b"\n\n")[0].decode("utf-8", "replace")
    named = set()
    for line in header.splitlines():
        key, colon, value = line.partition(":")
        if colon and key.strip() in ("space units", "units"):
            named |= {unit.strip().lower() for unit in value.split('"')[1::2] if unit.strip() not in ("", "???", "none")}
        key, equals, value = line.partition("=")
        if equals and key.strip() == "DistanceUnits" and value.strip() != "?":
            named.add(value.strip().lower())
    found = {unit: next((size for names, size in _MM_PER_UNIT if unit in names), None) for unit in named}
    if None in found.values() or len(set(found.values())) > 1:
        raise InputError(
            _(
                "{file} states its spacing in {listed}, which is not one unit of length; write it in mm, or type "
                "the spacing with --pixel-spacing MM and --frame-spacing MM."
            ).format(file=path.name, listed=_(" and ").join(sorted(named)))
        )
    return next(iter(found.values()), 1.0)


def _checked_in_plane(spacing: Spacing, where: str) -> Spacing:
    pair = (spacing.row_mm, spacing.column_mm)
    if None in pair:
        return replace(spacing, row_mm=None, column_mm=None)
    if reason := _why_not_believed(pair, spacing.in_plane_source, may_be_print=True):
        return replace(spacing, row_mm=None, column_mm=None, in_plane_source=unknown_because(reason))
    for value in pair:
        if not within(value, IN_PLANE_LIMITS_MM):
            sentence = _(
                "{where} states a pixel spacing of {value:.6g} mm ({source}), which cannot be right, as "
                "OCT pixels are {low} to {high} mm{unit}; type the right "
                "one, for example --pixel-spacing 0.0067."
            )
            raise _out_of_limits(sentence, value, IN_PLANE_LIMITS_MM, spacing.in_plane_source, where)
    if max(pair) / min(pair) > LARGEST_PIXEL_RATIO:
        raise InputError(
            _(
                "{where} states pixels of {pair:.6g} x {pair_2:.6g} mm ({source}), which cannot be "
                "right: one of the two looks like the distance between frames; save it with frames along the "
                "third axis, or type --pixel-spacing MM."
            ).format(where=where, pair=pair[0], pair_2=pair[1], source=spacing.in_plane_source)
        )
    return spacing


def _checked_frame(spacing: Spacing, where: str, isotropic: bool) -> Spacing:
    value = spacing.frame_mm
    if reason := _why_not_believed((value,), spacing.frame_source, may_be_print=isotropic):
        return replace(spacing, frame_mm=None, frame_source=unknown_because(reason))
    if not within(value, FRAME_LIMITS_MM):
        sentence = _(
            "{where} states a frame spacing of {value:.6g} mm ({source}), which cannot be right, as "
            "OCT frames lie {low} to {high} mm apart{unit}; type the right "
            "one, for example --frame-spacing 0.2."
        )
        raise _out_of_limits(sentence, value, FRAME_LIMITS_MM, spacing.frame_source, where)
    return spacing


def _why_not_believed(values_mm: Sequence[float], source: str, may_be_print: bool) -> str:
    """Why stated distances count as unknown: what programs write that know none; empty where they count."""
    if any(is_default_mm(value) for value in values_mm):
        return _("exactly 1 mm is stated ({source}), which programs write that know none").format(source=source)
    if may_be_print and all(is_printing_resolution(value) for value in values_mm):
        return _("{value:.4g} mm is stated ({source}), which is the resolution of print or screen").format(
            value=values_mm[0], source=source
        )
    return ""


def _out_of_limits(sentence: str, value: float, limits: tuple[float, float], source: str, where: str) -> InputError:
    low, high = limits
    return InputError(sentence.format(where=where, value=value, source=source, low=low, high=high, unit=_other_unit(value, limits)))


def _other_unit(value: float, limits: tuple[float, float]) -> str:
    """What the number would fit as, for the sentence."""
    for unit, size in ((_("micrometres"), 1e-3), (_("metres"), 1e3)):
        if within(value * size, limits):
            return _(" (it looks like {unit})").format(unit=unit)
    return ""
