"""DICOM pixels: opened once, then decoded frame by frame from the file, so memory does not grow with the number of frames.

Only the header is held. ``open_image`` finds where every frame lies in the file and checks that it lies there whole and can be
decoded; ``stored_frames`` decodes any range of frames. Stored values become 8-bit grey in ``grey``.
"""

from __future__ import annotations

import io
import struct
import tempfile
import warnings
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate, parse_basic_offsets, parse_fragments
from pydicom.errors import InvalidDicomError
from pydicom.filereader import read_file_meta_info
from pydicom.filewriter import write_file_meta_info
from pydicom.pixels import apply_color_lut, get_decoder
from pydicom.pixels.decoders.base import Decoder
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    RLELossless,
)

from .errors import InputError
from .reading.itk_decoder import add_to_pydicom
from .reading.stored_bits import highest_bit, stored_values

_PIXEL_KEYWORDS = {0x7FE00010: "PixelData", 0x7FE00008: "FloatPixelData", 0x7FE00009: "DoubleFloatPixelData"}
_UNDEFINED_LENGTH = 0xFFFFFFFF
_HELPFUL_PACKAGES = {
    "JPEG 2000": "pylibjpeg pylibjpeg-openjpeg",
    "RLE": "pylibjpeg pylibjpeg-rle",
    "JPEG": "pillow",
}


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

    Files without the 128-byte preamble are DICOM too where they hold an image or a SOP class.

    Raises:
        PermissionError: the file may not be read.
    """
    with warnings.catch_warnings():
        # pydicom's warnings repeat values of the file, which may identify the patient.
        warnings.simplefilter("ignore")
        try:
            header = dcmread(path, stop_before_pixels=True, specific_tags=tags, force=True)
            stated = bool(header.preamble) or "SOPClassUID" in header or ("Rows" in header and "Columns" in header)
            return _without_unreadable(header) if stated else None
        except PermissionError:
            raise
        except Exception:
            # pydicom interprets arbitrary bytes, and may fail in any way on a file that is not DICOM.
            return None


def open_image(path: Path) -> DicomImage:
    """Find the frames of a DICOM file and check that they can be decoded.

    Raises:
        InputError: no DICOM, no pixels, pixels cut off, or a transfer syntax that cannot be decoded here.
    """
    source = _byte_source(path)
    with source() as stream, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        stream.seek(0)
        try:
            header = dcmread(stream, stop_before_pixels=True, force=True)
            position = stream.tell()
            header = _without_unreadable(header)
            stream.seek(position)
        except Exception as error:
            raise InputError(f"{path.name} cannot be read as DICOM; export it again.") from error
        syntax = _transfer_syntax(header)
        keyword, vr, length = _pixel_element(stream, syntax, path)
        options = _decoder_options(header, keyword, vr, path)
        check_decodable(syntax, path.name)
        frame_count = _frame_count(header, path)
        if syntax.is_encapsulated != (length == _UNDEFINED_LENGTH):
            raise InputError(f"{path.name} states a transfer syntax ({syntax.name}) that its pixels do not have; export it again.")
        if syntax.is_encapsulated:
            spans = _encapsulated_spans(stream, syntax, frame_count, path)
        else:
            spans = _native_spans(stream, length, options, frame_count, path)
    stated = UID(read_file_meta_info_or_empty(path).get("TransferSyntaxUID", syntax))
    return DicomImage(
        path, header, stated, len(spans), options["rows"], options["columns"], spans, source, {"decoder": syntax, **options}
    )


def stored_frames(image: DicomImage, first: int, stop: int) -> Iterator[np.ndarray]:
    """Decode frames ``first`` to ``stop - 1``: stored values (rows, columns), or RGB (rows, columns, 3) of 8 bits.

    Raises:
        InputError: a frame cannot be decoded.
    """
    syntax = image.options["decoder"]
    options = {key: value for key, value in image.options.items() if key != "decoder"}
    decoder = _decoder(syntax)
    palette = _palette(image.header)
    with image.source() as stream:
        for index in range(first, stop):
            data = b"".join(_bytes_at(stream, offset, length) for offset, length in image.spans[index])
            if syntax.is_encapsulated:
                data = encapsulate([data], has_bot=False)
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    frame, facts = decoder.as_array(
                        data, index=0, raw=True, number_of_frames=1, correct_unused_bits=False, **options
                    )
            except Exception as error:
                # The decoders raise whatever their C libraries tell; all of it means that this frame is damaged.
                raise InputError(
                    f"Frame {index + 1} of {image.path.name} cannot be decoded ({image.transfer_syntax.name}); "
                    "the file may be damaged, export it again or send it uncompressed."
                ) from error
            frame = stored_values(frame, image.header)
            if frame.ndim == 3:
                yield _as_rgb(frame, facts["photometric_interpretation"], int(image.header.get("BitsStored") or 8))
            elif palette is not None:
                yield palette[np.minimum(frame, len(palette) - 1)]
            else:
                yield frame


def why_undecodable(path: Path) -> str:
    """Why the frames of a DICOM file cannot be decoded here, as far as its transfer syntax tells; empty where they can."""
    stated = read_file_meta_info_or_empty(path).get("TransferSyntaxUID")
    try:
        if stated:
            check_decodable(UID(stated), path.name)
    except InputError as error:
        return str(error)
    return ""


def check_decodable(syntax: UID, name: str) -> None:
    """Raise InputError, naming the package that would help, where no decoder for the transfer syntax is installed."""
    kind = syntax.name if syntax.name != str(syntax) else f"unknown transfer syntax {syntax}"
    try:
        decoder = _decoder(syntax)
    except NotImplementedError as error:
        advice = (
            "it is a video; export the series as DICOM frames, or convert it with ffmpeg to PNG files"
            if any(word in kind for word in ("MPEG", "HEVC"))
            else "no Python package decodes it; export the series uncompressed, or convert it with gdcmconv --raw (package gdcm)"
        )
        raise InputError(f"{name} is stored as {kind}, which cannot be read here: {advice}.") from error
    if not decoder.is_available:
        package = next((text for word, text in _HELPFUL_PACKAGES.items() if word in kind), "pillow")
        raise InputError(
            f"{name} is stored as {kind}, and no decoder for it is installed: pip install {package} "
            "(in Slicer, the first Apply of LesionReading's modules installs it)."
        )


def _decoder(syntax: UID) -> Decoder:
    add_to_pydicom()
    return get_decoder(syntax)


def _without_unreadable(header: Dataset) -> Dataset:
    """The header without values that cannot be read, such as letters in a number: they count as not stated."""
    for tag in list(header.keys()):
        try:
            element = header[tag]
        except Exception:
            # pydicom converts a value when it is asked for it, and fails in a different way for each kind.
            del header[tag]
            continue
        if element.VR == "SQ":
            for item in element.value:
                _without_unreadable(item)
        elif element.VR in ("DS", "IS"):
            values = element.value if element.VM > 1 else [element.value]
            if any(isinstance(value, str) and value for value in values):
                del header[tag]
    return header


def functional_group(header: Dataset, keyword: str, frame: int) -> Dataset | None:
    """The item of a functional group that holds for a frame, the frame's own before the shared one (PS3.3 C.7.6.16)."""
    per_frame = header.get("PerFrameFunctionalGroupsSequence") or []
    shared = header.get("SharedFunctionalGroupsSequence") or []
    for group in (*per_frame[frame : frame + 1], *shared[:1]):
        if group.get(keyword):
            return group[keyword].value[0]
    return None


def read_file_meta_info_or_empty(path: Path) -> Dataset:
    """The file meta information; empty where the file has none."""
    try:
        return read_file_meta_info(path)
    except (InvalidDicomError, EOFError, struct.error, ValueError):
        return Dataset()


def _byte_source(path: Path) -> Callable[[], AbstractContextManager[BinaryIO]]:
    meta = read_file_meta_info_or_empty(path)
    if meta.get("TransferSyntaxUID") != DeflatedExplicitVRLittleEndian:
        return lambda: path.open("rb")
    inflated = _inflate(path, meta)
    return lambda: nullcontext(inflated)


def _inflate(path: Path, meta: Dataset) -> BinaryIO:
    """A deflated data set cannot be entered in the middle: unpack it once, into an unnamed file that vanishes by itself."""
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    inflated = tempfile.TemporaryFile()  # noqa: SIM115  (lives as long as the image that reads from it)
    with path.open("rb") as packed:
        packed.seek(128 + 4 + 12 + meta.FileMetaInformationGroupLength)
        meta.TransferSyntaxUID = ExplicitVRLittleEndian
        inflated.write(bytes(128) + b"DICM")
        write_file_meta_info(inflated, meta)
        try:
            for chunk in iter(lambda: packed.read(1 << 20), b""):
                inflated.write(inflater.decompress(chunk))
        except zlib.error as error:
            raise InputError(f"{path.name} is deflated and cannot be unpacked; it may be damaged, export it again.") from error
    return inflated


def _transfer_syntax(header: Dataset) -> UID:
    """As stated, else as pydicom found the data set to be encoded."""
    stated = header.file_meta.get("TransferSyntaxUID") if hasattr(header, "file_meta") else None
    if stated:
        return UID(stated)
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
            (length,) = struct.unpack(f"{order}L", stream.read(4).ljust(4, b"\0"))
        keyword = _PIXEL_KEYWORDS.get(group << 16 | element)
        if keyword and length:
            return keyword, vr, length
    raise InputError(f"{path.name} holds no pixels (no Pixel Data element); choose the file with the images.")


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
        raise InputError(f"{path.name} does not state the size and kind of its pixels; export it again.") from error
    if min(options["rows"], options["columns"]) < 1 or options["bits_allocated"] not in (8, 16, 32, 64):
        raise InputError(
            f"{path.name} states {options['rows']} x {options['columns']} pixels of {options['bits_allocated']} bits, "
            "which is no image that can be read; export it again."
        )
    return options


def _frame_count(header: Dataset, path: Path) -> int:
    count = header.get("NumberOfFrames") or 1
    if int(count) < 1:
        raise InputError(f"{path.name} states {count} frames; export it again.")
    return int(count)


def _native_spans(stream: BinaryIO, length: int, options: dict, frame_count: int, path: Path):
    """Frames one after another; those that the element holds whole, where the header states fewer."""
    start = stream.tell()
    pixel_bytes = options["samples_per_pixel"] * options["bits_allocated"] // 8
    frame_bytes = options["rows"] * options["columns"] * pixel_bytes
    if options["photometric_interpretation"] == "YBR_FULL_422":
        frame_bytes = frame_bytes // 3 * 2
    present = stream.seek(0, io.SEEK_END) - start
    if present < frame_bytes * frame_count:
        raise InputError(
            f"The pixels of {path.name} are cut off: {present} of {frame_bytes * frame_count} bytes are there "
            f"({present // frame_bytes} of {frame_count} frames); copy or export the file again."
        )
    frame_count = max(frame_count, min(length, present) // frame_bytes)
    return tuple(((start + index * frame_bytes, frame_bytes),) for index in range(frame_count))


def _encapsulated_spans(stream: BinaryIO, syntax: UID, frame_count: int, path: Path):
    """Which fragments make up which frame (PS3.5 A.4): told by an offset table, by the count, or by the end-of-image marks.

    The marks also tell where there are more frames than the header states.
    """
    cut_off = InputError(
        f"The pixels of {path.name} are cut off: fewer than {frame_count} frames are there; copy or export it again."
    )
    try:
        basic_offsets = parse_basic_offsets(stream)
        _, positions = parse_fragments(stream)
        origin = stream.tell()
        fragments = [_fragment(stream, position) for position in positions]
    except (ValueError, struct.error) as error:
        raise cut_off from error
    if not fragments or sum(fragments[-1]) > stream.seek(0, io.SEEK_END):
        raise cut_off
    # RLE knows no fragments of a frame (PS3.5 A.4.2); the JPEG family marks the end of each image.
    whole = syntax == RLELossless
    ends = [whole or b"\xff\xd9" in _bytes_at(stream, offset + length - 10, 10) for offset, length in fragments]
    if ends[-1]:
        frame_count = max(frame_count, sum(ends))
    frame_count = max(frame_count, len(basic_offsets))
    if len(fragments) == frame_count:
        # So it also is wherever there is an Extended Offset Table (PS3.3 C.7.6.3.1.8).
        owners = np.arange(frame_count)
    elif len(basic_offsets) == frame_count:
        owners = np.searchsorted(np.array(basic_offsets) + origin, positions, side="right") - 1
    else:
        owners = np.concatenate([[0], np.cumsum(ends)[:-1]]) if frame_count > 1 else np.zeros(len(fragments))
    spans = tuple(
        tuple(fragment for fragment, owner in zip(fragments, owners, strict=True) if owner == index) for index in range(frame_count)
    )
    if not all(spans):
        raise cut_off
    return spans


def _fragment(stream: BinaryIO, position: int) -> tuple[int, int]:
    origin = stream.tell()
    (length,) = struct.unpack("<L", _bytes_at(stream, position + 4, 4))
    stream.seek(origin)
    return position + 8, length


def _bytes_at(stream: BinaryIO, offset: int, length: int) -> bytes:
    stream.seek(offset)
    return stream.read(length)


def _palette(header: Dataset) -> np.ndarray | None:
    """(codes, 3) uint8 colours of a PALETTE COLOR image, ``None`` for other images."""
    if header.get("PhotometricInterpretation") != "PALETTE COLOR":
        return None
    codes = np.arange(2 ** int(header.BitsAllocated), dtype=f"uint{header.BitsAllocated}")
    try:
        colours = apply_color_lut(codes, header)
    except Exception as error:
        raise InputError("The image has palette colours but its palette cannot be read; export it as RGB or grey.") from error
    return colours if colours.dtype == np.uint8 else (colours >> 8).astype(np.uint8)


def _as_rgb(frame: np.ndarray, photometric: str, bits_stored: int) -> np.ndarray:
    if frame.dtype != np.uint8:
        frame = (frame >> max(bits_stored - 8, 0)).astype(np.uint8)
    if not photometric.startswith("YBR_FULL"):
        return frame
    from PIL import Image

    # Pillow's full-range YCbCr is DICOM's YBR_FULL (both are JFIF's), and converts twenty times faster than matrix products.
    rows, columns, _ = frame.shape
    return np.asarray(
        Image.frombuffer("YCbCr", (columns, rows), np.ascontiguousarray(frame).tobytes(), "raw", "YCbCr", 0, 1).convert("RGB")
    )
