"""Voxel spacing that remembers where it came from, and admits when it is not known."""

from __future__ import annotations

from dataclasses import dataclass

UNKNOWN = "unknown"
TYPED = "typed by the user"


@dataclass(frozen=True)
class Spacing:
    """Distances between voxel centres in mm; ``None`` where the input does not say (never guessed).

    Attributes:
        row_mm: distance between neighbouring rows (the step of the row index).
        column_mm: distance between neighbouring columns (the step of the column index).
        frame_mm: distance between neighbouring frames or slices.
        in_plane_source: where the two in-plane values came from, for example
            ``"DICOM (0028,0030) Pixel Spacing"``, ``"typed by the user"`` or ``"unknown"``.
        frame_source: where the frame distance came from.
    """

    row_mm: float | None
    column_mm: float | None
    frame_mm: float | None
    in_plane_source: str = UNKNOWN
    frame_source: str = UNKNOWN

    @property
    def in_plane_known(self) -> bool:
        """Whether lengths and areas inside a frame can be given in mm and mm2."""
        return self.row_mm is not None and self.column_mm is not None

    @property
    def known(self) -> bool:
        """Whether volumes can be given in mm3."""
        return self.in_plane_known and self.frame_mm is not None
