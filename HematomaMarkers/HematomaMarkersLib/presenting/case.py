"""What is shown of one scan, and the pictures of its report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from LesionReadingLib.geometry.grid import Grid

from ..measurement.markers.network_result import outside_slice
from .slice_view import SliceView

if TYPE_CHECKING:
    from ..measurement.markers.network_result import NetworkResult
    from ..measurement.scan import ScanMeasurement
    from ..reading.scan import Scan
    from ..triage.findings import Findings


@dataclass(frozen=True)
class Picture:
    """A picture of the report: its file, and what is said below it."""

    file: Path
    caption: str


@dataclass(frozen=True)
class Pictures:
    """The pictures of a report: of the key slices (foot to head), of each marker, of the growth (earlier, now)."""

    key: tuple[Picture, ...] = ()
    markers: Mapping[str, tuple[Picture, ...]] = field(default_factory=dict)
    growth: tuple[Picture, ...] = ()

    @property
    def files(self) -> list[Path]:
        """All files, each once."""
        return [drawn.file for drawn in (*self.key, *(one for some in self.markers.values() for one in some), *self.growth)]


@dataclass(frozen=True, eq=False)
class Case:
    """What is shown of one scan.

    Attributes:
        scan: None where only a label map was measured, so that contours are drawn without it.
        labels: uint8 (slices, rows, columns).
        findings: what was found in them.
        prior: an earlier scan and its labels (slices, rows, columns); None where there is none, or only its volumes are known.
    """

    scan: Scan | None
    labels: np.ndarray
    findings: Findings
    prior: tuple[Scan, np.ndarray] | None = None

    @property
    def measurement(self) -> ScanMeasurement:
        """Of the labels."""
        return self.findings.measurement

    @property
    def network(self) -> NetworkResult | None:
        """What a network found; None where none took part."""
        return self.findings.network

    @property
    def named_slices(self) -> tuple[int, ...]:
        """Those that the decision names, and that with most blood outside the brain: no contour leads there."""
        outside = outside_slice(self.network)
        return (*self.findings.triage.look_at, *([] if outside is None else [outside]))

    @property
    def view(self) -> SliceView:
        """How the slices are turned for the reader; question marks for letters where the sides are not known."""
        view = SliceView.of(self.grid)
        return view if self.scan is None or self.scan.sides_known else replace(view, letters=("?",) * 4)

    @property
    def grid(self) -> Grid:
        """Where the labels lie."""
        return self.measurement.grid
