"""A pullback ready to be read frame by frame: as a file holds it first, then, from ``read.open_pullback``, without overlays."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from LesionReadingLib.geometry.grid import Grid
from LesionReadingLib.geometry.spacing import Spacing
from LesionReadingLib.reading.dicom.source_frame import SourceFrame

from .cautions import Caution


@dataclass(frozen=True)
class Pullback:
    """A pullback, ready to be read frame by frame.

    Attributes:
        grid: how many frames, rows and columns there are and where they lie; distances that are not known are None, and a pullback
            without a place begins at zero along the axes of the patient.
        read: ``read(first, stop)`` yields frames ``first`` to ``stop - 1`` as uint8: Cartesian, bright is strong signal; grey
            (rows, columns), and as a file holds it also RGB (rows, columns, 3). DICOM frames and pictures are decoded singly, so
            memory does not grow with ``frame_count``; NRRD, NIfTI and MetaImage are held whole.
        read_small: the same of frames that are at most 512 pixels wide and high, for pages; None where nobody keeps them.
        clean: frames are grey and without overlays: these were removed, or there can be none (scan-converted A-lines).
        stated_aspect: height over width of a pixel, where a file states that and no spacing.
        shown_aspect: height over width of a pixel, where the picture's outline alone shows that they are not square.
        notes: sentences for the report, on gaps, duplicates, overlays removed and the like.
        cautions: what a reader must know before the numbers.
        details: acquisition facts for the report; never patient identity.
        files: the DICOM files; empty for pictures and volumes.
        source_frames: the DICOM picture that each frame is, pixel by pixel; empty for others, also where they were made of A-lines.
    """

    grid: Grid
    read: Callable[[int, int], Iterator[np.ndarray]]
    read_small: Callable[[int, int], Iterator[np.ndarray]] | None = field(default=None, kw_only=True)
    clean: bool = False
    stated_aspect: float = 1.0
    shown_aspect: float | None = None
    notes: tuple[str, ...] = ()
    cautions: tuple[Caution, ...] = ()
    details: dict[str, str] = field(default_factory=dict)
    files: tuple[Path, ...] = field(default=(), repr=False)
    source_frames: tuple[SourceFrame, ...] = field(default=(), repr=False)

    @property
    def frame_count(self) -> int:
        """How many frames there are."""
        return self.grid.slice_count

    @property
    def rows(self) -> int:
        """Of every frame."""
        return self.grid.rows

    @property
    def columns(self) -> int:
        """Of every frame."""
        return self.grid.columns

    @property
    def spacing(self) -> Spacing:
        """Distances of rows, columns and frames with their sources; None where not known."""
        return self.grid.spacing

    @property
    def pixel_aspect(self) -> float:
        """Height over width of a pixel; 1 where nothing is known."""
        if self.shown_aspect is not None:
            return self.shown_aspect
        return self.spacing.row_mm / self.spacing.column_mm if self.spacing.in_plane_known else self.stated_aspect


def with_spacing(pullback: Pullback, spacing: Spacing) -> Pullback:
    """The pullback with other distances, or other sources of them."""
    return replace(pullback, grid=pullback.grid.with_spacing(spacing))


def sample_indices(frame_count: int, wanted: int) -> list[int]:
    """At most ``wanted`` frame indices spread evenly over the pullback."""
    return sorted({int(index) for index in np.linspace(0, frame_count - 1, min(wanted, frame_count))})
