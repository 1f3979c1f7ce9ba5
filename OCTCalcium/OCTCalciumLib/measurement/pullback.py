"""The measurement of a pullback from its label map: arcs, volume, lesions, continuity and minimum lumen area.

Works on any label map (a network's, an annotator's, another program's); needs no picture and no network. The quantities of a frame
are defined in ``frame``, lesions and scores in ``lesions``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from LesionReadingLib.errors import InputError
from LesionReadingLib.geometry.spacing import Spacing
from LesionReadingLib.labels.label_map import whole_labels
from LesionReadingLib.language import N_, _
from LesionReadingLib.process.threads import Threads

from ..labels import NAMES
from ..vessel.arcs import BRIDGE_TOLERANCE_DEG
from .deposits import THICKNESS_WINDOW_DEG
from .frame import FrameMeasurement, Vertex, measure_frame
from .held import HeldMaximum, frames_to_hold, held_maximum
from .lesions import Lesion, find_lesions
from .runs import Run, find_runs

__all__ = ["PullbackMeasurement", "measure_frame", "measure_pullback", "remeasure", "remeasure_frames"]

CONTINUOUS_ARC_DEG = 180.0
"""Calcium from this bridged arc on (not only above it) keeps a stent from expanding: the rule of the source study."""

LESION_GAP_FRAMES = 2
"""So many frames without calcium are allowed inside a lesion."""

SMALLEST_LUMEN_SHARE = 0.05
"""A lumen smaller than this share of the usual one (the median, each frame weighted by its lumen) is a slip, no minimum lumen area:
an imaging catheter of 0.9 mm lies in every lumen, and 5 % of a lumen of 3 mm would be 0.7 mm across."""

_NO_VOLUME = {
    ("pixel",): N_("The pixel spacing is not known: enter it to get volumes."),
    ("frame",): N_("The frame spacing is not known: enter it to get volumes."),
    ("pixel", "frame"): N_("Pixel spacing and frame spacing are not known: enter them to get volumes."),
}

_THREADS = 2


@dataclass(frozen=True)
class Parameters:
    """The choices behind a measurement; the report shows them. The last two are fixed, and stand here to be shown.

    Attributes:
        vertex: "lumen" (centroid of the closed lumen) or "catheter" (image centre).
        lesion_gap_frames: frames without calcium that a lesion may have inside.
        continuous_arc_deg: bridged arc from which a frame belongs to a run.
        bridge_tolerance_deg: calcium ending this close to the guidewire's sector touches it.
        thickness_window_deg: a thickness or depth is the mean over this angle.
    """

    vertex: Vertex = "lumen"
    lesion_gap_frames: int = LESION_GAP_FRAMES
    continuous_arc_deg: float = CONTINUOUS_ARC_DEG
    bridge_tolerance_deg: float = field(default=BRIDGE_TOLERANCE_DEG, init=False)
    thickness_window_deg: float = field(default=THICKNESS_WINDOW_DEG, init=False)


@dataclass(frozen=True, eq=False)
class PullbackMeasurement:
    """The numbers of a pullback.

    Attributes:
        spacing: of the label map.
        parameters: the choices behind the numbers.
        frames: one per frame of the label map.
        lesions: by first frame.
        volume_mm3: every calcium voxel x voxel volume; None while a spacing is unknown.
        max_arc_deg: largest bridged arc, 0 without calcium; ``max_arc_frame`` its frame, None without calcium.
        hold_frames: how many neighbouring frames hold a value (see ``held``).
        held_arc: the largest bridged arc that so many neighbouring frames all reach.
        max_thickness_mm, max_thickness_frame: None without calcium or in-plane spacing.
        runs: of frames with a bridged arc of 180 degrees or more.
        over_180_length_mm: their lengths together; None while the frame spacing is unknown.
        held_over_180_length_mm: the lengths together of those that are held.
        lumen_frames: number of frames with a lumen. small_lumens: frames whose lumen is too small to be one.
        minimum_lumen_area: (mm2, frame) among the other frames whose lumen lies wholly in the image; None without one or spacing.
        thickness_map_mm: (frames, 360) float32, thickness by degree, NaN without calcium; None without in-plane spacing.
        missing: field of this class that is absent -> why, one sentence.
    """

    spacing: Spacing
    parameters: Parameters
    frames: tuple[FrameMeasurement, ...]
    lesions: tuple[Lesion, ...]
    volume_mm3: float | None
    max_arc_deg: float
    max_arc_frame: int | None
    hold_frames: int
    held_arc: HeldMaximum
    max_thickness_mm: float | None
    max_thickness_frame: int | None
    runs: tuple[Run, ...]
    over_180_length_mm: float | None
    held_over_180_length_mm: float | None
    lumen_frames: int
    small_lumens: tuple[int, ...]
    minimum_lumen_area: tuple[float, int] | None
    thickness_map_mm: np.ndarray | None
    missing: dict[str, str]


def measure_pullback(labels: np.ndarray, spacing: Spacing, parameters: Parameters | None = None) -> PullbackMeasurement:
    """Measure a whole pullback.

    Args:
        labels: (frames, rows, columns), or (rows, columns) for a single frame, whole numbers: 0 background, 1 calcium,
            2 guidewire, 3 lumen.
        spacing: distances between pixels and frames; where one is unknown, the lengths, areas and volumes that need it are absent.
        parameters: choices; the defaults where None.

    Raises:
        InputError: the label map is empty, of another dimension, not of whole numbers, or has other label values; or a spacing is
            not a positive number.
    """
    parameters = parameters or Parameters()
    labels = whole_labels(labels, NAMES)
    _check_spacing(spacing)
    with Threads(_THREADS) as threads:
        measured = threads.map(lambda frame: measure_frame(labels[frame], spacing, frame, parameters.vertex), range(len(labels)))
    return _summary(tuple(measured), spacing, parameters)


def remeasure(measurement: PullbackMeasurement, labels: np.ndarray, frame: int) -> PullbackMeasurement:
    """The measurement after one frame was edited; the other frames are not looked at again.

    Args:
        measurement: before the edit.
        labels: (rows, columns) of the edited frame.
        frame: its number, from 0.

    Raises:
        InputError: as ``remeasure_frames``.
    """
    return remeasure_frames(measurement, {frame: labels})


def remeasure_frames(measurement: PullbackMeasurement, edited: Mapping[int, np.ndarray]) -> PullbackMeasurement:
    """The measurement after some frames were edited: number of the frame, from 0 -> its labels (rows, columns).

    Raises:
        InputError: a frame is not in the pullback, or its labels cannot be used (as in ``measure_pullback``).
    """
    frames = list(measurement.frames)
    for frame, labels in edited.items():
        if not 0 <= frame < len(frames):
            raise InputError(
                _("Frame {frame} is not in the pullback of {count} frames; name one from 0 on.").format(
                    frame=frame, count=len(frames)
                )
            )
        checked = whole_labels(labels, NAMES)
        if len(checked) != 1:
            raise InputError(
                _("One edited frame is expected, this array holds {count} frames; give one of them.").format(count=len(checked))
            )
        frames[frame] = measure_frame(checked[0], measurement.spacing, frame, measurement.parameters.vertex)
    return _summary(tuple(frames), measurement.spacing, measurement.parameters)


def _check_spacing(spacing: Spacing) -> None:
    for name in ("row_mm", "column_mm", "frame_mm"):
        value = getattr(spacing, name)
        if value is not None and not (math.isfinite(value) and value > 0):
            raise InputError(
                _("The {axis} spacing is {value} mm; give a positive number.").format(axis=name.removesuffix("_mm"), value=value)
            )


def _summary(frames: tuple[FrameMeasurement, ...], spacing: Spacing, parameters: Parameters) -> PullbackMeasurement:
    """Everything about the pullback that follows from its frames."""
    with_calcium = [frame for frame in frames if frame.deposits]
    widest = max(with_calcium, key=lambda frame: frame.arc_bridged_deg, default=None)
    thickest = max(with_calcium, key=lambda frame: frame.max_thickness_mm, default=None) if spacing.in_plane_known else None
    hold_frames = frames_to_hold(spacing, len(frames))
    runs = find_runs(frames, spacing, parameters.continuous_arc_deg, hold_frames)
    volume = None
    if spacing.known:
        volume = sum(frame.calcium_pixels for frame in frames) * spacing.row_mm * spacing.column_mm * spacing.frame_mm
    small = _small_lumens(frames)
    lumens = [f for f in frames if f.lumen_area_mm2 is not None and not f.lumen_cut and f.frame not in small]
    narrowest = min(lumens, key=lambda frame: frame.lumen_area_mm2, default=None)
    return PullbackMeasurement(
        spacing=spacing,
        parameters=parameters,
        frames=frames,
        lesions=find_lesions(frames, spacing, parameters.lesion_gap_frames, hold_frames),
        volume_mm3=volume,
        max_arc_deg=widest.arc_bridged_deg if widest else 0.0,
        max_arc_frame=widest.frame if widest else None,
        hold_frames=hold_frames,
        held_arc=held_maximum([frame.arc_bridged_deg for frame in frames], hold_frames),
        max_thickness_mm=thickest.max_thickness_mm if thickest else None,
        max_thickness_frame=thickest.frame if thickest else None,
        runs=runs,
        over_180_length_mm=None if spacing.frame_mm is None else sum(run.length_mm for run in runs),
        held_over_180_length_mm=None if spacing.frame_mm is None else sum(run.length_mm for run in runs if run.held),
        lumen_frames=sum(frame.lumen_pixels > 0 for frame in frames) - len(small),
        small_lumens=small,
        minimum_lumen_area=(narrowest.lumen_area_mm2, narrowest.frame) if narrowest else None,
        thickness_map_mm=np.stack([frame.thickness_mm for frame in frames]) if spacing.in_plane_known else None,
        missing=_missing(frames, spacing, bool(with_calcium), narrowest is not None),
    )


def _small_lumens(frames: tuple[FrameMeasurement, ...]) -> tuple[int, ...]:
    """Frames whose lumen is smaller than ``SMALLEST_LUMEN_SHARE`` of the usual one."""
    pixels = np.array([frame.lumen_pixels for frame in frames])
    ordered = np.sort(pixels)
    usual = ordered[np.searchsorted(np.cumsum(ordered), ordered.sum() / 2)]
    return tuple(int(frame) for frame in np.flatnonzero((pixels > 0) & (pixels < SMALLEST_LUMEN_SHARE * usual)))


def _missing(frames: tuple[FrameMeasurement, ...], spacing: Spacing, calcium: bool, lumen: bool) -> dict[str, str]:
    """Field of PullbackMeasurement that is absent -> why."""
    unknown = []
    if not spacing.in_plane_known:
        unknown.append("pixel")
    if spacing.frame_mm is None:
        unknown.append("frame")
    missing = {}
    if unknown:
        missing["volume_mm3"] = _(_NO_VOLUME[tuple(unknown)])
    if spacing.frame_mm is None:
        missing["over_180_length_mm"] = _("The frame spacing is not known: enter it to get positions and lengths.")
    if not spacing.in_plane_known:
        reason = _("The pixel spacing is not known: enter it to get areas and thickness.")
        missing |= dict.fromkeys(("max_thickness_mm", "minimum_lumen_area", "thickness_map_mm"), reason)
        return missing
    if not calcium:
        missing["max_thickness_mm"] = _("No frame has calcium.")
    if not lumen:
        cut = any(frame.lumen_cut for frame in frames)
        missing["minimum_lumen_area"] = _("Every lumen is cut by the image border.") if cut else _("The label map has no lumen.")
    return missing
