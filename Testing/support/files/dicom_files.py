"""Small real DICOM files for tests, written by pydicom alone."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from LesionReadingLib.reading.dicom.itk_decoder import add_to_pydicom
from pydicom import dcmread
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.pixels import get_decoder
from pydicom.uid import (
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    generate_uid,
)

FOR_PRESENTATION = "1.2.840.10008.5.1.4.1.1.14.1"
FOR_PROCESSING = "1.2.840.10008.5.1.4.1.1.14.2"
ULTRASOUND_MULTI_FRAME = "1.2.840.10008.5.1.4.1.1.3.1"
SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
SERIES = generate_uid()


def dicom(pixels: np.ndarray, syntax=ExplicitVRLittleEndian, **attributes) -> Dataset:
    """A data set with pixels (frames, rows, columns[, 3]) uint8 or uint16; ``attributes`` are set last (``None`` removes)."""
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = syntax
    data = Dataset()
    data.file_meta, data.preamble = meta, bytes(128)
    data.SOPClassUID = FOR_PRESENTATION
    data.SOPInstanceUID = generate_uid()
    data.SeriesInstanceUID = SERIES
    data.Modality = "IVOCT"
    data.PatientName = "Secret^Person"
    data.NumberOfFrames, data.Rows, data.Columns = pixels.shape[:3]
    data.SamplesPerPixel = pixels.shape[3] if pixels.ndim == 4 else 1
    data.PhotometricInterpretation = "RGB" if pixels.ndim == 4 else "MONOCHROME2"
    if pixels.ndim == 4:
        data.PlanarConfiguration = 0
    data.BitsAllocated = data.BitsStored = pixels.itemsize * 8
    data.HighBit = data.BitsStored - 1
    data.PixelRepresentation = int(np.issubdtype(pixels.dtype, np.signedinteger))
    stored = pixels.astype(pixels.dtype.newbyteorder(">" if syntax == ExplicitVRBigEndian else "<")).tobytes()
    data.PixelData = stored + bytes(len(stored) % 2)
    data["PixelData"].VR = "OW" if pixels.itemsize > 1 or syntax == ImplicitVRLittleEndian else "OB"
    for keyword, value in attributes.items():
        if value is None:
            data.pop(keyword, None)
        else:
            setattr(data, keyword, value)
    return data


def save(data: Dataset, path: Path) -> Path:
    data.file_meta.MediaStorageSOPClassUID = data.SOPClassUID
    data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID
    data.save_as(path, enforce_file_format=True)
    return path


def hide_all_decoders_but_slicers(monkeypatch) -> None:
    """Leave pydicom what decodes inside Slicer before anything is installed: itself and SimpleITK."""
    add_to_pydicom()
    for syntax in (JPEG2000Lossless, JPEGLSLossless, JPEGLosslessSV1):
        decoder = get_decoder(syntax)
        monkeypatch.setattr(decoder, "_available", {"SimpleITK": decoder._available["SimpleITK"]})


def edit(paths: Path | Iterable[Path], **attributes) -> None:
    """Change attributes of files on disk (``None`` removes)."""
    for path in [paths] if isinstance(paths, Path) else paths:
        data = dcmread(path)
        for keyword, value in attributes.items():
            if value is None:
                data.pop(keyword, None)
            else:
                setattr(data, keyword, value)
        data.save_as(path, enforce_file_format=True)


def item(**attributes) -> Dataset:
    """One item of a sequence."""
    made = Dataset()
    for keyword, value in attributes.items():
        setattr(made, keyword, value)
    return made


def pixel_measures(row_mm, column_mm) -> list[Dataset]:
    """A functional group with a pixel spacing."""
    return [item(PixelMeasuresSequence=[item(PixelSpacing=[row_mm, column_mm])])]


def noise(frames: int, rows: int = 40, columns: int = 64, seed: int = 1, dtype=np.uint8, samples: int | None = None) -> np.ndarray:
    shape = (frames, rows, columns) + ((samples,) if samples else ())
    return np.random.default_rng(seed).integers(0, np.iinfo(dtype).max, shape, endpoint=True).astype(dtype)
