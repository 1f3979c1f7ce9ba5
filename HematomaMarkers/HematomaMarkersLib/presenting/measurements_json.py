"""The content of measurements.json: everything measured in a scan, as numbers that other programs read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from LesionReadingLib.text.counting import FILES_COUNT_FROM, shown

from ..labels import MARKERS
from ..measurement.markers.evidence import found_on_slice
from ..measurement.markers.network_result import (
    NetworkResult,
    likeliest_slice,
    network_probability,
    probability_range,
    slice_probabilities,
)
from ..measurement.markers.slice import SliceMeasurement
from ..measurement.markers.sureness import NOT_MEASURED, SHARE
from ..triage.decision import to_json as triage_json

if TYPE_CHECKING:
    from ..growth.expansion import Growth
    from ..measurement.scan import ScanMeasurement
    from ..triage.findings import Findings


def findings_json(findings: Findings, spacing_source: str) -> dict[str, Any]:
    """The whole content of measurements.json (schema hematoma-markers/1)."""
    network, decided = findings.network, findings.triage
    return to_json(findings.measurement, network, findings.growth) | {
        "thresholds": network.thresholds if network else None,
        "marker_slices": _of_markers(likeliest_slice, findings) if network else None,
        "outside_blood": network.outside.to_json() if network and network.outside else None,
        **(_sureness_json(findings) if network and network.sureness else NOT_MEASURED),
        "range_share": SHARE,
        "model": network.model if network else None,
        "triage": triage_json(decided),
        "location": decided.location,
        "spacing_source": spacing_source,
    }


def _sureness_json(findings: Findings) -> dict[str, Any]:
    return replace(findings.network.sureness, probabilities=_of_markers(probability_range, findings)).to_json()


def _of_markers(told: Callable[..., Any], findings: Findings) -> dict[str, Any]:
    return {marker: told(marker, findings.measurement, findings.network) for marker in MARKERS}


def to_json(measurement: ScanMeasurement, network: NetworkResult | None = None, growth: Growth | None = None) -> dict[str, Any]:
    """What was measured, and the markers' probabilities beside it.

    Args:
        network: None where none took part. growth: since an earlier scan; None where there is none.
    """
    grid, abc = measurement.grid, measurement.abc2
    return {
        "schema": "hematoma-markers/1",
        "slices_counted_from": FILES_COUNT_FROM,
        "sentences_count_slices_from": shown(0),
        "spacing_mm": [grid.row_mm, grid.column_mm, float(np.mean(grid.extents_mm))],
        "extents_mm": grid.extents_mm.tolist(),
        "with_ct": measurement.with_ct,
        "volume_ml": measurement.volume_ml,
        "abc2_ml": measurement.abc2_ml,
        "abc2": asdict(abc),
        "ivh_ml": measurement.ivh_ml,
        "has_hematoma": measurement.has_hematoma,
        "least_hematoma_ml": measurement.least_ml,
        "shows_signs": measurement.shows_signs,
        "least_sign_ml": measurement.least_sign_ml,
        "specks_ml": measurement.specks_ml,
        "counted_ivh_ml": measurement.counted_ivh_ml,
        "ivh_apart_ml": measurement.ivh_apart_ml,
        "ventricles_seen": measurement.ventricles_seen,
        "doubts": list(measurement.doubts),
        "mean_hu": measurement.mean_hu,
        "island_count": measurement.island_count,
        "satellite_count": measurement.satellite_count,
        "shape_scale": measurement.shape_scale,
        "shape_scale_slice": measurement.shape_scale_slice,
        "sphericity": measurement.sphericity,
        "markers": {
            marker: {"probability": network_probability(marker, measurement, network), "evidence": asdict(evidence)}
            for marker, evidence in measurement.evidence.items()
        },
        "slices": [
            _slice_json(one, slice_probabilities(one.slice, measurement, network))
            for one in (measurement.slices if measurement.shows_signs else map(_without_signs, measurement.slices))
        ],
        "growth": _growth_json(growth) if growth else None,
    }


def _without_signs(measured: SliceMeasurement) -> SliceMeasurement:
    return replace(measured, margin=None, holes=(), split=None)


def _slice_json(measured: SliceMeasurement, probabilities: dict[str, float | None]) -> dict[str, Any]:
    found = found_on_slice(measured)
    return {
        "slice": measured.slice,
        "position_mm": measured.position_mm,
        "extent_mm": measured.extent_mm,
        "area_mm2": measured.area_mm2,
        "ivh_area_mm2": measured.ivh_area_mm2,
        "volume_ml": measured.volume_ml,
        "mean_hu": measured.mean_hu,
        "longest_mm": measured.longest_mm,
        "across_mm": measured.across_mm,
        "shape_scale": measured.margin.scale if measured.margin else None,
        "markers": {marker: {"probability": probabilities[marker], "evidence": found[marker]} for marker in MARKERS},
    }


def _growth_json(growth: Growth) -> dict[str, Any]:
    return {
        "prior_ml": growth.prior_ml,
        "change_ml": growth.change_ml,
        "change_percent": growth.change_percent,
        "expanded": {"seed_30_percent": growth.expanded_seed_30_percent, "6ml_or_33_percent": growth.expanded_6ml_or_33_percent},
        "within_error": growth.within_error,
        "new_ivh": growth.new_ivh,
        "prior_ivh_ml": growth.prior_ivh_ml,
        "ivh_change_ml": growth.ivh_change_ml,
        "hours": growth.hours,
        "rotation_deg": growth.rotation_deg,
        "translation_mm": growth.translation_mm,
        "likeness": growth.likeness,
        "transform": None if growth.transform is None else growth.transform.tolist(),
        "notes": list(growth.notes),
    }
