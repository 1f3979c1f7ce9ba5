"""What a DICOM SEG refers to: the objects and frames that its slices were drawn on, by the UIDs of their headers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..reading.dicom.source_frame import SourceFrame

if TYPE_CHECKING:
    from pydicom import Dataset

_UID = re.compile(r"(0|[1-9]\d*)(\.(0|[1-9]\d*))+")


@dataclass(frozen=True)
class Source:
    """The picture that a slice of the label map was drawn on: object, and number of the frame from 1 in a multi-frame object."""

    sop_class: str
    sop_instance: str
    frame: int | None = None


def sources_of(headers: dict[Path, Dataset], frames: Sequence[SourceFrame]) -> list[Source]:
    """What each slice was drawn on, as DICOM refers to it."""
    objects = {path: (_sop_class(header), uid_of(header, "SOPInstanceUID")) for path, header in headers.items()}
    return [Source(*objects[frame.path], frame.number + 1 if _is_multi_frame(headers[frame.path]) else None) for frame in frames]


def _is_multi_frame(header: Dataset) -> bool:
    return bool(header.get("PerFrameFunctionalGroupsSequence")) or int(header.get("NumberOfFrames") or 1) > 1


def _sop_class(header: Dataset) -> str:
    from pydicom.uid import CTImageStorage, SecondaryCaptureImageStorage

    stated = str(header.get("SOPClassUID") or header.file_meta.get("MediaStorageSOPClassUID") or "").strip()
    return (
        stated
        if _UID.fullmatch(stated)
        else str(CTImageStorage if header.get("Modality") == "CT" else SecondaryCaptureImageStorage)
    )


def uid_of(header: Dataset, keyword: str) -> str:
    """A UID of the header, a new one where it has none or none that is valid (PS3.5 9.1)."""
    from pydicom.uid import generate_uid

    value = str(header.get(keyword) or "").strip()
    return value if len(value) <= 64 and _UID.fullmatch(value) else str(generate_uid())
