"""The header of a MetaImage file (``.mha``, ``.mhd``), looked at before a library reads the voxels.

Source: https://itk.org/Wiki/ITK/MetaIO/Documentation. The library trusts numbers of axes, lists and patterns of file names as they
stand, so only what an image of a patient needs gets through.
"""

from __future__ import annotations

import math
import re
from pathlib import Path

from ...language import _
from .stored_voxels import MOST_HEADER_BYTES, StoredVoxels, numbers, plain_file_beside, unreadable, whole_numbers

_TYPE_BYTES = {
    "MET_CHAR": 1,
    "MET_UCHAR": 1,
    "MET_SHORT": 2,
    "MET_USHORT": 2,
    "MET_INT": 4,
    "MET_UINT": 4,
    "MET_LONG_LONG": 8,
    "MET_ULONG_LONG": 8,
    "MET_FLOAT": 4,
    "MET_DOUBLE": 8,
}
_AXES = (2, 3, 4)
_MOST_CHANNELS = 64
_KEY = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.\- ]{0,99}")
_LONGEST_VALUE = 4000  # of the library's own
_PER_AXIS = ("DimSize", "ElementSpacing", "ElementSize", "Offset", "Position", "Origin", "CenterOfRotation", "SequenceID")
_MATRICES = ("TransformMatrix", "Rotation", "Orientation")
_SCALARS = ("ElementMin", "ElementMax", "ElementToIntensityFunctionSlope", "ElementToIntensityFunctionOffset")
_SCALING = {"ElementToIntensityFunctionSlope": 1.0, "ElementToIntensityFunctionOffset": 0.0}
"""What leaves the values as they are: ITK does not apply any other."""
_TRUE, _FALSE = ("true", "t", "1"), ("false", "f", "0", "")


def meta_voxels(path: Path) -> StoredVoxels:
    """Where the voxels of a MetaImage file lie.

    Raises:
        InputError: no MetaImage file, or a header that cannot be right.
    """
    fields, end = _fields(path)
    (axes,) = whole_numbers(path, [fields.get("NDims", "")], _("number of axes"))
    if fields.get("ObjectType", "Image") != "Image" or axes not in _AXES:
        raise unreadable(path, _("its header states no image of two to four axes"))
    _check_numbers(path, fields, axes)
    sizes = whole_numbers(path, fields.get("DimSize", "").split(), "size")
    (channels,) = whole_numbers(path, [fields.get("ElementNumberOfChannels", "1")], _("number of channels"))
    width = _TYPE_BYTES.get(re.sub("_ARRAY$", "", fields.get("ElementType", "")))
    if len(sizes) != axes or min(sizes) < 1 or not 1 <= channels <= _MOST_CHANNELS or width is None:
        raise unreadable(path, _("its header states no size or kind of voxels that an image can have"))
    local = fields["ElementDataFile"] in ("LOCAL", "Local", "local")
    file = path if local else plain_file_beside(path, _no_list(path, fields["ElementDataFile"]))
    count = math.prod(sizes) * channels
    size = count * width
    (skipped,) = whole_numbers(path, [fields.get("HeaderSize", "0")], _("size of a header"))
    if skipped < -1 or (skipped and local):
        raise unreadable(path, _("its header states no place where the voxels can begin"))
    start = (end if local else 0) + max(skipped, 0)
    if not _is(path, fields, "BinaryData", default="True" if "BinaryData" not in fields else ""):
        return StoredVoxels(file, start, "text", 0, size, count)
    if not _is(path, fields, "CompressedData"):
        return StoredVoxels(file, start, "raw", 0, size, count)
    if skipped:
        raise unreadable(path, _("its header passes over bytes of what is packed"))
    stated = fields.get("CompressedDataSize")
    length = whole_numbers(path, [stated], _("size of what is packed"))[0] if stated is not None else None
    if length is None and local:  # the library would take the size of the whole file, and tell nobody that it could not unpack it
        raise unreadable(path, _("its header does not state how much is packed"))
    if length is not None and length < 1:
        raise unreadable(path, _("its header states nothing packed"))
    return StoredVoxels(file, start, "zlib", 0, size, count, length)


def _fields(path: Path) -> tuple[dict[str, str], int]:
    """The header's fields up to the last one, and where the voxels may begin."""
    with open(path, "rb") as file:
        start = file.read(MOST_HEADER_BYTES)
    fields: dict[str, str] = {}
    position = 0
    while "ElementDataFile" not in fields:
        stop = start.find(b"\n", position)
        line = start[position : stop if stop >= 0 else None].decode("latin-1").rstrip("\r")
        position = stop + 1 if stop >= 0 else len(start)
        key, equals, value = line.partition("=")
        key, value = key.strip(), value.strip()
        if not equals or not _KEY.fullmatch(key) or len(value) > _LONGEST_VALUE or "\0" in value:
            raise unreadable(path, _("its header has a line that is none of a MetaImage file, or no end"))
        if key in fields:
            raise unreadable(path, _("its header states the same twice"))
        fields[key] = value
    return fields, position


def _check_numbers(path: Path, fields: dict[str, str], axes: int) -> None:
    for names, count in ((_PER_AXIS, axes), (_MATRICES, axes * axes), (_SCALARS, 1)):
        for name in names:
            if name in fields and len(numbers(path, fields[name].split(), _("place or size"))) != count:
                raise unreadable(path, _("its header states {name} for another number of axes").format(name=name))
    for name in ("ElementSpacing", "ElementSize"):
        if not all(numbers(path, fields.get(name, "1").split(), "spacing")):
            raise unreadable(path, _("its header states voxels without extent"))
    for name, identity in _SCALING.items():
        if name in fields and numbers(path, [fields[name]], name) != [identity]:
            raise unreadable(path, _("its header states a scaling of its values that cannot be right"))


def _no_list(path: Path, name: str) -> str:
    if name.upper().split(" ")[0] == "LIST":
        raise unreadable(path, _("its header names its voxels in several files, which are not looked for"))
    return name


def _is(path: Path, fields: dict[str, str], name: str, default: str = "") -> bool:
    value = fields.get(name, default).lower()
    if value not in _TRUE + _FALSE:
        raise unreadable(path, _("its header states {name} as neither true nor false").format(name=name))
    return value in _TRUE
