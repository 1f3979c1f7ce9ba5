"""Compressed DICOM pixels decoded by SimpleITK, which Slicer brings along: a plugin for pydicom's decoders.

The package python-gdcm could do it as well, but a damaged JPEG frame ends the process in it, and inside Slicer on Linux it binds to
the symbols of Slicer's own GDCM: Slicer then crashes when it is closed.
"""

from __future__ import annotations

import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.pixels.decoders import (
    JPEG2000Decoder,
    JPEG2000LosslessDecoder,
    JPEGBaseline8BitDecoder,
    JPEGExtended12BitDecoder,
    JPEGLosslessDecoder,
    JPEGLosslessSV1Decoder,
    JPEGLSLosslessDecoder,
    JPEGLSNearLosslessDecoder,
)
from pydicom.pixels.decoders.base import DecodeRunner
from pydicom.uid import JPEG2000TransferSyntaxes, SecondaryCaptureImageStorage, generate_uid

_NAME = "SimpleITK"
_DECODERS = (
    JPEGExtended12BitDecoder,
    JPEGLosslessDecoder,
    JPEGLosslessSV1Decoder,
    JPEGLSLosslessDecoder,
    JPEGLSNearLosslessDecoder,
    JPEG2000LosslessDecoder,
    JPEG2000Decoder,
)
DECODER_DEPENDENCIES = {decoder.UID: (_NAME,) for decoder in _DECODERS}
"""As pydicom asks of a plugin: transfer syntax -> the packages that it needs."""


def is_available(uid: str) -> bool:
    """Whether a transfer syntax is decoded here, as pydicom asks it of a plugin."""
    return uid in DECODER_DEPENDENCIES


@cache
def add_to_pydicom() -> None:
    """Let pydicom's decoders fall back on SimpleITK where nothing else decodes a transfer syntax, and never use python-gdcm."""
    for decoder in _DECODERS:
        decoder.add_plugin(_NAME, (__name__, "decoded_frame"))
    for decoder in (JPEGBaseline8BitDecoder, *_DECODERS):
        with suppress(ValueError):  # it has no such plugin
            decoder.remove_plugin("gdcm")


def decoded_frame(coded: bytes, runner: DecodeRunner) -> bytes:
    """The pixels of one coded frame, colour by pixel.

    SimpleITK reads files only, so the frame goes into a file of its own. That says neither a rescaling nor a kind of colour:
    the values come as they are stored.

    Raises:
        RuntimeError: the frame is damaged.
    """
    import SimpleITK

    with tempfile.TemporaryDirectory(prefix="LesionReading-frame-") as folder:
        file = Path(folder) / "frame.dcm"
        _file_of(coded, runner).save_as(file, enforce_file_format=True)
        pixels = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(file)))
    runner.set_option("planar_configuration", 0)
    runner.set_option("bits_allocated", 8 * pixels.itemsize)
    if runner.transfer_syntax in JPEG2000TransferSyntaxes and runner.samples_per_pixel > 1:
        runner.set_option("photometric_interpretation", "RGB")  # its colour transform is part of the code
    return np.ascontiguousarray(pixels).tobytes()


def _file_of(coded: bytes, runner: DecodeRunner) -> Dataset:
    file = Dataset()
    file.file_meta = FileMetaDataset()
    file.file_meta.TransferSyntaxUID = runner.transfer_syntax
    file.SOPClassUID = file.file_meta.MediaStorageSOPClassUID = SecondaryCaptureImageStorage
    file.SOPInstanceUID = file.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    file.Rows, file.Columns, file.SamplesPerPixel = runner.rows, runner.columns, runner.samples_per_pixel
    file.PhotometricInterpretation = "RGB" if runner.samples_per_pixel > 1 else "MONOCHROME2"
    if runner.samples_per_pixel > 1:
        file.PlanarConfiguration = 0
    file.BitsAllocated = runner.bits_allocated
    file.BitsStored, file.HighBit = runner.bits_stored, runner.bits_stored - 1
    file.PixelRepresentation = runner.pixel_representation
    file.PixelData = encapsulate([coded], has_bot=False)
    file["PixelData"].is_undefined_length = True
    return file
