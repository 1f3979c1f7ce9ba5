"""Whether an earlier scan can be laid beside this one: the same patient, in the order of their dates."""

from __future__ import annotations

from LesionReadingLib.errors import UNLESS_FORCED, InputError
from LesionReadingLib.language import _

from .scan import Scan


def check_order(prior: Scan, current: Scan, force: bool = False) -> list[str]:
    """Refuse scans that cannot be compared; else notes about what is not known.

    Args:
        force: compare all the same, and say so.

    Raises:
        InputError: of different patients, or the earlier scan was made after this one, unless ``force``.
    """
    notes = []
    is_same = same_patient(prior, current)
    if is_same is None:
        notes.append(_("Whether both scans are of one patient is not known."))
    elif not is_same:
        if not force:
            raise InputError(
                _(
                    "The earlier scan is of another patient; give a scan of this patient, or compare them all the "
                    "same where the names are wrong (--force)."
                ),
                UNLESS_FORCED,
            )
        notes.append(_("The two scans name different patients; they were compared all the same, as asked for."))
    if _is_reversed(prior, current):
        if not force:
            raise InputError(
                _(
                    "The scan given as the earlier one was made after the other; exchange the two, or compare them "
                    "all the same where the dates are wrong (--force)."
                ),
                UNLESS_FORCED,
            )
        notes.append(
            _(
                "By their dates the scan given as the earlier one was made after the other; they were compared "
                "as given, as asked for."
            )
        )
    return notes


def _is_reversed(prior: Scan, current: Scan) -> bool:
    return None not in (prior.acquired, current.acquired) and prior.acquired > current.acquired


def same_patient(one: Scan, other: Scan) -> bool | None:
    """Whether two scans are of one patient; None where that is not known. A birth date that only one states tells nothing."""
    if one.patient_key is None or other.patient_key is None:
        return None
    return one.patient_key.startswith(other.patient_key) or other.patient_key.startswith(one.patient_key)
