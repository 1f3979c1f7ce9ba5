"""Whether the voxels that a header states are there: counted before a library asks for memory or reads a file short.

Sizes are bounded as stated and as unpacked (CWE-409), packed voxels are unpacked once to their end, where their checksum stands.
"""

from __future__ import annotations

import bz2
import stat
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal

from ...errors import InputError
from ...language import _
from ..archives import FREE_OF_DOUBT_BYTES, PLAUSIBLE_RATIO

MOST_IMAGE_BYTES = 4 << 30
"""Of one image in memory; 540 frames of 1024 x 1024 in colour have 1.7 GB."""

MOST_HEADER_BYTES = 4 << 20
LARGEST_NUMBER = 1e9  # of what says where voxels lie, also in micrometres
_CHUNK = 1 << 20
_PACKED_CHUNK = 1 << 16  # what is left of one is copied at the end of each member, of which a hostile file may have thousands
_MOST_TEXT_BYTES = 256 << 20
_PACKED_BEST = 1100  # no packing of zlib's makes zeros smaller than by 1032
_MOST_LINES = 10_000
_FILLING_BYTES = 1 << 16  # behind the voxels


@dataclass(frozen=True)
class StoredVoxels:
    """Where the voxels of an image lie, by its header.

    Attributes:
        file: that holds them. start: bytes of the file before what is packed, or before the voxels.
        packing: how they are packed. skipped: bytes before the voxels once unpacked.
        size: bytes of all voxels. count: numbers, in the packing ``"text"``.
        length: bytes of what is packed; None where it reaches to the end of the file.
    """

    file: Path
    start: int
    packing: Literal["raw", "gzip", "bzip2", "zlib", "text"]
    skipped: int
    size: int
    count: int
    length: int | None = None


def unreadable(path: Path, why: str) -> InputError:
    """The refusal of a file, with the reason as the end of a sentence."""
    return InputError(_("{file} cannot be read: {why}; copy or export it again.").format(file=path.name, why=why))


def check_stored(path: Path, voxels: StoredVoxels) -> None:
    """Refuse voxels that are not all there, or more than any image has.

    Args:
        path: of the image, for the sentence.

    Raises:
        InputError: cut off, damaged, or unpacking to far more than is there or stated.
    """
    present = _present(path, voxels)
    if voxels.packing == "raw":
        if present < voxels.skipped + voxels.size:
            raise _cut_off(path, max(present - voxels.skipped, 0), voxels.size, _("bytes"))
    elif voxels.packing == "text":
        _check_text(path, voxels, present)
    else:
        for _chunk in _unpacked(path, voxels, present):
            pass


def checked_chunks(path: Path, voxels: StoredVoxels) -> Iterator[bytes]:
    """What lies before the voxels and the voxels themselves, unpacked while ``check_stored`` is done; of text nothing.

    What was yielded before it is refused must not be used. Bytes behind the voxels may follow.

    Raises:
        InputError: as ``check_stored``.
    """
    if voxels.packing in ("raw", "text"):
        check_stored(path, voxels)
        if voxels.packing == "raw":
            with open(voxels.file, "rb") as file:
                file.seek(voxels.start)
                yield from _through(file)
        return
    yield from _unpacked(path, voxels, _present(path, voxels))


def _present(path: Path, voxels: StoredVoxels) -> int:
    """Bytes of the file from the voxels on; refused where they are fewer than stated, or an image is stated that none is."""
    present = voxels.file.stat().st_size - voxels.start
    check_image_bytes(path, voxels.size)
    if voxels.length is not None and voxels.length > present:
        raise _cut_off(path, present, voxels.length, _("bytes"))
    return present


def _unpacked(path: Path, voxels: StoredVoxels, present: int) -> Iterator[bytes]:
    """Unpack to the end, where the checksum is compared, and count; refused beforehand where it would be absurdly much."""
    packed = present if voxels.length is None else voxels.length
    if voxels.size > _PACKED_BEST * max(packed, 1) and voxels.packing != "bzip2":
        raise _cut_off(path, packed, voxels.size, _("packed bytes"))
    if voxels.size > max(FREE_OF_DOUBT_BYTES, PLAUSIBLE_RATIO * packed):
        raise unreadable(
            path,
            _("it would unpack to {value:.1f} GB from {value_2:.1f} MB, which no image does").format(
                value=voxels.size / 1000000000.0, value_2=packed / 1000000.0
            ),
        )
    wanted = voxels.skipped + voxels.size
    count = 0
    try:
        with open(voxels.file, "rb") as file:
            file.seek(voxels.start)
            for chunk in _CHUNKS[voxels.packing](file):
                count += len(chunk)
                if count > wanted + _FILLING_BYTES:
                    raise unreadable(path, _("it unpacks to more than its header states"))
                yield chunk
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise unreadable(path, _("what is packed in it is cut off or damaged")) from error
    if count < wanted:
        raise _cut_off(path, max(count - voxels.skipped, 0), voxels.size, _("bytes"))


def check_image_bytes(path: Path, size: int) -> None:
    """Refuse an image of more bytes, as its header states it, than any has."""
    if size > MOST_IMAGE_BYTES:
        raise unreadable(
            path,
            _("its header states an image of {value:,.0f} GB, more than the {value_2:.1f} GB that are read").format(
                value=size / 1000000000.0, value_2=MOST_IMAGE_BYTES / 1000000000.0
            ),
        )


def plain_file_beside(path: Path, name: str) -> Path:
    """The file with the voxels that a header names: in its own folder, no link, no device.

    Raises:
        InputError: anything else, or a pattern or list of files.
    """
    if not name or name in (".", "..") or any(sign in name for sign in '/\\%:"\0'):
        raise unreadable(
            path, _("its header names its voxels in another folder or in several files, where they are not looked for")
        )
    file = path.parent / name
    try:
        is_plain = stat.S_ISREG(file.lstat().st_mode)
    except (OSError, ValueError):
        is_plain = False
    if not is_plain:
        raise unreadable(path, _("the file with its voxels, which its header names, does not lie beside it"))
    return file


def after_lines(file: Path, count: int) -> int:
    """Bytes of the first lines of a file.

    Raises:
        InputError: it has fewer lines.
    """
    if not 0 <= count <= _MOST_LINES:
        raise unreadable(file, _("{count} lines are to be passed over in it").format(count=count))
    with open(file, "rb") as opened:
        for _rest in range(count):
            if not opened.readline(_CHUNK).endswith(b"\n"):
                raise unreadable(file, _("it has fewer than the {count} lines to be passed over").format(count=count))
        return opened.tell()


def numbers(path: Path, words: Iterable[str], what: str) -> list[float]:
    """Words of a header as finite numbers.

    Raises:
        InputError: a word that is no number, or one far beyond all places.
    """
    try:
        values = [float(word) for word in words]
    except ValueError:
        values = [float("nan")]
    if not all(abs(value) <= LARGEST_NUMBER for value in values):
        raise unreadable(path, _("its header states a {what} that is no number, or one beyond all places").format(what=what))
    return values


def whole_numbers(path: Path, words: Iterable[str], what: str) -> list[int]:
    """Words of a header as whole numbers; InputError where one is none."""
    words = list(words)
    if not words or not all(
        len(word) < 16 and word.removeprefix("-").isascii() and word.removeprefix("-").isdigit() for word in words
    ):
        raise unreadable(path, _("its header states a {what} that is no whole number").format(what=what))
    return [int(word) for word in words]


def _through(opened) -> Iterator[bytes]:
    with opened:
        yield from iter(lambda: opened.read(_CHUNK), b"")


def _inflated(file: BinaryIO) -> Iterator[bytes]:
    """zlib or gzip, as MetaImage packs; the stream must end."""
    inflater = zlib.decompressobj(wbits=47)
    packed = b""
    while not inflater.eof:
        packed = inflater.unconsumed_tail or file.read(_CHUNK)
        if not packed:
            raise EOFError
        yield inflater.decompress(packed, _CHUNK)


def _gunzipped(file: BinaryIO) -> Iterator[bytes]:
    """gzip, as Python's own module reads it (several members, zeros behind them), but in larger pieces, which is quicker."""
    packed = file.read(_PACKED_CHUNK)
    while packed:
        inflater = zlib.decompressobj(wbits=31)
        while not inflater.eof:
            packed = packed or file.read(_PACKED_CHUNK)
            if not packed:
                raise EOFError
            yield inflater.decompress(packed, _CHUNK)
            packed = inflater.unconsumed_tail
        packed = inflater.unused_data.lstrip(b"\0")
        while not packed and (more := file.read(_PACKED_CHUNK)):
            packed = more.lstrip(b"\0")


_CHUNKS = {
    "gzip": _gunzipped,
    "bzip2": lambda file: _through(bz2.BZ2File(file)),
    "zlib": _inflated,
}


def _check_text(path: Path, voxels: StoredVoxels, present: int) -> None:
    if present > _MOST_TEXT_BYTES:
        raise unreadable(path, _("its voxels are written as text of hundreds of megabytes"))
    with open(voxels.file, "rb") as file:
        file.seek(voxels.start + voxels.skipped)
        words = file.read().decode("latin-1").replace(",", " ").split()
    if len(words) < voxels.count:
        raise _cut_off(path, len(words), voxels.count, _("numbers"))
    numbers(path, words, "voxel")


def _cut_off(path: Path, present: int, stated: int, unit: str) -> InputError:
    return unreadable(
        path,
        _("it is cut off or its header is wrong: {present} {unit} are there of {stated} that its header states").format(
            present=present, unit=unit, stated=stated
        ),
    )
