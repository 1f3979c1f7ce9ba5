"""Where the frames of a DICOM pullback lie and how far apart: spacing and place, as far as the header's belong to the picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from LesionReadingLib.errors import InputError
from LesionReadingLib.geometry.grid import IDENTITY, NO_PLACE, even_grid
from LesionReadingLib.geometry.spacing import UNKNOWN, Spacing
from LesionReadingLib.language import _
from LesionReadingLib.reading.dicom.files import DicomImage, functional_group
from LesionReadingLib.reading.dicom.order import are_axes
from pydicom.uid import UID

from ...vessel.field_of_view import field_of_view
from ..display.luma import luma
from ..pullback import Pullback, sample_indices
from ..spacing_choice import choose_frame_distance, choose_in_plane
from ..spacing_rule import Typed
from .polar import is_polar
from .series import DicomSeries
from .spacing import frame_candidates, in_plane_candidates

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_SAMPLES = 5


def in_mm(recording: Pullback, series: DicomSeries, typed: Typed) -> Pullback:
    """The recording with what the file states about spacing and place; A-lines get the spacing of their picture later."""
    header = series.images[0].header
    row_mm = column_mm = frame_mm = None
    in_plane_source = frame_source = UNKNOWN
    notes: list[str] = []
    if typed.pixel_spacing_mm is None and not is_polar(header):
        _require_one_pixel_spacing(series.images)
        choice = choose_in_plane(in_plane_candidates(header, _round_picture(recording, header)))
        if choice.used is not None:
            row_mm, column_mm = choice.used.row_mm, choice.used.column_mm
        in_plane_source = choice.source
        notes += choice.notes
    positions = series.positions_mm if len(series.images) > 1 else _plane_positions(header, recording.frame_count)
    if typed.frame_spacing_mm is None:
        different = positions is not None and len(set(np.round(positions, 6))) == len(positions)
        choice = choose_frame_distance(frame_candidates(header, recording.frame_count, positions if different else None))
        if choice.used is not None:
            frame_mm = choice.used.frame_mm
        frame_source = choice.source
        notes += choice.notes
    spacing = Spacing(row_mm, column_mm, frame_mm, in_plane_source, frame_source)
    grid = even_grid(recording.grid.shape, spacing, *_place(header, positions))
    return replace(recording, grid=grid, notes=recording.notes + tuple(notes))


def _require_one_pixel_spacing(images: Sequence[DicomImage]) -> None:
    stated = {tuple(float(value) for value in image.header.get("PixelSpacing") or ()) for image in images}
    if len(stated) > 1:
        raise InputError(
            _(
                "The files of the series state different pixel spacings by DICOM (0028,0030), which cannot be "
                "measured in one volume; type one value with --pixel-spacing MM if that is right."
            )
        )


def _round_picture(recording: Pullback, header: Dataset) -> tuple[float, float, float] | None:
    """The circle of the picture in an export, to which a stated spacing must belong; files of IVOCT are the picture alone."""
    if "Coherence" in UID(str(header.get("SOPClassUID") or "")).name:
        return None
    indices = sample_indices(recording.frame_count, _SAMPLES)
    frames = [luma(next(iter(recording.read(index, index + 1)))) for index in indices]
    return field_of_view(frames, recording.stated_aspect)


def _plane_positions(header: Dataset, frame_count: int) -> list[float] | None:
    """Positions (mm) of the frames of one file along their normal; ``None`` where it does not state them all, or states one."""
    normal = np.array(_orientation(header)).reshape(2, 3)
    normal = np.cross(normal[0], normal[1])
    places = [functional_group(header, "PlanePositionSequence", frame) for frame in range(frame_count)]
    if not all(place is not None and place.get("ImagePositionPatient") for place in places):
        return None
    positions = [float(np.dot(normal, np.array(place.ImagePositionPatient, float))) for place in places]
    return positions if np.ptp(positions) > 0 else None


def _orientation(header: Dataset) -> tuple[float, ...]:
    item = functional_group(header, "PlaneOrientationSequence", 0) or header
    stated = item.get("ImageOrientationPatient")
    return tuple(float(value) for value in stated) if stated and len(stated) == 6 else (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)


def _place(header: Dataset, positions: Sequence[float] | None) -> tuple[Sequence[float], Sequence[float]]:
    """Origin (LPS mm) and direction in SimpleITK's order, from frame 0; the frame axis points the way that the positions run."""
    item = functional_group(header, "PlanePositionSequence", 0) or header
    stated = item.get("ImagePositionPatient")
    if not stated or len(stated) != 3 or is_polar(header) or not are_axes(_orientation(header)):
        return NO_PLACE, IDENTITY
    column_axis, row_axis = np.array(_orientation(header)).reshape(2, 3)
    frame_axis = np.cross(column_axis, row_axis)
    if positions is not None and positions[-1] < positions[0]:
        frame_axis = -frame_axis
    axes = np.stack([column_axis, row_axis, frame_axis], axis=1)
    return np.array(stated, float), axes.ravel()
