"""The header of a NIfTI file, looked at before a library reads the voxels.

Sources: nifti1.h and nifti2.h (https://nifti.nimh.nih.gov).
"""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...language import _
from .stored_voxels import LARGEST_NUMBER, StoredVoxels, unreadable

_VOXEL_BYTES = {2: 1, 4: 2, 8: 4, 16: 4, 32: 8, 64: 8, 128: 3, 256: 1, 512: 2, 768: 4, 1024: 8, 1280: 8, 2304: 4}
"""By the code of the data type, those that ITK reads."""

_FLOATS = {16: "f4", 64: "f8"}
_CHUNK = 1 << 20  # numbers
_MOST_AXES = 7
_LEAST_SLOPE = 1e-15  # ITK takes one that is nearly 0 for none at all


@dataclass(frozen=True)
class _Layout:
    """Where a version of the format keeps its fields: (offset in bytes, format of ``struct``)."""

    size: int
    magic: tuple[int, bytes]
    dim: tuple[int, str]
    datatype: tuple[int, str]
    pixdim: tuple[int, str]
    voxel_offset: tuple[int, str]
    scaling: tuple[int, str]
    place: tuple[int, str]


_LAYOUTS = (
    _Layout(348, (344, b"n+1\0"), (40, "8h"), (70, "2h"), (76, "8f"), (108, "f"), (112, "2f"), (256, "18f")),
    _Layout(540, (4, b"n+2\0\r\n\x1a\n"), (16, "8q"), (12, "2h"), (104, "8d"), (168, "q"), (176, "2d"), (352, "18d")),
)


def nifti_voxels(path: Path) -> StoredVoxels:
    """Where the voxels of a ``.nii`` or ``.nii.gz`` file lie.

    Raises:
        InputError: no NIfTI file, or a header that cannot be right.
    """
    packed = path.name.lower().endswith(".gz")
    header = _start(path, packed)
    layout, order = _layout(path, header)

    def field(where: tuple[int, str]) -> tuple:
        return struct.unpack_from(order + where[1], header, where[0])

    axes, *sizes = field(layout.dim)
    if not 1 <= axes <= _MOST_AXES or min(sizes[:axes]) < 1:
        raise unreadable(path, _("its header states no size that an image can have"))
    code, bits = field(layout.datatype)
    if _VOXEL_BYTES.get(code) != bits / 8:
        raise unreadable(path, _("its header states a kind of voxels that is not known, or another size of them"))
    steps = field(layout.pixdim)[1 : axes + 1]
    if not _sane([*steps, *field(layout.place)]) or not all(steps[:3]):
        raise unreadable(path, _("its header states a place or a voxel size that is no number, zero, or beyond all places"))
    slope, intercept = field(layout.scaling)
    is_scaled = slope != 0 and not math.isnan(slope)
    # Without a slope the format scales nothing, but ITK still adds the intercept.
    is_sound = (abs(slope) >= _LEAST_SLOPE and math.isfinite(intercept)) if is_scaled else intercept == 0 or math.isnan(intercept)
    if math.isinf(slope) or not is_sound:
        raise unreadable(path, _("its header states a scaling of its values that cannot be right"))
    (offset,) = field(layout.voxel_offset)
    if not (math.isfinite(offset) and layout.size + 4 <= offset == int(offset)):
        raise unreadable(path, _("its header does not state where its voxels begin"))
    count = math.prod(sizes[:axes])
    return StoredVoxels(path, 0, "gzip" if packed else "raw", int(offset), count * bits // 8, count)


def nifti_no_numbers(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Which stored values of a NIfTI file of floats are no numbers: their places in the order of the file, and the values.

    ITK reads each as 0, without a word (``nifti_read_buffer`` of its library).

    Args:
        path: a file whose header and size ``volume_files.image_reader`` has looked at.
    """
    packed = path.name.lower().endswith(".gz")
    header = _start(path, packed)
    layout, order = _layout(path, header)
    kind = _FLOATS.get(struct.unpack_from(order + layout.datatype[1], header, layout.datatype[0])[0])
    places, values = [np.zeros(0, int)], [np.zeros(0)]
    if kind is not None:
        stored = nifti_voxels(path)
        with gzip.open(path) if packed else open(path, "rb") as file:
            file.read(stored.skipped)
            for first in range(0, stored.count, _CHUNK):
                numbers = np.frombuffer(file.read(min(_CHUNK, stored.count - first) * np.dtype(kind).itemsize), order + kind)
                found = np.flatnonzero(~np.isfinite(numbers))
                places.append(first + found)
                values.append(numbers[found].astype(float))
    return np.concatenate(places), np.concatenate(values)


def _start(path: Path, packed: bool) -> bytes:
    try:
        with open(path, "rb") as file:
            if not packed:
                return file.read(_LAYOUTS[-1].size)
            with gzip.GzipFile(fileobj=file) as unpacked:
                return unpacked.read(_LAYOUTS[-1].size)
    except PermissionError:
        raise
    except (OSError, EOFError, zlib.error) as error:
        raise unreadable(path, _("it is not packed as gzip, or what is packed is damaged")) from error


def _layout(path: Path, header: bytes) -> tuple[_Layout, str]:
    """The version of the format and the order of its bytes, for ``struct``."""
    for layout in _LAYOUTS:
        place, magic = layout.magic
        for order in "<>":
            stated = struct.unpack_from(order + "i", header.ljust(4, b"\0"))[0]
            if stated == layout.size and len(header) >= layout.size and header[place : place + len(magic)] == magic:
                return layout, order
    raise unreadable(path, _("it does not begin as a NIfTI file does"))


def _sane(values) -> bool:
    return all(math.isfinite(value) and abs(value) <= LARGEST_NUMBER for value in values)
