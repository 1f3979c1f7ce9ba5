"""What a person chooses beside the input itself: for a whole run, for a pullback, and for a label map."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from LesionReadingLib.presenting.options import USUAL_PAGE, PageOptions

from .measurement.pullback import Parameters


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """The same for all pullbacks of a run.

    Attributes:
        model: name or folder of a bundle; the shipped one where None. device: ``"auto"``, ``"cpu"`` or ``"cuda"``.
        parameters: of the measurement; the usual ones where None.
        page: how the report is written.
    """

    model: str | None = None
    device: str = "auto"
    parameters: Parameters | None = None
    page: PageOptions = USUAL_PAGE


@dataclass(frozen=True, kw_only=True)
class PullbackOptions:
    """Of one pullback, or of a label map that does not say it.

    Attributes:
        pixel_spacing_mm, frame_spacing_mm: where the input lacks them or is wrong. calibration: factor on the in-plane spacing.
    """

    pixel_spacing_mm: float | None = None
    frame_spacing_mm: float | None = None
    calibration: float = 1.0


@dataclass(frozen=True, kw_only=True)
class LabelMapOptions:
    """Of a label map that is measured.

    Attributes:
        segments: name of a segment -> what it is, where its name does not say.
        pullback: that the labels were drawn on, for the pictures; outlines alone are drawn without it.
        drawn_by: name or folder of the bundle that drew the labels before anyone corrected them, for the report.
        corrected: in how many frames a reader has corrected them; None where that is not known.
    """

    segments: Mapping[str, str] | None = None
    pullback: Path | None = None
    drawn_by: str | None = None
    corrected: int | None = None
