"""The numbers as CSV: one row per slice, one per marker; units are in the headers, absent values are empty."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from LesionReadingLib.presenting.tables import Columns, write_table

from ..labels import MARKERS
from ..measurement.markers.network_result import (
    NetworkResult,
    likeliest_slice,
    marker_seen,
    network_probability,
    probability_range,
    slice_probabilities,
)
from .slice_view import heights_mm

if TYPE_CHECKING:
    from ..measurement.scan import ScanMeasurement
    from ..triage.findings import Findings


def write_slices(path: Path, findings: Findings) -> None:
    """One row per slice of the scan, in its order; probabilities only where a network took part."""
    measurement, network = findings.measurement, findings.network
    heights = heights_mm(measurement.grid)
    columns: Columns = {
        "slice (from 0)": lambda row: row.slice,
        "height above the lowest slice (mm)": lambda row: float(heights[row.slice]),
        "extent (mm)": lambda row: row.extent_mm,
        "hematoma area (mm2)": lambda row: row.area_mm2,
        "ventricular blood area (mm2)": lambda row: row.ivh_area_mm2,
        "hematoma mean density (HU)": lambda row: row.mean_hu,
    }
    if network is not None:
        for marker in MARKERS:
            columns[f"probability of {marker}"] = lambda row, one=marker: slice_probabilities(row.slice, measurement, network)[one]
    write_table(path, columns, measurement.slices)


def write_markers(path: Path, findings: Findings) -> None:
    """One row per marker: the network's probability, what was measured, and whether the two agree."""
    measurement = findings.measurement
    network = findings.network if measurement.shows_signs else None

    def agree(marker: str) -> int | None:
        by_network, by_measurement = marker_seen(marker, measurement, network)
        return None if by_network is None else int(by_network == by_measurement)

    columns: Columns = {
        "marker": lambda marker: marker,
        "network probability": lambda marker: network_probability(marker, measurement, network),
        "probability, low end of its range": lambda marker: _end(marker, measurement, network, 0),
        "probability, high end of its range": lambda marker: _end(marker, measurement, network, 1),
        "network threshold": lambda marker: network.thresholds.get(marker) if network else None,
        "network slice (from 0)": lambda marker: likeliest_slice(marker, measurement, network),
        "measured": lambda marker: None if measurement.too_small_for_signs else int(measurement.evidence[marker].found),
        "measured on slice (from 0)": lambda marker: measurement.evidence[marker].slice,
        "network and measurement agree": agree,
        "evidence": lambda marker: measurement.evidence[marker].sentence,
        "measured values": lambda marker: _values(measurement.evidence[marker].values),
    }
    write_table(path, columns, MARKERS)


def _end(marker: str, measurement: ScanMeasurement, network: NetworkResult | None, end: int) -> float | None:
    ends = probability_range(marker, measurement, network)
    return ends and ends[end]


def _values(values: dict[str, float | bool | None]) -> str:
    """Name = value; the names end with their units."""
    known = {name: value for name, value in values.items() if value is not None}
    return "; ".join(f"{name} = {value:.4g}" if isinstance(value, float) else f"{name} = {value}" for name, value in known.items())
