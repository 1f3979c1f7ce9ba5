"""Which of the spacings that a header states is that of the picture, and what is told of the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from LesionReadingLib.geometry.spacing import UNKNOWN
from LesionReadingLib.language import N_, _

from .spacing_rule import (
    FRAME_LIMITS_MM,
    IN_PLANE_LIMITS_MM,
    LARGEST_PIXEL_RATIO,
    is_default_mm,
    is_printing_resolution,
    typical_frame_distance,
    unknown_because,
    within,
)

_PICTURE_LIMITS_MM = (4.0, 16.0)
"""Diameter of what OCT catheters see: 6.6 mm of the first systems to 12 mm of the newest, with room for their zoom."""

_IMPOSSIBLE = "impossible"
_NOTHING_KNOWN = N_("which programs write that know none")


@dataclass(frozen=True)
class InPlane:
    """A stated in-plane spacing (mm), the attribute it stands in, and why it is not that of the picture, where it is not."""

    row_mm: float
    column_mm: float
    source: str
    doubt: str = ""


@dataclass(frozen=True)
class FrameDistance:
    """A stated distance between frames (mm), the attributes it stands in, and why it is not that, where it is not."""

    frame_mm: float
    source: str
    doubt: str = ""


@dataclass(frozen=True)
class Choice:
    """What is taken of several statements.

    Attributes:
        used: the statement, ``None`` where none is believed. One that cannot be right is still given where there is no other, and
            ``spacing_rule.checked_spacing`` refuses it.
        source: where it stands; else ``unknown``, with the reason where something is stated.
        notes: what else the file states.
    """

    used: InPlane | FrameDistance | None
    source: str
    notes: tuple[str, ...] = ()


def choose_in_plane(candidates: Sequence[InPlane]) -> Choice:
    """The first spacing that can be that of the picture; see ``Choice``."""
    return _choice([(candidate, _believed_in_plane(candidate)) for candidate in candidates])


def choose_frame_distance(candidates: Sequence[FrameDistance]) -> Choice:
    """The first distance that OCT frames have, else the first that is not impossible; see ``Choice``."""
    usual = [candidate for candidate in candidates if not candidate.doubt and typical_frame_distance(candidate.frame_mm)]
    ordered = usual + [candidate for candidate in candidates if candidate not in usual]
    return _choice([(candidate, _believed_frame_distance(candidate)) for candidate in ordered])


def _choice(judged: Sequence[tuple[InPlane | FrameDistance, str]]) -> Choice:
    """The first statement whose judgement is empty; judgements are the reason for doubt, or "impossible"."""
    used = next((candidate for candidate, reason in judged if not reason), None)
    if used is None:
        used = next((candidate for candidate, reason in judged if reason == _IMPOSSIBLE), None)
    if used is not None:
        others = [candidate for candidate, _ in judged if candidate is not used]
        note = disagreement([used, *others])
        return Choice(used, used.source, (note,) if note else ())
    if judged:
        candidate, reason = judged[0]
        return Choice(
            None,
            unknown_because(
                _("{size:.4g} mm is stated ({source}), {reason}").format(
                    size=_size(candidate), source=candidate.source, reason=reason
                )
            ),
        )
    return Choice(None, UNKNOWN)


def _believed_in_plane(candidate: InPlane) -> str:
    """Empty where it can be used, ``_IMPOSSIBLE`` or the reason why it is not the picture's."""
    pair = (candidate.row_mm, candidate.column_mm)
    if candidate.doubt:
        return candidate.doubt
    if any(is_default_mm(value) for value in pair):
        return _(_NOTHING_KNOWN)
    if all(is_printing_resolution(value) for value in pair):
        return _("which is the resolution of print or screen")
    possible = all(within(value, IN_PLANE_LIMITS_MM) for value in pair) and max(pair) / min(pair) <= LARGEST_PIXEL_RATIO
    return "" if possible else _IMPOSSIBLE


def _believed_frame_distance(candidate: FrameDistance) -> str:
    if candidate.doubt:
        return candidate.doubt
    if is_default_mm(candidate.frame_mm):
        return _(_NOTHING_KNOWN)
    return "" if within(candidate.frame_mm, FRAME_LIMITS_MM) else _IMPOSSIBLE


def doubted_by_size(candidate: InPlane, circle: tuple[float, float, float] | None) -> InPlane:
    """With the doubt that it is of another picture, such as this one before it was made smaller."""
    if circle is None or candidate.doubt or _believed_in_plane(candidate):
        return candidate
    diameter = 2 * circle[2] * candidate.column_mm
    if within(diameter, _PICTURE_LIMITS_MM):
        return candidate
    low, high = _PICTURE_LIMITS_MM
    return replace(
        candidate,
        doubt=_(
            "by which the round picture would be {diameter:.3g} mm wide, while catheters see {low:g} to "
            "{high:g} mm: it belongs to another picture, perhaps to this one before its size was changed"
        ).format(diameter=diameter, low=low, high=high),
    )


def disagreement(candidates: Sequence[InPlane | FrameDistance], tolerance: float = 0.05) -> str | None:
    """A sentence where the file states the same spacing twice and differently; the first candidate is the one in use."""
    for other in candidates[1:]:
        used, stated = _size(candidates[0]), _size(other)
        if used > 0 and abs(stated / used - 1) > tolerance:
            why = _(", {reason}").format(reason=other.doubt) if other.doubt else ""
            return _(
                "The file states another spacing too: {used:.5g} mm by {source} is used, {stated:.5g} mm by "
                "{other_source} is not{why}."
            ).format(used=used, source=candidates[0].source, stated=stated, other_source=other.source, why=why)
    return None


def _size(candidate: InPlane | FrameDistance) -> float:
    return candidate.row_mm if isinstance(candidate, InPlane) else candidate.frame_mm
