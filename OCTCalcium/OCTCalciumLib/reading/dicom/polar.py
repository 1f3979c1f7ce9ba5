"""A-lines of an IVOCT for processing made into pictures, frame by frame, with the geometry that the header states."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache

import numpy as np
from LesionReadingLib.errors import InputError
from LesionReadingLib.geometry.spacing import PER_SAMPLE, TYPED
from LesionReadingLib.language import N_, _
from LesionReadingLib.reading.dicom.files import functional_group
from pydicom.dataset import Dataset
from pydicom.uid import IntravascularOpticalCoherenceTomographyImageStorageForProcessing

from ..polar import PolarFrame, picture_size, scan_convert, scan_matrix
from ..pullback import Pullback
from ..spacing_rule import is_default_mm, unknown_because
from .spacing import a_line_candidates

_SHORTEST_A_LINE = 8  # depth samples


def is_polar(header: Dataset) -> bool:
    """Whether the rows of the image are A-lines."""
    return header.get("SOPClassUID") == IntravascularOpticalCoherenceTomographyImageStorageForProcessing


def scan_converted(recording: Pullback, header: Dataset, typed_pixel_mm: float | None) -> Pullback:
    """The recording as Cartesian pictures with isotropic spacing."""
    frames = [_polar_frame(header, index, recording) for index in range(recording.frame_count)]
    largest_z_offset = max(frame.z_offset for frame in frames)
    if recording.columns + largest_z_offset < _SHORTEST_A_LINE:
        raise InputError(_("The OCT Z Offset Correction (0052,0030) leaves nothing of the A-lines; export the pullback again."))
    side, samples_per_pixel = picture_size(recording.columns, largest_z_offset)
    spacing, notes = recording.spacing, []
    if typed_pixel_mm is not None:
        # The person knows the pixels of the file, which are depth samples; the picture's may be larger.
        pixel_mm = typed_pixel_mm * samples_per_pixel
        spacing = replace(spacing, row_mm=pixel_mm, column_mm=pixel_mm, in_plane_source=f"{TYPED}, {PER_SAMPLE}")
    else:
        candidates, note = a_line_candidates(header)
        notes.append(note)
        if candidates and is_default_mm(candidates[0].frame_mm):
            reason = _("exactly 1 mm is stated ({source}), which programs write that know none").format(source=candidates[0].source)
            spacing = replace(spacing, in_plane_source=unknown_because(reason))
        elif candidates:
            pixel_mm = candidates[0].frame_mm * samples_per_pixel
            spacing = replace(spacing, row_mm=pixel_mm, column_mm=pixel_mm, in_plane_source=candidates[0].source)
    for keyword, tag, assumed in (
        ("FirstALineLocation", "(0052,0034) First A-line Location", _("the first A-line is shown at 12 o'clock")),
        ("CatheterDirectionOfRotation", "(0052,0031) Catheter Direction of Rotation", _("clockwise is assumed")),
    ):
        if not has_value(header, keyword):
            notes.append(
                _(
                    "The file does not state {tag}; {assumed}, which turns or mirrors the picture but changes no measurement."
                ).format(tag=tag, assumed=assumed)
            )

    # Most pullbacks have one geometry for all frames; those corrected frame by frame still repeat a few.
    matrix_of = lru_cache(maxsize=4)(lambda frame: scan_matrix(frame, side, samples_per_pixel))

    def read(first: int, stop: int) -> Iterator[np.ndarray]:
        for frame, polar in zip(frames[first:stop], recording.read(first, stop), strict=True):
            yield scan_convert(polar[: frame.a_lines], matrix_of(frame), side)

    details = {
        **recording.details,
        N_("scan conversion"): _("{a_lines} A-lines of {columns} samples to {side} x {side} pixels").format(
            a_lines=frames[0].a_lines, columns=recording.columns, side=side
        ),
    }
    return replace(
        recording,
        grid=replace(recording.grid, shape=(recording.frame_count, side, side), spacing=spacing),
        read=read,
        clean=True,
        source_frames=(),
        notes=recording.notes + tuple(note for note in notes if note),
        details=details,
    )


def _polar_frame(header: Dataset, index: int, recording: Pullback) -> PolarFrame:
    """Geometry of one frame of A-lines (PS3.3 C.8.27.4, C.8.27.5, C.8.27.6.2, C.8.27.6.3)."""
    oct_content = functional_group(header, "IntravascularOCTFrameContentSequence", index) or Dataset()
    content = functional_group(header, "IntravascularFrameContentSequence", index) or Dataset()
    padded = int(_stated(oct_content, header, "NumberOfPaddedALines") or 0)
    a_lines = recording.rows - padded
    if a_lines < 2 or padded < 0:
        raise InputError(
            _("Frame {value} has {padded} padded A-lines (0052,0038) of {rows}; export the pullback again.").format(
                value=index + 1, padded=padded, rows=recording.rows
            )
        )
    z_offset = 0 if header.get("OCTZOffsetApplied") == "YES" else int(_stated(oct_content, header, "OCTZOffsetCorrection") or 0)
    clockwise = header.get("CatheterDirectionOfRotation") != "CC"
    first_angle_deg = float(header.get("FirstALineLocation") or 0)
    if has_value(content, "SeamLineLocation") and has_value(oct_content, "SeamLineIndex"):
        # PS3.17 EEE.2.3: the A-lines are turned so that the seam's A-line lies where the seam is displayed.
        turn = 360 * int(oct_content.SeamLineIndex) / a_lines
        first_angle_deg = float(content.SeamLineLocation) - (turn if clockwise else -turn)
    return PolarFrame(a_lines, recording.columns, z_offset, first_angle_deg % 360, clockwise)


def _stated(content: Dataset, header: Dataset, keyword: str):
    """A value of the frame's functional group, else of the data set itself, where some writers put it."""
    return content.get(keyword, header.get(keyword))


def has_value(header: Dataset, keyword: str) -> bool:
    return keyword in header and header[keyword].value not in (None, "")
