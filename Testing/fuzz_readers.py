"""Tiny readers of what the fuzzer breaks, which share no code with the project."""

from __future__ import annotations

import gzip
import struct
import warnings
import zlib
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


def independent(path: Path) -> tuple[np.ndarray, tuple[float, ...]] | None:
    """Voxels (slowest axis first) and spacing (fastest first) of a volume file; None where it is beyond this reader."""
    name = path.name.lower()
    reader = _nifti if name.endswith((".nii", ".nii.gz")) else _nrrd if name.endswith((".nrrd", ".nhdr")) else _meta
    try:
        return reader(path)
    except (KeyError, IndexError, ValueError, struct.error):
        return None


def _nifti(path: Path):
    content = gzip.decompress(path.read_bytes()) if path.name.endswith(".gz") else path.read_bytes()
    order = "<" if struct.unpack_from("<i", content)[0] == 348 else ">"
    axes, *sizes = struct.unpack_from(order + "8h", content, 40)
    kind = np.dtype(order + _NIFTI_KINDS[struct.unpack_from(order + "h", content, 70)[0]])
    steps = struct.unpack_from(order + "8f", content, 76)[1 : axes + 1]
    offset, slope, intercept = struct.unpack_from(order + "3f", content, 108)
    forms = struct.unpack_from(order + "2h", content, 252)
    if forms[1] > 0:
        srow = np.array(struct.unpack_from(order + "12f", content, 280)).reshape(3, 4)[:, :3]
        if forms[0] <= 0 or abs(np.linalg.det(srow)) > 0:
            steps = (*np.linalg.norm(srow, axis=0), *steps[3:])
    unit = {1: 1000.0, 3: 0.001}.get(content[123] & 7, 1.0)
    count = int(np.prod(sizes[:axes]))
    values = np.frombuffer(content, kind, count, int(offset)).reshape(sizes[:axes][::-1])
    if (slope not in (0, 1) and np.isfinite(slope)) or (intercept and slope):
        values = values * np.float64(slope) + intercept
    return _three(values), tuple(abs(step) * unit for step in steps[:3])


def _nrrd(path: Path):
    content = path.read_bytes()
    head, _, rest = content.partition(b"\n\n")
    fields = dict(line.split(": ", 1) for line in head.decode("latin-1").split("\n")[1:] if ": " in line and ":=" not in line)
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
    steps = tuple(
        float(np.linalg.norm([float(part) for part in vector.strip("()").split(",")]))
        for vector in fields.get("space directions", "").replace(", ", ",").split()
    )
    unit = 1.0
    if "space units" in fields:
        raise ValueError
    return _three(values), tuple(step * unit for step in steps)


def _meta(path: Path):
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
    return _three(values), tuple(abs(float(word)) for word in spacing.split())


def _three(values: np.ndarray) -> np.ndarray:
    """Without axes of one plane beyond the third; one frame of two axes as three."""
    while values.ndim > 3 and values.shape[0] == 1:
        values = values[0]
    return values[None] if values.ndim == 2 else values


def pydicom_frames(path: Path) -> np.ndarray | None:
    import pydicom

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            data = pydicom.dcmread(path)
            plain = data.PhotometricInterpretation in ("MONOCHROME1", "MONOCHROME2") and data.BitsStored == data.BitsAllocated
            frames = data.pixel_array if plain else None
        except Exception:  # the independent reader cannot read it
            return None
    return None if frames is None else frames[None] if frames.ndim == 2 else frames


def check_slice(file: Path, hounsfield: np.ndarray, position_mm: np.ndarray, pixel_mm: tuple[float, float]) -> None:
    import pydicom

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            data = pydicom.dcmread(file)
            values = data.pixel_array * float(data.RescaleSlope) + float(data.RescaleIntercept)
            place, spacing = np.array(data.ImagePositionPatient, float), np.array(data.PixelSpacing, float)
            padding = int(data.get("PixelPaddingValue", -(2**40)))
            if data.BitsStored not in (12, 16) or data.HighBit != data.BitsStored - 1 or "PixelPaddingRangeLimit" in data:
                return
            used = data.pixel_array != padding
        except Exception:  # the independent reader cannot read it
            return
    if not np.allclose(place, position_mm, atol=1e-3) or not np.allclose(spacing, pixel_mm, rtol=1e-3):
        raise Wrong(f"place {position_mm} {pixel_mm} where the file states {place} {spacing}")
    same("HU", hounsfield[used], np.clip(np.rint(values), -1024, 32767)[used])


def same(what: str, own: np.ndarray, other: np.ndarray) -> None:
    if own.shape != other.shape:
        raise Wrong(f"{what} of {own.shape} where {other.shape} are in the file")
    if not np.allclose(own, other, rtol=1e-6, atol=1e-6):
        raise Wrong(f"{what}: {np.count_nonzero(own != other)} of {own.size} differ from the file's")
