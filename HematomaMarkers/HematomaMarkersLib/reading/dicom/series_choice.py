"""Which volume to read: of the newest scan the axial one without contrast in the brain's kernel; if unclear the person is asked."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence

from LesionReadingLib.errors import InputError
from LesionReadingLib.language import N_, _
from LesionReadingLib.text.identity import more_is_shown_of

from .ct_series import CtSeries
from .ct_volumes import competes
from .scan_facts import acquired

USUAL_MM = (2.4, 6.1)  # thickness of the slices that radiologists read, and that a network of this kind learns from
_BEST_MM = 5.0
_SHORT = 0.7  # of the longest series: a shorter one shows a part of the head only
_BONE_WINDOW_HU = 1000.0
_USUAL_KV = 120.0
_STRAYS = 2  # slices of another kind, such as a scout, that are no part of the head
_MOST_LISTED = 8
_SHARP_NUMBER = {"siemens": 50, "canon": 30}
_BONE_WORDS = re.compile(r"bone|knochen|\bos\b|osseu|sharp|petrous|inner ear|sinus|lung|\bhr\b|\bedge\b|\bdetail\b", re.IGNORECASE)
_SHARP_KERNELS = re.compile(r"bone|edge|lung|ultra|\bd\b|\be\b|\by[a-d]\b|\bl\b", re.IGNORECASE)
_HEAD_WORDS = (
    *("HEAD", "BRAIN", "SKULL", "NEURO", "CEREBR", "CRAN", "ORBIT", "FACE", "SCHADEL", "SCHAEDEL", "KOPF", "HIRN", "TETE"),
    *("CABE", "TESTA", "HOOFD", "SKALL", "HUVUD", "GLOW", "頭"),
)


class SeveralSeries(InputError):
    """Several volumes could be meant.

    Attributes:
        choices: what ``wanted`` takes for each of them.
    """

    def __init__(self, message: str, choices: Sequence[CtSeries]) -> None:
        super().__init__(message)
        self.choices = tuple(one.designator for one in sorted(choices, key=_sort_key))


def choose_series(series: Sequence[CtSeries], wanted: str | None = None) -> tuple[CtSeries, tuple[str, ...]]:
    """The volume to read, and sentences on which were left.

    Of several scans of a patient the newest that shows a plain head is read.

    Args:
        wanted: designator, number or UID of a series, typed by the person; None to choose.

    Raises:
        SeveralSeries: the choice is not clear.
        InputError: the wanted series is not there, the scans are of several patients, or no part shows the whole head.
    """
    if wanted is not None:
        series = _wanted(series, wanted)
    left, out = _newest(series)
    for reason, fits in _PREFERENCES:
        kept = [one for one in left if fits(one, left)]
        if kept and len(kept) < len(left):
            out += [(one, reason) for one in left if one not in kept]
            left = kept
    if len(left) > 1 and len({_start(one) for one in left}) == 1 and _start(left[0])[1]:
        # Reconstructions of one and the same scan: no need to ask which thickness.
        nearest = min(abs((one.thickness_mm or 0) - _BEST_MM) for one in left)
        kept = [one for one in left if abs((one.thickness_mm or 0) - _BEST_MM) == nearest]
        out += [(one, N_("another thickness of the same scan")) for one in left if one not in kept]
        left = kept
    if wanted is None:
        _require_whole_head(left[0], series)
    if len(left) > 1:
        listed = f"{_listed(left)}{more_is_shown_of('descriptions')}"
        raise SeveralSeries(
            _("Several series could be meant: {listed}; name one with --series {designator}.").format(
                listed=listed, designator=left[0].designator
            ),
            left,
        )
    chosen = left[0]
    if not out:
        return chosen, ()
    out = [(one, _ANOTHER_PATIENT if _patient(one) not in (_patient(chosen), "") else reason) for one, reason in out]
    others = _("; ").join(f"{one.label}: {_(reason)}" for one, reason in sorted(out, key=lambda pair: _sort_key(pair[0])))
    return chosen, (
        _("Series {label} was read; left out were {others}.").format(label=chosen.label, others=others),
        *_prior_notes(out),
    )


_EARLIER = N_("an earlier scan")
_ANOTHER_PATIENT = N_("another patient")


def _newest(series: Sequence[CtSeries]) -> tuple[list[CtSeries], list[tuple[CtSeries, str]]]:
    """The series of the newest scan among those of plain heads, and those of other scans with the reason why they were left.

    Raises:
        InputError: scans of several patients.
    """
    plain = [one for one in series if one.is_axial and len(one.planes) > 1 and is_head(one) and not one.has_contrast]
    plain = [one for one in plain if not is_bone(one)] or plain
    if len({_patient(one) for one in plain} - {""}) > 1:
        raise InputError(
            _("Scans of several patients are together: {listed}; name one with --series {designator}.").format(
                listed=_listed(plain), designator=plain[0].designator
            )
        )
    plain = [one for one in plain if _covers(one, plain)]
    times = {_study(one): acquired(one.planes) for one in plain}
    if None in times.values():
        times = {study: study[1] for study in times}  # the day, where times are not stated
    if len(times) < 2 or "" in times.values() or len(set(times.values())) < len(times):
        return list(series), []
    newest = max(times, key=lambda study: times[study])
    kept = [one for one in series if _study(one) == newest]
    out = [(one, _EARLIER if one in plain else N_("another scan")) for one in series if one not in kept]
    return kept, out


def _prior_notes(out: Sequence[tuple[CtSeries, str]]) -> tuple[str, ...]:
    earlier = [one for one, reason in out if reason == _EARLIER]
    if not earlier:
        return ()
    return (
        _(
            "An earlier scan of the patient is there too, which this one could be compared with: give the "
            "same input as --prior with --prior-series {designator}."
        ).format(designator=earlier[-1].designator),
    )


def _patient(one: CtSeries) -> str:
    """What tells patients apart: the ID, else name and birth date; empty where a file states none."""
    stated = [str(one.header.get(keyword, "") or "").strip() for keyword in ("PatientID", "PatientName", "PatientBirthDate")]
    return stated[0] or " ".join(stated[1:]).strip()


def _study(one: CtSeries) -> tuple[str, str]:
    """UID and day of the study."""
    return str(one.header.get("StudyInstanceUID", "") or ""), re.sub(r"\D", "", str(one.header.get("StudyDate", "") or ""))


def _require_whole_head(chosen: CtSeries, series: Sequence[CtSeries]) -> None:
    """Refuse a volume where slices of its own series, which do not fit to it, go on above or below it."""
    normal = chosen.planes[0].normal
    levels = [plane.position_mm @ normal for plane in chosen.planes]
    for other in series:
        if other is chosen or not other.uids & chosen.uids or not other.is_axial or competes(other.planes, chosen.planes):
            continue
        beyond = [plane for plane in other.planes if not min(levels) <= plane.position_mm @ normal <= max(levels)]
        if len(beyond) > _STRAYS:
            raise InputError(
                _(
                    "Series {number} shows the head in parts that do not fit together: {listed}; export it again in "
                    "one piece, or name a part with --series {designator}."
                ).format(number=chosen.number, listed=_listed([chosen, other]), designator=chosen.designator)
            )


def is_head(series: CtSeries) -> bool:
    """Whether the body part, where the files state one, is the head."""
    return not other_body_parts(series)


def other_body_parts(series: CtSeries) -> list[str]:
    """Body parts other than the head that the files state."""
    stated = {str(header.get("BodyPartExamined", "") or "").strip().upper() for header in series.headers} - {""}
    return sorted(part for part in stated if not any(word in unicodedata.normalize("NFKD", part) for word in _HEAD_WORDS))


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


def _wanted(series: Sequence[CtSeries], wanted: str) -> list[CtSeries]:
    """The series that a designator, a number or a UID names."""
    wanted = wanted.strip()
    found = [one for one in series if one.designator == wanted] or [one for one in series if wanted in (one.number, *one.uids)]
    if not found:
        raise InputError(
            _("There is no CT series {wanted}; there are {listed}{more}.").format(
                wanted=wanted, listed=_listed(series), more=more_is_shown_of(_("descriptions"))
            )
        )
    return found


def _listed(series: Sequence[CtSeries]) -> str:
    labels = [one.label for one in sorted(series, key=_sort_key)]
    more = _("; and {value} more").format(value=len(labels) - _MOST_LISTED) if len(labels) > _MOST_LISTED else ""
    return _("; ").join(labels[:_MOST_LISTED]) + more


def _covers(series: CtSeries, others: Sequence[CtSeries]) -> bool:
    return series.length_mm >= _SHORT * max(one.length_mm for one in others)


def _is_usual(series: CtSeries, others: Sequence[CtSeries]) -> bool:
    return series.thickness_mm is None or USUAL_MM[0] <= series.thickness_mm <= USUAL_MM[1]


# What a series must be, among those left, to be preferred, with the reason that is told of one that is not; the weightiest first.
_PREFERENCES: tuple[tuple[str, Callable[[CtSeries, Sequence[CtSeries]], bool]], ...] = (
    (N_("not axial"), lambda one, _: one.is_axial),
    (N_("a single slice"), lambda one, _: len(one.planes) > 1),
    (N_("not a head"), lambda one, _: is_head(one)),
    (N_("contrast agent"), lambda one, _: not one.has_contrast),
    (N_("bone kernel"), lambda one, _: not is_bone(one)),
    (N_("derived"), lambda one, _: one.image_type[:1] != ("DERIVED",)),
    (N_("a part of the head only"), _covers),
    (N_("unusual thickness"), _is_usual),
    (N_("secondary"), lambda one, _: "SECONDARY" not in one.image_type),
    (N_("another tube voltage of the same scan"), lambda one, others: _is_nearest_voltage(one, others)),
)


def _is_nearest_voltage(series: CtSeries, others: Sequence[CtSeries]) -> bool:
    """Of one scan with two voltages the one nearest to that at which heads are usually scanned."""
    away = [abs((one.tube_kv or _USUAL_KV) - _USUAL_KV) for one in others if _start(one) == _start(series)]
    return abs((series.tube_kv or _USUAL_KV) - _USUAL_KV) == min(away)


def _start(series: CtSeries) -> tuple:
    """Study and time of acquisition: the same for reconstructions of one scan."""
    header = series.header
    return str(header.get("StudyInstanceUID")), min(plane.moment[1] for plane in series.planes)


def _values(value) -> list:
    if value in (None, ""):
        return []
    return [value] if isinstance(value, (int, float, str)) else list(value)


def _sort_key(series: CtSeries) -> tuple:
    parts = [int(part) for part in re.findall(r"\d+", series.designator)]
    return (not series.number, parts, series.designator)
