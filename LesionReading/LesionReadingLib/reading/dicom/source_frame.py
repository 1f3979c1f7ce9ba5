"""Which picture of which DICOM file a slice of a scan, or a frame of a pullback, is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class SourceFrame:
    """A picture in a DICOM file.

    Attributes:
        path: the file. number: of the frame in it, from 0; 0 in a file of one picture.
    """

    path: Path
    number: int = 0
