"""Writes a head CT the way scanners and archives do: the varieties of series that a reader meets.

Objects follow DICOM PS3.3: A.3 (CT Image IOD), A.8 (Secondary Capture). Files carry a full identity
that is nobody's (``LesionReadingLib.phantom.identity``). Where the voxels lie is told by the ``Grid`` alone, so tilt, oblique
planes and mixed distances need no switch here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pydicom
from LesionReadingLib.geometry.grid import Grid, stacked_grid
from LesionReadingLib.phantom.identity import identify
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import (
    CTImageStorage,
    ExplicitVRLittleEndian,
    SecondaryCaptureImageStorage,
    generate_uid,
)

POSITIONS = ("HFS", "FFS", "HFP", "FFP")
_SCRAMBLE, _SCRAMBLED = 7919, 100003  # primes: file names that do not follow the order of the slices


@dataclass(frozen=True)
class Acquisition:
    """What a series says about patient, study and scan; nothing of it changes a voxel.

    Attributes:
        patient_id, birth_date: the identity ("YYYYMMDD", empty where not known).
        acquired: start of the scan.
        patient_position: DICOM (0018,5100), for example "HFS" head first, supine.
        image_type, description, kernel, body_part: as in DICOM; a soft kernel is that of the brain.
        contrast_agent: empty for a scan without contrast.
    """

    patient_id: str = "phantom-0"
    birth_date: str = "19500101"
    acquired: datetime = datetime(2024, 3, 1, 8, 30)
    series_number: int = 2
    description: str = "Head without contrast"
    image_type: tuple[str, ...] = ("ORIGINAL", "PRIMARY", "AXIAL")
    kernel: str = "H31s"
    body_part: str = "HEAD"
    patient_position: str = "HFS"
    contrast_agent: str = ""
    window: tuple[float, float] = (40, 80)


@dataclass(frozen=True)
class Storage:
    """How HU become stored numbers: HU = slope * stored + intercept.

    Attributes:
        signed, bits_stored: of the 16 allocated bits.
        padding: stored number of every pixel outside the scanner's circle, None where nothing is padded.
    """

    signed: bool = False
    bits_stored: int = 12
    slope: float = 1.0
    intercept: float = -1024.0
    padding: int | None = None


UNSIGNED_12_BITS = Storage()
SIGNED_PADDED = Storage(signed=True, bits_stored=16, padding=-2000)
SIGNED_HALF_STEPS = Storage(signed=True, bits_stored=16, slope=0.5, intercept=0.0)
STORAGES = {"unsigned": UNSIGNED_12_BITS, "signed_padded": SIGNED_PADDED, "signed_half_steps": SIGNED_HALF_STEPS}


def write_series(
    folder: Path,
    hounsfield: np.ndarray,
    grid: Grid,
    acquisition: Acquisition | None = None,
    storage: Storage | Sequence[Storage] = UNSIGNED_12_BITS,
) -> list[Path]:
    """Write one CT Image object per slice.

    Args:
        folder: made where it is not there; file names do not follow the order of the slices.
        hounsfield: (slices, rows, columns) in HU, clipped to what ``storage`` can hold.
        grid: where the slices lie, LPS in mm; instance numbers follow its order, from 1.
        storage: of all slices, or one for each.

    Returns:
        the files in the order of the slices.
    """
    acquisition = acquisition or Acquisition()
    storages = [storage] * grid.slice_count if isinstance(storage, Storage) else list(storage)
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for number, (pixels, position, extent) in enumerate(zip(hounsfield, grid.positions_mm, grid.extents_mm, strict=True)):
        path = folder / f"IM{acquisition.series_number:03d}{(number + 1) * _SCRAMBLE % _SCRAMBLED:05d}"
        data = new_file(path, CTImageStorage, acquisition, f"slice {number}")
        data.InstanceNumber, data.AcquisitionNumber = number + 1, 1
        data.ImagePositionPatient = decimals(position)
        data.ImageOrientationPatient = decimals([*grid.column_axis, *grid.row_axis])
        data.PixelSpacing = decimals([grid.row_mm, grid.column_mm])
        data.SliceThickness = decimal(extent)
        data.FrameOfReferenceUID, data.PositionReferenceIndicator = uid("frame of reference", acquisition), ""
        _add_scanner(data, acquisition)
        set_stored(data, pixels[None], storages[number])
        data.save_as(path, enforce_file_format=True)
        paths.append(path)
    return paths


def write_localizer(folder: Path, acquisition: Acquisition | None = None, size: int = 64) -> Path:
    """A scout: one projection of 250 mm from the side, as every study begins with."""
    acquisition = replace(
        acquisition or Acquisition(), series_number=1, description="Topogram", image_type=("ORIGINAL", "PRIMARY", "LOCALIZER")
    )
    pixel_mm = 250 / size
    corner = np.array([[0.0, -125.0, 125.0]])
    grid = stacked_grid((size, size), (pixel_mm, pixel_mm), np.array([0, 0, -1.0]), np.array([0, 1.0, 0]), corner, 1.0)
    return write_series(folder, np.linspace(-200, 200, size * size).reshape(1, size, size), grid, acquisition)[0]


def write_dose_page(path: Path, acquisition: Acquisition | None = None) -> Path:
    """A dose report as secondary capture: a picture of text, with the modality CT and no place in the patient."""
    acquisition = replace(
        acquisition or Acquisition(),
        series_number=999,
        description="Dose Report",
        image_type=("DERIVED", "SECONDARY", "SCREEN SAVE"),
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    data = new_file(path, SecondaryCaptureImageStorage, acquisition, "dose page")
    data.InstanceNumber, data.ConversionType = 1, "WSD"
    data.Rows, data.Columns, data.SamplesPerPixel, data.PhotometricInterpretation = 32, 32, 1, "MONOCHROME2"
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 8, 8, 7, 0
    data.PixelData = bytes(range(256)) * 4
    data.save_as(path, enforce_file_format=True)
    return path


def write_study(folder: Path, hounsfield: np.ndarray, grid: Grid, acquisition: Acquisition | None = None) -> list[Path]:
    """A whole study in one folder: scout, brain series, the same slices in a bone kernel, sagittal reformat and dose page.

    Returns:
        the files of the brain series, in the order of the slices.
    """
    acquisition = acquisition or Acquisition()
    write_localizer(folder, acquisition)
    brain = write_series(folder, hounsfield, grid, acquisition)
    bone = replace(acquisition, series_number=3, description="Head bone", kernel="H60s", window=(600, 3000))
    write_series(folder, hounsfield, grid, bone)
    sagittal = replace(
        acquisition, series_number=4, description="Sagittal reformat", image_type=("DERIVED", "SECONDARY", "REFORMATTED")
    )
    write_series(folder, *sagittal_slices(hounsfield, grid), sagittal)
    write_dose_page(folder / "DOSE", acquisition)
    return brain


def repeat_slice(path: Path, copy: Path, change_hu: int = 0) -> Path:
    """Write a slice again at the same place as another object, acquired later; ``change_hu`` is added to its pixels."""
    data = pydicom.dcmread(path)
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    data.InstanceNumber = int(data.InstanceNumber) + 500
    data.AcquisitionNumber = int(data.AcquisitionNumber) + 1
    data.RescaleIntercept = decimal(float(data.RescaleIntercept) + change_hu)
    data.save_as(copy, enforce_file_format=True)
    return copy


def in_position(hounsfield: np.ndarray, grid: Grid, position: str) -> tuple[np.ndarray, Grid]:
    """The same head in the same place of the patient, with rows and columns as the scanner's own axes have them.

    A scanner looks along its bore: lying the other way round (feet first) swaps left and right of the picture, prone turns it by
    half a turn. Only the order of the voxels changes, never what lies at an LPS point.

    Args:
        grid: of a head first, supine scan.
        position: one of ``POSITIONS``.
    """
    flip_columns, flip_rows = {"HFS": (0, 0), "FFS": (1, 0), "HFP": (1, 1), "FFP": (0, 1)}[position]
    positions = grid.positions_mm
    if flip_columns:
        hounsfield = hounsfield[:, :, ::-1]
        positions = positions + (grid.columns - 1) * grid.column_mm * grid.column_axis
    if flip_rows:
        hounsfield = hounsfield[:, ::-1]
        positions = positions + (grid.rows - 1) * grid.row_mm * grid.row_axis
    return hounsfield, replace(
        grid,
        origin_mm=positions[0],
        stated_positions_mm=positions,
        column_axis=-grid.column_axis if flip_columns else grid.column_axis,
        row_axis=-grid.row_axis if flip_rows else grid.row_axis,
    )


def sagittal_slices(hounsfield: np.ndarray, grid: Grid) -> tuple[np.ndarray, Grid]:
    """The voxels of evenly spaced, upright slices again, cut from side to side: (columns, slices, rows), top of the head first."""
    step_mm = float(np.linalg.norm(grid.step_mm))
    upwards = grid.step_mm / step_mm
    first = grid.positions_mm[-1] + np.arange(grid.columns)[:, None] * grid.column_mm * grid.column_axis
    turned = stacked_grid((grid.slice_count, grid.rows), (step_mm, grid.row_mm), -upwards, grid.row_axis, first, grid.column_mm)
    return hounsfield.transpose(2, 0, 1)[:, ::-1], turned


def new_file(path: Path, sop_class: str, acquisition: Acquisition, which: str) -> FileDataset:
    """A data set with the identity of patient, study and series, of a SOP class, that is saved to a path later."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = sop_class
    meta.MediaStorageSOPInstanceUID = uid(f"{which} of series {acquisition.series_number}", acquisition)
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data = FileDataset(str(path), {}, file_meta=meta, preamble=bytes(128))
    data.SOPClassUID, data.SOPInstanceUID = sop_class, meta.MediaStorageSOPInstanceUID
    data.StudyInstanceUID = uid("study", acquisition)
    data.SeriesInstanceUID = uid(f"series {acquisition.series_number}", acquisition)
    data.Modality, data.Manufacturer, data.ManufacturerModelName = "CT", "LesionReading", "head phantom"
    identify(data)
    data.PatientID, data.PatientBirthDate, data.PatientSex = acquisition.patient_id, acquisition.birth_date, ""
    data.StudyDate = data.SeriesDate = data.AcquisitionDate = f"{acquisition.acquired:%Y%m%d}"
    data.StudyTime = data.SeriesTime = data.AcquisitionTime = f"{acquisition.acquired:%H%M%S}"
    data.SeriesNumber, data.SeriesDescription = acquisition.series_number, acquisition.description
    data.ImageType = list(acquisition.image_type)
    return data


def _add_scanner(data: Dataset, acquisition: Acquisition) -> None:
    data.PatientPosition, data.BodyPartExamined = acquisition.patient_position, acquisition.body_part
    data.KVP, data.ConvolutionKernel = "120", acquisition.kernel
    data.WindowCenter, data.WindowWidth = (decimal(value) for value in acquisition.window)
    if acquisition.contrast_agent:
        data.ContrastBolusAgent = acquisition.contrast_agent


def set_stored(data: Dataset, hounsfield: np.ndarray, storage: Storage) -> None:
    """HU (frames, rows, columns) as native pixel data with what turns them back into HU."""
    levels = 1 << storage.bits_stored
    low = -levels // 2 if storage.signed else 0
    stored = np.clip(np.rint((hounsfield - storage.intercept) / storage.slope), low, low + levels - 1)
    if storage.padding is not None:
        stored[:, _outside_circle(*hounsfield.shape[1:])] = storage.padding
        data.PixelPaddingValue = storage.padding
    data.Rows, data.Columns = hounsfield.shape[1:]
    data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
    data.BitsAllocated, data.BitsStored, data.HighBit = 16, storage.bits_stored, storage.bits_stored - 1
    data.PixelRepresentation = int(storage.signed)
    if storage.padding is not None:
        data["PixelPaddingValue"].VR = "SS" if storage.signed else "US"
    data.RescaleIntercept, data.RescaleSlope, data.RescaleType = decimal(storage.intercept), decimal(storage.slope), "HU"
    data.PixelData = stored.astype("<i2" if storage.signed else "<u2").tobytes()
    data["PixelData"].VR = "OW"


def _outside_circle(rows: int, columns: int) -> np.ndarray:
    down, right = np.mgrid[:rows, :columns]
    return np.hypot((down - (rows - 1) / 2) / (rows / 2), (right - (columns - 1) / 2) / (columns / 2)) > 1


def uid(what: str, acquisition: Acquisition) -> str:
    """A UID for a thing of an acquisition, always the same for the same."""
    return generate_uid(entropy_srcs=[what, acquisition.patient_id, acquisition.acquired.isoformat(), acquisition.patient_position])


def decimal(value: float) -> str:
    """A decimal string of at most 16 characters (PS3.5 6.2)."""
    return pydicom.valuerep.format_number_as_ds(float(value))


def decimals(values: Sequence[float]) -> list[str]:
    """Numbers as decimal strings (DS)."""
    return [decimal(value) for value in values]
