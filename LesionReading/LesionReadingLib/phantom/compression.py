"""Writing a DICOM file again in a compressed transfer syntax, for phantoms and tests of readers."""

from __future__ import annotations

import io
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pydicom
from PIL import Image
from pydicom.encaps import encapsulate
from pydicom.uid import JPEG2000Lossless, JPEGBaseline8Bit, JPEGLSLossless, RLELossless

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

SYNTAXES = ("rle", "jpeg-2000", "jpeg-ls", "jpeg-lossless", "jpeg")
_PYDICOM_ENCODES = {"rle": RLELossless, "jpeg-2000": JPEG2000Lossless, "jpeg-ls": JPEGLSLossless}


def compress(source: Path, target: Path, syntax: str) -> None:
    """Write ``source`` again, compressed in one of ``SYNTAXES``; all are lossless but ``"jpeg"`` (baseline, 8 bits)."""
    data = pydicom.dcmread(source)
    if syntax in _PYDICOM_ENCODES:
        data.compress(_PYDICOM_ENCODES[syntax], generate_instance_uid=False)
    elif syntax == "jpeg":
        _compress_jpeg(data)
    else:
        _compress_jpeg_lossless(data)
    data.save_as(target, enforce_file_format=True)


def _compress_jpeg(data: Dataset) -> None:
    frames = data.pixel_array if int(data.get("NumberOfFrames", 1)) > 1 else data.pixel_array[None]
    data.PixelData = encapsulate([_jpeg(frame) for frame in frames])
    data["PixelData"].is_undefined_length = True
    data.file_meta.TransferSyntaxUID = JPEGBaseline8Bit
    if data.SamplesPerPixel == 3:
        data.PhotometricInterpretation = "YBR_FULL_422"


def _compress_jpeg_lossless(data: Dataset) -> None:
    """JPEG lossless, first-order prediction (1.2.840.10008.1.2.4.70), encoded by SimpleITK: pydicom has no encoder for it."""
    import SimpleITK

    frames = data.pixel_array if int(data.get("NumberOfFrames", 1)) > 1 else data.pixel_array[None]
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "pixels.dcm"
        writer = SimpleITK.ImageFileWriter()
        writer.SetFileName(str(path))
        writer.UseCompressionOn()
        writer.SetCompressor("JPEG")
        words = frames.view(f"u{frames.itemsize}")  # JPEG knows no sign
        writer.Execute(SimpleITK.GetImageFromArray(words, isVector=data.SamplesPerPixel > 1))
        encoded = pydicom.dcmread(path)
    data.file_meta.TransferSyntaxUID = encoded.file_meta.TransferSyntaxUID
    data.PixelData = encoded.PixelData
    data["PixelData"].is_undefined_length = True


def _jpeg(frame: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(frame).save(buffer, format="JPEG", quality=92)
    return buffer.getvalue()
