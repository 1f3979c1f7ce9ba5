"""Tiny readers of what the fuzzer breaks, which share no code with the project."""

from __future__ import annotations

import gzip
import struct
import zlib
from collections.abc import Callable, Sequence
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
    "int8": "i1",
    "int16": "i2",
    "int32": "i4",
    "int64": "i8",
    "uint16": "u2",
    "uint32": "u4",
    "uint64": "u8",
    "longlong": "i8",
    "ulonglong": "u8",
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
    """

    values: np.ndarray
    spacings_mm: tuple[tuple[float, ...], ...]
    pairs: dict[str, str] = field(default_factory=dict)


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


def nrrd_fields(content: bytes) -> tuple[dict[str, str], dict[str, str], bytes]:
    """The fields of an NRRD header, its key/value pairs, and what follows it.

    Raises:
        ValueError: a key stands there twice.
    """
    head, _, rest = content.partition(b"\n\n")
    lines = head.decode("latin-1").split("\n")[1:]
    keys = [line.split(":=", 1) for line in lines if ":=" in line and not line.startswith("#")]
    fields = [line.split(": ", 1) for line in lines if ": " in line and ":=" not in line]
    names = [key.strip().lower() for key, _ in fields]
    if len(dict(keys)) < len(keys) or len(set(names)) < len(names):
        raise ValueError
    return dict(zip(names, [value.strip() for _, value in fields], strict=True)), dict(keys), rest


def _nrrd(path: Path) -> Known:
    fields, pairs, rest = nrrd_fields(path.read_bytes())
    if "data file" in fields or "datafile" in fields:
        rest = (path.parent / fields.get("data file", fields.get("datafile"))).read_bytes()
    kinds = fields.get("kinds", "").split()
    in_layers = kinds == ["list", "domain", "domain", "domain"]
    if {"line skip", "lineskip", "byte skip", "byteskip"} & fields.keys() or ("list" in kinds and not in_layers):
        raise ValueError
    sizes = [int(word) for word in fields["sizes"].split()]
    kind = np.dtype({"big": ">"}.get(fields.get("endian", "little"), "<") + _NRRD_KINDS[fields["type"]])
    encoding = fields["encoding"].lower()
    count = int(np.prod(sizes))
    if encoding in ("ascii", "text", "txt"):
        values = np.array(rest.split(), float)
        if len(values) != count:
            raise ValueError
        values = values.reshape(sizes[::-1])
    else:
        rest = {"gzip": gzip.decompress, "gz": gzip.decompress, "raw": bytes}[encoding](rest)
        values = np.frombuffer(rest, kind, count).reshape(sizes[::-1])
    if "space units" in fields or "units" in fields:
        raise ValueError
    values = values if in_layers else _three(values)
    if "spacings" in fields and "space directions" not in fields:
        return Known(values, (tuple(abs(float(word)) for word in fields["spacings"].split()),), pairs)
    vectors = [part for part in fields["space directions"].replace(", ", ",").split() if part != "none" or not in_layers]
    steps = np.linalg.norm([[float(part) for part in vector.strip("()").split(",")] for vector in vectors], axis=1)
    return Known(values, (tuple(steps),), pairs)


def meta_fields(content: bytes) -> tuple[dict[str, str], bytes]:
    """The fields of a MetaImage header, and what follows it.

    Raises:
        ValueError: it has no end, or a field stands there twice.
    """
    end = content.index(b"\n", content.index(b"ElementDataFile")) + 1
    lines = [line.split("=", 1) for line in content[:end].decode("latin-1").strip().split("\n") if "=" in line]
    fields = {key.strip(): value.strip() for key, value in lines}
    if len(fields) < len(lines):
        raise ValueError
    return fields, content[end:]


def _meta(path: Path) -> Known:
    fields, after = meta_fields(path.read_bytes())
    if int(fields.get("HeaderSize", 0)) or fields.get("ElementNumberOfChannels", "1") != "1" or "DistanceUnits" in fields:
        raise ValueError
    if not _is_true(fields, "BinaryData", "True"):
        raise ValueError
    rest = after if fields["ElementDataFile"] == "LOCAL" else (path.parent / fields["ElementDataFile"]).read_bytes()
    if _is_true(fields, "CompressedData"):
        rest = zlib.decompressobj(47).decompress(rest)
    order = ">" if _is_true(fields, "BinaryDataByteOrderMSB", fields.get("ElementByteOrderMSB", "False")) else "<"
    sizes = [int(word) for word in fields["DimSize"].split()]
    kind = np.dtype(order + _META_KINDS[fields["ElementType"].removeprefix("MET_")])
    values = np.frombuffer(rest, kind, int(np.prod(sizes))).reshape(sizes[::-1])
    spacing = fields.get("ElementSpacing", fields.get("ElementSize", "1 1 1"))
    return Known(_three(values), (tuple(abs(float(word)) for word in spacing.split()),))


def _is_true(fields: dict[str, str], name: str, default: str = "False") -> bool:
    return fields.get(name, default)[:1].lower() in ("t", "1")


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


def same(what: str, own: np.ndarray, other: np.ndarray) -> None:
    if own.shape != other.shape:
        raise Wrong(f"{what} of {own.shape} where {other.shape} are in the file")
    if not np.allclose(own, other, rtol=1e-6, atol=1e-6):
        raise Wrong(f"{what}: {np.count_nonzero(own != other)} of {own.size} differ from the file's")


def each_study(studies, read: Callable) -> None:
    """Every study is read or refused in one sentence; no file belongs to two."""
    from LesionReadingLib.errors import InputError
    from LesionReadingLib.text.plain_text import plain

    files = [file.resolve() for study in studies for file in study.files]
    if len(set(files)) < len(files):
        raise Wrong(f"{len(files) - len(set(files))} files are of two studies")
    for study in studies:
        try:
            sentence = study.problem or (read(study) and "") or ""
        except InputError as error:
            sentence = str(error)
        sentence = plain(sentence)  # as a run tells it
        if sentence.count("\n") or len(sentence) > 2000:
            raise Wrong(f"no sentence: {sentence!r}")
