"""Reads pullbacks: whatever the file is, grey Cartesian frames with a spacing that tells where it came from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from LesionReadingLib.errors import InputError
from LesionReadingLib.geometry.spacing import CALIBRATED, TYPED, Spacing
from LesionReadingLib.language import N_, _
from LesionReadingLib.reading.opening import Readers, Refusals, dicom_headers, open_input

from .cautions import FRAME_SPACING_UNUSUAL, PIXELS_NOT_SQUARE, Caution
from .pullback import Pullback, sample_indices
from .spacing_rule import (
    FRAME_LIMITS_MM,
    IN_PLANE_LIMITS_MM,
    USUAL_FRAME_LIMITS_MM,
    Typed,
    checked_spacing,
    typical_frame_distance,
    unknown_notes,
    within,
)

CALIBRATION_LIMITS = (0.5, 2.0)
_OVERLAY_SAMPLES = 12


def open_pullback(
    path: Path,
    pixel_spacing_mm: float | None = None,
    frame_spacing_mm: float | None = None,
    calibration: float = 1.0,
) -> Pullback:
    """Open a pullback from a DICOM file or folder, a folder of pictures, or an NRRD, NIfTI or MetaImage file.

    Args:
        path: the file or folder.
        pixel_spacing_mm: mm per pixel, typed by the person; takes precedence over the file's.
        frame_spacing_mm: mm between frames, typed by the person; takes precedence over the file's.
        calibration: factor on the in-plane spacing, from a measurement of the catheter or of a phantom.

    Raises:
        InputError: anything about the input or the numbers that makes it unusable, in one sentence.
    """
    check_typed(pixel_spacing_mm, frame_spacing_mm, calibration)
    recording = open_input(Path(path), _readers(Typed(pixel_spacing_mm, frame_spacing_mm)), _REFUSALS)
    return _finished(recording, _final_spacing(recording.spacing, pixel_spacing_mm, frame_spacing_mm, calibration))


def open_dicom(paths: Sequence[Path]) -> Pullback:
    """Open the one pullback that these DICOM files hold, wherever they lie: a DICOM database lists the files of a series.

    Raises:
        InputError: as ``open_pullback``.
    """
    from .dicom.pullback import dicom_recording

    headers = dicom_headers(map(Path, paths))
    if not headers:
        raise InputError(_("None of the chosen files is DICOM; choose the files of the pullback."))
    recording = dicom_recording(headers, Typed())
    return _finished(recording, _final_spacing(recording.spacing, None, None, 1.0))


def _finished(recording: Pullback, spacing: Spacing) -> Pullback:
    """The recording with its final spacing, frames without overlays."""
    recording = replace(
        recording,
        grid=recording.grid.with_spacing(spacing),
        notes=recording.notes + unknown_notes(spacing),
        cautions=recording.cautions + _spacing_cautions(spacing),
    )
    return recording if recording.clean else _without_overlays(recording)


def _spacing_cautions(spacing: Spacing) -> tuple[Caution, ...]:
    """A word on frames farther apart, or nearer, than those of pullbacks; not where the person typed so."""
    if spacing.frame_mm is None or spacing.frame_source.startswith(TYPED) or typical_frame_distance(spacing.frame_mm):
        return ()
    low, high = USUAL_FRAME_LIMITS_MM
    sentence = _(
        "The frames are stated to be {frame_mm:.3g} mm apart ({source}), while those of OCT "
        "pullbacks are {low:g} to {high:g} mm apart; check it before using lengths and volumes."
    ).format(frame_mm=spacing.frame_mm, source=spacing.frame_source, low=low, high=high)
    return (Caution(FRAME_SPACING_UNUSUAL, sentence),)


def _readers(typed: Typed) -> Readers[Pullback]:
    from .dicom.pullback import dicom_recording, siblings
    from .images import picture_recording, volume_recording

    return Readers(
        dicom_folder=lambda headers: dicom_recording(headers, typed),
        dicom_file=lambda path, header: dicom_recording(siblings(path, header), typed),
        volume=volume_recording,
        pictures=picture_recording,
    )


_REFUSALS = Refusals(
    several=N_("The folder {path} holds more than one pullback: {listed}; name one file."),
    no_image=N_("{file} is not DICOM, NRRD, NIfTI, MetaImage, PNG or TIFF; choose the file or folder of the pullback."),
    empty=N_("The folder {path} is empty; choose the folder with the pullback."),
    nothing=N_("The folder {path} holds no DICOM, NRRD, NIfTI, MetaImage, PNG or TIFF; choose the folder with the pullback."),
)


def _without_overlays(recording: Pullback) -> Pullback:
    from .display.overlays import find_overlays, grey_without_overlays

    indices = sample_indices(recording.frame_count, _OVERLAY_SAMPLES)
    samples = [next(iter(recording.read(index, index + 1))) for index in indices]
    recording = _with_its_shape(recording, samples)
    overlays = find_overlays(samples, recording.pixel_aspect)

    def read(first: int, stop: int) -> Iterator[np.ndarray]:
        return (grey_without_overlays(frame, overlays) for frame in recording.read(first, stop))

    return replace(recording, read=read, clean=True, notes=recording.notes + overlays.notes)


def _with_its_shape(recording: Pullback, samples: Sequence[np.ndarray]) -> Pullback:
    """The recording with the aspect of its pixels where only the outline of the picture tells it.

    Raises:
        InputError: frames of several pictures.
    """
    from .display.field_of_view import aspect_of_round_picture
    from .display.luma import luma
    from .display.pictures import pictures_beside_each_other

    lumas = [luma(sample) for sample in samples]
    count = pictures_beside_each_other(lumas, recording.pixel_aspect)
    if count > 1:
        raise InputError(
            _(
                "Each frame shows {count} round pictures beside each other, of several pullbacks or views; "
                "export one pullback alone, or cut the frames to one picture each."
            ).format(count=count)
        )
    shown = aspect_of_round_picture(lumas) if recording.pixel_aspect == 1 else None
    if shown is None:
        return recording
    sentence = (
        _(
            "The round picture is {ratio:.2f} times as wide as high: its pixels are not square, and no spacing says so. Angles, "
            "lengths and areas are distorted; export it with square pixels or with its spacing."
        )
        if shown > 1
        else _(
            "The round picture is {ratio:.2f} times as high as wide: its pixels are not square, and no spacing says so. Angles, "
            "lengths and areas are distorted; export it with square pixels or with its spacing."
        )
    )
    sentence = sentence.format(ratio=max(shown, 1 / shown))
    return replace(recording, shown_aspect=shown, cautions=(*recording.cautions, Caution(PIXELS_NOT_SQUARE, sentence)))


def check_typed(pixel_spacing_mm: float | None, frame_spacing_mm: float | None, calibration: float = 1.0) -> None:
    """Refuse typed numbers (mm; calibration without unit) that coronary OCT cannot have.

    Raises:
        InputError: a number is outside its limits or not a number.
    """
    if pixel_spacing_mm is not None and not within(pixel_spacing_mm, IN_PLANE_LIMITS_MM):
        raise InputError(
            _(
                "The typed pixel spacing {pixel_spacing_mm} mm is not between {low} and "
                "{high} mm; type millimetres per pixel, for example --pixel-spacing 0.0067."
            ).format(
                pixel_spacing_mm=pixel_spacing_mm,
                low=IN_PLANE_LIMITS_MM[0],
                high=IN_PLANE_LIMITS_MM[1],
            )
        )
    if frame_spacing_mm is not None and not within(frame_spacing_mm, FRAME_LIMITS_MM):
        raise InputError(
            _(
                "The typed frame spacing {frame_spacing_mm} mm is not between {low} and "
                "{high} mm; type millimetres between frames, for example --frame-spacing 0.2."
            ).format(frame_spacing_mm=frame_spacing_mm, low=FRAME_LIMITS_MM[0], high=FRAME_LIMITS_MM[1])
        )
    if not within(calibration, CALIBRATION_LIMITS):
        raise InputError(
            _(
                "The calibration factor {calibration} is not between {low} and "
                "{high}; give true size divided by measured size, for example 1.02."
            ).format(calibration=calibration, low=CALIBRATION_LIMITS[0], high=CALIBRATION_LIMITS[1])
        )


def _final_spacing(stated: Spacing, pixel_spacing_mm: float | None, frame_spacing_mm: float | None, calibration: float) -> Spacing:
    """Typed values first, then the file's, checked; then the calibration."""
    spacing = stated
    if pixel_spacing_mm is not None and not spacing.in_plane_source.startswith(TYPED):
        spacing = replace(spacing, row_mm=pixel_spacing_mm, column_mm=pixel_spacing_mm, in_plane_source=TYPED)
    if frame_spacing_mm is not None:
        spacing = replace(spacing, frame_mm=frame_spacing_mm, frame_source=TYPED)
    spacing = checked_spacing(spacing, _("The pullback"))
    if calibration == 1.0:
        return spacing
    if not spacing.in_plane_known:
        raise InputError(
            _("A calibration factor needs a pixel spacing to correct, and the input states none; type one with --pixel-spacing MM.")
        )
    return replace(
        spacing,
        row_mm=spacing.row_mm * calibration,
        column_mm=spacing.column_mm * calibration,
        in_plane_source=f"{spacing.in_plane_source}, {CALIBRATED} {calibration:g}",
    )
