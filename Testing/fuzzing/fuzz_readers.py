"""Tiny readers of what the fuzzer breaks, which share no code with the project."""

from __future__ import annotations

import gzip
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

_NIFTI_KINDS = {2: "u1", 4: "i2", 8: "i4", 16: "f4", 64: "f8", 256: "i1", 512: "u2", 768: "u4", 1024: "i8", 1280: "u8"}
_META_KINDS = {
    "CHAR": "i1",
    "UCHAR": "u1",
    "SHORT": "i2",
    "USHORT": "u2",
    "INT": "i4",
    "UINT": "u4",
    "LONG_LONG": "i8",
    "ULONG_LONG": "u8",
    "FLOAT": "f4",
    "DOUBLE": "f8",
}
_NRRD_KINDS = {
    "unsigned char": "u1",
    "uchar": "u1",
    "uint8": "u1",
    "signed char": "i1",
    "short": "i2",
    "ushort": "u2",
    "unsigned short": "u2",
    "int": "i4",
    "uint": "u4",
    "unsigned int": "u4",
    "float": "f4",
    "double": "f8",
}


class Wrong(Exception):
    """What was read is not what the file holds."""


@dataclass(frozen=True)
class Known:
    """What a volume file holds.

    Attributes:
        values: voxels, slowest axis first.
        spacings_mm: every way in which the spacing is stated, fastest axis first.
        pairs: NRRD's key/value pairs.
        place: NRRD's three space directions and its origin, as numbers; None where it does not state them.
    """

    values: np.ndarray
    spacings_mm: tuple[tuple[float, ...], ...]
    pairs: dict[str, str] = field(default_factory=dict)
    place: np.ndarray | None = None


def independent(path: Path) -> Known | None:
    """What a volume file holds; None where it is beyond this reader."""
    name = path.name.lower()
    reader = _nifti if name.endswith((".nii", ".nii.gz")) else _nrrd if name.endswith((".nrrd", ".nhdr")) else _meta
    try:
        return reader(path)
    except (KeyError, IndexError, ValueError, struct.error):
        return None


def _nifti(path: Path) -> Known:
    content = gzip.decompress(path.read_bytes()) if path.name.endswith(".gz") else path.read_bytes()
    order = "<" if struct.unpack_from("<i", content)[0] == 348 else ">"
    axes, *sizes = struct.unpack_from(order + "8h", content, 40)
    kind = np.dtype(order + _NIFTI_KINDS[struct.unpack_from(order + "h", content, 70)[0]])
    ways = [struct.unpack_from(order + "8f", content, 76)[1 : axes + 1]]
    offset, slope, intercept = struct.unpack_from(order + "3f", content, 108)
    forms = struct.unpack_from(order + "2h", content, 252)
    if forms[1] > 0:
        srow = np.array(struct.unpack_from(order + "12f", content, 280)).reshape(3, 4)[:, :3]
        if abs(np.linalg.det(srow)) > 0:
            axes_of = srow / np.linalg.norm(srow, axis=0)
            if np.abs(axes_of.T @ axes_of - np.eye(3)).max() > 1e-3:
                raise ValueError  # a tilted gantry, whose steps are told in two ways
            ways.append(tuple(np.linalg.norm(srow, axis=0)[:axes]))
    unit = {1: 1000.0, 3: 0.001}.get(content[123] & 7, 1.0)
    count = int(np.prod(sizes[:axes]))
    values = np.frombuffer(content, kind, count, int(offset)).reshape(sizes[:axes][::-1])
    if (slope not in (0, 1) and np.isfinite(slope)) or (intercept and slope):
        values = values * np.float64(slope) + intercept
    return Known(_three(values), tuple(tuple(abs(step) * unit for step in steps[:3]) for steps in ways))


def _nrrd(path: Path) -> Known:
    content = path.read_bytes()
    head, _, rest = content.partition(b"\n\n")
    lines = head.decode("latin-1").split("\n")[1:]
    keys = [line.split(":=", 1) for line in lines if ":=" in line and not line.startswith("#")]
    pairs = dict(keys)
    if len(pairs) < len(keys):
        raise ValueError
    fields = dict(line.split(": ", 1) for line in lines if ": " in line and ":=" not in line)
    fields = {key.strip().lower(): value.strip() for key, value in fields.items()}
    if "data file" in fields or "datafile" in fields:
        rest = (path.parent / fields.get("data file", fields.get("datafile"))).read_bytes()
    if {"line skip", "lineskip", "byte skip", "byteskip"} & fields.keys() or ("kinds" in fields and "list" in fields["kinds"]):
        raise ValueError
    sizes = [int(word) for word in fields["sizes"].split()]
    kind = np.dtype({"big": ">"}.get(fields.get("endian", "little"), "<") + _NRRD_KINDS[fields["type"]])
    encoding = fields["encoding"].lower()
    rest = {"gzip": gzip.decompress, "gz": gzip.decompress, "raw": bytes}[encoding](rest)
    values = np.frombuffer(rest, kind, int(np.prod(sizes))).reshape(sizes[::-1])
    if "space units" in fields:
        raise ValueError
    vectors = f"{fields.get('space directions', '')} {fields.get('space origin', '')}".replace(", ", ",").split()
    place = np.array([[float(part) for part in vector.strip("()").split(",")] for vector in vectors])
    return Known(_three(values), (tuple(np.linalg.norm(place[:3], axis=1)),), pairs, place if place.shape == (4, 3) else None)


def _meta(path: Path) -> Known:
    content = path.read_bytes()
    end = content.index(b"\n", content.index(b"ElementDataFile")) + 1
    fields = dict(
        (part.strip() for part in line.split("=", 1)) for line in content[:end].decode("latin-1").strip().split("\n") if "=" in line
    )
    if int(fields.get("HeaderSize", 0)) or fields.get("ElementNumberOfChannels", "1") != "1" or "DistanceUnits" in fields:
        raise ValueError
    if fields.get("BinaryData", "True") != "True":
        raise ValueError
    rest = content[end:] if fields["ElementDataFile"] == "LOCAL" else (path.parent / fields["ElementDataFile"]).read_bytes()
    if fields.get("CompressedData", "False") == "True":
        rest = zlib.decompressobj(47).decompress(rest)
    order = ">" if fields.get("BinaryDataByteOrderMSB", fields.get("ElementByteOrderMSB", "False")) == "True" else "<"
    sizes = [int(word) for word in fields["DimSize"].split()]
    kind = np.dtype(order + _META_KINDS[fields["ElementType"].removeprefix("MET_")])
    values = np.frombuffer(rest, kind, int(np.prod(sizes))).reshape(sizes[::-1])
    spacing = fields.get("ElementSpacing", fields.get("ElementSize", "1 1 1"))
    return Known(_three(values), (tuple(abs(float(word)) for word in spacing.split()),))


def _three(values: np.ndarray) -> np.ndarray:
    """Without axes of one plane beyond the third; one frame of two axes as three."""
    while values.ndim > 3 and values.shape[0] == 1:
        values = values[0]
    return values[None] if values.ndim == 2 else values


def check_spacing(own: Sequence[float | None], known: Known) -> None:
    """Each known spacing (fastest axis first) is one that the file states, and what it states in two ways is not far apart."""
    for axis, stated in enumerate(zip(*known.spacings_mm, strict=False)):
        if own[axis] is not None and not np.isclose(own[axis], stated, rtol=1e-4).any():
            raise Wrong(f"spacing {own[axis]} of axis {axis} where the file states {stated}")
        if own[axis] is not None and max(stated) > 1.011 * min(stated):
            raise Wrong(f"spacing {own[axis]} of axis {axis} of {stated}")


def named_labels(known: Known, values: dict[str, int]) -> np.ndarray | None:
    """The label map of a segmentation of Slicer whose segments have plain names and that is not cropped; None for others.

    Args:
        values: name of a segment -> its value in the label map.
    """
    pairs, labels = known.pairs, np.zeros(known.values.shape, np.uint8)
    if pairs.get("Segmentation_ReferenceImageExtentOffset", "0 0 0").split() != ["0"] * 3:
        return None
    if pairs.get("Segmentation_ConversionParameters") or known.values.ndim != 3:
        return None
    numbers = [int(key[7:-3]) for key in pairs if key.startswith("Segment") and key.endswith("_ID") and key[7:-3].isdigit()]
    if not numbers:  # without a segment it is a label map like any other
        return known.values
    for number in numbers:
        name, layer, value = (
            pairs.get(f"Segment{number}_{key}", usual) for key, usual in (("Name", ""), ("Layer", "0"), ("LabelValue", "1"))
        )
        if name not in values or number >= len(numbers):
            return None
        if layer == "0":
            labels[known.values == int(value)] = values[name]
    return labels


# Pictures.


def picture(path: Path) -> np.ndarray | None:
    """The 8-bit pixels (rows, columns[, 3]) of a plain PNG or TIFF; None where it is beyond this reader."""
    content = path.read_bytes()
    try:
        return _png(content) if content[:4] == b"\x89PNG" else _tiff(content)
    except (KeyError, IndexError, ValueError, struct.error, zlib.error):
        return None


def _png(content: bytes) -> np.ndarray | None:
    chunks, place = [], 8
    while place < len(content):
        length, kind = struct.unpack_from(">I4s", content, place)
        chunks.append((kind, content[place + 8 : place + 8 + length]))
        place += length + 12
    columns, rows, bits, colour, *ways = struct.unpack(">IIBBBBB", dict(chunks)[b"IHDR"])
    if bits != 8 or colour not in (0, 2) or any(ways) or {kind for kind, _ in chunks} - {b"IHDR", b"IDAT", b"IEND"}:
        return None
    width = {0: 1, 2: 3}[colour]
    stored = zlib.decompress(b"".join(data for kind, data in chunks if kind == b"IDAT"))
    lines = np.frombuffer(stored, np.uint8).reshape(rows, 1 + columns * width)
    pixels = np.zeros((rows + 1, columns + 1, width), int)  # a row above and a column before, of zeros
    for row, (way, *line) in enumerate(lines.tolist(), 1):
        for column in range(1, columns + 1):
            left, above, corner = pixels[row, column - 1], pixels[row - 1, column], pixels[row - 1, column - 1]
            ends = np.stack([left, above, corner])
            nearest = np.abs(left + above - corner - ends).argmin(axis=0)
            guessed = (0, left, above, (left + above) // 2, np.take_along_axis(ends, nearest[None], 0)[0])[way]
            pixels[row, column] = (np.array(line[(column - 1) * width : column * width]) + guessed) % 256
    found = pixels[1:, 1:].astype(np.uint8)
    return found[..., 0] if width == 1 else found


def _tiff(content: bytes) -> np.ndarray | None:
    order = {b"II*\0": "<", b"MM\0*": ">"}[content[:4]]
    (start,) = struct.unpack_from(order + "I", content, 4)
    (count,) = struct.unpack_from(order + "H", content, start)
    tags = {}
    for place in range(start + 2, start + 2 + 12 * count, 12):
        tag, kind, number = struct.unpack_from(order + "HHI", content, place)
        wide = {3: "H", 4: "I"}[kind]
        inside = number * struct.calcsize(wide) <= 4
        at = place + 8 if inside else struct.unpack_from(order + "I", content, place + 8)[0]
        tags[tag] = struct.unpack_from(f"{order}{number}{wide}", content, at)
    (next_page,) = struct.unpack_from(order + "I", content, start + 2 + 12 * count)
    if next_page or tags.get(259, (1,)) != (1,) or tags.get(284, (1,)) != (1,):  # packed, or colours apart
        return None
    width = tags.get(277, (1,))[0]
    if (tags[262], width) not in (((1,), 1), ((2,), 3)) or tags[258] != (8,) * width or len(tags[273]) != 1:
        return None
    if set(tags) - {256, 257, 258, 259, 262, 273, 277, 278, 279, 284}:
        return None
    rows, columns = tags[257][0], tags[256][0]
    pixels = np.frombuffer(content, np.uint8, rows * columns * width, tags[273][0])
    return pixels.reshape((rows, columns) if width == 1 else (rows, columns, 3))


def same(what: str, own: np.ndarray, other: np.ndarray) -> None:
    if own.shape != other.shape:
        raise Wrong(f"{what} of {own.shape} where {other.shape} are in the file")
    if not np.allclose(own, other, rtol=1e-6, atol=1e-6):
        raise Wrong(f"{what}: {np.count_nonzero(own != other)} of {own.size} differ from the file's")
