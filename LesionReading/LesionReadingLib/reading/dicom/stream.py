"""The bytes of a DICOM file: never more asked for than there are, deflated ones unpacked within limits."""

from __future__ import annotations

import io
import os
import tempfile
import zlib
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from copy import deepcopy
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError
from pydicom.filereader import read_dataset, read_preamble
from pydicom.filewriter import write_file_meta_info
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian

from ...errors import InputError
from ...language import _
from ..archives import FREE_OF_DOUBT_BYTES, PLAUSIBLE_RATIO
from ..headers.stored_voxels import MOST_IMAGE_BYTES
from .cleaning import clean, transfer_syntax

_CHUNK = 1 << 20
_META_GROUP = 2
_ELEMENT_BYTES = 8  # of an element's tag, kind and length
_MOST_ZEROS = 1000  # times in a row; elements and their values follow each other, and no element is all zeros


class DicomBytes(io.BufferedReader):
    """A file of which no more bytes are asked for than it has: a length that lies must not take the machine's memory.

    And of which no long run of zeros is read as elements of nothing, of which a disk image has billions.
    """

    def __init__(self, file: Path | int) -> None:
        super().__init__(io.FileIO(file, closefd=not isinstance(file, int)))
        self._size = os.fstat(self.fileno()).st_size
        self._zeros = 0

    def read(self, size: int | None = -1) -> bytes:
        """As of any file.

        Raises:
            InvalidDicomError: zeros alone, again and again.
        """
        if size is not None and size > _CHUNK:
            size = min(size, max(self._size - self.tell(), 0))
        content = super().read(size)
        if content and len(content) <= _ELEMENT_BYTES:
            self._zeros = 0 if any(content) else self._zeros + 1
            if self._zeros > _MOST_ZEROS:
                raise InvalidDicomError("zeros where elements should be")
        return content


def read_meta(path: Path) -> Dataset:
    """The file meta information (group 2), clean; empty where the file has none."""
    try:
        return _meta(path)[0]
    except PermissionError:
        raise
    except Exception:  # pydicom fails in any way on bytes that are no DICOM
        return Dataset()


def byte_source(path: Path) -> Callable[[], AbstractContextManager[BinaryIO]]:
    """Opens the stream of a DICOM file, from its first byte.

    Raises:
        InputError: a transfer syntax that is none, or a deflated file that cannot or must not be unpacked.
    """
    try:
        meta, stop = _meta(path)
    except PermissionError:
        raise
    except Exception:
        return lambda: DicomBytes(path)
    if transfer_syntax(meta, path.name) != DeflatedExplicitVRLittleEndian:
        return lambda: DicomBytes(path)
    inflated = _inflate(path, meta, stop)
    inflated.flush()
    return lambda: nullcontext(_from_start(inflated))


def _meta(path: Path) -> tuple[Dataset, int]:
    """The file meta information and where it ends; not to be changed, as it is kept for the next who asks."""
    about = path.stat()
    return _kept_meta(path.absolute(), (about.st_ino, about.st_mtime_ns, about.st_size))


@lru_cache(maxsize=1024)
def _kept_meta(path: Path, _changed: tuple[int, int, int]) -> tuple[Dataset, int]:
    with DicomBytes(path) as stream:
        if read_preamble(stream, force=False) is None:
            raise InvalidDicomError
        meta = read_dataset(stream, False, True, stop_when=lambda tag, vr, length: tag >> 16 != _META_GROUP)
        return clean(meta), stream.tell()


def _from_start(inflated: BinaryIO) -> BinaryIO:
    stream = DicomBytes(inflated.fileno())
    stream.unpacked = inflated  # which is closed, and gone, when nobody has it any more
    stream.seek(0)
    return stream


def _inflate(path: Path, meta: Dataset, start: int) -> BinaryIO:
    """A deflated data set cannot be entered in the middle: unpack it once, into an unnamed file that vanishes by itself."""
    packed_bytes = path.stat().st_size
    most = min(MOST_IMAGE_BYTES, max(FREE_OF_DOUBT_BYTES, PLAUSIBLE_RATIO * packed_bytes))
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    inflated = tempfile.TemporaryFile()  # noqa: SIM115  (lives as long as the image that reads from it)
    with path.open("rb") as packed:
        packed.seek(start)
        meta = deepcopy(meta)
        meta.TransferSyntaxUID = ExplicitVRLittleEndian
        inflated.write(bytes(128) + b"DICM")
        write_file_meta_info(inflated, meta, enforce_standard=False)
        try:
            while not inflater.eof and (chunk := inflater.unconsumed_tail or packed.read(_CHUNK)):
                inflated.write(inflater.decompress(chunk, _CHUNK))
                if inflated.tell() > most:
                    raise InputError(
                        _("{file} is deflated and would unpack to more than any image has; it is not opened.").format(
                            file=path.name
                        )
                    )
        except zlib.error as error:
            raise InputError(
                _("{file} is deflated and cannot be unpacked; it may be damaged, export it again.").format(file=path.name)
            ) from error
    if not inflater.eof:
        raise InputError(_("{file} is deflated and cut off; copy or export it again.").format(file=path.name))
    return inflated
