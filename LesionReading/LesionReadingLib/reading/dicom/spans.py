"""Where the frames of a DICOM file lie in its bytes, checked against what is there before anything is decoded.

Fragments and offset tables are parsed by pydicom, and each frame is decoded by it. Its ``iter_pixels`` and highdicom's
``ImageFileReader`` do the rest, too, but not as promised here: of a header that states no number of frames they make one frame or
an error, a frame that is coded larger than the header says is decoded before its size is looked at, and that pixels are cut off
is told only after the frames before.
"""

from __future__ import annotations

import io
import re
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np
from pydicom.encaps import parse_basic_offsets, parse_fragments
from pydicom.uid import UID, RLELossless

from ...errors import InputError
from ...language import _

Spans = tuple[tuple[tuple[int, int], ...], ...]
"""For each frame the byte ranges (offset, length) that hold it."""

_START_OF_FRAME = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC} | {0xF7}  # ITU-T T.81 table B.1; T.87 (JPEG-LS)
_MOST_CODED_BITS = 16  # of the JPEG family (PS3.5 8.2)


def native_spans(stream: BinaryIO, length: int, options: dict, frame_count: int, path: Path) -> Spans:
    """Frames one after another; those that the element holds whole, where the header states fewer.

    Raises:
        InputError: fewer are there.
    """
    start = stream.tell()
    frame_bytes = frame_size(options)
    if options["photometric_interpretation"] == "YBR_FULL_422":
        frame_bytes = frame_bytes // 3 * 2
    present = stream.seek(0, io.SEEK_END) - start
    if present < frame_bytes * frame_count:
        raise InputError(
            _(
                "The pixels of {file} are cut off: {present} of {value} bytes are there ({value_2} of "
                "{frame_count} frames); copy or export the file again."
            ).format(
                file=path.name,
                present=present,
                value=frame_bytes * frame_count,
                value_2=present // frame_bytes,
                frame_count=frame_count,
            )
        )
    frame_count = max(frame_count, min(length, present) // frame_bytes)
    return tuple(((start + index * frame_bytes, frame_bytes),) for index in range(frame_count))


def encapsulated_spans(stream: BinaryIO, syntax: UID, frame_count: int, path: Path) -> Spans:
    """Which fragments make up which frame (PS3.5 A.4): told by an offset table, by the count, or by the end-of-image marks.

    The marks also tell where there are more frames than the header states.

    Raises:
        InputError: fewer are there.
    """
    cut_off = InputError(
        _("The pixels of {file} are cut off: fewer than {frame_count} frames are there; copy or export it again.").format(
            file=path.name, frame_count=frame_count
        )
    )
    try:
        basic_offsets = parse_basic_offsets(stream)
        _rest, positions = parse_fragments(stream)
        origin = stream.tell()
        fragments = [_fragment(stream, position) for position in positions]
    except (ValueError, struct.error, EOFError) as error:
        raise cut_off from error
    if not fragments or sum(fragments[-1]) > stream.seek(0, io.SEEK_END):
        raise cut_off
    # RLE knows no fragments of a frame (PS3.5 A.4.2); the JPEG family marks the end of each image.
    whole = syntax == RLELossless
    ends = [whole or b"\xff\xd9" in bytes_at(stream, max(offset + length - 10, offset), 10) for offset, length in fragments]
    if ends[-1]:
        frame_count = max(frame_count, sum(ends))
    frame_count = max(frame_count, len(basic_offsets))
    if frame_count > len(fragments):
        raise cut_off
    if len(fragments) == frame_count:
        # So it also is wherever there is an Extended Offset Table (PS3.3 C.7.6.3.1.8).
        owners = np.arange(frame_count)
    elif len(basic_offsets) == frame_count:
        owners = np.searchsorted(np.array(basic_offsets) + origin, positions, side="right") - 1
    else:
        owners = np.concatenate([[0], np.cumsum(ends)[:-1]]) if frame_count > 1 else np.zeros(len(fragments), int)
    return _owned(fragments, owners, frame_count, cut_off)


def frame_size(options: dict) -> int:
    """Bytes of a decoded frame."""
    return options["rows"] * options["columns"] * options["samples_per_pixel"] * options["bits_allocated"] // 8


def bytes_at(stream: BinaryIO, offset: int, length: int) -> bytes:
    """Bytes of a stream; fewer where it ends."""
    stream.seek(offset)
    return stream.read(length)


def require_coded_size(frame: bytes, options: dict, name: str) -> None:
    """Refuse an encoded frame of another size than the header's: decoders ask for the memory that the frame itself names.

    Raises:
        InputError: JPEG, JPEG-LS or JPEG 2000 of another size, or of values that are wider than they encode.
    """
    coded, rows, columns = _coded_size(frame), options["rows"], options["columns"]
    if coded is not None and options["bits_allocated"] > _MOST_CODED_BITS:
        raise InputError(
            _(
                "The header of {name} states values of {options} bits, but its frames are encoded as JPEG, which "
                "has at most {most_coded_bits}; export it again."
            ).format(name=name, options=options["bits_allocated"], most_coded_bits=_MOST_CODED_BITS)
        )
    if coded is not None and coded != (rows, columns):
        raise InputError(
            _(
                "The header of {name} states frames of {rows} x {columns} pixels, but one is encoded with "
                "{coded} x {coded_2}; export it again."
            ).format(name=name, rows=rows, columns=columns, coded=coded[0], coded_2=coded[1])
        )


def _owned(fragments: Sequence[tuple[int, int]], owners: np.ndarray, frame_count: int, cut_off: InputError) -> Spans:
    spans: list[list[tuple[int, int]]] = [[] for _ in range(frame_count)]
    for fragment, owner in zip(fragments, owners, strict=True):
        if not 0 <= owner < frame_count:
            raise cut_off
        spans[owner].append(fragment)
    if not all(spans):
        raise cut_off
    return tuple(tuple(span) for span in spans)


def _fragment(stream: BinaryIO, position: int) -> tuple[int, int]:
    origin = stream.tell()
    (length,) = struct.unpack("<L", bytes_at(stream, position + 4, 4))
    stream.seek(origin)
    return position + 8, length


def _coded_size(frame: bytes) -> tuple[int, int] | None:
    """(rows, columns) by the frame's own header; None for what is not of the JPEG family."""
    found = re.search(rb"\xff\x4f\xff\x51", frame[:1024])
    if found:
        sizes = frame[found.start() + 8 : found.start() + 24]
        if len(sizes) < 16:
            return 0, 0
        right, bottom, left, top = struct.unpack(">4L", sizes)
        return bottom - top, right - left
    if not frame.startswith(b"\xff\xd8"):
        return None
    position = 2
    while position + 9 <= len(frame) and frame[position] == 0xFF:
        marker = frame[position + 1]
        if marker == 0xFF:  # filling
            position += 1
            continue
        length = struct.unpack_from(">H", frame, position + 2)[0]
        if marker in _START_OF_FRAME:
            return struct.unpack_from(">2H", frame, position + 5)
        position += 2 + max(length, 2)
    return 0, 0
