"""The one door for pullbacks: whatever the file is, grey Cartesian frames with a spacing that tells where it came from."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from LesionReadingLib.errors import InputError
from LesionReadingLib.reading.inputs import InputFiles, input_files
from LesionReadingLib.spacing import TYPED, UNKNOWN, Spacing

from .pullback import Pullback, sample_indices

# A coronary OCT pixel is 0.004 to 0.02 mm and a frame step 0.05 to 0.5 mm; far beyond that the number is in another unit or wrong.
IN_PLANE_LIMITS_MM = (0.001, 0.2)
FRAME_LIMITS_MM = (0.005, 5.0)
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
    path = Path(path)
    check_typed(pixel_spacing_mm, frame_spacing_mm, calibration)
    try:
        recording = _open_recording(path, pixel_spacing_mm, frame_spacing_mm)
    except PermissionError as error:
        raise InputError(f"{path} cannot be read (permission denied); ask for access or copy it.") from error
    return _finished(recording, _final_spacing(recording.spacing, pixel_spacing_mm, frame_spacing_mm, calibration))


def open_dicom(paths: Sequence[Path]) -> Pullback:
    """Open the one pullback that these DICOM files hold, wherever they lie: a DICOM database lists the files of a series.

    Raises:
        InputError: as ``open_pullback``.
    """
    headers = _dicom_headers([Path(path) for path in paths])
    if not headers:
        raise InputError("None of the chosen files is DICOM; choose the files of the pullback.")
    recording = _open_dicom(headers, None, None)
    return _finished(recording, _final_spacing(recording.spacing, None, None, 1.0))


def _finished(recording: Pullback, spacing: Spacing) -> Pullback:
    """The recording with its final spacing, frames without overlays."""
    read, notes = _without_overlays(recording)
    return replace(recording, spacing=spacing, read=read, clean=True, notes=recording.notes + notes)


def _open_recording(path: Path, pixel_spacing_mm: float | None, frame_spacing_mm: float | None) -> Pullback:
    files = input_files(path)
    recording = _recording_of(files, pixel_spacing_mm, frame_spacing_mm)
    return replace(recording, notes=files.notes + recording.notes)


def _recording_of(files: InputFiles, pixel_spacing_mm: float | None, frame_spacing_mm: float | None) -> Pullback:
    from .image_pullback import picture_recording, volume_recording

    path = files.named
    headers = _dicom_headers(list(files.others))
    if headers:
        return _open_dicom(headers, pixel_spacing_mm, frame_spacing_mm)
    if len(files.volumes) + bool(files.pictures) > 1:
        listed = ", ".join(file.name for file in files.volumes[:6])
        listed += f" and {len(files.pictures)} pictures" if files.pictures else ""
        raise InputError(f"The folder {path} holds more than one pullback: {listed}; name one file.")
    if files.volumes:
        return volume_recording(files.volumes[0])
    if files.pictures:
        return picture_recording(files.pictures)
    if not files.is_folder:
        raise InputError(
            f"{path.name} is not DICOM, NRRD, NIfTI, MetaImage, PNG or TIFF; choose the file or folder of the pullback."
        )
    if files.is_empty:
        raise InputError(f"The folder {path} is empty; choose the folder with the pullback.")
    if files.deeper:
        raise InputError(f"The folder {path} holds images only in folders below it ({files.folders_below}); name one of them.")
    raise InputError(f"The folder {path} holds no DICOM, NRRD, NIfTI, MetaImage, PNG or TIFF; choose the folder with the pullback.")


def _dicom_headers(paths: list[Path]) -> list:
    from LesionReadingLib.dicom import read_header

    headers = ((path, read_header(path)) for path in paths)
    return [(path, header) for path, header in headers if header is not None]


def _open_dicom(headers: list, pixel_spacing_mm: float | None, frame_spacing_mm: float | None) -> Pullback:
    from .dicom_pullback import Typed, dicom_recording

    return dicom_recording(headers, Typed(pixel_spacing_mm, frame_spacing_mm))


def _without_overlays(recording: Pullback) -> tuple[Callable[[int, int], Iterator[np.ndarray]], tuple[str, ...]]:
    if recording.clean:
        return recording.read, ()
    from .overlays import find_overlays, grey_without_overlays

    indices = sample_indices(recording.frame_count, _OVERLAY_SAMPLES)
    overlays = find_overlays([next(iter(recording.read(index, index + 1))) for index in indices])

    def read(first: int, stop: int) -> Iterator[np.ndarray]:
        return (grey_without_overlays(frame, overlays) for frame in recording.read(first, stop))

    return read, overlays.notes


def check_typed(pixel_spacing_mm: float | None, frame_spacing_mm: float | None, calibration: float = 1.0) -> None:
    """Refuse typed numbers (mm; calibration without unit) that coronary OCT cannot have.

    Raises:
        InputError: a number is outside its limits or not a number.
    """
    if pixel_spacing_mm is not None and not _within(pixel_spacing_mm, IN_PLANE_LIMITS_MM):
        raise InputError(
            f"The typed pixel spacing {pixel_spacing_mm} mm is not between {IN_PLANE_LIMITS_MM[0]} and {IN_PLANE_LIMITS_MM[1]} mm; "
            "type millimetres per pixel, for example --pixel-spacing 0.0067."
        )
    if frame_spacing_mm is not None and not _within(frame_spacing_mm, FRAME_LIMITS_MM):
        raise InputError(
            f"The typed frame spacing {frame_spacing_mm} mm is not between {FRAME_LIMITS_MM[0]} and {FRAME_LIMITS_MM[1]} mm; "
            "type millimetres between frames, for example --frame-spacing 0.2."
        )
    if not _within(calibration, CALIBRATION_LIMITS):
        raise InputError(
            f"The calibration factor {calibration} is not between {CALIBRATION_LIMITS[0]} and {CALIBRATION_LIMITS[1]}; "
            "give true size divided by measured size, for example 1.02."
        )


def _final_spacing(stated: Spacing, pixel_spacing_mm: float | None, frame_spacing_mm: float | None, calibration: float) -> Spacing:
    """Typed values first, then the file's, checked; then the calibration."""
    spacing = stated
    if pixel_spacing_mm is not None and not spacing.in_plane_source.startswith(TYPED):
        spacing = replace(spacing, row_mm=pixel_spacing_mm, column_mm=pixel_spacing_mm, in_plane_source=TYPED)
    if frame_spacing_mm is not None:
        spacing = replace(spacing, frame_mm=frame_spacing_mm, frame_source=TYPED)
    for value in (spacing.row_mm, spacing.column_mm):
        if value is not None and not _within(value, IN_PLANE_LIMITS_MM):
            raise InputError(
                f"The pixel spacing {value:.6g} mm ({spacing.in_plane_source}) cannot be right, as OCT pixels are "
                f"{IN_PLANE_LIMITS_MM[0]} to {IN_PLANE_LIMITS_MM[1]} mm; type the right one, for example --pixel-spacing 0.0067."
            )
    if spacing.frame_mm is not None and not _within(spacing.frame_mm, FRAME_LIMITS_MM):
        raise InputError(
            f"The frame spacing {spacing.frame_mm:.6g} mm ({spacing.frame_source}) cannot be right, as OCT frames lie "
            f"{FRAME_LIMITS_MM[0]} to {FRAME_LIMITS_MM[1]} mm apart; type the right one, for example --frame-spacing 0.2."
        )
    if calibration == 1.0:
        return spacing
    if not spacing.in_plane_known or spacing.in_plane_source == UNKNOWN:
        raise InputError(
            "A calibration factor needs a pixel spacing to correct, and the input states none; type one with --pixel-spacing MM."
        )
    return replace(
        spacing,
        row_mm=spacing.row_mm * calibration,
        column_mm=spacing.column_mm * calibration,
        in_plane_source=f"{spacing.in_plane_source}, multiplied by the calibration factor {calibration:g}",
    )


def _within(value: float, limits: tuple[float, float]) -> bool:
    return math.isfinite(value) and limits[0] <= value <= limits[1]
