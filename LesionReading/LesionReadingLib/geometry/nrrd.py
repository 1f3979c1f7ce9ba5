"""Writing volumes as NRRD (format version 4, http://teem.sourceforge.net/nrrd/format.html), slice by slice, any axes, LPS in mm."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from .grid import Grid

POSITIONS_KEY = "LesionReading_slice_positions_mm"
_TYPES = {"uint8": "unsigned char", "int16": "short", "float32": "float"}
_FAST = 1  # label and heat maps are mostly background: the slower levels of gzip save little, looking for runs alone most
_UNKNOWN_MM = 1.0
_GZIP_HEAD = bytes.fromhex("1f8b0800 00000000 04ff")  # deflated, no time, by the fastest way, on no system in particular


def write_nrrd(
    path: Path,
    volume: np.ndarray,
    grid: Grid,
    keys: Mapping[str, str] | None = None,
    encoding: Literal["gzip", "raw"] = "gzip",
) -> None:
    """Write a volume on its grid.

    Tilted slices give a sheared matrix. Where the slices are unevenly spaced the matrix has their mean step, and a key keeps their
    places. A distance that is not known is written as 1 mm, as the format demands; who writes such a volume says so in ``keys``.

    Args:
        volume: (slices, rows, columns) uint8, int16 or float32; slices may be made when they are asked for.
        keys: more key/value pairs of the header.
        encoding: ``"raw"`` writes ten times faster, into a larger file.
    """
    slices, rows, columns = volume.shape
    fields = [
        "NRRD0004",
        f"type: {_TYPES[volume.dtype.name]}",
        "dimension: 3",
        "space: left-posterior-superior",
        f"sizes: {columns} {rows} {slices}",
        "space directions: " + " ".join(_vector(axis) for axis in grid.axes_mm(_UNKNOWN_MM)),
        "kinds: domain domain domain",
        "endian: little",
        f"encoding: {encoding}",
        f"space origin: {_vector(grid.origin_mm)}",
    ]
    fields += [f"{key}:={' '.join(value.split())}" for key, value in ((keys or {}) | _position_keys(grid)).items()]
    with open(path, "wb") as file:
        file.write(("\n".join(fields) + "\n\n").encode("utf-8"))
        stored = (np.ascontiguousarray(one, dtype=volume.dtype.newbyteorder("<")) for one in volume)
        file.writelines(stored if encoding == "raw" else _gzipped(stored))


def storable(volume: np.ndarray) -> np.ndarray:
    """The volume in one of the types that ``write_nrrd`` writes: as it is, else int16 for whole numbers that fit, else float32."""
    if volume.dtype.name in _TYPES:
        return volume
    limits = np.iinfo(np.int16)
    whole = volume.dtype.kind in "biu" and (volume.size == 0 or limits.min <= volume.min() <= volume.max() <= limits.max)
    return volume.astype(np.int16 if whole else np.float32)


def _position_keys(grid: Grid) -> dict[str, str]:
    """The header's key for slices that no single matrix places: LPS of the first voxel of each, in mm."""
    if grid.is_even:
        return {}
    return {POSITIONS_KEY: " ".join(repr(round(float(value), 6)) for value in grid.positions_mm.ravel())}


def _gzipped(slices: Iterable[np.ndarray]) -> Iterator[bytes]:
    """The parts of a gzip file (RFC 1952). Slices of nothing but zeros, which most are in most files, are packed once for all.

    A full flush ends what was packed before on a whole byte, and nothing behind it looks back, so ready bytes may follow.
    """
    packer, empty, checksum, size = _packer(), b"", 0, 0
    yield _GZIP_HEAD
    for stored in slices:
        checksum, size = zlib.crc32(stored, checksum), size + stored.nbytes
        if stored.any():
            yield packer.compress(stored)
        else:
            empty = empty or _packed_alone(stored)
            yield packer.flush(zlib.Z_FULL_FLUSH) + empty
    yield packer.flush() + struct.pack("<LL", checksum, size % 2**32)


def _packer():
    return zlib.compressobj(_FAST, wbits=-zlib.MAX_WBITS, strategy=zlib.Z_RLE)


def _packed_alone(stored: np.ndarray) -> bytes:
    packer = _packer()
    return packer.compress(stored) + packer.flush(zlib.Z_FULL_FLUSH)


def _vector(values: Sequence[float]) -> str:
    return "(" + ",".join(repr(float(value)) for value in values) + ")"
