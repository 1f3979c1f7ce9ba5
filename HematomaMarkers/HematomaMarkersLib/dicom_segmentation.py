"""Label maps as DICOM SEG beside their scan: every frame refers to the slice that it was drawn on, in that slice's own place."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
from LesionReadingLib.dicom import read_header
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

from .scan import Scan
from .segments import SEGMENTS

# What DICOM demands to be there, empty where it is not known (type 2), and de-identified files often lack (PS3.3 C.7.1.1, C.7.2.1).
_MAY_BE_EMPTY = (
    "PatientID",
    "PatientName",
    "PatientBirthDate",
    "PatientSex",
    "StudyDate",
    "StudyTime",
    "AccessionNumber",
    "ReferringPhysicianName",
    "StudyID",
    "PositionReferenceIndicator",
)
_SERIES_NUMBER = 900
_IDENTITY = ("PatientName", "PatientID", "PatientBirthDate", "ReferringPhysicianName", "AccessionNumber", "StudyID")
_ONE_FOR_ALL = ("StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID")


def write_segmentation(path: Path, scan: Scan, labels: np.ndarray, identity: bool = False) -> Path:
    """Write a label map of a DICOM scan as DICOM SEG (PS3.3 A.51), one frame for each slice and segment, empty ones too.

    Args:
        labels: (slices, rows, columns) of the values in ``labels``.
        identity: whether it names the patient as the scan does, so that an archive can file it; else the names stay empty, and only
            the UIDs of study and slices tell where it belongs.
    """
    import highdicom
    from highdicom.seg import Segmentation, SegmentDescription
    from pydicom.sr.coding import Code

    def code(triple: tuple[str, str, str]) -> Code:
        scheme, value, meaning = triple
        return Code(value, scheme, meaning)

    descriptions = [
        SegmentDescription(
            segment_number=segment.value,
            segment_label=segment.name,
            segmented_property_category=code(segment.category),
            segmented_property_type=code(segment.type),
            algorithm_type="SEMIAUTOMATIC",  # a network drew it, or a person did, or one after the other
            algorithm_identification=highdicom.AlgorithmIdentificationSequence(
                name="LesionReading", family=Code("123110", "DCM", "Artificial Intelligence"), version="1"
            ),
            anatomic_regions=[code(segment.region)],
        )
        for segment in SEGMENTS
    ]
    headers = _source_headers(scan)
    if not identity:
        for header in headers:
            header.update(dict.fromkeys(_IDENTITY, ""))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # highdicom's warnings repeat the patient's name
        segmentation = Segmentation(
            source_images=headers,
            pixel_array=labels,
            plane_positions=[highdicom.PlanePositionSequence("PATIENT", place) for place in scan.grid.positions_mm],
            segmentation_type="BINARY",
            segment_descriptions=descriptions,
            series_instance_uid=generate_uid(),
            series_number=_SERIES_NUMBER,
            sop_instance_uid=generate_uid(),
            instance_number=1,
            manufacturer="LesionReading",
            manufacturer_model_name="HematomaMarkers",
            software_versions="1",
            device_serial_number="none",
            content_label="HEMATOMA",
            series_description="Hematoma and intraventricular blood",
            omit_empty_frames=False,
        )
    segmentation.save_as(path)
    return path


def _source_headers(scan: Scan) -> list[Dataset]:
    """Headers of the scan's files as highdicom takes them."""
    headers = [read_header(path) for path in scan.files]
    first = headers[0]
    for header in headers:
        _complete(header, {keyword: first.get(keyword) or generate_uid() for keyword in _ONE_FOR_ALL})
    if not first.get("PerFrameFunctionalGroupsSequence"):
        for header in headers:  # rounded differently from slice to slice, they are compared digit by digit
            header.ImageOrientationPatient, header.PixelSpacing = first.ImageOrientationPatient, first.PixelSpacing
        return headers
    shared, own = first.SharedFunctionalGroupsSequence[0], first.PerFrameFunctionalGroupsSequence[0]
    for keyword in ("PixelMeasuresSequence", "PlaneOrientationSequence"):
        if keyword not in shared:  # looked for there only
            setattr(shared, keyword, own[keyword].value)
    return headers


def _complete(header: Dataset, uids: dict[str, str]) -> None:
    """Give a stripped header what a conformant object has, so that a segmentation can be derived from it."""
    for keyword, value in {**dict.fromkeys(_MAY_BE_EMPTY, ""), **uids, "SOPInstanceUID": generate_uid()}.items():
        if keyword not in header:
            setattr(header, keyword, value)
