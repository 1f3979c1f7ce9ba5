"""A pullback from DICOM: one multi-frame file, or a folder of files; Cartesian, or A-lines that are scan-converted here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
from LesionReadingLib.dicom import DicomImage, functional_group, open_image, stored_frames
from LesionReadingLib.errors import InputError
from LesionReadingLib.grey import grey_of
from LesionReadingLib.spacing import TYPED, UNKNOWN, Spacing
from pydicom.dataset import Dataset
from pydicom.uid import (
    UID,
    IntravascularOpticalCoherenceTomographyImageStorageForProcessing,
    MediaStorageDirectoryStorage,
)

from .dicom_series import DicomSeries, in_order
from .dicom_spacing import a_line_candidates, disagreement, frame_candidates, in_plane_candidates
from .polar import PolarFrame, picture_size, scan_convert, scan_matrix
from .pullback import IDENTITY, Pullback, sample_indices

# What an OCT pullback is stored as: its own modality, the older "OCT", and what exports make of it (ultrasound, secondary capture).
MODALITIES = ("IVOCT", "OCT", "IVUS", "US", "OT", "SC")
_MODALITY_NAMES = {
    "CT": "computed tomography",
    "MR": "magnetic resonance",
    "XA": "X-ray angiography",
    "DX": "radiography",
    "CR": "radiography",
    "MG": "mammography",
    "NM": "nuclear medicine",
    "PT": "positron emission tomography",
    "OPT": "ophthalmic tomography",
    "SEG": "a segmentation",
    "SR": "a structured report",
    "ECG": "an electrocardiogram",
}
_SAMPLES = 5
_SHORTEST_A_LINE = 8  # depth samples


@dataclass(frozen=True)
class Typed:
    """What the person typed and what therefore need not be found in the file (mm; ``None`` where not typed)."""

    pixel_spacing_mm: float | None = None
    frame_spacing_mm: float | None = None


def dicom_recording(files: Sequence[tuple[Path, Dataset]], typed: Typed) -> Pullback:
    """The one pullback that these DICOM files hold.

    Args:
        files: paths with their headers (``read_header``), of one file or of a whole folder.
        typed: spacing that takes precedence over the files'.

    Raises:
        InputError: no pullback, more than one, another modality, or pixels that cannot be read.
    """
    files = [(path, header) for path, header in files if header.get("SOPClassUID") != MediaStorageDirectoryStorage]
    with_pixels = [(path, header) for path, header in files if "Rows" in header]
    for path, header in with_pixels or files:
        check_modality(header, path.name)
    if not with_pixels:
        name = files[0][0].name if files else "The folder"
        raise InputError(f"{name} holds no pixels (no image in the DICOM data); choose the file with the images.")
    series = in_order(with_pixels)
    images = [open_image(path) for path in series.paths]
    _require_one_size(images)
    first = images[0]
    read, grey_note = _grey_or_rgb(images)
    frame_count = sum(image.frame_count for image in images)
    recording = Pullback(
        frame_count=frame_count,
        rows=first.rows,
        columns=first.columns,
        spacing=Spacing(None, None, None),
        read=read,
        notes=series.notes + ((grey_note,) if grey_note else ()),
        details=_details(first),
    )
    recording = _in_mm(recording, first.header, series, typed)
    if first.header.get("SOPClassUID") == IntravascularOpticalCoherenceTomographyImageStorageForProcessing:
        recording = _scan_converted(recording, first.header, typed)
    return _without_standstill(recording, first.header, typed)


def check_modality(header: Dataset, name: str) -> None:
    """Raise InputError for DICOM of anything that cannot be an OCT pullback."""
    modality = str(header.get("Modality") or "").strip()
    sop_class = UID(str(header.get("SOPClassUID") or ""))
    if not modality and any(word in sop_class.name for word in ("Coherence", "Ultrasound", "Secondary Capture")):
        return
    if modality not in MODALITIES:
        kind = f"{modality} ({_MODALITY_NAMES[modality]})" if modality in _MODALITY_NAMES else modality or "an unstated modality"
        raise InputError(
            f"{name} is DICOM of {kind}, not an OCT pullback (accepted modalities: {', '.join(MODALITIES)}); choose the OCT files."
        )


def _require_one_size(images: Sequence[DicomImage]) -> None:
    for image in images[1:]:
        if (image.rows, image.columns) != (images[0].rows, images[0].columns):
            raise InputError(
                f"The frames differ in size: {images[0].path.name} has {images[0].rows} x {images[0].columns} pixels, "
                f"{image.path.name} has {image.rows} x {image.columns}; keep only the files of one pullback in the folder."
            )


def _grey_or_rgb(images: Sequence[DicomImage]):
    """A reader of uint8 frames over one or many files, and a sentence about the grey range."""
    starts = np.concatenate([[0], np.cumsum([image.frame_count for image in images])])

    def stored(first: int, stop: int) -> Iterator[np.ndarray]:
        for image, start in zip(images, starts, strict=False):
            begin, end = max(first - start, 0), min(stop - start, image.frame_count)
            if begin < end:
                yield from stored_frames(image, int(begin), int(end))

    samples = [next(stored(index, index + 1)) for index in sample_indices(int(starts[-1]), _SAMPLES)]
    if samples[0].ndim == 3:
        return stored, None
    grey, note = grey_of(images[0].header, samples)

    def read(first: int, stop: int) -> Iterator[np.ndarray]:
        return (grey(frame) for frame in stored(first, stop))

    return read, note


def _in_mm(recording: Pullback, header: Dataset, series: DicomSeries, typed: Typed) -> Pullback:
    """The recording with what the file states about spacing and place; A-lines get the spacing of their picture later."""
    row_mm = column_mm = frame_mm = None
    in_plane_source = frame_source = UNKNOWN
    notes = []
    if typed.pixel_spacing_mm is None and "Rows" in header and not _is_polar(header):
        candidates = in_plane_candidates(header)
        if candidates:
            row_mm, column_mm, in_plane_source = candidates[0].row_mm, candidates[0].column_mm, candidates[0].source
            notes.append(disagreement(candidates))
    positions = series.positions_mm if len(series.paths) > 1 else _plane_positions(header, recording.frame_count)
    if typed.frame_spacing_mm is None:
        candidates = frame_candidates(header, recording.frame_count, positions)
        if candidates:
            frame_mm, frame_source = candidates[0].frame_mm, candidates[0].source
            notes.append(disagreement(candidates))
    origin_mm, direction = _place(header, positions)
    return replace(
        recording,
        spacing=Spacing(row_mm, column_mm, frame_mm, in_plane_source, frame_source),
        origin_mm=origin_mm,
        direction=direction,
        notes=recording.notes + tuple(note for note in notes if note),
    )


def _is_polar(header: Dataset) -> bool:
    return header.get("SOPClassUID") == IntravascularOpticalCoherenceTomographyImageStorageForProcessing


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


def _place(header: Dataset, positions: Sequence[float] | None) -> tuple[tuple[float, float, float], tuple[float, ...]]:
    """Origin (LPS mm) and direction in SimpleITK's order, from frame 0; the frame axis points the way that the positions run."""
    item = functional_group(header, "PlanePositionSequence", 0) or header
    stated = item.get("ImagePositionPatient")
    if not stated or len(stated) != 3 or _is_polar(header):
        return (0.0, 0.0, 0.0), IDENTITY
    column_axis, row_axis = np.array(_orientation(header)).reshape(2, 3)
    frame_axis = np.cross(column_axis, row_axis)
    if positions is not None and positions[-1] < positions[0]:
        frame_axis = -frame_axis
    axes = np.stack([column_axis, row_axis, frame_axis], axis=1)
    return tuple(float(value) for value in stated), tuple(float(value) for value in axes.ravel())


def _scan_converted(recording: Pullback, header: Dataset, typed: Typed) -> Pullback:
    """The recording as Cartesian pictures with isotropic spacing."""
    frames = [_polar_frame(header, index, recording) for index in range(recording.frame_count)]
    largest_z_offset = max(frame.z_offset for frame in frames)
    if recording.columns + largest_z_offset < _SHORTEST_A_LINE:
        raise InputError("The OCT Z Offset Correction (0052,0030) leaves nothing of the A-lines; export the pullback again.")
    side, samples_per_pixel = picture_size(recording.columns, largest_z_offset)
    spacing, notes = recording.spacing, []
    if typed.pixel_spacing_mm is not None:
        # The person knows the pixels of the file, which are depth samples; the picture's may be larger.
        pixel_mm = typed.pixel_spacing_mm * samples_per_pixel
        spacing = replace(spacing, row_mm=pixel_mm, column_mm=pixel_mm, in_plane_source=f"{TYPED}, per A-line sample")
    else:
        candidates, note = a_line_candidates(header)
        notes.append(note)
        if candidates:
            pixel_mm = candidates[0].frame_mm * samples_per_pixel
            spacing = replace(spacing, row_mm=pixel_mm, column_mm=pixel_mm, in_plane_source=candidates[0].source)
    for keyword, tag, assumed in (
        ("FirstALineLocation", "(0052,0034) First A-line Location", "the first A-line is shown at 12 o'clock"),
        ("CatheterDirectionOfRotation", "(0052,0031) Catheter Direction of Rotation", "clockwise is assumed"),
    ):
        if not _has_value(header, keyword):
            notes.append(
                f"The file does not state {tag}; {assumed}, which turns or mirrors the picture but changes no measurement."
            )

    # Most pullbacks have one geometry for all frames; those corrected frame by frame still repeat a few.
    matrix_of = lru_cache(maxsize=4)(lambda frame: scan_matrix(frame, side, samples_per_pixel))

    def read(first: int, stop: int) -> Iterator[np.ndarray]:
        for frame, polar in zip(frames[first:stop], recording.read(first, stop), strict=True):
            yield scan_convert(polar[: frame.a_lines], matrix_of(frame), side)

    details = {
        **recording.details,
        "scan conversion": f"{frames[0].a_lines} A-lines of {recording.columns} samples to {side} x {side} pixels",
    }
    return replace(
        recording,
        rows=side,
        columns=side,
        spacing=spacing,
        read=read,
        clean=True,
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
            f"Frame {index + 1} has {padded} padded A-lines (0052,0038) of {recording.rows}; export the pullback again."
        )
    z_offset = 0 if header.get("OCTZOffsetApplied") == "YES" else int(_stated(oct_content, header, "OCTZOffsetCorrection") or 0)
    clockwise = header.get("CatheterDirectionOfRotation") != "CC"
    first_angle_deg = float(header.get("FirstALineLocation") or 0)
    if _has_value(content, "SeamLineLocation") and _has_value(oct_content, "SeamLineIndex"):
        # PS3.17 EEE.2.3: the A-lines are turned so that the seam's A-line lies where the seam is displayed.
        turn = 360 * int(oct_content.SeamLineIndex) / a_lines
        first_angle_deg = float(content.SeamLineLocation) - (turn if clockwise else -turn)
    return PolarFrame(a_lines, recording.columns, z_offset, first_angle_deg % 360, clockwise)


def _stated(content: Dataset, header: Dataset, keyword: str):
    """A value of the frame's functional group, else of the data set itself, where some writers put it."""
    return content.get(keyword, header.get(keyword))


def _has_value(header: Dataset, keyword: str) -> bool:
    return keyword in header and header[keyword].value not in (None, "")


def _without_standstill(recording: Pullback, header: Dataset, typed: Typed) -> Pullback:
    """Leave out frames recorded before and after the motor pulled: they show one place many times (PS3.3 C.8.27.5.1)."""
    first = int(header.get("IVUSPullbackStartFrameNumber") or 1)
    last = int(header.get("IVUSPullbackStopFrameNumber") or recording.frame_count)
    if (first, last) == (1, recording.frame_count) or not 1 <= first < last <= recording.frame_count:
        return recording
    skipped = first - 1

    def read(begin: int, stop: int) -> Iterator[np.ndarray]:
        return recording.read(begin + skipped, stop + skipped)

    frame_axis = np.array(recording.direction).reshape(3, 3)[:, 2]
    origin = np.array(recording.origin_mm) + frame_axis * skipped * (typed.frame_spacing_mm or recording.spacing.frame_mm or 0)
    note = (
        f"Only frames {first} to {last} of {recording.frame_count} in the file are read "
        f"(frame 0 of this report is the file's frame {first}): "
        "the catheter stood still in the others by DICOM (0018,3103) and (0018,3104)."
    )
    return replace(
        recording,
        frame_count=last - skipped,
        read=read,
        origin_mm=tuple(float(value) for value in origin),
        notes=(*recording.notes, note),
    )


def _details(image: DicomImage) -> dict[str, str]:
    """Acquisition facts for the report; a fixed list of attributes, none of which identifies the patient."""
    header = image.header
    facts = {
        "format": f"DICOM, {UID(str(header.get('SOPClassUID') or 'unknown')).name}",
        "transfer syntax": image.transfer_syntax.name,
    }
    for label, keyword, unit in (
        ("modality", "Modality", ""),
        ("manufacturer", "Manufacturer", ""),
        ("model", "ManufacturerModelName", ""),
        ("photometric interpretation", "PhotometricInterpretation", ""),
        ("bits stored", "BitsStored", ""),
        ("acquisition", "IVUSAcquisition", ""),
        ("pullback rate", "IVUSPullbackRate", " mm/s"),
        ("rotation rate", "CatheterRotationalRate", " Hz"),
        ("A-line rate", "ALineRate", " Hz"),
        ("A-lines per frame", "ALinesPerFrame", ""),
        ("ranging depth in air", "RangingDepth", " mm"),
        ("effective refractive index", "EffectiveRefractiveIndex", ""),
    ):
        if _has_value(header, keyword):
            value = header[keyword].value
            facts[label] = f"{value:.4g}{unit}" if isinstance(value, float) and value < 1000 else f"{value}{unit}"
    return facts
