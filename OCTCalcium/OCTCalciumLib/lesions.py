"""Lesions: calcium connected in angle and length, their calcium score and the rule of fives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from LesionReadingLib.spacing import Spacing
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from .arcs import BIN_COUNT
from .frame_measurement import FrameMeasurement

SCORE_ARC_DEG = 180.0
SCORE_THICKNESS_MM = 0.5
SCORE_LENGTH_MM = 5.0

_LENGTH_ROUNDING = 9  # decimals of a mm, so that 25 frames of 0.2 mm are not longer than 5 mm by the last bit of a float


@dataclass(frozen=True)
class CalciumScore:
    """OCT calcium score (Fujino et al., EuroIntervention 2018): 2 points for a largest arc above 180 degrees, 1 for a largest
    thickness above 0.5 mm, 1 for a length above 5 mm; all comparisons strict.

    A part, and with it the total, is None where the spacing that it needs is unknown.

    Attributes:
        angle, thickness, length, total: points.
        angle_frame, thickness_frame: the frame of the largest value; None for a thickness that is unknown.
    """

    total: int | None
    angle: int
    thickness: int | None
    length: int | None
    angle_frame: int
    thickness_frame: int | None


@dataclass(frozen=True)
class RuleOfFives:
    """Whether calcium takes more than 50 % of the circumference, is thicker than 0.5 mm and longer than 5 mm.

    Parts are None where unknown; ``met`` is None where the known parts do not decide it.
    """

    circumference: bool
    thickness: bool | None
    length: bool | None
    met: bool | None


@dataclass(frozen=True)
class Lesion:
    """Calcium that is connected in angle and length.

    Attributes:
        first_frame, last_frame: numbers of its first and last frame, from 0.
        length_mm: number of frames from first to last x frame spacing; None while that is unknown.
        volume_mm3: its calcium voxels x voxel volume; None while a spacing is unknown.
        max_arc_deg: largest bridged arc of one of its deposits.
        max_thickness_mm: None while the in-plane spacing is unknown.
        calcium_score, rule_of_fives: of this lesion alone.
    """

    first_frame: int
    last_frame: int
    length_mm: float | None
    volume_mm3: float | None
    max_arc_deg: float
    max_thickness_mm: float | None
    calcium_score: CalciumScore
    rule_of_fives: RuleOfFives


def find_lesions(frames: Sequence[FrameMeasurement], spacing: Spacing, gap_frames: int) -> tuple[Lesion, ...]:
    """Connect the deposits of all frames into lesions, ordered by first frame and then by size.

    Two deposits belong together where their arcs (bridged gaps included) share an angle and at most ``gap_frames`` frames without
    either lie between them. Deposits of one frame that share an angle, one behind the other, belong together as well.
    """
    deposits = [(frame.frame, deposit) for frame in frames for deposit in frame.deposits]
    if not deposits:
        return ()
    links = _links(frames, gap_frames)
    count = len(deposits)
    graph = coo_array((np.ones(len(links[0]), dtype=np.int8), links), shape=(count, count))
    lesion_count, lesion_of = connected_components(graph, directed=False)
    members: list[list] = [[] for _ in range(lesion_count)]
    for number, member in zip(lesion_of, deposits, strict=True):
        members[number].append(member)
    lesions = [_lesion(member, spacing) for member in members]
    return tuple(sorted(lesions, key=lambda lesion: (lesion.first_frame, -lesion.max_arc_deg)))


def _links(frames: Sequence[FrameMeasurement], gap_frames: int) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of deposit numbers (in the order of frames and their deposits) that share an angle across the allowed gap."""
    arcs = [np.array([deposit.arc for deposit in frame.deposits], dtype=np.float32).reshape(-1, BIN_COUNT) for frame in frames]
    starts = np.concatenate([[0], np.cumsum([len(arc) for arc in arcs])])
    first, second = [], []
    for later, arc in enumerate(arcs):
        for earlier in range(max(0, later - gap_frames - 1), later + 1):
            if len(arc) and len(arcs[earlier]):
                a, b = np.nonzero(arcs[earlier] @ arc.T)
                first.append(a + starts[earlier])
                second.append(b + starts[later])
    return np.concatenate(first), np.concatenate(second)


def _lesion(members: list, spacing: Spacing) -> Lesion:
    numbers = [frame for frame, _ in members]
    first, last = min(numbers), max(numbers)
    length = None if spacing.frame_mm is None else round((last - first + 1) * spacing.frame_mm, _LENGTH_ROUNDING)
    arc_frame, widest = max(members, key=lambda member: member[1].arc_deg)
    thickness_frame, thickest = arc_frame, None
    if spacing.in_plane_known:
        thickness_frame, deposit = max(members, key=lambda member: member[1].max_thickness_mm)
        thickest = deposit.max_thickness_mm
    wide = widest.arc_deg > SCORE_ARC_DEG
    thick, long = _above(thickest, SCORE_THICKNESS_MM), _above(length, SCORE_LENGTH_MM)
    return Lesion(
        first_frame=first,
        last_frame=last,
        length_mm=length,
        volume_mm3=sum(deposit.pixel_count for _, deposit in members) * spacing.row_mm * spacing.column_mm * spacing.frame_mm
        if spacing.known
        else None,
        max_arc_deg=widest.arc_deg,
        max_thickness_mm=thickest,
        calcium_score=CalciumScore(
            total=None if thick is None or long is None else 2 * wide + thick + long,
            angle=2 * wide,
            thickness=None if thick is None else int(thick),
            length=None if long is None else int(long),
            angle_frame=arc_frame,
            thickness_frame=None if thickest is None else thickness_frame,
        ),
        rule_of_fives=RuleOfFives(wide, thick, long, _all_of(wide, thick, long)),
    )


def _above(value: float | None, limit: float) -> bool | None:
    return None if value is None else bool(value > limit)


def _all_of(*parts: bool | None) -> bool | None:
    if False in parts:
        return False
    return None if None in parts else True
