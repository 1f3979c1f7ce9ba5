"""The content of measurements.json: everything measured in a pullback, as numbers that other programs read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from LesionReadingLib.text.counting import FILES_COUNT_FROM, shown

from ..measurement.frame import FrameMeasurement
from ..measurement.pullback import PullbackMeasurement
from ..reading.cautions import Caution
from ..wall.calcium_range import CalciumRange, arc_ranges_deg, volume_range_mm3

NO_SCORES = "Ranges come from the scores of the model that drew the calcium, and of this calcium there are none."


def to_json(
    measurement: PullbackMeasurement, cautions: Sequence[Caution] = (), ranges: Sequence[CalciumRange | None] | None = None
) -> dict[str, Any]:
    """The content of measurements.json (schema oct-calcium/1); every absent value is null, with its reason in ``missing``.

    Args:
        cautions: what a reader must know before the numbers (``cautions.all_cautions``).
        ranges: how far calcium may reach in each frame by the scores of the model that drew it; ``arc_range_deg`` of each frame and
            ``volume_range_mm3``, (low, high) each, are null without.
    """
    spacing, lumen = measurement.spacing, measurement.minimum_lumen_area
    missing = measurement.missing
    if ranges is None:
        ranges = [None] * len(measurement.frames)
        missing = missing | dict.fromkeys(("arc_range_deg", "volume_range_mm3"), NO_SCORES)
        volume_range = None
    else:
        volume_range = volume_range_mm3(measurement, ranges)
        if "volume_mm3" in missing:
            missing = missing | {"volume_range_mm3": missing["volume_mm3"]}
    arc_ranges = arc_ranges_deg(measurement, ranges)
    return {
        "schema": "oct-calcium/1",
        "frames_counted_from": FILES_COUNT_FROM,
        "sentences_count_frames_from": shown(0),
        "spacing_mm": [spacing.row_mm, spacing.column_mm, spacing.frame_mm],
        "spacing_source": {"in_plane": spacing.in_plane_source, "frame": spacing.frame_source},
        "volume_mm3": measurement.volume_mm3,
        "volume_range_mm3": volume_range,
        "max_arc_deg": measurement.max_arc_deg,
        "max_arc_frame": measurement.max_arc_frame,
        "held_arc": {
            "arc_deg": measurement.held_arc.value,
            "first_frame": measurement.held_arc.first_frame,
            "last_frame": measurement.held_arc.last_frame,
            "frames": measurement.hold_frames,
        },
        "max_thickness_mm": measurement.max_thickness_mm,
        "max_thickness_frame": measurement.max_thickness_frame,
        "arc_over_180": {
            "length_mm": measurement.over_180_length_mm,
            "held_length_mm": measurement.held_over_180_length_mm,
            "runs": [asdict(run) for run in measurement.runs],
        },
        "lumen_frames": measurement.lumen_frames,
        "minimum_lumen_area": {"area_mm2": lumen[0] if lumen else None, "frame": lumen[1] if lumen else None},
        "frames": [
            _frame_json(frame) | {"arc_range_deg": arc_range}
            for frame, arc_range in zip(measurement.frames, arc_ranges, strict=True)
        ],
        "lesions": [asdict(lesion) for lesion in measurement.lesions],
        "cautions": [asdict(caution) for caution in cautions],
        "missing": missing,
        "parameters": asdict(measurement.parameters),
    }


def _frame_json(frame: FrameMeasurement) -> dict[str, Any]:
    return {
        "frame": frame.frame,
        "position_mm": frame.position_mm,
        "area_mm2": frame.area_mm2,
        "arc_total_deg": frame.arc_total_deg,
        "arc_contiguous_deg": frame.arc_contiguous_deg,
        "arc_bridged_deg": frame.arc_bridged_deg,
        "bridged_start_deg": frame.bridged_start_deg,
        "max_thickness_mm": frame.max_thickness_mm,
        "min_depth_mm": frame.min_depth_mm,
        "lumen_area_mm2": frame.lumen_area_mm2,
        "lumen_cut": frame.lumen_cut,
        "calcium_cut": frame.calcium_cut,
        "vertex": list(frame.vertex),
        "vertex_source": frame.vertex_source,
        "guidewire_bridges": not frame.bridging_refused,
        "stray_pixels": asdict(frame.strays),
    }
