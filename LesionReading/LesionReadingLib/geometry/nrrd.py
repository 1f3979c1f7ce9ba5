"""Writing volumes as NRRD (format version 4, http://teem.sourceforge.net/nrrd/format.html), slice by slice, any axes, LPS in mm."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from .grid import SliceGrid

POSITIONS_KEY = "LesionReading_slice_positions_mm"
_TYPES = {"uint8": "unsigned char", "int16": "short", "float32": "float"}
_FAST = 1  # label and heat maps are mostly background: the slower levels of gzip save little, looking for runs alone most
_GZIP = 31  # zlib's window size, with gzip's header


def write_nrrd(
    path: Path,
    volume: np.ndarray,
    axes_mm: np.ndarray,
    origin_mm: Sequence[float],
    keys: Mapping[str, str] | None = None,
    encoding: Literal["gzip", "raw"] = "gzip",
) -> None:
    """Write a volume with one matrix.

    Args:
        volume: (slices, rows, columns) uint8, int16 or float32.
        axes_mm: (3, 3) steps in LPS from one column, row, slice to the next, one per line; they need not be perpendicular.
        origin_mm: (3,) LPS of voxel (0, 0, 0).
        keys: key/value pairs of the header.
        encoding: ``"raw"`` writes ten times faster, into a larger file.
    """
    slices, rows, columns = volume.shape
    fields = [
        "NRRD0004",
        f"type: {_TYPES[volume.dtype.name]}",
        "dimension: 3",
        "space: left-posterior-superior",
        f"sizes: {columns} {rows} {slices}",
        "space directions: " + " ".join(_vector(axis) for axis in axes_mm),
        "kinds: domain domain domain",
        "endian: little",
        f"encoding: {encoding}",
        f"space origin: {_vector(origin_mm)}",
    ]
    fields += [f"{key}:={' '.join(value.split())}" for key, value in (keys or {}).items()]
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


def write_volume(path: Path, volume: np.ndarray, grid: SliceGrid) -> None:
    """Write a volume (slices, rows, columns) on the grid of a scan; uneven slices get the mean step and a key with their places."""
    write_nrrd(path, volume, grid_axes_mm(grid), grid.positions_mm[0], position_keys(grid))


def grid_axes_mm(grid: SliceGrid) -> np.ndarray:
    """(3, 3) steps in LPS from one column, row, slice to the next, one per line; the slice's is the mean step, tilt and all."""
    return np.array([grid.column_mm * grid.column_axis, grid.row_mm * grid.row_axis, grid.step_mm])


def position_keys(grid: SliceGrid) -> dict[str, str]:
    """The header's key for slices that no single matrix places: LPS of the first voxel of each, in mm."""
    if grid.is_even:
        return {}
    return {POSITIONS_KEY: " ".join(repr(round(float(value), 6)) for value in grid.positions_mm.ravel())}


def _gzipped(slices: Iterable[np.ndarray]) -> Iterator[bytes]:
    packer = zlib.compressobj(_FAST, wbits=_GZIP, strategy=zlib.Z_RLE)
    for stored in slices:
        yield packer.compress(stored)
    yield packer.flush()


def _vector(values: Sequence[float]) -> str:
    return "(" + ",".join(repr(float(value)) for value in values) + ")"
