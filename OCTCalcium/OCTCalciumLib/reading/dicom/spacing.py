"""Where the spacing of a DICOM pullback stands: every attribute that may tell it, in the order of trust, with its tag."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from LesionReadingLib.errors import InputError
from LesionReadingLib.language import _
from LesionReadingLib.reading.dicom.files import functional_group

from ..spacing_choice import FrameDistance, InPlane, doubted_by_size
from ..spacing_rule import USUAL_FRAME_LIMITS_MM, typical_frame_distance
from .ultrasound_regions import region_candidates

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_MOTORIZED = ("MOTORIZED", "MOTOR_PULLBACK")  # (0018,3100) in PS3.3 C.8.27.5 and, for ultrasound, in C.8.5.6
_SAME = 1e-3  # relative difference up to which two stated spacings are the same number, rounded
_VIDEO_RATES = (24.0, 25.0, 30.0)  # frames per second of films and of television, which no OCT catheter turns at
_FASTEST_SHOWN = 61.0  # frames per second that a screen shows
_SAME_RATE = 0.013  # relative: 33 ms stand for 30 frames per second


def in_plane_candidates(header: Dataset, circle: tuple[float, float, float] | None = None) -> list[InPlane]:
    """Every in-plane spacing that a Cartesian image states, the most trusted first.

    Order: per-frame, then shared Pixel Measures (PS3.3 C.7.6.16.2.1), Pixel Spacing (C.7.6.2), ultrasound
    region calibration (C.8.5.5).

    Args:
        circle: row, column and radius (pixels) of the round picture, where one was found: its region's calibration counts, and a
            spacing by which it would be larger or smaller than what catheters see is doubted.

    Raises:
        InputError: the spacing changes from frame to frame.
    """
    candidates = []
    per_frame = _pixel_measures(header.get("PerFrameFunctionalGroupsSequence") or [])
    if per_frame:
        _require_constant(np.array(per_frame), _("pixel spacing"), "(5200,9230) Per-Frame Pixel Measures", "--pixel-spacing")
        candidates.append(InPlane(*per_frame[0], "DICOM (5200,9230) Per-Frame Pixel Measures (0028,0030) Pixel Spacing"))
    shared = _pixel_measures(header.get("SharedFunctionalGroupsSequence") or [])
    if shared:
        candidates.append(InPlane(*shared[0], "DICOM (5200,9229) Shared Pixel Measures (0028,0030) Pixel Spacing"))
    if header.get("PixelSpacing"):
        candidates.append(InPlane(*_pair(header.PixelSpacing), "DICOM (0028,0030) Pixel Spacing"))
    candidates += region_candidates(header, circle)
    return [doubted_by_size(candidate, circle) for candidate in candidates]


def a_line_candidates(header: Dataset) -> tuple[list[FrameDistance], str | None]:
    """The depth spacing of A-lines (mm per sample) as ``FrameDistance``-like candidates, and a note.

    (0052,0014) A-line Pixel Spacing is in air where (0052,003A) Refractive Index Applied is NO, and is then divided by
    (0052,0004) Effective Refractive Index (PS3.17 EEE.2.2); without that index the spacing stays unknown.
    """
    spacing = header.get("ALinePixelSpacing")
    if spacing is None:
        measures = functional_group(header, "PixelMeasuresSequence", 0)
        if measures is not None and measures.get("PixelSpacing"):
            return [
                FrameDistance(_pair(measures.PixelSpacing)[1], "DICOM Pixel Measures (0028,0030) Pixel Spacing, along the A-line")
            ], None
        return [], None
    if header.get("RefractiveIndexApplied") != "NO":
        return [FrameDistance(float(spacing), "DICOM (0052,0014) A-line Pixel Spacing")], None
    index = float(header.get("EffectiveRefractiveIndex") or 0)
    if not index > 0:
        note = _(
            "The A-line spacing (0052,0014) is stated in air and no refractive index (0052,0004) is given, "
            "so the pixel spacing is unknown; type it with --pixel-spacing."
        )
        return [], note
    source = "DICOM (0052,0014) A-line Pixel Spacing in air, divided by (0052,0004) Effective Refractive Index"
    return [FrameDistance(float(spacing) / index, source)], None


def frame_candidates(header: Dataset, frame_count: int, positions_mm: Sequence[float] | None = None) -> list[FrameDistance]:
    """Every distance between frames that the header states, the most trusted first.

    Order: measured longitudinal distance (PS3.3 C.8.27.6.2), pullback rate by frame rate (C.8.27.5, C.8.27.3, C.7.6.5), slice
    positions, Spacing Between Slices.

    Args:
        positions_mm: position of each frame along the pullback where the file states them.

    Raises:
        InputError: frames do not lie at equal distances.
    """
    candidates = []
    by_rate = _by_pullback_rate(header, frame_count)
    distances = _longitudinal_distances(header)
    if len(distances) > 2 and np.ptp(np.diff(distances)) < _SAME * abs(distances[1] - distances[0]):
        # Some writers count from the first frame instead of from the one before: the values then rise in equal steps.
        distances = np.diff(distances)
    zeros = np.count_nonzero(np.asarray(distances) == 0)
    if zeros and any(not rate.doubt for rate in by_rate):
        doubt = _("as {zeros} of {count} values are zero: they were not filled in").format(zeros=zeros, count=len(distances))
        candidates.append(FrameDistance(0.0, "DICOM (0052,0028) Intravascular Longitudinal Distance", doubt))
    elif len(distances):
        _require_constant(
            np.abs(distances), _("distance between frames"), "(0052,0028) Intravascular Longitudinal Distance", "--frame-spacing"
        )
        candidates.append(FrameDistance(abs(float(distances[0])), "DICOM (0052,0028) Intravascular Longitudinal Distance"))
    candidates += by_rate
    if positions_mm is not None and len(positions_mm) > 1:
        candidates.append(FrameDistance(regular_step(positions_mm), "DICOM slice positions"))
    measures = functional_group(header, "PixelMeasuresSequence", 0)
    for item in (measures, header):
        if item is not None and item.get("SpacingBetweenSlices") is not None:
            candidates.append(FrameDistance(abs(float(item.SpacingBetweenSlices)), "DICOM (0018,0088) Spacing Between Slices"))
            break
    return candidates


def regular_step(positions_mm: Sequence[float]) -> float:
    """The common step of sorted positions, where some may be missing.

    Raises:
        InputError: the positions do not lie on one regular grid.
    """
    steps = np.abs(np.diff(np.asarray(positions_mm, float)))
    step = float(np.median(steps))
    if step == 0 or not np.isfinite(steps).all() or np.any(np.abs(steps / step - np.rint(steps / step)) > 0.1):
        raise InputError(
            _(
                "The frames do not lie at equal distances (their positions are {steps_min:.4g} to "
                "{steps_max:.4g} mm apart); volumes need equal ones: sort out the frames, or type one distance "
                "with --frame-spacing MM."
            ).format(steps_min=steps.min(), steps_max=steps.max())
        )
    return step


def _pair(value) -> tuple[float, float]:
    try:
        row, column = value
        return float(row), float(column)
    except (TypeError, ValueError):
        return math.nan, math.nan


def _pixel_measures(groups) -> list[tuple[float, float]]:
    return [
        _pair(group.PixelMeasuresSequence[0].PixelSpacing)
        for group in groups
        if group.get("PixelMeasuresSequence") and group.PixelMeasuresSequence[0].get("PixelSpacing")
    ]


def _require_constant(values: np.ndarray, what: str, where: str, option: str) -> None:
    spread = np.ptp(values, axis=0)
    if np.isfinite(spread).all() and np.any(spread > _SAME * np.abs(np.atleast_1d(values[0]))):
        raise InputError(
            _(
                "The {what} changes from frame to frame ({values_min:.5g} to {values_max:.5g} mm by DICOM "
                "{where}), which cannot be measured in one volume; type one value with {option} MM if that is "
                "right."
            ).format(what=what, values_min=values.min(), values_max=values.max(), where=where, option=option)
        )


def _longitudinal_distances(header: Dataset) -> list[float]:
    """Distance of each frame from the one before; the first frame has none before it."""
    groups = header.get("PerFrameFunctionalGroupsSequence") or []
    contents = [group.IntravascularFrameContentSequence[0] for group in groups if group.get("IntravascularFrameContentSequence")]
    return [
        float(content.IntravascularLongitudinalDistance)
        for content in contents[1:]
        if content.get("IntravascularLongitudinalDistance") is not None
    ]


def _by_pullback_rate(header: Dataset, frame_count: int) -> list[FrameDistance]:
    """Rate of the motor divided by the frame rate; what turns or samples the catheter before what is meant for display."""
    rate = header.get("IVUSPullbackRate")
    if not rate or header.get("IVUSAcquisition", "MOTORIZED") not in _MOTORIZED:
        return []
    rate, frames_per_second = float(rate), []
    if header.get("CatheterRotationalRate"):
        frames_per_second.append((float(header.CatheterRotationalRate), "(0052,0013) Catheter Rotational Rate"))
    if header.get("ALineRate") and header.get("ALinesPerFrame"):
        value = float(header.ALineRate) / float(header.ALinesPerFrame)
        frames_per_second.append((value, "(0052,0011) A-line Rate / (0052,0012) A-lines Per Frame"))
    if header.get("FrameTime"):
        frames_per_second.append((1000 / float(header.FrameTime), "(0018,1063) Frame Time"))
    if header.get("AcquisitionDuration") and frame_count > 1:
        frames_per_second.append(
            (frame_count / float(header.AcquisitionDuration), "(0018,9073) Acquisition Duration by number of frames")
        )
    return [
        FrameDistance(
            rate / value,
            f"DICOM (0018,3101) IVUS Pullback Rate and {name}",
            _doubt_of_rate(header, rate / value, value, name),
        )
        for value, name in frames_per_second
        if value > 0
    ]


def _doubt_of_rate(header: Dataset, frame_mm: float, frames_per_second: float, name: str) -> str:
    """Why a frame rate is not that of the catheter, empty where it can be.

    (0018,1063) Frame Time is by PS3.3 C.7.6.5 the time between frames, but exports write the rate at which they are to be shown.
    """
    shown = [header.get(keyword) for keyword in ("CineRate", "RecommendedDisplayFrameRate")]
    shown = [float(rate) for rate in shown if rate]
    if "(0018,1063)" in name:
        if frames_per_second < _FASTEST_SHOWN and any(abs(frames_per_second / rate - 1) < _SAME_RATE for rate in shown):
            return _("but its {frames_per_second:.3g} frames per second are the rate at which the frames are to be shown").format(
                frames_per_second=frames_per_second
            )
        if any(abs(frames_per_second / rate - 1) < _SAME_RATE for rate in _VIDEO_RATES):
            return _("but its {frames_per_second:.3g} frames per second are those of video, not of a catheter").format(
                frames_per_second=frames_per_second
            )
    if not typical_frame_distance(frame_mm):
        low, high = USUAL_FRAME_LIMITS_MM
        return _("which is not how far apart OCT frames lie ({low:g} to {high:g} mm)").format(low=low, high=high)
    return ""
