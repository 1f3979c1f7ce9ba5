"""DICOM files opened once, so that frames can be decoded one by one and memory does not grow with their number.

Only the header is held. ``open_image`` finds where every frame lies in the file and checks that it lies there whole and can be
decoded; ``frames.stored_frames`` decodes any range of frames.
"""

from __future__ import annotations

import struct
import warnings
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import UID, ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from ...errors import InputError, is_out_of_memory
from ...language import _
from ..headers.stored_voxels import check_image_bytes
from .cleaning import clean, require_pixel_description, transfer_syntax
from .decoders import check_decodable
from .spans import encapsulated_spans, frame_size, native_spans
from .stored_bits import highest_bit
from .stream import byte_source, read_meta

_OF_ONE_VALUE, _OF_THREE_VALUES = ("MONOCHROME1", "MONOCHROME2", "PALETTE COLOR"), ("RGB", "YBR_")  # DICOM PS3.3 C.7.6.3.1.2
_PIXEL_KEYWORDS = {0x7FE00010: "PixelData", 0x7FE00008: "FloatPixelData", 0x7FE00009: "DoubleFloatPixelData"}
_PIXEL_VRS = ("OB", "OW", "OF", "OD", "UN")
_UNDEFINED_LENGTH = 0xFFFFFFFF


@dataclass(frozen=True)
class DicomImage:
    """One DICOM file with pixels, ready to be decoded.

    Attributes:
        path: the file.
        header: the data set without its pixels.
        transfer_syntax: as the file states it.
        frame_count, rows, columns: the size of the image; frames that are there, also where the header states fewer or none.
        spans: for each frame the byte ranges (offset, length) that hold it, in the stream of ``source``.
        source: opens the stream of bytes.
        options: what pydicom's decoder must know.
    """

    path: Path
    header: Dataset
    transfer_syntax: UID
    frame_count: int
    rows: int
    columns: int
    spans: tuple[tuple[tuple[int, int], ...], ...]
    source: Callable[[], AbstractContextManager[BinaryIO]]
    options: dict


def read_header(path: Path, tags: list[str] | None = None) -> Dataset | None:
    """Read the data set without its pixels (only ``tags`` where given); ``None`` where the file is not DICOM.

    Files without the 128-byte preamble are DICOM too where they hold an image or a SOP class. Values that are not as DICOM defines
    them are left out (``reading.dicom.cleaning``).

    Raises:
        PermissionError: the file may not be read.
        InputError: a transfer syntax that is none, or a deflated file that cannot or must not be unpacked.
    """
    with warnings.catch_warnings():
        # pydicom's warnings repeat values of the file, which may identify the patient.
        warnings.simplefilter("ignore")
        try:
            header, _rest = _parsed(path) if tags is None else _parse(path, tags)
            stated = bool(header.preamble) or "SOPClassUID" in header or ("Rows" in header and "Columns" in header)
            return header if stated else None
        except (PermissionError, InputError):
            raise
        except Exception as error:
            if is_out_of_memory(error):
                raise
            # pydicom interprets arbitrary bytes, and may fail in any way on a file that is not DICOM.
            return None


def _parsed(path: Path) -> tuple[Dataset, int]:
    """The data set of a file without its pixels, cleaned, and where they begin in its stream; not to be changed.

    Kept for the next who asks, as a scan's headers are asked for three times and take longer than its pixels.
    """
    about = path.stat()
    return _kept(path.absolute(), (about.st_ino, about.st_mtime_ns, about.st_size))


@lru_cache(maxsize=1024)  # about 50 MB
def _kept(path: Path, _changed: tuple[int, int, int]) -> tuple[Dataset, int]:
    return _parse(path, None)


def _parse(path: Path, tags: list[str] | None) -> tuple[Dataset, int]:
    with byte_source(path)() as stream:
        stream.seek(0)
        header = dcmread(stream, stop_before_pixels=True, specific_tags=tags, force=True)
        position = stream.tell()
        return clean(header), position


def open_image(path: Path) -> DicomImage:
    """Find the frames of a DICOM file and check that they can be decoded.

    Raises:
        InputError: no DICOM, no pixels, pixels cut off, or a transfer syntax that cannot be decoded here.
    """
    source = byte_source(path)
    with source() as stream, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            header, position = _parsed(path)
            stream.seek(position)
        except Exception as error:
            if is_out_of_memory(error):
                raise
            raise InputError(_("{file} cannot be read as DICOM; export it again.").format(file=path.name)) from error
        syntax = _transfer_syntax(header)
        keyword, vr, length = _pixel_element(stream, syntax, path)
        require_pixel_description(header, path.name)
        options = _decoder_options(header, keyword, vr, path)
        check_decodable(syntax, path.name)
        frame_count = _frame_count(header, path)
        check_image_bytes(path, frame_size(options) * (1 if not syntax.is_encapsulated else frame_count))
        if syntax.is_encapsulated != (length == _UNDEFINED_LENGTH):
            raise InputError(
                _("{file} states a transfer syntax ({name}) that its pixels do not have; export it again.").format(
                    file=path.name, name=syntax.name
                )
            )
        if syntax.is_encapsulated:
            spans = encapsulated_spans(stream, syntax, frame_count, path)
        else:
            spans = native_spans(stream, length, options, frame_count, path)
    stated = transfer_syntax(read_meta(path), path.name) or syntax
    return DicomImage(
        path, header, stated, len(spans), options["rows"], options["columns"], spans, source, {"decoder": syntax, **options}
    )


def functional_group(header: Dataset, keyword: str, frame: int) -> Dataset | None:
    """The item of a functional group that holds for a frame, the frame's own before the shared one (PS3.3 C.7.6.16)."""
    per_frame = header.get("PerFrameFunctionalGroupsSequence") or []
    shared = header.get("SharedFunctionalGroupsSequence") or []
    for group in (*per_frame[frame : frame + 1], *shared[:1]):
        if group.get(keyword):
            return group[keyword].value[0]
    return None


def _transfer_syntax(header: Dataset) -> UID:
    """As stated, else as pydicom found the data set to be encoded."""
    stated = transfer_syntax(getattr(header, "file_meta", Dataset()), _("The file"))
    if stated:
        return stated
    implicit, little = header.original_encoding
    if not little:
        return ExplicitVRBigEndian
    return ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian


def _pixel_element(stream: BinaryIO, syntax: UID, path: Path) -> tuple[str, str, int]:
    """Read the head of the pixel element at which pydicom stopped; leaves the stream at its value."""
    order = "<" if syntax.is_little_endian else ">"
    start = stream.read(8)
    if len(start) == 8:
        group, element, length = struct.unpack(f"{order}HHL", start)
        vr = "OW"
        if not syntax.is_implicit_VR:
            vr = start[4:6].decode("latin-1")
            if vr not in _PIXEL_VRS:
                raise InputError(
                    _("{file} stores its pixels as {vr!r}, which DICOM does not; export it again.").format(file=path.name, vr=vr)
                )
            (length,) = struct.unpack(f"{order}L", stream.read(4).ljust(4, b"\0"))
        keyword = _PIXEL_KEYWORDS.get(group << 16 | element)
        if keyword and length:
            return keyword, vr, length
    raise InputError(_("{file} holds no pixels (no Pixel Data element); choose the file with the images.").format(file=path.name))


def _decoder_options(header: Dataset, keyword: str, vr: str, path: Path) -> dict:
    try:
        options = {
            "rows": int(header.Rows),
            "columns": int(header.Columns),
            "samples_per_pixel": int(header.get("SamplesPerPixel", 1)),
            "photometric_interpretation": str(header.PhotometricInterpretation),
            "bits_allocated": int(header.BitsAllocated),
            # Decoders of JPEG leave out what lies above the stored bits, so they are told of all bits up to the highest.
            "bits_stored": highest_bit(header, int(header.BitsAllocated)) + 1,
            "pixel_representation": int(header.get("PixelRepresentation", 0)),
            "planar_configuration": int(header.get("PlanarConfiguration", 0) or 0),
            "pixel_keyword": keyword,
            "pixel_vr": vr,
        }
    except (AttributeError, TypeError, ValueError) as error:
        raise InputError(
            _("{file} does not state the size and kind of its pixels; export it again.").format(file=path.name)
        ) from error
    samples, bits = options["samples_per_pixel"], options["bits_allocated"]
    if min(options["rows"], options["columns"]) < 1 or bits not in (8, 16, 32, 64) or samples not in (1, 3):
        raise InputError(
            _(
                "{file} states {options} x {options_2} pixels of {samples} values of {bits} bits, which is no "
                "image that can be read; export it again."
            ).format(file=path.name, options=options["rows"], options_2=options["columns"], samples=samples, bits=bits)
        )
    kind = options["photometric_interpretation"]
    if samples != (1 if kind in _OF_ONE_VALUE else 3 if kind.startswith(_OF_THREE_VALUES) else samples):
        raise InputError(
            _("{file} states pixels of {samples} values that are {kind}, which contradict each other; export it again.").format(
                file=path.name, samples=samples, kind=kind
            )
        )
    return options


def _frame_count(header: Dataset, path: Path) -> int:
    count = header.get("NumberOfFrames") or 1
    if int(count) < 1:
        raise InputError(_("{file} states {count} frames; export it again.").format(file=path.name, count=count))
    return int(count)
