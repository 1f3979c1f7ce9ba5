"""Lesions: calcium connected in angle and length, their calcium score and the rule of fives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from LesionReadingLib.geometry.spacing import Spacing
from LesionReadingLib.pieces import linked

from ..vessel.arcs import BIN_COUNT, arc_deg
from .deposits import Deposit
from .frame import FrameMeasurement
from .held import held_maximum

SCORE_ARC_DEG = 180.0
SCORE_THICKNESS_MM = 0.5
SCORE_LENGTH_MM = 5.0

_Member = tuple[int, Deposit]  # frame and one of its deposits

_LENGTH_ROUNDING = 9  # decimals of a mm, so that 25 frames of 0.2 mm are not longer than 5 mm by the last bit of a float


FUJINO_2018 = (
    "Fujino A et al. A new optical coherence tomography-based calcium scoring system to predict stent underexpansion. "
    "EuroIntervention 2018;13:e2182-e2189, doi:10.4244/EIJ-D-17-00962"
)
RULE_OF_FIVES_2019 = (
    "Shlofmitz E et al. OCT-guided treatment of calcified coronary artery disease: breaking the barrier to stent expansion. "
    "Curr Cardiovasc Imaging Rep 2019;12:32"
)


@dataclass(frozen=True)
class CalciumScore:
    """OCT calcium score (``FUJINO_2018``): 2 points for a maximum angle above 180 degrees, 1 for a maximum thickness above 0.5 mm,
    1 for a length above 5 mm; all comparisons strict.

    The paper's conclusion is on a "calcium deposit with maximum angle > 180 degrees", so several deposits of a lesion on one frame
    are not added up: the angle is that of the largest one, bridged over the guidewire. What their sum is stands beside it in
    ``Lesion.summed_arc_deg``.

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
    """Whether calcium takes more than 50 % of the circumference, is thicker than 0.5 mm and longer than 5 mm (rule of fives,
    ``RULE_OF_FIVES_2019`` after ``FUJINO_2018``; the frames are those of the calcium score).

    Parts are None where unknown; ``met`` is None where the known parts do not decide it.
    """

    circumference: bool
    thickness: bool | None
    length: bool | None
    met: bool | None


@dataclass(frozen=True)
class Held:
    """A lesion's numbers without what a single frame alone shows: the values that neighbouring frames hold (see ``held``).

    Attributes:
        arc_deg, thickness_mm: None for a thickness that is unknown.
        score: total of the calcium score that these give; None where a part is unknown.
        rule_of_fives: as ``RuleOfFives.met``.
    """

    arc_deg: float
    thickness_mm: float | None
    score: int | None
    rule_of_fives: bool | None


@dataclass(frozen=True)
class Lesion:
    """Calcium that is connected in angle and length.

    Attributes:
        first_frame, last_frame: numbers of its first and last frame, from 0.
        length_mm: number of frames from first to last (frames without calcium in between count) x frame spacing, so one frame more
            than the distance of first and last; None while that spacing is unknown.
        volume_mm3: its calcium voxels x voxel volume; None while a spacing is unknown.
        max_arc_deg: largest bridged arc of one of its deposits.
        max_thickness_mm: None while the in-plane spacing is unknown.
        summed_arc_deg, summed_arc_frame: the largest angle that all its deposits of one frame cover together, and that frame.
        calcium_score, rule_of_fives: of this lesion alone.
        held: the same without what a single frame alone shows.
    """

    first_frame: int
    last_frame: int
    length_mm: float | None
    volume_mm3: float | None
    max_arc_deg: float
    max_thickness_mm: float | None
    summed_arc_deg: float
    summed_arc_frame: int
    calcium_score: CalciumScore
    rule_of_fives: RuleOfFives
    held: Held


def find_lesions(frames: Sequence[FrameMeasurement], spacing: Spacing, gap_frames: int, hold_frames: int) -> tuple[Lesion, ...]:
    """Connect the deposits of all frames into lesions, ordered by first frame and then by size.

    Two deposits belong together where their arcs (bridged gaps included) share an angle and at most ``gap_frames`` frames without
    either lie between them. Deposits of one frame that share an angle, one behind the other, belong together as well. Neighbouring
    frames hold a value from ``hold_frames`` on.
    """
    deposits = [(frame.frame, deposit) for frame in frames for deposit in frame.deposits]
    if not deposits:
        return ()
    lesion_of = linked(len(deposits), *_links(frames, gap_frames)).tolist()
    members: list[list[_Member]] = [[] for _ in range(max(lesion_of) + 1)]
    for number, member in zip(lesion_of, deposits, strict=True):
        members[number].append(member)
    lesions = [_lesion(member, spacing, hold_frames) for member in members]
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


def _lesion(members: list[_Member], spacing: Spacing, hold_frames: int) -> Lesion:
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
    summed_deg, summed_frame = _largest_sum(members)
    return Lesion(
        first_frame=first,
        last_frame=last,
        length_mm=length,
        volume_mm3=sum(deposit.pixel_count for _, deposit in members) * spacing.row_mm * spacing.column_mm * spacing.frame_mm
        if spacing.known
        else None,
        max_arc_deg=widest.arc_deg,
        max_thickness_mm=thickest,
        summed_arc_deg=summed_deg,
        summed_arc_frame=summed_frame,
        calcium_score=CalciumScore(
            total=_total(wide, thick, long),
            angle=2 * wide,
            thickness=None if thick is None else int(thick),
            length=None if long is None else int(long),
            angle_frame=arc_frame,
            thickness_frame=None if thickest is None else thickness_frame,
        ),
        rule_of_fives=RuleOfFives(wide, thick, long, _all_of(wide, thick, long)),
        held=_held(members, first, last, long, spacing.in_plane_known, hold_frames),
    )


def _held(members: list[_Member], first: int, last: int, long: bool | None, thickness_known: bool, hold_frames: int) -> Held:
    arcs, thicknesses = np.zeros(last - first + 1), np.zeros(last - first + 1)
    for frame, deposit in members:
        arcs[frame - first] = max(arcs[frame - first], deposit.arc_deg)
        thicknesses[frame - first] = max(thicknesses[frame - first], deposit.max_thickness_mm or 0)
    arc = held_maximum(arcs, hold_frames).value
    thickness = held_maximum(thicknesses, hold_frames).value if thickness_known else None
    wide, thick = arc > SCORE_ARC_DEG, _above(thickness, SCORE_THICKNESS_MM)
    return Held(arc, thickness, _total(wide, thick, long), _all_of(wide, thick, long))


def _largest_sum(members: list[_Member]) -> tuple[float, int]:
    """The largest angle that deposits of one frame cover together, and that frame."""
    together: dict[int, np.ndarray] = {}
    for frame, deposit in members:
        together[frame] = together[frame] | deposit.arc if frame in together else deposit.arc
    frame = max(together, key=lambda number: np.count_nonzero(together[number]))
    return arc_deg(together[frame]), frame


def _total(wide: bool, thick: bool | None, long: bool | None) -> int | None:
    return None if thick is None or long is None else 2 * wide + thick + long


def _above(value: float | None, limit: float) -> bool | None:
    return None if value is None else bool(value > limit)


def _all_of(*parts: bool | None) -> bool | None:
    if False in parts:
        return False
    return None if None in parts else True
