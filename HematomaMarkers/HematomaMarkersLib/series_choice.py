"""Which series of a study to read: axial, without contrast, of the brain's kernel. Where that is not clear the person is asked."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from LesionReadingLib.errors import InputError

from .ct_series import CtSeries

USUAL_MM = (2.4, 6.1)  # thickness of the slices that radiologists read, and that a network of this kind learns from
_BEST_MM = 5.0
_SHORT = 0.7  # of the longest series: a shorter one shows a part of the head only
_BONE_WINDOW_HU = 1000.0
_SHARP_NUMBER = {"siemens": 50, "canon": 30}
_BONE_WORDS = re.compile(r"bone|knochen|\bos\b|osseu|sharp|petrous|inner ear|sinus|lung|\bhr\b|\bedge\b|\bdetail\b", re.IGNORECASE)
_SHARP_KERNELS = re.compile(r"bone|edge|lung|ultra|\bd\b|\be\b|\by[a-d]\b|\bl\b", re.IGNORECASE)
_NO_CONTRAST = re.compile(
    r"w/?o\b|without|non[\s_-]*con|no contrast|unenhanced|plain|nativ|ncct|pre[\s_-]*contrast|ohne|sans|単純", re.IGNORECASE
)
_CONTRAST = re.compile(
    r"\bcta\b|\bctp\b|angio|perfus|contrast|enhanced|\+\s*c\b|\bc\s*\+|\bkm\b|venous|arteri|post[\s_-]*c|造影", re.IGNORECASE
)
_NO_AGENT = ("", "no", "none", "0", "n", "without", "nein", "non")
_HEAD_WORDS = ("HEAD", "BRAIN", "SKULL", "NEURO", "CEREBR", "CRAN", "ORBIT", "FACE", "SCHADEL", "SCHAEDEL", "KOPF", "TETE")


def choose_series(series: Sequence[CtSeries], wanted: str | None = None) -> tuple[CtSeries, tuple[str, ...]]:
    """The series to read, and sentences on which were left.

    Args:
        wanted: the number or the UID of a series, typed by the person; None to choose.

    Raises:
        InputError: the wanted series is not there, no series is axial, or the choice is not clear.
    """
    if wanted is not None:
        return _wanted(series, wanted), ()
    left, out = list(series), []
    for reason, fits in _PREFERENCES:
        kept = [one for one in left if fits(one, left)]
        if kept and len(kept) < len(left):
            out += [(one, reason) for one in left if one not in kept]
            left = kept
    if len(left) > 1 and len({_start(one) for one in left}) == 1 and _start(left[0])[1]:
        # Reconstructions of one and the same scan: no need to ask which thickness.
        nearest = min(abs((one.thickness_mm or 0) - _BEST_MM) for one in left)
        kept = [one for one in left if abs((one.thickness_mm or 0) - _BEST_MM) == nearest]
        out += [(one, "another thickness of the same scan") for one in left if one not in kept]
        left = kept
    if len(left) > 1:
        listed = "; ".join(one.label for one in sorted(left, key=_sort_key))
        raise InputError(f"Several series could be meant: {listed}; name one with --series N.")
    chosen = left[0]
    if not out:
        return chosen, ()
    others = "; ".join(f"{one.label}: {reason}" for one, reason in sorted(out, key=lambda pair: _sort_key(pair[0])))
    return chosen, (f"Series {chosen.label} was read; left out were {others}.",)


def has_contrast(series: CtSeries) -> bool:
    """Whether the series says that contrast agent was given."""
    header = series.header
    agent = str(header.get("ContrastBolusAgent", "") or "").strip().lower()
    if agent not in _NO_AGENT or header.get("ContrastBolusAgentSequence"):
        return True
    return _says_contrast(series.description) or _says_contrast(str(header.get("ProtocolName", "") or ""))


def is_head(series: CtSeries) -> bool:
    """Whether the body part, where one is stated, is the head."""
    stated = str(series.header.get("BodyPartExamined", "") or "").upper()
    return not stated or any(word in stated for word in _HEAD_WORDS)


def is_bone(series: CtSeries) -> bool:
    """Whether the series is reconstructed for bone: by its description, else its window, else its kernel."""
    if _BONE_WORDS.search(series.description):
        return True
    width = series.header.get("WindowWidth")
    widest = max((float(value) for value in _values(width)), default=0.0)
    if re.search(r"brain|hirn|soft|weich|cerebr|parench|脳", series.description, re.IGNORECASE):
        return False
    return widest >= _BONE_WINDOW_HU or is_sharp_kernel(series.kernel)


def is_sharp_kernel(kernel: str) -> bool:
    """Whether a manufacturer's kernel sharpens: Siemens and Canon number them, others name them."""
    numbered = re.search(r"\b[A-Z][a-z]?(\d{2})[a-z]?\b", kernel)
    if kernel.upper().startswith("FC"):
        return int((re.search(r"\d+", kernel) or ["0"])[0]) >= _SHARP_NUMBER["canon"]
    if numbered:
        return int(numbered[1]) >= _SHARP_NUMBER["siemens"]
    return bool(_SHARP_KERNELS.search(kernel))


def _wanted(series: Sequence[CtSeries], wanted: str) -> CtSeries:
    found = [one for one in series if wanted.strip() in (one.number, one.uid)]
    listed = "; ".join(one.label for one in sorted(series, key=_sort_key))
    if not found:
        raise InputError(f"There is no CT series {wanted}; there are {listed}.")
    if len(found) > 1:
        uids = ", ".join(one.uid for one in found)
        raise InputError(f"Several series have the number {wanted}; name one by its UID with --series: {uids}.")
    return found[0]


def _covers(series: CtSeries, others: Sequence[CtSeries]) -> bool:
    return series.length_mm >= _SHORT * max(one.length_mm for one in others)


def _is_usual(series: CtSeries, others: Sequence[CtSeries]) -> bool:
    return series.thickness_mm is None or USUAL_MM[0] <= series.thickness_mm <= USUAL_MM[1]


# What a series must be, among those left, to be preferred, with the reason that is told of one that is not; the weightiest first.
_PREFERENCES: tuple[tuple[str, Callable[[CtSeries, Sequence[CtSeries]], bool]], ...] = (
    ("not axial", lambda one, _: one.is_axial),
    ("a single slice", lambda one, _: len(one.planes) > 1),
    ("not a head", lambda one, _: is_head(one)),
    ("contrast agent", lambda one, _: not has_contrast(one)),
    ("bone kernel", lambda one, _: not is_bone(one)),
    ("derived", lambda one, _: one.image_type[:1] != ("DERIVED",)),
    ("a part of the head only", _covers),
    ("unusual thickness", _is_usual),
    ("secondary", lambda one, _: "SECONDARY" not in one.image_type),
)


def _says_contrast(text: str) -> bool:
    return bool(_CONTRAST.search(text)) and not _NO_CONTRAST.search(text)


def _start(series: CtSeries) -> tuple:
    """Study and time of acquisition: the same for reconstructions of one scan."""
    header = series.header
    return str(header.get("StudyInstanceUID")), min(plane.moment[1] for plane in series.planes)


def _values(value) -> list:
    if value in (None, ""):
        return []
    return [value] if isinstance(value, (int, float, str)) else list(value)


def _sort_key(series: CtSeries) -> tuple:
    return (int(series.number) if series.number.isdigit() else 1 << 30, series.uid)
