"""The header of an NRRD file (``.nrrd``, ``.seg.nrrd``, ``.nhdr``), looked at before a library reads the voxels.

Source: http://teem.sourceforge.net/nrrd/format.html. What the format allows and no image of a patient uses is refused: voxels in
other folders or in many files, blocks, hexadecimal text; and bzip2, which the library does not unpack.
"""

from __future__ import annotations

import math
import re
from pathlib import Path

from ...errors import InputError
from ...language import _
from .stored_voxels import MOST_HEADER_BYTES, StoredVoxels, after_lines, numbers, plain_file_beside, unreadable, whole_numbers

_FIELDS = frozenset(
    [
        "content",
        "number",
        "type",
        "dimension",
        "space",
        "spacedimension",
        "sizes",
        "spacings",
        "thicknesses",
        "axismins",
        "axismaxs",
        "spacedirections",
        "centers",
        "centerings",
        "kinds",
        "labels",
        "units",
        "min",
        "max",
        "oldmin",
        "oldmax",
        "endian",
        "encoding",
        "lineskip",
        "byteskip",
        "sampleunits",
        "spaceunits",
        "spaceorigin",
        "measurementframe",
        "datafile",
        "blocksize",
    ]
)
_ENCODINGS = {"raw": "raw", "gzip": "gzip", "gz": "gzip"} | dict.fromkeys(("ascii", "text", "txt"), "text")
_MOST_AXES = 5
_LONGEST_FIELD = 400  # the library writes what it does not understand into a text of fixed length
_VECTOR = r"\([^()\s]*\)"
_WIDTHS = {
    1: "signed char|int8|int8_t|uchar|unsigned char|uint8|uint8_t",
    2: "short|short int|signed short|signed short int|int16|int16_t|ushort|unsigned short|unsigned short int|uint16|uint16_t",
    4: "int|signed int|int32|int32_t|uint|unsigned int|uint32|uint32_t|float",
    8: "longlong|long long|long long int|signed long long|signed long long int|int64|int64_t"
    "|ulonglong|unsigned long long|unsigned long long int|uint64|uint64_t|double",
}
_TYPE_BYTES = {name: width for width, names in _WIDTHS.items() for name in names.split("|")}


def nrrd_voxels(path: Path) -> StoredVoxels:
    """Where the voxels of an NRRD file lie.

    Raises:
        InputError: no NRRD file, or a header that cannot be right.
    """
    text, end = _header(path)
    fields = _fields(path, text)
    (axes,) = whole_numbers(path, fields.get("dimension", "").split()[:1], "dimension")
    sizes = whole_numbers(path, fields.get("sizes", "").split(), "size")
    width = _TYPE_BYTES.get(" ".join(fields.get("type", "").lower().split()))
    packing = _ENCODINGS.get(fields.get("encoding", "").strip().lower())
    if not 1 <= axes <= _MOST_AXES or len(sizes) != axes or min(sizes) < 1:
        raise unreadable(path, _("its header states no size that an image can have"))
    if width is None or packing is None:
        raise unreadable(path, _("its header states a kind or an encoding of voxels that is not known"))
    _check_places(path, fields)
    count = math.prod(sizes)
    file = path if "datafile" not in fields else plain_file_beside(path, fields["datafile"].strip())
    if file != path:
        end = 0
    elif end is None:
        raise unreadable(path, _("it ends with its header"))
    return _placed(path, fields, StoredVoxels(file, end, packing, 0, count * width, count))


def _placed(path: Path, fields: dict[str, str], voxels: StoredVoxels) -> StoredVoxels:
    """With the lines and bytes that are to be passed over before the voxels."""
    lines, skipped = (whole_numbers(path, [fields.get(name, "0").strip()], name) for name in ("lineskip", "byteskip"))
    lines, skipped = lines[0], skipped[0]
    if lines and (voxels.packing != "raw" or voxels.file == path):
        raise unreadable(path, _("its header passes over lines of what is packed"))
    start = voxels.start + (after_lines(voxels.file, lines) if lines else 0)
    if skipped == -1 and voxels.packing == "raw":  # they end with the file
        skipped = 0
    if skipped < 0 or (skipped and voxels.packing == "text"):
        raise unreadable(path, _("its header states no place where the voxels can begin"))
    return StoredVoxels(voxels.file, start, voxels.packing, skipped, voxels.size, voxels.count)


def _header(path: Path) -> tuple[str, int | None]:
    """The lines of the header, and where the voxels begin; None where nothing follows."""
    with open(path, "rb") as file:
        start = file.read(MOST_HEADER_BYTES)
    if not re.match(rb"NRRD000[1-5]\r?\n", start):
        raise unreadable(path, _("it does not begin as an NRRD file does"))
    end = re.search(rb"\n\r?\n", start)
    if end is None and len(start) == MOST_HEADER_BYTES:
        raise unreadable(path, _("its header has no end"))
    lines = start[: end.start()] if end else start.removesuffix(b"\n")
    return lines.decode("utf-8", "replace"), end.end() if end else None


def _fields(path: Path, text: str) -> dict[str, str]:
    """The header's fields by their names without blanks; key/value pairs are only looked at."""
    fields: dict[str, str] = {}
    for line in text.split("\n")[1:]:
        line = line.rstrip("\r")
        if line.startswith("#") or not line:  # empty: the end of a header that nothing follows
            continue
        name, colon, value = line.partition(": ")
        name = "".join(name.lower().split())
        if colon and name in _FIELDS:
            if name in fields or (len(line) > _LONGEST_FIELD and name != "content"):
                raise unreadable(path, _("its header states the same twice, or has a line longer than any"))
            fields[name] = value
        elif ":=" not in line or not line.partition(":=")[0].isascii():
            raise unreadable(path, _("its header has a line that is none of an NRRD file"))
    return fields


def _check_places(path: Path, fields: dict[str, str]) -> None:
    for name in ("spacedirections", "spaceorigin", "measurementframe"):
        vectors = re.sub(r",\s+", ",", fields.get(name, "")).split()
        if not all(re.fullmatch(rf"none|{_VECTOR}", vector) for vector in vectors):
            raise unreadable(path, _("its header states a place that is none"))
        for vector in vectors:
            values = numbers(path, vector.strip("()").replace("none", "0").split(","), "place")
            if name == "spacedirections" and vector != "none" and not any(values):
                raise _without_extent(path)
    for name in ("spacings", "thicknesses", "axismins", "axismaxs"):  # nan stands for an axis that has none
        values = numbers(path, [word for word in fields.get(name, "").split() if word.lower() != "nan"], "spacing")
        if name == "spacings" and not all(values):
            raise _without_extent(path)


def _without_extent(path: Path) -> InputError:
    return unreadable(path, _("its header states voxels without extent"))
