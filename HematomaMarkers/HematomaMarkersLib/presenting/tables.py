"""The numbers as CSV: one row per slice, one per marker; units are in the headers, absent values are empty."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from LesionReadingLib.presenting.tables import Columns, write_table

from ..labels import MARKERS
from ..measurement.markers.answers import marker_seen, network_says
from .slice_view import heights_mm

if TYPE_CHECKING:
    from ..measurement.scan import ScanMeasurement
    from ..model.kept_reading import KeptReading
    from ..model.prediction import Prediction


def write_slices(path: Path, measurement: ScanMeasurement, prediction: Prediction | KeptReading | None) -> None:
    """One row per slice of the scan, in its order; probabilities only where a network took part."""
    heights = heights_mm(measurement.grid)
    columns: Columns = {
        "slice (from 0)": lambda row: row.slice,
        "height above the lowest slice (mm)": lambda row: float(heights[row.slice]),
        "extent (mm)": lambda row: row.extent_mm,
        "hematoma area (mm2)": lambda row: row.area_mm2,
        "ventricular blood area (mm2)": lambda row: row.ivh_area_mm2,
        "hematoma mean density (HU)": lambda row: row.mean_hu,
    }
    if prediction is not None:
        says = measurement.has_hematoma
        for number, marker in enumerate(MARKERS):
            probabilities = np.asarray(prediction.slice_probabilities, float)[:, number]
            columns[f"probability of {marker}"] = lambda row, values=probabilities: float(values[row.slice]) if says else None
    write_table(path, columns, measurement.slices)


def write_markers(path: Path, measurement: ScanMeasurement, prediction: Prediction | KeptReading | None) -> None:
    """One row per marker: what the network says, what was measured, and whether the two agree."""
    says = prediction is not None and measurement.has_hematoma

    def agree(marker: str) -> int | None:
        by_network, by_measurement = marker_seen(marker, measurement, prediction)
        return None if by_network is None else int(by_network == by_measurement)

    columns: Columns = {
        "marker": lambda marker: marker,
        "network probability": lambda marker: network_says(marker, measurement, prediction),
        "network threshold": lambda marker: prediction.thresholds.get(marker) if says else None,
        "network slice (from 0)": lambda marker: prediction.marker_slices.get(marker) if says else None,
        "measured": lambda marker: int(measurement.evidence[marker].found),
        "measured on slice (from 0)": lambda marker: measurement.evidence[marker].slice,
        "network and measurement agree": agree,
        "evidence": lambda marker: measurement.evidence[marker].sentence,
        "measured values": lambda marker: _values(measurement.evidence[marker].values),
    }
    write_table(path, columns, MARKERS)


def _values(values: dict[str, float | bool | None]) -> str:
    """Name = value; the names end with their units."""
    told = {name: value for name, value in values.items() if value is not None}
    return "; ".join(f"{name} = {value:.4g}" if isinstance(value, float) else f"{name} = {value}" for name, value in told.items())
