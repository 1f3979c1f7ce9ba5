"""What a person chooses beside the input itself: for a whole run, for a scan, and for a label map."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from LesionReadingLib.presenting.options import USUAL_PAGE, PageOptions


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """The same for all scans of a run.

    Attributes:
        model: name or folder of a bundle; the shipped one where None. device: ``"auto"``, ``"cpu"`` or ``"cuda"``.
        without: steps of the preparation to leave out.
        rules: file with the limits of the triage; the shipped ones where None.
        force: go on with a scan that may be no plain head CT, and with an earlier scan of another patient or of a later date.
        page: how the report is written; with identity, segmentation.dcm names the patient, too.
    """

    model: str | None = None
    device: str = "auto"
    without: Collection[str] = ()
    rules: Path | None = None
    force: bool = False
    page: PageOptions = USUAL_PAGE


@dataclass(frozen=True, kw_only=True)
class ScanOptions:
    """Of one scan.

    Attributes:
        series: number or UID, where a folder holds several series. window: lower and upper end in HU; None for the usual one.
        slice_spacing_mm, pixel_spacing_mm: for pictures, which state none.
        patient_position: as DICOM says it (``HFS``), for a scan that does not say how the patient lay.
        location: one of ``labels.LOCATIONS``. onset_to_ct_hours: from the first symptom to the scan.
        prior: an earlier scan, or the folder of an earlier result. prior_series: as ``series``, of the earlier scan.
        upright: analyze the scan as the desktop shows it, without tilt and with even distances (``reading.upright``).
    """

    series: str | None = None
    window: tuple[float, float] | None = None
    slice_spacing_mm: float | None = None
    pixel_spacing_mm: float | None = None
    patient_position: str | None = None
    location: str | None = None
    onset_to_ct_hours: float | None = None
    prior: Path | None = None
    prior_series: str | None = None
    upright: bool = False


@dataclass(frozen=True, kw_only=True)
class LabelMapOptions:
    """Of a label map that is measured.

    Attributes:
        segments: name of a segment -> what it is, where its name does not say.
        reading: the result folder of the network whose contour was corrected.
        corrected: on how many slices a reader has corrected that contour; None where that is not known.
    """

    segments: Mapping[str, str] | None = None
    reading: Path | None = None
    corrected: int | None = None
