"""Voxel spacing that remembers where it came from, and admits when it is not known."""

from __future__ import annotations

from dataclasses import dataclass

from ..language import N_, _, listed

UNKNOWN = N_("unknown")
TYPED = N_("typed by the user")
AS_LOADED = N_("the volume as it was loaded")
PER_SAMPLE, OF_THE_PULLBACK, CALIBRATED = N_("per A-line sample"), N_("of the pullback"), N_("multiplied by the calibration factor")
"""What may stand behind a source, after a comma; behind the last one the factor."""


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


def source_in_words(source: str) -> str:
    """Where a spacing came from, in the language of the context; what DICOM calls an attribute stays as it is."""
    return listed(_part_in_words(part) for part in source.split(", "))


def _part_in_words(part: str) -> str:
    return f"{_(CALIBRATED)} {part.removeprefix(CALIBRATED).strip()}" if part.startswith(CALIBRATED) else _(part)
