"""A pullback from DICOM: one multi-frame file, or the files of a series; Cartesian, or A-lines that are scan-converted here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from LesionReadingLib.errors import InputError
from LesionReadingLib.geometry.grid import even_grid
from LesionReadingLib.geometry.spacing import Spacing
from LesionReadingLib.language import N_, _
from LesionReadingLib.reading.dicom.cleaning import notes_on_left_out
from LesionReadingLib.reading.dicom.files import DicomImage, open_image
from LesionReadingLib.reading.dicom.frames import stored_frames
from LesionReadingLib.reading.dicom.source_frame import SourceFrame
from LesionReadingLib.reading.grey import grey_of
from LesionReadingLib.text.identity import shown_identity
from pydicom.uid import UID, MediaStorageDirectoryStorage

from ..cautions import ULTRASOUND, Caution
from ..pullback import Pullback, sample_indices
from ..spacing_rule import Typed
from .place import in_mm
from .polar import has_value, is_polar, scan_converted
from .series import in_order

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

# What an OCT pullback is stored as: its own modality, the older "OCT", and what exports make of it (ultrasound, secondary capture).
MODALITIES = ("IVOCT", "OCT", "IVUS", "US", "OT", "SC")
_MODALITY_NAMES = {
    "CT": N_("computed tomography"),
    "MR": N_("magnetic resonance"),
    "XA": N_("X-ray angiography"),
    "DX": N_("radiography"),
    "CR": N_("radiography"),
    "MG": N_("mammography"),
    "NM": N_("nuclear medicine"),
    "PT": N_("positron emission tomography"),
    "OPT": N_("ophthalmic tomography"),
    "SEG": N_("a segmentation"),
    "SR": N_("a structured report"),
    "ECG": N_("an electrocardiogram"),
}
_COMPANIONS = ("SEG", "SR", "PR", "KO", "REG", "DOC")
"""What lies beside images in an archive, made from them: segmentations, reports, presentation states, key objects."""

_SAMPLES = 5


def dicom_recording(files: Sequence[tuple[Path, Dataset]], typed: Typed) -> Pullback:
    """The one pullback that these DICOM files hold.

    Args:
        files: paths with their headers (``read_header``), of one file or of a whole folder.
        typed: spacing that takes precedence over the files'.

    Raises:
        InputError: no pullback, more than one, another modality, or pixels that cannot be read.
    """
    files = [(path, header) for path, header in files if header.get("SOPClassUID") != MediaStorageDirectoryStorage]
    images_alone = [(path, header) for path, header in files if str(header.get("Modality") or "") not in _COMPANIONS]
    files, companions = (images_alone, len(files) - len(images_alone)) if images_alone else (files, 0)
    with_pixels = [(path, header) for path, header in files if "Rows" in header]
    for path, header in with_pixels or files:
        check_modality(header, path.name)
    if not with_pixels:
        name = files[0][0].name if files else _("The folder")
        raise InputError(
            _("{name} holds no pixels (no image in the DICOM data); choose the file with the images.").format(name=name)
        )
    series = in_order([open_image(path) for path, _ in with_pixels])
    images = series.images
    _require_one_size(images)
    first = images[0]
    read, grey_note = _grey_or_rgb(images)
    notes = [
        *series.notes,
        *notes_on_left_out(image.header for image in images),
        *_frame_count_notes(images),
        *([grey_note] if grey_note else []),
    ]
    if companions:
        notes.insert(
            0,
            _("{companions} file(s) beside the images (segmentations, reports and the like) were left out.").format(
                companions=companions
            ),
        )
    recording = Pullback(
        grid=even_grid((sum(image.frame_count for image in images), first.rows, first.columns), Spacing(None, None, None)),
        read=read,
        stated_aspect=_stated_aspect(first.header),
        notes=tuple(notes),
        cautions=_cautions(first.header),
        details=_details(first),
        files=tuple(image.path for image in images),
        source_frames=tuple(SourceFrame(image.path, number) for image in images for number in range(image.frame_count)),
    )
    recording = in_mm(recording, series, typed)
    if is_polar(first.header):
        recording = scan_converted(recording, first.header, typed.pixel_spacing_mm)
    return _without_standstill(recording, first.header, typed)


def siblings(path: Path, header: Dataset) -> list[tuple[Path, Dataset]]:
    """A one-frame file with the other one-frame files of its series and size in its folder; any other file alone."""
    from LesionReadingLib.reading.inputs import files_beside
    from LesionReadingLib.reading.opening import dicom_headers

    alone = [(path, header)]
    series = header.get("SeriesInstanceUID")
    if not series or "Rows" not in header or open_image(path).frame_count > 1:
        return alone
    same = [
        (other, found)
        for other, found in dicom_headers(files_beside(path))
        if found.get("SeriesInstanceUID") == series
        and (found.get("Rows"), found.get("Columns")) == (header.get("Rows"), header.get("Columns"))
        and open_image(other).frame_count == 1
    ]
    return alone + same


def check_modality(header: Dataset, name: str) -> None:
    """Raise InputError for DICOM of anything that cannot be an OCT pullback."""
    modality = str(header.get("Modality") or "").strip()
    sop_class = UID(str(header.get("SOPClassUID") or ""))
    if not modality and any(word in sop_class.name for word in ("Coherence", "Ultrasound", "Secondary Capture")):
        return
    if modality not in MODALITIES:
        known = f"{modality} ({_(_MODALITY_NAMES[modality])})" if modality in _MODALITY_NAMES else modality
        kind = known or _("an unstated modality")
        raise InputError(
            _("{name} is DICOM of {kind}, not an OCT pullback (accepted modalities: {listed}); choose the OCT files.").format(
                name=name, kind=kind, listed=", ".join(MODALITIES)
            )
        )


def _require_one_size(images: Sequence[DicomImage]) -> None:
    for image in images[1:]:
        if (image.rows, image.columns) != (images[0].rows, images[0].columns):
            raise InputError(
                _(
                    "The frames differ in size: {file} has {rows} x {columns} pixels, {file_2} has {rows_2} x "
                    "{columns_2}; keep only the files of one pullback in the folder."
                ).format(
                    file=images[0].path.name,
                    rows=images[0].rows,
                    columns=images[0].columns,
                    file_2=image.path.name,
                    rows_2=image.rows,
                    columns_2=image.columns,
                )
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


def _frame_count_notes(images: Sequence[DicomImage]) -> list[str]:
    """A sentence where a header states fewer frames than its pixels are."""
    stated = [int(image.header.get("NumberOfFrames") or 1) for image in images]
    more = [(count, image.frame_count) for count, image in zip(stated, images, strict=True) if image.frame_count > count]
    if not more:
        return []
    count, there = more[0]
    return [
        _("The header states {count} frame(s) by (0028,0008) Number of Frames but {there} are there; all {there} are read.").format(
            count=count, there=there
        )
    ]


def _stated_aspect(header: Dataset) -> float:
    """Height over width of a pixel by (0028,0034) Pixel Aspect Ratio, 1 where it is not stated or cannot be."""
    try:
        vertical, horizontal = (float(value) for value in header.get("PixelAspectRatio") or (1, 1))
    except (TypeError, ValueError):
        return 1.0
    return vertical / horizontal if vertical > 0 and horizontal > 0 and 0.25 <= vertical / horizontal <= 4 else 1.0


def _cautions(header: Dataset) -> tuple[Caution, ...]:
    if header.get("Modality") != "IVUS":
        return ()
    return (
        Caution(
            ULTRASOUND,
            _(
                "The file says that it is intravascular ultrasound (modality IVUS), and the model has only "
                "learnt optical coherence tomography: its contours mean nothing on ultrasound."
            ),
        ),
    )


def _without_standstill(recording: Pullback, header: Dataset, typed: Typed) -> Pullback:
    """Leave out frames recorded before and after the motor pulled: they show one place many times (PS3.3 C.8.27.5.1)."""
    first = int(header.get("IVUSPullbackStartFrameNumber") or 1)
    last = int(header.get("IVUSPullbackStopFrameNumber") or recording.frame_count)
    if (first, last) == (1, recording.frame_count) or not 1 <= first < last <= recording.frame_count:
        return recording
    skipped = first - 1

    def read(begin: int, stop: int) -> Iterator[np.ndarray]:
        return recording.read(begin + skipped, stop + skipped)

    grid = recording.grid
    origin = grid.origin_mm + grid.slice_axis * skipped * (typed.frame_spacing_mm or grid.spacing.frame_mm or 0)
    note = _(
        "Only frames {first} to {last} of {frame_count} in the file are read (frame 1 of this report is "
        "the file's frame {first}): the catheter stood still in the others by DICOM (0018,3103) and "
        "(0018,3104)."
    ).format(first=first, last=last, frame_count=recording.frame_count)
    return replace(
        recording,
        grid=replace(grid, shape=(last - skipped, *grid.shape[1:]), origin_mm=origin),
        read=read,
        source_frames=recording.source_frames[skipped:last],
        notes=(*recording.notes, note),
    )


def _details(image: DicomImage) -> dict[str, str]:
    """Acquisition facts for the report; a fixed list of attributes, none of which identifies the patient."""
    header = image.header
    facts = {
        N_("format"): f"DICOM, {UID(str(header.get('SOPClassUID') or 'unknown')).name}",
        N_("transfer syntax"): image.transfer_syntax.name,
    }
    for label, keyword, unit in (
        (N_("modality"), "Modality", ""),
        (N_("manufacturer"), "Manufacturer", ""),
        (N_("model"), "ManufacturerModelName", ""),
        (N_("photometric interpretation"), "PhotometricInterpretation", ""),
        (N_("bits stored"), "BitsStored", ""),
        (N_("acquisition"), "IVUSAcquisition", ""),
        (N_("pullback rate"), "IVUSPullbackRate", " mm/s"),
        (N_("rotation rate"), "CatheterRotationalRate", " Hz"),
        (N_("A-line rate"), "ALineRate", " Hz"),
        (N_("A-lines per frame"), "ALinesPerFrame", ""),
        (N_("ranging depth in air"), "RangingDepth", " mm"),
        (N_("effective refractive index"), "EffectiveRefractiveIndex", ""),
    ):
        if has_value(header, keyword):
            value = header[keyword].value
            facts[label] = f"{value:.4g}{unit}" if isinstance(value, float) and value < 1000 else f"{value}{unit}"
    return facts | shown_identity(header)
