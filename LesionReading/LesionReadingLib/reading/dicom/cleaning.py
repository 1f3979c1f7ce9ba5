"""DICOM data sets with values of the right kind only, so that no reader needs to guess.

An element stays where its value is of the kind and the count that the data dictionary states (DICOM PS3.6): finite numbers, texts,
items, bytes. A number may be stored as another kind of number (FD for DS), as older writers do. Several texts where one
belongs are one text with backslashes, as it was typed. Everything else goes, as do private and unknown elements, which nothing here
reads.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from functools import cache

from pydicom.datadict import dictionary_VM, dictionary_VR, keyword_for_tag
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.tag import BaseTag
from pydicom.uid import UID

from ...errors import InputError
from ...language import _

_WHOLE = frozenset(("IS", "US", "SS", "UL", "SL", "UV", "SV"))
_KINDS = {
    **dict.fromkeys((*_WHOLE, "DS", "FL", "FD"), "number"),
    **dict.fromkeys(("AE", "AS", "CS", "DA", "DT", "LO", "LT", "PN", "SH", "ST", "TM", "UC", "UI", "UR", "UT"), "text"),
    **dict.fromkeys(("OB", "OW", "OD", "OF", "OL", "OV"), "bytes"),
    "SQ": "items",
    "AT": "tags",
}
_UID = re.compile(r"[0-9.]{1,64}")
_LARGEST = 1e12
_TRANSFER_SYNTAX = 0x00020010
_DEEPEST = 12  # items in items; enhanced images and segmentations have five

PIXEL_KEYWORDS = frozenset(
    (
        "Rows",
        "Columns",
        "NumberOfFrames",
        "SamplesPerPixel",
        "PhotometricInterpretation",
        "PlanarConfiguration",
        "BitsAllocated",
        "BitsStored",
        "HighBit",
        "PixelRepresentation",
    )
)
"""What says how the bytes of pixels become numbers; none of them can be left out without another picture."""

_REPORTED = PIXEL_KEYWORDS | {
    "PixelSpacing",
    "ImagePositionPatient",
    "ImageOrientationPatient",
    "SliceThickness",
    "SpacingBetweenSlices",
    "SliceLocation",
    "RescaleSlope",
    "RescaleIntercept",
    "PixelPaddingValue",
    "PixelPaddingRangeLimit",
    "WindowCenter",
    "WindowWidth",
    "IntravascularLongitudinalDistance",
    "IVUSPullbackRate",
    "IVUSPullbackStartFrameNumber",
    "IVUSPullbackStopFrameNumber",
    "FrameTime",
    "ALinePixelSpacing",
    "PhysicalDeltaX",
    "PhysicalDeltaY",
    "SharedFunctionalGroupsSequence",
    "PerFrameFunctionalGroupsSequence",
    "InstanceNumber",
}


def clean(data: Dataset) -> Dataset:
    """The data set itself, without what is not as DICOM defines it; ``left_out`` tells what went of what matters."""
    gone: set[str] = set()
    _clean(data, gone, 0)
    if hasattr(data, "file_meta"):
        _clean(data.file_meta, set(), 0)
    data.lesion_reading_left_out = tuple(sorted(gone & _REPORTED))
    return data


def left_out(data: Dataset) -> tuple[str, ...]:
    """Keywords of the elements that matter for measuring and that ``clean`` took away."""
    return getattr(data, "lesion_reading_left_out", ())


def notes_on_left_out(headers: Iterable[Dataset]) -> tuple[str, ...]:
    """A sentence for the report where elements that matter were not as DICOM defines them."""
    names = sorted({keyword for header in headers for keyword in left_out(header)})
    if not names:
        return ()
    return (
        _("Values of the DICOM header that are not of the kind or number that DICOM defines were not used: {listed}.").format(
            listed=", ".join(names)
        ),
    )


def require_pixel_description(header: Dataset, name: str) -> None:
    """Refuse a header of which a part that says how bytes become pixels was taken away.

    Raises:
        InputError: one sentence with the elements.
    """
    lost = [keyword for keyword in left_out(header) if keyword in PIXEL_KEYWORDS]
    if lost:
        raise InputError(
            _("{name} states {listed} in a way that DICOM does not know; export it again.").format(
                name=name, listed=_(" and ").join(lost)
            )
        )


def transfer_syntax(meta: Dataset, name: str) -> UID | None:
    """The transfer syntax that the file meta information states; None where it states none.

    Raises:
        InputError: what it states is no UID.
    """
    try:
        stated = meta.get("TransferSyntaxUID")
    except Exception as error:  # a value that cannot be converted
        raise _no_syntax(name) from error
    if stated is None or stated == "":
        return None
    if not isinstance(stated, str) or not _UID.fullmatch(stated):
        raise _no_syntax(name)
    try:
        UID(stated).is_little_endian  # noqa: B018  (raises where pydicom knows the UID as something else, or not at all)
    except ValueError as error:
        raise _no_syntax(name) from error
    return UID(stated)


def _no_syntax(name: str) -> InputError:
    return InputError(_("{name} states a transfer syntax (0002,0010) that is none; export it again.").format(name=name))


def _clean(data: Dataset, gone: set[str], depth: int) -> None:
    for tag in data.keys() - {_TRANSFER_SYNTAX}:  # one that is none is refused by ``transfer_syntax``
        try:
            fits = _fits(data, tag, gone, depth)
        except MemoryError:
            raise
        except Exception:  # pydicom converts a value when it is asked for it, and fails in a different way for each kind
            fits = False
        if not fits:
            del data[tag]
            if fits is not None:
                gone.add(keyword_for_tag(tag))


def _fits(data: Dataset, tag: BaseTag, gone: set[str], depth: int) -> bool | None:
    """Whether an element can stay, None for a number that is empty; texts and items are put right on the way."""
    if tag.is_private:
        return False
    expected = _known(dictionary_VR(tag))
    kinds = _kinds(expected)
    stored = data.get_item(tag).VR
    if stored not in (None, "UN") and not kinds & _kinds(_known(stored)):
        return False
    value = data[tag].value
    if value is None or (isinstance(value, str | bytes | Sequence) and len(value) == 0):
        return None if "number" in kinds else True
    if "items" in kinds:
        return _clean_items(value, gone, depth)
    if isinstance(value, bytes):
        return "bytes" in kinds
    if "number" in kinds:
        return _are_numbers(value, tag, whole=all(vr in _WHOLE for vr in expected if _KINDS[vr] == "number"))
    return "text" not in kinds or _is_text(data, tag, value, "UI" in expected)


@cache
def _known(vr: str) -> tuple[str, ...]:
    """The VRs of a text such as "US or SS", without those that nothing here reads."""
    return tuple(one for one in vr.split(" or ") if one in _KINDS)


@cache
def _kinds(vrs: tuple[str, ...]) -> frozenset[str]:
    return frozenset(_KINDS[vr] for vr in vrs)


def _clean_items(items, gone: set[str], depth: int) -> bool:
    if depth == _DEEPEST or not all(isinstance(item, Dataset) for item in items):
        return False
    for item in items:
        _clean(item, gone, depth + 1)
    return True


def _are_numbers(value, tag: BaseTag, whole: bool) -> bool:
    values = [value] if isinstance(value, int | float) else list(value)
    if not all(isinstance(one, int | float) and math.isfinite(one) and abs(one) <= _LARGEST for one in values):
        return False
    if whole and any(one != int(one) for one in values):
        return False
    least, most, step = _counts(dictionary_VM(tag))
    return least <= len(values) <= most and (len(values) - least) % step == 0


def _is_text(data: Dataset, tag: BaseTag, value, is_uid: bool) -> bool:
    if not isinstance(value, str) and hasattr(value, "__iter__") and data[tag].VM > 1 and dictionary_VM(tag) == "1":
        value = "\\".join(str(one) for one in value)
        data[tag] = DataElement(tag, "LT", value)  # of the kinds of text the one in which a backslash parts nothing
    values = [str(value)] if data[tag].VM <= 1 else [str(one) for one in value]
    return not is_uid or all(_UID.fullmatch(one) or not one for one in values)


@cache
def _counts(vm: str) -> tuple[int, float, int]:
    """Least and most values, and by how many more at a time, of a value multiplicity as PS3.6 writes it: 1, 1-3, 2-2n."""
    least, _rest, most = vm.partition("-")
    if not most:
        return int(least), int(least), 1
    if not most.endswith("n"):
        return int(least), int(most), 1
    return int(least), math.inf, int(most[:-1] or 1)
