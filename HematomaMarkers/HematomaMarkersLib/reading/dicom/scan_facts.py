"""Whose scan it is and when it was made, by the headers of its files; who the patient is never leaves this file."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from .ct_series import Plane

_DIGITS = 16


def patient_key(header: Dataset) -> str | None:
    """A digest of the Patient ID, followed by one of the birth date where one is stated; None where there is no ID.

    Compare keys with ``prior.same_patient``.
    """
    identity = str(header.get("PatientID", "") or "").strip()
    if not identity:
        return None
    birth = re.sub(r"\D", "", str(header.get("PatientBirthDate", "") or ""))  # 1950.01.01 of older writers is 19500101
    return _digest(identity) + (_digest(f"{identity} {birth}") if birth else "")


def acquired(planes: Sequence[Plane]) -> datetime | None:
    """When the first of the slices was made: by acquisition, content, series or study, the first that states date and time."""
    headers = list({id(plane.header): plane.header for plane in planes}.values())
    for date, time in (
        ("AcquisitionDateTime", None),
        ("AcquisitionDate", "AcquisitionTime"),
        ("ContentDate", "ContentTime"),
        ("SeriesDate", "SeriesTime"),
        ("StudyDate", "StudyTime"),
    ):
        moments = [_moment(header.get(date), header.get(time) if time else "") for header in headers]
        known = [moment for moment in moments if moment is not None]
        if known:
            return min(known)
    return None


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]


def _moment(date, time) -> datetime | None:
    # Fractions of seconds and time zones are left out: both scans of a patient are told in the clock of their hospital.
    digits = re.match(r"\d*", re.sub(r"[:.](?=\d\d(\D|$))", "", f"{date or ''}") + f"{time or ''}".replace(":", ""))[0]
    for length, form in ((14, "%Y%m%d%H%M%S"), (12, "%Y%m%d%H%M")):
        if len(digits) >= length:
            try:
                return datetime.strptime(digits[:length], form)
            except ValueError:
                continue
    return None
