"""From the planes of CT files to volumes: what belongs together is joined, what does not is split.

* What cannot lie in one volume is always split: another patient, day, study or frame of reference, orientation, size or pixel.
* What may change inside a volume (image type, kernel, contrast agent, tube voltage, acquisition, file) splits it only where the
  parts show the same levels of the head. A skull's base scanned with more voltage than the rest stays with the rest.
* Slices that all have a series UID of their own are joined where everything else is equal.
* A few slices that were scanned again stay with their volume, whose reader keeps the later ones.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import replace

import numpy as np
from LesionReadingLib.errors import InputError
from LesionReadingLib.language import _
from LesionReadingLib.reading.dicom.order import grouped

from .ct_series import CtSeries, Plane, median_thickness_mm

SAME_AXES = 2e-3
"""Difference of direction cosines up to which two planes are parallel: files round them."""

_SAME_PIXEL_MM = 1e-4
_FRAGMENT = 2  # planes of one series UID up to which it may be a piece of a larger volume
_SAME_LEVEL = 0.3  # of the thickness: planes that lie closer show the same level
_SAME_LEVEL_MM = 0.01  # where the thickness is not known
_GAPLESS = 1.2  # of the thickness: parts whose own planes lie closer are complete by themselves
_MANY = 0.5  # share of the smaller part's levels from which two parts show the same of the head


def volumes_of(planes: Sequence[Plane]) -> list[CtSeries]:
    """The volumes that planes of any files form, each with the designator that names it."""
    found = []
    for volume in (volume for group in _series(_without_copies(planes)) for volume in _split(group)):
        uids = {str(plane.header.get("SeriesInstanceUID", "")) for plane in volume}
        joined = _("Its {count} slices have {count_2} series UIDs; they were joined, as all else is equal.").format(
            count=len(volume), count_2=len(uids)
        )
        found.append(CtSeries(tuple(volume), notes=(joined,) if len(uids) > 1 else ()))
    return _designated(found)


def require_whole(series: CtSeries) -> None:
    """Refuse a scan that was stored in several files of which one is missing (concatenation, DICOM PS3.3 C.7.6.16.2.2.4).

    Raises:
        InputError: a part is missing.
    """
    for group in grouped(series.headers, lambda header: str(header.get("ConcatenationUID", "") or "")):
        parts = {int(header.get("InConcatenationNumber") or 0): header for header in group if header.get("ConcatenationUID")}
        total = int(group[0].get("InConcatenationTotalNumber") or max(parts, default=0))
        expected = 0
        for number in range(1, total + 1):
            header = parts.get(number)
            if header is None or int(header.get("ConcatenationFrameOffsetNumber") or 0) != expected:
                raise InputError(
                    _("Series {label} was stored in several files, and one is missing; give all of them together.").format(
                        label=series.label
                    )
                )
            expected += int(header.get("NumberOfFrames") or 1)


def competes(one: Sequence[Plane], other: Sequence[Plane]) -> bool:
    """Whether two sets of parallel planes show the same levels of the head, so that they are no parts of one volume."""
    small, large = sorted((one, other), key=len)
    normal = large[0].normal
    levels, others = (np.sort([plane.position_mm @ normal for plane in planes]) for planes in (small, large))
    thickness_mm = median_thickness_mm([*one, *other])
    reach_mm = _SAME_LEVEL * thickness_mm if thickness_mm else _SAME_LEVEL_MM
    if np.mean(np.abs(levels[:, None] - others).min(axis=1) <= reach_mm) >= _MANY:
        return True
    if len(small) < 3 or not thickness_mm:
        return False
    complete = all(np.median(np.diff(places)) <= _GAPLESS * thickness_mm for places in (levels, others))
    shared_mm = min(levels[-1], others[-1]) - max(levels[0], others[0])
    return complete and shared_mm > _MANY * np.ptp(levels)


def _series(planes: Sequence[Plane]) -> list[list[Plane]]:
    """Planes by the series that they name; slices with a UID of their own by all else that they have in common."""
    named = grouped(planes, lambda plane: (plane.header.get("SeriesInstanceUID"), _patient(plane)))
    pieces = [plane for group in named if len(group) <= _FRAGMENT for plane in group]
    joined = grouped(pieces, lambda plane: (_patient(plane), _named(plane), plane.size, plane.pixel_mm, _rounded_axes(plane)))
    whole = [group for group in joined if len(group) > _FRAGMENT]
    taken = {id(plane) for group in whole for plane in group}
    return [group for group in named if id(group[0]) not in taken or len(group) > _FRAGMENT] + whole


def _split(planes: list[Plane]) -> list[list[Plane]]:
    """The volumes among the planes of one series."""
    studies = _by_uid(planes, "StudyInstanceUID")
    volumes = [volume for study in studies for frame in _by_uid(study, "FrameOfReferenceUID") for volume in _alike(frame)]
    for key in (
        lambda plane: plane.image_type[:4],
        lambda plane: plane.kernel,
        lambda plane: plane.contrast,
        lambda plane: plane.tube_kv,
    ):
        volumes = [part for volume in volumes for part in _apart(grouped(volume, key))]
    return [part for volume in volumes for part in _passes(volume)]


def _by_uid(planes: list[Plane], keyword: str) -> list[list[Plane]]:
    """Planes by a UID of theirs; together where a writer gave slices one of their own."""
    found = grouped(planes, lambda plane: str(plane.header.get(keyword, "") or ""))
    return found if len(planes) > _FRAGMENT * len(found) else [planes]


def _alike(planes: list[Plane]) -> list[list[Plane]]:
    """Planes of one orientation, size and pixel each."""
    kinds: list[list[Plane]] = []
    for plane in planes:
        fitting = next((kind for kind in kinds if _is_alike(plane, kind[0])), None)
        if fitting is None:
            kinds.append([plane])
        else:
            fitting.append(plane)
    return kinds


def _is_alike(one: Plane, other: Plane) -> bool:
    turned = max(np.abs(one.row_axis - other.row_axis).max(), np.abs(one.column_axis - other.column_axis).max())
    if turned > SAME_AXES or one.size != other.size:
        return False
    # A plane without pixel spacing is not another volume: the whole is refused then.
    return None in (one.pixel_mm, other.pixel_mm) or np.abs(np.subtract(one.pixel_mm, other.pixel_mm)).max() <= _SAME_PIXEL_MM


def _apart(groups: Sequence[list[Plane]]) -> list[list[Plane]]:
    """Groups that show the same levels stay apart; others are put together, in the order of their acquisition."""
    volumes: list[list[Plane]] = []
    for group in sorted(groups, key=lambda group: (min(plane.moment for plane in group), -len(group))):
        fitting = next((volume for volume in volumes if not competes(group, volume)), None)
        if fitting is None:
            volumes.append(list(group))
        else:
            fitting += group
    return volumes


def _passes(planes: list[Plane]) -> list[list[Plane]]:
    """Two scans of the same levels, one after the other; more, as for perfusion, and a few slices scanned again, stay together."""
    counts = Counter(_place(plane, planes[0].normal) for plane in planes)
    if np.median(list(counts.values())) > 2:
        return [planes]
    by_file = _apart(grouped(planes, lambda plane: plane.path if plane.header.get("NumberOfFrames") else None))
    if len(by_file) > 1:
        return by_file
    for groups in (_apart(grouped(planes, lambda plane: plane.moment[0])), _ranks(planes)):
        most = max(len(group) for group in groups)
        full = [group for group in groups if len(group) >= _MANY * most]
        if len(full) > 2:
            return [planes]
        if len(full) == 2:
            rest = [plane for group in groups if len(group) < _MANY * most for plane in group]
            return [full[0], full[1] + rest]
    return [planes]


def _ranks(planes: list[Plane]) -> list[list[Plane]]:
    """The first acquired plane of every place, the second of every place, and so on; copies of equal moment are one."""
    places: dict[int, list[Plane]] = {}
    for plane in sorted(planes, key=lambda plane: plane.moment):
        places.setdefault(_place(plane, planes[0].normal), []).append(plane)
    ranks: list[list[Plane]] = []
    for at_place in places.values():
        for number, group in enumerate(grouped(at_place, lambda plane: plane.moment)):
            ranks += [[]] if number == len(ranks) else []
            ranks[number] += group
    return ranks


def _place(plane: Plane, normal: np.ndarray) -> int:
    """Equal for planes at one place."""
    return round(float(plane.position_mm @ normal) / (2 * _SAME_LEVEL_MM))


def _patient(plane: Plane) -> tuple[str, str]:
    return str(plane.header.get("PatientID", "") or "").strip(), _day(plane)


def _day(plane: Plane) -> str:
    """The day of the study; scans around midnight are one."""
    return re.sub(r"\D", "", str(plane.header.get("StudyDate", "") or ""))


def _named(plane: Plane) -> tuple[str, str]:
    return str(plane.header.get("SeriesNumber", "")), str(plane.header.get("SeriesDescription", "") or "")


def _rounded_axes(plane: Plane) -> tuple[float, ...]:
    return tuple(np.round(np.concatenate([plane.column_axis, plane.row_axis]), 2) + 0.0)


def _without_copies(planes: Sequence[Plane]) -> list[Plane]:
    """One plane of every object: a file that was copied beside itself is no second scan."""
    kept: dict[Hashable, Plane] = {}
    for plane in planes:
        uid = str(plane.header.get("SOPInstanceUID", "") or "") or id(plane)
        kept.setdefault((uid, plane.frame, plane.moment, tuple(plane.position_mm)), plane)
    return list(kept.values())


def _designated(found: list[CtSeries]) -> list[CtSeries]:
    """Every volume with what ``--series`` takes for it, and what tells it from others of its number."""
    found = sorted(found, key=lambda one: (min(plane.moment for plane in one.planes), -len(one.planes), one.kernel))
    counts, seen = Counter(one.number for one in found), Counter()
    named = []
    for one in found:
        seen[one.number] += 1
        name = one.number or "unnumbered"
        alike = [other for other in found if other.number == one.number]
        designator = name if counts[one.number] == 1 else f"{name}.{seen[one.number]}"
        named.append(replace(one, designator=designator, apart=tuple(_what_differs(one, alike))))
    return named


def _what_differs(one: CtSeries, alike: Sequence[CtSeries]) -> list[str]:
    facts = [_facts(other) for other in alike]
    differing = [number for number in range(len(facts[0])) if len({of_one[number] for of_one in facts}) > 1]
    return list(dict.fromkeys(_facts(one)[number] for number in differing))


def _facts(one: CtSeries) -> tuple[str, ...]:
    """What may tell a volume from others, always in the same order."""
    first = one.planes[0]
    return (
        one.cut,
        _("{columns} x {rows} pixels").format(columns=first.size[1], rows=first.size[0]),
        _("pixel {pixel_mm:.3g} mm").format(pixel_mm=first.pixel_mm[0]) if first.pixel_mm else _("pixel not stated"),
        _("with contrast agent") if one.has_contrast else _("without contrast agent"),
        f"{one.tube_kv:g} kV" if one.tube_kv else _("voltage not stated"),
        " ".join(one.image_type).lower(),
        _("acquired {when}").format(when=_when(one)) if _when(one) else _("time not stated"),
        _("acquisition {moment}").format(moment=first.moment[0]),
    )


def _when(one: CtSeries) -> str:
    """Day and time of the first slice: 2024-03-01 08:30:00."""
    digits = re.match(r"\d*", min(plane.moment[1] for plane in one.planes).replace(":", ""))[0]
    found = re.match(r"(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)?", digits)
    return f"{found[1]}-{found[2]}-{found[3]} {found[4]}:{found[5]}:{found[6] or '00'}" if found else ""
