"""The numbers as CSV: one row per frame, one per lesion; units are in the headers, absent values are empty."""

from __future__ import annotations

from pathlib import Path

from LesionReadingLib.presenting.tables import Columns, write_table

from ..measurement.pullback import PullbackMeasurement

FRAME_COLUMNS: Columns = {
    "frame (from 0)": lambda frame: frame.frame,
    "position (mm)": lambda frame: frame.position_mm,
    "calcium area (mm2)": lambda frame: frame.area_mm2,
    "total arc (deg)": lambda frame: frame.arc_total_deg,
    "largest contiguous arc (deg)": lambda frame: frame.arc_contiguous_deg,
    "bridged arc (deg)": lambda frame: frame.arc_bridged_deg,
    "bridged arc begins at (deg)": lambda frame: frame.bridged_start_deg,
    "maximum thickness (mm)": lambda frame: frame.max_thickness_mm,
    "minimum depth (mm)": lambda frame: frame.min_depth_mm,
    "lumen area (mm2)": lambda frame: frame.lumen_area_mm2,
    "lumen cut by image border": lambda frame: int(frame.lumen_cut),
    "calcium cut by image border": lambda frame: int(frame.calcium_cut),
    "angles seen from": lambda frame: frame.vertex_source,
    "guidewire bridges gaps": lambda frame: int(not frame.bridging_refused),
    "specks left out (pixels)": lambda frame: frame.strays.calcium + frame.strays.guidewire + frame.strays.lumen,
}

LESION_COLUMNS: Columns = {
    "first frame (from 0)": lambda lesion: lesion.first_frame,
    "last frame (from 0)": lambda lesion: lesion.last_frame,
    "length (mm)": lambda lesion: lesion.length_mm,
    "volume (mm3)": lambda lesion: lesion.volume_mm3,
    "maximum bridged arc (deg)": lambda lesion: lesion.max_arc_deg,
    "frame of maximum arc (from 0)": lambda lesion: lesion.calcium_score.angle_frame,
    "maximum thickness (mm)": lambda lesion: lesion.max_thickness_mm,
    "frame of maximum thickness (from 0)": lambda lesion: lesion.calcium_score.thickness_frame,
    "calcium score (0 to 4)": lambda lesion: lesion.calcium_score.total,
    "points for arc above 180 deg": lambda lesion: lesion.calcium_score.angle,
    "points for thickness above 0.5 mm": lambda lesion: lesion.calcium_score.thickness,
    "points for length above 5 mm": lambda lesion: lesion.calcium_score.length,
    "rule of fives met": lambda lesion: None if lesion.rule_of_fives.met is None else int(lesion.rule_of_fives.met),
    "bridged arc held by neighbours (deg)": lambda lesion: lesion.held.arc_deg,
    "thickness held by neighbours (mm)": lambda lesion: lesion.held.thickness_mm,
    "calcium score held by neighbours": lambda lesion: lesion.held.score,
    "largest arc of all deposits of a frame (deg)": lambda lesion: lesion.summed_arc_deg,
    "frame of that arc (from 0)": lambda lesion: lesion.summed_arc_frame,
}


def write_frames(path: Path, measurement: PullbackMeasurement) -> None:
    """One row per frame of the pullback."""
    write_table(path, FRAME_COLUMNS, measurement.frames)


def write_lesions(path: Path, measurement: PullbackMeasurement) -> None:
    """One row per lesion, numbered from 1 as in the report."""
    numbers = {id(lesion): number for number, lesion in enumerate(measurement.lesions, 1)}
    write_table(path, {"lesion": lambda lesion: numbers[id(lesion)], **LESION_COLUMNS}, measurement.lesions)
