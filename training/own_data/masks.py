"""Masks as people have them, as label maps of a task's classes: label maps and segmentations, read as the modules do, and pictures.

What a value, a colour or a segment means is said by ``--labels``: ``1=calcium``, ``"#ff0000=calcium"``, ``"Lesion 1=calcium"``;
``none`` leaves it out. Where nothing is said, values are the task's own, and segments are known by their names and codes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from LesionReadingLib.errors import InputError
from LesionReadingLib.geometry.grid import even_grid
from LesionReadingLib.geometry.spacing import Spacing
from LesionReadingLib.labels.label_map import LabelMap, Segment
from LesionReadingLib.labels.names import NO_CLASS, class_of, plain_name
from LesionReadingLib.labels.read import read_label_map
from LesionReadingLib.labels.read_dicom_seg import find_dicom_seg
from LesionReadingLib.reading.images import is_picture, is_volume, picture_pages, read_picture
from LesionReadingLib.reading.inputs import input_files
from LesionReadingLib.reading.volume_files import image_reader

from .pairs import Mask

_COLOUR = re.compile(r"#[0-9a-f]{6}")
_SHOWN = 6
_ANY_VALUE = tuple(Segment(value, str(value), (0, 0, 0), ("", "", ""), ("", "", ""), ("", "", "")) for value in range(1, 256))


@dataclass(frozen=True)
class LabelRule:
    """What ``--labels`` says: value, (red, green, blue) or name of a segment -> class, 0 for none."""

    values: Mapping[int, int] = field(default_factory=dict)
    colours: Mapping[tuple[int, int, int], int] = field(default_factory=dict)
    names: Mapping[str, int] = field(default_factory=dict)


def label_rule(words: Sequence[str], segments: Sequence[Segment]) -> LabelRule:
    """Understand what ``--labels`` says.

    Raises:
        InputError: a word without ``=``, a class that the task has not, or one thing said twice.
    """
    rule = LabelRule({}, {}, {})
    for word in words:
        what, _equals, name = word.rpartition("=")
        what, name = what.strip(), name.strip()
        segment = class_of(name, segments) if name else None
        if not what or (segment is None and name.casefold() not in (NO_CLASS, "background")):
            raise InputError(f"--labels {word!r} is no VALUE=CLASS, as in 1={segments[0].name}, with one of {_known(segments)}.")
        value = segment.value if segment else 0
        if what.isdigit():
            where, item = rule.values, int(what)
        elif _COLOUR.fullmatch(what.lower()):
            where, item = rule.colours, tuple(bytes.fromhex(what[1:]))
        else:
            where, item = rule.names, what
        if where.setdefault(item, value) != value:
            raise InputError(f"--labels says two things of {what}; leave one of them out.")
    return rule


def read_mask(mask: Mask, rule: LabelRule, segments: Sequence[Segment]) -> LabelMap:
    """Read a mask as a label map of the task's classes, on its own voxels.

    Raises:
        InputError: it cannot be read, or holds values, colours or segments that nothing explains.
    """
    files = None if mask.path.is_dir() and not any(map(is_picture, mask.path.iterdir())) else input_files(mask.path)
    if files is not None and files.pictures and not files.volumes:
        pages, _size = picture_pages(files.pictures)
        values = np.stack([_drawn(read_picture(*page), mask, rule, segments) for page in pages])
        return LabelMap(values, even_grid(values.shape, Spacing(None, None, None)))
    if names := _segment_names(mask.path):
        return _of_segments(mask, rule, segments, names)
    try:
        label_map = read_label_map(mask.path, _ANY_VALUE)
    except InputError as error:  # its list of the 255 values that it knows helps nobody
        raise InputError(str(error).split("; relabel it as")[0].rstrip(".") + "; give whole numbers from 0 to 255.") from error
    return replace(label_map, labels=_classes(label_map.labels, mask, rule.values, segments))


def joined(maps: Sequence[np.ndarray]) -> np.ndarray:
    """Several masks of one image as one label map, uint8 of their shape; where they overlap, the lowest value is on top."""
    stack = np.stack([np.where(each, each, 255) for each in maps]).min(axis=0)
    return np.where(stack == 255, 0, stack).astype(np.uint8)


def _known(segments: Sequence[Segment]) -> str:
    return ", ".join([*(segment.name for segment in segments), NO_CLASS])


def _segment_names(path: Path) -> dict[str, str]:
    """Of the segments of a file that names them: name, and number or value -> how ``chosen`` calls it; empty for other files."""
    if is_volume(path):
        reader = image_reader(path)
        keys = {key: reader.GetMetaData(key) for key in reader.GetMetaDataKeys()}
        named = [
            (keys[f"Segment{n}_Name"], keys.get(f"Segment{n}_LabelValue", "1")) for n in range(256) if f"Segment{n}_Name" in keys
        ]
    else:
        file = find_dicom_seg(path)
        if file is None:
            return {}
        from pydicom import dcmread

        described = dcmread(file, stop_before_pixels=True).get("SegmentSequence") or []
        named = [(str(one.get("SegmentLabel", "")), str(one.get("SegmentNumber", ""))) for one in described]
    return {plain_name(name): name for name, _number in named} | {number: number for _name, number in named}


def _of_segments(mask: Mask, rule: LabelRule, segments: Sequence[Segment], names: Mapping[str, str]) -> LabelMap:
    classes = {segment.value: segment.name for segment in segments} | {0: NO_CLASS}
    given = {plain_name(name): value for name, value in rule.names.items()}
    given |= {str(key): value for key, value in rule.values.items()}
    chosen = {names[name]: classes[value] for name, value in given.items() if name in names}
    try:
        label_map = read_label_map(mask.path, segments, chosen=chosen)
    except InputError as error:
        raise InputError(str(error).replace("--segment", "--labels")) from error
    if mask.value is None:
        return label_map
    return replace(label_map, labels=np.where(label_map.labels > 0, mask.value, 0).astype(np.uint8))


def _drawn(picture: np.ndarray, mask: Mask, rule: LabelRule, segments: Sequence[Segment]) -> np.ndarray:
    """The classes of a picture, uint8 (rows, columns), by its grey values or its colours."""
    is_grey = picture.ndim == 2 or (picture.max(axis=-1) == picture.min(axis=-1)).all()
    if is_grey and not (rule.colours and picture.ndim == 3):
        grey = picture if picture.ndim == 2 else picture[..., 0]
        return _classes(grey, mask, rule.values, segments)
    if mask.value is not None:
        return np.where(picture.any(axis=-1), mask.value, 0).astype(np.uint8)
    codes = picture.astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], np.uint32)
    classes = {int.from_bytes(bytes(colour), "big"): value for colour, value in {(0, 0, 0): 0, **rule.colours}.items()}
    strange = [code for code in np.unique(codes).tolist() if code not in classes]
    if strange:
        listed = ", ".join(f"#{code:06x}" for code in strange[:_SHOWN]) + (" and more" if len(strange) > _SHOWN else "")
        smooth = " (so many come of soft edges: save masks without smoothing, as PNG)" if len(strange) > 3 * _SHOWN else ""
        raise InputError(
            f"{mask.path.name} holds colours that nothing explains, {listed}{smooth}; say what they are: "
            f'--labels "#{strange[0]:06x}=CLASS", of {_known(segments)}.'
        )
    found = np.zeros(codes.shape, np.uint8)
    for code, value in classes.items():
        found[codes == code] = value
    return found


def _classes(values: np.ndarray, mask: Mask, meant: Mapping[int, int], segments: Sequence[Segment]) -> np.ndarray:
    """The classes of values that mean what is said, or where nothing is said, themselves."""
    if mask.value is not None:
        return np.where(values > 0, mask.value, 0).astype(np.uint8)
    classes = {0: 0, **(meant or {segment.value: segment.value for segment in segments})}
    present = np.unique(values).tolist()
    strange = [value for value in present if value not in classes]
    if strange:
        listed = ", ".join(f"{value:g}" for value in strange[:_SHOWN]) + (" and more" if len(strange) > _SHOWN else "")
        known = ", ".join(f"{segment.value} {segment.name}" for segment in segments)
        rule = "which --labels does not name" if meant else f"outside the classes ({known})"
        raise InputError(
            f"{mask.path.name} holds the label values {listed}, {rule}; say what they are: "
            f"--labels {strange[0]:g}=CLASS, of {_known(segments)}."
        )
    found = np.zeros(values.shape, np.uint8)
    for value in present:
        found[values == value] = classes[value]
    return found
